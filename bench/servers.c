/* SPDX-License-Identifier: MIT */
/*
 * The library on MariaDB servers, against the SQL that a program would use if
 * it had a table of keys and values there: the same operations in the same
 * groups, written by hand with libmariadb's prepared statements. The two take
 * turns, half a second each; the first round warms up and is not printed. A
 * line a result, as in results.csv: test, target, X, round, metric, value.
 * Besides the rate there are the statements per operation, each of which is a
 * round trip, as the server counts them.
 *
 * usage: servers HOST PORT DATABASE X ROUNDS [TEST...]
 */
#include "config.h"

#include <err.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "base/check.h"
#include "base/lck.h"
#include "store/scribekv.h"

#define NKEYS 10000U
#define KEYLEN 10
#define VALUELEN 100
#define BATCH 100
#define THREADS 64
#define TURN_NS 500000000LL

static const char *host, *database;
static unsigned port;
static struct skv *db;

/* One thread's way to either target. */
struct user {
	unsigned next; /* number of the next key */
	uint64_t done; /* operations */
	uint64_t written;
	/* The library's. */
	struct skv_txn *txn;
	uint64_t revision; /* of the key of a compare-and-swap */
	/* By hand. */
	MYSQL *my;
	MYSQL_STMT *get, *lock, *put, *put_batch, *list, *count;
	char keys[BATCH][16];
	char value[VALUELEN];
};

/* --------------------------------------------------------------- errors -- */

static void
ok(const char *what, enum skv_err error)
{
	if (error != SKV_OK)
		errx(EXIT_FAILURE, "%s: %s", what, skv_strerror(error));
}

static void
sql(MYSQL *my, const char *text)
{
	if (mysql_query(my, text) != 0)
		errx(EXIT_FAILURE, "%s: %s", text, mysql_error(my));
}

static void
run(MYSQL_STMT *stmt, MYSQL_BIND *params)
{
	if (mysql_stmt_bind_param(stmt, params) != 0 ||
	    mysql_stmt_execute(stmt) != 0)
		errx(EXIT_FAILURE, "%s", mysql_stmt_error(stmt));
}

/* Reads all rows of up to two columns; how many there were. */
static unsigned
rows(MYSQL_STMT *stmt)
{
	char bytes[2][VALUELEN];
	unsigned long len[2];
	MYSQL_BIND b[2];
	unsigned i, n = 0;

	memset(b, 0, sizeof(b));
	for (i = 0; i < 2; i++) {
		b[i].buffer_type = MYSQL_TYPE_BLOB;
		b[i].buffer = bytes[i];
		b[i].buffer_length = VALUELEN;
		b[i].length = &len[i];
	}
	AZ(mysql_stmt_bind_result(stmt, b));
	while (mysql_stmt_fetch(stmt) != MYSQL_NO_DATA)
		n++;
	AZ(mysql_stmt_free_result(stmt));
	return (n);
}

/* ------------------------------------------------------------ the users -- */

static MYSQL *
connect_direct(void)
{
	MYSQL *my = mysql_init(NULL);

	AN(my);
	if (mysql_real_connect(my, host, "root", "", database, port, NULL, 0) ==
	    NULL)
		errx(EXIT_FAILURE, "%s", mysql_error(my));
	return (my);
}

static MYSQL_STMT *
prepare(MYSQL *my, const char *text)
{
	MYSQL_STMT *stmt = mysql_stmt_init(my);

	AN(stmt);
	if (mysql_stmt_prepare(stmt, text, strlen(text)) != 0)
		errx(EXIT_FAILURE, "%s: %s", text, mysql_stmt_error(stmt));
	return (stmt);
}

#define PUT "INSERT INTO direct (k, v) VALUES (?, ?)"
#define OVER " ON DUPLICATE KEY UPDATE v = VALUES(v)"

