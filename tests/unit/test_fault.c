/* SPDX-License-Identifier: MIT */
/*
 * What a store does when its engine fails: the latch, what is said of each
 * transaction, and that nothing is written ever after.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/engine_fault.h"
#include "tests/unit/store_fixture.h"

/* A commit that is expected to fail in this way. */
static void
fails(struct skv_txn *t, enum skv_err want, enum skv_applied applied,
    const char *text)
{
	CU_ASSERT_EQUAL(skv_commit(t), want);
	CU_ASSERT_EQUAL(skv_txn_applied(t), applied);
	CU_ASSERT_EQUAL(skv_txn_revision(t), 0);
	CU_ASSERT(!skv_txn_durable(t));
	CU_ASSERT_STRING_EQUAL(skv_txn_error(t), text);
	skv_txn_reset(t);
}

static void
save_err(enum skv_err err, void *arg)
{
	enum skv_err *ret = arg;

	*ret = err;
}

/*
 * The latch is closed: nothing is written, everything is refused with its
 * reason, and reads go on.
 */
static void
read_only(enum skv_err state, const char *text)
{
	const struct skv_range all = {.prefix = NULL};
	enum skv_err refusal = commit_refusal(state), late = SKV_OK;
	unsigned writes = fault_count(FAULT_WRITE);
	unsigned barriers = fault_count(FAULT_BARRIER);
	struct skv_errinfo info = {""};
	struct skv_txn *t = txn();
	uint64_t n;

	t_put(t, "k", "late");
	fails(t, refusal, SKV_APPLIED_NO, text);
	t_del(t, "before");
	skv_txn_durability(t, SKV_SYNC);
	fails(t, refusal, SKV_APPLIED_NO, text);
	CU_ASSERT_EQUAL(skv_delete_range(db, &all, &n), refusal);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_EQUAL(skv_sync(db, &info), state);
	CU_ASSERT_STRING_EQUAL(info.text, text);
	CU_OK(skv_sync_submit(db, save_err, &late));
	t_get(t, "before");
	CU_OK(skv_commit(t));
	CU_ASSERT(t_has(t, 0, "old"));
	skv_txn_free(t);
	CU_ASSERT(has("before", "old"));
	CU_ASSERT(count_all() >= 1);
	info.text[0] = '\0';
	CU_ASSERT_EQUAL(skv_status(db, &info), state);
	CU_ASSERT_STRING_EQUAL(info.text, text);
	CU_ASSERT_EQUAL(stats().state, state);
	CU_ASSERT_EQUAL(stats().errors, 1);
	info.text[0] = '\0';
	CU_ASSERT_EQUAL(skv_close(db, &info), state);
	CU_ASSERT_STRING_EQUAL(info.text, text);
	CU_ASSERT_EQUAL(late, state);
	CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), writes);
	CU_ASSERT_EQUAL(fault_count(FAULT_BARRIER), barriers);
	fx_start();
}

static const struct {
	enum skv_err engine, store;
} errors[] = {
    {SKV_IO, SKV_IO},
    {SKV_NOSPACE, SKV_NOSPACE},
    {SKV_CORRUPT, SKV_CORRUPT},
    /* A failed write is one, whatever the reason. */
    {SKV_NOMEM, SKV_IO},
};

static void
failed_write(void)
{
	struct skv_txn *t;
	size_t i;

	for (i = 0; i < 2 * LENGTH(errors); i++) {
		put("before", "old");
		fault_arm(FAULT_WRITE, 1, errors[i / 2].engine, i % 2 == 0);
		t = txn();
		t_put(t, "k", "v");
		fails(t, errors[i / 2].store, SKV_APPLIED_UNKNOWN,
		    "the write fails");
		skv_txn_free(t);
		/* It may have had its effect. */
		CU_ASSERT(has("k",
		    i % 2 == 0 || (fx_keeps() && i > 0) ? "v" : NULL));
		read_only(errors[i / 2].store, "the write fails");
	}
}

static void
failed_barrier(void)
{
	struct skv_txn *t;
	size_t i;

	for (i = 0; i < LENGTH(errors); i++) {
		put("before", "old");
		fault_arm(FAULT_BARRIER, 1, errors[i].engine, false);
		t = txn();
		skv_txn_durability(t, SKV_SYNC);
		t_put(t, "k", "v");
		CU_ASSERT_EQUAL(skv_commit(t), errors[i].store);
		CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_UNKNOWN);
		CU_ASSERT_STRING_EQUAL(skv_txn_error(t), "the barrier fails");
		CU_ASSERT(!skv_txn_durable(t));
		skv_txn_free(t);
		CU_ASSERT(has("k", "v"));
		read_only(errors[i].store, "the barrier fails");
	}
}

