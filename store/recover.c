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
 *   its logs removed: then it is damage of another kind, and is left alone.
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
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "store/internal.h"
#include "store/logsync.h"
#include "store/recover.h"

/* The format of logs and manifests: see doc/log_format.md of LevelDB. */
#define BLOCK 32768
#define HEADER 7 /* checksum, length, type */
enum { FULL = 1, FIRST, MIDDLE, LAST };
/* A batch begins with its number and the count of its changes. */
#define BATCH_HEADER 12
/* More logs than LevelDB ever leaves behind. */
#define LOGSMAX 1024
#define NAMELEN 64

struct reader {
	char *data; /* the whole file */
	size_t size;
	size_t pos;  /* of the next record */
	struct buf record;
};

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

/* -------------------------------------------------------------- records -- */

static uint32_t
get_le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	    (uint32_t)u[3] << 24);
}

static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
static uint32_t crc_table[256];

static void
crc_init(void)
{
	uint32_t i, k, c;

	for (i = 0; i < 256; i++) {
		for (c = i, k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
		crc_table[i] = c;
	}
}

/* CRC-32C as LevelDB stores it, rotated and with a constant added. */
static uint32_t
masked_crc(const char *data, size_t len)
{
	uint32_t crc = 0xffffffff;

	AZ(pthread_once(&crc_once, crc_init));
	for (; len > 0; len--, data++)
		crc = crc_table[(crc ^ (unsigned char)*data) & 0xff] ^
		    crc >> 8;
	crc = ~crc;
	return ((crc >> 15 | crc << 17) + 0xa282ead8);
}

/* Adds one fragment to the record; returns its type, 0 if there is none. */
static int
read_fragment(struct reader *r)
{
	const char *p;
	size_t left = BLOCK - r->pos % BLOCK, len;

	if (left < HEADER) /* the rest of a block is filled up */
		r->pos += left;
	if (r->pos > r->size || r->size - r->pos < HEADER)
		return (0);
	p = r->data + r->pos;
	left = BLOCK - r->pos % BLOCK - HEADER;
	len = (unsigned char)p[4] | (size_t)(unsigned char)p[5] << 8;
	if (len > left || len > r->size - r->pos - HEADER || p[6] < FULL ||
	    p[6] > LAST || masked_crc(p + 6, len + 1) != get_le32(p))
		return (0);
	if (!buf_add(&r->record, p + HEADER, len))
		return (0);
	r->pos += HEADER + len;
	return (p[6]);
}

/* Reads the next record, or stays before it. */
static bool
read_record(struct reader *r)
{
	size_t start = r->pos;
	int type;

	buf_reset(&r->record);
	type = read_fragment(r);
	if (type == FIRST)
		do
			type = read_fragment(r);
		while (type == MIDDLE);
	else if (type != FULL)
		type = 0;
	if (type == FULL || type == LAST)
		return (true);
	r->pos = start;
	return (false);
}

static enum skv_err
reader_open(const struct dir *d, const char *name, struct reader *r)
{
	enum skv_err err = SKV_OK;
	struct stat st;
	size_t done = 0;
	ssize_t n = 1;
	int fd;

	memset(r, 0, sizeof(*r));
	fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &st) == -1) {
		err = failed(d, "open", name);
		goto out;
	}
	r->size = (size_t)st.st_size;
	r->data = malloc(r->size + 1);
	if (r->data == NULL) {
		err = failed(d, "malloc", name);
		goto out;
	}
	while (done < r->size &&
	    (n = read(fd, r->data + done, r->size - done)) > 0)
		done += (size_t)n;
	if (done < r->size)
		err = failed(d, "read", name);
out:
	if (fd != -1)
		(void)close(fd);
	return (err);
}

static void
reader_close(struct reader *r)
{
	free(r->data);
	buf_release(&r->record);
}

static void
aside_name(char aside[NAMELEN], const char *name)
{
	CHECK(snprintf(aside, NAMELEN, "%.50s.cut", name) < NAMELEN);
}

/*
 * Keeps what is about to be cut off a file, for the operator; if the disk lets
 * it: a full one must not keep the store from opening.
 */
static void
keep_tail(const struct dir *d, const char *name, size_t size)
{
	char aside[NAMELEN];
	struct reader r;
	int fd = -1;

	aside_name(aside, name);
	if (reader_open(d, name, &r) == SKV_OK && r.size > size)
		fd = openat(d->fd, aside,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd != -1) {
		if (write(fd, r.data + size, r.size - size) !=
		    (ssize_t)(r.size - size))
			(void)unlinkat(d->fd, aside, 0);
		(void)close(fd);
	}
	reader_close(&r);
}

/* Cuts a file down, durably. */
static enum skv_err
cut(const struct dir *d, const char *name, size_t size)
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
get_varint(const char **p, const char *end, uint64_t *ret)
{
	unsigned shift;

	*ret = 0;
	for (shift = 0; shift < 64 && *p < end; shift += 7) {
		*ret |= (uint64_t)(**p & 0x7f) << shift;
		if ((*(*p)++ & 0x80) == 0)
			return (true);
	}
	return (false);
}

