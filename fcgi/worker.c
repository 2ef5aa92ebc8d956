/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a worker. It takes a handful of ready connections at a
 * time and serves them one after the other: reads are answered at once, writes
 * are only queued. Then it drains the queue, so that all the writes of one
 * turn, its own and those of the other workers, become one engine write.
 *
 * libfcgi blocks. A peer that stops in the middle of a request, or does not
 * take its answer, holds a worker, with all that it has taken, until
 * io_timeout_ms; nginx does not do that, unless it is stopped itself. So each
 * worker counts up when it begins and ends to wait for a peer: while the count
 * is odd it waits. Main looks at these counts. For each worker that it sees
 * standing at the same odd count twice there is a helper, and always one that
 * does not stand still itself. Helpers serve what those had taken, and then
 * work as the others do, until fewer are needed. When that would take more than
 * EXTRA_WORKERS, the peer that has stood still for the longest time is cut off.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/log.h"
#include "fcgi/request.h"
#include "fcgi/server.h"

#define WORKER_MAGIC 0x776f726b
/* More makes larger groups, and a longer wait for the last one of a turn. */
#define TURN_MAX 16
/* Helpers at one time, whatever peers do. */
#define EXTRA_WORKERS 16
/* How often main looks: usually, and while any worker waits for a peer. */
#define IDLE_MS 500
#define WATCH_MS 100
/* How long helpers stay when fewer are needed. */
#define LINGER_NS (5 * INT64_C(1000000000))
#define NS_PER_MS 1000000LL

enum {
	FREE,
	RUNNING,
	ENDED
};

struct worker {
	unsigned magic;
	struct server *server;
	bool extra;
	/* Set by main when it starts the thread, ENDED by that as its last
	 * act; then main joins it and sets FREE. */
	atomic_int life;
	pthread_t thread;
	atomic_bool leave;    /* a helper that is not needed any more */
	atomic_bool standing; /* so main saw it: others may take its work */

	/* Written by the worker alone. */
	_Alignas(64) atomic_uint beat;	  /* odd while it waits for a peer */
	_Atomic(struct conn *) waits_for; /* while odd */

	/* What it has taken in this turn: the number of the turn, which one is
	 * to be served next, how many there are; see take(). */
	_Atomic uint64_t turn;
	_Atomic(struct conn *) ready[TURN_MAX];

	/* Main's alone. */
	unsigned seen;	/* beat at the last look */
	unsigned looks; /* at which it was the same, and odd */
};

static _Thread_local struct worker *self;

static unsigned
nslots(const struct server *srv)
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

