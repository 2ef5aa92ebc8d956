/* SPDX-License-Identifier: MIT */
/*
 * Numbers between decimal and binary. Integers of any size are taken apart in
 * limbs of 32 bits, least first; nine decimal digits go in and out at a time.
 */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/doc_priv.h"

/* Integers of more are not kept exactly: both directions are quadratic. */
#define DIGITSMAX 1024
#define BYTESMAX 426 /* of the greatest such integer */
#define TEXTMAX 1088 /* digits of so many bytes, and then some */

#define BILLION 1000000000U
#define LIMBS ((BYTESMAX + 3) / 4 + 1)

struct limbs {
	uint32_t limb[LIMBS];
	size_t n; /* none of those above is in use */
};

/* Multiplies, then adds. */
static void
limbs_scale(struct limbs *l, uint32_t factor, uint32_t add)
{
	uint64_t carry = add;
	size_t i;

	for (i = 0; i < l->n; i++) {
		carry += (uint64_t)l->limb[i] * factor;
		l->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry > 0) {
		CHECK(l->n < LIMBS);
		l->limb[l->n++] = (uint32_t)carry;
	}
}

/* Divides by a billion and returns the remainder. */
static uint32_t
limbs_divide(struct limbs *l)
{
	uint64_t rest = 0;
	size_t i;

	for (i = l->n; i-- > 0;) {
		rest = rest << 32 | l->limb[i];
		l->limb[i] = (uint32_t)(rest / BILLION);
		rest %= BILLION;
	}
	while (l->n > 0 && l->limb[l->n - 1] == 0)
		l->n--;
	return ((uint32_t)rest);
}

/* Writes the big-endian bytes of decimal digits, returns how many. */
static size_t
to_bytes(char ret[BYTESMAX], const char *digits, size_t len)
{
	uint32_t part = 0, scale = 1;
	struct limbs l = {.n = 0};
	size_t i, n;
	char c;

	CHECK(len <= DIGITSMAX);
	for (i = 0; i < len; i++) {
		part = part * 10 + (uint32_t)(digits[i] - '0');
		scale *= 10;
		if (scale == BILLION || i + 1 == len) {
			limbs_scale(&l, scale, part);
			part = 0;
			scale = 1;
		}
	}
	for (n = 0, i = l.n * 4; i-- > 0;) {
		c = (char)(l.limb[i / 4] >> (i % 4 * 8));
		if (n > 0 || c != 0)
			ret[n++] = c;
	}
	return (n);
}

/* Writes the digits of big-endian bytes, returns how many. */
static size_t
to_digits(char ret[TEXTMAX], bool plus_one, const char *bytes, size_t len)
{
	struct limbs l = {.n = 0};
	char digits[TEXTMAX];
	size_t i, k, n = 0;
	uint32_t part;

	CHECK(len <= BYTESMAX);
	for (i = 0; i < len; i++)
		l.limb[i / 4] |= (uint32_t)(unsigned char)bytes[len - 1 - i]
		    << (i % 4 * 8);
	l.n = (len + 3) / 4;
	if (plus_one)
		limbs_scale(&l, 1, 1);
	do {
		part = limbs_divide(&l);
		for (k = 0; k < 9 && (l.n > 0 || part > 0 || n == 0); k++) {
			digits[n++] = (char)('0' + part % 10);
			part /= 10;
		}
	} while (l.n > 0);
	for (i = 0; i < n; i++)
		ret[i] = digits[n - 1 - i];
	return (n);
}

/* JSON knows neither infinities nor NaN. A point or exponent marks a float. */
void
json_put_double(struct buf *out, double d)
{
	char text[40];
	int precision, n = 0;

	if (!isfinite(d)) {
		(void)buf_adds(out, "null");
		return;
	}
	for (precision = 15; precision <= 17; precision++) {
		n = snprintf(text, sizeof(text), "%.*g", precision, d);
		CHECK(n > 0 && (size_t)n < sizeof(text));
		if (strtod(text, NULL) == d)
			break;
	}
	(void)buf_adds(out, text);
	if (strpbrk(text, ".e") == NULL)
		(void)buf_adds(out, ".0");
}

void
json_put_bignum(struct buf *out, bool negative, const char *data, size_t len)
{
	char digits[TEXTMAX];

	while (len > 0 && *data == '\0') {
		data++;
		len--;
	}
	len = len > BYTESMAX ? SIZE_MAX :
			       to_digits(digits, negative, data, len);
	if (len > DIGITSMAX) {
		json_put_double(out, negative ? -DBL_MAX : DBL_MAX);
		return;
	}
	if (negative)
		(void)buf_addc(out, '-');
	(void)buf_add(out, digits, len);
}

static void
put_integer(struct buf *out, bool negative, const char *digits, size_t len)
{
	char room[BYTESMAX], *bytes = room;
	size_t n = to_bytes(bytes, digits, len), i;
	uint64_t v = 0;

	/* CBOR's negative integers stand for minus one minus themselves. */
	for (i = n; negative && i-- > 0 && bytes[i]-- == '\0';)
		continue;
	for (; n > 0 && *bytes == '\0'; n--)
		bytes++;
	for (i = 0; i < n; i++)
		v = v << 8 | (unsigned char)bytes[i];
	if (n > sizeof(v))
		cbor_put_bignum(out, negative, bytes, n);
	else if (negative)
		cbor_put_negative(out, v);
	else
		cbor_put_uint(out, v);
}

bool
cbor_put_number(struct buf *out, const char *text, size_t len)
{
	bool negative = *text == '-', integer = true;
	size_t digits = len - negative, i;
	char *copy;
	double d;

	for (i = negative; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			integer = false;
	/* Minus zero is no integer. */
	if (integer && digits <= DIGITSMAX && !(negative && text[1] == '0')) {
		put_integer(out, negative, text + negative, digits);
		return (true);
	}
	copy = strndup(text, len);
	if (copy == NULL)
		return (false);
	d = strtod(copy, NULL);
	free(copy);
	if (isinf(d))
		d = negative ? -DBL_MAX : DBL_MAX;
	cbor_put_double(out, d);
	return (true);
}
