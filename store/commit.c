/* SPDX-License-Identifier: MIT */
/*
 * The commit pipeline. Submitted transactions wait in a queue. Whoever drains
 * it while nobody leads becomes the leader: takes what is queued as a group,
 * decides it (apply.c), writes it to the engine as one batch, gives leadership
 * up, and only then completes the group's transactions. There is no writer
 * thread, so a lone write costs no context switch, and the busier the store,
 * the larger the groups.
 *
 * Leadership is a state (skv.leading), not a held lock: the lock is free while
 * the engine writes. It is given up only after the outcome is known, because
 * after a failed write nothing more may be written to the engine: LevelDB
 * would acknowledge later writes that are lost when it is reopened.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"

/* Bounds of a group: what one engine write may delay those behind it. */
#define GROUP_TXNS 4096
#define GROUP_BYTES (8UL << 20)

/* How often a transaction that only reads is tried beside the leader. */
#define READ_TRIES 3

/* A thread that waits in skv_commit(); on its stack. */
struct waiter {
	struct lck_cond wake;
	bool done;
	bool lead; /* leadership was handed to it */
	enum skv_err err;
};

void
commit_latch(struct skv *db, enum skv_err err, const struct skv_errinfo *info)
{
	LCK_ASSERT_HELD(&db->mtx);
	db->stats.errors++;
	if (db->state != SKV_OK)
		return;
	db->state = err;
	db->state_info = *info;
}

enum skv_err
commit_refusal(enum skv_err state)
{
	return (state == SKV_NOSPACE ? SKV_NOSPACE : SKV_READONLY);
}

void
commit_complete(struct skv_txn *t, enum skv_err err)
{
	t->err = err;
	if (err == SKV_OK)
		t->applied = SKV_APPLIED_YES;
	t->done(t, err, t->arg);
}

static size_t
txn_bytes(const struct skv_txn *t)
{
	return (t->arena.len + sizeof(*t) + t->nops * sizeof(*t->ops) +
	    t->nconds * sizeof(*t->conds) + t->nrevs * sizeof(*t->revs));
}

/* Queues a transaction, or says why not. */
static enum skv_err
enqueue(struct skv_txn *t)
{
	struct skv *db = t->db;
	enum skv_err err = SKV_OK;

	lck_lock(&db->mtx);
	if (db->state != SKV_OK) {
		err = commit_refusal(db->state);
		t->errinfo = db->state_info;
	} else if (db->overloaded && t->waiter == NULL) {
		/* Who waits holds up nobody but himself. */
		err = SKV_BUSY;
		t->errinfo = db->overload_info;
	} else if (db->stats.queued >= db->opts.max_queue ||
	    /* Nothing is too big for an empty queue, or it would be so for
	     * ever. */
	    (db->stats.queued > 0 &&
		db->stats.queued_bytes + txn_bytes(t) >
		    db->opts.max_queue_bytes)) {
		err = SKV_BUSY;
		errinfo_set(&t->errinfo,
		    "%u writes (max_queue %u) of %llu bytes (max_queue_bytes "
		    "%llu) are waiting",
		    db->stats.queued, db->opts.max_queue,
		    (unsigned long long)db->stats.queued_bytes,
		    (unsigned long long)db->opts.max_queue_bytes);
	} else {
		t->next = NULL;
		t->queued = db->tick;
		watch_wake(db);
		*db->tail = t;
		db->tail = &t->next;
		db->stats.queued++;
		db->stats.queued_bytes += txn_bytes(t);
	}
	db->stats.refused += err == SKV_BUSY;
	lck_unlock(&db->mtx);
	return (err);
}

/* Detaches the next group from the queue. */
static struct skv_txn *
take_group(struct skv *db) LCK_REQUIRES(db->mtx)
{
	struct skv_txn *t, **end = &db->head;
	size_t n = 0, bytes = 0;

	LCK_ASSERT_HELD(&db->mtx);
	while (*end != NULL && n < GROUP_TXNS && bytes < GROUP_BYTES) {
		n++;
		bytes += txn_bytes(*end);
		end = &(*end)->next;
	}
	t = db->head;
	db->head = *end;
	*end = NULL;
	if (db->head == NULL)
		db->tail = &db->head;
	db->stats.queued -= n;
	db->stats.queued_bytes -= bytes;
	return (t);
}

