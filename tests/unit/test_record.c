/* SPDX-License-Identifier: MIT */
/* Records and keys: what is encoded is decoded, and nothing else is. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/check.h"
#include "store/record.h"
#include "tests/unit/suite.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* Sizes of the shortest header, flags and revision; and of an expiry. */
enum {
	HEADER = 2,
	EXPIRY = 8
};
#define REVISION_MOST ((UINT64_C(1) << 53) - 1)

static struct buf buf;
/* What encode() made, in "buf". */
static char *record;
static size_t recordlen;

static void
set_up(void)
{
	buf_init(&buf);
}

static void
tear_down(void)
{
	buf_release(&buf);
}

static bool
encode(const struct skv_attr *attr, const char *value)
{
	buf_reset(&buf);
	if (!record_encode(&buf, attr, value, strlen(value)))
		return (false);
	record = buf.data + RECORD_ROOM;
	recordlen = buf.len - RECORD_ROOM;
	return (true);
}

static bool
decode(struct skv_value *ret)
{
	return (record_decode(record, recordlen, ret));
}

/* Whether bytes that a string constant holds are a record. */
#define DECODES(bytes) decode_bytes(bytes, sizeof(bytes) - 1)

/* From memory of just this size, so that reading past it is noticed. */
static bool
decode_bytes(const char *bytes, size_t len)
{
	struct skv_value v;
	char *copy = calloc(1, len == 0 ? 1 : len);
	bool ok;

	AN(copy);
	memcpy(copy, bytes, len);
	ok = record_decode(copy, len, &v);
	free(copy);
	return (ok);
}

static bool
same_type(const struct skv_value *v, const char *type)
{
	return (v->attr.typelen == strlen(type) &&
	    memcmp(v->attr.type, type, v->attr.typelen) == 0);
}

static void
every_attribute(void)
{
	static const int64_t expiries[] = {0, 1, 1700000000000, INT64_MAX};
	struct skv_attr attr = {.kind = SKV_RAW};
	struct skv_value v;
	unsigned i;

	for (i = 0; i < 5 * 2 * LENGTH(expiries); i++) {
		attr.kind = (enum skv_kind)(i % 5);
		attr.cbor_envelope = i / 5 % 2;
		attr.expires_ms = expiries[i / 10];
		CU_ASSERT(record_attr_ok(&attr));
		CU_ASSERT(encode(&attr, "value"));
		CU_ASSERT_EQUAL(recordlen,
		    HEADER + 5 + (attr.expires_ms == 0 ? 0U : EXPIRY));
		record_set_revision(&record, &recordlen, 1 + i * 0x123456789);
		memset(&v, 0xff, sizeof(v));
		CU_ASSERT_FATAL(decode(&v));
		CU_ASSERT_EQUAL(v.attr.kind, attr.kind);
		CU_ASSERT_EQUAL(v.attr.cbor_envelope, attr.cbor_envelope);
		CU_ASSERT_EQUAL(v.attr.expires_ms, attr.expires_ms);
		CU_ASSERT_EQUAL(v.revision, 1 + i * 0x123456789);
		CU_ASSERT(v.len == 5 && memcmp(v.data, "value", 5) == 0);
		CU_ASSERT_PTR_NULL(v.pin);
	}
}

