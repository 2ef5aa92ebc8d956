/* SPDX-License-Identifier: MIT */
/*
 * Prepared statements: every connection prepares what it needs when it first
 * needs it. A statement with many rows is one for each number of rows, so large
 * numbers are made up of a few sizes.
 *
 * The SQL is what MariaDB, MySQL and their relatives share: one table, by its
 * primary key.
 */
#include "config.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

/*
 * The revision of a record, which compares as it is; see record.h. It is what
 * keeps revisions growing where nothing was read before: a put over a newer
 * record, or over a slot that is another's (see mariadb_slot.c), becomes NULL,
 * which is an error. The very same record may be put again.
 *
 * In a transaction the slot's record comes with the mark that it has to replace
 * (see mariadb_write.c), which nothing else is.
 */
#define REVISION(v) "SUBSTR(" v ", 2, 8)"
#define OLDER REVISION("v") " < " REVISION("VALUES(v)")
#define SAME_OWNER "SUBSTR(v, 10) = SUBSTR(VALUES(v), 10)"
#define UPSERT \
	") ON DUPLICATE KEY UPDATE v = IF(LENGTH(v) < 9 OR (" OLDER \
	" AND (ASCII(k) <> 3 OR " SAME_OWNER ")) OR v = VALUES(v), " \
	"VALUES(v), NULL)"
#define UPSERT_MARKED \
	") ON DUPLICATE KEY UPDATE v = IF(ASCII(k) = 3, " \
	"IF(v = SUBSTR(VALUES(v), 18), LEFT(VALUES(v), 17), NULL), " \
	"IF(LENGTH(v) < 9 OR " OLDER " OR v = VALUES(v), VALUES(v), NULL))"
/* Values as far as they are wanted: whole up to a length, or the header. */
#define HEADS \
	"SELECT k, LENGTH(v), IF(LENGTH(v) <= ?, v, LEFT(v, 274)) FROM " MARIA_TABLE \
	" WHERE k IN (?"
#define PAGE "SELECT k, IF(LENGTH(v) <= 16384, v, NULL) FROM " MARIA_TABLE
#define EXPIRED "((ASCII(v) & 16) <> 0 AND REVERSE(SUBSTR(v, 10, 8)) <= ?)"
/* NB: all columns are named, because Spider, behind a row that was there
 * already, gives all of them for the next one, whatever was named. */
#define PUTS "INSERT INTO " MARIA_TABLE " (k, v, g) VALUES (?, ?, 0"

_Static_assert(RECORD_HEADMAX == 274 && RECORD_REVISION == 1 &&
	RECORD_REVISIONMAX == 8 && RECORD_EXPIRES == 0x10 && KS_SLOT == 3 &&
	MARIA_SLOTVALUE == 17,
    "the statements know a little of records");

static const struct {
	const char *first, *more, *end;
} statements[MARIA_STMTS] = {
    [ST_GET] = {"SELECT v FROM " MARIA_TABLE " WHERE k = ?", "", ""},
    [ST_HEADS] = {HEADS, ", ?", ")"},
    [ST_LOCK] = {HEADS, ", ?", ") FOR UPDATE"},
    [ST_SHARE] = {HEADS, ", ?", ") LOCK IN SHARE MODE"},
    [ST_INSERT] = {PUTS, "), (?, ?, 0", ")"},
    [ST_UPSERT] = {PUTS, "), (?, ?, 0", UPSERT},
    [ST_UPSERT_MARKED] = {PUTS, "), (?, ?, 0", UPSERT_MARKED},
    [ST_DELETE] = {"DELETE FROM " MARIA_TABLE " WHERE k IN (?", ", ?", ")"},
    [ST_TOUCH] = {"UPDATE " MARIA_TABLE " SET g = g ^ 1 WHERE k IN (?", ", ?",
	")"},
    [ST_SLOT] = {"UPDATE " MARIA_TABLE " SET v = ? WHERE k = ? AND RIGHT(v, ?) "
		 "= ?",
	"", ""},
    [ST_FROM] = {PAGE " WHERE k >= ? AND k < ? ORDER BY k LIMIT ?", "", ""},
    [ST_AFTER] = {PAGE " WHERE k > ? AND k < ? ORDER BY k LIMIT ?", "", ""},
    [ST_BELOW] = {PAGE " WHERE k < ? AND k >= ? ORDER BY k DESC LIMIT ?", "",
	""},
    [ST_NTH] = {"SELECT k FROM " MARIA_TABLE " WHERE k >= ? AND k < ? "
		"ORDER BY k LIMIT 1 OFFSET ?",
	"", ""},
    [ST_COUNT] = {"SELECT COUNT(*) FROM " MARIA_TABLE
		  " WHERE k >= ? AND k < ? AND NOT " EXPIRED,
	"", ""},
};

