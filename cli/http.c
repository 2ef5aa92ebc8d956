/* SPDX-License-Identifier: MIT */
/* A server over HTTP: requests and answers; see http.h. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/check.h"
#include "cli/http.h"
#include "codec/doc.h"

#define CONNECT_TIMEOUT_S 10
/* What an answer may have that is kept in memory. */
#define ANSWER_MAX (1UL << 30)
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 3000
#define RETRY_AFTER_MOST_S 10

/* ------------------------------------------------------------- requests -- */

void
call_param(struct call *c, const char *name, const void *value, size_t len)
{
	static const char plain[] = "-._~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *p = value;
	size_t i;

	(void)buf_addc(&c->query, c->query.len == 0 ? '?' : '&');
	(void)buf_adds(&c->query, name);
	(void)buf_addc(&c->query, '=');
	for (i = 0; i < len; i++)
		if (p[i] != '\0' && strchr(plain, p[i]) != NULL)
			(void)buf_addc(&c->query, p[i]);
		else
			(void)buf_printf(&c->query, "%%%02X",
			    (unsigned char)p[i]);
}

void
call_param_uint(struct call *c, const char *name, uint64_t value)
{
	char text[DECIMAL_MAX];

	call_param(c, name, text, decimal(text, value));
}

/* ------------------------------------------------------------- answers -- */

static size_t
take_body(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	(void)size; /* is 1 */
	if (c->status == 0 &&
	    curl_easy_getinfo(c->http->easy, CURLINFO_RESPONSE_CODE,
		&c->status) != CURLE_OK)
		return (0);
	if (c->sink != NULL && c->status == 200) {
		c->streamed = true;
		c->refused = !c->sink(data, n, c->sink_arg);
		return (c->refused ? 0 : n);
	}
	if (c->answer->body.len + n > ANSWER_MAX)
		return (0);
	return (buf_add(&c->answer->body, data, n) ? n : 0);
}

static void
copy_field(char *dst, size_t size, const char *value, size_t len)
{
	if (len >= size)
		len = 0; /* none of ours */
	memcpy(dst, value, len);
	dst[len] = '\0';
}

static size_t
take_field(char *line, size_t size, size_t n, void *arg)
{
	static const char *const names[] = {"ETag:", "KV-Revision:", "KV-TTL:",
	    "Content-Type:", "Retry-After:"};
	struct call *c = arg;
	struct answer *a = c->answer;
	size_t i, len = n;
	char *p;

	(void)size; /* is 1 */
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len > strlen(names[i]) &&
		    strncasecmp(line, names[i], strlen(names[i])) == 0)
			break;
	if (i == sizeof(names) / sizeof(names[0]))
		return (n);
	for (p = line + strlen(names[i]); *p == ' ' || *p == '\t'; p++)
		;
	len -= (size_t)(p - line);
	if (i == 0 && len >= 2 && *p == '"')
		copy_field(a->etag, sizeof(a->etag), p + 1, len - 2);
	else if (i == 1)
		a->revision = strtoull(p, NULL, 10);
	else if (i == 2)
		a->ttl = strtoull(p, NULL, 10);
	else if (i == 3)
		copy_field(a->type, sizeof(a->type), p, len);
	else if (i == 4)
		c->retry_after = strtoull(p, NULL, 10);
	return (n);
}

/* What is wanted from a problem document (RFC 9457). */
struct problem {
	char detail[320];
	char applied[16];
	uint64_t napplied;
	uint64_t line;
};

static void
read_member(struct problem *p, const char *name, size_t len,
    const struct doc_value *v)
{
	if (len == 6 && memcmp(name, "detail", 6) == 0 && v->type == DOC_TEXT)
		(void)snprintf(p->detail, sizeof(p->detail), "%.*s",
		    (int)v->len, v->data);
	else if (len == 7 && memcmp(name, "applied", 7) == 0) {
		if (v->type == DOC_TEXT)
			(void)snprintf(p->applied, sizeof(p->applied), "%.*s",
			    (int)v->len, v->data);
		else if (v->type == DOC_INT && v->i > 0)
			p->napplied = (uint64_t)v->i;
	} else if (len == 4 && memcmp(name, "line", 4) == 0 &&
	    v->type == DOC_INT && v->i > 0)
		p->line = (uint64_t)v->i;
}

/* Reads a copy: the body itself may be wanted. */
static void
read_problem(struct problem *p, const struct answer *a)
{
	struct doc_reader d;
	struct doc_value v;
	struct buf copy = {0};
	const char *name;
	size_t len;

	*p = (struct problem){.line = 0};
	if (strncasecmp(a->type, "application/problem+json", 24) != 0 ||
	    !buf_add(&copy, a->body.data, a->body.len)) {
		buf_release(&copy);
		return;
	}
	doc_reader_init(&d, DOC_JSON, copy.data, copy.len, DOC_DEPTHMAX);
	if (doc_map_begin(&d))
		while (doc_map_next(&d, &name, &len))
			if (doc_value(&d, &v))
				read_member(p, name, len, &v);
	doc_reader_release(&d);
	buf_release(&copy);
}

