/* SPDX-License-Identifier: MIT */
/*
 * Ordered ranges. A scan is an engine iterator, which is a consistent view,
 * between two engine keys: the least that it may give and the first beyond.
 * There is always one beyond, because the next keyspace begins there.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"

#define NS_PER_MS 1000000LL
#define CHUNK_KEYS 1000 /* of skv_delete_range() */
#define CHUNK_BYTES (1UL << 20)

struct skv_scan {
	unsigned magic;
	struct skv *db;
	struct engine_iter *it;
	struct buf lower; /* engine key, inclusive */
	struct buf upper; /* engine key, exclusive */
	bool reverse;
	uint64_t left; /* keys that it still gives at most */
	bool limited;
	enum {
		TO_SEEK, /* the iterator is to go to the bound */
		FOUND,	 /* it stands on what is to be given next */
		GIVEN,	 /* on what was given last */
	} at;
	int64_t deadline_ns;
};

bool
prefix_successor(struct buf *b)
{
	while (b->len > 0 && (unsigned char)b->data[b->len - 1] == 0xff)
		b->len--;
	if (b->len == 0)
		return (false);
	b->data[b->len - 1]++;
	return (true);
}

static int
key_cmp(const void *a, size_t alen, const void *b, size_t blen)
{
	int rc = memcmp(a, b, alen < blen ? alen : blen);

	return (rc != 0 ? rc : (alen > blen) - (alen < blen));
}

/* Narrows the bounds to a range. */
static bool
set_bounds(struct skv_scan *s, const struct skv_range *r)
{
	struct buf end = {0};
	bool ok;

	ok = buf_addc(&s->lower, KS_USER) &&
	    buf_add(&s->lower, r->prefix, r->prefixlen) &&
	    buf_add(&s->upper, s->lower.data, s->lower.len) &&
	    prefix_successor(&s->upper);
	if (ok && r->startlen > 0 &&
	    key_cmp(r->start, r->startlen, s->lower.data + 1,
		s->lower.len - 1) > 0) {
		buf_truncate(&s->lower, 1);
		ok = buf_add(&s->lower, r->start, r->startlen);
	}
	if (ok && r->endlen > 0) {
		ok = buf_addc(&end, KS_USER) &&
		    buf_add(&end, r->end, r->endlen);
		if (ok &&
		    key_cmp(end.data, end.len, s->upper.data, s->upper.len) <
			0) {
			buf_reset(&s->upper);
			ok = buf_add(&s->upper, end.data, end.len);
		}
		buf_release(&end);
	}
	return (ok);
}

/* Tells an engine that is a server what it need not fetch. */
static enum skv_err
bound_view(struct skv_scan *s, uint64_t limit)
{
	const struct engine_shared_ops *shared = s->db->ops->shared;

	return (shared == NULL || shared->iter_bound == NULL ?
		SKV_OK :
		shared->iter_bound(s->it, s->lower.data, s->lower.len,
		    s->upper.data, s->upper.len, limit, expiry_now(s->db)));
}

/* To the first key that the scan may give. */
static void
start(struct skv_scan *s)
{
	if (s->reverse)
		s->db->ops->iter_seek_below(s->it, s->upper.data, s->upper.len);
	else
		s->db->ops->iter_seek(s->it, s->lower.data, s->lower.len);
	s->at = FOUND;
}

/* A scan that has looked at nothing yet. */
static enum skv_err
scan_new(struct skv *db, const struct skv_range *range, uint64_t limit,
    struct skv_scan **ret)
{
	struct skv_scan *s;

	CHECK_MAGIC(db, SKV_MAGIC);
	if (range->prefixlen > SKV_KEYMAX || range->startlen > SKV_KEYMAX + 1 ||
	    range->endlen > SKV_KEYMAX + 1)
		return (SKV_INVALID);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return (SKV_NOMEM);
	s->magic = SKV_SCAN_MAGIC;
	s->db = db;
	s->reverse = range->reverse;
	s->limited = limit > 0;
	s->left = s->limited ? limit : UINT64_MAX;
	atomic_fetch_add(&db->nscans, 1);
	if (set_bounds(s, range))
		s->it = db->ops->iter_new(db->engine);
	if (s->it == NULL || bound_view(s, limit) != SKV_OK) {
		skv_scan_close(s);
		return (SKV_NOMEM);
	}
	s->deadline_ns = lck_now_ns() +
	    (int64_t)db->opts.scan_lifetime_ms * NS_PER_MS;
	*ret = s;
	return (SKV_OK);
}

