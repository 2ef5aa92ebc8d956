/* SPDX-License-Identifier: MIT */
/*
 * Groups and reads on an engine that other processes write to at the same
 * time. What a group's decisions depend on is read with locks first, and the
 * whole group is decided again when another process came between. Blind puts,
 * the usual case, are first tried without reading anything.
 */
#include "config.h"

#include <stdlib.h>

#include "base/check.h"
#include "store/internal.h"

/* The keys that transactions name; one may be there twice. */
struct keys {
	struct engine_key *v;
	size_t n;
};

static size_t
txn_keys(const struct skv_txn *t, struct engine_key *k)
{
	const struct op *op;
	size_t n;

	for (n = 0; n < t->nconds; n++)
		k[n] = (struct engine_key){t->conds[n].key.ptr,
		    t->conds[n].keylen + 1, false};
	for (op = t->ops; op < t->ops + t->nops; op++)
		k[n++] = (struct engine_key){op->key.ptr, op->keylen + 1,
		    op->type == OP_GET};
	return (n);
}

/* Collects the keys of a list of transactions. */
static bool
keys_collect(struct keys *keys, const struct skv_txn *group)
{
	const struct skv_txn *t;
	size_t max = 0;

	for (t = group; t != NULL; t = t->next)
		max += t->nconds + t->nops;
	keys->n = 0;
	keys->v = calloc(max == 0 ? 1 : max, sizeof(*keys->v));
	if (keys->v == NULL)
		return (false);
	for (t = group; t != NULL; t = t->next)
		keys->n += txn_keys(t, keys->v + keys->n);
	return (true);
}

enum skv_err
shared_read(struct skv *db, struct skv_txn *t, struct engine_reads **ret)
{
	struct keys keys;
	enum skv_err err;

	t->next = NULL;
	if (!keys_collect(&keys, t))
		return (SKV_NOMEM);
	err = db->ops->shared->read(db->engine, keys.v, keys.n, false,
	    &t->errinfo, ret);
	free(keys.v);
	return (err);
}

/* Whether nothing in a group depends on what is there already. */
static bool
is_blind(const struct skv_txn *group)
{
	const struct skv_txn *t;

	for (t = group; t != NULL; t = t->next)
		if (t->nconds > 0 || t->nputs < t->nops)
			return (false);
	return (true);
}

static enum skv_err
lock_keys(struct skv *db, const struct skv_txn *group, struct skv_errinfo *info)
{
	struct keys keys;
	enum skv_err err;

	if (!keys_collect(&keys, group))
		return (SKV_NOMEM);
	err = db->ops->shared->read(db->engine, keys.v, keys.n, true, info,
	    &db->reads);
	free(keys.v);
	return (err);
}

/* One attempt; begun already. */
static enum skv_err
try_group(struct skv *db, struct skv_txn *group, bool blind, uint64_t *revision,
    size_t *ret_nbatched, bool *ret_unknown, struct skv_errinfo *info)
{
	enum skv_err err = SKV_OK;

	if (!blind)
		err = lock_keys(db, group, info);
	if (err == SKV_OK)
		err = apply_group(db, group, revision, ret_nbatched);
	if (db->reads != NULL)
		db->ops->shared->reads_free(db->reads);
	db->reads = NULL;
	if (err != SKV_OK || *ret_nbatched == 0) {
		db->ops->batch_clear(db->engine);
		return (err);
	}
	err = commit_write(db, info);
	*ret_unknown = err == SKV_UNAVAILABLE;
	return (err);
}

enum skv_err
shared_write_group(struct skv *db, struct skv_txn *group, uint64_t *revision,
    size_t *ret_nbatched, bool *ret_unknown, struct skv_errinfo *info)
{
	const struct engine_shared_ops *s = db->ops->shared;
	bool blind = is_blind(group);
	struct skv_txn *t;
	enum skv_err err;
	unsigned attempt;

	for (attempt = 0;; attempt++) {
		err = s->begin(db->engine, attempt, info);
		if (err != SKV_OK)
			return (err);
		err = try_group(db, group, blind && attempt == 0, revision,
		    ret_nbatched, ret_unknown, info);
		if (err != ENGINE_AGAIN)
			return (err);
		for (t = group; t != NULL; t = t->next)
			txn_forget(t);
	}
}
