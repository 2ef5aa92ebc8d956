/* SPDX-License-Identifier: MIT */
/*
 * /kv, for many keys: which of its meanings a request has, and what their
 * handlers share.
 */
#include "config.h"

#include "fcgi/handle_many.h"
#include "fcgi/header.h"
#include "fcgi/response.h"
#include "fcgi/router.h"

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
