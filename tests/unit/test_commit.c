/* SPDX-License-Identifier: MIT */
/*
 * The commit queue: groups, bounds, leadership, shared barriers, the ceiling of
 * revisions. An engine that waits when told to makes the order of things
 * certain.
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

#define NTXNS 10

/* Outcomes of what was submitted. */
static _Atomic int ndone, nok, ndurable;

static void
ended(struct skv_txn *t, enum skv_err err, void *arg)
{
	(void)arg;
	ndurable += skv_txn_durable(t);
	nok += err == SKV_OK;
	ndone++;
	skv_txn_free(t);
}

static void *
commit_in_thread(void *arg)
{
	CU_OK(skv_commit(arg));
	return (NULL);
}

/* A thread whose write of the key "held" waits in the engine. */
static pthread_t
hold_writer(struct skv_txn *t)
{
	pthread_t id;

	ndone = nok = 0;
	t_put(t, "held", "v");
	fault_hold(FAULT_WRITE);
	AZ(pthread_create(&id, NULL, commit_in_thread, t));
	fault_wait_held();
	return (id);
}

static enum skv_err
submit_put(const char *key, const char *value, enum skv_durability how)
{
	struct skv_txn *t = txn();
	enum skv_err err;

	skv_txn_durability(t, how);
	t_put(t, key, value);
	err = skv_submit(t, ended, NULL);
	if (err != SKV_OK)
		skv_txn_free(t);
	return (err);
}

/* What comes while a write is under way becomes the next group. */
static void
groups(void)
{
	struct skv_txn *t = txn();
	struct skv_stats s;
	char key[32];
	pthread_t id;
	int i;

	id = hold_writer(t);
	for (i = 0; i < NTXNS; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		CU_OK(submit_put(key, "v", SKV_ASYNC));
	}
	CU_ASSERT_EQUAL(stats().queued, NTXNS);
	CU_ASSERT(stats().queued_bytes > NTXNS);
	skv_drain(db);
	CU_ASSERT_EQUAL(ndone, 0);
	fault_go();
	AZ(pthread_join(id, NULL));
	skv_txn_free(t);
	CU_ASSERT_EQUAL(nok, NTXNS);
	s = stats();
	CU_ASSERT_EQUAL(s.groups, 2);
	CU_ASSERT_EQUAL(s.group_size.count[1], 1);
	CU_ASSERT_EQUAL(s.group_size.count[4], 1); /* 8 to 15 */
	CU_ASSERT_EQUAL(s.group_size.sum, NTXNS + 1);
	CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), 2);
	CU_ASSERT_EQUAL(s.queued, 0);
	CU_ASSERT_EQUAL(s.queued_bytes, 0);
}

/* A group has a bound, so that those behind it wait no longer than that. */
static void
large_groups(void)
{
	int i;

	ndone = nok = 0;
	for (i = 0; i < 5000; i++)
		CU_OK(submit_put("k", "v", SKV_ASYNC));
	CU_ASSERT_EQUAL(stats().queued, 5000);
	skv_drain(db);
	CU_ASSERT_EQUAL(nok, 5000);
	CU_ASSERT_EQUAL(stats().groups, 2);
	CU_ASSERT_EQUAL(stats().revision, rev("k"));
}

/* Each completion submits another, which the same drain finds. */
static void
submit_another(struct skv_txn *t, enum skv_err err, void *arg)
{
	int *left = arg;

	nok += err == SKV_OK;
	if (--*left > 0) {
		CU_OK(skv_submit(t, submit_another, left));
	} else
		skv_txn_free(t);
}

static void
chains(void)
{
	struct skv_txn *t = txn();
	int left = 5000;

	ndone = nok = 0;
	t_put(t, "k", "v");
	CU_OK(skv_submit(t, submit_another, &left));
	skv_drain(db);
	CU_ASSERT_EQUAL(nok, 5000);
	CU_ASSERT_EQUAL(left, 0);
	CU_ASSERT_EQUAL(rev("k"), stats().revision);
}

