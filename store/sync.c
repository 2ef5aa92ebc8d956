/* SPDX-License-Identifier: MIT */
/*
 * The syncer: one thread that makes written groups durable, every
 * sync_interval_ms when there is something to make durable, and at once when
 * somebody waits. All who wait by the time a barrier begins share it, and
 * groups go on being written meanwhile. After a failed barrier the latch is
 * closed and no other barrier is run: what was not known to be durable by then
 * is never said to be.
 */
#include "config.h"

#include <stdlib.h>

#include "base/check.h"
#include "store/internal.h"

#define NS_PER_MS 1000000LL

/* Calls everybody on a list that was taken from sync_waiters. */
static void
answer(struct sync_req *list, enum skv_err err, const char *why)
{
	struct sync_req *next;

	for (; list != NULL; list = next) {
		next = list->next;
		list->done(list, err, why);
	}
}

/* Runs one barrier. Entered and left with the lock held. */
static void
run_barrier(struct skv *db) LCK_REQUIRES(db->mtx)
{
	struct skv_errinfo info = db->state_info;
	struct sync_req *list;
	uint64_t target = db->written, ceiling = db->ceiling_written;
	enum skv_err err = db->state;
	int64_t start = lck_now_ns();
	bool needed = err == SKV_OK && target != db->synced;

	LCK_ASSERT_HELD(&db->mtx);
	db->sync_running = db->sync_waiters;
	db->sync_waiters = NULL;
	db->syncing = needed;
	db->nbarriers += needed;
	lck_unlock(&db->mtx);
	if (needed)
		err = db->ops->barrier(db->engine, &info);
	/* Not SKV_NOMEM, after which one could go on. */
	if (needed && err == SKV_NOMEM)
		err = SKV_IO;
	lck_lock(&db->mtx);
	db->syncing = false;
	list = db->sync_running;
	db->sync_running = NULL;
	if (needed && err != SKV_OK)
		commit_latch(db, err, &info);
	else if (needed) {
		db->synced = target;
		db->dirty_since_ns = start; /* of what came meanwhile */
		db->ceiling_durable = ceiling;
		db->stats.syncs++;
		histogram_add(&db->stats.sync_us,
		    (uint64_t)(lck_now_ns() - start) / 1000);
	}
	lck_unlock(&db->mtx);
	answer(list, err, info.text);
	lck_lock(&db->mtx);
}

/* Whether a barrier is due; if not, how long it may be until one is. */
static bool
barrier_due(struct skv *db, int64_t *ret_deadline) LCK_REQUIRES(db->mtx)
{
	*ret_deadline = 0; /* not before somebody asks */
	if (db->sync_waiters != NULL)
		return (true);
	if (db->written == db->synced || db->state != SKV_OK ||
	    db->opts.sync_interval_ms == 0)
		return (false);
	*ret_deadline = db->dirty_since_ns +
	    (int64_t)db->opts.sync_interval_ms * NS_PER_MS;
	return (lck_now_ns() >= *ret_deadline);
}

static void *
syncer_main(void *arg)
{
	struct skv *db = arg;
	int64_t deadline;

	CHECK_MAGIC(db, SKV_MAGIC);
	lck_lock(&db->mtx);
	for (;;) {
		if (barrier_due(db, &deadline))
			run_barrier(db);
		else if (db->syncer_stopping)
			break;
		else if (deadline == 0)
			lck_cond_wait(&db->sync_wanted, &db->mtx);
		else
			(void)lck_cond_wait_until(&db->sync_wanted, &db->mtx,
			    deadline);
	}
	lck_unlock(&db->mtx);
	return (NULL);
}

bool
sync_start(struct skv *db)
{
	db->has_syncer = thread_start(&db->syncer, syncer_main, db);
	return (db->has_syncer);
}

void
sync_stop(struct skv *db)
{
	if (!db->has_syncer)
		return;
	lck_lock(&db->mtx);
	db->syncer_stopping = true;
	lck_cond_signal(&db->sync_wanted);
	lck_unlock(&db->mtx);
	AZ(pthread_join(db->syncer, NULL));
	db->has_syncer = false;
}

