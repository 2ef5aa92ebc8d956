/* SPDX-License-Identifier: MIT */
/* Conditions, content negotiation, media types and ranges. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "fcgi/header.h"
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

/* ---------------------------------------------------------- entity tags -- */

/*
 * A list as text: tags in order, weak ones with "~" before them, each followed
 * by a space; "*" for any; at the end "." or "!" when it is malformed.
 */
static const char *
tags_of(const char *value)
{
	static char text[512];
	struct etag_list list = {.p = value};
	const char *tag;
	size_t len, n = 0;
	bool weak;

	for (;;) {
		switch (etag_next(&list, &tag, &len, &weak)) {
		case ETAG_TAG:
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%.*s ", weak ? "~" : "", (int)len, tag);
			break;
		case ETAG_ANY:
			n += (size_t)snprintf(text + n, sizeof(text) - n, "*");
			break;
		case ETAG_END:
			(void)snprintf(text + n, sizeof(text) - n, ".");
			return (text);
		case ETAG_BAD:
			(void)snprintf(text + n, sizeof(text) - n, "!");
			return (text);
		}
	}
}

static void
reads_tags(void)
{
	static const struct {
		const char *value, *tags;
	} rows[] = {
	    {"\"a\"", "a ."},
	    {"\"\"", " ."},
	    {"\"a\",\"b\"", "a b ."},
	    {"\"a\" , \"b\"\t,W/\"c\"", "a b ~c ."},
	    {", ,\"a\",,", "a ."},
	    {"\"a,b\"", "a,b ."},
	    {"\"a\\\"", "a\\ ."},
	    {"\"\xc3\xa9\"", "\xc3\xa9 ."},
	    {"abc", "abc ."},
	    {"abc, def", "abc def ."},
	    {"W/abc", "~abc ."},
	    {"w/abc", "w/abc ."},
	    {"*", "*."},
	    {" * ", "*."},
	    {"\"*\"", "* ."},
	    {"", "!"},
	    {" , ", "!"},
	    {"*, \"a\"", "!"},
	    {"\"a\", *", "a !"},
	    {"* *", "!"},
	    {"\"a", "!"},
	    {"\"", "!"},
	    {"a\"", "!"},
	    {"\"a\"\"b\"", "!"},
	    {"\"a\" \"b\"", "!"},
	    {"\"a b\"", "!"},
	    {"\"a\x7f\"", "!"},
	    {"a b", "!"},
	    {"W/", "!"},
	    {"w/\"a\"", "!"},
	    {"W/ \"a\"", "!"},
	    {"W/W/\"a\"", "!"},
	};
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		ROW(strcmp(tags_of(rows[i].value), rows[i].tags) == 0,
		    rows[i].value);
}

static void
reads_long_lists(void)
{
	char commas[65], list[64 * 4 + 1];
	size_t i;

	memset(commas, ',', 64);
	commas[64] = '\0';
	CU_ASSERT_STRING_EQUAL(tags_of(commas), "!");
	for (i = 0; i < 64; i++)
		memcpy(list + 4 * i, "\"a\",", 4);
	list[sizeof(list) - 1] = '\0';
	CU_ASSERT(strlen(tags_of(list)) == 64 * 2 + 1);
}

static void
compares_if_range(void)
{
	static const struct {
		const char *value;
		bool holds;
	} rows[] = {
	    {NULL, true},
	    {"\"17\"", true},
	    {" \"17\" ", true},
	    {"W/\"17\"", false},
	    {"\"18\"", false},
	    {"\"1\"", false},
	    {"\"178\"", false},
	    {"17", false},
	    {"*", false},
	    {"\"17\", \"18\"", false},
	    {"\"17", false},
	    {"", false},
	    {"Sun, 06 Nov 1994 08:49:37 GMT", false},
	};
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		ROW(if_range_holds(rows[i].value, "17", 2) == rows[i].holds,
		    rows[i].value == NULL ? "absent" : rows[i].value);
}

/* ---------------------------------------------------------- media types -- */

