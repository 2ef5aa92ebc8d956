/* SPDX-License-Identifier: MIT */
/* A request's life: taken apart, served, ended; see request.h. */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/lck.h"
#include "fcgi/conn.h"
#include "fcgi/log.h"
#include "fcgi/metrics.h"
#include "fcgi/response.h"
#include "fcgi/router.h"
#include "fcgi/server.h"

#define REQUEST_MAGIC 0x72657175
#define BODY_STEP 65536UL
/* What a thread keeps: as many requests as are under way in a turn, and of each
 * no buffer larger than that of the usual small one. */
#define KEPT_MAX 32
#define KEPT_BYTES 4096

static _Thread_local struct {
	struct request *first;
	unsigned n, max;
} kept;

/* The parameters that nginx sends, in its order, and where they go. */
#define PARAM(name, member) \
	{ \
		name "=", sizeof(name), offsetof(struct request, member) \
	}

static const struct {
	const char *name; /* with the '=' */
	size_t len;
	size_t offset; /* of a const char * in struct request */
} params[] = {
    PARAM("REQUEST_METHOD", method_raw),
    PARAM("REQUEST_URI", uri_raw),
    PARAM("REQUEST_ID", id),
    PARAM("CONTENT_TYPE", content_type),
    PARAM("CONTENT_LENGTH", content_length),
    PARAM("HTTP_ACCEPT", accept),
    PARAM("HTTP_IF_MATCH", if_match),
    PARAM("HTTP_IF_NONE_MATCH", if_none_match),
    PARAM("HTTP_RANGE", range),
    PARAM("HTTP_IF_RANGE", if_range),
};

#define NPARAMS (sizeof(params) / sizeof(params[0]))

static const struct {
	const char *name;
	enum method method;
} methods[] = {
    {"GET", METHOD_GET},
    {"HEAD", METHOD_HEAD},
    {"PUT", METHOD_PUT},
    {"POST", METHOD_POST},
    {"DELETE", METHOD_DELETE},
};

static enum method
method_parse(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(name, methods[i].name) == 0)
			return (methods[i].method);
	return (METHOD_OTHER);
}

/*
 * Notes a parameter; "next" is the one that is expected. Returns which one is
 * to be expected then.
 */
static size_t
read_param(struct request *r, const char *p, size_t next)
{
	const char *value;
	size_t i, n;

	for (n = 0; n < NPARAMS; n++) {
		i = (next + n) % NPARAMS;
		if (*p != *params[i].name ||
		    strncmp(p, params[i].name, params[i].len) != 0)
			continue;
		value = p + params[i].len;
		memcpy((char *)r + params[i].offset, &value, sizeof(value));
		return (i + 1);
	}
	return (next);
}

/* One without anything but memory. */
static struct request *
take_kept(void)
{
	struct request *r = kept.first;

	if (r == NULL)
		return (calloc(1, sizeof(*r)));
	kept.first = r->next;
	kept.n--;
	memset(r, 0, offsetof(struct request, query));
	return (r);
}

static void
reset_buf(struct buf *b)
{
	if (b->cap > KEPT_BYTES)
		buf_release(b);
	else
		buf_reset(b);
}

static void
release(struct request *r)
{
	buf_release(&r->decoded);
	buf_release(&r->body);
	buf_release(&r->head);
	buf_release(&r->text);
	buf_release(&r->ops);
	skv_txn_free(r->txn);
	skv_txn_free(r->kept_txn);
	free(r);
}

/* Keeps the memory of a request that has ended, if this thread does. */
static void
keep(struct request *r)
{
	r->magic = 0;
	if (kept.n == kept.max) {
		release(r);
		return;
	}
	reset_buf(&r->decoded);
	reset_buf(&r->body);
	reset_buf(&r->head);
	reset_buf(&r->text);
	reset_buf(&r->ops);
	if (r->txn != NULL) {
		skv_txn_reset(r->txn);
		r->kept_txn = r->txn;
		r->kept_db = r->server->db;
		r->txn = NULL;
	}
	r->next = kept.first;
	kept.first = r;
	kept.n++;
}

void
request_keep(void)
{
	kept.max = KEPT_MAX;
}

void
request_free_kept(void)
{
	struct request *r;

	while ((r = kept.first) != NULL) {
		kept.first = r->next;
		kept.n--;
		release(r);
	}
	kept.max = 0;
}

static struct request *
request_new(struct conn *c)
{
	struct request *r = take_kept();
	char *const *p;
	size_t next = 0;

	if (r == NULL)
		return (NULL);
	r->magic = REQUEST_MAGIC;
	r->conn = c;
	r->server = conn_server(c);
	r->start_ns = lck_now_ns();
	r->method_raw = "";
	r->uri_raw = "";
	r->id = "-";
	for (p = conn_params(c); *p != NULL; p++)
		next = read_param(r, *p, next);
	r->method = method_parse(r->method_raw);
	return (r);
}

static void
log_slow(const struct request *r, int64_t ns)
{
	char uri[256];

	if (r->server->conf->slow_request_ms == 0 ||
	    ns / 1000000 < r->server->conf->slow_request_ms)
		return;
	log_warnx("request %s: slow: %lld ms, status %u: %s", r->id,
	    (long long)(ns / 1000000), r->status,
	    log_escape(uri, sizeof(uri), r->uri_raw, strlen(r->uri_raw)));
}

