/* SPDX-License-Identifier: MIT */
/*
 * Export and import: one key and value a line (NDJSON), in constant memory for
 * any number of them. Both run on threads of their own (task.h). nginx buffers
 * both ways, so neither waits for a slow client: an export runs at our speed
 * into nginx's buffers and temporary file, and an import begins when nginx has
 * all of it.
 *
 * An export that cannot be finished ends by closing the FastCGI connection in
 * the middle of the response, which nginx passes on as a broken transfer:
 * there is never a clean end that lacks something.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/handle_many.h"
#include "fcgi/header.h"
#include "fcgi/log.h"
#include "fcgi/response.h"
#include "fcgi/server.h"
#include "fcgi/task.h"
#include "wire/line.h"

#define CHUNK 65536UL /* bytes read or written at once */
/* Bounds of an import's transactions. */
#define COMMIT_LINES 1000
#define COMMIT_BYTES (1UL << 20)

/* --------------------------------------------------------------- export -- */

/* Writes lines until the end, an error, a lost client or the drain. */
static enum skv_err
export_lines(struct request *r, struct skv_scan *scan)
{
	struct skv_value v;
	const void *key;
	enum skv_err err;
	size_t len;

	while ((err = skv_scan_next(scan, &key, &len, &v)) == SKV_OK) {
		line_write(&r->text, key, len, &v);
		if (buf_failed(&r->text))
			return (SKV_NOMEM);
		if (r->text.len < CHUNK)
			continue;
		if (atomic_load(&r->server->draining))
			return (SKV_STOPPED);
		if (!conn_write(r->conn, r->text.data, r->text.len))
			return (SKV_IO);
		buf_reset(&r->text);
	}
	if (err == SKV_NOTFOUND &&
	    !conn_write(r->conn, r->text.data, r->text.len))
		return (SKV_IO);
	return (err);
}

static void
export_task(struct request *r)
{
	struct skv_range range;
	struct skv_scan *scan;
	enum skv_err err;

	if (!request_range(r, &range))
		return;
	err = skv_scan_open(r->server->db, &range, &scan);
	if (err != SKV_OK) {
		response_store_error(r, err, SKV_APPLIED_NO, "");
		return;
	}
	if (response_stream(r, TYPE_NDJSON))
		err = r->method == METHOD_HEAD ? SKV_NOTFOUND :
						 export_lines(r, scan);
	else
		err = SKV_IO;
	skv_scan_close(scan);
	if (err == SKV_NOTFOUND)
		request_end(r);
	else {
		log_warnx("request %s: export cut short: %s", r->id,
		    err == SKV_IO ? "the client or the disk failed" :
				    skv_strerror(err));
		request_abort(r);
	}
}

void
handle_export(struct request *r)
{
	static const char *const allowed[] = {"prefix", "start", "end", NULL};

	if (request_query_only(r, allowed))
		task_run(r, export_task);
}

/* --------------------------------------------------------------- import -- */

struct import {
	struct request *r;
	struct buf scratch; /* decoded base64 of the line at hand */
	uint64_t line;	    /* lines begun */
	uint64_t nread;	    /* keys in them */
	uint64_t applied;   /* of which are committed */
	size_t bytes;	    /* of the lines in the transaction */
	size_t seen;	    /* of what is buffered, without an end of line */
	const char *why;    /* the client's mistake */
	enum skv_err err;   /* the store's failure */
};

static void
commit(struct import *im)
{
	struct skv_txn *t = im->r->txn;

	if (skv_txn_size(t) == 0)
		return;
	im->err = skv_commit(t);
	if (im->err != SKV_OK)
		return;
	im->applied = im->nread;
	im->bytes = 0;
	skv_txn_reset(t);
	/* Durability, if wanted, comes once at the end. */
	skv_txn_durability(t, SKV_ASYNC);
}

static void
put_line(struct import *im, const struct line *l)
{
	const struct skv_options *opts = &im->r->server->conf->store_options;
	const struct stored *s = &l->stored;

	if (s->len > opts->max_value) {
		im->why = "the value is over max_value";
		return;
	}
	im->err = skv_txn_put(im->r->txn, l->key, l->keylen, s->data, s->len,
	    &s->attr);
	if (im->err == SKV_TOOBIG && skv_txn_size(im->r->txn) > 0) {
		commit(im);
		if (im->err == SKV_OK)
			im->err = skv_txn_put(im->r->txn, l->key, l->keylen,
			    s->data, s->len, &s->attr);
	}
	if (im->err == SKV_TOOBIG) {
		im->err = SKV_OK;
		im->why = "key and value are over max_txn bytes";
	} else if (im->err == SKV_INVALID) {
		im->err = SKV_OK;
		im->why = "\"type\" is over 255 bytes or has control "
			  "characters";
	}
}

