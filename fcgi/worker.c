/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a worker. It takes a handful of ready connections at a
 * time and serves them one after the other: reads are answered at once, writes
 * are only queued. Then it drains the queue, so that all the writes of one
 * turn, its own and those of the other workers, become one engine write.
 */
#include "config.h"

#include <stddef.h>

#include "fcgi/conn.h"
#include "fcgi/request.h"
#include "fcgi/server.h"

/* More makes larger groups, and a longer wait for the last one of a turn. */
#define TURN_MAX 16

void *
worker_main(void *arg)
{
	struct server *srv = arg;
	struct conn *ready[TURN_MAX];
	unsigned i, n;
	bool accepting, draining;

	for (;;) {
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
