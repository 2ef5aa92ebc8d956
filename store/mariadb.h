/* SPDX-License-Identifier: MIT */
/*
 * Private to the engine "mariadb", whose files share this:
 *
 *   engine_mariadb.c the table of functions, opening, the table's schema
 *   mariadb_url.c    what follows "mariadb:" in a store's URL
 *   mariadb_node.c   the servers: which of them are fit, watched by threads
 *   mariadb_conn.c   connections and the pool of them
 *   mariadb_stmt.c   prepared statements, and what their failure means
 *   mariadb_read.c   single gets, and reads of many keys at one moment
 *   mariadb_iter.c   iterators
 *   mariadb_write.c  the batch and the commit
 *   mariadb_slot.c   who may give which revision
 *
 * All that is stored is one table of bytes, the same map that other engines
 * keep. Besides errors of their own, functions that need a server give
 * ENGINE_AGAIN for what may succeed at once on this or another server, and
 * SKV_UNAVAILABLE when their deadline has passed.
 */
#ifndef STORE_MARIADB_H
#define STORE_MARIADB_H

#include <stdatomic.h>

#include <mysql.h>

#include "base/buf.h"
#include "base/lck.h"
#include "store/engine.h"
#include "store/record.h"

#define MARIA_HOSTS 16 /* most servers in a URL */
#define MARIA_LABELMAX 300
#define MARIA_TABLE "scribekv"
/* Longest engine key: one of the expiry index. */
#define MARIA_KEYMAX (RECORD_EXPIRYKEY + SKV_KEYMAX)

/* Bytes of the key and the record of a slot; see mariadb_slot.c. */
#define MARIA_SLOTKEY 2
#define MARIA_SLOTVALUE (RECORD_REVISION + 8 + 8)
#define MARIA_SLOTOWNER(value) ((value) + RECORD_REVISION + 8)

#define NS_PER_MS 1000000LL

/* ----------------------------------------------------------------- URL -- */

struct maria_host {
	char *name; /* NULL: by "path" */
	char *path; /* of a UNIX socket */
	unsigned port;
	char label[MARIA_LABELMAX]; /* for people */
};

/* How servers are reached; all texts are owned. */
struct maria_conf {
	struct maria_host hosts[MARIA_HOSTS];
	unsigned nhosts;
	char *user, *password, *database;
	char *tls_ca, *tls_cert, *tls_key;
	bool tls, tls_verify;
	bool causal;	     /* reads see what was acknowledged anywhere */
	uint32_t timeout_ms; /* of what is tried again */
};

/* SKV_INVALID, with a text that never shows a password; SKV_IO; SKV_NOMEM. */
enum skv_err maria_conf_parse(struct maria_conf *, const char *path,
    struct skv_errinfo *);
/* Also of what a failed maria_conf_parse() leaves behind. */
void maria_conf_release(struct maria_conf *);

/* ---------------------------------------------------------- statements -- */

/* See the table in mariadb_stmt.c. */
enum maria_stmt {
	ST_GET,
	ST_HEADS,
	ST_LOCK,
	ST_SHARE,
	ST_INSERT,
	ST_UPSERT,
	ST_UPSERT_MARKED,
	ST_DELETE,
	ST_TOUCH,
	ST_SLOT,
	ST_FROM,
	ST_AFTER,
	ST_BELOW,
	ST_NTH,
	ST_COUNT,
	MARIA_STMTS
};

/* How many rows a statement may have: any number up to the first of these, or
 * a power of two up to the second. */
#define MARIA_ROWS_EXACT 32
#define MARIA_ROWS_MOST 256
#define MARIA_SIZES (MARIA_ROWS_EXACT + 3)

struct maria_conn;

/* The largest number of rows, up to "n" > 0, that one statement takes. */
size_t maria_rows(size_t n);
/* The least that takes all "n", or the largest there is. */
size_t maria_rows_over(size_t n);
/* Parameter "i" of the next statement; what it points to lasts until then. */
void maria_param(struct maria_conn *, size_t i, const void *data, size_t len);
void maria_param_uint(struct maria_conn *, size_t i, uint32_t *value);
/*
 * Runs a statement of "rows" rows with the parameters set. The rows it gives
 * are read with mysql_stmt_fetch(), then mysql_stmt_free_result() is called.
 */
enum skv_err maria_run(struct maria_conn *, enum maria_stmt, size_t rows,
    struct skv_errinfo *, MYSQL_STMT **ret);
/* Runs a statement without parameters or rows. */
enum skv_err maria_query(struct maria_conn *, const char *sql,
    struct skv_errinfo *);
/*
 * What the error of a statement means, or of the connection when that is NULL;
 * leaves a server that has failed.
 */
enum skv_err maria_failed(struct maria_conn *, MYSQL_STMT *,
    struct skv_errinfo *);

/* --------------------------------------------------------- connections -- */

