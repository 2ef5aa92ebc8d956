/* SPDX-License-Identifier: MIT */
/*
 * Documents in JSON: what is accepted, what is refused and where, what values
 * are read and written. Documents are copied to memory of exactly their size,
 * so that the address sanitizer sees every byte read past the end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <CUnit/CUnit.h>
#include <json-c/json.h>

#include "codec/doc.h"
#include "tests/unit/doc_cases.h"
#include "tests/unit/suite.h"

/* As doc_check() on an exact copy, which must not change. */
static bool
check_copy(enum doc_format format, const char *data, size_t len, unsigned depth,
    const char **ret_why, size_t *ret_offset)
{
	char *copy = calloc(len, 1);
	bool ok;

	if (len > 0)
		memcpy(copy, data, len);
	ok = doc_check(format, copy, len, depth, ret_why, ret_offset);
	if (len > 0)
		CU_ASSERT(memcmp(copy, data, len) == 0);
	free(copy);
	return (ok);
}

static bool
json_ok(const char *text, size_t len)
{
	const char *why = NULL;
	size_t where = 0;
	bool ok = check_copy(DOC_JSON, text, len, 64, &why, &where);

	CU_ASSERT(ok || (why != NULL && where <= len));
	return (ok);
}

static void
expect(bool ok, const char *text)
{
	if (!ok)
		printf("\n  failed for: %s\n", text);
	CU_ASSERT(ok);
}

static void
test_accepted(void)
{
	const struct doc_case *c;

	for (c = json_accepted; c->text != NULL; c++)
		expect(json_ok(c->text, c->len), c->text);
}

static void
test_refused(void)
{
	const struct doc_case *c;

	for (c = json_refused; c->text != NULL; c++)
		expect(!json_ok(c->text, c->len), c->text);
}

/* json-c in its strict mode takes everything that we take. */
static void
test_oracle(void)
{
	const struct doc_case *c;
	struct json_tokener *t;
	struct json_object *o;

	for (c = json_accepted; c->text != NULL; c++) {
		t = json_tokener_new_ex(64);
		json_tokener_set_flags(t,
		    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		o = json_tokener_parse_ex(t, c->text, (int)c->len + 1);
		expect(json_tokener_get_error(t) == json_tokener_success,
		    c->text);
		json_object_put(o);
		json_tokener_free(t);
	}
}

static void
test_truncated(void)
{
	const struct doc_case *c;
	size_t n;

	for (c = json_accepted; c->text != NULL; c++) {
		if (strchr("[{\"", c->text[0]) == NULL)
			continue;
		/* White space at the end may go. */
		for (n = 0;
		     n < c->len && strchr("]}\"", c->text[c->len - 1]) != NULL;
		     n++)
			expect(!json_ok(c->text, n), c->text);
	}
}

static void
test_errors(void)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *why;
	} cases[] = {
	    {"", 0, "the document ends too early"},
	    {"[1,", 3, "the document ends too early"},
	    {"[1,]", 3, "a value was expected"},
	    {"[1 2]", 3, "a comma or ']' was expected"},
	    {"{\"a\":1 \"b\"", 7, "a comma or '}' was expected"},
	    {"{\"a\" 1}", 5, "a colon was expected"},
	    {"{1:1}", 1, "a member name was expected"},
	    {"[\"\\ud800\"]", 2, "a string has a lone surrogate"},
	    {"[\"\\x\"]", 2, "a string has an unknown escape"},
	    {"[\"\\u12g4\"]", 2, "an escape lacks its four hexadecimal digits"},
	    {"[\"a\tb\"]", 3, "a string has a control character"},
	    {"[\"a\xff\"]", 3, "a text is not UTF-8"},
	    {"[01]", 1, "a number has a leading zero"},
	    {"[-]", 2, "a digit was expected"},
	    {"[1.]", 3, "a digit was expected"},
	    {"[1e+]", 4, "a digit was expected"},
	    {"{\"a\":1,\"a\":2}", 8, "a member name comes twice"},
	    {"1 1", 2, "data follows the document"},
	    {"[[[[1]]]]", 3, "values are nested too deep"},
	};
	const char *why;
	size_t i, where;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why = NULL;
		where = 999;
		CU_ASSERT(!check_copy(DOC_JSON, cases[i].text,
		    strlen(cases[i].text), 3, &why, &where));
		expect(why != NULL && strcmp(why, cases[i].why) == 0 &&
			where == cases[i].offset,
		    cases[i].text);
	}
}

