/* SPDX-License-Identifier: MIT */
/*
 * Reads. What a transaction is decided over is read by as few statements as its
 * number of keys allows: of every key the header of its record, and the whole
 * of it where a get wants that and it is small. Large values are fetched one by
 * one when they are asked for, so that memory is bounded by the caller's limit
 * on what is read and not by what is stored.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

/* Largest value that comes with the others. */
#define WHOLE_MOST 4096
/* A value up to this size comes at once. */
#define VALUE_USUAL 16384

/* What was found of a key; offsets into the reads' bytes. */
struct row {
	size_t key, keylen, value, len;
	bool cut; /* the value goes on */
};

struct engine_reads {
	struct engine *engine;
	struct maria_conn *conn; /* with a transaction open; NULL: none */
	bool lock;
	unsigned refs; /* the leader, who reads, and its engine's "locked" */
	/* Sorted by key, without repetition. */
	struct engine_key *keys;
	size_t nkeys;
	struct row *rows;
	size_t nrows, maxrows;
	struct buf bytes;
};

/* ------------------------------------------------------------ single get -- */

/* The value of the row that the statement stands on. */
static enum skv_err
fetch_value(MYSQL_STMT *stmt, char **ret_value, size_t *ret_len)
{
	unsigned long len = 0;
	char *value = malloc(VALUE_USUAL + 1), *more;
	MYSQL_BIND b = {
	    .buffer_type = MYSQL_TYPE_BLOB,
	    .buffer = value,
	    .buffer_length = VALUE_USUAL,
	    .length = &len,
	};
	int rc;

	if (value == NULL)
		return (SKV_NOMEM);
	if (mysql_stmt_bind_result(stmt, &b) != 0) {
		free(value);
		return (SKV_NOMEM);
	}
	rc = mysql_stmt_fetch(stmt);
	if (rc == MYSQL_DATA_TRUNCATED) {
		more = realloc(value, len + 1);
		if (more == NULL) {
			free(value);
			return (SKV_NOMEM);
		}
		value = more;
		b.buffer = value;
		b.buffer_length = len;
		rc = mysql_stmt_fetch_column(stmt, &b, 0, 0);
	}
	if (rc != 0) {
		free(value);
		return (rc == MYSQL_NO_DATA ? SKV_NOTFOUND : ENGINE_AGAIN);
	}
	/* Only the end says that the transaction was not lost meanwhile. */
	if (mysql_stmt_fetch(stmt) != MYSQL_NO_DATA) {
		free(value);
		return (ENGINE_AGAIN);
	}
	value[len] = '\0';
	*ret_value = value;
	*ret_len = len;
	return (SKV_OK);
}

enum skv_err
maria_fetch(struct maria_conn *c, const void *key, size_t keylen,
    struct skv_errinfo *info, char **ret_value, size_t *ret_len)
{
	maria_param(c, 0, key, keylen);
	return (maria_fetch_one(c, ST_GET, info, ret_value, ret_len));
}

enum skv_err
maria_fetch_one(struct maria_conn *c, enum maria_stmt kind,
    struct skv_errinfo *info, char **ret_value, size_t *ret_len)
{
	MYSQL_STMT *stmt;
	enum skv_err err;

	err = maria_run(c, kind, 1, info, &stmt);
	if (err != SKV_OK)
		return (err);
	err = fetch_value(stmt, ret_value, ret_len);
	if (err == ENGINE_AGAIN)
		return (maria_failed(c, stmt, info));
	if (mysql_stmt_free_result(stmt) != 0)
		c->broken = true;
	return (err);
}

enum skv_err
maria_get(struct engine *e, const void *key, size_t keylen,
    const char **ret_value, size_t *ret_len, void **ret_pin)
{
	int64_t deadline = maria_deadline(e);
	struct maria_conn *c;
	enum skv_err err;
	unsigned attempt;
	char *value;

	for (attempt = 0;; attempt++) {
		err = maria_take(e, MARIA_READ, deadline, NULL, &c);
		if (err != SKV_OK)
			return (err);
		err = maria_fetch(c, key, keylen, NULL, &value, ret_len);
		maria_give(c);
		if (err != ENGINE_AGAIN)
			break;
		err = maria_backoff(attempt, deadline, NULL);
		if (err != SKV_OK)
			return (err);
	}
	if (err == SKV_OK) {
		*ret_value = value;
		*ret_pin = value;
	}
	return (err);
}

