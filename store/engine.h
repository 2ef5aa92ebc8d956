/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. An engine is an ordered map from bytes to bytes with
 * atomic batches and a sync barrier. It knows nothing of keyspaces, records,
 * revisions or expiry: those are the same for all engines and live above it.
 *
 * 1. get and the iterators may be called by any thread at any time; batch_*,
 *    write and barrier each by one thread at a time (the commit leader, the
 *    syncer), though a write and a barrier may overlap.
 * 2. A failed write or barrier leaves the engine readable. The caller never
 *    writes again to an engine whose write or barrier failed.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/scribekv.h"

struct engine;
struct engine_iter;

struct engine_ops {
	const char *name; /* the URL's scheme, and skv_engine() */
	bool persistent;  /* a barrier makes writes survive power loss */
	struct skv_options defaults;

	/* "path" is what follows the scheme and colon in the URL. */
	enum skv_err (*open)(const char *path, const struct skv_options *,
	    struct skv_errinfo *, struct engine **ret);
	void (*close)(struct engine *);

	/*
	 * *ret_value is never NULL on SKV_OK; it and *ret_pin live until
	 * release(*ret_pin). SKV_NOTFOUND, SKV_CORRUPT, SKV_IO, SKV_NOMEM.
	 */
	enum skv_err (*get)(struct engine *, const void *key, size_t keylen,
	    const char **ret_value, size_t *ret_len, void **ret_pin);
	void (*release)(void *pin);

	/*
	 * One batch is built at a time. batch_put copies; SKV_NOMEM is its
	 * only error, after which batch_clear is called. write applies the
	 * batch atomically and empties it.
	 */
	enum skv_err (*batch_put)(struct engine *, const void *key,
	    size_t keylen, const void *value, size_t len);
	enum skv_err (*batch_delete)(struct engine *, const void *key,
	    size_t keylen);
	void (*batch_clear)(struct engine *);
	enum skv_err (*write)(struct engine *, struct skv_errinfo *);

	/* Makes every write that returned before the call durable. */
	enum skv_err (*barrier)(struct engine *, struct skv_errinfo *);

	/*
	 * An iterator sees the map as of its making. seek goes to the first
	 * entry >= key, and seek_last to the last entry of all; with none there
	 * the iterator is not valid. key and value last until the next move.
	 * error: SKV_OK, or why it stopped being valid.
	 */
	struct engine_iter *(*iter_new)(struct engine *); /* NULL: no memory */
	void (*iter_free)(struct engine_iter *);
	void (*iter_seek)(struct engine_iter *, const void *key, size_t keylen);
	void (*iter_seek_last)(struct engine_iter *);
	void (*iter_next)(struct engine_iter *);
	void (*iter_prev)(struct engine_iter *);
	bool (*iter_valid)(const struct engine_iter *);
	const char *(*iter_key)(const struct engine_iter *, size_t *ret_len);
	const char *(*iter_value)(const struct engine_iter *, size_t *ret_len);
	enum skv_err (*iter_error)(const struct engine_iter *);

	/*
	 * Bytes that may still be written where the engine keeps its files;
	 * false when that cannot be told. NULL: there is no such place.
	 */
	bool (*space)(struct engine *, uint64_t *ret_free);

	/* See skv_engine_property(). */
	char *(*property)(struct engine *, const char *name);
};

/* The defaults of scribekv.h; engines differ in these two. */
#define ENGINE_DEFAULTS(cache_mib, sync_ms) \
	{ \
		.size = sizeof(struct skv_options), \
		.cache_size = (uint64_t)(cache_mib) << 20, \
		.write_buffer_size = 32 << 20, \
		.file_size = 8 << 20, \
		.block_size = 4096, \
		.bloom_bits = 10, \
		.compression = true, \
		.create = true, \
		.sync_interval_ms = (sync_ms), \
		.durability = SKV_ASYNC, \
		.max_value = 8 << 20, \
		.max_txn = 64 << 20, \
		.max_queue = 65536, \
		.max_queue_bytes = 256 << 20, \
		.scan_lifetime_ms = 300000, \
		.min_free = 128 << 20, \
	}

extern const struct engine_ops engine_leveldb; /* leveldb:DIR */
extern const struct engine_ops engine_temp;    /* temp: */
extern const struct engine_ops engine_mem;     /* mem: */

#endif
