/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. The bytes that the engine keeps: keyspaces and records.
 * This is the only place that knows their layout; ARCHITECTURE.md draws it.
 *
 * An engine's key begins with one byte, the keyspace:
 *
 *   KS_META    then a name: "format", "id", "ceiling", "clock"
 *   KS_USER    then the user's key: holds a record
 *   KS_EXPIRY  then the expiry time in milliseconds (8 bytes, big-endian, so
 *              that order is time) and the user's key: holds nothing. May be
 *              out of date; the record decides.
 *
 * A record is a header and then the value's bytes:
 *
 *   0  1  flags: bits 0-2 enum skv_kind, bit 3 CBOR envelope, bit 4 expiry
 *         present, bits 5-7 zero
 *   1  1  content type: a code of the table in record.c, or RECORD_TYPE_TEXT
 *   2  8  revision, little-endian
 *  10  8  expiry in milliseconds, little-endian, when its flag is set
 *      1  length of the content type and the type, when RECORD_TYPE_TEXT
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/scribekv.h"

#define KS_META 0
#define KS_USER 1
#define KS_EXPIRY 2

/* Version of everything described above, kept in the meta key "format". */
#define RECORD_FORMAT 1

#define RECORD_REVISION 2 /* offset of the revision in a record */
#define RECORD_EXPIRYKEY (1 + 8) /* bytes before the user key in KS_EXPIRY */

/*
 * Appends a record with revision 0, to be set later by record_set_revision().
 * "attr" was checked by record_attr_ok(). False when out of memory; the buffer is
 * then as before.
 */
bool record_encode(struct buf *, const struct skv_attr *attr, const void *data,
    size_t len);
void record_set_revision(char *record, uint64_t revision);
/*
 * Decodes into *ret, whose pointers go into "record"; "pin" is set to NULL.
 * False when the bytes are no record.
 */
bool record_decode(const char *record, size_t len, struct skv_value *ret);
/* Whether "attr" is within the limits of scribekv.h. */
bool record_attr_ok(const struct skv_attr *attr);

/* Appends the engine's key of a user's key, or of an expiry index entry. */
bool record_key(struct buf *, const void *key, size_t keylen);
bool record_expiry_key(struct buf *, int64_t expires_ms, const void *key,
    size_t keylen);
/* The expiry time in an engine's key of the expiry index. */
int64_t record_expiry_time(const char *key);

/* 8 bytes, big- and little-endian. */
void put_be64(void *, uint64_t);
uint64_t get_be64(const void *);
void put_le64(void *, uint64_t);
uint64_t get_le64(const void *);

#endif
