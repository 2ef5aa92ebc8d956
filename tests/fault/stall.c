/* SPDX-License-Identifier: MIT */
/*
 * A module for LD_PRELOAD: a disk that stands still. While the file named by
 * the environment's SKV_STALL exists, the call that it names, "write" or
 * "fdatasync", does not return for LevelDB's logs.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STANDIN __attribute__((visibility("default")))
#define LOOK_US 5000 /* how often to look whether it still exists */

static bool
stalled(const char *call)
{
	const char *path = getenv("SKV_STALL");
	char text[16] = "";
	int fd;

	fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return (false);
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	(void)close(fd);
	return (strncmp(text, call, strlen(call)) == 0);
}

/* Whether it is a file "NNNNNN.log". */
static bool
is_log(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n, i;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	if (n < 11 || memcmp(path + n - 4, ".log", 4) != 0)
		return (false);
	for (i = n - 10; i < n - 4; i++)
		if (path[i] < '0' || path[i] > '9')
			return (false);
	return (true);
}

static void
stand_still(int fd, const char *call)
{
	if (!stalled(call) || !is_log(fd))
		return;
	while (stalled(call))
		(void)usleep(LOOK_US);
}

STANDIN ssize_t
write(int fd, const void *data, size_t len)
{
	stand_still(fd, "write");
	return (syscall(SYS_write, fd, data, len));
}

STANDIN int
fdatasync(int fd)
{
	stand_still(fd, "fdatasync");
	return ((int)syscall(SYS_fdatasync, fd));
}
