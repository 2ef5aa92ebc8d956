/* SPDX-License-Identifier: MIT */
/*
 * Makes what a loss of power has left of a LevelDB directory a prefix of what
 * was written, before LevelDB opens it.
 *
 * What LevelDB's own recovery does is not enough. Bytes that were not synced
 * may be there or not in any combination. A log that lacks some is read on
 * behind the gap, and so is the log after one that lacks its end: writes come
 * back though earlier ones are gone. And one record of the manifest that was
 * being written keeps the store from opening: torn, or naming a table whose
 * name in the directory was lost. So:
 *
 * - Batches are numbered without gaps through all logs. From the first bad
 *   record or gap on, everything is cut off. What a barrier has covered lies
 *   before that: it synced every log there was, and their names.
 * - The manifest is synced after each record, so only the last can be such a
 *   one, and nothing was done yet that relies on it. It is cut off if it is bad
 *   or names a table that is not there; but only while the log is there which
 *   is the first one needed without that record. A record that was durable had
 *   its logs removed: then it is damage of another kind, and an error.
 *
 * Cutting begins with the newest, so that a loss of power meanwhile leaves what
 * will be cut again. What was cut off stays in the directory as NAME.cut, which
 * LevelDB does not look at: it holds nothing that was promised to last, unless
 * the disk has damaged a file, and then it is for the operator.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/logfile.h"
#include "store/logsync.h"
#include "store/recover.h"

/* More logs than LevelDB ever leaves behind. */
#define LOGSMAX 1024

struct dir {
	int fd;
	const char *path; /* for messages */
	struct skv_errinfo *info;
};

static enum skv_err
failed(const struct dir *d, const char *what, const char *name)
{
	int errnum = errno;

	errinfo_set(d->info, "%s/%s: %s: %s", d->path, name, what,
	    strerror(errnum));
	return (logsync_errno(errnum));
}

/* -------------------------------------------------------------- cutting -- */

static enum skv_err
open_log(const struct dir *d, const char *name, struct logfile *f)
{
	return (logfile_open(f, d->fd, name) ? SKV_OK :
					       failed(d, "open", name));
}

/* Whether a log ends badly because it cannot be read. */
static enum skv_err
log_error(const struct dir *d, const char *name, const struct logfile *f)
{
	if (!f->failed)
		return (SKV_OK);
	errno = f->errnum;
	return (failed(d, "read", name));
}

static void
aside_name(char aside[NAMELEN], const char *name)
{
	CHECK(snprintf(aside, NAMELEN, "%.50s.cut", name) < NAMELEN);
}

/* Copies a file from "offset" on. */
static bool
copy_tail(int from, uint64_t offset, int to)
{
	char bytes[8192];
	ssize_t n;

	while ((n = pread(from, bytes, sizeof(bytes), (off_t)offset)) > 0) {
		if (write(to, bytes, (size_t)n) != n)
			return (false);
		offset += (uint64_t)n;
	}
	return (n == 0);
}

/*
 * Keeps what is about to be cut off a file, for the operator; if the disk lets
 * it: a full one must not keep the store from opening.
 */
static void
keep_tail(const struct dir *d, const char *name, uint64_t size)
{
	char aside[NAMELEN];
	struct stat st;
	int from, to = -1;

	aside_name(aside, name);
	from = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from != -1 && fstat(from, &st) == 0 && (uint64_t)st.st_size > size)
		to = openat(d->fd, aside,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to != -1) {
		if (!copy_tail(from, size, to))
			(void)unlinkat(d->fd, aside, 0);
		(void)close(to);
	}
	if (from != -1)
		(void)close(from);
}

/* Cuts a file down, durably. */
static enum skv_err
cut(const struct dir *d, const char *name, uint64_t size)
{
	enum skv_err err = SKV_OK;
	int fd;

	keep_tail(d, name, size);
	fd = openat(d->fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || ftruncate(fd, (off_t)size) == -1 || fsync(fd) == -1)
		err = failed(d, "truncate", name);
	if (fd != -1)
		(void)close(fd);
	return (err);
}

/* Takes a log out of LevelDB's sight. */
static enum skv_err
discard(const struct dir *d, const char *name)
{
	char aside[NAMELEN];

	aside_name(aside, name);
	if (renameat(d->fd, name, d->fd, aside) == -1 || fsync(d->fd) == -1)
		return (failed(d, "rename", name));
	return (SKV_OK);
}

/* ------------------------------------------------------------- manifest -- */

static bool
table_exists(const struct dir *d, uint64_t number)
{
	char name[NAMELEN];

	(void)snprintf(name, sizeof(name), "%06llu.ldb",
	    (unsigned long long)number);
	return (faccessat(d->fd, name, F_OK, 0) == 0);
}

/*
 * Sets *log if the record has one, and *missing to whether it adds a table that
 * is not there; false if it cannot be followed.
 */
static bool
parse_edit(const struct dir *d, const struct buf *record, uint64_t *log,
    bool *missing)
{
	struct edit e;

	*missing = false;
	edit_begin(&e, record);
	while (edit_next(&e)) {
		if (e.tag == EDIT_LOG)
			*log = e.number[0];
		if (e.tag == EDIT_ADDED && !table_exists(d, e.number[1]))
			*missing = true;
	}
	return (!e.bad);
}

static bool
log_exists(const struct dir *d, uint64_t number)
{
	char name[NAMELEN];

	(void)snprintf(name, sizeof(name), "%06llu.log",
	    (unsigned long long)number);
	return (faccessat(d->fd, name, F_OK, 0) == 0);
}

/* What is to be known of a manifest's records. */
struct manifest {
	size_t n;
	uint64_t before;	  /* where the last one begins */
	uint64_t log, log_before; /* first log needed, with and without it */
	bool missing;		  /* it adds a table that is not there */
	bool known;		  /* all could be followed */
};

