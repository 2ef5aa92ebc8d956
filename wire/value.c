/* SPDX-License-Identifier: MIT */
/* Values between their envelopes and the store; see value.h. */
#include "config.h"

#include <string.h>

#include "base/check.h"
#include "wire/value.h"

static void
read_value(struct envelope *e, struct doc_reader *r)
{
	if (e->has_value)
		doc_fail(r, "\"value\" twice");
	else
		e->has_value = doc_value(r, &e->value);
}

static void
read_ttl(struct envelope *e, struct doc_reader *r)
{
	struct doc_value v;

	if (e->ttl != 0)
		doc_fail(r, "\"ttl\" twice");
	else if (!doc_value(r, &v))
		return;
	else if (v.type != DOC_INT || v.i < 1 || v.i > SKV_TTLMAX)
		doc_fail(r,
		    "\"ttl\" is not a whole number of seconds from 1 "
		    "to 315360000 (10 years)");
	else
		e->ttl = (uint64_t)v.i;
}

static void
read_expires(struct envelope *e, struct doc_reader *r)
{
	struct doc_value v;

	if (e->expires_ms != 0)
		doc_fail(r, "\"expires_ms\" twice");
	else if (!doc_value(r, &v))
		return;
	else if (v.type != DOC_INT || v.i < 1)
		doc_fail(r, "\"expires_ms\" is not a time in milliseconds");
	else
		e->expires_ms = v.i;
}

static void
read_text(struct doc_value *v, struct doc_reader *r)
{
	if (v->type == DOC_TEXT)
		doc_fail(r, "a member is there twice");
	else if (doc_value(r, v) && v->type != DOC_TEXT)
		doc_fail(r, "a member that is to be a string is none");
}

static void
read_encoding(struct envelope *e, struct doc_reader *r)
{
	read_text(&e->encoding, r);
}

static void
read_type(struct envelope *e, struct doc_reader *r)
{
	read_text(&e->type, r);
}

static void
read_rep(struct envelope *e, struct doc_reader *r)
{
	read_text(&e->rep, r);
}

static const struct {
	const char *name;
	bool archive; /* of an archive's lines only */
	void (*read)(struct envelope *, struct doc_reader *);
} members[] = {
    {"value", false, read_value},
    {"ttl", false, read_ttl},
    {"encoding", false, read_encoding},
    {"type", true, read_type},
    {"expires_ms", true, read_expires},
    {"envelope", true, read_rep},
};

bool
envelope_member(struct envelope *e, struct doc_reader *r, const char *name,
    size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!text_is(name, len, members[i].name) ||
		    (members[i].archive && !e->archive))
			continue;
		members[i].read(e, r);
		return (true);
	}
	return (false);
}

static bool
value_is(const struct doc_value *v, const char *want)
{
	return (v->type == DOC_TEXT && text_is(v->data, v->len, want));
}

/* Kind and bytes of a value that is not encoded. */
static void
store_plain(const struct doc_value *v, enum doc_format fmt, struct stored *ret)
{
	ret->data = v->data;
	ret->len = v->len;
	if (v->type == DOC_TEXT)
		ret->attr.kind = SKV_TEXT;
	else if (v->type == DOC_BYTES)
		ret->attr.kind = SKV_BINARY;
	else {
		ret->attr.kind = fmt == DOC_CBOR ? SKV_CBOR : SKV_JSON;
		ret->data = v->raw;
		ret->len = v->rawlen;
	}
}

/* The same of one in base64, which is decoded into "scratch". */
static const char *
store_encoded(const struct envelope *e, struct buf *scratch, struct stored *ret)
{
	const struct doc_value *v = &e->value;
	size_t from = scratch->len, offset;
	const char *why;
	bool memory;

	if (v->type != DOC_TEXT)
		return ("\"encoding\" goes with a string value only");
	if (!base64_decode(scratch, v->data, v->len, &memory))
		return (memory ? NULL : "\"value\" is not base64");
	ret->data = scratch->len == from ? "" : scratch->data + from;
	ret->len = scratch->len - from;
	ret->attr.kind = SKV_BINARY;
	if (value_is(&e->encoding, "cbor")) {
		ret->attr.kind = SKV_CBOR;
		if (!doc_check(DOC_CBOR, ret->data, ret->len, DOC_DEPTHMAX,
			&why, &offset))
			return ("\"value\" is not the base64 text of a CBOR "
				"item");
	} else if (value_is(&e->encoding, "json")) {
		ret->attr.kind = SKV_JSON;
		if (!doc_check(DOC_JSON, ret->data, ret->len, DOC_DEPTHMAX,
			&why, &offset))
			return ("\"value\" is not the base64 text of a JSON "
				"document");
	}
	return (NULL);
}

const char *
envelope_store(const struct envelope *e, struct skv *db, enum doc_format fmt,
    struct buf *scratch, struct stored *ret)
{
	const char *why = NULL;

