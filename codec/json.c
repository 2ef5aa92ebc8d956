/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259); see doc.h. The grammar is followed to the letter. Strings
 * are scanned eight bytes at a time and decoded only when handed out or
 * converted; the walk over nested values keeps a stack of its own.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/doc_priv.h"

#define IN_ARRAY UINT32_MAX

static const char value_expected[] = "a value was expected";
static const char digit_expected[] = "a digit was expected";

struct walk {
	struct doc_reader *r;
	struct doc_writer *w; /* NULL unless converting */
	unsigned depth;
	/* For each container that is open, its names' mark or IN_ARRAY. */
	uint32_t names[DOC_DEPTHMAX];
};

void
json_skip_space(struct doc_reader *r)
{
	while (r->p < r->end &&
	    (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

/* The next byte that is no white space, or NUL with an error at the end. */
static inline char
peek(struct doc_reader *r)
{
	if (r->p == r->end || (unsigned char)*r->p <= ' ') {
		json_skip_space(r);
		if (r->p == r->end) {
			(void)doc_fail_at(r, r->p, doc_ends_early);
			return ('\0');
		}
	}
	return (*r->p);
}

static bool
hex4(const char *p, const char *end, uint32_t *ret)
{
	uint32_t v = 0;
	unsigned i;
	char c;

	if (end - p < 4)
		return (false);
	for (i = 0; i < 4; i++) {
		c = p[i];
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return (false);
	}
	*ret = v;
	return (true);
}

/*
 * Reads what follows a backslash, both halves of a surrogate pair. Returns
 * where it ends, or NULL when it is malformed and says why.
 */
static const char *
escape(const char *p, const char *end, uint32_t *ret_c, const char **ret_why)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *s;
	uint32_t c, low;

	*ret_why = "a string has an unknown escape";
	if (p == end)
		return (NULL);
	if (*p != 'u') {
		s = memchr(from, *p, sizeof(from) - 1);
		if (s == NULL)
			return (NULL);
		*ret_c = (unsigned char)to[s - from];
		return (p + 1);
	}
	*ret_why = "an escape lacks its four hexadecimal digits";
	if (!hex4(p + 1, end, &c))
		return (NULL);
	p += 5;
	if (c >= 0xd800 && c <= 0xdfff) {
		*ret_why = "a string has a lone surrogate";
		if (c > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u' ||
		    !hex4(p + 2, end, &low) || low < 0xdc00 || low > 0xdfff)
			return (NULL);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	*ret_c = c;
	return (p);
}

/* Reads a string from after its opening quote to its closing one. */
static char *
scan_string(struct doc_reader *r, char *p, bool *ret_escaped)
{
	const char *next, *why;
	uint64_t found;
	uint32_t c;
	size_t n;
	char *q;

	*ret_escaped = false;
	for (;;) {
		while (r->end - p >= 8) {
			found = word_load(p);
			found = word_special(found) | (found & WORD_HIGHS);
			if (found != 0) {
				p += word_first(found);
				break;
			}
			p += 8;
		}
		if (p == r->end) {
			(void)doc_fail_at(r, p, doc_ends_early);
			return (NULL);
		}
		if (*p == '"')
			return (p);
		if (*p == '\\') {
			next = escape(p + 1, r->end, &c, &why);
			if (next == NULL) {
				(void)doc_fail_at(r, p, why);
				return (NULL);
			}
			p += next - p;
			*ret_escaped = true;
		} else if ((unsigned char)*p >= 0x80) {
			for (q = p; q < r->end && (unsigned char)*q >= 0x80;)
				q++;
			n = utf8_prefix(p, (size_t)(q - p));
			p += n;
			if (p < q) {
				(void)doc_fail_at(r, p, "a text is not UTF-8");
				return (NULL);
			}
		} else if ((unsigned char)*p < ' ') {
			(void)doc_fail_at(r, p,
			    "a string has a control character");
			return (NULL);
		} else
			p++;
	}
}

static char *
put_utf8(char *p, uint32_t c)
{
	if (c < 0x80) {
		*p++ = (char)c;
		return (p);
	}
	if (c < 0x800)
		*p++ = (char)(0xc0 | c >> 6);
	else {
		if (c < 0x10000)
			*p++ = (char)(0xe0 | c >> 12);
		else {
			*p++ = (char)(0xf0 | c >> 18);
			*p++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*p++ = (char)(0x80 | (c & 0x3f));
	return (p);
}

/* Decodes a scanned string; "to" may be "p". Returns the length. */
static size_t
unescape(char *to, const char *p, const char *end)
{
	const char *q, *why;
	char *out = to;
	uint32_t c;

	while (p < end) {
		q = memchr(p, '\\', (size_t)(end - p));
		if (q == NULL)
			q = end;
		memmove(out, p, (size_t)(q - p));
		out += q - p;
		if (q == end)
			break;
		p = escape(q + 1, end, &c, &why);
		CHECK(p != NULL);
		out = put_utf8(out, c);
	}
	return ((size_t)(out - to));
}

/* The next character of a scanned string, decoded. */
static uint32_t
next_char(const char **p, const char *end)
{
	unsigned char b = (unsigned char)*(*p)++;
	const char *why;
	uint32_t c = b;
	unsigned more;

	if (b == '\\') {
		*p = escape(*p, end, &c, &why);
		CHECK(*p != NULL);
	} else if (b >= 0xc0) {
		more = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
		for (c = b & (0x3fU >> more); more > 0; more--)
			c = c << 6 | ((unsigned char)*(*p)++ & 0x3f);
	}
	return (c);
}

/* By characters, which for UTF-8 is the same order as by bytes. */
static int
compare_names(const void *va, const void *vb, void *start)
{
	const struct doc_name *a = va, *b = vb;
	size_t na = DOC_NAME_LEN(a), nb = DOC_NAME_LEN(b);
	const char *p = (char *)start + a->off, *q = (char *)start + b->off;
	const char *pend = p + na, *qend = q + nb;
	uint32_t c, d;
	int rc;

	if (((a->len | b->len) & DOC_NAME_ODD) == 0) {
		rc = memcmp(p, q, na < nb ? na : nb);
		return (rc != 0 ? rc : (na > nb) - (na < nb));
	}
	while (p < pend && q < qend) {
		c = next_char(&p, pend);
		d = next_char(&q, qend);
		if (c != d)
			return (c < d ? -1 : 1);
	}
	return ((p < pend) - (q < qend));
}

/* Reads the string at r->p and decodes it in place. */
static bool
text(struct doc_reader *r, const char **ret_data, size_t *ret_len)
{
	char *p = r->p + 1, *q;
	bool escaped;

	q = scan_string(r, p, &escaped);
	if (q == NULL)
		return (false);
	r->p = q + 1;
	*ret_len = escaped ? unescape(p, p, q) : (size_t)(q - p);
	*ret_data = p;
	return (true);
}

static bool
digits(struct doc_reader *r, const char **p)
{
	const char *start = *p;

	while (*p < r->end && **p >= '0' && **p <= '9')
		(*p)++;
	return (*p > start || doc_fail_at(r, *p, digit_expected));
}

static bool
number(struct doc_reader *r, struct doc_value *v)
{
	bool negative = *r->p == '-', integer = true;
	const char *p = r->p + negative, *first = p;
	uint64_t n = 0;

	for (; p < r->end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			break;
	integer = p == r->end || *p < '0' || *p > '9';
	if (!integer)
		(void)digits(r, &p);
	if (p == first)
		return (doc_fail_at(r, p,
		    negative ? digit_expected : value_expected));
	if (*first == '0' && p - first > 1)
		return (doc_fail_at(r, first, "a number has a leading zero"));
	if (p < r->end && *p == '.') {
		integer = false;
		p++;
		if (!digits(r, &p))
			return (false);
	}
	if (p < r->end && (*p | 0x20) == 'e') {
		integer = false;
		p++;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		if (!digits(r, &p))
			return (false);
	}
	/* Minus zero is a number that int64_t does not have. */
	integer = integer && n <= (uint64_t)INT64_MAX + negative &&
	    !(negative && n == 0);
	v->type = integer ? DOC_INT : DOC_NUMBER;
	v->i = negative ? (int64_t)-n : (int64_t)n;
	r->p += p - r->p;
	return (true);
}

/* Reads what is neither a string nor a container. */
static bool
scalar(struct doc_reader *r, struct doc_value *v)
{
	static const struct word {
		const char *text;
		size_t len;
		enum doc_type type;
		bool b;
	} words[] = {
	    {"null", 4, DOC_NULL, false},
	    {"true", 4, DOC_BOOL, true},
	    {"false", 5, DOC_BOOL, false},
	};
	const struct word *word;
	const char *start = r->p;

	if (*start >= 'a') {
		for (word = words; *word->text != *start && word < words + 2;)
			word++;
		if ((size_t)(r->end - start) < word->len ||
		    memcmp(start, word->text, word->len) != 0)
			return (doc_fail_at(r, start, value_expected));
		v->type = word->type;
		v->b = word->b;
		r->p += word->len;
	} else if (!number(r, v))
		return (false);
	v->raw = start;
	v->rawlen = (size_t)(r->p - start);
	return (true);
}

/* A string of a walk: a name of a map, or a value. */
static bool
walk_string(struct walk *k, bool name)
{
	struct doc_reader *r = k->r;
	char *p = r->p + 1, *q, *to;
	size_t len;
	bool escaped;

	q = scan_string(r, p, &escaped);
	if (q == NULL)
		return (false);
	r->p = q + 1;
	len = (size_t)(q - p);
	if (k->w == NULL)
		return (!name || doc_names_add(r, p, len, escaped));
	if (escaped) {
		/* Nobody checks names while converting: scratch is free. */
		buf_reset(&r->scratch);
		to = buf_extend(&r->scratch, len);
		if (to == NULL)
			return (doc_fail_at(r, p, doc_nomemory));
		len = unescape(to, p, q);
		p = to;
	}
	if (name)
		doc_w_name_n(k->w, p, len);
	else
		doc_w_text(k->w, p, len);
	return (true);
}

static bool
walk_name(struct walk *k)
{
	struct doc_reader *r = k->r;

	if (peek(r) != '"')
		return (doc_fail_at(r, r->p, "a member name was expected"));
	if (!walk_string(k, true))
		return (false);
	if (peek(r) != ':')
		return (doc_fail_at(r, r->p, "a colon was expected"));
	r->p++;
	return (true);
}

static bool
walk_scalar(struct walk *k)
{
	struct doc_reader *r = k->r;
	struct doc_value v;

	if (*r->p == '"')
		return (walk_string(k, false));
	if (!scalar(r, &v))
		return (false);
	if (k->w == NULL)
		return (true);
	if (v.type == DOC_NULL)
		doc_w_null(k->w);
	else if (v.type == DOC_BOOL)
		doc_w_bool(k->w, v.b);
	else if (v.type == DOC_INT)
		doc_w_int(k->w, v.i);
	else if (!cbor_put_number(k->w->out, v.raw, v.rawlen))
		return (doc_fail_at(r, v.raw, doc_nomemory));
	return (true);
}

static bool
walk_open(struct walk *k, bool map)
{
	struct doc_reader *r = k->r;

	if (r->depth + k->depth == r->maxdepth)
		return (doc_fail_at(r, r->p, doc_too_deep));
	k->names[k->depth++] = map ? doc_names_mark(r) : IN_ARRAY;
	r->p++;
	if (k->w != NULL)
		doc_w_open(k->w, map);
	return (true);
}

/* Ends the containers that end here; at a comma, reads a member's name. */
static bool
walk_close(struct walk *k)
{
	struct doc_reader *r = k->r;
	uint32_t names;
	bool map;
	char c;

	while (k->depth > 0) {
		names = k->names[k->depth - 1];
		map = names != IN_ARRAY;
		c = peek(r);
		if (c != ',' && c != (map ? '}' : ']'))
			return (doc_fail_at(r, r->p,
			    map ? "a comma or '}' was expected" :
				  "a comma or ']' was expected"));
		r->p++;
		if (c == ',')
			return (!map || walk_name(k));
		k->depth--;
		if (k->w != NULL)
			doc_w_close(k->w, map);
		else if (map && !doc_names_differ(r, names, compare_names))
			return (false);
	}
	return (true);
}

bool
json_walk(struct doc_reader *r, struct doc_writer *convert)
{
	struct walk k;
	bool map;
	char c;

	k.r = r;
	k.w = convert;
	k.depth = 0;
	do {
		c = peek(r);
		if (c == '{' || c == '[') {
			map = c == '{';
			if (!walk_open(&k, map))
				return (false);
			c = peek(r);
			if (c != (map ? '}' : ']')) {
				if (map && !walk_name(&k))
					return (false);
				continue;
			}
		} else if (doc_failed(r) || !walk_scalar(&k))
			return (false);
		if (!walk_close(&k))
			return (false);
	} while (k.depth > 0);
	return (true);
}

bool
json_begin(struct doc_reader *r, bool map)
{
	if (peek(r) != (map ? '{' : '['))
		return (doc_fail_at(r, r->p,
		    map ? "an object was expected" : "an array was expected"));
	r->p++;
	return (true);
}

/* Goes to the next item of the innermost container; false at its end. */
static bool
next_item(struct doc_reader *r)
{
	struct doc_level *l = &r->level[r->depth - 1];
	char c = peek(r);

	if (c == (l->map ? '}' : ']')) {
		r->p++;
		r->depth--;
		return (false);
	}
	if (l->first)
		l->first = false;
	else if (c != ',')
		return (doc_fail_at(r, r->p,
		    l->map ? "a comma or '}' was expected" :
			     "a comma or ']' was expected"));
	else
		r->p++;
	return (!doc_failed(r));
}

bool
json_map_next(struct doc_reader *r, const char **ret_name, size_t *ret_len)
{
	if (!next_item(r))
		return (false);
	if (peek(r) != '"')
		return (doc_fail_at(r, r->p, "a member name was expected"));
	if (!text(r, ret_name, ret_len))
		return (false);
	if (peek(r) != ':')
		return (doc_fail_at(r, r->p, "a colon was expected"));
	r->p++;
	return (true);
}

bool
json_array_next(struct doc_reader *r)
{
	return (next_item(r));
}

bool
json_value(struct doc_reader *r, struct doc_value *ret)
{
	struct doc_value v = {.type = DOC_TEXT};
	char c = peek(r);

	if (doc_failed(r))
		return (false);
	if (c == '"') {
		if (!text(r, &v.data, &v.len))
			return (false);
	} else if (c == '{' || c == '[') {
		v.type = c == '{' ? DOC_MAP : DOC_ARRAY;
		v.raw = r->p;
		if (!json_walk(r, NULL))
			return (false);
		v.rawlen = (size_t)(r->p - v.raw);
	} else if (!scalar(r, &v))
		return (false);
	*ret = v;
	return (true);
}
