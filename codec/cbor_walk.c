/* SPDX-License-Identifier: MIT */
/*
 * CBOR values of any depth, checked and converted to JSON; see doc.h. As in
 * JSON, the walk keeps a stack of its own.
 */
#include "config.h"

#include <math.h>

#include "codec/cbor.h"

#define TAG_POSITIVE 2
#define TAG_NEGATIVE 3

/* A container or a tag that is open. */
struct level {
	uint64_t left;	/* items to come, if not indefinite */
	uint32_t names; /* maps: mark of the names */
	uint32_t key;	/* maps: where the key starts that is being read */
	enum cbor_major major;
	bool indefinite;
	bool value; /* maps: a key was read, its value is next */
};

struct walk {
	struct doc_reader *r;
	struct doc_writer *w; /* NULL unless converting */
	unsigned depth;
	struct level level[DOC_DEPTHMAX + 1];
};

/* Reads a string without touching the data: parts join on scratch. */
static bool
string_copy(struct doc_reader *r, struct cbor_head *h, const char **ret,
    size_t *ret_len)
{
	const char *part;
	size_t len;

	if (h->info != INDEFINITE) {
		*ret = r->p;
		*ret_len = h->n;
		return (cbor_take(r, h->major, h->n));
	}
	buf_reset(&r->scratch);
	while (cbor_chunk(r, h, &part, &len))
		if (!buf_add(&r->scratch, part, len))
			return (doc_fail_at(r, part, doc_nomemory));
	*ret = r->scratch.data != NULL ? r->scratch.data : "";
	*ret_len = r->scratch.len;
	return (!doc_failed(r));
}

static double
to_double(const struct cbor_head *h)
{
	union {
		uint32_t u;
		float f;
	} single;
	union {
		uint64_t u;
		double d;
	} wide;
	int exponent, mantissa;
	double d;

	if (h->info == SIMPLE_SINGLE) {
		single.u = (uint32_t)h->n;
		return ((double)single.f);
	}
	if (h->info == SIMPLE_DOUBLE) {
		wide.u = h->n;
		return (wide.d);
	}
	/* RFC 8949 appendix D. */
	exponent = (int)(h->n >> 10 & 31);
	mantissa = (int)(h->n & 1023);
	if (exponent == 0)
		d = ldexp(mantissa, -24);
	else if (exponent != 31)
		d = ldexp(mantissa + 1024, exponent - 25);
	else
		d = mantissa == 0 ? (double)INFINITY : (double)NAN;
	return ((h->n & 0x8000) != 0 ? -d : d);
}

/* The text that an encoded key stands for, which was checked before. */
struct key {
	struct doc_reader r;
	struct cbor_head h;
	const char *part;
	size_t len;
};

static void
key_init(struct key *k, const char *p, size_t len)
{
	doc_reader_init(&k->r, DOC_CBOR, (char *)(uintptr_t)p, len, 1);
	k->len = 0;
	AN(cbor_head(&k->r, &k->h));
}

/* The key's next byte, -1 at the end. */
static int
key_next(struct key *k)
{
	while (k->len == 0)
		if (!cbor_chunk(&k->r, &k->h, &k->part, &k->len))
			return (-1);
	k->len--;
	return ((unsigned char)*k->part++);
}

static int
compare_bytes(const char *a, size_t na, const char *b, size_t nb)
{
	int rc = memcmp(a, b, na < nb ? na : nb);

	return (rc != 0 ? rc : (na > nb) - (na < nb));
}

/*
 * Texts, of which the odd ones are in parts, by what they stand for; other
 * keys before them by their encoding.
 */
static int
compare_keys(const void *va, const void *vb, void *start)
{
	const struct doc_name *a = va, *b = vb;
	const char *p = (char *)start + a->off, *q = (char *)start + b->off;
	size_t na = DOC_NAME_LEN(a), nb = DOC_NAME_LEN(b);
	bool atext = (unsigned char)*p >> 5 == TEXT;
	bool btext = (unsigned char)*q >> 5 == TEXT;
	size_t pskip = atext ? cbor_head_size(p) : 0;
	size_t qskip = btext ? cbor_head_size(q) : 0;
	struct key k, l;
	int c, d;

	if (atext != btext)
		return (atext - btext);
	if (((a->len | b->len) & DOC_NAME_ODD) == 0)
		return (compare_bytes(p + pskip, na - pskip, q + qskip,
		    nb - qskip));
	key_init(&k, p, na);
	key_init(&l, q, nb);
	do {
		c = key_next(&k);
		d = key_next(&l);
	} while (c == d && c != -1);
	return (c - d);
}