enum skv_err
commit_write(struct skv *db, struct skv_errinfo *info)
{
	enum skv_err err;

	atomic_fetch_add(&db->write_seq, 1);
	err = db->ops->write(db->engine, info);
	atomic_fetch_add(&db->write_seq, 1);
	/* Only a shared engine knows then that nothing was written. */
	return (err == SKV_NOMEM && db->ops->shared == NULL ? SKV_IO : err);
}

/* Notes that a batch is written; wakes the syncer if it was idle. */
static void
note_written(struct skv *db) LCK_REQUIRES(db->mtx)
{
	LCK_ASSERT_HELD(&db->mtx);
	if (db->written++ == db->synced) {
		db->dirty_since_ns = lck_now_ns();
		lck_cond_signal(&db->sync_wanted);
	}
	db->ceiling_written = db->ceiling;
}

/* Adds a higher ceiling to the batch in good time. */
static enum skv_err
raise_ceiling(struct skv *db, uint64_t revision)
{
	enum skv_err err;

	if (!db->ops->persistent || db->ceiling - revision >= CEILING_STEP / 2)
		return (SKV_OK);
	err = meta_put(db, "ceiling", db->ceiling + CEILING_STEP);
	if (err == SKV_OK)
		db->ceiling += CEILING_STEP;
	return (err);
}

/* Whether revisions have caught up with the durable ceiling all the same. */
static bool
ceiling_reached(struct skv *db) LCK_REQUIRES(db->mtx)
{
	LCK_ASSERT_HELD(&db->mtx);
	return (db->ops->persistent && db->ops->shared == NULL &&
	    db->stats.revision + GROUP_TXNS >= db->ceiling_durable);
}

/* Waits for the disk; not with a group, which could not be answered. */
static enum skv_err
await_ceiling(struct skv *db, uint64_t revision, struct skv_errinfo *info)
{
	uint64_t ceiling = db->ceiling;
	enum skv_err err;

	err = raise_ceiling(db, revision);
	if (err == SKV_OK)
		err = commit_write(db, info);
	if (err != SKV_OK) {
		db->ops->batch_clear(db->engine);
		db->ceiling = ceiling;
		return (err);
	}
	lck_lock(&db->mtx);
	note_written(db);
	lck_unlock(&db->mtx);
	return (sync_wait(db, true, info));
}

static void
note_group(struct skv *db, size_t ntxns, int64_t start_ns, uint64_t revision)
    LCK_REQUIRES(db->mtx)
{
	LCK_ASSERT_HELD(&db->mtx);
	note_written(db);
	db->stats.revision = revision;
	db->stats.groups++;
	db->stats.transactions += ntxns;
	histogram_add(&db->stats.group_size, ntxns);
	histogram_add(&db->stats.commit_us,
	    (uint64_t)(lck_now_ns() - start_ns) / 1000);
}

/*
 * Gives leadership up. If the next transaction belongs to a waiting thread,
 * that one leads on; otherwise the caller comes back for it.
 */
static void
hand_on(struct skv *db) LCK_REQUIRES(db->mtx)
{
	LCK_ASSERT_HELD(&db->mtx);
	if (db->head != NULL && db->head->waiter != NULL) {
		db->head->waiter->lead = true;
		lck_cond_signal(&db->head->waiter->wake);
	} else
		db->leading = false;
}

/* Decides and writes one group; returns the error all of it shares, if any. */
static enum skv_err
write_group(struct skv *db, struct skv_txn *group, uint64_t *revision,
    size_t *nbatched, bool *ret_unknown, struct skv_errinfo *info)
{
	enum skv_err err;
	uint64_t ceiling = db->ceiling;
	int64_t kept = atomic_load(&db->clock_kept);

	*ret_unknown = false;
	if (db->ops->shared != NULL)
		return (shared_write_group(db, group, revision, nbatched,
		    ret_unknown, info));
	err = raise_ceiling(db, *revision);
	if (err == SKV_OK)
		err = expiry_keep_clock(db);
	if (err == SKV_OK)
		err = apply_group(db, group, revision, nbatched);
	if (err != SKV_OK || *nbatched == 0) {
		db->ops->batch_clear(db->engine);
		db->ceiling = ceiling; /* it went with the batch */
		atomic_store(&db->clock_kept, kept);
		return (err);
	}
	*ret_unknown = true;
	/* From here on the group is only to be answered. */
	atomic_store(&db->taken, group);
	return (commit_write(db, info));
}

