/* SPDX-License-Identifier: MIT */
/*
 * Expiry. A record carries its own time, and every read compares it with the
 * store's clock, so a value is gone from that instant on. The space is given
 * back by the sweeper, which walks the expiry index (ordered by time) and
 * submits small transactions of OP_EXPIRE through the ordinary queue; the
 * leader deletes a key only if its record is expired still. Index entries of
 * records that were overwritten meanwhile are simply swept when their time
 * comes.
 *
 * The store's clock is the monotonic clock plus an offset that makes it the
 * system's time at the first look. It follows the system's clock forwards, but
 * not backwards: what was once expired stays so. For this to hold across
 * restarts too the store keeps a time that its clock has not reached yet, and
 * after a restart the clock is never behind that. It is written
 *
 *   - when the store is opened, with the ceiling of revisions,
 *   - with a group of transactions, when the clock has come near it,
 *   - by the sweeper, if without other writes a value is about to expire,
 *   - when the store is closed: exactly, so that nothing is rounded.
 *
 * So a store in which nothing expires is not written to for the clock's sake.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "base/check.h"
#include "store/internal.h"

#define NS_PER_MS 1000000LL
#define SWEEP_INTERVAL_MS 1000
#define SWEEP_BATCH 64 /* what one transaction may delay those behind it */

/*
 * How far ahead of the clock the time is that is kept, which is how much too
 * early a value may expire after a crash; and how near the clock comes before
 * it is written anew, which is far more than the sweeper needs to wake up.
 */
#define CLOCK_STEP_MS 10000
#define CLOCK_NEAR_MS 5000

static int64_t
clock_read_ms(clockid_t id)
{
	struct timespec ts;

	AZ(clock_gettime(id, &ts));
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / NS_PER_MS);
}

/* The clock, if nothing was kept. */
static int64_t
clock_ms(struct skv *db)
{
	int64_t mono = 0, wall, offset;

	if (db->opts.clock_ms != NULL)
		wall = db->opts.clock_ms(db->opts.clock_arg);
	else {
		/* In this order, or a pause in between would put the store's
		 * clock ahead for good. */
		wall = clock_read_ms(CLOCK_REALTIME);
		mono = clock_read_ms(CLOCK_MONOTONIC);
	}
	offset = atomic_load(&db->clock_offset);
	while (wall - mono > offset)
		if (atomic_compare_exchange_weak(&db->clock_offset, &offset,
			wall - mono))
			return (wall);
	return (mono + offset);
}

int64_t
expiry_now(struct skv *db)
{
	int64_t now = clock_ms(db), least = atomic_load(&db->clock_least);

	return (now > least ? now : least);
}

int64_t
skv_now_ms(struct skv *db)
{
	CHECK_MAGIC(db, SKV_MAGIC);
	return (expiry_now(db));
}

void
expiry_restore(struct skv *db, int64_t now_ms)
{
	int64_t behind = now_ms - clock_ms(db);

	/* As much as that it may be ahead only because it was rounded. Then it
	 * stands still for so long: went it on from there, every crash would
	 * put it further ahead. */
	if (behind > CLOCK_STEP_MS)
		atomic_fetch_add(&db->clock_offset, behind);
	atomic_store(&db->clock_least, now_ms);
	atomic_store(&db->clock_kept, now_ms);
}

/* Whether the clock has come near the time that is kept. */
static bool
clock_near(struct skv *db, int64_t *ret_now)
{
	*ret_now = clock_ms(db);
	return (db->ops->persistent && db->ops->shared == NULL &&
	    *ret_now >= atomic_load(&db->clock_kept) - CLOCK_NEAR_MS);
}

enum skv_err
expiry_keep_clock(struct skv *db)
{
	enum skv_err err;
	int64_t now;

	if (!clock_near(db, &now))
		return (SKV_OK);
	now = now < INT64_MAX - CLOCK_STEP_MS ? now + CLOCK_STEP_MS : INT64_MAX;
	err = meta_put(db, "clock", (uint64_t)now);
	if (err == SKV_OK)
		atomic_store(&db->clock_kept, now);
	return (err);
}

bool
expiry_gone(struct skv *db, const struct skv_value *v)
{
	return (v->attr.expires_ms != 0 &&
	    v->attr.expires_ms <= expiry_now(db));
}

/*
 * Adds the first expired entries of the index to the transaction, from
 * "cursor" on, which is moved: without it every round would walk over what the
 * ones before have deleted. Returns whether there are any.
 */
