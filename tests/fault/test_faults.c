/* SPDX-License-Identifier: MIT */
/*
 * Failing system calls: the n-th call of a kind fails, once or from then on,
 * for every n until none is left to fail; with a smaller count for some of
 * them, evenly. After that nothing may be acknowledged, nothing may hang, and
 * what is left must hold all that was acknowledged before; images of a loss of
 * power after the fault, all that was said to be durable. Somebody is told of
 * it, unless there is an excuse.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "tests/fault/torture.h"

enum {
	TXNS = 30,
	IMAGES = 2
};

/* Each once and for good. The kinds as in powerloss.h, in its order. */
static const struct {
	const char *kind;
	unsigned column; /* in OUT/calls */
	int errnum;
} rows[] = {
    {"open", 0, EIO},
    {"open", 0, EMFILE},
    {"open", 0, ENOSPC},
    {"open", 0, EDQUOT},
    {"write", 1, EIO},
    {"write", 1, ENOSPC},
    {"write", 1, EDQUOT},
    {"short", 2, EIO},
    {"short", 2, ENOSPC},
    {"short", 2, EDQUOT},
    {"sync", 3, EIO},
    {"sync", 3, ENOSPC},
    {"sync", 3, EDQUOT},
    {"rename", 4, EIO},
    {"rename", 4, ENOSPC},
    {"unlink", 5, EIO},
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

/* Calls whose failure nobody needs to hear of; RELIABILITY.md explains them. */
#define OPENING (1U << REC_OPENING)
#define SERVING (1U << REC_SERVING)
#define LAST (1U << REC_LAST)
#define CLOSING (1U << REC_CLOSING)
static const struct {
	const char *call; /* how it ends */
	unsigned when;
	const char *why;
} excuses[] = {
    {"unlink N.log", OPENING | SERVING | LAST | CLOSING, "removed later"},
    {"unlink N.ldb", OPENING | SERVING | LAST | CLOSING, "removed later"},
    {"unlink MANIFEST-N", OPENING, "removed later"},
    {"create N.log", OPENING, "an empty log instead of an empty log"},
    {"open N.log", OPENING, "what is cut off is kept if possible"},
    {"N.log.cut", OPENING, "what is cut off is kept if possible"},
    {"open N.ldb", OPENING | SERVING, "the sweeper looks again"},
    {" N.ldb", LAST, "compaction, made again"},
    {" MANIFEST-N", LAST, "compaction, made again"},
    {"open directory", LAST, "compaction, made again"},
    {"fdatasync directory", LAST, "compaction, made again"},
    {"", CLOSING, "the log is not yet a table"},
};

enum {
	NEXCUSES = sizeof(excuses) / sizeof(excuses[0])
};

struct tally {
	unsigned long fired;   /* runs in which the fault has happened */
	unsigned long opening; /* of these: the store did not open */
	unsigned long noticed; /* of these: a write failed, and it latched */
	unsigned long closing; /* of these: no write did, but closing */
	unsigned long excused[NEXCUSES];
	unsigned long images;
};

/* Columns of OUT/calls: the kinds, and the number of faults. */
struct calls {
	unsigned long n[7];
	/* The first that failed, and how long the log was when that could be
	 * told: powerloss.h. */
	char first[64];
	unsigned long long moment;
};

static bool
read_calls(const struct place *p, struct calls *ret)
{
	char path[PATHLEN + 8];
	unsigned i;
	FILE *f;

	memset(ret, 0, sizeof(*ret));
	(void)snprintf(path, sizeof(path), "%s/calls", p->out);
	f = fopen(path, "r");
	for (i = 0; f != NULL && i < 7; i++)
		if (fscanf(f, "%lu", &ret->n[i]) != 1)
			break;
	if (f != NULL &&
	    fscanf(f, "%*u %llu %63[^\n]", &ret->moment, ret->first) != 2)
		ret->first[0] = '\0';
	if (f != NULL)
		(void)fclose(f);
	return (f != NULL && i == 7);
}

/* Whether somebody got an error. */
static bool
any_failed(const struct history *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->recs[i].type == REC_FAILED ||
		    h->recs[i].type == REC_REFUSED ||
		    h->recs[i].type == REC_UNREAD)
			return (true);
	return (false);
}

/* What the store was doing when it could be told that the call has failed. */
static enum rec_type
phase(const struct history *h, const struct calls *calls)
{
	size_t i = calls->moment / sizeof(struct rec);

	CHECK(i <= h->n);
	while (i > 0 && h->recs[i - 1].type < REC_OPENING)
		i--;
	CHECK(i > 0);
	return (h->recs[i - 1].type);
}

