/* SPDX-License-Identifier: MIT */
/*
 * Reading the files of a store without LevelDB; see examine.h. Nothing in the
 * directory is changed, and while it is read nobody can open the store.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/check.h"
#include "store/examine.h"
#include "store/internal.h"
#include "store/logsync.h"

#define SCHEME "leveldb:"
/* What may be read before the progress is told again. */
#define STEP (1UL << 20)
#define UNFINISHED "are an unfinished write, as a loss of power leaves"

/* -------------------------------------------------------------- telling -- */

void
examine_tell(struct examine *x, const struct skv_finding *f)
{
	if (f->damage)
		x->damages++;
	else
		x->notes++;
	if (x->how->found != NULL)
		x->how->found(f, x->how->arg);
}

bool
examine_go_on(struct examine *x, uint64_t done)
{
	if (x->err != SKV_OK)
		return (false);
	if (done - x->done < STEP && done != x->total)
		return (true);
	x->done = done;
	if (x->how->progress != NULL &&
	    !x->how->progress(done < x->total ? done : x->total, x->total,
		x->how->arg)) {
		errinfo_set(x->info, "%s: interrupted", x->path);
		x->err = SKV_STOPPED;
	}
	return (x->err == SKV_OK);
}

/* The user's key in one of LevelDB's, if it is one of that keyspace. */
static void
user_part(struct span k, const void **ret, size_t *retlen)
{
	if (k.p == NULL || k.len < 2 || *k.p != KS_USER)
		return;
	*ret = k.p + 1;
	*retlen = k.len - 1;
}

/* Whether user keys lie in a range of LevelDB's keys. */
static bool
has_users(struct span after, struct span until)
{
	return ((after.p == NULL || after.len == 0 || *after.p <= KS_USER) &&
	    (until.p == NULL || until.len == 0 || *until.p >= KS_USER));
}

static void
tell_range(struct examine *x, uint64_t offset, uint64_t len, struct span after,
    struct span until, const char *what)
{
	struct skv_finding f = {.damage = true,
	    .file = x->file->name,
	    .offset = offset,
	    .len = len,
	    .what = what};

	f.lost = has_users(after, until);
	user_part(after, &f.after, &f.afterlen);
	user_part(until, &f.until, &f.untillen);
	examine_tell(x, &f);
}

static void
tell_bytes(struct examine *x, bool damage, bool lost, uint64_t offset,
    uint64_t len, const char *what)
{
	const struct skv_finding f = {.damage = damage,
	    .lost = lost,
	    .file = x->file->name,
	    .offset = offset,
	    .len = len,
	    .what = what};

	examine_tell(x, &f);
}

/* --------------------------------------------------------------- tables -- */

static void
table_lost(const struct table_loss *l, void *arg)
{
	struct examine *x = arg;

	if (l->entries)
		tell_range(x, l->offset, l->len, l->after, l->until, l->why);
	else
		tell_bytes(x, true, false, l->offset, l->len, l->why);
}

/* The bounds that the manifest has for the table, without LevelDB's part. */
static struct span
bound(const struct survey_file *f, bool least)
{
	size_t len = least ? f->leastlen : f->greatestlen;

	if (f->keys == NULL || len < 8)
		return ((struct span){NULL, 0});
	return ((struct span){f->keys + (least ? 0 : f->leastlen), len - 8});
}

static bool
same(struct span a, struct span b)
{
	return (a.p == NULL ||
	    (a.len == b.len && memcmp(a.p, b.p, a.len) == 0));
}

/* Compares what was read of a table with what the manifest says of it. */
static void
compare_table(struct examine *x, struct table *t, const struct buf *first,
    uint64_t damages)
{
	const struct survey_file *f = x->file;
	struct span least = {first->data, first->len};
	struct span greatest = {t->last.data, t->last.len};

	if (!f->named || x->damages != damages)
		return;
	if (greatest.len >= 8)
		greatest.len -= 8;
	if (f->named_size != f->size)
		tell_bytes(x, true, false, 0, 0,
		    "has not the size that the manifest says");
	if (!same(bound(f, true), least) || !same(bound(f, false), greatest))
		tell_range(x, 0, 0, bound(f, true), bound(f, false),
		    "does not hold the keys that the manifest says");
}

