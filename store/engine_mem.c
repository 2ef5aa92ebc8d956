/* SPDX-License-Identifier: MIT */
/*
 * The engine "mem": an ordered map in memory, for tests, and the floor that
 * benchmarks measure against.
 *
 * It is an AVL tree with reference counts. A reader takes a reference to the
 * root, under a lock that is held no longer than that, and from then on reads
 * a tree that nobody changes: a writer changes a node in place only if it and
 * all above it have one reference, and replaces it by a copy otherwise. So an
 * iterator is consistent, and writes cost no copies while there is no reader.
 *
 * A batch is applied under the lock, after all the memory that it can need was
 * put aside: it is applied whole or not at all. Recursion is as deep as the
 * tree is high, which is less than 1.45 log2 of its size.
 */
#include "config.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/lck.h"
#include "store/internal.h"

/* Higher than a tree that fills a 64-bit address space. */
#define HEIGHT_MAX 96
/* Operations that the list of a batch keeps room for. */
#define OPS_KEEP 4096

/* A key and its value; never changed. */
struct entry {
	atomic_uint refs;
	unsigned keylen;
	size_t len;
	char bytes[]; /* the key, then the value */
};

struct node {
	atomic_uint refs;
	int height;
	struct node *child[2]; /* left, right; in "spares" the first links */
	struct entry *entry;
};

struct mem_op {
	struct entry *entry;
	bool del;
};

struct engine {
	/* Of the one who writes. */
	struct mem_op *ops;
	size_t nops, maxops;
	struct node *spares;
	size_t nspares;
	size_t count; /* of entries */

	struct lck mtx; /* guards everything below */
	struct node *root;
};

struct engine_iter {
	struct node *root;
	int depth; /* 0: not valid */
	struct node *path[HEIGHT_MAX]; /* from the root to the present node */
};

/* ---------------------------------------------------------- references -- */

static unsigned
refs_of(atomic_uint *refs)
{
	/* Pairs with unref(): who sees the last other user gone, sees also
	 * that it has done with the thing. */
	return (atomic_load_explicit(refs, memory_order_acquire));
}

