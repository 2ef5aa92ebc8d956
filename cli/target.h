/* SPDX-License-Identifier: MIT */
/*
 * What commands work on: a server, over HTTP (http.c), or a store that this
 * process opens (direct.c). Both are a table of the same functions with the
 * same results, byte for byte where they are documents.
 *
 * 1. A function fills in an answer, which is emptied first, and returns its
 *    status. With any status but ST_DONE the answer has a message: a sentence
 *    for the user, without an end of line. target_fail() prints it.
 * 2. Documents are JSON as the HTTP interface describes them.
 * 3. Keys are within the limits: session_key() has looked.
 */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "cli/cli.h"
#include "store/scribekv.h"
#include "wire/etag.h"

struct answer {
	enum status status;
	char message[512];
	struct buf body; /* a document or a value */
	char etag[ETAG_MAX + 2];
	char type[SKV_TYPEMAX + 1];
	uint64_t revision;
	uint64_t ttl; /* seconds, 0: does not expire */
	bool durable;
	/* Counted, deleted; or lines of an import that were applied. */
	uint64_t count;
	/* Of an import that was refused: the line, from 1; 0: not a line's
	 * fault. */
	uint64_t line;
	/* A write that failed may have been done, in whole or in part. */
	bool unknown;
};

enum sync {
	SYNC_DEFAULT, /* as the server is configured; a store: async */
	SYNC_YES,
	SYNC_NO,
};

/* A condition on a key's present version; all zero: none. */
struct condition {
	const char *if_match; /* an entity tag, or "*" */
	bool if_absent;
};

struct put {
	struct bytes value;
	bool json;	  /* the value is a JSON document, to be kept as one */
	const char *type; /* content type, unless "json" */
	uint64_t ttl;	  /* seconds, 0: does not expire */
	enum sync sync;
	struct condition condition;
};

struct list_query {
	struct skv_range range;
	struct bytes delimiter;
	uint64_t limit; /* of the page, 1 to 10000 */
	bool values;
	const char *cursor; /* of the page before; NULL: from the start */
};

/*
 * Takes a part of an export, which ends anywhere in a line; false stops it,
 * with the answer's status ST_SERVER and no message.
 */
typedef bool target_sink(const char *data, size_t len, void *arg);

struct target;
struct target_ops {
	/* The value's bytes, with etag, type, revision and ttl; or, with
	 * "envelope", the document that has them. */
	enum status (*get)(struct target *, struct bytes key, bool envelope,
	    struct answer *);
	/* etag, revision, durable */
	enum status (*put)(struct target *, struct bytes key,
	    const struct put *, struct answer *);
	/* revision */
	enum status (*del)(struct target *, struct bytes key,
	    const struct condition *, enum sync, struct answer *);
	/* One page of a list: the document. */
	enum status (*list)(struct target *, const struct list_query *,
	    struct answer *);
	enum status (*count)(struct target *, const struct skv_range *,
	    struct answer *);
	/* An empty range is all keys. */
	enum status (*delete_range)(struct target *, const struct skv_range *,
	    struct answer *);
	/* A transaction's document in; the answer's document out, also when a
	 * condition was false. */
	enum status (*txn)(struct target *, struct bytes document, enum sync,
	    struct answer *);
	/* Whole lines. With SYNC_YES everything imported up to now is durable
	 * in the end; that may be asked for with no lines at all. */
	enum status (*import)(struct target *, struct bytes lines, enum sync,
	    struct answer *);
	/* Lines, in the order of their keys, of one moment. */
	enum status (*export)(struct target *, const struct skv_range *,
	    target_sink *, void *arg, struct answer *);
	/* The document of /health; ST_SERVER when it does not take writes,
	 * also with the document. */
	enum status (*health)(struct target *, struct answer *);
	/* Text for Prometheus. */
	enum status (*metrics)(struct target *, struct answer *);
	enum status (*close)(struct target *, struct answer *);
};

struct target {
	const struct target_ops *ops;
	char *name; /* for messages: the URL */
};

/* Where a target is and how to get in. Strings are the caller's; NULL: none. */
struct target_address {
	const char *url;   /* http: or https: */
	const char *store; /* a directory, or what skv_open() takes */
	bool create;	   /* the store may be made */
	const char *unix_socket;
	const char *cacert, *cert, *key;
	const char *token_file, *user_file;
	uint64_t timeout_s; /* longest silence of the server */
	uint64_t retries;
};

#define TARGET_URL_DEFAULT "http://127.0.0.1:8080"
#define TARGET_TIMEOUT_DEFAULT 60
#define TARGET_RETRIES_DEFAULT 3

/* The answer's message is set on failure. */
enum status target_open(const struct target_address *, struct answer *,
    struct target **ret);
enum status http_open(const struct target_address *, struct answer *,
    struct target **ret);
enum status direct_open(const struct target_address *, struct answer *,
    struct target **ret);

void answer_reset(struct answer *);
void answer_release(struct answer *);
/* Sets status and message. */
enum status answer_fail(struct answer *, enum status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum status answer_nomem(struct answer *);
/* Prints the message, if there is one, and returns the status. */
enum status target_fail(const struct answer *);

#endif
