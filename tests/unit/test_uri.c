/* SPDX-License-Identifier: MIT */
/* REQUEST_URI, percent-escapes and query parameters. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "fcgi/uri.h"
#include "tests/unit/suite.h"

/* Fails, naming the row of a table, unless "cond" holds. */
#define ROW(cond, what) \
	do { \
		const bool row_holds = (cond); \
		if (!row_holds) \
			(void)fprintf(stderr, "row: %s\n", (what)); \
		CU_ASSERT(row_holds); \
	} while (0)
#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static void
splits_targets(void)
{
	static const struct {
		const char *raw, *path, *query;
	} rows[] = {
	    {"/", "/", ""},
	    {"/kv/a", "/kv/a", ""},
	    {"/kv/a?", "/kv/a", ""},
	    {"/kv/a?b=c", "/kv/a", "b=c"},
	    {"/kv/a?b=c?d", "/kv/a", "b=c?d"},
	    {"/kv//a///b", "/kv//a///b", ""},
	    {"/kv/%00%zz", "/kv/%00%zz", ""},
	    {"/kv/\xc3\xa9", "/kv/\xc3\xa9", ""},
	    {"//host/path", "//host/path", ""},
	    {"/http://x/y", "/http://x/y", ""},
	    {"http://host/kv/a?b", "/kv/a", "b"},
	    {"HTTPS://host:8443/kv", "/kv", ""},
	    {"http://host", "/", ""},
	    {"http://host?a=b", "/", "a=b"},
	    {"http://user@[::1]:80/x", "/x", ""},
	};
	struct uri uri;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		memset(&uri, 0, sizeof(uri));
		ROW(uri_parse(rows[i].raw, strlen(rows[i].raw), &uri) == URI_OK,
		    rows[i].raw);
		ROW(uri.pathlen == strlen(rows[i].path) &&
			memcmp(uri.path, rows[i].path, uri.pathlen) == 0,
		    rows[i].raw);
		ROW(uri.querylen == strlen(rows[i].query) &&
			memcmp(uri.query, rows[i].query, uri.querylen) == 0,
		    rows[i].raw);
	}
}

static void
refuses_targets(void)
{
	static const struct {
		const char *raw;
		enum uri_err err;
	} rows[] = {
	    {"", URI_FORM},
	    {"*", URI_FORM},
	    {"kv/a", URI_FORM},
	    {"?a", URI_FORM},
	    {"host:443", URI_FORM},
	    {"ftp://host/", URI_FORM},
	    {"http:/host/", URI_FORM},
	    {"http://", URI_FORM},
	    {"http:///path", URI_FORM},
	    {"http://?a", URI_FORM},
	    {"/kv/a#b", URI_FRAGMENT},
	    {"/kv?a=#b", URI_FRAGMENT},
	    {"/kv/a b", URI_BYTE},
	    {"/kv/a\r\nb", URI_BYTE},
	    {"/kv/\x7f", URI_BYTE},
	};
	struct uri uri = {.path = "untouched"};
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		ROW(uri_parse(rows[i].raw, strlen(rows[i].raw), &uri) ==
			rows[i].err,
		    rows[i].raw);
	CU_ASSERT(uri_parse("/a\0b", 4, &uri) == URI_BYTE);
	CU_ASSERT_STRING_EQUAL(uri.path, "untouched");
}

static void
bounds_targets(void)
{
	static char raw[URI_MAX + 1];
	struct uri uri;

	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	CU_ASSERT(uri_parse(raw, URI_MAX, &uri) == URI_OK);
	CU_ASSERT(uri.pathlen == URI_MAX);
	CU_ASSERT(uri_parse(raw, URI_MAX + 1, &uri) == URI_LONG);
}

static void
finds_dot_segments(void)
{
	static const struct {
		const char *path;
		bool dots;
	} rows[] = {
	    {"/kv/.", true},
	    {"/kv/..", true},
	    {"/kv/./a", true},
	    {"/kv/../a", true},
	    {"/kv/%2e", true},
	    {"/kv/%2E%2e", true},
	    {"/kv/.%2e/a", true},
	    {"/kv/%2e.", true},
	    {"/./kv", true},
	    {"/..", true},
	    {"..", true},
	    {"/kv/a%2f..%2Fb", true},
	    {"/kv/a%2f%2e%2E", true},
	    {"/kv/%zz/..", true},
	    {"", false},
	    {"/", false},
	    {"/kv/", false},
	    {"/kv//", false},
	    {"/kv/...", false},
	    {"/kv/....", false},
	    {"/kv/.a", false},
	    {"/kv/a.", false},
	    {"/kv/..a", false},
	    {"/kv/a..", false},
	    {"/kv/.a.", false},
	    {"/kv/%2ea", false},
	    {"/kv/%252e", false},
	    {"/kv/.%", false},
	    {"/kv/.%2", false},
	    {"/kv/%2", false},
	    {"/kv/.%zz", false},
	    {"/kv/.%00", false},
	    {"/kv/.\\..", false},
	};
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		ROW(uri_dot_segment(rows[i].path, strlen(rows[i].path)) ==
			rows[i].dots,
		    rows[i].path);
}

