/* SPDX-License-Identifier: MIT */
/*
 * libscribekv: a durable, ordered key-value store with revisions, atomic
 * transactions, expiry and background sync, kept in one LevelDB directory.
 *
 * Conventions of this header:
 *
 * 1. Lifetime. skv_open() makes a handle, skv_close() ends it. Everything got
 *    from a handle (transactions, values, scans) is given back before that.
 *    Freeing functions accept NULL.
 * 2. Keys and values are bytes: a pointer and a length, never a C string. A
 *    key has 1 to SKV_KEYMAX bytes and keys are ordered by memcmp(3). What a
 *    call takes is copied before it returns.
 * 3. Errors. A function that can fail in more than one way returns enum
 *    skv_err, whose zero is SKV_OK. Outputs are named ret_*, come last and are
 *    untouched on failure. A "struct skv_errinfo *", where there is one, may be
 *    NULL and receives a sentence for the operator.
 * 4. Threads. A handle may be used by any number of threads at once. A
 *    transaction, a value and a scan belong to one thread at a time.
 * 5. Time. Expiry is in milliseconds since 1970-01-01 00:00 UTC.
 * 6. The library writes to no standard stream, installs no signal handler,
 *    never exits on what the world does and has no state outside its handles.
 *    A handle starts threads with all signals blocked: do not fork(2) while
 *    one is open.
 */
#ifndef SCRIBEKV_H
#define SCRIBEKV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SKV_API __attribute__((visibility("default")))
#else
#define SKV_API
#endif

/* Bytes of the longest key. */
#define SKV_KEYMAX 1024
/* Bytes of the longest content type. */
#define SKV_TYPEMAX 255
/* Greatest number of conditions and operations of a transaction. */
#define SKV_OPSMAX 1000000
/* Longest time to live: 10 years of 365 days, in seconds. */
#define SKV_TTLMAX 315360000

struct skv;	 /* an open store */
struct skv_txn;	 /* a transaction */
struct skv_scan; /* a position in an ordered range */

enum skv_err {
	SKV_OK = 0,
	SKV_NOTFOUND, /* no such key, or the end of a scan: a result */
	SKV_CONFLICT, /* a condition of the transaction is false: a result */
	SKV_INVALID,  /* an argument is outside its limits */
	SKV_TOOBIG,   /* a value, transaction or answer is over its limit */
	SKV_NOMEM,    /* out of memory; nothing was changed */
	SKV_BUSY,     /* too much is waiting to be written; nothing changed */
	SKV_TIMEDOUT, /* a scan is older than scan_lifetime_ms, or a write
			 waited for max_wait_ms; see skv_txn_applied() */
	SKV_LOCKED,   /* another process has the store open */
	SKV_FORMAT,   /* the store was written by an unknown version */
	SKV_CORRUPT,  /* stored bytes fail their checksum or do not decode */
	SKV_NOSPACE,  /* the disk is full; see skv_txn_applied() */
	SKV_IO,	      /* another failure of the disk; see skv_txn_applied() */
	SKV_READONLY, /* an earlier write failed: this handle only reads now */
	SKV_STOPPED,  /* skv_interrupt() was called */
	/* The engine's servers do not answer, or other writers were always
	 * faster: to be tried again later; see skv_txn_applied(). */
	SKV_UNAVAILABLE,
};

/* Text for the operator: what failed, on which file, and why. */
struct skv_errinfo {
	char text[256];
};

/* The name of an error as a short lower-case phrase; a constant. */
SKV_API const char *skv_strerror(enum skv_err);

/* ------------------------------------------------------------- handles -- */

enum skv_durability {
	SKV_ASYNC = 1, /* acknowledged when it survives the process */
	SKV_SYNC,      /* acknowledged when it survives a loss of power */
};

/*
 * Options of skv_open(). skv_options_init() fills in the defaults; set "size"
 * through it only, so that programs built against this header work with
 * later libraries.
 */
struct skv_options {
	size_t size; /* of this structure, by skv_options_init() */

