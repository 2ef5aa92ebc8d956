/* SPDX-License-Identifier: MIT */
/*
 * Items of documents that answer: a key with what is told about it. Read in
 * place; strings point into the document or into "scratch".
 */
#ifndef CLI_ITEM_H
#define CLI_ITEM_H

#include "cli/cli.h"
#include "codec/doc.h"

struct item {
	struct bytes key, etag, type;
	int64_t size, ttl, index; /* -1: was not there */
	bool has_found, found;
	bool has_value;
	struct bytes value; /* bytes, or the JSON text of a document */
	struct buf scratch; /* item_release() */
};

/* Takes one apart, which is the "len" bytes of a map; false: it is none. */
bool item_read(struct item *, char *data, size_t len);
void item_release(struct item *);

#endif
