/* SPDX-License-Identifier: MIT */
/* A growing byte buffer; see buf.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"

#define BUF_LEAST 64

void
buf_release(struct buf *b)
{
	free(b->data);
	buf_init(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

void
buf_truncate(struct buf *b, size_t len)
{
	CHECK(len <= b->len);
	b->len = len;
	b->failed = false;
}

bool
buf_grow(struct buf *b, size_t more)
{
	size_t cap;
	char *p;

	if (more > SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return (false);
	}
	/* At least doubling keeps a run of small additions linear. */
	cap = b->cap < BUF_LEAST ? BUF_LEAST : b->cap * 2;
	if (cap < b->len + more)
		cap = b->len + more;
	p = realloc(b->data, cap);
	if (p == NULL) {
		b->failed = true;
		return (false);
	}
	b->data = p;
	b->cap = cap;
	return (true);
}

bool
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room;
	int n;

	if (!buf_reserve(b, BUF_LEAST))
		return (false);
	room = b->cap - b->len;
	va_start(ap, fmt);
	n = vsnprintf(b->data + b->len, room, fmt, ap);
	va_end(ap);
	CHECK(n >= 0);
	if ((size_t)n >= room) {
		if (!buf_reserve(b, (size_t)n + 1))
			return (false);
		va_start(ap, fmt);
		n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
		va_end(ap);
		CHECK(n >= 0);
	}
	b->len += (size_t)n;
	return (true);
}

size_t
decimal(char dst[DECIMAL_MAX], uint64_t n)
{
	char digits[DECIMAL_MAX], *p = digits + sizeof(digits);
	size_t len;

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	len = (size_t)(digits + sizeof(digits) - p);
	memcpy(dst, p, len);
	return (len);
}

bool
buf_add_uint(struct buf *b, uint64_t n)
{
	char digits[DECIMAL_MAX];

	return (buf_add(b, digits, decimal(digits, n)));
}

char *
buf_steal(struct buf *b, size_t *ret_len)
{
	char *p = b->data;

	*ret_len = b->len;
	buf_init(b);
	return (p);
}
