/* SPDX-License-Identifier: MIT */
/*
 * Private to fcgi/: what the daemon's threads share. Made by main.c before any
 * other thread exists.
 */
#ifndef FCGI_SERVER_H
#define FCGI_SERVER_H

#include <stdatomic.h>

#include "base/lck.h"
#include "fcgi/conf.h"
#include "store/scribekv.h"

struct conn;
struct metrics;

struct server {
	/* Constant once the workers run. */
	const struct conf *conf;
	int listen_fd;
	int epoll_fd; /* the listener, every parked connection, stop_fd */
	int stop_fd;  /* eventfd, readable from the beginning of the drain */
	int64_t start_ns;

	struct skv *db; /* changes while the workers are paused */
	atomic_bool draining;
	atomic_bool pausing; /* workers are to stand still, see below */
	atomic_bool accept_paused; /* the listener is not watched */
	atomic_bool refusing;	   /* at max_connections, and it was logged */
	atomic_uint nconns;
	atomic_uint inflight; /* requests begun and not finished */
	atomic_uint ntasks;   /* threads of task.c */
	struct metrics *metrics;

	struct lck mtx;	    /* guards everything below */
	struct conn *conns; /* all connections, linked through their heads */
	unsigned npaused;   /* workers that stand still */
	struct lck_cond paused;	 /* npaused has grown */
	struct lck_cond resumed; /* pausing has ended */
};

/* worker.c: the life of a worker thread; "arg" is the server. */
void *worker_main(void *arg);
/* Makes the workers serve what is ready and then end. */
void workers_drain(struct server *);
/*
 * Makes all workers stand still between requests, and go on again. The second
 * may be called whatever became of the first.
 */
void workers_pause(struct server *);
void workers_resume(struct server *);

#endif