	/* Bytes of decompressed blocks kept in memory. Default 128 MiB, 64
	 * MiB for temp:. */
	uint64_t cache_size;
	/* Bytes collected in memory before they become a table file; up to
	 * twice as much is held. Default 16 MiB. */
	uint64_t write_buffer_size;
	/* Bytes of a table file before a new one is begun. Default 8 MiB. */
	uint64_t file_size;
	/* Bytes of a block, the unit of reading, in tables written from now
	 * on. Default 2 KiB. */
	uint32_t block_size;
	/* Bits a key in the filters that save reads of absent keys; 0 has
	 * none. Default 10: about 1 % false positives. */
	uint32_t bloom_bits;
	/* Table files held open, 74 to 50000. Default 0: what
	 * RLIMIT_NOFILE leaves after 256 for other uses. */
	uint32_t max_open_files;
	/* Compress blocks with Snappy. Default true. */
	bool compression;
	/* Create the store when it is not there. Default true. */
	bool create;

	/* Acknowledged asynchronous writes are made durable in the background
	 * this often, in milliseconds. Default 1000, 2000 for temp:. 0 never
	 * does so: only SKV_SYNC and skv_sync() reach the disk. */
	uint32_t sync_interval_ms;
	/* What SKV_ASYNC or SKV_SYNC a transaction without either gets.
	 * Default SKV_ASYNC. */
	enum skv_durability durability;

	/* Bytes of the largest value. Default 8 MiB. */
	uint64_t max_value;
	/* Bytes of keys and values in the largest transaction, and of values
	 * in the largest answer to one. Default 64 MiB. */
	uint64_t max_txn;
	/* Transactions, and bytes in them, that may wait for the writer.
	 * Defaults 65536 and 256 MiB; beyond them SKV_BUSY. */
	uint32_t max_queue;
	uint64_t max_queue_bytes;
	/* Milliseconds that a scan may live: one holds back the reclaiming
	 * of space. Default 300000; 0 is without limit. */
	uint32_t scan_lifetime_ms;

	/* Bytes of the disk that writes of new data leave free: below that
	 * they get SKV_NOSPACE, before LevelDB meets the wall, while deletes
	 * go on. Default 128 MiB; 0 does without. */
	uint64_t min_free;
	/* Keep a file RESERVE in the store's directory, of twice
	 * write_buffer_size and 4 MiB, that skv_wants_reopen() gives up when
	 * others have filled the disk: reopened, the store takes deletes. Only
	 * with min_free. Default false. */
	bool reserve;

	/* Milliseconds that an engine write or a sync may take before
	 * skv_submit() refuses writes (SKV_BUSY), until it has ended. Default
	 * 2000; 0 never refuses. */
	uint32_t max_stall_ms;
	/* Milliseconds that a transaction may wait: in the queue, in the
	 * engine's hands, for the sync it asked for. Then it ends with
	 * SKV_TIMEDOUT; skv_txn_applied() tells which. A thread that itself
	 * writes for all, inside skv_commit() or skv_drain(), waits for the
	 * engine. Default 30000; 0 is without limit. */
	uint32_t max_wait_ms;
	/* Files of LevelDB's level 0 at which skv_submit() refuses writes
	 * (SKV_BUSY) until some are merged. From 8 on LevelDB slows writers
	 * down, at 12 it would stop them as soon as its buffer is full.
	 * Default 12; 0 never refuses. */
	uint32_t max_level0_files;

	/* The present time, for tests. Default NULL: the system's clock. Must
	 * be callable from any thread. */
	int64_t (*clock_ms)(void *arg);
	void *clock_arg;
};

/*
 * Fills in the defaults for "url"'s engine (NULL: for leveldb:). Use the macro,
 * which passes the size that the program was built with.
 */
SKV_API void skv_options_init_sized(struct skv_options *, const char *url,
    size_t size);
#define skv_options_init(opts, url) \
	skv_options_init_sized((opts), (url), sizeof(struct skv_options))

