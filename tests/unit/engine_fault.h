/* SPDX-License-Identifier: MIT */
/*
 * A test double: an engine that passes every call on to a real one, counts
 * them, lets a chosen one fail, and holds a chosen one until the test says so.
 */
#ifndef TESTS_ENGINE_FAULT_H
#define TESTS_ENGINE_FAULT_H

#include "store/engine.h"

enum fault_call {
	FAULT_GET,
	FAULT_BATCH,
	FAULT_WRITE,
	FAULT_BARRIER,
	/* Of a shared engine: */
	FAULT_BEGIN,
	FAULT_READ,
	FAULT_GUARD,

	FAULT_ITER_NEW,
	FAULT_ITER_MOVE,
	FAULT_CALLS
};

/*
 * For fx_open: the engine of the URL, wrapped. It claims to be persistent, so
 * that everything about durability can be seen on all engines.
 */
enum skv_err fault_open(const char *url, const struct skv_options *,
    struct skv_errinfo *, struct skv **ret);

/*
 * The same, as an engine that others write to as well. "between" is called
 * with every second and later attempt at a group: it may be such another.
 */
enum skv_err fault_open_shared(const char *url, const struct skv_options *,
    struct skv_errinfo *, struct skv **ret);
extern void (*fault_between)(const struct engine_ops *, struct engine *);

/*
 * Lets the n-th such call from now fail, once; of an iterator, among those of
 * the calling thread. A write that fails late has had its effect.
 */
void fault_arm(enum fault_call, unsigned nth, enum skv_err, bool late);
/* Whether the armed fault has happened. */
bool fault_fired(void);
/* The number of such calls since opening. */
unsigned fault_count(enum fault_call);

/* Lets the next such call wait for fault_go(). */
void fault_hold(enum fault_call);
/* Waits until it does, which must not be for ever. */
void fault_wait_held(void);
void fault_go(void);

/* What the engine says that it has yet to put in order; 0 at first. */
void fault_backlog(unsigned);

/*
 * The bytes that are free on its disk, without end at first; what it is asked
 * to reserve is taken from there.
 */
void fault_space(uint64_t);
/* What it keeps in reserve. */
uint64_t fault_reserve(void);

#endif
