/* SPDX-License-Identifier: MIT */
/* An engine whose calls fail on demand; see engine_fault.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/engine_fault.h"

#define NONE FAULT_CALLS
#define PATIENCE_NS 60000000000LL

/* The same for all engines, hence the cast of what the real one gives. */
struct engine_iter {
	void *base;
	enum skv_err err;
};

static const struct engine_ops *base;
static struct engine_ops engine_fault;

static struct {
	struct lck mtx; /* guards everything below */
	struct lck_cond changed;
	unsigned count[FAULT_CALLS];
	enum fault_call call; /* the one that is to fail */
	unsigned countdown;   /* 0: none is */
	enum skv_err err;
	bool late, fired;
	pthread_t armed_by;
	enum fault_call hold;
	bool held;
} fault;

/* What becomes of a call. */
static enum skv_err
enter(enum fault_call call, bool *ret_late)
{
	enum skv_err err = SKV_OK;

	lck_lock(&fault.mtx);
	fault.count[call]++;
	if (fault.hold == call) {
		fault.hold = NONE;
		fault.held = true;
		lck_cond_broadcast(&fault.changed);
		while (fault.held)
			lck_cond_wait(&fault.changed, &fault.mtx);
	}
	/* The sweeper has iterators of its own, at times of its own. */
	if (call >= FAULT_ITER_NEW &&
	    !pthread_equal(fault.armed_by, pthread_self()))
		;
	else if (fault.call == call && fault.countdown > 0 &&
	    --fault.countdown == 0) {
		err = fault.err;
		fault.fired = true;
	}
	if (ret_late != NULL)
		*ret_late = fault.late;
	lck_unlock(&fault.mtx);
	return (err);
}

void
fault_arm(enum fault_call call, unsigned nth, enum skv_err err, bool late)
{
	lck_lock(&fault.mtx);
	fault.armed_by = pthread_self();
	fault.call = call;
	fault.countdown = nth;
	fault.err = err;
	fault.late = late;
	fault.fired = false;
	lck_unlock(&fault.mtx);
}

bool
fault_fired(void)
{
	bool fired;

	lck_lock(&fault.mtx);
	fired = fault.fired;
	lck_unlock(&fault.mtx);
	return (fired);
}

unsigned
fault_count(enum fault_call call)
{
	unsigned n;

	lck_lock(&fault.mtx);
	n = fault.count[call];
	lck_unlock(&fault.mtx);
	return (n);
}

void
fault_hold(enum fault_call call)
{
	lck_lock(&fault.mtx);
	fault.hold = call;
	lck_unlock(&fault.mtx);
}

void
fault_wait_held(void)
{
	int64_t deadline = lck_now_ns() + PATIENCE_NS;

	lck_lock(&fault.mtx);
	while (!fault.held)
		CHECK(lck_cond_wait_until(&fault.changed, &fault.mtx,
		    deadline));
	lck_unlock(&fault.mtx);
}

void
fault_go(void)
{
	lck_lock(&fault.mtx);
	CHECK(fault.held);
	fault.held = false;
	lck_cond_broadcast(&fault.changed);
	lck_unlock(&fault.mtx);
}

static atomic_uint crowd;

void
fault_backlog(unsigned n)
{
	atomic_store(&crowd, n);
}

/* -------------------------------------------------------------- engine -- */

static _Atomic uint64_t room, kept;

void
fault_space(uint64_t n)
{
	atomic_store(&room, n);
}

uint64_t
fault_reserve(void)
{
	return (atomic_load(&kept));
}

static bool
space(struct engine *e, uint64_t *ret_free)
{
	(void)e;
	*ret_free = atomic_load(&room);
	return (true);
}

static bool
reserve(struct engine *e, uint64_t size)
{
	uint64_t had = atomic_exchange(&kept, size);

	(void)e;
	atomic_fetch_add(&room, had - size);
	return (size != 0 || had != 0);
}

static uint32_t
backlog(struct engine *e)
{
	(void)e;
	return (atomic_load(&crowd));
}

static enum skv_err
get(struct engine *e, const void *key, size_t keylen, const char **ret_value,
    size_t *ret_len, void **ret_pin)
{
	enum skv_err err = enter(FAULT_GET, NULL);

	if (err != SKV_OK)
		return (err);
	return (base->get(e, key, keylen, ret_value, ret_len, ret_pin));
}

