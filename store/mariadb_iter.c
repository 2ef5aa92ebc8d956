/* SPDX-License-Identifier: MIT */
/*
 * Iterators. Each has a connection whose first statement begins a transaction
 * that sees the table as of then, and reads pages of it from key to key: a
 * smaller one first, because most lists are short. Large values are left out of
 * pages and fetched when the iterator comes to them, so that a page takes a few
 * megabytes at most.
 *
 * Who wants no more than one page has it from a single statement, which is a
 * moment too, unless it turns out that something else will have to be read.
 *
 * The snapshot is gone when its connection breaks. Before the first row was
 * given nobody can tell, and another server is asked.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

#define PAGE_FIRST 64 /* unless it is known how many are wanted */
#define PAGE_GROWTH 4
#define PAGE_MOST 1024
#define PAGE_MOST_BLIND 256
/* Largest value that is part of a page; the statements say the same. */
#define PAGE_VALUE 16384

/* A page is looked at in less time than this, or in vain. */
#define PAGE_MS 2000

/* Entries that are counted by one statement, so that none takes long. */
#define COUNT_MOST 50000
/* Above all keys. */
#define KEYSPACES_END "\xff"

struct page_row {
	size_t key, keylen, value, len;
	bool left_out; /* the value */
};

struct engine_iter {
	struct engine *engine;
	struct maria_conn *conn; /* once a row was given: of its snapshot */
	enum skv_err err;
	bool moved;		 /* a row was given: it cannot start anew */
	struct buf lower, upper; /* what is looked at; inclusive, exclusive */
	uint64_t wanted;	 /* so many of it; 0: that is not known */
	int64_t now_ms, now_ns;	 /* when that was said, by both clocks */

	/* The page, in the order in which it was asked for. */
	bool backward;
	struct page_row rows[PAGE_MOST];
	size_t nrows, at;
	uint32_t limit; /* that it was read with */
	struct buf bytes;
	char *large; /* the value of row "at", when it was left out */
	size_t largelen;
};

/* ----------------------------------------------------------- connections -- */

static void
leave(struct engine_iter *i)
{
	if (i->conn == NULL)
		return;
	if (i->conn->session == MARIA_SCAN)
		maria_end(i->conn);
	maria_give(i->conn);
	i->conn = NULL;
}

static enum skv_err
take(struct engine_iter *i, enum maria_session session, int64_t deadline)
{
	return (i->conn != NULL ?
		SKV_OK :
		maria_take(i->engine, session, deadline, NULL, &i->conn));
}

struct engine_iter *
maria_iter_new(struct engine *e)
{
	struct engine_iter *i = calloc(1, sizeof(*i));

	if (i == NULL)
		return (NULL);
	i->engine = e;
	i->err = maria_iter_bound(i, "", 0, KEYSPACES_END, 1, 0, 0);
	return (i);
}

void
maria_iter_free(struct engine_iter *i)
{
	if (i == NULL)
		return;
	leave(i);
	buf_release(&i->bytes);
	buf_release(&i->lower);
	buf_release(&i->upper);
	free(i->large);
	free(i);
}

enum skv_err
maria_iter_bound(struct engine_iter *i, const void *lower, size_t lowerlen,
    const void *upper, size_t upperlen, uint64_t limit, int64_t now_ms)
{
	i->wanted = limit;
	i->now_ms = now_ms;
	i->now_ns = lck_now_ns();
	buf_reset(&i->lower);
	buf_reset(&i->upper);
	return (buf_add(&i->lower, lower, lowerlen) &&
		    buf_add(&i->upper, upper, upperlen) ?
		SKV_OK :
		SKV_NOMEM);
}

/* ----------------------------------------------------------------- pages -- */

static enum skv_err
read_rows(struct engine_iter *i, MYSQL_STMT *stmt)
{
	char key[MARIA_KEYMAX], value[PAGE_VALUE];
	unsigned long keylen = 0, len = 0;
	my_bool left_out = 0;
	MYSQL_BIND b[] = {
	    {.buffer_type = MYSQL_TYPE_BLOB,
		.buffer = key,
		.buffer_length = sizeof(key),
		.length = &keylen},
	    {.buffer_type = MYSQL_TYPE_BLOB,
		.buffer = value,
		.buffer_length = sizeof(value),
		.length = &len,
		.is_null = &left_out},
	};
	int rc;

	if (mysql_stmt_bind_result(stmt, b) != 0) {
		i->conn->broken = true; /* its rows are unread */
		return (SKV_NOMEM);
	}
	while ((rc = mysql_stmt_fetch(stmt)) == 0) {
		if (left_out)
			len = 0;
		if (i->nrows == PAGE_MOST || keylen > sizeof(key) ||
		    len > sizeof(value) ||
		    !buf_reserve(&i->bytes, keylen + len)) {
			i->conn->broken = true; /* there is more to read */
			return (SKV_NOMEM);
		}
		i->rows[i->nrows++] = (struct page_row){
		    .key = i->bytes.len,
		    .keylen = keylen,
		    .value = i->bytes.len + keylen,
		    .len = len,
		    .left_out = left_out != 0,
		};
		(void)buf_add(&i->bytes, key, keylen);
		(void)buf_add(&i->bytes, value, len);
	}
	if (rc != MYSQL_NO_DATA)
		return (maria_failed(i->conn, stmt, NULL));
	if (mysql_stmt_free_result(stmt) != 0)
		i->conn->broken = true;
	return (SKV_OK);
}

