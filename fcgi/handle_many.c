/* SPDX-License-Identifier: MIT */
/*
 * /kv, for many keys: which of its meanings a request has, and what their
 * handlers share.
 */
#include "config.h"

#include <string.h>

#include "fcgi/handle_many.h"
#include "fcgi/header.h"
#include "fcgi/response.h"
#include "fcgi/router.h"
#include "fcgi/value.h"

bool
keyname_member(struct keyname *k, struct doc_reader *d, const char *name,
    size_t len)
{
	struct doc_value v;
	bool base64 = text_is(name, len, "key64");

	if (!base64 && !text_is(name, len, "key"))
		return (false);
	if (k->data != NULL)
		doc_fail(d, "a key is named twice");
	else if (!doc_value(d, &v))
		return (true);
	else if (v.type != DOC_TEXT && (base64 || v.type != DOC_BYTES))
		doc_fail(d, "a key is not a string");
	else {
		k->data = v.data;
		k->len = v.len;
		k->base64 = base64;
	}
	return (true);
}

const char *
keyname_get(const struct keyname *k, struct buf *scratch, const char **ret_key,
    size_t *ret_len)
{
	size_t from = scratch->len;
	bool memory;

	if (k->data == NULL)
		return ("there is no \"key\"");
	*ret_key = k->data;
	*ret_len = k->len;
	if (k->base64) {
		if (!base64_decode(scratch, k->data, k->len, &memory) &&
		    !memory)
			return ("\"key64\" is not base64");
		*ret_key = scratch->data == NULL ? "" : scratch->data + from;
		*ret_len = scratch->len - from;
	}
	if (*ret_len == 0)
		return ("the key is empty");
	if (*ret_len > SKV_KEYMAX)
		return ("the key is over 1024 bytes");
	return (NULL);
}

void
keyname_write(struct doc_writer *w, const char *key, size_t len)
{
	if (utf8_ok(key, len)) {
		doc_w_name(w, "key");
		doc_w_text(w, key, len);
	} else {
		doc_w_name(w, w->format == DOC_JSON ? "key64" : "key");
		doc_w_bytes(w, key, len);
	}
}

const char *
answer_type(enum doc_format format)
{
	return (format == DOC_CBOR ? TYPE_CBOR : TYPE_JSON);
}

bool
request_answer(struct request *r, unsigned n, enum answer deflt,
    enum answer *ret)
{
	static const char *const offers[] = {
	    [ANSWER_JSON] = TYPE_JSON,
	    [ANSWER_CBOR] = TYPE_CBOR,
	    [ANSWER_NDJSON] = TYPE_NDJSON,
	};
	bool prefers;
	int i;

	i = accept_choose(r->accept, offers, n, &prefers);
	if (i < 0) {
		response_problem(r, 406, "Accept allows none of %s, %s%s%s",
		    TYPE_JSON, TYPE_CBOR, n > ANSWER_NDJSON ? ", " : "",
		    n > ANSWER_NDJSON ? TYPE_NDJSON : "");
		return (false);
	}
	*ret = prefers ? (enum answer)i : deflt;
	return (true);
}

void
handle_collection_get(struct request *r)
{
	enum answer answer;
	bool count = false;

	if (!request_bool(r, "count", &count) ||
	    !request_answer(r, count ? 2 : 3, ANSWER_JSON, &answer))
		return;
	r->answer = answer == ANSWER_CBOR ? DOC_CBOR : DOC_JSON;
	if (count)
		handle_count(r);
	else if (answer == ANSWER_NDJSON)
		handle_export(r);
	else
		handle_list(r);
}

void
handle_collection_post(struct request *r)
{
	enum answer answer, deflt;

	if (media_type_is(r->content_type, TYPE_NDJSON)) {
		handle_import(r);
		return;
	}
	if (media_type_is(r->content_type, TYPE_JSON))
		deflt = ANSWER_JSON;
	else if (media_type_is(r->content_type, TYPE_CBOR))
		deflt = ANSWER_CBOR;
	else {
		response_problem_begin(r, 415,
		    "Content-Type is to be application/json or "
		    "application/cbor for a transaction, or "
		    "application/x-ndjson for an import");
		response_header(r, "Accept-Post", "%s, %s, %s", TYPE_JSON,
		    TYPE_CBOR, TYPE_NDJSON);
		response_problem_send(r);
		return;
	}
	if (!request_answer(r, 2, deflt, &answer))
		return;
	r->answer = answer == ANSWER_CBOR ? DOC_CBOR : DOC_JSON;
	handle_txn(r, deflt == ANSWER_CBOR ? DOC_CBOR : DOC_JSON);
}
