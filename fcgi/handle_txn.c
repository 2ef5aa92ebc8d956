/* SPDX-License-Identifier: MIT */
/* POST /kv: a transaction, in JSON or CBOR; wire/txn.h says what one is. */
#include "config.h"

#include <string.h>

#include "base/check.h"
#include "fcgi/handle_many.h"
#include "fcgi/response.h"
#include "fcgi/server.h"
#include "fcgi/task.h"
#include "wire/txn.h"

/* Bytes of values from which on an answer is written by a task: completions
 * run on threads, the syncer's among them, that others wait for. */
#define ANSWER_LARGE 65536

static struct txn_doc
document(struct request *r)
{
	const struct conf *conf = r->server->conf;

	return ((struct txn_doc){
	    .db = r->server->db,
	    .txn = r->txn,
	    .ops = &r->ops,
	    .max_value = conf->store_options.max_value,
	    .max_depth = conf->max_depth,
	});
}

static void
bad_txn(struct request *r, const struct txn_doc *d)
{
	if (d->err != SKV_OK && d->err != SKV_TOOBIG && d->err != SKV_INVALID) {
		response_store_error(r, d->err, SKV_APPLIED_NO, "");
		return;
	}
	if (d->err == SKV_TOOBIG)
		response_problem_begin(r, 413,
		    "a value is over max_value, or "
		    "all of them over max_txn");
	else
		response_problem_begin(r, 400, d->why);
	if (d->list != NULL) {
		doc_w_name(&r->writer, "list");
		doc_w_text(&r->writer, d->list, strlen(d->list));
		doc_w_name(&r->writer, "index");
		doc_w_uint(&r->writer, d->index);
	}
	doc_w_name(&r->writer, "offset");
	doc_w_uint(&r->writer, d->offset);
	response_problem_send(r);
}

static void
txn_conflict(struct request *r)
{
	const struct txn_doc d = document(r);

	response_problem_begin(r, 409,
	    "a condition is false; nothing was "
	    "changed");
	txn_doc_failed(&d, &r->writer);
	response_problem_send(r);
}

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
	const struct txn_doc d = document(r);

	doc_writer_init(&r->writer, r->answer, &r->text);
	if (!txn_doc_answer(&d, &r->writer,
		r->server->conf->store_options.max_txn)) {
		answer_too_long(r);
		return;
	}
	if (r->answer == DOC_JSON)
		(void)buf_addc(&r->text, '\n');
	response_begin(r, 200);
	response_header_uint(r, "KV-Revision", skv_txn_revision(r->txn));
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
	struct txn_doc d;
	enum skv_err err;

	if (!request_query_only(r, allowed) || !request_txn(r) ||
	    !request_body(r, r->server->conf->store_options.max_txn, "max_txn"))
		return;
	d = document(r);
	if (!txn_doc_read(&d, format, r->body.data, r->body.len)) {
		bad_txn(r, &d);
		return;
	}
	buf_release(&r->body); /* the transaction has its own copy */
	err = skv_submit(r->txn, txn_done, r);
	if (err != SKV_OK)
		response_store_error(r, err, SKV_APPLIED_NO,
		    skv_txn_error(r->txn));
}