static void
ref(atomic_uint *refs)
{
	(void)atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether that was the last one. */
static bool
unref(atomic_uint *refs)
{
	return (atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1);
}

static void
entry_drop(struct entry *entry)
{
	if (unref(&entry->refs))
		free(entry);
}

static void
node_drop(struct node *n)
{
	if (n == NULL || !unref(&n->refs))
		return;
	node_drop(n->child[0]);
	node_drop(n->child[1]);
	entry_drop(n->entry);
	free(n);
}

static struct node *
node_ref(struct node *n)
{
	if (n != NULL)
		ref(&n->refs);
	return (n);
}

static struct entry *
entry_new(const void *key, size_t keylen, const void *value, size_t len)
{
	struct entry *entry;

	if (len > SIZE_MAX / 2 || keylen > UINT_MAX)
		return (NULL);
	entry = malloc(sizeof(*entry) + keylen + len);
	if (entry == NULL)
		return (NULL);
	atomic_init(&entry->refs, 1);
	entry->keylen = (unsigned)keylen;
	entry->len = len;
	if (keylen > 0)
		memcpy(entry->bytes, key, keylen);
	if (len > 0)
		memcpy(entry->bytes + keylen, value, len);
	return (entry);
}

/* Less than, equal to or greater than zero, as the key is to the entry's. */
static int
compare(const void *key, size_t keylen, const struct entry *entry)
{
	size_t len = keylen < entry->keylen ? keylen : entry->keylen;
	int c = len == 0 ? 0 : memcmp(key, entry->bytes, len);

	if (c != 0)
		return (c);
	return ((keylen > entry->keylen) - (keylen < entry->keylen));
}

/* ----------------------------------------------------------- the tree -- */

/* Upper bound of the height of an AVL tree with "count" nodes. */
static size_t
height_bound(size_t count)
{
	size_t bits = 0;

	for (; count > 0; count >>= 1)
		bits++;
	return (bits + bits / 2 + 1);
}

/*
 * Puts aside the nodes that a batch can need: one for each entry, and copies.
 * An operation copies at most the path to its place, and on the way back two
 * more nodes a level; and no node of the tree is copied twice in a batch,
 * because the copy has one reference. The nodes are kept for the next batch;
 * there are never more than the tree once had.
 */
static bool
reserve(struct engine *e)
{
	size_t copies = e->nops * 3 * height_bound(e->count + e->nops);
	size_t need = e->nops + (copies < e->count ? copies : e->count);
	struct node *n;

	while (e->nspares < need) {
		n = malloc(sizeof(*n));
		if (n == NULL)
			return (false);
		n->child[0] = e->spares;
		e->spares = n;
		e->nspares++;
	}
	return (true);
}

static struct node *
take_spare(struct engine *e)
{
	struct node *n = e->spares;

	AN(n);
	e->spares = n->child[0];
	e->nspares--;
	atomic_init(&n->refs, 1);
	return (n);
}

/* Makes the node at "slot", whose parent is owned, one that may be changed. */
static struct node *
own(struct engine *e, struct node **slot)
{
	struct node *old = *slot, *n;

	if (refs_of(&old->refs) == 1)
		return (old);
	n = take_spare(e);
	n->height = old->height;
	n->child[0] = node_ref(old->child[0]);
	n->child[1] = node_ref(old->child[1]);
	n->entry = old->entry;
	ref(&n->entry->refs);
	node_drop(old);
	*slot = n;
	return (n);
}

static int
height(const struct node *n)
{
	return (n == NULL ? 0 : n->height);
}

static void
set_height(struct node *n)
{
	int left = height(n->child[0]), right = height(n->child[1]);

	n->height = 1 + (left > right ? left : right);
}

/* Moves the child on the given side into the place of its parent. */
static void
rotate(struct engine *e, struct node **slot, int side)
{
	struct node *n = *slot, *up = own(e, &n->child[side]);

	n->child[side] = up->child[!side];
	up->child[!side] = n;
	set_height(n);
	set_height(up);
	*slot = up;
}

/* After a change by one below the owned node at "slot". */
static void
rebalance(struct engine *e, struct node **slot)
{
	struct node *n = *slot, *c;
	int lean = height(n->child[1]) - height(n->child[0]);
	int side = lean > 0;

	if (lean >= -1 && lean <= 1) {
		set_height(n);
		return;
	}
	c = own(e, &n->child[side]);
	if (height(c->child[side]) < height(c->child[!side]))
		rotate(e, &n->child[side], !side);
	rotate(e, slot, side);
}

/* Takes over the reference to "entry". */
static void
put(struct engine *e, struct node **slot, struct entry *entry)
{
	struct node *n = *slot;
	int c;

	if (n == NULL) {
		n = take_spare(e);
		n->height = 1;
		n->child[0] = n->child[1] = NULL;
		n->entry = entry;
		*slot = n;
		e->count++;
		return;
	}
	n = own(e, slot);
	c = compare(entry->bytes, entry->keylen, n->entry);
	if (c == 0) {
		entry_drop(n->entry);
		n->entry = entry;
		return;
	}
	put(e, &n->child[c > 0], entry);
	rebalance(e, slot);
}

/* Unlinks the least node below "slot", which is owned then. */
static struct node *
take_least(struct engine *e, struct node **slot)
{
	struct node *n = own(e, slot), *least;

	if (n->child[0] == NULL) {
		*slot = n->child[1];
		return (n);
	}
	least = take_least(e, &n->child[0]);
	rebalance(e, slot);
	return (least);
}

/* Unlinks the owned node at "slot". */
static void
unlink_node(struct engine *e, struct node **slot)
{
	struct node *n = *slot, *next;

	if (n->child[0] != NULL && n->child[1] != NULL) {
		next = take_least(e, &n->child[1]);
		next->child[0] = n->child[0];
		next->child[1] = n->child[1];
		*slot = next;
		rebalance(e, slot);
	} else
		*slot = n->child[n->child[0] == NULL];
	n->child[0] = n->child[1] = NULL;
	node_drop(n);
	e->count--;
}

/* The key is in the tree: looking first saves copies for nothing. */
static void
delete(struct engine *e, struct node **slot, const struct entry *entry)
{
	struct node *n = own(e, slot);
	int c = compare(entry->bytes, entry->keylen, n->entry);

	if (c == 0) {
		unlink_node(e, slot);
		return;
	}
	delete(e, &n->child[c > 0], entry);
	rebalance(e, slot);
}

static struct entry *
find(const struct node *n, const void *key, size_t keylen)
{
	int c;

	while (n != NULL) {
		c = compare(key, keylen, n->entry);
		if (c == 0)
			return (n->entry);
		n = n->child[c > 0];
	}
	return (NULL);
}

/* -------------------------------------------------------- the functions -- */

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
		if (e->ops[i].entry != NULL)
			entry_drop(e->ops[i].entry);
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
	struct node *n;

	if (e == NULL)
		return;
	mem_batch_clear(e);
	free(e->ops);
	while ((n = e->spares) != NULL) {
		e->spares = n->child[0];
		free(n);
	}
	lck_lock(&e->mtx);
	node_drop(e->root);
	lck_unlock(&e->mtx);
	lck_release(&e->mtx);
	free(e);
}

