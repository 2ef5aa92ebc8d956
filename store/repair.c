/* SPDX-License-Identifier: MIT */
/*
 * skv_repair(). LevelDB's own repair is not used: it reads logs without looking
 * at their checksums, and gives wrong values. Here every good entry of every
 * file that may belong to the store is put into a LevelDB of its own, the
 * sorter, under its key and, descending, its sequence number. There the first
 * entry of a key is its newest, and that goes into the new store. So memory is
 * bounded, whatever the store's size, and the old one is only read.
 *
 * The new store gets an identity of its own. What is lost may be the newest
 * values, so that keys go back to older ones, and revisions that were given
 * may be seen nowhere any more. With the old identity an entity tag that a
 * client holds could then come to stand for another value. For the same reason
 * revisions go on above everything seen, with the step that a restart after a
 * crash leaves.
 *
 * The expiry index is made anew from the records.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/examine.h"
#include "store/internal.h"
#include "store/logsync.h"

#define SCHEME "leveldb:"
#define SEQUENCE_BYTES 8
/* Bytes of a sorter's key before the entry's: its length. Keys of one length
 * stand together, so that none comes between the entries of another. */
#define LENGTH_BYTES 8
#define BATCH_BYTES (1UL << 20)
#define CACHE_SIZE (8UL << 20)
#define WRITE_BUFFER (16UL << 20)

/* An engine that is being filled. */
struct target {
	const struct engine_ops *ops;
	struct engine *engine;
	char *path;
	bool made;	/* the directory is ours */
	size_t pending; /* bytes in the batch */
};

struct repair {
	struct examine x;
	struct skv_repair_report r;
	struct target sorter, result;
	char *partial_url;
	char *to;
	struct buf key; /* scratch */
	struct buf value;
	struct buf last; /* the sorter's key before, without the sequence */
	uint64_t ceiling;
	uint64_t clock;
	uint64_t seen; /* entries of the sorter */
};

/* --------------------------------------------------------------- targets -- */

static enum skv_err
target_flush(struct target *t, struct skv_errinfo *info)
{
	if (t->pending == 0)
		return (SKV_OK);
	t->pending = 0;
	return (t->ops->write(t->engine, info));
}

static enum skv_err
target_put(struct target *t, const void *key, size_t keylen, const void *value,
    size_t len, struct skv_errinfo *info)
{
	enum skv_err err;

	err = t->ops->batch_put(t->engine, key, keylen, value, len);
	t->pending += keylen + len;
	if (err == SKV_OK && t->pending >= BATCH_BYTES)
		err = target_flush(t, info);
	return (err);
}

static enum skv_err
target_open(struct target *t, struct skv_errinfo *info)
{
	struct skv_options o;

	t->ops = &engine_leveldb;
	o = t->ops->defaults;
	o.cache_size = CACHE_SIZE;
	o.write_buffer_size = WRITE_BUFFER;
	if (mkdir(t->path, 0700) == -1) {
		errinfo_set(info, "%s: %s", t->path,
		    errno == EEXIST ?
			"is left from a repair that did not end; remove it" :
			strerror(errno));
		return (errno == EEXIST ? SKV_INVALID : logsync_errno(errno));
	}
	t->made = true;
	return (t->ops->open(t->path, &o, info, &t->engine));
}

static void
target_close(struct target *t)
{
	if (t->engine != NULL)
		t->ops->close(t->engine);
	t->engine = NULL;
}

static void
target_remove(struct target *t)
{
	target_close(t);
	if (t->made)
		remove_directory(t->path);
	free(t->path);
}

/* --------------------------------------------------------------- sorting -- */

/* The name of a number that the store keeps of itself. */
static bool
is_meta(struct span key, const char *name)
{
	return (key.len == 1 + strlen(name) && *key.p == KS_META &&
	    memcmp(key.p + 1, name, key.len - 1) == 0);
}

/* Notes what revisions and times there have been, in any entry. */
static void
note_numbers(struct repair *r, struct span key, struct span value)
{
	struct skv_value v;
	uint64_t n;

	if (*key.p == KS_USER && record_decode(value.p, value.len, &v)) {
		if (v.revision >= r->ceiling)
			r->ceiling = v.revision + 1;
	} else if (*key.p == KS_META && value.len == 8) {
		n = get_le64(value.p);
		if (is_meta(key, "ceiling") && n > r->ceiling && n >> 53 == 0)
			r->ceiling = n;
		if (is_meta(key, "clock") && n > r->clock && n >> 62 == 0)
			r->clock = n;
	}
}

static bool
sorter_key(struct repair *r, const struct table_key *k)
{
	char number[8];
	bool ok;

	buf_reset(&r->key);
	put_be64(number, k->user.len);
	ok = buf_add(&r->key, number, LENGTH_BYTES) &&
	    buf_add(&r->key, k->user.p, k->user.len);
	put_be64(number, ~k->sequence);
	return (ok && buf_add(&r->key, number, SEQUENCE_BYTES));
}

