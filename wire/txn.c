/* SPDX-License-Identifier: MIT */
/* Transactions as documents; see txn.h. */
#include "config.h"

#include <string.h>

#include "base/check.h"
#include "wire/keyname.h"
#include "wire/txn.h"
#include "wire/value.h"

#define OPS_MAX 10000

/* One element of "ops" or "if", as it was read. */
struct element {
	struct doc_value op;
	struct keyname key;
	struct doc_value etag;
	bool has_op, has_etag, has_exists, exists;
	struct envelope envelope;
};

/* An answer that is being written. */
struct answer {
	const struct txn_doc *p;
	struct doc_writer *w;
	struct buf put; /* the result of every put */
};

static void
store_failed(struct txn_doc *p, enum skv_err err)
{
	if (err == SKV_OK)
		return;
	p->err = err;
	doc_fail(&p->d, skv_strerror(err));
}

/* Makes the reader fail when there is something to complain about. */
static bool
complains(struct txn_doc *p, const char *why)
{
	if (why != NULL)
		doc_fail(&p->d, why);
	return (why != NULL);
}

static void
add_put(struct txn_doc *p, const struct element *e, const char *key,
    size_t keylen)
{
	struct stored s;

	if (complains(p,
		envelope_store(&e->envelope, p->db, p->format, &p->bytes, &s)))
		return;
	if (s.len > p->max_value)
		store_failed(p, SKV_TOOBIG);
	else
		store_failed(p,
		    skv_txn_put(p->txn, key, keylen, s.data, s.len, &s.attr));
}

static void
add_delete(struct txn_doc *p, const struct element *e, const char *key,
    size_t keylen)
{
	(void)e;
	store_failed(p, skv_txn_delete(p->txn, key, keylen));
}

static void
add_get(struct txn_doc *p, const struct element *e, const char *key,
    size_t keylen)
{
	(void)e;
	store_failed(p, skv_txn_get(p->txn, key, keylen));
}

static void write_put(struct answer *, size_t);
static void write_delete(struct answer *, size_t);
static void write_get(struct answer *, size_t);

/* The operations: how one is added, and its result written. */
static const struct operation {
	const char *name;
	void (*add)(struct txn_doc *, const struct element *, const char *key,
	    size_t keylen);
	void (*write)(struct answer *, size_t index);
} operations[] = {
    {"put", add_put, write_put},
    {"delete", add_delete, write_delete},
    {"get", add_get, write_get},
};

#define NOPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void
add_op(struct txn_doc *p, const struct element *e)
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
		doc_fail(&p->d,
		    "only a put has \"value\", \"ttl\" and "
		    "\"encoding\"");
		return;
	}
	if (complains(p, keyname_get(&e->key, &p->bytes, &key, &keylen)))
		return;
	operations[i].add(p, e, key, keylen);
	/* Remembered for writing the results. */
	code = (char)i;
	if (!buf_add(p->ops, &code, 1))
		store_failed(p, SKV_NOMEM);
}

static void
add_condition(struct txn_doc *p, const struct element *e)
{
	const char *key;
	size_t keylen;
	uint64_t revision;

	if (e->has_etag == e->has_exists) {
		doc_fail(&p->d,
		    "a condition has either \"etag\" or "
		    "\"exists\"");
		return;
	}
	if (complains(p, keyname_get(&e->key, &p->bytes, &key, &keylen)))
		return;
	if (e->has_exists) {
		store_failed(p,
		    e->exists ?
			skv_txn_if_match(p->txn, key, keylen, NULL, 0) :
			skv_txn_if_none_match(p->txn, key, keylen, NULL, 0));
		return;
	}
	revision = etag_revision(e->etag.data, e->etag.len, skv_id(p->db));
	store_failed(p, skv_txn_if_match(p->txn, key, keylen, &revision, 1));
}

static void
read_etag(struct txn_doc *p, struct element *e)
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
read_exists(struct txn_doc *p, struct element *e)
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
read_op_name(struct txn_doc *p, struct element *e)
{
	if (e->has_op)
		doc_fail(&p->d, "\"op\" twice");
	else
		e->has_op = doc_value(&p->d, &e->op);
}

/* Reads one element; "cond" tells which members it may have. */
static void
read_element(struct txn_doc *p, bool cond)
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
			doc_fail(&p->d,
			    cond ? "unknown member of a condition" :
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
read_list(struct txn_doc *p, const char *list, bool *seen, bool cond)
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
read_sync(struct txn_doc *p)
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
		skv_txn_durability(p->txn, v.b ? SKV_SYNC : SKV_ASYNC);
	}
}

