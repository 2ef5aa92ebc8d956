/* SPDX-License-Identifier: MIT */
/*
 * The library in one process and one thread, against LevelDB's C API and a
 * plain file in the same loops. Targets take turns, each test in a store of its
 * own; the first round warms up and is not printed. A line a result, as in
 * results.csv: test, target, nothing, round, metric, value.
 *
 * usage: store DIRECTORY ROUNDS [TEST...]
 */
#include "config.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lck.h"
#include "bench/target.h"

#define BATCH 100
#define NPAIRS 200000U	  /* of the sustained tests; the greatest number */
#define REPEAT_UPTO 1000U /* operations of a round of a short test */

static struct pair *pairs;

/* A test at work. */
struct run {
	const struct target *t;
	void *h;
	unsigned n;
	int64_t blocked_ns; /* in calls that ask for a sync */
	unsigned nsyncs;    /* such calls */
};

_Noreturn void
die(const char *what, const char *why)
{
	errx(EXIT_FAILURE, "%s: %s", what, why);
}

/* Pair "i", in an order that is not that of the keys. */
static void
make_pair(struct pair *p, unsigned i)
{
	char text[KEYLEN + 1];

	/* 7919 is prime to NPAIRS: each number comes once. */
	(void)snprintf(text, sizeof(text), "k%09u",
	    (unsigned)((uint64_t)i * 7919 % NPAIRS));
	memcpy(p->key, text, KEYLEN);
	(void)snprintf(text, sizeof(text), "v%09u", i);
	memcpy(p->value, text, VALUELEN);
}

/* ------------------------------------------------------------- the tests -- */

static void
test_put(struct run *r)
{
	unsigned i;

	for (i = 0; i < r->n; i += BATCH)
		r->t->put(r->h, pairs + i, BATCH, false);
}

static void
test_get(struct run *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		r->t->get(r->h, pairs + i);
}

/* Half of each hundred is put, as one batch, and half is read. */
static void
test_mixed(struct run *r)
{
	unsigned i, j;

	for (i = 0; i < r->n; i += BATCH) {
		r->t->put(r->h, pairs + i, BATCH / 2, false);
		for (j = 0; j < BATCH / 2; j++)
			r->t->get(r->h, pairs + i + j);
	}
}

static void
test_put_sync(struct run *r)
{
	test_put(r);
	r->t->sync(r->h);
}

static void
test_mixed_sync(struct run *r)
{
	test_mixed(r);
	r->t->sync(r->h);
}

static void
test_single_async(struct run *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		r->t->put(r->h, pairs + i, 1, false);
}

static void
test_single_sync(struct run *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		r->t->put(r->h, pairs + i, 1, true);
}

/*
 * As programs do it that think of nothing: one put at a time, a sync after 50
 * of them, keys made on the way; their table entry has the store opened and
 * closed within the time that is measured.
 */
static void
test_naive_put(struct run *r)
{
	struct pair p;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		make_pair(&p, i);
		r->t->put(r->h, &p, 1, false);
		if (i % 50 == 49)
			r->t->sync(r->h);
	}
}

static void
test_naive_get(struct run *r)
{
	struct pair p;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		make_pair(&p, i);
		r->t->get(r->h, &p);
	}
}

static void
test_naive_mixed(struct run *r)
{
	struct pair p;
	unsigned i;

	for (i = 0; i < r->n; i += 2) {
		make_pair(&p, i);
		r->t->put(r->h, &p, 1, false);
		r->t->get(r->h, &p);
		if (i % 100 == 98)
			r->t->sync(r->h);
	}
}

/* Batches, and after ten of them a sync by "sync". */
static void
put_and_sync(struct run *r, void (*sync)(void *))
{
	unsigned i;

	for (i = 0; i < r->n; i += BATCH) {
		r->t->put(r->h, pairs + i, BATCH, false);
		if (i / BATCH % 10 < 9)
			continue;
		r->blocked_ns -= lck_now_ns();
		sync(r->h);
		r->blocked_ns += lck_now_ns();
		r->nsyncs++;
	}
}

static void
test_sync_wait(struct run *r)
{
	put_and_sync(r, r->t->sync);
}

static void
test_sync_submit(struct run *r)
{
	put_and_sync(r, r->t->sync_submit);
}

#define READS 1	  /* for targets that can */
#define PREPARE 2 /* what is read is put in before */
#define OPENING 4 /* the time of opening and closing counts; not temporary */
#define SUBMITS 8 /* for targets that can */

