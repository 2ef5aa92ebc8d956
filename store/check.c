/* SPDX-License-Identifier: MIT */
/*
 * skv_check(). First every file is read by itself (examine.c), which tells of
 * damage where it is. Then LevelDB opens the store, as the daemon would, and
 * all that it gives is decoded and compared. For that it gets a directory of
 * its own, with links to the tables, which are never written to, and copies of
 * the rest: opening changes a directory. The links are symbolic, so that it can
 * be on another file system and the tables' inodes are left alone.
 *
 * NB: LevelDB would write a new table through a link that has its name. So only
 * those are linked that the manifest names, and it is opened only if these have
 * numbers that were given already.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "store/examine.h"
#include "store/internal.h"
#include "store/logsync.h"

#define COPY_CHUNK 65536
#define CACHE_SIZE (8UL << 20)

struct check {
	struct examine *x;
	struct skv_check_report *r;
	const struct engine_ops *ops;
	struct engine *engine;
	struct buf scratch; /* for keys to look up */
	char clone[PATH_MAX];
	uint64_t seen;	  /* entries of the engine */
	uint64_t ceiling; /* of the meta keyspace */
	bool has_format, has_id;
	int64_t now_ms;
};

/* --------------------------------------------------------------- clone -- */

static enum skv_err
failed(struct check *c, const char *what, const char *name)
{
	int errnum = errno;

	errinfo_set(c->x->info, "%s: %s: %s", what, name, strerror(errnum));
	return (logsync_errno(errnum));
}

