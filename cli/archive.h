/* SPDX-License-Identifier: MIT */
/*
 * Backup files: the lines of an export between two lines that let the file
 * prove itself complete and unchanged:
 *
 *   {"scribekv_backup":1,"created":"2026-11-22T18:30:00Z"}
 *   {"key":"a","value":"hello",...}
 *   ...
 *   {"end":{"keys":2,"bytes":117,"sha256":"..."}}
 *
 * Count, bytes and SHA-256 are those of all that is before the last line, the
 * first one included but not counted as a key. Nothing may follow.
 */
#ifndef CLI_ARCHIVE_H
#define CLI_ARCHIVE_H

#include <sha2.h>

#include "cli/cli.h"

#define ARCHIVE_LINE_MAX 256 /* of the first and the last line */

/* What was written or read so far. */
struct archive {
	SHA2_CTX sha;
	uint64_t keys, bytes;
};

/* Writes the first line, of "now", and counts it in. */
size_t archive_head(struct archive *, char line[ARCHIVE_LINE_MAX], int64_t now);
/* Takes bytes of the lines between in. */
void archive_add(struct archive *, const void *, size_t len);
/* Writes the last line, as it follows from what was taken in. */
size_t archive_tail(struct archive *, char line[ARCHIVE_LINE_MAX]);

struct archive_file {
	int fd;
	const char *name;
	/* Of a good file: where the lines between begin and end. */
	uint64_t begin, end;
	uint64_t keys, size;
};

/*
 * Opens a backup and verifies it: all of it is read, and "on_read" is told how
 * far that has come; false stops. With "salvage" a file that is not good is
 * taken as far as it has whole lines. Complains otherwise: ST_USAGE. *ret is to
 * be closed after ST_DONE.
 */
enum status archive_open(struct archive_file *ret, const char *name,
    bool salvage, bool (*on_read)(uint64_t done, void *arg), void *arg);

#endif