/* --------------------------------------------------------------- errors -- */

/* Of Spider: the server that has the data. No header has it. */
#define SPIDER_GONE_AWAY 12701

/* What to do about an error. */
enum cure {
	CONFLICT, /* nothing was done, and may be tried again */
	AGAIN,	  /* the same, but a commit may have been done */
	LEAVE,	  /* the same, and with another server */
	FATAL,	  /* nothing was done, and it would fail again */
};

static const struct {
	unsigned number;
	enum cure cure;
	enum skv_err err;
} errors[] = {
    {ER_LOCK_DEADLOCK, CONFLICT, 0},  /* also a conflict between nodes */
    {ER_LOCK_WAIT_TIMEOUT, AGAIN, 0}, /* also of a causal read */
    {ER_DUP_ENTRY, CONFLICT, 0},      /* what was absent is there now */
    {ER_BAD_NULL_ERROR, CONFLICT, 0}, /* see REVISION */
    {ER_CHECKREAD, CONFLICT, 0}, {ER_ERROR_DURING_COMMIT, AGAIN, 0},
    {ER_QUERY_INTERRUPTED, AGAIN, 0}, {ER_STATEMENT_TIMEOUT, AGAIN, 0},
    {ER_CONNECT_TO_FOREIGN_DATA_SOURCE, AGAIN, 0}, /* of Spider's */
    {ER_QUERY_ON_FOREIGN_DATA_SOURCE, AGAIN, 0}, {SPIDER_GONE_AWAY, AGAIN, 0},
    {ER_UNKNOWN_COM_ERROR, LEAVE, 0}, /* a node without its cluster */
    {ER_SERVER_SHUTDOWN, LEAVE, 0}, {ER_CONNECTION_KILLED, LEAVE, 0},
    {ER_OPTION_PREVENTS_STATEMENT, LEAVE, 0}, /* read_only */
    {ER_CON_COUNT_ERROR, LEAVE, 0}, {ER_TOO_MANY_USER_CONNECTIONS, LEAVE, 0},
    {ER_NET_READ_ERROR, LEAVE, 0}, {ER_NET_READ_INTERRUPTED, LEAVE, 0},
    {ER_NET_PACKET_TOO_LARGE, FATAL, SKV_TOOBIG},
    {CR_NET_PACKET_TOO_LARGE, FATAL, SKV_TOOBIG},
    {ER_DATA_TOO_LONG, FATAL, SKV_TOOBIG},
    {ER_RECORD_FILE_FULL, FATAL, SKV_NOSPACE},
    {ER_DISK_FULL, FATAL, SKV_NOSPACE}, {ER_NO_SUCH_TABLE, FATAL, SKV_NOTFOUND},
    {ER_BAD_FIELD_ERROR, FATAL, SKV_FORMAT},
    {CR_OUT_OF_MEMORY, FATAL, SKV_NOMEM},
    {0, FATAL, SKV_NOMEM}, /* so the library leaves it in some places */
};

#define NERRORS (sizeof(errors) / sizeof(errors[0]))

/* An error that is in no row: by default the connection is not trusted on. */
static enum cure
default_cure(unsigned number)
{
	return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR ? LEAVE :
								   FATAL);
}

enum skv_err
maria_failed(struct maria_conn *c, MYSQL_STMT *stmt, struct skv_errinfo *info)
{
	/* An error between rows is the connection's only. */
	bool its = stmt != NULL && mysql_stmt_errno(stmt) != 0;
	unsigned number = its ? mysql_stmt_errno(stmt) : mysql_errno(c->my);
	const char *text = its ? mysql_stmt_error(stmt) : mysql_error(c->my);
	enum cure cure;
	size_t i = 0;
	bool lost;

	errinfo_set(info, "%s: %s", c->node->host->label, text);
	while (i < NERRORS && errors[i].number != number)
		i++;
	cure = i < NERRORS ? errors[i].cure : default_cure(number);
	if (cure == LEAVE)
		maria_suspect(c->node, text);
	/* Out of memory in the middle of an answer leaves the rest unread. */
	lost = number == CR_OUT_OF_MEMORY || number == 0;
	if (cure == LEAVE || i == NERRORS || lost)
		c->broken = true;
	c->certain = !lost &&
	    (cure == CONFLICT || (cure == FATAL && i < NERRORS));
	if (cure != FATAL)
		return (ENGINE_AGAIN);
	return (i < NERRORS ? errors[i].err : SKV_IO);
}

