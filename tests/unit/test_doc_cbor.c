/* SPDX-License-Identifier: MIT */
/*
 * Documents in CBOR and between the formats, among them the examples of RFC
 * 8949 appendix A. libcbor is the oracle of what is well-formed. Documents are
 * copied to memory of exactly their size, as in test_doc.c.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <CUnit/CUnit.h>
#include <cbor.h>

#include "codec/doc.h"
#include "tests/unit/doc_cases.h"
#include "tests/unit/suite.h"

#define DEPTH 32
#define MUTATIONS 100000

/* A document in hexadecimal, its JSON, and the CBOR that gives in turn. */
struct cbor_case {
	const char *hex;
	const char *json;
	const char *back; /* NULL when the same as "hex" */
};

static const struct cbor_case accepted[] = {
    {"00", "0", NULL},
    {"01", "1", NULL},
    {"0a", "10", NULL},
    {"17", "23", NULL},
    {"1818", "24", NULL},
    {"1864", "100", NULL},
    {"1903e8", "1000", NULL},
    {"1a000f4240", "1000000", NULL},
    {"1b000000e8d4a51000", "1000000000000", NULL},
    {"1b7fffffffffffffff", "9223372036854775807", NULL},
    {"1b8000000000000000", "9223372036854775808", NULL},
    {"1bffffffffffffffff", "18446744073709551615", NULL},
    {"c249010000000000000000", "18446744073709551616", NULL},
    {"3bffffffffffffffff", "-18446744073709551616", NULL},
    {"c349010000000000000000", "-18446744073709551617", NULL},
    {"3b7fffffffffffffff", "-9223372036854775808", NULL},
    {"3b8000000000000000", "-9223372036854775809", NULL},
    {"20", "-1", NULL},
    {"29", "-10", NULL},
    {"3863", "-100", NULL},
    {"3903e7", "-1000", NULL},
    {"f90000", "0.0", "fb0000000000000000"},
    {"f98000", "-0.0", "fb8000000000000000"},
    {"f93c00", "1.0", "fb3ff0000000000000"},
    {"fb3ff199999999999a", "1.1", NULL},
    {"f93e00", "1.5", "fb3ff8000000000000"},
    {"f97bff", "65504.0", "fb40effc0000000000"},
    {"fa47c35000", "100000.0", "fb40f86a0000000000"},
    {"fa7f7fffff", "3.4028234663852886e+38", "fb47efffffe0000000"},
    {"fb7e37e43c8800759c", "1e+300", NULL},
    {"f90001", "5.9604644775390625e-08", "fb3e70000000000000"},
    {"f90400", "6.103515625e-05", "fb3f10000000000000"},
    {"f9c400", "-4.0", "fbc010000000000000"},
    {"fbc010666666666666", "-4.1", NULL},
    {"f97c00", "null", "f6"},
    {"f97e00", "null", "f6"},
    {"f9fc00", "null", "f6"},
    {"fa7f800000", "null", "f6"},
    {"fa7fc00000", "null", "f6"},
    {"faff800000", "null", "f6"},
    {"fb7ff0000000000000", "null", "f6"},
    {"fb7ff8000000000000", "null", "f6"},
    {"fbfff0000000000000", "null", "f6"},
    {"f4", "false", NULL},
    {"f5", "true", NULL},
    {"f6", "null", NULL},
    {"f7", "null", "f6"},
    {"f0", "null", "f6"},
    {"f8ff", "null", "f6"},
    {"f820", "null", "f6"},
    {"c074323031332d30332d32315432303a30343a30305a", "\"2013-03-21T20:04:00Z\"",
	"74323031332d30332d32315432303a30343a30305a"},
    {"c11a514b67b0", "1363896240", "1a514b67b0"},
    {"c1fb41d452d9ec200000", "1363896240.5", "fb41d452d9ec200000"},
    {"d74401020304", "\"AQIDBA\"", "66415149444241"},
    {"d818456449455446", "\"ZElFVEY\"", "675a456c46564559"},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d",
	"\"http://www.example.com\"",
	"76687474703a2f2f7777772e6578616d706c652e636f6d"},
    {"d9d9f78101", "[1]", "9f01ff"},
    {"40", "\"\"", "60"},
    {"4401020304", "\"AQIDBA\"", "66415149444241"},
    {"60", "\"\"", NULL},
    {"6161", "\"a\"", NULL},
    {"6449455446", "\"IETF\"", NULL},
    {"62225c", "\"\\\"\\\\\"", NULL},
    {"62c3bc", "\"\xc3\xbc\"", NULL},
    {"63e6b0b4", "\"\xe6\xb0\xb4\"", NULL},
    {"64f0908591", "\"\xf0\x90\x85\x91\"", NULL},
    {"6100", "\"\\u0000\"", NULL},
    {"80", "[]", "9fff"},
    {"83010203", "[1,2,3]", "9f010203ff"},
    {"8301820203820405", "[1,[2,3],[4,5]]", "9f019f0203ff9f0405ffff"},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
	"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
	"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff"},
    {"a0", "{}", "bfff"},
    {"a201020304", "{\"1\":2,\"3\":4}", "bf613102613304ff"},
    {"a26161016162820203", "{\"a\":1,\"b\":[2,3]}", "bf61610161629f0203ffff"},
    {"826161a161626163", "[\"a\",{\"b\":\"c\"}]", "9f6161bf61626163ffff"},
    {"a56161614161626142616361436164614461656145",
	"{\"a\":\"A\",\"b\":\"B\",\"c\":\"C\",\"d\":\"D\",\"e\":\"E\"}",
	"bf6161614161626142616361436164614461656145ff"},
    {"5f42010243030405ff", "\"AQIDBAU\"", "6741514944424155"},
    {"7f657374726561646d696e67ff", "\"streaming\"", "6973747265616d696e67"},
    {"9fff", "[]", NULL},
    {"9f018202039f0405ffff", "[1,[2,3],[4,5]]", "9f019f0203ff9f0405ffff"},
    {"83018202039f0405ff", "[1,[2,3],[4,5]]", "9f019f0203ff9f0405ffff"},
    {"bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}", NULL},
    {"826161bf61626163ff", "[\"a\",{\"b\":\"c\"}]", "9f6161bf61626163ffff"},
    {"bf6346756ef563416d7421ff", "{\"Fun\":true,\"Amt\":-2}", NULL},
    /* Longer heads than needed, parts of strings, tags on tags. */
    {"1b0000000000000001", "1", "01"},
    {"79000161", "\"a\"", "6161"},
    {"7f60ff", "\"\"", "60"},
    {"7fff", "\"\"", "60"},
    {"5fff", "\"\"", "60"},
    {"c1c2c100", "0", "00"},
    {"c240", "0", "00"},
    {"c340", "-1", "20"},
    {"c2420001", "1", "01"},
    {"c25f4101420203ff", "66051", "1a00010203"},
    {"c26161", "\"a\"", "6161"},
    /* Keys that are no text. */
    {"a1f501", "{\"true\":1}", "bf647472756501ff"},
    {"a1f93c0001", "{\"1.0\":1}", "bf63312e3001ff"},
    {"a143fbfffe01", "{\"-__-\":1}", "bf642d5f5f2d01ff"},
    {"a18101a1c10200", "{\"gQE\":{\"wQI\":0}}", NULL},
    {"a12001", "{\"-1\":1}", "bf622d3101ff"},
    {NULL, NULL, NULL},
};