/* Puts an entry of the old store into the sorter. */
static void
sort_entry(struct examine *x, const struct table_key *k, struct span value)
{
	struct repair *r = x->arg;

	if (x->err != SKV_OK || k->user.len == 0)
		return;
	if (k->put)
		note_numbers(r, k->user, value);
	if (*k->user.p != KS_USER)
		return;
	buf_reset(&r->value);
	if (!sorter_key(r, k) || !buf_addc(&r->value, k->put) ||
	    !buf_add(&r->value, value.p, value.len))
		x->err = SKV_NOMEM;
	else
		x->err = target_put(&r->sorter, r->key.data, r->key.len,
		    r->value.data, r->value.len, x->info);
}

/* ---------------------------------------------------------------- making -- */

static void
drop(struct repair *r, const char *key, size_t keylen, const char *why)
{
	struct skv_finding f = {.damage = true, .lost = true, .what = why};

	f.key = keylen == 0 ? "" : key;
	f.keylen = keylen;
	r->r.dropped++;
	examine_tell(&r->x, &f);
}

/* Puts the newest entry of a key into the new store, if it is a value. */
static enum skv_err
make_entry(struct repair *r, const char *key, size_t keylen, const char *value,
    size_t len)
{
	struct skv_errinfo *info = r->x.info;
	struct skv_value v;
	enum skv_err err;

	if (value[0] == 0) {
		r->r.deleted++;
		return (SKV_OK);
	}
	if (!key_ok(key + 1, keylen - 1)) {
		drop(r, key + 1, keylen - 1,
		    "is no key: it is empty or too long");
		return (SKV_OK);
	}
	if (!record_decode(value + 1, len - 1, &v)) {
		drop(r, key + 1, keylen - 1,
		    "has a record that does not decode");
		return (SKV_OK);
	}
	err = target_put(&r->result, key, keylen, value + 1, len - 1, info);
	if (err != SKV_OK || v.attr.expires_ms == 0)
		return (err);
	buf_reset(&r->key);
	if (!record_expiry_key(&r->key, v.attr.expires_ms, key + 1, keylen - 1))
		return (SKV_NOMEM);
	return (target_put(&r->result, r->key.data, r->key.len, "", 0, info));
}

/* Takes the first of the sorter's entries that have the same key. */
static enum skv_err
take_entry(struct repair *r, struct engine_iter *it)
{
	const char *key, *value;
	size_t keylen, len;

	key = r->sorter.ops->iter_key(it, &keylen);
	value = r->sorter.ops->iter_value(it, &len);
	CHECK(keylen > LENGTH_BYTES + SEQUENCE_BYTES && len > 0);
	keylen -= SEQUENCE_BYTES;
	if (keylen == r->last.len && memcmp(key, r->last.data, keylen) == 0) {
		r->r.older++;
		return (SKV_OK);
	}
	buf_reset(&r->last);
	if (!buf_add(&r->last, key, keylen))
		return (SKV_NOMEM);
	return (make_entry(r, key + LENGTH_BYTES, keylen - LENGTH_BYTES, value,
	    len));
}

static enum skv_err
make_entries(struct repair *r)
{
	const struct engine_ops *ops = r->sorter.ops;
	struct examine *x = &r->x;
	uint64_t third = x->total / 3;
	struct engine_iter *it;

	it = ops->iter_new(r->sorter.engine);
	if (it == NULL)
		return (SKV_NOMEM);
	ops->iter_seek(it, "", 0);
	while (x->err == SKV_OK && ops->iter_valid(it)) {
		x->err = take_entry(r, it);
		r->seen++;
		if (x->err == SKV_OK)
			(void)examine_go_on(x,
			    third +
				(uint64_t)(third *
				    ((double)r->seen / (double)x->entries)));
		ops->iter_next(it);
	}
	if (x->err == SKV_OK)
		x->err = ops->iter_error(it);
	ops->iter_free(it);
	return (x->err);
}

static enum skv_err
put_number(struct repair *r, const char *name, uint64_t number)
{
	char bytes[8];

	buf_reset(&r->key);
	if (!buf_addc(&r->key, KS_META) || !buf_adds(&r->key, name))
		return (SKV_NOMEM);
	put_le64(bytes, number);
	return (target_put(&r->result, r->key.data, r->key.len, bytes,
	    sizeof(bytes), r->x.info));
}

/* What the new store keeps of itself, and all of it on the disk. */
static enum skv_err
finish_result(struct repair *r)
{
	struct target *t = &r->result;
	enum skv_err err;
	uint64_t id;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return (SKV_IO);
	err = put_number(r, "format", RECORD_FORMAT);
	if (err == SKV_OK)
		err = put_number(r, "id", id);
	if (err == SKV_OK)
		err = put_number(r, "ceiling", r->ceiling + CEILING_STEP);
	if (err == SKV_OK && r->clock != 0)
		err = put_number(r, "clock", r->clock);
	if (err == SKV_OK)
		err = target_flush(t, r->x.info);
	if (err == SKV_OK)
		err = t->ops->barrier(t->engine, r->x.info);
	target_close(t);
	return (err);
}

