/* SPDX-License-Identifier: MIT */
/*
 * Assertions about our own code. A failed one is a bug of ours and stops the
 * process at once: going on could write wrong data. They are kept in release
 * builds, so their arguments are cheap and have no side effects. What the
 * world does (disk, memory, network) or a client sends is never asserted.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Reports the place of a failed assertion and aborts. */
__attribute__((noreturn, cold)) static inline void
check_failed(const char *what, const char *file, int line, const char *func)
{
	(void)fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line,
	    func, what);
	abort();
}

#define CHECK(cond) \
	((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__, __func__))
/* "Assert zero" and "assert not zero", for results and pointers. */
#define AZ(expr) CHECK((expr) == 0)
#define AN(expr) CHECK((expr) != 0)
/* A place that cannot be reached. */
#define WRONG(why) check_failed(why, __FILE__, __LINE__, __func__)

/*
 * A structure passed through a void pointer starts with "unsigned magic",
 * set by its constructor and checked where the pointer arrives.
 */
#define CHECK_MAGIC(ptr, value) CHECK((ptr) != NULL && (ptr)->magic == (value))

#endif
