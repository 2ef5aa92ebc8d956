/* SPDX-License-Identifier: MIT */
/* See mariadb_cut.h. */
#include "config.h"

#include <sys/socket.h>

#include <mysql.h>

#include "base/check.h"
#include "tests/unit/mariadb_cut.h"

int __real_mysql_stmt_execute(MYSQL_STMT *);
int __wrap_mysql_stmt_execute(MYSQL_STMT *);
int __real_mysql_real_query(MYSQL *, const char *, unsigned long);
int __wrap_mysql_real_query(MYSQL *, const char *, unsigned long);

_Thread_local struct cut cut;

/* Whether the statement is the one. */
static bool
is_cut(void)
{
	if (cut.countdown == 0 || --cut.countdown > 0)
		return (false);
	cut.fired = true;
	return (true);
}

static void
break_connection(MYSQL *my)
{
	(void)shutdown(mysql_get_socket(my), SHUT_RDWR);
}

static void
lose_transaction(MYSQL *my)
{
	static const char sql[] = "ROLLBACK";

	AZ(__real_mysql_real_query(my, sql, sizeof(sql) - 1));
	cut.lose();
}

int
__wrap_mysql_stmt_execute(MYSQL_STMT *stmt)
{
	bool it = is_cut();

	if (it && cut.lose != NULL) {
		lose_transaction(stmt->mysql);
		it = false;
	}
	if (it && !cut.late)
		break_connection(stmt->mysql);
	if (it && cut.late) {
		(void)__real_mysql_stmt_execute(stmt);
		(void)mysql_stmt_free_result(stmt);
		break_connection(stmt->mysql);
		/* What follows finds the connection broken. */
		return (__real_mysql_stmt_execute(stmt));
	}
	return (__real_mysql_stmt_execute(stmt));
}

int
__wrap_mysql_real_query(MYSQL *my, const char *sql, unsigned long len)
{
	bool it = is_cut() && cut.lose == NULL;

	if (it && cut.late)
		AZ(__real_mysql_real_query(my, sql, len));
	if (it)
		break_connection(my);
	return (__real_mysql_real_query(my, sql, len));
}

void
cut_at(unsigned nth, bool late)
{
	cut.late = late;
	cut.lose = NULL;
	cut.fired = false;
	cut.countdown = nth;
}