/*
 * Opens a store, creating it if need be:
 *
 *   leveldb:DIR   in the directory DIR, whose parent exists
 *   temp:         in a private directory under $TMPDIR or /tmp, which
 *                 skv_close() removes
 *   mem:          in memory only, nothing is ever durable
 *   mariadb://[USER@]HOST[:PORT][,...]/DATABASE[?OPTION=VALUE[&...]]
 *                 in a table of one MariaDB server, or of several that
 *                 replicate it (Galera), which any number of processes may
 *                 have open at once; scribekv.conf(5) has the options. There
 *                 is such an engine only if the library was built with it.
 *
 * "opts" may be NULL for the defaults. *ret is the caller's, for skv_close().
 * Errors: SKV_INVALID (URL or option; the text says which), SKV_LOCKED,
 * SKV_FORMAT, SKV_CORRUPT, SKV_NOSPACE, SKV_IO, SKV_NOMEM, and SKV_NOTFOUND
 * without "create"; of mariadb: SKV_UNAVAILABLE.
 */
SKV_API enum skv_err skv_open(const char *url, const struct skv_options *opts,
    struct skv_errinfo *, struct skv **ret);

/*
 * Makes everything acknowledged durable and frees the handle, always. No call
 * may be under way on it, no transaction be submitted and not completed, and
 * no scan open. Returns what the last sync returned.
 */
SKV_API enum skv_err skv_close(struct skv *, struct skv_errinfo *);

/* -------------------------------------------------------------- values -- */

/* What the bytes of a value are, and how a client handed them over. */
enum skv_kind {
	SKV_RAW = 0, /* bytes with a content type */
	SKV_TEXT,    /* a string, UTF-8, from an envelope */
	SKV_BINARY,  /* a byte string from an envelope */
	SKV_JSON,    /* a JSON text (RFC 8259) from an envelope */
	SKV_CBOR,    /* one CBOR data item (RFC 8949) from an envelope */
};

/* What is stored beside the bytes of a value. All zero is a good default. */
struct skv_attr {
	enum skv_kind kind;
	/* The writer spoke CBOR and is answered in it by default. */
	bool cbor_envelope;
	/* Content type of an SKV_RAW value, at most SKV_TYPEMAX bytes; none is
	 * application/octet-stream. */
	const char *type;
	size_t typelen;
	/* When the value expires; 0 is never. */
	int64_t expires_ms;
};

/*
 * A value that was read. Valid until skv_value_release(), also when the key
 * changes meanwhile.
 */
struct skv_value {
	const void *data; /* never NULL */
	size_t len;
	uint64_t revision; /* of the transaction that wrote it */
	struct skv_attr attr;
	/* Private: what skv_value_release() frees, and how. */
	void *pin;
	void (*unpin)(void *pin);
};

/*
 * Reads one key. *ret is the caller's, for skv_value_release(). Errors:
 * SKV_NOTFOUND (absent or expired), SKV_INVALID (key), SKV_CORRUPT, SKV_IO,
 * SKV_NOMEM.
 */
SKV_API enum skv_err skv_get(struct skv *, const void *key, size_t keylen,
    struct skv_value *ret);
SKV_API void skv_value_release(struct skv_value *);

/*
 * Writes one key, and deletes one, as a transaction of its own with the
 * handle's default durability; a put without "attr" (NULL) is SKV_RAW. It is
 * no error to delete an absent key. Errors: as skv_commit().
 */
SKV_API enum skv_err skv_put(struct skv *, const void *key, size_t keylen,
    const void *data, size_t len, const struct skv_attr *attr);
SKV_API enum skv_err skv_delete(struct skv *, const void *key, size_t keylen);

/*
 * Typed values: one CBOR data item (RFC 8949) in its encoded form, made and
 * taken apart with a CBOR library of your choice.
 *
 * skv_put_cbor() stores it after checking that it is well-formed, nested at
 * most 512 deep and followed by nothing; otherwise SKV_INVALID. Other errors as
 * skv_put().
 *
 * skv_get_cbor() gives any value as an item: SKV_CBOR as it is, SKV_TEXT as a
 * text string, SKV_RAW and SKV_BINARY as a byte string, SKV_JSON converted
 * (integers of any size are kept, up to 1024 digits; other numbers become the
 * nearest double). The caller frees *ret_item with free(). Errors as skv_get().
 */
