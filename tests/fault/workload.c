/* SPDX-License-Identifier: MIT */
/*
 * What a child of the torture program does: writers that each submit their
 * transactions in bursts, some to be durable, and now and then sync, look at
 * the statistics and read. All answers are recorded before anything follows
 * from them. After an error a writer tries a few times more, which must fail.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/lck.h"
#include "store/internal.h"
#include "tests/fault/torture.h"

enum {
	BURST = 8,
	TRIES = 3
};
#define PATIENCE_NS 8000000000LL

static const struct work *work;
static struct skv *db;
static int log_fd;

struct writer {
	unsigned number;
	uint32_t seq; /* of its last transaction */
	uint64_t random;
	struct {
		uint64_t n;	/* of the log; 0: none is waited for */
		uint64_t syncs; /* that had ended by then */
	} mark;
	pthread_t thread;
	char value[VALUEMAX];

	struct lck mtx; /* guards everything below */
	struct lck_cond idle;
	unsigned inflight;
	bool failed;
};
static struct writer writers[WRITERS];

/* A submitted transaction. */
struct flight {
	struct writer *writer;
	uint32_t seq;
};

static void
complain(const char *what, unsigned writer, uint32_t seq)
{
	(void)fprintf(stderr, "writer %u, seq %u: %s\n", writer, seq, what);
	_exit(WORK_VIOLATION);
}

void
store_options(struct skv_options *o, uint32_t interval)
{
	skv_options_init(o, NULL);
	o->cache_size = 1 << 20;
	o->write_buffer_size = 64 << 10;
	o->file_size = 1 << 20;
	o->max_open_files = 74;
	o->sync_interval_ms = interval;
}

/* ------------------------------------------------------------------ log -- */

static uint64_t
log_count(void)
{
	struct stat st;

	AZ(fstat(log_fd, &st));
	return ((uint64_t)st.st_size / sizeof(struct rec));
}

static void
log_add(enum rec_type type, unsigned writer, uint32_t seq, uint64_t value)
{
	struct rec rec = {(uint8_t)type, (uint8_t)writer, 0, seq, value};

	CHECK(write(log_fd, &rec, sizeof(rec)) == (ssize_t)sizeof(rec));
}

/* -------------------------------------------------------------- writing -- */

/* Puts a known fault back: the store forgets that it must not go on. */
static void
unlatch(void)
{
	lck_lock(&db->mtx);
	db->state = SKV_OK;
	lck_unlock(&db->mtx);
}

static void
note_answer(struct writer *w, uint32_t seq, const struct skv_txn *t,
    enum skv_err err)
{
	enum rec_type type;

	if (err == SKV_OK)
		type = skv_txn_durable(t) ? REC_DURABLE : REC_ACK;
	else if (skv_txn_applied(t) == SKV_APPLIED_UNKNOWN)
		type = REC_FAILED;
	else
		type = REC_REFUSED;
	log_add(type, w->number, seq, skv_txn_revision(t));
	if (err == SKV_OK)
		return;
	if (work->unlatch)
		unlatch();
	else if (skv_status(db, NULL) == SKV_OK)
		complain("failed, and the store goes on", w->number, seq);
	lck_lock(&w->mtx);
	w->failed = true;
	lck_unlock(&w->mtx);
}

static void
landed(struct skv_txn *t, enum skv_err err, void *arg)
{
	struct flight *f = arg;
	struct writer *w = f->writer;

	note_answer(w, f->seq, t, err);
	skv_txn_free(t);
	free(f);
	lck_lock(&w->mtx);
	w->inflight--;
	lck_cond_signal(&w->idle);
	lck_unlock(&w->mtx);
}

static struct skv_txn *
build(struct writer *w, uint32_t seq)
{
	struct skv_txn *t = skv_txn_new(db);
	struct plan p;
	char key[KEYLEN];
	size_t keylen;
	unsigned i;

	AN(t);
	plan_make(&p, work->seed, w->number, seq);
	skv_txn_durability(t, p.sync ? SKV_SYNC : SKV_ASYNC);
	for (i = 0; i < p.nacts; i++) {
		keylen = key_make(key, w->number, p.acts[i].key);
		if (p.acts[i].del) {
			AZ(skv_txn_delete(t, key, keylen));
			continue;
		}
		value_make(w->value, work->seed, w->number, seq, p.acts[i].key,
		    p.acts[i].len);
		AZ(skv_txn_put(t, key, keylen, w->value, p.acts[i].len, NULL));
	}
	return (t);
}

static void
submit(struct writer *w, uint32_t seq)
{
	struct flight *f = malloc(sizeof(*f));
	struct skv_txn *t = build(w, seq);
	enum skv_err err;

	AN(f);
	*f = (struct flight){w, seq};
	lck_lock(&w->mtx);
	w->inflight++;
	lck_unlock(&w->mtx);
	log_add(REC_SUBMIT, w->number, seq, 0);
	err = skv_submit(t, landed, f);
	if (err != SKV_OK)
		landed(t, err, f);
}

/* One that waits for its answer. */
static void
commit(struct writer *w, uint32_t seq)
{
	struct skv_txn *t = build(w, seq);

	log_add(REC_SUBMIT, w->number, seq, 0);
	note_answer(w, seq, t, skv_commit(t));
	skv_txn_free(t);
}

/* -------------------------------------------------------------- reading -- */