/* Leadership goes on to a waiting thread; each comes back from its commit. */
static void
waiters(void)
{
	struct skv_txn *t[NTXNS + 1];
	pthread_t ids[NTXNS], first;
	int64_t deadline = 0;
	int i;

	t[NTXNS] = txn();
	first = hold_writer(t[NTXNS]);
	for (i = 0; i < NTXNS; i++) {
		t[i] = txn();
		t_put(t[i], "k", "v");
		AZ(pthread_create(&ids[i], NULL, commit_in_thread, t[i]));
	}
	while (stats().queued < NTXNS && fx_patience(&deadline))
		continue;
	/* The next group waits too, led by one of them. */
	fault_hold(FAULT_WRITE);
	fault_go();
	fault_wait_held();
	AZ(pthread_join(first, NULL));
	CU_OK(submit_put("last", "v", SKV_ASYNC));
	skv_drain(db);
	CU_ASSERT_EQUAL(ndone, 0);
	fault_go();
	for (i = 0; i < NTXNS; i++)
		AZ(pthread_join(ids[i], NULL));
	CU_ASSERT_EQUAL(nok, 1);
	CU_ASSERT_EQUAL(stats().groups, 3);
	for (i = 0; i <= NTXNS; i++)
		skv_txn_free(t[i]);
}

static void
bounds(void)
{
	struct skv_txn *t = txn();
	char *big;
	pthread_t id;

	opts.max_queue = 2;
	opts.max_queue_bytes = 1 << 20;
	fx_restart();
	skv_txn_free(t);
	t = txn();
	id = hold_writer(t);
	CU_OK(submit_put("a", "v", SKV_ASYNC));
	CU_OK(submit_put("b", "v", SKV_ASYNC));
	CU_ASSERT_EQUAL(submit_put("c", "v", SKV_ASYNC), SKV_BUSY);
	CU_ASSERT_EQUAL(skv_put(db, "c", 1, "v", 1, NULL), SKV_BUSY);
	fault_go();
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(nok, 2);
	CU_ASSERT(has("c", NULL));

	/* In bytes: one that is too big can have the queue for itself. */
	skv_txn_reset(t);
	big = calloc(1, 2 << 20);
	AN(big);
	CU_OK(skv_put(db, "big", 3, big, 2 << 20, NULL));
	id = hold_writer(t);
	CU_OK(submit_put("a", "v", SKV_ASYNC));
	CU_ASSERT_EQUAL(skv_put(db, "big", 3, big, 1 << 20, NULL), SKV_BUSY);
	CU_OK(submit_put("b", "v", SKV_ASYNC));
	fault_go();
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(nok, 2);
	CU_OK(skv_status(db, NULL));
	free(big);
	skv_txn_free(t);
}

/* Operations take room even when their keys do not. */
static void
operations_count(void)
{
	struct skv_txn *t = txn();
	uint64_t one;
	pthread_t id;
	int i;

	id = hold_writer(t);
	CU_OK(submit_put("k", "v", SKV_ASYNC));
	one = stats().queued_bytes;
	skv_drain(db);
	fault_go();
	AZ(pthread_join(id, NULL));
	skv_txn_reset(t);
	id = hold_writer(t);
	{
		struct skv_txn *many = txn();

		for (i = 0; i < 1000; i++)
			t_del(many, "k");
		CU_OK(skv_submit(many, ended, NULL));
	}
	CU_ASSERT(stats().queued_bytes > one + 1000 * sizeof(struct op));
	fault_go();
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(stats().queued_bytes, 0);
	skv_txn_free(t);
}

/* ------------------------------------------------------------- barriers -- */

static void
wait_done(int n)
{
	int64_t deadline = 0;

	while (ndone < n && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(nok, n);
}

static uint64_t
samples(const struct skv_histogram *h)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < SKV_BUCKETS; i++)
		sum += h->count[i];
	return (sum);
}

