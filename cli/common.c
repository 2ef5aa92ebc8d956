/* SPDX-License-Identifier: MIT */
/* Options that several commands have; see common.h. */
#include "config.h"

#include <string.h>

#include "cli/common.h"
#include "cli/output.h"

bool
sync_option(const struct args *a, enum sync *ret)
{
	bool yes = args_has(a, "sync"), no = args_has(a, "no-sync");

	*ret = yes ? SYNC_YES : no ? SYNC_NO : SYNC_DEFAULT;
	if (yes && no)
		warn_user("give --sync or --no-sync, not both");
	return (!yes || !no);
}

bool
range_options(const struct session *s, const struct args *a,
    struct buf *scratch, struct skv_range *ret)
{
	const struct {
		const char *name;
		const void **data;
		size_t *len;
	} rows[] = {
	    {"prefix", &ret->prefix, &ret->prefixlen},
	    {"start", &ret->start, &ret->startlen},
	    {"end", &ret->end, &ret->endlen},
	};
	const char *text;
	struct bytes key;
	size_t i;

	*ret = (struct skv_range){.reverse = false};
	/* So that it does not move under the one before. */
	if (!buf_reserve(scratch, 3 * (SKV_KEYMAX + 1)))
		return (fail_user(ST_SERVER, "out of memory") == ST_DONE);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = args_get(a, rows[i].name);
		if (text == NULL || *text == '\0')
			continue;
		if (!session_key(s, text, scratch, &key))
			return (false);
		*rows[i].data = key.data;
		*rows[i].len = key.len;
	}
	return (true);
}

uint64_t
count_lines(const char *p, size_t len)
{
	const char *end = p + len;
	uint64_t n = 0;

	for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	return (n);
}
