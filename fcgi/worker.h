/* SPDX-License-Identifier: MIT */
/*
 * Private to worker.c, which is what a worker does, and tend.c, which is how
 * many there are. Main alone calls the functions of tend.c, and starts and ends
 * workers.
 */
#ifndef FCGI_WORKER_H
#define FCGI_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct conn;
struct server;

/* Connections taken at a time. More makes larger groups, and a longer wait for
 * the last one of a turn. */
#define TURN_MAX 16
/* Workers beyond the configured number, in place of those that stand still. */
#define EXTRA_WORKERS 16
/* How long workers stay when fewer are needed. */
#define LINGER_NS INT64_C(1000000000)

enum {
	FREE,
	RUNNING,
	ENDED
};

struct worker {
	unsigned magic;
	struct server *server;
	/* Set by main when it starts the thread, ENDED by that as its last
	 * act; then main joins it and sets FREE. */
	atomic_int life;
	pthread_t thread;
	atomic_bool leave;    /* it is not needed any more */
	atomic_bool standing; /* so main saw it: others may take its work */

	/* Written by the worker alone, relaxed: main sees them late, not torn.
	 */
	_Alignas(64) atomic_uint beat;	  /* odd while it waits for a peer */
	_Atomic(struct conn *) waits_for; /* while odd */
	_Atomic int64_t idle_since; /* waits for connections; 0: it works */
	_Atomic int64_t idle_ns;    /* has so waited, before that */
	atomic_int schedstat;	    /* descriptor of its file; -1: none */

	/* What it has taken in this turn: the number of the turn, which one is
	 * to be served next, how many there are; see take(). */
	_Atomic uint64_t turn;
	_Atomic(struct conn *) ready[TURN_MAX];

	/* Main's alone. */
	unsigned seen;	   /* beat at the last look */
	unsigned looks;	   /* at which it was the same, and it was not idle */
	int64_t idle_was;  /* time spent idle, and in want of a processor, */
	int64_t delay_was; /* at the last look */
};

/* How many there may be at a time. */
unsigned worker_slots(const struct server *);
/* Starts the first that is free; false when that cannot be. */
bool worker_start(struct server *);
/* Joins those that have ended. */
void worker_join(struct server *);

/* Looks at one worker: whether it has stood still since the last look. */
bool tend_look(struct worker *);
/* Ends the wait for a peer of a worker if it is still the one that main saw. */
void tend_cut(struct server *, struct worker *);

#endif