static const struct {
	const char *hex;
	size_t offset;
	const char *why;
} refused[] = {
    {"", 0, "the document ends too early"},
    {"0000", 1, "data follows the document"},
    {"18", 1, "the document ends too early"},
    {"1b00000000000000", 8, "the document ends too early"},
    {"1c", 0, "an item is malformed"},
    {"1f", 0, "an item is malformed"},
    {"3d", 0, "an item is malformed"},
    {"3f", 0, "an item is malformed"},
    {"5c", 0, "an item is malformed"},
    {"7e", 0, "an item is malformed"},
    {"9d", 0, "an item is malformed"},
    {"bd", 0, "an item is malformed"},
    {"df00", 0, "an item is malformed"},
    {"fc", 0, "an item is malformed"},
    {"fe", 0, "an item is malformed"},
    {"f800", 0, "a simple value is malformed"},
    {"f81f", 0, "a simple value is malformed"},
    {"ff", 0, "a break is out of place"},
    {"81ff", 1, "a break is out of place"},
    {"c1ff", 1, "a break is out of place"},
    {"a101ff", 2, "a break is out of place"},
    {"bf01ff", 2, "a break is out of place"},
    {"bf0102ffff", 4, "data follows the document"},
    {"41", 0, "a length is greater than what follows"},
    {"62c3", 0, "a length is greater than what follows"},
    {"5bffffffffffffffff00", 0, "a length is greater than what follows"},
    {"7bffffffffffffffff00", 0, "a length is greater than what follows"},
    {"9bffffffffffffffff00", 0, "a length is greater than what follows"},
    {"bbffffffffffffffff00", 0, "a length is greater than what follows"},
    {"bb800000000000000000", 0, "a length is greater than what follows"},
    {"8200", 0, "a length is greater than what follows"},
    {"a100", 0, "a length is greater than what follows"},
    {"82008200", 2, "a length is greater than what follows"},
    {"9f", 1, "the document ends too early"},
    {"bf", 1, "the document ends too early"},
    {"bf00", 2, "the document ends too early"},
    {"c1", 1, "the document ends too early"},
    {"7f6161", 3, "the document ends too early"},
    {"7f00ff", 1, "a string has a part of another kind"},
    {"7f4161ff", 1, "a string has a part of another kind"},
    {"5f6161ff", 1, "a string has a part of another kind"},
    {"7f7f6161ffff", 1, "a string has a part of another kind"},
    {"7ff5ff", 1, "a string has a part of another kind"},
    {"61ff", 1, "a text is not UTF-8"},
    {"7f61c361a4ff", 2, "a text is not UTF-8"},
    {"63eda080", 1, "a text is not UTF-8"},
    {"6a6162636465666768c3c3", 9, "a text is not UTF-8"},
    {"6a6162636465666768c328", 9, "a text is not UTF-8"},
    {"a2616101616102", 4, "a member name comes twice"},
    {"a261610178016102", 4, "a member name comes twice"},
    {"a2616101 7f6161ff02", 4, "a member name comes twice"},
    {"a27f61616162ff017f606261 62ff02", 8, "a member name comes twice"},
    {"a201010102", 3, "a member name comes twice"},
    {"81a2f601f602", 4, "a member name comes twice"},
    {"a2810101810102", 4, "a member name comes twice"},
    {"a10180a2616101616102", 3, "data follows the document"},
    {"a201016131 02", 0, "two map keys are the same in JSON"},
    {"a20101180102", 0, "two map keys are the same in JSON"},
    {"a2f601f702", 0, "two map keys are the same in JSON"},
    {"a240016002", 0, "two map keys are the same in JSON"},
    {"818181818100", 4, "values are nested too deep"},
    {"c1c1c1c18100", 4, "values are nested too deep"},
    {"81818181c1c100", 5, "values are nested too deep"},
};