/* Stands on row "at" of the page: its value must be there. */
static enum skv_err
arrive(struct engine_iter *i)
{
	const struct page_row *row = &i->rows[i->at];
	const char *key = i->bytes.data + row->key;

	free(i->large);
	i->large = NULL;
	if (i->at == i->nrows || !row->left_out)
		return (SKV_OK);
	return (maria_fetch(i->conn, key, row->keylen, NULL, &i->large,
	    &i->largelen));
}

/* The rows of a page when "n" would be right; 0: that is not known. */
static uint32_t
page_limit(const struct engine_iter *i, uint64_t n)
{
	uint32_t most = i->wanted == 0 ? PAGE_MOST_BLIND : PAGE_MOST;

	if (n == 0)
		n = PAGE_FIRST;
	return (n < most ? (uint32_t)n : most);
}

/* Reads a page, to stand on its first row. */
static enum skv_err
read_page(struct engine_iter *i, enum maria_stmt kind, const void *key,
    size_t keylen)
{
	const struct buf *end;
	MYSQL_STMT *stmt;
	enum skv_err err;

	i->nrows = i->at = 0;
	i->backward = kind == ST_BELOW;
	end = i->backward ? &i->lower : &i->upper;
	maria_param(i->conn, 0, key, keylen);
	maria_param(i->conn, 1, end->len == 0 ? "" : end->data, end->len);
	maria_param_uint(i->conn, 2, &i->limit);
	err = maria_run(i->conn, kind, 1, NULL, &stmt);
	/* The key may be one of the page before. */
	buf_reset(&i->bytes);
	return (err == SKV_OK ? read_rows(i, stmt) : err);
}

/* Whether a record may have expired when it is looked at. */
static bool
expires(const struct engine_iter *i, const struct page_row *row)
{
	const char *record = i->bytes.data + row->value;
	struct skv_value v;

	return (row->len > 0 && (*record & RECORD_EXPIRES) != 0 &&
	    record_decode(record, row->len, &v) &&
	    v.attr.expires_ms <=
		i->now_ms + (lck_now_ns() - i->now_ns) / NS_PER_MS + PAGE_MS);
}

/* Whether nothing will be looked at but what the page has. */
static bool
is_all(const struct engine_iter *i)
{
	bool full = i->nrows == i->limit;
	const struct page_row *row;

	for (row = i->rows; row < i->rows + i->nrows; row++)
		if (row->left_out || (full && expires(i, row)))
			return (false);
	return (true);
}

/* After a move: an error ends the iteration. */
static void
moved(struct engine_iter *i, enum skv_err err)
{
	i->moved = i->moved || (err == SKV_OK && i->nrows > 0);
	/* The value of a row that is there cannot be missing. */
	if (err == SKV_NOTFOUND)
		err = SKV_CORRUPT;
	i->err = err == ENGINE_AGAIN ? SKV_UNAVAILABLE : err;
	if (err != SKV_OK)
		i->nrows = i->at = 0;
}

/* The first page of a snapshot, or of what has none when that is all. */
static enum skv_err
first_page(struct engine_iter *i, enum maria_stmt kind, const void *key,
    size_t keylen, int64_t deadline)
{
	bool one = i->wanted > 0 && i->wanted <= PAGE_MOST;
	enum skv_err err;

	CHECK(i->conn != NULL || !i->moved);
	if (one) {
		err = take(i, MARIA_READ, deadline);
		if (err == SKV_OK)
			err = read_page(i, kind, key, keylen);
		leave(i);
		if (err != SKV_OK || is_all(i))
			return (err);
	}
	err = take(i, MARIA_SCAN, deadline);
	if (err == SKV_OK)
		err = read_page(i, kind, key, keylen);
	return (err == SKV_OK ? arrive(i) : err);
}

/* Whether to try again, from the beginning: nothing of it was given. */
static bool
begin_anew(struct engine_iter *i, unsigned attempt, int64_t deadline,
    enum skv_err *err)
{
	if (*err != ENGINE_AGAIN || i->moved)
		return (false);
	leave(i);
	*err = maria_backoff(attempt, deadline, NULL);
	return (*err == SKV_OK);
}

static void
seek(struct engine_iter *i, enum maria_stmt kind, const void *key,
    size_t keylen)
{
	int64_t deadline = maria_deadline(i->engine);
	enum skv_err err = i->err;
	unsigned attempt = 0;

	if (err != SKV_OK)
		return;
	i->limit = page_limit(i, i->wanted);
	do
		err = first_page(i, kind, key, keylen, deadline);
	while (begin_anew(i, attempt++, deadline, &err));
	moved(i, err);
}

