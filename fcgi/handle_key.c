/* SPDX-License-Identifier: MIT */
/*
 * GET, HEAD, PUT and DELETE of one key. What is stored is bytes and what they
 * are; what goes over the wire is a representation of them: an envelope in
 * JSON or CBOR, or the raw bytes.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "fcgi/etag.h"
#include "fcgi/header.h"
#include "fcgi/log.h"
#include "fcgi/response.h"
#include "fcgi/router.h"
#include "fcgi/server.h"
#include "wire/value.h"

/* What curl sends with -d and means nothing by. */
#define TYPE_FORM "application/x-www-form-urlencoded"

/* --------------------------------------------------------------- writes -- */

static void
write_failed(struct request *r, enum skv_err err)
{
	response_store_error(r, err, skv_txn_applied(r->txn),
	    skv_txn_error(r->txn));
}

/* 412, with the tag that would have matched. */
static void
condition_failed(struct request *r, uint64_t revision, enum rep rep)
{
	char tag[ETAG_MAX];
	const char *why = "the condition is false: there is no such key";

	if (revision != 0)
		why = r->if_match == NULL ?
		    "the condition is false: the key has a version that "
		    "If-None-Match excludes" :
		    "the condition is false: the key has another version";
	response_problem_begin(r, 412, why);
	if (revision != 0) {
		(void)etag_format(tag, skv_id(r->server->db), revision, rep);
		response_etag(r, tag);
	}
	response_problem_send(r);
}

static void
txn_condition_failed(struct request *r)
{
	struct skv_failure f = {0};
	size_t i = 0;

	while (skv_txn_failure(r->txn, i, &f) == SKV_NOTFOUND)
		i++;
	condition_failed(r, f.revision, REP_JSON);
}

static void
put_done(struct skv_txn *t, enum skv_err err, void *arg)
{
	struct request *r = arg;
	char tag[ETAG_MAX];

	if (err == SKV_CONFLICT) {
		txn_condition_failed(r);
		return;
	}
	if (err != SKV_OK) {
		write_failed(r, err);
		return;
	}
	(void)etag_format(tag, skv_id(r->server->db), skv_txn_revision(t),
	    (enum rep)r->put_etag);
	response_begin(r, r->created ? 201 : 200);
	response_etag(r, tag);
	response_header_uint(r, "KV-Revision", skv_txn_revision(t));
	(void)buf_adds(&r->text, "{\"status\":\"ok\",\"revision\":");
	(void)buf_add_uint(&r->text, skv_txn_revision(t));
	(void)buf_adds(&r->text, ",\"durable\":");
	(void)buf_adds(&r->text, skv_txn_durable(t) ? "true" : "false");
	(void)buf_add(&r->text, "}\n", 2);
	response_send_text(r, TYPE_JSON);
}

static void
delete_done(struct skv_txn *t, enum skv_err err, void *arg)
{
	struct request *r = arg;

	if (err == SKV_CONFLICT)
		txn_condition_failed(r);
	else if (err != SKV_OK)
		write_failed(r, err);
	else {
		response_begin(r, 204);
		response_header_uint(r, "KV-Revision", skv_txn_revision(t));
		response_send_empty(r);
	}
}

/*
 * Makes the request's transaction, with what PUT and DELETE have in common:
 * the parameter "sync" and the conditions.
 */
static bool
begin_write(struct request *r)
{
	const char *bad = NULL;
	enum skv_err err;

	if (!request_txn(r))
		return (false);
	err = etag_conditions(r->txn, skv_id(r->server->db), r->key, r->keylen,
	    r->if_match, r->if_none_match, &bad);
	if (err == SKV_OK)
		return (true);
	if (bad != NULL)
		response_problem(r, 400,
		    "%s is no list of entity tags, or a "
		    "too long one",
		    bad);
	else
		write_failed(r, err);
	return (false);
}

static void
submit(struct request *r, void (*done)(struct skv_txn *, enum skv_err, void *))
{
	enum skv_err err;

	request_body_done(r); /* the transaction has its own copy */
	err = skv_submit(r->txn, done, r);
	if (err != SKV_OK)
		write_failed(r, err);
}

/* Adds the put of a value that is within the limits. */
static void
put_value(struct request *r, const struct stored *s)
{
	const struct skv_options *opts = &r->server->conf->store_options;
	enum skv_err err;

	if (s->len > opts->max_value) {
		response_problem(r, 413,
		    "the value has %zu bytes, the limit max_value is %" PRIu64,
		    s->len, opts->max_value);
		return;
	}
	err = skv_txn_put(r->txn, r->key, r->keylen, s->data, s->len, &s->attr);
	if (err == SKV_INVALID)
		response_problem(r, 400,
		    "Content-Type is over %d bytes or has control characters",
		    SKV_TYPEMAX);
	else if (err != SKV_OK)
		write_failed(r, err);
	else {
		r->put_etag = (char)value_rep(&s->attr);
		r->created = r->if_none_match != NULL &&
		    strcmp(r->if_none_match, "*") == 0;
		submit(r, put_done);
	}
}

