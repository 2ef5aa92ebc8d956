/* SPDX-License-Identifier: MIT */
/*
 * Entity tags (RFC 9110 section 8.8.3). A tag is the revision of a value, the
 * identity of the store (so that a store made anew does not repeat the tags of
 * the one before) and the representation, as "17-5f3a09c2j": strong, and
 * another for every write and every representation.
 */
#ifndef WIRE_ETAG_H
#define WIRE_ETAG_H

#include <stddef.h>
#include <stdint.h>

/* Representations, by their letter in a tag. */
enum rep {
	REP_RAW = 'r',
	REP_JSON = 'j',
	REP_CBOR = 'c',
};

#define ETAG_MAX 40 /* bytes of the longest tag, with a NUL */

/* Writes a tag without its quotes; returns its length. */
size_t etag_format(char tag[ETAG_MAX], uint64_t store_id, uint64_t revision,
    enum rep);
/*
 * The revision in a tag of this store, whatever the representation. 0, which
 * is no revision, when it is not one of ours.
 */
uint64_t etag_revision(const char *tag, size_t len, uint64_t store_id);

#endif
