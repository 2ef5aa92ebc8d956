/* SPDX-License-Identifier: MIT */
/*
 * A MariaDB server of the test program's own, started by tests/mariadb.sh when
 * it is first wanted and ended with the program. Each test has a database.
 */
#ifndef TESTS_MARIADB_FIXTURE_H
#define TESTS_MARIADB_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

/* False, after saying why, when there can be no server here. Also starts it
 * again after mariadb_kill(). */
bool mariadb_start(void);
void mariadb_kill(void);
/* Makes an empty database; its URL, valid until the next. */
const char *mariadb_url(void);
/* Runs statements in it; each must succeed. */
void mariadb_sql(const char *sql);
/* Stops the server from doing anything, and lets it go on. */
void mariadb_freeze(void);
void mariadb_thaw(void);

#endif
