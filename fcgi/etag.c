/* SPDX-License-Identifier: MIT */
/* Conditions made of entity tags; see etag.h. */
#include "config.h"

#include <string.h>

#include "fcgi/etag.h"
#include "fcgi/header.h"
#include "wire/etag.h"

/* Tags in one field; nginx bounds the field anyway. */
#define LIST_MAX 1024

/*
 * The revisions in a field. Weak tags count only if "weak" is allowed; tags
 * that do not count become 0, which matches nothing. An empty list is "*".
 */
static bool
parse_list(const char *field, uint64_t store_id, bool weak, uint64_t *revs,
    size_t *ret_n)
{
	struct etag_list list = {.p = field};
	const char *tag;
	enum etag e;
	size_t len, n = 0;
	bool w;

	while ((e = etag_next(&list, &tag, &len, &w)) == ETAG_TAG) {
		if (n == LIST_MAX)
			return (false);
		revs[n++] = w && !weak ? 0 : etag_revision(tag, len, store_id);
	}
	*ret_n = n;
	return (e != ETAG_BAD);
}

enum skv_err
etag_conditions(struct skv_txn *t, uint64_t store_id, const void *key,
    size_t keylen, const char *if_match, const char *if_none_match,
    const char **ret_bad)
{
	uint64_t revs[LIST_MAX];
	enum skv_err err = SKV_OK;
	size_t n;

	if (if_match != NULL) {
		if (!parse_list(if_match, store_id, false, revs, &n)) {
			*ret_bad = "If-Match";
			return (SKV_INVALID);
		}
		err = skv_txn_if_match(t, key, keylen, revs, n);
	}
	if (err == SKV_OK && if_none_match != NULL) {
		if (!parse_list(if_none_match, store_id, true, revs, &n)) {
			*ret_bad = "If-None-Match";
			return (SKV_INVALID);
		}
		err = skv_txn_if_none_match(t, key, keylen, revs, n);
	}
	return (err);
}

bool
if_match_holds(const char *field, uint64_t store_id, uint64_t revision,
    bool *ret_bad)
{
	uint64_t revs[LIST_MAX];
	size_t i, n;

	if (!parse_list(field, store_id, false, revs, &n)) {
		*ret_bad = true;
		return (false);
	}
	for (i = 0; i < n; i++)
		if (revs[i] == revision)
			return (true);
	return (n == 0);
}

bool
if_none_match_holds(const char *field, const char *tag, bool *ret_bad)
{
	struct etag_list list = {.p = field};
	const char *t;
	enum etag e;
	size_t len;
	bool weak;

	while ((e = etag_next(&list, &t, &len, &weak)) == ETAG_TAG)
		if (len == strlen(tag) && memcmp(t, tag, len) == 0)
			return (false);
	*ret_bad = e == ETAG_BAD;
	return (e == ETAG_END);
}
