/* SPDX-License-Identifier: MIT */
/*
 * FastCGI connections over libfcgi; see conn.h for the idea. Rules of libfcgi
 * 2.4.2 that this file keeps (configure checks for the fields named):
 *
 *  - FCGX_Accept_r() reads the next request from r.ipcFd if that is set; with
 *    listen_sock == -1 it never accepts by itself. keepConnection must be 1
 *    before the first call, because the call first finishes the request before,
 *    and would close the descriptor.
 *  - After an error from FCGX_Accept_r(), and after FCGX_Finish_r() with
 *    r.ipcFd < 0, the descriptor is closed already, and its number may be
 *    somebody else's.
 *  - The body must be read to its end before the request is finished: what is
 *    left in the reader's buffer would be missing from the next request.
 *  - Closing lingers for up to two seconds unless FCGX_Detach() was called,
 *    which holds for the connection's life.
 *  - After a failed write the request must not be finished: that would send the
 *    buffer once more, from its beginning.
 *  - A read that is interrupted or times out fails the request: signals are
 *    blocked in every thread, and the time-outs are ours.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/log.h"
#include "fcgi/server.h"

#define CONN_MAGIC 0x636f6e6e
#define ACCEPT_MAX 64 /* connections accepted before requests are served */
#define READY_MAX 64

struct conn {
	unsigned magic;
	FCGX_Request fcgi;
	struct server *server;
	int fd;		 /* constant; libfcgi's copy changes when it closes */
	uint64_t cookie; /* what tells it from others of that number */
	/* Hands the connection from the thread that parks it to the one that
	 * takes it up, for the memory model's sake: the kernel orders it. */
	atomic_bool parked;
	struct conn *next, **prev; /* in server->conns, under its lock */
};

bool
conn_init(void)
{
	return (FCGX_Init() == 0);
}

static bool
watch_listener(struct server *srv, int op)
{
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLONESHOT,
	    .data.ptr = &srv->listen_fd,
	};

	return (epoll_ctl(srv->epoll_fd, op, srv->listen_fd, &ev) == 0);
}

bool
conn_watch(struct server *srv)
{
	struct epoll_event stop = {
	    .events = EPOLLIN,
	    .data.ptr = &srv->stop_fd,
	};

	if (!watch_listener(srv, EPOLL_CTL_ADD) ||
	    epoll_ctl(srv->epoll_fd, EPOLL_CTL_ADD, srv->stop_fd, &stop) ==
		-1) {
		log_err("epoll_ctl");
		return (false);
	}
	return (true);
}

static bool
park(struct conn *c, int op)
{
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
	    .data.ptr = c,
	};

	atomic_store_explicit(&c->parked, true, memory_order_release);
	return (epoll_ctl(c->server->epoll_fd, op, c->fcgi.ipcFd, &ev) == 0);
}

/* Forgets a connection whose descriptor is closed. */
static void
conn_free(struct conn *c)
{
	struct server *srv = c->server;

	lck_lock(&srv->mtx);
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	lck_unlock(&srv->mtx);
	atomic_fetch_sub(&srv->nconns, 1);
	FCGX_Free(&c->fcgi, 0);
	c->magic = 0;
	free(c);
}

static struct conn *
conn_new(struct server *srv, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	socklen_t len = sizeof(c->cookie);

	if (c == NULL)
		return (NULL);
	c->magic = CONN_MAGIC;
	c->server = srv;
	if (FCGX_InitRequest(&c->fcgi, -1, 0) != 0) {
		free(c);
		return (NULL);
	}
	c->fcgi.ipcFd = c->fd = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &c->cookie, &len) == -1)
		c->cookie = 0;
	c->fcgi.keepConnection = 1;
	FCGX_Detach(&c->fcgi);
	lck_lock(&srv->mtx);
	c->next = srv->conns;
	c->prev = &srv->conns;
	if (c->next != NULL)
		c->next->prev = &c->next;
	srv->conns = c;
	lck_unlock(&srv->mtx);
	atomic_fetch_add(&srv->nconns, 1);
	return (c);
}

