/* SPDX-License-Identifier: MIT */
/*
 * Entity tags (RFC 9110 section 8.8.3). A tag is the revision of a value, the
 * identity of the store (so that a store made anew does not repeat the tags of
 * the one before) and the representation, as "17-5f3a09c2j": strong, and
 * another for every write and every representation.
 */
#ifndef FCGI_ETAG_H
#define FCGI_ETAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/scribekv.h"

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

/*
 * Adds the conditions of If-Match and If-None-Match fields (NULL when absent)
 * on a key to a transaction. SKV_INVALID with *ret_bad set when a field is
 * malformed.
 */
enum skv_err etag_conditions(struct skv_txn *, uint64_t store_id,
    const void *key, size_t keylen, const char *if_match,
    const char *if_none_match, const char **ret_bad);

/*
 * Whether a field holds for a value that was read: If-Match by its revision,
 * If-None-Match by its tag "tag" in the representation at hand, because a 304
 * tells the client to use just that one. False with *ret_bad set when it is
 * malformed.
 */
bool if_match_holds(const char *field, uint64_t store_id, uint64_t revision,
    bool *ret_bad);
bool if_none_match_holds(const char *field, const char *tag, bool *ret_bad);

#endif
