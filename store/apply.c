/* SPDX-License-Identifier: MIT */
/*
 * What a transaction means. The leader gives a group of transactions to
 * apply_group(), which decides them one after the other as if each had been
 * written before the next was looked at, though all become one batch: what the
 * group has changed so far is in an overlay, a tree of its latest operation on
 * each key, which reads consult before the engine. Blind writes, the usual
 * case, need no overlay and no reads.
 *
 * Every transaction is decided in two steps: first everything that can fail
 * (conditions, gets, limits), seeing its own operations through a second,
 * private tree; then everything it changes goes into batch and overlay. So
 * nothing ever has to be taken back out of the batch.
 */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"

/* Both tree and engine order keys by memcmp(3). */
static int
op_cmp(const void *va, const void *vb)
{
	const struct op *a = va, *b = vb;
	size_t len = a->keylen < b->keylen ? a->keylen : b->keylen;
	int rc;

	rc = memcmp(a->key.ptr, b->key.ptr, len + 1);
	if (rc != 0)
		return (rc);
	return ((a->keylen > b->keylen) - (a->keylen < b->keylen));
}

static void
node_keep(void *node)
{
	(void)node; /* the transaction's */
}

static void
tree_free(void **root)
{
	tdestroy(*root, node_keep);
	*root = NULL;
}

/* Makes "op" the latest operation on its key. */
static bool
tree_set(void **root, struct op *op)
{
	struct op **node;

	node = tsearch(op, root, op_cmp);
	if (node == NULL)
		return (false);
	*node = op;
	return (true);
}

static struct op *
tree_find(void *const *root, const struct op *key)
{
	struct op **node;

	node = tfind(key, root, op_cmp);
	return (node == NULL ? NULL : *node);
}

/* What a transaction sees. */
struct view {
	struct skv *db;
	void *own;		    /* tree: its own operations */
	bool leader;		    /* who alone may look at the overlay */
	struct engine_reads *reads; /* of a shared engine */
	int64_t now;		    /* its moment; 0 before anybody asked */
};

/* As expiry_gone(), but at one moment for the whole transaction. */
static bool
view_gone(struct view *v, const struct skv_value *val)
{
	if (val->attr.expires_ms == 0)
		return (false);
	if (v->now == 0)
		v->now = expiry_now(v->db);
	return (val->attr.expires_ms <= v->now);
}

static enum skv_err
view_engine_get(struct view *v, const struct op *key, bool whole,
    struct skv_value *ret)
{
	const struct engine_ops *e = v->db->ops;
	const char *data;
	enum skv_err err;
	size_t len;
	void *pin;

	if (v->reads != NULL)
		err = e->shared->reads_get(v->reads, key->key.ptr,
		    key->keylen + 1, whole, &data, &len, &pin);
	else
		err = e->get(v->db->engine, key->key.ptr, key->keylen + 1,
		    &data, &len, &pin);
	if (err != SKV_OK)
		return (err);
	if (!record_decode(data, len, ret)) {
		e->release(pin);
		return (SKV_CORRUPT);
	}
	ret->pin = pin;
	ret->unpin = e->release;
	return (SKV_OK);
}

/*
 * The present value of a key, SKV_NOTFOUND when absent or expired. "key" is
 * any operation with that key. Unless "whole" is set the value's bytes may be
 * cut off.
 */
static enum skv_err
view_get(struct view *v, const struct op *key, bool whole,
    struct skv_value *ret)
{
	struct skv_value val;
	const struct op *op = NULL;
	enum skv_err err;

	if (v->own != NULL)
		op = tree_find(&v->own, key);
	if (op == NULL && v->leader && v->db->overlay != NULL)
		op = tree_find(&v->db->overlay, key);
	if (op != NULL && op->type != OP_PUT)
		return (SKV_NOTFOUND);
	if (op != NULL) {
		CHECK(record_decode(op->record.ptr, op->recordlen, &val));
		val.pin = NULL;
		err = SKV_OK;
	} else
		err = view_engine_get(v, key, whole, &val);
	if (err != SKV_OK)
		return (err);
	if (view_gone(v, &val)) {
		skv_value_release(&val);
		return (SKV_NOTFOUND);
	}
	*ret = val;
	return (SKV_OK);
}

static bool
cond_holds(const struct cond *c, const uint64_t *revs)
{
	bool match;
	size_t i;

	match = c->nrevs == 0 && c->found != 0; /* "*" */
	for (i = 0; i < c->nrevs && !match; i++)
		match = c->found != 0 && revs[c->revs + i] == c->found;
	return (match != c->none);
}

