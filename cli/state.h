/* SPDX-License-Identifier: MIT */
/*
 * State files: how far an import or a copy has come, so that it can go on
 * after it was interrupted. What they say is in and durable. A line of JSON.
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include "cli/cli.h"

struct state {
	const char *path;    /* NULL: none was asked for */
	struct buf identity; /* what is done to what; another one is refused */
	uint64_t lines;	     /* of an import */
	uint64_t keys;
	uint64_t sum;	 /* of a copy: the checksum up to here */
	struct buf last; /* of a copy: the last key */
};

/*
 * Reads the file into the state, if there is one; the identity must be that of
 * the state. ST_USAGE with a complaint made when it is another or no such file.
 */
enum status state_load(struct state *);
enum status state_save(const struct state *);
/* When all is done. */
void state_remove(const struct state *);
void state_release(struct state *);

#endif