static void
user_open(struct user *u, unsigned number)
{
	char text[sizeof(PUT OVER) + BATCH * sizeof(", (?, ?)")] = PUT;
	unsigned i;

	memset(u, 0, sizeof(*u));
	memset(u->value, 'v', sizeof(u->value));
	u->next = number * 1237;
	u->txn = skv_txn_new(db);
	AN(u->txn);
	u->my = connect_direct();
	sql(u->my, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
	/* As the library's reads: they see what was committed anywhere. */
	sql(u->my, "SET SESSION wsrep_sync_wait = 1");
	u->get = prepare(u->my, "SELECT v FROM direct WHERE k = ?");
	u->lock = prepare(u->my, "SELECT v FROM direct WHERE k = ? FOR UPDATE");
	u->list = prepare(u->my,
	    "SELECT k, v FROM direct WHERE k >= ? ORDER BY k LIMIT ?");
	u->count = prepare(u->my, "SELECT COUNT(*) FROM direct");
	u->put = prepare(u->my, PUT OVER);
	for (i = 1; i < BATCH; i++)
		(void)strcat(text, ", (?, ?)");
	u->put_batch = prepare(u->my, strcat(text, OVER));
}

static void
user_close(struct user *u)
{
	(void)mysql_stmt_close(u->get);
	(void)mysql_stmt_close(u->lock);
	(void)mysql_stmt_close(u->list);
	(void)mysql_stmt_close(u->count);
	(void)mysql_stmt_close(u->put);
	(void)mysql_stmt_close(u->put_batch);
	mysql_close(u->my);
	skv_txn_free(u->txn);
}

/* Key "i" of the next operation, and of "n" after it. */
static char *
next_key(struct user *u, unsigned i)
{
	/* 7919 is prime to NKEYS: each key comes once. */
	u->next = (u->next + 7919) % NKEYS;
	(void)snprintf(u->keys[i], sizeof(u->keys[i]), "k%09u", u->next);
	return (u->keys[i]);
}

/* Another value each time: the server does not write one that is the same. */
static char *
next_value(struct user *u)
{
	uint64_t n = ++u->written;

	memcpy(u->value, &n, sizeof(n));
	return (u->value);
}

static void
bind(MYSQL_BIND *b, void *data, size_t len)
{
	memset(b, 0, sizeof(*b));
	b->buffer_type = MYSQL_TYPE_BLOB;
	b->buffer = data;
	b->buffer_length = len;
}

/* ------------------------------------------------------------ the tests -- */

static void
skv_put_n(struct user *u, unsigned n)
{
	const char *value = next_value(u);
	unsigned i;

	skv_txn_reset(u->txn);
	for (i = 0; i < n; i++)
		ok("skv_txn_put",
		    skv_txn_put(u->txn, next_key(u, i), KEYLEN, value, VALUELEN,
			NULL));
	ok("skv_commit", skv_commit(u->txn));
}

static void
direct_put_n(struct user *u, unsigned n)
{
	MYSQL_BIND b[2 * BATCH];
	char *value = next_value(u);
	unsigned i;

	for (i = 0; i < n; i++) {
		bind(&b[2 * i], next_key(u, i), KEYLEN);
		bind(&b[2 * i + 1], value, VALUELEN);
	}
	run(n == 1 ? u->put : u->put_batch, b);
}

/* Changes one key if it is as it was left. */
static void
skv_cas(struct user *u, unsigned n)
{
	skv_txn_reset(u->txn);
	(void)n;
	if (u->revision != 0)
		ok("skv_txn_if_match",
		    skv_txn_if_match(u->txn, "cas", 3, &u->revision, 1));
	ok("skv_txn_put",
	    skv_txn_put(u->txn, "cas", 3, next_value(u), VALUELEN, NULL));
	ok("skv_commit", skv_commit(u->txn));
	u->revision = skv_txn_revision(u->txn);
}

static void
direct_cas(struct user *u, unsigned n)
{
	char key[] = "cas";
	MYSQL_BIND b[2];

	(void)n;
	bind(&b[0], key, 3);
	bind(&b[1], next_value(u), VALUELEN);
	sql(u->my, "START TRANSACTION");
	run(u->lock, b);
	(void)rows(u->lock);
	run(u->put, b);
	sql(u->my, "COMMIT");
}

static void
skv_get_n(struct user *u, unsigned n)
{
	struct skv_value v;

	(void)n;
	ok("skv_get", skv_get(db, next_key(u, 0), KEYLEN, &v));
	CHECK(v.len == VALUELEN);
	skv_value_release(&v);
}

static void
direct_get_n(struct user *u, unsigned n)
{
	MYSQL_BIND b;

	(void)n;
	bind(&b, next_key(u, 0), KEYLEN);
	run(u->get, &b);
	CHECK(rows(u->get) == 1);
}

/* A key that has "n" from it on. */
static char *
list_key(struct user *u, unsigned n)
{
	(void)next_key(u, 0);
	(void)snprintf(u->keys[0], sizeof(u->keys[0]), "k%09u",
	    u->next % (NKEYS - n));
	return (u->keys[0]);
}

static void
skv_list(struct user *u, unsigned n)
{
	struct skv_range r = {.start = list_key(u, n), .startlen = KEYLEN};
	struct skv_scan *s;
	struct skv_value v;
	const void *key;
	size_t len;
	unsigned i;

	ok("skv_scan_open_limit", skv_scan_open_limit(db, &r, n, &s));
	for (i = 0; i < n && skv_scan_next(s, &key, &len, &v) == SKV_OK; i++)
		CHECK(v.len == VALUELEN);
	CHECK(i == n);
	skv_scan_close(s);
}

static void
direct_list(struct user *u, unsigned n)
{
	MYSQL_BIND b[2];
	uint32_t limit = n;

	bind(&b[0], list_key(u, n), KEYLEN);
	memset(&b[1], 0, sizeof(b[1]));
	b[1].buffer_type = MYSQL_TYPE_LONG;
	b[1].buffer = &limit;
	run(u->list, b);
	CHECK(rows(u->list) == n);
}

static void
skv_count_all(struct user *u, unsigned n)
{
	struct skv_range all = {.prefix = NULL};
	uint64_t count;

	(void)u;
	ok("skv_count", skv_count(db, &all, &count));
	CHECK(count >= n);
}

static void
direct_count_all(struct user *u, unsigned n)
{
	(void)n;
	run(u->count, NULL);
	CHECK(rows(u->count) == 1);
}

static const struct test {
	const char *name;
	void (*library)(struct user *, unsigned n);
	void (*direct)(struct user *, unsigned n);
	unsigned n;
	unsigned threads;
} tests[] = {
    {"put", skv_put_n, direct_put_n, 1, 1},
    {"put-100", skv_put_n, direct_put_n, BATCH, 1},
    {"cas", skv_cas, direct_cas, 1, 1},
    {"get", skv_get_n, direct_get_n, 1, 1},
    {"list-10", skv_list, direct_list, 10, 1},
    {"list-100", skv_list, direct_list, 100, 1},
    {"list-1000", skv_list, direct_list, 1000, 1},
    {"count", skv_count_all, direct_count_all, NKEYS, 1},
    {"put-8", skv_put_n, direct_put_n, 1, 8},
    {"get-8", skv_get_n, direct_get_n, 1, 8},
    {"put-64", skv_put_n, direct_put_n, 1, THREADS},
};

#define NTESTS (sizeof(tests) / sizeof(tests[0]))

/* ------------------------------------------------------------ measuring -- */

static struct user users[THREADS];

struct work {
	void (*fn)(struct user *, unsigned n);
	unsigned n;
	int64_t end_ns;
	struct user *user;
	pthread_t thread;
};

static void *
work_main(void *arg)
{
	struct work *w = arg;

	while (lck_now_ns() < w->end_ns) {
		w->fn(w->user, w->n);
		w->user->done++;
	}
	mysql_thread_end();
	return (NULL);
}

/* Statements that the server has run for anybody. */
static uint64_t
statements(void)
{
	MYSQL *my = users[0].my;
	MYSQL_RES *res;
	MYSQL_ROW row;
	uint64_t n;

	sql(my, "SHOW GLOBAL STATUS LIKE 'Questions'");
	res = mysql_store_result(my);
	AN(res);
	row = mysql_fetch_row(res);
	AN(row);
	n = strtoull(row[1], NULL, 10);
	mysql_free_result(res);
	return (n);
}

static void
measure(const struct test *t, bool library, const char *x, unsigned round)
{
	struct work work[THREADS];
	const char *name = library ? "scribekv" : "direct";
	uint64_t before = statements(), done = 0;
	int64_t start = lck_now_ns();
	double ns, each;
	unsigned i;

	for (i = 0; i < t->threads; i++) {
		users[i].done = 0;
		work[i] = (struct work){library ? t->library : t->direct, t->n,
		    start + TURN_NS, &users[i], 0};
		AZ(pthread_create(&work[i].thread, NULL, work_main, &work[i]));
	}
	for (i = 0; i < t->threads; i++) {
		AZ(pthread_join(work[i].thread, NULL));
		done += users[i].done;
	}
	ns = (double)(lck_now_ns() - start);
	each = (double)(statements() - before - 1) / (double)done;
	if (round == 0)
		return;
	(void)printf("servers-%s,%s,%s,%u,per_s,%.1f\n", t->name, name, x,
	    round, (double)done * 1e9 / ns);
	(void)printf("servers-%s,%s,%s,%u,statements,%.2f\n", t->name, name, x,
	    round, each);
	(void)fflush(stdout);
}

static bool
chosen(const char *name, char *const *list)
{
	char *const *p;

	for (p = list; *p != NULL; p++)
		if (strcmp(*p, name) == 0)
			return (true);
	return (*list == NULL);
}

static void
set_up(void)
{
	struct skv_errinfo info = {""};
	char url[512];
	MYSQL *my = connect_direct();
	unsigned i;

	sql(my,
	    "CREATE TABLE IF NOT EXISTS direct (k VARBINARY(1033) NOT NULL, "
	    "v LONGBLOB NOT NULL, PRIMARY KEY (k))");
	mysql_close(my);
	(void)snprintf(url, sizeof(url), "mariadb://root@%s:%u/%s", host, port,
	    database);
	if (skv_open(url, NULL, &info, &db) != SKV_OK)
		errx(EXIT_FAILURE, "%s: %s", url, info.text);
	for (i = 0; i < THREADS; i++)
		user_open(&users[i], i);
	for (i = 0; i < NKEYS; i += BATCH) {
		skv_put_n(&users[0], BATCH);
		direct_put_n(&users[1], BATCH);
	}
}

int
main(int argc, char **argv)
{
	unsigned rounds, round, i;

	if (argc < 6 || sscanf(argv[2], "%u", &port) != 1 ||
	    sscanf(argv[5], "%u", &rounds) != 1)
		errx(EXIT_FAILURE,
		    "usage: servers HOST PORT DATABASE X ROUNDS [TEST...]");
	host = argv[1];
	database = argv[3];
	set_up();
	for (round = 0; round <= rounds; round++)
		for (i = 0; i < NTESTS; i++) {
			if (!chosen(tests[i].name, argv + 6))
				continue;
			/* Nobody is always the first. */
			measure(&tests[i], round % 2 == 0, argv[4], round);
			measure(&tests[i], round % 2 != 0, argv[4], round);
		}
	for (i = 0; i < THREADS; i++)
		user_close(&users[i]);
	ok("skv_close", skv_close(db, NULL));
	return (EXIT_SUCCESS);
}