static void
take_line(struct import *im, char *line, size_t len)
{
	struct line l;

	im->line++;
	if (line_blank(line, len))
		return;
	im->err = line_read(&l, im->r->server->db, line, len,
	    im->r->server->conf->max_depth, &im->scratch, &im->why);
	if (im->err == SKV_INVALID)
		im->err = SKV_OK; /* the client's mistake, and in "why" */
	else if (im->err == SKV_OK)
		put_line(im, &l);
	if (im->why != NULL || im->err != SKV_OK)
		return;
	im->nread++;
	im->bytes += len;
	if (skv_txn_size(im->r->txn) >= COMMIT_LINES ||
	    im->bytes >= COMMIT_BYTES)
		commit(im);
}

/*
 * Takes the lines that are complete, and at the end what is left; keeps the
 * rest in the body's buffer.
 */
static void
take_lines(struct import *im, bool end)
{
	struct buf *b = &im->r->body;
	char *p = b->data, *stop = b->data + b->len, *nl;

	while (p < stop && im->why == NULL && im->err == SKV_OK) {
		nl = memchr(p + im->seen, '\n', (size_t)(stop - p) - im->seen);
		im->seen = nl == NULL ? (size_t)(stop - p) : 0;
		if (nl == NULL && !end)
			break;
		if (nl == NULL)
			nl = stop;
		take_line(im, p, (size_t)(nl - p));
		p = nl < stop ? nl + 1 : stop;
	}
	memmove(b->data, p, (size_t)(stop - p));
	buf_truncate(b, (size_t)(stop - p));
}

static void
read_lines(struct import *im)
{
	const struct skv_options *opts = &im->r->server->conf->store_options;
	struct buf *b = &im->r->body;
	ssize_t n = 1;
	char *p;

	while (n > 0 && im->why == NULL && im->err == SKV_OK) {
		if (atomic_load(&im->r->server->draining)) {
			im->err = SKV_STOPPED;
			break;
		}
		if (b->len > opts->max_txn) {
			im->line++;
			im->why = "the line is over max_txn bytes";
			break;
		}
		p = buf_extend(b, CHUNK);
		if (p == NULL) {
			im->err = SKV_NOMEM;
			break;
		}
		n = conn_read(im->r->conn, p, CHUNK);
		buf_truncate(b, b->len - CHUNK + (n > 0 ? (size_t)n : 0));
		/* A line that is cut off must not pass for a whole one. */
		if (n < 0)
			im->why = "the body was cut off";
		else
			take_lines(im, n == 0);
	}
}

static void
import_failed(struct import *im)
{
	struct request *r = im->r;

	if (im->err != SKV_OK) {
		log_warnx("request %s: import stopped after %" PRIu64 " keys",
		    r->id, im->applied);
		response_store_error(r, im->err,
		    im->applied > 0 ? SKV_APPLIED_UNKNOWN :
				      skv_txn_applied(r->txn),
		    skv_txn_error(r->txn));
		return;
	}
	response_problem_begin(r, 400, im->why);
	doc_w_name(&r->writer, "line");
	doc_w_uint(&r->writer, im->line);
	doc_w_name(&r->writer, "applied");
	doc_w_uint(&r->writer, im->applied);
	response_problem_send(r);
}

static void
import_done(struct import *im, bool sync)
{
	struct request *r = im->r;
	struct doc_writer *w = &r->writer;
	struct skv_errinfo info = {""};
	enum skv_err err = SKV_OK;

	if (sync)
		err = skv_sync(r->server->db, &info);
	if (err != SKV_OK) {
		response_store_error(r, err, SKV_APPLIED_UNKNOWN, info.text);
		return;
	}
	doc_writer_init(w, DOC_JSON, &r->text);
	doc_w_map(w);
	doc_w_name(w, "status");
	doc_w_text(w, "ok", 2);
	doc_w_name(w, "imported");
	doc_w_uint(w, im->applied);
	doc_w_name(w, "durable");
	doc_w_bool(w, sync && skv_persistent(r->server->db));
	doc_w_end(w);
	(void)buf_addc(&r->text, '\n');
	response_begin(r, 200);
	response_send_text(r, answer_type(DOC_JSON));
}

static void
import_task(struct request *r)
{
	struct import im = {.r = r};
	bool sync;

	sync = r->server->conf->store_options.durability == SKV_SYNC;
	if (!request_bool(r, "sync", &sync) || !request_txn(r))
		return;
	skv_txn_durability(r->txn, SKV_ASYNC);
	read_lines(&im);
	/* What came before a bad line is applied, so that it can be told. */
	if (im.err == SKV_OK)
		commit(&im);
	buf_release(&im.scratch);
	if (im.why != NULL || im.err != SKV_OK)
		import_failed(&im);
	else
		import_done(&im, sync);
}

void
handle_import(struct request *r)
{
	static const char *const allowed[] = {"sync", NULL};

	if (request_query_only(r, allowed))
		task_run(r, import_task);
}