/* What is left of the group that commit_write() was called for. */
static struct skv_txn *
take_back(struct skv *db) LCK_REQUIRES(db->mtx)
{
	LCK_ASSERT_HELD(&db->mtx);
	return (atomic_exchange(&db->taken, NULL));
}

/*
 * Completes a group, of which split_sync() took what waits for the disk. A
 * conflict found in a group that failed is none: what it was found with may
 * not have been written.
 */
static void
complete_group(struct skv_txn *group, enum skv_err err, bool unknown,
    const struct skv_errinfo *info)
{
	struct skv_txn *t, *next;

	for (t = group; t != NULL; t = next) {
		next = t->next;
		if (err != SKV_OK &&
		    (t->err == SKV_OK || t->err == SKV_CONFLICT)) {
			t->applied = unknown && t->err == SKV_OK ?
			    SKV_APPLIED_UNKNOWN :
			    SKV_APPLIED_NO;
			t->err = err;
			t->errinfo = *info;
			t->revision = 0;
		}
		commit_complete(t, t->err);
	}
}

/* The barrier has come for a transaction that was waiting for it. */
static void
sync_txn_done(struct sync_req *req, enum skv_err err, const char *why)
{
	struct skv_txn *t;

	t = (struct skv_txn *)((char *)req - offsetof(struct skv_txn, sync));
	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	if (err == SKV_OK)
		t->durable = t->db->ops->persistent;
	else {
		/* Written, but not known to be on the disk. */
		t->applied = SKV_APPLIED_UNKNOWN;
		errinfo_set(&t->errinfo, "%s", why);
	}
	commit_complete(t, err);
}

/* Moves those that want durability from the group to the syncer's list. */
static struct skv_txn *
split_sync(struct skv *db, struct skv_txn *group) LCK_REQUIRES(db->mtx)
{
	struct skv_txn *t, **link = &group;

	LCK_ASSERT_HELD(&db->mtx);
	while ((t = *link) != NULL) {
		db->stats.conflicts += t->err == SKV_CONFLICT;
		if (t->err == SKV_OK && t->nwrites > 0 &&
		    t->durability == SKV_SYNC) {
			*link = t->next;
			t->sync.done = sync_txn_done;
			t->sync.asked = t->queued;
			t->sync.patient = false;
			sync_request(db, &t->sync);
		} else
			link = &t->next;
	}
	return (group);
}

/* Takes the next group, when revisions may be given; it is none on an error. */
static enum skv_err
begin_group(struct skv *db, struct skv_txn **ret, uint64_t *ret_revision,
    struct skv_errinfo *info)
{
	enum skv_err err;

	lck_lock(&db->mtx);
	CHECK(db->leading);
	*ret_revision = db->stats.revision;
	err = SKV_OK;
	if (db->state != SKV_OK) {
		err = commit_refusal(db->state);
		*info = db->state_info;
	} else if (ceiling_reached(db)) {
		lck_unlock(&db->mtx);
		err = await_ceiling(db, *ret_revision, info);
		lck_lock(&db->mtx);
		if (err != SKV_OK && err != SKV_NOMEM)
			commit_latch(db, err, info);
	}
	*ret = take_group(db);
	lck_unlock(&db->mtx);
	return (err);
}

/* Leads one group. The caller has leadership, and has given it up after. */
static void
lead(struct skv *db)
{
	struct skv_errinfo info = {""};
	struct skv_txn *group;
	enum skv_err err;
	uint64_t revision;
	int64_t start;
	size_t nbatched = 0;
	bool unknown = false;

	err = begin_group(db, &group, &revision, &info);
	start = lck_now_ns();
	if (err == SKV_OK) {
		err = write_group(db, group, &revision, &nbatched, &unknown,
		    &info);
		lck_lock(&db->mtx);
		if (unknown && db->ops->shared == NULL)
			group = take_back(db);
		if (err == SKV_OK && nbatched > 0)
			note_group(db, nbatched, start, revision);
		else if (err != SKV_OK && db->ops->shared != NULL)
			db->stats.errors++; /* the next one may succeed */
		else if (err != SKV_OK && err != SKV_NOMEM)
			commit_latch(db, err, &info);
		if (err == SKV_OK)
			group = split_sync(db, group);
	} else
		lck_lock(&db->mtx);
	hand_on(db);
	lck_unlock(&db->mtx);

	complete_group(group, err, unknown, &info);
}