void
sync_request(struct skv *db, struct sync_req *req)
{
	LCK_ASSERT_HELD(&db->mtx);
	req->next = db->sync_waiters;
	db->sync_waiters = req;
	watch_wake(db);
	if (req->next == NULL)
		lck_cond_signal(&db->sync_wanted);
}

/* A caller of skv_sync_submit(). */
struct sync_call {
	struct sync_req req;
	void (*done)(enum skv_err, void *);
	void *arg;
};

static void
call_done(struct sync_req *req, enum skv_err err, const char *why)
{
	struct sync_call *c = (struct sync_call *)req; /* its first member */

	(void)why;
	c->done(err, c->arg);
	free(c);
}

enum skv_err
skv_sync_submit(struct skv *db, void (*done)(enum skv_err, void *), void *arg)
{
	struct sync_call *c;

	CHECK_MAGIC(db, SKV_MAGIC);
	CHECK(done != NULL);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return (SKV_NOMEM);
	c->req.done = call_done;
	c->done = done;
	c->arg = arg;
	c->req.patient = true;
	lck_lock(&db->mtx);
	sync_request(db, &c->req);
	lck_unlock(&db->mtx);
	return (SKV_OK);
}

/* A thread in sync_wait(); on its stack. */
struct sync_sleeper {
	struct sync_req req;
	struct skv *db;
	struct lck_cond wake;
	bool done;
	enum skv_err err;
	struct skv_errinfo info;
};

static void
sleeper_done(struct sync_req *req, enum skv_err err, const char *why)
{
	struct sync_sleeper *s = (struct sync_sleeper *)req;
	struct skv *db = s->db;

	/* The sleeper's stack is gone as soon as it sees "done". */
	lck_lock(&db->mtx);
	s->err = err;
	errinfo_set(&s->info, "%s", why);
	s->done = true;
	lck_cond_signal(&s->wake);
	lck_unlock(&db->mtx);
}

enum skv_err
sync_wait(struct skv *db, bool patient, struct skv_errinfo *info)
{
	struct sync_sleeper s = {.req = {.done = sleeper_done,
				     .patient = patient},
	    .db = db};

	lck_cond_init(&s.wake);
	lck_lock(&db->mtx);
	s.req.asked = db->tick;
	sync_request(db, &s.req);
	while (!s.done)
		/* The syncer comes here when a "done" of its own drains. */
		if (pthread_equal(pthread_self(), db->syncer))
			run_barrier(db);
		else
			lck_cond_wait(&s.wake, &db->mtx);
	lck_unlock(&db->mtx);
	lck_cond_release(&s.wake);
	if (s.err != SKV_OK && info != NULL)
		*info = s.info;
	return (s.err);
}

enum skv_err
skv_sync(struct skv *db, struct skv_errinfo *info)
{
	CHECK_MAGIC(db, SKV_MAGIC);
	return (sync_wait(db, false, info));
}

/* Moves what has waited too long from one list to the other. */
static void
move_overdue(struct skv *db, struct sync_req **link, uint32_t limit,
    struct sync_req **to) LCK_REQUIRES(db->mtx)
{
	struct sync_req *req;

	LCK_ASSERT_HELD(&db->mtx);
	while ((req = *link) != NULL) {
		if (req->patient || db->tick - req->asked <= limit) {
			link = &req->next;
			continue;
		}
		*link = req->next;
		req->next = *to;
		*to = req;
		db->stats.timed_out++;
	}
}

struct sync_req *
sync_overdue(struct skv *db, uint32_t limit)
{
	struct sync_req *list = NULL;

	move_overdue(db, &db->sync_waiters, limit, &list);
	move_overdue(db, &db->sync_running, limit, &list);
	return (list);
}

void
sync_timeout(struct skv *db, struct sync_req *list)
{
	struct skv_errinfo info;

	if (list == NULL)
		return;
	errinfo_set(&info, "written, but not durable after %u ms (max_wait_ms)",
	    db->opts.max_wait_ms);
	answer(list, SKV_TIMEDOUT, info.text);
}
