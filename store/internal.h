/* SPDX-License-Identifier: MIT */
/*
 * Private to store/: the structures that its files share. ARCHITECTURE.md
 * tells the story; in short:
 *
 *   store.c   opening, closing, single operations, statistics
 *   meta.c    the store's own records
 *   txn.c     building transactions and reading their results
 *   commit.c  the queue, the leader, the error latch
 *   apply.c   what a transaction means: conditions, gets, the batch
 *   shared.c  groups and reads when other processes write as well
 *   sync.c    the syncer thread, everything about durability
 *   watch.c   the watcher thread: overload, and the end of waiting
 *   space.c   the free-space floor
 *   scan.c    ordered ranges
 *   expiry.c  the clock, the expiry index's sweeper
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/lck.h"
#include "store/engine.h"
#include "store/record.h"
#include "store/scribekv.h"

#define SKV_MAGIC 0x736b7601
#define SKV_TXN_MAGIC 0x736b7602
#define SKV_SCAN_MAGIC 0x736b7603

/*
 * Revisions are never given twice, although the last ones may be lost with the
 * power: a ceiling is made durable ahead of them, and after a crash they go on
 * from there.
 */
#define CEILING_STEP (1UL << 20)

enum op_type {
	OP_PUT,
	OP_DELETE,
	OP_GET,
	/* Of the sweeper: deletes the key if it is expired, and in any case
	 * the index entry for "expires_ms". */
	OP_EXPIRE,
};

/*
 * Keys and records of a transaction lie in its arena, which moves while it
 * grows: offsets while building, pointers from txn_freeze() on.
 */
union arena_ref {
	size_t offset;
	char *ptr;
};

struct op {
	enum op_type type;
	size_t keylen;	     /* of the user's key */
	union arena_ref key; /* the engine's key: one byte more */
	union arena_ref record;
	size_t recordlen;
	int64_t expires_ms;
	size_t result; /* OP_GET: index into the transaction's results */
	bool keep;     /* OP_EXPIRE: the value lives, only the entry goes */
};

struct cond {
	bool none; /* If-None-Match, otherwise If-Match */
	bool failed;
	size_t keylen;
	union arena_ref key;
	size_t revs; /* first of its revisions in the transaction's list */
	size_t nrevs;
	uint64_t found; /* revision that the key had, 0 when absent */
};

struct result {
	enum skv_err err;
	struct skv_value value;
};

/* Somebody who waits for the next barrier; in skv.sync_waiters. */
struct sync_req {
	void (*done)(struct sync_req *, enum skv_err, const char *why);
	struct sync_req *next;
	uint32_t asked; /* at which tick of the watcher */
	bool patient;	/* waits for as long as it takes */
};

struct waiter; /* a thread inside skv_commit(); see commit.c */

struct skv_txn {
	unsigned magic;
	struct skv *db;
	enum skv_durability durability;

	struct buf arena;
	struct op *ops;
	size_t nops, maxops;
	struct cond *conds;
	size_t nconds, maxconds;
	uint64_t *revs;
	size_t nrevs, maxrevs;
	struct result *results;
	size_t nresults, maxresults;
	size_t nwrites; /* operations other than gets; see txn_keep_clock() */
	size_t nputs;	/* of which are puts */
	bool frozen;
	struct op firstop; /* saves an allocation for the usual single one */

	/* While queued. */
	void (*done)(struct skv_txn *, enum skv_err, void *arg);
	void *arg;
	struct waiter *waiter;
	struct skv_txn *next;
	uint32_t queued; /* at which tick of the watcher */
	struct sync_req sync;

	/* The outcome. */
	enum skv_err err;
	enum skv_applied applied;
	bool durable;
	uint64_t revision;
	struct skv_errinfo errinfo;
};

struct skv {
	unsigned magic;
	/* Constant after skv_open(). */
	const struct engine_ops *ops;
	struct engine *engine;
	struct skv_options opts;
	uint64_t id;

