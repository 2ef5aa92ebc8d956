/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. What skv_check() and skv_repair() share: a directory that
 * nobody else has open, read file by file, and telling what is found.
 */
#ifndef STORE_EXAMINE_H
#define STORE_EXAMINE_H

#include "store/survey.h"
#include "store/table.h"

struct examine {
	const struct skv_examine *how;
	struct skv_errinfo *info;
	char *path; /* absolute */
	int fd;	    /* holds the lock */
	struct survey survey;
	uint64_t damages, notes;
	uint64_t tables, logs, entries, bytes; /* that were read */
	uint64_t done, total;		       /* of the progress */
	enum skv_err err;		       /* why to stop */

	/* What is called for each good entry of a table or a log. */
	void (*entry)(struct examine *, const struct table_key *,
	    struct span value);
	void *arg; /* of the caller */
	/* The file at hand. */
	const struct survey_file *file;
	uint64_t sequence; /* the next one in the logs; 0: not known */
};

/*
 * Takes the store at "url" and looks at what is there. Errors: SKV_INVALID,
 * SKV_NOTFOUND, SKV_LOCKED, SKV_IO, SKV_NOMEM. To be ended in any case.
 */
enum skv_err examine_begin(struct examine *, const char *url,
    const struct skv_examine *how, struct skv_errinfo *);
void examine_end(struct examine *);
/* Tells what is wrong with CURRENT and the manifest. */
void examine_lists(struct examine *);
/* Reads all files that are live, telling what is not good. */
enum skv_err examine_files(struct examine *);

void examine_tell(struct examine *, const struct skv_finding *);
/* Moves the progress; false if it is to stop: ->err says why. */
bool examine_go_on(struct examine *, uint64_t done);

/* The directory of a URL; NULL, with a text, if it has none. */
const char *examine_path(const char *url, struct skv_errinfo *);

#endif