#define SIZES(n) \
	{"put-" #n, test_put_sync, n, 0}, \
	    {"get-" #n, test_get, n, READS | PREPARE}, \
	{ \
		"mixed-" #n, test_mixed_sync, n, READS \
	}

static const struct {
	const char *name;
	void (*fn)(struct run *);
	unsigned n;
	unsigned flags;
} tests[] = {
    {"put", test_put, NPAIRS, 0},
    {"get", test_get, NPAIRS, READS | PREPARE},
    {"mixed", test_mixed, NPAIRS, READS},
    SIZES(100),
    SIZES(1000),
    SIZES(5000),
    SIZES(10000),
    {"naive-put-100", test_naive_put, 100, OPENING},
    {"naive-put", test_naive_put, 10000, OPENING},
    {"naive-get", test_naive_get, 10000, READS | PREPARE | OPENING},
    {"naive-mixed", test_naive_mixed, 10000, READS | OPENING},
    {"single-async", test_single_async, 50000, 0},
    {"single-sync", test_single_sync, 500, 0},
    {"sync-wait", test_sync_wait, 100000, 0},
    {"sync-submit", test_sync_submit, 100000, SUBMITS},
};

#define NTESTS (sizeof(tests) / sizeof(tests[0]))

static const struct target *const targets[] = {&target_skv, &target_leveldb,
    &target_temp, &target_file};

#define NTARGETS (sizeof(targets) / sizeof(targets[0]))

/* ------------------------------------------------------------- measuring -- */

/* Nanoseconds of one run, in a directory of its own. */
static int64_t
measure_once(struct run *r, size_t test, const char *dir)
{
	static unsigned count;
	char sub[4096];
	int64_t ns;
	int n = snprintf(sub, sizeof(sub), "%s/%u", dir, count++);

	if (n < 0 || (size_t)n >= sizeof(sub))
		die(dir, "too long");
	r->n = tests[test].n;
	if (tests[test].flags & PREPARE) {
		r->h = r->t->open(sub);
		test_put(r);
		if (tests[test].flags & OPENING)
			r->t->close(r->h);
	}
	ns = -lck_now_ns();
	if ((tests[test].flags & (PREPARE | OPENING)) != PREPARE)
		r->h = r->t->open(sub);
	if (!(tests[test].flags & OPENING))
		ns = -lck_now_ns();
	tests[test].fn(r);
	if (!(tests[test].flags & OPENING))
		ns += lck_now_ns();
	r->t->close(r->h);
	if (tests[test].flags & OPENING)
		ns += lck_now_ns();
	return (ns);
}

/* One result; short tests are repeated. */
static void
measure(const struct target *t, size_t test, const char *dir, unsigned round)
{
	struct run r = {.t = t};
	unsigned n, total = 0;
	int64_t ns = 0;

	if (((tests[test].flags & READS) && t->get == NULL) ||
	    ((tests[test].flags & OPENING) && t->temporary) ||
	    ((tests[test].flags & SUBMITS) && t->sync_submit == NULL))
		return;
	do {
		ns += measure_once(&r, test, dir);
		n = tests[test].n;
		total += n;
	} while (total + n <= REPEAT_UPTO);
	if (round == 0)
		return;
	(void)printf("%s,%s,,%u,per_s,%.0f\n", tests[test].name, t->name, round,
	    total * 1e9 / (double)ns);
	(void)printf("%s,%s,,%u,us,%.3f\n", tests[test].name, t->name, round,
	    (double)ns / total / 1e3);
	if (r.nsyncs > 0)
		(void)printf("%s,%s,,%u,blocked_us,%.1f\n", tests[test].name,
		    t->name, round, (double)r.blocked_ns / r.nsyncs / 1e3);
}

static bool
chosen(const char *name, char *const *list)
{
	char *const *p;

	for (p = list; *p != NULL; p++)
		if (strcmp(*p, name) == 0)
			return (true);
	return (*list == NULL);
}

int
main(int argc, char **argv)
{
	unsigned rounds, round, t, i;

	if (argc < 3 || sscanf(argv[2], "%u", &rounds) != 1)
		errx(EXIT_FAILURE, "usage: store DIRECTORY ROUNDS [TEST...]");
	pairs = calloc(NPAIRS, sizeof(*pairs));
	if (pairs == NULL)
		die("pairs", "out of memory");
	for (i = 0; i < NPAIRS; i++)
		make_pair(&pairs[i], i);
	for (round = 0; round <= rounds; round++)
		for (i = 0; i < NTESTS; i++)
			for (t = 0; t < NTARGETS; t++)
				/* Nobody is always the first. */
				if (chosen(tests[i].name, argv + 3))
					measure(targets[(t + round) % NTARGETS],
					    i, argv[1], round);
	free(pairs);
	return (EXIT_SUCCESS);
}
