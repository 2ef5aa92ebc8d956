/* SPDX-License-Identifier: MIT */
/*
 * Private to the program hammer: HTTP/1.1 over a UNIX socket, as little of it
 * as needed. Not libcurl: that sends a request again when a kept connection
 * breaks, and a history must know how often it was sent.
 */
#ifndef FAULT_HTTP_H
#define FAULT_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct http {
	const char *path; /* of the socket */
	int fd;		  /* -1: not connected */
	struct buf in;	  /* what was received of the answer */
};

struct http_answer {
	unsigned status;
	char etag[80];	  /* without quotes; empty if there is none */
	bool retry_after; /* it says when to come back */
	const char *body; /* until the next request; ends with NUL */
	size_t len;
};

enum http_end {
	HTTP_OK,   /* there is an answer */
	HTTP_LOST, /* the connection ended before it */
	HTTP_HANG, /* none for HTTP_PATIENCE seconds */
	HTTP_BAD,  /* what came is no answer */
};
enum {
	HTTP_PATIENCE = 60
};

void http_init(struct http *, const char *path);
void http_close(struct http *);
void http_release(struct http *);
/*
 * One request; "fields" are lines that end with CRLF. "cut": the connection is
 * closed when it is sent, which always ends with HTTP_LOST.
 */
enum http_end http_do(struct http *, const char *method, const char *target,
    const char *fields, const struct buf *body, bool cut,
    struct http_answer *ret);

#endif
