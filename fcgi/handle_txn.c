/* SPDX-License-Identifier: MIT */
/*
 * POST /kv: a transaction, in JSON or CBOR. The body is read once, from front
 * to back, straight into the store's transaction; no tree of it is built.
 */
#include "config.h"

#include <string.h>

#include "base/check.h"
#include "fcgi/handle_many.h"
#include "fcgi/response.h"
#include "fcgi/server.h"
#include "fcgi/task.h"
#include "fcgi/value.h"

#define OPS_MAX 10000
/* Bytes of values from which on an answer is written by a task: completions
 * run on threads, the syncer's among them, that others wait for. */
#define ANSWER_LARGE 65536

/* What the parser carries along. */
struct parser {
	struct request *r;
	struct doc_reader d;
	enum doc_format format;
	struct buf bytes; /* decoded base64 of the member at hand */
	const char *list; /* "if" or "ops" while inside */
	size_t index;	  /* in that list */
	bool has_if, has_ops, has_sync;
	enum skv_err err; /* of the store, if it was that */
};

/* One element of "ops" or "if", as it was read. */
struct element {
	struct doc_value op;
	struct keyname key;
	struct doc_value etag;
	bool has_op, has_etag, has_exists, exists;
	struct envelope envelope;
};

static void
store_failed(struct parser *p, enum skv_err err)
{
	if (err == SKV_OK)
		return;
	p->err = err;
	doc_fail(&p->d, skv_strerror(err));
}

/* Makes the reader fail when there is something to complain about. */
static bool
complains(struct parser *p, const char *why)
{
	if (why != NULL)
		doc_fail(&p->d, why);
	return (why != NULL);
}

static void
add_put(struct parser *p, const struct element *e, const char *key,
    size_t keylen)
{
	struct skv *db = p->r->server->db;
	const struct skv_options *opts = &p->r->server->conf->store_options;
	struct stored s;

	if (complains(p,
		envelope_store(&e->envelope, db, p->format, &p->bytes, &s)))
		return;
	if (s.len > opts->max_value)
		store_failed(p, SKV_TOOBIG);
	else
		store_failed(p,
		    skv_txn_put(p->r->txn, key, keylen, s.data, s.len,
			&s.attr));
}

static void
add_delete(struct parser *p, const struct element *e, const char *key,
    size_t keylen)
{
	(void)e;
	store_failed(p, skv_txn_delete(p->r->txn, key, keylen));
}

static void
add_get(struct parser *p, const struct element *e, const char *key,
    size_t keylen)
{
	(void)e;
	store_failed(p, skv_txn_get(p->r->txn, key, keylen));
}

static void write_put(struct request *, size_t);
static void write_delete(struct request *, size_t);
static void write_get(struct request *, size_t);

/* The operations: how one is added, and its result written. */
static const struct operation {
	const char *name;
	void (*add)(struct parser *, const struct element *, const char *key,
	    size_t keylen);
	void (*write)(struct request *, size_t index);
} operations[] = {
    {"put", add_put, write_put},
    {"delete", add_delete, write_delete},
    {"get", add_get, write_get},
};

#define NOPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void
add_op(struct parser *p, const struct element *e)
{
	const char *key;
	size_t i, keylen;
	char code;

	if (!e->has_op || e->op.type != DOC_TEXT) {
		doc_fail(&p->d, "there is no \"op\"");
		return;
	}
	for (i = 0; i < NOPERATIONS; i++)
		if (text_is(e->op.data, e->op.len, operations[i].name))
			break;
	if (i == NOPERATIONS) {
		doc_fail(&p->d, "\"op\" is not put, delete or get");
		return;
	}
	if (i != 0 &&
	    (e->envelope.has_value || e->envelope.ttl != 0 ||
		e->envelope.encoding.type == DOC_TEXT)) {
		doc_fail(&p->d, "only a put has \"value\", \"ttl\" and "
				"\"encoding\"");
		return;
	}
	if (complains(p, keyname_get(&e->key, &p->bytes, &key, &keylen)))
		return;
	operations[i].add(p, e, key, keylen);
	/* Remembered for writing the results. */
	code = (char)i;
	if (!buf_add(&p->r->ops, &code, 1))
		store_failed(p, SKV_NOMEM);
}

