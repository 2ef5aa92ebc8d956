/* SPDX-License-Identifier: MIT */
/*
 * Documents: one reader and one writer for the two formats that clients speak,
 * JSON (RFC 8259) and CBOR (RFC 8949), so that whoever takes an envelope or a
 * transaction apart is written once. No tree is built: memory does not grow
 * with the document, and a nested value is handed over as the bytes it was.
 *
 * 1. The reader works inside the caller's buffer, which it may change: strings
 *    with escapes or chunks are decoded in place, where they are never longer.
 *    What it hands out points into that buffer and lasts as long.
 * 2. What it accepts is well-formed, all of it: UTF-8 and surrogates are
 *    checked, member names are unique within captured maps, and no value is
 *    nested deeper than the limit. JSON text is taken without a byte order
 *    mark.
 * 3. The first error sticks: every later call fails too, and doc_error() and
 *    doc_offset() say what and where. So a caller may check at the end. Want
 *    of memory is the error doc_nomemory; everything else is the client's.
 * 4. Documents of 2 GiB and more are refused.
 */
#ifndef CODEC_DOC_H
#define CODEC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum doc_format {
	DOC_JSON,
	DOC_CBOR,
};

enum doc_type {
	DOC_NULL,
	DOC_BOOL,
	DOC_INT,    /* an integer that fits int64_t */
	DOC_NUMBER, /* any other number */
	DOC_TEXT,   /* UTF-8, decoded */
	DOC_BYTES,  /* CBOR only: a byte string, decoded */
	DOC_ARRAY,
	DOC_MAP,
	DOC_OTHER, /* CBOR only: tagged, undefined and other simple values */
};

/* Deepest nesting that any caller may allow; sizes the reader's stack. */
#define DOC_DEPTHMAX 512

struct doc_reader {
	enum doc_format format;
	char *start;
	char *p;
	char *end;
	unsigned maxdepth;
	const char *error; /* a constant, NULL while all is well */
	size_t offset;	   /* of the error */
	bool odd_keys;	   /* CBOR: a captured map has keys that are no text */
	/* Containers that the caller has entered and not left. */
	unsigned depth;
	struct doc_level {
		uint64_t left; /* CBOR: items to come, if not indefinite */
		bool indefinite;
		bool first; /* JSON: nothing was read in it yet */
		bool map;
	} level[8];
	struct buf scratch; /* for checking names; doc_reader_release() */
};

/* A value that was read whole. */
struct doc_value {
	enum doc_type type;
	bool b;		  /* DOC_BOOL */
	int64_t i;	  /* DOC_INT */
	const char *data; /* DOC_TEXT, DOC_BYTES: decoded */
	size_t len;
	/* The encoded bytes; not for DOC_TEXT and DOC_BYTES, which were
	 * decoded over them. */
	const char *raw;
	size_t rawlen;
};

/* What doc_error() returns, the very pointer, when memory was missing. */
extern const char doc_nomemory[];

/* "maxdepth" counts containers inside each other, 1 to DOC_DEPTHMAX. */
void doc_reader_init(struct doc_reader *, enum doc_format, char *data,
    size_t len, unsigned maxdepth);
void doc_reader_release(struct doc_reader *);

/*
 * Enters the map or array that comes next; fails on anything else. Then
 * doc_map_next() reads the next member's name (a text), after which its value
 * is to be read, and doc_array_next() says whether there is another element.
 * They return false at the end, which leaves the container, and on errors.
 * The caller may be inside at most 8 containers at once.
 */
bool doc_map_begin(struct doc_reader *);
bool doc_map_next(struct doc_reader *, const char **ret_name, size_t *ret_len);
bool doc_array_begin(struct doc_reader *);
bool doc_array_next(struct doc_reader *);
/* Reads the next value whole, whatever it is. */
bool doc_value(struct doc_reader *, struct doc_value *ret);
/* True when nothing but white space (JSON) is left, and nothing failed. */
bool doc_end(struct doc_reader *);

/* Makes the reader fail here, for what the caller finds wrong. */
void doc_fail(struct doc_reader *, const char *why);
static inline bool
doc_failed(const struct doc_reader *r)
{
	return (r->error != NULL);
}
const char *doc_error(const struct doc_reader *);
size_t doc_offset(const struct doc_reader *);

/*
 * Whether data is one well-formed document and nothing else. On failure
 * *ret_why and *ret_offset say what and where. Does not change the data.
 */
bool doc_check(enum doc_format, const char *data, size_t len, unsigned maxdepth,
    const char **ret_why, size_t *ret_offset);

/*
 * The writer appends to a buffer, whose failure flag (buf_failed()) tells of
 * missing memory at the end. It sets commas by itself. Members are written as
 * doc_w_name() and then one value.
 */
struct doc_writer {
	enum doc_format format;
	struct buf *out;
	bool bare; /* JSON: the next thing needs no comma before it */
	unsigned depth;
	uint64_t maps; /* bit n: container n from the outside is a map */
};

void doc_writer_init(struct doc_writer *, enum doc_format, struct buf *out);
/* At most 64 containers inside each other. */
void doc_w_map(struct doc_writer *);
void doc_w_array(struct doc_writer *);
void doc_w_end(struct doc_writer *); /* leaves the innermost one */
void doc_w_name(struct doc_writer *, const char *name);
void doc_w_null(struct doc_writer *);
void doc_w_bool(struct doc_writer *, bool);
void doc_w_int(struct doc_writer *, int64_t);
void doc_w_uint(struct doc_writer *, uint64_t);
/* The bytes must be UTF-8 (utf8_ok()). */
void doc_w_text(struct doc_writer *, const char *data, size_t len);
/* A byte string; in JSON its base64 text. */
void doc_w_bytes(struct doc_writer *, const char *data, size_t len);
/*
 * A document that doc_check() accepted, in either format; converted when it is
 * not the writer's. Between formats:
 *
 * 1. Integers are kept up to 1024 digits (CBOR bignums, RFC 8949 section
 *    3.4.3). Other numbers become the nearest finite double.
 * 2. From CBOR, byte strings become base64url text (section 6.1), tags other
 *    than bignums give way to their content, and undefined, NaN, infinities
 *    and unknown simple values become null.
 * 3. Map keys that are no text become a text: byte strings as above, other
 *    scalars the JSON text of themselves, arrays, maps and tagged values the
 *    base64url text of their encoding. doc_check() and the reader refuse
 *    documents in which that would make two keys the same.
 *
 * JSON is written without line breaks, whatever the document has. False, and
 * nothing written, when conversion finds that the data is no such document.
 */
bool doc_w_doc(struct doc_writer *, enum doc_format, const char *data,
    size_t len);

/* Whether the bytes are UTF-8 (RFC 3629: shortest form, no surrogates). */
bool utf8_ok(const char *data, size_t len);
/* How many bytes from the first one on are UTF-8. */
size_t utf8_prefix(const char *data, size_t len);

/* Appends the base64 text (RFC 4648 section 4, with padding). */
bool base64_encode(struct buf *, const void *data, size_t len);
/* The same in the URL alphabet and without padding (section 5). */
bool base64_encode_url(struct buf *, const void *data, size_t len);
/*
 * Appends what the text stands for; also takes the URL alphabet and missing
 * padding. False on malformed text (*ret_memory false) or without memory
 * (true).
 */
bool base64_decode(struct buf *, const char *text, size_t len,
    bool *ret_memory);

#endif
