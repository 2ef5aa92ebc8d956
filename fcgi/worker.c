/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a worker. It takes a handful of ready connections at a
 * time and serves them one after the other: reads are answered at once, writes
 * are only queued. Then it drains the queue, so that all the writes of one
 * turn, its own and those of the other workers, become one engine write.
 *
 * How many workers there are is tend.c's. Those that are to take over the turn
 * of one that stands still do so before they wait for connections.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/log.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/worker.h"

#define WORKER_MAGIC 0x776f726b
/* How long one that may be told to leave, or to help, waits for connections;
 * and how long main waits for one to end before it looks again. */
#define WATCH_MS 100
#define NS_PER_MS 1000000LL

static _Thread_local struct worker *self;

unsigned
worker_slots(const struct server *srv)
{
	return (srv->conf->workers + EXTRA_WORKERS);
}

/* ------------------------------------------------- waiting for a peer -- */

static void
beat(struct worker *w)
{
	/* Nobody else writes it, so this needs no locked instruction. */
	atomic_store_explicit(&w->beat,
	    atomic_load_explicit(&w->beat, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

void
worker_waits(struct conn *c)
{
	if (self == NULL)
		return;
	atomic_store_explicit(&self->waits_for, c, memory_order_relaxed);
	beat(self);
}

void
worker_goes_on(void)
{
	if (self != NULL)
		beat(self);
}

/* -------------------------------------------------------------- turns -- */

#define TURN(number, next, n) ((uint64_t)(number) << 16 | (next) << 8 | (n))
#define TURN_NEXT(t) ((unsigned)((t) >> 8 & 0xff))
#define TURN_N(t) ((unsigned)((t)&0xff))

static void
begin_turn(struct worker *w, struct conn *const *ready, unsigned n)
{
	uint64_t number = (atomic_load(&w->turn) >> 16) + 1;
	unsigned i;

	for (i = 0; i < n; i++)
		atomic_store_explicit(&w->ready[i], ready[i],
		    memory_order_relaxed);
	atomic_store_explicit(&w->turn, TURN(number, 0, n),
	    memory_order_release);
}

/*
 * The next connection of a worker's turn, for itself or another; NULL when
 * there is none. Who finds the number of the turn unchanged has read an entry
 * of that turn.
 */
static struct conn *
take(struct worker *w)
{
	uint64_t t = atomic_load_explicit(&w->turn, memory_order_acquire);
	struct conn *c;

	do {
		if (TURN_NEXT(t) == TURN_N(t))
			return (NULL);
		c = atomic_load_explicit(&w->ready[TURN_NEXT(t)],
		    memory_order_relaxed);
	} while (!atomic_compare_exchange_weak(&w->turn, &t, t + (1 << 8)));
	return (c);
}

/* Serves what is left of a worker's turn, and then the writes. */
static void
serve(struct worker *w)
{
	struct conn *c;

	while ((c = take(w)) != NULL)
		if (conn_begin(c))
			request_serve(c);
	skv_drain(w->server->db);
}

static void
help_others(struct server *srv)
{
	unsigned i;

	for (i = 0; i < worker_slots(srv); i++)
		if (atomic_load(&srv->workers[i].standing))
			serve(&srv->workers[i]);
}

/* ------------------------------------------------------------ threads -- */

static void
pause_here(struct server *srv)
{
	lck_lock(&srv->mtx);
	srv->npaused++;
	lck_cond_signal(&srv->fewer);
	while (atomic_load(&srv->pausing))
		lck_cond_wait(&srv->resumed, &srv->mtx);
	srv->npaused--;
	lck_unlock(&srv->mtx);
}

/*
 * Waits for connections, and takes them. One of an engine whose reads wait for
 * the network takes one at a time, for others not to wait behind it.
 */
static void
next_turn(struct worker *w, int wait_ms, bool *ret_accept, unsigned *ret_n)
{
	struct server *srv = w->server;
	struct conn *ready[TURN_MAX];
	int64_t since = lck_now_ns(), idle;

	idle = atomic_load_explicit(&w->idle_ns, memory_order_relaxed);
	atomic_store_explicit(&w->idle_since, since, memory_order_relaxed);
	*ret_n = conn_ready(srv, ready, srv->turn_max, wait_ms, ret_accept);
	atomic_store_explicit(&w->idle_ns, idle + lck_now_ns() - since,
	    memory_order_relaxed);
	atomic_store_explicit(&w->idle_since, 0, memory_order_relaxed);
	begin_turn(w, ready, *ret_n);
	if (*ret_n > 0 &&
	    atomic_load_explicit(&srv->main_sleeps, memory_order_relaxed) &&
	    atomic_exchange(&srv->main_sleeps, false))
		(void)pthread_kill(srv->main_thread, SERVER_WAKES_MAIN);
}

static void
work(struct worker *w)
{
	struct server *srv = w->server;
	bool first = w == srv->workers, accepting, draining;
	unsigned n;

	while (!atomic_load(&w->leave)) {
		if (atomic_load(&srv->pausing))
			pause_here(srv);
		draining = atomic_load(&srv->draining);
		if (!first)
			help_others(srv);
		next_turn(w,
		    draining  ? 0 :
			first ? -1 :
				WATCH_MS,
		    &accepting, &n);
		if (draining && n == 0)
			break;
		if (accepting && !draining)
			conn_accept(srv);
		serve(w);
	}
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	struct server *srv = w->server;

	CHECK_MAGIC(w, WORKER_MAGIC);
	self = w;
	atomic_store(&w->idle_since, 0);
	atomic_store(&w->schedstat,
	    open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
	request_keep();
	work(w);
	request_free_kept();
	lck_lock(&srv->mtx);
	srv->nworkers--;
	lck_cond_signal(&srv->fewer);
	lck_unlock(&srv->mtx);
	atomic_store(&w->life, ENDED);
	return (NULL);
}

static bool
start(struct server *srv, struct worker *w)
{
	w->looks = 0;
	w->seen = atomic_load(&w->beat);
	w->idle_was = w->delay_was = 0;
	atomic_store(&w->idle_ns, 0);
	atomic_store(&w->idle_since, lck_now_ns());
	atomic_store(&w->schedstat, -1);
	atomic_store(&w->leave, false);
	atomic_store(&w->life, RUNNING);
	lck_lock(&srv->mtx);
	srv->nworkers++;
	lck_unlock(&srv->mtx);
	if (pthread_create(&w->thread, NULL, worker_main, w) == 0)
		return (true);
	lck_lock(&srv->mtx);
	srv->nworkers--;
	lck_unlock(&srv->mtx);
	atomic_store(&w->life, FREE);
	return (false);
}

bool
worker_start(struct server *srv)
{
	unsigned i;

	for (i = 0; i < worker_slots(srv); i++)
		if (atomic_load(&srv->workers[i].life) == FREE)
			return (start(srv, &srv->workers[i]));
	return (false);
}

static void
join(struct worker *w)
{
	int fd;

	AZ(pthread_join(w->thread, NULL));
	fd = atomic_load(&w->schedstat);
	if (fd != -1)
		(void)close(fd);
	atomic_store(&w->life, FREE);
}

void
worker_join(struct server *srv)
{
	unsigned i;

	for (i = 0; i < worker_slots(srv); i++)
		if (atomic_load(&srv->workers[i].life) == ENDED)
			join(&srv->workers[i]);
}

bool
workers_start(struct server *srv)
{
	size_t size = worker_slots(srv) * sizeof(*srv->workers);
	unsigned i;

	srv->workers = aligned_alloc(_Alignof(struct worker), size);
	if (srv->workers == NULL) {
		log_errx("out of memory");
		return (false);
	}
	for (i = 0; i < worker_slots(srv); i++)
		srv->workers[i] = (struct worker){
		    .magic = WORKER_MAGIC,
		    .server = srv,
		};
	srv->looked_ns = lck_now_ns();
	srv->main_thread = pthread_self();
	srv->turn_max = conf_is_remote(srv->conf) ? 1 : TURN_MAX;
	srv->wanted = 1;
	if (worker_start(srv))
		return (true);
	log_errx("cannot start a worker");
	return (false);
}

/* Makes every worker leave its wait for connections, until it is undone. */
static void
wake_workers(struct server *srv)
{
	const uint64_t one = 1;

	CHECK(write(srv->stop_fd, &one, sizeof(one)) == sizeof(one));
}

void
workers_pause(struct server *srv)
{
	atomic_store(&srv->pausing, true);
	wake_workers(srv);
	lck_lock(&srv->mtx);
	while (srv->npaused < srv->nworkers)
		lck_cond_wait(&srv->fewer, &srv->mtx);
	lck_unlock(&srv->mtx);
}

void
workers_resume(struct server *srv)
{
	uint64_t n;

	CHECK(read(srv->stop_fd, &n, sizeof(n)) == sizeof(n));
	lck_lock(&srv->mtx);
	atomic_store(&srv->pausing, false);
	lck_cond_broadcast(&srv->resumed);
	lck_unlock(&srv->mtx);
}

/* Waits for the end of all workers; false when that has not come in time. */
static bool
all_ended(struct server *srv, int64_t until)
{
	bool in_time = true;

	lck_lock(&srv->mtx);
	while (srv->nworkers > 0 && in_time)
		in_time = lck_cond_wait_until(&srv->fewer, &srv->mtx, until);
	in_time = srv->nworkers == 0;
	lck_unlock(&srv->mtx);
	return (in_time);
}

void
workers_stop(struct server *srv, uint32_t ms)
{
	int64_t until = lck_now_ns() + ms * NS_PER_MS;
	unsigned i;

	if (srv->workers == NULL)
		return;
	atomic_store(&srv->draining, true);
	wake_workers(srv);
	while (!all_ended(srv, until)) {
		for (i = 0; i < worker_slots(srv); i++)
			if (tend_look(&srv->workers[i]))
				tend_cut(srv, &srv->workers[i]);
		until = lck_now_ns() + WATCH_MS * NS_PER_MS;
	}
	for (i = 0; i < worker_slots(srv); i++)
		if (atomic_load(&srv->workers[i].life) != FREE)
			join(&srv->workers[i]);
	free(srv->workers);
	srv->workers = NULL;
}