/* What the fields of a record are, by their tag. */
static const struct {
	unsigned numbers, strings;
} fields[] = {
    [1] = {0, 1}, /* comparator */
    [2] = {1, 0}, /* log number */
    [3] = {1, 0}, /* next file number */
    [4] = {1, 0}, /* last sequence */
    [5] = {1, 1}, /* compaction pointer: level */
    [6] = {2, 0}, /* deleted table: level, number */
    [7] = {3, 2}, /* new table: level, number, size */
    [9] = {1, 0}, /* previous log number */
};

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
	const char *p = record->data, *end = p + record->len;
	uint64_t tag, number[3], len;
	unsigned i;

	*missing = false;
	while (p < end) {
		if (!get_varint(&p, end, &tag) ||
		    tag >= sizeof(fields) / sizeof(fields[0]))
			return (false);
		for (i = 0; i < fields[tag].numbers; i++)
			if (!get_varint(&p, end, &number[i]))
				return (false);
		for (i = 0; i < fields[tag].strings; i++) {
			if (!get_varint(&p, end, &len) ||
			    len > (uint64_t)(end - p))
				return (false);
			p += len;
		}
		if (tag == 2)
			*log = number[0];
		if (tag == 7 && !table_exists(d, number[1]))
			*missing = true;
	}
	return (true);
}

static bool
log_exists(const struct dir *d, uint64_t number)
{
	char name[NAMELEN];

	(void)snprintf(name, sizeof(name), "%06llu.log",
	    (unsigned long long)number);
	return (faccessat(d->fd, name, F_OK, 0) == 0);
}

/* The name that CURRENT holds, without its newline. */
static enum skv_err
read_current(const struct dir *d, char name[NAMELEN])
{
	enum skv_err err;
	struct reader r;

	name[0] = '\0';
	err = reader_open(d, "CURRENT", &r);
	if (err == SKV_OK && r.size > 1 && r.size < NAMELEN &&
	    memchr(r.data, '/', r.size) == NULL) {
		memcpy(name, r.data, r.size - 1);
		name[r.size - 1] = '\0';
	}
	reader_close(&r);
	return (err);
}

/* What is to be known of a manifest's records. */
struct manifest {
	size_t n;
	size_t before; /* where the last one begins */
	uint64_t log, log_before; /* first log needed, with and without it */
	bool missing;  /* it adds a table that is not there */
	bool known;    /* all could be followed */
};

static void
read_manifest(const struct dir *d, struct reader *r, struct manifest *m)
{
	size_t start = r->pos;

	*m = (struct manifest){.known = true};
	for (; m->known && read_record(r); start = r->pos) {
		m->n++;
		m->before = start;
		m->log_before = m->log;
		m->known = parse_edit(d, &r->record, &m->log, &m->missing);
	}
	if (buf_failed(&r->record))
		m->known = false;
}

/* Tells the first log that is needed; 0 if that is not certain. */
static enum skv_err
mend_manifest(const struct dir *d, uint64_t *ret_log)
{
	struct manifest m;
	char name[NAMELEN];
	enum skv_err err;
	struct reader r;

	*ret_log = 0;
	err = read_current(d, name);
	if (err != SKV_OK || name[0] == '\0' ||
	    faccessat(d->fd, name, F_OK, 0) == -1)
		return (err); /* LevelDB will say it */
	err = reader_open(d, name, &r);
	if (err != SKV_OK)
		goto out;
	read_manifest(d, &r, &m);
	if (!m.known || m.n == 0)
		goto out;
	if (r.pos < r.size) {
		if (!log_exists(d, m.log))
			goto out;
		err = cut(d, name, r.pos);
	} else if (m.missing) {
		if (m.n == 1 || !log_exists(d, m.log_before))
			goto out;
		m.log = m.log_before;
		err = cut(d, name, m.before);
	}
	if (err == SKV_OK)
		*ret_log = m.log;
out:
	reader_close(&r);
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
		    end != 0 && entry->d_name[end] == '\0' &&
		    number >= first && n < LOGSMAX)
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
    size_t *ret_size, bool *ret_whole)
{
	enum skv_err err;
	struct reader r;
	uint64_t number;
	size_t good = 0;

	err = reader_open(d, name, &r);
	while (err == SKV_OK && read_record(&r)) {
		if (buf_failed(&r.record))
			err = SKV_NOMEM;
		if (r.record.len < BATCH_HEADER)
			break;
		number = get_le64(r.record.data);
		if (*next != 0 && number != *next)
			break;
		*next = number + get_le32(r.record.data + 8);
		good = r.pos;
	}
	*ret_size = good;
	/* An empty one has lost what was in it, if there is a later one. */
	*ret_whole = good == r.size && good > 0;
	reader_close(&r);
	return (err);
}

static enum skv_err
mend_logs(const struct dir *d, uint64_t first)
{
	static const char format[] = "%06llu.log";
	uint64_t numbers[LOGSMAX], next = 0;
	char name[NAMELEN];
	enum skv_err err;
	size_t n = 0, i, size = 0;
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
