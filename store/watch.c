/* SPDX-License-Identifier: MIT */
/*
 * The watcher: a thread that sees to it that nobody waits without bound, and
 * that writes are refused early when engine or disk do not keep up. It neither
 * writes nor syncs, so it goes on when those who do are stuck. It looks at
 * what is under way every few milliseconds, and sleeps while nothing is.
 *
 * What has waited longer than max_wait_ms is answered: in the queue with
 * "not applied", in the hands of the engine or waiting for a sync with
 * "unknown", for the engine may still write it, or the disk lose it.
 *
 * Time is counted in its ticks (skv.tick), so that a transaction's age costs
 * nobody a look at the clock.
 */
#include "config.h"

#include "base/check.h"
#include "store/internal.h"

#define NS_PER_MS 1000000LL
#define TICK_MAX_MS 100
#define TICK_MIN_MS 10

/* Since when what was under way at the last tick has been so. */
struct seen {
	uint64_t what; /* 0: nothing */
	uint32_t since;
};

static uint32_t
tick_ms(const struct skv *db)
{
	const uint32_t limits[] = {db->opts.max_wait_ms, db->opts.max_stall_ms};
	uint32_t ms = TICK_MAX_MS;
	size_t i;

	for (i = 0; i < 2; i++)
		if (limits[i] != 0 && limits[i] / 4 < ms)
			ms = limits[i] / 4;
	return (ms < TICK_MIN_MS ? TICK_MIN_MS : ms);
}

/* Whether something has been under way for longer than "ms". */
static bool
lasts(const struct skv *db, struct seen *seen, uint64_t what, uint32_t ms)
{
	if (seen->what != what) {
		seen->what = what;
		seen->since = db->tick;
	}
	return (what != 0 && ms != 0 &&
	    db->tick - seen->since > ms / tick_ms(db));
}

/* What the engine has to merge; looked at without the lock. */
static uint32_t
backlog(struct skv *db)
{
	if (db->ops->backlog == NULL || db->opts.max_level0_files == 0)
		return (0);
	return (db->ops->backlog(db->engine));
}

/* Decides whether writes are refused for now, and says why. */
static void
look(struct skv *db, struct seen *write, struct seen *sync, uint32_t nfiles)
    LCK_REQUIRES(db->mtx)
{
	uint64_t seq = atomic_load(&db->write_seq);
	uint32_t ms = db->opts.max_stall_ms;
	bool was = db->overloaded;

	LCK_ASSERT_HELD(&db->mtx);
	db->overloaded = true;
	if (lasts(db, write, seq % 2 == 0 ? 0 : seq, ms))
		errinfo_set(&db->overload_info,
		    "a write has taken longer than %u ms (max_stall_ms)", ms);
	else if (lasts(db, sync, db->syncing ? db->nbarriers : 0, ms))
		errinfo_set(&db->overload_info,
		    "a sync has taken longer than %u ms (max_stall_ms)", ms);
	else if (nfiles != 0 && nfiles >= db->opts.max_level0_files)
		errinfo_set(&db->overload_info,
		    "%u files wait to be merged "
		    "(max_level0_files %u)",
		    nfiles, db->opts.max_level0_files);
	else
		db->overloaded = false;
	db->stats.overloads += db->overloaded && !was;
}

/* Answers what has waited too long. Entered and left with the lock held. */
static void
expire(struct skv *db) LCK_REQUIRES(db->mtx)
{
	uint32_t limit = db->opts.max_wait_ms / tick_ms(db);
	struct skv_txn *queued, *taken;
	struct sync_req *syncs;

	LCK_ASSERT_HELD(&db->mtx);
	if (db->opts.max_wait_ms == 0)
		return;
	queued = commit_overdue_queued(db, limit);
	taken = commit_overdue_taken(db, limit);
	syncs = sync_overdue(db, limit);
	lck_unlock(&db->mtx);
	commit_timeout(db, queued, false);
	commit_timeout(db, taken, true);
	sync_timeout(db, syncs);
	lck_lock(&db->mtx);
}

static void *
watcher_main(void *arg)
{
	struct seen write = {0}, sync = {0};
	struct skv *db = arg;
	uint32_t nfiles;
	int64_t next;

	CHECK_MAGIC(db, SKV_MAGIC);
	lck_lock(&db->mtx);
	while (!db->watcher_stopping) {
		if (!db->active && !db->overloaded && db->head == NULL &&
		    !db->leading && db->sync_waiters == NULL && !db->syncing) {
			db->watcher_idle = true;
			while (db->watcher_idle && !db->watcher_stopping)
				lck_cond_wait(&db->watch_wanted, &db->mtx);
		}
		next = lck_now_ns() + tick_ms(db) * NS_PER_MS;
		/* By the clock: a wait may end early, and ticks are counted
		 * as time. */
		while (!db->watcher_stopping && lck_now_ns() < next)
			(void)lck_cond_wait_until(&db->watch_wanted, &db->mtx,
			    next);
		db->tick++;
		db->active = false;
		lck_unlock(&db->mtx);
		nfiles = backlog(db);
		lck_lock(&db->mtx);
		look(db, &write, &sync, nfiles);
		expire(db);
	}
	lck_unlock(&db->mtx);
	return (NULL);
}

void
watch_wake(struct skv *db)
{
	LCK_ASSERT_HELD(&db->mtx);
	db->active = true;
	if (db->watcher_idle) {
		db->watcher_idle = false;
		lck_cond_signal(&db->watch_wanted);
	}
}

bool
watch_start(struct skv *db)
{
	db->has_watcher = thread_start(&db->watcher, watcher_main, db);
	return (db->has_watcher);
}

void
watch_stop(struct skv *db)
{
	if (!db->has_watcher)
		return;
	lck_lock(&db->mtx);
	db->watcher_stopping = true;
	lck_cond_signal(&db->watch_wanted);
	lck_unlock(&db->mtx);
	AZ(pthread_join(db->watcher, NULL));
	db->has_watcher = false;
}

bool
skv_overloaded(struct skv *db, struct skv_errinfo *info)
{
	bool overloaded;

	CHECK_MAGIC(db, SKV_MAGIC);
	lck_lock(&db->mtx);
	overloaded = db->overloaded;
	if (overloaded && info != NULL)
		*info = db->overload_info;
	lck_unlock(&db->mtx);
	return (overloaded);
}
