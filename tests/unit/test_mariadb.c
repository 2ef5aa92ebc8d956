/* SPDX-License-Identifier: MIT */
/*
 * What only the engine "mariadb" has: URLs, several processes on one database,
 * values and groups that are too large for one statement.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"
#include "tests/unit/mariadb_fixture.h"
#include "tests/unit/mariadb_pair.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/suite.h"

#define THREADS 8

/* ------------------------------------------------------------------ URLs -- */

static bool
refused(const char *path, enum skv_err want, const char *text)
{
	struct skv_errinfo info = {""};
	struct skv *s = NULL;
	enum skv_err err;

	err = skv_open(path, &opts, &info, &s);
	if (err == SKV_OK)
		(void)skv_close(s, NULL);
	if (err == want && strstr(info.text, text) != NULL)
		return (true);
	(void)fprintf(stderr, "%s: %s: %s\n", path, skv_strerror(err),
	    info.text);
	return (false);
}

static void
bad_urls(void)
{
	static const struct {
		const char *url;
		enum skv_err err;
		const char *text;
	} rows[] = {
	    {"mariadb:", SKV_INVALID, "form"},
	    {"mariadb:/h/d", SKV_INVALID, "form"},
	    {"mariadb://h", SKV_INVALID, "form"},
	    {"mariadb://h/", SKV_INVALID, "form"},
	    {"mariadb://h/?tls=off", SKV_INVALID, "form"},
	    {"mariadb:///d", SKV_INVALID, "host"},
	    {"mariadb://a,,b/d", SKV_INVALID, "host"},
	    {"mariadb://a:0/d", SKV_INVALID, "host"},
	    {"mariadb://a:65536/d", SKV_INVALID, "host"},
	    {"mariadb://a:x/d", SKV_INVALID, "host"},
	    {"mariadb://[::1/d", SKV_INVALID, "host"},
	    {"mariadb://a%2/d", SKV_INVALID, "escape"},
	    {"mariadb://a%00/d", SKV_INVALID, "escape"},
	    {"mariadb://u:secret@h/d", SKV_INVALID, "password_file"},
	    {"mariadb://h/d?no=1", SKV_INVALID, "no"},
	    {"mariadb://h/d?tls", SKV_INVALID, "tls"},
	    {"mariadb://h/d?tls=maybe", SKV_INVALID, "verify"},
	    {"mariadb://h/d?tls_ca=f", SKV_INVALID, "verify"},
	    {"mariadb://h/d?causal=1", SKV_INVALID, "true"},
	    {"mariadb://h/d?timeout_ms=99", SKV_INVALID, "100"},
	    {"mariadb://h/d?password_file=/nowhere/x", SKV_IO, "/nowhere/x"},
	    {"mariadb://h,h,h,h,h,h,h,h,h,h,h,h,h,h,h,h,h/d", SKV_INVALID,
		"16"},
	    {"mariadb://%2Fnowhere%2Fs/d?timeout_ms=200", SKV_UNAVAILABLE,
		"/nowhere/s"},
	};
	char longer[512];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		CU_ASSERT(refused(rows[i].url, rows[i].err, rows[i].text));
	CU_ASSERT(!refused("mariadb://u:secret@h/d", SKV_INVALID, "secret"));
	(void)snprintf(longer, sizeof(longer), "%s%s", pair_url,
	    "x?timeout_ms=100");
	CU_ASSERT(refused(longer, SKV_UNAVAILABLE, "Unknown database"));
}

static void
not_created(void)
{
	opts.create = false;
	(void)snprintf(pair_url, sizeof(pair_url), "%s", mariadb_url());
	CU_ASSERT(refused(pair_url, SKV_NOTFOUND, "no table"));
	opts.create = true;
	opts.max_value = 1 << 30;
	CU_ASSERT(refused(pair_url, SKV_INVALID, "max_allowed_packet"));
}

/* -------------------------------------------------------- two processes -- */

static void
one_store(void)
{
	uint64_t before;

	CU_ASSERT_EQUAL(skv_id(db), skv_id(db2));
	put("k", "v");
	before = rev("k");
	CU_ASSERT(has2("k", "v"));
	CU_OK(skv_put(db2, "k", 1, "w", 1, NULL));
	CU_ASSERT(has("k", "w"));
	CU_ASSERT(rev("k") > before);
	CU_OK(skv_delete(db2, "k", 1));
	CU_ASSERT(has("k", NULL));
}

static void *
opens(void *arg)
{
	struct skv_errinfo info = {""};
	struct skv *s = NULL;
	uintptr_t id = 0;

	(void)arg;
	if (skv_open(pair_url, &opts, &info, &s) == SKV_OK)
		id = skv_id(s);
	else
		(void)fprintf(stderr, "%s: %s\n", pair_url, info.text);
	(void)skv_close(s, NULL);
	return ((void *)id);
}