static void
negotiates(void)
{
	static const char *const offers[] = {"application/json",
	    "application/cbor", "application/octet-stream"};
	static const struct {
		const char *value;
		int best;
		bool prefers;
	} rows[] = {
	    {NULL, 0, false},
	    {"*/*", 0, false},
	    {"*/*;q=0.1", 0, false},
	    {"text/html, */*", 0, false},
	    {"text/html,application/xhtml+xml,*/*;q=0.8", 0, false},
	    {"application/*", 0, false},
	    {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 0, false},
	    {"application/json, text/plain, */*", 0, false},
	    {"application/json", 0, true},
	    {"application/cbor", 1, true},
	    {"APPLICATION/CBOR", 1, true},
	    {"application/octet-stream", 2, true},
	    {"application/json;q=0.5, application/cbor", 1, true},
	    {"application/json;q=0.5,application/cbor;q=0.501", 1, true},
	    {"application/cbor;Q=0.9 ; x=y, */*;q=0.8", 1, true},
	    {"*/*, application/json;q=0.1", 1, true},
	    {"*/*, application/json;q=0", 1, true},
	    {"application/*;q=0.2, application/octet-stream;q=0.3", 2, true},
	    {"*/*;q=1, application/*;q=0, application/cbor;q=0.1", 1, true},
	    {"application/json; charset=utf-8", 0, true},
	    {"application/cbor;x=\"a,b;q=0\";q=0.5", 1, true},
	    {"application/cbor;x=\"\\\",application/json\"", 1, true},
	    {",, application/cbor ,,", 1, true},
	    {"application/json;q=0.3, application/json;q=0.7, "
	     "application/cbor;q=0.5",
		0, true},
	    {"text/html", -1, false},
	    {"text/*", -1, false},
	    {"*/*;q=0", -1, false},
	    {"*/*;q=0.0000", -1, false},
	    {"application/jso", -1, false},
	    {"application/jsonx", -1, false},
	    {"application/json;q=0, application/cbor;q=0.0", -1, false},
	    {"text/html, garbage", -1, false},
	    /* What is not understood at all is no preference. */
	    {"", 0, false},
	    {",,,", 0, false},
	    {"garbage", 0, false},
	    {"*/json", 0, false},
	    {"application/", 0, false},
	    {"/json", 0, false},
	    {"application/cbor;q=x", 0, false},
	    {"application/cbor;q=", 0, false},
	    {"application/cbor;q=-1", 0, false},
	    {"application/cbor;q=.", 0, false},
	    {"application/cbor x", 0, false},
	    /* Out of the grammar's bounds. */
	    {"application/json;q=0.9, application/cbor;q=2", 1, true},
	    {"application/json;q=0.9, application/cbor;"
	     "q=99999999999999999999999999999999",
		1, true},
	    {"application/json;q=0.1, application/cbor;"
	     "q=0.99999999999999999999999999999999",
		1, true},
	    {"application/cbor;q=1.999", 1, true},
	    {"application/cbor;;;;", 1, true},
	    {"application/cbor;x=\"", 1, true},
	};
	bool prefers;
	size_t i;
	int best;

	for (i = 0; i < LENGTH(rows); i++) {
		best = accept_choose(rows[i].value, offers, LENGTH(offers),
		    &prefers);
		ROW(best == rows[i].best,
		    rows[i].value == NULL ? "absent" : rows[i].value);
		ROW(prefers == rows[i].prefers,
		    rows[i].value == NULL ? "absent" : rows[i].value);
	}
	CU_ASSERT(accept_choose("*/*", offers, 0, &prefers) == -1);
}

static void
compares_media_types(void)
{
	static const struct {
		const char *value;
		bool same;
	} rows[] = {
	    {"application/json", true},
	    {"Application/JSON", true},
	    {" application/json ", true},
	    {"application/json;charset=utf-8", true},
	    {"application/json ; charset=utf-8", true},
	    {"application/json;", true},
	    {NULL, false},
	    {"", false},
	    {"application", false},
	    {"application/jso", false},
	    {"application/jsonp", false},
	    {"application/json-patch+json", false},
	    {"application/json, text/html", false},
	    {"application/json text", false},
	    {"application /json", false},
	    {"*/*", false},
	};
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		ROW(media_type_is(rows[i].value, "application/json") ==
			rows[i].same,
		    rows[i].value == NULL ? "absent" : rows[i].value);
}

/* --------------------------------------------------------------- ranges -- */

