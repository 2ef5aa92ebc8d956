/* SPDX-License-Identifier: MIT */
/*
 * What test_examine.c works on: a store whose values name their key and
 * version, so that a wrong one shows, and ways to damage it.
 */
#ifndef TESTS_UNIT_EXAMINE_FIXTURE_H
#define TESTS_UNIT_EXAMINE_FIXTURE_H

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/logfile.h"
#include "tests/unit/leveldb_fixture.h"

#define NKEYS 1500
#define VALUELEN 120
#define FLIPS 60

static char url[sizeof(store) + 16], fixed[sizeof(store) + 16];
static char fixed_url[sizeof(fixed) + 16];
static struct skv_errinfo info;
static struct skv_check_report report;
static struct skv_repair_report repaired;
static struct skv_stats before; /* of the store as it was made */
static const char *self;	/* how this program was called */

/* What was found last. */
static struct found {
	unsigned damages, notes, lost;
	char file[64], what[256], key[64], after[64], until[64];
} found;

static void
keep(char *to, size_t size, const void *from, size_t len)
{
	(void)snprintf(to, size, "%.*s", from == NULL ? 0 : (int)len,
	    from == NULL ? "" : (const char *)from);
}

static void
on_found(const struct skv_finding *f, void *arg)
{
	struct found *to = arg;

	to->damages += f->damage;
	to->notes += !f->damage;
	to->lost += f->lost;
	CU_ASSERT(*f->what != '\0');
	(void)snprintf(to->file, sizeof(to->file), "%s",
	    f->file == NULL ? "" : f->file);
	(void)snprintf(to->what, sizeof(to->what), "%s", f->what);
	keep(to->key, sizeof(to->key), f->key, f->keylen);
	keep(to->after, sizeof(to->after), f->after, f->afterlen);
	keep(to->until, sizeof(to->until), f->until, f->untillen);
}

static struct skv_examine how = {.size = sizeof(how),
    .found = on_found,
    .arg = &found};

static enum skv_err
check(const char *what)
{
	memset(&found, 0, sizeof(found));
	*info.text = '\0';
	return (skv_check(what, &how, &info, &report));
}

static enum skv_err
repair(void)
{
	memset(&found, 0, sizeof(found));
	*info.text = '\0';
	remove_directory(fixed);
	return (skv_repair(url, fixed_url, &how, &info, &repaired));
}

/* --------------------------------------------------------------- a store -- */

/* The newest version of a key; 0: it is deleted. */
static unsigned
version(unsigned n)
{
	return (n % 7 == 0 ? 0 : n % 3 == 0 ? 2 : 1);
}

static void
make_value(char value[VALUELEN], unsigned n, unsigned ver)
{
	unsigned i, state = n * 31 + ver;
	int len = snprintf(value, VALUELEN, "k%05u.%u.", n, ver);

	/* Not to be compressed much. */
	for (i = (unsigned)len; i < VALUELEN; i++) {
		state = state * 1103515245 + 12345;
		value[i] = (char)(state >> 16);
	}
}

static void
put_version(struct skv *db, unsigned n, unsigned ver)
{
	struct skv_attr attr = {.kind = SKV_RAW};
	char key[16], value[VALUELEN];

	(void)snprintf(key, sizeof(key), "k%05u", n);
	make_value(value, n, ver);
	if (n % 10 == 1)
		attr.expires_ms = 4000000000000 + n;
	CHECK(skv_put(db, key, 6, value, VALUELEN, &attr) == SKV_OK);
}

static struct skv *
open_with(const char *where, uint64_t write_buffer)
{
	struct skv_options o;
	struct skv *db = NULL;

	skv_options_init(&o, where);
	o.write_buffer_size = write_buffer;
	o.min_free = 0;
	o.cache_size = 1 << 20;
	o.sync_interval_ms = 0;
	if (skv_open(where, &o, &info, &db) != SKV_OK)
		(void)fprintf(stderr, "%s\n", info.text);
	return (db);
}

static struct skv *
open_at(const char *where)
{
	return (open_with(where, 64 << 10));
}

/* What "write URL" does: changes that stay in the log, and dies. */
static int
write_and_die(const char *where)
{
	struct skv *db = open_with(where, 4 << 20);
	struct skv_stats stats;
	char key[16];
	unsigned n;

	if (db == NULL)
		return (1);
	for (n = 0; n < NKEYS; n++) {
		(void)snprintf(key, sizeof(key), "k%05u", n);
		if (version(n) == 2)
			put_version(db, n, 2);
		else if (version(n) == 0 && skv_delete(db, key, 6) != SKV_OK)
			return (1);
	}
	skv_stats(db, &stats);
	if (write(STDOUT_FILENO, &stats, sizeof(stats)) != sizeof(stats))
		return (1);
	_exit(0);
}

static void
spawn_writer(void)
{
	char name[] = "test_examine", verb[] = "write";
	char *argv[] = {name, verb, url, NULL};
	posix_spawn_file_actions_t fa;
	int out[2], status = -1;
	pid_t pid;

	AZ(pipe2(out, O_CLOEXEC));
	AZ(posix_spawn_file_actions_init(&fa));
	AZ(posix_spawn_file_actions_adddup2(&fa, out[1], STDOUT_FILENO));
	AZ(posix_spawnp(&pid, self, &fa, NULL, argv, environ));
	AZ(posix_spawn_file_actions_destroy(&fa));
	AZ(close(out[1]));
	CHECK(read(out[0], &before, sizeof(before)) == sizeof(before));
	AZ(close(out[0]));
	CHECK(waitpid(pid, &status, 0) == pid);
	AZ(status);
}

