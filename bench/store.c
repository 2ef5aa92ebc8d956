/* SPDX-License-Identifier: MIT */
/*
 * The library in one process and one thread, against LevelDB's C API in the
 * same loops. Targets take turns, each round on new stores; the first round
 * warms up and is not printed. One line a result: test, target, operations a
 * second.
 */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lck.h"
#include "bench/target.h"
#include "store/scribekv.h"

#define BATCH 100
#define NPAIRS 200000U /* of the sustained tests; the greatest number */

static struct pair *pairs;

_Noreturn void
die(const char *what, const char *why)
{
	errx(EXIT_FAILURE, "%s: %s", what, why);
}

/* ----------------------------------------------------------- the library -- */

struct handle {
	struct skv *db;
	struct skv_txn *txn;
};

static void
ok(const char *what, enum skv_err err)
{
	if (err != SKV_OK)
		die(what, skv_strerror(err));
}

static void *
handle_open_url(const char *url)
{
	struct handle *h = calloc(1, sizeof(*h));
	struct skv_errinfo info;

	if (h == NULL)
		die("skv", "out of memory");
	if (skv_open(url, NULL, &info, &h->db) != SKV_OK)
		die("skv_open", info.text);
	h->txn = skv_txn_new(h->db);
	if (h->txn == NULL)
		die("skv_txn_new", "out of memory");
	return (h);
}

static void *
handle_open(const char *dir)
{
	char url[4096];
	int n = snprintf(url, sizeof(url), "leveldb:%s", dir);

	if (n < 0 || (size_t)n >= sizeof(url))
		die(dir, "too long");
	return (handle_open_url(url));
}

static void *
handle_open_temp(const char *dir)
{
	(void)dir;
	return (handle_open_url("temp:"));
}

static void
handle_put(void *p, const struct pair *pair, unsigned n, bool sync)
{
	struct handle *h = p;
	unsigned i;

	skv_txn_reset(h->txn);
	skv_txn_durability(h->txn, sync ? SKV_SYNC : SKV_ASYNC);
	for (i = 0; i < n; i++)
		ok("skv_txn_put", skv_txn_put(h->txn, pair[i].key, KEYLEN,
		    pair[i].value, VALUELEN, NULL));
	ok("skv_commit", skv_commit(h->txn));
}

static void
handle_get(void *p, const struct pair *pair)
{
	struct handle *h = p;
	struct skv_value v;

	ok("skv_get", skv_get(h->db, pair->key, KEYLEN, &v));
	if (v.len != VALUELEN)
		die("skv_get", "not what was put");
	skv_value_release(&v);
}

static void
handle_sync(void *p)
{
	struct handle *h = p;

	ok("skv_sync", skv_sync(h->db, NULL));
}

static void
handle_close(void *p)
{
	struct handle *h = p;

	skv_txn_free(h->txn);
	ok("skv_close", skv_close(h->db, NULL));
	free(h);
}

static const struct target target_skv = {
    .name = "skv",
    .open = handle_open,
    .put = handle_put,
    .get = handle_get,
    .sync = handle_sync,
    .close = handle_close,
};

static const struct target target_temp = {
    .name = "skv-temp",
    .open = handle_open_temp,
    .put = handle_put,
    .get = handle_get,
    .sync = handle_sync,
    .close = handle_close,
};

/* ------------------------------------------------------------- the tests -- */

static void
test_put(const struct target *t, void *h, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i += BATCH)
		t->put(h, pairs + i, BATCH, false);
}

static void
test_get(const struct target *t, void *h, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		t->get(h, pairs + i);
}

/* Half of each hundred is put, as one batch, and half is read. */
static void
test_mixed(const struct target *t, void *h, unsigned n)
{
	unsigned i, j;

	for (i = 0; i < n; i += BATCH) {
		t->put(h, pairs + i, BATCH / 2, false);
		for (j = 0; j < BATCH / 2; j++)
			t->get(h, pairs + i + j);
	}
}

static void
test_put_sync(const struct target *t, void *h, unsigned n)
{
	test_put(t, h, n);
	t->sync(h);
}

static void
test_mixed_sync(const struct target *t, void *h, unsigned n)
{
	test_mixed(t, h, n);
	t->sync(h);
}

static void
test_single_async(const struct target *t, void *h, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		t->put(h, pairs + i, 1, false);
}

static void
test_single_sync(const struct target *t, void *h, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		t->put(h, pairs + i, 1, true);
}

/* "prepare" puts in what is read; each test has a store of its own. */
static const struct {
	const char *name;
	void (*fn)(const struct target *, void *, unsigned n);
	unsigned n;
	bool prepare;
} tests[] = {
    {"put", test_put, NPAIRS, false},
    {"get", test_get, NPAIRS, true},
    {"mixed", test_mixed, NPAIRS, false},
    {"100-put", test_put_sync, 100, false},
    {"10000-put", test_put_sync, 10000, false},
    {"10000-get", test_get, 10000, true},
    {"10000-mixed", test_mixed_sync, 10000, false},
    {"single-async", test_single_async, 50000, false},
    {"single-sync", test_single_sync, 500, false},
};

#define NTESTS (sizeof(tests) / sizeof(tests[0]))

static void
measure(const struct target *t, size_t test, const char *dir, bool print)
{
	int64_t ns;
	void *h = t->open(dir);

	if (tests[test].prepare)
		test_put(t, h, tests[test].n);
	ns = lck_now_ns();
	tests[test].fn(t, h, tests[test].n);
	ns = lck_now_ns() - ns;
	t->close(h);
	if (print)
		(void)printf("%s %s %.0f\n", tests[test].name, t->name,
		    tests[test].n * 1e9 / (double)ns);
}

/* All keys are made beforehand, in an order that is not theirs. */
static void
make_pairs(void)
{
	char text[KEYLEN + 1];
	unsigned i;

	pairs = calloc(NPAIRS, sizeof(*pairs));
	if (pairs == NULL)
		die("pairs", "out of memory");
	for (i = 0; i < NPAIRS; i++) {
		/* 7919 is prime to NPAIRS: each number comes once. */
		(void)snprintf(text, sizeof(text), "k%09u",
		    (unsigned)((uint64_t)i * 7919 % NPAIRS));
		memcpy(pairs[i].key, text, KEYLEN);
		(void)snprintf(text, sizeof(text), "v%09u", i);
		memcpy(pairs[i].value, text, VALUELEN);
	}
}

int
main(int argc, char **argv)
{
	const struct target *const targets[] = {&target_skv, &target_leveldb,
	    &target_temp};
	char dir[4096];
	unsigned rounds, round, t;
	size_t i;
	int n;

	if (argc != 3 || sscanf(argv[2], "%u", &rounds) != 1)
		errx(EXIT_FAILURE, "usage: store DIRECTORY ROUNDS");
	make_pairs();
	for (round = 0; round <= rounds; round++)
		for (i = 0; i < NTESTS; i++)
			for (t = 0; t < 3; t++) {
				n = snprintf(dir, sizeof(dir), "%s/%u-%zu-%u",
				    argv[1], round, i, t);
				if (n < 0 || (size_t)n >= sizeof(dir))
					die(argv[1], "too long");
				/* Nobody is always the first. */
				measure(targets[(t + round) % 3], i, dir,
				    round > 0);
			}
	free(pairs);
	return (EXIT_SUCCESS);
}
