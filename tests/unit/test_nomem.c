/* SPDX-License-Identifier: MIT */
/*
 * What a store does when memory runs out: the n-th allocation of a history
 * fails, for every n until none does. Linked with --wrap, so that this concerns
 * our own code; LevelDB ends the process.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tests/unit/store_fixture.h"

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_reallocarray(void *, size_t, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
void *__wrap_reallocarray(void *, size_t, size_t);

/* Until the one that fails; of this thread, so that it is always the same. */
static _Thread_local unsigned countdown;

static bool
fails(void)
{
	if (countdown == 0 || --countdown > 0)
		return (false);
	errno = ENOMEM;
	return (true);
}

void *
__wrap_malloc(size_t size)
{
	return (fails() ? NULL : __real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return (fails() ? NULL : __real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t size)
{
	return (fails() ? NULL : __real_realloc(p, size));
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return (fails() ? NULL : __real_reallocarray(p, n, size));
}

static void
never_called(enum skv_err err, void *arg)
{
	(void)err;
	(void)arg;
}

/* A bit of everything; ends at the first error. */
static enum skv_err
history(struct skv_txn **ret_txn)
{
	const struct skv_attr attr = {
	    .type = "x/a-longer-type-than-most",
	    .typelen = 25,
	    .expires_ms = INT64_MAX,
	};
	const struct skv_range all = {.prefix = NULL};
	struct skv_scan *s;
	struct skv_value v;
	struct skv_txn *t;
	const void *key;
	enum skv_err err;
	uint64_t n, one = 1;
	size_t len;

	t = *ret_txn = skv_txn_new(db);
	if (t == NULL)
		return (SKV_NOMEM);
	if ((err = skv_get(db, "old", 3, &v)) != SKV_OK)
		return (err);
	skv_value_release(&v);
	if ((err = skv_txn_if_match(t, "old", 3, NULL, 0)) != SKV_OK ||
	    (err = skv_txn_if_none_match(t, "a", 1, &one, 1)) != SKV_OK ||
	    (err = skv_txn_put(t, "a", 1, "1", 1, &attr)) != SKV_OK ||
	    (err = skv_txn_get(t, "a", 1)) != SKV_OK ||
	    (err = skv_txn_get(t, "old", 3)) != SKV_OK ||
	    (err = skv_txn_put(t, "b", 1, "2", 1, NULL)) != SKV_OK ||
	    (err = skv_txn_delete(t, "old", 3)) != SKV_OK ||
	    (err = skv_commit(t)) != SKV_OK)
		return (err);
	skv_txn_free(t);
	t = *ret_txn = skv_txn_new(db);
	if (t == NULL)
		return (SKV_NOMEM);
	if ((err = skv_txn_get(t, "a", 1)) != SKV_OK ||
	    (err = skv_commit(t)) != SKV_OK ||
	    (err = skv_sync_submit(db, never_called, NULL)) != SKV_OK ||
	    (err = skv_scan_open(db, &all, &s)) != SKV_OK)
		return (err);
	if ((err = skv_scan_next(s, &key, &len, &v)) == SKV_OK &&
	    (err = skv_scan_seek(s, "b", 1)) == SKV_OK)
		err = skv_scan_next(s, &key, &len, &v);
	skv_scan_close(s);
	if (err != SKV_OK)
		return (err);
	return (skv_delete_range(db, &all, &n));
}

/* All of the transaction is there, or nothing. */
static bool
whole(bool *ret_applied)
{
	*ret_applied = has("a", "1");
	if (*ret_applied)
		return (has("b", "2") && has("old", NULL));
	return (has("a", NULL) && has("b", NULL) &&
	    (has("old", "v") || has("old", NULL)));
}

static void
every_allocation(void)
{
	struct skv_txn *t = NULL;
	unsigned n, left = 0;
	enum skv_err err = SKV_NOMEM;
	bool applied;

	for (n = 1; err != SKV_OK; n++) {
		put("old", "v");
		del("a");
		del("b");
		countdown = n;
		err = history(&t);
		left = countdown;
		countdown = 0;
		CU_ASSERT(whole(&applied));
		if (t != NULL && skv_txn_size(t) == 5)
			CU_ASSERT_EQUAL(applied,
			    skv_txn_applied(t) == SKV_APPLIED_YES);
		skv_txn_free(t);
		t = NULL;
		/* An engine that failed to write is done with. */
		if (skv_status(db, NULL) != SKV_OK) {
			CU_ASSERT_EQUAL(err, SKV_IO);
			CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_IO);
			fx_start();
		} else if (err != SKV_OK)
			CU_ASSERT_EQUAL(err, SKV_NOMEM);
	}
	CU_ASSERT(left > 0);
	CU_ASSERT(n > 20);
}

static void
opening(void)
{
	struct skv *other = NULL;
	enum skv_err err = SKV_NOMEM;
	unsigned n;

	if (fx_keeps())
		fx_stop();
	for (n = 1; err != SKV_OK; n++) {
		countdown = n;
		err = skv_open(fx_url(), &opts, NULL, &other);
		countdown = 0;
		CU_ASSERT(err == SKV_OK ? other != NULL :
					  err == SKV_NOMEM && other == NULL);
		if (err != SKV_OK && err != SKV_NOMEM)
			break;
	}
	CU_ASSERT(n > 2);
	CU_OK(skv_close(other, NULL));
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"any allocation may fail", every_allocation},
	    {"any allocation of opening may fail", opening},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
