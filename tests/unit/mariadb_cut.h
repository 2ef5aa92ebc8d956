/* SPDX-License-Identifier: MIT */
/*
 * Breaks connections to MariaDB servers at a chosen statement. The program is
 * linked with --wrap for the calls of libmariadb that send one.
 */
#ifndef TESTS_UNIT_MARIADB_CUT_H
#define TESTS_UNIT_MARIADB_CUT_H

#include <stdbool.h>

/* Of each thread its own: a store's watch of its servers asks them too. */
extern _Thread_local struct cut {
	unsigned countdown; /* of statements; 0: none */
	bool late;	    /* after it took effect */
	/* Instead of the connection the transaction is lost: the server ends
	 * it for that of another process, which is called, and the answer that
	 * should have said so does not. */
	void (*lose)(void);
	bool fired;
} cut;

/* Breaks the connection of this thread's n-th statement from now. */
void cut_at(unsigned nth, bool late);

#endif
