/* SPDX-License-Identifier: MIT */
/*
 * Checking and repairing stores: each kind of damage is found where it is, and
 * what is made of a damaged store has all that was not hit, and nothing that
 * was never written. A value names its key and version, so that a wrong one
 * shows.
 */
#include "config.h"

#include "tests/unit/examine_fixture.h"
#include "tests/unit/suite.h"

/* ------------------------------------------------------------ soundness -- */

static void
sound(void)
{
	unsigned n, live = 0, expiring = 0, stale = 0;
	uint64_t was = fingerprint();

	for (n = 0; n < NKEYS; n++) {
		live += version(n) != 0;
		expiring += version(n) != 0 && n % 10 == 1;
		stale += version(n) == 0 && n % 10 == 1;
	}
	CU_ASSERT_EQUAL(check(url), SKV_OK);
	CU_ASSERT_EQUAL(found.damages + found.notes, 0);
	CU_ASSERT_EQUAL(report.damages + report.notes, 0);
	CU_ASSERT_EQUAL(report.keys, live);
	CU_ASSERT_EQUAL(report.expiring, expiring);
	CU_ASSERT_EQUAL(report.expired, 0);
	CU_ASSERT(report.stale <= stale);
	CU_ASSERT_EQUAL(report.id, before.store_id);
	CU_ASSERT_EQUAL(report.revision <= before.revision, true);
	CU_ASSERT(report.tables > 1 && report.logs == 1);
	CU_ASSERT_EQUAL(fingerprint(), was);
	expect_all_repaired();
	CU_ASSERT_EQUAL(repaired.manifest, SKV_MANIFEST_WHOLE);
	CU_ASSERT_EQUAL(repaired.damages + repaired.notes, 0);
	CU_ASSERT_EQUAL(repaired.made.keys, live);
	CU_ASSERT_EQUAL(repaired.dropped, 0);
	CU_ASSERT_EQUAL(fingerprint(), was);
}

static void
new_identity(void)
{
	struct skv *db;
	struct skv_stats after;

	CU_ASSERT_EQUAL(repair(), SKV_OK);
	db = open_at(fixed_url);
	CU_ASSERT_PTR_NOT_NULL_FATAL(db);
	put_version(db, 1, 1);
	skv_stats(db, &after);
	CU_ASSERT(after.revision > before.revision);
	CU_ASSERT_NOT_EQUAL(after.store_id, before.store_id);
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_OK);
}

static bool
stop_at_once(uint64_t done, uint64_t total, void *arg)
{
	(void)arg;
	CU_ASSERT(done <= total);
	return (false);
}

static void
refusals(void)
{
	struct skv_examine stopping = {.size = sizeof(stopping),
	    .progress = stop_at_once,
	    .scratch = dir};
	char path[PATHMAX], other[PATHMAX];
	struct skv *db;

	CU_ASSERT_EQUAL(check("mem:"), SKV_INVALID);
	CU_ASSERT_EQUAL(check("leveldb:"), SKV_INVALID);
	CU_ASSERT_EQUAL(check("leveldb:/no/such"), SKV_NOTFOUND);
	(void)snprintf(other, sizeof(other), "leveldb:%s", dir);
	CU_ASSERT_EQUAL(check(other), SKV_NOTFOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(info.text, dir));
	db = open_at(url);
	CU_ASSERT_EQUAL(check(url), SKV_LOCKED);
	CU_ASSERT_EQUAL(repair(), SKV_LOCKED);
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_OK);
	CU_ASSERT_EQUAL(skv_check(url, &stopping, &info, &report), SKV_STOPPED);
	CU_ASSERT_EQUAL(skv_repair(url, fixed_url, &stopping, &info, &repaired),
	    SKV_STOPPED);
	CU_ASSERT_EQUAL(access(fixed, F_OK), -1);
	/* Only an empty directory may be there already. */
	CU_ASSERT_EQUAL(skv_repair(url, "mem:", NULL, &info, &repaired),
	    SKV_INVALID);
	AZ(mkdir(fixed, 0700));
	(void)snprintf(path, sizeof(path), "%s/x", fixed);
	write_file(path, "x", 1);
	CU_ASSERT_EQUAL(skv_repair(url, fixed_url, NULL, NULL, &repaired),
	    SKV_INVALID);
	AZ(unlink(path));
	CU_ASSERT_EQUAL(skv_repair(url, fixed_url, NULL, NULL, &repaired),
	    SKV_OK);
}

