/* SPDX-License-Identifier: MIT */
/* What the tests of the store share; see store_fixture.h. */
#include "config.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/lck.h"
#include "store/internal.h"
#include "tests/unit/mariadb_fixture.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/suite.h"

struct skv *db;
struct skv_options opts;
_Atomic int64_t fx_clock;
enum skv_err (*fx_open)(const char *, const struct skv_options *,
    struct skv_errinfo *, struct skv **) = skv_open;

static const char *engine;
static const char *program;
static char dir[] = "/tmp/test_store.XXXXXX";
static char url[128];

/* -------------------------------------------------------------- engines -- */

static int64_t
read_clock(void *arg)
{
	(void)arg;
	return (atomic_load(&fx_clock));
}

bool
fx_keeps(void)
{
	return (strcmp(engine, "leveldb") == 0 || fx_shared());
}

bool
fx_shared(void)
{
	return (strcmp(engine, "mariadb") == 0);
}

const char *
fx_url(void)
{
	return (url);
}

void
fx_start(void)
{
	struct skv_errinfo info = {""};

	if (fx_open(url, &opts, &info, &db) != SKV_OK) {
		(void)fprintf(stderr, "%s: %s\n", url, info.text);
		exit(99);
	}
}

void
fx_stop(void)
{
	CU_OK(skv_close(db, NULL));
	db = NULL;
}

void
fx_restart(void)
{
	fx_stop();
	fx_start();
}

static void
set_up(void)
{
	if (fx_shared())
		(void)snprintf(url, sizeof(url), "%s", mariadb_url());
	else if (fx_keeps()) {
		memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
		AN(mkdtemp(dir));
		(void)snprintf(url, sizeof(url), "leveldb:%s", dir);
	} else
		(void)snprintf(url, sizeof(url), "%s:", engine);
	skv_options_init(&opts, url);
	/* Small, so that a test of a moment has memtables and tables. */
	opts.write_buffer_size = 256 << 10;
	opts.file_size = 1 << 20;
	opts.cache_size = 1 << 20;
	opts.sync_interval_ms = 0;
	opts.clock_ms = read_clock;
	atomic_store(&fx_clock, 1000000);
	fx_start();
}

static void
tear_down(void)
{
	if (db != NULL)
		fx_stop();
	if (fx_keeps() && !fx_shared())
		remove_directory(dir);
}

static int
use_mem(void)
{
	engine = "mem";
	return (0);
}

static int
use_temp(void)
{
	engine = "temp";
	return (0);
}

static int
use_leveldb(void)
{
	engine = "leveldb";
	return (0);
}

static int
use_mariadb(void)
{
	engine = "mariadb";
	return (0);
}

/* ---------------------------------------------------------------- crash -- */

/* The other program: writes, tells the last revision and dies. */
static int
crash(const char *store, unsigned nkeys)
{
	struct skv_txn *t;
	char key[32], value[32];
	uint64_t last = 0;
	unsigned i;

	AZ(skv_open(store, NULL, NULL, &db));
	for (i = 0; i < nkeys; i++) {
		(void)snprintf(key, sizeof(key), "crash%u", i);
		(void)snprintf(value, sizeof(value), "%u", i);
		t = skv_txn_new(db);
		AN(t);
		AZ(skv_txn_put(t, key, strlen(key), value, strlen(value),
		    NULL));
		AZ(skv_commit(t));
		last = skv_txn_revision(t);
		skv_txn_free(t);
	}
	CHECK(write(STDOUT_FILENO, &last, sizeof(last)) ==
	    (ssize_t)sizeof(last));
	(void)kill(getpid(), SIGKILL);
	return (1);
}

uint64_t
fx_crash(unsigned nkeys)
{
	char number[16];
	uint64_t last = 0;
	int fds[2], status;
	pid_t pid;

	(void)snprintf(number, sizeof(number), "%u", nkeys);
	AZ(pipe(fds));
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) != -1)
			(void)execl(program, program, "--crash", url, number,
			    (char *)NULL);
		_exit(127);
	}
	AZ(close(fds[1]));
	CU_ASSERT_EQUAL(read(fds[0], &last, sizeof(last)),
	    (ssize_t)sizeof(last));
	AZ(close(fds[0]));
	CHECK(waitpid(pid, &status, 0) == pid);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return (last);
}

