/* SPDX-License-Identifier: MIT */
/*
 * How many workers there are. As few as do the work: with each more the memory
 * of a request moves between processors, groups of writes get smaller, and
 * nginx, which needs more of the processors than the daemon does, is
 * interrupted more often. So one worker is always there, and main, who looks at
 * all of them every few milliseconds while there is work, starts others and
 * lets them end.
 *
 * When all are busy there are twice as many, up to the configured number: when
 * nearly all of the time since the last look they neither waited for
 * connections nor for a processor (Linux counts that), but computed or waited
 * for the disk, so that others would get more done.
 *
 * When one stands still, at the same place at several looks and not for want of
 * connections, it waits for a disk that is slow, or for a peer: libfcgi blocks,
 * so one that stops in the middle of a request, or does not take its answer,
 * holds a worker, with all that it has taken, until io_timeout_ms. (nginx does
 * not do that, unless it is stopped itself.) For each that stands still there
 * is another one, and one more; they first serve what those had taken. When
 * that would take more than EXTRA_WORKERS, the peer that has stood still for
 * the longest time is cut off.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/log.h"
#include "fcgi/server.h"
#include "fcgi/worker.h"

/* How often main looks: without work, and with. */
#define IDLE_MS 500
#define TICK_MS 20
#define NS_PER_MS 1000000LL
/* Looks at which one must be at the same place to stand still there: longer
 * than any usual request takes. */
#define STANDING_LOOKS 3
/* Part of the time, in percent, from which on workers are busy; and below which
 * the work of all would keep one less busy. */
#define BUSY_PCT 85
#define LAZY_PCT 60
/* Looks at which all must be busy, for a moment of it is no reason. */
#define BUSY_LOOKS 3

/* What main sees of all workers. */
struct sight {
	unsigned running; /* and not told to leave */
	unsigned standing;
	unsigned for_peers; /* of which for a peer */
	bool work;	    /* there was some since the last look */
	int64_t busy_ns;    /* of all that do not stand still, */
	int64_t least_ns;   /* and of the one with the least */
};

static bool
stands(const struct worker *w)
{
	return (w->looks >= STANDING_LOOKS - 1);
}

bool
tend_look(struct worker *w)
{
	unsigned now = atomic_load_explicit(&w->beat, memory_order_relaxed);

	if (now == w->seen && atomic_load(&w->life) == RUNNING &&
	    atomic_load(&w->idle_since) == 0)
		w->looks++;
	else
		w->looks = 0;
	w->seen = now;
	atomic_store(&w->standing, stands(w));
	return (stands(w));
}

static bool
for_peer(const struct worker *w)
{
	return (stands(w) && w->seen % 2 == 1);
}

void
tend_cut(struct server *srv, struct worker *w)
{
	lck_lock(&srv->mtx);
	/* Unchanged: it has not begun to free the connection. */
	if (for_peer(w) && atomic_load(&w->beat) == w->seen)
		conn_cut(atomic_load(&w->waits_for));
	lck_unlock(&srv->mtx);
}

/* Time that a worker has waited for connections. */
static int64_t
idle_time(struct worker *w, int64_t now)
{
	int64_t idle = atomic_load(&w->idle_ns);
	int64_t since = atomic_load(&w->idle_since);

	/* NB: the two may be of different moments; a tick makes up for it. */
	return (idle + (since == 0 ? 0 : now - since));
}

/* Time that a worker was ready to run, and had no processor. */
static int64_t
delay_time(struct worker *w)
{
	int fd = atomic_load(&w->schedstat);
	char text[64], *end;
	ssize_t n;

	/* "time on a processor, time in want of one, how often" */
	n = fd == -1 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return (0);
	text[n] = '\0';
	(void)strtoll(text, &end, 10);
	return (strtoll(end, NULL, 10));
}

/* How long a worker has computed, or waited for the disk, of the last "ns". */
static int64_t
busy_time(struct worker *w, int64_t now, int64_t ns)
{
	int64_t idle = idle_time(w, now), delay = delay_time(w);
	int64_t busy = ns - (idle - w->idle_was) - (delay - w->delay_was);

	w->idle_was = idle;
	w->delay_was = delay;
	return (busy < 0 ? 0 : busy > ns ? ns : busy);
}