/* Of those who find nothing one makes the store, and all have it. */
static void
made_by_one(void)
{
	pthread_t ids[THREADS];
	void *id, *first;
	int i, j;

	for (i = 0; i < 20; i++) {
		(void)snprintf(pair_url, sizeof(pair_url), "%s", mariadb_url());
		for (j = 0; j < THREADS; j++)
			AZ(pthread_create(&ids[j], NULL, opens, NULL));
		AZ(pthread_join(ids[0], &first));
		CU_ASSERT_PTR_NOT_NULL(first);
		for (j = 1; j < THREADS; j++) {
			AZ(pthread_join(ids[j], &id));
			CU_ASSERT_PTR_EQUAL(id, first);
		}
	}
}

/* Whoever has a slow clock gives greater revisions all the same. */
static void
growing(void)
{
	uint64_t r, last = 0;
	int i;

	put("k", "v");
	/* As if the other's clock were an hour ahead. */
	db2->engine->given = rev("k") + 3600000000;
	for (i = 0; i < 10; i++) {
		CU_OK(skv_put(i % 2 == 0 ? db2 : db, "k", 1, "v", 1, NULL));
		r = rev("k");
		CU_ASSERT(r > last && r >> 53 == 0);
		last = r;
	}
	CU_ASSERT_EQUAL(stats().errors, 0);
}

static void *
increments(void *arg)
{
	struct skv *s = arg;
	struct skv_txn *t = skv_txn_new(s);
	struct skv_value v;
	enum skv_err err;
	uint64_t n;
	int i;

	for (i = 0; i < 50; i++)
		do {
			skv_txn_reset(t);
			err = skv_get(s, "n", 1, &v);
			n = 1;
			if (err == SKV_OK) {
				memcpy(&n, v.data, sizeof(n));
				n++;
				AZ(skv_txn_if_match(t, "n", 1, &v.revision, 1));
				skv_value_release(&v);
			} else {
				CHECK(err == SKV_NOTFOUND);
				AZ(skv_txn_if_none_match(t, "n", 1, NULL, 0));
			}
			AZ(skv_txn_put(t, "n", 1, &n, sizeof(n), NULL));
			err = skv_commit(t);
			CHECK(err == SKV_OK || err == SKV_CONFLICT);
		} while (err == SKV_CONFLICT);
	skv_txn_free(t);
	return (NULL);
}

/* Compare-and-swap by both, beginning with a key that is not there. */
static void
counter(void)
{
	pthread_t ids[THREADS];
	struct skv_value v;
	uint64_t n;
	int i;

	for (i = 0; i < THREADS; i++)
		AZ(pthread_create(&ids[i], NULL, increments,
		    i % 2 == 0 ? db : db2));
	for (i = 0; i < THREADS; i++)
		AZ(pthread_join(ids[i], NULL));
	AZ(skv_get(db, "n", 1, &v));
	memcpy(&n, v.data, sizeof(n));
	CU_ASSERT_EQUAL(n, THREADS * 50);
	skv_value_release(&v);
}

/* Two that would each be right alone: "if the other key is absent, put mine".
 */
static void *
skewed(void *arg)
{
	struct skv *s = arg;
	const char *mine = s == db ? "a" : "b", *other = s == db ? "b" : "a";
	struct skv_txn *t = skv_txn_new(s);
	uintptr_t won;

	AZ(skv_txn_if_none_match(t, other, 1, NULL, 0));
	AZ(skv_txn_put(t, mine, 1, "", 0, NULL));
	won = skv_commit(t) == SKV_OK;
	skv_txn_free(t);
	return ((void *)won);
}

static void
no_skew(void)
{
	pthread_t ids[2];
	void *won[2];
	int i, j;

	for (i = 0; i < 50; i++) {
		AZ(pthread_create(&ids[0], NULL, skewed, db));
		AZ(pthread_create(&ids[1], NULL, skewed, db2));
		for (j = 0; j < 2; j++)
			AZ(pthread_join(ids[j], &won[j]));
		CU_ASSERT_EQUAL((uintptr_t)won[0] + (uintptr_t)won[1], 1);
		CU_ASSERT_EQUAL(count_all(), 1);
		del("a");
		del("b");
	}
}

/* Who has lost a slot to another takes a new one before anything is written. */
static void
lost_slot(void)
{
	struct engine *e = db->engine;
	uint64_t before = e->instance, r;
	char sql[256];

	put("k", "v");
	r = rev("k");
	(void)snprintf(sql, sizeof(sql),
	    "UPDATE " MARIA_TABLE " SET v = CONCAT(LEFT(v, 10), 'somebody') "
	    "WHERE k = X'%02x%02x';",
	    e->slot_key[0], (unsigned char)e->slot_key[1]);
	mariadb_sql(sql);
	put("k", "w");
	CU_ASSERT_NOT_EQUAL(e->instance, before);
	CU_ASSERT(rev("k") > r);
	CU_ASSERT(has2("k", "w"));
	CU_ASSERT_EQUAL(stats().errors, 0);
}

/* More processes than there are slots, one after the other. */
static void
all_slots(void)
{
	uint64_t last = 0;
	int i;

	for (i = 0; i < 70; i++) {
		CU_OK(skv_close(db, NULL));
		db = pair_one();
		put("k", "v");
		CU_ASSERT(rev("k") > last);
		last = rev("k");
	}
	CU_OK(skv_put(db2, "k", 1, "last", 4, NULL));
	CU_ASSERT(has("k", "last"));
}

