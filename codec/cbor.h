/* SPDX-License-Identifier: MIT */
/*
 * Private to cbor.c and cbor_walk.c: heads of items (RFC 8949 section 3) and
 * the parts of strings. What is inline is so for the sake of transactions of
 * many short texts.
 */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include "codec/doc_priv.h"

enum cbor_major {
	UINT,
	NEGATIVE,
	BYTES,
	TEXT,
	ARRAY,
	MAP,
	TAG,
	SIMPLE,
};

/* The low five bits of a first byte. */
#define IN_NEXT_BYTE 24
#define IN_NEXT_EIGHT 27
#define INDEFINITE 31
#define SIMPLE_FALSE 20
#define SIMPLE_TRUE 21
#define SIMPLE_NULL 22
#define SIMPLE_HALF 25
#define SIMPLE_SINGLE 26
#define SIMPLE_DOUBLE 27

#define BREAK '\xff'

struct cbor_head {
	enum cbor_major major;
	unsigned info;
	uint64_t n;
	bool done; /* a string that was read */
};

extern const char cbor_misplaced_break[];

/* Reads the argument of a head that is longer than its first byte. */
bool cbor_head_argument(struct doc_reader *, struct cbor_head *, size_t left);
/*
 * Reads the next part of a string after its head, which notes how far that is;
 * false at the end of the string and on errors.
 */
bool cbor_chunk(struct doc_reader *, struct cbor_head *, const char **ret,
    size_t *ret_len);

/* The size of a definite head by its first byte. */
static inline size_t
cbor_head_size(const char *p)
{
	unsigned info = (unsigned char)*p & 31;

	return (info < IN_NEXT_BYTE ? 1 :
				      1 + ((size_t)1 << (info - IN_NEXT_BYTE)));
}

/*
 * Reads an item's head. Lengths are compared with what follows before anything
 * is done with them: each item takes a byte at least.
 */
static inline bool
cbor_head(struct doc_reader *r, struct cbor_head *h)
{
	size_t left = (size_t)(r->end - r->p);
	unsigned char first;

	if (left == 0)
		return (doc_fail_at(r, r->p, doc_ends_early));
	first = (unsigned char)*r->p;
	h->major = first >> 5;
	h->info = first & 31;
	h->n = h->info;
	h->done = false;
	if (h->info < IN_NEXT_BYTE)
		left--;
	else {
		if (!cbor_head_argument(r, h, left))
			return (false);
		left -= h->info == INDEFINITE ? 1 : cbor_head_size(r->p);
	}
	if (h->major >= BYTES && h->major <= MAP && h->info != INDEFINITE &&
	    h->n > (h->major == MAP ? left / 2 : left))
		return (doc_fail_at(r, r->p,
		    "a length is greater than what follows"));
	r->p = r->end - left;
	return (true);
}

static inline bool
cbor_is_break(const struct cbor_head *h)
{
	return (h->major == SIMPLE && h->info == INDEFINITE);
}

/* Whether a text surely is; most are. "room" is what may be read. */
static inline bool
ascii(const char *p, size_t len, size_t room)
{
	uint64_t seen = 0;
	size_t i;

	if (room < sizeof(seen))
		return (false);
	if (len < sizeof(seen))
		seen = word_load(p) & ((1ULL << len * 8) - 1);
	else {
		/* The last word may overlap the one before. */
		for (i = 0; i < len - sizeof(seen); i += sizeof(seen))
			seen |= word_load(p + i);
		seen |= word_load(p + len - sizeof(seen));
	}
	return ((seen & WORD_HIGHS) == 0);
}

/* Takes "len" bytes that are known to be there. */
static inline bool
cbor_take(struct doc_reader *r, enum cbor_major major, size_t len)
{
	size_t good;

	if (major == TEXT && !ascii(r->p, len, (size_t)(r->end - r->p))) {
		good = utf8_prefix(r->p, len);
		if (good < len)
			return (doc_fail_at(r, r->p + good,
			    "a text is not UTF-8"));
	}
	r->p += len;
	return (true);
}

#endif
