/* SPDX-License-Identifier: MIT */
/*
 * Cursors: base64url of an 8-byte check value and the bound. The check value is
 * FNV-1a (64 bits, http://www.isthe.com/chongo/tech/comp/fnv/) over what the
 * list is of and the bound.
 */
#include "config.h"

#include <string.h>

#include "codec/doc.h"
#include "fcgi/cursor.h"

#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL
#define CHECKLEN 8

/* Lengths count too, so that parts cannot run into each other. */
static uint64_t
mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	h = (h ^ len) * FNV_PRIME;
	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return (h);
}

uint64_t
cursor_tag(uint64_t store_id, const struct skv_range *r, const void *delimiter,
    size_t delimiterlen)
{
	uint64_t h = FNV_BASIS;

	h = mix(h, &store_id, sizeof(store_id));
	h = mix(h, r->prefix, r->prefixlen);
	h = mix(h, r->start, r->startlen);
	h = mix(h, r->end, r->endlen);
	h = mix(h, r->reverse ? "r" : "f", 1);
	return (mix(h, delimiter, delimiterlen));
}

bool
cursor_format(struct buf *b, uint64_t tag, const void *bound, size_t len)
{
	uint64_t check = mix(tag, bound, len);
	struct buf raw = {0};
	size_t i;
	bool ok;

	for (i = 0; i < CHECKLEN; i++)
		(void)buf_addc(&raw, (char)(check >> (8 * i)));
	(void)buf_add(&raw, bound, len);
	ok = !buf_failed(&raw) && base64_encode_url(b, raw.data, raw.len);
	buf_release(&raw);
	return (ok);
}

bool
cursor_parse(struct buf *ret, uint64_t tag, const char *text, size_t len)
{
	struct buf raw = {0};
	uint64_t check = 0;
	size_t i;
	bool memory, ok;

	ok = base64_decode(&raw, text, len, &memory) && raw.len >= CHECKLEN &&
	    raw.len <= CHECKLEN + SKV_KEYMAX + 1;
	for (i = 0; ok && i < CHECKLEN; i++)
		check |= (uint64_t)(unsigned char)raw.data[i] << (8 * i);
	ok = ok && check == mix(tag, raw.data + CHECKLEN, raw.len - CHECKLEN) &&
	    buf_add(ret, raw.data + CHECKLEN, raw.len - CHECKLEN);
	buf_release(&raw);
	return (ok);
}
