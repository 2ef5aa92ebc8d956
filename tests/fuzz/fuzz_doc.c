/* SPDX-License-Identifier: MIT */
/*
 * Documents from anywhere: the first byte of the input chooses the format and
 * the greatest depth, the rest is the document. No input may crash; what is
 * accepted must read the same again, convert, and convert back to the same;
 * and json-c must accept and read the JSON that is accepted.
 */
#include "config.h"

#include <stdlib.h>

#include <json-c/json.h>

#include "base/check.h"
#include "codec/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Reads as a program does, entering containers as deep as the reader lets. */
static bool
read_any(struct doc_reader *r, unsigned level)
{
	unsigned char c = r->p < r->end ? (unsigned char)*r->p : 0;
	bool json = r->format == DOC_JSON;
	struct doc_value v;
	const char *name;
	size_t len;

	if (level < 8 && (json ? c == '{' : c >> 5 == 5)) {
		if (doc_map_begin(r))
			while (doc_map_next(r, &name, &len)) {
				CHECK(utf8_ok(name, len));
				if (!read_any(r, level + 1))
					break;
			}
	} else if (level < 8 && (json ? c == '[' : c >> 5 == 4)) {
		if (doc_array_begin(r))
			while (doc_array_next(r) && read_any(r, level + 1))
				continue;
	} else if (doc_value(r, &v))
		CHECK(v.type != DOC_TEXT || utf8_ok(v.data, v.len));
	return (!doc_failed(r));
}

static struct buf
convert(enum doc_format from, const char *data, size_t len)
{
	struct doc_writer w;
	struct buf out;
	const char *why;
	size_t where;

	buf_init(&out);
	doc_writer_init(&w, from == DOC_JSON ? DOC_CBOR : DOC_JSON, &out);
	CHECK(doc_w_doc(&w, from, data, len));
	CHECK(!buf_failed(&out));
	CHECK(doc_check(w.format, out.data, out.len, DOC_DEPTHMAX, &why,
	    &where));
	return (out);
}

/* One conversion may lose something, the next one must not. */
static void
check_conversion(enum doc_format format, const char *data, size_t len)
{
	enum doc_format other = format == DOC_JSON ? DOC_CBOR : DOC_JSON;
	struct buf b = convert(format, data, len), c, d;

	c = convert(other, b.data, b.len);
	d = convert(format, c.data, c.len);
	CHECK(b.len == d.len && memcmp(b.data, d.data, b.len) == 0);
	buf_release(&b);
	buf_release(&c);
	buf_release(&d);
}

static void
check_oracle(char *data, size_t len, unsigned depth)
{
	struct json_tokener *t = json_tokener_new_ex(DOC_DEPTHMAX + 1);
	struct json_object *o;
	struct doc_reader r;
	struct doc_value v;
	char *text;

	text = strndup(data, len);
	CHECK(t != NULL && text != NULL);
	json_tokener_set_flags(t,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)len + 1);
	CHECK(json_tokener_get_error(t) == json_tokener_success);
	doc_reader_init(&r, DOC_JSON, data, len, depth);
	CHECK(doc_value(&r, &v) && doc_end(&r));
	if (v.type == DOC_TEXT)
		CHECK(json_object_is_type(o, json_type_string) &&
		    (size_t)json_object_get_string_len(o) == v.len &&
		    memcmp(json_object_get_string(o), v.data, v.len) == 0);
	if (v.type == DOC_INT)
		CHECK(json_object_is_type(o, json_type_int) &&
		    json_object_get_int64(o) == v.i);
	doc_reader_release(&r);
	json_object_put(o);
	json_tokener_free(t);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const unsigned depths[] = {DOC_DEPTHMAX, 64, 3, 1};
	enum doc_format format;
	struct doc_reader r;
	const char *why = NULL;
	size_t where = 0;
	unsigned depth;
	bool ok, read;
	char *copy;

	if (len < 2)
		return (0);
	format = data[0] & 1 ? DOC_CBOR : DOC_JSON;
	depth = depths[data[0] >> 1 & 3];
	data++;
	len--;
	copy = malloc(len);
	CHECK(copy != NULL);
	memcpy(copy, data, len);
	ok = doc_check(format, copy, len, depth, &why, &where);
	CHECK(memcmp(copy, data, len) == 0);
	CHECK(ok || (why != NULL && where <= len));
	if (ok)
		check_conversion(format, copy, len);

	doc_reader_init(&r, format, copy, len, depth);
	read = read_any(&r, 0) && doc_end(&r);
	/* Who enters containers looks for equal names himself. */
	CHECK(!ok || read || format == DOC_CBOR);
	doc_reader_release(&r);

	memcpy(copy, data, len);
	if (ok && format == DOC_JSON)
		check_oracle(copy, len, depth);
	free(copy);
	return (0);
}
