/* SPDX-License-Identifier: MIT */
/*
 * Connections that do nothing: opens COUNT of them, to a port of 127.0.0.1
 * where each makes one HTTP request first, or to a UNIX socket; says "ready";
 * and keeps them until its standard input ends. Fails when the other side
 * closed one meanwhile.
 *
 * usage: idle COUNT PORT|SOCKET
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUEST "GET /kv/idle HTTP/1.1\r\nHost: idle\r\n\r\n"

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static socklen_t
make_address(union address *a, const char *where)
{
	char *end;
	unsigned long port = strtoul(where, &end, 10);

	memset(a, 0, sizeof(*a));
	if (*end == '\0' && port > 0 && port <= UINT16_MAX) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons((uint16_t)port);
		a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return (sizeof(a->in));
	}
	a->un.sun_family = AF_UNIX;
	if (strlen(where) >= sizeof(a->un.sun_path))
		errx(EXIT_FAILURE, "%s: too long", where);
	memcpy(a->un.sun_path, where, strlen(where));
	return (sizeof(a->un));
}

static int
open_one(const union address *a, socklen_t len)
{
	char answer[4096];
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || connect(fd, &a->sa, len) == -1)
		err(EXIT_FAILURE, "connect");
	if (a->sa.sa_family == AF_UNIX)
		return (fd);
	/* The answer is small and comes in one piece. */
	if (write(fd, REQUEST, sizeof(REQUEST) - 1) == -1 ||
	    read(fd, answer, sizeof(answer)) <= 0)
		err(EXIT_FAILURE, "first request");
	return (fd);
}

/* Whether it is still open, with nothing to be read. */
static void
check(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != -1 ||
	    errno != EAGAIN)
		errx(EXIT_FAILURE, "a connection was closed");
}

int
main(int argc, char **argv)
{
	struct rlimit limit;
	union address a;
	socklen_t len;
	char byte;
	int *fds;
	long i, n;

	n = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
	if (n < 1 || n > 1000000)
		errx(EXIT_FAILURE, "usage: idle COUNT PORT|SOCKET");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	fds = calloc((size_t)n, sizeof(*fds));
	if (fds == NULL)
		err(EXIT_FAILURE, "calloc");
	len = make_address(&a, argv[2]);
	for (i = 0; i < n; i++)
		fds[i] = open_one(&a, len);
	(void)puts("ready");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == 1)
		;
	for (i = 0; i < n; i++) {
		check(fds[i]);
		(void)close(fds[i]);
	}
	free(fds);
	return (EXIT_SUCCESS);
}
