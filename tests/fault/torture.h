/* SPDX-License-Identifier: MIT */
/*
 * Private to the torture program: a parent that brings about faults
 * (test_*.c, chosen by torture.c) while its children work on a store
 * (workload.c), and then opens and judges what is left (place.c).
 */
#ifndef FAULT_TORTURE_H
#define FAULT_TORTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/fault/history.h"

enum {
	PATHLEN = 256
};
/* Exit statuses of a child beside 0. */
enum {
	WORK_VIOLATION = 3,
	WORK_OPEN = 4,
	WORK_BROKEN = 5,
	WORK_CLOSE = 6
};

/* What a child is told; the fields are its command line, in this order. */
struct work {
	uint64_t seed;
	uint32_t base[WRITERS];
	uint32_t ntxns;	   /* of each writer */
	uint32_t sessions; /* how often the store is opened */
	uint32_t interval; /* sync_interval_ms */
	uint32_t unlatch;  /* puts a known fault back: goes on after errors */
};

/* The options that workload and judge open a store with. */
void store_options(struct skv_options *, uint32_t interval);
/* The child's main program. */
int workload(const char *db, const char *log, const struct work *);

/* A place to work in: a directory with "db", "out" and "log". */
struct place {
	char top[PATHLEN];
	char db[PATHLEN];
	char out[PATHLEN];
	char log[PATHLEN];
};

/* What the stand-in for the disk is told; see powerloss.h. */
struct disk {
	uint64_t seed;
	unsigned images;
	char fail[64]; /* empty: nothing fails */
};

struct child {
	pid_t pid;
	int fd; /* its standard error */
};

/* Makes it in memory if there is room, for syncs of the judge to be quick. */
bool place_make(struct place *);
void place_remove(struct place *);
/* Empties "out" and "log", and "db" too if it is to be new. */
void place_clear(struct place *, bool all);
bool copy_file(const char *from, const char *to);
bool copy_dir(const char *from, const char *to);
void remove_dir(const char *path);

/* "disk" NULL: without a stand-in, for which $POWERLOSS_SO names the file. */
struct child child_start(const struct place *, const struct work *,
    const struct disk *);
/*
 * Waits, for 10 s without and then kills it. Says how it ended, if badly;
 * returns WORK_OPEN or WORK_CLOSE if the store could not be opened or closed,
 * otherwise 0.
 */
int child_wait(struct child, struct verdict *);
/* SIGKILL, whatever it is doing. */
void child_kill(struct child);

/*
 * Opens what is left in "db" and judges it, and whether one can go on from
 * there. *found may be NULL.
 */
void judge(const char *db, const struct history *, struct verdict *);

/* ----------------------------------------------------------------- runs -- */

/* One run of one kind of test. */
struct run {
	uint64_t seed;	     /* as given or chosen; printed */
	uint64_t random;     /* goes on from there */
	unsigned long count; /* how many faults are wanted */
	int64_t end_ns;	     /* no more after this time; 0: none */
	/* A known fault was put back that leads to this: ends when that was
	 * found, and minds nothing else. */
	enum violation expect;
	bool unlatch; /* that one is in the child */

	struct place place;
	struct history history;
	unsigned long done;
	unsigned long violated;
};

/* Whether another one is wanted. */
bool run_more(const struct run *);
unsigned run_random(struct run *, unsigned below);
/*
 * Counts and prints a violation, if there is one, with what led to it;
 * "evidence" (NULL: none) is a directory to keep. False if there was one.
 */
bool run_judged(struct run *, const struct verdict *, const char *evidence,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/*
 * Judges the images in "out", which count if "counts"; the last that was good
 * is left in "db" if "go_on". Returns how many there were and in how many
 * something was lost.
 */
struct images {
	unsigned long made;
	unsigned long lossy;
};
struct images judge_images(struct run *, bool go_on, const char *what);

/* The tests; they print what they have done. */
void test_powerloss(struct run *);
void test_faults(struct run *);
void test_kill(struct run *);
void test_bitflip(struct run *);

#endif