static void
test_depth(void)
{
	char text[2 * DOC_DEPTHMAX + 2];
	const char *why;
	size_t where, n;

	for (n = 1; n <= DOC_DEPTHMAX; n *= 2) {
		memset(text, '[', n);
		memset(text + n, ']', n);
		CU_ASSERT(check_copy(DOC_JSON, text, 2 * n, (unsigned)n, &why,
		    &where));
		if (n == 1)
			continue;
		CU_ASSERT(!check_copy(DOC_JSON, text, 2 * n, (unsigned)n - 1,
		    &why, &where));
		CU_ASSERT_STRING_EQUAL(why, "values are nested too deep");
		CU_ASSERT_EQUAL(where, n - 1);
	}
}

/* "n" members, the last named as number "twice" if that is not negative. */
static bool
many_names(int n, int twice)
{
	struct buf b = {0};
	bool ok;
	int i;

	(void)buf_addc(&b, '{');
	for (i = 0; i < n; i++)
		(void)buf_printf(&b, "%s\"n%d\":{\"n0\":[]}", i > 0 ? "," : "",
		    (i * 7919) % n);
	if (twice >= 0)
		(void)buf_printf(&b, ",\"\\u006e%d\":0", twice);
	(void)buf_addc(&b, '}');
	ok = json_ok(b.data, b.len);
	buf_release(&b);
	return (ok);
}

static void
test_many_names(void)
{
	int n;

	for (n = 1; n < 40; n++) {
		CU_ASSERT(many_names(n, -1));
		CU_ASSERT(!many_names(n, n - 1));
		CU_ASSERT(!many_names(n, 0));
		CU_ASSERT(many_names(n, n));
	}
	CU_ASSERT(many_names(20000, -1));
	CU_ASSERT(!many_names(20000, 12345));
}

static void
test_values(void)
{
	char text[] = " {\"i\" : -9223372036854775808, "
		      "\"j\":9223372036854775807, "
		      "\"k\":9223372036854775808, \"z\":-0, \"f\":1.0, "
		      "\"t\":true, \"n\":null, "
		      "\"\\u0061\\n\":\"\\ud83d\\ude00\\u0000\\/\", "
		      "\"a\":[1, {}], \"m\":{\"x\":2}} ";
	static const struct {
		const char *name;
		enum doc_type type;
		int64_t i;
		const char *bytes; /* raw or decoded */
		size_t len;
	} want[] = {
	    {"i", DOC_INT, INT64_MIN, "-9223372036854775808", 20},
	    {"j", DOC_INT, INT64_MAX, "9223372036854775807", 19},
	    {"k", DOC_NUMBER, 0, "9223372036854775808", 19},
	    {"z", DOC_NUMBER, 0, "-0", 2},
	    {"f", DOC_NUMBER, 0, "1.0", 3},
	    {"t", DOC_BOOL, 0, "true", 4},
	    {"n", DOC_NULL, 0, "null", 4},
	    {"a\n", DOC_TEXT, 0, "\xf0\x9f\x98\x80\0/", 6},
	    {"a", DOC_ARRAY, 0, "[1, {}]", 7},
	    {"m", DOC_MAP, 0, "{\"x\":2}", 7},
	};
	struct doc_reader r;
	struct doc_value v;
	const char *name, *bytes;
	size_t len, i = 0;

	doc_reader_init(&r, DOC_JSON, text, strlen(text), 4);
	CU_ASSERT(doc_map_begin(&r));
	while (doc_map_next(&r, &name, &len)) {
		CU_ASSERT(doc_value(&r, &v));
		bytes = v.type == DOC_TEXT ? v.data : v.raw;
		expect(len == strlen(want[i].name) &&
			memcmp(name, want[i].name, len) == 0 &&
			v.type == want[i].type &&
			(v.type != DOC_INT || v.i == want[i].i) &&
			(v.type != DOC_BOOL || v.b) &&
			(v.type == DOC_TEXT ? v.len : v.rawlen) ==
			    want[i].len &&
			memcmp(bytes, want[i].bytes, want[i].len) == 0,
		    want[i].name);
		i++;
	}
	CU_ASSERT(doc_end(&r));
	CU_ASSERT_EQUAL(i, sizeof(want) / sizeof(want[0]));
	doc_reader_release(&r);
}

