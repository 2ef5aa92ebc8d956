/* SPDX-License-Identifier: MIT */
/*
 * Conditions made of entity tags: what If-Match and If-None-Match ask for (RFC
 * 9110 section 13.1).
 */
#ifndef FCGI_ETAG_H
#define FCGI_ETAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/scribekv.h"

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