static enum skv_err
read_table(struct examine *x)
{
	uint64_t damages = x->damages;
	struct buf first = {0};
	bool begun = false;
	struct table t;

	if (!table_open(&t, x->fd, x->file->name, table_lost, x)) {
		if (errno == ENOMEM)
			return (SKV_NOMEM);
		tell_range(x, 0, 0, bound(x->file, true), bound(x->file, false),
		    "cannot be opened");
		return (SKV_OK);
	}
	while (table_next(&t) && examine_go_on(x, x->bytes + t.pos)) {
		if (!begun && !buf_add(&first, t.key.user.p, t.key.user.len))
			t.failed = true;
		begun = true;
		x->entries++;
		x->entry(x, &t.key, t.value);
	}
	if (t.failed)
		x->err = SKV_NOMEM;
	if (x->err == SKV_OK)
		compare_table(x, &t, &first, damages);
	x->tables++;
	table_close(&t);
	buf_release(&first);
	return (x->err);
}

/* ----------------------------------------------------------------- logs -- */

static void
read_batch(struct examine *x, struct logfile *f, uint64_t pos)
{
	struct table_key key;
	struct batch b;

	if (!batch_begin(&b, &f->record)) {
		tell_bytes(x, true, true, pos, f->pos - pos,
		    "are too few for a batch");
		return;
	}
	if (x->sequence != 0 && b.sequence + 1 != x->sequence)
		tell_bytes(x, true, true, pos, 0,
		    "does not follow on the batch before: some are missing");
	while (batch_next(&b)) {
		key = (struct table_key){b.key, b.sequence, b.put};
		x->entries++;
		x->entry(x, &key, b.value);
	}
	if (b.bad)
		tell_bytes(x, true, true, pos, f->pos - pos,
		    "are a malformed batch");
	x->sequence = b.sequence + 1 + b.left;
}

/*
 * Goes to the next good record behind what is not, and tells that. What has
 * nothing good behind it is what a loss of power leaves, in the last log.
 */
static bool
pass_over(struct examine *x, struct logfile *f, bool last)
{
	uint64_t from = f->pos, to;
	bool found = false;

	while (!found && logfile_skip(f)) {
		to = f->pos;
		found = logfile_next(f);
	}
	if (f->failed && f->errnum == ENOMEM) {
		x->err = SKV_NOMEM;
		return (false);
	}
	if (found) {
		tell_bytes(x, true, true, from, to - from,
		    "are no good record, but there are some behind");
		x->sequence = 0; /* it was told already */
		f->pos = to;
	} else
		tell_bytes(x, !last || f->failed, true, from, f->size - from,
		    last && !f->failed ? UNFINISHED : "are no good record");
	return (found);
}

static enum skv_err
read_log(struct examine *x, bool last)
{
	struct logfile f;
	uint64_t pos = 0;

	if (!logfile_open(&f, x->fd, x->file->name)) {
		if (errno == ENOMEM)
			return (SKV_NOMEM);
		tell_bytes(x, true, true, 0, 0, "cannot be opened");
		return (SKV_OK);
	}
	if (f.size == 0 && !last)
		tell_bytes(x, true, true, 0, 0,
		    "is empty, though it is not the newest log");
	do {
		while (logfile_next(&f) && examine_go_on(x, x->bytes + pos)) {
			read_batch(x, &f, pos);
			pos = f.pos;
		}
		pos = f.pos;
	} while (x->err == SKV_OK && f.pos < f.size && pass_over(x, &f, last));
	x->logs++;
	logfile_close(&f);
	return (x->err);
}

/* ---------------------------------------------------------- directories -- */

static void
read_file(struct examine *x, bool last)
{
	const struct survey_file *f = x->file;
	bool table = f->kind == SURVEY_TABLE;

	if (f->present)
		x->err = table ? read_table(x) : read_log(x, last);
	else if (table)
		tell_range(x, 0, 0, bound(f, true), bound(f, false),
		    "is missing");
	x->bytes += f->size;
	if (x->err == SKV_NOMEM)
		errinfo_set(x->info, "%s/%s: out of memory", x->path, f->name);
}

/*
 * Whether the end that a manifest lacks is one that nothing relies on yet: see
 * recover.c, which then cuts it off.
 */
