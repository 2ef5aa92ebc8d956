/* SPDX-License-Identifier: MIT */
/* Backup files; see archive.h. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/archive.h"
#include "cli/common.h"

#define HEAD "{\"scribekv_backup\":1,\"created\":\""
#define CHUNK 65536

void
archive_add(struct archive *a, const void *data, size_t len)
{
	SHA256Update(&a->sha, data, len);
	a->bytes += len;
	a->keys += count_lines(data, len);
}

size_t
archive_head(struct archive *a, char line[ARCHIVE_LINE_MAX], int64_t now)
{
	time_t seconds = (time_t)now;
	char text[32] = "";
	struct tm tm;
	int len;

	if (gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	len = snprintf(line, ARCHIVE_LINE_MAX, HEAD "%s\"}\n", text);
	memset(a, 0, sizeof(*a));
	SHA256Init(&a->sha);
	archive_add(a, line, (size_t)len);
	a->keys = 0;
	return ((size_t)len);
}

size_t
archive_tail(struct archive *a, char line[ARCHIVE_LINE_MAX])
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX sha = a->sha; /* SHA256End() is the end of it */
	int len;

	(void)SHA256End(&sha, hex);
	len = snprintf(line, ARCHIVE_LINE_MAX,
	    "{\"end\":{\"keys\":%" PRIu64 ",\"bytes\":%" PRIu64
	    ",\"sha256\":\"%s\"}}\n",
	    a->keys, a->bytes, hex);
	return ((size_t)len);
}

/* Reads exactly that; a file that became shorter is an error. */
static bool
read_exactly(int fd, void *ret, size_t len, uint64_t offset)
{
	char *p = ret;
	ssize_t n;

	for (; len > 0; len -= (size_t)n, p += n, offset += (uint64_t)n) {
		n = pread(fd, p, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return (false);
		}
	}
	return (true);
}

/*
 * Finds the first and the last line, the latter into "tail". NULL, or what
 * is wrong.
 */
static const char *
find_frame(struct archive_file *f, char tail[ARCHIVE_LINE_MAX + 1])
{
	char line[ARCHIVE_LINE_MAX], *nl;
	size_t len = f->size < sizeof(line) ? (size_t)f->size : sizeof(line);

	if (!read_exactly(f->fd, line, len, 0))
		return (strerror(errno));
	nl = memchr(line, '\n', len);
	if (nl == NULL || (size_t)(nl - line) < strlen(HEAD) ||
	    memcmp(line, HEAD, strlen(HEAD)) != 0)
		return ("it does not begin like a backup");
	f->begin = (uint64_t)(nl + 1 - line);
	len = f->size - f->begin < sizeof(line) ? (size_t)(f->size - f->begin) :
						  sizeof(line);
	if (!read_exactly(f->fd, tail, len, f->size - len))
		return (strerror(errno));
	tail[len] = '\0';
	f->end = f->size;
	if (len == 0 || tail[len - 1] != '\n')
		return ("its end is missing");
	nl = memrchr(tail, '\n', len - 1);
	if (nl != NULL)
		memmove(tail, nl + 1, strlen(nl + 1) + 1);
	f->end = f->size - strlen(tail);
	return (NULL);
}

/* Reads all of it. NULL, or what is wrong. */
static const char *
verify(struct archive_file *f, bool (*on_read)(uint64_t, void *), void *arg)
{
	static char bytes[CHUNK];
	char tail[ARCHIVE_LINE_MAX + 1], want[ARCHIVE_LINE_MAX];
	struct archive a = {.keys = 0};
	const char *why = find_frame(f, tail);
	uint64_t at = 0;
	size_t len;

	if (why != NULL)
		return (why);
	SHA256Init(&a.sha);
	for (; at < f->end; at += len) {
		len = f->end - at < CHUNK ? (size_t)(f->end - at) : CHUNK;
		if (!read_exactly(f->fd, bytes, len, at))
			return (strerror(errno));
		archive_add(&a, bytes, len);
		if (!on_read(at, arg))
			return ("interrupted");
	}
	a.keys -= a.keys > 0; /* the first line */
	(void)archive_tail(&a, want);
	f->keys = a.keys;
	if (strcmp(want, tail) == 0)
		return (NULL);
	if (strncmp(tail, "{\"end\":", 7) == 0)
		return ("what it holds is not what its last line says");
	f->end = f->size;
	return ("its end is missing");
}

enum status
archive_open(struct archive_file *f, const char *name, bool salvage,
    bool (*on_read)(uint64_t, void *), void *arg)
{
	const char *why;
	struct stat st;

	memset(f, 0, sizeof(*f));
	f->name = name;
	f->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (f->fd == -1 || fstat(f->fd, &st) == -1) {
		warn_user("%s: %s", name, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		warn_user("%s is no ordinary file; it has to be read twice",
		    name);
		goto out;
	}
	f->size = (uint64_t)st.st_size;
	why = verify(f, on_read, arg);
	if (why == NULL)
		return (ST_DONE);
	if (salvage && !interrupted() && f->begin > 0) {
		warn_user("%s: %s; what can be read is taken", name, why);
		return (ST_DONE);
	}
	warn_user("%s is not good: %s; nothing was restored", name, why);
out:
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
	return (ST_USAGE);
}