/* ------------------------------------------------------------- many keys -- */

static int
bytes_cmp(const void *a, size_t alen, const void *b, size_t blen)
{
	int rc = memcmp(a, b, alen < blen ? alen : blen);

	return (rc != 0 ? rc : (alen > blen) - (alen < blen));
}

static int
key_cmp(const void *va, const void *vb)
{
	const struct engine_key *a = va, *b = vb;

	return (bytes_cmp(a->data, a->len, b->data, b->len));
}

static int
row_cmp(const void *va, const void *vb, void *bytes)
{
	const struct row *a = va, *b = vb;
	const char *base = bytes;

	return (bytes_cmp(base + a->key, a->keylen, base + b->key, b->keylen));
}

/*
 * Takes the keys, sorted and once each. Locked in this order, two processes
 * seldom wait for each other.
 */
static bool
take_keys(struct engine_reads *r, const struct engine_key *keys, size_t n)
{
	size_t i;

	r->keys = calloc(n + 1, sizeof(*r->keys));
	if (r->keys == NULL)
		return (false);
	if (n > 0)
		memcpy(r->keys, keys, n * sizeof(*keys));
	qsort(r->keys, n, sizeof(*r->keys), key_cmp);
	for (i = 0; i < n; i++)
		if (i > 0 && key_cmp(&r->keys[i], &r->keys[r->nkeys - 1]) == 0)
			r->keys[r->nkeys - 1].whole |= r->keys[i].whole;
		else
			r->keys[r->nkeys++] = r->keys[i];
	return (true);
}