/* Every length, its least and its greatest; from each to each. */
static void
revisions(void)
{
	static const struct {
		uint64_t revision;
		const char *bytes;
	} rows[] = {
	    {1, "\x01"},
	    {127, "\x7f"},
	    {128, "\x80\x80"},
	    {0x3fff, "\xbf\xff"},
	    {0x4000, "\xc0\x40\x00"},
	    {0x1fffff, "\xdf\xff\xff"},
	    {0x200000, "\xe0\x20\x00\x00"},
	    {0xfffffff, "\xef\xff\xff\xff"},
	    {0x10000000, "\xf0\x10\x00\x00\x00"},
	    {0x7ffffffff, "\xf7\xff\xff\xff\xff"},
	    {0x800000000, "\xf8\x08\x00\x00\x00\x00"},
	    {0x3ffffffffff, "\xfb\xff\xff\xff\xff\xff"},
	    {0x40000000000, "\xfc\x04\x00\x00\x00\x00\x00"},
	    {0x1ffffffffffff, "\xfd\xff\xff\xff\xff\xff\xff"},
	    {0x2000000000000, "\xfe\x02\x00\x00\x00\x00\x00\x00"},
	    {REVISION_MOST, "\xfe\x1f\xff\xff\xff\xff\xff\xff"},
	};
	struct skv_attr attr = {.kind = SKV_TEXT, .cbor_envelope = true};
	struct skv_value v;
	size_t i, n, len, before;

	for (i = 0; i < LENGTH(rows) * LENGTH(rows); i++) {
		CU_ASSERT(encode(&attr, "value"));
		n = i / LENGTH(rows);
		record_set_revision(&record, &recordlen, rows[n].revision);
		n = i % LENGTH(rows);
		len = 1 + n / 2;
		record_set_revision(&record, &recordlen, rows[n].revision);
		CU_ASSERT_EQUAL_FATAL(recordlen, 1 + len + 5);
		CU_ASSERT_EQUAL(record[0], SKV_TEXT | 8);
		CU_ASSERT_EQUAL(memcmp(record + 1, rows[n].bytes, len), 0);
		CU_ASSERT_EQUAL(memcmp(record + 1 + len, "value", 5), 0);
		CU_ASSERT(record >= buf.data);
		CU_ASSERT_PTR_EQUAL(record + recordlen, buf.data + buf.len);
		CU_ASSERT(decode(&v) && v.revision == rows[n].revision &&
		    v.len == 5);
		for (before = 0; before < 1 + len; before++) {
			CU_ASSERT_EQUAL(record_revision(record, before), 0);
			CU_ASSERT(!record_decode(record, before, &v));
		}
		CU_ASSERT_EQUAL(record_revision(record, before),
		    rows[n].revision);
		/* In the order of memcmp(3). */
		if (n > 0)
			CU_ASSERT(memcmp(rows[n - 1].bytes, record + 1, len) <
			    0);
	}
}

static void
types(void)
{
	static const struct {
		const char *type;
		size_t size; /* in the record */
	} rows[] = {
	    {"text/plain", 1},
	    {"text/plain; charset=utf-8", 1},
	    {"text/plain;charset=utf-8", 26},
	    {"text/plain; charset=UTF-8", 27},
	    {"Text/Plain", 12},
	    {"application/json", 1},
	    {"application/jso", 17},
	    {"application/octet-stream", 0},
	    {"a", 3},
	};
	struct skv_attr attr = {.kind = SKV_RAW};
	struct skv_value v;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		attr.type = rows[i].type;
		attr.typelen = strlen(rows[i].type);
		CU_ASSERT(record_attr_ok(&attr));
		CU_ASSERT(encode(&attr, ""));
		CU_ASSERT_EQUAL(recordlen, HEADER + rows[i].size);
		CU_ASSERT(decode(&v) && same_type(&v, rows[i].type));
	}
}

static void
no_type(void)
{
	struct skv_attr attr = {.kind = SKV_RAW};
	struct skv_value v;

	CU_ASSERT(encode(&attr, "x"));
	CU_ASSERT(decode(&v) && same_type(&v, "application/octet-stream"));
	attr.kind = SKV_TEXT;
	CU_ASSERT(encode(&attr, "x"));
	CU_ASSERT(decode(&v) && v.attr.typelen == 0);
}

static void
longest_type(void)
{
	char type[SKV_TYPEMAX + 1];
	struct skv_attr attr = {.type = type, .typelen = SKV_TYPEMAX};
	struct skv_value v;

	memset(type, 't', sizeof(type));
	CU_ASSERT(record_attr_ok(&attr));
	CU_ASSERT(encode(&attr, "x"));
	CU_ASSERT(decode(&v) && v.attr.typelen == SKV_TYPEMAX && v.len == 1);
	attr.typelen++;
	CU_ASSERT(!record_attr_ok(&attr));
}

static void
empty_value(void)
{
	struct skv_attr attr = {.kind = SKV_BINARY};
	struct skv_value v;

	CU_ASSERT(record_encode(&buf, &attr, NULL, 0));
	CU_ASSERT_EQUAL(buf.len, RECORD_ROOM + HEADER);
	CU_ASSERT(record_decode(buf.data + RECORD_ROOM, HEADER, &v) &&
	    v.len == 0);
	CU_ASSERT_PTR_NOT_NULL(v.data);
}