static bool
is_excused(unsigned i, const char *call, enum rec_type when)
{
	size_t len = strlen(call), end = strlen(excuses[i].call);

	return ((excuses[i].when & (1U << when)) != 0 && len >= end &&
	    strcmp(call + len - end, excuses[i].call) == 0);
}

static const char *const phases[] = {"opening", "serving", "last", "closing"};

/* Who was told that a call has failed. */
static void
count(struct tally *tally, const struct calls *calls, int status,
    const struct history *h, struct verdict *v)
{
	enum rec_type when = phase(h, calls);
	unsigned i;

	tally->fired++;
	if (status == WORK_OPEN)
		tally->opening++;
	else if (any_failed(h))
		tally->noticed++;
	else if (status == WORK_CLOSE)
		tally->closing++;
	else {
		for (i = 0; i < NEXCUSES; i++)
			if (is_excused(i, calls->first, when))
				break;
		if (i < NEXCUSES)
			tally->excused[i]++;
		else
			verdict_set(v, V_SILENT, "%s while %s", calls->first,
			    phases[when - REC_OPENING]);
	}
}

/* One run; what was called is in *calls. */
static void
run_once(struct run *r, const char *fail, struct calls *calls,
    struct tally *tally)
{
	struct work w = {.ntxns = TXNS,
	    .sessions = 2,
	    .interval = 1,
	    .unlatch = r->unlatch};
	struct verdict v = {.what = V_NONE};
	struct disk disk = {.images = IMAGES};
	struct history *h = &r->history;
	int status;

	place_clear(&r->place, true);
	memset(h->base, 0, sizeof(h->base));
	h->seed = w.seed = disk.seed = r->seed + r->done;
	(void)snprintf(disk.fail, sizeof(disk.fail), "%s", fail);
	status = child_wait(child_start(&r->place, &w, &disk), &v);
	if (v.what == V_NONE && !read_calls(&r->place, calls))
		verdict_set(&v, V_DIED, "without a word");
	if (!history_load(h, r->place.log))
		h->n = h->moment = 0;
	if (status != 0 && calls->n[6] == 0)
		verdict_set(&v, V_OPEN, "without a fault");
	if (calls->n[6] != 0)
		count(tally, calls, status, h, &v);
	history_judge_latch(h, &v);
	tally->images += judge_images(r, false, fail).made;
	h->power = false;
	judge(r->place.db, h, &v);
	(void)run_judged(r, &v, r->place.db, "%s", fail);
	r->done += calls->n[6] != 0;
}

/* For one row: as many as asked for, evenly, until none fires. */
static void
run_row(struct run *r, size_t row, bool ever, unsigned long calls,
    struct tally *tally)
{
	unsigned long share = r->count / (2 * NROWS) + 1, step, n;
	struct calls now;
	char fail[64];

	step = r->end_ns != 0 ? 1 : (calls + share - 1) / share;
	for (n = 1 + run_random(r, (unsigned)step); run_more(r); n += step) {
		(void)snprintf(fail, sizeof(fail), "%s:%lu:%d:%s",
		    rows[row].kind, n, rows[row].errnum,
		    ever ? "ever" : "once");
		memset(&now, 0, sizeof(now));
		run_once(r, fail, &now, tally);
		if (now.n[6] == 0)
			break;
	}
}

void
test_faults(struct run *r)
{
	struct tally tally = {0};
	struct calls all = {{0}, "", 0};
	unsigned long before;
	size_t i;

	run_once(r, "", &all, &tally);
	printf("faults: calls to fail: open %lu, write %lu, sync %lu, rename "
	       "%lu, unlink %lu\n",
	    all.n[0], all.n[1], all.n[3], all.n[4], all.n[5]);
	do {
		before = r->done;
		for (i = 0; i < 2 * NROWS && run_more(r); i++)
			run_row(r, i / 2, i % 2 != 0,
			    all.n[rows[i / 2].column] + 1, &tally);
	} while (run_more(r) && r->done > before);
	printf("faults: %lu fired: %lu while opening, which failed, %lu in "
	       "work, which latched, %lu told when closing; %lu images\n",
	    tally.fired, tally.opening, tally.noticed, tally.closing,
	    tally.images);
	for (i = 0; i < NEXCUSES; i++)
		if (tally.excused[i] > 0)
			printf("faults: %lu excused: %s%s: %s\n",
			    tally.excused[i],
			    excuses[i].when == CLOSING ? "closing" : "",
			    excuses[i].call, excuses[i].why);
}