/* ------------------------------------------------------------ statements -- */

size_t
maria_rows(size_t n)
{
	size_t rows = MARIA_ROWS_MOST;

	CHECK(n > 0);
	if (n <= MARIA_ROWS_EXACT)
		return (n);
	while (rows > n)
		rows /= 2;
	return (rows);
}

size_t
maria_rows_over(size_t n)
{
	size_t rows = 2 * MARIA_ROWS_EXACT;

	if (n <= MARIA_ROWS_EXACT || n >= MARIA_ROWS_MOST)
		return (maria_rows(n));
	while (rows < n)
		rows *= 2;
	return (rows);
}

/* The index of a number of rows among the sizes of a statement. */
static size_t
size_index(size_t rows)
{
	size_t i = MARIA_ROWS_EXACT;

	if (rows <= MARIA_ROWS_EXACT)
		return (rows - 1);
	while (rows > 2 * MARIA_ROWS_EXACT) {
		rows /= 2;
		i++;
	}
	CHECK(i < MARIA_SIZES);
	return (i);
}

/* Prepares a statement, which has no place yet. */
static enum skv_err
prepare(struct maria_conn *c, enum maria_stmt kind, size_t rows,
    struct skv_errinfo *info, MYSQL_STMT **ret)
{
	struct buf sql = {0};
	MYSQL_STMT *stmt;
	enum skv_err err = SKV_OK;
	size_t i;

	(void)buf_adds(&sql, statements[kind].first);
	for (i = 1; i < rows; i++)
		(void)buf_adds(&sql, statements[kind].more);
	(void)buf_adds(&sql, statements[kind].end);
	stmt = mysql_stmt_init(c->my);
	if (buf_failed(&sql) || stmt == NULL)
		err = SKV_NOMEM;
	else if (mysql_stmt_prepare(stmt, sql.data, sql.len) != 0)
		err = maria_failed(c, stmt, info);
	buf_release(&sql);
	if (err != SKV_OK) {
		if (stmt != NULL)
			(void)mysql_stmt_close(stmt);
		return (err);
	}
	*ret = stmt;
	return (SKV_OK);
}

void
maria_param(struct maria_conn *c, size_t i, const void *data, size_t len)
{
	MYSQL_BIND *b = &c->params[i];
	void *bytes;

	/* The library reads them only. */
	memcpy(&bytes, &data, sizeof(bytes));
	memset(b, 0, sizeof(*b));
	b->buffer_type = MYSQL_TYPE_BLOB;
	b->buffer = bytes;
	b->buffer_length = len;
}

void
maria_param_uint(struct maria_conn *c, size_t i, uint32_t *value)
{
	MYSQL_BIND *b = &c->params[i];

	memset(b, 0, sizeof(*b));
	b->buffer_type = MYSQL_TYPE_LONG;
	b->is_unsigned = 1;
	b->buffer = value;
}

enum skv_err
maria_run(struct maria_conn *c, enum maria_stmt kind, size_t rows,
    struct skv_errinfo *info, MYSQL_STMT **ret)
{
	MYSQL_STMT **stmt = &c->stmts[kind][size_index(rows)];
	enum skv_err err;

	if (*stmt == NULL) {
		err = prepare(c, kind, rows, info, stmt);
		if (err != SKV_OK)
			return (err);
	}
	if (mysql_stmt_bind_param(*stmt, c->params) != 0 ||
	    mysql_stmt_execute(*stmt) != 0)
		return (maria_failed(c, *stmt, info));
	if (ret != NULL)
		*ret = *stmt;
	return (SKV_OK);
}

enum skv_err
maria_query(struct maria_conn *c, const char *sql, struct skv_errinfo *info)
{
	if (mysql_real_query(c->my, sql, strlen(sql)) != 0)
		return (maria_failed(c, NULL, info));
	return (SKV_OK);
}
