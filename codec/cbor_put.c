/* SPDX-License-Identifier: MIT */
/* Writing CBOR (RFC 8949), heads in their shortest form; see doc.h. */
#include "config.h"

#include <cbor.h>

#include "codec/doc_priv.h"

#define TAG_BIGNUM 2 /* plus one when negative */
#define HEADMAX 9

/*
 * Appends what a function of libcbor writes; the call has "at" for the
 * place to write to.
 */
#define PUT(out, call) \
	do { \
		if (!buf_reserve((out), HEADMAX)) \
			return; \
		unsigned char *at = (unsigned char *)(out)->data + (out)->len; \
		(out)->len += (call); \
	} while (0)

void
cbor_put_open(struct buf *out, bool map)
{
	if (map)
		PUT(out, cbor_encode_indef_map_start(at, HEADMAX));
	else
		PUT(out, cbor_encode_indef_array_start(at, HEADMAX));
}

void
cbor_put_close(struct buf *out)
{
	PUT(out, cbor_encode_break(at, HEADMAX));
}

void
cbor_put_null(struct buf *out)
{
	PUT(out, cbor_encode_null(at, HEADMAX));
}

void
cbor_put_bool(struct buf *out, bool b)
{
	PUT(out, cbor_encode_bool(b, at, HEADMAX));
}

void
cbor_put_uint(struct buf *out, uint64_t u)
{
	PUT(out, cbor_encode_uint(u, at, HEADMAX));
}

void
cbor_put_negative(struct buf *out, uint64_t n)
{
	PUT(out, cbor_encode_negint(n, at, HEADMAX));
}

void
cbor_put_int(struct buf *out, int64_t i)
{
	if (i >= 0)
		cbor_put_uint(out, (uint64_t)i);
	else
		cbor_put_negative(out, (uint64_t)(-1 - i));
}

void
cbor_put_double(struct buf *out, double d)
{
	PUT(out, cbor_encode_double(d, at, HEADMAX));
}

void
cbor_put_text(struct buf *out, const char *data, size_t len)
{
	PUT(out, cbor_encode_string_start(len, at, HEADMAX));
	(void)buf_add(out, data, len);
}

void
cbor_put_bytes(struct buf *out, const char *data, size_t len)
{
	PUT(out, cbor_encode_bytestring_start(len, at, HEADMAX));
	(void)buf_add(out, data, len);
}

void
cbor_put_bignum(struct buf *out, bool negative, const char *data, size_t len)
{
	PUT(out, cbor_encode_tag(TAG_BIGNUM + negative, at, HEADMAX));
	cbor_put_bytes(out, data, len);
}
