/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes whole requests: up to REQUESTSMAX of them, one after the other, to a
 * store in memory that is empty at first, through the daemon's own code from
 * the FastCGI parameters to the answer. Only the connection is a stand-in.
 *
 * A request is lines "NAME=VALUE", an empty line, and the body; the byte 1e
 * begins the next one. Every answer must be whole: a status that this service
 * gives, a length that is right, and a body that is what its type says.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/lck.h"
#include "codec/doc.h"
#include "fcgi/conn.h"
#include "fcgi/metrics.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/task.h"

enum {
	REQUESTSMAX = 6,
	PARAMSMAX = 16,
	SEPARATOR = 0x1e
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct conn {
	struct server *srv;
	char *params[PARAMSMAX + 2];
	char length[48];
	const char *body;
	size_t left;
	struct buf answer;

	struct lck mtx; /* guards everything below */
	struct lck_cond done;
	bool finished;
};

static struct conf conf;
static struct server server;
static struct conn conn;

/* -------------------------------------------------- instead of fcgi/conn.c */

char *const *
conn_params(const struct conn *c)
{
	return (c->params);
}

struct server *
conn_server(const struct conn *c)
{
	return (c->srv);
}

ssize_t
conn_read(struct conn *c, void *buf, size_t len)
{
	size_t n = len < c->left ? len : c->left;

	if (n > 0)
		memcpy(buf, c->body, n);
	c->body += n;
	c->left -= n;
	return ((ssize_t)n);
}

bool
conn_write(struct conn *c, const void *data, size_t len)
{
	CHECK(!c->finished);
	CHECK(buf_add(&c->answer, data, len));
	return (true);
}

void
conn_finish(struct conn *c)
{
	lck_lock(&c->mtx);
	CHECK(!c->finished);
	c->finished = true;
	lck_cond_signal(&c->done);
	lck_unlock(&c->mtx);
}

void
conn_abort(struct conn *c)
{
	(void)c;
	WRONG("an answer breaks off, and nothing failed");
}

/* -------------------------------------------------- instead of fcgi/task.c */

void
task_run(struct request *r, void (*fn)(struct request *))
{
	fn(r);
}

void
task_answer(struct request *r, void (*fn)(struct request *))
{
	fn(r);
}

/* --------------------------------------------------------------- answers -- */

/* The value of a field in the answer's head. */
static const char *
field(const char *head, const char *end, const char *name)
{
	size_t len = strlen(name);
	const char *p = head;

	while (p < end) {
		if (strncmp(p, name, len) == 0)
			return (p + len);
		p = strstr(p, "\r\n");
		AN(p);
		p += 2;
	}
	return (NULL);
}

static void
check_lines(const char *p, const char *end)
{
	const char *nl, *why;
	size_t where;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		AN(nl);
		CHECK(doc_check(DOC_JSON, p, (size_t)(nl - p), DOC_DEPTHMAX,
		    &why, &where));
	}
}

static void
check_body(const char *type, unsigned status, const char *p, size_t len)
{
	const char *why;
	size_t where;
	bool json;

	if (type == NULL || len == 0)
		return; /* HEAD among others */
	json = strncmp(type, "application/json\r", 17) == 0 ||
	    strncmp(type, "application/problem+json\r", 25) == 0;
	/* In a success they may be stored bytes that claim this type. */
	if (json && status >= 300)
		CHECK(doc_check(DOC_JSON, p, len, DOC_DEPTHMAX, &why, &where));
}

static void
check_answer(struct buf *b)
{
	static const unsigned known[] = {200, 201, 204, 206, 304, 400, 404, 405,
	    406, 409, 412, 413, 414, 415, 416, 503};
	const char *end, *value;
	unsigned status;
	size_t i, len;

	CHECK(buf_addc(b, '\0'));
	b->len--;
	end = strstr(b->data, "\r\n\r\n");
	AN(end);
	end += 2;
	value = field(b->data, end, "Status: ");
	AN(value);
	status = (unsigned)strtoul(value, NULL, 10);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (status == known[i])
			break;
	CHECK(i < sizeof(known) / sizeof(known[0]));
	len = b->len - (size_t)(end + 2 - b->data);
	value = field(b->data, end, "Content-Length: ");
	if (value != NULL && len > 0)
		CHECK(strtoul(value, NULL, 10) == len);
	value = field(b->data, end, "Content-Type: ");
	if (value != NULL && status == 200 &&
	    strncmp(value, "application/x-ndjson\r", 21) == 0 &&
	    field(b->data, end, "ETag: ") == NULL)
		check_lines(end + 2, end + 2 + len);
	check_body(value, status, end + 2, len);
}

/* -------------------------------------------------------------- requests -- */

static char *
take_line(char **p)
{
	char *line = *p, *nl = strchr(line, '\n');

	if (nl == NULL) {
		*p += strlen(line);
		return (line);
	}
	*nl = '\0';
	*p = nl + 1;
	return (line);
}

static void
serve(char *text, size_t len)
{
	char *p = text, *line;
	bool announced = false;
	unsigned n = 0;

	while (*(line = take_line(&p)) != '\0' && n < PARAMSMAX) {
		conn.params[n++] = line;
		announced = announced ||
		    strncmp(line, "CONTENT_LENGTH=", 15) == 0;
	}
	conn.body = p;
	conn.left = (size_t)(text + len - p);
	if (!announced && conn.left > 0) {
		(void)snprintf(conn.length, sizeof(conn.length),
		    "CONTENT_LENGTH=%zu", conn.left);
		conn.params[n++] = conn.length;
	}
	conn.params[n] = NULL;
	conn.finished = false;
	buf_reset(&conn.answer);
	request_serve(&conn);
	skv_drain(server.db);
	lck_lock(&conn.mtx);
	while (!conn.finished)
		lck_cond_wait(&conn.done, &conn.mtx);
	lck_unlock(&conn.mtx);
	check_answer(&conn.answer);
}

static void
prepare(void)
{
	static char words[][16] = {"fuzz", "--config", "/dev/null",
	    "--max-value", "4k", "--max-txn", "16k", "--max-depth", "16"};
	enum {
		NWORDS = sizeof(words) / sizeof(words[0])
	};
	char *argv[NWORDS + 1] = {NULL};
	int i;

	for (i = 0; i < NWORDS; i++)
		argv[i] = words[i];
	CHECK(conf_load(&conf, NWORDS, argv, stdout, stderr) == CONF_RUN);
	server.conf = &conf;
	server.start_ns = lck_now_ns();
	server.metrics = metrics_new();
	AN(server.metrics);
	AZ(skv_open("mem:", &conf.store_options, NULL, &server.db));
	conn.srv = &server;
	lck_init(&conn.mtx);
	lck_cond_init(&conn.done);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct skv_range all = {.prefix = NULL};
	char *text, *end, *next;
	uint64_t deleted;
	unsigned i;

	if (server.db == NULL)
		prepare();
	text = malloc(size + 1);
	AN(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	end = text + size;
	for (i = 0, next = text; i < REQUESTSMAX && next < end; i++) {
		char *p = next;

		next = memchr(p, SEPARATOR, (size_t)(end - p));
		if (next == NULL)
			next = end;
		*next = '\0';
		serve(p, (size_t)(next - p));
		next++;
	}
	AZ(skv_delete_range(server.db, &all, &deleted));
	free(text);
	return (0);
}