static struct node *
take_root(struct engine *e)
{
	struct node *root;

	lck_lock(&e->mtx);
	root = node_ref(e->root);
	lck_unlock(&e->mtx);
	return (root);
}

static enum skv_err
mem_get(struct engine *e, const void *key, size_t keylen,
    const char **ret_value, size_t *ret_len, void **ret_pin)
{
	struct node *root = take_root(e);
	struct entry *entry = find(root, key, keylen);

	if (entry != NULL)
		ref(&entry->refs);
	node_drop(root);
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
		entry_drop(pin);
}

static enum skv_err
batch_add(struct engine *e, struct entry *entry, bool del)
{
	size_t max = e->maxops == 0 ? 64 : e->maxops * 2;
	struct mem_op *ops = e->ops;

	if (entry == NULL)
		return (SKV_NOMEM);
	if (e->nops == e->maxops) {
		ops = reallocarray(ops, max, sizeof(*ops));
		if (ops == NULL) {
			entry_drop(entry);
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
	return (batch_add(e, entry_new(key, keylen, value, len), false));
}

static enum skv_err
mem_batch_delete(struct engine *e, const void *key, size_t keylen)
{
	return (batch_add(e, entry_new(key, keylen, NULL, 0), true));
}

static enum skv_err
mem_write(struct engine *e, struct skv_errinfo *info)
{
	struct mem_op *op;

	if (!reserve(e)) {
		mem_batch_clear(e);
		errinfo_set(info, "out of memory");
		return (SKV_NOMEM);
	}
	lck_lock(&e->mtx);
	for (op = e->ops; op < e->ops + e->nops; op++) {
		if (!op->del) {
			put(e, &e->root, op->entry);
			op->entry = NULL;
		} else if (find(e->root, op->entry->bytes,
		    op->entry->keylen) != NULL)
			delete(e, &e->root, op->entry);
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
	i->root = take_root(e);
	i->depth = 0;
	CHECK(height(i->root) <= HEIGHT_MAX);
	return (i);
}

static void
mem_iter_free(struct engine_iter *i)
{
	if (i == NULL)
		return;
	node_drop(i->root);
	free(i);
}

static void
descend(struct engine_iter *i, struct node *n, int side)
{
	for (; n != NULL; n = n->child[side])
		i->path[i->depth++] = n;
}

static void
mem_iter_seek(struct engine_iter *i, const void *key, size_t keylen)
{
	struct node *n = i->root;
	int c, found = 0;

	i->depth = 0;
	while (n != NULL) {
		i->path[i->depth++] = n;
		c = compare(key, keylen, n->entry);
		if (c <= 0)
			found = i->depth;
		if (c == 0)
			break;
		n = n->child[c > 0];
	}
	i->depth = found;
}

static void
mem_iter_seek_last(struct engine_iter *i)
{
	i->depth = 0;
	descend(i, i->root, 1);
}

/* To the neighbour on the given side: below it, or the first one above. */
static void
step(struct engine_iter *i, int side)
{
	struct node *n;

	CHECK(i->depth > 0);
	n = i->path[i->depth - 1];
	if (n->child[side] != NULL) {
		descend(i, n->child[side], !side);
		return;
	}
	do
		n = i->path[--i->depth];
	while (i->depth > 0 && i->path[i->depth - 1]->child[side] == n);
}

static void
mem_iter_next(struct engine_iter *i)
{
	step(i, 1);
}

static void
mem_iter_prev(struct engine_iter *i)
{
	step(i, 0);
}

static bool
mem_iter_valid(const struct engine_iter *i)
{
	return (i->depth > 0);
}

static const char *
mem_iter_key(const struct engine_iter *i, size_t *ret_len)
{
	const struct entry *entry;

	CHECK(i->depth > 0);
	entry = i->path[i->depth - 1]->entry;
	*ret_len = entry->keylen;
	return (entry->bytes);
}

static const char *
mem_iter_value(const struct engine_iter *i, size_t *ret_len)
{
	const struct entry *entry;

	CHECK(i->depth > 0);
	entry = i->path[i->depth - 1]->entry;
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
	.iter_seek_last = mem_iter_seek_last,
	.iter_next = mem_iter_next,
	.iter_prev = mem_iter_prev,
	.iter_valid = mem_iter_valid,
	.iter_key = mem_iter_key,
	.iter_value = mem_iter_value,
	.iter_error = mem_iter_error,
};