	/* The store's time is the monotonic clock plus this, and never goes
	 * back; see expiry.c. */
	_Atomic int64_t clock_offset;
	_Atomic int64_t clock_least; /* when the store was opened */
	_Atomic int64_t clock_kept;  /* of the leader: written, and ahead */
	atomic_uint nscans;
	atomic_bool interrupted; /* skv_interrupt() */
	/* Of space.c: what the last look at the disk found, and when the next
	 * one is due. */
	_Atomic uint64_t free_bytes;
	_Atomic int64_t space_due_ns;
	bool reserved; /* of the sweeper: there is a reserve */

	/* Odd while the leader writes to the engine, and another number
	 * afterwards: whoever reads the same even one before and after has
	 * read one state. */
	_Atomic uint64_t write_seq;

	/*
	 * What of the leader's group is unanswered while the engine writes it.
	 * The leader sets it when it is NULL; whoever then takes something out,
	 * the leader or the watcher, holds the lock.
	 */
	_Atomic(struct skv_txn *) taken;

	/* Of the leader alone. */
	uint64_t ceiling; /* written: no revision from here on was given */
	void *overlay;	  /* tsearch(3) tree of the group's operations */
	struct engine_reads *reads; /* of a shared engine: what it has read */
	struct buf scratch;	    /* for index keys */

	struct lck mtx; /* guards everything below */
	struct skv_txn *head;
	struct skv_txn **tail;
	bool leading;
	/* Groups written, and how many of them are durable. */
	uint64_t written;
	uint64_t synced;
	int64_t dirty_since_ns; /* of the oldest not synced */
	/* The ceiling of the last group that carried one, and the durable
	 * one, which revisions must stay below. */
	uint64_t ceiling_written;
	uint64_t ceiling_durable;
	struct sync_req *sync_waiters;
	struct sync_req *sync_running; /* those of the barrier under way */
	bool syncing;
	uint64_t nbarriers;   /* begun */
	bool stopping;	      /* the sweeper; it may still need the syncer, */
	bool syncer_stopping; /* which is stopped after it */
	enum skv_err state;   /* the latch */
	struct skv_errinfo state_info;
	struct skv_stats stats;
	struct lck_cond sync_wanted;  /* wakes the syncer */
	struct lck_cond sweep_wanted; /* wakes the sweeper, to stop */
	uint32_t tick; /* of the watcher, while anything is under way */
	bool overloaded;
	struct skv_errinfo overload_info;
	bool active;	   /* something was queued since the last tick */
	bool watcher_idle; /* until watch_wake() */
	bool watcher_stopping;
	struct lck_cond watch_wanted;

	pthread_t syncer, sweeper, watcher;
	bool has_syncer, has_sweeper, has_watcher;
};

/* store.c */
/* skv_open() on a given engine; tests have engines of their own. */
enum skv_err skv_open_engine(const struct engine_ops *, const char *path,
    const struct skv_options *, struct skv_errinfo *, struct skv **ret);
