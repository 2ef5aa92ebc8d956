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
 *   KS_SLOT    then a number: of an engine that several processes write to,
 *              see mariadb_slot.c
 *
 * A record is a header and then the value's bytes:
 *
 *   0  1    flags: bits 0-2 enum skv_kind, bit 3 CBOR envelope, bit 4 expiry
 *           present, bit 5 content type present, bits 6 and 7 zero
 *   1  1-8  revision: as many one bits as bytes follow the first, a zero bit,
 *           and the number in the bits that are left, the greatest first
 *      8    expiry in milliseconds, little-endian, when its flag is set
 *      1    content type, when its flag is set: a code of the table in
 *           record.c, or RECORD_TYPE_TEXT
 *      1    length of the content type and the type, when RECORD_TYPE_TEXT
 *
 * A revision has the fewest bytes that hold it, so memcmp(3) orders revisions
 * as they are encoded, too: an engine that is a server compares them.
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
#define KS_SLOT 3

/* Version of everything described above, kept in the meta key "format". */
#define RECORD_FORMAT 2

#define RECORD_EXPIRES 0x10  /* flag: an expiry is present */
#define RECORD_REVISION 1    /* offset of the revision in a record */
#define RECORD_REVISIONMAX 8 /* bytes of the longest revision */
/* What a record may have before the value's bytes: most have less. */
#define RECORD_HEADUSUAL (RECORD_REVISION + RECORD_REVISIONMAX + 8 + 1)
#define RECORD_HEADMAX (RECORD_HEADUSUAL + 1 + SKV_TYPEMAX)
/* Bytes before a record that record_encode() leaves free. */
#define RECORD_ROOM (RECORD_REVISIONMAX - 1)
#define RECORD_EXPIRYKEY (1 + 8) /* bytes before the user key in KS_EXPIRY */

/*
 * Appends RECORD_ROOM bytes without meaning and then a record with revision 1,
 * to be set later by record_set_revision(). "attr" was checked by
 * record_attr_ok(). False when out of memory; the buffer is then as before.
 */
bool record_encode(struct buf *, const struct skv_attr *attr, const void *data,
    size_t len);
/*
 * Sets the revision of a record that record_encode() made, from 1 to 2^53 - 1.
 * Its length is another then, and it begins where *record says. May be done
 * again.
 */
void record_set_revision(char **record, size_t *len, uint64_t revision);
/* The revision of a record, of which the end may be missing; 0 if it is none.
 */
uint64_t record_revision(const char *record, size_t len);
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