static const struct row *
find_row(const struct engine_reads *r, const void *key, size_t keylen)
{
	const struct row *row;
	size_t low = 0, high = r->nrows, mid;
	int rc;

	while (low < high) {
		mid = low + (high - low) / 2;
		row = &r->rows[mid];
		rc = bytes_cmp(r->bytes.data + row->key, row->keylen, key,
		    keylen);
		if (rc == 0)
			return (row);
		if (rc < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (NULL);
}

static bool
add_row(struct engine_reads *r, const char *key, size_t keylen,
    const char *value, size_t len, bool cut)
{
	size_t max = r->maxrows == 0 ? 16 : 2 * r->maxrows;
	struct row *rows = r->rows;

	if (r->nrows == r->maxrows) {
		rows = reallocarray(rows, max, sizeof(*rows));
		if (rows == NULL)
			return (false);
		r->rows = rows;
		r->maxrows = max;
	}
	rows[r->nrows++] = (struct row){
	    .key = r->bytes.len,
	    .keylen = keylen,
	    .value = r->bytes.len + keylen,
	    .len = len,
	    .cut = cut,
	};
	return (buf_add(&r->bytes, key, keylen) &&
	    buf_add(&r->bytes, value, len));
}

/* Reads the rows that a statement of the kind HEADS gives. */
static enum skv_err
take_rows(struct engine_reads *r, struct maria_conn *c, MYSQL_STMT *stmt,
    struct skv_errinfo *info)
{
	char key[MARIA_KEYMAX], value[WHOLE_MOST];
	unsigned long keylen = 0, len = 0;
	uint64_t full = 0;
	MYSQL_BIND b[] = {
	    {.buffer_type = MYSQL_TYPE_BLOB,
		.buffer = key,
		.buffer_length = sizeof(key),
		.length = &keylen},
	    {.buffer_type = MYSQL_TYPE_LONGLONG,
		.buffer = &full,
		.is_unsigned = 1},
	    {.buffer_type = MYSQL_TYPE_BLOB,
		.buffer = value,
		.buffer_length = sizeof(value),
		.length = &len},
	};
	int rc;

	if (mysql_stmt_bind_result(stmt, b) != 0) {
		c->broken = true; /* its rows are unread */
		return (SKV_NOMEM);
	}
	while ((rc = mysql_stmt_fetch(stmt)) == 0)
		if (keylen > sizeof(key) || len > sizeof(value) ||
		    !add_row(r, key, keylen, value, len, full > len)) {
			c->broken = true; /* there is more to read */
			return (SKV_NOMEM);
		}
	if (rc != MYSQL_NO_DATA)
		return (maria_failed(c, stmt, info));
	if (mysql_stmt_free_result(stmt) != 0)
		c->broken = true;
	return (SKV_OK);
}

/*
 * Servers that share no snapshot are read at one moment by locking what is
 * read: when the last lock is had all are as they were at the first.
 */
static bool
by_locks(const struct engine_reads *r)
{
	return (r->engine->spread && r->nkeys > 1);
}

static enum maria_stmt
read_stmt(const struct engine_reads *r)
{
	if (r->lock)
		return (ST_LOCK);
	return (by_locks(r) ? ST_SHARE : ST_HEADS);
}

/*
 * A statement would lock keys server by server, and not in their order, in
 * which nobody waits for another who waits for him. Of many keys that is
 * accepted.
 */
static bool
one_by_one(const struct engine_reads *r)
{
	return (r->engine->spread && read_stmt(r) != ST_HEADS &&
	    r->nkeys <= MARIA_ROWS_EXACT);
}

/* Reads all keys on a connection. */
static enum skv_err
load(struct engine_reads *r, struct maria_conn *c, struct skv_errinfo *info)
{
	uint32_t most;
	size_t i, j, rows;
	MYSQL_STMT *stmt;
	enum skv_err err;

	r->nrows = 0;
	buf_reset(&r->bytes);
	for (i = 0; i < r->nkeys; i += rows) {
		rows = one_by_one(r) ? 1 : maria_rows(r->nkeys - i);
		most = RECORD_HEADMAX;
		for (j = 0; j < rows; j++) {
			if (r->keys[i + j].whole)
				most = WHOLE_MOST;
			maria_param(c, 1 + j, r->keys[i + j].data,
			    r->keys[i + j].len);
		}
		maria_param_uint(c, 0, &most);
		err = maria_run(c, read_stmt(r), rows, info, &stmt);
		if (err == SKV_OK)
			err = take_rows(r, c, stmt, info);
		if (err != SKV_OK)
			return (err);
	}
	if (r->nrows > 0)
		qsort_r(r->rows, r->nrows, sizeof(*r->rows), row_cmp,
		    r->bytes.data);
	return (SKV_OK);
}

/* Whether a value that is wanted whole did not come whole. */
static bool
lacks_values(const struct engine_reads *r)
{
	const struct row *row;
	size_t i;

	for (i = 0; i < r->nkeys; i++) {
		if (!r->keys[i].whole)
			continue;
		row = find_row(r, r->keys[i].data, r->keys[i].len);
		if (row != NULL && row->cut)
			return (true);
	}
	return (false);
}

static void
reads_drop(struct engine_reads *r)
{
	if (r == NULL || --r->refs > 0)
		return;
	if (r->conn != NULL && !r->lock) {
		maria_end(r->conn);
		maria_give(r->conn);
	}
	free(r->keys);
	free(r->rows);
	buf_release(&r->bytes);
	free(r);
}

/* One attempt without locks: a transaction only if one statement won't do. */
static enum skv_err
load_snapshot(struct engine_reads *r, int64_t deadline,
    struct skv_errinfo *info)
{
	struct maria_conn *c;
	enum skv_err err;
	bool single = r->nkeys <= MARIA_ROWS_EXACT && !by_locks(r);

	err = maria_take(r->engine, MARIA_READ, deadline, info, &c);
	if (err != SKV_OK)
		return (err);
	if (single)
		err = load(r, c, info);
	if (err == SKV_OK && single && !lacks_values(r)) {
		maria_give(c);
		return (SKV_OK);
	}
	if (err == SKV_OK)
		err = maria_query(c,
		    by_locks(r) ? "START TRANSACTION" :
				  "START TRANSACTION WITH CONSISTENT SNAPSHOT, "
				  "READ ONLY",
		    info);
	if (err == SKV_OK)
		err = load(r, c, info);
	if (err == SKV_OK) {
		r->conn = c;
		return (SKV_OK);
	}
	maria_end(c);
	maria_give(c);
	return (err);
}

static enum skv_err
read_snapshot(struct engine_reads *r, struct skv_errinfo *info)
{
	int64_t deadline = maria_deadline(r->engine);
	enum skv_err err, late;
	unsigned attempt;

	for (attempt = 0;; attempt++) {
		err = load_snapshot(r, deadline, info);
		if (err != ENGINE_AGAIN)
			return (err);
		late = maria_backoff(attempt, deadline, info);
		if (late != SKV_OK)
			return (late);
	}
}

/* --------------------------------------------------------- with the lock -- */

/* How high the locked records' revisions are. */
static void
see_locked(struct engine_reads *r)
{
	const struct row *row;

	for (row = r->rows; row < r->rows + r->nrows; row++)
		if (r->bytes.data[row->key] == KS_USER)
			maria_seen(r->engine,
			    record_revision(r->bytes.data + row->value,
				row->len));
}

enum skv_err
maria_lock(struct engine *e, const struct engine_key *keys, size_t n,
    struct skv_errinfo *info, struct engine_reads **ret)
{
	struct engine_reads *r = calloc(1, sizeof(*r));
	enum skv_err err;

	if (r == NULL)
		return (SKV_NOMEM);
	r->engine = e;
	r->refs = 1;
	r->lock = true;
	CHECK(e->locked == NULL);
	e->locked = r; /* for maria_rollback() to free */
	err = take_keys(r, keys, n) ? SKV_OK : SKV_NOMEM;
	if (err == SKV_OK && !e->open)
		err = maria_transaction(e, info);
	r->conn = e->conn;
	if (err == SKV_OK)
		err = load(r, e->conn, info);
	if (err != SKV_OK) {
		maria_rollback(e);
		return (err);
	}
	*ret = r;
	return (SKV_OK);
}

static enum skv_err
read_locked(struct engine *e, const struct engine_key *keys, size_t n,
    struct skv_errinfo *info, struct engine_reads **ret)
{
	struct engine_reads *r;
	enum skv_err err;

	err = maria_mark(e, info);
	if (err == SKV_OK)
		err = maria_lock(e, keys, n, info, &r);
	if (err != SKV_OK)
		return (err);
	see_locked(r);
	r->refs++;
	*ret = r;
	return (SKV_OK);
}

void
maria_unlock(struct engine *e)
{
	reads_drop(e->locked);
	e->locked = NULL;
}

bool
maria_was_absent(const struct engine *e, const char *key, size_t keylen)
{
	const struct engine_reads *r = e->locked;
	const struct engine_key k = {key, keylen, false};

	return (r != NULL &&
	    bsearch(&k, r->keys, r->nkeys, sizeof(k), key_cmp) != NULL &&
	    find_row(r, key, keylen) == NULL);
}

/* -------------------------------------------------------------- interface --
 */

enum skv_err
maria_read(struct engine *e, const struct engine_key *keys, size_t n, bool lock,
    struct skv_errinfo *info, struct engine_reads **ret)
{
	struct engine_reads *r;
	enum skv_err err;

	if (lock)
		return (read_locked(e, keys, n, info, ret));
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return (SKV_NOMEM);
	r->engine = e;
	r->refs = 1;
	err = take_keys(r, keys, n) ? read_snapshot(r, info) : SKV_NOMEM;
	if (err != SKV_OK) {
		reads_drop(r);
		return (err);
	}
	*ret = r;
	return (SKV_OK);
}

enum skv_err
maria_reads_get(struct engine_reads *r, const void *key, size_t keylen,
    bool whole, const char **ret_value, size_t *ret_len, void **ret_pin)
{
	const struct row *row = find_row(r, key, keylen);
	enum skv_err err;
	char *value;

	if (row == NULL)
		return (SKV_NOTFOUND);
	if (!whole || !row->cut) {
		*ret_value = r->bytes.data + row->value;
		*ret_len = row->len;
		*ret_pin = NULL;
		return (SKV_OK);
	}
	err = maria_fetch(r->conn, key, keylen, NULL, &value, ret_len);
	if (err == SKV_OK) {
		*ret_value = value;
		*ret_pin = value;
	}
	/* The transaction is gone, and with it what was read. */
	return (err == ENGINE_AGAIN && !r->lock ? SKV_UNAVAILABLE : err);
}

void
maria_reads_free(struct engine_reads *r)
{
	reads_drop(r);
}