/* Nobody waits for it, and still nothing more is written. */
static void
failed_background_barrier(void)
{
	int64_t deadline = 0;

	opts.sync_interval_ms = 1;
	fx_restart();
	fault_arm(FAULT_BARRIER, 1, SKV_IO, false);
	put("before", "old");
	while (skv_status(db, NULL) == SKV_OK && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(stats().unsynced, 1);
	read_only(SKV_IO, "the barrier fails");
}

/* Every engine write of a history, one after the other. */
static void
every_write(void)
{
	unsigned n, i, acknowledged, writes;
	char key[32];

	for (n = 1; n <= 20; n++) {
		fault_arm(FAULT_WRITE, n, SKV_IO, false);
		for (acknowledged = i = 0; i < 20; i++) {
			(void)snprintf(key, sizeof(key), "%u.%u", n, i);
			acknowledged += skv_put(db, key, strlen(key), "v", 1,
					    NULL) == SKV_OK;
		}
		CU_ASSERT(fault_fired());
		CU_ASSERT_EQUAL(acknowledged, n - 1);
		writes = fault_count(FAULT_WRITE);
		CU_ASSERT_EQUAL(writes, n);
		CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_IO);
		CU_ASSERT_EQUAL(fault_count(FAULT_WRITE), writes);
		fx_start();
	}
}

/* ----------------------------------------------------------- in a group -- */

static void
ended(struct skv_txn *t, enum skv_err err, void *arg)
{
	enum skv_err *ret = arg;

	(void)t;
	*ret = err;
}

/*
 * Submits three: a put, one that conflicts with that, and another put; lets the
 * engine fail and looks at what is said of them.
 */
static void
fail_group(enum fault_call call, unsigned nth, enum skv_err fault,
    enum skv_err want, enum skv_applied applied)
{
	enum skv_err err[3];
	struct skv_txn *t[3];
	int i;

	for (i = 0; i < 3; i++)
		t[i] = txn();
	t_put(t[0], "k", "1");
	t_none(t[1], "k", 0);
	t_put(t[1], "k", "2");
	t_put(t[2], "l", "3");
	for (i = 0; i < 3; i++)
		CU_OK(skv_submit(t[i], ended, &err[i]));
	fault_arm(call, nth, fault, false);
	skv_drain(db);
	CU_ASSERT(fault_fired());
	for (i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(err[i], want);
		/* What the second one saw may never have been. */
		CU_ASSERT_EQUAL(skv_txn_applied(t[i]),
		    i == 1 ? SKV_APPLIED_NO : applied);
		CU_ASSERT_EQUAL(skv_txn_revision(t[i]), 0);
		skv_txn_free(t[i]);
	}
	CU_ASSERT(has("k", NULL) && has("l", NULL));
}

static void
failed_group(void)
{
	uint64_t before;

	put("before", "old");
	before = stats().revision;
	fail_group(FAULT_BATCH, 2, SKV_NOMEM, SKV_NOMEM, SKV_APPLIED_NO);
	/* Without memory nothing was written: it goes on. */
	CU_OK(skv_status(db, NULL));
	put("after", "x");
	CU_ASSERT_EQUAL(rev("after"), before + 1);
	fail_group(FAULT_WRITE, 1, SKV_IO, SKV_IO, SKV_APPLIED_UNKNOWN);
	read_only(SKV_IO, "the write fails");
}

static void *
commit_in_thread(void *arg)
{
	(void)skv_commit(arg);
	return (NULL);
}

/* What was queued while the failing write was under way is not written. */
static void
queued_behind(void)
{
	struct skv_txn *first = txn(), *sync = txn(), *second = txn();
	enum skv_err err = SKV_OK, err_sync = SKV_OK;
	pthread_t id;

	put("before", "old");
	t_put(first, "k", "v");
	fault_hold(FAULT_WRITE);
	fault_arm(FAULT_WRITE, 1, SKV_NOSPACE, false);
	AZ(pthread_create(&id, NULL, commit_in_thread, first));
	fault_wait_held();
	t_put(second, "l", "v");
	t_put(sync, "l", "v");
	skv_txn_durability(sync, SKV_SYNC);
	CU_OK(skv_submit(second, ended, &err));
	CU_OK(skv_submit(sync, ended, &err_sync));
	skv_drain(db); /* which somebody else does */
	CU_ASSERT_EQUAL(stats().queued, 2);
	fault_go();
	AZ(pthread_join(id, NULL));
	CU_ASSERT_EQUAL(skv_txn_applied(first), SKV_APPLIED_UNKNOWN);
	CU_ASSERT(err == SKV_NOSPACE && err_sync == SKV_NOSPACE);
	CU_ASSERT_EQUAL(skv_txn_applied(second), SKV_APPLIED_NO);
	CU_ASSERT_EQUAL(skv_txn_applied(sync), SKV_APPLIED_NO);
	CU_ASSERT_STRING_EQUAL(skv_txn_error(second), "the write fails");
	CU_ASSERT(has("l", NULL));
	skv_txn_free(first);
	skv_txn_free(second);
	skv_txn_free(sync);
	read_only(SKV_NOSPACE, "the write fails");
}

