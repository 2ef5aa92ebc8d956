/* SPDX-License-Identifier: MIT */
/*
 * FastCGI connections. nginx keeps its connections to us open, many more than
 * there are threads: an idle one is parked in the server's epoll set, and only
 * one that has something to read is given to libfcgi, by whichever worker sees
 * it. conn.c is the only user of libfcgi and the home of its rules.
 *
 * 1. A connection belongs to the epoll set while parked, and otherwise to the
 *    request that is read from it, until conn_finish() gives it back.
 * 2. A request may be finished by another thread than the one that read it.
 */
#ifndef FCGI_CONN_H
#define FCGI_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct conn;
struct server;

/*
 * Prepares libfcgi; before any thread, and after the signals that the process
 * handles are blocked. False when it cannot.
 */
bool conn_init(void);
/* Adds the listener and the stop event to the epoll set. Failure is logged. */
bool conn_watch(struct server *);
/*
 * Accepts what waits at the listener, up to a bounded number. When the system
 * refuses, accepting pauses until conn_resume() is called.
 */
void conn_accept(struct server *);
void conn_resume(struct server *);
/*
 * Waits for ready connections, up to "max"; "wait_ms" as in epoll_wait(2).
 * Returns how many were put into ret[], and whether the listener is ready.
 */
unsigned conn_ready(struct server *, struct conn **ret, unsigned max,
    int wait_ms, bool *ret_accept);
/*
 * Lets libfcgi read the head of a request. False: the connection has ended and
 * is gone. On true the caller serves the request and calls conn_finish().
 */
bool conn_begin(struct conn *);
/* "NAME=value" strings, ending with NULL; valid until conn_finish(). */
char *const *conn_params(const struct conn *);
struct server *conn_server(const struct conn *);
/* Reads from the request's body: bytes read, 0 at its end, -1 on an error. */
ssize_t conn_read(struct conn *, void *buf, size_t len);
/* False when the peer is gone or stands still. */
bool conn_write(struct conn *, const void *data, size_t len);
/* Ends the request and parks or closes the connection. */
void conn_finish(struct conn *);
/* Closes the connection without ending the request. */
void conn_abort(struct conn *);
/*
 * Makes who waits for this connection's peer wait no longer. The caller holds
 * the server's lock, so that the connection is not freed.
 */
void conn_cut(const struct conn *);
/* Closes all connections; nobody may use one any more. */
void conn_close_all(struct server *);

#endif
