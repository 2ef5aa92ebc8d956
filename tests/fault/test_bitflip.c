/* SPDX-License-Identifier: MIT */
/*
 * Flipped bits: of a store that was closed in order, one bit in one file is
 * changed. A wrong value is a violation, and so are keys that are missing or
 * have an older value without an error: nothing of such a store lies where
 * damage passes for the end of what was written. What else happens is counted:
 * the store refuses to open, or reading some keys is an error.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fault/torture.h"

enum {
	TXNS = 120,
	SESSIONS = 3,
	FLIPS_EACH = 50,
	FILESMAX = 256
};

enum outcome {
	NOTHING,
	REFUSED,
	ERRORS,
	MISSING,
	OLDER,
	NOUTCOMES
};
static const char *const outcomes[NOUTCOMES] = {"no effect", "refused to open",
    "errors", "keys missing silently", "older values"};
static const char *const types[] = {"tables", "log", "MANIFEST", "CURRENT"};

#define NTYPES (sizeof(types) / sizeof(types[0]))

static size_t
type_of(const char *name)
{
	if (strstr(name, ".ldb") != NULL)
		return (0);
	if (strstr(name, ".log") != NULL)
		return (1);
	return (strcmp(name, "CURRENT") == 0 ? 3 : 2);
}

/* Flips a bit of some file with contents; returns the file's type. */
static size_t
flip(struct run *r, const char *db, char *text, size_t size)
{
	static char names[FILESMAX][64];
	char path[PATHLEN + 64];
	struct dirent *entry;
	DIR *dir = opendir(db);
	struct stat st;
	size_t n = 0;
	off_t at;
	char byte;
	int fd, bit;

	AN(dir);
	while ((entry = readdir(dir)) != NULL && n < FILESMAX) {
		if (strncmp(entry->d_name, "LO", 2) == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == -1 ||
		    !S_ISREG(st.st_mode) || st.st_size == 0)
			continue;
		(void)snprintf(names[n++], 64, "%.63s", entry->d_name);
	}
	(void)closedir(dir);
	CHECK(n > 0);
	n = run_random(r, (unsigned)n);
	(void)snprintf(path, sizeof(path), "%s/%s", db, names[n]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd != -1);
	AZ(fstat(fd, &st));
	at = (off_t)run_random(r, (unsigned)st.st_size);
	bit = (int)run_random(r, 8);
	CHECK(pread(fd, &byte, 1, at) == 1);
	byte = (char)(byte ^ (1 << bit));
	CHECK(pwrite(fd, &byte, 1, at) == 1);
	(void)close(fd);
	(void)snprintf(text, size, "%s, byte %lld of %lld, bit %d", names[n],
	    (long long)at, (long long)st.st_size, bit);
	return (type_of(names[n]));
}

static enum outcome
worse(enum outcome a, enum outcome b)
{
	return (a > b ? a : b);
}

/* What is read under one key, against the seq that should be there. */
static enum outcome
check_key(struct skv *store, uint64_t seed, unsigned w, unsigned k,
    uint32_t want, struct verdict *v)
{
	static struct found found;
	struct skv_value val;
	enum outcome outcome;
	char key[KEYLEN];
	enum skv_err err;
	size_t keylen = key_make(key, w, k);

	err = skv_get(store, key, keylen, &val);
	if (err == SKV_NOTFOUND)
		return (want == 0 ? NOTHING : MISSING);
	if (err != SKV_OK)
		return (ERRORS);
	outcome = NOTHING;
	if (found_add(&found, seed, key, keylen, &val, v) &&
	    found.seq[w][k] != want)
		outcome = OLDER;
	skv_value_release(&val);
	return (outcome);
}

/* The same of a scan, which must not pass over what it cannot read. */
static enum outcome
check_scan(struct skv *store, uint64_t seed, uint32_t want[WRITERS][KEYS],
    struct verdict *v)
{
	const struct skv_range all = {.prefix = NULL};
	enum outcome outcome = NOTHING;
	struct found found;
	struct skv_scan *scan;
	struct skv_value val;
	const void *key;
	enum skv_err err;
	size_t keylen;
	unsigned i;

	memset(&found, 0, sizeof(found));
	AZ(skv_scan_open(store, &all, &scan));
	while ((err = skv_scan_next(scan, &key, &keylen, &val)) == SKV_OK)
		if (!found_add(&found, seed, key, keylen, &val, v))
			break;
	skv_scan_close(scan);
	if (err != SKV_NOTFOUND)
		return (ERRORS);
	for (i = 0; i < WRITERS * KEYS; i++) {
		uint32_t is = found.seq[i / KEYS][i % KEYS];
		uint32_t should = want[i / KEYS][i % KEYS];

		if (is != should)
			outcome = worse(outcome, is == 0 ? MISSING : OLDER);
	}
	return (outcome);
}

static enum outcome
check_flipped(const char *db, uint64_t seed, uint32_t want[WRITERS][KEYS],
    struct verdict *v)
{
	enum outcome outcome = NOTHING;
	struct skv_options opts;
	char url[PATHLEN + 48];
	struct skv *store;
	unsigned i;

	store_options(&opts, 0);
	(void)snprintf(url, sizeof(url), "leveldb:%s", db);
	if (skv_open(url, &opts, NULL, &store) != SKV_OK)
		return (REFUSED);
	for (i = 0; i < WRITERS * KEYS; i++)
		outcome = worse(outcome,
		    check_key(store, seed, i / KEYS, i % KEYS,
			want[i / KEYS][i % KEYS], v));
	outcome = worse(outcome, check_scan(store, seed, want, v));
	(void)skv_close(store, NULL);
	return (outcome);
}

/* A store to flip bits of, and what is in it. */
static void
make_store(struct run *r, uint32_t want[WRITERS][KEYS])
{
	struct work w = {.seed = r->seed + r->done,
	    .ntxns = TXNS,
	    .sessions = SESSIONS,
	    .interval = 5};
	struct verdict v = {.what = V_NONE};
	unsigned i;

	place_clear(&r->place, true);
	r->history.seed = w.seed;
	(void)child_wait(child_start(&r->place, &w, NULL), &v);
	(void)run_judged(r, &v, NULL, "making a store");
	for (i = 0; i < WRITERS; i++)
		history_state(w.seed, i, TXNS * SESSIONS, want[i]);
}

void
test_bitflip(struct run *r)
{
	unsigned long sums[NTYPES][NOUTCOMES] = {{0}};
	uint32_t want[WRITERS][KEYS];
	char try[PATHLEN + 8], text[200];
	enum outcome outcome;
	size_t i, j;

	(void)snprintf(try, sizeof(try), "%s/try", r->place.top);
	for (; run_more(r); r->done++) {
		struct verdict v = {.what = V_NONE};

		if (r->done % FLIPS_EACH == 0)
			make_store(r, want);
		remove_dir(try);
		CHECK(copy_dir(r->place.db, try));
		i = flip(r, try, text, sizeof(text));
		outcome = check_flipped(try, r->history.seed, want, &v);
		if (outcome >= MISSING)
			verdict_set(&v, V_LOST, "%s", outcomes[outcome]);
		(void)run_judged(r, &v, NULL, "%s", text);
		sums[i][outcome]++;
	}
	printf("bitflip: %lu bits flipped\n", r->done);
	for (i = 0; i < NTYPES; i++) {
		printf("bitflip: in %s:", types[i]);
		for (j = 0; j < NOUTCOMES; j++)
			printf("%s %lu %s", j == 0 ? "" : ",", sums[i][j],
			    outcomes[j]);
		printf("\n");
	}
}
