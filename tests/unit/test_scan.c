/* SPDX-License-Identifier: MIT */
/* Scans, counts and range deletion against a model, on every engine. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tests/unit/store_fixture.h"

/* Longer than any key: a bound just behind the longest one. */
#define BOUND (SKV_KEYMAX + 1)
#define MODEL 400

struct key {
	size_t len;
	unsigned char bytes[BOUND];
};

/* The keys that are there, sorted. */
static struct key model[MODEL];
static size_t nmodel;

static int
key_cmp(const void *va, const void *vb)
{
	const struct key *a = va, *b = vb;
	size_t len = a->len < b->len ? a->len : b->len;
	int rc = memcmp(a->bytes, b->bytes, len);

	return (rc != 0 ? rc : (a->len > b->len) - (a->len < b->len));
}

/* From few bytes, so that prefixes and equal bounds are common. */
static void
random_key(unsigned *seed, struct key *k, size_t least)
{
	static const unsigned char letters[] = {0, 1, 'a', 0xfe, 0xff};
	size_t i;

	k->len = least + fx_random(seed, 5);
	for (i = 0; i < k->len; i++)
		k->bytes[i] = letters[fx_random(seed, LENGTH(letters))];
	if (fx_random(seed, 20) == 0) {
		memset(k->bytes + k->len,
		    letters[fx_random(seed, LENGTH(letters))],
		    SKV_KEYMAX - k->len);
		k->len = SKV_KEYMAX;
	}
}

static void
fill(unsigned *seed)
{
	const struct skv_range all = {.prefix = NULL};
	struct key k;
	uint64_t n;

	CU_OK(skv_delete_range(db, &all, &n));
	nmodel = 0;
	while (nmodel < MODEL / 2) {
		random_key(seed, &k, 1);
		if (bsearch(&k, model, nmodel, sizeof(k), key_cmp) != NULL)
			continue;
		model[nmodel++] = k;
		qsort(model, nmodel, sizeof(k), key_cmp);
		CU_OK(skv_put(db, k.bytes, k.len, k.bytes, k.len, NULL));
	}
}

/* Whether the model has a key in the range. */
static bool
in_range(const struct key *k, const struct skv_range *r)
{
	struct key start, end;

	start.len = r->startlen;
	if (start.len > 0)
		memcpy(start.bytes, r->start, start.len);
	end.len = r->endlen;
	if (end.len > 0)
		memcpy(end.bytes, r->end, end.len);
	return (k->len >= r->prefixlen &&
	    (r->prefixlen == 0 ||
		memcmp(k->bytes, r->prefix, r->prefixlen) == 0) &&
	    (start.len == 0 || key_cmp(k, &start) >= 0) &&
	    (end.len == 0 || key_cmp(k, &end) < 0));
}

/* The n-th key of the model in the direction of the range. */
static const struct key *
nth(const struct skv_range *r, size_t n)
{
	return (&model[r->reverse ? nmodel - 1 - n : n]);
}

static bool
is_key(const struct key *k, const void *key, size_t keylen,
    const struct skv_value *v)
{
	return (keylen == k->len && memcmp(key, k->bytes, keylen) == 0 &&
	    v->len == k->len && memcmp(v->data, k->bytes, v->len) == 0);
}

/* A range, from what random_key() made of its parts. */
static struct skv_range
range_of(const struct key k[3], bool reverse)
{
	struct skv_range r = {
	    .prefix = k[0].bytes,
	    .prefixlen = k[0].len,
	    .start = k[1].bytes,
	    .startlen = k[1].len,
	    .end = k[2].bytes,
	    .endlen = k[2].len,
	    .reverse = reverse,
	};

	return (r);
}

static struct skv_range
random_range(unsigned *seed, struct key k[3])
{
	int i;

	for (i = 0; i < 3; i++) {
		random_key(seed, &k[i], 0);
		if (fx_random(seed, 2) == 0)
			k[i].len = 0;
	}
	if (k[0].len > 2)
		k[0].len = 1;
	if (fx_random(seed, 10) == 0 && k[2].len == SKV_KEYMAX)
		k[2].bytes[k[2].len++] = 0;
	return (range_of(k, fx_random(seed, 2) == 0));
}

/* Compares a scan from its present place with "most" of the model from "n" on.
 */
