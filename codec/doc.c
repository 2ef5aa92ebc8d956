/* SPDX-License-Identifier: MIT */
/*
 * What the two formats have in common: the reader's state, the check that
 * names differ, the writer and conversion; see doc.h and doc_priv.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/doc_priv.h"

/* Maps of up to so many names are checked without sorting. */
#define NAMES_FEW 8

const char doc_nomemory[] = "out of memory";
const char doc_ends_early[] = "the document ends too early";
const char doc_too_deep[] = "values are nested too deep";

void
doc_reader_init(struct doc_reader *r, enum doc_format format, char *data,
    size_t len, unsigned maxdepth)
{
	CHECK(maxdepth >= 1 && maxdepth <= DOC_DEPTHMAX);
	memset(r, 0, sizeof(*r));
	r->format = format;
	r->start = r->p = r->end = data;
	r->maxdepth = maxdepth;
	if (len > DOC_SIZEMAX)
		doc_fail(r, "the document is longer than 2 GiB");
	else if (len > 0)
		r->end += len;
}

void
doc_reader_release(struct doc_reader *r)
{
	buf_release(&r->scratch);
}

bool
doc_fail_at(struct doc_reader *r, const char *p, const char *why)
{
	if (r->error == NULL) {
		r->error = why;
		r->offset = (size_t)(p - r->start);
	}
	return (false);
}

void
doc_fail(struct doc_reader *r, const char *why)
{
	(void)doc_fail_at(r, r->p, why);
}

const char *
doc_error(const struct doc_reader *r)
{
	return (r->error);
}

size_t
doc_offset(const struct doc_reader *r)
{
	return (r->offset);
}

static bool
begin(struct doc_reader *r, bool map)
{
	CHECK(r->depth < DOC_LEVELS);
	if (doc_failed(r))
		return (false);
	if (r->depth == r->maxdepth)
		return (doc_fail_at(r, r->p, doc_too_deep));
	r->level[r->depth].map = map;
	r->level[r->depth].first = true;
	if (!(r->format == DOC_JSON ? json_begin : cbor_begin)(r, map))
		return (false);
	r->depth++;
	return (true);
}

bool
doc_map_begin(struct doc_reader *r)
{
	return (begin(r, true));
}

bool
doc_array_begin(struct doc_reader *r)
{
	return (begin(r, false));
}

bool
doc_map_next(struct doc_reader *r, const char **ret_name, size_t *ret_len)
{
	if (doc_failed(r))
		return (false);
	CHECK(r->depth > 0 && r->level[r->depth - 1].map);
	if (r->format == DOC_JSON)
		return (json_map_next(r, ret_name, ret_len));
	return (cbor_map_next(r, ret_name, ret_len));
}

bool
doc_array_next(struct doc_reader *r)
{
	if (doc_failed(r))
		return (false);
	CHECK(r->depth > 0 && !r->level[r->depth - 1].map);
	if (r->format == DOC_JSON)
		return (json_array_next(r));
	return (cbor_array_next(r));
}

bool
doc_value(struct doc_reader *r, struct doc_value *ret)
{
	if (doc_failed(r))
		return (false);
	if (r->format == DOC_JSON)
		return (json_value(r, ret));
	return (cbor_value(r, ret));
}

bool
doc_end(struct doc_reader *r)
{
	if (doc_failed(r))
		return (false);
	if (r->format == DOC_JSON)
		json_skip_space(r);
	if (r->p < r->end)
		return (doc_fail_at(r, r->p, "data follows the document"));
	return (true);
}

bool
doc_check(enum doc_format format, const char *data, size_t len,
    unsigned maxdepth, const char **ret_why, size_t *ret_offset)
{
	struct doc_reader r;
	bool ok;

	/* Nothing is decoded, so nothing is written to the data. */
	doc_reader_init(&r, format, (char *)(uintptr_t)data, len, maxdepth);
	ok = !doc_failed(&r) &&
	    (format == DOC_JSON ? json_walk(&r, NULL) : cbor_capture(&r)) &&
	    doc_end(&r);
	if (!ok) {
		*ret_why = r.error;
		*ret_offset = r.offset;
	}
	doc_reader_release(&r);
	return (ok);
}

bool
doc_names_add(struct doc_reader *r, const char *name, size_t len, bool odd)
{
	struct doc_name n = {
	    .off = (uint32_t)(name - r->start),
	    .len = (uint32_t)len | (odd ? DOC_NAME_ODD : 0),
	};

	if (!buf_add(&r->scratch, &n, sizeof(n)))
		return (doc_fail_at(r, name, doc_nomemory));
	return (true);
}

/*
 * Few names are compared each with each. Many are sorted, so that a hostile
 * map costs no more than its length times the logarithm of that.
 */
bool
doc_names_differ(struct doc_reader *r, uint32_t mark, doc_name_cmp *cmp)
{
	size_t n = doc_names_mark(r) - mark, i, j;
	struct doc_name *names;
	bool sorted = n > NAMES_FEW;

	if (n > 1) {
		names = (struct doc_name *)(void *)r->scratch.data + mark;
		if (sorted)
			qsort_r(names, n, sizeof(*names), cmp, r->start);
		for (i = 1; i < n; i++)
			for (j = sorted ? i - 1 : 0; j < i; j++)
				if (cmp(&names[i], &names[j], r->start) == 0)
					return (doc_fail_at(r,
					    r->start + names[i].off,
					    "a member name comes twice"));
	}
	r->scratch.len = mark * sizeof(*names);
	return (true);
}