static void
test_sticky(void)
{
	char text[] = "[1 2]";
	struct doc_reader r;
	struct doc_value v;

	doc_reader_init(&r, DOC_JSON, text, strlen(text), 4);
	CU_ASSERT(doc_array_begin(&r) && doc_array_next(&r));
	CU_ASSERT(doc_value(&r, &v));
	CU_ASSERT(!doc_array_next(&r) && !doc_value(&r, &v) && !doc_end(&r));
	doc_fail(&r, "another reason");
	CU_ASSERT_STRING_EQUAL(doc_error(&r), "a comma or ']' was expected");
	CU_ASSERT_EQUAL(doc_offset(&r), 3);
	doc_reader_release(&r);
}

static void
test_writer(void)
{
	static const char want[] =
	    "{\"a\":[null,true,-1,18446744073709551615,\"\\\"\\\\/\\u0001"
	    "\\n\xc3\xa4\x7f\",\"AP8=\",[],{}],\"b\":{\"c\":0},"
	    "\"d\":[1,  2],\"e\":false}";
	struct doc_writer w;
	struct buf b = {0};

	doc_writer_init(&w, DOC_JSON, &b);
	doc_w_map(&w);
	doc_w_name(&w, "a");
	doc_w_array(&w);
	doc_w_null(&w);
	doc_w_bool(&w, true);
	doc_w_int(&w, -1);
	doc_w_uint(&w, UINT64_MAX);
	doc_w_text(&w, "\"\\/\001\n\xc3\xa4\x7f", 8);
	doc_w_bytes(&w, "\0\xff", 2);
	doc_w_array(&w);
	doc_w_end(&w);
	doc_w_map(&w);
	doc_w_end(&w);
	doc_w_end(&w);
	doc_w_name(&w, "b");
	doc_w_map(&w);
	doc_w_name(&w, "c");
	doc_w_int(&w, 0);
	doc_w_end(&w);
	doc_w_name(&w, "d");
	CU_ASSERT(doc_w_doc(&w, DOC_JSON, "[1,\r\n2]", 7));
	doc_w_name(&w, "e");
	doc_w_bool(&w, false);
	doc_w_end(&w);
	CU_ASSERT(!buf_failed(&b) && b.len == strlen(want) &&
	    memcmp(b.data, want, b.len) == 0);
	buf_release(&b);
}

/* Every byte at every place, so that no word of the scan is without one. */
static void
test_strings(void)
{
	char bytes[24], *text;
	struct doc_writer w;
	struct doc_reader r;
	struct doc_value v;
	struct buf b;
	size_t len, i;
	int c;

	for (len = 1; len <= sizeof(bytes); len++)
		for (i = 0; i < len; i++)
			for (c = 0; c < 0x80; c++) {
				memset(bytes, 'x', len);
				bytes[i] = (char)c;
				buf_init(&b);
				doc_writer_init(&w, DOC_JSON, &b);
				doc_w_text(&w, bytes, len);
				text = malloc(b.len);
				memcpy(text, b.data, b.len);
				doc_reader_init(&r, DOC_JSON, text, b.len, 1);
				CU_ASSERT_FATAL(doc_value(&r, &v) &&
				    doc_end(&r) && v.len == len &&
				    memcmp(v.data, bytes, len) == 0);
				doc_reader_release(&r);
				free(text);
				buf_release(&b);
			}
}

