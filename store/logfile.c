/* SPDX-License-Identifier: MIT */
/*
 * LevelDB's logs and manifests; see logfile.h. A file is a sequence of blocks,
 * a block a sequence of fragments, each with its checksum, length and type; a
 * record is one fragment or several in a row. One block is held in memory.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/logfile.h"
#include "store/record.h"

#define BLOCK 32768
#define HEADER 7 /* checksum, length, type */
enum {
	FULL = 1,
	FIRST,
	MIDDLE,
	LAST
};
/* A batch begins with its number and the count of its changes. */
#define BATCH_HEADER 12

/* ---------------------------------------------------------------- bytes -- */

uint32_t
get_le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	    (uint32_t)u[3] << 24);
}

bool
get_varint(const char **p, const char *end, uint64_t *ret)
{
	unsigned shift;

	*ret = 0;
	for (shift = 0; shift < 64 && *p < end; shift += 7) {
		*ret |= (uint64_t)(**p & 0x7f) << shift;
		if ((*(*p)++ & 0x80) == 0)
			return (true);
	}
	return (false);
}

bool
get_span(const char **p, const char *end, struct span *ret)
{
	uint64_t len;

	if (!get_varint(p, end, &len) || len > (uint64_t)(end - *p))
		return (false);
	ret->p = *p;
	ret->len = (size_t)len;
	*p += len;
	return (true);
}

static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
/* Table k takes a byte that is followed by k others. */
static uint32_t crc_table[8][256];

static void
crc_init(void)
{
	uint32_t i, k, c;

	for (i = 0; i < 256; i++) {
		for (c = i, k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
		crc_table[0][i] = c;
	}
	for (k = 1; k < 8; k++)
		for (i = 0; i < 256; i++) {
			c = crc_table[k - 1][i];
			crc_table[k][i] = crc_table[0][c & 0xff] ^ c >> 8;
		}
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned k;
	uint32_t c;

	AZ(pthread_once(&crc_once, crc_init));
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		crc ^= get_le32((const char *)p);
		for (c = 0, k = 0; k < 4; k++)
			c ^= crc_table[7 - k][crc >> 8 * k & 0xff] ^
			    crc_table[3 - k][p[4 + k]];
		crc = c;
	}
	for (; len > 0; len--, p++)
		crc = crc_table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
	return (~crc);
}

uint32_t
crc32c_mask(uint32_t crc)
{
	return ((crc >> 15 | crc << 17) + 0xa282ead8);
}

bool
read_at(int fd, uint64_t offset, void *ret, size_t len)
{
	char *p = ret;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, p, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return (false);
		}
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return (true);
}

/* -------------------------------------------------------------- records -- */

bool
logfile_open(struct logfile *f, int dirfd, const char *name)
{
	struct stat st;
	int errnum;

	memset(f, 0, sizeof(*f));
	f->block_pos = UINT64_MAX;
	f->fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd == -1)
		return (false);
	f->block = malloc(BLOCK);
	if (f->block != NULL && fstat(f->fd, &st) == 0) {
		f->size = (uint64_t)st.st_size;
		return (true);
	}
	errnum = errno;
	logfile_close(f);
	errno = errnum;
	return (false);
}

void
logfile_close(struct logfile *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
	free(f->block);
	f->block = NULL;
	buf_release(&f->record);
}

static bool
failed(struct logfile *f, int errnum)
{
	f->failed = true;
	f->errnum = errnum;
	return (false);
}

/* Has the block that begins at "pos" in memory. */
static bool
load_block(struct logfile *f, uint64_t pos)
{
	size_t len = BLOCK;

	if (f->block_pos == pos)
		return (true);
	if (f->size - pos < len)
		len = (size_t)(f->size - pos);
	f->block_pos = UINT64_MAX;
	if (!read_at(f->fd, pos, f->block, len))
		return (failed(f, errno));
	f->block_pos = pos;
	f->block_len = len;
	return (true);
}

/* Adds one fragment to the record; returns its type, 0 if there is none. */
static int
read_fragment(struct logfile *f)
{
	size_t at = (size_t)(f->pos % BLOCK), len;
	const char *p;

	if (BLOCK - at < HEADER) { /* the rest of a block is filled up */
		f->pos += BLOCK - at;
		at = 0;
	}
	if (f->pos > f->size || f->size - f->pos < HEADER ||
	    !load_block(f, f->pos - at))
		return (0);
	p = f->block + at;
	len = (unsigned char)p[4] | (size_t)(unsigned char)p[5] << 8;
	if (len > f->block_len - at - HEADER || p[6] < FULL || p[6] > LAST ||
	    crc32c_mask(crc32c(0, p + 6, len + 1)) != get_le32(p))
		return (0);
	if (!buf_add(&f->record, p + HEADER, len))
		return (failed(f, ENOMEM));
	f->pos += HEADER + len;
	return (p[6]);
}

