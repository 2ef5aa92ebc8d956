/* SPDX-License-Identifier: MIT */
/* Records and keys: what is encoded is decoded, and nothing else is. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "base/check.h"
#include "store/record.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* Sizes of headers: flags, type and revision; and expiry. */
enum { HEADER = 10, EXPIRY = 8 };

static struct buf buf;

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
decode(struct skv_value *ret)
{
	return (record_decode(buf.data, buf.len, ret));
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
	static const int64_t expiries[] = { 0, 1, 1700000000000, INT64_MAX };
	struct skv_attr attr = { .kind = SKV_RAW };
	struct skv_value v;
	unsigned i;

	for (i = 0; i < 5 * 2 * LENGTH(expiries); i++) {
		attr.kind = (enum skv_kind)(i % 5);
		attr.cbor_envelope = i / 5 % 2;
		attr.expires_ms = expiries[i / 10];
		CU_ASSERT(record_attr_ok(&attr));
		buf_reset(&buf);
		CU_ASSERT(record_encode(&buf, &attr, "value", 5));
		record_set_revision(buf.data, i * 0x123456789);
		memset(&v, 0xff, sizeof(v));
		CU_ASSERT_FATAL(decode(&v));
		CU_ASSERT_EQUAL(v.attr.kind, attr.kind);
		CU_ASSERT_EQUAL(v.attr.cbor_envelope, attr.cbor_envelope);
		CU_ASSERT_EQUAL(v.attr.expires_ms, attr.expires_ms);
		CU_ASSERT_EQUAL(v.revision, i * 0x123456789);
		CU_ASSERT(v.len == 5 && memcmp(v.data, "value", 5) == 0);
		CU_ASSERT_PTR_NULL(v.pin);
		CU_ASSERT_EQUAL(buf.len, HEADER + 5 +
		    (attr.expires_ms == 0 ? 0U : EXPIRY));
	}
}

static void
types(void)
{
	static const struct {
		const char *type;
		size_t size; /* in the record */
	} rows[] = {
		{ "text/plain", 0 },
		{ "text/plain; charset=utf-8", 0 },
		{ "text/plain;charset=utf-8", 25 },
		{ "text/plain; charset=UTF-8", 26 },
		{ "Text/Plain", 11 },
		{ "application/json", 0 },
		{ "application/jso", 16 },
		{ "application/octet-stream", 0 },
		{ "a", 2 },
	};
	struct skv_attr attr = { .kind = SKV_RAW };
	struct skv_value v;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		attr.type = rows[i].type;
		attr.typelen = strlen(rows[i].type);
		CU_ASSERT(record_attr_ok(&attr));
		buf_reset(&buf);
		CU_ASSERT(record_encode(&buf, &attr, "", 0));
		CU_ASSERT_EQUAL(buf.len, HEADER + rows[i].size);
		CU_ASSERT(decode(&v) && same_type(&v, rows[i].type));
	}
}

static void
no_type(void)
{
	struct skv_attr attr = { .kind = SKV_RAW };
	struct skv_value v;

	CU_ASSERT(record_encode(&buf, &attr, "x", 1));
	CU_ASSERT(decode(&v) && same_type(&v, "application/octet-stream"));
	attr.kind = SKV_TEXT;
	buf_reset(&buf);
	CU_ASSERT(record_encode(&buf, &attr, "x", 1));
	CU_ASSERT(decode(&v) && v.attr.typelen == 0);
}

static void
longest_type(void)
{
	char type[SKV_TYPEMAX + 1];
	struct skv_attr attr = { .type = type, .typelen = SKV_TYPEMAX };
	struct skv_value v;

	memset(type, 't', sizeof(type));
	CU_ASSERT(record_attr_ok(&attr));
	CU_ASSERT(record_encode(&buf, &attr, "x", 1));
	CU_ASSERT(decode(&v) && v.attr.typelen == SKV_TYPEMAX &&
	    v.len == 1);
	attr.typelen++;
	CU_ASSERT(!record_attr_ok(&attr));
}

