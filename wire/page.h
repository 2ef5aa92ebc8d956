/* SPDX-License-Identifier: MIT */
/*
 * A page of a list: one scan, bounded in items and in bytes, and the bound from
 * which the next page goes on.
 */
#ifndef WIRE_PAGE_H
#define WIRE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/doc.h"
#include "store/scribekv.h"

struct page {
	/* Of the caller. */
	struct skv *db;
	struct skv_range range;
	const char *delimiter; /* length 0: none */
	size_t delimiterlen;
	uint64_t limit; /* items and groups */
	bool values;

	/* Afterwards; page_release() frees it. */
	bool more;	 /* there is something behind this page */
	struct buf next; /* the start, or of a reverse list the end, of it */

	/* Private. */
	struct doc_writer *w;
	struct buf groups; /* the member "prefixes", as it grows */
	struct doc_writer groups_w;
	uint64_t n; /* items and groups so far */
};

/* Goes on where a page before ended: by its "next". */
void page_continue(struct page *, const void *bound, size_t len);
/*
 * Writes the members "items" and, with a delimiter, "prefixes", into a map that
 * the caller has begun and ends.
 */
enum skv_err page_write(struct page *, struct doc_writer *);
void page_release(struct page *);

#endif
