/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the store share: one list of tests is run on every engine,
 * each test with a new store of its own and a clock that only the test moves.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <CUnit/Basic.h>

#include "store/scribekv.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define CU_OK(expr) CU_ASSERT_EQUAL((expr), SKV_OK)
/* Time for a thing that is sure to happen, in nanoseconds. */
#define FX_PATIENCE 60000000000LL

/* The store under test, and the options that fx_restart() opens with. */
extern struct skv *db;
extern struct skv_options opts;
extern _Atomic int64_t fx_clock;

/* How fx_start() opens: skv_open(), unless a test has something between. */
extern enum skv_err (*fx_open)(const char *url, const struct skv_options *,
    struct skv_errinfo *, struct skv **ret);

/* Runs the tests on every engine; what main() returns. */
int fx_run(int argc, char **argv, CU_TestInfo *tests);

/* Whether the engine under test keeps its data when closed. */
bool fx_keeps(void);
/* Whether other processes may write to it too; then revisions have gaps. */
bool fx_shared(void);
const char *fx_url(void);
/* Closes, and opens again: empty unless fx_keeps(). */
void fx_stop(void);
void fx_start(void);
void fx_restart(void);
/*
 * Runs a program that opens the store, which is stopped, writes the keys
 * "crash0", "crash1", ... with their number as value, and kills itself before
 * closing. Returns the last revision that it was given.
 */
uint64_t fx_crash(unsigned nkeys);
/* Gives other threads the processor; false when patience has run out. */
bool fx_patience(int64_t *deadline);

/* Strings as keys and values; the results of the calls are asserted. */
void put(const char *key, const char *value);
void put_ttl(const char *key, const char *value, int64_t expires_ms);
void del(const char *key);
/* Whether the key has the value; NULL: whether it is absent. */
bool has(const char *key, const char *value);
/* Its revision, 0 when absent. */
uint64_t rev(const char *key);
uint64_t count_all(void);
struct skv_stats stats(void);

struct skv_txn *txn(void);
void t_put(struct skv_txn *, const char *key, const char *value);
void t_del(struct skv_txn *, const char *key);
void t_get(struct skv_txn *, const char *key);
/* One condition, of at most one revision; 0: "*". */
void t_match(struct skv_txn *, const char *key, uint64_t revision);
void t_none(struct skv_txn *, const char *key, uint64_t revision);
/* Whether result "i" is that value; NULL: not found. */
bool t_has(const struct skv_txn *, size_t i, const char *value);
/* Whether condition "i" was false, with this revision found. */
bool t_failed(const struct skv_txn *, size_t i, uint64_t revision);

/* A small random number generator, the same everywhere. */
unsigned fx_random(unsigned *state, unsigned below);

#endif