/* What a connection's session is set up for. */
enum maria_session {
	MARIA_READ,   /* repeatable read, causal if so configured */
	MARIA_SCAN,   /* the same; the first statement begins a transaction */
	MARIA_WRITE,  /* read committed, causal; only COMMIT commits */
	MARIA_SINGLE, /* the same, but every statement commits by itself */
	MARIA_SESSIONS
};

struct maria_node;

struct maria_conn {
	MYSQL *my;
	struct maria_node *node;
	enum maria_session session;
	atomic_bool broken; /* not to be used again; the watch sets it too */
	bool ending;	    /* the answer to maria_end() is still to be read */
	bool certain;	    /* the last error says that nothing was committed */
	MYSQL_STMT *stmts[MARIA_STMTS][MARIA_SIZES];
	MYSQL_BIND params[2 * MARIA_ROWS_MOST + 1];
	/* Of the node's lists. */
	struct maria_conn *next_idle;
	struct maria_conn *next, **link;
};

/* A new handle, connected; or NULL, and why, with the error's number. */
MYSQL *maria_connect(const struct maria_conf *, const struct maria_host *,
    unsigned timeout_s, char *why, size_t size, unsigned *ret_errno);
/*
 * A connection to the best server, idle or new. Waits until one is fit.
 * SKV_UNAVAILABLE, SKV_NOMEM.
 */
enum skv_err maria_take(struct engine *, enum maria_session,
    int64_t deadline_ns, struct skv_errinfo *, struct maria_conn **ret);
/*
 * Ends a transaction that has only read, without waiting for the server's
 * answer. The connection is given back next.
 */
void maria_end(struct maria_conn *);
/* Gives it back without a transaction under way, unless it is broken. */
void maria_give(struct maria_conn *);
/* Closes all that are idle. */
void maria_close_idle(struct engine *);
/*
 * Waits a short random time, longer with every attempt; SKV_UNAVAILABLE past
 * the deadline.
 */
enum skv_err maria_backoff(unsigned attempt, int64_t deadline_ns,
    struct skv_errinfo *);
int64_t maria_deadline(const struct engine *);

/* --------------------------------------------------------------- nodes -- */

enum maria_state {
	NODE_DOWN,  /* does not answer, or is no part of a primary component */
	NODE_DONOR, /* answers, but is busy giving its data to another */
	NODE_READY,
};

struct maria_node {
	struct engine *engine;
	const struct maria_host *host;
	pthread_t thread;
	bool has_thread;

	/* Guarded by the engine's mtx. */
	enum maria_state state;
	bool galera;
	bool refused;		  /* it says that we may not use it */
	bool answers;		  /* when it was looked at last */
	int64_t since_ns;	  /* when "state" or "answers" changed */
	int64_t latency_ns;	  /* of its last answer; 0: there was none */
	int64_t ready_ns;	  /* since when it is NODE_READY */
	int64_t hold_ns;	  /* not to be used before */
	int64_t due_ns;		  /* when it is looked at next */
	char why[160];		  /* it is not NODE_READY */
	struct maria_conn *conns; /* all */
	struct maria_conn *idle[MARIA_SESSIONS];
};

/* Starts the threads that watch the servers. */
bool maria_watch_start(struct engine *);
void maria_watch_stop(struct engine *);

/* -------------------------------------------------------------- engine -- */

/* One change of the batch; offsets into engine.bytes. */
struct maria_change {
	enum maria_what {
		CHANGE_PUT,
		CHANGE_DELETE,
		CHANGE_GUARD
	} what;
	size_t number;
	size_t key, keylen, value, len;
};

struct engine {
	/* Constant after opening. */
	struct maria_conf conf;
	struct maria_node nodes[MARIA_HOSTS];
	/* The table is Spider's: its rows are on several servers, which share
	 * no snapshot. */
	bool spread;

	/* Of the leader alone. */
	struct maria_conn *conn;
	bool open;		     /* the group's transaction, on it */
	struct engine_reads *locked; /* what it has read */
	int64_t deadline_ns;
	struct buf bytes;
	struct maria_change *changes;
	size_t nchanges, maxchanges;
	/* See mariadb_slot.c. */
	char slot_key[MARIA_SLOTKEY];
	uint64_t instance;
	char mark[MARIA_SLOTVALUE]; /* of the transaction that is open */
	uint64_t given;		    /* the last revision */

	struct lck mtx; /* guards everything below, and parts of the nodes */
	struct lck_cond changed; /* the state of a server */
	bool stopping;
	int64_t none_since_ns; /* no server was fit; 0: one is */
};

/* The server to use now, or NULL. */
struct maria_node *maria_best(struct engine *e) LCK_REQUIRES(e->mtx);
/* See "nodes" in scribekv.h; NULL: no memory. */
char *maria_nodes(struct engine *);
/* Notes that a server failed somebody, who should not come back at once. */
void maria_suspect(struct maria_node *, const char *why);
/* What is the matter with all of them. */
void maria_explain(struct engine *e, struct skv_errinfo *) LCK_REQUIRES(e->mtx);