static bool
mendable(const struct survey *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->files[i]->kind == SURVEY_LOG &&
		    s->files[i]->number == s->log)
			return (!s->missing);
	return (false);
}

void
examine_lists(struct examine *x)
{
	const struct survey *s = &x->survey;
	struct skv_finding f = {.damage = true};

	if (s->current != NULL) {
		f.file = "CURRENT";
		f.what = s->current;
		examine_tell(x, &f);
	}
	f.file = *s->manifest == '\0' ? NULL : s->manifest;
	f.lost = true;
	if (f.file == NULL) {
		f.what = "there is no manifest that can be read";
		examine_tell(x, &f);
	} else if (s->good != s->size) {
		f.offset = s->good;
		f.len = s->size - s->good;
		f.damage = f.lost = !mendable(s);
		f.what = f.damage ? "are no good records of a manifest" :
				    UNFINISHED;
		examine_tell(x, &f);
	}
	if (f.file != NULL && s->next == 0) {
		f = (struct skv_finding){.damage = true,
		    .lost = true,
		    .file = s->manifest,
		    .what = "ends too early"};
		examine_tell(x, &f);
	} else if (s->odd) {
		f = (struct skv_finding){.damage = true,
		    .file = s->manifest,
		    .what = "names a table that was not made yet"};
		examine_tell(x, &f);
	}
}

/* Tells when the first log that is needed is not there. */
static void
miss_log(struct examine *x)
{
	const struct survey *s = &x->survey;
	const struct skv_finding f = {.damage = true,
	    .lost = true,
	    .what = "the log that the manifest names is missing"};
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->files[i]->kind == SURVEY_LOG &&
		    s->files[i]->number == s->log)
			return;
	if (*s->manifest != '\0' && s->log != 0)
		examine_tell(x, &f);
}

enum skv_err
examine_files(struct examine *x)
{
	const struct survey *s = &x->survey;
	size_t i, last = s->n;

	for (i = 0; i < s->n; i++)
		if (s->files[i]->kind == SURVEY_LOG && s->files[i]->live)
			last = i;
	miss_log(x);
	for (i = 0; i < s->n && x->err == SKV_OK; i++) {
		x->file = s->files[i];
		if (x->file->live)
			read_file(x, i == last);
		(void)examine_go_on(x, x->bytes);
	}
	return (x->err);
}

const char *
examine_path(const char *url, struct skv_errinfo *info)
{
	size_t len = strlen(SCHEME);

	if (strncmp(url, SCHEME, len) == 0 && url[len] != '\0')
		return (url + len);
	errinfo_set(info, "\"%s\" is not " SCHEME " and a directory", url);
	return (NULL);
}

/* A directory without any file of LevelDB's holds no store. */
static enum skv_err
look(struct examine *x)
{
	enum skv_err err;

	err = survey_make(x->fd, x->path, &x->survey, x->info);
	if (err == SKV_OK && x->survey.n == 0) {
		errinfo_set(x->info, "%s: there is no store here", x->path);
		err = SKV_NOTFOUND;
	}
	return (err);
}

enum skv_err
examine_begin(struct examine *x, const char *url, const struct skv_examine *how,
    struct skv_errinfo *info)
{
	static const struct skv_examine quiet = {.size = sizeof(quiet)};
	const char *path;

	memset(x, 0, sizeof(*x));
	x->fd = -1;
	x->info = info;
	x->how = how != NULL ? how : &quiet;
	path = examine_path(url, info);
	if (path == NULL)
		return (SKV_INVALID);
	x->path = realpath(path, NULL);
	if (x->path != NULL)
		x->fd = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->fd == -1) {
		errinfo_set(info, "%s: %s", path, strerror(errno));
		return (errno == ENOENT ? SKV_NOTFOUND : logsync_errno(errno));
	}
	if (flock(x->fd, LOCK_EX | LOCK_NB) == -1) {
		errinfo_set(info,
		    errno == EWOULDBLOCK ?
			"%s: the store is open, in this or another process" :
			"%s: it cannot be locked",
		    x->path);
		return (errno == EWOULDBLOCK ? SKV_LOCKED : SKV_IO);
	}
	return (look(x));
}

void
examine_end(struct examine *x)
{
	survey_release(&x->survey);
	if (x->fd != -1)
		(void)close(x->fd);
	free(x->path);
}
