/* SPDX-License-Identifier: MIT */
/*
 * Loss of power: a child works with powerloss.so before it, which makes images
 * of what would be left at many moments; each is opened and judged. Half of the
 * rounds begin with an image of the round before, so that recovery meets a loss
 * of power too.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fault/torture.h"

enum {
	IMAGES = 100,
	TXNS = 150
};

/* What powerloss.so has written about image "n"; false if there is none. */
static bool
read_moment(const struct place *p, unsigned n, long long *ret_log,
    unsigned long *ret_lost, char text[200])
{
	char path[PATHLEN + 32];
	FILE *f;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/%u/moment", p->out, n);
	f = fopen(path, "r");
	if (f == NULL)
		return (false);
	ok = fscanf(f, "%lld %lu %199[^\n]", ret_log, ret_lost, text) == 3;
	(void)fclose(f);
	CHECK(ok);
	return (true);
}

struct images
judge_images(struct run *r, bool go_on, const char *what)
{
	struct history *h = &r->history;
	struct images sum = {0, 0};
	char from[PATHLEN + 32], try[PATHLEN + 32], text[200];
	uint32_t base[WRITERS];
	unsigned long lost;
	long long log;
	unsigned n;

	memcpy(base, h->base, sizeof(base));
	(void)snprintf(try, sizeof(try), "%s/try", r->place.top);
	h->power = true;
	for (n = 0; read_moment(&r->place, n, &log, &lost, text); n++) {
		struct verdict v = {.what = V_NONE};

		(void)snprintf(from, sizeof(from), "%s/%u/db", r->place.out, n);
		remove_dir(try);
		if (access(from, F_OK) == 0)
			CHECK(copy_dir(from, try));
		h->moment = (size_t)log / sizeof(struct rec);
		judge(try, h, &v);
		sum.made++;
		sum.lossy += lost > 0;
		if (!run_judged(r, &v, from, "%s, image %u, %s", what, n,
			text)) {
			if (r->expect != V_NONE)
				break;
		} else if (go_on && access(from, F_OK) == 0 &&
		    run_random(r, 4) == 0) {
			remove_dir(r->place.db);
			CHECK(copy_dir(from, r->place.db));
			memcpy(base, v.upto, sizeof(base));
		}
	}
	remove_dir(try);
	memcpy(h->base, base, sizeof(base));
	h->moment = h->n;
	return (sum);
}

/* How often it was known that what was written so far is durable. */
static unsigned long
count_barriers(const struct history *h)
{
	unsigned long n = 0;
	size_t i;

	for (i = 0; i < h->n; i++)
		n += h->recs[i].type == REC_BARRIER;
	return (n);
}

void
test_powerloss(struct run *r)
{
	static const unsigned intervals[] = {0, 1, 5, 20};
	unsigned long rounds = 0, resumed = 0, lossy = 0, barriers = 0;
	struct work w = {.ntxns = TXNS, .sessions = 2};
	struct history *h = &r->history;
	bool resume = false;

	while (run_more(r)) {
		struct verdict v = {.what = V_NONE};
		struct disk disk = {.images = IMAGES};
		struct images sum;
		char what[64];

		place_clear(&r->place, !resume);
		if (!resume) {
			memset(h->base, 0, sizeof(h->base));
			h->seed = w.seed = r->seed + rounds;
		}
		resumed += resume;
		memcpy(w.base, h->base, sizeof(w.base));
		w.interval = intervals[run_random(r, 4)];
		disk.seed = r->random;
		if (disk.images > r->count - r->done && r->end_ns == 0)
			disk.images = (unsigned)(r->count - r->done);
		(void)snprintf(what, sizeof(what), "round %lu", rounds);
		if (child_wait(child_start(&r->place, &w, &disk), &v) != 0)
			verdict_set(&v, V_OPEN,
			    "the child cannot open or close");
		(void)run_judged(r, &v, NULL, "%s", what);
		CHECK(history_load(h, r->place.log));
		barriers += count_barriers(h);
		resume = run_random(r, 2) == 0;
		sum = judge_images(r, resume, what);
		r->done += sum.made;
		lossy += sum.lossy;
		rounds++;
	}
	printf("powerloss: %lu images judged, something lost in %lu of them; "
	       "%lu rounds, %lu of which began with an image; %lu syncs that "
	       "all before must outlast\n",
	    r->done, lossy, rounds, resumed, barriers);
}
