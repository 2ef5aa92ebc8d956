/* SPDX-License-Identifier: MIT */
/* Keys in documents: text where they are UTF-8, and base64 where not. */
#ifndef WIRE_KEYNAME_H
#define WIRE_KEYNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "codec/doc.h"

/* A key as a document names it: "key", or "key64" in base64. */
struct keyname {
	const char *data; /* NULL: none yet */
	size_t len;
	bool base64;
};

/* Takes the member if it names a key; as envelope_member(). */
bool keyname_member(struct keyname *, struct doc_reader *, const char *name,
    size_t len);
/*
 * The key itself; "scratch" receives a decoded one. Returns NULL, or what is
 * wrong with it.
 */
const char *keyname_get(const struct keyname *, struct buf *scratch,
    const char **ret_key, size_t *ret_len);
/* Writes "key", or "key64" for what is no UTF-8 in JSON. */
void keyname_write(struct doc_writer *, const char *key, size_t len);

#endif
