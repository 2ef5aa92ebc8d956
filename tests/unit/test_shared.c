/* SPDX-License-Identifier: MIT */
/*
 * Groups on an engine that other processes write to as well: what is read and
 * guarded, deciding again when another came between, and that no failure is for
 * good. The engine is a double over each real one.
 */
#include "config.h"

#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/engine_fault.h"
#include "tests/unit/store_fixture.h"

static char other_key[] = {KS_USER, 'k'};
static uint64_t other_revision;

/* The other process, which writes "other" to the key "k". */
static void
other_writes(const struct engine_ops *ops, struct engine *e)
{
	static const struct skv_attr none;
	struct buf b = {0};
	char *record;
	size_t len;

	CHECK(record_encode(&b, &none, "other", 5));
	record = b.data + RECORD_ROOM;
	len = b.len - RECORD_ROOM;
	record_set_revision(&record, &len, other_revision);
	AZ(ops->batch_put(e, other_key, sizeof(other_key), record, len));
	AZ(ops->write(e, NULL));
	buf_release(&b);
	fault_between = NULL;
}

static void
other_comes_between(void)
{
	other_revision = stats().revision + 500000;
	fault_between = other_writes;
	fault_arm(FAULT_WRITE, 1, ENGINE_AGAIN, false);
}

/* Blind puts are written without a look, everything else is read first. */
static void
reads_first(void)
{
	struct skv_txn *t = txn();
	unsigned n = fault_count(FAULT_READ), guards;

	put("k", "v");
	put("k", "w");
	CU_ASSERT_EQUAL(fault_count(FAULT_READ), n);
	CU_ASSERT_EQUAL(fault_count(FAULT_GUARD), 0);
	CU_ASSERT_EQUAL(rev("k") % 1000, 0);

	del("k");
	CU_ASSERT_EQUAL(fault_count(FAULT_READ), n + 1);
	CU_ASSERT_EQUAL(fault_count(FAULT_GUARD), 0);

	put("k", "v");
	t_match(t, "k", 0);
	t_none(t, "absent", 0);
	t_get(t, "got");
	t_put(t, "k", "w");
	CU_OK(skv_commit(t));
	CU_ASSERT_EQUAL(fault_count(FAULT_READ), n + 2);
	guards = fault_count(FAULT_GUARD);
	CU_ASSERT_EQUAL(guards, 3);

	/* One that does not go ahead guards nothing and writes nothing. */
	n = fault_count(FAULT_WRITE);
	skv_txn_reset(t);
	t_none(t, "k", 0);
	t_put(t, "k", "x");
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT);
	CU_ASSERT_EQUAL(fault_count(FAULT_GUARD), guards);
	CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), n);
	CU_ASSERT(has("k", "w"));
	skv_txn_free(t);
}

/* Reading only, a transaction is one read and no write. */
static void
reads_only(void)
{
	unsigned reads, writes = fault_count(FAULT_WRITE);
	char big[2 * RECORD_HEADMAX];
	struct skv_txn *t = txn();

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	put("k", big);
	reads = fault_count(FAULT_READ);
	t_get(t, "k");
	t_get(t, "l");
	t_match(t, "k", rev("k"));
	CU_OK(skv_commit(t));
	CU_ASSERT(t_has(t, 0, big));
	CU_ASSERT(t_has(t, 1, NULL));
	CU_ASSERT_EQUAL(skv_txn_revision(t), rev("k"));
	CU_ASSERT_EQUAL(fault_count(FAULT_READ), reads + 1);
	CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), writes + 1);

	fault_arm(FAULT_READ, 1, SKV_UNAVAILABLE, false);
	CU_ASSERT_EQUAL(skv_commit(t), SKV_UNAVAILABLE);
	CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_NO);
	CU_OK(skv_commit(t));
	skv_txn_free(t);
}

