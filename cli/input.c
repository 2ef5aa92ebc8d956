/* SPDX-License-Identifier: MIT */
/* Files and standard input; see input.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/input.h"

#define CHUNK 65536UL

static enum status
read_all(int fd, const char *name, struct buf *b)
{
	ssize_t n = 1;
	char *p;

	while (n != 0) {
		if (b->len > INPUT_MAX)
			return (fail_user(ST_USAGE, "%s is over %lu bytes",
			    name, INPUT_MAX));
		p = buf_extend(b, CHUNK);
		if (p == NULL)
			return (fail_user(ST_SERVER, "out of memory"));
		n = read(fd, p, CHUNK);
		buf_truncate(b, b->len - CHUNK + (n > 0 ? (size_t)n : 0));
		if (interrupted())
			return (ST_SERVER);
		if (n == -1 && errno != EINTR)
			return (fail_user(ST_USAGE, "%s: %s", name,
			    strerror(errno)));
	}
	return (ST_DONE);
}

enum status
input_read(const char *path, struct buf *b)
{
	enum status st;
	int fd;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
			(void)fputs("(type it, and end with Ctrl-D)\n", stderr);
		return (read_all(STDIN_FILENO, "standard input", b));
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return (fail_user(ST_USAGE, "%s: %s", path, strerror(errno)));
	st = read_all(fd, path, b);
	(void)close(fd);
	return (st);
}
