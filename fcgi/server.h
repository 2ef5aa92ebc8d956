/* SPDX-License-Identifier: MIT */
/*
 * Private to fcgi/: what the daemon's threads share. Made by main.c before any
 * other thread exists.
 */
#ifndef FCGI_SERVER_H
#define FCGI_SERVER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/lck.h"
#include "fcgi/conf.h"
#include "store/scribekv.h"

struct conn;
struct metrics;
struct worker;

struct server {
	/* Constant once the workers run. */
	const struct conf *conf;
	int listen_fd;
	int epoll_fd; /* the listener, every parked connection, stop_fd */
	int stop_fd;  /* eventfd, readable from the beginning of the drain */
	int64_t start_ns;

	struct skv *db; /* changes while the workers are paused */
	atomic_bool draining;
	atomic_bool pausing;	   /* workers are to stand still, see below */
	atomic_bool accept_paused; /* the listener is not watched */
	atomic_bool refusing;	   /* at max_connections, and it was logged */
	atomic_uint nconns;
	atomic_uint inflight; /* requests begun and not finished */
	atomic_uint ntasks;   /* threads of task.c */
	struct metrics *metrics;

	/* Of worker.c: constant once the first runs. */
	struct worker *workers;
	pthread_t main_thread;
	unsigned turn_max;	 /* connections taken at a time */
	atomic_bool main_sleeps; /* and is to be woken when there is work */

	/* Of tend.c, for main alone. */
	unsigned wanted;     /* workers, beside those that stand still */
	unsigned busy_looks; /* at which all were busy, in a row */
	bool told;	     /* that some wait for peers */
	int64_t looked_ns;   /* the last look */
	int64_t wanted_ns;   /* when that many were last needed, */
	int64_t staffed_ns;  /* and that many with others for those standing */

	struct lck mtx;	       /* guards everything below */
	struct conn *conns;    /* all connections, linked through their heads */
	unsigned nworkers;     /* worker threads that live */
	unsigned npaused;      /* and those that pause */
	struct lck_cond fewer; /* of the workers run */
	struct lck_cond resumed; /* pausing has ended */
};

/*
 * worker.c: the worker threads. All of these are for main alone. Starts the
 * first; a failure is logged, and to be followed by workers_stop().
 */
bool workers_start(struct server *);
/*
 * Looks at the workers, and starts others or lets some end (tend.c). To be
 * called all the time; returns after how many milliseconds, or when the signal
 * comes that a worker sends to main when there is work again.
 */
#define SERVER_WAKES_MAIN SIGUSR1
unsigned workers_tend(struct server *);
/*
 * Makes the workers serve what is ready and end. Who still waits for a peer
 * after "ms" waits no longer.
 */
void workers_stop(struct server *, uint32_t ms);
/*
 * Makes all workers stand still between requests, and go on again. The second
 * may be called whatever became of the first.
 */
void workers_pause(struct server *);
void workers_resume(struct server *);
/*
 * Around each call that may wait for the peer of a connection, by any thread.
 */
void worker_waits(struct conn *);
void worker_goes_on(void);

#endif