static enum skv_err
batch_put(struct engine *e, const void *key, size_t keylen, const void *value,
    size_t len)
{
	enum skv_err err = enter(FAULT_BATCH, NULL);

	if (err != SKV_OK)
		return (err);
	return (base->batch_put(e, key, keylen, value, len));
}

static enum skv_err
batch_delete(struct engine *e, const void *key, size_t keylen)
{
	enum skv_err err = enter(FAULT_BATCH, NULL);

	if (err != SKV_OK)
		return (err);
	return (base->batch_delete(e, key, keylen));
}

static enum skv_err
run_write(struct engine *e, struct skv_errinfo *info)
{
	bool late;
	enum skv_err err = enter(FAULT_WRITE, &late);

	if (err == SKV_OK)
		return (base->write(e, info));
	if (late)
		AZ(base->write(e, info));
	else
		base->batch_clear(e);
	errinfo_set(info, "the write fails");
	return (err);
}

static enum skv_err
barrier(struct engine *e, struct skv_errinfo *info)
{
	enum skv_err err = enter(FAULT_BARRIER, NULL);

	if (err == SKV_OK)
		return (base->barrier(e, info));
	errinfo_set(info, "the barrier fails");
	return (err);
}

static struct engine_iter *
iter_new(struct engine *e)
{
	struct engine_iter *i;

	if (enter(FAULT_ITER_NEW, NULL) != SKV_OK)
		return (NULL);
	i = calloc(1, sizeof(*i));
	AN(i);
	i->base = base->iter_new(e);
	AN(i->base);
	return (i);
}

static void
iter_free(struct engine_iter *i)
{
	base->iter_free(i->base);
	free(i);
}

/* Whether a move takes place: an iterator that has failed stays so. */
static bool
moves(struct engine_iter *i)
{
	if (i->err == SKV_OK)
		i->err = enter(FAULT_ITER_MOVE, NULL);
	return (i->err == SKV_OK);
}

static void
iter_seek(struct engine_iter *i, const void *key, size_t keylen)
{
	if (moves(i))
		base->iter_seek(i->base, key, keylen);
}

static void
iter_seek_below(struct engine_iter *i, const void *key, size_t keylen)
{
	if (moves(i))
		base->iter_seek_below(i->base, key, keylen);
}

static void
iter_next(struct engine_iter *i)
{
	CHECK(i->err == SKV_OK);
	if (moves(i))
		base->iter_next(i->base);
}

static void
iter_prev(struct engine_iter *i)
{
	CHECK(i->err == SKV_OK);
	if (moves(i))
		base->iter_prev(i->base);
}

static bool
iter_valid(const struct engine_iter *i)
{
	return (i->err == SKV_OK && base->iter_valid(i->base));
}

static const char *
iter_key(const struct engine_iter *i, size_t *ret_len)
{
	return (base->iter_key(i->base, ret_len));
}

static const char *
iter_value(const struct engine_iter *i, size_t *ret_len)
{
	return (base->iter_value(i->base, ret_len));
}

static enum skv_err
iter_error(const struct engine_iter *i)
{
	return (i->err != SKV_OK ? i->err : base->iter_error(i->base));
}

/* --------------------------------------------------------------- shared -- */

/* Everything it was asked to read; nothing else may be asked for later. */
struct engine_reads {
	struct engine *engine;
	struct engine_key *keys;
	size_t n;
};

void (*fault_between)(const struct engine_ops *, struct engine *);

static enum skv_err
begin(struct engine *e, unsigned attempt, struct skv_errinfo *info)
{
	enum skv_err err = enter(FAULT_BEGIN, NULL);

	if (attempt > 0 && fault_between != NULL)
		fault_between(base, e);
	if (err != SKV_OK)
		errinfo_set(info, "nobody answers");
	return (err);
}

static enum skv_err
read_keys(struct engine *e, const struct engine_key *keys, size_t n, bool lock,
    struct skv_errinfo *info, struct engine_reads **ret)
{
	enum skv_err err = enter(FAULT_READ, NULL);
	struct engine_reads *r;

