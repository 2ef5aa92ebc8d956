/* SPDX-License-Identifier: MIT */
/*
 * An AVL tree with reference counts. A view is a reference to the root. A
 * change alters a node in place only if it and all above it have a single
 * reference, and replaces it by a copy otherwise; so views stay as they are,
 * and changes cost no copies while there is no view. Recursion is as deep as
 * the tree is high: less than 1.45 log2 of its size.
 */
#include "config.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/avl.h"

struct avl_node {
	atomic_uint refs;
	int height;
	struct avl_node *child[2]; /* left, right */
	struct avl_entry *entry;
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

struct avl_entry *
avl_entry_ref(struct avl_entry *entry)
{
	ref(&entry->refs);
	return (entry);
}

void
avl_entry_drop(struct avl_entry *entry)
{
	if (unref(&entry->refs))
		free(entry);
}

static void
node_drop(struct avl_node *n)
{
	if (n == NULL || !unref(&n->refs))
		return;
	node_drop(n->child[0]);
	node_drop(n->child[1]);
	avl_entry_drop(n->entry);
	free(n);
}

static struct avl_node *
node_ref(struct avl_node *n)
{
	if (n != NULL)
		ref(&n->refs);
	return (n);
}

struct avl_entry *
avl_entry_new(const void *key, size_t keylen, const void *value, size_t len)
{
	struct avl_entry *entry;

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
compare(const void *key, size_t keylen, const struct avl_entry *entry)
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
 * A change needs a node for its entry and copies of at most the path to its
 * place and, on the way back, of two more nodes a level. All changes together
 * copy no node of the tree twice, as the copy has one reference. What is left
 * over is kept for the next time: never more than the tree once had.
 */
bool
avl_reserve(struct avl *t, size_t nops)
{
	size_t copies = nops * 3 * height_bound(t->count + nops);
	size_t need = nops + (copies < t->count ? copies : t->count);
	struct avl_node *n;

	while (t->nspares < need) {
		n = malloc(sizeof(*n));
		if (n == NULL)
			return (false);
		n->child[0] = t->spares;
		t->spares = n;
		t->nspares++;
	}
	return (true);
}

static struct avl_node *
take_spare(struct avl *t)
{
	struct avl_node *n = t->spares;

	AN(n);
	t->spares = n->child[0];
	t->nspares--;
	atomic_init(&n->refs, 1);
	return (n);
}

/* Makes the node at "slot", whose parent is owned, one that may be changed. */
static struct avl_node *
own(struct avl *t, struct avl_node **slot)
{
	struct avl_node *old = *slot, *n;

	if (refs_of(&old->refs) == 1)
		return (old);
	n = take_spare(t);
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
height(const struct avl_node *n)
{
	return (n == NULL ? 0 : n->height);
}

static void
set_height(struct avl_node *n)
{
	int left = height(n->child[0]), right = height(n->child[1]);

	n->height = 1 + (left > right ? left : right);
}

/* Moves the child on the given side into the place of its parent. */
static void
rotate(struct avl *t, struct avl_node **slot, int side)
{
	struct avl_node *n = *slot, *up = own(t, &n->child[side]);

	n->child[side] = up->child[!side];
	up->child[!side] = n;
	set_height(n);
	set_height(up);
	*slot = up;
}

/* After a change by one below the owned node at "slot". */
static void
rebalance(struct avl *t, struct avl_node **slot)
{
	struct avl_node *n = *slot, *c;
	int lean = height(n->child[1]) - height(n->child[0]);
	int side = lean > 0;

	if (lean >= -1 && lean <= 1) {
		set_height(n);
		return;
	}
	c = own(t, &n->child[side]);
	if (height(c->child[side]) < height(c->child[!side]))
		rotate(t, &n->child[side], !side);
	rotate(t, slot, side);
}

/* Takes over the reference to "entry". */
static void
put(struct avl *t, struct avl_node **slot, struct avl_entry *entry)
{
	struct avl_node *n = *slot;
	int c;

	if (n == NULL) {
		n = take_spare(t);
		n->height = 1;
		n->child[0] = n->child[1] = NULL;
		n->entry = entry;
		*slot = n;
		t->count++;
		return;
	}
	n = own(t, slot);
	c = compare(entry->bytes, entry->keylen, n->entry);
	if (c == 0) {
		avl_entry_drop(n->entry);
		n->entry = entry;
		return;
	}
	put(t, &n->child[c > 0], entry);
	rebalance(t, slot);
}

/* Unlinks the least node below "slot", which is owned then. */
static struct avl_node *
take_least(struct avl *t, struct avl_node **slot)
{
	struct avl_node *n = own(t, slot), *least;

	if (n->child[0] == NULL) {
		*slot = n->child[1];
		return (n);
	}
	least = take_least(t, &n->child[0]);
	rebalance(t, slot);
	return (least);
}

/* Unlinks the owned node at "slot". */
static void
unlink_node(struct avl *t, struct avl_node **slot)
{
	struct avl_node *n = *slot, *next;

	if (n->child[0] != NULL && n->child[1] != NULL) {
		next = take_least(t, &n->child[1]);
		next->child[0] = n->child[0];
		next->child[1] = n->child[1];
		*slot = next;
		rebalance(t, slot);
	} else
		*slot = n->child[n->child[0] == NULL];
	n->child[0] = n->child[1] = NULL;
	node_drop(n);
	t->count--;
}

/* The key is in the tree. */
static void delete (struct avl *t, struct avl_node **slot, const void *key,
    size_t keylen)
{
	struct avl_node *n = own(t, slot);
	int c = compare(key, keylen, n->entry);

	if (c == 0) {
		unlink_node(t, slot);
		return;
	}
	delete (t, &n->child[c > 0], key, keylen);
	rebalance(t, slot);
}

struct avl_entry *
avl_find(const struct avl_node *n, const void *key, size_t keylen)
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

void
avl_put(struct avl *t, struct avl_entry *entry)
{
	put(t, &t->root, entry);
}

void
avl_delete(struct avl *t, const void *key, size_t keylen)
{
	/* Looking first saves copies for nothing. */
	if (avl_find(t->root, key, keylen) != NULL)
		delete (t, &t->root, key, keylen);
}

struct avl_node *
avl_view(struct avl *t)
{
	return (node_ref(t->root));
}

void
avl_view_drop(struct avl_node *view)
{
	node_drop(view);
}

void
avl_release(struct avl *t)
{
	struct avl_node *n;

	while ((n = t->spares) != NULL) {
		t->spares = n->child[0];
		free(n);
	}
	node_drop(t->root);
	memset(t, 0, sizeof(*t));
}

/* ----------------------------------------------------------- iterators -- */

static void
descend(struct avl_iter *i, struct avl_node *n, int side)
{
	for (; n != NULL; n = n->child[side]) {
		CHECK(i->depth < AVL_HEIGHTMAX);
		i->path[i->depth++] = n;
	}
}

void
avl_seek(struct avl_iter *i, const void *key, size_t keylen)
{
	struct avl_node *n = i->root;
	int c, found = 0;

	i->depth = 0;
	while (n != NULL) {
		CHECK(i->depth < AVL_HEIGHTMAX);
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

void
avl_seek_last(struct avl_iter *i)
{
	i->depth = 0;
	descend(i, i->root, 1);
}

/* To the neighbour on that side: below the present node, or the first above. */
void
avl_step(struct avl_iter *i, int side)
{
	struct avl_node *n;

	CHECK(i->depth > 0);
	n = i->path[i->depth - 1];
	if (n->child[side] != NULL) {
		descend(i, n->child[side], !side);
		return;
	}
	do {
		n = i->path[--i->depth];
	} while (i->depth > 0 && i->path[i->depth - 1]->child[side] == n);
}

const struct avl_entry *
avl_entry(const struct avl_iter *i)
{
	CHECK(i->depth > 0);
	return (i->path[i->depth - 1]->entry);
}