static void
add_condition(struct parser *p, const struct element *e)
{
	const char *key;
	size_t keylen;
	uint64_t revision;

	if (e->has_etag == e->has_exists) {
		doc_fail(&p->d, "a condition has either \"etag\" or "
				"\"exists\"");
		return;
	}
	if (complains(p, keyname_get(&e->key, &p->bytes, &key, &keylen)))
		return;
	if (e->has_exists) {
		store_failed(p,
		    e->exists ?
			skv_txn_if_match(p->r->txn, key, keylen, NULL, 0) :
			skv_txn_if_none_match(p->r->txn, key, keylen, NULL, 0));
		return;
	}
	revision = etag_revision(e->etag.data, e->etag.len,
	    skv_id(p->r->server->db));
	store_failed(p,
	    skv_txn_if_match(p->r->txn, key, keylen, &revision, 1));
}

static void
read_etag(struct parser *p, struct element *e)
{
	struct doc_value *v = &e->etag;

	if (e->has_etag)
		doc_fail(&p->d, "\"etag\" twice");
	else if (!doc_value(&p->d, v))
		return;
	else if (v->type != DOC_TEXT)
		doc_fail(&p->d, "\"etag\" is not a string");
	else {
		e->has_etag = true;
		/* As it stands in the header field, with its quotes. */
		if (v->len >= 2 && v->data[0] == '"' &&
		    v->data[v->len - 1] == '"') {
			v->data++;
			v->len -= 2;
		}
	}
}

static void
read_exists(struct parser *p, struct element *e)
{
	struct doc_value v;

	if (e->has_exists)
		doc_fail(&p->d, "\"exists\" twice");
	else if (!doc_value(&p->d, &v))
		return;
	else if (v.type != DOC_BOOL)
		doc_fail(&p->d, "\"exists\" is not true or false");
	else {
		e->has_exists = true;
		e->exists = v.b;
	}
}

static void
read_op_name(struct parser *p, struct element *e)
{
	if (e->has_op)
		doc_fail(&p->d, "\"op\" twice");
	else
		e->has_op = doc_value(&p->d, &e->op);
}

/* Reads one element; "cond" tells which members it may have. */
static void
read_element(struct parser *p, bool cond)
{
	struct element e = {.has_op = false};
	const char *name;
	size_t len;

	buf_reset(&p->bytes);
	if (!doc_map_begin(&p->d))
		return;
	while (doc_map_next(&p->d, &name, &len)) {
		if (keyname_member(&e.key, &p->d, name, len))
			continue;
		if (cond && text_is(name, len, "etag"))
			read_etag(p, &e);
		else if (cond && text_is(name, len, "exists"))
			read_exists(p, &e);
		else if (!cond && text_is(name, len, "op"))
			read_op_name(p, &e);
		else if (cond ||
		    !envelope_member(&e.envelope, &p->d, name, len))
			doc_fail(&p->d, cond ? "unknown member of a condition" :
					       "unknown member of an operation");
	}
	if (doc_failed(&p->d))
		return;
	/* Room for key and value, so that decoding one moves not the other. */
	if (!buf_reserve(&p->bytes, e.key.len + e.envelope.value.len)) {
		store_failed(p, SKV_NOMEM);
		return;
	}
	if (cond)
		add_condition(p, &e);
	else
		add_op(p, &e);
}

static void
read_list(struct parser *p, const char *list, bool *seen, bool cond)
{
	if (*seen) {
		doc_fail(&p->d, "a list is there twice");
		return;
	}
	*seen = true;
	if (!doc_array_begin(&p->d))
		return;
	p->list = list;
	p->index = 0;
	while (doc_array_next(&p->d)) {
		if (p->index == OPS_MAX)
			doc_fail(&p->d, "a list has over 10000 elements");
		else
			read_element(p, cond);
		if (doc_failed(&p->d))
			return;
		p->index++;
	}
	if (!doc_failed(&p->d))
		p->list = NULL;
}

