/* SPDX-License-Identifier: MIT */
/* Responses and problem documents; see response.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/log.h"
#include "fcgi/response.h"
#include "fcgi/server.h"

#define PROBLEM "application/problem+json"
/* What 503 tells clients to wait, in seconds. */
#define RETRY_AFTER 1
/* Room for the usual header, so that it is not made bit by bit. */
#define HEAD_USUAL 512

static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

/* What the store's errors are to a client. */
static const struct {
	enum skv_err err;
	unsigned status;
	const char *detail;
	bool logged; /* each time; main tells once of what lasts */
} store_errors[] = {
    {SKV_NOTFOUND, 404, "there is no such key", false},
    {SKV_CONFLICT, 412, "a condition is false", false},
    {SKV_INVALID, 400, "the request is outside the store's limits", false},
    {SKV_TOOBIG, 413, "the request or its answer is over the store's limits",
	false},
    {SKV_NOMEM, 503, "out of memory", true},
    {SKV_BUSY, 503, "overloaded", false},
    {SKV_TIMEDOUT, 503, "the request took too long", false},
    {SKV_CORRUPT, 500, "stored data is corrupt", true},
    {SKV_NOSPACE, 507, "the disk is full: no new data is taken", false},
    {SKV_IO, 503, "the disk failed: the store is read-only", true},
    {SKV_READONLY, 503, "the store is read-only after an earlier error", false},
    {SKV_STOPPED, 503, "the service is stopping", false},
    {SKV_UNAVAILABLE, 503, "the database does not answer: try again", true},
};

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static const char *
reason(unsigned status)
{
	size_t i;

	for (i = 0; i < NELEM(reasons); i++)
		if (reasons[i].status == status)
			return (reasons[i].reason);
	WRONG("a status without a reason");
}

void
response_begin(struct request *r, unsigned status)
{
	AZ(r->status); /* one response per request */
	r->status = status;
	buf_reset(&r->head);
	(void)buf_reserve(&r->head, HEAD_USUAL);
	(void)buf_adds(&r->head, "Status: ");
	(void)buf_add_uint(&r->head, status);
	(void)buf_addc(&r->head, ' ');
	(void)buf_adds(&r->head, reason(status));
	(void)buf_add(&r->head, "\r\n", 2);
}

static void
header(struct request *r, const char *name, const void *value, size_t len)
{
	(void)buf_adds(&r->head, name);
	(void)buf_add(&r->head, ": ", 2);
	(void)buf_add(&r->head, value, len);
	(void)buf_add(&r->head, "\r\n", 2);
}