static void
empty_value(void)
{
	struct skv_attr attr = { .kind = SKV_BINARY };
	struct skv_value v;

	CU_ASSERT(record_encode(&buf, &attr, NULL, 0));
	CU_ASSERT(decode(&v) && v.len == 0);
	CU_ASSERT_PTR_NOT_NULL(v.data);
}

static void
bad_attributes(void)
{
	static const char *const bad[] = {
		"text/plain\r\nX: y", "\t", "text/\x7f", "t\xc3\xa9xt/plain",
		"\x1f",
	};
	struct skv_attr attr = { .kind = SKV_RAW };
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
	attr.kind = (enum skv_kind)-1;
	CU_ASSERT(!record_attr_ok(&attr));
}

/* The format: these bytes are in stores. */
static void
known_bytes(void)
{
	static const char bytes[] = "\x10\xff\x88\x77\x66\x55\x44\x33\x22\x11"
	    "\x01\x02\0\0\0\0\0\0" "\x03" "a/b" "value";
	struct skv_attr attr = {
	    .type = "a/b", .typelen = 3, .expires_ms = 0x201 };
	struct skv_value v;

	CU_ASSERT(record_encode(&buf, &attr, "value", 5));
	record_set_revision(buf.data, 0x1122334455667788);
	CU_ASSERT_EQUAL(buf.len, sizeof(bytes) - 1);
	CU_ASSERT_EQUAL(memcmp(buf.data, bytes, buf.len), 0);
	CU_ASSERT(decode(&v) && v.revision == 0x1122334455667788);
	/* A few of the codes, from all over the table. */
	CU_ASSERT(record_decode("\0\0--------", HEADER, &v) &&
	    same_type(&v, "application/octet-stream"));
	CU_ASSERT(record_decode("\0\1--------", HEADER, &v) &&
	    same_type(&v, "text/plain"));
	CU_ASSERT(record_decode("\0\3--------", HEADER, &v) &&
	    same_type(&v, "application/json"));
	CU_ASSERT(record_decode("\0\x14--------", HEADER, &v) &&
	    same_type(&v, "image/svg+xml"));
	CU_ASSERT(record_decode("\0\x28--------", HEADER, &v) &&
	    same_type(&v, "font/woff2"));
	CU_ASSERT(!record_decode("\0\x29--------", HEADER, &v));
}

static void
bad_records(void)
{
	struct skv_value v = { .len = 77 };

	CU_ASSERT(!DECODES(""));
	CU_ASSERT(!DECODES("\0\0-------"));
	CU_ASSERT(DECODES("\0\0--------"));
	CU_ASSERT(!DECODES("\x20\0--------")); /* unknown flags */
	CU_ASSERT(!DECODES("\x40\0--------"));
	CU_ASSERT(!DECODES("\x80\0--------"));
	CU_ASSERT(DECODES("\x04\0--------"));
	CU_ASSERT(!DECODES("\x05\0--------")); /* unknown kind */
	CU_ASSERT(!DECODES("\x01\1--------")); /* a text with a type */
	CU_ASSERT(!DECODES("\x01\xff--------\1t"));
	CU_ASSERT(!DECODES("\0\xfe--------")); /* unknown type */
	CU_ASSERT(!DECODES("\0\xff--------")); /* type cut off */
	CU_ASSERT(!DECODES("\0\xff--------\2t"));
	CU_ASSERT(DECODES("\0\xff--------\1t"));
	CU_ASSERT(!DECODES("\0\xff--------\0"));
	CU_ASSERT(!DECODES("\0\xff--------\1\n"));
	CU_ASSERT(!DECODES("\0\xff--------\1\xff"));
	CU_ASSERT(!DECODES("\x10\0--------\1\0\0\0\0\0\0")); /* expiry */
	CU_ASSERT(DECODES("\x10\0--------\1\0\0\0\0\0\0\0"));
	CU_ASSERT(!DECODES("\x10\0--------\0\0\0\0\0\0\0\0"));
	CU_ASSERT(!DECODES("\x10\0--------\0\0\0\0\0\0\0\x80"));
	CU_ASSERT(!record_decode("\x05\0--------", HEADER, &v));
	CU_ASSERT_EQUAL(v.len, 77); /* untouched */
}

