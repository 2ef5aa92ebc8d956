/* SPDX-License-Identifier: MIT */
/*
 * The engines "leveldb" and "temp": LevelDB in a directory, and the same in a
 * private directory that is removed on closing. All of <leveldb/c.h> is used
 * here. What LevelDB 1.23 makes necessary:
 *
 * - Writes are never sync writes: see logsync.c, which is the barrier.
 * - Damage to a log looks like its end. So closing leaves an empty one.
 * - Opening is strict (paranoid_checks). Without that LevelDB takes index and
 *   filter blocks without looking at their checksums, so that a flipped bit
 *   hides keys; and its compactions do so with data, giving a damaged block a
 *   new and valid checksum. But a strict open also refuses what a loss of power
 *   leaves: see recover.c, which is run before.
 * - An iterator passes over a block that it cannot read and goes on behind it.
 *   So its status is asked for after every move, not only at its end.
 * - Without CURRENT it makes a new store and deletes the tables of the old.
 * - Out of memory ends the process: callers bound what they pass in.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <leveldb/c.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/leveldb_dir.h"
#include "store/logsync.h"
#include "store/recover.h"

/* LevelDB's own bounds of max_open_files. */
#define FILES_MIN 74
#define FILES_MAX 50000
/* Descriptors left to the rest of the process. */
#define FILES_SPARE 256
/* A batch that grew larger than this gives its memory back. */
#define BATCH_KEEP (4 << 20)
/* The file that is given up when the disk is full. */
#define RESERVE "RESERVE"
#define LOCKED_TEXT "%s: the store is already open, in this or another process"

struct engine {
	char *path;
	bool temp;	    /* remove the directory on closing */
	int dirfd;	    /* holds the lock on the directory; -1: not yet */
	atomic_bool failed; /* a write or a barrier has */
	leveldb_options_t *options;
	leveldb_cache_t *cache;
	leveldb_filterpolicy_t *filter; /* NULL: none */
	leveldb_readoptions_t *get_options;
	leveldb_readoptions_t *iter_options;
	leveldb_writeoptions_t *write_options;
	leveldb_t *db;
	struct logsync *logs;

	/* Of the one who writes. */
	leveldb_writebatch_t *batch;
	size_t batch_bytes;
};

struct engine_iter {
	leveldb_iterator_t *it;
	bool valid;
	enum skv_err err;
};

/* ------------------------------------------------------------- errors -- */

/* LevelDB has errors as text only: how one begins, or the errno it ends in. */
static const struct {
	const char *prefix;
	int errnum;
	enum skv_err err;
} errors[] = {
    {"Corruption: ", 0, SKV_CORRUPT},
    {"Invalid argument: ", 0, SKV_INVALID},
    {"IO error: lock ", 0, SKV_LOCKED},
    {"", ENOSPC, SKV_NOSPACE},
    {"", EDQUOT, SKV_NOSPACE},
    {"", ENOMEM, SKV_NOMEM},
};

static bool
ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), endlen = strlen(end);

	return (len >= endlen && strcmp(s + len - endlen, end) == 0);
}

static enum skv_err
error_of(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strncmp(text, errors[i].prefix, strlen(errors[i].prefix)) ==
			0 &&
		    (errors[i].errnum == 0 ||
			ends_with(text, strerror(errors[i].errnum))))
			return (errors[i].err);
	return (SKV_IO);
}

/* Takes an error text of LevelDB, NULL being none. "info" may be NULL. */
static enum skv_err
take_error(const char *path, char *text, struct skv_errinfo *info)
{
	enum skv_err err;

	if (text == NULL)
		return (SKV_OK);
	err = error_of(text);
	if (info != NULL && err == SKV_LOCKED)
		errinfo_set(info, LOCKED_TEXT, path);
	else if (info != NULL)
		errinfo_set(info, "%s: %s", path, text);
	leveldb_free(text);
	return (err);
}

/* ------------------------------------------------------ open and close -- */

/*
 * The number of table files to hold open. Raises the soft limit of descriptors
 * to the hard one; LevelDB looks at it when it is first used in a process.
 */
static int
open_files(const struct skv_options *opts)
{
	struct rlimit limit;
	rlim_t soft;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return (FILES_MIN);
	soft = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		soft = limit.rlim_max;
	if (opts->max_open_files != 0)
		return ((int)opts->max_open_files);
	if (soft < FILES_MIN + FILES_SPARE)
		return (FILES_MIN);
	if (soft > FILES_MAX + FILES_SPARE)
		return (FILES_MAX);
	return ((int)(soft - FILES_SPARE));
}