static bool
read_txn(struct txn_doc *p)
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
			doc_fail(&p->d,
			    "a transaction has the members \"if\", "
			    "\"ops\" and \"sync\", no other");
	}
	if (!doc_failed(&p->d) && !p->has_ops)
		doc_fail(&p->d, "there is no list \"ops\"");
	return (doc_end(&p->d));
}

bool
txn_doc_read(struct txn_doc *p, enum doc_format format, char *data, size_t len)
{
	char none[1];
	bool ok;

	p->format = format;
	/* The transaction's own containers come on top. */
	doc_reader_init(&p->d, format, data == NULL ? none : data, len,
	    p->max_depth + 3);
	ok = read_txn(p);
	doc_reader_release(&p->d);
	if (doc_error(&p->d) == doc_nomemory || buf_failed(&p->bytes))
		p->err = SKV_NOMEM;
	ok = ok && p->err == SKV_OK;
	p->why = doc_error(&p->d);
	p->offset = doc_offset(&p->d);
	buf_release(&p->bytes);
	return (ok);
}

/* -------------------------------------------------------------- results -- */

static void
write_put(struct answer *a, size_t index)
{
	(void)index;
	(void)doc_w_doc(a->w, a->w->format, a->put.data, a->put.len);
}

static void
write_delete(struct answer *a, size_t index)
{
	(void)index;
	doc_w_map(a->w);
	doc_w_end(a->w);
}

static void
write_get(struct answer *a, size_t index)
{
	const struct txn_doc *p = a->p;
	struct doc_writer *w = a->w;
	struct skv_value v;
	bool found = skv_txn_result(p->txn, index, &v) == SKV_OK;

	doc_w_map(w);
	doc_w_name(w, "found");
	doc_w_bool(w, found);
	if (found) {
		value_write(w, &v);
		value_write_etag(w, skv_id(p->db), v.revision);
		value_write_ttl(w, p->db, &v);
	} else {
		doc_w_name(w, "value");
		doc_w_null(w);
	}
	doc_w_end(w);
}

/* The results of puts are alike, for they have the same revision. */
static void
make_put(struct answer *a)
{
	struct doc_writer w;

	doc_writer_init(&w, a->w->format, &a->put);
	doc_w_map(&w);
	value_write_etag(&w, skv_id(a->p->db), skv_txn_revision(a->p->txn));
	doc_w_end(&w);
	if (buf_failed(&a->put))
		a->w->out->failed = true;
}

static bool
write_results(struct answer *a, uint64_t max)
{
	size_t i, n = skv_txn_size(a->p->txn);

	doc_w_array(a->w);
	for (i = 0; i < n; i++) {
		operations[(unsigned char)a->p->ops->data[i]].write(a, i);
		if (a->w->out->len > max)
			return (false);
	}
	doc_w_end(a->w);
	return (true);
}

bool
txn_doc_answer(const struct txn_doc *p, struct doc_writer *w, uint64_t max)
{
	struct answer a = {.p = p, .w = w};
	bool ok;

	doc_w_map(w);
	doc_w_name(w, "status");
	doc_w_text(w, "ok", 2);
	doc_w_name(w, "revision");
	doc_w_uint(w, skv_txn_revision(p->txn));
	doc_w_name(w, "durable");
	doc_w_bool(w, skv_txn_durable(p->txn));
	doc_w_name(w, "results");
	make_put(&a);
	ok = write_results(&a, max);
	buf_release(&a.put);
	if (ok)
		doc_w_end(w);
	return (ok);
}

void
txn_doc_failed(const struct txn_doc *p, struct doc_writer *w)
{
	struct skv_failure f;
	enum skv_err err;
	size_t i;

	doc_w_name(w, "failed");
	doc_w_array(w);
	for (i = 0; (err = skv_txn_failure(p->txn, i, &f)) != SKV_INVALID;
	     i++) {
		if (err != SKV_OK)
			continue;
		doc_w_map(w);
		doc_w_name(w, "index");
		doc_w_uint(w, i);
		keyname_write(w, f.key, f.keylen);
		if (f.revision != 0)
			value_write_etag(w, skv_id(p->db), f.revision);
		else {
			doc_w_name(w, "etag");
			doc_w_null(w);
		}
		doc_w_end(w);
	}
	doc_w_end(w);
}