enum skv_err
skv_scan_open(struct skv *db, const struct skv_range *range,
    struct skv_scan **ret)
{
	return (skv_scan_open_limit(db, range, 0, ret));
}

enum skv_err
skv_scan_open_limit(struct skv *db, const struct skv_range *range,
    uint64_t limit, struct skv_scan **ret)
{
	enum skv_err err;

	err = scan_new(db, range, limit, ret);
	/* At once, because the view may be the one of the first seek. */
	if (err == SKV_OK)
		start(*ret);
	return (err);
}

void
skv_scan_close(struct skv_scan *s)
{
	if (s == NULL)
		return;
	CHECK_MAGIC(s, SKV_SCAN_MAGIC);
	if (s->it != NULL)
		s->db->ops->iter_free(s->it);
	atomic_fetch_sub(&s->db->nscans, 1);
	buf_release(&s->lower);
	buf_release(&s->upper);
	s->magic = 0;
	free(s);
}

static void
step(struct skv_scan *s)
{
	if (s->at == TO_SEEK)
		start(s);
	if (s->at == FOUND) {
		s->at = GIVEN;
		return;
	}
	if (!s->db->ops->iter_valid(s->it))
		return; /* the end, or an error: once more */
	if (s->reverse)
		s->db->ops->iter_prev(s->it);
	else
		s->db->ops->iter_next(s->it);
}

/*
 * Whether the iterator stands inside the bounds, and on which key. It was put
 * at the one and can only have passed the other.
 */
static bool
inside(const struct skv_scan *s, const char **ret_key, size_t *ret_len)
{
	const char *key;
	size_t len;

	if (!s->db->ops->iter_valid(s->it))
		return (false);
	key = s->db->ops->iter_key(s->it, &len);
	if (s->reverse ? key_cmp(key, len, s->lower.data, s->lower.len) < 0 :
			 key_cmp(key, len, s->upper.data, s->upper.len) >= 0)
		return (false);
	*ret_key = key;
	*ret_len = len;
	return (true);
}

enum skv_err
skv_scan_next(struct skv_scan *s, const void **ret_key, size_t *ret_keylen,
    struct skv_value *ret)
{
	const struct engine_ops *e;
	const char *key, *data;
	enum skv_err err;
	size_t keylen, len;

	CHECK_MAGIC(s, SKV_SCAN_MAGIC);
	if (s->left == 0)
		return (SKV_NOTFOUND);
	e = s->db->ops;
	do {
		if (s->db->opts.scan_lifetime_ms != 0 &&
		    lck_now_ns() > s->deadline_ns)
			return (SKV_TIMEDOUT);
		step(s);
		if (!inside(s, &key, &keylen)) {
			err = e->iter_error(s->it);
			return (err == SKV_OK ? SKV_NOTFOUND : err);
		}
		data = e->iter_value(s->it, &len);
		if (!record_decode(data, len, ret))
			return (SKV_CORRUPT);
	} while (expiry_gone(s->db, ret));
	s->left--;
	*ret_key = key + 1;
	*ret_keylen = keylen - 1;
	return (SKV_OK);
}

enum skv_err
skv_scan_seek(struct skv_scan *s, const void *limit, size_t len)
{
	struct buf *bound;

	CHECK_MAGIC(s, SKV_SCAN_MAGIC);
	if (len > SKV_KEYMAX + 1 || s->limited)
		return (SKV_INVALID);
	bound = s->reverse ? &s->upper : &s->lower;
	/* First room, because half a bound would be a wrong one. */
	if (!buf_reserve(bound, 1 + len))
		return (SKV_NOMEM);
	buf_truncate(bound, 0);
	(void)buf_addc(bound, KS_USER);
	(void)buf_add(bound, limit, len);
	s->at = TO_SEEK;
	return (SKV_OK);
}