int
fx_run(int argc, char **argv, CU_TestInfo *tests)
{
	CU_SuiteInfo suites[] = {
	    {"mem", use_mem, NULL, set_up, tear_down, tests},
	    {"temp", use_temp, NULL, set_up, tear_down, tests},
	    {"leveldb", use_leveldb, NULL, set_up, tear_down, tests},
	    {"mariadb", use_mariadb, NULL, set_up, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};
	const size_t mariadb = LENGTH(suites) - 2;

	program = argv[0];
	if (argc == 4 && strcmp(argv[1], "--crash") == 0)
		return (crash(argv[2], (unsigned)atoi(argv[3])));
	/* What comes between wraps the engines in this process. */
	if (fx_open != skv_open || !mariadb_start())
		suites[mariadb] = suites[mariadb + 1];
	return (suite_run(suites));
}

/* -------------------------------------------------------------- helpers -- */

bool
fx_patience(int64_t *deadline)
{
	if (*deadline == 0)
		*deadline = lck_now_ns() + FX_PATIENCE;
	(void)sched_yield();
	return (lck_now_ns() < *deadline);
}

void
put_ttl(const char *key, const char *value, int64_t expires_ms)
{
	const struct skv_attr attr = {.expires_ms = expires_ms};

	CU_OK(skv_put(db, key, strlen(key), value, strlen(value), &attr));
}

void
put(const char *key, const char *value)
{
	CU_OK(skv_put(db, key, strlen(key), value, strlen(value), NULL));
}

void
del(const char *key)
{
	CU_OK(skv_delete(db, key, strlen(key)));
}

static bool
value_is(const struct skv_value *v, const char *value)
{
	return (v->data != NULL && v->len == strlen(value) &&
	    memcmp(v->data, value, v->len) == 0);
}

bool
has(const char *key, const char *value)
{
	struct skv_value v;
	enum skv_err err;
	bool same;

	err = skv_get(db, key, strlen(key), &v);
	if (err != SKV_OK || value == NULL) {
		if (err == SKV_OK)
			skv_value_release(&v);
		return (err == SKV_NOTFOUND && value == NULL);
	}
	same = value_is(&v, value);
	skv_value_release(&v);
	return (same);
}

uint64_t
rev(const char *key)
{
	struct skv_value v;
	uint64_t r;

	if (skv_get(db, key, strlen(key), &v) != SKV_OK)
		return (0);
	r = v.revision;
	skv_value_release(&v);
	return (r);
}

uint64_t
count_all(void)
{
	const struct skv_range all = {.prefix = NULL};
	uint64_t n = 0;

	CU_OK(skv_count(db, &all, &n));
	return (n);
}

struct skv_stats
stats(void)
{
	struct skv_stats s;

	skv_stats(db, &s);
	return (s);
}

struct skv_txn *
txn(void)
{
	struct skv_txn *t = skv_txn_new(db);

	AN(t);
	return (t);
}

void
t_put(struct skv_txn *t, const char *key, const char *value)
{
	CU_OK(skv_txn_put(t, key, strlen(key), value, strlen(value), NULL));
}

void
t_del(struct skv_txn *t, const char *key)
{
	CU_OK(skv_txn_delete(t, key, strlen(key)));
}

void
t_get(struct skv_txn *t, const char *key)
{
	CU_OK(skv_txn_get(t, key, strlen(key)));
}

void
t_match(struct skv_txn *t, const char *key, uint64_t revision)
{
	CU_OK(skv_txn_if_match(t, key, strlen(key), &revision, revision != 0));
}

void
t_none(struct skv_txn *t, const char *key, uint64_t revision)
{
	CU_OK(skv_txn_if_none_match(t, key, strlen(key), &revision,
	    revision != 0));
}

bool
t_has(const struct skv_txn *t, size_t i, const char *value)
{
	struct skv_value v;
	enum skv_err err = skv_txn_result(t, i, &v);

	if (value == NULL)
		return (err == SKV_NOTFOUND);
	return (err == SKV_OK && value_is(&v, value));
}

bool
t_failed(const struct skv_txn *t, size_t i, uint64_t revision)
{
	struct skv_failure f;

	return (skv_txn_failure(t, i, &f) == SKV_OK && f.revision == revision);
}

unsigned
fx_random(unsigned *state, unsigned below)
{
	*state = *state * 1103515245 + 12345;
	return ((*state >> 16) % below);
}