static void
bad_attributes(void)
{
	static const char *const bad[] = {
	    "text/plain\r\nX: y",
	    "\t",
	    "text/\x7f",
	    "t\xc3\xa9xt/plain",
	    "\x1f",
	};
	struct skv_attr attr = {.kind = SKV_RAW};
	size_t i;

	for (i = 0; i < LENGTH(bad); i++) {
		attr.type = bad[i];
		attr.typelen = strlen(bad[i]);
		CU_ASSERT(!record_attr_ok(&attr));
	}
	attr.type = "a\0b";
	attr.typelen = 3;
	CU_ASSERT(!record_attr_ok(&attr));
	attr.type = NULL;
	CU_ASSERT(!record_attr_ok(&attr));
	attr.type = "text/plain";
	attr.typelen = 10;
	CU_ASSERT(record_attr_ok(&attr));
	attr.kind = SKV_TEXT;
	CU_ASSERT(!record_attr_ok(&attr));
	attr.typelen = 0;
	CU_ASSERT(record_attr_ok(&attr));
	attr.expires_ms = -1;
	CU_ASSERT(!record_attr_ok(&attr));
	attr.expires_ms = 0;
	attr.kind = (enum skv_kind)(SKV_CBOR + 1);
	CU_ASSERT(!record_attr_ok(&attr));
	attr.kind = (enum skv_kind) - 1;
	CU_ASSERT(!record_attr_ok(&attr));
}

/* The format: these bytes are in stores. */
static void
known_bytes(void)
{
	static const char bytes[] = "\x30\xfe\x12\x23\x34\x45\x56\x67\x78"
				    "\x01\x02\0\0\0\0\0\0"
				    "\xff\x03"
				    "a/b"
				    "value";
	struct skv_attr attr = {.type = "a/b",
	    .typelen = 3,
	    .expires_ms = 0x201};
	struct skv_value v;

	CU_ASSERT(encode(&attr, "value"));
	record_set_revision(&record, &recordlen, 0x12233445566778);
	CU_ASSERT_EQUAL(recordlen, sizeof(bytes) - 1);
	CU_ASSERT_EQUAL(memcmp(record, bytes, recordlen), 0);
	CU_ASSERT(decode(&v) && v.revision == 0x12233445566778);
	CU_ASSERT(record_decode("\x00\x01", 2, &v) &&
	    same_type(&v, "application/octet-stream"));
	/* A few of the codes, from all over the table. */
	CU_ASSERT(record_decode("\x20\x01\1", 3, &v) &&
	    same_type(&v, "text/plain"));
	CU_ASSERT(record_decode("\x20\x01\3", 3, &v) &&
	    same_type(&v, "application/json"));
	CU_ASSERT(record_decode("\x20\x01\x14", 3, &v) &&
	    same_type(&v, "image/svg+xml"));
	CU_ASSERT(record_decode("\x20\x01\x28", 3, &v) &&
	    same_type(&v, "font/woff2"));
	CU_ASSERT(!record_decode("\x20\x01\x29", 3, &v));
}