/* All who wait when a barrier begins share it, and writes go on meanwhile. */
static void
shared_barrier(void)
{
	struct skv_stats s;
	int i;

	ndone = nok = ndurable = 0;
	fault_hold(FAULT_BARRIER);
	CU_OK(submit_put("first", "v", SKV_SYNC));
	skv_drain(db);
	fault_wait_held();
	CU_ASSERT(has("first", "v"));
	for (i = 0; i < NTXNS; i++) {
		CU_OK(submit_put("k", "v", SKV_SYNC));
		skv_drain(db);
		put("async", "v");
	}
	CU_ASSERT_EQUAL(ndone, 0);
	s = stats();
	CU_ASSERT_EQUAL(s.unsynced, 2 * NTXNS + 1);
	CU_ASSERT_EQUAL(samples(&s.sync_us), 0);
	/* Written, each in a group of its own, while the barrier is open. */
	CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), 2 * NTXNS + 1);
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), 1);
	fault_go();
	wait_done(NTXNS + 1);
	CU_ASSERT_EQUAL(ndurable, NTXNS + 1);
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), 2);
	s = stats();
	CU_ASSERT_EQUAL(s.syncs, 2);
	CU_ASSERT_EQUAL(samples(&s.sync_us), 2);
	CU_ASSERT_EQUAL(s.unsynced, 0);
	CU_ASSERT_EQUAL(s.unsynced_ms, 0);
}

static void
synced(enum skv_err err, void *arg)
{
	(void)arg;
	nok += err == SKV_OK;
	ndone++;
}

/* It covers what was acknowledged before the call, on a barrier begun after. */
static void
sync_covers(void)
{
	ndone = nok = 0;
	put("a", "v");
	fault_hold(FAULT_BARRIER);
	CU_OK(skv_sync_submit(db, synced, NULL));
	fault_wait_held();
	put("b", "v");
	CU_OK(skv_sync_submit(db, synced, NULL));
	fault_go();
	wait_done(2);
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), 2);
	CU_ASSERT_EQUAL(stats().unsynced, 0);
	/* With nothing to make durable, none is run. */
	CU_OK(skv_sync_submit(db, synced, NULL));
	wait_done(3);
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), 2);
}

/* -------------------------------------------------------------- ceiling -- */

static uint64_t
stored_ceiling(void)
{
	const char key[] = "\0ceiling"; /* KS_META first */
	const char *data;
	size_t len;
	void *pin;
	uint64_t n;

	AZ(db->ops->get(db->engine, key, sizeof(key) - 1, &data, &len, &pin));
	n = get_le64(data);
	db->ops->release(pin);
	return (n);
}

/* What the store takes to be written. */
static uint64_t
believed_ceiling(void)
{
	uint64_t n;

	lck_lock(&db->mtx);
	n = db->ceiling_written;
	lck_unlock(&db->mtx);
	return (n);
}

/* As after a million transactions: the reserved revisions are used up. */
static void
use_up_ceiling(void)
{
	lck_lock(&db->mtx);
	db->ceiling = db->ceiling_written = db->ceiling_durable =
	    db->stats.revision + 1;
	lck_unlock(&db->mtx);
}

static void
ceiling(void)
{
	uint64_t before;

	put("k", "v");
	use_up_ceiling();
	before = stats().revision;
	put("k", "w");
	/* Reserved and durable before the group is written. */
	CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), 3);
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), 1);
	CU_ASSERT_EQUAL(rev("k"), before + 1);
	CU_ASSERT(stored_ceiling() > before + 2);
	CU_ASSERT(believed_ceiling() <= stored_ceiling());
	put("k", "x");
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), 1);
}

/* A raised ceiling is not forgotten, nor believed, when its batch is lost. */
static void
ceiling_in_lost_batch(void)
{
	struct skv_txn *t = txn();

	put("k", "v");
	lck_lock(&db->mtx);
	db->ceiling = db->stats.revision + 1; /* to be raised soon */
	lck_unlock(&db->mtx);
	t_none(t, "k", 0);
	t_put(t, "k", "w");
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT); /* nothing to write */
	fault_arm(FAULT_BATCH, 1, SKV_NOMEM, false);
	CU_ASSERT_EQUAL(skv_put(db, "l", 1, "v", 1, NULL), SKV_NOMEM);
	put("l", "v");
	CU_ASSERT(believed_ceiling() <= stored_ceiling());
	skv_txn_free(t);
}