static void
make_store(void)
{
	struct skv *db;
	unsigned n;

	set_up();
	(void)snprintf(url, sizeof(url), "leveldb:%s", store);
	(void)snprintf(fixed, sizeof(fixed), "%s/fixed", dir);
	(void)snprintf(fixed_url, sizeof(fixed_url), "leveldb:%s", fixed);
	how.scratch = dir;
	db = open_at(url);
	AN(db);
	for (n = 0; n < NKEYS; n++)
		put_version(db, n, 1);
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_OK);
	spawn_writer();
}

static void
unmake_store(void)
{
	remove_directory(fixed);
	tear_down();
	/* Nothing was left behind. */
	CU_ASSERT_EQUAL(access(dir, F_OK), -1);
}

/* How many keys have their newest version; none may have what none was. */
static unsigned
count_newest(const char *where, unsigned *ret_older)
{
	char key[16], value[VALUELEN];
	struct skv *db = open_at(where);
	struct skv_value v;
	unsigned n, ver, newest = 0;

	*ret_older = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(db);
	for (n = 0; n < NKEYS; n++) {
		(void)snprintf(key, sizeof(key), "k%05u", n);
		if (skv_get(db, key, 6, &v) != SKV_OK) {
			newest += version(n) == 0;
			continue;
		}
		CU_ASSERT_EQUAL_FATAL(v.len, VALUELEN);
		for (ver = 1; ver <= 2; ver++) {
			make_value(value, n, ver);
			if (memcmp(value, v.data, VALUELEN) == 0)
				break;
		}
		CU_ASSERT(ver <= 2);
		CU_ASSERT_EQUAL(v.attr.expires_ms,
		    n % 10 == 1 ? 4000000000000 + (int64_t)n : 0);
		newest += ver == version(n);
		*ret_older += ver != version(n);
		skv_value_release(&v);
	}
	CU_ASSERT_EQUAL(skv_close(db, NULL), SKV_OK);
	return (newest);
}

static void
expect_all_repaired(void)
{
	unsigned older;

	CU_ASSERT_EQUAL(repair(), SKV_OK);
	CU_ASSERT_STRING_EQUAL(info.text, "");
	CU_ASSERT_EQUAL(check(fixed_url), SKV_OK);
	CU_ASSERT_EQUAL(found.damages + found.notes, 0);
	CU_ASSERT_EQUAL(count_newest(fixed_url, &older), NKEYS);
}

/* --------------------------------------------------------------- damage -- */

/* The n-th file, by name, that begins and ends like this. */
static bool
find_file(const char *begin, const char *end, unsigned nth, char path[PATHMAX])
{
	struct dirent **list;
	bool hit = false;
	int i, n;
	size_t len;

	n = scandir(store, &list, NULL, alphasort);
	CHECK(n >= 0);
	for (i = 0; i < n; i++) {
		len = strlen(list[i]->d_name);
		if (!hit &&
		    strncmp(list[i]->d_name, begin, strlen(begin)) == 0 &&
		    len >= strlen(end) &&
		    strcmp(list[i]->d_name + len - strlen(end), end) == 0 &&
		    nth-- == 0) {
			(void)snprintf(path, PATHMAX, "%s/%s", store,
			    list[i]->d_name);
			hit = true;
		}
		free(list[i]);
	}
	free(list);
	return (hit);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	AZ(stat(path, &st));
	return (st.st_size);
}

static void
flip(const char *path, off_t offset, unsigned bit)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	CHECK(fd != -1 && pread(fd, &c, 1, offset) == 1);
	c = (char)(c ^ 1 << bit);
	CHECK(pwrite(fd, &c, 1, offset) == 1);
	AZ(close(fd));
}

static void
write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd != -1 && write(fd, data, len) == (ssize_t)len);
	AZ(close(fd));
}

/* Of contents and times of the files in the directory. */
static uint64_t
fingerprint(void)
{
	struct dirent **list;
	char path[PATHMAX], bytes[4096];
	uint64_t sum = 14695981039346656037ULL;
	struct stat st;
	ssize_t len, j;
	int i, n, fd;

	n = scandir(store, &list, NULL, alphasort);
	CHECK(n >= 0);
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", store,
		    strcmp(list[i]->d_name, "..") == 0 ? "." : list[i]->d_name);
		free(list[i]);
		AZ(stat(path, &st));
		sum = (sum ^ (uint64_t)st.st_mtim.tv_nsec ^
			  (uint64_t)st.st_ctim.tv_nsec ^ st.st_nlink) *
		    1099511628211ULL;
		fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) :
					   -1;
		while (fd != -1 && (len = read(fd, bytes, sizeof(bytes))) > 0)
			for (j = 0; j < len; j++)
				sum = (sum ^ (unsigned char)bytes[j]) *
				    1099511628211ULL;
		if (fd != -1)
			AZ(close(fd));
	}
	free(list);
	return (sum);
}

#endif