void
skv_interrupt(struct skv *db)
{
	CHECK_MAGIC(db, SKV_MAGIC);
	atomic_store(&db->interrupted, true);
}

/* Counts one key; SKV_NOTFOUND at the end. */
static enum skv_err
count_next(struct skv_scan *s, uint64_t *count)
{
	struct skv_value v;
	const void *key;
	enum skv_err err;
	size_t keylen;

	err = skv_scan_next(s, &key, &keylen, &v);
	*count += err == SKV_OK;
	return (err);
}

/* Counts many, where the keys are. */
static enum skv_err
count_shared(struct skv_scan *s, uint64_t *count)
{
	return (s->db->ops->shared->iter_count(s->it, expiry_now(s->db),
	    count));
}

enum skv_err
skv_count(struct skv *db, const struct skv_range *range, uint64_t *ret)
{
	enum skv_err (*count)(struct skv_scan *, uint64_t *) = count_next;
	struct skv_scan *s;
	enum skv_err err;
	uint64_t n = 0;

	err = scan_new(db, range, 0, &s);
	if (err != SKV_OK)
		return (err);
	/* Those counted are not fetched. */
	if (db->ops->shared != NULL && db->ops->shared->iter_count != NULL)
		count = count_shared;
	do
		err = atomic_load_explicit(&db->interrupted,
			  memory_order_relaxed) ?
		    SKV_STOPPED :
		    count(s, &n);
	while (err == SKV_OK);
	skv_scan_close(s);
	if (err != SKV_NOTFOUND)
		return (err);
	*ret = n;
	return (SKV_OK);
}

/*
 * Adds deletions of the first keys of a range to a transaction; "next" gets
 * the key to go on from.
 */
static enum skv_err
collect_chunk(struct skv *db, const struct skv_range *range, struct skv_txn *t,
    struct buf *next)
{
	struct skv_scan *s;
	struct skv_value v;
	const void *key = NULL;
	enum skv_err err;
	size_t keylen, bytes = 0;

	err = skv_scan_open_limit(db, range, CHUNK_KEYS, &s);
	if (err != SKV_OK)
		return (err);
	while (skv_txn_size(t) < CHUNK_KEYS && bytes < CHUNK_BYTES &&
	    (err = skv_scan_next(s, &key, &keylen, &v)) == SKV_OK) {
		err = skv_txn_delete(t, key, keylen);
		if (err != SKV_OK)
			break;
		bytes += keylen;
		buf_reset(next);
		if (!buf_add(next, key, keylen) || !buf_addc(next, '\0')) {
			err = SKV_NOMEM;
			break;
		}
	}
	skv_scan_close(s);
	if (err == SKV_TOOBIG && skv_txn_size(t) > 0)
		return (SKV_OK); /* the rest is for the next one */
	return (err == SKV_NOTFOUND ? SKV_OK : err);
}

enum skv_err
skv_delete_range(struct skv *db, const struct skv_range *range,
    uint64_t *ret_deleted)
{
	struct skv_range r = *range;
	struct skv_txn *t;
	struct buf next = {0};
	enum skv_err err = SKV_OK;
	uint64_t n = 0;

	r.reverse = false;
	*ret_deleted = 0;
	t = skv_txn_new(db);
	if (t == NULL)
		return (SKV_NOMEM);
	for (;;) {
		err = collect_chunk(db, &r, t, &next);
		if (err != SKV_OK || skv_txn_size(t) == 0)
			break;
		n = skv_txn_size(t);
		err = skv_commit(t);
		if (err != SKV_OK)
			break;
		*ret_deleted += n;
		if (atomic_load(&db->interrupted)) {
			err = SKV_STOPPED;
			break;
		}
		r.start = next.data;
		r.startlen = next.len;
		skv_txn_reset(t);
	}
	skv_txn_free(t);
	buf_release(&next);
	return (err);
}