/* The constructors used here do not return without memory. */
static void
make_options(struct engine *e, const struct skv_options *opts)
{
	leveldb_options_t *o = leveldb_options_create();

	e->options = o;
	e->cache = leveldb_cache_create_lru(opts->cache_size);
	leveldb_options_set_cache(o, e->cache);
	if (opts->bloom_bits != 0) {
		e->filter =
		    leveldb_filterpolicy_create_bloom((int)opts->bloom_bits);
		leveldb_options_set_filter_policy(o, e->filter);
	}
	leveldb_options_set_create_if_missing(o, opts->create);
	leveldb_options_set_write_buffer_size(o, opts->write_buffer_size);
	leveldb_options_set_max_file_size(o, opts->file_size);
	leveldb_options_set_block_size(o, opts->block_size);
	leveldb_options_set_max_open_files(o, open_files(opts));
	leveldb_options_set_compression(o,
	    opts->compression ? leveldb_snappy_compression :
				leveldb_no_compression);

	e->get_options = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(e->get_options, 1);
	e->iter_options = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(e->iter_options, 1);
	leveldb_readoptions_set_fill_cache(e->iter_options, 0);
	e->write_options = leveldb_writeoptions_create();
	leveldb_writeoptions_set_sync(e->write_options, 0);
	e->batch = leveldb_writebatch_create();
}

/*
 * Takes the directory for this handle, for LevelDB does so only when it opens;
 * what may be changed before that is changed by one alone.
 */
static enum skv_err
lock_directory(struct engine *e, struct skv_errinfo *info)
{
	e->dirfd = open(e->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->dirfd == -1)
		return (leveldb_dir_error("open", e->path, info));
	if (flock(e->dirfd, LOCK_EX | LOCK_NB) == 0)
		return (SKV_OK);
	if (errno != EWOULDBLOCK)
		return (leveldb_dir_error("flock", e->path, info));
	errinfo_set(info, LOCKED_TEXT, e->path);
	return (SKV_LOCKED);
}

static enum skv_err
open_db(struct engine *e, struct skv_errinfo *info)
{
	char *text = NULL;
	enum skv_err err;

	leveldb_options_set_paranoid_checks(e->options, 1);
	e->db = leveldb_open(e->options, e->path, &text);
	err = take_error(e->path, text, info);
	if (err != SKV_OK)
		return (err);
	/*
	 * LevelDB starts its thread when it first has work for it, which may
	 * be in any later call: give it work now, while signals are blocked.
	 * No key is empty, so it finds nothing to do.
	 */
	leveldb_compact_range(e->db, "", 0, "", 0);
	return (SKV_OK);
}

static void
engine_close(struct engine *e)
{
	if (e == NULL)
		return;
	logsync_close(e->logs);
	/*
	 * Moves what is in the log to a table, where damage cannot pass for
	 * the end of what was written. The next opening would do it anyway. If
	 * it fails, the log is still there.
	 */
	if (e->db != NULL && !atomic_load(&e->failed) && !e->temp)
		leveldb_compact_range(e->db, "", 0, "", 0);
	if (e->db != NULL)
		leveldb_close(e->db);
	if (e->options != NULL) {
		leveldb_writebatch_destroy(e->batch);
		leveldb_writeoptions_destroy(e->write_options);
		leveldb_readoptions_destroy(e->iter_options);
		leveldb_readoptions_destroy(e->get_options);
		leveldb_options_destroy(e->options);
		if (e->filter != NULL)
			leveldb_filterpolicy_destroy(e->filter);
		leveldb_cache_destroy(e->cache);
	}
	if (e->temp)
		remove_directory(e->path);
	if (e->dirfd != -1)
		(void)close(e->dirfd);
	free(e->path);
	free(e);
}

/* Opens in e->path; "e" is closed on failure. */
static enum skv_err
open_engine(struct engine *e, const struct skv_options *opts,
    struct skv_errinfo *info, struct engine **ret)
{
	sigset_t all, old;
	enum skv_err err;

	err = leveldb_dir_prepare(e->path, opts->create, info);
	if (err == SKV_OK)
		err = lock_directory(e, info);
	if (err == SKV_OK)
		err = recover_directory(e->dirfd, e->path, info);
	if (err == SKV_OK) {
		AZ(sigfillset(&all));
		AZ(pthread_sigmask(SIG_SETMASK, &all, &old));
		make_options(e, opts);
		err = open_db(e, info);
		AZ(pthread_sigmask(SIG_SETMASK, &old, NULL));
	}
	if (err == SKV_OK)
		err = logsync_open(e->path, info, &e->logs);
	/* What LevelDB made, and CURRENT first of all, has a durable name
	 * before there is data. */
	if (err == SKV_OK)
		err = logsync_barrier(e->logs, info);
	if (err != SKV_OK) {
		engine_close(e);
		return (err);
	}
	*ret = e;
	return (SKV_OK);
}

