/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes what is read back: records from the disk, cursors from a client, lines
 * of an import. What is taken stays inside, and makes the same again.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fcgi/cursor.h"
#include "store/record.h"
#include "wire/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct skv *db;

static void
try_record(const char *data, size_t len)
{
	struct skv_value val, again;
	struct buf b;
	char *record;
	size_t recordlen;

	if (!record_decode(data, len, &val))
		return;
	CHECK((const char *)val.data >= data && val.len <= len);
	CHECK((const char *)val.data + val.len == data + len);
	if (!record_attr_ok(&val.attr))
		return; /* of an older program, or a flipped bit */
	buf_init(&b);
	CHECK(record_encode(&b, &val.attr, val.data, val.len));
	record = b.data + RECORD_ROOM;
	recordlen = b.len - RECORD_ROOM;
	record_set_revision(&record, &recordlen, val.revision);
	CHECK(record_decode(record, recordlen, &again));
	CHECK(again.revision == val.revision && again.len == val.len);
	CHECK(val.len == 0 || memcmp(again.data, val.data, val.len) == 0);
	CHECK(again.attr.kind == val.attr.kind);
	buf_release(&b);
}

static void
try_cursor(const char *data, size_t len)
{
	struct buf bound, text;
	size_t i;

	buf_init(&bound);
	buf_init(&text);
	(void)cursor_parse(&bound, 17, data, len);
	/* One of ours is taken, and not for another list. */
	buf_reset(&bound);
	if (len > SKV_KEYMAX)
		len = SKV_KEYMAX;
	CHECK(cursor_format(&text, len, data, len));
	CHECK(cursor_parse(&bound, len, text.data, text.len));
	CHECK(bound.len == len);
	for (i = 0; i < len; i++)
		CHECK(bound.data[i] == data[i]);
	CHECK(!cursor_parse(&bound, len + 1, text.data, text.len));
	buf_release(&bound);
	buf_release(&text);
}

static void
try_line(const char *data, size_t len)
{
	struct buf scratch;
	struct line line;
	const char *why = NULL;
	enum skv_err err;
	char *copy = malloc(len + (len == 0));

	AN(copy);
	if (len > 0)
		memcpy(copy, data, len);
	buf_init(&scratch);
	(void)line_blank(copy, len);
	err = line_read(&line, db, copy, len, 16, &scratch, &why);
	CHECK(err == SKV_OK || (err == SKV_INVALID && why != NULL));
	CHECK(err != SKV_OK || line.keylen <= len);
	buf_release(&scratch);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (db == NULL)
		AZ(skv_open("mem:", NULL, NULL, &db));
	if (size == 0)
		return (0);
	/* The first byte chooses; memory of the exact size for the rest. */
	copy = malloc(size - 1 + (size == 1));
	AN(copy);
	if (size > 1)
		memcpy(copy, data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		try_record(copy, size - 1);
		break;
	case 1:
		try_cursor(copy, size - 1);
		break;
	default:
		try_line(copy, size - 1);
		break;
	}
	free(copy);
	return (0);
}