static enum skv_err
copy_file(struct check *c, int to_dir, const char *name)
{
	char bytes[COPY_CHUNK];
	enum skv_err err = SKV_OK;
	int from, to = -1;
	ssize_t n = 0;

	from = openat(c->x->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from != -1)
		to = openat(to_dir, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	while (to != -1 && (n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			n = -1;
	if (to == -1 || n < 0)
		err = failed(c, "copying", name);
	if (to != -1 && close(to) == -1 && err == SKV_OK)
		err = failed(c, "copying", name);
	if (from != -1)
		(void)close(from);
	return (err);
}

static enum skv_err
clone_file(struct check *c, int to_dir, const struct survey_file *f)
{
	char target[PATH_MAX];

	if (f->kind == SURVEY_LOG)
		return (copy_file(c, to_dir, f->name));
	if (!f->named)
		return (SKV_OK);
	if ((size_t)snprintf(target, sizeof(target), "%s/%s", c->x->path,
		f->name) >= sizeof(target))
		errno = ENAMETOOLONG;
	else if (symlinkat(target, to_dir, f->name) == 0)
		return (SKV_OK);
	return (failed(c, "linking", f->name));
}

static enum skv_err
make_clone(struct check *c)
{
	const struct survey *s = &c->x->survey;
	const char *parent = c->x->how->scratch;
	enum skv_err err;
	size_t i;
	int fd;

	if (parent == NULL)
		parent = getenv("TMPDIR");
	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	(void)snprintf(c->clone, sizeof(c->clone) - 32, "%s", parent);
	(void)strcat(c->clone, "/scribekv-check.XXXXXX");
	if (mkdtemp(c->clone) == NULL) {
		err = failed(c, "making a directory in", parent);
		*c->clone = '\0';
		return (err);
	}
	fd = open(c->clone, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (failed(c, "open", c->clone));
	err = copy_file(c, fd, "CURRENT");
	if (err == SKV_OK)
		err = copy_file(c, fd, s->manifest);
	for (i = 0; err == SKV_OK && i < s->n; i++)
		if (s->files[i]->present && s->files[i]->live)
			err = clone_file(c, fd, s->files[i]);
	(void)close(fd);
	return (err);
}

/* ------------------------------------------------------------- records -- */

static void
tell_key(struct check *c, const char *key, size_t len, const char *what)
{
	struct skv_finding f = {.damage = true, .what = what};

	f.key = key;
	f.keylen = len;
	examine_tell(c->x, &f);
}

static void
tell(struct check *c, bool damage, const char *what)
{
	const struct skv_finding f = {.damage = damage, .what = what};

	examine_tell(c->x, &f);
}

/* Whether the engine has c->scratch; then, if asked, its value. */
static bool
look_up(struct check *c, struct skv_value *ret, void **ret_pin)
{
	const char *data;
	enum skv_err err;
	size_t len;

	if (buf_failed(&c->scratch)) {
		c->x->err = SKV_NOMEM;
		return (false);
	}
	err = c->ops->get(c->engine, c->scratch.data, c->scratch.len, &data,
	    &len, ret_pin);
	if (err != SKV_OK)
		return (false);
	if (ret == NULL || record_decode(data, len, ret))
		return (true);
	c->ops->release(*ret_pin);
	return (false);
}

static void
check_user(struct check *c, const char *key, size_t keylen, const char *value,
    size_t len)
{
	struct skv_check_report *r = c->r;
	struct skv_value v;
	void *pin;

	r->keys++;
	r->bytes += keylen + len;
	if (!key_ok(key, keylen)) {
		tell_key(c, key, keylen, "is no key: it is empty or too long");
		return;
	}
	if (!record_decode(value, len, &v)) {
		tell_key(c, key, keylen, "has a record that does not decode");
		return;
	}
	if (v.revision > r->revision)
		r->revision = v.revision;
	if (v.revision >= c->ceiling)
		tell_key(c, key, keylen, "has a revision that was never given");
	if (v.attr.expires_ms == 0)
		return;
	r->expiring++;
	if (v.attr.expires_ms <= c->now_ms)
		r->expired++;
	buf_reset(&c->scratch);
	(void)record_expiry_key(&c->scratch, v.attr.expires_ms, key, keylen);
	if (look_up(c, NULL, &pin))
		c->ops->release(pin);
	else
		tell_key(c, key, keylen, "has no entry in the expiry index");
}

static void
check_expiry(struct check *c, const char *key, size_t keylen, size_t len)
{
	const char *user = key + RECORD_EXPIRYKEY;
	struct skv_value v;
	int64_t when;
	void *pin;

	if (keylen <= RECORD_EXPIRYKEY ||
	    keylen > RECORD_EXPIRYKEY + SKV_KEYMAX || len != 0 ||
	    (when = record_expiry_time(key)) <= 0) {
		tell_key(c, NULL, 0, "an entry of the expiry index is none");
		return;
	}
	buf_reset(&c->scratch);
	(void)record_key(&c->scratch, user, keylen - RECORD_EXPIRYKEY);
	if (!look_up(c, &v, &pin)) {
		c->r->stale++;
		return;
	}
	if (v.attr.expires_ms != when)
		c->r->stale++;
	c->ops->release(pin);
}

/* Takes in a number of the store itself. */
static void
check_meta(struct check *c, const char *name, size_t namelen, const char *value,
    size_t len)
{
	static const char *const names[] = {"format", "id", "ceiling", "clock"};
	uint64_t number = len == 8 ? get_le64(value) : 0;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (namelen == strlen(names[i]) &&
		    memcmp(name, names[i], namelen) == 0)
			break;
	if (i == 0 && number == RECORD_FORMAT)
		c->has_format = true;
	else if (i == 1 && len == 8) {
		c->has_id = true;
		c->r->id = number;
	} else if (i == 2 && number > 0 && number >> 53 == 0)
		c->ceiling = number;
	else if (i == 3 && len == 8) {
		if ((int64_t)number > c->now_ms)
			c->now_ms = (int64_t)number;
	} else if (i < 4)
		tell(c, true, "a number that the store keeps of itself is bad");
	else
		tell(c, true,
		    "the store has a number of itself that is "
		    "not known");
}

static void
check_entry(struct check *c, struct engine_iter *it)
{
	const char *key, *value;
	size_t keylen, len;

	key = c->ops->iter_key(it, &keylen);
	value = c->ops->iter_value(it, &len);
	if (keylen > 0 && *key == KS_META)
		check_meta(c, key + 1, keylen - 1, value, len);
	else if (keylen > 0 && *key == KS_USER)
		check_user(c, key + 1, keylen - 1, value, len);
	else if (keylen > 0 && *key == KS_EXPIRY)
		check_expiry(c, key, keylen, len);
	else
		tell(c, true, "there is an entry of a kind that is not known");
}

/* Progress of the second half: as many entries at most as were read before. */
static bool
go_on(struct check *c)
{
	const struct examine *x = c->x;
	uint64_t half = x->total / 2;

	c->seen++;
	return (examine_go_on(c->x,
	    half +
		(x->entries == 0 ? 0 :
				   (uint64_t)((double)half * (double)c->seen /
				       (double)x->entries))));
}

static void
check_entries(struct check *c)
{
	struct engine_iter *it = c->ops->iter_new(c->engine);
	struct timespec now;

	if (it == NULL) {
		c->x->err = SKV_NOMEM;
		return;
	}
	AZ(clock_gettime(CLOCK_REALTIME, &now));
	c->now_ms = (int64_t)now.tv_sec * 1000;
	c->ops->iter_seek(it, "", 0);
	while (c->ops->iter_valid(it) && go_on(c)) {
		check_entry(c, it);
		c->ops->iter_next(it);
	}
	if (c->x->err == SKV_OK && c->ops->iter_error(it) != SKV_OK)
		tell(c, true,
		    "LevelDB cannot read what is behind this: the "
		    "keys there were not looked at");
	c->ops->iter_free(it);
	if (c->x->err == SKV_OK &&
	    (!c->has_format || !c->has_id || c->ceiling == 0))
		tell(c, true,
		    "the store lacks a number that it keeps of "
		    "itself");
}

/* Opens what was cloned, and looks at all of it. */
static void
check_records(struct check *c)
{
	struct skv_options o = c->ops->defaults;
	struct skv_errinfo info = {""};
	enum skv_err err;

	c->x->err = make_clone(c);
	if (c->x->err != SKV_OK)
		return;
	o.create = false;
	o.cache_size = CACHE_SIZE;
	err = c->ops->open(c->clone, &o, &info, &c->engine);
	if (err == SKV_OK) {
		check_entries(c);
		c->ops->close(c->engine);
	} else if (err == SKV_CORRUPT || err == SKV_INVALID)
		tell(c, true, info.text);
	else {
		c->x->err = err;
		*c->x->info = info;
	}
}

/* Whether there is something for LevelDB to open. */
static bool
can_open(const struct survey *s)
{
	return (s->current == NULL && *s->manifest != '\0' && !s->missing &&
	    !s->odd);
}

/* --------------------------------------------------------------- files -- */

static void
ignore(struct examine *x, const struct table_key *key, struct span value)
{
	(void)x;
	(void)key;
	(void)value;
}

enum skv_err
skv_check(const char *url, const struct skv_examine *how,
    struct skv_errinfo *info, struct skv_check_report *ret)
{
	struct skv_check_report r = {0};
	struct skv_errinfo own = {""};
	struct check c = {.r = &r, .ops = &engine_leveldb};
	struct examine x;
	enum skv_err err;

	c.x = &x;
	err = examine_begin(&x, url, how, info != NULL ? info : &own);
	if (err == SKV_OK) {
		r.file_bytes = survey_bytes(&x.survey);
		x.total = 2 * r.file_bytes;
		x.entry = ignore;
		examine_lists(&x);
		err = examine_files(&x);
	}
	if (err == SKV_OK && can_open(&x.survey)) {
		check_records(&c);
		err = x.err;
	}
	if (err == SKV_OK) {
		(void)examine_go_on(&x, x.total);
		r.tables = x.tables;
		r.logs = x.logs;
		r.damages = x.damages;
		r.notes = x.notes;
		*ret = r;
		err = r.damages > 0 ? SKV_CORRUPT : x.err;
	}
	if (*c.clone != '\0')
		remove_directory(c.clone);
	buf_release(&c.scratch);
	examine_end(&x);
	return (err);
}
