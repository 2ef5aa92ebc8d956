/* SPDX-License-Identifier: MIT */
/*
 * LevelDB's tables; see table.h. A table is blocks of entries one after the
 * other, a filter, an index of the blocks, and a footer that says where these
 * are. Each block has a checksum behind it.
 *
 * The index tells where blocks begin and end. Without a good one, what is left
 * of it is taken as a hint, because each block's own checksum decides; and
 * where there is no hint, the end of the block that begins here is where the
 * checksum so far is the one that follows. That finds every block as long as
 * all before are good. It cannot be led astray by a value that looks like
 * blocks: it never begins in the middle of one, and an end that it could take
 * too early must have a checksum over the bytes before, which only the store
 * chooses.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snappy-c.h>

#include "base/check.h"
#include "store/record.h"
#include "store/table.h"

#define FOOTER 48
#define MAGIC 0xdb4775248b80fb57ULL
#define TRAILER 5 /* type, checksum */
#define LEAST 8	  /* bytes of an empty block */
/* Snappy makes of n bytes at most 22 n. */
#define SNAPPY_RATIO 22
#define SCAN_CHUNK 65536
/* The sequence that keys of the index have, and no entry. */
#define SEQUENCE_MAX ((1ULL << 56) - 1)

/* --------------------------------------------------------------- blocks -- */

bool
block_begin(struct block *b, const char *data, size_t len)
{
	uint32_t restarts;

	b->bad = false;
	b->p = b->end = data;
	b->value = (struct span){"", 0};
	buf_reset(&b->key);
	if (len < LEAST)
		return (false);
	restarts = get_le32(data + len - 4);
	if (restarts == 0 || restarts > (len - 4) / 4)
		return (false);
	b->end = data + len - 4 - 4 * (size_t)restarts;
	return (true);
}

bool
block_next(struct block *b)
{
	uint64_t shared, own, len;

	if (b->bad || b->p == b->end)
		return (false);
	b->bad = true;
	if (!get_varint(&b->p, b->end, &shared) ||
	    !get_varint(&b->p, b->end, &own) ||
	    !get_varint(&b->p, b->end, &len) || shared > b->key.len ||
	    own > (uint64_t)(b->end - b->p) ||
	    len > (uint64_t)(b->end - b->p) - own)
		return (false);
	buf_truncate(&b->key, (size_t)shared);
	if (!buf_add(&b->key, b->p, (size_t)own))
		return (false);
	b->p += own;
	b->value = (struct span){b->p, (size_t)len};
	b->p += len;
	b->bad = false;
	return (true);
}

void
block_release(struct block *b)
{
	buf_release(&b->key);
}

bool
table_key(const char *data, size_t len, struct table_key *ret)
{
	uint64_t tag;

	if (len < 8)
		return (false);
	tag = get_le64(data + len - 8);
	if ((tag & 0xff) > 1 || tag >> 8 == SEQUENCE_MAX)
		return (false);
	ret->user = (struct span){data, len - 8};
	ret->sequence = tag >> 8;
	ret->put = (tag & 0xff) == 1;
	return (true);
}

int
table_key_cmp(const struct table_key *a, const struct table_key *b)
{
	size_t len = a->user.len < b->user.len ? a->user.len : b->user.len;
	int rc = len == 0 ? 0 : memcmp(a->user.p, b->user.p, len);

	if (rc == 0)
		rc = (a->user.len > b->user.len) - (a->user.len < b->user.len);
	if (rc == 0)
		rc = (a->sequence < b->sequence) - (a->sequence > b->sequence);
	return (rc == 0 ? b->put - a->put : rc);
}

/* --------------------------------------------------------------- losses -- */

/* The key without what LevelDB adds; {NULL} if there is none. */
static struct span
user_key(const struct buf *b)
{
	if (b->len < 8)
		return ((struct span){NULL, 0});
	return ((struct span){b->data, b->len - 8});
}

static void
tell(struct table *t, bool entries, uint64_t offset, uint64_t len,
    const char *why)
{
	struct table_loss loss = {.why = why,
	    .offset = offset,
	    .len = len,
	    .entries = entries};

	if (entries) {
		loss.after = user_key(&t->last);
		loss.until = user_key(&t->until);
	}
	t->lost(&loss, t->arg);
	buf_reset(&t->until);
}

/* -------------------------------------------------------------- reading -- */

static bool
out_of_memory(struct table *t)
{
	t->failed = true;
	return (false);
}

static bool
unpack(struct table *t, size_t len, struct buf *ret)
{
	size_t size;
	char *p;

	if (snappy_uncompressed_length(t->packed.data, len, &size) !=
		SNAPPY_OK ||
	    size / SNAPPY_RATIO > len)
		return (false);
	p = size == 0 ? NULL : buf_extend(ret, size);
	if (p == NULL)
		return (size == 0 ? false : out_of_memory(t));
	return (snappy_uncompress(t->packed.data, len, p, &size) == SNAPPY_OK);
}

