/* SPDX-License-Identifier: MIT */
/* Typed values: CBOR items in and out, on every engine. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/unit/store_fixture.h"

/* {"a": [1, -2, 1.5, h'00ff', null]} */
static const char item[] = "\xa1\x61\x61\x85\x01\x21\xf9\x3e\x00\x42\x00\xff"
			   "\xf6";

static void
expect_item(const char *key, const char *want, size_t len)
{
	size_t got_len = 0;
	void *got = NULL;

	CU_OK(skv_get_cbor(db, key, strlen(key), &got, &got_len));
	CU_ASSERT_EQUAL(got_len, len);
	CU_ASSERT(got_len == len && memcmp(got, want, len) == 0);
	free(got);
}

static void
put_kind(const char *key, enum skv_kind kind, const char *data, size_t len)
{
	const struct skv_attr attr = {.kind = kind};

	CU_OK(skv_put(db, key, strlen(key), data, len, &attr));
}

static void
round_trip(void)
{
	struct skv_value v;

	CU_OK(skv_put_cbor(db, "k", 1, item, sizeof(item) - 1));
	expect_item("k", item, sizeof(item) - 1);
	CU_OK(skv_get(db, "k", 1, &v));
	CU_ASSERT_EQUAL(v.attr.kind, SKV_CBOR);
	CU_ASSERT(v.attr.cbor_envelope);
	CU_ASSERT_EQUAL(v.len, sizeof(item) - 1);
	skv_value_release(&v);
}

static void
malformed(void)
{
	size_t len;
	char *copy;

	put("k", "before");
	for (len = 0; len < sizeof(item) - 1; len++) {
		/* Memory of exactly that size shows reads past the end. */
		copy = malloc(len + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
		memcpy(copy, item, len);
		CU_ASSERT_EQUAL(skv_put_cbor(db, "k", 1, copy, len),
		    SKV_INVALID);
		free(copy);
	}
	CU_ASSERT_EQUAL(skv_put_cbor(db, "k", 1, "\x01\x02", 2), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_put_cbor(db, "", 0, "\x01", 1), SKV_INVALID);
	CU_ASSERT(has("k", "before"));
}

static void
other_kinds(void)
{
	void *got = NULL;
	size_t len = 0;

	put_kind("text", SKV_TEXT, "abc", 3);
	expect_item("text",
	    "\x63"
	    "abc",
	    4);
	put_kind("raw", SKV_RAW, "a\0c", 3);
	expect_item("raw",
	    "\x43"
	    "a\0c",
	    4);
	put_kind("binary", SKV_BINARY, "", 0);
	expect_item("binary", "\x40", 1);
	put_kind("json", SKV_JSON, "18446744073709551616", 20);
	expect_item("json", "\xc2\x49\x01\0\0\0\0\0\0\0\0", 11);
	put_kind("json", SKV_JSON, "nonsense", 8);
	CU_ASSERT_EQUAL(skv_get_cbor(db, "json", 4, &got, &len), SKV_CORRUPT);
	CU_ASSERT_EQUAL(skv_get_cbor(db, "none", 4, &got, &len), SKV_NOTFOUND);
	CU_ASSERT_PTR_NULL(got);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"an item comes back as it was", round_trip},
	    {"what is no item is refused", malformed},
	    {"every kind of value is an item", other_kinds},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
