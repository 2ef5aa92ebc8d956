/* SPDX-License-Identifier: MIT */
/* What an operator can do about a store that does not open. */
#ifndef FCGI_REMEDY_H
#define FCGI_REMEDY_H

#include "store/scribekv.h"

/*
 * Writes into "buf" what to do when skv_open() of this URL has failed so, and
 * returns it; an empty string when nothing is known to help.
 */
const char *remedy(const char *url, enum skv_err, const struct skv_errinfo *,
    char *buf, size_t size);

#endif