SKV_API enum skv_err skv_put_cbor(struct skv *, const void *key, size_t keylen,
    const void *item, size_t len);
SKV_API enum skv_err skv_get_cbor(struct skv *, const void *key, size_t keylen,
    void **ret_item, size_t *ret_len);

/* -------------------------------------------------------- transactions -- */

/*
 * A transaction is a list of conditions and of operations. When all conditions
 * hold, all operations are applied at once, in order, at one revision;
 * otherwise none is. Revisions are greater than zero, below 2^53, only
 * increase (with gaps), and are never given twice, also not after a crash. With
 * mariadb: they increase for each key, and for each process.
 *
 * The functions that add to a transaction return SKV_OK, SKV_INVALID (key or
 * attribute out of limits, too many operations), SKV_TOOBIG or SKV_NOMEM; after
 * a failure the transaction is as it was before the call.
 */

/* NULL when out of memory. The caller's until submitted or freed. */
SKV_API struct skv_txn *skv_txn_new(struct skv *);
SKV_API void skv_txn_free(struct skv_txn *);
/*
 * Empties it for another use, which saves the cost of a new one. The memory of
 * a large one is given up.
 */
SKV_API void skv_txn_reset(struct skv_txn *);
/* Asks for a durability other than the handle's default. */
SKV_API void skv_txn_durability(struct skv_txn *, enum skv_durability);

/*
 * Conditions, after If-Match and If-None-Match of RFC 9110: the key's present
 * revision is one of (none of) the "n" given; with n == 0, which stands for
 * "*", the key exists (does not exist). An absent key matches no revision.
 */
SKV_API enum skv_err skv_txn_if_match(struct skv_txn *, const void *key,
    size_t keylen, const uint64_t *revisions, size_t n);
SKV_API enum skv_err skv_txn_if_none_match(struct skv_txn *, const void *key,
    size_t keylen, const uint64_t *revisions, size_t n);

/* Operations. A get sees the state after the operations before it. */
SKV_API enum skv_err skv_txn_put(struct skv_txn *, const void *key,
    size_t keylen, const void *data, size_t len, const struct skv_attr *attr);
SKV_API enum skv_err skv_txn_delete(struct skv_txn *, const void *key,
    size_t keylen);
SKV_API enum skv_err skv_txn_get(struct skv_txn *, const void *key,
    size_t keylen);

/*
 * Commits and waits. The transaction stays the caller's, and holds the results
 * below. Errors: SKV_CONFLICT (see skv_txn_failure()), SKV_TOOBIG (what the
 * gets read is over max_txn), SKV_BUSY, SKV_TIMEDOUT, SKV_READONLY,
 * SKV_NOSPACE, SKV_IO, SKV_CORRUPT, SKV_NOMEM.
 */
SKV_API enum skv_err skv_commit(struct skv_txn *);

/*
 * Commits without waiting: the transaction is queued, and "done" is called
 * once, with no lock held, by some thread inside skv_drain(), skv_commit(),
 * or skv_submit() itself, or by the library's own thread. From this call until
 * then the transaction is the library's; then it is the caller's again, and
 * "done" may free it. "done" must not wait for another transaction. On an
 * error (SKV_BUSY, or a read-only store's SKV_READONLY or SKV_NOSPACE) "done"
 * is not called and the transaction is still the caller's.
 *
 * Nothing happens before some thread calls skv_drain(): a program submits what
 * it has at hand and then drains, so that all of it becomes one write.
 */
SKV_API enum skv_err skv_submit(struct skv_txn *,
    void (*done)(struct skv_txn *, enum skv_err, void *arg), void *arg);
SKV_API void skv_drain(struct skv *);

/* Whether a transaction that ended with an error had an effect. */
enum skv_applied {
	SKV_APPLIED_NO,
	SKV_APPLIED_YES,
	SKV_APPLIED_UNKNOWN, /* it may be found applied, whole, later on */
};

/* Results; valid until the transaction is reset, submitted again or freed. */

