/* SPDX-License-Identifier: MIT */
/*
 * The judge of the fault tests. See history.h.
 */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fault/history.h"

#define VALUE_MAGIC 0x56414c55U

/* What a value begins with. */
struct head {
	uint32_t magic;
	uint32_t seq;
	uint16_t writer;
	uint16_t key;
	uint32_t len;
	uint64_t checksum; /* of the rest */
};

const char *const violations[NVIOLATIONS] = {"none", "lost", "hole", "torn",
    "wrong", "revision", "open", "latch", "silent", "hang", "died"};

void
verdict_set(struct verdict *v, enum violation what, const char *fmt, ...)
{
	va_list ap;

	if (v->what != V_NONE)
		return; /* the first one counts */
	v->what = what;
	va_start(ap, fmt);
	(void)vsnprintf(v->text, sizeof(v->text), fmt, ap);
	va_end(ap);
}

/* ------------------------------------------------------------- contents -- */

static uint64_t
mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31));
}

static uint64_t
stream(uint64_t seed, unsigned writer, uint32_t seq)
{
	uint64_t state = seed ^ ((uint64_t)(writer + 1) << 48) ^ seq;

	(void)mix(&state);
	return (mix(&state));
}

/* Mostly small, some larger than a block, few larger than a write buffer. */
static size_t
length(uint64_t r)
{
	if (r % 64 == 0)
		return (40000 + (r >> 8) % (VALUEMAX - 40000));
	if (r % 16 == 1)
		return (2000 + (r >> 8) % 6000);
	return (sizeof(struct head) + (r >> 8) % 400);
}

void
plan_make(struct plan *p, uint64_t seed, unsigned writer, uint32_t seq)
{
	uint64_t state = stream(seed, writer, seq), r = mix(&state);
	unsigned i, key = (unsigned)(r >> 40) % KEYS;

	p->sync = r % 5 == 0;
	p->nacts = (r >> 8) % 2 == 0 ? 1 : 1 + (r >> 16) % ACTSMAX;
	for (i = 0; i < p->nacts; i++) {
		r = mix(&state);
		/* 5 and KEYS have no common divisor: no key comes twice. */
		p->acts[i].key = (key + 5 * i) % KEYS;
		p->acts[i].del = (r >> 50) % 4 == 0;
		p->acts[i].len = length(r);
	}
}

size_t
key_make(char key[KEYLEN], unsigned writer, unsigned key_number)
{
	return ((size_t)snprintf(key, KEYLEN, "w%u/k%02u", writer, key_number));
}

void
value_make(char *value, uint64_t seed, unsigned writer, uint32_t seq,
    unsigned key, size_t len)
{
	struct head head = {VALUE_MAGIC, seq, (uint16_t)writer, (uint16_t)key,
	    (uint32_t)len, 0};
	uint64_t state = stream(seed, writer, seq) + key, word = 0;
	size_t i;

	for (i = sizeof(head); i < len; i++) {
		if ((i - sizeof(head)) % 8 == 0)
			word = mix(&state);
		value[i] = (char)word;
		head.checksum = head.checksum * 31 + (word & 0xff);
		word >>= 8;
	}
	memcpy(value, &head, sizeof(head));
}

bool
found_add(struct found *f, uint64_t seed, const void *key, size_t keylen,
    const struct skv_value *val, struct verdict *v)
{
	static _Thread_local char expected[VALUEMAX];
	char name[KEYLEN];
	struct head head;
	size_t namelen;

	if (keylen >= 5 && memcmp(key, "after", 5) == 0)
		return (true);
	if (val->len < sizeof(head) || val->len > VALUEMAX) {
		verdict_set(v, V_WRONG, "a value of %zu bytes", val->len);
		return (false);
	}
	memcpy(&head, val->data, sizeof(head));
	namelen = key_make(name, head.writer, head.key);
	if (head.magic != VALUE_MAGIC || head.writer >= WRITERS ||
	    head.key >= KEYS || head.len != val->len || namelen != keylen ||
	    memcmp(name, key, keylen) != 0) {
		verdict_set(v, V_WRONG, "under %.*s a value that is not its",
		    (int)keylen, (const char *)key);
		return (false);
	}
	value_make(expected, seed, head.writer, head.seq, head.key, val->len);
	if (memcmp(expected, val->data, val->len) != 0) {
		verdict_set(v, V_WRONG, "%.*s: bytes of seq %u are wrong",
		    (int)keylen, (const char *)key, head.seq);
		return (false);
	}
	f->seq[head.writer][head.key] = head.seq;
	f->revision[head.writer][head.key] = val->revision;
	return (true);
}