static void
read_sync(struct parser *p)
{
	struct doc_value v;

	if (p->has_sync)
		doc_fail(&p->d, "\"sync\" twice");
	else if (!doc_value(&p->d, &v))
		return;
	else if (v.type != DOC_BOOL)
		doc_fail(&p->d, "\"sync\" is not true or false");
	else {
		p->has_sync = true;
		skv_txn_durability(p->r->txn, v.b ? SKV_SYNC : SKV_ASYNC);
	}
}

static bool
read_txn(struct parser *p)
{
	const char *name;
	size_t len;

	if (!doc_map_begin(&p->d))
		return (false);
	while (doc_map_next(&p->d, &name, &len)) {
		if (text_is(name, len, "if"))
			read_list(p, "if", &p->has_if, true);
		else if (text_is(name, len, "ops"))
			read_list(p, "ops", &p->has_ops, false);
		else if (text_is(name, len, "sync"))
			read_sync(p);
		else
			doc_fail(&p->d, "a transaction has the members \"if\", "
					"\"ops\" and \"sync\", no other");
	}
	if (!doc_failed(&p->d) && !p->has_ops)
		doc_fail(&p->d, "there is no list \"ops\"");
	return (doc_end(&p->d));
}

static void
bad_txn(struct parser *p)
{
	struct request *r = p->r;

	if (doc_error(&p->d) == doc_nomemory)
		p->err = SKV_NOMEM;
	if (p->err != SKV_OK && p->err != SKV_TOOBIG && p->err != SKV_INVALID) {
		response_store_error(r, p->err, SKV_APPLIED_NO, "");
		return;
	}
	if (p->err == SKV_TOOBIG)
		response_problem_begin(r, 413, "a value is over max_value, or "
					       "all of them over max_txn");
	else
		response_problem_begin(r, 400, doc_error(&p->d));
	if (p->list != NULL) {
		doc_w_name(&r->writer, "list");
		doc_w_text(&r->writer, p->list, strlen(p->list));
		doc_w_name(&r->writer, "index");
		doc_w_uint(&r->writer, p->index);
	}
	doc_w_name(&r->writer, "offset");
	doc_w_uint(&r->writer, doc_offset(&p->d));
	response_problem_send(r);
}

/* -------------------------------------------------------------- results -- */

static void
write_put(struct request *r, size_t index)
{
	(void)index;
	value_write_etag(&r->writer, skv_id(r->server->db),
	    skv_txn_revision(r->txn));
}

static void
write_delete(struct request *r, size_t index)
{
	(void)r;
	(void)index;
}

static void
write_get(struct request *r, size_t index)
{
	struct doc_writer *w = &r->writer;
	struct skv_value v;
	bool found = skv_txn_result(r->txn, index, &v) == SKV_OK;

	doc_w_name(w, "found");
	doc_w_bool(w, found);
	if (!found) {
		doc_w_name(w, "value");
		doc_w_null(w);
		return;
	}
	value_write(w, &v);
	value_write_etag(w, skv_id(r->server->db), v.revision);
	value_write_ttl(w, r->server->db, &v);
}

static void
txn_conflict(struct request *r)
{
	struct doc_writer *w = &r->writer;
	struct skv_failure f;
	enum skv_err err;
	size_t i;

	response_problem_begin(r, 409, "a condition is false; nothing was "
				       "changed");
	doc_w_name(w, "failed");
	doc_w_array(w);
	for (i = 0; (err = skv_txn_failure(r->txn, i, &f)) != SKV_INVALID;
	     i++) {
		if (err != SKV_OK)
			continue;
		doc_w_map(w);
		doc_w_name(w, "index");
		doc_w_uint(w, i);
		keyname_write(w, f.key, f.keylen);
		if (f.revision != 0)
			value_write_etag(w, skv_id(r->server->db), f.revision);
		else {
			doc_w_name(w, "etag");
			doc_w_null(w);
		}
		doc_w_end(w);
	}
	doc_w_end(w);
	response_problem_send(r);
}

