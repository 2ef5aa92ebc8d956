/* SPDX-License-Identifier: MIT */
/*
 * Expiry by a clock that the test moves, on every engine. Linked with --wrap
 * for the one test that concerns the system's clocks.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/store_fixture.h"

#define NOW 1000000 /* of the fixture's clock */

int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);

/* What this thread's looks at a clock are late by, in hours. */
static _Thread_local int late;
static _Thread_local bool pausing; /* an hour before each of them */

int
__wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	int rc = __real_clock_gettime(id, ret);

	late += pausing;
	ret->tv_sec += late * 3600;
	return (rc);
}

static void
set_clock(int64_t now)
{
	atomic_store(&fx_clock, now);
}

/* Records and index entries in the engine: what is left to be swept. */
static size_t
entries(char keyspace)
{
	struct engine_iter *it = db->ops->iter_new(db->engine);
	const char *key;
	size_t len, n = 0;

	AN(it);
	for (db->ops->iter_seek(it, &keyspace, 1); db->ops->iter_valid(it);
	     db->ops->iter_next(it), n++) {
		key = db->ops->iter_key(it, &len);
		if (*key != keyspace)
			break;
	}
	db->ops->iter_free(it);
	return (n);
}

/* Waits until the sweeper has seen to so many entries of the index. */
static void
wait_swept(uint64_t n)
{
	int64_t deadline = 0;

	while (stats().expired < n && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(stats().expired, n);
}

/* Whether everything that can look at a key finds it there, or not there. */
static bool
seen(const char *key, bool there)
{
	const struct skv_range range = {.prefix = key,
	    .prefixlen = strlen(key)};
	struct skv_txn *t = txn(), *w = txn();
	struct skv_scan *s;
	struct skv_value v;
	const void *found;
	size_t len;
	uint64_t n;
	bool same;

	same = has(key, there ? "v" : NULL);
	t_get(t, key);
	t_get(w, key);
	t_put(w, "other", "");
	CU_OK(skv_commit(t));
	CU_OK(skv_commit(w));
	same = same && t_has(t, 0, there ? "v" : NULL) &&
	    t_has(w, 0, there ? "v" : NULL);
	skv_txn_reset(t);
	skv_txn_reset(w);
	t_match(t, key, 0);
	t_none(w, key, 0);
	t_put(w, "other", "");
	same = same && (skv_commit(t) == SKV_OK) == there &&
	    (skv_commit(w) == SKV_OK) != there;
	CU_OK(skv_scan_open(db, &range, &s));
	same = same && (skv_scan_next(s, &found, &len, &v) == SKV_OK) == there;
	skv_scan_close(s);
	CU_OK(skv_count(db, &range, &n));
	skv_txn_free(t);
	skv_txn_free(w);
	return (same && n == there);
}

static void
exact(void)
{
	put_ttl("k", "v", NOW + 1000);
	put("never", "v");
	CU_ASSERT(seen("k", true));
	set_clock(NOW + 999);
	CU_ASSERT(seen("k", true));
	set_clock(NOW + 1000);
	CU_ASSERT(seen("k", false));
	set_clock(INT64_MAX);
	CU_ASSERT(seen("k", false));
	CU_ASSERT(seen("never", true));
	put_ttl("past", "v", 1);
	CU_ASSERT(seen("past", false));
}

/* In a transaction of its own, a put that is in the past is gone at once. */
static void
in_a_transaction(void)
{
	const struct skv_attr past = {.expires_ms = NOW};
	const struct skv_attr later = {.expires_ms = NOW + 1};
	struct skv_txn *t = txn();
	struct skv_value v;

	CU_OK(skv_txn_put(t, "k", 1, "v", 1, &past));
	t_get(t, "k");
	CU_OK(skv_txn_put(t, "k", 1, "v", 1, &later));
	t_get(t, "k");
	CU_OK(skv_commit(t));
	CU_ASSERT(t_has(t, 1, NULL));
	CU_OK(skv_txn_result(t, 3, &v));
	CU_ASSERT_EQUAL(v.attr.expires_ms, NOW + 1);
	CU_ASSERT(seen("k", true));
	skv_txn_free(t);
}

static void
overwritten(void)
{
	put_ttl("longer", "v", NOW + 10);
	put_ttl("longer", "v", NOW + 1000);
	put_ttl("shorter", "v", NOW + 1000);
	put_ttl("shorter", "v", NOW + 10);
	put_ttl("removed", "v", NOW + 10);
	put("removed", "v");
	put_ttl("deleted", "v", NOW + 10);
	del("deleted");
	put_ttl("again", "v", NOW + 10);
	del("again");
	put("again", "v");
	CU_ASSERT_EQUAL(entries(KS_EXPIRY), 7);
	set_clock(NOW + 10);
	CU_ASSERT(seen("longer", true));
	CU_ASSERT(seen("shorter", false));
	CU_ASSERT(seen("removed", true));
	CU_ASSERT(seen("deleted", false));
	CU_ASSERT(seen("again", true));
	wait_swept(5);
	CU_ASSERT_EQUAL(entries(KS_EXPIRY), 2);
	CU_ASSERT_EQUAL(entries(KS_USER), 4); /* "other" of seen() is one */
	CU_ASSERT(seen("longer", true));
	CU_ASSERT(seen("removed", true));
	CU_ASSERT(seen("again", true));
	set_clock(NOW + 1000);
	CU_ASSERT(seen("longer", false));
	wait_swept(7);
	CU_ASSERT_EQUAL(entries(KS_EXPIRY), 0);
	CU_ASSERT_EQUAL(entries(KS_USER), 3);
}

/* More than one of the sweeper's transactions takes. */
static void
many(void)
{
	char key[32];
	int i;

	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		put_ttl(key, "v", NOW + 1 + i / 2);
	}
	set_clock(NOW + 250);
	CU_ASSERT_EQUAL(count_all(), 500);
	wait_swept(500);
	CU_ASSERT_EQUAL(entries(KS_USER), 500);
	set_clock(NOW + 1000);
	CU_ASSERT_EQUAL(count_all(), 0);
	wait_swept(1000);
	CU_ASSERT_EQUAL(entries(KS_USER) + entries(KS_EXPIRY), 0);
}

