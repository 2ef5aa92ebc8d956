/* SPDX-License-Identifier: MIT */
/*
 * Files that appear whole or not at all: written under another name beside,
 * and renamed when all of it is on the disk.
 *
 *	st = save_open(&f, path);		"-" or NULL: standard output
 *	if (st == ST_DONE && save_write(&f, data, len) && ...)
 *		st = save_commit(&f);
 *	save_abandon(&f);			always; nothing after a commit
 */
#ifndef CLI_SAVE_H
#define CLI_SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/cli.h"

struct save {
	int fd; /* -1: standard output, or nothing open */
	bool standard;
	char *path; /* of the file to be */
	char *temporary;
	struct buf pending;
	int error; /* errno of the first failure */
};

/* Complains when the file cannot be made. */
enum status save_open(struct save *, const char *path);
/* False after a failure, which save_commit() complains about. */
bool save_write(struct save *, const void *, size_t len);
enum status save_commit(struct save *);
void save_abandon(struct save *);

#endif
