/* SPDX-License-Identifier: MIT */
/* Files that appear whole or not at all; see save.h. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/save.h"

#define CHUNK 65536UL

static enum status
open_special(struct save *f, const char *path)
{
	f->path = strdup(path);
	if (f->path != NULL)
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
	if (f->fd != -1)
		return (ST_DONE);
	save_abandon(f);
	return (fail_user(ST_USAGE, "cannot write %s: %s", path,
	    strerror(errno)));
}

enum status
save_open(struct save *f, const char *path)
{
	struct stat st;
	mode_t mask;
	int error;

	*f = (struct save){.fd = -1};
	if (path == NULL || strcmp(path, "-") == 0) {
		f->standard = true;
		return (ST_DONE);
	}
	/* What is no ordinary file (a device, a pipe) cannot be replaced. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return (open_special(f, path));
	/* The file behind a symbolic link is meant, not the link. */
	f->path = realpath(path, NULL);
	if (f->path == NULL)
		f->path = strdup(path);
	if (f->path == NULL ||
	    asprintf(&f->temporary, "%s.XXXXXX", f->path) == -1) {
		f->temporary = NULL;
		save_abandon(f);
		return (fail_user(ST_SERVER, "out of memory"));
	}
	f->fd = mkostemp(f->temporary, O_CLOEXEC);
	if (f->fd == -1) {
		error = errno;
		free(f->temporary);
		f->temporary = NULL;
		save_abandon(f);
		return (fail_user(ST_USAGE, "cannot make %s: %s", path,
		    strerror(error)));
	}
	/* As open(2) would have made it. */
	mask = umask(0);
	(void)umask(mask);
	if (fchmod(f->fd, 0666 & ~mask) == -1)
		f->error = errno;
	return (ST_DONE);
}

static bool
write_pending(struct save *f)
{
	const char *p = f->pending.data;
	size_t left = f->pending.len;
	ssize_t n;

	while (left > 0 && f->error == 0) {
		n = write(f->fd, p, left);
		if (n == -1 && errno != EINTR)
			f->error = errno;
		if (n > 0) {
			p += n;
			left -= (size_t)n;
		}
	}
	buf_reset(&f->pending);
	return (f->error == 0);
}

bool
save_write(struct save *f, const void *data, size_t len)
{
	if (f->standard) {
		out_write(data, len);
		return (!out_failed(NULL));
	}
	if (f->error == 0 && !buf_add(&f->pending, data, len))
		f->error = ENOMEM;
	if (f->error != 0)
		return (false);
	return (f->pending.len < CHUNK || write_pending(f));
}

/* Makes the new name itself durable. */
static void
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") :
	    slash == path	  ? strdup("/") :
				    strndup(path, (size_t)(slash - path));
	int fd = dir == NULL ? -1 :
			       open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

	if (fd != -1) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(dir);
}

enum status
save_commit(struct save *f)
{
	if (f->standard)
		return (out_flush());
	if (write_pending(f) && f->temporary != NULL && fsync(f->fd) == -1)
		f->error = errno;
	if (close(f->fd) == -1 && f->error == 0)
		f->error = errno;
	f->fd = -1;
	if (f->error == 0 && f->temporary != NULL &&
	    rename(f->temporary, f->path) == -1)
		f->error = errno;
	if (f->error != 0)
		return (fail_user(ST_SERVER, "cannot write %s: %s", f->path,
		    strerror(f->error)));
	if (f->temporary != NULL)
		sync_directory(f->path);
	free(f->temporary);
	f->temporary = NULL;
	return (ST_DONE);
}

void
save_abandon(struct save *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
	if (f->temporary != NULL)
		(void)unlink(f->temporary);
	free(f->temporary);
	free(f->path);
	f->temporary = NULL;
	f->path = NULL;
	buf_release(&f->pending);
}