static const struct {
	long status;
	enum status st;
	const char *hint; /* when the answer itself says nothing */
} statuses[] = {
    {400, ST_USAGE, "the request is malformed"},
    {401, ST_UNREACHABLE,
	"credentials are asked for: give --token-file or --user-file"},
    {403, ST_UNREACHABLE, "access is denied"},
    {404, ST_NOTFOUND, "nothing is at this address: is this the right --url?"},
    {409, ST_CONDITION, "a condition is false; nothing was changed"},
    {412, ST_CONDITION, "the condition is false; nothing was changed"},
    {413, ST_USAGE, "this is more than the server takes"},
    {414, ST_USAGE, "the key is longer than the server takes"},
    {416, ST_USAGE, "the range lies outside the value"},
    {429, ST_SERVER, "the server asks for fewer requests"},
    {502, ST_UNREACHABLE,
	"nginx is there, but scribekvd does not answer: is it running?"},
    {504, ST_SERVER, "scribekvd takes too long to answer"},
    {507, ST_SERVER, "the server's disk is full"},
};

static enum status
bad_status(struct call *c, struct answer *a)
{
	const char *hint = "", *after = "";
	enum status st = ST_SERVER;
	struct problem p;
	size_t i;

	read_problem(&p, a);
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == c->status) {
			st = statuses[i].st;
			hint = statuses[i].hint;
		}
	a->count = p.napplied;
	a->line = p.line;
	if (c->write && c->status >= 500) {
		/* nginx's own do not tell. */
		a->unknown = strcmp(p.applied, "no") != 0;
		after = a->unknown ? "; it is not known whether this was done" :
				     "; nothing was changed";
	}
	if (p.detail[0] == '\0')
		return (answer_fail(a, st, "%s answers with status %ld%s%s%s",
		    c->http->target.name, c->status, *hint == '\0' ? "" : ": ",
		    hint, after));
	if (c->status == 502 || c->status == 401)
		return (answer_fail(a, st, "%s: %s%s", p.detail, hint, after));
	return (answer_fail(a, st, "%s%s", p.detail, after));
}

/* ------------------------------------------------------------ performing -- */

/* Failures before which no byte of a request has left. */
static bool
never_left(CURLcode code)
{
	return (code == CURLE_COULDNT_CONNECT ||
	    code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_COULDNT_RESOLVE_PROXY ||
	    code == CURLE_SSL_CONNECT_ERROR);
}

static bool
worth_repeating(const struct call *c, CURLcode code)
{
	if (c->once || interrupted() || c->streamed)
		return (false);
	if (code == CURLE_COULDNT_CONNECT)
		return (true);
	if (c->write)
		return (false);
	if (code == CURLE_OK)
		return (c->status == 429 || c->status == 502 ||
		    c->status == 503 || c->status == 504);
	return (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
	    code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE);
}

static enum status
no_answer(struct call *c, CURLcode code, struct answer *a)
{
	const char *why = c->http->error[0] != '\0' ? c->http->error :
						      curl_easy_strerror(code);
	const char *after = "";

	if (c->refused)
		return (a->status = ST_SERVER);
	if (interrupted())
		return (answer_fail(a, ST_SERVER, "interrupted"));
	if (code == CURLE_OUT_OF_MEMORY)
		return (answer_nomem(a));
	if (c->write && !never_left(code)) {
		a->unknown = true;
		after = "; it is not known whether this was done";
	}
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return (answer_fail(a, ST_UNREACHABLE,
		    "%s: %s (give the authority's certificate with --cacert)",
		    c->http->target.name, why));
	if (code == CURLE_COULDNT_CONNECT)
		return (answer_fail(a, ST_UNREACHABLE,
		    "cannot reach %s: %s; is the server running, and --url or "
		    "SCRIBEKV_URL right?",
		    c->http->target.name, why));
	if (code == CURLE_PARTIAL_FILE || c->streamed)
		return (answer_fail(a, ST_SERVER,
		    "%s broke off in the middle: %s", c->http->target.name,
		    why));
	return (answer_fail(a, ST_UNREACHABLE, "no answer from %s: %s%s",
	    c->http->target.name, why, after));
}

/* Waits before another try; an interrupt ends the wait. */
static void
back_off(const struct call *c, uint64_t *ms)
{
	uint64_t wait = *ms;
	struct timespec ts;

	if (c->retry_after > 0)
		wait = 1000 *
		    (c->retry_after < RETRY_AFTER_MOST_S ? c->retry_after :
							   RETRY_AFTER_MOST_S);
	ts = (struct timespec){
	    .tv_sec = (time_t)(wait / 1000),
	    .tv_nsec = (long)(wait % 1000) * 1000000,
	};
	(void)nanosleep(&ts, NULL);
	*ms = *ms * 3 < BACKOFF_MOST_MS ? *ms * 3 : BACKOFF_MOST_MS;
}

/* Called by libcurl about every second, and whenever something moves. */
static int
watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)arg;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return (interrupted() ? 1 : 0);
}