/* What was decided before another process wrote is decided again. */
static void
decided_again(void)
{
	struct skv_txn *t = txn();
	uint64_t before;

	put("k", "v");
	before = rev("k");
	t_match(t, "k", before);
	t_get(t, "k");
	t_put(t, "k", "mine");
	t_get(t, "k");
	other_comes_between();
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT);
	CU_ASSERT(fault_fired());
	CU_ASSERT(t_failed(t, 0, other_revision));
	CU_ASSERT(has("k", "other"));

	skv_txn_reset(t);
	t_get(t, "k");
	t_put(t, "k", "mine");
	t_get(t, "k");
	fault_arm(FAULT_WRITE, 1, ENGINE_AGAIN, false);
	CU_OK(skv_commit(t));
	CU_ASSERT(fault_fired());
	CU_ASSERT(t_has(t, 0, "other"));
	CU_ASSERT(t_has(t, 2, "mine"));
	CU_ASSERT_EQUAL(skv_txn_revision(t), rev("k"));
	skv_txn_free(t);
	CU_ASSERT_EQUAL(stats().errors, 0);
	CU_ASSERT_EQUAL(stats().transactions, 2);
	CU_ASSERT_EQUAL(stats().conflicts, 1);
}

/* Blind puts that do not go through are tried again with a look. */
static void
blind_again(void)
{
	unsigned n = fault_count(FAULT_READ);

	fault_arm(FAULT_WRITE, 1, ENGINE_AGAIN, false);
	put("k", "v");
	CU_ASSERT(fault_fired());
	CU_ASSERT_EQUAL(fault_count(FAULT_READ), n + 1);
	CU_ASSERT(has("k", "v"));
	fault_arm(FAULT_READ, 1, ENGINE_AGAIN, false);
	del("k");
	CU_ASSERT(fault_fired());
	CU_ASSERT(has("k", NULL));
}

static const struct {
	enum fault_call call;
	enum skv_err err;
	enum skv_applied applied;
} failures[] = {
    {FAULT_BEGIN, SKV_UNAVAILABLE, SKV_APPLIED_NO},
    {FAULT_READ, SKV_UNAVAILABLE, SKV_APPLIED_NO},
    {FAULT_READ, SKV_IO, SKV_APPLIED_NO},
    {FAULT_GUARD, SKV_NOMEM, SKV_APPLIED_NO},
    {FAULT_WRITE, SKV_UNAVAILABLE, SKV_APPLIED_UNKNOWN},
    {FAULT_WRITE, SKV_TOOBIG, SKV_APPLIED_NO},
    {FAULT_WRITE, SKV_NOSPACE, SKV_APPLIED_NO},
};

/* Whatever happens, the next write may succeed. */
static void
never_for_good(void)
{
	struct skv_txn *t = txn();
	size_t i;

	put("k", "v");
	for (i = 0; i < LENGTH(failures); i++) {
		skv_txn_reset(t);
		t_match(t, "k", 0);
		t_put(t, "l", "v");
		fault_arm(failures[i].call, 1, failures[i].err, false);
		CU_ASSERT_EQUAL(skv_commit(t), failures[i].err);
		CU_ASSERT(fault_fired());
		CU_ASSERT_EQUAL(skv_txn_applied(t), failures[i].applied);
		CU_ASSERT_EQUAL(skv_txn_revision(t), 0);
		CU_ASSERT(has("l", NULL));
		CU_ASSERT_EQUAL(stats().errors, i + 1);
		CU_OK(skv_status(db, NULL));
	}
	CU_OK(skv_commit(t));
	CU_ASSERT(has("l", "v"));
	skv_txn_free(t);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"what a group depends on is read first", reads_first},
	    {"a transaction that reads is one read", reads_only},
	    {"a group is decided again after another's write", decided_again},
	    {"blind puts are tried again with a look", blind_again},
	    {"no failure is for good", never_for_good},
	    CU_TEST_INFO_NULL,
	};

	fx_open = fault_open_shared;
	return (fx_run(argc, argv, tests));
}