/*
 * Reads the block of "len" bytes at "pos" and unpacks it into "ret". If its
 * checksum is not good, false, but it is unpacked all the same if "anyway" and
 * if that can be done. *why is set when it is not good.
 */
static bool
load(struct table *t, uint64_t pos, uint64_t len, bool anyway, struct buf *ret,
    const char **why)
{
	bool good = true, ok;
	const char *end;
	char *p;

	buf_reset(ret);
	buf_reset(&t->packed);
	*why = "do not lie within the file";
	if (t->size < FOOTER || len > t->size - FOOTER ||
	    pos > t->size - FOOTER - len ||
	    t->size - FOOTER - len - pos < TRAILER)
		return (false);
	p = buf_extend(&t->packed, (size_t)len + TRAILER);
	if (p == NULL)
		return (out_of_memory(t));
	*why = "cannot be read";
	if (!read_at(t->fd, pos, p, (size_t)len + TRAILER))
		return (false);
	end = p + len;
	*why = "fail their checksum";
	if (crc32c_mask(crc32c(0, p, (size_t)len + 1)) != get_le32(end + 1)) {
		if (!anyway)
			return (false);
		good = false;
	} else
		*why = "cannot be unpacked";
	if (*end == 1)
		ok = unpack(t, (size_t)len, ret);
	else
		ok = *end == 0 && buf_add(ret, p, (size_t)len);
	if (!ok)
		buf_reset(ret);
	else if (good)
		*why = NULL;
	return (ok && good);
}

/* Whether t->data holds entries, in order, all behind the last one. */
static bool
holds_entries(struct table *t)
{
	struct table_key key, last;
	bool any = t->last.len >= 8, good;
	struct block *b = &t->block;
	struct buf previous = {0};

	good = block_begin(b, t->data.data, t->data.len) &&
	    buf_add(&previous, t->last.data, t->last.len);
	if (any)
		(void)table_key(previous.data, previous.len, &last);
	while (good && block_next(b)) {
		good = table_key(b->key.data, b->key.len, &key) &&
		    (!any || table_key_cmp(&last, &key) < 0);
		buf_reset(&previous);
		good = good && buf_add(&previous, b->key.data, b->key.len) &&
		    table_key(previous.data, previous.len, &last);
		any = true;
	}
	if (buf_failed(&previous) || buf_failed(&b->key))
		t->failed = true;
	good = good && !b->bad;
	buf_release(&previous);
	return (good);
}

/* Whether there are entries in that block; has them in t->data. */
static bool
load_entries(struct table *t, uint64_t pos, uint64_t len)
{
	const char *why;

	return (load(t, pos, len, false, &t->data, &why) && holds_entries(t));
}

/*
 * Looks for the end, before "limit", of a block that begins at "pos". Returns
 * the length of its content, 0 if there is none.
 */
static uint64_t
scan(struct table *t, uint64_t pos, uint64_t limit)
{
	uint64_t len = 0;
	size_t have, i;
	uint32_t crc = 0;
	char *p;

	buf_reset(&t->packed);
	p = buf_extend(&t->packed, SCAN_CHUNK + 4);
	if (p == NULL) {
		t->failed = true;
		return (0);
	}
	while (limit - pos - len > TRAILER) {
		have = SCAN_CHUNK;
		if (have > limit - pos - len - 4)
			have = (size_t)(limit - pos - len - 4);
		if (!read_at(t->fd, pos + len, p, have + 4))
			return (0);
		for (i = 0; i < have; i++, len++) {
			crc = crc32c(crc, p + i, 1);
			if (crc32c_mask(crc) == get_le32(p + i + 1) &&
			    len >= LEAST)
				return (len);
		}
	}
	return (0);
}

/* ---------------------------------------------------------- its insides -- */

struct handle {
	uint64_t pos, len;
};

static bool
get_handle(const char **p, const char *end, struct handle *ret)
{
	return (get_varint(p, end, &ret->pos) && get_varint(p, end, &ret->len));
}

/* Looks at the filters, which the first of the two handles leads to. */
static void
look_at_filters(struct table *t, struct handle meta)
{
	struct block b = {.p = NULL};
	struct handle filter;
	const char *why, *p;

	if (!load(t, meta.pos, meta.len, false, &t->data, &why)) {
		tell(t, false, meta.pos, meta.len, why);
		return;
	}
	if (!block_begin(&b, t->data.data, t->data.len))
		b.bad = true;
	while (block_next(&b)) {
		p = b.value.p;
		if (!get_handle(&p, p + b.value.len, &filter)) {
			b.bad = true;
			break;
		}
		if (!load(t, filter.pos, filter.len, false, &t->until, &why))
			tell(t, false, filter.pos, filter.len, why);
		buf_reset(&t->until);
	}
	if (b.bad)
		tell(t, false, meta.pos, meta.len, "are no list of filters");
	block_release(&b);
}