/* --------------------------------------------------------------- reading -- */

static void
failed_reads(void)
{
	struct skv_txn *t = txn(), *other = txn();
	enum skv_err err = SKV_OK, err_other = SKV_IO;
	struct skv_value v;

	put("before", "old");
	fault_arm(FAULT_GET, 1, SKV_CORRUPT, false);
	CU_ASSERT_EQUAL(skv_get(db, "before", 6, &v), SKV_CORRUPT);
	CU_ASSERT(has("before", "old"));
	/* It concerns one transaction, not its group. */
	t_match(t, "before", 0);
	t_put(t, "k", "v");
	t_put(other, "l", "v");
	fault_arm(FAULT_GET, 1, SKV_IO, false);
	CU_OK(skv_submit(t, ended, &err));
	CU_OK(skv_submit(other, ended, &err_other));
	skv_drain(db);
	CU_ASSERT(err == SKV_IO && err_other == SKV_OK);
	CU_ASSERT_EQUAL(skv_txn_applied(t), SKV_APPLIED_NO);
	CU_ASSERT(has("k", NULL) && has("l", "v"));
	skv_txn_reset(t);
	t_get(t, "before");
	fault_arm(FAULT_GET, 1, SKV_NOMEM, false);
	CU_ASSERT_EQUAL(skv_commit(t), SKV_NOMEM);
	fault_arm(FAULT_GET, 1, SKV_CORRUPT, false);
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CORRUPT);
	CU_OK(skv_commit(t));
	CU_OK(skv_status(db, NULL));
	skv_txn_free(t);
	skv_txn_free(other);
}

static void
failed_scans(void)
{
	struct skv_range range = {.prefix = NULL};
	struct skv_scan *s;
	struct skv_value v;
	const void *key;
	size_t keylen;
	uint64_t n;
	unsigned nth;
	enum skv_err err;

	put("a", "1");
	put("b", "2");
	fault_arm(FAULT_ITER_NEW, 1, SKV_NOMEM, false);
	CU_ASSERT_EQUAL(skv_scan_open(db, &range, &s), SKV_NOMEM);
	for (nth = 1; nth <= 6; nth++) {
		range.reverse = nth % 2 == 0;
		fault_arm(FAULT_ITER_MOVE, (nth + 1) / 2, SKV_IO, false);
		CU_OK(skv_scan_open(db, &range, &s));
		do
			err = skv_scan_next(s, &key, &keylen, &v);
		while (err == SKV_OK);
		CU_ASSERT(fault_fired());
		CU_ASSERT_EQUAL(err, SKV_IO);
		CU_ASSERT_EQUAL(skv_scan_next(s, &key, &keylen, &v), SKV_IO);
		skv_scan_close(s);
	}
	n = 7;
	fault_arm(FAULT_ITER_MOVE, 2, SKV_CORRUPT, false);
	CU_ASSERT_EQUAL(skv_count(db, &range, &n), SKV_CORRUPT);
	CU_ASSERT_EQUAL(n, 7);
	fault_arm(FAULT_ITER_MOVE, 2, SKV_CORRUPT, false);
	CU_ASSERT_EQUAL(skv_delete_range(db, &range, &n), SKV_CORRUPT);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_EQUAL(count_all(), 2);
	CU_OK(skv_status(db, NULL));
}

/* --------------------------------------------------------------- opening -- */

static void
failed_close(void)
{
	struct skv_errinfo info = {""};

	put("before", "old");
	fault_arm(FAULT_WRITE, 1, SKV_NOSPACE, false);
	CU_ASSERT_EQUAL(skv_close(db, &info), SKV_NOSPACE);
	CU_ASSERT_STRING_EQUAL(info.text, "the write fails");
	fx_start();
	fault_arm(FAULT_BARRIER, 1, SKV_IO, false);
	CU_ASSERT_EQUAL(skv_close(db, &info), SKV_IO);
	CU_ASSERT_STRING_EQUAL(info.text, "the barrier fails");
	fx_start();
	CU_ASSERT(has("before", fx_keeps() ? "old" : NULL));
}

