/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong for the engine "mariadb": connections that break, a
 * transaction that is lost, a server that dies or does not answer.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/mariadb_cut.h"
#include "tests/unit/mariadb_fixture.h"
#include "tests/unit/mariadb_pair.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/suite.h"

#define THEIRS 1000 /* a number that the other process puts */

/* Adds one to a number by compare-and-swap. */
static enum skv_err
add_one(struct skv_txn *t, uint64_t now)
{
	uint64_t revision = rev("n"), n = now + 1;

	skv_txn_reset(t);
	AZ(skv_txn_if_match(t, "n", 1, &revision, 1));
	AZ(skv_txn_put(t, "n", 1, &n, sizeof(n), NULL));
	t_put(t, "other", "v");
	t_del(t, "absent");
	return (skv_commit(t));
}

static uint64_t
number(void)
{
	struct skv_value v;
	uint64_t n;

	AZ(skv_get(db, "n", 1, &v));
	CHECK(v.len == sizeof(n));
	memcpy(&n, v.data, sizeof(n));
	skv_value_release(&v);
	return (n);
}

/*
 * The connection breaks at each statement of a commit in turn, before it and
 * after it was run: every time the result is the true one.
 */
static void
broken(bool late)
{
	struct skv_txn *t = txn();
	uint64_t n = 0;
	unsigned nth;

	CU_OK(skv_put(db, "n", 1, &n, sizeof(n), NULL));
	for (nth = 1;; nth++, n++) {
		(void)rev("n");	       /* a connection to read is there */
		cut_at(nth + 1, late); /* not at rev() of add_one() */
		CU_OK(add_one(t, n));
		cut.countdown = 0;
		CU_ASSERT_EQUAL(number(), n + 1);
		CU_ASSERT_EQUAL(skv_txn_revision(t), rev("n"));
		if (!cut.fired)
			break;
	}
	CU_ASSERT(nth > 5);
	/* A blind put is one statement. */
	cut_at(1, late);
	put("k", "v");
	CU_ASSERT(cut.fired);
	CU_ASSERT(has("k", "v"));
	cut_at(1, late);
	CU_ASSERT(has("k", "v"));
	CU_ASSERT(cut.fired);
	CU_ASSERT_EQUAL(count_all(), 3);
	CU_ASSERT_EQUAL(stats().errors, 0);
	skv_txn_free(t);
}

static void
broken_before(void)
{
	broken(false);
}

static void
broken_after(void)
{
	broken(true);
}

static void
they_put(void)
{
	const uint64_t theirs = THEIRS;

	AZ(skv_put(db2, "n", 1, &theirs, sizeof(theirs), NULL));
}

/* Puts something else if the number is as it was. */
static enum skv_err
put_other(struct skv_txn *t, uint64_t now)
{
	uint64_t revision = rev("n");

	(void)now;
	skv_txn_reset(t);
	AZ(skv_txn_if_match(t, "n", 1, &revision, 1));
	t_put(t, "other", "v");
	return (skv_commit(t));
}

/*
 * A transaction is lost at each statement in turn, and another process writes:
 * then the condition does not hold, and nothing of it may be there. It adds so
 * much to the number.
 */
static void
lost(enum skv_err (*commit)(struct skv_txn *, uint64_t), unsigned adds,
    unsigned least)
{
	struct skv_txn *t = txn();
	uint64_t n;
	enum skv_err err;
	unsigned nth, nlost = 0;

	for (nth = 1;; nth++) {
		n = nth;
		CU_OK(skv_put(db, "n", 1, &n, sizeof(n), NULL));
		del("other");
		cut_at(nth + 1, false); /* not at rev() of add_one() */
		cut.lose = they_put;
		err = commit(t, n);
		cut.countdown = 0;
		if (err == SKV_OK) {
			/* Not at a statement of it, or at none. */
			CU_ASSERT_EQUAL(number(), n + adds);
			if (!cut.fired)
				break;
			continue;
		}
		CU_ASSERT_EQUAL(err, SKV_CONFLICT);
		CU_ASSERT_EQUAL(number(), THEIRS);
		CU_ASSERT(has("other", NULL));
		nlost++;
	}
	CU_ASSERT(nlost >= least);
	CU_ASSERT_EQUAL(stats().errors, 0);
	skv_txn_free(t);
}

static void
lost_transaction(void)
{
	lost(add_one, 1, 5);
	/* Where only the mark tells: what is written depends on another key. */
	lost(put_other, 0, 3);
}

/* Opens with so little patience that a test can wait for the end of it. */
static void
be_impatient(void)
{
	char *end = pair_url + strlen(pair_url);

	CU_OK(skv_close(db, NULL));
	CU_OK(skv_close(db2, NULL));
	(void)snprintf(end, sizeof(pair_url) - (size_t)(end - pair_url),
	    "?timeout_ms=500");
	db = pair_one();
	db2 = pair_one();
}

static void
wait_usable(void)
{
	struct skv_errinfo info;
	int64_t deadline = 0;

	while (skv_status(db, &info) != SKV_OK && fx_patience(&deadline))
		continue;
	CU_OK(skv_status(db, NULL));
	while (skv_status(db2, &info) != SKV_OK && fx_patience(&deadline))
		continue;
}

/* Nothing can be had, and everything says so. */
static void
all_unavailable(void)
{
	struct skv_range all = {.prefix = NULL};
	struct skv_errinfo info = {""};
	struct skv_txn *t = txn();
	struct skv_value v;
	uint64_t n;

	CU_ASSERT_EQUAL(skv_get(db, "k", 1, &v), SKV_UNAVAILABLE);
	CU_ASSERT_EQUAL(skv_count(db, &all, &n), SKV_UNAVAILABLE);
	t_get(t, "k");
	CU_ASSERT_EQUAL(skv_commit(t), SKV_UNAVAILABLE);
	skv_txn_reset(t);
	t_put(t, "k", "w");
	CU_ASSERT_EQUAL(skv_commit(t), SKV_UNAVAILABLE);
	CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_NO);
	CU_ASSERT(strstr(skv_txn_error(t), "skv-maria") != NULL);
	skv_txn_free(t);
	CU_ASSERT_EQUAL(skv_status(db, &info), SKV_UNAVAILABLE);
	CU_ASSERT(strstr(info.text, "skv-maria") != NULL);
	CU_ASSERT_EQUAL(stats().state, SKV_UNAVAILABLE);
}

static void
killed_server(void)
{
	be_impatient();
	put("k", "v");
	mariadb_kill();
	all_unavailable();
	mariadb_start();
	wait_usable();
	CU_ASSERT(has("k", "v"));
	put("k", "w");
	CU_ASSERT(has2("k", "w"));
}

static void
frozen_server(void)
{
	be_impatient();
	put("k", "v");
	mariadb_freeze();
	all_unavailable();
	mariadb_thaw();
	wait_usable();
	CU_ASSERT(has("k", "v"));
	put("k", "w");
	CU_ASSERT(has2("k", "w"));
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"a connection breaks before a statement", broken_before},
	    {"a connection breaks after a statement", broken_after},
	    {"a transaction is lost without a word", lost_transaction},
	    {"the server is killed and comes back", killed_server},
	    {"the server is frozen and thawed", frozen_server},
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
