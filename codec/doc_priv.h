/* SPDX-License-Identifier: MIT */
/*
 * Private to codec/: what doc.c and the two formats share. A format supplies
 * the functions json_* or cbor_* below, to which doc.c dispatches; "walk" is
 * its one loop over a whole value of any depth, without recursion, used to
 * check a value and to convert it.
 */
#ifndef CODEC_DOC_PRIV_H
#define CODEC_DOC_PRIV_H

#include <endian.h>

#include "base/check.h"
#include "codec/doc.h"

#define DOC_SIZEMAX INT32_MAX
#define DOC_LEVELS \
	(sizeof(((struct doc_reader *)0)->level) / \
	    sizeof(((struct doc_reader *)0)->level[0]))

extern const char doc_ends_early[];
extern const char doc_too_deep[];

/* Fails at a place other than r->p; always false. */
bool doc_fail_at(struct doc_reader *, const char *p, const char *why);

/*
 * Names of the captured maps that are being walked, on r->scratch as a stack.
 * An odd name is one whose bytes are not simply what it stands for.
 */
struct doc_name {
	uint32_t off; /* from r->start */
	uint32_t len; /* and DOC_NAME_ODD */
};
#define DOC_NAME_ODD 0x80000000U
#define DOC_NAME_LEN(n) ((size_t)((n)->len & ~DOC_NAME_ODD))

typedef int doc_name_cmp(const void *, const void *, void *start);

static inline uint32_t
doc_names_mark(const struct doc_reader *r)
{
	return ((uint32_t)(r->scratch.len / sizeof(struct doc_name)));
}
bool doc_names_add(struct doc_reader *, const char *name, size_t len, bool odd);
/* Whether the names from "mark" on differ; takes them off the stack. */
bool doc_names_differ(struct doc_reader *, uint32_t mark, doc_name_cmp *);

/* To be called before anything is written; true for JSON. */
bool doc_w_next(struct doc_writer *);
/* Containers of any depth: the caller knows what it is in. */
void doc_w_open(struct doc_writer *, bool map);
void doc_w_close(struct doc_writer *, bool map);
/* Makes what was written the name of a member. */
void doc_w_colon(struct doc_writer *);
void doc_w_name_n(struct doc_writer *, const char *name, size_t len);

bool json_map_next(struct doc_reader *, const char **ret_name, size_t *ret_len);
bool json_begin(struct doc_reader *, bool map);
bool json_array_next(struct doc_reader *);
bool json_value(struct doc_reader *, struct doc_value *ret);
bool json_walk(struct doc_reader *, struct doc_writer *convert);
void json_skip_space(struct doc_reader *);
void json_put_text(struct buf *, const char *data, size_t len);
/* A CBOR bignum's text: the integer, or minus one minus it. */
void json_put_bignum(struct buf *, bool negative, const char *data, size_t len);
void json_put_double(struct buf *, double);

bool cbor_map_next(struct doc_reader *, const char **ret_name, size_t *ret_len);
bool cbor_begin(struct doc_reader *, bool map);
bool cbor_array_next(struct doc_reader *);
bool cbor_value(struct doc_reader *, struct doc_value *ret);
/* As cbor_walk() without conversion, and the keys also differ in JSON. */
bool cbor_capture(struct doc_reader *);
bool cbor_walk(struct doc_reader *, struct doc_writer *convert);
void cbor_put_open(struct buf *, bool map);
void cbor_put_close(struct buf *);
void cbor_put_null(struct buf *);
void cbor_put_bool(struct buf *, bool);
void cbor_put_uint(struct buf *, uint64_t);
void cbor_put_negative(struct buf *, uint64_t n); /* -1 - n */
void cbor_put_int(struct buf *, int64_t);
void cbor_put_double(struct buf *, double);
void cbor_put_bignum(struct buf *, bool negative, const char *data, size_t len);
void cbor_put_text(struct buf *, const char *data, size_t len);
void cbor_put_bytes(struct buf *, const char *data, size_t len);
/* A JSON number that is no DOC_INT. False without memory. */
bool cbor_put_number(struct buf *, const char *text, size_t len);

/*
 * Eight bytes at a time. In the result, the lowest bit of WORD_HIGHS that is
 * set stands for the first byte sought; bits above it mean nothing.
 */
#define WORD_ONES 0x0101010101010101ULL
#define WORD_HIGHS 0x8080808080808080ULL

static inline uint64_t
word_load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return (le64toh(w));
}

/* Bytes that a JSON string has only as escapes, or that end it. */
static inline uint64_t
word_special(uint64_t w)
{
	uint64_t quote = w ^ (WORD_ONES * '"'), slash = w ^ (WORD_ONES * '\\');

	return ((((quote - WORD_ONES) & ~quote) |
		    ((slash - WORD_ONES) & ~slash) |
		    ((w - WORD_ONES * ' ') & ~w)) &
	    WORD_HIGHS);
}

static inline unsigned
word_first(uint64_t bits)
{
	return ((unsigned)__builtin_ctzll(bits) / 8);
}

#endif