static struct sight
look_at_all(struct server *srv, int64_t now, int64_t ns)
{
	struct sight s = {.least_ns = ns};
	struct worker *w;
	unsigned seen, i;
	int64_t busy;

	for (i = 0; i < worker_slots(srv); i++) {
		w = &srv->workers[i];
		if (atomic_load(&w->life) != RUNNING)
			continue;
		seen = w->seen;
		s.standing += tend_look(w);
		s.for_peers += for_peer(w);
		s.work = s.work || w->seen != seen || w->looks > 0;
		s.running += !atomic_load(&w->leave);
		busy = busy_time(w, now, ns);
		if (!stands(w)) {
			s.busy_ns += busy;
			s.least_ns = busy < s.least_ns ? busy : s.least_ns;
		}
	}
	return (s);
}

/* Sets how many are wanted beside those that stand still. */
static void
adapt(struct server *srv, const struct sight *s, int64_t now, int64_t ns)
{
	unsigned most = srv->conf->workers;

	if (s->least_ns * 100 > ns * BUSY_PCT && s->standing < s->running)
		srv->busy_looks++;
	else
		srv->busy_looks = 0;
	if (srv->busy_looks >= BUSY_LOOKS && srv->wanted < most) {
		srv->wanted = 2 * srv->wanted < most ? 2 * srv->wanted : most;
		srv->busy_looks = 0;
	}
	if (srv->wanted == 1 ||
	    s->busy_ns * 100 > ns * LAZY_PCT * (srv->wanted - 1))
		srv->wanted_ns = now;
	else if (now - srv->wanted_ns > LINGER_NS) {
		srv->wanted--;
		srv->wanted_ns = now;
	}
}

/* Lets one end that does not stand still; never the first. */
static void
send_one_away(struct server *srv)
{
	struct worker *w = srv->workers + worker_slots(srv) - 1;

	for (; w > srv->workers; w--)
		if (atomic_load(&w->life) == RUNNING && !stands(w) &&
		    !atomic_exchange(&w->leave, true))
			return;
}

/* The one that has waited for a peer the longest, or NULL. */
static struct worker *
longest(struct server *srv)
{
	struct worker *w, *found = NULL;
	unsigned i;

	for (i = 0; i < worker_slots(srv); i++) {
		w = &srv->workers[i];
		if (for_peer(w) && (found == NULL || w->looks > found->looks))
			found = w;
	}
	return (found);
}

/* Brings their number to what is needed. */
static void
staff(struct server *srv, const struct sight *s, int64_t now)
{
	unsigned needed = srv->wanted, running = s->running;
	struct worker *w;

	/* One for each, and one more to take over what they had taken: the
	 * first may wait for connections without end. */
	if (s->standing > 0)
		needed += s->standing + 1;
	if (s->for_peers > 0 && !srv->told)
		log_warnx("%u workers wait for nginx in the middle of "
			  "requests: others help out",
		    s->for_peers);
	srv->told = s->for_peers > 0;
	while (running < needed && worker_start(srv))
		running++;
	w = running < needed ? longest(srv) : NULL;
	if (w != NULL) {
		log_warnx("%u workers wait for nginx in the middle of requests "
			  "and there can be no more: closing a connection",
		    s->for_peers);
		tend_cut(srv, w);
	}
	if (running <= needed)
		srv->staffed_ns = now;
	else if (now - srv->staffed_ns > LINGER_NS)
		send_one_away(srv);
}

unsigned
workers_tend(struct server *srv)
{
	int64_t now = lck_now_ns(), ns = now - srv->looked_ns;
	struct sight s;

	/* A signal came in between. */
	if (ns < TICK_MS * NS_PER_MS / 2)
		return (TICK_MS);
	srv->looked_ns = now;
	worker_join(srv);
	s = look_at_all(srv, now, ns);
	adapt(srv, &s, now, ns);
	staff(srv, &s, now);
	if (s.work || s.running > 1)
		return (TICK_MS);
	atomic_store(&srv->main_sleeps, true);
	return (IDLE_MS);
}
