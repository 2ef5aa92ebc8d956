/* SPDX-License-Identifier: MIT */
/*
 * Fills a store through the library, in batches and in an order that is not
 * that of the keys, with values that do not compress well; keys are those of
 * load.lua. Prints what it cost, a line each, as in results.csv: "fill",
 * "scribekv", number of keys, 1, metric, value.
 *
 * usage: fill DIRECTORY KEYS BYTES
 */
#include "config.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lck.h"
#include "store/scribekv.h"

#define BATCH 100U
#define BLOBLEN 65536U
#define VALUEMAX (8U << 20)

static char blob[BLOBLEN + VALUEMAX];

static void
ok(const char *what, enum skv_err e)
{
	if (e != SKV_OK)
		errx(EXIT_FAILURE, "%s: %s", what, skv_strerror(e));
}

/* xorshift64*, by Vigna: the same numbers every time. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * UINT64_C(2685821657736338717));
}

/* A step that visits all of "n" numbers: about 0.618 n and prime to it. */
static uint64_t
step_of(uint64_t n)
{
	uint64_t a, b, c, step = n * 618 / 1000 + 1;

	for (;; step++) {
		for (a = n, b = step; b != 0; a = b, b = c)
			c = a % b;
		if (a == 1)
			return (step);
	}
}

/* Bytes that this process has caused to be written to the disk. */
static uint64_t
bytes_written(void)
{
	char line[128];
	uint64_t n = 0;
	FILE *f = fopen("/proc/self/io", "r");

	if (f == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "write_bytes: ", 13) == 0)
			n = strtoull(line + 13, NULL, 10);
	(void)fclose(f);
	return (n);
}

static void
print(uint64_t nkeys, const char *metric, double value)
{
	(void)printf("fill,scribekv,%llu,1,%s,%.3f\n",
	    (unsigned long long)nkeys, metric, value);
}

/* Returns the longest time of a batch, in nanoseconds. */
static int64_t
fill(struct skv *db, uint64_t nkeys, size_t len)
{
	uint64_t i, n = 0, state = 88172645463325252U, step = step_of(nkeys);
	struct skv_txn *txn = skv_txn_new(db);
	int64_t before, ns, longest = 0;
	char key[32];
	int keylen;

	if (txn == NULL)
		errx(EXIT_FAILURE, "out of memory");
	for (i = 0; i < nkeys; i++) {
		n = (n + step) % nkeys;
		keylen = snprintf(key, sizeof(key), "key%08llu",
		    (unsigned long long)n);
		ok("skv_txn_put",
		    skv_txn_put(txn, key, (size_t)keylen,
			blob + next_random(&state) % BLOBLEN, len, NULL));
		if (i % BATCH < BATCH - 1 && i < nkeys - 1)
			continue;
		before = lck_now_ns();
		ok("skv_commit", skv_commit(txn));
		ns = lck_now_ns() - before;
		longest = ns > longest ? ns : longest;
		skv_txn_reset(txn);
	}
	skv_txn_free(txn);
	return (longest);
}

int
main(int argc, char **argv)
{
	unsigned long long nkeys, len;
	int64_t start, longest;
	uint64_t state = 1;
	struct skv_errinfo info;
	struct skv *db;
	char url[4096];
	double ns;
	size_t i;

	if (argc != 4 || sscanf(argv[2], "%llu", &nkeys) != 1 ||
	    sscanf(argv[3], "%llu", &len) != 1 || nkeys == 0 || len > VALUEMAX)
		errx(EXIT_FAILURE, "usage: fill DIRECTORY KEYS BYTES");
	for (i = 0; i < sizeof(blob); i++)
		blob[i] = (char)(' ' + next_random(&state) % 95);
	i = (size_t)snprintf(url, sizeof(url), "leveldb:%s", argv[1]);
	if (i >= sizeof(url))
		errx(EXIT_FAILURE, "%s: too long", argv[1]);
	start = lck_now_ns();
	if (skv_open(url, NULL, &info, &db) != SKV_OK)
		errx(EXIT_FAILURE, "%s", info.text);
	longest = fill(db, nkeys, len);
	ns = (double)(lck_now_ns() - start);
	if (skv_close(db, &info) != SKV_OK)
		errx(EXIT_FAILURE, "%s", info.text);
	print(nkeys, "per_s", (double)nkeys * 1e9 / ns);
	print(nkeys, "max_us", (double)longest / 1e3);
	print(nkeys, "write_amplification",
	    (double)bytes_written() / (double)(nkeys * (11 + len)));
	return (EXIT_SUCCESS);
}
