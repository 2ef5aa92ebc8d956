/* SPDX-License-Identifier: MIT */
/* Private to the tests of documents: JSON texts to accept and to refuse. */
#ifndef TESTS_UNIT_DOC_CASES_H
#define TESTS_UNIT_DOC_CASES_H

#include <stddef.h>

struct doc_case {
	const char *text;
	size_t len;
};

/* As many on a line as there is room for. */
/* clang-format off */

/* May have NUL bytes. */
#define CASE(text) {text, sizeof(text) - 1}

static const struct doc_case json_accepted[] = {
    CASE("null"), CASE("true"), CASE("false"), CASE("0"), CASE("-0"), CASE("1"),
    CASE("-1"), CASE("10"), CASE("123456789012345678901234567890"),
    CASE("-9223372036854775809"), CASE("1.5"), CASE("-1.5"), CASE("0.1"),
    CASE("0.0"), CASE("-0.0"), CASE("1e1"), CASE("1E1"), CASE("1e+1"),
    CASE("1e-1"), CASE("1E+01"), CASE("0e0"), CASE("0E-0"), CASE("0.1e00"),
    CASE("1.0e400"), CASE("1e-400"), CASE("123.456e7"), CASE("\"\""),
    CASE("\"a\""), CASE("\"\\\"\""), CASE("\"\\\\\""), CASE("\"\\/\""),
    CASE("\"\\b\\f\\n\\r\\t\""), CASE("\"\\u0000\""), CASE("\"\\u0061\""),
    CASE("\"\\uABCD\""), CASE("\"\\uabcd\""), CASE("\"\\uD83D\\uDE00\""),
    CASE("\"\\ud83d\\ude00x\""), CASE("\"\\uDBFF\\uDFFF\""),
    CASE("\"\\uffff\""), CASE("\"/\""), CASE("\" \""), CASE("\"'\""),
    CASE("\"a/b\""), CASE("\"[1,2]\""), CASE("\"\\u005C\""),
    CASE("\"\\u0022\""), CASE("\"\\\\u0000\""), CASE("\"\\\\\\\"\""),
    CASE("\"12345678\""), CASE("\"1234567\\n8\""),
    CASE("\"0123456789abcdef\\\"\""), CASE("[]"), CASE("[ ]"), CASE("{}"),
    CASE("{ }"), CASE("[[]]"), CASE("[{}]"), CASE("{\"\":0}"),
    CASE("{\"a\":{}}"), CASE("[1]"), CASE("[1,2]"), CASE("[1 , 2]"),
    CASE("[\"a\",\"b\"]"), CASE("[[],[]]"), CASE("[{},{}]"),
    CASE("[null,true,false]"), CASE("{\"a\":1,\"b\":2}"), CASE("{\"a\":\"b\"}"),
    CASE("{ \"a\" : 1 }"), CASE("{\"a\":[1,{\"b\":[2]}]}"),
    CASE("{\"a\":1,\"A\":1}"), CASE("{\"a\":{\"a\":{\"a\":1}}}"),
    CASE("[{\"a\":1},{\"a\":1}]"),
    CASE("{\"a\":[{\"b\":1},{\"b\":2}],\"b\":3}"), CASE("{\"\":{\"\":0}}"),
    CASE("{\"a\\u0000\":1,\"a\":2}"),
    CASE("{\"\\u0000\":1,\"\\u0000\\u0000\":2}"),
    CASE("{\"ab\":1,\"a\":2,\"abc\":3}"),
    CASE("{\"\\ud83d\\ude00\":1,\"\\ud83d\\ude01\":2}"), CASE("[0,-0,0.0]"),
    CASE("[1e5,1E5]"),
    CASE("{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,"
         "\"7\":7,\"8\":8,\"9\":9,\"10\":10}"),
    CASE("[[[[[[[[[[]]]]]]]]]]"), CASE("[[],{},\"\",0,null]"),
    CASE("{\"a\":null}"), CASE("{\"a\":true,\"b\":false}"), CASE(" 1"),
    CASE("\t\n\r 1"), CASE("1 "), CASE("[1]\n"), CASE("\n{\n\t\"a\" :\r1\n}\n"),
    CASE("[\n]"), CASE("{\t}"), CASE("\"\xc2\xa2\""), CASE("\"\xe2\x82\xac\""),
    CASE("\"\xf0\x9f\x98\x80\""), CASE("\"\xef\xbf\xbe\""),
    CASE("\"\xef\xbb\xbf\""), CASE("\"\x7f\""), CASE("\"\xf4\x8f\xbf\xbf\""),
    CASE("{\"\xc3\xa4\":1,\"a\xcc\x88\":2}"),
    CASE("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    {NULL, 0},
};

static const struct doc_case json_refused[] = {
    CASE("+1"), CASE("+"), CASE("-"), CASE("--1"), CASE("01"), CASE("-01"),
    CASE("00"), CASE("0x1"), CASE("1."), CASE(".5"), CASE("-.5"), CASE("1.e1"),
    CASE("1e"), CASE("1e+"), CASE("1E-"), CASE("1e1.5"), CASE("1.2.3"),
    CASE("1_000"), CASE("1,000"), CASE("NaN"), CASE("nan"), CASE("Infinity"),
    CASE("-Infinity"), CASE("inf"), CASE("-NaN"), CASE("0b1"), CASE("0o7"),
    CASE("1a"), CASE("1f"), CASE("1 000"), CASE("- 1"), CASE("1e 1"),
    CASE("-a"), CASE("1.a"), CASE("1e1e1"), CASE("9.e+"), CASE("0.e1"),
    CASE("nul"), CASE("nulls"), CASE("Null"), CASE("NULL"), CASE("tru"),
    CASE("truee"), CASE("True"), CASE("fals"), CASE("False"), CASE("undefined"),
    CASE("n"), CASE("t"), CASE("f"), CASE("none"), CASE("true false"),
    CASE("nan"), CASE("\""), CASE("\"a"), CASE("a\""), CASE("'a'"),
    CASE("\"\\\""), CASE("\"\\a\""), CASE("\"\\v\""), CASE("\"\\0\""),
    CASE("\"\\x41\""), CASE("\"\\'\""), CASE("\"\\u\""), CASE("\"\\u1\""),
    CASE("\"\\u12\""), CASE("\"\\u123\""), CASE("\"\\u123g\""),
    CASE("\"\\U0041\""), CASE("\"\\u 123\""), CASE("\"\\u-123\""),
    CASE("\"\\ud800\""), CASE("\"\\udc00\""), CASE("\"\\ud800\\ud800\""),
    CASE("\"\\ud800x\""), CASE("\"\\ud800\\u0041\""), CASE("\"\\ud800\\n\""),
    CASE("\"\\ud800\\udbff\""), CASE("\"\\udfff\\ud800\""),
    CASE("\"\\ud83d\\\\ude00\""), CASE("\"\\ud800\\"), CASE("\"a\" \"b\""),
    CASE("\"a\"b"), CASE("\"\\ "), CASE("\"\"x"), CASE("["), CASE("]"),
    CASE("{"), CASE("}"), CASE("[1"), CASE("[1,"), CASE("[1,]"), CASE("[,]"),
    CASE("[,1]"), CASE("[1,,2]"), CASE("[1 2]"), CASE("[1:2]"), CASE("[1}"),
    CASE("{]"), CASE("[\"a\""), CASE("[\"a\","), CASE("[[]"), CASE("[]]"),
    CASE("[]]]"), CASE("[][]"), CASE("[1]x"), CASE("[x]"), CASE("[1;2]"),
    CASE("(1)"), CASE("<1>"), CASE("[...]"), CASE("[*]"), CASE("[/*c*/]"),
    CASE("[1]//c"), CASE("#c"), CASE(","), CASE(":"), CASE(";"), CASE("{\"a\""),
    CASE("{\"a\":"), CASE("{\"a\":1"), CASE("{\"a\":1,"), CASE("{\"a\":1,}"),
    CASE("{,}"), CASE("{\"a\"}"), CASE("{\"a\" 1}"), CASE("{\"a\":}"),
    CASE("{\"a\"::1}"), CASE("{\"a\":1:2}"), CASE("{\"a\":1,,\"b\":2}"),
    CASE("{\"a\":1 \"b\":2}"), CASE("{a:1}"), CASE("{'a':1}"), CASE("{1:1}"),
    CASE("{null:1}"), CASE("{[]:1}"), CASE("{\"a\":1]"), CASE("{\"a\":1}}"),
    CASE("{\"a\":1}{"), CASE("{\"a\":1};"), CASE("{:1}"), CASE("{\"a\"=1}"),
    CASE("{\"a\",1}"), CASE("{\"a\":x}"), CASE("{\"a\":01}"),
    CASE("{\"a\":1,\"a\":1}"), CASE("{\"a\":1,\"\\u0061\":2}"),
    CASE("{\"\\u0061\":1,\"\\u0061\":2}"),
    CASE("{\"\\u0061\\u0062\":1,\"ab\":2}"), CASE("{\"\":1,\"\":2}"),
    CASE("[{\"a\":1,\"b\":2,\"a\":3}]"), CASE("{\"x\":{\"a\":1,\"a\":2}}"),
    CASE("{\"x\":[0,{\"a\":1,\"a\":2}]}"), CASE("{\"\\/\":1,\"/\":2}"),
    CASE("{\"\\n\":1,\"\\u000a\":2}"), CASE("{\"\\u0000\":1,\"\\u0000\":2}"),
    CASE("{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,"
         "\"7\":7,\"8\":8,\"9\":9,\"10\":10,\"5\":0}"),
    CASE("{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,"
         "\"7\":7,\"8\":8,\"9\":9,\"10\":10,\"\\u0035\":0}"),
    CASE(""), CASE(" "), CASE("\n"), CASE("\0"), CASE("1\0"), CASE("[1]\0"),
    CASE("\xef\xbb\xbf""1"), CASE("\f1"), CASE("\v1"), CASE("\xc2\xa0""1"),
    CASE("\"\n\""), CASE("\"\t\""), CASE("\"\0\""), CASE("\"\x1f\""),
    CASE("\"1234567\x01\""), CASE("[1\f]"), CASE("\"\xff\""),
    CASE("\"\xc0\xaf\""), CASE("\"\xe0\x80\xaf\""), CASE("\"\xed\xa0\x80\""),
    CASE("\"\xed\xa0\xbd\xed\xb8\x80\""), CASE("\"\xf4\x90\x80\x80\""),
    CASE("\"\x80\""), CASE("\"\xc3\""), CASE("\"\xe2\x82\""),
    CASE("\"\xf0\x9f\x98\""), CASE("\"\xc3\"\xa4"), CASE("\"\\\xc3\xa4\""),
    CASE("[\xff]"), CASE("{\"\xff\":1}"), CASE("\xc3\xa4"),
    CASE("{\"\xc3\xa4\":1,\"\\u00e4\":2}"),
    CASE("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}"), CASE("f\0\"\0a\0\""),
    CASE("[1,\0""2]"),
    {NULL, 0},
};

/* clang-format on */

#endif