static enum skv_err
no_memory(struct engine *e, struct skv_errinfo *info)
{
	free(e);
	errinfo_set(info, "out of memory");
	return (SKV_NOMEM);
}

static enum skv_err
leveldb_engine_open(const char *path, const struct skv_options *opts,
    struct skv_errinfo *info, struct engine **ret)
{
	struct engine *e;

	if (*path == '\0') {
		errinfo_set(info, "leveldb: needs a directory");
		return (SKV_INVALID);
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL || (e->path = strdup(path)) == NULL)
		return (no_memory(e, info));
	e->dirfd = -1;
	return (open_engine(e, opts, info, ret));
}

/* NB: a process that is killed leaves its directory behind. */
static enum skv_err
temp_engine_open(const char *path, const struct skv_options *opts,
    struct skv_errinfo *info, struct engine **ret)
{
	const char *parent = getenv("TMPDIR");
	struct skv_options o = *opts;
	struct engine *e;
	enum skv_err err;

	if (*path != '\0') {
		errinfo_set(info, "temp: takes no directory");
		return (SKV_INVALID);
	}
	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	e = calloc(1, sizeof(*e));
	if (e == NULL || asprintf(&e->path, "%s/scribekv-XXXXXX", parent) == -1)
		return (no_memory(e, info));
	e->dirfd = -1;
	if (mkdtemp(e->path) == NULL) {
		err = leveldb_dir_error("mkdtemp", e->path, info);
		engine_close(e);
		return (err);
	}
	e->temp = true;
	o.create = true;
	return (open_engine(e, &o, info, ret));
}

/* ----------------------------------------------------- reads and writes -- */

static enum skv_err
engine_get(struct engine *e, const void *key, size_t keylen,
    const char **ret_value, size_t *ret_len, void **ret_pin)
{
	char *text = NULL, *value;
	enum skv_err err;
	size_t len;

	value = leveldb_get(e->db, e->get_options, key, keylen, &len, &text);
	err = take_error(e->path, text, NULL);
	if (err != SKV_OK)
		return (err);
	if (value == NULL)
		return (SKV_NOTFOUND);
	*ret_value = value;
	*ret_len = len;
	*ret_pin = value;
	return (SKV_OK);
}

static void
engine_release(void *pin)
{
	leveldb_free(pin);
}

static enum skv_err
engine_batch_put(struct engine *e, const void *key, size_t keylen,
    const void *value, size_t len)
{
	leveldb_writebatch_put(e->batch, key, keylen, value, len);
	e->batch_bytes += keylen + len;
	return (SKV_OK);
}

static enum skv_err
engine_batch_delete(struct engine *e, const void *key, size_t keylen)
{
	leveldb_writebatch_delete(e->batch, key, keylen);
	e->batch_bytes += keylen;
	return (SKV_OK);
}

static void
engine_batch_clear(struct engine *e)
{
	if (e->batch_bytes > BATCH_KEEP) {
		leveldb_writebatch_destroy(e->batch);
		e->batch = leveldb_writebatch_create();
	} else
		leveldb_writebatch_clear(e->batch);
	e->batch_bytes = 0;
}

static enum skv_err
engine_write(struct engine *e, struct skv_errinfo *info)
{
	char *text = NULL;

	leveldb_write(e->db, e->write_options, e->batch, &text);
	engine_batch_clear(e);
	if (text != NULL)
		atomic_store(&e->failed, true);
	return (take_error(e->path, text, info));
}

static enum skv_err
engine_barrier(struct engine *e, struct skv_errinfo *info)
{
	enum skv_err err = logsync_barrier(e->logs, info);

	if (err != SKV_OK)
		atomic_store(&e->failed, true);
	return (err);
}

/* ----------------------------------------------------------- iterators -- */

static struct engine_iter *
iter_new(struct engine *e)
{
	struct engine_iter *i;

	i = calloc(1, sizeof(*i));
	if (i != NULL)
		i->it = leveldb_create_iterator(e->db, e->iter_options);
	return (i);
}

static void
iter_free(struct engine_iter *i)
{
	if (i == NULL)
		return;
	leveldb_iter_destroy(i->it);
	free(i);
}

