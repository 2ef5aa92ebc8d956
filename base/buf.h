/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer.
 *
 * 1. struct buf lives inside its owner; buf_init() or zeroed memory makes an
 *    empty one, buf_release() frees its memory and makes it empty again.
 * 2. Adding fails only for want of memory: the call returns false, the buffer
 *    keeps what it had and remembers the failure (buf_failed()), so that a
 *    long run of additions needs one check at its end. Limits on what clients
 *    may make us store are the caller's, to be checked before adding.
 * 3. Pointers into the buffer last until the next addition.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data; /* NULL while nothing was ever added */
	size_t len;
	size_t cap;
	bool failed;
};

static inline void
buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void buf_release(struct buf *);
/* What buf_reserve() does when the memory has to grow. */
bool buf_grow(struct buf *, size_t more);
/* Forgets the contents and a failure, keeps the memory. */
void buf_reset(struct buf *);
/* Takes back what was added after the first "len" bytes, and a failure. */
void buf_truncate(struct buf *, size_t len);
/* printf into the buffer. */
bool buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Writes the decimal digits of a number, without a NUL; returns how many. A
 * fraction of the cost of printf, for what every request needs.
 */
#define DECIMAL_MAX 20
size_t decimal(char dst[DECIMAL_MAX], uint64_t);
bool buf_add_uint(struct buf *, uint64_t);
/* Gives the memory to the caller, who frees it with free(). */
char *buf_steal(struct buf *, size_t *ret_len);

static inline bool
buf_failed(const struct buf *b)
{
	return (b->failed);
}

/* Makes room for "more" further bytes; "data" is not NULL then. */
static inline bool
buf_reserve(struct buf *b, size_t more)
{
	return ((b->data != NULL && b->cap - b->len >= more) ||
	    buf_grow(b, more));
}

/* Room for "len" more bytes that the caller fills in, or NULL. */
static inline char *
buf_extend(struct buf *b, size_t len)
{
	char *p;

	if (!buf_reserve(b, len))
		return (NULL);
	p = b->data + b->len;
	b->len += len;
	return (p);
}

static inline bool
buf_add(struct buf *b, const void *data, size_t len)
{
	char *p;

	if (len == 0)
		return (true);
	p = buf_extend(b, len);
	if (p == NULL)
		return (false);
	memcpy(p, data, len);
	return (true);
}

static inline bool
buf_addc(struct buf *b, char c)
{
	return (buf_add(b, &c, 1));
}

/* A string constant or other text that ends with NUL. */
static inline bool
buf_adds(struct buf *b, const char *s)
{
	return (buf_add(b, s, strlen(s)));
}

#endif
