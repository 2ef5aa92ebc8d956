/* SPDX-License-Identifier: MIT */
/* A store that this process has open: ranges, transactions, streams. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "cli/direct.h"
#include "codec/doc.h"
#include "wire/line.h"
#include "wire/page.h"
#include "wire/txn.h"

#define CHUNK 65536UL /* bytes of an export handed on at once */
/* Bounds of an import's transactions. */
#define COMMIT_LINES 1000
#define COMMIT_BYTES (1UL << 20)

/* ---------------------------------------------------------------- ranges -- */

enum status
direct_list(struct target *t, const struct list_query *q, struct answer *a)
{
	struct page p = {
	    .db = store_of(t),
	    .range = q->range,
	    .delimiter = q->delimiter.data,
	    .delimiterlen = q->delimiter.len,
	    .limit = q->limit,
	    .values = q->values,
	};
	struct doc_writer w;
	struct buf bound = {0};
	enum skv_err err = SKV_OK;
	bool memory;

	answer_reset(a);
	/* A cursor is the bound in base64: the range's own is not needed. */
	if (q->cursor != NULL) {
		if (!base64_decode(&bound, q->cursor, strlen(q->cursor),
			&memory))
			err = memory ? SKV_NOMEM : SKV_INVALID;
		page_continue(&p, bound.data, bound.len);
	}
	doc_writer_init(&w, DOC_JSON, &a->body);
	doc_w_map(&w);
	if (err == SKV_OK)
		err = page_write(&p, &w);
	if (err == SKV_OK) {
		doc_w_name(&w, "cursor");
		if (p.more)
			doc_w_bytes(&w, p.next.data, p.next.len);
		else
			doc_w_null(&w);
		doc_w_end(&w);
		(void)buf_addc(&a->body, '\n');
	}
	page_release(&p);
	buf_release(&bound);
	if (err == SKV_OK && buf_failed(&a->body))
		err = SKV_NOMEM;
	return (err == SKV_OK ? ST_DONE : store_error(a, err, ""));
}

enum status
direct_count(struct target *t, const struct skv_range *r, struct answer *a)
{
	enum skv_err err;

	answer_reset(a);
	err = skv_count(store_of(t), r, &a->count);
	return (err == SKV_OK ? ST_DONE : store_error(a, err, ""));
}

enum status
direct_delete_range(struct target *t, const struct skv_range *r,
    struct answer *a)
{
	enum skv_err err;

	answer_reset(a);
	err = skv_delete_range(store_of(t), r, &a->count);
	if (err == SKV_OK)
		return (ST_DONE);
	a->unknown = true;
	return (store_error(a, err, ""));
}

/* ---------------------------------------------------------- transactions -- */

static enum status
bad_txn(const struct txn_doc *d, struct answer *a)
{
	char at[64] = "";

	if (d->list != NULL)
		(void)snprintf(at, sizeof(at), ", in \"%s\" at index %zu",
		    d->list, d->index);
	if (d->err != SKV_OK && d->err != SKV_INVALID)
		return (store_error(a, d->err, ""));
	return (answer_fail(a, ST_USAGE, "%s (at byte %zu%s)", d->why,
	    d->offset, at));
}

static enum status
txn_conflict(const struct txn_doc *d, struct answer *a)
{
	struct doc_writer w;

	doc_writer_init(&w, DOC_JSON, &a->body);
	doc_w_map(&w);
	txn_doc_failed(d, &w);
	doc_w_end(&w);
	return (answer_fail(a, ST_CONDITION,
	    "a condition is false; nothing was changed"));
}

static enum status
commit_txn(const struct txn_doc *d, struct answer *a)
{
	enum skv_err err = skv_commit(d->txn);
	struct doc_writer w;

	if (err == SKV_CONFLICT)
		return (txn_conflict(d, a));
	if (err != SKV_OK)
		return (txn_error(a, d->txn, err));
	a->revision = skv_txn_revision(d->txn);
	doc_writer_init(&w, DOC_JSON, &a->body);
	if (!txn_doc_answer(d, &w, DIRECT_MAX))
		return (answer_fail(a, ST_USAGE,
		    "this was applied, but the "
		    "answer is too long: get fewer keys at once"));
	(void)buf_addc(&a->body, '\n');
	return (buf_failed(&a->body) ? answer_nomem(a) : ST_DONE);
}