bool
http_prepare(struct http *h, CURL *e)
{
	const struct target_address *at = h->at;
	CURLcode bad = CURLE_OK;

#define SET(option, value) \
	(bad = bad != CURLE_OK ? bad : \
				 curl_easy_setopt(e, CURLOPT_##option, value))
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(USERAGENT, "scribekv/" PACKAGE_VERSION);
	SET(CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	SET(LOW_SPEED_LIMIT, 1L);
	SET(LOW_SPEED_TIME, (long)at->timeout_s);
	SET(XFERINFOFUNCTION, watch);
	SET(NOPROGRESS, 0L);
	SET(MAXCONNECTS, 2L);
	if (at->unix_socket != NULL)
		SET(UNIX_SOCKET_PATH, at->unix_socket);
	if (at->cacert != NULL)
		SET(CAINFO, at->cacert);
	if (at->cert != NULL)
		SET(SSLCERT, at->cert);
	if (at->key != NULL)
		SET(SSLKEY, at->key);
	if (at->token_file != NULL) {
		SET(HTTPAUTH, CURLAUTH_BEARER);
		SET(XOAUTH2_BEARER, h->secret);
	} else if (at->user_file != NULL) {
		SET(HTTPAUTH, CURLAUTH_BASIC);
		SET(USERPWD, h->secret);
	}
	return (bad == CURLE_OK);
}

static bool
add_field(struct curl_slist **list, const char *name, const char *value)
{
	char field[512];
	struct curl_slist *more;

	/* One with nothing behind its colon would be left out. */
	(void)snprintf(field, sizeof(field), "%s:%s%s", name,
	    *value == '\0' ? "" : " ", value);
	more = curl_slist_append(*list, field);
	if (more != NULL)
		*list = more;
	return (more != NULL);
}

static bool
call_fields(const struct call *c, struct curl_slist **list)
{
	return (add_field(list, "Expect", "") &&
	    (c->accept == NULL || add_field(list, "Accept", c->accept)) &&
	    add_field(list, "Content-Type",
		c->content_type == NULL ? "" : c->content_type) &&
	    (c->if_match == NULL || add_field(list, "If-Match", c->if_match)) &&
	    (!c->if_absent || add_field(list, "If-None-Match", "*")));
}

static bool
call_setup(struct http *h, struct call *c, const char *url,
    struct curl_slist *fields)
{
	CURL *e = h->easy;
	CURLcode bad = CURLE_OK;

	curl_easy_reset(e);
	if (!http_prepare(h, e))
		return (false);
	SET(ERRORBUFFER, h->error);
	SET(URL, url);
	SET(HTTPHEADER, fields);
	SET(WRITEFUNCTION, take_body);
	SET(WRITEDATA, c);
	SET(HEADERFUNCTION, take_field);
	SET(HEADERDATA, c);
	if (c->write)
		SET(FRESH_CONNECT, 1L);
	if (c->content_type != NULL) {
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)c->body.len);
		SET(POSTFIELDS, c->body.data == NULL ? "" : c->body.data);
	}
	if (strcmp(c->method, "GET") != 0)
		SET(CUSTOMREQUEST, c->method);
	return (bad == CURLE_OK);
}

static enum status
perform_once(struct http *h, struct call *c, const char *url,
    struct curl_slist *fields, bool last, bool *ret_again)
{
	struct answer *a = c->answer;
	CURLcode code;

	answer_reset(a);
	c->status = 0;
	c->retry_after = 0;
	h->error[0] = '\0';
	*ret_again = false;
	if (!call_setup(h, c, url, fields))
		return (answer_fail(a, ST_SERVER,
		    "libcurl does not take the options given"));
	code = curl_easy_perform(h->easy);
	if (code == CURLE_OK)
		(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE,
		    &c->status);
	if (!last && worth_repeating(c, code)) {
		*ret_again = true;
		return (ST_UNREACHABLE);
	}
	if (code != CURLE_OK)
		return (no_answer(c, code, a));
	if (c->status < 200 || c->status > 299)
		return (bad_status(c, a));
	return (ST_DONE);
}

enum status
call_perform(struct http *h, struct call *c, struct answer *a)
{
	struct curl_slist *fields = NULL;
	struct buf url = {0};
	uint64_t tries = h->at->retries, wait = BACKOFF_FIRST_MS;
	enum status st;
	bool again = true;

	c->http = h;
	c->answer = a;
	answer_reset(a);
	(void)buf_adds(&url, h->base);
	(void)buf_adds(&url, c->path);
	(void)buf_add(&url, c->query.data, c->query.len);
	(void)buf_addc(&url, '\0');
	if (buf_failed(&url) || buf_failed(&c->query) ||
	    !call_fields(c, &fields))
		st = answer_nomem(a);
	else
		for (;;) {
			st = perform_once(h, c, url.data, fields, tries == 0,
			    &again);
			if (!again)
				break;
			tries--;
			back_off(c, &wait);
		}
	curl_slist_free_all(fields);
	buf_release(&url);
	buf_release(&c->query);
	return (st);
}
