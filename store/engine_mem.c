/* SPDX-License-Identifier: MIT */
/*
 * The engine "mem": an ordered map in memory, for tests, and the floor that
 * benchmarks measure against. A batch is applied under the lock, after all the
 * memory that it can need was put aside: it is applied whole or not at all.
 * Readers hold the lock only while they take a view.
 */
#include "config.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/lck.h"
#include "store/avl.h"
#include "store/internal.h"

/* Operations that the list of a batch keeps room for. */
#define OPS_KEEP 4096

struct mem_op {
	struct avl_entry *entry;
	bool del;
};

struct engine {
	/* Of the one who writes. */
	struct mem_op *ops;
	size_t nops, maxops;

	struct lck mtx; /* keeps views and changes apart */
	struct avl tree;
};

struct engine_iter {
	struct avl_iter at;
};

static enum skv_err
mem_open(const char *path, const struct skv_options *opts,
    struct skv_errinfo *info, struct engine **ret)
{
	struct engine *e;

	(void)opts;
	if (*path != '\0') {
		errinfo_set(info, "mem: takes no name");
		return (SKV_INVALID);
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL) {
		errinfo_set(info, "out of memory");
		return (SKV_NOMEM);
	}
	lck_init(&e->mtx);
	*ret = e;
	return (SKV_OK);
}

static void
mem_batch_clear(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->nops; i++)
		avl_entry_drop(e->ops[i].entry);
	e->nops = 0;
	if (e->maxops > OPS_KEEP) {
		free(e->ops);
		e->ops = NULL;
		e->maxops = 0;
	}
}

static void
mem_close(struct engine *e)
{
	if (e == NULL)
		return;
	mem_batch_clear(e);
	free(e->ops);
	avl_release(&e->tree);
	lck_release(&e->mtx);
	free(e);
}

static struct avl_node *
take_view(struct engine *e)
{
	struct avl_node *view;

	lck_lock(&e->mtx);
	view = avl_view(&e->tree);
	lck_unlock(&e->mtx);
	return (view);
}

static enum skv_err
mem_get(struct engine *e, const void *key, size_t keylen,
    const char **ret_value, size_t *ret_len, void **ret_pin)
{
	struct avl_node *view = take_view(e);
	struct avl_entry *entry = avl_find(view, key, keylen);

	if (entry != NULL)
		(void)avl_entry_ref(entry);
	avl_view_drop(view);
	if (entry == NULL)
		return (SKV_NOTFOUND);
	*ret_value = entry->bytes + entry->keylen;
	*ret_len = entry->len;
	*ret_pin = entry;
	return (SKV_OK);
}

static void
mem_release(void *pin)
{
	if (pin != NULL)
		avl_entry_drop(pin);
}

static enum skv_err
batch_add(struct engine *e, struct avl_entry *entry, bool del)
{
	size_t max = e->maxops == 0 ? 64 : e->maxops * 2;
	struct mem_op *ops = e->ops;

	if (entry == NULL)
		return (SKV_NOMEM);
	if (e->nops == e->maxops) {
		ops = reallocarray(ops, max, sizeof(*ops));
		if (ops == NULL) {
			avl_entry_drop(entry);
			return (SKV_NOMEM);
		}
		e->ops = ops;
		e->maxops = max;
	}
	ops[e->nops].entry = entry;
	ops[e->nops].del = del;
	e->nops++;
	return (SKV_OK);
}

static enum skv_err
mem_batch_put(struct engine *e, const void *key, size_t keylen,
    const void *value, size_t len)
{
	return (batch_add(e, avl_entry_new(key, keylen, value, len), false));
}

static enum skv_err
mem_batch_delete(struct engine *e, const void *key, size_t keylen)
{
	return (batch_add(e, avl_entry_new(key, keylen, NULL, 0), true));
}

static enum skv_err
mem_write(struct engine *e, struct skv_errinfo *info)
{
	struct mem_op *op;

	if (!avl_reserve(&e->tree, e->nops)) {
		mem_batch_clear(e);
		errinfo_set(info, "out of memory");
		return (SKV_NOMEM);
	}
	lck_lock(&e->mtx);
	for (op = e->ops; op < e->ops + e->nops; op++) {
		if (op->del)
			avl_delete(&e->tree, op->entry->bytes,
			    op->entry->keylen);
		else
			avl_put(&e->tree, avl_entry_ref(op->entry));
	}
	lck_unlock(&e->mtx);
	mem_batch_clear(e);
	return (SKV_OK);
}

static enum skv_err
mem_barrier(struct engine *e, struct skv_errinfo *info)
{
	(void)e;
	(void)info;
	return (SKV_OK);
}

static char *
mem_property(struct engine *e, const char *name)
{
	(void)e;
	(void)name;
	return (NULL);
}

/* ----------------------------------------------------------- iterators -- */

static struct engine_iter *
mem_iter_new(struct engine *e)
{
	struct engine_iter *i;

	i = malloc(sizeof(*i));
	if (i == NULL)
		return (NULL);
	i->at.root = take_view(e);
	i->at.depth = 0;
	return (i);
}

static void
mem_iter_free(struct engine_iter *i)
{
	if (i == NULL)
		return;
	avl_view_drop(i->at.root);
	free(i);
}

static void
mem_iter_seek(struct engine_iter *i, const void *key, size_t keylen)
{
	avl_seek(&i->at, key, keylen);
}

static void
mem_iter_seek_below(struct engine_iter *i, const void *key, size_t keylen)
{
	i->at.depth = 0;
	if (keylen > 0)
		avl_seek(&i->at, key, keylen);
	if (i->at.depth > 0)
		avl_step(&i->at, 0);
	else
		avl_seek_last(&i->at);
}

static void
mem_iter_next(struct engine_iter *i)
{
	avl_step(&i->at, 1);
}

static void
mem_iter_prev(struct engine_iter *i)
{
	avl_step(&i->at, 0);
}

static bool
mem_iter_valid(const struct engine_iter *i)
{
	return (i->at.depth > 0);
}

static const char *
mem_iter_key(const struct engine_iter *i, size_t *ret_len)
{
	const struct avl_entry *entry = avl_entry(&i->at);

	*ret_len = entry->keylen;
	return (entry->bytes);
}

static const char *
mem_iter_value(const struct engine_iter *i, size_t *ret_len)
{
	const struct avl_entry *entry = avl_entry(&i->at);

	*ret_len = entry->len;
	return (entry->bytes + entry->keylen);
}

static enum skv_err
mem_iter_error(const struct engine_iter *i)
{
	(void)i;
	return (SKV_OK);
}

const struct engine_ops engine_mem = {
    .name = "mem",
    .persistent = false,
    .defaults = ENGINE_DEFAULTS(0, 1000),
    .open = mem_open,
    .close = mem_close,
    .get = mem_get,
    .release = mem_release,
    .batch_put = mem_batch_put,
    .batch_delete = mem_batch_delete,
    .batch_clear = mem_batch_clear,
    .write = mem_write,
    .barrier = mem_barrier,
    .property = mem_property,
    .iter_new = mem_iter_new,
    .iter_free = mem_iter_free,
    .iter_seek = mem_iter_seek,
    .iter_seek_below = mem_iter_seek_below,
    .iter_next = mem_iter_next,
    .iter_prev = mem_iter_prev,
    .iter_valid = mem_iter_valid,
    .iter_key = mem_iter_key,
    .iter_value = mem_iter_value,
    .iter_error = mem_iter_error,
};
