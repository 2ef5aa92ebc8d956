/* SPDX-License-Identifier: MIT */
/* Completion in the shell: of commands, options, keys and files. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <histedit.h>

#include "cli/cli.h"

/* Most that are offered, and asked for. */
#define COMPLETE_MAX 100

/*
 * Completes the word in front of the cursor, and shows what there is to choose
 * from when that is more than one; a function of libedit's for a key.
 */
unsigned char complete(EditLine *, struct session *);

#endif
