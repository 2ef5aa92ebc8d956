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
	struct skv *db;
	int listen_fd;
	int epoll_fd; /* the listener, every parked connection, stop_fd */
	int stop_fd;  /* eventfd, readable from the beginning of the drain */
	int64_t start_ns;

	atomic_bool draining;
	atomic_bool accept_paused; /* the listener is not watched */
	atomic_bool refusing;	   /* at max_connections, and it was logged */
	atomic_uint nconns;
	atomic_uint inflight; /* requests begun and not finished */
	atomic_uint ntasks;   /* threads of task.c */
	struct metrics *metrics;

	struct lck mtx;	    /* guards the list */
	struct conn *conns; /* all connections, linked through their heads */
};

/* worker.c: the life of a worker thread; "arg" is the server. */
void *worker_main(void *arg);

#endif
