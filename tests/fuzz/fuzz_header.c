/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes field values: every function takes every value, spans stay inside it,
 * and a range stays inside the representation.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/header.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_tags(const char *value, size_t len)
{
	struct etag_list list = {.p = value};
	const char *tag = value;
	size_t taglen = 0;
	bool weak;
	enum etag e;

	while ((e = etag_next(&list, &tag, &taglen, &weak)) == ETAG_TAG ||
	    e == ETAG_ANY) {
		CHECK(tag >= value && tag + taglen <= value + len);
		CHECK(list.p > value && list.p <= value + len);
	}
	CHECK(e == ETAG_BAD || list.n > 0);
	(void)if_range_holds(value, "17", 2);
}

static void
try_types(const char *value)
{
	static const char *const offers[] = {"application/json",
	    "application/cbor", "application/octet-stream"};
	bool prefers;
	int best;

	best = accept_choose(value, offers, 3, &prefers);
	CHECK(best >= -1 && best < 3);
	CHECK(best != -1 || !prefers);
	(void)media_type_is(value, "application/json");
}

static void
try_range(const char *value)
{
	static const uint64_t totals[] = {0, 1, 100, UINT64_MAX};
	uint64_t offset, len;
	size_t i;

	for (i = 0; i < sizeof(totals) / sizeof(*totals); i++) {
		if (range_parse(value, totals[i], &offset, &len) != RANGE_PART)
			continue;
		CHECK(offset < totals[i]);
		CHECK(len > 0 && len <= totals[i] - offset);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = malloc(size + 1);
	size_t len;

	CHECK(value != NULL);
	if (size > 0)
		memcpy(value, data, size);
	value[size] = '\0';
	len = strlen(value);
	try_tags(value, len);
	try_types(value);
	try_range(value);
	free(value);
	return (0);
}
