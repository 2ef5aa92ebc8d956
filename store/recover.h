/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. Prepares a LevelDB directory for opening after a loss of
 * power. recover.c says what LevelDB's own recovery lacks.
 */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include "store/scribekv.h"

/*
 * "fd" is the directory, which nobody has open in LevelDB, nor can meanwhile;
 * "path" is for messages. Changes nothing in a directory that has no store, or
 * one that was closed in order. SKV_NOSPACE, SKV_IO, SKV_NOMEM.
 */
enum skv_err recover_directory(int fd, const char *path, struct skv_errinfo *);

#endif
