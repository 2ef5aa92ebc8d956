/* SPDX-License-Identifier: MIT */
/* The layout of keys and records; see record.h. */
#include "config.h"

#include <endian.h>
#include <string.h>

#include "base/check.h"
#include "store/record.h"

#define FLAG_KIND 0x07
#define FLAG_CBOR 0x08
#define FLAG_EXPIRY RECORD_EXPIRES
#define FLAG_TYPE 0x20
#define FLAG_KNOWN (FLAG_KIND | FLAG_CBOR | FLAG_EXPIRY | FLAG_TYPE)

#define HEADER_LEAST (RECORD_REVISION + 1)
/* Code of a content type that is spelled out in the record. */
#define RECORD_TYPE_TEXT 255

/*
 * Content types of one byte. The numbers are in stores everywhere: append,
 * never renumber, never remove. Kept exactly as written by the client, so only
 * a type spelled just like this gets the number. Number 0 is what a raw value
 * without a type has; it is not written, nor is that of other kinds of values.
 */
#define TYPE(text) \
	{ \
		text, sizeof(text) - 1 \
	}
static const struct {
	const char *text;
	size_t len;
} types[] = {
    [0] = TYPE("application/octet-stream"),
    [1] = TYPE("text/plain"),
    [2] = TYPE("text/plain; charset=utf-8"),
    [3] = TYPE("application/json"),
    [4] = TYPE("application/cbor"),
    [5] = TYPE("text/html"),
    [6] = TYPE("text/html; charset=utf-8"),
    [7] = TYPE("application/x-www-form-urlencoded"),
    [8] = TYPE("application/json; charset=utf-8"),
    [9] = TYPE("application/xml"),
    [10] = TYPE("text/xml"),
    [11] = TYPE("text/css"),
    [12] = TYPE("text/csv"),
    [13] = TYPE("text/javascript"),
    [14] = TYPE("application/javascript"),
    [15] = TYPE("text/markdown"),
    [16] = TYPE("image/png"),
    [17] = TYPE("image/jpeg"),
    [18] = TYPE("image/gif"),
    [19] = TYPE("image/webp"),
    [20] = TYPE("image/svg+xml"),
    [21] = TYPE("image/avif"),
    [22] = TYPE("image/x-icon"),
    [23] = TYPE("application/pdf"),
    [24] = TYPE("application/zip"),
    [25] = TYPE("application/gzip"),
    [26] = TYPE("application/zstd"),
    [27] = TYPE("application/x-ndjson"),
    [28] = TYPE("application/jsonl"),
    [29] = TYPE("application/ld+json"),
    [30] = TYPE("application/problem+json"),
    [31] = TYPE("application/yaml"),
    [32] = TYPE("application/toml"),
    [33] = TYPE("application/msgpack"),
    [34] = TYPE("application/protobuf"),
    [35] = TYPE("application/wasm"),
    [36] = TYPE("audio/mpeg"),
    [37] = TYPE("audio/ogg"),
    [38] = TYPE("video/mp4"),
    [39] = TYPE("video/webm"),
    [40] = TYPE("font/woff2"),
};
#define NTYPES (sizeof(types) / sizeof(types[0]))

/* The code of a content type. */
static uint8_t
type_code(const char *type, size_t len)
{
	size_t i;

	if (len == 0)
		return (0);
	for (i = 0; i < NTYPES; i++)
		if (types[i].len == len &&
		    memcmp(types[i].text, type, len) == 0)
			return ((uint8_t)i);
	return (RECORD_TYPE_TEXT);
}

/* Whether a content type may be sent as the value of a header field. */
static bool
type_printable(const char *type, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (type[i] < 0x20 || type[i] > 0x7e)
			return (false);
	return (true);
}

bool
record_attr_ok(const struct skv_attr *attr)
{
	if ((unsigned)attr->kind > SKV_CBOR || attr->expires_ms < 0)
		return (false);
	if (attr->typelen == 0)
		return (true);
	return (attr->kind == SKV_RAW && attr->type != NULL &&
	    attr->typelen <= SKV_TYPEMAX &&
	    type_printable(attr->type, attr->typelen));
}

bool
record_encode(struct buf *b, const struct skv_attr *attr, const void *data,
    size_t len)
{
	uint8_t code = type_code(attr->type, attr->typelen);
	size_t size = RECORD_ROOM + HEADER_LEAST;
	uint8_t flags = (uint8_t)attr->kind;
	char *p;

	if (attr->cbor_envelope)
		flags |= FLAG_CBOR;
	if (attr->expires_ms != 0) {
		flags |= FLAG_EXPIRY;
		size += 8;
	}
	if (code != 0) {
		flags |= FLAG_TYPE;
		size++;
	}
	if (code == RECORD_TYPE_TEXT)
		size += 1 + attr->typelen;
	if (len > SIZE_MAX - size)
		return (false);
	p = buf_extend(b, size + len);
	if (p == NULL)
		return (false);
	p += RECORD_ROOM;
	*p++ = (char)flags;
	*p++ = 1;
	if (attr->expires_ms != 0) {
		put_le64(p, (uint64_t)attr->expires_ms);
		p += 8;
	}
	if (code != 0)
		*p++ = (char)code;
	if (code == RECORD_TYPE_TEXT) {
		*p++ = (char)attr->typelen;
		memcpy(p, attr->type, attr->typelen);
		p += attr->typelen;
	}
	if (len > 0)
		memcpy(p, data, len);
	return (true);
}

