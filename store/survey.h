/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. What lies in a LevelDB directory, and which of it belongs
 * to the store, as far as its manifest can be read. Changes nothing.
 */
#ifndef STORE_SURVEY_H
#define STORE_SURVEY_H

#include "store/logfile.h"

enum survey_kind {
	SURVEY_TABLE,
	SURVEY_LOG,
	SURVEY_MANIFEST,
};

struct survey_file {
	enum survey_kind kind;
	uint64_t number;
	char name[NAMELEN];
	bool present;
	uint64_t size; /* if present */
	/* Tables: whether the manifest has it, and then what it says of it. */
	bool named, deleted;
	uint64_t named_size;
	char *keys; /* the least and the greatest, LevelDB's own */
	size_t leastlen, greatestlen;
	/*
	 * Whether the store needs it. Where the manifest does not say, which
	 * is so when its end is not good: whether it may.
	 */
	bool live;
};

struct survey {
	struct survey_file **files; /* by kind, then by number */
	size_t n;
	/* What is wrong with CURRENT, a phrase; NULL: nothing. */
	const char *current;
	/* The manifest that the rest is from; empty: none can be read. */
	char manifest[NAMELEN];
	/* Where its good part ends. */
	uint64_t good, size;
	/*
	 * Whether its end is missing, that is, records that changed the list:
	 * what is there is not good, or names files that were given up since.
	 */
	bool torn;
	uint64_t log;	   /* first one needed */
	uint64_t next;	   /* number of the next file to be made, */
	uint64_t greatest; /* and of tables that were */
	/*
	 * Whether it names a table that could still be made. LevelDB would
	 * write over that one, wherever a link leads to.
	 */
	bool odd;
	bool missing; /* whether a table that it names is not there */

	void *tree; /* of files, while they are found */
};

/*
 * Looks at an open directory. "path" is for messages. Files that are needed and
 * not present are listed too. *ret is to be released, also after an error.
 */
enum skv_err survey_make(int dirfd, const char *path, struct survey *ret,
    struct skv_errinfo *);
void survey_release(struct survey *);

/* The bytes in the files that are live and present. */
uint64_t survey_bytes(const struct survey *);

#endif
