/* SPDX-License-Identifier: MIT */
/*
 * The sync barrier of the LevelDB engine.
 *
 * LevelDB's sync write syncs the log that is current. The log before it, which
 * was closed without a sync when its memtable was full, is durable only once
 * its table is: until then a sync write leaves a hole. So there are no sync
 * writes. Instead, every log in the directory is synced through a descriptor
 * of our own:
 *
 * - opened when the log has appeared and kept until it is gone, because the
 *   kernel reports a failed write-back once to each open file: one that was
 *   opened afterwards might never hear of it;
 * - a log that is gone needs nothing: LevelDB removes one only when its table
 *   and the manifest that names the table are synced;
 * - the directory is synced when a log is new, or its name could be lost.
 *
 * A write that returned before the barrier is in a log that existed before the
 * barrier, so a listing of the directory finds it. An inotify watch saves the
 * listing while no log comes or goes: its events are queued by the very system
 * call that creates or removes the file, hence before the write returned.
 * Where there is no inotify, every barrier lists the directory.
 *
 * A log is only ever appended to. One that has the size it had before its last
 * successful sync was not written to since, holds no byte that is not durable,
 * and is not synced again. (A byte written while that sync ran makes the size
 * differ, because the size is taken first.)
 *
 * The descriptor of a removed log keeps its blocks until the next barrier.
 * That is at most a few write buffers, until the next write is synced.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/logsync.h"

#define WATCHED (IN_CREATE | IN_DELETE | IN_MOVE)
/* Room for some dozens of events; their names are short. */
#define EVENTS 4096

struct log {
	struct log *next;
	int fd;
	off_t synced; /* bytes known to be durable; -1: not even the name */
	bool present; /* seen by the listing under way */
	char name[];
};

struct logsync {
	char *path; /* for messages */
	DIR *dir;
	int inotify; /* -1 where there is none */
	bool stale;  /* a log may have come or gone since the listing */
	struct log *logs;
};

enum skv_err
logsync_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return (SKV_NOSPACE);
	case ENOMEM:
		return (SKV_NOMEM);
	default:
		return (SKV_IO);
	}
}

/* Turns errno into an error with text. "name" may be NULL: the directory. */
static enum skv_err
failed(const struct logsync *ls, const char *what, const char *name,
    struct skv_errinfo *info)
{
	int errnum = errno;

	errinfo_set(info, "%s%s%s: %s: %s", ls->path, name == NULL ? "" : "/",
	    name == NULL ? "" : name, what, strerror(errnum));
	return (logsync_errno(errnum));
}

/* LevelDB's logs are called 000123.log; its LOG is something else. */
static bool
is_log(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return (digits > 0 && strcmp(name + digits, ".log") == 0);
}

static void
log_free(struct log *log)
{
	if (log->fd != -1)
		(void)close(log->fd);
	free(log);
}