/* --------------------------------------------------- lists of the files -- */

/* Whether a check finds what was done, and a repair all the keys. */
static void
expect_found(const char *file)
{
	uint64_t was = fingerprint();

	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT(report.damages > 0);
	if (*file != '\0')
		CU_ASSERT_STRING_EQUAL(found.file, file);
	expect_all_repaired();
	CU_ASSERT_EQUAL(fingerprint(), was);
}

static void
bad_current(void)
{
	static const char *const texts[] = {"", "\n", "MANIFEST-999999\n",
	    "../x\n", "000001.log\n", "MANIFEST-\n", "gar\0bage\n"};
	char path[PATHMAX];
	size_t i;

	CHECK(find_file("CURRENT", "", 0, path));
	for (i = 0; i < LENGTH(texts); i++) {
		write_file(path, texts[i], i == 6 ? 9 : strlen(texts[i]));
		expect_found("CURRENT");
		CU_ASSERT_EQUAL(repaired.manifest, SKV_MANIFEST_WHOLE);
	}
	AZ(unlink(path));
	expect_found("CURRENT");
}

/* A manifest cut off anywhere still leads to everything. */
static void
torn_manifest(void)
{
	char path[PATHMAX];
	enum skv_err err;
	uint64_t was;
	off_t size;

	CHECK(find_file("MANIFEST-", "", 0, path));
	for (size = size_of(path) - 1; size > 0; size -= size / 5 + 1) {
		AZ(truncate(path, size));
		was = fingerprint();
		/* What recovery mends is only a note. */
		err = check(url);
		CU_ASSERT(err == SKV_CORRUPT || found.notes > 0);
		expect_all_repaired();
		CU_ASSERT_EQUAL(fingerprint(), was);
	}
	CU_ASSERT_EQUAL(repaired.manifest, SKV_MANIFEST_NONE);
}

/* Between two records, where what is left looks good by itself. */
static void
short_manifest(void)
{
	uint64_t ends[64];
	struct logfile f;
	char path[PATHMAX];
	size_t n = 0;
	int fd;

	CHECK(find_file("MANIFEST-", "", 0, path));
	fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd != -1 && logfile_open(&f, fd, strrchr(path, '/') + 1));
	while (n < LENGTH(ends) && logfile_next(&f))
		ends[n++] = f.pos;
	CHECK(n > 2 && f.pos == f.size);
	logfile_close(&f);
	AZ(close(fd));
	for (n--; n-- > 0;) {
		AZ(truncate(path, (off_t)ends[n]));
		expect_found("");
		CU_ASSERT_EQUAL(repaired.manifest, SKV_MANIFEST_TORN);
	}
}

static void
lost_manifest(void)
{
	static const char zeroes[4096];
	char path[PATHMAX];

	CHECK(find_file("MANIFEST-", "", 0, path));
	write_file(path, zeroes, (size_t)size_of(path) % sizeof(zeroes));
	expect_found("");
	CU_ASSERT_EQUAL(repaired.manifest, SKV_MANIFEST_NONE);
	AZ(unlink(path));
	expect_found("");
	CU_ASSERT_EQUAL(repaired.manifest, SKV_MANIFEST_NONE);
}

/* --------------------------------------------------------------- tables -- */

static void
find_largest(char path[PATHMAX])
{
	char other[PATHMAX];
	unsigned i;

	CHECK(find_file("", ".ldb", 0, path));
	for (i = 1; find_file("", ".ldb", i, other); i++)
		if (size_of(other) > size_of(path))
			memcpy(path, other, PATHMAX);
	CHECK(size_of(path) > 16384);
}

static const char *
base(const char *path)
{
	return (strrchr(path, '/') + 1);
}

/* A bit in a block of entries: only keys of that block may be lost. */
static void
bad_block(void)
{
	unsigned newest, older;
	char path[PATHMAX];

	find_largest(path);
	flip(path, size_of(path) / 2, 3);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT_EQUAL(repair(), SKV_OK);
	CU_ASSERT_EQUAL(found.damages, 1);
	CU_ASSERT_STRING_EQUAL(found.file, base(path));
	CU_ASSERT(found.lost == 1 && *found.until == 'k');
	CU_ASSERT(strcmp(found.after, found.until) < 0);
	newest = count_newest(fixed_url, &older);
	CU_ASSERT(newest < NKEYS && newest + 80 > NKEYS);
}

