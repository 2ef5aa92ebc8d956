/* SPDX-License-Identifier: MIT */
/*
 * The functions of a target as HTTP requests. Keys go by the parameter "key",
 * which names any key there is.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/http.h"
#include "codec/doc.h"

#define TYPE_JSON "application/json"
#define TYPE_NDJSON "application/x-ndjson"
/* Longest If-Match field: a tag and its quotes. */
#define FIELD_MAX 256

static void
add_sync(struct call *c, enum sync sync)
{
	if (sync == SYNC_YES)
		call_param(c, "sync", "true", 4);
	else if (sync == SYNC_NO)
		call_param(c, "sync", "false", 5);
}

static void
add_range(struct call *c, const struct skv_range *r)
{
	if (r->prefixlen > 0)
		call_param(c, "prefix", r->prefix, r->prefixlen);
	if (r->startlen > 0)
		call_param(c, "start", r->start, r->startlen);
	if (r->endlen > 0)
		call_param(c, "end", r->end, r->endlen);
}

/* A tag in quotes; "*" and what has them already stay as they are. */
static enum status
add_condition(struct call *c, const struct condition *cond,
    char field[FIELD_MAX], struct answer *a)
{
	const char *tag = cond->if_match;
	bool bare;

	c->if_absent = cond->if_absent;
	if (tag == NULL)
		return (ST_DONE);
	bare = strcmp(tag, "*") != 0 && *tag != '"';
	if (strlen(tag) > FIELD_MAX - 3 || strpbrk(tag, "\r\n") != NULL)
		return (answer_fail(a, ST_USAGE, "\"%s\" is no entity tag",
		    tag));
	(void)snprintf(field, FIELD_MAX, "%s%s%s", bare ? "\"" : "", tag,
	    bare ? "\"" : "");
	c->if_match = field;
	return (ST_DONE);
}

static enum status
op_get(struct target *t, struct bytes key, bool envelope, struct answer *a)
{
	struct call c = {.method = "GET", .path = "/kv"};

	call_param(&c, "key", key.data, key.len);
	if (envelope)
		c.accept = TYPE_JSON;
	else
		call_param(&c, "raw", "true", 4);
	return (call_perform((struct http *)t, &c, a));
}

/* Reads "revision", "durable", "count", "deleted" and "imported". */
static enum status
read_numbers(struct answer *a)
{
	struct doc_reader d;
	struct doc_value v;
	struct buf copy = {0};
	const char *name;
	size_t len;
	bool ok;

	(void)buf_add(&copy, a->body.data, a->body.len);
	(void)buf_addc(&copy, ' ');
	if (buf_failed(&copy))
		return (answer_nomem(a));
	doc_reader_init(&d, DOC_JSON, copy.data, copy.len, DOC_DEPTHMAX);
	if (doc_map_begin(&d))
		while (doc_map_next(&d, &name, &len)) {
			if (!doc_value(&d, &v))
				break;
			if (v.type == DOC_BOOL && len == 7)
				a->durable = v.b;
			else if (v.type == DOC_INT && v.i >= 0 && len == 8 &&
			    memcmp(name, "revision", 8) == 0)
				a->revision = (uint64_t)v.i;
			else if (v.type == DOC_INT && v.i >= 0)
				a->count = (uint64_t)v.i;
		}
	ok = doc_end(&d);
	doc_reader_release(&d);
	buf_release(&copy);
	if (ok)
		return (ST_DONE);
	return (answer_fail(a, ST_SERVER,
	    "the answer is none of scribekv's: is this the right --url?"));
}

static enum status
perform_numbers(struct target *t, struct call *c, struct answer *a)
{
	enum status st = call_perform((struct http *)t, c, a);

	return (st == ST_DONE ? read_numbers(a) : st);
}

static enum status
op_put(struct target *t, struct bytes key, const struct put *p,
    struct answer *a)
{
	struct call c = {.method = "PUT", .path = "/kv", .write = true};
	char field[FIELD_MAX];
	struct buf envelope = {0};
	enum status st;

