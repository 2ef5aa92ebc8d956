/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a worker. It takes a handful of ready connections at a
 * time and serves them one after the other: reads are answered at once, writes
 * are only queued. Then it drains the queue, so that all the writes of one
 * turn, its own and those of the other workers, become one engine write.
 */
#include "config.h"

#include <stddef.h>
#include <unistd.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/request.h"
#include "fcgi/server.h"

/* More makes larger groups, and a longer wait for the last one of a turn. */
#define TURN_MAX 16

/* Makes every worker leave its wait for connections, until it is undone. */
static void
wake_workers(struct server *srv)
{
	const uint64_t one = 1;

	CHECK(write(srv->stop_fd, &one, sizeof(one)) == sizeof(one));
}

void
workers_drain(struct server *srv)
{
	atomic_store(&srv->draining, true);
	wake_workers(srv);
}

void
workers_pause(struct server *srv)
{
	atomic_store(&srv->pausing, true);
	wake_workers(srv);
	lck_lock(&srv->mtx);
	while (srv->npaused < srv->conf->workers)
		lck_cond_wait(&srv->paused, &srv->mtx);
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

static void
stand_still(struct server *srv)
{
	lck_lock(&srv->mtx);
	srv->npaused++;
	lck_cond_signal(&srv->paused);
	while (atomic_load(&srv->pausing))
		lck_cond_wait(&srv->resumed, &srv->mtx);
	srv->npaused--;
	lck_unlock(&srv->mtx);
}

void *
worker_main(void *arg)
{
	struct server *srv = arg;
	struct conn *ready[TURN_MAX];
	unsigned i, n;
	bool accepting, draining;

	for (;;) {
		if (atomic_load(&srv->pausing))
			stand_still(srv);
		draining = atomic_load(&srv->draining);
		n = conn_ready(srv, ready, TURN_MAX, draining ? 0 : -1,
		    &accepting);
		if (draining && n == 0)
			break;
		if (accepting && !draining)
			conn_accept(srv);
		for (i = 0; i < n; i++)
			if (conn_begin(ready[i]))
				request_serve(ready[i]);
		skv_drain(srv->db);
	}
	return (NULL);
}
