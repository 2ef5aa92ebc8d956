/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing stores, single operations, statistics. The engines are
 * rows of one table, found by the scheme of the URL.
 */
#include "config.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"

static const struct engine_ops *const engines[] = {
    &engine_leveldb,
    &engine_temp,
    &engine_mem,
#ifdef HAVE_LIBMARIADB
    &engine_mariadb,
#endif
};

#ifdef HAVE_LIBMARIADB
#define MARIADB " or mariadb:"
#else
#define MARIADB "; this build is without mariadb:"
#endif

#define NENGINES (sizeof(engines) / sizeof(engines[0]))

const char *
skv_strerror(enum skv_err err)
{
	switch (err) {
	case SKV_OK:
		return ("no error");
	case SKV_NOTFOUND:
		return ("not found");
	case SKV_CONFLICT:
		return ("a condition is false");
	case SKV_INVALID:
		return ("invalid argument");
	case SKV_TOOBIG:
		return ("too big");
	case SKV_NOMEM:
		return ("out of memory");
	case SKV_BUSY:
		return ("too many waiting writes");
	case SKV_TIMEDOUT:
		return ("it took too long");
	case SKV_LOCKED:
		return ("in use by another process");
	case SKV_FORMAT:
		return ("unknown format version");
	case SKV_CORRUPT:
		return ("stored data is corrupt");
	case SKV_NOSPACE:
		return ("no space left");
	case SKV_IO:
		return ("input/output error");
	case SKV_READONLY:
		return ("read-only after an earlier error");
	case SKV_STOPPED:
		return ("interrupted");
	case SKV_UNAVAILABLE:
		return ("the database servers are not available");
	}
	return ("unknown error");
}

void
errinfo_set(struct skv_errinfo *info, const char *fmt, ...)
{
	va_list ap;

	if (info == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(info->text, sizeof(info->text), fmt, ap);
	va_end(ap);
}

bool
thread_start(pthread_t *ret, void *(*fn)(void *), void *arg)
{
	sigset_t all, old;
	int rc;

	AZ(sigfillset(&all));
	AZ(pthread_sigmask(SIG_SETMASK, &all, &old));
	rc = pthread_create(ret, NULL, fn, arg);
	AZ(pthread_sigmask(SIG_SETMASK, &old, NULL));
	return (rc == 0);
}

void
histogram_add(struct skv_histogram *h, uint64_t sample)
{
	unsigned i = 0;

	while (i < SKV_BUCKETS - 1 && sample >> i != 0)
		i++;
	h->count[i]++;
	h->sum += sample;
}

bool
key_ok(const void *key, size_t keylen)
{
	return (key != NULL && keylen >= 1 && keylen <= SKV_KEYMAX);
}

/* The engine of a URL, and the path after its scheme; NULL if there is none. */
static const struct engine_ops *
find_engine(const char *url, const char **ret_path)
{
	size_t i, len;

	for (i = 0; i < NENGINES; i++) {
		len = strlen(engines[i]->name);
		if (strncmp(url, engines[i]->name, len) == 0 &&
		    url[len] == ':') {
			*ret_path = url + len + 1;
			return (engines[i]);
		}
	}
	return (NULL);
}

void
skv_options_init_sized(struct skv_options *opts, const char *url, size_t size)
{
	const struct engine_ops *ops = NULL;
	struct skv_options defaults;
	const char *path;

	if (url != NULL)
		ops = find_engine(url, &path);
	defaults = ops == NULL ? engine_leveldb.defaults : ops->defaults;
	defaults.size = size;
	/* A program may be older or newer than the library. */
	memset(opts, 0, size);
	memcpy(opts, &defaults,
	    size < sizeof(defaults) ? size : sizeof(defaults));
}

/* What an option may be; tells the operator which one is not. */
static enum skv_err
check_options(const struct skv_options *o, struct skv_errinfo *info)
{
	const struct {
		const char *name;
		uint64_t value, least, greatest;
	} rows[] = {
	    {"cache_size", o->cache_size, 0, 1ULL << 40},
	    {"write_buffer_size", o->write_buffer_size, 64UL << 10, 1UL << 30},
	    {"file_size", o->file_size, 1UL << 20, 1UL << 30},
	    {"block_size", o->block_size, 1024, 4UL << 20},
	    {"bloom_bits", o->bloom_bits, 0, 64},
	    {"max_open_files", o->max_open_files == 0 ? 74 : o->max_open_files,
		74, 50000},
	    {"sync_interval_ms", o->sync_interval_ms, 0, 3600000},
	    {"durability", o->durability, SKV_ASYNC, SKV_SYNC},
	    {"max_value", o->max_value, 1, 1UL << 30},
	    {"max_txn", o->max_txn, SKV_KEYMAX, 1UL << 31},
	    {"max_queue", o->max_queue, 1, 1UL << 24},
	    {"max_queue_bytes", o->max_queue_bytes, 1UL << 20, 1ULL << 40},
	    {"scan_lifetime_ms", o->scan_lifetime_ms, 0, 86400000},
	    {"min_free", o->min_free, 0, 1ULL << 40},
	    {"max_stall_ms", o->max_stall_ms, 0, 3600000},
	    {"max_wait_ms", o->max_wait_ms, 0, 3600000},
	    {"max_level0_files", o->max_level0_files, 0, 1000},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value >= rows[i].least &&
		    rows[i].value <= rows[i].greatest)
			continue;
		errinfo_set(info, "%s: %llu is not between %llu and %llu",
		    rows[i].name, (unsigned long long)rows[i].value,
		    (unsigned long long)rows[i].least,
		    (unsigned long long)rows[i].greatest);
		return (SKV_INVALID);
	}
	return (SKV_OK);
}