bool
history_load(struct history *h, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	bool ok = false;

	free(h->recs);
	h->recs = NULL;
	h->n = 0;
	if (fd != -1 && fstat(fd, &st) == 0) {
		h->n = (size_t)st.st_size / sizeof(*h->recs);
		h->recs = malloc((size_t)st.st_size + 1);
		ok = h->recs != NULL &&
		    read(fd, h->recs, (size_t)st.st_size) == st.st_size;
	}
	if (fd != -1)
		(void)close(fd);
	h->moment = h->n;
	return (ok);
}

/* -------------------------------------------------------------- judging -- */

static void
state_step(uint32_t state[KEYS], uint64_t seed, unsigned writer, uint32_t seq)
{
	struct plan p;
	unsigned i;

	plan_make(&p, seed, writer, seq);
	for (i = 0; i < p.nacts; i++)
		state[p.acts[i].key] = p.acts[i].del ? 0 : seq;
}

void
history_state(uint64_t seed, unsigned writer, uint32_t seq, uint32_t ret[KEYS])
{
	uint32_t i;

	memset(ret, 0, KEYS * sizeof(*ret));
	for (i = 1; i <= seq; i++)
		state_step(ret, seed, writer, i);
}

/* How far a writer's transactions must be there, and how far they may. */
struct range {
	uint32_t least;
	uint32_t most;
	bool *fits; /* for each from the log's base to "most" */
};

static void
promised(const struct history *h, size_t i, struct range r[WRITERS])
{
	const struct rec *rec = &h->recs[i];

	if (rec->seq > r[rec->writer].least)
		r[rec->writer].least = rec->seq;
}

static void
find_ranges(const struct history *h, struct range r[WRITERS])
{
	const struct rec *rec;
	uint32_t refused[WRITERS];
	unsigned w;
	size_t i, barrier = 0;

	for (w = 0; w < WRITERS; w++) {
		r[w] = (struct range){h->base[w], h->base[w], NULL};
		refused[w] = UINT32_MAX;
	}
	for (i = 0; i < h->moment; i++) {
		rec = &h->recs[i];
		if (rec->type == REC_SUBMIT && rec->seq > r[rec->writer].most)
			r[rec->writer].most = rec->seq;
		if (rec->type == REC_BARRIER && rec->value > barrier)
			barrier = rec->value;
		if (rec->type == REC_REFUSED && rec->seq < refused[rec->writer])
			refused[rec->writer] = rec->seq;
	}
	for (i = 0; i < h->moment; i++) {
		rec = &h->recs[i];
		if (rec->type == REC_DURABLE ||
		    (rec->type == REC_ACK && (!h->power || i < barrier)))
			promised(h, i, r);
	}
	for (w = 0; w < WRITERS; w++)
		if (refused[w] <= r[w].most)
			r[w].most = refused[w] - 1;
}

static void
describe(const struct history *h, const struct found *f, unsigned w,
    const struct range *r, enum violation what, struct verdict *v)
{
	uint32_t want[KEYS];
	char text[200];
	size_t len = 0;
	unsigned k;

	history_state(h->seed, w, r->least, want);
	for (k = 0; k < KEYS; k++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    " %u/%u", f->seq[w][k], want[k]);
	verdict_set(v, what,
	    "writer %u, %u promised, %u submitted; keys, found"
	    "/promised:%s",
	    w, r->least, r->most, text);
}

/* Whether a transaction that is there lacks a change that nothing undid. */
static bool
is_torn(const struct history *h, const struct found *f, unsigned w)
{
	struct plan p;
	unsigned i, k;

	for (k = 0; k < KEYS; k++) {
		if (f->seq[w][k] <= h->base[w])
			continue;
		plan_make(&p, h->seed, w, f->seq[w][k]);
		for (i = 0; i < p.nacts; i++)
			if (f->seq[w][p.acts[i].key] != 0 &&
			    f->seq[w][p.acts[i].key] < f->seq[w][k])
				return (true);
	}
	return (false);
}

/* Whether a key has less than was promised, and no later deletion says why. */
static bool
is_lost(const struct history *h, const struct found *f, unsigned w,
    const struct range *r)
{
	uint32_t want[KEYS], seq;
	struct plan p;
	unsigned i, k;

	history_state(h->seed, w, r->least, want);
	for (seq = r->least + 1; seq <= r->most; seq++) {
		plan_make(&p, h->seed, w, seq);
		for (i = 0; i < p.nacts; i++)
			if (p.acts[i].del && f->seq[w][p.acts[i].key] == 0)
				want[p.acts[i].key] = 0;
	}
	for (k = 0; k < KEYS; k++)
		if (f->seq[w][k] < want[k])
			return (true);
	return (false);
}

