/* SPDX-License-Identifier: MIT */
/* Transactions: conditions, operations and results, on every engine. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tests/unit/store_fixture.h"

/* ----------------------------------------------------------- conditions -- */

static void
conditions(void)
{
	static const struct {
		const char *key;
		enum skv_err match, none; /* what "*" gives */
	} rows[] = {
	    {"there", SKV_OK, SKV_CONFLICT},
	    {"absent", SKV_CONFLICT, SKV_OK},
	    {"deleted", SKV_CONFLICT, SKV_OK},
	    {"expired", SKV_CONFLICT, SKV_OK},
	    {"expires", SKV_OK, SKV_CONFLICT},
	};
	struct skv_txn *t = txn();
	size_t i;

	put("there", "x");
	put("deleted", "x");
	del("deleted");
	put_ttl("expired", "x", 1000000);
	put_ttl("expires", "x", 1000001);
	for (i = 0; i < LENGTH(rows); i++) {
		t_match(t, rows[i].key, 0);
		CU_ASSERT_EQUAL(skv_commit(t), rows[i].match);
		CU_ASSERT_EQUAL(t_failed(t, 0, rev(rows[i].key)),
		    rows[i].match != SKV_OK);
		skv_txn_reset(t);
		/* The same with an operation, in the leader's way. */
		t_none(t, rows[i].key, 0);
		t_put(t, "other", "y");
		CU_ASSERT_EQUAL(skv_commit(t), rows[i].none);
		CU_ASSERT_EQUAL(t_failed(t, 0, rev(rows[i].key)),
		    rows[i].none != SKV_OK);
		skv_txn_reset(t);
	}
	skv_txn_free(t);
}

static void
revision_lists(void)
{
	struct skv_txn *t = txn();
	uint64_t list[3];
	bool in;
	int i;

	put("k", "x");
	for (i = 0; i < 4; i++) {
		list[0] = list[1] = list[2] = rev("k") + 1;
		in = i < 3;
		if (in)
			list[i] = rev("k");
		CU_OK(skv_txn_if_match(t, "k", 1, list, 3));
		CU_ASSERT_EQUAL(skv_commit(t), in ? SKV_OK : SKV_CONFLICT);
		skv_txn_reset(t);
		CU_OK(skv_txn_if_none_match(t, "k", 1, list, 3));
		CU_ASSERT_EQUAL(skv_commit(t), in ? SKV_CONFLICT : SKV_OK);
		skv_txn_reset(t);
	}
	/* An absent key matches no revision, not even 0. */
	list[0] = 0;
	CU_OK(skv_txn_if_match(t, "no", 2, list, 1));
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT);
	skv_txn_reset(t);
	CU_OK(skv_txn_if_none_match(t, "no", 2, list, 1));
	CU_OK(skv_commit(t));
	skv_txn_free(t);
}

static void
conflicts(void)
{
	struct skv_failure f;
	struct skv_txn *t = txn();
	uint64_t before;

	put("a", "1");
	put("b", "2");
	before = stats().revision;
	t_match(t, "a", rev("a"));
	t_match(t, "a", rev("b"));
	t_none(t, "b", 0);
	t_none(t, "c", 0);
	t_match(t, "c", 0);
	t_put(t, "a", "new");
	t_del(t, "b");
	t_get(t, "a");
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT);
	CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_NO);
	CU_ASSERT_EQUAL(skv_txn_revision(t), 0);
	CU_ASSERT_EQUAL(skv_txn_failure(t, 0, &f), SKV_NOTFOUND);
	CU_ASSERT(t_failed(t, 1, rev("a")));
	CU_ASSERT(t_failed(t, 2, rev("b")));
	CU_ASSERT_EQUAL(skv_txn_failure(t, 3, &f), SKV_NOTFOUND);
	CU_ASSERT(t_failed(t, 4, 0));
	CU_OK(skv_txn_failure(t, 4, &f));
	CU_ASSERT(f.keylen == 1 && memcmp(f.key, "c", 1) == 0);
	CU_ASSERT_EQUAL(skv_txn_failure(t, 5, &f), SKV_INVALID);
	CU_ASSERT(has("a", "1") && has("b", "2"));
	CU_ASSERT_EQUAL(stats().revision, before);
	skv_txn_free(t);
}

/* ----------------------------------------------------------- operations -- */