	(void)lock;
	(void)info;
	if (err != SKV_OK)
		return (err);
	r = calloc(1, sizeof(*r));
	AN(r);
	*r = (struct engine_reads){.engine = e, .n = n};
	r->keys = calloc(n, sizeof(*keys));
	AN(r->keys);
	memcpy(r->keys, keys, n * sizeof(*keys));
	*ret = r;
	return (SKV_OK);
}

static enum skv_err
reads_get(struct engine_reads *r, const void *key, size_t keylen, bool whole,
    const char **ret_value, size_t *ret_len, void **ret_pin)
{
	enum skv_err err;
	size_t i = 0;

	while (r->keys[i].len != keylen ||
	    memcmp(r->keys[i].data, key, keylen) != 0 ||
	    r->keys[i].whole < whole) {
		i++;
		CHECK(i < r->n);
	}
	err = base->get(r->engine, key, keylen, ret_value, ret_len, ret_pin);
	if (err == SKV_OK && !whole && *ret_len > RECORD_HEADMAX)
		*ret_len = RECORD_HEADMAX;
	return (err);
}

static void
reads_free(struct engine_reads *r)
{
	free(r->keys);
	free(r);
}

static enum skv_err
batch_guard(struct engine *e, const void *key, size_t keylen)
{
	(void)e;
	(void)key;
	(void)keylen;
	return (enter(FAULT_GUARD, NULL));
}

static uint64_t
revision(struct engine *e, uint64_t last)
{
	(void)e;
	return (last + 1000);
}

static enum skv_err
status(struct engine *e, struct skv_errinfo *info)
{
	(void)e;
	(void)info;
	return (SKV_OK);
}

static const struct engine_shared_ops shared = {
    .begin = begin,
    .read = read_keys,
    .reads_get = reads_get,
    .reads_free = reads_free,
    .batch_guard = batch_guard,
    .revision = revision,
    .status = status,
};

/* -------------------------------------------------------------- opening -- */

static const struct engine_ops *
find_base(const char *url)
{
	static const struct engine_ops *const all[] = {&engine_leveldb,
	    &engine_temp, &engine_mem};
	size_t i, len = strcspn(url, ":");

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strncmp(all[i]->name, url, len) == 0)
			return (all[i]);
	WRONG("no such engine");
}

static enum skv_err
open_with(const struct engine_shared_ops *s, const char *url,
    const struct skv_options *opts, struct skv_errinfo *info, struct skv **ret)
{
	static bool ready;
	enum skv_err err;

	if (!ready) {
		lck_init(&fault.mtx);
		lck_cond_init(&fault.changed);
		ready = true;
	}
	base = find_base(url);
	fault_backlog(0);
	fault_space(UINT64_MAX);
	atomic_store(&kept, 0);
	engine_fault = *base;
	engine_fault.persistent = true;
	engine_fault.shared = s;
	engine_fault.get = get;
	engine_fault.batch_put = batch_put;
	engine_fault.batch_delete = batch_delete;
	engine_fault.write = run_write;
	engine_fault.barrier = barrier;
	engine_fault.backlog = backlog;
	engine_fault.space = space;
	engine_fault.reserve = reserve;
	engine_fault.iter_new = iter_new;
	engine_fault.iter_free = iter_free;
	engine_fault.iter_seek = iter_seek;
	engine_fault.iter_seek_below = iter_seek_below;
	engine_fault.iter_next = iter_next;
	engine_fault.iter_prev = iter_prev;
	engine_fault.iter_valid = iter_valid;
	engine_fault.iter_key = iter_key;
	engine_fault.iter_value = iter_value;
	engine_fault.iter_error = iter_error;
	fault_arm(FAULT_GET, 0, SKV_OK, false);
	lck_lock(&fault.mtx);
	fault.hold = NONE;
	lck_unlock(&fault.mtx);
	err = skv_open_engine(&engine_fault, strchr(url, ':') + 1, opts, info,
	    ret);
	lck_lock(&fault.mtx);
	memset(fault.count, 0, sizeof(fault.count));
	lck_unlock(&fault.mtx);
	return (err);
}

enum skv_err
fault_open(const char *url, const struct skv_options *opts,
    struct skv_errinfo *info, struct skv **ret)
{
	return (open_with(NULL, url, opts, info, ret));
}

enum skv_err
fault_open_shared(const char *url, const struct skv_options *opts,
    struct skv_errinfo *info, struct skv **ret)
{
	return (open_with(&shared, url, opts, info, ret));
}
