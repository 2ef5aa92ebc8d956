/* SPDX-License-Identifier: MIT */
/*
 * Private to fcgi/: what the handlers of /kv, for many keys, share.
 */
#ifndef FCGI_HANDLE_MANY_H
#define FCGI_HANDLE_MANY_H

#include "fcgi/request.h"
#include "wire/keyname.h"

/*
 * Chooses the answer's format among the first "n" of JSON, CBOR and NDJSON by
 * Accept, "deflt" without a preference. False when 406 has been sent.
 */
enum answer {
	ANSWER_JSON,
	ANSWER_CBOR,
	ANSWER_NDJSON,
};
bool request_answer(struct request *, unsigned n, enum answer deflt,
    enum answer *ret);
/* The media type of a document. */
const char *answer_type(enum doc_format);
/* The range that prefix=, start= and end= name; false when 400 has been sent.
 */
bool request_range(struct request *, struct skv_range *ret);

/*
 * The handlers behind GET and POST of /kv; r->answer is set where they answer
 * in JSON or CBOR.
 */
void handle_list(struct request *);
void handle_count(struct request *);
void handle_export(struct request *);
void handle_txn(struct request *, enum doc_format);
void handle_import(struct request *);

#endif
