/* SPDX-License-Identifier: MIT */
/* The library as a target: in a directory, and as a temporary store. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/lck.h"
#include "bench/target.h"
#include "store/scribekv.h"

struct handle {
	struct skv *db;
	struct skv_txn *txn;

	struct lck mtx; /* guards everything below */
	struct lck_cond idle;
	unsigned syncing; /* submitted and not done */
};

static void
ok(const char *what, enum skv_err err)
{
	if (err != SKV_OK)
		die(what, skv_strerror(err));
}

static void *
handle_open_url(const char *url)
{
	struct handle *h = calloc(1, sizeof(*h));
	struct skv_errinfo info;

	if (h == NULL)
		die("skv", "out of memory");
	if (skv_open(url, NULL, &info, &h->db) != SKV_OK)
		die("skv_open", info.text);
	h->txn = skv_txn_new(h->db);
	if (h->txn == NULL)
		die("skv_txn_new", "out of memory");
	lck_init(&h->mtx);
	lck_cond_init(&h->idle);
	return (h);
}

static void *
handle_open(const char *dir)
{
	char url[4096];
	int n = snprintf(url, sizeof(url), "leveldb:%s", dir);

	if (n < 0 || (size_t)n >= sizeof(url))
		die(dir, "too long");
	return (handle_open_url(url));
}

static void *
handle_open_temp(const char *dir)
{
	(void)dir;
	return (handle_open_url("temp:"));
}

static void
handle_put(void *p, const struct pair *pair, unsigned n, bool sync)
{
	struct handle *h = p;
	unsigned i;

	skv_txn_reset(h->txn);
	skv_txn_durability(h->txn, sync ? SKV_SYNC : SKV_ASYNC);
	for (i = 0; i < n; i++)
		ok("skv_txn_put",
		    skv_txn_put(h->txn, pair[i].key, KEYLEN, pair[i].value,
			VALUELEN, NULL));
	ok("skv_commit", skv_commit(h->txn));
}

static void
handle_get(void *p, const struct pair *pair)
{
	struct handle *h = p;
	struct skv_value v;

	ok("skv_get", skv_get(h->db, pair->key, KEYLEN, &v));
	if (v.len != VALUELEN)
		die("skv_get", "not what was put");
	skv_value_release(&v);
}

static void
handle_sync(void *p)
{
	struct handle *h = p;

	ok("skv_sync", skv_sync(h->db, NULL));
}

static void
sync_done(enum skv_err err, void *arg)
{
	struct handle *h = arg;

	ok("skv_sync_submit", err);
	lck_lock(&h->mtx);
	if (--h->syncing == 0)
		lck_cond_signal(&h->idle);
	lck_unlock(&h->mtx);
}

static void
handle_sync_submit(void *p)
{
	struct handle *h = p;

	lck_lock(&h->mtx);
	h->syncing++;
	lck_unlock(&h->mtx);
	ok("skv_sync_submit", skv_sync_submit(h->db, sync_done, h));
}

static void
handle_close(void *p)
{
	struct handle *h = p;

	lck_lock(&h->mtx);
	while (h->syncing > 0)
		lck_cond_wait(&h->idle, &h->mtx);
	lck_unlock(&h->mtx);
	skv_txn_free(h->txn);
	ok("skv_close", skv_close(h->db, NULL));
	lck_cond_release(&h->idle);
	lck_release(&h->mtx);
	free(h);
}

#define METHODS \
	.put = handle_put, .get = handle_get, .sync = handle_sync, \
	.sync_submit = handle_sync_submit, .close = handle_close

const struct target target_skv = {
    .name = "scribekv",
    .open = handle_open,
    METHODS,
};

const struct target target_temp = {
    .name = "temporary",
    .temporary = true,
    .open = handle_open_temp,
    METHODS,
};