/* Index, filter and footer tell only where the entries are. */
static void
bad_frame(void)
{
	char path[PATHMAX];
	off_t size;
	int back;

	find_largest(path);
	size = size_of(path);
	for (back = 1; back < 400; back += back < 60 ? 7 : 31) {
		flip(path, size - back, 2);
		/* Footers are padded with what nobody looks at. */
		if (check(url) == SKV_CORRUPT) {
			CU_ASSERT_STRING_NOT_EQUAL(found.what, "");
		}
		expect_all_repaired();
		flip(path, size - back, 2);
	}
	CU_ASSERT_EQUAL(check(url), SKV_OK);
	flip(path, size - 1, 0);
	expect_found("");
}

static void
missing_table(void)
{
	char path[PATHMAX];
	unsigned older;

	CHECK(find_file("", ".ldb", 0, path));
	AZ(unlink(path));
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT_EQUAL(repair(), SKV_OK);
	CU_ASSERT_STRING_EQUAL(found.file, base(path));
	CU_ASSERT_STRING_EQUAL(found.what, "is missing");
	CU_ASSERT_EQUAL(found.lost, 1);
	(void)count_newest(fixed_url, &older);
	CU_ASSERT_EQUAL(check(fixed_url), SKV_OK);
}

static void
random_table(void)
{
	char path[PATHMAX], *bytes;
	unsigned older, state = 1;
	size_t i, len;

	CHECK(find_file("", ".ldb", 1, path));
	len = (size_t)size_of(path);
	bytes = malloc(len);
	AN(bytes);
	for (i = 0; i < len; i++) {
		state = state * 1103515245 + 12345;
		bytes[i] = (char)(state >> 16);
	}
	write_file(path, bytes, len);
	free(bytes);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT_EQUAL(repair(), SKV_OK);
	CU_ASSERT(found.lost > 0);
	(void)count_newest(fixed_url, &older);
}

/* ----------------------------------------------------------------- logs -- */

static void
torn_log(void)
{
	char path[PATHMAX];
	unsigned older;

	CHECK(find_file("", ".log", 0, path));
	CHECK(size_of(path) > 1000);
	AZ(truncate(path, size_of(path) - 3));
	CU_ASSERT_EQUAL(check(url), SKV_OK);
	CU_ASSERT_EQUAL(found.damages, 0);
	CU_ASSERT_EQUAL(found.notes, 1);
	CU_ASSERT_STRING_EQUAL(found.file, base(path));
	CU_ASSERT_EQUAL(repair(), SKV_OK);
	/* It was the write of one key. */
	CU_ASSERT(count_newest(fixed_url, &older) >= NKEYS - 1);
}

static void
bad_log(void)
{
	unsigned newest, older;
	char path[PATHMAX];

	CHECK(find_file("", ".log", 0, path));
	CHECK(size_of(path) > 40000);
	flip(path, 100, 1);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT_EQUAL(found.lost, 1);
	CU_ASSERT_EQUAL(repair(), SKV_OK);
	CU_ASSERT_STRING_EQUAL(found.file, base(path));
	/* What is in the next block is there. */
	newest = count_newest(fixed_url, &older);
	CU_ASSERT(newest < NKEYS && newest > NKEYS - 400);
	AZ(unlink(path));
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT(count_newest(fixed_url, &older) <= newest);
	CU_ASSERT_EQUAL(repair(), SKV_OK);
}

/* -------------------------------------------------------------- records -- */

/* Changes an entry behind the store's back; NULL deletes it. */
static void
change(const char *key, size_t keylen, const char *value, size_t len)
{
	struct engine *e = must_open();

	CU_ASSERT_EQUAL(value == NULL ?
		ops->batch_delete(e, key, keylen) :
		ops->batch_put(e, key, keylen, value, len),
	    SKV_OK);
	CU_ASSERT_EQUAL(ops->write(e, NULL), SKV_OK);
	ops->close(e);
}

static void
missing_index(void)
{
	struct buf key = {0};

	AN(record_expiry_key(&key, 4000000000001, "k00001", 6));
	change(key.data, key.len, NULL, 0);
	buf_release(&key);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT_EQUAL(found.damages, 1);
	CU_ASSERT_STRING_EQUAL(found.key, "k00001");
	expect_all_repaired();
}