/* What decodes is within limits and encodes again to the same bytes. */
static void
random_records(void)
{
	enum { ROUNDS = 200000, MAX = 40 };
	uint64_t state = 1;
	char bytes[MAX], *copy;
	struct skv_value v;
	size_t len, i, good = 0;
	unsigned round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < MAX; i++) {
			state = state * 6364136223846793005 +
			    1442695040888963407;
			bytes[i] = (char)(state >> 56);
		}
		/* Nearly all bytes are unknown flags or types. */
		bytes[0] &= 0x1f;
		if (round % 2 == 0)
			bytes[1] = (char)(round % 4 == 0 ? 0xff : 0);
		bytes[18] &= 0x0f;
		bytes[10] &= 0x0f;
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
			record_set_revision(buf.data, v.revision);
			CU_ASSERT_EQUAL(buf.len, len);
			CU_ASSERT_EQUAL(memcmp(buf.data, copy, len), 0);
		}
		free(copy);
	}
	CU_ASSERT(good > ROUNDS / 100);
}

static void
appends(void)
{
	struct skv_attr attr = { .kind = SKV_JSON };
	size_t before;

	CU_ASSERT(buf_adds(&buf, "before"));
	CU_ASSERT(record_encode(&buf, &attr, "1", 1));
	CU_ASSERT(record_key(&buf, "k", 1));
	CU_ASSERT(record_expiry_key(&buf, 1, "k", 1));
	CU_ASSERT_EQUAL(buf.len, 6 + HEADER + 1 + 2 + RECORD_EXPIRYKEY + 1);
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
	static const int64_t times[] = { 1, 255, 256, 0x1122334455667788,
		INT64_MAX };
	char last[RECORD_EXPIRYKEY + 1] = { KS_EXPIRY };
	size_t i;

	CU_ASSERT(record_key(&buf, "key", 3));
	CU_ASSERT(buf.len == 4 && memcmp(buf.data, "\1key", 4) == 0);
	buf_reset(&buf);
	CU_ASSERT(record_key(&buf, NULL, 0));
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
	    8), 0);
	CU_ASSERT_EQUAL(get_be64(bytes + 1), 0x1122334455667788);
	put_le64(bytes + 1, 0x1122334455667788);
	CU_ASSERT_EQUAL(memcmp(bytes + 1, "\x88\x77\x66\x55\x44\x33\x22\x11",
	    8), 0);
	CU_ASSERT_EQUAL(get_le64(bytes + 1), 0x1122334455667788);
}

static CU_TestInfo tests[] = {
	{ "integers have their byte order", integers },
	{ "keys have their keyspace, expiry keys the order of time", keys },
	{ "the bytes of the format are as they were", known_bytes },
	{ "every kind, flag and expiry comes back", every_attribute },
	{ "every content type comes back as it was spelled", types },
	{ "no content type is application/octet-stream", no_type },
	{ "a content type may have 255 bytes and no more", longest_type },
	{ "an empty value has an address", empty_value },
	{ "attributes out of limits are refused", bad_attributes },
	{ "bytes that are no record are refused", bad_records },
	{ "random bytes are refused or are a record", random_records },
	{ "encoding appends, or leaves the buffer as it was", appends },
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
		{ "record", NULL, NULL, set_up, tear_down, tests },
		CU_SUITE_INFO_NULL,
	};
	unsigned failed;

	if (CU_initialize_registry() != CUE_SUCCESS ||
	    CU_register_suites(suites) != CUE_SUCCESS)
		return (99);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	if (CU_basic_run_tests() != CUE_SUCCESS)
		return (99);
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return (failed > 0);
}
