/* SPDX-License-Identifier: MIT */
/*
 * powerloss.so, for LD_PRELOAD: stands in for the calls by which a program
 * changes files, to make some of them fail and to keep disk.c's model of what
 * is durable. Syncs of the directory's files are only noted: the machine's own
 * power is not at stake. (Calls that the C library makes inside itself, such
 * as those of stdio, are not seen: LevelDB's text log is written that way.)
 */
#include "config.h"
/* Its inline functions have the names that are defined here. */
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/fault/powerloss.h"

#define STANDIN __attribute__((visibility("default")))

struct real real;
static bool started;
/* A short write has been given: this thread's next one fails so. */
static _Thread_local int pending_write;

static void *
next(const char *name)
{
	void *fn = dlsym(RTLD_NEXT, name);

	if (fn == NULL)
		abort();
	return (fn);
}

#define NEXT(member) \
	do { \
		void *fn = next(#member); \
		memcpy(&real.member, &fn, sizeof(fn)); \
	} while (0)

__attribute__((constructor)) static void
start(void)
{
	if (started)
		return;
	started = true;
	NEXT(open);
	NEXT(openat);
	NEXT(write);
	NEXT(ftruncate);
	NEXT(fsync);
	NEXT(fdatasync);
	NEXT(rename);
	NEXT(unlink);
	NEXT(mkdir);
	NEXT(close);
	disk_init();
}

__attribute__((destructor)) static void
finish(void)
{
	disk_report();
}

/* Gives the lock back and a result like a system call's. */
static int
result(int rc, int errnum)
{
	disk_unlock();
	if (errnum != 0)
		errno = errnum;
	return (errnum != 0 ? -1 : rc);
}

/* Whether a descriptor is one of a file in the directory. */
static bool
is_ours(int fd, struct stat *ret)
{
	bool ours;

	if (!disk_active() || fstat(fd, ret) == -1)
		return (false);
	disk_lock();
	ours = disk_file(ret) != NULL;
	disk_unlock();
	return (ours);
}

/* The name in the directory that a descriptor has, as disk_name() tells. */
static const char *
name_of(int fd, char path[PATH_MAX])
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n == -1 ? 0 : n] = '\0';
	return (disk_name(path));
}

/* ---------------------------------------------------------------- open -- */

/* Opens by "path" what is "name" in the directory; "": the directory. */
static int
open_ours(int dirfd, const char *path, const char *name, int flags, mode_t mode)
{
	struct stat before, st;
	bool creates = false;
	int errnum, fd;

	disk_lock();
	errnum = disk_fault(KIND_OPEN,
	    (flags & O_CREAT) != 0 ? "create" : "open", name);
	if (errnum != 0)
		return (result(-1, errnum));
	if (*name != '\0' && (flags & (O_CREAT | O_TRUNC)) != 0) {
		creates = fstatat(dirfd, path, &before, 0) == -1;
		disk_moment("open", true);
	}
	fd = real.openat(dirfd, path, flags, mode);
	errnum = fd == -1 ? errno : 0;
	if (fd != -1 && *name != '\0' && fstat(fd, &st) == 0 &&
	    (creates || (flags & O_TRUNC) != 0))
		disk_made(creates ? name : NULL, &st, (flags & O_TRUNC) != 0);
	return (result(fd, errnum));
}

/* A path relative to a descriptor: of ours, if that is the directory. */
static int
open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	struct stat st;

	start();
	if (disk_active() && path[0] != '/' && dirfd != AT_FDCWD &&
	    fstat(dirfd, &st) == 0 && disk_is_dir(&st) &&
	    strchr(path, '/') == NULL && path[0] != '.')
		return (open_ours(dirfd, path, path, flags, mode));
	if (disk_active() && path[0] == '/' && disk_name(path) != NULL)
		return (open_ours(AT_FDCWD, path, disk_name(path), flags,
		    mode));
	return (real.openat(dirfd, path, flags, mode));
}

#define MODE(flags, mode) \
	do { \
		if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
			va_list ap; \
			va_start(ap, flags); \
			(mode) = va_arg(ap, mode_t); \
			va_end(ap); \
		} \
	} while (0)

STANDIN int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode);
	return (open_at(AT_FDCWD, path, flags, mode));
}

STANDIN int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode);
	return (open_at(AT_FDCWD, path, flags, mode));
}

STANDIN int
openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode);
	return (open_at(dirfd, path, flags, mode));
}

STANDIN int
openat64(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode);
	return (open_at(dirfd, path, flags, mode));
}

STANDIN int
close(int fd)
{
	char path[PATH_MAX];
	struct stat st;

	start();
	if (is_ours(fd, &st)) {
		disk_lock();
		disk_closing(name_of(fd, path));
		disk_unlock();
	}
	return (real.close(fd));
}

/* --------------------------------------------------------------- write -- */