/* Accounts for the request and gives up all of it but its connection. */
static struct conn *
request_free(struct request *r)
{
	struct conn *c = r->conn;
	int64_t ns = lck_now_ns() - r->start_ns;

	CHECK_MAGIC(r, REQUEST_MAGIC);
	AN(r->status);
	log_slow(r, ns);
	metrics_request(r->server->metrics, r->method, r->status, ns);
	keep(r);
	return (c);
}

/* The connection comes last: strings of the request are its own. */
void
request_end(struct request *r)
{
	conn_finish(request_free(r));
}

void
request_abort(struct request *r)
{
	conn_abort(request_free(r));
}

/* Splits and decodes the URI; false when an answer has been sent. */
static bool
parse_uri(struct request *r)
{
	enum uri_err err;
	size_t len = strlen(r->uri_raw);

	err = uri_parse(r->uri_raw, len, &r->uri);
	/* Room for the decoded query and then the decoded key. */
	if (err == URI_OK && buf_extend(&r->decoded, len + 1) == NULL) {
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
		return (false);
	}
	if (err == URI_OK)
		err = query_parse(r->uri.query, r->uri.querylen,
		    r->decoded.data, r->decoded.len, &r->query);
	if (err == URI_OK)
		return (true);
	response_problem(r, err == URI_LONG ? 414 : 400, "the URI: %s",
	    uri_strerror(err));
	return (false);
}

void
request_serve(struct conn *c)
{
	struct request *r = request_new(c);

	if (r == NULL) {
		response_out_of_memory(c, "no");
		conn_finish(c);
		return;
	}
	if (parse_uri(r))
		router_dispatch(r);
}

/* The announced length of the body; false when there is none. */
static bool
body_length(const struct request *r, uint64_t *ret)
{
	char *end;

	if (r->content_length == NULL || r->content_length[0] < '0' ||
	    r->content_length[0] > '9')
		return (false);
	*ret = strtoull(r->content_length, &end, 10);
	return (*end == '\0');
}

static void
too_large(struct request *r, uint64_t max, const char *what)
{
	response_problem(r, 413, "the body is over %llu bytes, the limit %s",
	    (unsigned long long)max, what);
}

bool
request_body(struct request *r, uint64_t max, const char *what)
{
	uint64_t length = 0;
	ssize_t n = 1;
	char *p;
	bool announced = body_length(r, &length);

	if (length > max) {
		too_large(r, max, what);
		return (false);
	}
	/* One byte more, to see an end where one is announced. */
	while (n > 0) {
		size_t step = announced ? (size_t)length + 1 - r->body.len :
					  BODY_STEP;

		p = step == 0 ? NULL : buf_extend(&r->body, step);
		if (p == NULL)
			break;
		n = conn_read(r->conn, p, step);
		buf_truncate(&r->body,
		    r->body.len - step + (n > 0 ? (size_t)n : 0));
		if (r->body.len > max) {
			too_large(r, max, what);
			return (false);
		}
	}
	if (buf_failed(&r->body)) {
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
		return (false);
	}
	if (n != 0 || (announced && r->body.len != length)) {
		response_problem(r, 400,
		    "the body has not the length that was announced");
		return (false);
	}
	return (true);
}

void
request_body_done(struct request *r)
{
	reset_buf(&r->body);
}

bool
request_query_only(struct request *r, const char *const *names)
{
	const struct query_param *p = query_unknown(&r->query, names);
	char name[64];

	if (p == NULL)
		return (true);
	response_problem(r, 400,
	    "this path and method have no parameter "
	    "\"%s\"",
	    log_escape(name, sizeof(name), p->name, p->namelen));
	return (false);
}

/* 400 for a parameter, unless it was fine. */
static bool
param_ok(struct request *r, const char *name, enum uri_err err)
{
	if (err != URI_OK)
		response_problem(r, 400, "parameter \"%s\": %s", name,
		    uri_strerror(err));
	return (err == URI_OK);
}

bool
request_bool(struct request *r, const char *name, bool *ret)
{
	return (param_ok(r, name, query_bool(&r->query, name, ret)));
}

bool
request_uint(struct request *r, const char *name, uint64_t least,
    uint64_t greatest, uint64_t *ret)
{
	return (param_ok(r, name,
	    query_uint(&r->query, name, least, greatest, ret)));
}

/* The transaction that was kept, unless the store was opened anew since. */
static struct skv_txn *
new_txn(struct request *r)
{
	struct skv_txn *t = r->kept_txn;

	r->kept_txn = NULL;
	if (t != NULL && r->kept_db == r->server->db)
		return (t);
	skv_txn_free(t);
	return (skv_txn_new(r->server->db));
}

bool
request_txn(struct request *r)
{
	bool sync = false;

	r->txn = new_txn(r);
	if (r->txn == NULL) {
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
		return (false);
	}
	if (query_find(&r->query, "sync") == NULL)
		return (true);
	if (!request_bool(r, "sync", &sync))
		return (false);
	skv_txn_durability(r->txn, sync ? SKV_SYNC : SKV_ASYNC);
	return (true);
}
