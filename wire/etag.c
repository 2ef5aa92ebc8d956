/* SPDX-License-Identifier: MIT */
/* Entity tags; see etag.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/etag.h"

#define IDLEN 8 /* hexadecimal digits of the store's identity */

size_t
etag_format(char tag[ETAG_MAX], uint64_t store_id, uint64_t revision,
    enum rep rep)
{
	uint32_t id = (uint32_t)store_id;
	size_t n = decimal(tag, revision);
	int shift;

	tag[n++] = '-';
	for (shift = 4 * (IDLEN - 1); shift >= 0; shift -= 4)
		tag[n++] = "0123456789abcdef"[id >> shift & 0xf];
	tag[n++] = (char)rep;
	tag[n] = '\0';
	return (n);
}

uint64_t
etag_revision(const char *tag, size_t len, uint64_t store_id)
{
	char want[ETAG_MAX], *end;
	uint64_t revision;

	/* Only what we would write ourselves is ours. */
	if (len < IDLEN + 3 || len >= ETAG_MAX ||
	    strchr("rjc", tag[len - 1]) == NULL || tag[0] < '1' || tag[0] > '9')
		return (0);
	revision = strtoull(tag, &end, 10);
	(void)etag_format(want, store_id, revision, (enum rep)tag[len - 1]);
	return (strlen(want) == len && memcmp(want, tag, len) == 0 ? revision :
								     0);
}
