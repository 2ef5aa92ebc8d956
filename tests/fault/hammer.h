/* SPDX-License-Identifier: MIT */
/*
 * Private to the program hammer: clients that write and read the same few keys
 * through nginx (client.c) and record what they did and saw, and a main thread
 * that kills the daemon meanwhile (hammer.c).
 *
 * 1. Keys come in groups of GROUP, and what touches several keys stays within
 *    one group: linear.py checks each group apart.
 * 2. Every value tells its key, writer, number and length, and every other byte
 *    of it follows from these and the seed, so that a wrong one shows.
 */
#ifndef FAULT_HAMMER_H
#define FAULT_HAMMER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/lck.h"
#include "tests/fault/http.h"

enum {
	GROUP = 3,
	GROUPSMAX = 64,
	KEYSMAX = GROUP * GROUPSMAX,
	CLIENTSMAX = 64
};

/* A value: its writer and number there. */
typedef uint64_t token_t;
#define ABSENT 0ULL
#define PRESENT UINT64_MAX /* in a condition: any value */

struct hammer {
	/* Constant after the start. */
	const char *sockets[8];
	unsigned nsockets;
	uint64_t seed;
	unsigned groups;
	unsigned nclients;
	unsigned long requests;
	unsigned long kills;
	unsigned large; /* one value in so many is large; 0: none */
	int64_t patience_ns;
	int64_t end_ns; /* 0: no limit of time */

	atomic_ulong sent;
	atomic_ulong kill_at; /* when so many were sent; 0: not yet */
	atomic_bool stop;
	atomic_ulong nunknown;
	atomic_ulong nrefused;

	struct lck mtx; /* guards everything below */
	struct lck_cond killing;
	bool kill_now;
	FILE *history;
	unsigned long recorded;
};

struct client {
	struct hammer *h;
	unsigned number; /* from 1 */
	uint32_t seq;
	uint64_t random;
	struct http http;
	/* What it saw last. */
	token_t seen[KEYSMAX];
	char etag[KEYSMAX][80];
};

void client_init(struct client *, struct hammer *, unsigned number);
void client_release(struct client *);
/* Requests until there have been enough. The argument is a client. */
void *client_main(void *);
/* Reads all keys. */
void client_read_all(struct client *);
/* Whether the daemon answers and is ready. */
bool client_ready(struct client *);
unsigned client_random(struct client *, unsigned below);

/* A promise is broken: says so and ends the process with status 1. */
__attribute__((noreturn, format(printf, 1, 2))) void violation(const char *,
    ...);

#endif