enum status
direct_txn(struct target *t, struct bytes document, enum sync sync,
    struct answer *a)
{
	struct buf copy = {0}, ops = {0};
	struct txn_doc d = {
	    .db = store_of(t),
	    .txn = skv_txn_new(store_of(t)),
	    .ops = &ops,
	    .max_value = DIRECT_MAX,
	    .max_depth = DIRECT_DEPTH,
	};
	enum status st;

	answer_reset(a);
	(void)buf_add(&copy, document.data, document.len);
	if (d.txn == NULL || buf_failed(&copy))
		st = answer_nomem(a);
	else {
		if (sync != SYNC_DEFAULT)
			skv_txn_durability(d.txn,
			    sync == SYNC_YES ? SKV_SYNC : SKV_ASYNC);
		st = txn_doc_read(&d, DOC_JSON, copy.data, copy.len) ?
		    commit_txn(&d, a) :
		    bad_txn(&d, a);
	}
	skv_txn_free(d.txn);
	buf_release(&copy);
	buf_release(&ops);
	return (st);
}

/* --------------------------------------------------------------- streams -- */

struct import {
	struct answer *a;
	struct skv *db;
	struct skv_txn *txn;
	struct buf scratch;
	uint64_t line;	/* lines begun */
	uint64_t nread; /* keys in them; a->count of them are committed */
	size_t bytes;	/* of the lines in the transaction */
};

static enum status
import_commit(struct import *im)
{
	enum skv_err err;

	if (skv_txn_size(im->txn) == 0)
		return (ST_DONE);
	err = skv_commit(im->txn);
	if (err != SKV_OK)
		return (txn_error(im->a, im->txn, err));
	im->a->count = im->nread;
	im->bytes = 0;
	skv_txn_reset(im->txn);
	skv_txn_durability(im->txn, SKV_ASYNC);
	return (ST_DONE);
}

static enum status
import_bad(struct import *im, const char *why)
{
	im->a->line = im->line;
	return (answer_fail(im->a, ST_USAGE, "%s", why));
}

static enum status
import_line(struct import *im, char *data, size_t len)
{
	const char *why = NULL;
	struct line l;
	enum skv_err err;

	im->line++;
	if (line_blank(data, len))
		return (ST_DONE);
	err = line_read(&l, im->db, data, len, DIRECT_DEPTH, &im->scratch,
	    &why);
	if (err == SKV_INVALID)
		return (import_bad(im, why));
	if (err == SKV_OK)
		err = skv_txn_put(im->txn, l.key, l.keylen, l.stored.data,
		    l.stored.len, &l.stored.attr);
	if (err == SKV_INVALID)
		return (import_bad(im,
		    "\"type\" is over 255 bytes or has "
		    "control characters"));
	if (err != SKV_OK)
		return (store_error(im->a, err, ""));
	im->nread++;
	im->bytes += len;
	if (skv_txn_size(im->txn) < COMMIT_LINES && im->bytes < COMMIT_BYTES)
		return (ST_DONE);
	return (import_commit(im));
}

static enum status
import_lines(struct import *im, char *p, size_t len)
{
	char *end = p + len, *nl;
	enum status st = ST_DONE, bad;

	for (; p < end && st == ST_DONE; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		st = import_line(im, p, (size_t)(nl - p));
	}
	/* What came before a bad line is applied, so that it can be told. */
	if (st == ST_DONE || st == ST_USAGE) {
		bad = import_commit(im);
		st = bad != ST_DONE ? bad : st;
	}
	return (st);
}

enum status
direct_import(struct target *t, struct bytes lines, enum sync sync,
    struct answer *a)
{
	struct import im = {.a = a, .db = store_of(t)};
	struct skv_errinfo info = {""};
	struct buf copy = {0};
	enum skv_err err = SKV_OK;
	enum status st;