/* Checks all conditions, also after a false one, so that all are reported. */
static enum skv_err
check_conds(struct view *v, struct skv_txn *t)
{
	struct cond *c;
	struct skv_value val;
	enum skv_err err, ret = SKV_OK;
	size_t i;

	for (i = 0; i < t->nconds; i++) {
		struct op key = {.key = t->conds[i].key,
		    .keylen = t->conds[i].keylen};

		c = &t->conds[i];
		err = view_get(v, &key, false, &val);
		if (err != SKV_OK && err != SKV_NOTFOUND)
			return (err);
		c->found = 0;
		if (err == SKV_OK) {
			c->found = val.revision;
			skv_value_release(&val);
		}
		c->failed = !cond_holds(c, t->revs);
		if (c->failed)
			ret = SKV_CONFLICT;
	}
	return (ret);
}

/*
 * A value from the overlay lies in another transaction's memory, or in this
 * one's with the revision still to be set, and one of a shared engine in what
 * was read for many: the result gets a copy of its own.
 */
static enum skv_err
own_value(struct skv_value *val, uint64_t revision, bool own)
{
	char *copy;

	if (val->pin != NULL)
		return (SKV_OK);
	copy = malloc(val->len + val->attr.typelen + 1);
	if (copy == NULL)
		return (SKV_NOMEM);
	memcpy(copy, val->data, val->len);
	if (val->attr.typelen > 0)
		memcpy(copy + val->len, val->attr.type, val->attr.typelen);
	val->data = copy;
	val->attr.type = copy + val->len;
	val->pin = copy;
	val->unpin = free;
	if (own)
		val->revision = revision;
	return (SKV_OK);
}

static enum skv_err
run_get(struct view *v, struct skv_txn *t, const struct op *op,
    uint64_t revision, uint64_t *bytes)
{
	struct result *r = &t->results[op->result];
	struct skv_value val;
	enum skv_err err;
	bool own;

	own = v->own != NULL && tree_find(&v->own, op) != NULL;
	err = view_get(v, op, true, &val);
	if (err == SKV_OK) {
		*bytes += val.len;
		err = *bytes > t->db->opts.max_txn ?
		    SKV_TOOBIG :
		    own_value(&val, revision, own);
		if (err != SKV_OK) {
			skv_value_release(&val);
			return (err);
		}
		r->value = val;
	}
	r->err = err;
	return (err == SKV_NOTFOUND ? SKV_OK : err);
}

/*
 * The first step: everything that can fail, changing nothing but the
 * transaction itself.
 */
static enum skv_err
decide(struct view *v, struct skv_txn *t, uint64_t revision)
{
	struct op *op;
	struct skv_value val;
	enum skv_err err;
	uint64_t bytes = 0;
	bool reads = t->nresults > 0;

	err = check_conds(v, t);
	for (op = t->ops; err == SKV_OK && op < t->ops + t->nops; op++) {
		switch (op->type) {
		case OP_GET:
			err = run_get(v, t, op, revision, &bytes);
			break;
		case OP_EXPIRE:
			err = view_get(v, op, false, &val);
			if (err == SKV_OK)
				skv_value_release(&val);
			/* A record that does not decode is left to the
			 * operator, but must not stop the sweeper. */
			op->keep = err == SKV_OK || err == SKV_CORRUPT;
			if (err == SKV_NOTFOUND || err == SKV_CORRUPT)
				err = SKV_OK;
			break;
		case OP_PUT:
		case OP_DELETE:
			if (reads && !tree_set(&v->own, op))
				err = SKV_NOMEM;
			break;
		}
	}
	return (err);
}

static enum skv_err
batch_index(struct skv *db, const struct op *op, bool put)
{
	const struct engine_ops *e = db->ops;

	buf_reset(&db->scratch);
	if (!record_expiry_key(&db->scratch, op->expires_ms, op->key.ptr + 1,
		op->keylen))
		return (SKV_NOMEM);
	return (put ?
		e->batch_put(db->engine, db->scratch.data, db->scratch.len, "",
		    0) :
		e->batch_delete(db->engine, db->scratch.data, db->scratch.len));
}

static enum skv_err
batch_op(struct skv *db, struct op *op, uint64_t revision)
{
	const struct engine_ops *e = db->ops;
	enum skv_err err = SKV_OK;

	switch (op->type) {
	case OP_GET:
		break;
	case OP_PUT:
		record_set_revision(&op->record.ptr, &op->recordlen, revision);
		err = e->batch_put(db->engine, op->key.ptr, op->keylen + 1,
		    op->record.ptr, op->recordlen);
		if (err == SKV_OK && op->expires_ms != 0)
			err = batch_index(db, op, true);
		break;
	case OP_DELETE:
		err = e->batch_delete(db->engine, op->key.ptr, op->keylen + 1);
		break;
	case OP_EXPIRE:
		err = batch_index(db, op, false);
		if (err == SKV_OK && !op->keep)
			err = e->batch_delete(db->engine, op->key.ptr,
			    op->keylen + 1);
		break;
	}
	return (err);
}