static int
nibble(char c)
{
	return (c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Memory of exactly the document's size. */
static char *
from_hex(const char *hex, size_t *ret_len)
{
	char *data = calloc(strlen(hex) / 2, 1), *p = data;

	for (; *hex != '\0'; hex += 2) {
		while (*hex == ' ')
			hex++;
		*p++ = (char)(nibble(hex[0]) << 4 | nibble(hex[1]));
	}
	*ret_len = (size_t)(p - data);
	return (data);
}

static void
expect(bool ok, const char *text)
{
	if (!ok)
		printf("\n  failed for: %s\n", text);
	CU_ASSERT(ok);
}

static bool
check(enum doc_format format, const char *data, size_t len)
{
	const char *why = NULL;
	size_t where = 0;
	bool ok = doc_check(format, data, len, DEPTH, &why, &where);

	CU_ASSERT(ok || (why != NULL && where <= len));
	return (ok);
}

static bool
convert(struct buf *b, enum doc_format from, const char *data, size_t len)
{
	struct doc_writer w;

	buf_init(b);
	doc_writer_init(&w, from == DOC_JSON ? DOC_CBOR : DOC_JSON, b);
	return (doc_w_doc(&w, from, data, len) && !buf_failed(b));
}

static bool
same(const struct buf *b, const char *data, size_t len)
{
	return (b->len == len && memcmp(b->data, data, len) == 0);
}

static void
test_accepted(void)
{
	const struct cbor_case *c;
	char *data, *before;
	size_t len;

	for (c = accepted; c->hex != NULL; c++) {
		data = from_hex(c->hex, &len);
		before = from_hex(c->hex, &len);
		expect(check(DOC_CBOR, data, len), c->hex);
		expect(memcmp(data, before, len) == 0, c->hex);
		free(data);
		free(before);
	}
}

static void
test_refused(void)
{
	const char *why;
	size_t i, len, where;
	char *data;
	bool ok;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		data = from_hex(refused[i].hex, &len);
		why = NULL;
		where = 999;
		ok = doc_check(DOC_CBOR, data, len, 4, &why, &where);
		expect(!ok && why != NULL && where == refused[i].offset &&
			strcmp(why, refused[i].why) == 0,
		    refused[i].hex);
		free(data);
	}
}

/* libcbor knows no simple values but the named ones. */
static void
test_oracle(void)
{
	struct cbor_load_result res;
	const struct cbor_case *c;
	cbor_item_t *item;
	size_t len;
	char *data;

	for (c = accepted; c->hex != NULL; c++) {
		data = from_hex(c->hex, &len);
		item = cbor_load((unsigned char *)data, len, &res);
		expect((item != NULL && res.read == len) ||
			strcmp(c->hex, "f0") == 0 ||
			strncmp(c->hex, "f8", 2) == 0,
		    c->hex);
		if (item != NULL)
			cbor_decref(&item);
		free(data);
	}
}

static void
test_truncated(void)
{
	const struct cbor_case *c;
	char *data, *part;
	size_t len, n;

	for (c = accepted; c->hex != NULL; c++) {
		data = from_hex(c->hex, &len);
		for (n = 0; n < len; n++) {
			part = calloc(n, 1);
			if (n > 0)
				memcpy(part, data, n);
			expect(!check(DOC_CBOR, part, n), c->hex);
			free(part);
		}
		free(data);
	}
}

static void
test_to_json(void)
{
	const struct cbor_case *c;
	struct buf json, back;
	char *data, *want;
	size_t len, n;

	for (c = accepted; c->hex != NULL; c++) {
		data = from_hex(c->hex, &len);
		expect(convert(&json, DOC_CBOR, data, len) &&
			same(&json, c->json, strlen(c->json)),
		    c->hex);
		want = from_hex(c->back != NULL ? c->back : c->hex, &n);
		if (c->back != NULL || (unsigned char)*data >> 5 != 5)
			expect(convert(&back, DOC_JSON, json.data, json.len) &&
				same(&back, want, n),
			    c->hex);
		else
			expect(convert(&back, DOC_JSON, json.data, json.len),
			    c->hex);
		buf_release(&json);
		buf_release(&back);
		free(data);
		free(want);
	}
}

/* What is converted is well-formed, and converts back to something stable. */
static void
test_from_json(void)
{
	const struct doc_case *c;
	struct buf b, d, e;

	for (c = json_accepted; c->text != NULL; c++) {
		expect(convert(&b, DOC_JSON, c->text, c->len), c->text);
		expect(check(DOC_CBOR, b.data, b.len), c->text);
		expect(convert(&d, DOC_CBOR, b.data, b.len), c->text);
		expect(check(DOC_JSON, d.data, d.len), c->text);
		expect(convert(&e, DOC_JSON, d.data, d.len), c->text);
		expect(same(&e, b.data, b.len), c->text);
		buf_release(&b);
		buf_release(&d);
		buf_release(&e);
	}
}

/* Integers of n nines, and doubles at the ends of their range. */
static void
test_numbers(void)
{
	static const char *const nearest[][2] = {
	    {"1e400", "1.7976931348623157e+308"},
	    {"-1e400", "-1.7976931348623157e+308"},
	    {"1e-400", "0.0"},
	    {"-0", "-0.0"},
	    {"-0e5", "-0.0"},
	    {"5e-324", "4.94065645841247e-324"},
	    {"0.30000000000000004", "0.30000000000000004"},
	    {"0.1", "0.1"},
	    {"100000000000000000000000.0", "1e+23"},
	};
	char text[1100];
	struct buf b, d;
	size_t n, i;

	text[0] = '-';
	memset(text + 1, '9', sizeof(text) - 1);
	for (n = 1; n < sizeof(text); n += n < 45 ? 1 : 7)
		for (i = 0; i < 2; i++) {
			CU_ASSERT(convert(&b, DOC_JSON, text + i, n + 1 - i));
			CU_ASSERT(convert(&d, DOC_CBOR, b.data, b.len));
			if (n <= 1024)
				CU_ASSERT(same(&d, text + i, n + 1 - i));
			if (n > 1024)
				CU_ASSERT(same(&d, nearest[1 - i][1],
				    strlen(nearest[1 - i][1])));
			buf_release(&b);
			buf_release(&d);
		}
	for (i = 0; i < sizeof(nearest) / sizeof(nearest[0]); i++) {
		CU_ASSERT(convert(&b, DOC_JSON, nearest[i][0],
		    strlen(nearest[i][0])));
		CU_ASSERT(convert(&d, DOC_CBOR, b.data, b.len));
		expect(same(&d, nearest[i][1], strlen(nearest[i][1])),
		    nearest[i][0]);
		buf_release(&b);
		buf_release(&d);
	}
}

static void
test_no_document(void)
{
	struct doc_writer w;
	struct buf b = {0};

	doc_writer_init(&w, DOC_JSON, &b);
	doc_w_array(&w);
	doc_w_int(&w, 1);
	CU_ASSERT(!doc_w_doc(&w, DOC_CBOR, "\x82\x01", 2));
	CU_ASSERT(!doc_w_doc(&w, DOC_CBOR, "\x81\x61\xff", 3));
	CU_ASSERT(doc_w_doc(&w, DOC_CBOR, "\x81\x02", 2));
	doc_w_end(&w);
	CU_ASSERT(same(&b, "[1,[2]]", 7));
	buf_release(&b);
}

static void
test_values(void)
{
	static const char hex[] =
	    "bf 6169 20 7f61756138ff 1bffffffffffffffff 6162 5f4101410241 03ff"
	    "6174 7f6261626163ff 616d a1616101 6161 8101 6167 c100 6173 f0"
	    "6166 f93c00 616e f6 ff";
	static const struct {
		const char *name;
		enum doc_type type;
		int64_t i;
		const char *hex; /* raw or decoded */
	} want[] = {
	    {"i", DOC_INT, -1, "20"},
	    {"u8", DOC_NUMBER, 0, "1bffffffffffffffff"},
	    {"b", DOC_BYTES, 0, "010203"},
	    {"t", DOC_TEXT, 0, "616263"},
	    {"m", DOC_MAP, 0, "a1616101"},
	    {"a", DOC_ARRAY, 0, "8101"},
	    {"g", DOC_OTHER, 0, "c100"},
	    {"s", DOC_OTHER, 0, "f0"},
	    {"f", DOC_NUMBER, 0, "f93c00"},
	    {"n", DOC_NULL, 0, "f6"},
	};
	size_t len, n, i = 0;
	char *data = from_hex(hex, &len), *bytes;
	struct doc_reader r;
	struct doc_value v;
	const char *name;
	bool decoded;

	doc_reader_init(&r, DOC_CBOR, data, len, 4);
	CU_ASSERT(doc_map_begin(&r));
	while (doc_map_next(&r, &name, &len)) {
		CU_ASSERT_FATAL(doc_value(&r, &v));
		bytes = from_hex(want[i].hex, &n);
		decoded = v.type == DOC_TEXT || v.type == DOC_BYTES;
		expect(len == strlen(want[i].name) &&
			memcmp(name, want[i].name, len) == 0 &&
			v.type == want[i].type &&
			(v.type != DOC_INT || v.i == want[i].i) &&
			(decoded ? v.len : v.rawlen) == n &&
			memcmp(decoded ? v.data : v.raw, bytes, n) == 0,
		    want[i].name);
		free(bytes);
		i++;
	}
	CU_ASSERT(doc_end(&r));
	CU_ASSERT_EQUAL(i, sizeof(want) / sizeof(want[0]));
	doc_reader_release(&r);
	free(data);
}

static void
test_member_names(void)
{
	char odd[] = "\xa1\x01\x02", none[] = "\xbf\xff", cut[] = "\x9f\x01";
	struct doc_reader r;
	struct doc_value v;
	const char *name;
	size_t len;

	doc_reader_init(&r, DOC_CBOR, odd, 3, 4);
	CU_ASSERT(doc_map_begin(&r) && !doc_map_next(&r, &name, &len));
	CU_ASSERT_STRING_EQUAL(doc_error(&r), "a member name was expected");
	CU_ASSERT_EQUAL(doc_offset(&r), 1);
	doc_reader_release(&r);

	doc_reader_init(&r, DOC_CBOR, none, 2, 4);
	CU_ASSERT(doc_map_begin(&r) && !doc_map_next(&r, &name, &len));
	CU_ASSERT(doc_end(&r));
	doc_reader_release(&r);

	doc_reader_init(&r, DOC_CBOR, cut, 2, 4);
	CU_ASSERT(doc_array_begin(&r) && doc_array_next(&r));
	CU_ASSERT(doc_value(&r, &v) && v.type == DOC_INT);
	CU_ASSERT(!doc_array_next(&r) && !doc_end(&r));
	doc_reader_release(&r);
}

static void
test_writer(void)
{
	static const char want[] =
	    "\xbf\x61"
	    "a\x9f\xf6\xf5\xf4\x20\x1b\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\x62hi\x42\x00\xff\x01\xff\xff";
	struct doc_writer w;
	struct buf b = {0};

	doc_writer_init(&w, DOC_CBOR, &b);
	doc_w_map(&w);
	doc_w_name(&w, "a");
	doc_w_array(&w);
	doc_w_null(&w);
	doc_w_bool(&w, true);
	doc_w_bool(&w, false);
	doc_w_int(&w, -1);
	doc_w_uint(&w, UINT64_MAX);
	doc_w_text(&w, "hi", 2);
	doc_w_bytes(&w, "\0\xff", 2);
	CU_ASSERT(doc_w_doc(&w, DOC_CBOR, "\x01", 1));
	doc_w_end(&w);
	doc_w_end(&w);
	CU_ASSERT(same(&b, want, sizeof(want) - 1));
	buf_release(&b);
}

/* Keys that are texts and byte strings; then one of the texts in parts. */
static bool
many_keys(unsigned n, bool twice)
{
	struct buf b = {0};
	unsigned i;
	bool ok;

	(void)buf_addc(&b, '\xbf');
	for (i = 0; i < n; i++)
		(void)buf_printf(&b, "%c%04u%c", i % 3 > 0 ? 0x64 : 0x44, i, 1);
	i = n / 6 * 3 + 1;
	if (twice)
		(void)buf_printf(&b, "%c%c%02u%c%02u%c%c", 0x7f, 0x62, i / 100,
		    0x62, i % 100, 0xff, 1);
	(void)buf_addc(&b, '\xff');
	ok = check(DOC_CBOR, b.data, b.len);
	buf_release(&b);
	return (ok);
}

static void
test_many_keys(void)
{
	unsigned n;

	for (n = 2; n < 40; n++) {
		CU_ASSERT(many_keys(n, false));
		CU_ASSERT(!many_keys(n, true));
	}
	CU_ASSERT(many_keys(7001, false));
	CU_ASSERT(!many_keys(7001, true));
}

static uint64_t
random_next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (*x);
}

