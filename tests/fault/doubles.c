/* SPDX-License-Identifier: MIT */
/*
 * Known faults, put back into copies of the torture program to see that it
 * finds them. local.mk renames the functions that the store's files call.
 */
#include "config.h"

/* Here the names mean what they say. */
#undef fsync
#undef leveldb_open
#undef logsync_barrier

#include <fcntl.h>
#include <unistd.h>

#include <leveldb/c.h>

#include "store/internal.h"
#include "store/logsync.h"
#include "tests/fault/doubles.h"

static leveldb_t *db;

int
double_fsync(int fd)
{
	/* The parent's sync, when a store is made, is another matter. */
	if (faccessat(fd, "CURRENT", F_OK, 0) == 0)
		return (0);
	return (fsync(fd));
}

leveldb_t *
double_leveldb_open(const leveldb_options_t *options, const char *name,
    char **errptr)
{
	db = leveldb_open(options, name, errptr);
	return (db);
}

enum skv_err
double_barrier(struct logsync *logs, struct skv_errinfo *info)
{
	leveldb_writeoptions_t *options = leveldb_writeoptions_create();
	leveldb_writebatch_t *batch = leveldb_writebatch_create();
	char *text = NULL;

	(void)logs;
	leveldb_writeoptions_set_sync(options, 1);
	leveldb_write(db, options, batch, &text);
	leveldb_writebatch_destroy(batch);
	leveldb_writeoptions_destroy(options);
	if (text == NULL)
		return (SKV_OK);
	errinfo_set(info, "%s", text);
	leveldb_free(text);
	return (SKV_IO);
}
