/* SPDX-License-Identifier: MIT */
/*
 * Private to the torture program: what was written to a store, what was said
 * about it, and whether what is found in the store afterwards agrees.
 *
 * 1. A few writers each change keys of their own. What a writer's transaction
 *    number "seq" (from 1) does is a function of seed, writer and seq, so that
 *    nothing about it needs to be recorded. Every value tells key, writer, seq
 *    and a checksum, and is compared byte by byte with what it must be.
 * 2. A log outside of the store has a record of every submission before it is
 *    made and of every answer after it was given.
 * 3. Found again, each writer's keys must be as after one of its transactions,
 *    no earlier than what was promised and no later than what was submitted,
 *    and all writers' keys together as after one revision: a prefix without
 *    holes, in which every transaction is whole.
 */
#ifndef FAULT_HISTORY_H
#define FAULT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/scribekv.h"

enum {
	WRITERS = 4,
	KEYS = 12,
	ACTSMAX = 5,
	KEYLEN = 16,
	VALUEMAX = 100000
};

struct act {
	unsigned key;
	bool del;
	size_t len;
};

struct plan {
	bool sync;
	unsigned nacts;
	struct act acts[ACTSMAX]; /* on different keys */
};

void plan_make(struct plan *, uint64_t seed, unsigned writer, uint32_t seq);
size_t key_make(char key[KEYLEN], unsigned writer, unsigned key_number);
void value_make(char *value, uint64_t seed, unsigned writer, uint32_t seq,
    unsigned key, size_t len);

enum rec_type {
	REC_SUBMIT = 1,
	REC_ACK,     /* "value" is the revision */
	REC_DURABLE, /* the same, and it survives a loss of power */
	REC_FAILED,  /* the outcome is unknown */
	REC_REFUSED, /* it had no effect */
	/* What was acknowledged before record number "value" is durable. */
	REC_BARRIER,
	REC_UNREAD, /* a read failed */
	/* What the store does from here on: it opens; it serves; it is
	 * written to for the last time; it closes, and all is durable. */
	REC_OPENING,
	REC_SERVING,
	REC_LAST,
	REC_CLOSING,
};

struct rec {
	uint8_t type;
	uint8_t writer;
	uint16_t zero;
	uint32_t seq;
	uint64_t value;
};

enum violation {
	V_NONE,
	V_LOST,	    /* an acknowledged write is gone */
	V_HOLE,	    /* a later write is there and an earlier one is not */
	V_TORN,	    /* a transaction is there in part */
	V_WRONG,    /* a value that was never written to this key */
	V_REVISION, /* a revision was given twice */
	V_OPEN,	    /* the store does not open, or does not work afterwards */
	V_LATCH,    /* acknowledged after a failed write */
	V_SILENT,   /* a call failed, and nobody was told */
	V_HANG,
	V_DIED,
	NVIOLATIONS
};
/* Their names, as above. */
extern const char *const violations[NVIOLATIONS];

struct verdict {
	enum violation what;
	char text[400];
	/* How far each writer's transactions are in the store. */
	uint32_t upto[WRITERS];
};

struct history {
	uint64_t seed;
	uint32_t base[WRITERS]; /* how far they were at the log's beginning */
	struct rec *recs;
	size_t n;
	/* Records made by the time of the event to judge. */
	size_t moment;
	/* It was a loss of power; otherwise the end of the process. */
	bool power;
};

/* Reads a log; replaces an earlier one. */
bool history_load(struct history *, const char *path);

/* What was found of each writer's keys: 0 is absent. */
struct found {
	uint32_t seq[WRITERS][KEYS];
	uint64_t revision[WRITERS][KEYS];
};

/*
 * Takes a value in; false if it was never written, of which "v" tells. Keys
 * that are nobody's must be called "after...".
 */
bool found_add(struct found *, uint64_t seed, const void *key, size_t keylen,
    const struct skv_value *, struct verdict *v);

/* Judges what was found. */
void history_judge(const struct history *, const struct found *,
    struct verdict *);
/* Whether an answer was given that must not have been. */
void history_judge_latch(const struct history *, struct verdict *);
/* The greatest revision given by the moment. */
uint64_t history_revision(const struct history *);
/* What a writer's keys are after its transactions up to "seq". */
void history_state(uint64_t seed, unsigned writer, uint32_t seq,
    uint32_t ret[KEYS]);

void verdict_set(struct verdict *, enum violation, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
