/* SPDX-License-Identifier: MIT */
/*
 * Private to the copies of the torture program with a known fault: what the
 * store's files call there in place of the functions after which these are
 * named.
 */
#ifndef FAULT_DOUBLES_H
#define FAULT_DOUBLES_H

#include <leveldb/c.h>

#include "store/scribekv.h"

struct logsync;

/* In logsync.c: forgets to sync the store's directory. */
int double_fsync(int fd);
/* In engine_leveldb.c: the barrier is an empty sync write. */
leveldb_t *double_leveldb_open(const leveldb_options_t *, const char *name,
    char **errptr);
enum skv_err double_barrier(struct logsync *, struct skv_errinfo *);

#endif
