/* SPDX-License-Identifier: MIT */
/*
 * The store's own records: format, identity, the ceilings of revisions and of
 * the clock. Read or made when it is opened, left exact when it is closed.
 */
#include "config.h"

#include <sys/random.h>

#include "base/check.h"
#include "store/internal.h"

static enum skv_err
meta_key(struct skv *db, const char *name)
{
	buf_reset(&db->scratch);
	if (!buf_addc(&db->scratch, KS_META) || !buf_adds(&db->scratch, name))
		return (SKV_NOMEM);
	return (SKV_OK);
}

enum skv_err
meta_put(struct skv *db, const char *name, uint64_t value)
{
	char bytes[8];

	if (meta_key(db, name) != SKV_OK)
		return (SKV_NOMEM);
	put_le64(bytes, value);
	return (db->ops->batch_put(db->engine, db->scratch.data,
	    db->scratch.len, bytes, sizeof(bytes)));
}

/* A number of the meta keyspace. */
static enum skv_err
meta_get(struct skv *db, const char *name, uint64_t *ret,
    struct skv_errinfo *info)
{
	const char *data;
	enum skv_err err;
	size_t len;
	void *pin;

	err = meta_key(db, name);
	if (err == SKV_OK)
		err = db->ops->get(db->engine, db->scratch.data,
		    db->scratch.len, &data, &len, &pin);
	if (err == SKV_OK) {
		if (len == 8)
			*ret = get_le64(data);
		else
			err = SKV_CORRUPT;
		db->ops->release(pin);
	}
	if (err != SKV_OK && err != SKV_NOTFOUND)
		errinfo_set(info, "meta record \"%s\": %s", name,
		    skv_strerror(err));
	return (err);
}

/*
 * SKV_OK when the engine holds nothing at all, so that a store may be made.
 * Slots are the engine's own.
 */
static enum skv_err
engine_empty(struct skv *db)
{
	struct engine_iter *it = db->ops->iter_new(db->engine);
	enum skv_err err;
	size_t len;

	if (it == NULL)
		return (SKV_NOMEM);
	db->ops->iter_seek(it, "", 0);
	if (db->ops->iter_valid(it) && *db->ops->iter_key(it, &len) != KS_SLOT)
		err = SKV_FORMAT;
	else
		err = db->ops->iter_error(it);
	db->ops->iter_free(it);
	return (err);
}

/* Puts what makes an empty engine a store into the batch. */
static enum skv_err
format_store(struct skv *db)
{
	enum skv_err err;

	err = engine_empty(db);
	if (err != SKV_OK)
		return (err);
	if (getrandom(&db->id, sizeof(db->id), 0) != (ssize_t)sizeof(db->id))
		return (SKV_IO);
	err = meta_put(db, "format", RECORD_FORMAT);
	if (err == SKV_OK)
		err = meta_put(db, "id", db->id);
	return (err);
}

/* Makes a store where no format was found, unless something else is there. */
static enum skv_err
make_store(struct skv *db, struct skv_errinfo *info)
{
	enum skv_err err = format_store(db);
	uint64_t format;

	if (err != SKV_FORMAT)
		return (err);
	/* Another process may have made it since we looked. */
	if (db->ops->shared != NULL) {
		err = meta_get(db, "format", &format, info);
		if (err != SKV_NOTFOUND)
			return (err == SKV_OK ? ENGINE_AGAIN : err);
	}
	errinfo_set(info, "there is a database, but no store");
	return (SKV_FORMAT);
}

/* Reads the meta keyspace, or makes it for a new store. */
static enum skv_err
load_meta(struct skv *db, uint64_t *ret_ceiling, struct skv_errinfo *info)
{
	uint64_t format, clock;
	enum skv_err err;

	*ret_ceiling = 1;
	err = meta_get(db, "format", &format, info);
	if (err == SKV_NOTFOUND)
		return (make_store(db, info));
	if (err == SKV_OK && format != RECORD_FORMAT) {
		errinfo_set(info,
		    "the store has format version %llu, this "
		    "library reads and writes version %d",
		    (unsigned long long)format, RECORD_FORMAT);
		return (SKV_FORMAT);
	}
	if (err == SKV_OK)
		err = meta_get(db, "id", &db->id, info);
	if (err == SKV_OK && db->ops->shared == NULL)
		err = meta_get(db, "ceiling", ret_ceiling, info);
	if (err == SKV_NOTFOUND ||
	    (err == SKV_OK && (*ret_ceiling == 0 || *ret_ceiling >> 53 != 0))) {
		errinfo_set(info, "the store's own records are damaged");
		err = SKV_CORRUPT;
	}
	if (err != SKV_OK)
		return (err);
	err = meta_get(db, "clock", &clock, info);
	if (err == SKV_OK)
		expiry_restore(db, (int64_t)clock);
	return (err == SKV_NOTFOUND ? SKV_OK : err);
}

