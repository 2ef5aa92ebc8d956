/* SPDX-License-Identifier: MIT */
/*
 * The engine "mariadb": the map in one table of a MariaDB server, or of several
 * that replicate it synchronously (Galera), for any number of processes at
 * once. mariadb.h tells which file does what, ARCHITECTURE.md the whole.
 *
 * Durability is the servers' own: what is committed is as durable as they are
 * configured to make it, so a barrier has nothing to do.
 */
#include "config.h"

#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

/* k: the key. v: the value. g: of no meaning, see mariadb_write.c. */
#define SCHEMA \
	"CREATE TABLE IF NOT EXISTS " MARIA_TABLE " (" \
	"k VARBINARY(1033) NOT NULL, " \
	"v LONGBLOB NOT NULL, " \
	"g TINYINT UNSIGNED NOT NULL DEFAULT 0, " \
	"PRIMARY KEY (k)) ROW_FORMAT=DYNAMIC"

/* Whether the table is one of Spider's. */
#define SPREAD \
	"SELECT COUNT(*) FROM information_schema.TABLES WHERE " \
	"TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '" MARIA_TABLE "' " \
	"AND ENGINE = 'SPIDER'"

/* What a statement has besides the largest value. */
#define PACKET_SPARE (64 << 10)

_Static_assert(MARIA_KEYMAX == 1033, "the schema has room for every key");

static void
mariadb_close(struct engine *e)
{
	if (e == NULL)
		return;
	maria_batch_clear(e);
	maria_watch_stop(e);
	maria_close_idle(e);
	buf_release(&e->bytes);
	free(e->changes);
	maria_conf_release(&e->conf);
	lck_cond_release(&e->changed);
	lck_release(&e->mtx);
	free(e);
}

/* A number that a query gives; SKV_NOTFOUND when there is no such table. */
static enum skv_err
query_number(struct maria_conn *c, const char *sql, uint64_t *ret,
    struct skv_errinfo *info)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	bool missing;

	if (mysql_real_query(c->my, sql, strlen(sql)) != 0) {
		missing = mysql_errno(c->my) == ER_NO_SUCH_TABLE;
		return (missing ? SKV_NOTFOUND : maria_failed(c, NULL, info));
	}
	res = mysql_store_result(c->my);
	if (res == NULL)
		return (maria_failed(c, NULL, info));
	row = mysql_fetch_row(res);
	if (row != NULL && row[0] != NULL)
		*ret = strtoull(row[0], NULL, 10);
	mysql_free_result(res);
	return (SKV_OK);
}

/* Looks whether the table is there and what we expect, or makes it. */
static enum skv_err
check_table(struct maria_conn *c, const struct skv_options *opts,
    struct skv_errinfo *info)
{
	uint64_t packet = 0, spread = 0;
	enum skv_err err;

	err = query_number(c,
	    "SELECT COUNT(*) FROM (SELECT k, v, g FROM " MARIA_TABLE
	    " LIMIT 1) AS t",
	    &packet, info);
	if (err == SKV_NOTFOUND && opts->create)
		err = maria_query(c, SCHEMA, info);
	else if (err == SKV_NOTFOUND)
		errinfo_set(info, "%s: there is no table " MARIA_TABLE,
		    c->node->host->label);
	if (err == SKV_OK)
		err = query_number(c, SPREAD, &spread, info);
	c->node->engine->spread = spread > 0;
	if (err == SKV_OK)
		err = query_number(c, "SELECT @@max_allowed_packet", &packet,
		    info);
	if (err == SKV_OK && packet < opts->max_value + PACKET_SPARE) {
		errinfo_set(info,
		    "%s: max_value is %llu, but the server's "
		    "max_allowed_packet %llu: it must be %d greater",
		    c->node->host->label, (unsigned long long)opts->max_value,
		    (unsigned long long)packet, PACKET_SPARE);
		err = SKV_INVALID;
	}
	return (err);
}

/* Everything that needs a server. */
static enum skv_err
settle(struct engine *e, const struct skv_options *opts,
    struct skv_errinfo *info)
{
	struct maria_conn *c;
	enum skv_err err;
	unsigned attempt;

	e->deadline_ns = maria_deadline(e);
	for (attempt = 0;; attempt++) {
		err = maria_take(e, MARIA_SINGLE, e->deadline_ns, info, &c);
		if (err != SKV_OK)
			return (err);
		err = check_table(c, opts, info);
		maria_give(c);
		if (err == SKV_OK)
			err = maria_slot_take(e, info);
		if (err != ENGINE_AGAIN)
			return (err);
		err = maria_backoff(attempt, e->deadline_ns, info);
		if (err != SKV_OK)
			return (err);
	}
}

static enum skv_err
mariadb_open(const char *path, const struct skv_options *opts,
    struct skv_errinfo *info, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	enum skv_err err;
	unsigned i;

	if (e == NULL)
		return (SKV_NOMEM);
	lck_init(&e->mtx);
	lck_cond_init(&e->changed);
	for (i = 0; i < MARIA_HOSTS; i++) {
		e->nodes[i].engine = e;
		e->nodes[i].host = &e->conf.hosts[i];
	}
	err = maria_conf_parse(&e->conf, path, info);
	if (err == SKV_OK && !maria_watch_start(e)) {
		errinfo_set(info, "cannot start a thread");
		err = SKV_NOMEM;
	}
	if (err == SKV_OK)
		err = settle(e, opts, info);
	if (err != SKV_OK) {
		mariadb_close(e);
		return (err);
	}
	*ret = e;
	return (SKV_OK);
}

/* What is committed is as durable as the servers make it. */
static enum skv_err
mariadb_barrier(struct engine *e, struct skv_errinfo *info)
{
	(void)e;
	(void)info;
	return (SKV_OK);
}

static enum skv_err
mariadb_status(struct engine *e, struct skv_errinfo *info)
{
	enum skv_err err = SKV_OK;

	lck_lock(&e->mtx);
	if (maria_best(e) == NULL) {
		maria_explain(e, info);
		err = SKV_UNAVAILABLE;
	}
	lck_unlock(&e->mtx);
	return (err);
}

static char *
mariadb_property(struct engine *e, const char *name)
{
	return (strcmp(name, "nodes") == 0 ? maria_nodes(e) : NULL);
}

static const struct engine_shared_ops shared = {
    .begin = maria_begin,
    .read = maria_read,
    .reads_get = maria_reads_get,
    .reads_free = maria_reads_free,
    .batch_guard = maria_batch_guard,
    .revision = maria_revision,
    .iter_bound = maria_iter_bound,
    .iter_count = maria_iter_count,
    .status = mariadb_status,
};

const struct engine_ops engine_mariadb = {
    .name = "mariadb",
    .persistent = true,
    .defaults = ENGINE_DEFAULTS(0, 1000),
    .shared = &shared,
    .open = mariadb_open,
    .close = mariadb_close,
    .get = maria_get,
    .release = free,
    .batch_put = maria_batch_put,
    .batch_delete = maria_batch_delete,
    .batch_clear = maria_batch_clear,
    .write = maria_write,
    .barrier = mariadb_barrier,
    .property = mariadb_property,
    .iter_new = maria_iter_new,
    .iter_free = maria_iter_free,
    .iter_seek = maria_iter_seek,
    .iter_seek_below = maria_iter_seek_below,
    .iter_next = maria_iter_next,
    .iter_prev = maria_iter_prev,
    .iter_valid = maria_iter_valid,
    .iter_key = maria_iter_key,
    .iter_value = maria_iter_value,
    .iter_error = maria_iter_error,
};
