/* SPDX-License-Identifier: MIT */
/*
 * torture: brings about faults, thousands of them, and checks after each that
 * the store has kept its promises.
 *
 *	torture powerloss|faults|kill|bitflip [--count N] [--seed S]
 *	    [--seconds N] [--expect VIOLATION] [--unlatch]
 *
 * Ends with 0 if no promise was broken, and 1 otherwise; the other way round
 * with --expect, for stores that have a known fault put back. 77:
 * this build cannot do it. With the same seed the same faults are planned;
 * threads may meet them at other moments, so what a violation is about is kept.
 */
#include "config.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/lck.h"
#include "tests/fault/torture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const struct {
	const char *name;
	void (*test)(struct run *);
	unsigned long count; /* by default */
	bool preload;	     /* needs a library before the sanitizers' */
} tests[] = {
    {"powerloss", test_powerloss, 1000, true},
    {"faults", test_faults, 300, true},
    {"kill", test_kill, 50, false},
    {"bitflip", test_bitflip, 200, false},
};

#define NTESTS (sizeof(tests) / sizeof(tests[0]))

unsigned
run_random(struct run *r, unsigned below)
{
	r->random = r->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((unsigned)((r->random >> 33) % below));
}

bool
run_more(const struct run *r)
{
	if (r->expect != V_NONE && r->violated > 0)
		return (false);
	if (r->end_ns != 0)
		return (lck_now_ns() < r->end_ns);
	return (r->done < r->count);
}

/* Copies the evidence to where it is not removed. */
static void
keep(const struct run *r, const char *evidence)
{
	char name[] = "/tmp/skv-violation.XXXXXX", to[PATHLEN];

	if (mkdtemp(name) == NULL)
		return;
	(void)snprintf(to, sizeof(to), "%s/log", name);
	if (copy_file(r->place.log, to))
		printf("  kept in %s\n", to);
	(void)snprintf(to, sizeof(to), "%s/image", name);
	if (copy_dir(evidence, to))
		printf("  kept in %s\n", to);
}

bool
run_judged(struct run *r, const struct verdict *v, const char *evidence,
    const char *fmt, ...)
{
	va_list ap;

	if (v->what == V_NONE || (r->expect != V_NONE && v->what != r->expect))
		return (v->what == V_NONE);
	r->violated++;
	printf("%s: %s: %s\n  ", r->expect != V_NONE ? "found" : "VIOLATION",
	    violations[v->what], v->text);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf(" (seed %llu)\n", (unsigned long long)r->seed);
	if (evidence != NULL && r->expect == V_NONE && r->violated <= 10)
		keep(r, evidence);
	(void)fflush(stdout);
	return (false);
}

/* -------------------------------------------------------------- options -- */

__attribute__((noreturn)) static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: torture powerloss|faults|kill|bitflip "
	    "[--count N] [--seed S] [--seconds N] [--expect VIOLATION] "
	    "[--unlatch]\n");
	exit(99);
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		usage();
	return (n);
}

static enum violation
violation(const char *name)
{
	int i;

	for (i = V_NONE + 1; i < NVIOLATIONS; i++)
		if (strcmp(violations[i], name) == 0)
			return (i);
	usage();
}

static void
parse(struct run *r, int argc, char **argv)
{
	static const struct option options[] = {
	    {"count", required_argument, NULL, 'c'},
	    {"images", required_argument, NULL, 'c'},
	    {"seed", required_argument, NULL, 's'},
	    {"seconds", required_argument, NULL, 't'},
	    {"expect", required_argument, NULL, 'x'},
	    {"unlatch", no_argument, NULL, 'u'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	CHECK(getrandom(&r->seed, 4, 0) == 4);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			r->count = number(optarg);
			break;
		case 's':
			r->seed = number(optarg);
			break;
		case 't':
			r->end_ns = lck_now_ns() +
			    (int64_t)number(optarg) * 1000000000;
			break;
		case 'x':
			r->expect = violation(optarg);
			break;
		case 'u':
			r->unlatch = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	r->random = r->seed;
}

static int
child_main(char **argv)
{
	struct work w = {0};
	unsigned i;

	w.seed = number(argv[4]);
	for (i = 0; i < WRITERS; i++)
		w.base[i] = (uint32_t)number(argv[5 + i]);
	w.ntxns = (uint32_t)number(argv[9]);
	w.sessions = (uint32_t)number(argv[10]);
	w.interval = (uint32_t)number(argv[11]);
	w.unlatch = (uint32_t)number(argv[12]);
	return (workload(argv[2], argv[3], &w));
}

/* One in $SKV_FEWER of so many. */
static unsigned long
usual(unsigned long count)
{
	const char *fewer = getenv("SKV_FEWER");
	unsigned long n = fewer == NULL ? 1 : strtoul(fewer, NULL, 10);

	return (n > 1 ? (count + n - 1) / n : count);
}

int
main(int argc, char **argv)
{
	static struct run r;
	size_t i;

	if (argc == 13 && strcmp(argv[1], "work") == 0)
		return (child_main(argv));
	for (i = 0; i < NTESTS && argc > 1; i++)
		if (strcmp(argv[1], tests[i].name) == 0)
			break;
	if (argc < 2 || i == NTESTS)
		usage();
	if (tests[i].preload && (SANITIZED || getenv("POWERLOSS_SO") == NULL)) {
		printf("%s: skipped: needs $POWERLOSS_SO, and no sanitizers\n",
		    argv[1]);
		return (77);
	}
	r.count = usual(tests[i].count);
	parse(&r, argc - 1, argv + 1);
	printf("%s: seed %llu\n", tests[i].name, (unsigned long long)r.seed);
	(void)fflush(stdout);
	if (!place_make(&r.place))
		return (99);
	tests[i].test(&r);
	printf("%s: %lu violations (seed %llu)\n", tests[i].name, r.violated,
	    (unsigned long long)r.seed);
	place_remove(&r.place);
	free(r.history.recs);
	return ((r.violated > 0) != (r.expect != V_NONE));
}
