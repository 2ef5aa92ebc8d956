/* SPDX-License-Identifier: MIT */
/*
 * Responses. A handler begins one with its status, adds header fields, and
 * sends it with its body; sending ends the request (see request.h), also when
 * the client is gone. Errors are problem documents (RFC 9457).
 */
#ifndef FCGI_RESPONSE_H
#define FCGI_RESPONSE_H

#include "fcgi/request.h"

void response_begin(struct request *, unsigned status);
void response_header(struct request *, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same without the cost of printf. */
void response_header_text(struct request *, const char *name,
    const char *value);
void response_header_uint(struct request *, const char *name, uint64_t value);
/* The field ETag with a tag of etag_format(). */
void response_etag(struct request *, const char *tag);
/* Sends with a body from anywhere; for HEAD, with its length alone. */
void response_send(struct request *, const char *type, const void *body,
    size_t len);
/* Sends what r->writer has written. */
void response_send_text(struct request *, const char *type);
/*
 * Sends the head of a 200 whose body follows by conn_write(), ended by
 * request_end() or request_abort(). False when the connection is gone.
 */
bool response_stream(struct request *, const char *type);
/*
 * The 503 for want of memory, which needs none, to a bare connection. "applied"
 * says whether a write took place; NULL for reads.
 */
void response_out_of_memory(struct conn *, const char *applied);
/* Sends without a body (204, 304). */
void response_send_empty(struct request *);

/* A problem document that is nothing but its detail. */
void response_problem(struct request *, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * The same with more members: begin, write members with r->writer, send. The
 * detail must be UTF-8 or is replaced.
 */
void response_problem_begin(struct request *, unsigned status,
    const char *detail);
void response_problem_send(struct request *);

/*
 * The problem for an error of the store. For a request that writes it says
 * whether the write had an effect. "why" may be empty.
 */
void response_store_error(struct request *, enum skv_err, enum skv_applied,
    const char *why);

#endif
