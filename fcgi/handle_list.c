/* SPDX-License-Identifier: MIT */
/*
 * GET /kv as a page of a list, or a count; DELETE /kv for a range. A page is
 * one scan, bounded in items and in bytes, and ends with a cursor that holds
 * the bound from which the next page goes on.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "fcgi/cursor.h"
#include "fcgi/handle_many.h"
#include "fcgi/log.h"
#include "fcgi/response.h"
#include "fcgi/router.h"
#include "fcgi/server.h"
#include "fcgi/task.h"
#include "fcgi/value.h"

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 10000
/* A page ends when it has this many bytes; it has one item at least. */
#define PAGE_BYTES (4UL << 20)

struct list {
	struct request *r;
	struct skv_range range; /* as the client gave it */
	const char *delimiter;
	size_t delimiterlen;
	uint64_t limit;
	bool values;

	uint64_t tag;	    /* of its cursors */
	struct buf bound;   /* of the cursor that was given */
	struct buf next;    /* bound of the next page */
	struct buf groups;  /* the member "prefixes", as it grows */
	struct doc_writer groups_w;
	uint64_t n; /* items and groups so far */
};

static void
param_bytes(const struct query *q, const char *name, const void **ret,
    size_t *ret_len)
{
	const struct query_param *p = query_find(q, name);

	*ret = p == NULL ? "" : p->value;
	*ret_len = p == NULL ? 0 : p->valuelen;
}

bool
request_range(struct request *r, struct skv_range *ret)
{
	const struct {
		const char *name;
		const void **data;
		size_t *len;
	} rows[] = {
	    {"prefix", &ret->prefix, &ret->prefixlen},
	    {"start", &ret->start, &ret->startlen},
	    {"end", &ret->end, &ret->endlen},
	};
	size_t i;

	*ret = (struct skv_range){.reverse = false};
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		param_bytes(&r->query, rows[i].name, rows[i].data, rows[i].len);
		if (*rows[i].len <= SKV_KEYMAX)
			continue;
		response_problem(r, 400,
		    "parameter \"%s\" is over %d bytes, the longest key",
		    rows[i].name, SKV_KEYMAX);
		return (false);
	}
	return (true);
}

/* The range that is left after the cursor. */
static struct skv_range
page_range(const struct list *l)
{
	struct skv_range range = l->range;

	if (l->bound.data == NULL)
		return (range);
	if (range.reverse) {
		range.end = l->bound.data;
		range.endlen = l->bound.len;
	} else {
		range.start = l->bound.data;
		range.startlen = l->bound.len;
	}
	return (range);
}

/*
 * The group of a key: up to and including the first delimiter after the
 * prefix. 0 when it is in none.
 */
static size_t
group_of(const struct list *l, const char *key, size_t len)
{
	const char *p;

	if (l->delimiterlen == 0)
		return (0);
	p = memmem(key + l->range.prefixlen, len - l->range.prefixlen,
	    l->delimiter, l->delimiterlen);
	return (p == NULL ? 0 : (size_t)(p - key) + l->delimiterlen);
}

/* Sets the bound behind a key, or behind all keys of a group. */
static bool
set_next(struct list *l, const char *key, size_t len, bool group)
{
	buf_reset(&l->next);
	if (!buf_add(&l->next, key, len))
		return (false);
	if (l->range.reverse)
		return (true); /* an exclusive end */
	if (!group)
		return (buf_addc(&l->next, '\0'));
	/* Past all that begin with it: add one to its last byte below 255.
	 * With none such there is nothing behind. */
	while (l->next.len > 0 &&
	    (unsigned char)l->next.data[l->next.len - 1] == 0xff)
		l->next.len--;
	if (l->next.len > 0)
		l->next.data[l->next.len - 1]++;
	return (true);
}

static void
write_group(struct list *l, const char *prefix, size_t len)
{
	struct doc_writer *w = &l->groups_w;

	if (utf8_ok(prefix, len))
		doc_w_text(w, prefix, len);
	else if (w->format == DOC_CBOR)
		doc_w_bytes(w, prefix, len);
	else {
		doc_w_map(w);
		doc_w_name(w, "prefix64");
		doc_w_bytes(w, prefix, len);
		doc_w_end(w);
	}
}

