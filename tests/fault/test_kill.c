/* SPDX-License-Identifier: MIT */
/*
 * kill -9: children that go on from where the one before was killed, at random
 * moments of opening and of work. Nothing acknowledged may be lost.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "base/lck.h"
#include "tests/fault/torture.h"

/* Children on one store, and records of the log before one is killed. */
enum {
	GENERATIONS = 25,
	RECORDS = 1500,
	OPENING_US = 15000
};

/* Until a child has recorded so much, or some time for that is over. */
static void
await_records(const struct place *p, unsigned n)
{
	struct timespec pause = {0, 200000};
	int64_t deadline = lck_now_ns() + 10000000000LL;
	struct stat st;

	while (lck_now_ns() < deadline) {
		if (stat(p->log, &st) == 0 &&
		    (size_t)st.st_size >= n * sizeof(struct rec))
			break;
		(void)nanosleep(&pause, NULL);
	}
}

void
test_kill(struct run *r)
{
	struct work w = {.ntxns = 1000000, .sessions = 1, .interval = 5};
	struct history *h = &r->history;
	unsigned long acks = 0, opening = 0;
	size_t i;

	for (; run_more(r); r->done++) {
		struct verdict v = {.what = V_NONE};
		struct timespec moment = {0, 0};
		bool fresh = r->done % GENERATIONS == 0;
		struct child c;

		place_clear(&r->place, fresh);
		if (fresh) {
			memset(h->base, 0, sizeof(h->base));
			h->seed = w.seed = r->seed + r->done;
		}
		memcpy(w.base, h->base, sizeof(w.base));
		c = child_start(&r->place, &w, NULL);
		if (run_random(r, 3) == 0) {
			moment.tv_nsec = 1000 * (long)run_random(r, OPENING_US);
			(void)nanosleep(&moment, NULL);
		} else
			await_records(&r->place, 1 + run_random(r, RECORDS));
		child_kill(c);
		if (!history_load(h, r->place.log))
			h->n = h->moment = 0;
		h->power = false;
		opening += h->n == 0;
		for (i = 0; i < h->n; i++)
			acks += h->recs[i].type == REC_ACK ||
			    h->recs[i].type == REC_DURABLE;
		judge(r->place.db, h, &v);
		if (!run_judged(r, &v, r->place.db, "kill %lu", r->done))
			break;
		memcpy(h->base, v.upto, sizeof(h->base));
	}
	printf("kill: %lu kills, %lu of them before the first write; %lu "
	       "acknowledged transactions\n",
	    r->done, opening, acks);
}