/* The errno that a write is to fail with; may make it a short one. */
static int
write_fault(int fd, size_t *n)
{
	char path[PATH_MAX];
	const char *name = name_of(fd, path);
	int errnum = pending_write, half;

	pending_write = 0;
	if (errnum != 0)
		return (errnum);
	errnum = disk_fault(KIND_WRITE, "write", name);
	half = disk_fault(KIND_SHORT, "write", name);
	if (errnum == 0 && half != 0 && *n > 1) {
		*n /= 2;
		pending_write = half;
		return (0);
	}
	return (errnum != 0 ? errnum : half);
}

STANDIN ssize_t
write(int fd, const void *buf, size_t n)
{
	struct stat st;
	ssize_t done;
	int errnum;

	start();
	if (!is_ours(fd, &st))
		return (real.write(fd, buf, n));
	disk_lock();
	disk_moment("write", false);
	errnum = write_fault(fd, &n);
	done = -1;
	if (errnum == 0) {
		done = real.write(fd, buf, n);
		errnum = done == -1 ? errno : 0;
	}
	disk_unlock();
	if (errnum != 0)
		errno = errnum;
	return (done);
}

/*
 * LevelDB and the library only append with write(2). Whoever begins to use
 * another call must teach the model of it first.
 */
static void
unknown(int fd)
{
	struct stat st;

	start();
	if (is_ours(fd, &st))
		abort();
}

STANDIN ssize_t
pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	ssize_t (*fn)(int, const void *, size_t, off_t);
	void *p = next("pwrite");

	unknown(fd);
	memcpy(&fn, &p, sizeof(fn));
	return (fn(fd, buf, n, offset));
}

STANDIN ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	ssize_t (*fn)(int, const struct iovec *, int);
	void *p = next("writev");

	unknown(fd);
	memcpy(&fn, &p, sizeof(fn));
	return (fn(fd, iov, n));
}

STANDIN int
ftruncate(int fd, off_t size)
{
	char path[PATH_MAX];
	struct stat st;
	int rc, errnum;

	start();
	if (!is_ours(fd, &st))
		return (real.ftruncate(fd, size));
	disk_lock();
	disk_moment("ftruncate", true);
	errnum = disk_fault(KIND_WRITE, "ftruncate", name_of(fd, path));
	rc = errnum != 0 ? -1 : real.ftruncate(fd, size);
	if (rc == 0)
		disk_shortened(disk_file(&st), size);
	else if (errnum == 0)
		errnum = errno;
	return (result(rc, errnum));
}

/* ---------------------------------------------------------------- sync -- */

static int
sync_ours(int fd, int (*fn)(int), const char *call)
{
	char path[PATH_MAX];
	struct stat st;
	struct file *file;
	int errnum;

	if (!is_ours(fd, &st) &&
	    (!disk_active() || (!disk_is_dir(&st) && !disk_is_parent(&st))))
		return (fn(fd));
	disk_lock();
	disk_moment(call, true);
	errnum = disk_fault(KIND_SYNC, call, name_of(fd, path));
	/* Again: it may have grown since. */
	(void)fstat(fd, &st);
	file = disk_file(&st);
	if (file != NULL && errnum != 0)
		disk_sync_failed(file);
	else if (file != NULL)
		disk_sync_file(file, &st);
	else if (errnum == 0 && disk_is_dir(&st))
		disk_sync_dir();
	else if (errnum == 0)
		disk_sync_parent();
	return (result(0, errnum));
}

STANDIN int
fsync(int fd)
{
	start();
	return (sync_ours(fd, real.fsync, "fsync"));
}

STANDIN int
fdatasync(int fd)
{
	start();
	return (sync_ours(fd, real.fdatasync, "fdatasync"));
}

/* --------------------------------------------------------------- names -- */

STANDIN int
rename(const char *from, const char *to)
{
	const char *f, *t;
	int rc, errnum;

	start();
	f = disk_active() ? disk_name(from) : NULL;
	t = disk_active() ? disk_name(to) : NULL;
	if (f == NULL || t == NULL)
		return (real.rename(from, to));
	disk_lock();
	disk_moment("rename", true);
	errnum = disk_fault(KIND_RENAME, "rename", t);
	rc = errnum != 0 ? -1 : real.rename(from, to);
	if (rc == 0)
		disk_renamed(f, t);
	else if (errnum == 0)
		errnum = errno;
	return (result(rc, errnum));
}

STANDIN int
unlink(const char *path)
{
	const char *name;
	int rc, errnum;

	start();
	name = disk_active() ? disk_name(path) : NULL;
	if (name == NULL)
		return (real.unlink(path));
	disk_lock();
	disk_moment("unlink", true);
	errnum = disk_fault(KIND_UNLINK, "unlink", name);
	rc = errnum != 0 ? -1 : real.unlink(path);
	if (rc == 0)
		disk_removed(name);
	else if (errnum == 0)
		errnum = errno;
	return (result(rc, errnum));
}

STANDIN int
mkdir(const char *path, mode_t mode)
{
	struct stat st;
	int rc, errnum;

	start();
	rc = real.mkdir(path, mode);
	errnum = errno;
	if (rc == 0 && disk_active()) {
		disk_lock();
		if (stat(path, &st) == 0 && disk_is_dir(&st))
			disk_dir_made();
		disk_unlock();
	}
	errno = errnum;
	return (rc);
}