void
doc_writer_init(struct doc_writer *w, enum doc_format format, struct buf *out)
{
	memset(w, 0, sizeof(*w));
	w->format = format;
	w->out = out;
	w->bare = true;
}

bool
doc_w_next(struct doc_writer *w)
{
	if (w->format == DOC_CBOR)
		return (false);
	if (!w->bare)
		(void)buf_addc(w->out, ',');
	w->bare = false;
	return (true);
}

void
doc_w_open(struct doc_writer *w, bool map)
{
	if (doc_w_next(w)) {
		(void)buf_addc(w->out, map ? '{' : '[');
		w->bare = true;
	} else
		cbor_put_open(w->out, map);
}

void
doc_w_close(struct doc_writer *w, bool map)
{
	w->bare = false;
	if (w->format == DOC_JSON)
		(void)buf_addc(w->out, map ? '}' : ']');
	else
		cbor_put_close(w->out);
}

static void
enter(struct doc_writer *w, bool map)
{
	CHECK(w->depth < 64);
	w->maps &= ~(1ULL << w->depth);
	w->maps |= (uint64_t)map << w->depth;
	w->depth++;
	doc_w_open(w, map);
}

void
doc_w_map(struct doc_writer *w)
{
	enter(w, true);
}

void
doc_w_array(struct doc_writer *w)
{
	enter(w, false);
}

void
doc_w_end(struct doc_writer *w)
{
	CHECK(w->depth > 0);
	w->depth--;
	doc_w_close(w, (w->maps >> w->depth & 1) != 0);
}

void
doc_w_colon(struct doc_writer *w)
{
	if (w->format == DOC_JSON) {
		(void)buf_addc(w->out, ':');
		w->bare = true;
	}
}

void
doc_w_name_n(struct doc_writer *w, const char *name, size_t len)
{
	doc_w_text(w, name, len);
	doc_w_colon(w);
}

void
doc_w_name(struct doc_writer *w, const char *name)
{
	doc_w_name_n(w, name, strlen(name));
}

void
doc_w_null(struct doc_writer *w)
{
	if (doc_w_next(w))
		(void)buf_add(w->out, "null", 4);
	else
		cbor_put_null(w->out);
}

void
doc_w_bool(struct doc_writer *w, bool b)
{
	if (doc_w_next(w))
		(void)buf_adds(w->out, b ? "true" : "false");
	else
		cbor_put_bool(w->out, b);
}

/* The decimal text of "magnitude", after a minus sign if so. */
static void
put_decimal(struct buf *out, bool negative, uint64_t magnitude)
{
	if (negative)
		(void)buf_addc(out, '-');
	(void)buf_add_uint(out, magnitude);
}

void
doc_w_int(struct doc_writer *w, int64_t i)
{
	if (doc_w_next(w))
		put_decimal(w->out, i < 0, i < 0 ? -(uint64_t)i : (uint64_t)i);
	else
		cbor_put_int(w->out, i);
}

void
doc_w_uint(struct doc_writer *w, uint64_t u)
{
	if (doc_w_next(w))
		put_decimal(w->out, false, u);
	else
		cbor_put_uint(w->out, u);
}

void
doc_w_text(struct doc_writer *w, const char *data, size_t len)
{
	if (doc_w_next(w))
		json_put_text(w->out, data, len);
	else
		cbor_put_text(w->out, data, len);
}

void
doc_w_bytes(struct doc_writer *w, const char *data, size_t len)
{
	if (doc_w_next(w)) {
		(void)buf_addc(w->out, '"');
		(void)base64_encode(w->out, data, len);
		(void)buf_addc(w->out, '"');
	} else
		cbor_put_bytes(w->out, data, len);
}

/*
 * A document as it is. In JSON, line breaks can only be white space between
 * values, so spaces may stand for them.
 */
static void
put_same(struct doc_writer *w, const char *data, size_t len)
{
	bool json = doc_w_next(w);
	char *p;
	size_t i;

	p = buf_extend(w->out, len);
	if (p == NULL || len == 0)
		return;
	memcpy(p, data, len);
	for (i = 0; json && i < len; i++)
		if (p[i] == '\n' || p[i] == '\r')
			p[i] = ' ';
}

bool
doc_w_doc(struct doc_writer *w, enum doc_format format, const char *data,
    size_t len)
{
	size_t before = w->out->len;
	bool bare = w->bare, ok;
	struct doc_reader r;

	if (format == w->format) {
		put_same(w, data, len);
		return (true);
	}
	/* Conversion does not write to the data either. */
	doc_reader_init(&r, format, (char *)(uintptr_t)data, len, DOC_DEPTHMAX);
	ok = !doc_failed(&r) &&
	    (format == DOC_JSON ? json_walk : cbor_walk)(&r, w) && doc_end(&r);
	/* Missing memory is the buffer's to tell. */
	if (r.error == doc_nomemory)
		w->out->failed = ok = true;
	doc_reader_release(&r);
	if (!ok) {
		w->out->len = before;
		w->bare = bare;
	}
	return (ok);
}
