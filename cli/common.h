/* SPDX-License-Identifier: MIT */
/* Options that several commands have. */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include "cli/target.h"

/* --sync and --no-sync; false: a complaint was made. */
bool sync_option(const struct args *, enum sync *ret);
/*
 * --prefix, --start and --end, as keys are given. The range points into the
 * arguments or into "scratch", which must be empty.
 */
bool range_options(const struct session *, const struct args *,
    struct buf *scratch, struct skv_range *ret);
/* Ends of line. */
uint64_t count_lines(const char *, size_t len);

#endif
