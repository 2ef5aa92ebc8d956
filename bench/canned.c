/* SPDX-License-Identifier: MIT */
/*
 * A FastCGI responder that does nothing: it finds where a request ends and
 * answers with 100 fixed bytes, on connections that it keeps, without libfcgi.
 * Behind the same nginx it is the limit for anything in the daemon's place.
 *
 * usage: canned SOCKET THREADS
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 256
#define TURN_MAX 64

/* Of the FastCGI specification, sections 3.3 and 8. */
#define HEADER 8
#define FCGI_END_REQUEST 3
#define FCGI_STDIN 5
#define FCGI_STDOUT 6

#define TEXT \
	"Status: 200 OK\r\n" \
	"Content-Type: application/octet-stream\r\n" \
	"Content-Length: 100\r\n\r\n" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"01234567890123456789"
#define TEXTLEN (sizeof(TEXT) - 1)
#define PADDING (-TEXTLEN % HEADER)
#define END (HEADER + TEXTLEN + PADDING)
#define ANSWER (END + 2 * HEADER)

/* The answer but for the request's id. */
static unsigned char answer[ANSWER];

/* Where in its stream of records a connection is. */
struct conn {
	int fd;
	unsigned char header[HEADER];
	size_t nheader;
	size_t skip; /* of the present record's content and padding */
};

static int listen_fd;

static void
make_answer(void)
{
	unsigned char *end = answer + END;

	answer[0] = end[0] = 1; /* version */
	answer[1] = FCGI_STDOUT;
	answer[4] = (unsigned char)(TEXTLEN >> 8);
	answer[5] = (unsigned char)(TEXTLEN & 0xff);
	answer[6] = PADDING;
	memcpy(answer + HEADER, TEXT, TEXTLEN);
	end[1] = FCGI_END_REQUEST;
	end[5] = HEADER; /* of zeros: complete, status 0 */
}

static bool
reply(const struct conn *c)
{
	unsigned char out[ANSWER];

	memcpy(out, answer, sizeof(out));
	memcpy(out + 2, c->header + 2, 2);
	memcpy(out + END + 2, c->header + 2, 2);
	/* Smaller than any socket's buffer, and nginx waits for it. */
	return (send(c->fd, out, sizeof(out), MSG_NOSIGNAL) == sizeof(out));
}

/* Takes in bytes; an empty record of standard input ends a request. */
static bool
feed(struct conn *c, const unsigned char *p, size_t len)
{
	size_t n;

	while (len > 0) {
		n = c->skip > 0 ? c->skip : HEADER - c->nheader;
		if (n > len)
			n = len;
		if (c->skip > 0)
			c->skip -= n;
		else {
			memcpy(c->header + c->nheader, p, n);
			c->nheader += n;
		}
		p += n;
		len -= n;
		if (c->nheader < HEADER)
			continue;
		c->nheader = 0;
		c->skip = (size_t)(c->header[4] << 8 | c->header[5]);
		if (c->header[1] == FCGI_STDIN && c->skip == 0 && !reply(c))
			return (false);
		c->skip += c->header[6];
	}
	return (true);
}

static void
serve(struct conn *c)
{
	unsigned char in[16384];
	ssize_t n;

	n = recv(c->fd, in, sizeof(in), MSG_DONTWAIT);
	if (n > 0 ? feed(c, in, (size_t)n) : n == -1 && errno == EAGAIN)
		return;
	(void)close(c->fd);
	free(c);
}

static void
adopt(int epoll_fd)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct conn *c;
	int fd;

	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd == -1)
		return; /* another thread was first */
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		err(EXIT_FAILURE, "calloc");
	c->fd = fd;
	ev.data.ptr = c;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(EXIT_FAILURE, "epoll_ctl");
}

/* A connection stays with the thread that accepted it. */
static void *
thread_main(void *arg)
{
	struct epoll_event ready[TURN_MAX];
	struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int epoll_fd, i, n;

	(void)arg;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd == -1 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &ev) == -1)
		err(EXIT_FAILURE, "epoll");
	for (;;) {
		n = epoll_wait(epoll_fd, ready, TURN_MAX, -1);
		if (n == -1 && errno != EINTR)
			err(EXIT_FAILURE, "epoll_wait");
		for (i = 0; i < n; i++)
			if (ready[i].data.ptr == NULL)
				adopt(epoll_fd);
			else
				serve(ready[i].data.ptr);
	}
	return (NULL);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	pthread_t thread;
	long threads;

	threads = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	if (threads < 1 || threads > THREADS_MAX)
		errx(EXIT_FAILURE, "usage: canned SOCKET THREADS");
	if (strlen(argv[1]) >= sizeof(sun.sun_path))
		errx(EXIT_FAILURE, "%s: too long", argv[1]);
	memcpy(sun.sun_path, argv[1], strlen(argv[1]));
	make_answer();
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (listen_fd == -1 ||
	    bind(listen_fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(listen_fd, 1024) == -1)
		err(EXIT_FAILURE, "%s", argv[1]);
	while (--threads > 0)
		if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
			errx(EXIT_FAILURE, "cannot start a thread");
	(void)thread_main(NULL);
	return (EXIT_FAILURE);
}