/* Moves by one in a direction; the iterator is valid. */
static void
step(struct engine_iter *i, bool backward)
{
	const struct page_row *row = &i->rows[i->at];
	const char *key = i->bytes.data + row->key;
	enum skv_err err;

	CHECK(maria_iter_valid(i));
	if (i->backward != backward)
		i->limit = page_limit(i, i->wanted);
	else if (i->at + 1 < i->nrows || i->nrows < i->limit) {
		i->at++;
		moved(i, arrive(i));
		return;
	} else
		i->limit = page_limit(i, i->limit * PAGE_GROWTH);
	err = SKV_TIMEDOUT;
	if (i->conn != NULL)
		err = read_page(i, backward ? ST_BELOW : ST_AFTER, key,
		    row->keylen);
	moved(i, err == SKV_OK ? arrive(i) : err);
}

/* -------------------------------------------------------------- counting -- */

/* The key that begins the part behind the next one, or the upper bound. */
static enum skv_err
part_end(struct engine_iter *i, struct buf *end, bool *ret_last)
{
	uint32_t most = COUNT_MOST;
	enum skv_err err;
	size_t len;
	char *key;

	maria_param_uint(i->conn, 2, &most);
	err = maria_fetch_one(i->conn, ST_NTH, NULL, &key, &len);
	*ret_last = err == SKV_NOTFOUND;
	if (*ret_last)
		return (buf_add(end, i->upper.data, i->upper.len) ? SKV_OK :
								    SKV_NOMEM);
	if (err == SKV_OK) {
		err = buf_add(end, key, len) ? SKV_OK : SKV_NOMEM;
		free(key);
	}
	return (err);
}

/* Counts from the lower bound on, which becomes the end of what was counted. */
static enum skv_err
count_part(struct engine_iter *i, int64_t now_ms, uint64_t *count,
    bool *ret_last)
{
	struct buf end = {0};
	enum skv_err err;
	char now[8], *number;
	size_t len;

	put_be64(now, (uint64_t)now_ms);
	maria_param(i->conn, 0, i->lower.len == 0 ? "" : i->lower.data,
	    i->lower.len);
	maria_param(i->conn, 1, i->upper.data, i->upper.len);
	err = part_end(i, &end, ret_last);
	if (err == SKV_OK) {
		maria_param(i->conn, 1, end.data, end.len);
		maria_param(i->conn, 2, now, sizeof(now));
		err = maria_fetch_one(i->conn, ST_COUNT, NULL, &number, &len);
	}
	if (err == SKV_OK) {
		*count += strtoull(number, NULL, 10);
		free(number);
		buf_reset(&i->lower);
		if (!buf_add(&i->lower, end.data, end.len))
			err = SKV_NOMEM;
	}
	buf_release(&end);
	return (err);
}

enum skv_err
maria_iter_count(struct engine_iter *i, int64_t now_ms, uint64_t *count)
{
	int64_t deadline = maria_deadline(i->engine);
	enum skv_err err = i->err;
	unsigned attempt = 0;
	bool last = false;

	if (err != SKV_OK)
		return (err);
	do {
		err = take(i, MARIA_SCAN, deadline);
		if (err == SKV_OK)
			err = count_part(i, now_ms, count, &last);
	} while (begin_anew(i, attempt++, deadline, &err));
	i->moved = true;
	i->err = err == ENGINE_AGAIN ? SKV_UNAVAILABLE : err;
	return (i->err == SKV_OK && last ? SKV_NOTFOUND : i->err);
}

/* ------------------------------------------------------------- interface -- */

void
maria_iter_seek(struct engine_iter *i, const void *key, size_t keylen)
{
	seek(i, ST_FROM, key, keylen);
}

void
maria_iter_seek_below(struct engine_iter *i, const void *key, size_t keylen)
{
	if (keylen == 0)
		seek(i, ST_BELOW, KEYSPACES_END, 1);
	else
		seek(i, ST_BELOW, key, keylen);
}

void
maria_iter_next(struct engine_iter *i)
{
	step(i, false);
}

void
maria_iter_prev(struct engine_iter *i)
{
	step(i, true);
}

bool
maria_iter_valid(const struct engine_iter *i)
{
	return (i->at < i->nrows);
}

const char *
maria_iter_key(const struct engine_iter *i, size_t *ret_len)
{
	*ret_len = i->rows[i->at].keylen;
	return (i->bytes.data + i->rows[i->at].key);
}

const char *
maria_iter_value(const struct engine_iter *i, size_t *ret_len)
{
	const struct page_row *row = &i->rows[i->at];

	*ret_len = i->large != NULL ? i->largelen : row->len;
	return (i->large != NULL ? i->large : i->bytes.data + row->value);
}

enum skv_err
maria_iter_error(const struct engine_iter *i)
{
	return (i->err);
}
