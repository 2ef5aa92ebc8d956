/* SPDX-License-Identifier: MIT */
/*
 * Building transactions and reading their results. A put is encoded as its
 * record at once, so that the leader only has to fill in the revision.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"

/* What one that is reset keeps at most: bytes, and elements of its arrays. */
#define KEEP_BYTES 65536
#define KEEP_ELEMS 1024

struct skv_txn *
skv_txn_new(struct skv *db)
{
	struct skv_txn *t;

	CHECK_MAGIC(db, SKV_MAGIC);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return (NULL);
	t->magic = SKV_TXN_MAGIC;
	t->db = db;
	t->durability = db->opts.durability;
	t->ops = &t->firstop;
	t->maxops = 1;
	return (t);
}

void
txn_forget(struct skv_txn *t)
{
	size_t i;

	for (i = 0; i < t->nresults; i++) {
		skv_value_release(&t->results[i].value);
		t->results[i] = (struct result){.err = SKV_NOTFOUND};
	}
	for (i = 0; i < t->nconds; i++)
		t->conds[i].failed = false;
	t->err = SKV_OK;
	t->applied = SKV_APPLIED_NO;
	t->durable = false;
	t->revision = 0;
	t->errinfo.text[0] = '\0';
}

/* Gives up all memory but that of the transaction itself. */
static void
give_up(struct skv_txn *t)
{
	if (t->ops != &t->firstop)
		free(t->ops);
	free(t->conds);
	free(t->revs);
	free(t->results);
	buf_release(&t->arena);
	t->ops = &t->firstop;
	t->maxops = 1;
	t->conds = NULL;
	t->revs = NULL;
	t->results = NULL;
	t->maxconds = t->maxrevs = t->maxresults = 0;
}

void
skv_txn_free(struct skv_txn *t)
{
	if (t == NULL)
		return;
	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	txn_forget(t);
	give_up(t);
	t->magic = 0;
	free(t);
}

void
skv_txn_reset(struct skv_txn *t)
{
	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	txn_forget(t);
	if (t->arena.cap > KEEP_BYTES ||
	    t->maxops + t->maxconds + t->maxrevs + t->maxresults > KEEP_ELEMS)
		give_up(t);
	buf_reset(&t->arena);
	t->nops = t->nconds = t->nrevs = t->nresults = 0;
	t->nwrites = t->nputs = 0;
	t->frozen = false;
	t->durability = t->db->opts.durability;
}

void
skv_txn_durability(struct skv_txn *t, enum skv_durability d)
{
	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	CHECK(d == SKV_ASYNC || d == SKV_SYNC);
	t->durability = d;
}

/*
 * Makes room for one more element of "size" bytes in an array. "inplace" is
 * memory that is part of the transaction and so is copied, not reallocated.
 */
static bool
grow(void *array, const void *inplace, size_t n, size_t *max, size_t size)
{
	void *old, *p;
	size_t more;

	if (n < *max)
		return (true);
	memcpy(&old, array, sizeof(old));
	more = *max < 8 ? 8 : *max * 2;
	p = realloc(old == inplace ? NULL : old, more * size);
	if (p == NULL)
		return (false);
	if (old == inplace && n > 0)
		memcpy(p, old, n * size);
	memcpy(array, &p, sizeof(p));
	*max = more;
	return (true);
}

/* Checks what all additions have in common. */
static enum skv_err
check_add(const struct skv_txn *t, const void *key, size_t keylen, size_t more)
{
	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	CHECK(!t->frozen);
	if (!key_ok(key, keylen) || t->nops + t->nconds >= SKV_OPSMAX)
		return (SKV_INVALID);
	if (more > t->db->opts.max_txn ||
	    t->arena.len + t->nrevs * sizeof(*t->revs) + keylen >
		t->db->opts.max_txn - more)
		return (SKV_TOOBIG);
	return (SKV_OK);
}

static enum skv_err
add_cond(struct skv_txn *t, bool none, const void *key, size_t keylen,
    const uint64_t *revisions, size_t n)
{
	struct cond *c;
	enum skv_err err;
	size_t i, offset;

	err = check_add(t, key, keylen,
	    n > SIZE_MAX / sizeof(*revisions) ? SIZE_MAX :
						n * sizeof(*revisions));
	if (err != SKV_OK)
		return (err);
	offset = t->arena.len;
	if (!grow(&t->conds, NULL, t->nconds, &t->maxconds, sizeof(*c)))
		return (SKV_NOMEM);
	for (i = 0; i < n; i++) {
		if (!grow(&t->revs, NULL, t->nrevs + i, &t->maxrevs,
			sizeof(*t->revs)))
			return (SKV_NOMEM);
		t->revs[t->nrevs + i] = revisions[i];
	}
	if (!record_key(&t->arena, key, keylen)) {
		buf_truncate(&t->arena, offset);
		return (SKV_NOMEM);
	}
	c = &t->conds[t->nconds++];
	*c = (struct cond){
	    .none = none,
	    .keylen = keylen,
	    .key.offset = offset,
	    .revs = t->nrevs,
	    .nrevs = n,
	};
	t->nrevs += n;
	return (SKV_OK);
}

enum skv_err
skv_txn_if_match(struct skv_txn *t, const void *key, size_t keylen,
    const uint64_t *revisions, size_t n)
{
	return (add_cond(t, false, key, keylen, revisions, n));
}