/* One to four bytes changed; whatever is accepted converts. */
static void
mutate(enum doc_format format, const char *data, size_t len, uint64_t *x)
{
	char *copy = calloc(len, 1);
	struct buf b;
	uint64_t n;

	if (len > 0)
		memcpy(copy, data, len);
	for (n = len > 0 ? random_next(x) % 4 + 1 : 0; n > 0; n--)
		copy[random_next(x) % len] = (char)(random_next(x) >> 13);
	if (check(format, copy, len)) {
		CU_ASSERT(convert(&b, format, copy, len));
		CU_ASSERT(check(format == DOC_JSON ? DOC_CBOR : DOC_JSON,
		    b.data, b.len));
		buf_release(&b);
	}
	free(copy);
}

static void
test_mutations(void)
{
	const struct doc_case *j = json_accepted;
	const struct cbor_case *c = accepted;
	uint64_t x = 88172645463325252ULL;
	size_t len;
	char *data;
	int i;

	for (i = 0; i < MUTATIONS / 2; i++) {
		mutate(DOC_JSON, j->text, j->len, &x);
		data = from_hex(c->hex, &len);
		mutate(DOC_CBOR, data, len, &x);
		free(data);
		if ((++j)->text == NULL)
			j = json_accepted;
		if ((++c)->hex == NULL)
			c = accepted;
	}
}

static CU_TestInfo tests[] = {
    {"the examples of RFC 8949 are accepted", test_accepted},
    {"errors say what and where", test_refused},
    {"libcbor takes what we take", test_oracle},
    {"a document cut anywhere is refused", test_truncated},
    {"every kind of item has its JSON and comes back", test_to_json},
    {"every JSON document has its CBOR", test_from_json},
    {"large integers are kept, other numbers are the nearest", test_numbers},
    {"nothing is written for what is no document", test_no_document},
    {"values are read with their type and bytes", test_values},
    {"member names are texts, and containers end", test_member_names},
    {"the writer takes the shortest heads", test_writer},
    {"a key that comes twice is found among any number", test_many_keys},
    {"changed bytes are accepted or refused and no more", test_mutations},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {.pName = "doc_cbor", .pTests = tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
