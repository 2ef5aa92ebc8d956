/* SPDX-License-Identifier: MIT */
/*
 * A file as a target: as many bytes as LevelDB's log would get, by write(2)
 * and fdatasync(2). The limit of everything that is durable.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/target.h"

/*
 * In the log: a record's head, a batch's head; of each pair a tag, two lengths
 * and what the library puts before keys and values.
 */
#define HEADLEN (7 + 12)
#define PAIRLEN (3 + 1 + KEYLEN + 10 + VALUELEN)
#define PAIRSMAX 1000

struct handle {
	int fd;
	char buf[HEADLEN + PAIRSMAX * PAIRLEN];
};

static void *
handle_open(const char *dir)
{
	struct handle *h = calloc(1, sizeof(*h));
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/log", dir);

	if (h == NULL || n < 0 || (size_t)n >= sizeof(path))
		die(dir, "out of memory, or too long");
	(void)mkdir(dir, 0700);
	h->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (h->fd == -1)
		err(EXIT_FAILURE, "%s", path);
	return (h);
}

static void
handle_sync(void *p)
{
	struct handle *h = p;

	if (fdatasync(h->fd) == -1)
		err(EXIT_FAILURE, "fdatasync");
}

static void
handle_put(void *p, const struct pair *pairs, unsigned n, bool sync)
{
	struct handle *h = p;
	size_t len = HEADLEN + (size_t)n * PAIRLEN;
	unsigned i;

	if (n > PAIRSMAX)
		die("file", "batch too large");
	for (i = 0; i < n; i++)
		memcpy(h->buf + HEADLEN + (size_t)i * PAIRLEN, &pairs[i],
		    sizeof(*pairs));
	if (write(h->fd, h->buf, len) != (ssize_t)len)
		err(EXIT_FAILURE, "write");
	if (sync)
		handle_sync(h);
}

static void
handle_close(void *p)
{
	struct handle *h = p;

	if (close(h->fd) == -1)
		err(EXIT_FAILURE, "close");
	free(h);
}

const struct target target_file = {
    .name = "file",
    .open = handle_open,
    .put = handle_put,
    .sync = handle_sync,
    .close = handle_close,
};