static void
put_raw(struct request *r, uint64_t ttl)
{
	const struct skv_options *opts = &r->server->conf->store_options;
	struct stored s = {
	    .attr.expires_ms = ttl_expires(r->server->db, ttl),
	};

	if (!request_body(r, opts->max_value, "max_value"))
		return;
	s.data = r->body.data == NULL ? "" : r->body.data;
	s.len = r->body.len;
	if (r->content_type != NULL &&
	    !media_type_is(r->content_type, TYPE_FORM)) {
		s.attr.type = r->content_type;
		s.attr.typelen = strlen(r->content_type);
	}
	put_value(r, &s);
}

/* Reads the map of a PUT's envelope. */
static bool
read_envelope(struct doc_reader *d, struct envelope *e)
{
	const char *name;
	size_t len;

	if (!doc_map_begin(d))
		return (false);
	while (doc_map_next(d, &name, &len))
		if (!envelope_member(e, d, name, len))
			doc_fail(d,
			    "an envelope has the members \"value\", "
			    "\"ttl\" and \"encoding\", no other");
	return (doc_end(d));
}

static void
bad_envelope(struct request *r, const char *why, const struct doc_reader *d)
{
	char detail[320];

	(void)snprintf(detail, sizeof(detail),
	    "%s; the body is to be {\"value\": ...}, or, with ?raw, anything",
	    why);
	response_problem_begin(r, 400, detail);
	if (d != NULL) {
		doc_w_name(&r->writer, "offset");
		doc_w_uint(&r->writer, doc_offset(d));
	}
	response_problem_send(r);
}

static void
put_envelope(struct request *r, enum doc_format fmt, uint64_t ttl)
{
	const struct conf *conf = r->server->conf;
	struct envelope e = {0};
	struct doc_reader d;
	struct stored s;
	struct buf bytes = {0};
	const char *why;
	char none[1];
	bool ok;

	if (!request_body(r, conf->store_options.max_txn, "max_txn"))
		return;
	doc_reader_init(&d, fmt, r->body.data == NULL ? none : r->body.data,
	    r->body.len, conf->max_depth + 1); /* the envelope itself */
	ok = read_envelope(&d, &e);
	doc_reader_release(&d);
	if (!ok && doc_error(&d) == doc_nomemory) {
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
		return;
	}
	if (!ok) {
		bad_envelope(r, doc_error(&d), &d);
		return;
	}
	if (ttl != 0 && e.ttl != 0) {
		bad_envelope(r,
		    "\"ttl\" is there twice, in the body and as a "
		    "parameter",
		    NULL);
		return;
	}
	if (e.ttl == 0)
		e.ttl = ttl;
	why = envelope_store(&e, r->server->db, fmt, &bytes, &s);
	if (why != NULL)
		bad_envelope(r, why, NULL);
	else if (buf_failed(&bytes))
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
	else
		put_value(r, &s); /* which copies */
	buf_release(&bytes);
}

void
handle_key_put(struct request *r)
{
	static const char *const allowed[] = {"key", "ttl", "sync", "raw",
	    NULL};
	uint64_t ttl = 0;
	bool raw = false;

	if (!request_query_only(r, allowed) ||
	    !request_uint(r, "ttl", 1, SKV_TTLMAX, &ttl) ||
	    !request_bool(r, "raw", &raw))
		return;
	if (!begin_write(r))
		return;
	if (!raw && media_type_is(r->content_type, TYPE_JSON))
		put_envelope(r, DOC_JSON, ttl);
	else if (!raw && media_type_is(r->content_type, TYPE_CBOR))
		put_envelope(r, DOC_CBOR, ttl);
	else
		put_raw(r, ttl);
}

void
handle_key_delete(struct request *r)
{
	static const char *const allowed[] = {"key", "sync", NULL};
	enum skv_err err;

	if (!request_query_only(r, allowed) || !begin_write(r))
		return;
	err = skv_txn_delete(r->txn, r->key, r->keylen);
	if (err != SKV_OK)
		write_failed(r, err);
	else
		submit(r, delete_done);
}

/* ---------------------------------------------------------------- reads -- */

/* Media types in lower case and without parameters, as Accept names them. */
static void
essence(char *dst, const char *type)
{
	size_t i;

	for (i = 0; type[i] != '\0' && type[i] != ';' && type[i] != ' '; i++)
		dst[i] = (char)(type[i] >= 'A' && type[i] <= 'Z' ?
			type[i] + ('a' - 'A') :
			type[i]);
	dst[i] = '\0';
}

/* Chooses the representation; false when none is acceptable. */
static bool
choose_rep(const struct request *r, const struct skv_attr *attr, bool raw,
    enum rep *ret)
{
	char type[SKV_TYPEMAX + 1], own[SKV_TYPEMAX + 1];
	/* What the writer used comes first, and so wins among equals. */
	enum rep mine = value_rep(attr);
	const enum rep reps[] = {mine, REP_JSON, REP_CBOR, REP_RAW, REP_RAW};
	const char *offers[] = {own, TYPE_JSON, TYPE_CBOR, TYPE_BYTES, own};
	bool prefers;
	int i;

