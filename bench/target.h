/* SPDX-License-Identifier: MIT */
/*
 * Private to bench/: what store.c measures. A target is opened in a directory
 * that need not exist yet; failure ends the program, so nothing is returned.
 * One thread uses it.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/* A key and a value; both are of fixed length, without an end mark. */
#define KEYLEN 10
#define VALUELEN 10
struct pair {
	char key[KEYLEN];
	char value[VALUELEN];
};

struct target {
	const char *name;
	bool temporary; /* gone when it is closed */
	void *(*open)(const char *dir);
	/* Writes "n" pairs as one batch, durably if "sync". */
	void (*put)(void *, const struct pair *, unsigned n, bool sync);
	/* Reads a key that is there. NULL: cannot read. */
	void (*get)(void *, const struct pair *);
	/* Makes durable what was put. */
	void (*sync)(void *);
	/* Asks for that without waiting. NULL: cannot. */
	void (*sync_submit)(void *);
	void (*close)(void *);
};

/* target_*.c */
extern const struct target target_skv, target_temp;
extern const struct target target_leveldb;
extern const struct target target_file;

_Noreturn void die(const char *what, const char *why);

#endif