static void
decodes_once(void)
{
	static const struct {
		const char *raw, *plain;
	} rows[] = {
	    {"", ""},
	    {"abc", "abc"},
	    {"a+b", "a+b"},
	    {"%41%62", "Ab"},
	    {"%2541", "%41"},
	    {"a%2Fb%2fc", "a/b/c"},
	    {"%e2%82%AC", "\xe2\x82\xac"},
	    {"\xff", "\xff"},
	    {"%25", "%"},
	};
	char buf[64];
	size_t i, len;

	for (i = 0; i < LENGTH(rows); i++) {
		len = 99;
		ROW(uri_decode(rows[i].raw, strlen(rows[i].raw), buf, &len),
		    rows[i].raw);
		ROW(len == strlen(rows[i].plain) &&
			memcmp(buf, rows[i].plain, len) == 0,
		    rows[i].raw);
	}
}

static void
decodes_every_byte(void)
{
	char raw[8];
	size_t len;
	int c;

	for (c = 0; c < 256; c++) {
		(void)snprintf(raw, sizeof(raw), c % 2 ? "%%%02x" : "%%%02X",
		    (unsigned)c);
		CU_ASSERT(uri_decode(raw, 3, raw, &len));
		CU_ASSERT(len == 1 && (unsigned char)raw[0] == c);
	}
}

static void
refuses_bad_escapes(void)
{
	static const char *const rows[] = {"%", "%4", "%%", "a%", "a%4", "%g0",
	    "%0g", "% 1", "%+1", "%-1", "%0x41", "%4/", "%u0041", "%\xc3\xa9"};
	size_t i, len = 99;
	char buf[16];

	for (i = 0; i < LENGTH(rows); i++)
		ROW(!uri_decode(rows[i], strlen(rows[i]), buf, &len), rows[i]);
	/* The digits are there, but not within the length. */
	CU_ASSERT(!uri_decode("%41", 2, buf, &len));
	CU_ASSERT(len == 99);
}

/* ---------------------------------------------------------------- query -- */

static enum uri_err
parse(const char *raw, struct query *q)
{
	static char buf[URI_MAX];

	return (query_parse(raw, strlen(raw), buf, sizeof(buf), q));
}

static bool
has(const struct query *q, const char *name, const char *value)
{
	const struct query_param *p = query_find(q, name);

	return (p != NULL && p->valuelen == strlen(value) &&
	    memcmp(p->value, value, p->valuelen) == 0);
}

static void
parses_queries(void)
{
	struct query q;

	CU_ASSERT(parse("", &q) == URI_OK && q.n == 0);
	CU_ASSERT(parse("&&&", &q) == URI_OK && q.n == 0);
	CU_ASSERT(parse("raw", &q) == URI_OK && q.n == 1);
	CU_ASSERT(has(&q, "raw", ""));
	CU_ASSERT(parse("&ttl=5&&sync=&raw&", &q) == URI_OK && q.n == 3);
	CU_ASSERT(has(&q, "ttl", "5") && has(&q, "sync", ""));
	CU_ASSERT(has(&q, "raw", "") && query_find(&q, "tt") == NULL);
	CU_ASSERT(parse("k%65y=a%26b%3D=c+d", &q) == URI_OK && q.n == 1);
	CU_ASSERT(has(&q, "key", "a&b==c+d"));
	CU_ASSERT(parse("=x", &q) == URI_OK && has(&q, "", "x"));
}

static void
keeps_nul_bytes(void)
{
	const struct query_param *p;
	struct query q;

	CU_ASSERT(parse("key=a%00b&ke%00=1", &q) == URI_OK && q.n == 2);
	p = query_find(&q, "key");
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT(p->valuelen == 3 && memcmp(p->value, "a\0b", 3) == 0);
	CU_ASSERT(query_find(&q, "ke") == NULL);
}

static void
refuses_queries(void)
{
	static const struct {
		const char *raw;
		enum uri_err err;
	} rows[] = {
	    {"a=1&a=2", URI_REPEATED},
	    {"a&b&a", URI_REPEATED},
	    {"a=1&%61=2", URI_REPEATED},
	    {"=1&=2", URI_REPEATED},
	    {"a=%", URI_ESCAPE},
	    {"a=%4&b=1", URI_ESCAPE},
	    {"%zz=1", URI_ESCAPE},
	    {"%", URI_ESCAPE},
	};
	struct query q = {.n = 99};
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		ROW(parse(rows[i].raw, &q) == rows[i].err, rows[i].raw);
	CU_ASSERT(q.n == 99);
}

