/* SPDX-License-Identifier: MIT */
/*
 * The listening socket. It is not FCGX_OpenSocket()'s: that one unlinks the
 * socket of a living daemon, ends the process on errors and sets no
 * close-on-exec flag.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/listen.h"
#include "fcgi/log.h"

/* The first descriptor that a service manager passes, sd_listen_fds(3). */
#define PASSED_FD 3

static bool
is_listening(int fd)
{
	socklen_t len = sizeof(int);
	int on = 0;

	return (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 &&
	    on != 0);
}

/* A socket passed to the process, or -1. */
static int
passed_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	if (pid != NULL && n != NULL && strtol(pid, NULL, 10) == getpid() &&
	    strtol(n, NULL, 10) >= 1 && is_listening(PASSED_FD))
		return (PASSED_FD);
	return (is_listening(STDIN_FILENO) ? STDIN_FILENO : -1);
}

static bool
set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return (flags != -1 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != -1);
}

/* Whether somebody accepts connections there. */
static bool
is_answered(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	if (fd == -1)
		return (false);
	/* With a full queue it is EAGAIN: there is somebody, too. */
	yes = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ||
	    errno == EAGAIN;
	(void)close(fd);
	return (yes);
}

/* Makes way for a new socket, and for nothing else. */
static bool
remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1 && errno == ENOENT)
		return (true);
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		log_errx("%s: there is something that is no socket", path);
		return (false);
	}
	if (unlink(path) == -1 && errno != ENOENT) {
		log_err("%s: cannot replace", path);
		return (false);
	}
	return (true);
}

static bool
set_owner(const struct conf *conf)
{
	const struct group *gr;

	if (chmod(conf->socket, conf->socket_mode) == -1) {
		log_err("%s: chmod", conf->socket);
		return (false);
	}
	if (conf->socket_group[0] == '\0')
		return (true);
	gr = getgrnam(conf->socket_group);
	if (gr == NULL) {
		log_errx("socket_group: there is no group \"%s\"",
		    conf->socket_group);
		return (false);
	}
	if (chown(conf->socket, (uid_t)-1, gr->gr_gid) == -1) {
		log_err("%s: chown to group %s", conf->socket,
		    conf->socket_group);
		return (false);
	}
	return (true);
}

static int
listen_unix(const struct conf *conf)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, rc;

	if (strlen(conf->socket) >= sizeof(sun.sun_path)) {
		log_errx("socket: \"%s\" is over %zu bytes, the longest path "
			 "of a UNIX socket",
		    conf->socket, sizeof(sun.sun_path) - 1);
		return (-1);
	}
	memcpy(sun.sun_path, conf->socket, strlen(conf->socket));
	if (is_answered(&sun)) {
		log_errx("%s: another process serves on this socket",
		    conf->socket);
		return (-1);
	}
	if (!remove_stale(conf->socket))
		return (-1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		log_err("socket");
		return (-1);
	}
	/* Nobody else may connect before mode and group are set. */
	mask = umask(0177);
	rc = bind(fd, (const struct sockaddr *)&sun, sizeof(sun));
	(void)umask(mask);
	if (rc == -1) {
		log_err("%s: bind", conf->socket);
		(void)close(fd);
		return (-1);
	}
	if (!set_owner(conf)) {
		(void)unlink(conf->socket);
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

static bool
is_loopback(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		return (ntohl(in.sin_addr.s_addr) >> 24 == 127);
	}
	memcpy(&in6, sa, sizeof(in6));
	return (IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr));
}

static int
listen_tcp(const struct conf *conf)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	int fd, on = 1, rc;

	rc = getaddrinfo(conf->socket_host, conf->socket_port, &hints, &ai);
	if (rc != 0) {
		log_errx("socket: %s: %s", conf->socket, gai_strerror(rc));
		return (-1);
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
		log_err("%s: bind", conf->socket);
		if (fd != -1)
			(void)close(fd);
		fd = -1;
	} else
		log_warnx("%s: whoever reaches this port can read, change and "
			  "delete everything and stop the daemon%s",
		    conf->socket,
		    is_loopback(ai->ai_addr) ? "" :
					       ", and it is no loopback "
					       "address");
	freeaddrinfo(ai);
	return (fd);
}

bool
listen_open(struct listener *ret, const struct conf *conf)
{
	*ret = (struct listener){.fd = passed_socket()};
	ret->passed = ret->fd != -1;
	if (!ret->passed && conf->socket_host == NULL) {
		ret->fd = listen_unix(conf);
		ret->path = ret->fd == -1 ? NULL : conf->socket;
	} else if (!ret->passed)
		ret->fd = listen_tcp(conf);
	if (ret->fd == -1)
		return (false);
	if (!set_flags(ret->fd) ||
	    (!ret->passed &&
		listen(ret->fd, (int)conf->socket_backlog) == -1)) {
		log_err("listen");
		listen_close(ret);
		return (false);
	}
	return (true);
}

void
listen_close(struct listener *l)
{
	if (l->path != NULL)
		(void)unlink(l->path);
	if (l->fd != -1)
		(void)close(l->fd);
	*l = (struct listener){.fd = -1};
}
