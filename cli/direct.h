/* SPDX-License-Identifier: MIT */
/* Private to direct*.c: a store that this process has open. */
#ifndef CLI_DIRECT_H
#define CLI_DIRECT_H

#include "cli/target.h"

/* As the daemon is configured without a word about it. */
#define DIRECT_DEPTH 64
/* Daemons may have been told to take larger values than by default; a store
 * that holds some is not to be refused here. */
#define DIRECT_MAX (1UL << 30)

struct direct {
	struct target target;
	struct skv *db;
};

static inline struct skv *
store_of(struct target *t)
{
	return (((struct direct *)t)->db);
}

/* Set the answer for an error of the store; "why" may be empty. */
enum status store_error(struct answer *, enum skv_err, const char *why);
enum status txn_error(struct answer *, const struct skv_txn *, enum skv_err);

/* direct_many.c */
enum status direct_list(struct target *, const struct list_query *,
    struct answer *);
enum status direct_count(struct target *, const struct skv_range *,
    struct answer *);
enum status direct_delete_range(struct target *, const struct skv_range *,
    struct answer *);
enum status direct_txn(struct target *, struct bytes, enum sync,
    struct answer *);
enum status direct_import(struct target *, struct bytes, enum sync,
    struct answer *);
enum status direct_export(struct target *, const struct skv_range *,
    target_sink *, void *arg, struct answer *);
enum status direct_health(struct target *, struct answer *);
enum status direct_metrics(struct target *, struct answer *);

#endif