/* Reserves revisions and makes that durable, so that none is given twice. */
static enum skv_err
reserve_revisions(struct skv *db, uint64_t next, struct skv_errinfo *info)
{
	enum skv_err err;

	db->ceiling = next + CEILING_STEP;
	err = meta_put(db, "ceiling", db->ceiling);
	if (err == SKV_OK)
		err = expiry_keep_clock(db);
	if (err == SKV_OK)
		err = db->ops->write(db->engine, info);
	if (err == SKV_OK)
		err = db->ops->barrier(db->engine, info);
	if (err != SKV_OK)
		return (err);
	lck_lock(&db->mtx);
	db->stats.revision = next - 1;
	db->ceiling_written = db->ceiling_durable = db->ceiling;
	lck_unlock(&db->mtx);
	return (SKV_OK);
}

/*
 * Reads the meta keyspace of a shared engine, or makes it. Of several processes
 * that find nothing there one makes it, and the others see that it did.
 */
static enum skv_err
load_shared(struct skv *db, struct skv_errinfo *info)
{
	static const char format[] = {KS_META, 'f', 'o', 'r', 'm', 'a', 't'};
	const struct engine_key key = {format, sizeof(format), false};
	const struct engine_shared_ops *s = db->ops->shared;
	struct engine_reads *reads;
	uint64_t ceiling;
	enum skv_err err;
	unsigned attempt;

	for (attempt = 0;; attempt++) {
		err = s->begin(db->engine, attempt, info);
		if (err != SKV_OK)
			return (err);
		err = s->read(db->engine, &key, 1, true, info, &reads);
		if (err == SKV_OK) {
			s->reads_free(reads);
			err = load_meta(db, &ceiling, info);
		}
		/* An empty batch, unless the store is new. */
		if (err == SKV_OK)
			err = db->ops->write(db->engine, info);
		else
			db->ops->batch_clear(db->engine);
		if (err != ENGINE_AGAIN)
			return (err);
	}
}

enum skv_err
meta_open(struct skv *db, struct skv_errinfo *info)
{
	enum skv_err err;
	uint64_t next;

	if (db->ops->shared != NULL)
		return (load_shared(db, info));
	err = load_meta(db, &next, info);
	if (err == SKV_OK)
		err = reserve_revisions(db, next, info);
	return (err);
}

/*
 * Leaves the clock behind, if it is ahead of what others have left. When that
 * fails nothing is lost: every acknowledged write is where it belongs.
 */
static void
close_shared(struct skv *db)
{
	const struct engine_shared_ops *s = db->ops->shared;
	uint64_t left = 0, now = (uint64_t)expiry_now(db);
	unsigned attempt;
	enum skv_err err;

	for (attempt = 0;; attempt++) {
		err = meta_get(db, "clock", &left, NULL);
		if ((err != SKV_OK && err != SKV_NOTFOUND) || left >= now ||
		    s->begin(db->engine, attempt, NULL) != SKV_OK)
			return;
		err = meta_put(db, "clock", now);
		if (err != SKV_OK)
			db->ops->batch_clear(db->engine);
		else
			err = db->ops->write(db->engine, NULL);
		if (err != ENGINE_AGAIN)
			return;
	}
}

enum skv_err
meta_close(struct skv *db, struct skv_errinfo *info)
{
	enum skv_err err;
	uint64_t revision;

	lck_lock(&db->mtx);
	CHECK(db->head == NULL && !db->leading);
	revision = db->stats.revision;
	err = db->state;
	if (err != SKV_OK && info != NULL)
		*info = db->state_info;
	lck_unlock(&db->mtx);
	if (db->ops->shared != NULL) {
		close_shared(db);
		return (SKV_OK);
	}
	if (err == SKV_OK)
		err = meta_put(db, "ceiling", revision + 1);
	if (err == SKV_OK)
		err = meta_put(db, "clock", (uint64_t)expiry_now(db));
	if (err == SKV_OK)
		err = db->ops->write(db->engine, info);
	if (err == SKV_OK)
		err = db->ops->barrier(db->engine, info);
	return (err);
}