static void
convert_negative(struct doc_writer *w, uint64_t n)
{
	uint64_t big = htobe64(n);

	if (n <= INT64_MAX)
		doc_w_int(w, -1 - (int64_t)n);
	else {
		(void)doc_w_next(w);
		json_put_bignum(w->out, true, (const char *)&big, sizeof(big));
	}
}

static void
convert_bytes(struct doc_writer *w, const char *data, size_t len)
{
	(void)doc_w_next(w);
	(void)buf_addc(w->out, '"');
	(void)base64_encode_url(w->out, data, len);
	(void)buf_addc(w->out, '"');
}

static bool
convert_string(struct walk *k, struct cbor_head *h)
{
	const char *data;
	size_t len;

	if (!string_copy(k->r, h, &data, &len))
		return (false);
	if (h->major == TEXT)
		doc_w_text(k->w, data, len);
	else
		convert_bytes(k->w, data, len);
	return (true);
}

static void
convert_simple(struct doc_writer *w, const struct cbor_head *h)
{
	if (h->info == SIMPLE_FALSE || h->info == SIMPLE_TRUE)
		doc_w_bool(w, h->info == SIMPLE_TRUE);
	else if (h->info >= SIMPLE_HALF && h->info <= SIMPLE_DOUBLE) {
		(void)doc_w_next(w);
		json_put_double(w->out, to_double(h));
	} else
		doc_w_null(w);
}

/* Reads what is left of an item that is no container and no tag. */
static bool
scalar(struct walk *k, struct cbor_head *h)
{
	const char *part;
	size_t len;

	if (h->major == BYTES || h->major == TEXT) {
		if (k->w != NULL)
			return (convert_string(k, h));
		if (h->info != INDEFINITE)
			return (cbor_take(k->r, h->major, h->n));
		while (cbor_chunk(k->r, h, &part, &len))
			continue;
		return (!doc_failed(k->r));
	}
	if (k->w == NULL)
		return (true);
	if (h->major == UINT)
		doc_w_uint(k->w, h->n);
	else if (h->major == NEGATIVE)
		convert_negative(k->w, h->n);
	else
		convert_simple(k->w, h);
	return (true);
}

/* If h is the tag of a bignum, reads and converts it all. */
static bool
convert_bignum(struct walk *k, const struct cbor_head *h)
{
	struct doc_reader *r = k->r;
	struct cbor_head content;
	const char *data;
	size_t len;

	if (k->w == NULL || h->major != TAG ||
	    (h->n != TAG_POSITIVE && h->n != TAG_NEGATIVE) || r->p == r->end ||
	    (unsigned char)*r->p >> 5 != BYTES)
		return (false);
	if (cbor_head(r, &content) && string_copy(r, &content, &data, &len)) {
		(void)doc_w_next(k->w);
		json_put_bignum(k->w->out, h->n == TAG_NEGATIVE, data, len);
	}
	return (true);
}

/*
 * Reads a whole key and writes it as the name of a JSON member. Arrays, maps
 * and tagged values are not converted for that, because quotes within quotes
 * would double with each level of keys within keys.
 */
static bool
convert_key(struct walk *k)
{
	struct doc_writer *w = k->w;
	struct doc_reader *r = k->r;
	const char *start = r->p;
	struct cbor_head h;

	if (!cbor_head(r, &h))
		return (false);
	if (h.major == TEXT || h.major == BYTES) {
		if (!scalar(k, &h))
			return (false);
	} else if (h.major < BYTES ||
	    (h.major == SIMPLE && !cbor_is_break(&h))) {
		(void)doc_w_next(w);
		(void)buf_addc(w->out, '"');
		w->bare = true;
		if (!scalar(k, &h))
			return (false);
		(void)buf_addc(w->out, '"');
	} else {
		r->p -= r->p - start;
		buf_reset(&r->scratch);
		if (!cbor_walk(r, NULL))
			return (false);
		convert_bytes(w, start, (size_t)(r->p - start));
	}
	doc_w_colon(w);
	return (true);
}