static void
skv_free(struct skv *db)
{
	expiry_stop(db);
	sync_stop(db);
	watch_stop(db);
	if (db->engine != NULL)
		db->ops->close(db->engine);
	buf_release(&db->scratch);
	lck_cond_release(&db->sync_wanted);
	lck_cond_release(&db->sweep_wanted);
	lck_cond_release(&db->watch_wanted);
	lck_release(&db->mtx);
	db->magic = 0;
	free(db);
}

static struct skv *
skv_alloc(const struct engine_ops *ops, const struct skv_options *opts)
{
	struct skv *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return (NULL);
	db->magic = SKV_MAGIC;
	db->ops = ops;
	db->opts = *opts;
	lck_init(&db->mtx);
	lck_cond_init(&db->sync_wanted);
	lck_cond_init(&db->sweep_wanted);
	lck_cond_init(&db->watch_wanted);
	lck_lock(&db->mtx);
	db->tail = &db->head;
	lck_unlock(&db->mtx);
	atomic_store(&db->clock_offset, INT64_MIN);
	atomic_store(&db->free_bytes, UINT64_MAX);
	return (db);
}

enum skv_err
skv_open_engine(const struct engine_ops *ops, const char *path,
    const struct skv_options *opts, struct skv_errinfo *info, struct skv **ret)
{
	struct skv_options o = ops->defaults;
	struct skv *db;
	enum skv_err err;

	if (opts != NULL)
		memcpy(&o, opts,
		    opts->size < sizeof(o) ? opts->size : sizeof(o));
	err = check_options(&o, info);
	if (err != SKV_OK)
		return (err);
	db = skv_alloc(ops, &o);
	if (db == NULL)
		return (SKV_NOMEM);
	err = ops->open(path, &o, info, &db->engine);
	if (err == SKV_OK)
		err = meta_open(db, info);
	if (err == SKV_OK &&
	    (!watch_start(db) || !sync_start(db) || !expiry_start(db))) {
		errinfo_set(info, "cannot start a thread");
		err = SKV_NOMEM;
	}
	if (err != SKV_OK) {
		skv_free(db);
		return (err);
	}
	*ret = db;
	return (SKV_OK);
}

enum skv_err
skv_open(const char *url, const struct skv_options *opts,
    struct skv_errinfo *info, struct skv **ret)
{
	const struct engine_ops *ops;
	const char *path;

	ops = find_engine(url, &path);
	if (ops == NULL) {
		errinfo_set(info,
		    "\"%s\" does not begin with leveldb:, temp:, mem:" MARIADB,
		    url);
		return (SKV_INVALID);
	}
	return (skv_open_engine(ops, path, opts, info, ret));
}