void
response_header(struct request *r, const char *name, const char *fmt, ...)
{
	char value[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	CHECK(n >= 0 && (size_t)n < sizeof(value));
	header(r, name, value, (size_t)n);
}

void
response_header_text(struct request *r, const char *name, const char *value)
{
	header(r, name, value, strlen(value));
}

void
response_header_uint(struct request *r, const char *name, uint64_t value)
{
	char digits[DECIMAL_MAX];

	header(r, name, digits, decimal(digits, value));
}

void
response_etag(struct request *r, const char *tag)
{
	(void)buf_adds(&r->head, "ETag: \"");
	(void)buf_adds(&r->head, tag);
	(void)buf_adds(&r->head, "\"\r\n");
}

void
response_out_of_memory(struct conn *c, const char *applied)
{
	char body[256], text[512];
	int len;

	len = snprintf(body, sizeof(body),
	    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
	    "\"status\":503,\"detail\":\"out of memory\"%s%s%s}\n",
	    applied == NULL ? "" : ",\"applied\":\"",
	    applied == NULL ? "" : applied, applied == NULL ? "" : "\"");
	len = snprintf(text, sizeof(text),
	    "Status: 503 Service Unavailable\r\n"
	    "Content-Type: " PROBLEM "\r\n"
	    "Retry-After: %d\r\n"
	    "Content-Length: %d\r\n\r\n%s",
	    RETRY_AFTER, len, body);
	(void)conn_write(c, text, (size_t)len);
}

/*
 * What is sent when there is no memory for anything else. It may take the place
 * of an answer that said that a write took place.
 */
static void
send_out_of_memory(struct request *r)
{
	bool reads = r->method == METHOD_GET || r->method == METHOD_HEAD;

	r->status = 503;
	log_errx("request %s: out of memory", r->id);
	response_out_of_memory(r->conn, reads ? NULL : "unknown");
	request_end(r);
}

void
response_send(struct request *r, const char *type, const void *body, size_t len)
{
	bool ok;

	if (type != NULL)
		response_header_text(r, "Content-Type", type);
	if (r->status != 204 && r->status != 304)
		response_header_uint(r, "Content-Length", len);
	(void)buf_add(&r->head, "\r\n", 2);
	if (buf_failed(&r->head)) {
		send_out_of_memory(r);
		return;
	}
	ok = conn_write(r->conn, r->head.data, r->head.len);
	if (ok && r->method != METHOD_HEAD)
		ok = conn_write(r->conn, body, len);
	if (!ok)
		log_infox("request %s: the connection ended before the answer",
		    r->id);
	request_end(r);
}

void
response_send_text(struct request *r, const char *type)
{
	if (buf_failed(&r->text))
		send_out_of_memory(r);
	else
		response_send(r, type, r->text.data, r->text.len);
}

bool
response_stream(struct request *r, const char *type)
{
	response_begin(r, 200);
	response_header_text(r, "Content-Type", type);
	response_header_text(r, "Vary", "Accept");
	(void)buf_add(&r->head, "\r\n", 2);
	return (!buf_failed(&r->head) &&
	    conn_write(r->conn, r->head.data, r->head.len));
}

void
response_send_empty(struct request *r)
{
	response_send(r, NULL, "", 0);
}

void
response_problem_begin(struct request *r, unsigned status, const char *detail)
{
	struct doc_writer *w = &r->writer;

	response_begin(r, status);
	buf_reset(&r->text);
	doc_writer_init(w, DOC_JSON, &r->text);
	doc_w_map(w);
	doc_w_name(w, "type");
	doc_w_text(w, "about:blank", 11);
	doc_w_name(w, "title");
	doc_w_text(w, reason(status), strlen(reason(status)));
	doc_w_name(w, "status");
	doc_w_uint(w, status);
	doc_w_name(w, "detail");
	if (!utf8_ok(detail, strlen(detail)))
		detail = "the request has bytes that are not UTF-8";
	doc_w_text(w, detail, strlen(detail));
	if (status == 503)
		response_header(r, "Retry-After", "%d", RETRY_AFTER);
}

void
response_problem_send(struct request *r)
{
	doc_w_end(&r->writer);
	(void)buf_addc(&r->text, '\n');
	response_send_text(r, PROBLEM);
}

void
response_problem(struct request *r, unsigned status, const char *fmt, ...)
{
	char detail[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	response_problem_begin(r, status, detail);
	response_problem_send(r);
}

static const char *
applied_text(enum skv_applied applied)
{
	return (applied == SKV_APPLIED_UNKNOWN ? "unknown" : "no");
}

void
response_store_error(struct request *r, enum skv_err err,
    enum skv_applied applied, const char *why)
{
	char detail[512];
	unsigned status;
	size_t i = 0;
	bool told;

	while (store_errors[i].err != err) {
		i++;
		CHECK(i < NELEM(store_errors));
	}
	status = store_errors[i].status;
	told = (err == SKV_BUSY || err == SKV_TIMEDOUT) && why[0] != '\0';
	/* The file names in "why" are the operator's, not the client's. */
	if (store_errors[i].logged)
		log_warnx("request %s: store: %s%s%s", r->id, skv_strerror(err),
		    why[0] == '\0' ? "" : ": ", why);
	(void)snprintf(detail, sizeof(detail), "%s%s%s", store_errors[i].detail,
	    told ? ": " : "", told ? why : "");
	response_problem_begin(r, status, detail);
	if (status >= 500 && r->method != METHOD_GET &&
	    r->method != METHOD_HEAD) {
		doc_w_name(&r->writer, "applied");
		doc_w_text(&r->writer, applied_text(applied),
		    strlen(applied_text(applied)));
	}
	if (status == 404) {
		doc_w_name(&r->writer, "value");
		doc_w_null(&r->writer);
	}
	response_problem_send(r);
}
