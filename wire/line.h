/* SPDX-License-Identifier: MIT */
/*
 * The lines of exports and imports, and the items of lists: a key with its
 * value in one JSON object.
 */
#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "codec/doc.h"
#include "store/scribekv.h"
#include "wire/value.h"

/* A line that was read; the pointers are into the line or the scratch. */
struct line {
	const char *key;
	size_t keylen;
	struct stored stored;
};

/*
 * Takes a line apart, which changes it. "scratch" is emptied, and receives what
 * was in base64. Returns SKV_OK; SKV_NOMEM; or SKV_INVALID, and then *ret_why
 * says what is wrong with it.
 */
enum skv_err line_read(struct line *, struct skv *, char *data, size_t len,
    unsigned max_depth, struct buf *scratch, const char **ret_why);
/* Whether there is nothing but white space in it; such lines are skipped. */
bool line_blank(const char *, size_t len);
/* Appends a line, with its end, that makes the same value again. */
void line_write(struct buf *, const char *key, size_t keylen,
    const struct skv_value *);
/* Writes an item of a list. */
void item_write(struct doc_writer *, struct skv *, const char *key,
    size_t keylen, const struct skv_value *, bool values);

#endif
