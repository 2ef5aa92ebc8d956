/* SPDX-License-Identifier: MIT */
/* UTF-8, base64 and the text of JSON strings; see doc.h. */
#include "config.h"

#include "codec/doc_priv.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/*
 * Length of the character at p, which is not ASCII; 0 when there is none (RFC
 * 3629 section 4). The first byte narrows what the second may be: that excludes
 * longer forms than needed, surrogates and what is above U+10FFFF.
 */
static size_t
utf8_length(const unsigned char *p, size_t room)
{
	unsigned char least = 0x80, greatest = 0xbf;
	size_t n, i;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return (0);
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		least = 0xa0;
	else if (p[0] == 0xed)
		greatest = 0x9f;
	else if (p[0] == 0xf0)
		least = 0x90;
	else if (p[0] == 0xf4)
		greatest = 0x8f;
	if (room < n || p[1] < least || p[1] > greatest)
		return (0);
	for (i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	return (n);
}

size_t
utf8_prefix(const char *data, size_t len)
{
	size_t i = 0, n;

	for (;;) {
		while (len - i >= 8 && (word_load(data + i) & WORD_HIGHS) == 0)
			i += 8;
		while (i < len && (unsigned char)data[i] < 0x80)
			i++;
		if (i == len)
			return (i);
		for (; i < len && (unsigned char)data[i] >= 0x80; i += n) {
			n = utf8_length((const unsigned char *)data + i,
			    len - i);
			if (n == 0)
				return (i);
		}
	}
}

bool
utf8_ok(const char *data, size_t len)
{
	return (utf8_prefix(data, len) == len);
}

static bool
encode(struct buf *b, const unsigned char *in, size_t len, const char *digits,
    bool pad)
{
	size_t whole = len / 3 * 3, rest = len - whole, i;
	uint32_t v;
	char *p;

	if (len == 0)
		return (true);
	if (len > SIZE_MAX / 2) {
		b->failed = true;
		return (false);
	}
	p = buf_extend(b, whole / 3 * 4 + (rest == 0 ? 0 : pad ? 4 : rest + 1));
	if (p == NULL)
		return (false);
	for (i = 0; i < len; i += 3) {
		v = (uint32_t)in[i] << 16;
		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		if (i + 1 < len)
			*p++ = digits[v >> 6 & 63];
		else if (pad)
			*p++ = '=';
		if (i + 2 < len)
			*p++ = digits[v & 63];
		else if (pad)
			*p++ = '=';
	}
	return (true);
}

bool
base64_encode(struct buf *b, const void *data, size_t len)
{
	return (encode(b, data, len, alphabet, true));
}

bool
base64_encode_url(struct buf *b, const void *data, size_t len)
{
	return (encode(b, data, len, alphabet_url, false));
}

/* What the character stands for, 64 when it is in neither alphabet. */
static uint32_t
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return ((uint32_t)(c - 'A'));
	if (c >= 'a' && c <= 'z')
		return ((uint32_t)(c - 'a' + 26));
	if (c >= '0' && c <= '9')
		return ((uint32_t)(c - '0' + 52));
	if (c == '+' || c == '-')
		return (62);
	return (c == '/' || c == '_' ? 63 : 64);
}

/* Length of the text without padding, SIZE_MAX when that is wrong. */
static size_t
unpadded(const char *text, size_t len)
{
	size_t n = len;

	while (n > 0 && len - n < 2 && text[n - 1] == '=')
		n--;
	if ((n != len && len % 4 != 0) || n % 4 == 1)
		return (SIZE_MAX);
	return (n);
}

bool
base64_decode(struct buf *b, const char *text, size_t len, bool *ret_memory)
{
	size_t n = unpadded(text, len), before = b->len, i;
	uint32_t v = 0, d;
	char *p;

	*ret_memory = false;
	if (n == SIZE_MAX)
		return (false);
	p = buf_extend(b, n / 4 * 3 + n % 4 * 3 / 4);
	if (p == NULL && n > 0) {
		*ret_memory = true;
		return (false);
	}
	for (i = 0; i < n; i++) {
		d = digit(text[i]);
		if (d == 64)
			break;
		v = v << 6 | d;
		if (i % 4 != 0)
			*p++ = (char)(v >> (6 - 2 * (i % 4)));
	}
	/* The bits that a last group has too many are zero. */
	if (i < n || (n % 4 == 2 && (v & 15) != 0) ||
	    (n % 4 == 3 && (v & 3) != 0)) {
		b->len = before;
		return (false);
	}
	return (true);
}

/* Where the first byte is that JSON must escape. */
static const char *
plain(const char *p, const char *end)
{
	uint64_t found;

	while (end - p >= 8) {
		found = word_special(word_load(p));
		if (found != 0)
			return (p + word_first(found));
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ')
		p++;
	return (p);
}

/* Escapes only what must be: quotes, backslashes and control characters. */
void
json_put_text(struct buf *out, const char *data, size_t len)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	static const char hex[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0'};
	const char *end = data + len, *p = data, *s;

	(void)buf_addc(out, '"');
	while (p < end) {
		data = p;
		p = plain(p, end);
		(void)buf_add(out, data, (size_t)(p - data));
		if (p == end)
			break;
		s = memchr(from, *p, sizeof(from) - 1);
		escape[1] = s != NULL ? to[s - from] : 'u';
		escape[4] = hex[*p >> 4 & 15];
		escape[5] = hex[*p & 15];
		(void)buf_add(out, escape, s != NULL ? 2 : 6);
		p++;
	}
	(void)buf_addc(out, '"');
}