/* Of a shared engine: what else the transaction's outcome depends on. */
static enum skv_err
batch_guards(struct skv *db, const struct skv_txn *t)
{
	const struct engine_shared_ops *s = db->ops->shared;
	const struct op *op;
	enum skv_err err = SKV_OK;
	size_t i;

	for (i = 0; err == SKV_OK && i < t->nconds; i++)
		err = s->batch_guard(db->engine, t->conds[i].key.ptr,
		    t->conds[i].keylen + 1);
	for (op = t->ops; err == SKV_OK && op < t->ops + t->nops; op++)
		if (op->type == OP_GET || op->keep)
			err = s->batch_guard(db->engine, op->key.ptr,
			    op->keylen + 1);
	return (err);
}

/* The second step: into the batch and, if the group reads, the overlay. */
static enum skv_err
batch_txn(struct skv *db, struct skv_txn *t, uint64_t revision, bool overlay)
{
	struct op *op;
	enum skv_err err = SKV_OK;

	if (db->ops->shared != NULL)
		err = batch_guards(db, t);
	for (op = t->ops; err == SKV_OK && op < t->ops + t->nops; op++) {
		err = batch_op(db, op, revision);
		if (err == SKV_OK && overlay && op->type != OP_GET &&
		    !op->keep && !tree_set(&db->overlay, op))
			err = SKV_NOMEM;
	}
	return (err);
}

/* Whether any transaction must see what an earlier one of the group did. */
static bool
group_reads(const struct skv_txn *group)
{
	const struct skv_txn *t;

	if (group->next == NULL)
		return (false);
	for (t = group; t != NULL; t = t->next)
		if (t->nconds + t->nresults > 0 ||
		    (t->nops > 0 && t->ops[0].type == OP_EXPIRE))
			return (true);
	return (false);
}

enum skv_err
apply_group(struct skv *db, struct skv_txn *group, uint64_t *revision,
    size_t *ret_nbatched)
{
	struct skv_txn *t;
	enum skv_err err = SKV_OK;
	uint64_t next;
	size_t n = 0;
	bool overlay = group_reads(group);

	for (t = group; err == SKV_OK && t != NULL; t = t->next) {
		struct view v = {.db = db, .leader = true, .reads = db->reads};

		next = db->ops->shared == NULL ?
		    *revision + 1 :
		    db->ops->shared->revision(db->engine, *revision);
		t->err = decide(&v, t, next);
		tree_free(&v.own);
		if (t->err == ENGINE_AGAIN || t->err == SKV_UNAVAILABLE)
			err = t->err; /* of the whole group */
		if (t->err != SKV_OK)
			continue;
		if (t->nwrites == 0) {
			t->revision = *revision;
			continue;
		}
		t->revision = *revision = next;
		err = batch_txn(db, t, t->revision, overlay);
		n++;
	}
	tree_free(&db->overlay);
	if (err != SKV_OK) {
		db->ops->batch_clear(db->engine);
		return (err);
	}
	*ret_nbatched = n;
	return (SKV_OK);
}

/* As apply_reads(), on an engine that has consistent reads of its own. */
static enum skv_err
shared_reads(struct view *v, struct skv_txn *t)
{
	enum skv_err err;

	err = shared_read(v->db, t, &v->reads);
	if (err != SKV_OK)
		return (err);
	err = decide(v, t, 0);
	v->db->ops->shared->reads_free(v->reads);
	return (err);
}

/*
 * Reads with plain gets, and then looks whether the engine was written to
 * meanwhile. An iterator would be one view by itself, but to find that a key
 * is absent it has to walk over everything that was deleted behind it.
 */
bool
apply_reads(struct skv *db, struct skv_txn *t, enum skv_err *ret_err)
{
	struct view v = {.db = db};
	const struct result *r;
	uint64_t seq;
	size_t i;

	CHECK(t->nwrites == 0);
	seq = atomic_load(&db->write_seq);
	if (seq % 2 != 0 && db->ops->shared == NULL)
		return (false);
	lck_lock(&db->mtx);
	t->revision = db->stats.revision;
	lck_unlock(&db->mtx);
	if (db->ops->shared != NULL)
		*ret_err = shared_reads(&v, t);
	else
		*ret_err = decide(&v, t, 0);
	if (atomic_load(&db->write_seq) != seq && db->ops->shared == NULL) {
		txn_forget(t);
		return (false);
	}
	/* The statistics may lag behind what is written. */
	for (i = 0; i < t->nresults; i++) {
		r = &t->results[i];
		if (r->err == SKV_OK && r->value.revision > t->revision)
			t->revision = r->value.revision;
	}
	return (true);
}