/* Finds which of a writer's states fits; none is a violation. */
static void
judge_writer(const struct history *h, const struct found *f, unsigned w,
    struct range *r, struct verdict *v)
{
	uint32_t state[KEYS], seq, base = h->base[w];
	bool any = false;

	history_state(h->seed, w, base, state);
	for (seq = base; seq <= r->most; seq++) {
		if (seq > base)
			state_step(state, h->seed, w, seq);
		if (memcmp(state, f->seq[w], sizeof(state)) != 0)
			continue;
		r->fits[seq - base] = seq >= r->least;
		any = any || seq >= r->least;
		v->upto[w] = seq;
	}
	if (!any)
		describe(h, f, w, r,
		    is_lost(h, f, w, r)	 ? V_LOST :
			is_torn(h, f, w) ? V_TORN :
					   V_HOLE,
		    v);
}

static int
revision_cmp(const void *va, const void *vb)
{
	const struct rec *a = va, *b = vb;

	if (a->value != b->value)
		return (a->value < b->value ? -1 : 1);
	return ((a->seq > b->seq) - (a->seq < b->seq));
}

static bool
all_fit(const struct history *h, const struct range r[WRITERS],
    const uint32_t upto[WRITERS])
{
	unsigned w;

	for (w = 0; w < WRITERS; w++)
		if (upto[w] > r[w].most || !r[w].fits[upto[w] - h->base[w]])
			return (false);
	return (true);
}

/*
 * Looks for one revision up to which all is there. Of transactions that were
 * never answered nobody knows the revision: then there is nothing to say.
 */
static void
judge_order(const struct history *h, const struct range r[WRITERS],
    struct verdict *v)
{
	uint32_t upto[WRITERS], answered[WRITERS];
	struct rec *acks;
	size_t i, n = 0;
	unsigned w;
	bool fit;

	memcpy(upto, h->base, sizeof(upto));
	memcpy(answered, h->base, sizeof(answered));
	acks = malloc((h->n + 1) * sizeof(*acks));
	AN(acks);
	for (i = 0; i < h->n; i++)
		if (h->recs[i].type == REC_ACK ||
		    h->recs[i].type == REC_DURABLE) {
			acks[n++] = h->recs[i];
			answered[h->recs[i].writer]++;
		}
	qsort(acks, n, sizeof(*acks), revision_cmp);
	fit = all_fit(h, r, upto);
	for (i = 0; i < n && !fit; i++) {
		upto[acks[i].writer] = acks[i].seq;
		fit = all_fit(h, r, upto);
	}
	if (fit)
		memcpy(v->upto, upto, sizeof(upto));
	for (w = 0; w < WRITERS; w++)
		if (answered[w] < r[w].most)
			fit = true;
	free(acks);
	if (!fit)
		verdict_set(v, V_HOLE,
		    "each writer's keys are as they once "
		    "were, but not all at one revision: %u %u %u %u",
		    v->upto[0], v->upto[1], v->upto[2], v->upto[3]);
}

void
history_judge(const struct history *h, const struct found *f, struct verdict *v)
{
	struct range r[WRITERS];
	unsigned w;

	find_ranges(h, r);
	for (w = 0; w < WRITERS; w++) {
		r[w].fits = calloc(r[w].most - h->base[w] + 1,
		    sizeof(*r[w].fits));
		AN(r[w].fits);
		judge_writer(h, f, w, &r[w], v);
	}
	if (v->what == V_NONE)
		judge_order(h, r, v);
	for (w = 0; w < WRITERS; w++)
		free(r[w].fits);
}

void
history_judge_latch(const struct history *h, struct verdict *v)
{
	uint32_t late[WRITERS];
	const struct rec *rec;
	bool failed = false;
	unsigned w;
	size_t i;

	/* The first that each writer submitted after somebody was told. */
	for (w = 0; w < WRITERS; w++)
		late[w] = UINT32_MAX;
	for (i = 0; i < h->n; i++) {
		rec = &h->recs[i];
		if (rec->type == REC_FAILED || rec->type == REC_REFUSED)
			failed = true;
		else if (rec->type == REC_SUBMIT && failed &&
		    rec->seq < late[rec->writer])
			late[rec->writer] = rec->seq;
		else if ((rec->type == REC_ACK || rec->type == REC_DURABLE) &&
		    rec->seq >= late[rec->writer])
			verdict_set(v, V_LATCH, "writer %u, seq %u",
			    rec->writer, rec->seq);
	}
}

uint64_t
history_revision(const struct history *h)
{
	uint64_t max = 0;
	size_t i;

	for (i = 0; i < h->moment; i++)
		if ((h->recs[i].type == REC_ACK ||
			h->recs[i].type == REC_DURABLE) &&
		    h->recs[i].value > max)
			max = h->recs[i].value;
	return (max);
}