static void
stale_index(void)
{
	uint64_t stale;
	struct buf key = {0};

	CU_ASSERT_EQUAL(check(url), SKV_OK);
	stale = report.stale;
	AN(record_expiry_key(&key, 4000000000002, "k00001", 6));
	change(key.data, key.len, "", 0);
	buf_release(&key);
	CU_ASSERT_EQUAL(check(url), SKV_OK);
	CU_ASSERT_EQUAL(report.stale, stale + 1);
	expect_all_repaired();
	CU_ASSERT_EQUAL(report.stale, 0);
}

static void
bad_record(void)
{
	unsigned older;

	change("\001k00002", 7, "\377garbage of no kind", 20);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	CU_ASSERT_EQUAL(found.damages, 1);
	CU_ASSERT_STRING_EQUAL(found.key, "k00002");
	CU_ASSERT_EQUAL(repair(), SKV_OK);
	CU_ASSERT_STRING_EQUAL(found.key, "k00002");
	CU_ASSERT_EQUAL(repaired.dropped, 1);
	/* An older version does not stand in for it. */
	CU_ASSERT_EQUAL(count_newest(fixed_url, &older), NKEYS - 1);
	CU_ASSERT_EQUAL(older, 0);
}

static void
bad_numbers(void)
{
	change("\000ceiling", 8, "\001\0\0\0\0\0\0\0", 8);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	expect_all_repaired();
	change("\000ceiling", 8, NULL, 0);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	expect_all_repaired();
	change("\000format", 7, "x", 1);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	expect_all_repaired();
	change("\003what", 5, "x", 1);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
	expect_all_repaired();
	change("\001", 1, "x", 1);
	CU_ASSERT_EQUAL(check(url), SKV_CORRUPT);
}

/* One bit anywhere: found, and nothing wrong comes out of a repair. */
static void
flipped_bits(void)
{
	static const char *const ends[] = {".ldb", ".ldb", ".log", ""};
	unsigned i, newest, older, state = 7, unseen = 0;
	char path[PATHMAX];
	off_t at;

	for (i = 0; i < FLIPS; i++) {
		CHECK(find_file(i % 4 == 3 ? "MANIFEST-" : "", ends[i % 4],
		    i % 4 == 1, path));
		state = state * 1103515245 + 12345;
		at = (off_t)(state >> 3) % size_of(path);
		flip(path, at, state >> 28 & 7);
		unseen += check(url) == SKV_OK && found.notes == 0;
		CU_ASSERT_EQUAL(repair(), SKV_OK);
		newest = count_newest(fixed_url, &older);
		CU_ASSERT(newest + 600 > NKEYS);
		CU_ASSERT_EQUAL(check(fixed_url), SKV_OK);
		flip(path, at, state >> 28 & 7);
	}
	/* There are a few bytes of padding in footers. */
	CU_ASSERT(unseen <= 2);
	CU_ASSERT_EQUAL(check(url), SKV_OK);
}

static CU_TestInfo tests[] = {
    {"a sound store has nothing to find, and is copied", sound},
    {"a repaired store repeats no revision", new_identity},
    {"refuses what it cannot do", refusals},
    {"a wrong CURRENT", bad_current},
    {"a manifest cut off anywhere", torn_manifest},
    {"a manifest cut off between records", short_manifest},
    {"a manifest of zeroes, and none", lost_manifest},
    {"a flipped bit in entries of a table", bad_block},
    {"a flipped bit in the rest of a table", bad_frame},
    {"a missing table", missing_table},
    {"a table of random bytes", random_table},
    {"the torn end of a log", torn_log},
    {"a flipped bit in a log, and none", bad_log},
    {"an expiry without its index entry", missing_index},
    {"an index entry without its expiry", stale_index},
    {"a record that does not decode", bad_record},
    {"damage to the store's own numbers", bad_numbers},
    {"flipped bits anywhere", flipped_bits},
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
	CU_SuiteInfo suites[] = {
	    {"examine", NULL, NULL, make_store, unmake_store, tests},
	    CU_SUITE_INFO_NULL,
	};

	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return (write_and_die(argv[2]));
	self = argv[0];
	return (suite_run(suites));
}