/* The revision it was given; of one that only reads: what it has seen. */
SKV_API uint64_t skv_txn_revision(const struct skv_txn *);
/* Whether it survives a loss of power, as of its completion. */
SKV_API bool skv_txn_durable(const struct skv_txn *);
SKV_API enum skv_applied skv_txn_applied(const struct skv_txn *);
/* Why it failed, for the operator; empty when there is nothing to say. */
SKV_API const char *skv_txn_error(const struct skv_txn *);
/* The number of operations. */
SKV_API size_t skv_txn_size(const struct skv_txn *);
/*
 * What operation "i" (from 0), a get, read: SKV_OK or SKV_NOTFOUND. The value
 * belongs to the transaction and is not to be released. SKV_INVALID for other
 * operations.
 */
SKV_API enum skv_err skv_txn_result(const struct skv_txn *, size_t i,
    struct skv_value *ret);

/* A condition that was false. */
struct skv_failure {
	const void *key;
	size_t keylen;
	uint64_t revision; /* present revision of the key, 0 when absent */
};
/*
 * Condition "i" (from 0, in the order of adding): SKV_OK when it was false,
 * SKV_NOTFOUND when it held, SKV_INVALID when there are not as many.
 */
SKV_API enum skv_err skv_txn_failure(const struct skv_txn *, size_t i,
    struct skv_failure *ret);

/* --------------------------------------------------------------- scans -- */

/* A range of keys; all zero is the whole store, in ascending order. */
struct skv_range {
	const void *prefix; /* only keys that begin with this */
	size_t prefixlen;
	const void *start; /* inclusive */
	size_t startlen;
	const void *end; /* exclusive; length 0 is none */
	size_t endlen;
	bool reverse; /* from the greatest key to the least */
};

/*
 * Reads a range in order. A scan sees the store as it was at one moment,
 * whatever is written meanwhile, and skips keys that are expired by then. It
 * costs no memory in proportion to the range. *ret is the caller's, for
 * skv_scan_close().
 */
SKV_API enum skv_err skv_scan_open(struct skv *, const struct skv_range *,
    struct skv_scan **ret);
/*
 * The same, and the scan ends after "limit" keys (0: it does not): where the
 * store is on another machine just so many are asked for. It cannot skip ahead.
 * There it is to be read within two seconds, or, if values expire meanwhile,
 * may give SKV_TIMEDOUT.
 */
SKV_API enum skv_err skv_scan_open_limit(struct skv *, const struct skv_range *,
    uint64_t limit, struct skv_scan **ret);
/*
 * The next key and its value; both belong to the scan and last until the next
 * call on it; the value is not to be released. SKV_NOTFOUND at the end;
 * SKV_TIMEDOUT, SKV_CORRUPT, SKV_IO, SKV_NOMEM.
 */
SKV_API enum skv_err skv_scan_next(struct skv_scan *, const void **ret_key,
    size_t *ret_keylen, struct skv_value *ret);
/*
 * Skips ahead: replaces the range's "start" (inclusive) or, of a reverse scan,
 * its "end" (exclusive). Only forwards in the direction of the scan, within its
 * range. SKV_INVALID (over SKV_KEYMAX + 1 bytes; the scan has a limit),
 * SKV_NOMEM.
 */
SKV_API enum skv_err skv_scan_seek(struct skv_scan *, const void *limit,
    size_t len);
SKV_API void skv_scan_close(struct skv_scan *);

/* Counts the keys in a range; they are all read, where they are kept. */
SKV_API enum skv_err skv_count(struct skv *, const struct skv_range *,
    uint64_t *ret);
/*
 * Deletes the keys in a range, in transactions of bounded size: a reader may
 * see it half done. *ret_deleted is set also on failure. Errors: as
 * skv_commit().
 */
SKV_API enum skv_err skv_delete_range(struct skv *, const struct skv_range *,
    uint64_t *ret_deleted);

/*
 * Makes skv_count() and skv_delete_range(), under way or later, return
 * SKV_STOPPED soon: for a program that is about to close the handle.
 */
SKV_API void skv_interrupt(struct skv *);

/* ---------------------------------------------------------- durability -- */

/*
 * Makes everything acknowledged before the call durable, and waits for it; for
 * max_wait_ms at most, then SKV_TIMEDOUT.
 */