/* The index, if the footer leads to one, good or not. */
static void
find_index(struct table *t)
{
	struct handle meta, index;
	char footer[FOOTER];
	const char *p = footer, *why;
	bool good;

	if (t->size < FOOTER ||
	    !read_at(t->fd, t->size - FOOTER, footer, FOOTER)) {
		tell(t, false, 0, t->size, "are too few for a table");
		return;
	}
	good = get_le64(footer + FOOTER - 8) == MAGIC;
	if (!get_handle(&p, footer + FOOTER - 8, &meta) ||
	    !get_handle(&p, footer + FOOTER - 8, &index))
		good = false;
	if (!good) {
		tell(t, false, t->size - FOOTER, FOOTER, "are no footer");
		return;
	}
	look_at_filters(t, meta);
	if (t->failed)
		return;
	t->index_good = load(t, index.pos, index.len, true, &t->index_data,
	    &why);
	if (!t->index_good)
		tell(t, false, index.pos, index.len, why);
	if (!block_begin(&t->index, t->index_data.data, t->index_data.len))
		t->index.bad = true;
}

bool
table_open(struct table *t, int dirfd, const char *name,
    void (*lost)(const struct table_loss *, void *arg), void *arg)
{
	struct stat st;
	int errnum;

	memset(t, 0, sizeof(*t));
	t->lost = lost;
	t->arg = arg;
	t->index.bad = true;
	t->fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	if (t->fd == -1 || fstat(t->fd, &st) == -1) {
		errnum = errno;
		table_close(t);
		errno = errnum;
		return (false);
	}
	t->size = (uint64_t)st.st_size;
	find_index(t);
	return (true);
}

void
table_close(struct table *t)
{
	if (t->fd != -1)
		(void)close(t->fd);
	t->fd = -1;
	block_release(&t->index);
	block_release(&t->block);
	buf_release(&t->index_data);
	buf_release(&t->data);
	buf_release(&t->packed);
	buf_release(&t->last);
	buf_release(&t->until);
}

/* -------------------------------------------------------------- entries -- */

/* The next entry of the index that makes sense. */
static void
next_hint(struct table *t)
{
	struct handle h;
	const char *p;

	t->has_hint = false;
	while (!t->has_hint && block_next(&t->index)) {
		p = t->index.value.p;
		t->has_hint = get_handle(&p, p + t->index.value.len, &h) &&
		    h.pos >= t->pos && h.len < t->size && h.pos < t->size;
	}
	if (buf_failed(&t->index.key))
		t->failed = true;
	if (t->index.bad && t->index_good && !t->failed) {
		/* A checksum over what is no index. */
		tell(t, false, 0, 0, "are a malformed index");
		t->index_good = false;
	}
	if (t->has_hint) {
		t->hint_pos = h.pos;
		t->hint_len = h.len;
	}
}

static bool
took(struct table *t, uint64_t len)
{
	t->pos += len + TRAILER;
	return (true);
}

/* What to do where no hint says that a block begins; true if one does. */
static bool
without_hint(struct table *t)
{
	uint64_t end = t->size < FOOTER ? 0 : t->size - FOOTER, len = 0;
	uint64_t limit = t->has_hint ? t->hint_pos :
	    t->index_good	     ? t->bad_end :
				       end;

	t->done = !t->has_hint;
	/* A damaged hint may point into the middle of this block. */
	if (!t->index_good && end >= t->pos + TRAILER)
		len = scan(t, t->pos, end);
	if (len > 0 && load_entries(t, t->pos, len)) {
		t->done = false;
		return (took(t, len));
	}
	if (t->failed)
		return (false);
	if (limit < t->pos + TRAILER) {
		t->pos = t->has_hint ? t->hint_pos : t->pos;
		return (false);
	}
	/* Behind the entries there are other blocks. */
	if (len == 0 || t->has_hint)
		tell(t, true, t->pos, limit - t->pos, "hold no good block");
	t->pos = limit;
	return (false);
}

/* Has the next good block of entries in t->data; false if there is none. */
static bool
next_block(struct table *t)
{
	while (!t->done && !t->failed) {
		if (!t->has_hint)
			next_hint(t);
		if (t->failed)
			break;
		if (!t->has_hint || t->hint_pos > t->pos) {
			if (without_hint(t))
				return (true);
			continue;
		}
		t->has_hint = false;
		if (t->hint_pos < t->pos)
			continue;
		if (load_entries(t, t->pos, t->hint_len))
			return (took(t, t->hint_len));
		t->bad_end = t->pos + t->hint_len + TRAILER;
		buf_reset(&t->until);
		if (t->index_good &&
		    !buf_add(&t->until, t->index.key.data, t->index.key.len))
			t->failed = true;
	}
	return (false);
}

bool
table_next(struct table *t)
{
	while (!t->failed && !block_next(&t->block)) {
		if (!next_block(t))
			return (false);
		/* It was walked through already. */
		CHECK(block_begin(&t->block, t->data.data, t->data.len));
	}
	if (t->failed)
		return (false);
	buf_reset(&t->last);
	if (!buf_add(&t->last, t->block.key.data, t->block.key.len))
		return (out_of_memory(t));
	t->value = t->block.value;
	return (table_key(t->last.data, t->last.len, &t->key));
}