static void
in_order(void)
{
	const struct skv_attr typed = {.type = "x/y", .typelen = 3};
	struct skv_txn *t = txn();
	struct skv_value v;

	put("a", "old");
	t_get(t, "a");
	t_put(t, "a", "1");
	t_get(t, "a");
	t_put(t, "a", "2");
	t_get(t, "a");
	t_del(t, "a");
	t_get(t, "a");
	CU_OK(skv_txn_put(t, "a", 1, "3", 1, &typed));
	t_get(t, "a");
	t_put(t, "b", "4");
	t_del(t, "b");
	t_del(t, "absent");
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(skv_txn_size(t), 12);
	CU_ASSERT(t_has(t, 0, "old"));
	CU_ASSERT_EQUAL(skv_txn_result(t, 1, &v), SKV_INVALID);
	CU_ASSERT(t_has(t, 2, "1"));
	CU_ASSERT(t_has(t, 4, "2"));
	CU_ASSERT(t_has(t, 6, NULL));
	CU_ASSERT(t_has(t, 8, "3"));
	CU_ASSERT_EQUAL(skv_txn_result(t, 12, &v), SKV_INVALID);
	CU_OK(skv_txn_result(t, 8, &v));
	CU_ASSERT_EQUAL(v.revision, skv_txn_revision(t));
	CU_ASSERT(v.attr.typelen == 3 && memcmp(v.attr.type, "x/y", 3) == 0);
	CU_OK(skv_txn_result(t, 0, &v));
	CU_ASSERT(v.revision < skv_txn_revision(t));
	CU_ASSERT(has("a", "3") && has("b", NULL));
	CU_ASSERT_EQUAL(rev("a"), skv_txn_revision(t));
	CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_YES);
	CU_ASSERT_STRING_EQUAL(skv_txn_error(t), "");
	skv_txn_free(t);
}

static void
one_revision(void)
{
	struct skv_txn *t = txn();
	uint64_t before;

	put("x", "");
	before = rev("x");
	t_put(t, "a", "1");
	t_put(t, "b", "2");
	t_del(t, "x");
	CU_OK(skv_commit(t));
	CU_ASSERT(skv_txn_revision(t) > before);
	CU_ASSERT_EQUAL(rev("a"), skv_txn_revision(t));
	CU_ASSERT_EQUAL(rev("b"), skv_txn_revision(t));
	CU_ASSERT(has("x", NULL));
	skv_txn_free(t);
}

/* Submitted together, so decided in one group: each sees those before it. */
static void
ignore(struct skv_txn *t, enum skv_err err, void *arg)
{
	enum skv_err *ret = arg;

	(void)t;
	*ret = err;
}

static void
in_a_group(void)
{
	enum skv_err err[6];
	struct skv_txn *t[6];
	struct skv_stats s;
	size_t i;

	put("k", "0");
	for (i = 0; i < LENGTH(t); i++)
		t[i] = txn();
	t_put(t[0], "k", "1");
	t_match(t[1], "k", rev("k")); /* no longer */
	t_put(t[1], "k", "2");
	t_get(t[2], "k");
	t_del(t[2], "k");
	t_none(t[3], "k", 0);
	t_put(t[3], "k", "3");
	t_none(t[4], "k", 0);
	t_put(t[4], "k", "4");
	t_get(t[5], "k");
	t_put(t[5], "k", "5");
	for (i = 0; i < LENGTH(t); i++) {
		err[i] = SKV_IO;
		CU_OK(skv_submit(t[i], ignore, &err[i]));
		CU_ASSERT_EQUAL(err[i], SKV_IO);
	}
	CU_ASSERT_EQUAL(stats().queued, 6);
	skv_drain(db);
	CU_ASSERT(err[0] == SKV_OK && err[1] == SKV_CONFLICT);
	CU_ASSERT(t_failed(t[1], 0, skv_txn_revision(t[0])));
	CU_ASSERT(err[2] == SKV_OK && t_has(t[2], 0, "1"));
	CU_ASSERT(err[3] == SKV_OK && err[4] == SKV_CONFLICT);
	CU_ASSERT(t_failed(t[4], 0, skv_txn_revision(t[3])));
	CU_ASSERT(err[5] == SKV_OK && t_has(t[5], 0, "3"));
	CU_ASSERT(has("k", "5"));
	CU_ASSERT(skv_txn_revision(t[0]) < skv_txn_revision(t[2]));
	CU_ASSERT(skv_txn_revision(t[2]) < skv_txn_revision(t[3]));
	CU_ASSERT_EQUAL(rev("k"), skv_txn_revision(t[5]));
	s = stats();
	CU_ASSERT_EQUAL(s.groups, 2);
	CU_ASSERT_EQUAL(s.group_size.sum, 5);
	CU_ASSERT_EQUAL(s.group_size.count[3], 1); /* of four */
	CU_ASSERT_EQUAL(s.queued, 0);
	CU_ASSERT_EQUAL(s.queued_bytes, 0);
	for (i = 0; i < LENGTH(t); i++)
		skv_txn_free(t[i]);
}

