/* SPDX-License-Identifier: MIT */
/*
 * LevelDB's C API as a target: what the library is measured against. It gets
 * the options that the library gives LevelDB, so that the difference is the
 * library's own work: records, revisions, the commit queue.
 */
#include "config.h"

#include <stdlib.h>

#include <leveldb/c.h>

#include "bench/target.h"
#include "store/scribekv.h"

struct handle {
	leveldb_t *db;
	leveldb_options_t *options;
	leveldb_cache_t *cache;
	leveldb_filterpolicy_t *filter;
	leveldb_readoptions_t *read;
	leveldb_writeoptions_t *async, *sync;
	leveldb_writebatch_t *batch;
};

static void
ok(const char *what, const char *error)
{
	if (error != NULL)
		die(what, error);
}

static void *
handle_open(const char *dir)
{
	struct handle *h = calloc(1, sizeof(*h));
	struct skv_options o;
	char *error = NULL;

	if (h == NULL)
		die("leveldb", "out of memory");
	skv_options_init(&o, NULL);
	h->options = leveldb_options_create();
	h->cache = leveldb_cache_create_lru(o.cache_size);
	h->filter = leveldb_filterpolicy_create_bloom((int)o.bloom_bits);
	leveldb_options_set_create_if_missing(h->options, 1);
	leveldb_options_set_paranoid_checks(h->options, 1);
	leveldb_options_set_cache(h->options, h->cache);
	leveldb_options_set_filter_policy(h->options, h->filter);
	leveldb_options_set_write_buffer_size(h->options, o.write_buffer_size);
	leveldb_options_set_max_file_size(h->options, o.file_size);
	leveldb_options_set_block_size(h->options, o.block_size);
	leveldb_options_set_compression(h->options,
	    o.compression ? leveldb_snappy_compression :
			    leveldb_no_compression);
	h->read = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(h->read, 1);
	h->async = leveldb_writeoptions_create();
	h->sync = leveldb_writeoptions_create();
	leveldb_writeoptions_set_sync(h->sync, 1);
	h->batch = leveldb_writebatch_create();
	h->db = leveldb_open(h->options, dir, &error);
	ok("leveldb_open", error);
	return (h);
}

static void
handle_put(void *p, const struct pair *pairs, unsigned n, bool sync)
{
	struct handle *h = p;
	char *error = NULL;
	unsigned i;

	leveldb_writebatch_clear(h->batch);
	for (i = 0; i < n; i++)
		leveldb_writebatch_put(h->batch, pairs[i].key, KEYLEN,
		    pairs[i].value, VALUELEN);
	leveldb_write(h->db, sync ? h->sync : h->async, h->batch, &error);
	ok("leveldb_write", error);
}

static void
handle_get(void *p, const struct pair *pair)
{
	struct handle *h = p;
	char *error = NULL, *value;
	size_t len;

	value = leveldb_get(h->db, h->read, pair->key, KEYLEN, &len, &error);
	ok("leveldb_get", error);
	if (value == NULL || len != VALUELEN)
		die("leveldb_get", "not what was put");
	leveldb_free(value);
}

/* As its users do: a write that asks for it, here of nothing. */
static void
handle_sync(void *p)
{
	handle_put(p, NULL, 0, true);
}

static void
handle_close(void *p)
{
	struct handle *h = p;

	leveldb_close(h->db);
	leveldb_writebatch_destroy(h->batch);
	leveldb_writeoptions_destroy(h->sync);
	leveldb_writeoptions_destroy(h->async);
	leveldb_readoptions_destroy(h->read);
	leveldb_options_destroy(h->options);
	leveldb_filterpolicy_destroy(h->filter);
	leveldb_cache_destroy(h->cache);
	free(h);
}

const struct target target_leveldb = {
    .name = "leveldb",
    .open = handle_open,
    .put = handle_put,
    .get = handle_get,
    .sync = handle_sync,
    .close = handle_close,
};