/* mariadb_read.c; see engine.h */
enum skv_err maria_get(struct engine *, const void *key, size_t keylen,
    const char **ret_value, size_t *ret_len, void **ret_pin);
enum skv_err maria_read(struct engine *, const struct engine_key *, size_t n,
    bool lock, struct skv_errinfo *, struct engine_reads **ret);
enum skv_err maria_reads_get(struct engine_reads *, const void *key,
    size_t keylen, bool whole, const char **ret_value, size_t *ret_len,
    void **ret_pin);
void maria_reads_free(struct engine_reads *);
/*
 * Reads with locks, in the leader's transaction, with whose end the engine
 * frees them.
 */
enum skv_err maria_lock(struct engine *, const struct engine_key *, size_t n,
    struct skv_errinfo *, struct engine_reads **ret);
/* Whether the leader has read a key and it was not there. */
bool maria_was_absent(const struct engine *, const char *key, size_t keylen);
/* Forgets what the leader has read. */
void maria_unlock(struct engine *);
/*
 * A value, as a copy that is freed with free(); SKV_NOTFOUND. It has
 * one NUL more than *ret_len.
 */
enum skv_err maria_fetch(struct maria_conn *, const void *key, size_t keylen,
    struct skv_errinfo *, char **ret_value, size_t *ret_len);
/* The same of any statement with the parameters set that gives one value. */
enum skv_err maria_fetch_one(struct maria_conn *, enum maria_stmt,
    struct skv_errinfo *, char **ret_value, size_t *ret_len);

/* mariadb_iter.c; see engine.h */
struct engine_iter *maria_iter_new(struct engine *);
void maria_iter_free(struct engine_iter *);
void maria_iter_seek(struct engine_iter *, const void *key, size_t keylen);
void maria_iter_seek_below(struct engine_iter *, const void *key,
    size_t keylen);
void maria_iter_next(struct engine_iter *);
void maria_iter_prev(struct engine_iter *);
bool maria_iter_valid(const struct engine_iter *);
const char *maria_iter_key(const struct engine_iter *, size_t *ret_len);
const char *maria_iter_value(const struct engine_iter *, size_t *ret_len);
enum skv_err maria_iter_error(const struct engine_iter *);
enum skv_err maria_iter_bound(struct engine_iter *, const void *lower,
    size_t lowerlen, const void *upper, size_t upperlen, uint64_t limit,
    int64_t now_ms);
enum skv_err maria_iter_count(struct engine_iter *, int64_t now_ms,
    uint64_t *count);

/* mariadb_write.c; see engine.h */
enum skv_err maria_begin(struct engine *, unsigned attempt,
    struct skv_errinfo *);
enum skv_err maria_batch_put(struct engine *, const void *key, size_t keylen,
    const void *value, size_t len);
enum skv_err maria_batch_delete(struct engine *, const void *key,
    size_t keylen);
enum skv_err maria_batch_guard(struct engine *, const void *key, size_t keylen);
void maria_batch_clear(struct engine *);
enum skv_err maria_write(struct engine *, struct skv_errinfo *);
/* Opens the leader's transaction, on a connection that it takes. */
enum skv_err maria_transaction(struct engine *, struct skv_errinfo *);
/*
 * The same for a transaction that writes: marks it by a
 * record of our slot that must still be there at its end.
 */
enum skv_err maria_mark(struct engine *, struct skv_errinfo *);
/* Ends it without effect, and gives the connection back. */
void maria_rollback(struct engine *);

/* mariadb_slot.c */
/* Takes a slot for this process, in a transaction of its own; none is open. */
enum skv_err maria_slot_take(struct engine *, struct skv_errinfo *);
/* The record of our slot that says: this revision was committed. */
void maria_slot_value(const struct engine *, uint64_t revision,
    char value[MARIA_SLOTVALUE]);
/*
 * Gives our slot another record, if the one that it has ends with these bytes.
 * Otherwise ENGINE_AGAIN, with *ret_missed set where that is given.
 */
enum skv_err maria_slot_change(struct engine *,
    const char value[MARIA_SLOTVALUE], const void *was, size_t len,
    bool *ret_missed, struct skv_errinfo *);
/*
 * What the record of our slot tells: SKV_OK and the last revision committed, or
 * SKV_NOTFOUND when another process has taken the slot.
 */
enum skv_err maria_slot_check(const struct engine *, const char *value,
    size_t len, uint64_t *ret_revision);
uint64_t maria_revision(struct engine *, uint64_t last);
/* From now on gives only revisions greater than this one. */
void maria_seen(struct engine *, uint64_t revision);

#endif
