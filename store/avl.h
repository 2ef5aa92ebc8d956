/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. An ordered map in memory that can be read while it is
 * changed: the tree of the engine "mem".
 *
 * 1. One thread at a time changes the tree. A reader takes a view, which is
 *    the tree of that moment and stays so, and gives it back. A lock of the
 *    caller's keeps avl_view() and changes apart; all else needs none.
 * 2. Changing needs no memory beyond what avl_reserve() has put aside.
 */
#ifndef STORE_AVL_H
#define STORE_AVL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Higher than a tree that fills a 64-bit address space. */
#define AVL_HEIGHTMAX 96

struct avl_node;

/* A key and its value; never changed. Whoever has a pointer has a reference. */
struct avl_entry {
	atomic_uint refs;
	unsigned keylen;
	size_t len;
	char bytes[]; /* the key, then the value */
};

struct avl {
	struct avl_node *root;
	size_t count;
	struct avl_node *spares; /* put aside, linked by child[0] */
	size_t nspares;
};

struct avl_iter {
	struct avl_node *root;
	int depth;			      /* 0: not valid */
	struct avl_node *path[AVL_HEIGHTMAX]; /* from the root to the present */
};

/* NULL: no memory. The caller's one reference is for avl_entry_drop(). */
struct avl_entry *avl_entry_new(const void *key, size_t keylen,
    const void *value, size_t len);
struct avl_entry *avl_entry_ref(struct avl_entry *);
void avl_entry_drop(struct avl_entry *);

/* A zeroed struct avl is an empty tree. */
void avl_release(struct avl *);
/* Puts aside what "nops" changes can need; false: no memory. */
bool avl_reserve(struct avl *, size_t nops);
/* Takes over the reference to the entry. */
void avl_put(struct avl *, struct avl_entry *);
void avl_delete(struct avl *, const void *key, size_t keylen);

struct avl_node *avl_view(struct avl *);
void avl_view_drop(struct avl_node *);
/* The entry of a key, with no reference beyond that of the view; or NULL. */
struct avl_entry *avl_find(const struct avl_node *view, const void *key,
    size_t keylen);

/* To the first entry >= key, or to the last of all. */
void avl_seek(struct avl_iter *, const void *key, size_t keylen);
void avl_seek_last(struct avl_iter *);
/* To the next (side 1) or previous (side 0) entry. */
void avl_step(struct avl_iter *, int side);
/* The present entry; the iterator is valid. */
const struct avl_entry *avl_entry(const struct avl_iter *);

#endif
