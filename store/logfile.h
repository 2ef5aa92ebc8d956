/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. LevelDB's logs and manifests, read without LevelDB: files
 * of records with checksums. Those of a log are batches of changes, those of a
 * manifest edits of the list of tables. The formats are in doc/log_format.md
 * and db/version_edit.cc of LevelDB.
 *
 * 1. Nothing here trusts what it reads: every length is checked, and memory is
 *    bounded by the size of the file, usually by that of one record.
 * 2. What an iterator hands out points into the record, and lasts as long.
 */
#ifndef STORE_LOGFILE_H
#define STORE_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/scribekv.h"

/* Bytes in the middle of something else. */
struct span {
	const char *p;
	size_t len;
};

/* ---------------------------------------------------------------- bytes -- */

uint32_t get_le32(const char *);
/* Moves *p behind the number; false if there is none before "end". */
bool get_varint(const char **p, const char *end, uint64_t *ret);
/* The same for bytes with their length before them. */
bool get_span(const char **p, const char *end, struct span *ret);

/*
 * CRC-32C: begin with 0, and go on with what was returned for the bytes before.
 * LevelDB stores it masked.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
uint32_t crc32c_mask(uint32_t crc);

/*
 * Reads exactly "len" bytes at "offset"; false, with errno, if that fails or
 * (EIO) the file ends before.
 */
bool read_at(int fd, uint64_t offset, void *ret, size_t len);

/* -------------------------------------------------------------- records -- */

struct logfile {
	int fd;
	uint64_t size;
	uint64_t pos; /* of the next record */
	bool failed;  /* the disk or memory; "errnum" tells */
	int errnum;
	struct buf record;
	/* The block at hand; its bytes end where the file does. */
	char *block;
	uint64_t block_pos;
	size_t block_len;
};

/* False, with errno, if the file cannot be read. */
bool logfile_open(struct logfile *, int dirfd, const char *name);
void logfile_close(struct logfile *);
/*
 * Reads the record at "pos" into "record" and moves behind it. False, and stays
 * before it, if there is no good one.
 */
bool logfile_next(struct logfile *);
/*
 * Moves to where there may be a good record behind one that is not; false if
 * that would be at the file's end. Records begin anywhere, but only a block's
 * begin is sure to be no part of a value, which could hold what looks like
 * one.
 */
bool logfile_skip(struct logfile *);

/* Bytes of a file's name, with its NUL. */
#define NAMELEN 64
/*
 * What CURRENT says: the name of the manifest, empty if it is no name. False,
 * with errno, if it cannot be read.
 */
bool read_current(int dirfd, char name[NAMELEN]);

/* -------------------------------------------------------------- batches -- */

struct batch {
	uint64_t sequence; /* of the change at hand; before: of the first */
	uint32_t left;	   /* changes to come */
	bool put;
	struct span key, value;
	bool bad; /* it ended with something else than changes */
	const char *p, *end;
};

/* False if the record cannot be a batch. */
bool batch_begin(struct batch *, const struct buf *record);
/* The next change; false at the end, and when it is bad. */
bool batch_next(struct batch *);

/* ---------------------------------------------------------------- edits -- */

enum edit_tag {
	EDIT_COMPARATOR = 1,
	EDIT_LOG = 2, /* number of the first log needed */
	EDIT_NEXT_FILE = 3,
	EDIT_SEQUENCE = 4, /* the last in the tables */
	EDIT_POINTER = 5,
	EDIT_DELETED = 6, /* table: level, number */
	EDIT_ADDED = 7,	  /* table: level, number, size; least, greatest key */
	EDIT_PREVIOUS_LOG = 9,
};

struct edit {
	enum edit_tag tag;
	uint64_t number[3];
	struct span span[2];
	bool bad;
	const char *p, *end;
};

void edit_begin(struct edit *, const struct buf *record);
/* The next field; false at the end, and when it is bad. */
bool edit_next(struct edit *);

#endif