static void
test_utf8(void)
{
	static const struct {
		const char *text;
		size_t prefix;
	} cases[] = {
	    {"", 0},
	    {"abcdefgh\xc2\x80 \xdf\xbf", 13},
	    {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12},
	    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
	    {"a\x80", 1},
	    {"abcdefghi\xc0\xaf", 9},
	    {"\xe0\x9f\xbf", 0},
	    {"\xed\xa0\x80", 0},
	    {"\xf0\x8f\xbf\xbf", 0},
	    {"\xf4\x90\x80\x80", 0},
	    {"\xf5\x80\x80\x80", 0},
	    {"\xc3\xa4\xc3", 2},
	    {"\xe2\x82", 0},
	    {"\xe2\x82x", 0},
	    {"\xf0\x9f\x98", 0},
	    {"\xff", 0},
	};
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = strlen(cases[i].text);
		expect(utf8_prefix(cases[i].text, n) == cases[i].prefix &&
			utf8_ok(cases[i].text, n) == (cases[i].prefix == n),
		    cases[i].text);
	}
}

static void
test_base64(void)
{
	static const char *const good[][2] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff\xfe", "+//+"},
	};
	static const char *const loose[][2] = {
	    {"f", "Zg"},
	    {"fo", "Zm8"},
	    {"\xfb\xff\xfe", "-__-"},
	};
	static const char *const bad[] = {"Z", "Zg=", "Zg===", "Zm9v=", "Zm9vY",
	    "=", "====", "Z===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
	    "Zg==Zg==", "Zm9v====", "Zm8*"};
	struct buf b = {0};
	bool memory;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_reset(&b);
		CU_ASSERT(base64_encode(&b, good[i][0], strlen(good[i][0])));
		expect(b.len == strlen(good[i][1]) &&
			(b.len == 0 || memcmp(b.data, good[i][1], b.len) == 0),
		    good[i][1]);
		buf_reset(&b);
		CU_ASSERT(base64_decode(&b, good[i][1], strlen(good[i][1]),
		    &memory));
		expect(b.len == strlen(good[i][0]) &&
			(b.len == 0 || memcmp(b.data, good[i][0], b.len) == 0),
		    good[i][1]);
	}
	for (i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
		buf_reset(&b);
		CU_ASSERT(base64_decode(&b, loose[i][1], strlen(loose[i][1]),
		    &memory));
		expect(b.len == strlen(loose[i][0]) &&
			memcmp(b.data, loose[i][0], b.len) == 0,
		    loose[i][1]);
	}
	buf_reset(&b);
	CU_ASSERT(buf_adds(&b, "kept"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memory = true;
		expect(!base64_decode(&b, bad[i], strlen(bad[i]), &memory) &&
			!memory && b.len == 4,
		    bad[i]);
	}
	buf_release(&b);
}

static CU_TestInfo tests[] = {
    {"every kind of JSON value is accepted", test_accepted},
    {"whatever the grammar excludes is refused", test_refused},
    {"another strict reader takes what we take", test_oracle},
    {"a document cut anywhere is refused", test_truncated},
    {"errors say what and where", test_errors},
    {"nesting is accepted up to the limit and no deeper", test_depth},
    {"a name that comes twice is found among any number", test_many_names},
    {"values are read with their type and bytes", test_values},
    {"the first error sticks", test_sticky},
    {"the writer sets commas and escapes what it must", test_writer},
    {"any byte at any place of a string comes back", test_strings},
    {"UTF-8 is exactly that of RFC 3629", test_utf8},
    {"base64 is strict but for alphabet and padding", test_base64},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {.pName = "doc", .pTests = tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