	call_param(&c, "key", key.data, key.len);
	if (p->ttl != 0)
		call_param_uint(&c, "ttl", p->ttl);
	add_sync(&c, p->sync);
	c.body = p->value;
	c.content_type = p->type;
	if (p->json) {
		(void)buf_adds(&envelope, "{\"value\":");
		(void)buf_add(&envelope, p->value.data, p->value.len);
		(void)buf_addc(&envelope, '}');
		c.body = (struct bytes){envelope.data, envelope.len};
		c.content_type = TYPE_JSON;
	} else
		call_param(&c, "raw", "true", 4);
	st = add_condition(&c, &p->condition, field, a);
	if (st == ST_DONE && buf_failed(&envelope))
		st = answer_nomem(a);
	if (st == ST_DONE)
		st = perform_numbers(t, &c, a);
	else
		buf_release(&c.query);
	buf_release(&envelope);
	return (st);
}

static enum status
op_del(struct target *t, struct bytes key, const struct condition *cond,
    enum sync sync, struct answer *a)
{
	struct call c = {.method = "DELETE", .path = "/kv", .write = true};
	char field[FIELD_MAX];
	enum status st;

	call_param(&c, "key", key.data, key.len);
	add_sync(&c, sync);
	st = add_condition(&c, cond, field, a);
	if (st == ST_DONE)
		return (call_perform((struct http *)t, &c, a));
	buf_release(&c.query);
	return (st);
}

static enum status
op_list(struct target *t, const struct list_query *q, struct answer *a)
{
	struct call c = {.method = "GET", .path = "/kv", .accept = TYPE_JSON};

	add_range(&c, &q->range);
	call_param_uint(&c, "limit", q->limit);
	if (q->range.reverse)
		call_param(&c, "reverse", "true", 4);
	if (q->values)
		call_param(&c, "values", "true", 4);
	if (q->delimiter.len > 0)
		call_param(&c, "delimiter", q->delimiter.data,
		    q->delimiter.len);
	if (q->cursor != NULL)
		call_param(&c, "cursor", q->cursor, strlen(q->cursor));
	return (call_perform((struct http *)t, &c, a));
}

static enum status
op_count(struct target *t, const struct skv_range *r, struct answer *a)
{
	struct call c = {.method = "GET", .path = "/kv", .accept = TYPE_JSON};

	call_param(&c, "count", "true", 4);
	add_range(&c, r);
	return (perform_numbers(t, &c, a));
}

static enum status
op_delete_range(struct target *t, const struct skv_range *r, struct answer *a)
{
	struct call c = {.method = "DELETE",
	    .path = "/kv",
	    .write = true,
	    .accept = TYPE_JSON};

	add_range(&c, r);
	if (c.query.len == 0)
		call_param(&c, "all", "true", 4);
	return (perform_numbers(t, &c, a));
}

static enum status
op_txn(struct target *t, struct bytes document, enum sync sync,
    struct answer *a)
{
	struct call c = {.method = "POST",
	    .path = "/kv",
	    .write = true,
	    .body = document,
	    .content_type = TYPE_JSON,
	    .accept = TYPE_JSON};

	add_sync(&c, sync);
	return (call_perform((struct http *)t, &c, a));
}

static enum status
op_import(struct target *t, struct bytes lines, enum sync sync,
    struct answer *a)
{
	struct call c = {.method = "POST",
	    .path = "/kv",
	    .write = true,
	    .body = lines,
	    .content_type = TYPE_NDJSON};

	add_sync(&c, sync);
	return (perform_numbers(t, &c, a));
}

static enum status
op_export(struct target *t, const struct skv_range *r, target_sink *sink,
    void *arg, struct answer *a)
{
	struct call c = {.method = "GET",
	    .path = "/kv",
	    .accept = TYPE_NDJSON,
	    .sink = sink,
	    .sink_arg = arg};

	add_range(&c, r);
	return (call_perform((struct http *)t, &c, a));
}

static enum status
op_health(struct target *t, struct answer *a)
{
	struct call c = {.method = "GET", .path = "/health", .once = true};

	return (call_perform((struct http *)t, &c, a));
}

static enum status
op_metrics(struct target *t, struct answer *a)
{
	struct call c = {.method = "GET", .path = "/metrics"};

	return (call_perform((struct http *)t, &c, a));
}

const struct target_ops http_ops = {
    .get = op_get,
    .put = op_put,
    .del = op_del,
    .list = op_list,
    .count = op_count,
    .delete_range = op_delete_range,
    .txn = op_txn,
    .import = op_import,
    .export = op_export,
    .health = op_health,
    .metrics = op_metrics,
    .close = http_close,
};
