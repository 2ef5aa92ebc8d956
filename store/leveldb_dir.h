/* SPDX-License-Identifier: MIT */
/* Private to store/: the directory of a LevelDB store; see leveldb_dir.c. */
#ifndef STORE_LEVELDB_DIR_H
#define STORE_LEVELDB_DIR_H

#include <stdbool.h>

#include "store/scribekv.h"

/* The error that errno stands for, and its text: path, what was done, why. */
enum skv_err leveldb_dir_error(const char *what, const char *path,
    struct skv_errinfo *);

/*
 * Makes sure that there is a store, or else an empty directory for one. Names
 * are durable before data is written, so that data without CURRENT is no
 * creation that a power loss cut short.
 */
enum skv_err leveldb_dir_prepare(const char *path, bool create,
    struct skv_errinfo *);

#endif