/* ------------------------------------------------------------ large ones -- */

/* Values that do not come with the others, in all ways of reading. */
static void
large_values(void)
{
	static const size_t sizes[] = {0, 273, 274, 275, 4095, 4096, 4097,
	    16383, 16384, 16385, 1 << 20, 8 << 20};
	const struct skv_range all = {.reverse = true};
	struct skv_txn *t = txn();
	struct skv_scan *s;
	struct skv_value v;
	const void *key;
	size_t i, limit, keylen;
	char *bytes = malloc(8 << 20), name[2] = "a";

	AN(bytes);
	memset(bytes, 0xa7, 8 << 20);
	for (i = 0; i < LENGTH(sizes); i++, name[0]++) {
		CU_OK(skv_txn_put(t, name, 1, bytes, sizes[i], NULL));
		CU_OK(skv_txn_get(t, name, 1));
	}
	CU_OK(skv_commit(t));
	skv_txn_reset(t);
	for (i = 0, name[0] = 'a'; i < LENGTH(sizes); i++, name[0]++) {
		CU_OK(skv_txn_get(t, name, 1));
		CU_OK(skv_get(db, name, 1, &v));
		CU_ASSERT_EQUAL(v.len, sizes[i]);
		CU_ASSERT(memcmp(v.data, bytes, v.len) == 0);
		skv_value_release(&v);
	}
	CU_OK(skv_commit(t));
	for (i = 0; i < LENGTH(sizes); i++) {
		CU_OK(skv_txn_result(t, i, &v));
		CU_ASSERT_EQUAL(v.len, sizes[i]);
		CU_ASSERT(memcmp(v.data, bytes, v.len) == 0);
	}
	for (limit = 0; limit < 2 * LENGTH(sizes); limit += LENGTH(sizes)) {
		CU_OK(skv_scan_open_limit(db, &all, limit, &s));
		for (i = LENGTH(sizes); i-- > 0;) {
			CU_OK(skv_scan_next(s, &key, &keylen, &v));
			CU_ASSERT_EQUAL(v.len, sizes[i]);
			CU_ASSERT(memcmp(v.data, bytes, v.len) == 0);
		}
		CU_ASSERT_EQUAL(skv_scan_next(s, &key, &keylen, &v),
		    SKV_NOTFOUND);
		skv_scan_close(s);
	}
	skv_txn_free(t);
	free(bytes);
}

/* More keys than one statement counts, and the same in part. */
static void
many_counted(void)
{
	const struct skv_range some = {.start = "00000100",
	    .startlen = 8,
	    .end = "00110000",
	    .endlen = 8};
	uint64_t n;

	put("k", "v");
	mariadb_sql("INSERT INTO " MARIA_TABLE " (k, v) "
		    "SELECT CONCAT(X'01', LPAD(seq, 8, '0')), t.v "
		    "FROM seq_1_to_120000, " MARIA_TABLE
		    " AS t WHERE ASCII(t.k) = 1;");
	CU_ASSERT_EQUAL(count_all(), 120001);
	CU_OK(skv_count(db, &some, &n));
	CU_ASSERT_EQUAL(n, 110000 - 100);
}

/* Groups of many sizes, of which each statement takes a part. */
static void
many_rows(void)
{
	static const int counts[] = {1, 2, 31, 32, 33, 63, 64, 65, 255, 256,
	    257, 1000};
	struct skv_txn *t = txn();
	char key[32];
	size_t i;
	int j;

	for (i = 0; i < LENGTH(counts); i++) {
		skv_txn_reset(t);
		for (j = 0; j < counts[i]; j++) {
			(void)snprintf(key, sizeof(key), "%d", j);
			t_put(t, key, key);
			if (i % 2 == 1)
				t_none(t, key, 0);
		}
		CU_OK(skv_commit(t));
		CU_ASSERT_EQUAL(count_all(), (uint64_t)counts[i]);
		skv_txn_reset(t);
		for (j = 0; j < counts[i]; j++) {
			(void)snprintf(key, sizeof(key), "%d", j);
			t_match(t, key, 0);
			t_del(t, key);
		}
		CU_OK(skv_commit(t));
		CU_ASSERT_EQUAL(count_all(), 0);
	}
	skv_txn_free(t);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"bad URLs are refused", bad_urls},
	    {"a table is created only when asked", not_created},
	    {"two processes have one store", one_store},
	    {"one of many makes the store", made_by_one},
	    {"revisions grow whatever the clocks say", growing},
	    {"compare-and-swap loses no increment", counter},
	    {"conditions hold against each other", no_skew},
	    {"a slot that is lost is not used", lost_slot},
	    {"there are always slots", all_slots},
	    {"values of all sizes are read", large_values},
	    {"groups of all sizes are written", many_rows},
	    {"more keys than a statement counts", many_counted},
	    CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
	    {"mariadb", NULL, NULL, pair_open, pair_close, tests},
	    CU_SUITE_INFO_NULL,
	};

	if (!mariadb_start())
		return (77);
	return (suite_run(suites));
}
