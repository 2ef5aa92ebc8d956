/* SPDX-License-Identifier: MIT */
/*
 * A module for LD_PRELOAD: memory that runs out now and then, from the start of
 * a process on. Environment:
 *
 *	SKV_NOMEM_EVERY	one allocation in so many fails, about
 *	SKV_NOMEM_KINDS	of those that these letters name:
 *		o	our own code's, and the C libraries' that it uses
 *		n	of C++'s operator new, with which LevelDB allocates
 *		c	of LevelDB's interface for C, which does not look
 *		f	of libfcgi, which asserts that there is memory
 *	SKV_NOMEM_LOG	a file that each failure adds its letter to
 *	SKV_NOMEM_MAX	no more than so many letters in all
 *	SKV_NOMEM_SEED	which ones; also the number of the process is in it
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STANDIN __attribute__((visibility("default")))

/* The C library's own, under names that nothing stands before. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static atomic_long countdown;
static atomic_uint_least64_t state; /* 0: nothing fails */
static unsigned long every;

static uint64_t
number(const char *name)
{
	const char *text = getenv(name);

	return (text == NULL ? 0 : strtoull(text, NULL, 10));
}

/* From 1 to twice the usual distance. */
static long
distance(void)
{
	uint64_t next = atomic_fetch_add(&state, 0x9e3779b97f4a7c15ULL);

	next = (next ^ next >> 30) * 0xbf58476d1ce4e5b9ULL;
	next = (next ^ next >> 27) * 0x94d049bb133111ebULL;
	return (1 + (long)((next ^ next >> 31) % (2 * every)));
}

__attribute__((constructor)) static void
begin(void)
{
	every = number("SKV_NOMEM_EVERY");
	if (every == 0)
		return;
	atomic_store(&state,
	    number("SKV_NOMEM_SEED") * 1000003 + (uint64_t)getpid());
	atomic_store(&countdown, distance());
}

/* What it is for, by who calls; 0 for the loader, who cannot do without. */
static char
kind(const void *caller)
{
	static const struct {
		const char *name;
		char kind;
	} rows[] = {
	    {"libstdc++", 'n'},
	    {"libleveldb", 'c'},
	    {"libfcgi", 'f'},
	    {"libgcc_s", 0},
	    {"ld-linux", 0},
	};
	Dl_info info;
	size_t i;

	if (dladdr(caller, &info) == 0 || info.dli_fname == NULL)
		return (0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strstr(info.dli_fname, rows[i].name) != NULL)
			return (rows[i].kind);
	return ('o');
}

/* Takes it down, unless there have been as many as there should. */
static bool
note(char what)
{
	const char *path = getenv("SKV_NOMEM_LOG");
	long fd, len;

	fd = path == NULL ? -1 :
			    syscall(SYS_openat, AT_FDCWD, path,
				O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd == -1)
		return (false);
	len = syscall(SYS_lseek, (int)fd, 0L, SEEK_END);
	if (len != -1 && (uint64_t)len < number("SKV_NOMEM_MAX"))
		len = syscall(SYS_write, (int)fd, &what, (size_t)1);
	else
		len = 0;
	(void)syscall(SYS_close, (int)fd);
	return (len == 1);
}

static bool
fails(const void *caller)
{
	const char *kinds;
	char what;

	if (atomic_load(&state) == 0 || atomic_fetch_sub(&countdown, 1) > 1)
		return (false);
	kinds = getenv("SKV_NOMEM_KINDS");
	what = kind(caller);
	/* Otherwise it is the next one's turn. */
	if (what == 0 || kinds == NULL || strchr(kinds, what) == NULL)
		return (false);
	atomic_store(&countdown, distance());
	if (!note(what))
		return (false);
	errno = ENOMEM;
	return (true);
}

STANDIN void *
malloc(size_t size)
{
	return (fails(__builtin_return_address(0)) ? NULL :
						     __libc_malloc(size));
}

STANDIN void *
calloc(size_t n, size_t size)
{
	return (fails(__builtin_return_address(0)) ? NULL :
						     __libc_calloc(n, size));
}

STANDIN void *
realloc(void *p, size_t size)
{
	return (fails(__builtin_return_address(0)) ? NULL :
						     __libc_realloc(p, size));
}

STANDIN void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) ||
	    fails(__builtin_return_address(0))) {
		errno = ENOMEM;
		return (NULL);
	}
	return (__libc_realloc(p, bytes));
}
