/* SPDX-License-Identifier: MIT */
/*
 * Two stores on one new database, as two processes would have it: "db" of the
 * store's fixture, and another.
 */
#ifndef TESTS_MARIADB_PAIR_H
#define TESTS_MARIADB_PAIR_H

#include <stdbool.h>

#include "store/scribekv.h"

extern char pair_url[256];
extern struct skv *db2;

/* What each test begins and ends with. */
void pair_open(void);
void pair_close(void);
/* Opens pair_url once more; ends the program when it cannot. */
struct skv *pair_one(void);
/* As has(), asked of "db2". */
bool has2(const char *key, const char *value);

#endif