/* How many bytes of a revision follow its first; 8 if it is none. */
static unsigned
revision_more(uint8_t first)
{
	return ((unsigned)__builtin_clz(~((unsigned)first << 24)));
}

void
record_set_revision(char **record, size_t *len, uint64_t revision)
{
	char *p = *record, *end;
	char flags = *p;
	unsigned more, i;

	CHECK(revision > 0 && revision >> 53 == 0);
	end = p + RECORD_REVISION + 1 +
	    revision_more((uint8_t)p[RECORD_REVISION]);
	more = (63 - (unsigned)__builtin_clzll(revision)) / 7;
	p = end - 1 - more - RECORD_REVISION;
	*len = (size_t)(*record + *len - p);
	*record = p;
	*p = flags;
	for (i = 0; i < more; i++) {
		*--end = (char)revision;
		revision >>= 8;
	}
	*--end = (char)((0xff00U >> more) | revision);
}

/* Moves *p past a revision; 0 when there is none. */
static uint64_t
decode_revision(const char **p, const char *end)
{
	const uint8_t *b = (const uint8_t *)*p;
	unsigned more, i;
	uint64_t revision;

	if (*p >= end)
		return (0);
	more = revision_more(*b);
	if (more >= RECORD_REVISIONMAX || (size_t)(end - *p) <= more)
		return (0);
	revision = *b & 0x7fU >> more;
	for (i = 1; i <= more; i++)
		revision = revision << 8 | b[i];
	*p += 1 + more;
	/* Fewer bytes would do, or it is too great. */
	if (revision >> 7 * more == 0 || revision >> 53 != 0)
		return (0);
	return (revision);
}

uint64_t
record_revision(const char *record, size_t len)
{
	const char *p = record + RECORD_REVISION;

	return (len < HEADER_LEAST ? 0 : decode_revision(&p, record + len));
}

/*
 * The content type that *p moves past. One that is spelled out may have got a
 * number since.
 */
static bool
decode_type(const char **p, const char *end, struct skv_attr *attr)
{
	uint8_t code;

	if (attr->kind != SKV_RAW || *p == end)
		return (false);
	code = (uint8_t) * (*p)++;
	if (code == 0)
		return (false);
	if (code < NTYPES) {
		attr->type = types[code].text;
		attr->typelen = types[code].len;
		return (true);
	}
	if (code != RECORD_TYPE_TEXT || *p == end)
		return (false);
	attr->typelen = (uint8_t) * (*p)++;
	attr->type = *p;
	if (attr->typelen == 0 || attr->typelen > (size_t)(end - *p))
		return (false);
	*p += attr->typelen;
	return (type_printable(attr->type, attr->typelen));
}

bool
record_decode(const char *record, size_t len, struct skv_value *ret)
{
	const char *p = record, *end = record + len;
	struct skv_value v = {.pin = NULL};
	uint8_t flags;

	if (len < HEADER_LEAST)
		return (false);
	flags = (uint8_t)*p++;
	v.revision = decode_revision(&p, end);
	if (v.revision == 0)
		return (false);
	if ((flags & ~FLAG_KNOWN) != 0 || (flags & FLAG_KIND) > SKV_CBOR)
		return (false);
	v.attr.kind = (enum skv_kind)(flags & FLAG_KIND);
	v.attr.cbor_envelope = (flags & FLAG_CBOR) != 0;
	if ((flags & FLAG_EXPIRY) != 0) {
		if (end - p < 8)
			return (false);
		v.attr.expires_ms = (int64_t)get_le64(p);
		p += 8;
		if (v.attr.expires_ms <= 0)
			return (false);
	}
	if ((flags & FLAG_TYPE) != 0) {
		if (!decode_type(&p, end, &v.attr))
			return (false);
	} else if (v.attr.kind == SKV_RAW) {
		v.attr.type = types[0].text;
		v.attr.typelen = types[0].len;
	}
	v.data = p;
	v.len = (size_t)(end - p);
	*ret = v;
	return (true);
}

bool
record_key(struct buf *b, const void *key, size_t keylen)
{
	char *p = buf_extend(b, 1 + keylen);

	if (p == NULL)
		return (false);
	*p = KS_USER;
	memcpy(p + 1, key, keylen);
	return (true);
}

bool
record_expiry_key(struct buf *b, int64_t expires_ms, const void *key,
    size_t keylen)
{
	char time[8];

	CHECK(expires_ms >= 0);
	put_be64(time, (uint64_t)expires_ms);
	return (buf_reserve(b, RECORD_EXPIRYKEY + keylen) &&
	    buf_addc(b, KS_EXPIRY) && buf_add(b, time, sizeof(time)) &&
	    buf_add(b, key, keylen));
}

int64_t
record_expiry_time(const char *key)
{
	return ((int64_t)get_be64(key + 1));
}

void
put_be64(void *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

uint64_t
get_be64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (be64toh(v));
}

void
put_le64(void *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

uint64_t
get_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (le64toh(v));
}