static bool
walk_open(struct walk *k, const struct cbor_head *h, const char *start)
{
	struct level *l = &k->level[k->depth];
	struct doc_reader *r = k->r;

	/* A tag counts, but not the last one around a scalar. */
	if (r->depth + k->depth + (h->major != TAG) > r->maxdepth)
		return (doc_fail_at(r, start, doc_too_deep));
	l->major = h->major;
	l->indefinite = h->info == INDEFINITE;
	l->left = h->major == TAG ? 1 : h->major == MAP ? h->n * 2 : h->n;
	l->names = doc_names_mark(r);
	l->value = false;
	k->depth++;
	if (k->w != NULL && h->major != TAG)
		doc_w_open(k->w, h->major == MAP);
	return (true);
}

/* Leaves the innermost container or tag. */
static bool
walk_close(struct walk *k)
{
	struct level *l = &k->level[--k->depth];

	if (k->w != NULL) {
		if (l->major != TAG)
			doc_w_close(k->w, l->major == MAP);
	} else if (l->major == MAP)
		return (doc_names_differ(k->r, l->names, compare_keys));
	return (true);
}

/* Notes that an item has ended, and ends the containers that end with it. */
static bool
walk_ended(struct walk *k)
{
	struct doc_reader *r = k->r;
	struct level *l;
	const char *key;
	bool text;

	while (k->depth > 0) {
		l = &k->level[k->depth - 1];
		if (l->major == MAP) {
			l->value = !l->value;
			key = r->start + l->key;
			text = (unsigned char)*key >> 5 == TEXT;
			if (l->value && !text)
				r->odd_keys = true;
			if (l->value && k->w == NULL &&
			    !doc_names_add(r, key, (size_t)(r->p - key),
				text && (*key & 31) == INDEFINITE))
				return (false);
		}
		if (l->indefinite || --l->left > 0)
			return (true);
		if (!walk_close(k))
			return (false);
	}
	return (true);
}

/* Reads one head, and all of the item unless it contains others. */
static bool
walk_item(struct walk *k)
{
	struct doc_reader *r = k->r;
	const char *start = r->p;
	struct level *l = k->depth > 0 ? &k->level[k->depth - 1] : NULL;
	struct cbor_head h;

	if (l != NULL && l->major == MAP && !l->value) {
		l->key = (uint32_t)(start - r->start);
		if (k->w != NULL && !(r->p < r->end && *r->p == BREAK))
			return (convert_key(k) && walk_ended(k));
	}
	if (!cbor_head(r, &h))
		return (false);
	if (cbor_is_break(&h)) {
		if (l == NULL || !l->indefinite || l->value)
			return (doc_fail_at(r, start, cbor_misplaced_break));
		return (walk_close(k) && walk_ended(k));
	}
	if (h.major < ARRAY || h.major == SIMPLE) {
		if (!scalar(k, &h))
			return (false);
	} else if (!convert_bignum(k, &h)) {
		if (!walk_open(k, &h, start))
			return (false);
		l = &k->level[k->depth - 1];
		if (l->indefinite || l->left > 0)
			return (true);
		if (!walk_close(k))
			return (false);
	}
	return (!doc_failed(r) && walk_ended(k));
}

bool
cbor_walk(struct doc_reader *r, struct doc_writer *convert)
{
	struct walk k;

	k.r = r;
	k.w = convert;
	k.depth = 0;
	do
		if (!walk_item(&k))
			return (false);
	while (k.depth > 0);
	return (true);
}

/* Whether the keys of a CBOR value also differ as names in JSON. */
static bool
differ_in_json(struct doc_reader *r, const char *start)
{
	struct doc_writer w;
	struct buf json;
	const char *why;
	size_t where;
	bool ok;

	buf_init(&json);
	doc_writer_init(&w, DOC_JSON, &json);
	ok = doc_w_doc(&w, DOC_CBOR, start, (size_t)(r->p - start));
	if (buf_failed(&json))
		ok = doc_fail_at(r, start, doc_nomemory);
	else if (!ok ||
	    !doc_check(DOC_JSON, json.data, json.len, DOC_DEPTHMAX, &why,
		&where))
		ok = doc_fail_at(r, start,
		    !ok || why != doc_nomemory ?
			"two map keys are the same in JSON" :
			doc_nomemory);
	buf_release(&json);
	return (ok);
}

bool
cbor_capture(struct doc_reader *r)
{
	const char *start = r->p;

	r->odd_keys = false;
	return (cbor_walk(r, NULL) &&
	    (!r->odd_keys || differ_in_json(r, start)));
}