static void
bad_records(void)
{
	struct skv_value v = {.len = 77};

	CU_ASSERT(!DECODES(""));
	CU_ASSERT(!DECODES("\0"));
	CU_ASSERT(DECODES("\0\1"));
	CU_ASSERT(!DECODES("\x40\1")); /* unknown flags */
	CU_ASSERT(!DECODES("\x80\1"));
	CU_ASSERT(DECODES("\x04\1"));
	CU_ASSERT(!DECODES("\x05\1")); /* unknown kind */
	CU_ASSERT(!DECODES("\x07\1"));
	CU_ASSERT(!DECODES("\x21\1\1")); /* a text with a type */
	CU_ASSERT(!DECODES("\x21\1\xff\1t"));
	CU_ASSERT(!DECODES("\x20\1")); /* no type, or that of no type */
	CU_ASSERT(!DECODES("\x20\1\0"));
	CU_ASSERT(DECODES("\x20\1\1"));
	CU_ASSERT(!DECODES("\x20\1\xfe")); /* unknown type */
	CU_ASSERT(!DECODES("\x20\1\xff")); /* type cut off */
	CU_ASSERT(!DECODES("\x20\1\xff\2t"));
	CU_ASSERT(DECODES("\x20\1\xff\1t"));
	CU_ASSERT(!DECODES("\x20\1\xff\0"));
	CU_ASSERT(!DECODES("\x20\1\xff\1\n"));
	CU_ASSERT(!DECODES("\x20\1\xff\1\xff"));
	CU_ASSERT(!DECODES("\x10\1\1\0\0\0\0\0\0")); /* expiry */
	CU_ASSERT(DECODES("\x10\1\1\0\0\0\0\0\0\0"));
	CU_ASSERT(!DECODES("\x10\1\0\0\0\0\0\0\0\0"));
	CU_ASSERT(!DECODES("\x10\1\0\0\0\0\0\0\0\x80"));
	CU_ASSERT(!record_decode("\x05\1", 2, &v));
	CU_ASSERT_EQUAL(v.len, 77); /* untouched */
}

/* Of one revision there is one form, and none of those out of range. */
static void
bad_revisions(void)
{
	CU_ASSERT(!DECODES("\0\0"));
	CU_ASSERT(!DECODES("\0\0--------"));
	CU_ASSERT(!DECODES("\0\x80\x00"));
	CU_ASSERT(!DECODES("\0\x80\x7f"));
	CU_ASSERT(DECODES("\0\x80\x80"));
	CU_ASSERT(!DECODES("\0\xc0\x3f\xff"));
	CU_ASSERT(DECODES("\0\xc0\x40\x00"));
	CU_ASSERT(!DECODES("\0\xe0\x1f\xff\xff"));
	CU_ASSERT(!DECODES("\0\xf0\x0f\xff\xff\xff"));
	CU_ASSERT(!DECODES("\0\xf8\x07\xff\xff\xff\xff"));
	CU_ASSERT(!DECODES("\0\xfc\x03\xff\xff\xff\xff\xff"));
	CU_ASSERT(!DECODES("\0\xfe\x01\xff\xff\xff\xff\xff\xff"));
	CU_ASSERT(DECODES("\0\xfe\x02\x00\x00\x00\x00\x00\x00"));
	CU_ASSERT(DECODES("\0\xfe\x1f\xff\xff\xff\xff\xff\xff"));
	CU_ASSERT(!DECODES("\0\xfe\x20\x00\x00\x00\x00\x00\x00"));
	CU_ASSERT(!DECODES("\0\xfe\xff\xff\xff\xff\xff\xff\xff"));
	CU_ASSERT(!DECODES("\0\xff\x02\x00\x00\x00\x00\x00\x00\x00"));
	CU_ASSERT_EQUAL(record_revision("", 0), 0);
	CU_ASSERT_EQUAL(record_revision("\0", 1), 0);
	CU_ASSERT_EQUAL(record_revision("\0\0", 2), 0);
}

/* What decodes is within limits and encodes again to the same bytes. */
static void
random_records(void)
{
	enum {
		ROUNDS = 200000,
		MAX = 40
	};
	uint64_t state = 1;
	char bytes[MAX], *copy, *again;
	struct skv_value v;
	size_t len, againlen, i, good = 0;
	unsigned round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < MAX; i++) {
			state = state * 6364136223846793005 +
			    1442695040888963407;
			bytes[i] = (char)(state >> 56);
		}
		/* Nearly all bytes are unknown flags or types. */
		bytes[0] &= 0x3f;
		if (round % 2 == 0)
			bytes[1] = (char)(0xff00 >> round / 2 % 9);
		if (round % 3 == 0)
			bytes[2 + round % 8] = (char)0xff;
		bytes[3 + round % 8] &= 0x0f;
		len = (size_t)(state >> 32) % (MAX + 1);
		copy = calloc(1, len == 0 ? 1 : len);
		AN(copy);
		memcpy(copy, bytes, len);
		if (record_decode(copy, len, &v)) {
			good++;
			CU_ASSERT(record_attr_ok(&v.attr));
			CU_ASSERT((const char *)v.data + v.len == copy + len);
			buf_reset(&buf);
			CU_ASSERT(record_encode(&buf, &v.attr, v.data, v.len));
			again = buf.data + RECORD_ROOM;
			againlen = buf.len - RECORD_ROOM;
			record_set_revision(&again, &againlen, v.revision);
			CU_ASSERT_EQUAL(againlen, len);
			CU_ASSERT_EQUAL(memcmp(again, copy, len), 0);
		}
		free(copy);
	}
	CU_ASSERT(good > ROUNDS / 100);
}