/* --------------------------------------------------------------- limits -- */

static void
limits(void)
{
	char big[2048];
	struct skv_txn *t;
	uint64_t revs[128] = {0};

	opts.max_txn = SKV_KEYMAX;
	fx_restart();
	memset(big, 'x', sizeof(big));
	t = txn();
	CU_ASSERT_EQUAL(skv_txn_put(t, big, 0, "", 0, NULL), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_txn_delete(t, big, 1025), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_txn_get(t, NULL, 1), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_txn_if_match(t, big, 0, NULL, 0), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_txn_if_none_match(t, big, 1025, NULL, 0),
	    SKV_INVALID);
	CU_ASSERT_EQUAL(skv_txn_put(t, "k", 1, big, 1024, NULL), SKV_TOOBIG);
	CU_ASSERT_EQUAL(skv_txn_size(t), 0);
	CU_OK(skv_txn_put(t, "k", 1, big, 500, NULL));
	CU_ASSERT_EQUAL(skv_txn_put(t, "l", 1, big, 600, NULL), SKV_TOOBIG);
	CU_ASSERT_EQUAL(skv_txn_delete(t, big, 1000), SKV_TOOBIG);
	CU_ASSERT_EQUAL(skv_txn_get(t, big, 1000), SKV_TOOBIG);
	/* Revisions of a condition count, however many they claim to be. */
	CU_ASSERT_EQUAL(skv_txn_if_match(t, "k", 1, revs, 128), SKV_TOOBIG);
	CU_ASSERT_EQUAL(skv_txn_if_match(t, "k", 1, revs, SIZE_MAX / 8 + 1),
	    SKV_TOOBIG);
	CU_OK(skv_txn_if_none_match(t, "k", 1, revs, 60));
	CU_ASSERT_EQUAL(skv_txn_if_none_match(t, "k", 1, revs, 10), SKV_TOOBIG);
	/* It is as it was before the refused ones. */
	CU_ASSERT_EQUAL(skv_txn_size(t), 1);
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(count_all(), 1);
	skv_txn_free(t);
}

static void
many_operations(void)
{
	struct skv_txn *t = txn();
	uint32_t i;

	for (i = 0; i < SKV_OPSMAX; i++)
		if (skv_txn_delete(t, &i, sizeof(i)) != SKV_OK)
			break;
	CU_ASSERT_EQUAL(i, SKV_OPSMAX);
	CU_ASSERT_EQUAL(skv_txn_delete(t, "k", 1), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_txn_if_match(t, "k", 1, NULL, 0), SKV_INVALID);
	skv_txn_reset(t);
	for (i = 0; i < 20000; i++)
		if (skv_txn_put(t, &i, sizeof(i), &i, sizeof(i), NULL) !=
		    SKV_OK)
			break;
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(count_all(), 20000);
	skv_txn_free(t);
}

static void
big_answers(void)
{
	char big[600];
	struct skv_txn *t;
	int i;

	opts.max_txn = SKV_KEYMAX;
	fx_restart();
	memset(big, 'x', sizeof(big));
	CU_OK(skv_put(db, "k", 1, big, sizeof(big), NULL));
	t = txn();
	for (i = 0; i < 2; i++) {
		t_get(t, "k");
		CU_OK(skv_commit(t));
		skv_txn_reset(t);
		t_get(t, "k");
		t_get(t, "k");
		if (i > 0)
			t_put(t, "new", "value");
		CU_ASSERT_EQUAL(skv_commit(t), SKV_TOOBIG);
		CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_NO);
		CU_ASSERT(has("new", NULL));
		skv_txn_reset(t);
	}
	skv_txn_free(t);
}

/* ----------------------------------------------------------- read-only -- */

static void
reads(void)
{
	struct skv_txn *t = txn();

	CU_OK(skv_commit(t)); /* an empty one */
	CU_ASSERT_EQUAL(skv_txn_revision(t), 0);
	skv_txn_reset(t);
	put("a", "1");
	put("b", "2");
	t_match(t, "a", 0);
	t_get(t, "b");
	t_get(t, "c");
	t_get(t, "b");
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(skv_txn_revision(t), rev("b"));
	CU_ASSERT(t_has(t, 0, "2") && t_has(t, 1, NULL) && t_has(t, 2, "2"));
	/* The results stay when the keys change. */
	put("b", "3");
	CU_ASSERT(t_has(t, 0, "2"));
	skv_txn_free(t);
}

