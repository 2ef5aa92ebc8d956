/* SPDX-License-Identifier: MIT */
/* Files and standard input as values and documents. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "cli/cli.h"

/* Largest input that is held in memory as a whole. */
#define INPUT_MAX (1UL << 30)

/*
 * Appends all of a file, "-" being standard input. Says on a terminal that it
 * waits to be typed to. ST_USAGE with a complaint made when the file cannot be
 * read or is over INPUT_MAX.
 */
enum status input_read(const char *path, struct buf *);

#endif
