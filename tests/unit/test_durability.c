/* SPDX-License-Identifier: MIT */
/* What survives, and linearizable writes of many threads, on every engine. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tests/unit/store_fixture.h"

#define THREADS 8
#define INCREMENTS 500

static void
flags(void)
{
	struct skv_txn *t = txn();

	/* The default, which the fixture leaves alone. */
	t_put(t, "k", "v");
	CU_OK(skv_commit(t));
	CU_ASSERT(!skv_txn_durable(t));
	skv_txn_reset(t);
	skv_txn_durability(t, SKV_SYNC);
	t_put(t, "k", "v");
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(skv_txn_durable(t), skv_persistent(db));
	CU_ASSERT_EQUAL(stats().unsynced, 0);
	/* Reset, it has the default again. */
	skv_txn_reset(t);
	t_put(t, "k", "v");
	CU_OK(skv_commit(t));
	CU_ASSERT(!skv_txn_durable(t));
	skv_txn_free(t);

	opts.durability = SKV_SYNC;
	fx_restart();
	put("k", "v");
	CU_ASSERT_EQUAL(stats().unsynced, 0);
	CU_ASSERT_EQUAL(stats().syncs, 1);
	t = txn();
	t_put(t, "k", "v");
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(skv_txn_durable(t), skv_persistent(db));
	skv_txn_reset(t);
	skv_txn_durability(t, SKV_ASYNC);
	t_put(t, "k", "v");
	CU_OK(skv_commit(t));
	CU_ASSERT(!skv_txn_durable(t));
	CU_ASSERT_EQUAL(stats().unsynced, 1);
	skv_txn_free(t);
}

static void
in_the_background(void)
{
	int64_t deadline = 0;
	int i;

	opts.sync_interval_ms = 1;
	fx_restart();
	for (i = 1; i <= 3; i++) {
		put("k", "v");
		while (stats().unsynced > 0 && fx_patience(&deadline))
			continue;
		CU_ASSERT_EQUAL(stats().unsynced, 0);
		CU_ASSERT_EQUAL(stats().syncs, (uint64_t)i);
	}
}

/* Killed, a store has what it acknowledged, and gives no revision twice. */
static void
killed(void)
{
	uint64_t given, before;
	char key[32], value[32];
	int i;

	if (!fx_keeps())
		return;
	put("before", "v");
	before = stats().revision;
	fx_stop();
	given = fx_crash(1);
	CU_ASSERT(given > before);
	before = given;
	given = fx_crash(100);
	CU_ASSERT(given >= before + 100);
	fx_start();
	CU_ASSERT_EQUAL(count_all(), 101);
	for (i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "crash%d", i);
		(void)snprintf(value, sizeof(value), "%d", i);
		CU_ASSERT(has(key, value));
	}
	put("after", "v");
	CU_ASSERT(rev("after") > given);
	before = rev("after");
	fx_restart();
	put("after", "v");
	CU_ASSERT(rev("after") == before + 1 ||
	    (fx_shared() && rev("after") > before));
}

/* ------------------------------------------------------------- counters -- */

static uint64_t
read_number(const struct skv_value *v)
{
	uint64_t n;

	CHECK(v->len == sizeof(n));
	memcpy(&n, v->data, sizeof(n));
	return (n);
}

/* Adds one, by compare-and-swap; sometimes synced. */
static void
increment(struct skv_txn *t, const char *key, bool sync)
{
	struct skv_value v;
	enum skv_err err;
	uint64_t n;

	do {
		skv_txn_reset(t);
		AZ(skv_get(db, key, 1, &v));
		n = read_number(&v) + 1;
		AZ(skv_txn_if_match(t, key, 1, &v.revision, 1));
		skv_value_release(&v);
		AZ(skv_txn_put(t, key, 1, &n, sizeof(n), NULL));
		if (sync)
			skv_txn_durability(t, SKV_SYNC);
		err = skv_commit(t);
		CHECK(err == SKV_OK || err == SKV_CONFLICT);
	} while (err == SKV_CONFLICT);
}

static void *
increments(void *arg)
{
	struct skv_txn *t = txn();
	unsigned seed = *(unsigned *)arg;
	int i;

	for (i = 0; i < INCREMENTS; i++)
		increment(t, fx_random(&seed, 2) == 0 ? "a" : "b",
		    fx_random(&seed, 50) == 0);
	skv_txn_free(t);
	return (NULL);
}

static void
counters(void)
{
	pthread_t ids[THREADS];
	unsigned seeds[THREADS], i;
	struct skv_value v;
	uint64_t n = 0;

	CU_OK(skv_put(db, "a", 1, &n, sizeof(n), NULL));
	CU_OK(skv_put(db, "b", 1, &n, sizeof(n), NULL));
	for (i = 0; i < THREADS; i++) {
		seeds[i] = i;
		AZ(pthread_create(&ids[i], NULL, increments, &seeds[i]));
	}
	for (i = 0; i < THREADS; i++)
		AZ(pthread_join(ids[i], NULL));
	CU_OK(skv_get(db, "a", 1, &v));
	n = read_number(&v);
	skv_value_release(&v);
	CU_OK(skv_get(db, "b", 1, &v));
	n += read_number(&v);
	skv_value_release(&v);
	CU_ASSERT_EQUAL(n, THREADS * INCREMENTS);
	CU_ASSERT_EQUAL(stats().transactions, THREADS * INCREMENTS + 2);
	CU_ASSERT_EQUAL(stats().queued, 0);
}

/* Blind writes, each thread its own keys, all kinds of calls mixed. */
static void *
mixed(void *arg)
{
	unsigned seed = *(unsigned *)arg, who = seed, i, n;
	const struct skv_range all = {.prefix = NULL};
	uint64_t count;
	char key[32];

	for (i = 0; i < 300; i++) {
		n = fx_random(&seed, 20);
		(void)snprintf(key, sizeof(key), "%u.%u", who, n);
		switch (fx_random(&seed, 8)) {
		case 0:
			AZ(skv_delete(db, key, strlen(key)));
			CHECK(has(key, NULL));
			break;
		case 1:
			AZ(skv_count(db, &all, &count));
			CHECK(count <= THREADS * 20);
			break;
		case 2:
			AZ(skv_sync(db, NULL));
			break;
		default:
			AZ(skv_put(db, key, strlen(key), key, strlen(key),
			    NULL));
			CHECK(has(key, key));
			break;
		}
	}
	return (NULL);
}

static void
all_at_once(void)
{
	pthread_t ids[THREADS];
	unsigned seeds[THREADS], i;

	opts.sync_interval_ms = 1;
	fx_restart();
	for (i = 0; i < THREADS; i++) {
		seeds[i] = i;
		AZ(pthread_create(&ids[i], NULL, mixed, &seeds[i]));
	}
	for (i = 0; i < THREADS; i++)
		AZ(pthread_join(ids[i], NULL));
	CU_OK(skv_status(db, NULL));
	CU_ASSERT_EQUAL(stats().errors, 0);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"durability is as asked for", flags},
	    {"writes become durable in the background", in_the_background},
	    {"a killed store has what it acknowledged", killed},
	    {"compare-and-swap loses no increment", counters},
	    {"threads do not disturb each other", all_at_once},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
