/* SPDX-License-Identifier: MIT */
/* The directory of a LevelDB store, as far as the file system goes. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/leveldb_dir.h"
#include "store/logsync.h"

enum skv_err
leveldb_dir_error(const char *what, const char *path, struct skv_errinfo *info)
{
	int errnum = errno;

	errinfo_set(info, "%s: %s: %s", path, what, strerror(errnum));
	return (logsync_errno(errnum));
}

static bool
ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), endlen = strlen(end);

	return (len >= endlen && strcmp(s + len - endlen, end) == 0);
}

/* Whether LevelDB keeps users' data in a file of this name. */
static bool
holds_data(int dirfd, const char *name)
{
	struct stat st;

	if (ends_with(name, ".ldb") || ends_with(name, ".sst"))
		return (true);
	return (ends_with(name, ".log") && fstatat(dirfd, name, &st, 0) == 0 &&
	    st.st_size > 0);
}

static enum skv_err
look_for_data(const char *path, bool *ret_data, struct skv_errinfo *info)
{
	struct dirent *entry;
	bool data = false;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL)
		return (leveldb_dir_error("opendir", path, info));
	while (errno = 0, !data && (entry = readdir(dir)) != NULL)
		data = holds_data(dirfd(dir), entry->d_name);
	if (errno != 0 && !data) {
		(void)closedir(dir);
		return (leveldb_dir_error("readdir", path, info));
	}
	(void)closedir(dir);
	*ret_data = data;
	return (SKV_OK);
}

static enum skv_err
make_directory(const char *path, struct skv_errinfo *info)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return (SKV_OK);
	if (errno == ENOENT) {
		errinfo_set(info,
		    "%s: the directory that it is to be created "
		    "in does not exist",
		    path);
		return (SKV_INVALID);
	}
	return (leveldb_dir_error("mkdir", path, info));
}

enum skv_err
leveldb_dir_prepare(const char *path, bool create, struct skv_errinfo *info)
{
	char current[PATH_MAX];
	enum skv_err err;
	bool data = false;

	if ((size_t)snprintf(current, sizeof(current), "%s/CURRENT", path) >=
	    sizeof(current)) {
		errinfo_set(info, "the path is too long");
		return (SKV_INVALID);
	}
	if (access(current, F_OK) == 0)
		return (SKV_OK);
	if (errno != ENOENT)
		return (leveldb_dir_error("access", current, info));
	if (!create) {
		errinfo_set(info, "%s: there is no store here", path);
		return (SKV_NOTFOUND);
	}
	err = make_directory(path, info);
	if (err == SKV_OK)
		err = look_for_data(path, &data, info);
	if (err != SKV_OK)
		return (err);
	if (data) {
		errinfo_set(info,
		    "%s: there are data files but no file "
		    "CURRENT",
		    path);
		return (SKV_CORRUPT);
	}
	return (SKV_OK);
}

void
remove_directory(const char *path)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir(path);
	if (dir != NULL) {
		while ((entry = readdir(dir)) != NULL)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		(void)closedir(dir);
	}
	(void)rmdir(path);
}