enum skv_err
skv_close(struct skv *db, struct skv_errinfo *info)
{
	enum skv_err err;

	if (db == NULL)
		return (SKV_OK);
	CHECK_MAGIC(db, SKV_MAGIC);
	AZ(atomic_load(&db->nscans));
	expiry_stop(db);
	sync_stop(db);
	err = meta_close(db, info);
	skv_free(db);
	return (err);
}

enum skv_err
skv_get(struct skv *db, const void *key, size_t keylen, struct skv_value *ret)
{
	char ekey[1 + SKV_KEYMAX];
	struct skv_value v;
	const char *data;
	enum skv_err err;
	size_t len;
	void *pin;

	CHECK_MAGIC(db, SKV_MAGIC);
	if (!key_ok(key, keylen))
		return (SKV_INVALID);
	ekey[0] = KS_USER;
	memcpy(ekey + 1, key, keylen);
	err = db->ops->get(db->engine, ekey, keylen + 1, &data, &len, &pin);
	if (err != SKV_OK)
		return (err);
	if (!record_decode(data, len, &v))
		err = SKV_CORRUPT;
	else if (expiry_gone(db, &v))
		err = SKV_NOTFOUND;
	if (err != SKV_OK) {
		db->ops->release(pin);
		return (err);
	}
	*ret = v;
	ret->pin = pin;
	ret->unpin = db->ops->release;
	return (SKV_OK);
}

void
skv_value_release(struct skv_value *v)
{
	if (v == NULL || v->pin == NULL)
		return;
	v->unpin(v->pin);
	v->pin = NULL;
}

enum skv_err
skv_put(struct skv *db, const void *key, size_t keylen, const void *data,
    size_t len, const struct skv_attr *attr)
{
	struct skv_txn *t = skv_txn_new(db);
	enum skv_err err;

	if (t == NULL)
		return (SKV_NOMEM);
	err = skv_txn_put(t, key, keylen, data, len, attr);
	if (err == SKV_OK)
		err = skv_commit(t);
	skv_txn_free(t);
	return (err);
}

enum skv_err
skv_delete(struct skv *db, const void *key, size_t keylen)
{
	struct skv_txn *t = skv_txn_new(db);
	enum skv_err err;

	if (t == NULL)
		return (SKV_NOMEM);
	err = skv_txn_delete(t, key, keylen);
	if (err == SKV_OK)
		err = skv_commit(t);
	skv_txn_free(t);
	return (err);
}

void
skv_stats(struct skv *db, struct skv_stats *ret)
{
	enum skv_err state = skv_status(db, NULL);

	lck_lock(&db->mtx);
	*ret = db->stats;
	ret->state = state;
	ret->unsynced = db->written - db->synced;
	ret->unsynced_ms = ret->unsynced == 0 ?
	    0 :
	    (lck_now_ns() - db->dirty_since_ns) / 1000000;
	lck_unlock(&db->mtx);
	ret->store_id = db->id;
}

enum skv_err
skv_status(struct skv *db, struct skv_errinfo *info)
{
	enum skv_err err;

	CHECK_MAGIC(db, SKV_MAGIC);
	lck_lock(&db->mtx);
	err = db->state;
	if (err != SKV_OK && info != NULL)
		*info = db->state_info;
	lck_unlock(&db->mtx);
	if (err == SKV_OK && db->ops->shared != NULL)
		err = db->ops->shared->status(db->engine, info);
	return (err == SKV_OK && !space_left(db, info) ? SKV_NOSPACE : err);
}

bool
skv_wants_reopen(struct skv *db)
{
	enum skv_err err;

	CHECK_MAGIC(db, SKV_MAGIC);
	lck_lock(&db->mtx);
	err = db->state;
	lck_unlock(&db->mtx);
	/* What is not kept would be gone after closing. */
	if (err != SKV_NOSPACE || !db->ops->persistent)
		return (false);
	return (space_for_reopen(db) ||
	    (space_give_up_reserve(db) && space_for_reopen(db)));
}

const char *
skv_engine(const struct skv *db)
{
	return (db->ops->name);
}

bool
skv_persistent(const struct skv *db)
{
	return (db->ops->persistent);
}

uint64_t
skv_id(const struct skv *db)
{
	return (db->id);
}

char *
skv_engine_property(struct skv *db, const char *name)
{
	CHECK_MAGIC(db, SKV_MAGIC);
	return (db->ops->property(db->engine, name));
}