static void
appends(void)
{
	struct skv_attr attr = {.kind = SKV_JSON};
	size_t before;

	CU_ASSERT(buf_adds(&buf, "before"));
	CU_ASSERT(record_encode(&buf, &attr, "1", 1));
	CU_ASSERT(record_key(&buf, "k", 1));
	CU_ASSERT(record_expiry_key(&buf, 1, "k", 1));
	CU_ASSERT_EQUAL(buf.len,
	    6 + RECORD_ROOM + HEADER + 1 + 2 + RECORD_EXPIRYKEY + 1);
	before = buf.len;
	CU_ASSERT(!record_encode(&buf, &attr, "1", SIZE_MAX - 4));
	CU_ASSERT(!record_encode(&buf, &attr, "1", SIZE_MAX / 2));
	CU_ASSERT(!record_key(&buf, "k", SIZE_MAX / 2));
	CU_ASSERT(!record_expiry_key(&buf, 1, "k", SIZE_MAX / 2));
	CU_ASSERT_EQUAL(buf.len, before);
	CU_ASSERT_EQUAL(memcmp(buf.data, "before", 6), 0);
}

static void
keys(void)
{
	static const int64_t times[] = {1, 255, 256, 0x1122334455667788,
	    INT64_MAX};
	char last[RECORD_EXPIRYKEY + 1] = {KS_EXPIRY};
	size_t i;

	CU_ASSERT(record_key(&buf, "key", 3));
	CU_ASSERT(buf.len == 4 && memcmp(buf.data, "\1key", 4) == 0);
	buf_reset(&buf);
	CU_ASSERT(record_key(&buf, "", 0));
	CU_ASSERT(buf.len == 1 && *buf.data == KS_USER);
	for (i = 0; i < LENGTH(times); i++) {
		buf_reset(&buf);
		CU_ASSERT(record_expiry_key(&buf, times[i], "k", 1));
		CU_ASSERT_EQUAL(buf.len, sizeof(last));
		CU_ASSERT(memcmp(last, buf.data, sizeof(last)) < 0);
		CU_ASSERT_EQUAL(record_expiry_time(buf.data), times[i]);
		memcpy(last, buf.data, sizeof(last));
	}
}

static void
integers(void)
{
	char bytes[9];

	put_be64(bytes + 1, 0x1122334455667788);
	CU_ASSERT_EQUAL(memcmp(bytes + 1, "\x11\x22\x33\x44\x55\x66\x77\x88",
			    8),
	    0);
	CU_ASSERT_EQUAL(get_be64(bytes + 1), 0x1122334455667788);
	put_le64(bytes + 1, 0x1122334455667788);
	CU_ASSERT_EQUAL(memcmp(bytes + 1, "\x88\x77\x66\x55\x44\x33\x22\x11",
			    8),
	    0);
	CU_ASSERT_EQUAL(get_le64(bytes + 1), 0x1122334455667788);
}

static CU_TestInfo tests[] = {
    {"integers have their byte order", integers},
    {"keys have their keyspace, expiry keys the order of time", keys},
    {"the bytes of the format are as they were", known_bytes},
    {"every kind, flag and expiry comes back", every_attribute},
    {"every revision comes back in as few bytes as hold it", revisions},
    {"every content type comes back as it was spelled", types},
    {"no content type is application/octet-stream", no_type},
    {"a content type may have 255 bytes and no more", longest_type},
    {"an empty value has an address", empty_value},
    {"attributes out of limits are refused", bad_attributes},
    {"bytes that are no record are refused", bad_records},
    {"revisions that are none are refused", bad_revisions},
    {"random bytes are refused or are a record", random_records},
    {"encoding appends, or leaves the buffer as it was", appends},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"record", NULL, NULL, set_up, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