SKV_API enum skv_err skv_sync(struct skv *, struct skv_errinfo *);
/*
 * The same without waiting: "done" is called once, from the library's thread,
 * with no lock held.
 */
SKV_API enum skv_err skv_sync_submit(struct skv *,
    void (*done)(enum skv_err, void *arg), void *arg);

/* ---------------------------------------------------------- statistics -- */

/* A histogram: count[i] is the number of samples of less than 2^i units. */
#define SKV_BUCKETS 32
struct skv_histogram {
	uint64_t count[SKV_BUCKETS]; /* each sample in one bucket only */
	uint64_t sum;
};

/* Counters since skv_open(), and gauges as of now. */
struct skv_stats {
	uint64_t store_id; /* random, made when the store was created */
	uint64_t revision; /* the last one given */
	uint64_t transactions;
	uint64_t conflicts;
	uint64_t groups; /* engine writes; each holds >= 1 transaction */
	uint64_t syncs;
	uint64_t errors;    /* failed writes and syncs */
	uint64_t expired;   /* entries of the expiry index swept */
	uint64_t refused;   /* transactions that got SKV_BUSY */
	uint64_t timed_out; /* transactions and syncs, after max_wait_ms */
	uint64_t overloads; /* times that skv_overloaded() became true */
	uint32_t queued;    /* transactions waiting for the writer */
	uint64_t queued_bytes;
	uint64_t unsynced;   /* groups written and not yet durable */
	int64_t unsynced_ms; /* age of the oldest of them; 0 when none */
	enum skv_err state;  /* SKV_OK, or the error that made it read-only */
	struct skv_histogram group_size; /* transactions per group */
	struct skv_histogram commit_us;	 /* engine write, microseconds */
	struct skv_histogram sync_us;	 /* barrier, microseconds */
};

SKV_API void skv_stats(struct skv *, struct skv_stats *ret);

/*
 * SKV_OK while the store accepts writes; SKV_NOSPACE while the disk is full;
 * another error when that one made the store read-only. With its text.
 */
SKV_API enum skv_err skv_status(struct skv *, struct skv_errinfo *);
/*
 * Whether skv_submit() refuses writes for now, because the engine or the disk
 * does not keep up; the text says which. It passes by itself.
 */
SKV_API bool skv_overloaded(struct skv *, struct skv_errinfo *);
/*
 * After a write has failed a store stays read-only, because what LevelDB would
 * acknowledge from then on could be lost. True when that failure was a full
 * disk and there is room again, or the reserve made some: closing and opening
 * makes it writable, and nothing that was acknowledged is lost by that. Never
 * true of temp:.
 */
SKV_API bool skv_wants_reopen(struct skv *);
/*
 * The store's clock, which expiry goes by: the system's, except that it never
 * goes back, not even over a restart or a crash. After a crash it may be ahead
 * by up to 10 seconds, for so long. What expires "ttl" seconds from now has
 * expires_ms == skv_now_ms() + ttl * 1000.
 */
SKV_API int64_t skv_now_ms(struct skv *);
/* "leveldb", "temp", "mem" or "mariadb". */
SKV_API const char *skv_engine(const struct skv *);
/* Whether a sync makes writes survive a loss of power; false for temp:. */
SKV_API bool skv_persistent(const struct skv *);
/* The store's random identity, made when it was created. */
SKV_API uint64_t skv_id(const struct skv *);
/*
 * A text of the engine about itself, by the engine's own name for it (LevelDB:
 * "leveldb.stats", "leveldb.num-files-at-level0"); the caller frees it with
 * free(). NULL when there is none of that name.
 *
 * "nodes" of MariaDB has a line for each server, in the order of the URL, of
 * fields that a tab ends: host, state ("in use", "healthy", "donor", "not
 * primary", "unreachable"), seconds since it came up or went down, microseconds
 * that its last answer took (0: there is none), and what is wrong.
 */
SKV_API char *skv_engine_property(struct skv *, const char *name);

/* ---------------------------------------------- checking and repairing -- */