	*ret = raw ? REP_RAW : mine;
	if (raw || r->accept == NULL)
		return (true);
	essence(own, value_type(attr, type));
	if (mine == REP_JSON)
		offers[0] = TYPE_JSON;
	else if (mine == REP_CBOR)
		offers[0] = TYPE_CBOR;
	i = accept_choose(r->accept, offers, 5, &prefers);
	if (i >= 0 && prefers)
		*ret = reps[i];
	return (i >= 0);
}

static void
send_envelope(struct request *r, const struct skv_value *v, enum rep rep)
{
	struct doc_writer *w = &r->writer;

	doc_writer_init(w, rep == REP_CBOR ? DOC_CBOR : DOC_JSON, &r->text);
	doc_w_map(w);
	value_write(w, v);
	value_write_etag(w, skv_id(r->server->db), v->revision);
	value_write_ttl(w, r->server->db, v);
	doc_w_end(w);
	if (rep == REP_JSON)
		(void)buf_addc(&r->text, '\n');
	response_send_text(r, rep == REP_CBOR ? TYPE_CBOR : TYPE_JSON);
}

/* Sends the raw bytes, or the part of them that Range asks for. */
static void
send_raw(struct request *r, const struct skv_value *v, enum range range,
    uint64_t offset, uint64_t len)
{
	char buf[SKV_TYPEMAX + 1];
	const char *data = v->data;

	response_header_text(r, "Accept-Ranges", "bytes");
	/* A stored page must not run as this site. */
	response_header_text(r, "X-Content-Type-Options", "nosniff");
	response_header_text(r, "Content-Security-Policy", "sandbox");
	if (range == RANGE_PART)
		response_header(r, "Content-Range",
		    "bytes %" PRIu64 "-%" PRIu64 "/%zu", offset,
		    offset + len - 1, v->len);
	response_send(r, value_type(&v->attr, buf), data + offset, len);
}

/* The header fields that tell about the value, in every answer with it. */
static void
value_headers(struct request *r, const struct skv_value *v, const char *tag)
{
	int64_t ttl = value_ttl(r->server->db, v);

	response_etag(r, tag);
	response_header_uint(r, "KV-Revision", v->revision);
	if (ttl != 0)
		response_header(r, "KV-TTL", "%" PRId64, ttl);
	response_header_text(r, "Vary", "Accept");
}

static void
send_value(struct request *r, const struct skv_value *v, enum rep rep,
    const char *tag)
{
	uint64_t offset = 0, len = v->len;
	enum range range = RANGE_NONE;

	if (rep == REP_RAW && r->method == METHOD_GET &&
	    if_range_holds(r->if_range, tag, strlen(tag)))
		range = range_parse(r->range, v->len, &offset, &len);
	if (range == RANGE_UNSATISFIABLE) {
		response_problem_begin(r, 416,
		    "the range lies outside the value");
		response_header(r, "Content-Range", "bytes */%zu", v->len);
		response_problem_send(r);
		return;
	}
	response_begin(r, range == RANGE_PART ? 206 : 200);
	value_headers(r, v, tag);
	if (rep == REP_RAW)
		send_raw(r, v, range, offset, len);
	else
		send_envelope(r, v, rep);
}

/* Conditions in the order of RFC 9110 section 13.2.2; false when answered. */
static bool
check_conditions(struct request *r, const struct skv_value *v, const char *tag)
{
	bool bad = false;

	if (r->if_match != NULL &&
	    !if_match_holds(r->if_match, skv_id(r->server->db), v->revision,
		&bad)) {
		if (bad)
			response_problem(r, 400,
			    "If-Match is no list of entity tags");
		else
			condition_failed(r, v->revision, REP_JSON);
		return (false);
	}
	if (r->if_none_match == NULL ||
	    if_none_match_holds(r->if_none_match, tag, &bad))
		return (true);
	if (bad) {
		response_problem(r, 400,
		    "If-None-Match is no list of entity tags");
		return (false);
	}
	response_begin(r, 304);
	value_headers(r, v, tag);
	response_send_empty(r);
	return (false);
}

static void
get_value(struct request *r, const struct skv_value *v, bool raw)
{
	char tag[ETAG_MAX];
	enum rep rep;

	if (!choose_rep(r, &v->attr, raw, &rep)) {
		response_problem(r, 406,
		    "Accept allows none of application/json, "
		    "application/cbor and application/octet-stream");
		return;
	}
	(void)etag_format(tag, skv_id(r->server->db), v->revision, rep);
	if (check_conditions(r, v, tag))
		send_value(r, v, rep, tag);
}

void
handle_key_get(struct request *r)
{
	static const char *const allowed[] = {"key", "raw", NULL};
	struct skv_value v;
	enum skv_err err;
	bool raw = false;

	if (!request_query_only(r, allowed) || !request_bool(r, "raw", &raw))
		return;
	err = skv_get(r->server->db, r->key, r->keylen, &v);
	/* NB: a 404 comes before conditions (RFC 9110 section 13.2.1). */
	if (err != SKV_OK)
		response_store_error(r, err, SKV_APPLIED_NO, "");
	else {
		get_value(r, &v, raw);
		skv_value_release(&v);
	}
}