static void
write_item(struct list *l, const char *key, size_t len,
    const struct skv_value *v)
{
	struct request *r = l->r;
	struct doc_writer *w = &r->writer;
	char buf[SKV_TYPEMAX + 1];
	const char *type = value_type(&v->attr, buf);

	doc_w_map(w);
	keyname_write(w, key, len);
	value_write_etag(w, skv_id(r->server->db), v->revision);
	doc_w_name(w, "size");
	doc_w_uint(w, v->len);
	doc_w_name(w, "type");
	doc_w_text(w, type, strlen(type));
	value_write_ttl(w, r->server->db, v);
	if (l->values)
		value_write(w, v);
	doc_w_end(w);
}

/*
 * Writes the page's items and collects its groups. *ret_more tells whether
 * there is something behind them.
 */
static enum skv_err
write_page(struct list *l, struct skv_scan *scan, bool *ret_more)
{
	const void *key;
	struct skv_value v;
	enum skv_err err;
	size_t group, len;

	*ret_more = false;
	while ((err = skv_scan_next(scan, &key, &len, &v)) == SKV_OK) {
		if (l->n == l->limit ||
		    (l->n > 0 &&
			l->r->text.len + l->groups.len > PAGE_BYTES)) {
			*ret_more = true;
			return (SKV_OK);
		}
		l->n++;
		group = group_of(l, key, len);
		if (group == 0)
			write_item(l, key, len, &v);
		else
			write_group(l, key, group);
		if (!set_next(l, key, group == 0 ? len : group, group != 0))
			return (SKV_NOMEM);
		if (group == 0)
			continue;
		if (l->next.len == 0)
			return (SKV_OK); /* nothing sorts behind the group */
		err = skv_scan_seek(scan, l->next.data, l->next.len);
		if (err != SKV_OK)
			return (err);
	}
	return (err == SKV_NOTFOUND ? SKV_OK : err);
}

static void
percent_encode(struct buf *b, const char *data, size_t len)
{
	static const char plain[] = "-._~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] != '\0' && strchr(plain, data[i]) != NULL)
			(void)buf_addc(b, data[i]);
		else
			(void)buf_printf(b, "%%%02X", (unsigned char)data[i]);
	}
}

/*
 * The Link field: this request's parameters, written anew so that nothing in
 * them can end the field or the address, with another cursor.
 */
static void
link_header(struct list *l, const struct buf *cursor)
{
	const struct query *q = &l->r->query;
	struct buf *h = &l->r->head;
	const struct query_param *p;

	(void)buf_adds(h, "Link: </kv?");
	for (p = q->param; p < q->param + q->n; p++) {
		if (p == query_find(q, "cursor"))
			continue;
		(void)buf_add(h, p->name, p->namelen);
		(void)buf_addc(h, '=');
		if (p == query_find(q, "limit"))
			(void)buf_printf(h, "%" PRIu64, l->limit);
		else
			percent_encode(h, p->value, p->valuelen);
		(void)buf_addc(h, '&');
	}
	(void)buf_adds(h, "cursor=");
	(void)buf_add(h, cursor->data, cursor->len);
	(void)buf_adds(h, ">; rel=\"next\"\r\n");
}

/* Ends the document and sends it. */
static void
send_page(struct list *l, bool more)
{
	struct request *r = l->r;
	struct doc_writer *w = &r->writer;
	struct buf cursor = {0};

	doc_w_end(w);
	if (l->delimiterlen > 0) {
		doc_w_end(&l->groups_w);
		doc_w_name(w, "prefixes");
		doc_w_doc(w, r->answer, l->groups.data, l->groups.len);
	}
	doc_w_name(w, "cursor");
	response_begin(r, 200);
	response_header(r, "Vary", "Accept");
	if (more && cursor_format(&cursor, l->tag, l->next.data, l->next.len)) {
		doc_w_text(w, cursor.data, cursor.len);
		link_header(l, &cursor);
	} else
		doc_w_null(w);
	doc_w_end(w);
	if (r->answer == DOC_JSON)
		(void)buf_addc(&r->text, '\n');
	/* A page without its cursor would look like the last one. */
	if (buf_failed(&cursor) || buf_failed(&l->groups))
		r->text.failed = true;
	buf_release(&cursor);
	response_send_text(r, answer_type(r->answer));
}

static void
list_page(struct list *l)
{
	struct request *r = l->r;
	struct skv_range range = page_range(l);
	struct skv_scan *scan;
	enum skv_err err;
	bool more;

	err = skv_scan_open(r->server->db, &range, &scan);
	if (err == SKV_OK) {
		doc_writer_init(&r->writer, r->answer, &r->text);
		doc_writer_init(&l->groups_w, r->answer, &l->groups);
		doc_w_array(&l->groups_w);
		doc_w_map(&r->writer);
		doc_w_name(&r->writer, "items");
		doc_w_array(&r->writer);
		err = write_page(l, scan, &more);
		skv_scan_close(scan);
	}
	if (err == SKV_OK)
		send_page(l, more);
	else
		response_store_error(r, err, SKV_APPLIED_NO, "");
}