/* Opens a log that the listing found. One that is gone again is no error. */
static enum skv_err
log_add(struct logsync *ls, const char *name, struct skv_errinfo *info)
{
	size_t size = strlen(name) + 1;
	struct log *log;
	enum skv_err err;

	log = malloc(sizeof(*log) + size);
	if (log == NULL)
		return (failed(ls, "malloc", name, info));
	memcpy(log->name, name, size);
	log->synced = -1;
	log->present = true;
	log->fd = openat(dirfd(ls->dir), name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (log->fd == -1) {
		err = errno == ENOENT ? SKV_OK : failed(ls, "open", name, info);
		log_free(log);
		return (err);
	}
	log->next = ls->logs;
	ls->logs = log;
	return (SKV_OK);
}

static struct log *
log_find(struct logsync *ls, const char *name)
{
	struct log *log;

	for (log = ls->logs; log != NULL; log = log->next)
		if (strcmp(log->name, name) == 0)
			break;
	return (log);
}

/* Closes the logs that the listing did not find. */
static void
drop_absent(struct logsync *ls)
{
	struct log **link = &ls->logs, *log;

	while ((log = *link) != NULL) {
		if (log->present) {
			link = &log->next;
			continue;
		}
		*link = log->next;
		log_free(log);
	}
}

/* Lists the directory: opens new logs, closes those that are gone. */
static enum skv_err
list(struct logsync *ls, struct skv_errinfo *info)
{
	struct dirent *entry;
	struct log *log;
	enum skv_err err;

	for (log = ls->logs; log != NULL; log = log->next)
		log->present = false;
	rewinddir(ls->dir);
	while (errno = 0, (entry = readdir(ls->dir)) != NULL) {
		if (!is_log(entry->d_name))
			continue;
		log = log_find(ls, entry->d_name);
		if (log != NULL) {
			log->present = true;
			continue;
		}
		err = log_add(ls, entry->d_name, info);
		if (err != SKV_OK)
			return (err);
	}
	if (errno != 0)
		return (failed(ls, "readdir", NULL, info));
	drop_absent(ls);
	return (SKV_OK);
}

/* Whether one of the events in "buf" makes the last listing out of date. */
static bool
events_matter(const char *buf, size_t len)
{
	struct inotify_event ev;
	size_t pos;

	for (pos = 0; pos < len; pos += sizeof(ev) + ev.len) {
		memcpy(&ev, buf + pos, sizeof(ev));
		/* Anything but a file's event is an overflow, or the end of
		 * the watch. */
		if ((ev.mask & WATCHED) == 0 ||
		    (ev.len > 0 && is_log(buf + pos + sizeof(ev))))
			return (true);
	}
	return (false);
}

/* Reads all events that are there; sets "stale" when one of them matters. */
static void
read_events(struct logsync *ls)
{
	char buf[EVENTS];
	ssize_t n;

	if (ls->inotify == -1) {
		ls->stale = true;
		return;
	}
	while ((n = read(ls->inotify, buf, sizeof(buf))) > 0)
		if (events_matter(buf, (size_t)n))
			ls->stale = true;
	if (n == 0 || errno != EAGAIN)
		ls->stale = true;
}

/* Syncs one log if it was written to; notes whether its name is new. */
static enum skv_err
log_sync(struct logsync *ls, struct log *log, bool *is_new,
    struct skv_errinfo *info)
{
	struct stat st;

	if (fstat(log->fd, &st) == -1)
		return (failed(ls, "fstat", log->name, info));
	if (st.st_size == log->synced)
		return (SKV_OK);
	if (fdatasync(log->fd) == -1)
		return (failed(ls, "fdatasync", log->name, info));
	if (log->synced == -1)
		*is_new = true;
	log->synced = st.st_size;
	return (SKV_OK);
}

enum skv_err
logsync_barrier(struct logsync *ls, struct skv_errinfo *info)
{
	struct log *log;
	enum skv_err err;
	bool is_new = false;

	read_events(ls);
	if (ls->stale) {
		err = list(ls, info);
		if (err != SKV_OK)
			return (err);
		ls->stale = false;
	}
	for (log = ls->logs; log != NULL; log = log->next) {
		err = log_sync(ls, log, &is_new, info);
		if (err != SKV_OK)
			return (err);
	}
	if (is_new && fsync(dirfd(ls->dir)) == -1)
		return (failed(ls, "fsync", NULL, info));
	return (SKV_OK);
}

/* Makes the name of the directory itself durable: it may be a new one. */
static enum skv_err
sync_parent(struct logsync *ls, struct skv_errinfo *info)
{
	enum skv_err err = SKV_OK;
	int fd, rc = -1;

	fd = openat(dirfd(ls->dir), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One may be allowed to create in a directory and not to read it. */
	if (fd != -1)
		rc = fsync(fd);
	else if (errno == EACCES)
		rc = syncfs(dirfd(ls->dir));
	if (rc == -1)
		err = failed(ls, "fsync", "..", info);
	if (fd != -1)
		(void)close(fd);
	return (err);
}

enum skv_err
logsync_open(const char *dir, struct skv_errinfo *info, struct logsync **ret)
{
	struct logsync *ls;
	enum skv_err err;

	ls = calloc(1, sizeof(*ls));
	if (ls == NULL || (ls->path = strdup(dir)) == NULL) {
		errinfo_set(info, "%s: out of memory", dir);
		free(ls);
		return (SKV_NOMEM);
	}
	ls->stale = true;
	ls->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (ls->inotify != -1 &&
	    inotify_add_watch(ls->inotify, dir, WATCHED | IN_ONLYDIR) == -1) {
		(void)close(ls->inotify);
		ls->inotify = -1;
	}
	ls->dir = opendir(dir);
	if (ls->dir == NULL)
		err = failed(ls, "opendir", NULL, info);
	else
		err = sync_parent(ls, info);
	if (err != SKV_OK) {
		logsync_close(ls);
		return (err);
	}
	*ret = ls;
	return (SKV_OK);
}

void
logsync_close(struct logsync *ls)
{
	if (ls == NULL)
		return;
	while (ls->logs != NULL) {
		struct log *log = ls->logs;

		ls->logs = log->next;
		log_free(log);
	}
	if (ls->dir != NULL)
		(void)closedir(ls->dir);
	if (ls->inotify != -1)
		(void)close(ls->inotify);
	free(ls->path);
	free(ls);
}
