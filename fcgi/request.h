/* SPDX-License-Identifier: MIT */
/*
 * A request: what nginx told about it, taken apart, and the response that is
 * being made.
 *
 * 1. request_serve() makes one from a connection and calls its handler. The
 *    handler either sends a response, which ends the request and frees it, or
 *    leaves it with a submitted transaction whose completion does so, possibly
 *    on another thread. It has one owner at any time.
 * 2. Strings and spans last until the response is sent.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/doc.h"
#include "fcgi/uri.h"
#include "store/scribekv.h"

struct conn;
struct route;
struct server;

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_PUT,
	METHOD_POST,
	METHOD_DELETE,
	METHOD_OTHER,
};

struct request {
	unsigned magic;
	struct conn *conn;
	struct server *server;
	const struct route *route;
	int64_t start_ns;

	enum method method;
	const char *method_raw; /* never NULL */
	const char *uri_raw;	/* never NULL */
	const char *id;		/* never NULL */
	/* Fields of the request, NULL when absent. */
	const char *content_type;
	const char *content_length;
	const char *accept;
	const char *if_match;
	const char *if_none_match;
	const char *range;
	const char *if_range;

	struct uri uri;
	const char *key; /* of the routes for one key */
	size_t keylen;
	struct skv_txn *txn; /* owned */

	/* The response being made; see response.h. */
	unsigned status;
	struct doc_writer writer; /* into "text" */

	/* Of the handlers. */
	bool created;		/* a PUT that can only create answers 201 */
	char put_etag;		/* letter of the representation that was put */
	enum doc_format answer; /* what a list or transaction is answered in */

	/*
	 * Zero above here in a new request. Below is what the thread may have
	 * kept of an earlier one: empty buffers with their memory, and that
	 * one's transaction, reset, with the handle it is for.
	 */
	struct query query;
	struct buf decoded; /* what "query" and "key" point into */
	struct buf body;
	struct buf head;
	struct buf text;
	struct buf ops; /* kinds of a transaction's operations, in order */
	struct skv_txn *kept_txn;
	struct skv *kept_db;
	struct request *next; /* of those kept */
};

/*
 * From now on the calling thread keeps a few requests that have ended, for its
 * next ones, to save allocations; until it frees them, which it must before it
 * ends. Other threads keep none.
 */
void request_keep(void);
void request_free_kept(void);

void request_serve(struct conn *);
/* Frees the request and gives its connection back. */
void request_end(struct request *);
/* The same in the middle of a response: the client sees it break off. */
void request_abort(struct request *);

/*
 * Reads the body, of at most "max" bytes, into r->body. False: the answer (400,
 * 413, 503) has been sent. "what" names the limit in the message.
 */
bool request_body(struct request *, uint64_t max, const char *what);
/* The body is not needed any more: gives its memory up, if it is much. */
void request_body_done(struct request *);
/*
 * Checks that the query has no parameters but those in the list, which ends
 * with NULL. False: 400 has been sent.
 */
bool request_query_only(struct request *, const char *const *names);
/*
 * Makes r->txn, with the durability that the parameter "sync" asks for. False:
 * an answer has been sent.
 */
bool request_txn(struct request *);
/*
 * Reads the parameter "name" as a flag or number, if it is there. False: 400
 * has been sent.
 */
bool request_bool(struct request *, const char *name, bool *ret);
bool request_uint(struct request *, const char *name, uint64_t least,
    uint64_t greatest, uint64_t *ret);
#endif
