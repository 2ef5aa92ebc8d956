/* SPDX-License-Identifier: MIT */
/*
 * What to do when the store does not open: one table, by the error and, where
 * one error has several causes, by the system's words for it, with which the
 * store's and LevelDB's texts end.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "fcgi/remedy.h"

static const struct {
	enum skv_err err;
	int errnum;	  /* 0: any */
	const char *text; /* '@' stands for the directory */
} remedies[] = {
    {SKV_LOCKED, 0, "stop that process first: \"fuser -v @/LOCK\" names it"},
    {SKV_FORMAT, 0,
	"start the version of scribekvd that wrote it, or name another "
	"directory"},
    {SKV_CORRUPT, 0,
	"restore a backup, or run \"scribekv check @\" and then \"scribekv "
	"repair @ --to NEWDIR\"; see \"Repair a store\" in operations.md"},
    {SKV_NOSPACE, 0, "make room on the disk of @"},
    {SKV_NOMEM, 0, "leave the process more memory, or lower cache_size"},
    {SKV_INVALID, 0,
	"correct the option \"store\", or create the directory above"},
    {SKV_UNAVAILABLE, 0, "see to the database servers"},
    {SKV_IO, EACCES,
	"make @ and all in it belong to the user that the daemon runs as"},
    {SKV_IO, EPERM,
	"make @ and all in it belong to the user that the daemon runs as"},
    {SKV_IO, ENOTDIR, "a store is a directory: name another one than @"},
    {SKV_IO, EROFS, "mount the file system of @ for writing"},
    {SKV_IO, EMFILE, "raise the limit on open files (ulimit -n)"},
    {SKV_IO, ENFILE, "raise the system's limit on open files (fs.file-max)"},
    {SKV_IO, EIO,
	"the disk fails: see the kernel's log; copy @ to another disk and run "
	"\"scribekv check\" on the copy"},
};

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), endlen = strlen(end);

	return (len >= endlen && strcmp(text + len - endlen, end) == 0);
}

static void
fill_in(char *buf, size_t size, const char *text, const char *dir)
{
	size_t n = 0, len;

	for (; *text != '\0' && n < size - 1; text++) {
		len = *text == '@' ? strlen(dir) : 1;
		if (len > size - 1 - n)
			len = size - 1 - n;
		memcpy(buf + n, *text == '@' ? dir : text, len);
		n += len;
	}
	buf[n] = '\0';
}

const char *
remedy(const char *url, enum skv_err err, const struct skv_errinfo *info,
    char *buf, size_t size)
{
	const char *dir = strchr(url, ':');
	size_t i;

	dir = dir == NULL ? url : dir + 1;
	buf[0] = '\0';
	for (i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
		if (remedies[i].err == err &&
		    (remedies[i].errnum == 0 ||
			ends_with(info->text, strerror(remedies[i].errnum)))) {
			fill_in(buf, size, remedies[i].text, dir);
			break;
		}
	}
	return (buf);
}