static void
reads_ranges(void)
{
	static const struct {
		const char *value;
		uint64_t total;
		enum range result;
		uint64_t offset, len;
	} rows[] = {
	    {"bytes=0-0", 10, RANGE_PART, 0, 1},
	    {"bytes=0-9", 10, RANGE_PART, 0, 10},
	    {"bytes=0-", 10, RANGE_PART, 0, 10},
	    {"bytes=9-", 10, RANGE_PART, 9, 1},
	    {"bytes=2-5", 10, RANGE_PART, 2, 4},
	    {"bytes=2-99", 10, RANGE_PART, 2, 8},
	    {"bytes=-1", 10, RANGE_PART, 9, 1},
	    {"bytes=-10", 10, RANGE_PART, 0, 10},
	    {"bytes=-11", 10, RANGE_PART, 0, 10},
	    {"BYTES=2-5", 10, RANGE_PART, 2, 4},
	    {" bytes= 2-5 ", 10, RANGE_PART, 2, 4},
	    {"bytes=2-5,", 10, RANGE_PART, 2, 4},
	    {"bytes=1-18446744073709551615", 10, RANGE_PART, 1, 9},
	    {"bytes=1-18446744073709551616", 10, RANGE_PART, 1, 9},
	    {"bytes=0-", UINT64_MAX, RANGE_PART, 0, UINT64_MAX},
	    {"bytes=-99999999999999999999999", 10, RANGE_PART, 0, 10},
	    {"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
	    {"bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0},
	    {"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
	    {"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
	    {"bytes=0-0", 0, RANGE_UNSATISFIABLE, 0, 0},
	    {"bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, 0},
	    {"bytes=18446744073709551615-", UINT64_MAX, RANGE_UNSATISFIABLE, 0,
		0},
	    {"bytes=-5", 0, RANGE_NONE, 0, 0},
	    {NULL, 10, RANGE_NONE, 0, 0},
	    {"", 10, RANGE_NONE, 0, 0},
	    {"bytes", 10, RANGE_NONE, 0, 0},
	    {"bytes=", 10, RANGE_NONE, 0, 0},
	    {"bytes=-", 10, RANGE_NONE, 0, 0},
	    {"bytes=--1", 10, RANGE_NONE, 0, 0},
	    {"bytes=5", 10, RANGE_NONE, 0, 0},
	    {"bytes=5-2", 10, RANGE_NONE, 0, 0},
	    {"bytes=99-2", 10, RANGE_NONE, 0, 0},
	    {"bytes=0-1,3-4", 10, RANGE_NONE, 0, 0},
	    {"bytes=0-,-1", 10, RANGE_NONE, 0, 0},
	    {"bytes=0 - 1", 10, RANGE_NONE, 0, 0},
	    {"bytes=0-1x", 10, RANGE_NONE, 0, 0},
	    {"bytes=x-1", 10, RANGE_NONE, 0, 0},
	    {"bytes=+1-2", 10, RANGE_NONE, 0, 0},
	    {"bytes=0x1-2", 10, RANGE_NONE, 0, 0},
	    {"bytes =0-1", 10, RANGE_NONE, 0, 0},
	    {"lines=0-1", 10, RANGE_NONE, 0, 0},
	    {"bytes=,,,,,,,,", 10, RANGE_NONE, 0, 0},
	};
	uint64_t offset, len;
	const char *name;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		offset = len = 0;
		name = rows[i].value == NULL ? "absent" : rows[i].value;
		ROW(range_parse(rows[i].value, rows[i].total, &offset, &len) ==
			rows[i].result,
		    name);
		ROW(offset == rows[i].offset && len == rows[i].len, name);
	}
}

/* ----------------------------------------------------------- all of them -- */

/* No byte anywhere makes a parser leave its string (run under a sanitizer). */
static void
survives_every_byte(void)
{
	static const char *const values[] = {"W/\"ab\", \"c\"",
	    "application/cbor;x=\"y\";q=0.5, */*", "bytes=12-34"};
	static const char *const offers[] = {"application/json"};
	uint64_t offset, len;
	char text[64];
	size_t i, at;
	bool prefers;
	int c;

	for (i = 0; i < LENGTH(values); i++) {
		for (at = 0; at < strlen(values[i]); at++) {
			for (c = 0; c < 256; c++) {
				(void)strcpy(text, values[i]);
				text[at] = (char)c;
				CU_ASSERT(strlen(tags_of(text)) > 0);
				CU_ASSERT(accept_choose(text, offers, 1,
					      &prefers) <= 0);
				offset = len = 0;
				(void)range_parse(text, 20, &offset, &len);
				CU_ASSERT(offset <= 20 && len <= 20 - offset);
			}
		}
	}
}

static CU_TestInfo tests[] = {
    {"entity tags are read, malformed lists refused", reads_tags},
    {"long lists of entity tags are read", reads_long_lists},
    {"If-Range holds for the same strong tag only", compares_if_range},
    {"Accept chooses by quality and specificity", negotiates},
    {"media types compare without parameters", compares_media_types},
    {"one range of bytes is served, others ignored", reads_ranges},
    {"any byte in any place is survived", survives_every_byte},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"header", NULL, NULL, NULL, NULL, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
