/* SPDX-License-Identifier: MIT */
/*
 * Private to store/. LevelDB's tables, read without LevelDB, entry by entry, as
 * much of them as is good. The format is in doc/table_format.md of LevelDB.
 *
 * 1. What fails its checksum is never handed out. Beyond that nothing that is
 *    read is trusted: every length is checked.
 * 2. Memory is bounded by the index and the largest block.
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include "store/logfile.h"

/* Entries of a block, each of which has the key's bytes that differ. */
struct block {
	const char *p, *end;
	struct buf key;
	struct span value;
	bool bad; /* it ended with something else than entries */
};

/* "data" stays the caller's. False if it cannot be a block. */
bool block_begin(struct block *, const char *data, size_t len);
/* The next entry; false at the end, and when it is bad. */
bool block_next(struct block *);
void block_release(struct block *);

/* LevelDB's own key: what the engine calls one, and these. */
struct table_key {
	struct span user;
	uint64_t sequence;
	bool put; /* otherwise it is a deletion */
};

/* False if the bytes are no key of an entry. */
bool table_key(const char *data, size_t len, struct table_key *ret);
/* By key, and of the same one the newer first. */
int table_key_cmp(const struct table_key *, const struct table_key *);

/* A part of a table that is not good. */
struct table_loss {
	const char *why; /* a phrase */
	uint64_t offset, len;
	/* Whether entries are lost. If so, their keys are greater than "after"
	 * and at most "until"; with NULL that side is not known. */
	bool entries;
	struct span after, until;
};

struct table {
	int fd;
	uint64_t size;
	uint64_t pos; /* what was read of the blocks of entries */
	bool failed;  /* out of memory */
	void (*lost)(const struct table_loss *, void *arg);
	void *arg;

	/* The entry at hand. */
	struct table_key key;
	struct span value;

	/* Private. */
	bool index_good; /* its checksum is; without that it is a hint */
	bool has_hint, done;
	uint64_t hint_pos, hint_len;
	uint64_t bad_end; /* of the last block that the index has */
	struct block index, block;
	struct buf index_data, data, packed;
	struct buf last;  /* key of the entry that was read last */
	struct buf until; /* index key of the first block not good */
};

/*
 * Opens a table, and looks at all of it but the entries. "lost" is called for
 * what is not good, from here and from table_next(). False, with errno, if the
 * file cannot be opened.
 */
bool table_open(struct table *, int dirfd, const char *name,
    void (*lost)(const struct table_loss *, void *arg), void *arg);
/* The next good entry; false at the end, or if it failed. */
bool table_next(struct table *);
void table_close(struct table *);

#endif
