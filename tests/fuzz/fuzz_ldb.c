/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the readers of LevelDB's files. The first byte says which: a table, a
 * log, or a directory with a manifest; or what is in them behind the checksums:
 * a block, a batch, an edit. Checked is that entries come in order, that losses
 * and spans lie inside, and that every reader comes to an end.
 */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "store/survey.h"
#include "store/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/fuzz_ldb.XXXXXX";
static int dirfd = -1;

static void
remove_all(void)
{
	(void)unlinkat(dirfd, "MANIFEST-000007", 0);
	(void)unlinkat(dirfd, "CURRENT", 0);
	(void)rmdir(dir);
}

static void
put_file(const char *name, const void *data, size_t len)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	CHECK(fd != -1 && write(fd, data, len) == (ssize_t)len);
	AZ(close(fd));
}

static void
lost(const struct table_loss *l, void *arg)
{
	const struct table *t = arg;

	CHECK(*l->why != '\0');
	CHECK(!l->entries ||
	    (l->offset <= t->size && l->len <= t->size - l->offset));
}

static void
try_table(size_t size)
{
	struct table_key last = {.sequence = 0};
	struct buf copy = {0};
	struct table t;
	size_t n = 0;

	AN(table_open(&t, dirfd, "MANIFEST-000007", lost, &t));
	while (table_next(&t)) {
		CHECK(n == 0 || table_key_cmp(&last, &t.key) < 0);
		buf_reset(&copy);
		AN(buf_add(&copy, t.last.data, t.last.len));
		AN(table_key(copy.data, copy.len, &last));
		CHECK(t.pos <= size);
		n++;
	}
	AZ(t.failed);
	table_close(&t);
	buf_release(&copy);
}

static void
try_log(size_t size)
{
	struct logfile f;
	struct batch b;
	uint64_t next;

	AN(logfile_open(&f, dirfd, "MANIFEST-000007"));
	do {
		while (logfile_next(&f)) {
			CHECK(f.pos <= size);
			if (!batch_begin(&b, &f.record))
				continue;
			next = b.sequence;
			while (batch_next(&b)) {
				CHECK(b.sequence == ++next);
				CHECK(b.key.p + b.key.len <=
				    f.record.data + f.record.len);
			}
		}
	} while (logfile_skip(&f));
	logfile_close(&f);
}

static void
try_manifest(void)
{
	struct survey s;
	size_t i;

	put_file("CURRENT", "MANIFEST-000007\n", 16);
	AZ(survey_make(dirfd, dir, &s, NULL));
	CHECK(s.n > 0 && s.good <= s.size);
	for (i = 1; i < s.n; i++)
		CHECK(s.files[i]->kind != s.files[i - 1]->kind ||
		    s.files[i]->number > s.files[i - 1]->number);
	(void)survey_bytes(&s);
	survey_release(&s);
}

static void
inside(const struct buf *b, struct span s)
{
	CHECK(s.p >= b->data && s.len <= b->len &&
	    s.p + s.len <= b->data + b->len);
}

/* What a checksum would keep the fuzzer from. */
static void
try_insides(unsigned which, const uint8_t *data, size_t size)
{
	struct buf copy = {0};
	struct block bl = {.p = NULL};
	struct batch ba;
	struct edit ed;

	AN(buf_addc(&copy, 'x'));
	AN(buf_add(&copy, data, size));
	if (which == 0 && block_begin(&bl, copy.data, copy.len)) {
		while (block_next(&bl))
			inside(&copy, bl.value);
	} else if (which == 1 && batch_begin(&ba, &copy)) {
		while (batch_next(&ba))
			inside(&copy, ba.key);
	} else if (which == 2) {
		edit_begin(&ed, &copy);
		while (edit_next(&ed))
			CHECK(ed.tag != EDIT_ADDED || ed.span[1].len < size);
	}
	block_release(&bl);
	buf_release(&copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (dirfd == -1) {
		AN(mkdtemp(dir));
		dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(dirfd != -1);
		AZ(atexit(remove_all));
	}
	if (size == 0)
		return (0);
	put_file("MANIFEST-000007", data + 1, size - 1);
	if (data[0] % 6 == 0)
		try_table(size - 1);
	else if (data[0] % 6 == 1)
		try_log(size - 1);
	else if (data[0] % 6 == 2)
		try_manifest();
	else
		try_insides(data[0] % 6 - 3, data + 1, size - 1);
	return (0);
}
