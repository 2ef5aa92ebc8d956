/* SPDX-License-Identifier: MIT */
/*
 * What a store does when its engine stands still or does not keep up: nobody
 * waits without bound, writes are refused early, reads go on, and what is said
 * of each transaction is true.
 *
 * The limits are short only while something is held: on a busy machine a write
 * that nobody holds can take longer than any time that is worth waiting for.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/engine_fault.h"
#include "tests/unit/store_fixture.h"

#define SHORT_MS 40
#define THREADS 6
#define PENDING ((enum skv_err) - 1)

/* A transaction that was submitted, and what became of it. */
struct sent {
	struct skv_txn *t;
	_Atomic enum skv_err err;
};

static void
ended(struct skv_txn *t, enum skv_err err, void *arg)
{
	struct sent *s = arg;

	CHECK(t == s->t);
	atomic_store(&s->err, err);
}

static enum skv_err
send_put(struct sent *s, const char *key, bool sync)
{
	s->t = txn();
	atomic_store(&s->err, PENDING);
	t_put(s->t, key, "v");
	if (sync)
		skv_txn_durability(s->t, SKV_SYNC);
	return (skv_submit(s->t, ended, s));
}

static void
await_timeout(struct sent *s, enum skv_applied applied)
{
	int64_t deadline = 0;

	while (atomic_load(&s->err) == PENDING && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(atomic_load(&s->err), SKV_TIMEDOUT);
	CU_ASSERT_EQUAL(skv_txn_applied(s->t), applied);
	CU_ASSERT(!skv_txn_durable(s->t));
	CU_ASSERT_PTR_NOT_NULL(strstr(skv_txn_error(s->t), "max_wait_ms"));
	skv_txn_free(s->t);
}

static void *
drain(void *arg)
{
	(void)arg;
	skv_drain(db);
	return (NULL);
}

/* Lets a thread drain the queue, which holds it in this call. */
static pthread_t
drain_held(enum fault_call call)
{
	pthread_t id;

	fault_hold(call);
	AZ(pthread_create(&id, NULL, drain, NULL));
	fault_wait_held();
	return (id);
}

/* What watch.c goes by from its next tick on; 0: no limit. */
static void
limits(uint32_t max_wait_ms, uint32_t max_stall_ms)
{
	lck_lock(&db->mtx);
	db->opts.max_wait_ms = max_wait_ms;
	db->opts.max_stall_ms = max_stall_ms;
	lck_unlock(&db->mtx);
}

static void
no_limits(void)
{
	opts.max_wait_ms = opts.max_stall_ms = 0;
	fx_restart();
	put("before", "old");
}

/* All is as it was before anything stood still. */
static void
goes_on(void)
{
	struct skv_txn *t = txn();

	limits(0, 0);
	CU_OK(skv_status(db, NULL));
	t_put(t, "after", "v");
	skv_txn_durability(t, SKV_SYNC);
	CU_OK(skv_commit(t));
	CU_ASSERT(skv_txn_durable(t));
	CU_ASSERT(has("after", "v"));
	CU_ASSERT_EQUAL(stats().queued, 0);
	CU_ASSERT_EQUAL(stats().queued_bytes, 0);
	skv_txn_free(t);
}

static void
stuck_write(void)
{
	struct sent taken[2], queued[2];
	pthread_t id;
	int i;

	no_limits();
	for (i = 0; i < 2; i++)
		CU_OK(send_put(&taken[i], i == 0 ? "t0" : "t1", i == 1));
	id = drain_held(FAULT_WRITE);
	for (i = 0; i < 2; i++)
		CU_OK(send_put(&queued[i], i == 0 ? "q0" : "q1", i == 1));
	CU_ASSERT_EQUAL(stats().queued, 2);
	limits(SHORT_MS, 0);
	for (i = 0; i < 2; i++) {
		await_timeout(&taken[i], SKV_APPLIED_UNKNOWN);
		await_timeout(&queued[i], SKV_APPLIED_NO);
		CU_ASSERT(has("before", "old"));
	}
	CU_ASSERT_EQUAL(stats().queued, 0);
	CU_ASSERT_EQUAL(stats().timed_out, 4);
	fault_go();
	AZ(pthread_join(id, NULL));
	CU_ASSERT(has("t0", "v") && has("t1", "v"));
	CU_ASSERT(has("q0", NULL) && has("q1", NULL));
	goes_on();
}

static void
stuck_sync(void)
{
	struct sent running, waiting;
	struct skv_errinfo info = {""};

	no_limits();
	fault_hold(FAULT_BARRIER);
	CU_OK(send_put(&running, "running", true));
	skv_drain(db);
	fault_wait_held();
	CU_OK(send_put(&waiting, "waiting", true));
	skv_drain(db);
	CU_ASSERT(has("running", "v") && has("waiting", "v"));
	limits(SHORT_MS, 0);
	await_timeout(&running, SKV_APPLIED_UNKNOWN);
	await_timeout(&waiting, SKV_APPLIED_UNKNOWN);
	CU_ASSERT_EQUAL(skv_sync(db, &info), SKV_TIMEDOUT);
	/* Whoever asks for no sync is served. */
	limits(0, 0);
	put("async", "v");
	fault_go();
	goes_on();
	CU_ASSERT(has("running", "v") && has("waiting", "v"));
}

static void
await_overload(bool want, const char *why)
{
	struct skv_errinfo info = {""};
	int64_t deadline = 0;

	while (skv_overloaded(db, &info) != want && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(skv_overloaded(db, &info), want);
	if (want)
		CU_ASSERT_PTR_NOT_NULL(strstr(info.text, why));
}

/* A write is refused at once, and nothing else is. */
static void
sheds(const char *why)
{
	uint64_t refused = stats().refused;
	struct sent s;

	await_overload(true, why);
	CU_ASSERT_EQUAL(send_put(&s, "refused", false), SKV_BUSY);
	CU_ASSERT_EQUAL(skv_txn_applied(s.t), SKV_APPLIED_NO);
	CU_ASSERT_PTR_NOT_NULL(strstr(skv_txn_error(s.t), why));
	skv_txn_free(s.t);
	CU_ASSERT_EQUAL(stats().refused, refused + 1);
	CU_ASSERT(has("before", "old"));
	CU_OK(skv_status(db, NULL));
}

static void
takes_again(void)
{
	struct sent s;

	await_overload(false, "");
	limits(0, 0);
	CU_OK(send_put(&s, "taken", false));
	skv_drain(db);
	CU_ASSERT_EQUAL(atomic_load(&s.err), SKV_OK);
	skv_txn_free(s.t);
	CU_ASSERT(has("refused", NULL));
	goes_on();
}

static void
slow_write(void)
{
	struct sent s;
	pthread_t id;

	no_limits();
	CU_OK(send_put(&s, "slow", false));
	id = drain_held(FAULT_WRITE);
	limits(0, SHORT_MS);
	sheds("max_stall_ms");
	fault_go();
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(atomic_load(&s.err), SKV_OK);
	skv_txn_free(s.t);
	takes_again();
	CU_ASSERT_EQUAL(stats().overloads, 1);
}

static void
slow_sync(void)
{
	struct sent s;
	int64_t deadline = 0;

	no_limits();
	fault_hold(FAULT_BARRIER);
	CU_OK(send_put(&s, "slow", true));
	skv_drain(db);
	fault_wait_held();
	limits(0, SHORT_MS);
	sheds("max_stall_ms");
	fault_go();
	while (atomic_load(&s.err) == PENDING && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(atomic_load(&s.err), SKV_OK);
	CU_ASSERT(skv_txn_durable(s.t));
	skv_txn_free(s.t);
	takes_again();
}

static void
crowded(void)
{
	opts.max_level0_files = 5;
	no_limits();
	fault_backlog(4);
	put("a", "v");
	await_overload(false, "");
	fault_backlog(5);
	put("a", "v");
	sheds("max_level0_files");
	/* Who waits himself is held up by the engine, if by anything. */
	put("b", "v");
	/* It is seen without any write that it has passed. */
	fault_backlog(4);
	takes_again();
}

/* ------------------------------------------------------------ everything -- */

struct writer {
	unsigned id;
	bool lied;
};

static _Atomic bool stop;
static atomic_uint said[SKV_APPLIED_UNKNOWN + 1]; /* how often each */

/* Writes keys of its own, and compares what it is told with what is there. */
static void *
write_on(void *arg)
{
	struct writer *w = arg;
	struct skv_txn *t = txn();
	unsigned i;
	char key[32];

	for (i = 0; !atomic_load(&stop); i++) {
		(void)snprintf(key, sizeof(key), "%u.%u", w->id, i);
		skv_txn_reset(t);
		t_put(t, key, "v");
		skv_txn_durability(t, i % 3 == 0 ? SKV_SYNC : SKV_ASYNC);
		if (skv_commit(t) == SKV_OK)
			CHECK(skv_txn_applied(t) == SKV_APPLIED_YES);
		atomic_fetch_add(&said[skv_txn_applied(t)], 1);
		if (skv_txn_applied(t) != SKV_APPLIED_UNKNOWN)
			w->lied = w->lied ||
			    !has(key,
				skv_txn_applied(t) == SKV_APPLIED_YES ? "v" :
									NULL);
	}
	skv_txn_free(t);
	return (NULL);
}

static void
await_said(enum skv_applied applied, unsigned more)
{
	unsigned want = atomic_load(&said[applied]) + more;
	int64_t deadline = 0;

	while (atomic_load(&said[applied]) < want && fx_patience(&deadline))
		continue;
	CU_ASSERT(atomic_load(&said[applied]) >= want);
}

/* Leadership is handed on, or not, while what is queued is answered. */
static void
again_and_again(void)
{
	struct writer writers[THREADS] = {{0}};
	pthread_t ids[THREADS];
	unsigned i;

	no_limits();
	limits(SHORT_MS, 0);
	atomic_store(&stop, false);
	for (i = 0; i < THREADS; i++) {
		writers[i].id = i;
		AZ(pthread_create(&ids[i], NULL, write_on, &writers[i]));
	}
	for (i = 0; i < 8; i++) {
		fault_hold(i % 4 == 3 ? FAULT_BARRIER : FAULT_WRITE);
		fault_wait_held();
		/* What is queued behind a write is not applied; while a sync
		 * lasts, writes go on, and those to be durable are unknown. */
		await_said(i % 4 == 3 ? SKV_APPLIED_UNKNOWN : SKV_APPLIED_NO,
		    1);
		fault_go();
		await_said(SKV_APPLIED_YES, 20);
	}
	atomic_store(&stop, true);
	for (i = 0; i < THREADS; i++) {
		AZ(pthread_join(ids[i], NULL));
		CU_ASSERT(!writers[i].lied);
	}
	goes_on();
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"nobody waits for ever for a write", stuck_write},
	    {"nobody waits for ever for a sync", stuck_sync},
	    {"a write that lasts refuses others", slow_write},
	    {"a sync that lasts refuses others", slow_sync},
	    {"a crowded level 0 refuses writes", crowded},
	    {"what is said of each write is true", again_and_again},
	    CU_TEST_INFO_NULL,
	};

	fx_open = fault_open;
	return (fx_run(argc, argv, tests));
}