/* From the syncer's own thread a write may need the syncer. */
static void
drain_when_synced(enum skv_err err, void *arg)
{
	synced(err, arg);
	CU_OK(submit_put("k", "from the syncer", SKV_SYNC));
	skv_drain(db);
}

static void
syncer_leads(void)
{
	ndone = nok = 0;
	put("k", "v");
	use_up_ceiling();
	CU_OK(skv_sync_submit(db, drain_when_synced, NULL));
	wait_done(2);
	CU_ASSERT(has("k", "from the syncer"));
}

static void *
close_in_thread(void *arg)
{
	(void)arg;
	CU_OK(skv_close(db, NULL));
	return (NULL);
}

/* While closing, the sweeper's last write may need the syncer. */
static void
close_while_sweeping(void)
{
	int64_t deadline = 0;
	bool stopping = false;
	pthread_t id;

	put_ttl("k", "v", fx_clock + 1);
	use_up_ceiling();
	fault_hold(FAULT_WRITE);
	fx_clock += 1;
	fault_wait_held(); /* the sweeper */
	AZ(pthread_create(&id, NULL, close_in_thread, NULL));
	while (!stopping && fx_patience(&deadline)) {
		lck_lock(&db->mtx);
		stopping = db->stopping;
		/* Whatever wakes it now, the syncer is still needed. */
		lck_cond_signal(&db->sync_wanted);
		lck_unlock(&db->mtx);
	}
	CU_ASSERT(stopping);
	fault_go();
	AZ(pthread_join(id, NULL));
	db = NULL;
}

/* What only reads asks the leader when it cannot be sure by itself. */
static void
reads_beside_a_write(void)
{
	struct skv_txn *t = txn(), *r = txn();
	struct skv_value v;
	pthread_t id, reader;

	put("before", "v");
	t_get(r, "before");
	t_get(r, "held");
	id = hold_writer(t);
	AZ(pthread_create(&reader, NULL, commit_in_thread, r));
	while (stats().queued == 0)
		continue;
	fault_go();
	AZ(pthread_join(id, NULL));
	AZ(pthread_join(reader, NULL));
	CU_OK(skv_txn_result(r, 0, &v));
	CU_OK(skv_txn_result(r, 1, &v));
	CU_ASSERT_EQUAL(skv_txn_revision(r), skv_txn_revision(t));
	/* It is no write: no batch, no revision of its own. */
	CU_ASSERT_EQUAL(stats().groups, 2);
	skv_txn_free(t);
	skv_txn_free(r);
}

/* An iterator would walk over all that was deleted behind an absent key. */
static void
reads_without_iterator(void)
{
	struct skv_txn *t = txn();
	unsigned n = fault_count(FAULT_ITER_NEW);

	t_get(t, "absent");
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(fault_count(FAULT_GET) > 0, true);
	/* The sweeper has one of its own, once a second. */
	CU_ASSERT(fault_count(FAULT_ITER_NEW) <= n + 1);
	skv_txn_free(t);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"what comes meanwhile is one group", groups},
	    {"a group has a bound", large_groups},
	    {"a completion may submit another", chains},
	    {"waiting threads lead on", waiters},
	    {"what only reads sees one state", reads_beside_a_write},
	    {"what only reads makes no iterator", reads_without_iterator},
	    {"the queue has bounds", bounds},
	    {"operations take room in the queue", operations_count},
	    {"a barrier is shared", shared_barrier},
	    {"a sync covers what was before it", sync_covers},
	    {"revisions are reserved before they are given", ceiling},
	    {"a reservation may be lost with its batch", ceiling_in_lost_batch},
	    {"the syncer may lead", syncer_leads},
	    {"closing waits for the sweeper", close_while_sweeping},
	    CU_TEST_INFO_NULL,
	};

	fx_open = fault_open;
	return (fx_run(argc, argv, tests));
}