static bool
same_as_model(struct skv_scan *s, const struct skv_range *r, size_t n,
    uint64_t most)
{
	struct skv_value v;
	const void *key;
	size_t keylen;
	bool same = true;

	for (; n < nmodel && most > 0; n++) {
		if (!in_range(nth(r, n), r))
			continue;
		most--;
		same = same && skv_scan_next(s, &key, &keylen, &v) == SKV_OK &&
		    is_key(nth(r, n), key, keylen, &v);
	}
	/* At the end it stays there. */
	return (same && skv_scan_next(s, &key, &keylen, &v) == SKV_NOTFOUND &&
	    skv_scan_next(s, &key, &keylen, &v) == SKV_NOTFOUND &&
	    skv_scan_next(s, &key, &keylen, &v) == SKV_NOTFOUND);
}

static void
ranges(void)
{
	struct skv_range r;
	struct skv_scan *s;
	struct key k[3];
	uint64_t n, want;
	unsigned seed = 1, bad = 0, nonempty = 0;
	size_t i;
	int round;

	fill(&seed);
	for (round = 0; round < 1000; round++) {
		r = random_range(&seed, k);
		CU_OK(skv_scan_open(db, &r, &s));
		bad += !same_as_model(s, &r, 0, UINT64_MAX);
		skv_scan_close(s);
		for (want = i = 0; i < nmodel; i++)
			want += in_range(&model[i], &r);
		CU_OK(skv_count(db, &r, &n));
		bad += n != want;
		nonempty += want > 0;
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT(nonempty > 200);
}

static void
ends(void)
{
	struct skv_range r;
	struct skv_scan *s;
	struct key k[3];
	unsigned seed = 4, bad = 0;
	uint64_t limit;
	int round;

	fill(&seed);
	for (round = 0; round < 500; round++) {
		r = random_range(&seed, k);
		limit = 1 + fx_random(&seed, round % 2 == 0 ? 20 : MODEL);
		CU_OK(skv_scan_open_limit(db, &r, limit, &s));
		bad += !same_as_model(s, &r, 0, limit);
		CU_ASSERT_EQUAL(skv_scan_seek(s, "", 0), SKV_INVALID);
		skv_scan_close(s);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

/* Puts ten keys, of which every second one expires in so many milliseconds. */
static void
put_expiring(int64_t ms)
{
	char key[2] = "0";

	for (; key[0] <= '9'; key[0]++)
		put_ttl(key, "v", key[0] % 2 == 0 ? skv_now_ms(db) + ms : 0);
}

/* How many keys a scan gives, none of which expires. */
static enum skv_err
drain(struct skv_scan *s, unsigned *ret)
{
	struct skv_value v;
	const void *key;
	enum skv_err err;
	size_t len;

	for (*ret = 0; (err = skv_scan_next(s, &key, &len, &v)) == SKV_OK;
	     ++*ret)
		CU_ASSERT_EQUAL(v.attr.expires_ms, 0);
	return (err);
}

/* What expires after the scan was opened is not counted among its keys. */
static void
ends_after_expired(void)
{
	const struct skv_range all = {.prefix = NULL};
	struct skv_scan *s;
	enum skv_err err;
	unsigned n;

	atomic_store(&fx_clock, 1000000);
	put_expiring(1000);
	CU_OK(skv_scan_open_limit(db, &all, 5, &s));
	atomic_fetch_add(&fx_clock, 1000);
	CU_ASSERT_EQUAL(drain(s, &n), SKV_NOTFOUND);
	CU_ASSERT_EQUAL(n, 5);
	skv_scan_close(s);

	/* With the store elsewhere a page has not so long. */
	put_expiring(60000);
	CU_OK(skv_scan_open_limit(db, &all, 5, &s));
	atomic_fetch_add(&fx_clock, 60000);
	err = drain(s, &n);
	if (fx_shared()) {
		CU_ASSERT_EQUAL(err, SKV_TIMEDOUT);
		CU_ASSERT_EQUAL(n, 2);
	} else {
		CU_ASSERT_EQUAL(err, SKV_NOTFOUND);
		CU_ASSERT_EQUAL(n, 5);
	}
	skv_scan_close(s);
}

static void
range_limits(void)
{
	char big[BOUND + 1] = {0};
	struct skv_range r = {.prefix = big, .prefixlen = SKV_KEYMAX};
	struct skv_scan *s;
	uint64_t n = 7;

	CU_OK(skv_count(db, &r, &n));
	CU_ASSERT_EQUAL(n, 0);
	n = 7;
	r.prefixlen++;
	CU_ASSERT_EQUAL(skv_count(db, &r, &n), SKV_INVALID);
	r.prefixlen = 0;
	r.start = big;
	r.startlen = BOUND + 1;
	CU_ASSERT_EQUAL(skv_scan_open(db, &r, &s), SKV_INVALID);
	r.startlen = 0;
	r.end = big;
	r.endlen = BOUND + 1;
	CU_ASSERT_EQUAL(skv_scan_open(db, &r, &s), SKV_INVALID);
	CU_ASSERT_EQUAL(n, 7);
	r.endlen = BOUND;
	CU_OK(skv_scan_open(db, &r, &s));
	CU_ASSERT_EQUAL(skv_scan_seek(s, big, BOUND + 1), SKV_INVALID);
	skv_scan_close(s);
	skv_scan_close(NULL);
}

/* As one does who lists what is between delimiters. */
static void
seeks(void)
{
	struct skv_range r;
	struct skv_scan *s;
	struct skv_value v;
	struct key k[3];
	const void *key;
	size_t keylen, from, to;
	unsigned seed = 2, bad = 0;
	int round;

	fill(&seed);
	memset(k, 0, sizeof(k));
	for (round = 0; round < 400; round++) {
		r = range_of(k, round % 2 == 0);
		from = fx_random(&seed, (unsigned)nmodel - 1);
		to = from + fx_random(&seed, (unsigned)(nmodel - from)) + 1;
		CU_OK(skv_scan_open(db, &r, &s));
		/* Before the first next, and from where it stands. */
		if (round % 4 < 2)
			CU_OK(skv_scan_next(s, &key, &keylen, &v));
		CU_OK(skv_scan_seek(s, nth(&r, from)->bytes,
		    nth(&r, from)->len));
		CU_OK(skv_scan_next(s, &key, &keylen, &v));
		/* Inclusive forwards, exclusive backwards. */
		if (!r.reverse)
			bad += !is_key(nth(&r, from), key, keylen, &v);
		else
			bad += !is_key(nth(&r, from + 1), key, keylen, &v);
		if (to < nmodel) {
			CU_OK(skv_scan_seek(s, nth(&r, to)->bytes,
			    nth(&r, to)->len));
			bad += !same_as_model(s, &r, to + r.reverse,
			    UINT64_MAX);
		}
		skv_scan_close(s);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void
seek_in_prefix(void)
{
	const struct skv_range forward = {.prefix = "b", .prefixlen = 1};
	const struct skv_range back = {.prefix = "b",
	    .prefixlen = 1,
	    .reverse = true};
	struct skv_scan *s;
	struct skv_value v;
	const void *key;
	size_t keylen;

	put("a", "");
	put("b1", "");
	put("b2", "");
	put("b3", "");
	put("c", "");
	CU_OK(skv_scan_open(db, &forward, &s));
	CU_OK(skv_scan_seek(s, "b3", 2));
	CU_OK(skv_scan_next(s, &key, &keylen, &v));
	CU_ASSERT_EQUAL(memcmp(key, "b3", 2), 0);
	CU_OK(skv_scan_seek(s, "b4", 2));
	CU_ASSERT_EQUAL(skv_scan_next(s, &key, &keylen, &v), SKV_NOTFOUND);
	skv_scan_close(s);
	CU_OK(skv_scan_open(db, &back, &s));
	CU_OK(skv_scan_seek(s, "b2", 2));
	CU_OK(skv_scan_next(s, &key, &keylen, &v));
	CU_ASSERT_EQUAL(memcmp(key, "b1", 2), 0);
	CU_OK(skv_scan_seek(s, "b1", 2));
	CU_ASSERT_EQUAL(skv_scan_next(s, &key, &keylen, &v), SKV_NOTFOUND);
	skv_scan_close(s);
}

static void
one_view(void)
{
	const struct skv_range all = {.prefix = NULL};
	const struct skv_range back = {.reverse = true};
	struct skv_scan *s, *r;
	unsigned seed = 3;
	uint64_t n;

	fill(&seed);
	CU_OK(skv_scan_open(db, &all, &s));
	CU_OK(skv_scan_open(db, &back, &r));
	CU_OK(skv_delete_range(db, &all, &n));
	CU_ASSERT_EQUAL(n, nmodel);
	put("new", "key");
	CU_ASSERT(same_as_model(s, &all, 0, UINT64_MAX));
	CU_ASSERT(same_as_model(r, &back, 0, UINT64_MAX));
	skv_scan_close(s);
	skv_scan_close(r);
	CU_ASSERT_EQUAL(count_all(), 1);
}

/* Moves a coin from key to key: a consistent view always has one. */
static void *
move_coin(void *arg)
{
	struct skv_txn *t = txn();
	unsigned char from = 0, to;
	int i;

	(void)arg;
	for (i = 0; i < 300; i++) {
		to = (unsigned char)(from + 37);
		AZ(skv_txn_delete(t, &from, 1));
		AZ(skv_txn_put(t, &to, 1, "coin", 4, NULL));
		AZ(skv_commit(t));
		skv_txn_reset(t);
		from = to;
	}
	skv_txn_free(t);
	return (NULL);
}

static void
consistent(void)
{
	pthread_t id;
	unsigned bad = 0;
	int i;

	CU_OK(skv_put(db, "\0", 1, "coin", 4, NULL));
	AZ(pthread_create(&id, NULL, move_coin, NULL));
	for (i = 0; i < 300; i++)
		bad += count_all() != 1;
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(bad, 0);
}

static void
lifetime(void)
{
	const struct skv_range all = {.prefix = NULL};
	struct skv_scan *s;
	struct skv_value v;
	const void *key;
	size_t keylen;
	int64_t deadline = 0;
	enum skv_err err;

	opts.scan_lifetime_ms = 1;
	fx_restart();
	put("k", "v");
	CU_OK(skv_scan_open(db, &all, &s));
	do {
		err = skv_scan_next(s, &key, &keylen, &v);
		CU_OK(skv_scan_seek(s, "k", 1));
	} while (err == SKV_OK && fx_patience(&deadline));
	CU_ASSERT_EQUAL(err, SKV_TIMEDOUT);
	skv_scan_close(s);
	opts.scan_lifetime_ms = 0;
	fx_restart();
	put("k", "v");
	CU_ASSERT_EQUAL(count_all(), 1);
}

static void
delete_ranges(void)
{
	struct skv_range r;
	struct key k[3];
	uint64_t n, want;
	unsigned seed = 4, bad = 0;
	size_t i, left;
	int round;

	fill(&seed);
	for (round = 0; round < 100; round++) {
		r = random_range(&seed, k);
		for (want = left = i = 0; i < nmodel; i++)
			if (in_range(&model[i], &r))
				want++;
			else
				model[left++] = model[i];
		nmodel = left;
		CU_OK(skv_delete_range(db, &r, &n));
		bad += n != want || count_all() != nmodel;
		if (nmodel < 50)
			fill(&seed);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

/* More than one transaction, and more than max_txn, takes. */
static void
delete_much(void)
{
	const struct skv_range all = {.prefix = NULL};
	char key[SKV_KEYMAX];
	struct skv_txn *t;
	uint32_t i;
	uint64_t n = 7;

	t = txn();
	for (i = 0; i < 2500; i++)
		CU_OK(skv_txn_put(t, &i, sizeof(i), "", 0, NULL));
	CU_OK(skv_commit(t));
	skv_txn_free(t);
	CU_OK(skv_delete_range(db, &all, &n));
	CU_ASSERT_EQUAL(n, 2500);
	CU_ASSERT(stats().group_size.sum >= 4);
	CU_OK(skv_delete_range(db, &all, &n));
	CU_ASSERT_EQUAL(n, 0);
	opts.max_txn = SKV_KEYMAX;
	fx_restart();
	memset(key, 'x', sizeof(key));
	for (i = 0; i < 10; i++) {
		key[0] = (char)('0' + i);
		CU_OK(skv_put(db, key, 600 + i, "", 0, NULL));
	}
	CU_OK(skv_delete_range(db, &all, &n));
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT_EQUAL(count_all(), 0);
}

static void
interrupted(void)
{
	const struct skv_range all = {.prefix = NULL};
	struct skv_txn *t = txn();
	uint32_t i;
	uint64_t n = 7;

	for (i = 0; i < 2500; i++)
		CU_OK(skv_txn_put(t, &i, sizeof(i), "", 0, NULL));
	CU_OK(skv_commit(t));
	skv_txn_free(t);
	skv_interrupt(db);
	CU_ASSERT_EQUAL(skv_count(db, &all, &n), SKV_STOPPED);
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT_EQUAL(skv_delete_range(db, &all, &n), SKV_STOPPED);
	CU_ASSERT(n < 2500);
	put("other", "calls go on");
	CU_ASSERT(has("other", "calls go on"));
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"ranges are as in a model", ranges},
	    {"ranges have limits", range_limits},
	    {"a scan ends at its limit", ends},
	    {"a limit is of keys that are there", ends_after_expired},
	    {"seeking is as in a model", seeks},
	    {"seeking stays within the prefix", seek_in_prefix},
	    {"a scan does not see what is written meanwhile", one_view},
	    {"a scan sees one moment", consistent},
	    {"a scan has a lifetime", lifetime},
	    {"range deletion is as in a model", delete_ranges},
	    {"range deletion has no limit", delete_much},
	    {"what takes long can be interrupted", interrupted},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