static bool
collect(struct skv *db, struct skv_txn *t, struct buf *cursor)
{
	const struct engine_ops *e = db->ops;
	struct engine_iter *it;
	const char *key;
	int64_t now = expiry_now(db), when;
	size_t len;

	it = e->iter_new(db->engine);
	if (it == NULL)
		return (false);
	for (e->iter_seek(it, cursor->data, cursor->len); e->iter_valid(it);
	     e->iter_next(it)) {
		key = e->iter_key(it, &len);
		if (key[0] != KS_EXPIRY || len <= RECORD_EXPIRYKEY)
			break;
		when = record_expiry_time(key);
		if (when > now)
			break;
		if (skv_txn_size(t) == SWEEP_BATCH) {
			buf_reset(cursor);
			(void)buf_add(cursor, key, len);
			break;
		}
		if (txn_expire(t, when, key + RECORD_EXPIRYKEY,
			len - RECORD_EXPIRYKEY) != SKV_OK)
			break;
	}
	e->iter_free(it);
	return (skv_txn_size(t) > 0 && !buf_failed(cursor));
}

/*
 * Whether a value is about to expire, or has, later than the time that is kept:
 * an entry of the index is between them.
 */
static bool
clock_wanted(struct skv *db, struct buf *key)
{
	const struct engine_ops *e = db->ops;
	struct engine_iter *it;
	const char *found;
	int64_t now, kept;
	size_t len;
	bool wanted = false;

	if (!clock_near(db, &now))
		return (false);
	kept = atomic_load(&db->clock_kept);
	it = kept < INT64_MAX ? e->iter_new(db->engine) : NULL;
	if (it == NULL)
		return (false);
	buf_reset(key);
	if (record_expiry_key(key, kept + 1, "", 0)) {
		e->iter_seek(it, key->data, key->len);
		if (e->iter_valid(it)) {
			found = e->iter_key(it, &len);
			wanted = *found == KS_EXPIRY &&
			    len > RECORD_EXPIRYKEY &&
			    record_expiry_time(found) - CLOCK_NEAR_MS <= now;
		}
	}
	e->iter_free(it);
	return (wanted);
}

/* Deletes what is expired, until nothing is or the store stops. */
static void
sweep(struct skv *db)
{
	struct buf cursor = {0};
	struct skv_txn *t;
	bool stop = false;
	size_t n = SWEEP_BATCH;

	t = skv_txn_new(db);
	stop = t == NULL;
	if (!stop && clock_wanted(db, &cursor)) {
		txn_keep_clock(t);
		skv_txn_durability(t, SKV_ASYNC);
		stop = skv_commit(t) != SKV_OK;
		skv_txn_reset(t);
	}
	buf_reset(&cursor);
	stop = stop || !buf_addc(&cursor, KS_EXPIRY);
	while (!stop && n == SWEEP_BATCH && collect(db, t, &cursor)) {
		n = skv_txn_size(t);
		skv_txn_durability(t, SKV_ASYNC);
		stop = skv_commit(t) != SKV_OK;
		lck_lock(&db->mtx);
		if (!stop)
			db->stats.expired += n;
		stop = stop || db->stopping;
		lck_unlock(&db->mtx);
		skv_txn_reset(t);
	}
	skv_txn_free(t);
	buf_release(&cursor);
}

static void *
sweeper_main(void *arg)
{
	struct skv *db = arg;
	int64_t next;
	bool writable;

	CHECK_MAGIC(db, SKV_MAGIC);
	lck_lock(&db->mtx);
	while (!db->stopping) {
		writable = db->state == SKV_OK;
		lck_unlock(&db->mtx);
		if (writable)
			space_reserve(db);
		sweep(db);
		lck_lock(&db->mtx);
		next = lck_now_ns() + SWEEP_INTERVAL_MS * NS_PER_MS;
		while (!db->stopping &&
		    lck_cond_wait_until(&db->sweep_wanted, &db->mtx, next))
			continue;
	}
	lck_unlock(&db->mtx);
	return (NULL);
}

bool
expiry_start(struct skv *db)
{
	db->has_sweeper = thread_start(&db->sweeper, sweeper_main, db);
	return (db->has_sweeper);
}

void
expiry_stop(struct skv *db)
{
	if (!db->has_sweeper)
		return;
	lck_lock(&db->mtx);
	db->stopping = true;
	lck_cond_signal(&db->sweep_wanted);
	lck_unlock(&db->mtx);
	AZ(pthread_join(db->sweeper, NULL));
	db->has_sweeper = false;
}