/* ------------------------------------------------------------- the whole -- */

/* The last third of the progress is that of the check. */
static bool
check_progress(uint64_t done, uint64_t total, void *arg)
{
	struct repair *r = arg;
	uint64_t third = r->x.total / 3;

	return (examine_go_on(&r->x,
	    2 * third +
		(uint64_t)((double)third *
		    (total == 0 ? 1 : (double)done / (double)total))));
}

static enum skv_err
check_result(struct repair *r)
{
	const struct skv_examine how = {.size = sizeof(how),
	    .progress = check_progress,
	    .arg = r,
	    .scratch = r->x.how->scratch};
	enum skv_err err;

	err = skv_check(r->partial_url, &how, r->x.info, &r->r.made);
	if (err == SKV_CORRUPT)
		errinfo_set(r->x.info, "%s: the new store is not good",
		    r->result.path);
	return (err);
}

/* Gives the new store its name, durably. */
static enum skv_err
publish(struct repair *r)
{
	char *parent = strdup(r->to), *slash;
	enum skv_err err = SKV_OK;
	int fd = -1;

	if (parent == NULL)
		return (SKV_NOMEM);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		slash[slash == parent] = '\0';
	if (rename(r->result.path, r->to) == 0) {
		r->result.made = false;
		fd = open(slash == NULL ? "." : parent,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd == -1 || fsync(fd) == -1) {
		errinfo_set(r->x.info, "%s: %s", r->to, strerror(errno));
		err = logsync_errno(errno);
	}
	if (fd != -1)
		(void)close(fd);
	free(parent);
	return (err);
}

/* The target's directory may be there if it is empty. */
static enum skv_err
look_at_target(struct repair *r)
{
	DIR *dir = opendir(r->to);
	struct dirent *entry;
	bool empty = true;

	if (dir == NULL && errno == ENOENT)
		return (SKV_OK);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			empty = false;
	if (dir != NULL && empty) {
		(void)closedir(dir);
		return (SKV_OK);
	}
	errinfo_set(r->x.info, "%s: %s", r->to,
	    dir == NULL ? strerror(errno) : "is not an empty directory");
	if (dir != NULL)
		(void)closedir(dir);
	return (SKV_INVALID);
}

static enum skv_err
make_names(struct repair *r, const char *to)
{
	const char *path = examine_path(to, r->x.info);
	size_t len;

	if (path == NULL)
		return (SKV_INVALID);
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		continue;
	r->to = strndup(path, len);
	if (r->to == NULL)
		return (SKV_NOMEM);
	if (asprintf(&r->sorter.path, "%s.sort", r->to) == -1)
		r->sorter.path = NULL;
	if (asprintf(&r->partial_url, SCHEME "%s.partial", r->to) == -1)
		r->partial_url = NULL;
	if (r->partial_url != NULL)
		r->result.path = strdup(r->partial_url + strlen(SCHEME));
	if (r->sorter.path == NULL || r->result.path == NULL)
		return (SKV_NOMEM);
	return (look_at_target(r));
}

static enum skv_err
repair(struct repair *r)
{
	struct examine *x = &r->x;
	enum skv_err err;

	err = target_open(&r->sorter, x->info);
	if (err == SKV_OK)
		err = target_open(&r->result, x->info);
	if (err != SKV_OK)
		return (err);
	x->total = 3 * survey_bytes(&x->survey);
	x->entry = sort_entry;
	x->arg = r;
	examine_lists(x);
	err = examine_files(x);
	if (err == SKV_OK)
		err = target_flush(&r->sorter, x->info);
	if (err == SKV_OK)
		err = make_entries(r);
	if (err == SKV_OK)
		err = finish_result(r);
	if (err == SKV_OK)
		err = check_result(r);
	return (err == SKV_OK ? publish(r) : err);
}

enum skv_err
skv_repair(const char *from, const char *to, const struct skv_examine *how,
    struct skv_errinfo *info, struct skv_repair_report *ret)
{
	struct skv_errinfo own = {""};
	struct repair r = {.ceiling = 1};
	struct survey *s = &r.x.survey;
	enum skv_err err;

	err = examine_begin(&r.x, from, how, info != NULL ? info : &own);
	if (err == SKV_OK)
		err = make_names(&r, to);
	if (err == SKV_OK)
		err = repair(&r);
	if (err == SKV_OK) {
		r.r.manifest = *s->manifest == '\0' ? SKV_MANIFEST_NONE :
		    s->torn			    ? SKV_MANIFEST_TORN :
						      SKV_MANIFEST_WHOLE;
		r.r.damages = r.x.damages;
		r.r.notes = r.x.notes;
		r.r.tables = r.x.tables;
		r.r.logs = r.x.logs;
		r.r.entries = r.x.entries;
		*ret = r.r;
	}
	target_remove(&r.sorter);
	target_remove(&r.result);
	free(r.partial_url);
	free(r.to);
	buf_release(&r.key);
	buf_release(&r.value);
	buf_release(&r.last);
	examine_end(&r.x);
	return (err);
}