static void
read_manifest(const struct dir *d, struct logfile *f, struct manifest *m)
{
	uint64_t start = f->pos;

	*m = (struct manifest){.known = true};
	for (; m->known && logfile_next(f); start = f->pos) {
		m->n++;
		m->before = start;
		m->log_before = m->log;
		m->known = parse_edit(d, &f->record, &m->log, &m->missing);
	}
}

/*
 * What is bad was synced once, for the log that it replaced is gone. LevelDB
 * would not always say so: to it, a record that seems to go on behind the end
 * of the file is a torn one, and the store is what it was before.
 */
static enum skv_err
damaged(const struct dir *d, const char *name, size_t pos)
{
	errinfo_set(d->info, "%s/%s: damaged from byte %zu on", d->path, name,
	    pos);
	return (SKV_CORRUPT);
}

/* Tells the first log that is needed; 0 if that is not certain. */
static enum skv_err
mend_manifest(const struct dir *d, uint64_t *ret_log)
{
	struct manifest m;
	char name[NAMELEN];
	enum skv_err err;
	struct logfile f;

	*ret_log = 0;
	if (!read_current(d->fd, name))
		return (failed(d, "read", "CURRENT"));
	if (name[0] == '\0' || faccessat(d->fd, name, F_OK, 0) == -1)
		return (SKV_OK); /* LevelDB will say it */
	err = open_log(d, name, &f);
	if (err != SKV_OK)
		return (err);
	read_manifest(d, &f, &m);
	err = log_error(d, name, &f);
	if (err != SKV_OK || !m.known || m.n == 0)
		goto out;
	if (f.pos < f.size) {
		err = log_exists(d, m.log) ? cut(d, name, f.pos) :
					     damaged(d, name, f.pos);
	} else if (m.missing) {
		if (m.n == 1 || !log_exists(d, m.log_before))
			goto out;
		m.log = m.log_before;
		err = cut(d, name, m.before);
	}
	if (err == SKV_OK)
		*ret_log = m.log;
out:
	logfile_close(&f);
	return (err);
}

/* ----------------------------------------------------------------- logs -- */

static int
number_cmp(const void *va, const void *vb)
{
	const uint64_t *a = va, *b = vb;

	return ((*a > *b) - (*a < *b));
}

/* The logs from number "first" on, in order. */
static enum skv_err
list_logs(const struct dir *d, uint64_t first, uint64_t numbers[LOGSMAX],
    size_t *ret_n)
{
	struct dirent *entry;
	unsigned long long number;
	size_t n = 0;
	int fd, end;
	DIR *dir;

	fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return (failed(d, "opendir", "."));
	}
	while ((entry = readdir(dir)) != NULL) {
		end = 0;
		if (sscanf(entry->d_name, "%llu.log%n", &number, &end) == 1 &&
		    end != 0 && entry->d_name[end] == '\0' && number >= first &&
		    n < LOGSMAX)
			numbers[n++] = number;
	}
	(void)closedir(dir);
	qsort(numbers, n, sizeof(*numbers), number_cmp);
	*ret_n = n;
	return (SKV_OK);
}

/*
 * Reads a log's batches as long as they follow on *next (0: from any), which is
 * moved; tells where the good ones end, and whether that is the file's end.
 */
static enum skv_err
follow_log(const struct dir *d, const char *name, uint64_t *next,
    uint64_t *ret_size, bool *ret_whole)
{
	uint64_t good = 0, first;
	enum skv_err err;
	struct logfile f;
	struct batch b;

	err = open_log(d, name, &f);
	if (err != SKV_OK)
		return (err);
	while (logfile_next(&f) && batch_begin(&b, &f.record)) {
		first = b.sequence + 1;
		if (*next != 0 && first != *next)
			break;
		*next = first + b.left;
		good = f.pos;
	}
	*ret_size = good;
	/* An empty one has lost what was in it, if there is a later one. */
	*ret_whole = good == f.size && good > 0;
	err = log_error(d, name, &f);
	logfile_close(&f);
	return (err);
}

static enum skv_err
mend_logs(const struct dir *d, uint64_t first)
{
	static const char format[] = "%06llu.log";
	uint64_t numbers[LOGSMAX], next = 0;
	char name[NAMELEN];
	enum skv_err err;
	uint64_t size = 0;
	size_t n = 0, i;
	bool whole = true;

	err = list_logs(d, first, numbers, &n);
	/* Without the first log those after it are not durable. */
	if (err == SKV_OK && n > 0 && numbers[0] != first)
		whole = false;
	for (i = 0; err == SKV_OK && whole && i < n; i++) {
		(void)snprintf(name, sizeof(name), format,
		    (unsigned long long)numbers[i]);
		err = follow_log(d, name, &next, &size, &whole);
	}
	if (err != SKV_OK || whole)
		return (err);
	while (err == SKV_OK && n > i) {
		(void)snprintf(name, sizeof(name), format,
		    (unsigned long long)numbers[--n]);
		err = discard(d, name);
	}
	if (err == SKV_OK && i > 0) {
		(void)snprintf(name, sizeof(name), format,
		    (unsigned long long)numbers[i - 1]);
		err = cut(d, name, size);
	}
	return (err);
}

enum skv_err
recover_directory(int fd, const char *path, struct skv_errinfo *info)
{
	const struct dir d = {fd, path, info};
	enum skv_err err;
	uint64_t first;

	if (faccessat(fd, "CURRENT", F_OK, 0) == -1)
		return (SKV_OK);
	err = mend_manifest(&d, &first);
	if (err == SKV_OK && first != 0)
		err = mend_logs(&d, first);
	return (err);
}