	answer_reset(a);
	im.txn = skv_txn_new(im.db);
	(void)buf_add(&copy, lines.data, lines.len);
	if (im.txn == NULL || buf_failed(&copy))
		st = answer_nomem(a);
	else {
		skv_txn_durability(im.txn, SKV_ASYNC);
		st = import_lines(&im, copy.data, copy.len);
	}
	if (st == ST_DONE && sync == SYNC_YES)
		err = skv_sync(im.db, &info);
	if (err != SKV_OK) {
		a->unknown = true;
		st = store_error(a, err, info.text);
	}
	a->durable = st == ST_DONE && sync == SYNC_YES && skv_persistent(im.db);
	skv_txn_free(im.txn);
	buf_release(&im.scratch);
	buf_release(&copy);
	return (st);
}

static enum status
export_lines(struct skv_scan *scan, target_sink *sink, void *arg,
    struct answer *a)
{
	struct skv_value v;
	const void *key;
	enum skv_err err;
	size_t len;

	while ((err = skv_scan_next(scan, &key, &len, &v)) == SKV_OK) {
		line_write(&a->body, key, len, &v);
		if (buf_failed(&a->body))
			return (answer_nomem(a));
		if (interrupted())
			return (answer_fail(a, ST_SERVER, "interrupted"));
		if (a->body.len < CHUNK)
			continue;
		if (!sink(a->body.data, a->body.len, arg))
			return (a->status = ST_SERVER);
		buf_reset(&a->body);
	}
	if (err != SKV_NOTFOUND)
		return (store_error(a, err, ""));
	if (a->body.len > 0 && !sink(a->body.data, a->body.len, arg))
		return (a->status = ST_SERVER);
	buf_reset(&a->body);
	return (ST_DONE);
}

enum status
direct_export(struct target *t, const struct skv_range *r, target_sink *sink,
    void *arg, struct answer *a)
{
	struct skv_scan *scan;
	enum skv_err err;
	enum status st;

	answer_reset(a);
	err = skv_scan_open(store_of(t), r, &scan);
	if (err != SKV_OK)
		return (store_error(a, err, ""));
	st = export_lines(scan, sink, arg, a);
	skv_scan_close(scan);
	return (st);
}

/* ---------------------------------------------------------------- health -- */

/* Adds a member; what cannot be made for want of memory is left out. */
static void
add(struct json_object *o, const char *name, struct json_object *value)
{
	if (value == NULL || json_object_object_add(o, name, value) != 0)
		json_object_put(value);
}

static void
fill_health(struct json_object *o, struct skv *db, enum skv_err state)
{
	struct json_object *store = json_object_new_object();
	struct skv_stats s;

	skv_stats(db, &s);
	add(o, "status",
	    json_object_new_string(state == SKV_OK ? "healthy" :
		    state == SKV_NOSPACE	   ? "read-only" :
						     "unhealthy"));
	add(o, "service", json_object_new_string("scribekv"));
	add(o, "version", json_object_new_string(PACKAGE_VERSION));
	if (store == NULL)
		return;
	add(store, "engine", json_object_new_string(skv_engine(db)));
	add(store, "writable", json_object_new_boolean(state == SKV_OK));
	add(store, "revision", json_object_new_uint64(s.revision));
	add(store, "queued", json_object_new_uint64(s.queued));
	add(store, "unsynced_ms", json_object_new_int64(s.unsynced_ms));
	add(o, "store", store);
}

enum status
direct_health(struct target *t, struct answer *a)
{
	struct json_object *o = json_object_new_object();
	struct skv_errinfo info = {""};
	enum skv_err state = skv_status(store_of(t), &info);

	answer_reset(a);
	if (o == NULL)
		return (answer_nomem(a));
	fill_health(o, store_of(t), state);
	(void)buf_adds(&a->body,
	    json_object_to_json_string_ext(o,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	(void)buf_addc(&a->body, '\n');
	json_object_put(o);
	if (buf_failed(&a->body))
		return (answer_nomem(a));
	return (state == SKV_OK ? ST_DONE : store_error(a, state, info.text));
}

enum status
direct_metrics(struct target *t, struct answer *a)
{
	char *text = skv_engine_property(store_of(t), "leveldb.stats");

	answer_reset(a);
	(void)buf_adds(&a->body, text == NULL ? "" : text);
	free(text);
	return (buf_failed(&a->body) ? answer_nomem(a) : ST_DONE);
}
