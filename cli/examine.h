/* SPDX-License-Identifier: MIT */
/* What check and repair have in common: telling what is found, and progress. */
#ifndef CLI_EXAMINE_H
#define CLI_EXAMINE_H

#include "cli/cli.h"
#include "cli/progress.h"
#include "store/scribekv.h"

struct examination {
	struct skv_examine how;
	struct progress progress;
	struct skv_errinfo info;
};

/* "label" is for the progress line. */
void examination_begin(struct examination *, const struct session *,
    const char *label);
/* Takes the progress line away; complains about an error, if it is one. */
enum status examination_end(struct examination *, enum skv_err);
/* "leveldb:" and the directory; NULL when out of memory. For free(3). */
char *directory_url(const char *dir);
/* Prints "NAME: N" in text and tables, and a member in JSON. */
void print_count(const char *name, uint64_t n);

#endif