enum skv_err
skv_txn_if_none_match(struct skv_txn *t, const void *key, size_t keylen,
    const uint64_t *revisions, size_t n)
{
	return (add_cond(t, true, key, keylen, revisions, n));
}

/* Appends an operation and its key; the record follows, if any. */
static enum skv_err
add_op(struct skv_txn *t, enum op_type type, const void *key, size_t keylen,
    size_t more, struct op **ret)
{
	enum skv_err err;
	size_t offset;

	err = check_add(t, key, keylen, more);
	if (err != SKV_OK)
		return (err);
	offset = t->arena.len;
	/* Room for the record that may follow too, so as to grow once. */
	if (!grow(&t->ops, &t->firstop, t->nops, &t->maxops, sizeof(**ret)) ||
	    !buf_reserve(&t->arena, 1 + keylen + RECORD_HEADUSUAL + more) ||
	    !record_key(&t->arena, key, keylen)) {
		buf_truncate(&t->arena, offset);
		return (SKV_NOMEM);
	}
	*ret = &t->ops[t->nops++];
	**ret = (struct op){
	    .type = type,
	    .keylen = keylen,
	    .key.offset = offset,
	};
	t->nwrites += type != OP_GET;
	t->nputs += type == OP_PUT;
	return (SKV_OK);
}

enum skv_err
skv_txn_put(struct skv_txn *t, const void *key, size_t keylen, const void *data,
    size_t len, const struct skv_attr *attr)
{
	static const struct skv_attr none;
	struct op *op;
	enum skv_err err;

	if (attr == NULL)
		attr = &none;
	if (!record_attr_ok(attr))
		return (SKV_INVALID);
	if (len > t->db->opts.max_value)
		return (SKV_TOOBIG);
	err = add_op(t, OP_PUT, key, keylen, len, &op);
	if (err != SKV_OK)
		return (err);
	op->record.offset = t->arena.len + RECORD_ROOM;
	op->expires_ms = attr->expires_ms;
	if (!record_encode(&t->arena, attr, data, len)) {
		buf_truncate(&t->arena, op->key.offset);
		t->nops--;
		t->nwrites--;
		t->nputs--;
		return (SKV_NOMEM);
	}
	op->recordlen = t->arena.len - op->record.offset;
	return (SKV_OK);
}

enum skv_err
skv_txn_delete(struct skv_txn *t, const void *key, size_t keylen)
{
	struct op *op;

	return (add_op(t, OP_DELETE, key, keylen, 0, &op));
}

enum skv_err
skv_txn_get(struct skv_txn *t, const void *key, size_t keylen)
{
	struct op *op;
	enum skv_err err;

	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	if (!grow(&t->results, NULL, t->nresults, &t->maxresults,
		sizeof(*t->results)))
		return (SKV_NOMEM);
	err = add_op(t, OP_GET, key, keylen, 0, &op);
	if (err != SKV_OK)
		return (err);
	op->result = t->nresults++;
	t->results[op->result] = (struct result){.err = SKV_NOTFOUND};
	return (SKV_OK);
}

enum skv_err
txn_expire(struct skv_txn *t, int64_t expires_ms, const void *key,
    size_t keylen)
{
	struct op *op;
	enum skv_err err;

	err = add_op(t, OP_EXPIRE, key, keylen, 0, &op);
	if (err == SKV_OK)
		op->expires_ms = expires_ms;
	return (err);
}

void
txn_keep_clock(struct skv_txn *t)
{
	CHECK(t->nops == 0);
	t->nwrites = 1;
}

void
txn_freeze(struct skv_txn *t)
{
	char *base = t->arena.data;
	struct op *op;
	size_t i;

	CHECK(!t->frozen);
	for (op = t->ops; op < t->ops + t->nops; op++) {
		op->key.ptr = base + op->key.offset;
		op->record.ptr = base + op->record.offset;
	}
	for (i = 0; i < t->nconds; i++)
		t->conds[i].key.ptr = base + t->conds[i].key.offset;
	t->frozen = true;
}

uint64_t
skv_txn_revision(const struct skv_txn *t)
{
	return (t->revision);
}

bool
skv_txn_durable(const struct skv_txn *t)
{
	return (t->durable);
}

enum skv_applied
skv_txn_applied(const struct skv_txn *t)
{
	return (t->applied);
}

const char *
skv_txn_error(const struct skv_txn *t)
{
	return (t->errinfo.text);
}

size_t
skv_txn_size(const struct skv_txn *t)
{
	return (t->nops);
}

enum skv_err
skv_txn_result(const struct skv_txn *t, size_t i, struct skv_value *ret)
{
	const struct result *r;

	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	if (i >= t->nops || t->ops[i].type != OP_GET)
		return (SKV_INVALID);
	r = &t->results[t->ops[i].result];
	if (r->err == SKV_OK) {
		*ret = r->value;
		ret->pin = NULL; /* the transaction's */
	}
	return (r->err);
}

enum skv_err
skv_txn_failure(const struct skv_txn *t, size_t i, struct skv_failure *ret)
{
	const struct cond *c;

	CHECK_MAGIC(t, SKV_TXN_MAGIC);
	if (i >= t->nconds)
		return (SKV_INVALID);
	c = &t->conds[i];
	if (!c->failed)
		return (SKV_NOTFOUND);
	ret->key = c->key.ptr + 1;
	ret->keylen = c->keylen;
	ret->revision = c->found;
	return (SKV_OK);
}