/* Ends the wait of a worker if it is still the one that main saw. */
static void
cut(struct server *srv, struct worker *w)
{
	lck_lock(&srv->mtx);
	/* Unchanged: it has not begun to free the connection. */
	if (w->seen % 2 == 1 && atomic_load(&w->beat) == w->seen)
		conn_cut(atomic_load(&w->waits_for));
	lck_unlock(&srv->mtx);
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
 * The next connection of a worker's turn, for itself or a helper; NULL when
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

static void
serve(struct worker *w)
{
	struct conn *c;

	while ((c = take(w)) != NULL)
		if (conn_begin(c))
			request_serve(c);
}

static void
help_others(struct server *srv)
{
	unsigned i;

	for (i = 0; i < nslots(srv); i++)
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

static void
work(struct worker *w)
{
	struct server *srv = w->server;
	struct conn *ready[TURN_MAX];
	bool accepting, draining;
	unsigned n;

	while (!atomic_load(&w->leave)) {
		if (atomic_load(&srv->pausing))
			pause_here(srv);
		draining = atomic_load(&srv->draining);
		if (w->extra)
			help_others(srv);
		n = conn_ready(srv, ready, TURN_MAX,
		    draining	 ? 0 :
			w->extra ? WATCH_MS :
				   -1,
		    &accepting);
		if (draining && n == 0)
			break;
		if (accepting && !draining)
			conn_accept(srv);
		begin_turn(w, ready, n);
		serve(w);
		skv_drain(srv->db);
	}
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	struct server *srv = w->server;

	CHECK_MAGIC(w, WORKER_MAGIC);
	self = w;
	work(w);
	skv_drain(srv->db);
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
workers_start(struct server *srv)
{
	size_t size = nslots(srv) * sizeof(*srv->workers);
	unsigned i;

	srv->workers = aligned_alloc(_Alignof(struct worker), size);
	if (srv->workers == NULL) {
		log_errx("out of memory");
		return (false);
	}
	for (i = 0; i < nslots(srv); i++)
		srv->workers[i] = (struct worker){
		    .magic = WORKER_MAGIC,
		    .server = srv,
		    .extra = i >= srv->conf->workers,
		};
	for (i = 0; i < srv->conf->workers; i++)
		if (!start(srv, &srv->workers[i])) {
			log_errx("cannot start worker %u of %u", i + 1,
			    srv->conf->workers);
			return (false);
		}
	return (true);
}

/* ------------------------------------------------------- main's looks -- */

/* Looks at one worker: whether it has stood still since the last look. */
static bool
look(struct worker *w)
{
	unsigned now = atomic_load_explicit(&w->beat, memory_order_relaxed);

	if (now % 2 == 1 && now == w->seen)
		w->looks++;
	else
		w->looks = 0;
	w->seen = now;
	atomic_store(&w->standing, w->looks > 0);
	return (w->looks > 0);
}

/* Starts a helper, or lets one end; false when that cannot be. */
static bool
change_helpers(struct server *srv, bool more)
{
	struct worker *w = &srv->workers[srv->conf->workers];
	struct worker *end = &srv->workers[nslots(srv)];

	for (; w < end; w++) {
		if (more && atomic_load(&w->life) == FREE)
			return (start(srv, w));
		if (!more && atomic_load(&w->life) == RUNNING &&
		    w->looks == 0 && !atomic_exchange(&w->leave, true))
			return (true);
	}
	return (false);
}

static struct worker *
longest(struct server *srv)
{
	struct worker *w = srv->workers;
	unsigned i;

	for (i = 1; i < nslots(srv); i++)
		if (srv->workers[i].looks > w->looks)
			w = &srv->workers[i];
	return (w);
}

/* What main sees of all workers. */
struct sight {
	unsigned standing;
	unsigned waiting; /* maybe only for a moment */
	unsigned helpers;
};

static struct sight
look_at_all(struct server *srv)
{
	struct sight s = {0};
	struct worker *w;
	unsigned i;

	for (i = 0; i < nslots(srv); i++) {
		w = &srv->workers[i];
		if (atomic_load(&w->life) == ENDED) {
			AZ(pthread_join(w->thread, NULL));
			atomic_store(&w->life, FREE);
		}
		s.standing += look(w);
		s.waiting += w->seen % 2;
		s.helpers += w->extra && atomic_load(&w->life) == RUNNING &&
		    !atomic_load(&w->leave);
	}
	return (s);
}

unsigned
workers_tend(struct server *srv)
{
	struct sight s = look_at_all(srv);
	int64_t now = lck_now_ns();
	unsigned needed;

	if (s.standing > 0 && s.helpers == 0)
		log_warnx("%u of %u workers wait for nginx in the middle of "
			  "requests: up to %d more help out",
		    s.standing, srv->conf->workers, EXTRA_WORKERS);
	/* One more than stand still, so that one is free. */
	needed = s.standing == 0 ? 0 : s.standing + 1;
	if (s.helpers <= needed)
		srv->helped_ns = now;
	else if (now - srv->helped_ns > LINGER_NS)
		(void)change_helpers(srv, false);
	while (s.helpers < needed && change_helpers(srv, true))
		s.helpers++;
	if (s.helpers < needed) {
		log_warnx("%u workers wait for nginx in the middle of requests "
			  "and there can be no more: closing a connection",
		    s.standing);
		cut(srv, longest(srv));
	}
	return (s.waiting > 0 || s.helpers > 0 ? WATCH_MS : IDLE_MS);
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
		for (i = 0; i < nslots(srv); i++)
			if (look(&srv->workers[i]))
				cut(srv, &srv->workers[i]);
		until = lck_now_ns() + WATCH_MS * NS_PER_MS;
	}
	for (i = 0; i < nslots(srv); i++)
		if (atomic_load(&srv->workers[i].life) != FREE)
			AZ(pthread_join(srv->workers[i].thread, NULL));
	free(srv->workers);
	srv->workers = NULL;
}
