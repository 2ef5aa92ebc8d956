/* SPDX-License-Identifier: MIT */
/*
 * Reading CBOR (RFC 8949); see doc.h. Heads of items are read here rather than
 * by libcbor, whose decoder refuses simple values that have no name, though
 * well-formed, and whose callbacks take four times as long. Values of any depth
 * are read in cbor_walk.c.
 */
#include "config.h"

#include "codec/cbor.h"

const char cbor_misplaced_break[] = "a break is out of place";

bool
cbor_head_argument(struct doc_reader *r, struct cbor_head *h, size_t left)
{
	const unsigned char *p = (const unsigned char *)r->p;
	size_t n, i;

	if (h->info <= IN_NEXT_EIGHT) {
		n = cbor_head_size(r->p);
		if (left < n)
			return (doc_fail_at(r, r->end, doc_ends_early));
		for (h->n = 0, i = 1; i < n; i++)
			h->n = h->n << 8 | p[i];
	} else if (h->info < INDEFINITE || h->major < BYTES || h->major == TAG)
		return (doc_fail_at(r, r->p, "an item is malformed"));
	if (h->major == SIMPLE && h->info == IN_NEXT_BYTE && h->n < 32)
		return (doc_fail_at(r, r->p, "a simple value is malformed"));
	return (true);
}

bool
cbor_chunk(struct doc_reader *r, struct cbor_head *h, const char **ret,
    size_t *ret_len)
{
	const char *start = r->p;
	struct cbor_head part = *h;

	if (h->done)
		return (false);
	if (h->info == INDEFINITE) {
		if (!cbor_head(r, &part))
			return (false);
		if (cbor_is_break(&part)) {
			h->done = true;
			return (false);
		}
		if (part.major != h->major || part.info == INDEFINITE)
			return (doc_fail_at(r, start,
			    "a string has a part of another kind"));
	} else
		h->done = true;
	*ret = r->p;
	*ret_len = part.n;
	return (cbor_take(r, h->major, part.n));
}

/* Puts the parts of a string together in place. */
static bool
string_parts(struct doc_reader *r, struct cbor_head *h, const char **ret,
    size_t *ret_len)
{
	const char *part;
	char *start = r->p, *to = start;
	size_t len;

	while (cbor_chunk(r, h, &part, &len)) {
		memmove(to, part, len);
		to += len;
	}
	*ret = start;
	*ret_len = (size_t)(to - start);
	return (!doc_failed(r));
}

/* Reads the string after its head, decoded. */
static inline bool
string(struct doc_reader *r, const struct cbor_head *h, const char **ret,
    size_t *ret_len)
{
	struct cbor_head parts;

	if (h->info == INDEFINITE) {
		parts = *h;
		return (string_parts(r, &parts, ret, ret_len));
	}
	*ret = r->p;
	*ret_len = h->n;
	return (cbor_take(r, h->major, h->n));
}

bool
cbor_begin(struct doc_reader *r, bool map)
{
	struct doc_level *l = &r->level[r->depth];
	const char *start = r->p;
	struct cbor_head h;

	if (!cbor_head(r, &h))
		return (false);
	if (h.major != (map ? MAP : ARRAY))
		return (doc_fail_at(r, start,
		    map ? "a map was expected" : "an array was expected"));
	l->indefinite = h.info == INDEFINITE;
	l->left = h.n;
	return (true);
}

/* Goes to the next item of the innermost container; false at its end. */
bool
cbor_array_next(struct doc_reader *r)
{
	struct doc_level *l = &r->level[r->depth - 1];
	bool end;

	if (r->p == r->end && (l->indefinite || l->left > 0))
		return (doc_fail_at(r, r->p, doc_ends_early));
	end = l->indefinite ? *r->p == BREAK : l->left == 0;
	if (end) {
		r->p += l->indefinite;
		r->depth--;
	}
	l->left--;
	return (!end);
}

bool
cbor_map_next(struct doc_reader *r, const char **ret_name, size_t *ret_len)
{
	const char *start = r->p;
	struct cbor_head h;

	if (!cbor_array_next(r) || !cbor_head(r, &h))
		return (false);
	if (h.major != TEXT)
		return (doc_fail_at(r, start, "a member name was expected"));
	return (string(r, &h, ret_name, ret_len));
}

/* Sets what the head alone tells. */
static void
value_of_head(const struct cbor_head *h, struct doc_value *v)
{
	static const enum doc_type types[] = {
	    [UINT] = DOC_NUMBER,
	    [NEGATIVE] = DOC_NUMBER,
	    [ARRAY] = DOC_ARRAY,
	    [MAP] = DOC_MAP,
	    [TAG] = DOC_OTHER,
	    [SIMPLE] = DOC_OTHER,
	};

	v->type = types[h->major];
	if (h->major <= NEGATIVE && h->n <= INT64_MAX) {
		v->type = DOC_INT;
		v->i = h->major == UINT ? (int64_t)h->n : -1 - (int64_t)h->n;
	} else if (h->major != SIMPLE)
		return;
	else if (h->info == SIMPLE_FALSE || h->info == SIMPLE_TRUE) {
		v->type = DOC_BOOL;
		v->b = h->info == SIMPLE_TRUE;
	} else if (h->info == SIMPLE_NULL)
		v->type = DOC_NULL;
	else if (h->info >= SIMPLE_HALF && h->info <= SIMPLE_DOUBLE)
		v->type = DOC_NUMBER;
}

bool
cbor_value(struct doc_reader *r, struct doc_value *ret)
{
	const char *start = r->p, *data;
	struct doc_value v = {.data = NULL};
	struct cbor_head h;
	size_t len;

	if (!cbor_head(r, &h))
		return (false);
	if (h.major == BYTES || h.major == TEXT) {
		if (!string(r, &h, &data, &len))
			return (false);
		ret->type = h.major == TEXT ? DOC_TEXT : DOC_BYTES;
		ret->data = data;
		ret->len = len;
		return (true);
	}
	if (cbor_is_break(&h))
		return (doc_fail_at(r, start, cbor_misplaced_break));
	value_of_head(&h, &v);
	if (h.major >= ARRAY && h.major <= TAG) {
		r->p -= r->p - start;
		if (!cbor_capture(r))
			return (false);
	}
	v.raw = start;
	v.rawlen = (size_t)(r->p - start);
	*ret = v;
	return (true);
}