/* ------------------------------------------------------------- overdue -- */

struct skv_txn *
commit_overdue_queued(struct skv *db, uint32_t limit)
{
	struct skv_txn *t, *last = NULL, *list = db->head;

	LCK_ASSERT_HELD(&db->mtx);
	for (t = list; t != NULL && db->tick - t->queued > limit; t = t->next) {
		/* Its thread is on its way to lead. */
		if (t->waiter != NULL && t->waiter->lead)
			break;
		db->stats.queued--;
		db->stats.queued_bytes -= txn_bytes(t);
		db->stats.timed_out++;
		last = t;
	}
	if (last == NULL)
		return (NULL);
	last->next = NULL;
	db->head = t;
	if (t == NULL)
		db->tail = &db->head;
	return (list);
}

struct skv_txn *
commit_overdue_taken(struct skv *db, uint32_t limit)
{
	struct skv_txn *t, *last = NULL, *list = atomic_load(&db->taken);

	LCK_ASSERT_HELD(&db->mtx);
	for (t = list; t != NULL && db->tick - t->queued > limit; t = t->next) {
		db->stats.timed_out++;
		last = t;
	}
	if (last == NULL)
		return (NULL);
	last->next = NULL;
	atomic_store(&db->taken, t);
	return (list);
}

void
commit_timeout(struct skv *db, struct skv_txn *list, bool unknown)
{
	struct skv_errinfo info;

	if (list == NULL)
		return;
	errinfo_set(&info, "%s for longer than %u ms (max_wait_ms)",
	    unknown ? "it was being written" : "it waited to be written",
	    db->opts.max_wait_ms);
	complete_group(list, SKV_TIMEDOUT, unknown, &info);
}

void
skv_drain(struct skv *db)
{
	CHECK_MAGIC(db, SKV_MAGIC);
	for (;;) {
		lck_lock(&db->mtx);
		if (db->leading || db->head == NULL) {
			lck_unlock(&db->mtx);
			return;
		}
		db->leading = true;
		lck_unlock(&db->mtx);
		lead(db);
	}
}

static enum skv_err
submit(struct skv_txn *t, struct waiter *w,
    void (*done)(struct skv_txn *, enum skv_err, void *), void *arg)
{
	enum skv_err err;
	unsigned i;

	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	if (!t->frozen)
		txn_freeze(t);
	txn_forget(t);
	t->done = done;
	t->arg = arg;
	t->waiter = w;
	for (i = 0; t->nwrites == 0 && i < READ_TRIES; i++)
		if (apply_reads(t->db, t, &err)) {
			commit_complete(t, err);
			return (SKV_OK);
		}
	if (t->nputs > 0 && !space_left(t->db, &t->errinfo))
		return (SKV_NOSPACE);
	return (enqueue(t));
}

enum skv_err
skv_submit(struct skv_txn *t,
    void (*done)(struct skv_txn *, enum skv_err, void *), void *arg)
{
	CHECK(done != NULL);
	return (submit(t, NULL, done, arg));
}

static void
wake_waiter(struct skv_txn *t, enum skv_err err, void *arg)
{
	struct waiter *w = arg;
	struct skv *db = t->db;

	/* The waiter's stack is gone as soon as it sees "done". */
	lck_lock(&db->mtx);
	w->err = err;
	w->done = true;
	lck_cond_signal(&w->wake);
	lck_unlock(&db->mtx);
}

enum skv_err
skv_commit(struct skv_txn *t)
{
	struct waiter w = {.done = false};
	struct skv *db = t->db;
	enum skv_err err;

	lck_cond_init(&w.wake);
	err = submit(t, &w, wake_waiter, &w);
	if (err != SKV_OK) {
		lck_cond_release(&w.wake);
		return (err);
	}
	skv_drain(db);
	lck_lock(&db->mtx);
	while (!w.done) {
		if (w.lead) {
			w.lead = false;
			lck_unlock(&db->mtx);
			lead(db);
			skv_drain(db);
			lck_lock(&db->mtx);
		} else
			lck_cond_wait(&w.wake, &db->mtx);
	}
	lck_unlock(&db->mtx);
	lck_cond_release(&w.wake);
	return (w.err);
}