/* Reads the parameters of a list; false when an answer has been sent. */
static bool
read_params(struct list *l)
{
	struct request *r = l->r;
	const struct query_param *p;
	const void *delimiter;

	if (!request_range(r, &l->range) ||
	    !request_uint(r, "limit", 1, LIMIT_MAX, &l->limit) ||
	    !request_bool(r, "reverse", &l->range.reverse) ||
	    !request_bool(r, "values", &l->values))
		return (false);
	param_bytes(&r->query, "delimiter", &delimiter, &l->delimiterlen);
	if (l->delimiterlen > SKV_KEYMAX) {
		response_problem(r, 400,
		    "parameter \"delimiter\" is over %d bytes, the longest key",
		    SKV_KEYMAX);
		return (false);
	}
	l->delimiter = delimiter;
	l->tag = cursor_tag(skv_id(r->server->db), &l->range, l->delimiter,
	    l->delimiterlen);
	p = query_find(&r->query, "cursor");
	if (p == NULL || cursor_parse(&l->bound, l->tag, p->value, p->valuelen))
		return (true);
	response_problem(r, 400,
	    "the cursor is not one of this list: take it as it was given, with "
	    "the same prefix, start, end, reverse and delimiter");
	return (false);
}

static void
send_number(struct request *r, const char *name, uint64_t n)
{
	doc_writer_init(&r->writer, r->answer, &r->text);
	doc_w_map(&r->writer);
	doc_w_name(&r->writer, name);
	doc_w_uint(&r->writer, n);
	doc_w_end(&r->writer);
	if (r->answer == DOC_JSON)
		(void)buf_addc(&r->text, '\n');
	response_begin(r, 200);
	response_header(r, "Vary", "Accept");
	response_send_text(r, answer_type(r->answer));
}

static void
count_task(struct request *r)
{
	struct skv_range range;
	enum skv_err err;
	uint64_t n;

	if (!request_range(r, &range))
		return;
	err = skv_count(r->server->db, &range, &n);
	if (err == SKV_OK)
		send_number(r, "count", n);
	else
		response_store_error(r, err, SKV_APPLIED_NO, "");
}

void
handle_list(struct request *r)
{
	static const char *const allowed[] = {"prefix", "start", "end", "limit",
	    "reverse", "values", "delimiter", "cursor", NULL};
	struct list l = {.r = r, .limit = LIMIT_DEFAULT};

	if (request_query_only(r, allowed) && read_params(&l))
		list_page(&l);
	buf_release(&l.bound);
	buf_release(&l.next);
	buf_release(&l.groups);
}

void
handle_count(struct request *r)
{
	static const char *const allowed[] = {"count", "prefix", "start", "end",
	    NULL};

	if (request_query_only(r, allowed))
		task_run(r, count_task);
}

static void
delete_task(struct request *r)
{
	struct skv_range range;
	enum skv_err err;
	uint64_t n = 0;

	if (!request_range(r, &range))
		return;
	err = skv_delete_range(r->server->db, &range, &n);
	if (err == SKV_OK) {
		send_number(r, "deleted", n);
		return;
	}
	log_warnx("request %s: range half deleted: %llu keys", r->id,
	    (unsigned long long)n);
	response_store_error(r, err, SKV_APPLIED_UNKNOWN, "");
}

void
handle_delete_range(struct request *r)
{
	static const char *const allowed[] = {"prefix", "start", "end", "all",
	    NULL};
	struct skv_range range;
	enum answer answer;
	bool all = false;

	if (!request_query_only(r, allowed) || !request_bool(r, "all", &all) ||
	    !request_range(r, &range) ||
	    !request_answer(r, 2, ANSWER_JSON, &answer))
		return;
	if (!all && range.prefixlen + range.startlen + range.endlen == 0)
		response_problem(r, 400,
		    "say what to delete: prefix=, start= and end=, or all=true");
	else if (all && range.prefixlen + range.startlen + range.endlen > 0)
		response_problem(r, 400,
		    "all=true goes with no prefix, start or end");
	else {
		r->answer = answer == ANSWER_CBOR ? DOC_CBOR : DOC_JSON;
		task_run(r, delete_task);
	}
}