void errinfo_set(struct skv_errinfo *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Starts a thread with all signals blocked. */
bool thread_start(pthread_t *ret, void *(*fn)(void *), void *arg);
void histogram_add(struct skv_histogram *, uint64_t sample);
bool key_ok(const void *key, size_t keylen);

/* meta.c */
/* Reads the store's own records, or makes them for a new store. */
enum skv_err meta_open(struct skv *, struct skv_errinfo *);
/*
 * Leaves the exact revision and clock behind, so that an orderly restart skips
 * nothing, and makes all of it durable.
 */
enum skv_err meta_close(struct skv *, struct skv_errinfo *);
/* Adds a number of the meta keyspace to the batch; the leader's. */
enum skv_err meta_put(struct skv *, const char *name, uint64_t value);

/* txn.c */
/* Turns offsets into pointers: from now on nothing may be added. */
void txn_freeze(struct skv_txn *);
/* Frees the results and clears the outcome of an earlier commit. */
void txn_forget(struct skv_txn *);
enum skv_err txn_expire(struct skv_txn *, int64_t expires_ms, const void *key,
    size_t keylen);
/* Makes an empty one a write, with which the clock is kept; the sweeper's. */
void txn_keep_clock(struct skv_txn *);

/* commit.c */
/*
 * Makes the store read-only for good, because of a failed write or sync.
 * Nothing is written to the engine after this. The first error stays.
 */
void commit_latch(struct skv *db, enum skv_err, const struct skv_errinfo *)
    LCK_REQUIRES(db->mtx);
/* Ends a transaction: results are final, "done" is called. */
void commit_complete(struct skv_txn *, enum skv_err);
/* What a write gets while the latch is closed. */
enum skv_err commit_refusal(enum skv_err state);

/*
 * Writes the batch. A write that was short of memory has failed like any other:
 * SKV_NOMEM would promise that nothing was changed, and that one may go on.
 */
enum skv_err commit_write(struct skv *, struct skv_errinfo *);

/*
 * Take out what was queued more than "limit" ticks ago, and is still queued, or
 * is being written; and then answer it.
 */
struct skv_txn *commit_overdue_queued(struct skv *db, uint32_t limit)
    LCK_REQUIRES(db->mtx);
struct skv_txn *commit_overdue_taken(struct skv *db, uint32_t limit)
    LCK_REQUIRES(db->mtx);
void commit_timeout(struct skv *, struct skv_txn *, bool unknown);

/* apply.c */
/*
 * Decides and batches the transactions of a group, in order, giving each that
 * goes ahead the next revision from *revision on; ->err tells the outcome so
 * far. An error means that the batch was dropped and no transaction of the
 * group goes ahead.
 */
enum skv_err apply_group(struct skv *, struct skv_txn *group,
    uint64_t *revision, size_t *ret_nbatched);
/*
 * Answers a transaction without writes from one consistent view. False when it
 * could not, because of writes meanwhile; then the leader is to decide it.
 */
bool apply_reads(struct skv *, struct skv_txn *, enum skv_err *ret_err);

/* shared.c */
/*
 * Decides and writes a group, as often as it takes. After an error nothing was
 * written, or with SKV_UNAVAILABLE from the engine's write, *ret_unknown.
 */
enum skv_err shared_write_group(struct skv *, struct skv_txn *group,
    uint64_t *revision, size_t *ret_nbatched, bool *ret_unknown,
    struct skv_errinfo *);
/* Reads what a transaction without writes needs, from one consistent view. */
enum skv_err shared_read(struct skv *, struct skv_txn *,
    struct engine_reads **ret);

/* space.c */
/* Whether there is room for new data; if not, says so. Looks now and then. */
bool space_left(struct skv *, struct skv_errinfo *);
/* Whether there is room enough to start again after the disk was full. */
bool space_for_reopen(struct skv *);
/* Makes the reserve if there is none and there is room; the sweeper's. */
void space_reserve(struct skv *);
/* Whether there was one to give up. */
bool space_give_up_reserve(struct skv *);

/* sync.c */
bool sync_start(struct skv *);
void sync_stop(struct skv *);
/* Queues for a barrier over all that is written by now. */
void sync_request(struct skv *db, struct sync_req *) LCK_REQUIRES(db->mtx);
/* As skv_sync(), but "patient" waits longer than max_wait_ms. */
enum skv_err sync_wait(struct skv *, bool patient, struct skv_errinfo *);
/* Takes out who has waited more than "limit" ticks, and then answers him. */
struct sync_req *sync_overdue(struct skv *db, uint32_t limit)
    LCK_REQUIRES(db->mtx);
void sync_timeout(struct skv *, struct sync_req *);

/* watch.c */
bool watch_start(struct skv *);
/* Tells the watcher that somebody is going to wait. */
void watch_wake(struct skv *db) LCK_REQUIRES(db->mtx);
void watch_stop(struct skv *);

/* scan.c */
/* The least key greater than all that begin with the prefix; false if none. */
bool prefix_successor(struct buf *);

/* engine_leveldb.c */
/* Removes a directory and the files in it; LevelDB makes no others. */
void remove_directory(const char *path);

/* expiry.c */
int64_t expiry_now(struct skv *);
/* Sets the clock to no less than the time that was kept. */
void expiry_restore(struct skv *, int64_t now_ms);
/*
 * Adds a time that is ahead of the clock to the batch, if the one that is kept
 * is so no longer; the leader's.
 */
enum skv_err expiry_keep_clock(struct skv *);
/* Whether a record is expired; looks at the clock only when it must. */
bool expiry_gone(struct skv *, const struct skv_value *);
bool expiry_start(struct skv *);
void expiry_stop(struct skv *);

#endif
