/* SPDX-License-Identifier: MIT */
/*
 * Private to http*.c: a server, and one request to it.
 *
 * When a request is sent again. A read is repeated after any failure of the
 * connection, and when the server is overloaded. A write is repeated only when
 * it provably never left, which is when no connection came about: an answer
 * that got lost would otherwise be a write that is done twice. For the same
 * reason writes get a connection of their own, because libcurl by itself
 * resends on a new connection what a kept-alive one swallowed.
 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <curl/curl.h>

#include "cli/target.h"

struct http {
	struct target target;
	CURL *easy;
	const struct target_address *at;
	char *base;   /* the URL without a slash at its end */
	char *secret; /* token, or NAME:PASSWORD */
	char error[CURL_ERROR_SIZE];
};

struct call {
	const char *method;
	const char *path; /* behind the base */
	struct buf query; /* "?a=b&c=d"; call_param() adds to it */
	struct bytes body;
	const char *content_type; /* of the body; NULL: there is no body */
	const char *accept;
	const char *if_match; /* as it is to stand in the field */
	bool if_absent;
	bool write;
	bool once;	   /* not to be repeated in any case */
	target_sink *sink; /* takes the body of a 200; NULL: the answer does */
	void *sink_arg;

	/* Of the answer. */
	long status;
	uint64_t retry_after;
	bool streamed; /* the sink was given something */
	bool refused;  /* by the sink */
	struct answer *answer;
	struct http *http;
};

/* Sets on a handle what all requests to this server have in common. */
bool http_prepare(struct http *, CURL *);
/* Adds a parameter; the value is percent-encoded. */
void call_param(struct call *, const char *name, const void *value, size_t len);
void call_param_uint(struct call *, const char *name, uint64_t value);
/*
 * Sends the request and fills in the answer: done for a 2xx, otherwise with
 * the status that fits and what the problem document says. Frees the query.
 */
enum status call_perform(struct http *, struct call *, struct answer *);

enum status http_close(struct target *, struct answer *);
extern const struct target_ops http_ops;

#endif