	memset(ret, 0, sizeof(*ret));
	if (!e->has_value)
		return ("there is no member \"value\"");
	if (e->ttl != 0 && e->expires_ms != 0)
		return ("there are both \"ttl\" and \"expires_ms\"");
	if (e->encoding.type != DOC_TEXT)
		store_plain(&e->value, fmt, ret);
	else if (value_is(&e->encoding, "base64") ||
	    (e->archive &&
		(value_is(&e->encoding, "cbor") ||
		    value_is(&e->encoding, "json"))))
		why = store_encoded(e, scratch, ret);
	else
		why = "\"encoding\" is not \"base64\"";
	if (why != NULL)
		return (why);
	ret->attr.cbor_envelope = fmt == DOC_CBOR || value_is(&e->rep, "cbor");
	ret->attr.expires_ms = e->expires_ms != 0 ? e->expires_ms :
						    ttl_expires(db, e->ttl);
	if (e->type.type == DOC_TEXT) {
		if (ret->attr.kind != SKV_TEXT && ret->attr.kind != SKV_BINARY)
			return ("\"type\" goes with a string value only");
		ret->attr.kind = SKV_RAW;
		ret->attr.type = e->type.data;
		ret->attr.typelen = e->type.len;
	}
	return (NULL);
}

int64_t
ttl_expires(struct skv *db, uint64_t ttl)
{
	return (ttl == 0 ? 0 : skv_now_ms(db) + (int64_t)ttl * 1000);
}

int64_t
value_ttl(struct skv *db, const struct skv_value *v)
{
	int64_t left;

	if (v->attr.expires_ms == 0)
		return (0);
	left = (v->attr.expires_ms - skv_now_ms(db) + 999) / 1000;
	return (left < 1 ? 1 : left);
}

enum rep
value_rep(const struct skv_attr *a)
{
	if (a->kind == SKV_RAW)
		return (REP_RAW);
	return (a->cbor_envelope ? REP_CBOR : REP_JSON);
}

const char *
value_type(const struct skv_attr *a, char buf[SKV_TYPEMAX + 1])
{
	switch (a->kind) {
	case SKV_RAW:
		if (a->typelen == 0)
			break;
		memcpy(buf, a->type, a->typelen);
		buf[a->typelen] = '\0';
		return (buf);
	case SKV_TEXT:
		return ("text/plain; charset=utf-8");
	case SKV_BINARY:
		break;
	case SKV_JSON:
		return ("application/json");
	case SKV_CBOR:
		return ("application/cbor");
	}
	return ("application/octet-stream");
}

void
value_write(struct doc_writer *w, const struct skv_value *v)
{
	bool bytes = v->attr.kind == SKV_RAW || v->attr.kind == SKV_BINARY;

	doc_w_name(w, "value");
	if (v->attr.kind == SKV_JSON || v->attr.kind == SKV_CBOR) {
		/* A program may have stored what is no document. */
		if (!doc_w_doc(w,
			v->attr.kind == SKV_JSON ? DOC_JSON : DOC_CBOR, v->data,
			v->len))
			doc_w_null(w);
	} else if (!bytes)
		doc_w_text(w, v->data, v->len);
	else if (w->format == DOC_JSON && utf8_ok(v->data, v->len))
		doc_w_text(w, v->data, v->len);
	else
		doc_w_bytes(w, v->data, v->len);
	if (bytes && w->format == DOC_JSON && !utf8_ok(v->data, v->len)) {
		doc_w_name(w, "encoding");
		doc_w_text(w, "base64", 6);
	}
}

static void
write_text(struct doc_writer *w, const char *name, const char *text)
{
	doc_w_name(w, name);
	doc_w_text(w, text, strlen(text));
}

/* Whether it is a JSON text that a line cannot hold as it is. */
static bool
has_breaks(const struct skv_value *v)
{
	return (v->attr.kind == SKV_JSON && v->len > 0 &&
	    (memchr(v->data, '\n', v->len) != NULL ||
		memchr(v->data, '\r', v->len) != NULL));
}

void
value_write_archive(struct doc_writer *w, const struct skv_value *v)
{
	char buf[SKV_TYPEMAX + 1];
	const struct skv_attr *a = &v->attr;

	if (a->kind == SKV_CBOR || a->kind == SKV_BINARY || has_breaks(v)) {
		doc_w_name(w, "value");
		doc_w_bytes(w, v->data, v->len);
		write_text(w, "encoding",
		    a->kind == SKV_CBOR	    ? "cbor" :
			a->kind == SKV_JSON ? "json" :
					      "base64");
	} else
		value_write(w, v);
	if (a->kind == SKV_RAW)
		write_text(w, "type", value_type(a, buf));
	if (a->cbor_envelope)
		write_text(w, "envelope", "cbor");
	if (a->expires_ms != 0) {
		doc_w_name(w, "expires_ms");
		doc_w_int(w, a->expires_ms);
	}
}

void
value_write_ttl(struct doc_writer *w, struct skv *db, const struct skv_value *v)
{
	int64_t ttl = value_ttl(db, v);

	if (ttl == 0)
		return;
	doc_w_name(w, "ttl");
	doc_w_int(w, ttl);
}

void
value_write_etag(struct doc_writer *w, uint64_t store_id, uint64_t revision)
{
	char tag[ETAG_MAX];
	size_t len = etag_format(tag, store_id, revision,
	    w->format == DOC_CBOR ? REP_CBOR : REP_JSON);

	doc_w_name(w, "etag");
	doc_w_text(w, tag, len);
}