/* After every move: an error ends the iteration. */
static void
iter_moved(struct engine_iter *i)
{
	char *text = NULL;

	leveldb_iter_get_error(i->it, &text);
	if (text != NULL)
		i->err = take_error("", text, NULL);
	i->valid = i->err == SKV_OK && leveldb_iter_valid(i->it);
}

static void
iter_seek(struct engine_iter *i, const void *key, size_t keylen)
{
	leveldb_iter_seek(i->it, key, keylen);
	iter_moved(i);
}

static void
iter_seek_below(struct engine_iter *i, const void *key, size_t keylen)
{
	i->valid = false;
	if (keylen > 0)
		iter_seek(i, key, keylen);
	if (i->err != SKV_OK)
		return;
	if (i->valid)
		leveldb_iter_prev(i->it);
	else
		leveldb_iter_seek_to_last(i->it);
	iter_moved(i);
}

static void
iter_next(struct engine_iter *i)
{
	CHECK(i->valid);
	leveldb_iter_next(i->it);
	iter_moved(i);
}

static void
iter_prev(struct engine_iter *i)
{
	CHECK(i->valid);
	leveldb_iter_prev(i->it);
	iter_moved(i);
}

static bool
iter_valid(const struct engine_iter *i)
{
	return (i->valid);
}

static const char *
iter_key(const struct engine_iter *i, size_t *ret_len)
{
	return (leveldb_iter_key(i->it, ret_len));
}

static const char *
iter_value(const struct engine_iter *i, size_t *ret_len)
{
	return (leveldb_iter_value(i->it, ret_len));
}

static enum skv_err
iter_error(const struct engine_iter *i)
{
	return (i->err);
}

/* ------------------------------------------------------------- the rest -- */

/* The caller uses free(3), which need not be LevelDB's. */
static char *
engine_property(struct engine *e, const char *name)
{
	char *text, *copy = NULL;

	text = leveldb_property_value(e->db, name);
	if (text != NULL) {
		copy = strdup(text);
		leveldb_free(text);
	}
	return (copy);
}

static bool
engine_space(struct engine *e, uint64_t *ret_free)
{
	struct statvfs fs;

	if (statvfs(e->path, &fs) == -1)
		return (false);
	*ret_free = (uint64_t)fs.f_bavail * fs.f_frsize;
	return (true);
}

/* NB: LevelDB leaves files alone whose names it does not know. */
static bool
engine_reserve(struct engine *e, uint64_t size)
{
	bool ok;
	int fd;

	if (size == 0)
		return (unlinkat(e->dirfd, RESERVE, 0) == 0);
	fd = openat(e->dirfd, RESERVE,
	    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return (false);
	/* Not posix_fallocate(), which may write all of it. */
	ok = ftruncate(fd, (off_t)size) == 0 &&
	    fallocate(fd, 0, 0, (off_t)size) == 0;
	(void)close(fd);
	if (!ok)
		(void)unlinkat(e->dirfd, RESERVE, 0);
	return (ok);
}

static uint32_t
engine_backlog(struct engine *e)
{
	uint32_t n = 0;
	char *text;

	text = leveldb_property_value(e->db, "leveldb.num-files-at-level0");
	if (text != NULL)
		n = (uint32_t)strtoul(text, NULL, 10);
	leveldb_free(text);
	return (n);
}

#define COMMON_OPS \
	.close = engine_close, .get = engine_get, .release = engine_release, \
	.batch_put = engine_batch_put, .batch_delete = engine_batch_delete, \
	.batch_clear = engine_batch_clear, .write = engine_write, \
	.barrier = engine_barrier, .iter_new = iter_new, \
	.iter_free = iter_free, .iter_seek = iter_seek, \
	.iter_seek_below = iter_seek_below, .iter_next = iter_next, \
	.iter_prev = iter_prev, .iter_valid = iter_valid, \
	.iter_key = iter_key, .iter_value = iter_value, \
	.iter_error = iter_error, .space = engine_space, \
	.reserve = engine_reserve, .backlog = engine_backlog, \
	.property = engine_property

const struct engine_ops engine_leveldb = {
    .name = "leveldb",
    .persistent = true,
    .defaults = ENGINE_DEFAULTS(128, 1000),
    .open = leveldb_engine_open,
    COMMON_OPS,
};

const struct engine_ops engine_temp = {
    .name = "temp",
    .persistent = false, /* its directory goes with it */
    .defaults = ENGINE_DEFAULTS(64, 2000),
    .open = temp_engine_open,
    COMMON_OPS,
};
