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
 *    writes again to an engine whose write or barrier failed, unless it is
 *    shared.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/scribekv.h"

struct engine;
struct engine_iter;

/*
 * A key that is going to be read, of which only the first RECORD_HEADMAX bytes
 * of the value are needed unless "whole" is set.
 */
struct engine_key {
	const char *data;
	size_t len;
	bool whole;
};

/*
 * What an engine has besides when other processes write to the same map. The
 * leader then writes every group like this, and from the beginning again
 * whenever one of the steps returns ENGINE_AGAIN, which says that nothing was
 * written and that another attempt may succeed:
 *
 *   begin, read with "lock", batch_put, batch_delete and batch_guard, write
 *
 * A group whose puts depend on nothing does without the read at first. write
 * gives SKV_UNAVAILABLE when it cannot be told whether the batch was written;
 * after any other error it was not.
 */
#define ENGINE_AGAIN ((enum skv_err)1000)

struct engine_reads;

struct engine_shared_ops {
	/*
	 * Begins an attempt, the first being 0. Waits a moment before others,
	 * and in the end gives SKV_UNAVAILABLE: enough has been tried.
	 */
	enum skv_err (*begin)(struct engine *, unsigned attempt,
	    struct skv_errinfo *);
	/*
	 * Reads keys as they are at one moment; one may be given twice. With
	 * "lock", for the leader, they stay so until the write or batch_clear.
	 */
	enum skv_err (*read)(struct engine *, const struct engine_key *,
	    size_t n, bool lock, struct skv_errinfo *,
	    struct engine_reads **ret);
	/*
	 * As get, of one of these keys. The value lasts until reads_free, or
	 * when *ret_pin is not NULL until its release.
	 */
	enum skv_err (*reads_get)(struct engine_reads *, const void *key,
	    size_t keylen, bool whole, const char **ret_value, size_t *ret_len,
	    void **ret_pin);
	void (*reads_free)(struct engine_reads *);
	/*
	 * Says that the batch is right only while this key, which was read, is
	 * as it was; a key that the batch writes needs no guard.
	 */
	enum skv_err (*batch_guard)(struct engine *, const void *key,
	    size_t keylen);
	/*
	 * A revision that no process was ever given, greater than "last" and
	 * than those of all records that the group has read.
	 */
	uint64_t (*revision)(struct engine *, uint64_t last);
	/*
	 * Says that only entries from "lower" on and before "upper" will be
	 * looked at: no others are fetched. Unless "limit" is 0, these are
	 * looked at once, in one direction from the first seek on, until so
	 * many were seen that have not expired; "now_ms" is the time. Who takes
	 * more than two seconds for it may get SKV_TIMEDOUT. SKV_NOMEM.
	 */
	enum skv_err (*iter_bound)(struct engine_iter *, const void *lower,
	    size_t lowerlen, const void *upper, size_t upperlen, uint64_t limit,
	    int64_t now_ms);
	/*
	 * Adds to *count how many records within the bounds have not expired by
	 * "now_ms", a part of them with each call; SKV_NOTFOUND: that was all.
	 */
	enum skv_err (*iter_count)(struct engine_iter *, int64_t now_ms,
	    uint64_t *count);
	/* SKV_OK, or SKV_UNAVAILABLE: reads and writes cannot succeed now. */
	enum skv_err (*status)(struct engine *, struct skv_errinfo *);
};

struct engine_ops {
	const char *name; /* the URL's scheme, and skv_engine() */
	bool persistent;  /* a barrier makes writes survive power loss */
	struct skv_options defaults;
	/* NULL: nobody else writes to it while it is open. */
	const struct engine_shared_ops *shared;

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
	 * An iterator sees the map as of its making, or when the engine is
	 * shared as of its first seek. seek goes to the first
	 * entry >= key, and seek_below to the last one < key, or of all when
	 * keylen is 0; with none there the iterator is not valid. key and value
	 * last until the next move. error: SKV_OK, or why it stopped being
	 * valid.
	 */
	struct engine_iter *(*iter_new)(struct engine *); /* NULL: no memory */
	void (*iter_free)(struct engine_iter *);
	void (*iter_seek)(struct engine_iter *, const void *key, size_t keylen);
	void (*iter_seek_below)(struct engine_iter *, const void *key,
	    size_t keylen);
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

	/*
	 * Keeps so many bytes of that place for bad times, or with 0 gives them
	 * back. Whether it did what was asked, and there was something to do.
	 * NULL with space.
	 */
	bool (*reserve)(struct engine *, uint64_t size);
	/*
	 * How much the engine has yet to put in order before it can take more
	 * (LevelDB: files of level 0). NULL: it never has.
	 */
	uint32_t (*backlog)(struct engine *);

	/* See skv_engine_property(). */
	char *(*property)(struct engine *, const char *name);
};

/* The defaults of scribekv.h; engines differ in these two. */
#define ENGINE_DEFAULTS(cache_mib, sync_ms) \
	{ \
		.size = sizeof(struct skv_options), \
		.cache_size = (uint64_t)(cache_mib) << 20, \
		.write_buffer_size = 16 << 20, .file_size = 8 << 20, \
		.block_size = 2048, .bloom_bits = 10, .compression = true, \
		.create = true, .sync_interval_ms = (sync_ms), \
		.durability = SKV_ASYNC, .max_value = 8 << 20, \
		.max_txn = 64 << 20, .max_queue = 65536, \
		.max_queue_bytes = 256 << 20, .scan_lifetime_ms = 300000, \
		.min_free = 128 << 20, .max_stall_ms = 2000, \
		.max_wait_ms = 30000, .max_level0_files = 12, \
	}

extern const struct engine_ops engine_leveldb; /* leveldb:DIR */
extern const struct engine_ops engine_temp;    /* temp: */
extern const struct engine_ops engine_mem;     /* mem: */
#ifdef HAVE_LIBMARIADB
extern const struct engine_ops engine_mariadb; /* mariadb://... */
#endif

#endif