bool
logfile_next(struct logfile *f)
{
	uint64_t start = f->pos;
	int type;

	f->failed = false;
	buf_reset(&f->record);
	type = read_fragment(f);
	if (type == FIRST)
		do
			type = read_fragment(f);
		while (type == MIDDLE);
	else if (type != FULL)
		type = 0;
	if (type == FULL || type == LAST)
		return (true);
	f->pos = start;
	return (false);
}

bool
logfile_skip(struct logfile *f)
{
	uint64_t next = f->pos - f->pos % BLOCK + BLOCK;
	int type;

	if (next >= f->size)
		return (false);
	/* What is left of a record that began before is of no use. */
	f->pos = next;
	do {
		next = f->pos;
		buf_reset(&f->record);
		type = read_fragment(f);
	} while (type == MIDDLE || type == LAST);
	f->pos = next;
	return (true);
}

bool
read_current(int dirfd, char name[NAMELEN])
{
	bool ok = false;
	struct stat st;
	size_t len;
	int fd;

	*name = '\0';
	fd = openat(dirfd, "CURRENT", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &st) == -1)
		goto out;
	ok = true;
	len = (size_t)st.st_size;
	if (len < 2 || len >= NAMELEN)
		goto out;
	ok = read_at(fd, 0, name, len);
	name[ok ? len - 1 : 0] = '\0';
	/* It is the name of a file in this directory, and a newline. */
	if (strlen(name) != len - 1 || strchr(name, '/') != NULL)
		*name = '\0';
out:
	if (fd != -1)
		(void)close(fd);
	return (ok);
}

/* -------------------------------------------------------------- batches -- */

bool
batch_begin(struct batch *b, const struct buf *record)
{
	memset(b, 0, sizeof(*b));
	if (record->len < BATCH_HEADER)
		return (false);
	b->sequence = get_le64(record->data);
	b->left = get_le32(record->data + 8);
	b->p = record->data + BATCH_HEADER;
	b->end = record->data + record->len;
	/* The number is made one too small, for batch_next() to count. */
	b->sequence--;
	return (true);
}

bool
batch_next(struct batch *b)
{
	char type;

	if (b->bad || (b->left == 0 && b->p == b->end))
		return (false);
	b->bad = true;
	if (b->left == 0 || b->p == b->end)
		return (false);
	type = *b->p++;
	b->put = type == 1;
	b->value = (struct span){"", 0};
	if (type != 0 && type != 1)
		return (false);
	if (!get_span(&b->p, b->end, &b->key) ||
	    (b->put && !get_span(&b->p, b->end, &b->value)))
		return (false);
	b->left--;
	b->sequence++;
	b->bad = false;
	return (true);
}

/* ---------------------------------------------------------------- edits -- */

/* What the fields of a record are, by their tag. */
static const struct {
	unsigned numbers, spans;
} fields[] = {
    [EDIT_COMPARATOR] = {0, 1},
    [EDIT_LOG] = {1, 0},
    [EDIT_NEXT_FILE] = {1, 0},
    [EDIT_SEQUENCE] = {1, 0},
    [EDIT_POINTER] = {1, 1},
    [EDIT_DELETED] = {2, 0},
    [EDIT_ADDED] = {3, 2},
    [EDIT_PREVIOUS_LOG] = {1, 0},
};

void
edit_begin(struct edit *e, const struct buf *record)
{
	memset(e, 0, sizeof(*e));
	e->p = record->data;
	e->end = record->data + record->len;
}

bool
edit_next(struct edit *e)
{
	uint64_t tag;
	unsigned i;

	if (e->bad || e->p == e->end)
		return (false);
	e->bad = true;
	if (!get_varint(&e->p, e->end, &tag) ||
	    tag >= sizeof(fields) / sizeof(fields[0]) ||
	    fields[tag].numbers + fields[tag].spans == 0)
		return (false);
	e->tag = (enum edit_tag)tag;
	for (i = 0; i < fields[tag].numbers; i++)
		if (!get_varint(&e->p, e->end, &e->number[i]))
			return (false);
	for (i = 0; i < fields[tag].spans; i++)
		if (!get_span(&e->p, e->end, &e->span[i]))
			return (false);
	e->bad = false;
	return (true);
}
