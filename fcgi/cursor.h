/* SPDX-License-Identifier: MIT */
/*
 * Cursors of lists: where the next page goes on. Opaque to clients, and valid
 * for the same range only, in this store, also after a restart. What they hold
 * is no secret, so they are protected against mistakes, not forgery: a changed
 * one is refused, a forged one gives what "start" or "end" would have given.
 */
#ifndef FCGI_CURSOR_H
#define FCGI_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/scribekv.h"

/*
 * A number for what a list is of: the store, the range (without the cursor's
 * own bound) and the delimiter.
 */
uint64_t cursor_tag(uint64_t store_id, const struct skv_range *,
    const void *delimiter, size_t delimiterlen);
/* Appends a cursor for a bound: a start, or an end of a reverse list. */
bool cursor_format(struct buf *, uint64_t tag, const void *bound, size_t len);
/* Appends the bound to "ret"; false when the cursor is not one of that list. */
bool cursor_parse(struct buf *ret, uint64_t tag, const char *text, size_t len);

#endif