#define ROUNDS 500

/* Writes both keys with the same number, over and over. */
static void *
write_pairs(void *arg)
{
	struct skv_txn *t = txn();
	char n[16];
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		(void)snprintf(n, sizeof(n), "%d", i);
		AZ(skv_txn_put(t, "a", 1, n, strlen(n), NULL));
		AZ(skv_txn_put(t, "z", 1, n, strlen(n), NULL));
		AZ(skv_commit(t));
		skv_txn_reset(t);
	}
	skv_txn_free(t);
	return (NULL);
}

static void
consistent_reads(void)
{
	struct skv_txn *t = txn();
	struct skv_value a, z;
	uint64_t torn = 0, newer = 0;
	pthread_t id;
	int i;

	/* At one revision, as all that follow. */
	t_put(t, "a", "x");
	t_put(t, "z", "x");
	CU_OK(skv_commit(t));
	skv_txn_reset(t);
	AZ(pthread_create(&id, NULL, write_pairs, NULL));
	for (i = 0; i < ROUNDS; i++) {
		t_get(t, "z");
		t_get(t, "a");
		CU_OK(skv_commit(t));
		CU_OK(skv_txn_result(t, 0, &z));
		CU_OK(skv_txn_result(t, 1, &a));
		torn += a.revision != z.revision;
		newer += a.revision > skv_txn_revision(t);
		skv_txn_reset(t);
	}
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(torn, 0);
	CU_ASSERT_EQUAL(newer, 0);
	skv_txn_free(t);
}

/* Time goes on at every look, as it does in the world. */
static int64_t
ticking_clock(void *arg)
{
	(void)arg;
	return (atomic_fetch_add(&fx_clock, 1));
}

static void
one_moment(void)
{
	struct skv_txn *t;
	struct skv_value v;
	uint64_t torn = 0;
	int64_t end;
	int i, j;

	opts.clock_ms = ticking_clock;
	fx_restart();
	t = txn();
	for (i = 0; i < 20; i++) {
		end = fx_clock + 10;
		put_ttl("a", "x", end);
		put_ttl("b", "x", end);
		for (j = 0; j < 10; j++) {
			t_get(t, "b");
			t_get(t, "a");
			if (i % 2 == 0)
				t_put(t, "c", "x");
			CU_OK(skv_commit(t));
			torn += skv_txn_result(t, 0, &v) == SKV_OK &&
			    skv_txn_result(t, 1, &v) != SKV_OK;
			skv_txn_reset(t);
		}
	}
	CU_ASSERT_EQUAL(torn, 0);
	skv_txn_free(t);
}

/* ---------------------------------------------------------------- reuse -- */

static void
again(void)
{
	struct skv_failure f;
	struct skv_txn *t = txn();
	uint64_t first;

	put("k", "1");
	t_match(t, "k", rev("k"));
	t_get(t, "k");
	t_put(t, "k", "2");
	CU_OK(skv_commit(t));
	first = skv_txn_revision(t);
	/* Committed once more as it is. */
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT);
	CU_ASSERT(t_failed(t, 0, first));
	CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_NO);
	CU_ASSERT_EQUAL(skv_txn_revision(t), 0);
	CU_ASSERT(t_has(t, 0, NULL));
	skv_txn_reset(t);
	CU_ASSERT_EQUAL(skv_txn_size(t), 0);
	CU_ASSERT_EQUAL(skv_txn_failure(t, 0, &f), SKV_INVALID);
	t_get(t, "k");
	t_put(t, "k", "3");
	CU_OK(skv_commit(t));
	CU_ASSERT(skv_txn_revision(t) > first);
	CU_ASSERT(t_has(t, 0, "2"));
	CU_OK(skv_commit(t));
	CU_ASSERT(t_has(t, 0, "3"));
	skv_txn_free(t);
	skv_txn_free(NULL);
	skv_txn_free(txn());
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"a condition looks at what is there", conditions},
	    {"a condition may list revisions", revision_lists},
	    {"a conflict changes nothing and tells all", conflicts},
	    {"operations are applied in order", in_order},
	    {"all operations have one revision", one_revision},
	    {"transactions of a group see each other", in_a_group},
	    {"transactions have limits", limits},
	    {"a transaction has a million operations", many_operations},
	    {"answers have a limit", big_answers},
	    {"reads need no write", reads},
	    {"reads are one consistent view", consistent_reads},
	    {"a transaction happens at one moment", one_moment},
	    {"a transaction may be used again", again},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