static void
reopened(void)
{
	if (!fx_keeps())
		return;
	put_ttl("k", "v", NOW + 10);
	put_ttl("l", "v", NOW + 20);
	fx_restart();
	CU_ASSERT(seen("k", true));
	fx_stop();
	set_clock(NOW + 10);
	fx_start();
	CU_ASSERT(seen("k", false));
	CU_ASSERT(seen("l", true));
	wait_swept(1);
	/* The clock goes back while the store is closed, and is not believed
	 * when it comes back. */
	set_clock(NOW + 15);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 15);
	put_ttl("m", "v", NOW + 15);
	fx_stop();
	set_clock(NOW);
	fx_start();
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 15);
	CU_ASSERT(seen("m", false));
	CU_ASSERT(seen("l", true));
	set_clock(NOW + 16);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 16);
}

static void
backwards(void)
{
	put_ttl("k", "v", NOW + 10);
	set_clock(NOW + 10);
	CU_ASSERT(seen("k", false));
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 10);
	set_clock(NOW - 500);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 10);
	CU_ASSERT(seen("k", false));
	put_ttl("l", "v", skv_now_ms(db) + 5);
	CU_ASSERT(seen("l", true));
	set_clock(NOW + 15);
	CU_ASSERT(seen("l", false));
}

/* The clock as it is kept in the engine, for who opens it after a crash. */
static int64_t
kept(void)
{
	const char *data;
	int64_t clock = -1;
	size_t len;
	void *pin;

	if (db->ops->get(db->engine, "\0clock", 6, &data, &len, &pin) ==
	    SKV_OK) {
		clock = (int64_t)get_le64(data);
		db->ops->release(pin);
	}
	return (clock);
}

/* What is expired now would be so after a crash, although nothing is closed. */
static void
kept_while_running(void)
{
	int64_t deadline = 0;
	uint64_t groups;

	if (!fx_keeps() || fx_shared())
		return;
	CU_ASSERT_EQUAL(kept(), NOW + 10000);
	/* With a write, but not with each. */
	set_clock(NOW + 4000);
	put("k", "v");
	CU_ASSERT_EQUAL(kept(), NOW + 10000);
	set_clock(NOW + 6000);
	put_ttl("k", "v", NOW + 6001);
	CU_ASSERT_EQUAL(kept(), NOW + 16000);
	set_clock(NOW + 7000);
	del("k");
	CU_ASSERT_EQUAL(kept(), NOW + 16000);
	wait_swept(1);
	/* Without one, in good time. */
	put_ttl("k", "v", NOW + 1000000);
	groups = stats().groups;
	set_clock(NOW + 996000);
	/* It is counted after it was written. */
	while (stats().groups == groups && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(stats().groups, groups + 1);
	CU_ASSERT_EQUAL(kept(), NOW + 1006000);
	/* An orderly end needs no rounding. */
	fx_restart();
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 996000);
}

/* What was rounded is waited for, what was set back is not. */
static void
after_a_crash(void)
{
	expiry_restore(db, NOW + 10000);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 10000);
	set_clock(NOW + 10000);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 10000);
	set_clock(NOW + 10001);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 10001);
	expiry_restore(db, NOW + 1000000);
	CU_ASSERT_EQUAL(skv_now_ms(db), NOW + 1000000);
}

static void
system_clock(void)
{
	int64_t before, now, after, last = 0;
	struct timespec ts;
	int i;

	opts.clock_ms = NULL;
	fx_restart();
	for (i = 0; i < 1000; i++) {
		now = skv_now_ms(db);
		CU_ASSERT(now >= last);
		last = now;
	}
	AZ(clock_gettime(CLOCK_REALTIME, &ts));
	before = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	now = skv_now_ms(db);
	AZ(clock_gettime(CLOCK_REALTIME, &ts));
	after = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	/* Both clocks are rounded, hence the one. */
	CU_ASSERT(now >= before - 1 && now <= after + 1);
	put_ttl("k", "v", after - 1000);
	CU_ASSERT(has("k", NULL));
	put_ttl("k", "v", after + 1000000);
	CU_ASSERT(has("k", "v"));
}

/* A pause between a look at one clock and at the other is no lasting harm. */
static void
paused(void)
{
	struct timespec ts;
	int64_t now;

	opts.clock_ms = NULL;
	fx_restart();
	pausing = true;
	(void)skv_now_ms(db);
	(void)skv_now_ms(db);
	pausing = false;
	late = 0;
	now = skv_now_ms(db);
	AZ(clock_gettime(CLOCK_REALTIME, &ts));
	CU_ASSERT(now / 1000 <= ts.tv_sec + 1);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"a value is gone from its instant on", exact},
	    {"a transaction sees expiry", in_a_transaction},
	    {"the last put decides on expiry", overwritten},
	    {"many values expire", many},
	    {"expiry survives closing", reopened},
	    {"the clock never goes back", backwards},
	    {"the clock is kept while running", kept_while_running},
	    {"the clock after a crash", after_a_crash},
	    {"the clock is the system's", system_clock},
	    {"a pause does not put the clock ahead", paused},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