/* ----------------------------------------------------------- a full disk -- */

/* The latch closes because of a full disk. */
static void
fill_disk(void)
{
	fault_space(0);
	/* What was seen of it is good for a while; the engine knows better. */
	fault_arm(FAULT_BARRIER, 1, SKV_NOSPACE, false);
	CU_ASSERT_EQUAL(skv_sync(db, NULL), SKV_NOSPACE);
	CU_ASSERT_EQUAL(skv_put(db, "late", 4, "v", 1, NULL), SKV_NOSPACE);
}

/* What skv_open() needs, according to scribekv.h. */
static uint64_t
reopening(void)
{
	return (2 * opts.write_buffer_size + (4 << 20));
}

/* Closed and opened anew, it takes writes and has all it acknowledged. */
static void
reopens(void)
{
	CU_ASSERT(has("before", "old"));
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_NOSPACE);
	fx_start();
	CU_ASSERT(!skv_wants_reopen(db));
	CU_ASSERT(has("before", fx_keeps() ? "old" : NULL));
	put("after", "v");
	CU_OK(skv_sync(db, NULL));
}

static void
room_again(void)
{
	opts.min_free = 0;
	fx_restart();
	put("before", "old");
	CU_ASSERT(!skv_wants_reopen(db));
	/* A disk that is full but has not failed a write is no reason. */
	fault_space(0);
	CU_ASSERT(!skv_wants_reopen(db));
	fill_disk();
	CU_ASSERT(!skv_wants_reopen(db));
	fault_space(reopening() - 1);
	CU_ASSERT(!skv_wants_reopen(db));
	fault_space(reopening());
	CU_ASSERT(skv_wants_reopen(db));
	/* It stays as it is until somebody does it. */
	CU_ASSERT_EQUAL(skv_status(db, NULL), SKV_NOSPACE);
	CU_ASSERT_EQUAL(skv_put(db, "late", 4, "v", 1, NULL), SKV_NOSPACE);
	reopens();
}

static void
reserve_given_up(void)
{
	int64_t deadline = 0;

	opts.reserve = true;
	opts.min_free = 1 << 20;
	fx_restart();
	while (fault_reserve() == 0 && fx_patience(&deadline))
		continue;
	CU_ASSERT_EQUAL(fault_reserve(), reopening());
	put("before", "old");
	fill_disk();
	CU_ASSERT(skv_wants_reopen(db));
	CU_ASSERT_EQUAL(fault_reserve(), 0);
	/* There is none to give up twice. */
	fault_space(0);
	CU_ASSERT(!skv_wants_reopen(db));
	fault_space(reopening());
	CU_ASSERT(skv_wants_reopen(db));
	reopens();
}

/* Other failures do not pass, and what is not kept would be gone. */
static void
no_reopening(void)
{
	const struct skv_errinfo info = {"full"};

	put("before", "old");
	fault_arm(FAULT_BARRIER, 1, SKV_IO, false);
	CU_ASSERT_EQUAL(skv_sync(db, NULL), SKV_IO);
	CU_ASSERT(!skv_wants_reopen(db));
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_IO);

	fx_open = skv_open;
	fx_start();
	fx_open = fault_open;
	lck_lock(&db->mtx);
	commit_latch(db, SKV_NOSPACE, &info);
	lck_unlock(&db->mtx);
	CU_ASSERT_EQUAL(skv_wants_reopen(db), fx_keeps());
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_NOSPACE);
	fx_start();
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"after a failed write nothing is written", failed_write},
	    {"after a failed barrier nothing is written", failed_barrier},
	    {"a barrier in the background may fail", failed_background_barrier},
	    {"any write may fail", every_write},
	    {"a group fails as a whole", failed_group},
	    {"what waits behind a failed write fails", queued_behind},
	    {"a failed read stops nothing else", failed_reads},
	    {"a failed scan says so", failed_scans},
	    {"closing tells of a failure", failed_close},
	    {"after a full disk there is room again", room_again},
	    {"a reserve makes room", reserve_given_up},
	    {"other failures do not pass", no_reopening},
	    CU_TEST_INFO_NULL,
	};

	fx_open = fault_open;
	return (fx_run(argc, argv, tests));
}
