/* SPDX-License-Identifier: MIT */
/*
 * Values between their envelopes, in JSON or CBOR, and the store: the members
 * "value", "encoding" and "ttl", wherever they stand (a PUT, an operation of a
 * transaction, a line of an import).
 */
#ifndef WIRE_VALUE_H
#define WIRE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "codec/doc.h"
#include "wire/etag.h"
#include "store/scribekv.h"

/* Whether bytes are just this text. */
static inline bool
text_is(const char *data, size_t len, const char *want)
{
	return (len == strlen(want) && memcmp(data, want, len) == 0);
}

/* The members as they were read; all zero before but for "archive". */
struct envelope {
	/* A line of an import, which may have more members: "type",
	 * "expires_ms", "envelope", and CBOR in base64. */
	bool archive;
	bool has_value;
	struct doc_value value;
	struct doc_value encoding, type, rep; /* DOC_TEXT when given */
	uint64_t ttl;			      /* seconds, 0 is none */
	int64_t expires_ms;		      /* 0 is none */
};

/*
 * Takes a member if it is one of an envelope's, and reads its value. What is
 * wrong with it, and a member that comes twice, makes the reader fail.
 * Returns false for other members, of which nothing was read.
 */
bool envelope_member(struct envelope *, struct doc_reader *, const char *name,
    size_t len);

/* What the store is to keep; the pointers are the envelope's or scratch's. */
struct stored {
	const void *data;
	size_t len;
	struct skv_attr attr;
};

/*
 * Turns an envelope into what is stored; "scratch" receives decoded base64.
 * Returns NULL, or what is wrong with it. Out of memory shows in scratch's
 * failure flag.
 */
const char *envelope_store(const struct envelope *, struct skv *,
    enum doc_format, struct buf *scratch, struct stored *ret);

/* When a value put now with this time to live expires; 0 for a ttl of 0. */
int64_t ttl_expires(struct skv *, uint64_t ttl);
/* The seconds a value has left, rounded up; 0 when it does not expire. */
int64_t value_ttl(struct skv *, const struct skv_value *);

/* The representation that the writer of a value used. */
enum rep value_rep(const struct skv_attr *);
/* The content type of the raw representation, in a buffer or a constant. */
const char *value_type(const struct skv_attr *, char buf[SKV_TYPEMAX + 1]);
/* Writes the members "value" and, when needed, "encoding". */
void value_write(struct doc_writer *, const struct skv_value *);
/*
 * Writes all members of a line of an export but the key, so that an import
 * makes the same value of them.
 */
void value_write_archive(struct doc_writer *, const struct skv_value *);
/* Writes the member "ttl" of a value that expires. */
void value_write_ttl(struct doc_writer *, struct skv *,
    const struct skv_value *);
/* Writes the member "etag" in the writer's representation. */
void value_write_etag(struct doc_writer *, uint64_t store_id,
    uint64_t revision);

#endif