/* Reads one key; an error may be, another value may not. */
static void
read_back(struct writer *w, unsigned k)
{
	struct verdict v = {.what = V_NONE};
	struct found found = {{{0}}, {{0}}};
	uint32_t state[KEYS];
	struct skv_value val;
	char key[KEYLEN];
	enum skv_err err;
	size_t keylen;

	keylen = key_make(key, w->number, k);
	err = skv_get(db, key, keylen, &val);
	if (err != SKV_OK && err != SKV_NOTFOUND) {
		log_add(REC_UNREAD, w->number, 0, 0);
		return;
	}
	if (err == SKV_OK) {
		if (!found_add(&found, work->seed, key, keylen, &val, &v))
			complain(v.text, w->number, w->seq);
		skv_value_release(&val);
	}
	history_state(work->seed, w->number, w->seq, state);
	if (found.seq[w->number][k] != state[k])
		complain("read something else than it wrote", w->number,
		    w->seq);
}

/* Notes what the store says about durability; true if there was something. */
static bool
note_durable(bool ask)
{
	uint64_t n = log_count();
	struct skv_stats stats;

	if (ask) {
		if (skv_sync(db, NULL) != SKV_OK)
			return (false);
	} else {
		skv_stats(db, &stats);
		if (stats.unsynced != 0 || stats.state != SKV_OK)
			return (false);
	}
	log_add(REC_BARRIER, 0, 0, n);
	return (true);
}

/*
 * Of syncs in the background it is known when they end. One may have begun
 * before the mark was set; the next one has not, and covers all before it.
 */
static void
note_background(struct writer *w)
{
	uint64_t n = log_count();
	struct skv_stats stats;

	skv_stats(db, &stats);
	if (w->mark.n != 0 && stats.syncs < w->mark.syncs + 2)
		return;
	if (w->mark.n != 0)
		log_add(REC_BARRIER, w->number, 0, w->mark.n);
	w->mark.n = n;
	w->mark.syncs = stats.syncs;
}

/* -------------------------------------------------------------- writers -- */

static unsigned
rnd(struct writer *w, unsigned below)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((unsigned)((w->random >> 33) % below));
}

static bool
land(struct writer *w)
{
	bool failed;

	lck_lock(&w->mtx);
	while (w->inflight > 0)
		lck_cond_wait(&w->idle, &w->mtx);
	failed = w->failed;
	lck_unlock(&w->mtx);
	return (failed);
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	uint32_t last = w->seq + work->ntxns;
	unsigned i, n, tries = 0;

	w->mark.n = 0; /* each session counts anew */
	while (w->seq < last && tries <= TRIES) {
		n = 1 + rnd(w, BURST);
		if (n > last - w->seq)
			n = last - w->seq;
		for (i = 0; n > 1 && i < n; i++)
			submit(w, ++w->seq);
		if (n == 1)
			commit(w, ++w->seq);
		skv_drain(db);
		if (land(w)) {
			tries++;
			continue;
		}
		n = rnd(w, 16);
		if (n < 3)
			(void)note_durable(n == 0);
		else if (n < 5)
			read_back(w, rnd(w, KEYS));
		note_background(w);
	}
	return (NULL);
}

/* What is written becomes durable without anybody asking. */
static void
await_background(void)
{
	struct timespec pause = {0, 1000000};
	int64_t deadline = lck_now_ns() + PATIENCE_NS;

	while (!note_durable(false) && skv_status(db, NULL) == SKV_OK) {
		if (lck_now_ns() > deadline)
			complain("not synced in the background", 0, 0);
		(void)nanosleep(&pause, NULL);
	}
}

/* LevelDB, which notes how far closing has come. */
static struct engine_ops engine;
static atomic_bool closing;

static enum skv_err
noting_write(struct engine *e, struct skv_errinfo *info)
{
	/* Before it: LevelDB looks only at its beginning at what went wrong. */
	if (atomic_load(&closing))
		log_add(REC_LAST, 0, 0, 0);
	return (engine_leveldb.write(e, info));
}

static void
noting_close(struct engine *e)
{
	log_add(REC_CLOSING, 0, 0, 0);
	engine_leveldb.close(e);
}

/* Opens, writes and closes; returns whether all went well. */
static bool
session(const char *path, int *ret_status)
{
	struct skv_errinfo info = {""};
	struct skv_options opts;
	struct writer *w;
	bool ok = true;
	uint64_t n;

	store_options(&opts, work->interval);
	engine = engine_leveldb;
	engine.write = noting_write;
	engine.close = noting_close;
	atomic_store(&closing, false);
	log_add(REC_OPENING, 0, 0, 0);
	if (skv_open_engine(&engine, path, &opts, &info, &db) != SKV_OK) {
		(void)fprintf(stderr, "open: %s\n", info.text);
		*ret_status = WORK_OPEN;
		return (false);
	}
	log_add(REC_SERVING, 0, 0, 0);
	for (w = writers; w < writers + WRITERS; w++)
		AZ(pthread_create(&w->thread, NULL, writer_main, w));
	for (w = writers; w < writers + WRITERS; w++) {
		AZ(pthread_join(w->thread, NULL));
		ok = ok && !land(w);
	}
	if (ok && work->interval > 0)
		await_background();
	n = log_count();
	atomic_store(&closing, true);
	if (skv_close(db, &info) == SKV_OK)
		log_add(REC_BARRIER, 0, 0, n);
	else {
		*ret_status = WORK_CLOSE;
		ok = false;
	}
	return (ok);
}

int
workload(const char *path, const char *log, const struct work *wk)
{
	int status = 0;
	unsigned i;

	work = wk;
	log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd == -1)
		return (WORK_BROKEN);
	for (i = 0; i < WRITERS; i++) {
		writers[i].number = i;
		writers[i].seq = wk->base[i];
		writers[i].random = wk->seed * 31 + wk->base[i] + i;
		lck_init(&writers[i].mtx);
		lck_cond_init(&writers[i].idle);
	}
	for (i = 0; i < wk->sessions && session(path, &status); i++)
		continue;
	(void)close(log_fd);
	return (status);
}
