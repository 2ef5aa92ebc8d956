/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. The sync barrier of the LevelDB engine: makes what
 * LevelDB has written to its logs survive a loss of power, from outside of
 * LevelDB. logsync.c says why it is not done by LevelDB's own sync writes.
 *
 * 1. A struct logsync belongs to one open LevelDB directory. logsync_barrier()
 *    is called by one thread at a time, at any moment of LevelDB's work.
 * 2. After an error nothing more may be promised durable with it: the kernel
 *    reports a failed write-back only once.
 */
#ifndef STORE_LOGSYNC_H
#define STORE_LOGSYNC_H

#include "store/scribekv.h"

struct logsync;

/*
 * "dir" exists, perhaps since a moment ago: its own name is made durable. *ret
 * is the caller's, for logsync_close(). Errors: as logsync_barrier().
 */
enum skv_err logsync_open(const char *dir, struct skv_errinfo *,
    struct logsync **ret);
void logsync_close(struct logsync *);
/*
 * Makes durable all that was written to the directory's logs before the call,
 * and the names of files that were in it by then. SKV_NOSPACE, SKV_IO,
 * SKV_NOMEM.
 */
enum skv_err logsync_barrier(struct logsync *, struct skv_errinfo *);

/* The error that a failed system call amounts to. */
enum skv_err logsync_errno(int errnum);

#endif