/*
 * Something that skv_check() or skv_repair() has found. What it points to lasts
 * during the call.
 */
struct skv_finding {
	/* Otherwise it is only worth knowing, and no harm. */
	bool damage;
	/* Whether keys may be lost by it, or values be older ones: those
	 * greater than "after" and not greater than "until", where NULL is an
	 * end not known. */
	bool lost;
	/* In which file of the directory, and which bytes of it; NULL and 0
	 * when that is not known. */
	const char *file;
	uint64_t offset, len;
	/* The key that it is about, and the range; NULL: none. */
	const void *key, *after, *until;
	size_t keylen, afterlen, untillen;
	/* What it is: a predicate of the bytes, else the file, else the key;
	 * or a sentence if there is none of them. */
	const char *what;
};

/* How to go about it; all zero but "size" is a good default. */
struct skv_examine {
	size_t size; /* of this structure */
	/* Called for each finding; NULL: only count them. */
	void (*found)(const struct skv_finding *, void *arg);
	/* Called now and then with how much is done; false stops. */
	bool (*progress)(uint64_t done, uint64_t total, void *arg);
	void *arg; /* of both */
	/* Where skv_check() may make a directory of its own for some tens of
	 * megabytes. NULL: $TMPDIR or /tmp. */
	const char *scratch;
};

struct skv_check_report {
	uint64_t damages, notes; /* findings */
	/* Files that belong to the store, and bytes in them. */
	uint64_t tables, logs, file_bytes;
	uint64_t keys;
	uint64_t bytes;	   /* of these and their values */
	uint64_t expiring; /* keys that have a time */
	uint64_t expired;  /* of which are expired and not yet swept */
	uint64_t stale;	   /* index entries of overwritten values: no harm */
	uint64_t id;
	uint64_t revision; /* the greatest of a key */
};

/*
 * Examines a store (leveldb: only) that nobody has open, without changing
 * anything in its directory; nobody can open it meanwhile. Every checksum is
 * verified, every record decoded, the expiry index compared with the records in
 * both directions. SKV_OK if there is no damage, SKV_CORRUPT if there is: *ret
 * is set in both cases. Otherwise it could not be examined: SKV_INVALID,
 * SKV_NOTFOUND (no store there), SKV_LOCKED, SKV_IO, SKV_NOSPACE, SKV_NOMEM,
 * SKV_STOPPED (by "progress").
 */
SKV_API enum skv_err skv_check(const char *url, const struct skv_examine *,
    struct skv_errinfo *, struct skv_check_report *ret);

/* What is known of which files belong to a store. */
enum skv_manifest {
	SKV_MANIFEST_WHOLE = 1,
	/* Its end is not good. Keys that were deleted may be back, if the
	 * files that tell of that were given up already. */
	SKV_MANIFEST_TORN,
	SKV_MANIFEST_NONE, /* all files were taken; the same, more likely */
};

struct skv_repair_report {
	enum skv_manifest manifest;
	uint64_t damages, notes; /* findings in the old store */
	uint64_t tables, logs;	 /* files that were read */
	uint64_t entries;	 /* that were good in them */
	uint64_t older;		 /* of which have a newer one of the same key */
	uint64_t deleted;	 /* keys whose newest entry is a deletion */
	uint64_t dropped;	 /* keys whose newest entry does not decode */
	struct skv_check_report made; /* of the new store */
};

/*
 * Makes a new store of what is good of another (both leveldb:), which nobody
 * has open and which is not changed. The directory "to" must not exist, or be
 * empty; it appears when it is finished, durable and checked, and while it is
 * made there are "to".partial and "to".sort beside it. Of each key the newest
 * good entry is taken. The new store has an identity of its own and goes on
 * with greater revisions, so that no entity tag is repeated.
 *
 * SKV_OK if it was made, whatever was lost. Errors as skv_check(), and
 * SKV_CORRUPT if the new store is not good either.
 */
SKV_API enum skv_err skv_repair(const char *from, const char *to,
    const struct skv_examine *, struct skv_errinfo *,
    struct skv_repair_report *ret);

#ifdef __cplusplus
}
#endif
#endif