/* The answer's members are written; false when it has become too long. */
static bool
write_results(struct request *r)
{
	const struct skv_options *opts = &r->server->conf->store_options;
	struct doc_writer *w = &r->writer;
	size_t i;

	doc_w_array(w);
	for (i = 0; i < skv_txn_size(r->txn); i++) {
		doc_w_map(w);
		operations[(unsigned char)r->ops.data[i]].write(r, i);
		doc_w_end(w);
		if (r->text.len > opts->max_txn)
			return (false);
	}
	doc_w_end(w);
	return (true);
}

/* Escapes and base64 have made it longer than what was read. */
static void
answer_too_long(struct request *r)
{
	response_problem_begin(r, 413,
	    "the answer is over max_txn bytes: get fewer keys at once");
	doc_w_name(&r->writer, "applied");
	doc_w_text(&r->writer, "yes", 3);
	response_problem_send(r);
}

static void
send_results(struct request *r)
{
	struct skv_txn *t = r->txn;
	struct doc_writer *w = &r->writer;

	doc_writer_init(w, r->answer, &r->text);
	doc_w_map(w);
	doc_w_name(w, "status");
	doc_w_text(w, "ok", 2);
	doc_w_name(w, "revision");
	doc_w_uint(w, skv_txn_revision(t));
	doc_w_name(w, "durable");
	doc_w_bool(w, skv_txn_durable(t));
	doc_w_name(w, "results");
	if (!write_results(r)) {
		answer_too_long(r);
		return;
	}
	doc_w_end(w);
	if (r->answer == DOC_JSON)
		(void)buf_addc(&r->text, '\n');
	response_begin(r, 200);
	response_header_uint(r, "KV-Revision", skv_txn_revision(t));
	response_header_text(r, "Vary", "Accept");
	response_send_text(r, answer_type(r->answer));
}

/* Bytes of the values that were read. */
static uint64_t
result_bytes(const struct skv_txn *t)
{
	struct skv_value v;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < skv_txn_size(t); i++)
		if (skv_txn_result(t, i, &v) == SKV_OK)
			n += v.len;
	return (n);
}

static void
txn_done(struct skv_txn *t, enum skv_err err, void *arg)
{
	struct request *r = arg;

	if (err == SKV_CONFLICT)
		txn_conflict(r);
	else if (err != SKV_OK)
		response_store_error(r, err, skv_txn_applied(t),
		    skv_txn_error(t));
	else if (result_bytes(t) > ANSWER_LARGE)
		task_answer(r, send_results);
	else
		send_results(r);
}

void
handle_txn(struct request *r, enum doc_format format)
{
	static const char *const allowed[] = {"sync", NULL};
	const struct conf *conf = r->server->conf;
	struct parser p = {.r = r, .format = format};
	enum skv_err err;
	char none[1];
	bool ok;

	if (!request_query_only(r, allowed) || !request_txn(r) ||
	    !request_body(r, conf->store_options.max_txn, "max_txn"))
		return;
	doc_reader_init(&p.d, format, r->body.data == NULL ? none : r->body.data,
	    r->body.len, conf->max_depth + 3); /* the transaction's own */
	ok = read_txn(&p);
	doc_reader_release(&p.d);
	if (ok && !buf_failed(&p.bytes)) {
		buf_release(&r->body); /* the transaction has its own copy */
		err = skv_submit(r->txn, txn_done, r);
		if (err != SKV_OK)
			response_store_error(r, err, SKV_APPLIED_NO,
			    skv_txn_error(r->txn));
	} else if (ok)
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
	else
		bad_txn(&p);
	buf_release(&p.bytes);
}
