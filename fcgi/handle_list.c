/* SPDX-License-Identifier: MIT */
/*
 * GET /kv as a page of a list, or a count; DELETE /kv for a range. A page ends
 * with a cursor, which holds the bound from which the next page goes on.
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
#include "wire/page.h"

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 10000

struct list {
	struct request *r;
	struct page page;
	uint64_t tag;	  /* of its cursors */
	struct buf bound; /* of the cursor that was given */
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
			(void)buf_printf(h, "%" PRIu64, l->page.limit);
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
send_page(struct list *l)
{
	struct request *r = l->r;
	struct doc_writer *w = &r->writer;
	const struct buf *next = &l->page.next;
	struct buf cursor = {0};

	doc_w_name(w, "cursor");
	response_begin(r, 200);
	response_header(r, "Vary", "Accept");
	if (l->page.more &&
	    cursor_format(&cursor, l->tag, next->data, next->len)) {
		doc_w_text(w, cursor.data, cursor.len);
		link_header(l, &cursor);
	} else
		doc_w_null(w);
	doc_w_end(w);
	if (r->answer == DOC_JSON)
		(void)buf_addc(&r->text, '\n');
	/* A page without its cursor would look like the last one. */
	if (buf_failed(&cursor))
		r->text.failed = true;
	buf_release(&cursor);
	response_send_text(r, answer_type(r->answer));
}

static void
list_page(struct list *l)
{
	struct request *r = l->r;
	enum skv_err err;

	l->page.db = r->server->db;
	if (l->bound.data != NULL)
		page_continue(&l->page, l->bound.data, l->bound.len);
	doc_writer_init(&r->writer, r->answer, &r->text);
	doc_w_map(&r->writer);
	err = page_write(&l->page, &r->writer);
	if (err == SKV_OK)
		send_page(l);
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

	if (!request_range(r, &l->page.range) ||
	    !request_uint(r, "limit", 1, LIMIT_MAX, &l->page.limit) ||
	    !request_bool(r, "reverse", &l->page.range.reverse) ||
	    !request_bool(r, "values", &l->page.values))
		return (false);
	param_bytes(&r->query, "delimiter", &delimiter, &l->page.delimiterlen);
	if (l->page.delimiterlen > SKV_KEYMAX) {
		response_problem(r, 400,
		    "parameter \"delimiter\" is over %d bytes, the longest key",
		    SKV_KEYMAX);
		return (false);
	}
	l->page.delimiter = delimiter;
	l->tag = cursor_tag(skv_id(r->server->db), &l->page.range,
	    l->page.delimiter, l->page.delimiterlen);
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
	struct list l = {.r = r, .page.limit = LIMIT_DEFAULT};

	if (request_query_only(r, allowed) && read_params(&l))
		list_page(&l);
	buf_release(&l.bound);
	page_release(&l.page);
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