static void
bounds_queries(void)
{
	char raw[8 * (QUERY_MAX + 1)] = "", buf[4];
	struct query q;
	size_t n = 0;
	int i;

	for (i = 0; i < QUERY_MAX; i++)
		n += (size_t)snprintf(raw + n, sizeof(raw) - n, "p%d=%d&", i,
		    i);
	CU_ASSERT(parse(raw, &q) == URI_OK && q.n == QUERY_MAX);
	CU_ASSERT(has(&q, "p31", "31"));
	(void)snprintf(raw + n, sizeof(raw) - n, "x");
	CU_ASSERT(parse(raw, &q) == URI_PARAMS);
	CU_ASSERT(query_parse("a=b", 3, buf, 3, &q) == URI_OK);
	CU_ASSERT(query_parse("abcde", 5, buf, 4, &q) == URI_LONG);
}

static void
finds_unknown_parameters(void)
{
	static const char *const names[] = {"ttl", "sync", NULL};
	const struct query_param *p;
	struct query q;

	CU_ASSERT(parse("sync&ttl=1", &q) == URI_OK);
	CU_ASSERT(query_unknown(&q, names) == NULL);
	CU_ASSERT(parse("sync&tt=1&x", &q) == URI_OK);
	p = query_unknown(&q, names);
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT(p->namelen == 2 && memcmp(p->name, "tt", 2) == 0);
	CU_ASSERT(parse("TTL=1", &q) == URI_OK);
	CU_ASSERT(query_unknown(&q, names) == &q.param[0]);
}

static void
reads_booleans(void)
{
	static const struct {
		const char *raw;
		enum uri_err err;
		bool deflt, value;
	} rows[] = {
	    {"", URI_OK, true, true},
	    {"", URI_OK, false, false},
	    {"b", URI_OK, false, true},
	    {"b=", URI_OK, false, true},
	    {"b=true", URI_OK, false, true},
	    {"b=1", URI_OK, false, true},
	    {"b=false", URI_OK, true, false},
	    {"b=0", URI_OK, true, false},
	    {"b=TRUE", URI_BOOL, true, true},
	    {"b=2", URI_BOOL, false, false},
	    {"b=tru", URI_BOOL, false, false},
	    {"b=true%00", URI_BOOL, false, false},
	};
	struct query q;
	size_t i;
	bool b;

	for (i = 0; i < LENGTH(rows); i++) {
		b = rows[i].deflt;
		CU_ASSERT(parse(rows[i].raw, &q) == URI_OK);
		ROW(query_bool(&q, "b", &b) == rows[i].err, rows[i].raw);
		ROW(b == rows[i].value, rows[i].raw);
	}
}

static void
reads_numbers(void)
{
	static const struct {
		const char *raw;
		enum uri_err err;
		uint64_t value;
	} rows[] = {
	    {"", URI_OK, 7},
	    {"n=1", URI_OK, 1},
	    {"n=0010", URI_OK, 10},
	    {"n=18446744073709551614", URI_OK, UINT64_MAX - 1},
	    {"n=0", URI_RANGE, 7},
	    {"n=18446744073709551615", URI_RANGE, 7},
	    {"n=18446744073709551616", URI_RANGE, 7},
	    {"n=99999999999999999999999999999999", URI_RANGE, 7},
	    {"n", URI_NUMBER, 7},
	    {"n=", URI_NUMBER, 7},
	    {"n=-1", URI_NUMBER, 7},
	    {"n=+1", URI_NUMBER, 7},
	    {"n=1.5", URI_NUMBER, 7},
	    {"n=0x10", URI_NUMBER, 7},
	    {"n=1%20", URI_NUMBER, 7},
	    {"n=1%00", URI_NUMBER, 7},
	    {"n=99999999999999999999x", URI_NUMBER, 7},
	};
	struct query q;
	uint64_t v;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		v = 7;
		CU_ASSERT(parse(rows[i].raw, &q) == URI_OK);
		ROW(query_uint(&q, "n", 1, UINT64_MAX - 1, &v) == rows[i].err,
		    rows[i].raw);
		ROW(v == rows[i].value, rows[i].raw);
	}
}

static void
names_every_error(void)
{
	int i, j;

	for (i = URI_OK; i <= URI_RANGE; i++) {
		for (j = URI_OK; j < i; j++)
			CU_ASSERT_STRING_NOT_EQUAL(uri_strerror((enum uri_err)
							   i),
			    uri_strerror((enum uri_err)j));
	}
}

static CU_TestInfo tests[] = {
    {"a target splits into path and query", splits_targets},
    {"a malformed target is refused", refuses_targets},
    {"a target over the limit is refused", bounds_targets},
    {"dot segments are found in every spelling", finds_dot_segments},
    {"escapes are decoded once", decodes_once},
    {"every byte can be escaped, and decoded in place", decodes_every_byte},
    {"bad escapes are refused", refuses_bad_escapes},
    {"a query splits into parameters", parses_queries},
    {"parameters may hold NUL bytes", keeps_nul_bytes},
    {"a bad query is refused", refuses_queries},
    {"a query over its limits is refused", bounds_queries},
    {"the first unknown parameter is found", finds_unknown_parameters},
    {"booleans have their words and nothing else", reads_booleans},
    {"numbers have digits and bounds", reads_numbers},
    {"every error has a text of its own", names_every_error},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"uri", NULL, NULL, NULL, NULL, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