static bool
set_timeouts(int fd, uint32_t ms)
{
	struct timeval tv = {
	    .tv_sec = ms / 1000,
	    .tv_usec = (suseconds_t)(ms % 1000) * 1000,
	};

	return (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
}

static void
adopt(struct server *srv, int fd)
{
	struct conn *c = NULL;

	if (atomic_load(&srv->nconns) >= srv->conf->max_connections) {
		/* Said once, until there is room again. */
		if (!atomic_exchange(&srv->refusing, true))
			log_warnx("refusing connections: max_connections is "
				  "%u",
			    srv->conf->max_connections);
	} else if (!set_timeouts(fd, srv->conf->io_timeout_ms)) {
		log_err("setsockopt");
	} else if ((c = conn_new(srv, fd)) == NULL) {
		log_errx("connection refused: out of memory");
	} else if (!park(c, EPOLL_CTL_ADD)) {
		log_err("epoll_ctl");
		conn_free(c);
		c = NULL;
	}
	if (c == NULL)
		(void)close(fd);
	else if (atomic_load(&srv->refusing))
		atomic_store(&srv->refusing, false);
}

void
conn_accept(struct server *srv)
{
	unsigned i;
	int fd;

	for (i = 0; i < ACCEPT_MAX; i++) {
		fd = accept4(srv->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			adopt(srv, fd);
		else if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
	if (i < ACCEPT_MAX && errno != EAGAIN) {
		/* Most likely out of descriptors. The peer waits in the
		 * backlog, and conn_resume() looks again. */
		log_err("accept: pausing");
		atomic_store(&srv->accept_paused, true);
	} else if (!watch_listener(srv, EPOLL_CTL_MOD))
		log_err("epoll_ctl");
}

void
conn_resume(struct server *srv)
{
	if (atomic_exchange(&srv->accept_paused, false) &&
	    !watch_listener(srv, EPOLL_CTL_MOD))
		log_err("epoll_ctl");
}

unsigned
conn_ready(struct server *srv, struct conn **ret, unsigned max, int wait_ms,
    bool *ret_accept)
{
	struct epoll_event ev[READY_MAX];
	unsigned n = 0;
	int i, rc;

	*ret_accept = false;
	if (max > READY_MAX)
		max = READY_MAX;
	rc = epoll_wait(srv->epoll_fd, ev, (int)max, wait_ms);
	if (rc == -1) {
		CHECK(errno == EINTR);
		return (0);
	}
	for (i = 0; i < rc; i++) {
		if (ev[i].data.ptr == &srv->listen_fd)
			*ret_accept = true;
		else if (ev[i].data.ptr != &srv->stop_fd)
			ret[n++] = ev[i].data.ptr;
	}
	return (n);
}

bool
conn_begin(struct conn *c)
{
	struct server *srv;
	int rc;

	CHECK(atomic_load_explicit(&c->parked, memory_order_acquire));
	CHECK_MAGIC(c, CONN_MAGIC);
	srv = c->server;
	atomic_store_explicit(&c->parked, false, memory_order_relaxed);
	atomic_fetch_add(&srv->inflight, 1);
	worker_waits(c);
	rc = FCGX_Accept_r(&c->fcgi);
	worker_goes_on();
	if (rc == 0)
		return (true);
	conn_free(c);
	atomic_fetch_sub(&srv->inflight, 1);
	return (false);
}

char *const *
conn_params(const struct conn *c)
{
	return (c->fcgi.envp);
}

struct server *
conn_server(const struct conn *c)
{
	return (c->server);
}

ssize_t
conn_read(struct conn *c, void *buf, size_t len)
{
	int n;

	worker_waits(c);
	n = FCGX_GetStr(buf, len > INT32_MAX ? INT32_MAX : (int)len,
	    c->fcgi.in);
	worker_goes_on();
	return (FCGX_GetError(c->fcgi.in) != 0 ? -1 : n);
}

bool
conn_write(struct conn *c, const void *data, size_t len)
{
	const char *p = data;
	int n, rc;

	for (; len > 0; len -= (size_t)n, p += n) {
		n = len > INT32_MAX ? INT32_MAX : (int)len;
		worker_waits(c);
		rc = FCGX_PutStr(p, n, c->fcgi.out);
		worker_goes_on();
		if (rc != n)
			return (false);
	}
	return (true);
}

void
conn_finish(struct conn *c)
{
	struct server *srv = c->server;
	char rest[4096];

	CHECK_MAGIC(c, CONN_MAGIC);
	if (FCGX_GetError(c->fcgi.out) != 0) {
		conn_abort(c);
		return;
	}
	while (conn_read(c, rest, sizeof(rest)) > 0)
		continue;
	if (atomic_load(&srv->draining))
		c->fcgi.keepConnection = 0;
	worker_waits(c);
	FCGX_Finish_r(&c->fcgi);
	worker_goes_on();
	if (c->fcgi.ipcFd < 0)
		conn_free(c);
	else if (!park(c, EPOLL_CTL_MOD)) {
		log_err("epoll_ctl");
		(void)close(c->fcgi.ipcFd);
		conn_free(c);
	}
	/* Last: from zero on nobody touches a connection. */
	atomic_fetch_sub(&srv->inflight, 1);
}

void
conn_abort(struct conn *c)
{
	struct server *srv = c->server;

	CHECK_MAGIC(c, CONN_MAGIC);
	FCGX_Free(&c->fcgi, 1);
	conn_free(c);
	atomic_fetch_sub(&srv->inflight, 1);
}

/*
 * The worker that waits may be closing the descriptor right now, and somebody
 * else may have got its number: hence the duplicate and the cookie.
 */
void
conn_cut(const struct conn *c)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);

	CHECK_MAGIC(c, CONN_MAGIC);
	if (fd == -1)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 &&
	    cookie == c->cookie)
		(void)shutdown(fd, SHUT_RDWR);
	(void)close(fd);
}

void
conn_close_all(struct server *srv)
{
	struct conn *c, *next;

	lck_lock(&srv->mtx);
	c = srv->conns;
	lck_unlock(&srv->mtx);
	for (; c != NULL; c = next) {
		next = c->next;
		(void)close(c->fcgi.ipcFd);
		conn_free(c);
	}
}
