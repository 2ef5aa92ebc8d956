/* SPDX-License-Identifier: MIT */
/*
 * What is particular to the engines on LevelDB: opening what is there, damaged
 * or not. Called as "test_engine_leveldb hold DIR" it keeps a store open. The
 * sync barrier is in test_logsync.c.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/leveldb_fixture.h"
#include "tests/unit/suite.h"

static const char *self; /* how this program was called */

/* The file in the store whose name begins and ends like this. */
static void
find_file(const char *begin, const char *end, char path[PATHMAX])
{
	struct dirent *entry;
	DIR *d = opendir(store);
	size_t len;

	AN(d);
	*path = '\0';
	while ((entry = readdir(d)) != NULL) {
		len = strlen(entry->d_name);
		if (strncmp(entry->d_name, begin, strlen(begin)) == 0 &&
		    len >= strlen(end) &&
		    strcmp(entry->d_name + len - strlen(end), end) == 0)
			(void)snprintf(path, PATHMAX, "%s/%s", store,
			    entry->d_name);
	}
	AZ(closedir(d));
	CHECK(*path != '\0');
}

static void
overwrite(const char *path, off_t offset, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd != -1);
	CHECK(pwrite(fd, data, len, offset) == (ssize_t)len);
	AZ(close(fd));
}

static off_t
size_of(const char *path)
{
	struct stat st;

	AZ(stat(path, &st));
	return (st.st_size);
}

static void
copy_file(const char *from, const char *to)
{
	static char bytes[1 << 20];
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd != -1);
	n = read(fd, bytes, sizeof(bytes));
	CHECK(n >= 0 && (size_t)n < sizeof(bytes));
	AZ(close(fd));
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd != -1);
	CHECK(write(fd, bytes, (size_t)n) == n);
	AZ(close(fd));
}

/* Makes the second directory the same as the first. */
static void
copy_store(const char *from, const char *to)
{
	char source[2 * PATHMAX], target[2 * PATHMAX];
	struct dirent *entry;
	DIR *d = opendir(from);

	AN(d);
	remove_all(to);
	AZ(mkdir(to, 0700));
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(source, sizeof(source), "%s/%s", from,
		    entry->d_name);
		(void)snprintf(target, sizeof(target), "%s/%s", to,
		    entry->d_name);
		copy_file(source, target);
	}
	AZ(closedir(d));
}

/* Closes, and leaves the files as kill -9 would have. */
static void
crash(struct engine *e)
{
	char image[PATHMAX];

	(void)snprintf(image, sizeof(image), "%s/killed", dir);
	copy_store(store, image);
	ops->close(e);
	remove_all(store);
	AZ(rename(image, store));
}

/* ------------------------------------------------------------- opening -- */

static void
keeps(void)
{
	struct engine *e = must_open();
	unsigned i;
	struct stat st;

	AZ(stat(store, &st));
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
	for (i = 0; i < 500; i++)
		put(e, i, 1000);
	ops->close(e);
	opts.create = false;
	e = must_open();
	for (i = 0; i < 500; i++)
		CU_ASSERT(has(e, i, 1000));
	ops->close(e);
}

static void
does_not_create(void)
{
	struct engine *e;

	opts.create = false;
	CU_ASSERT_EQUAL(open_store(&e), SKV_NOTFOUND);
	CU_ASSERT_EQUAL(access(store, F_OK), -1);
	AZ(mkdir(store, 0700));
	CU_ASSERT_EQUAL(open_store(&e), SKV_NOTFOUND);
	CU_ASSERT_EQUAL(rmdir(store), 0); /* nothing was put in it */
}

static void
refuses_paths(void)
{
	static char name[300];
	struct skv_errinfo info = {""};
	struct engine *e;
	char path[PATHMAX];
	int fd;

	CU_ASSERT_EQUAL(ops->open("", &opts, &info, &e), SKV_INVALID);
	CU_ASSERT(*info.text != '\0');
	(void)snprintf(path, sizeof(path), "%s/no/such", dir);
	CU_ASSERT_EQUAL(ops->open(path, &opts, &info, &e), SKV_INVALID);
	CU_ASSERT_PTR_NOT_NULL(strstr(info.text, path));
	memset(name, 'n', sizeof(name) - 1);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	CU_ASSERT_EQUAL(ops->open(path, &opts, &info, &e), SKV_IO);
	CU_ASSERT_EQUAL(ops->open(path, &opts, NULL, &e), SKV_IO);
	fd = open(store, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd != -1);
	AZ(close(fd));
	CU_ASSERT_EQUAL(open_store(&e), SKV_IO);
	AZ(unlink(store));
	CU_ASSERT_EQUAL(engine_temp.open("x", &opts, &info, &e), SKV_INVALID);
	CU_ASSERT_EQUAL(engine_mem.open("x", &opts, &info, &e), SKV_INVALID);
}

static void
locks(void)
{
	struct engine *e = must_open(), *other;

	put(e, 1, 10);
	CU_ASSERT_EQUAL(open_store(&other), SKV_LOCKED);
	put(e, 2, 10);
	CU_ASSERT(has(e, 1, 10) && has(e, 2, 10));
	ops->close(e);
	e = must_open();
	CU_ASSERT(has(e, 1, 10) && has(e, 2, 10));
	ops->close(e);
}

/* What "hold DIR" does: opens, says so, and waits until it is told to end. */
static int
hold(const char *path)
{
	struct engine *e;
	char c = 'x';

	if (ops->open(path, &ops->defaults, NULL, &e) != SKV_OK ||
	    write(STDOUT_FILENO, &c, 1) != 1)
		return (1);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	ops->close(e);
	return (0);
}

static pid_t
spawn_holder(int in, int out)
{
	char name[] = "test_engine_leveldb", verb[] = "hold";
	char *argv[] = {name, verb, store, NULL};
	posix_spawn_file_actions_t fa;
	pid_t pid;

	AZ(posix_spawn_file_actions_init(&fa));
	AZ(posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO));
	AZ(posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO));
	AZ(posix_spawnp(&pid, self, &fa, NULL, argv, environ));
	AZ(posix_spawn_file_actions_destroy(&fa));
	return (pid);
}

static void
locks_processes(void)
{
	int in[2], out[2], status = -1;
	struct engine *e;
	pid_t pid;
	char c;

	AZ(pipe2(in, O_CLOEXEC));
	AZ(pipe2(out, O_CLOEXEC));
	pid = spawn_holder(in[0], out[1]);
	AZ(close(out[1]));
	CU_ASSERT_EQUAL_FATAL(read(out[0], &c, 1), 1);
	CU_ASSERT_EQUAL(open_store(&e), SKV_LOCKED);
	AZ(close(in[1]));
	AZ(close(in[0]));
	AZ(close(out[0]));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	ops->close(must_open());
}

/* Whether a thread other than the calling one has these signals blocked. */
static bool
others_block(uint64_t mask)
{
	char path[PATHMAX], line[256];
	DIR *d = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned n = 0;
	uint64_t blocked;
	FILE *f;

	AN(d);
	while ((entry = readdir(d)) != NULL) {
		if (*entry->d_name == '.' || atoi(entry->d_name) == getpid())
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/task/%s/status",
		    entry->d_name);
		f = fopen(path, "re");
		AN(f);
		while (fgets(line, sizeof(line), f) != NULL)
			if (sscanf(line, "SigBlk: %" SCNx64, &blocked) == 1 &&
			    (blocked & mask) == mask)
				n++;
		AZ(fclose(f));
	}
	AZ(closedir(d));
	return (n > 0);
}

static void
blocks_signals(void)
{
	sigset_t before, after;
	struct engine *e;

	AZ(pthread_sigmask(SIG_SETMASK, NULL, &before));
	e = must_open();
	CU_ASSERT(others_block(1U << (SIGTERM - 1) | 1U << (SIGUSR1 - 1) |
	    1U << (SIGHUP - 1) | 1U << (SIGALRM - 1)));
	AZ(pthread_sigmask(SIG_SETMASK, NULL, &after));
	CU_ASSERT_EQUAL(sigismember(&before, SIGTERM),
	    sigismember(&after, SIGTERM));
	ops->close(e);
}

static void
raises_limit(void)
{
	struct rlimit before, limit;

	AZ(getrlimit(RLIMIT_NOFILE, &before));
	limit = before;
	limit.rlim_cur = limit.rlim_max / 2;
	AZ(setrlimit(RLIMIT_NOFILE, &limit));
	ops->close(must_open());
	AZ(getrlimit(RLIMIT_NOFILE, &limit));
	CU_ASSERT_EQUAL(limit.rlim_cur, limit.rlim_max);
	AZ(setrlimit(RLIMIT_NOFILE, &before));
}

static void
temporary(void)
{
	struct skv_errinfo info = {""};
	struct engine *one, *two;
	char missing[PATHMAX];

	AZ(setenv("TMPDIR", dir, 1));
	CU_ASSERT_EQUAL_FATAL(engine_temp.open("", &opts, &info, &one), SKV_OK);
	CU_ASSERT_EQUAL_FATAL(engine_temp.open("", &opts, &info, &two), SKV_OK);
	CU_ASSERT_EQUAL(rmdir(dir), -1); /* they are in it */
	put(one, 1, 10);
	CU_ASSERT(has(one, 1, 10));
	CU_ASSERT(!has(two, 1, 10));
	engine_temp.close(one);
	engine_temp.close(two);
	engine_temp.close(NULL);
	CU_ASSERT_EQUAL(rmdir(dir), 0); /* nothing is left in it */
	AZ(mkdir(dir, 0700));
	(void)snprintf(missing, sizeof(missing), "%s/missing", dir);
	AZ(setenv("TMPDIR", missing, 1));
	CU_ASSERT_EQUAL(engine_temp.open("", &opts, &info, &one), SKV_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(info.text, missing));
	AZ(unsetenv("TMPDIR"));
}

static void
property(void)
{
	struct engine *e = must_open();
	char *text = ops->property(e, "leveldb.stats");

	CU_ASSERT_PTR_NOT_NULL(text);
	free(text);
	text = ops->property(e, "leveldb.num-files-at-level0");
	CU_ASSERT(text != NULL && strcmp(text, "0") == 0);
	free(text);
	ops->close(e);
}

/* -------------------------------------------------------------- damage -- */

static void
damaged_current(void)
{
	static const struct {
		const char *text;
		enum skv_err err;
	} rows[] = {
	    {"", SKV_CORRUPT},
	    {"MANIFEST-000002", SKV_CORRUPT}, /* no newline */
	    {"MANIFEST-999999\n", SKV_CORRUPT},
	    {"../../../../etc/passwd\n", SKV_CORRUPT},
	    {"\n", SKV_IO}, /* reads the directory */
	};
	char path[PATHMAX];
	struct engine *e = must_open();
	size_t i;

	put(e, 1, 10);
	ops->close(e);
	(void)snprintf(path, sizeof(path), "%s/CURRENT", store);
	for (i = 0; i < LENGTH(rows); i++) {
		AZ(truncate(path, 0));
		overwrite(path, 0, rows[i].text, strlen(rows[i].text));
		CU_ASSERT_EQUAL(open_store(&e), rows[i].err);
	}
}

static void
missing_current(void)
{
	char path[PATHMAX], kept[PATHMAX];
	struct engine *e = must_open();

	put(e, 1, 10);
	ops->close(e);
	(void)snprintf(path, sizeof(path), "%s/CURRENT", store);
	(void)snprintf(kept, sizeof(kept), "%s/kept", store);
	AZ(rename(path, kept));
	CU_ASSERT_EQUAL(open_store(&e), SKV_CORRUPT);
	AZ(rename(kept, path));
	e = must_open();
	CU_ASSERT(has(e, 1, 10));
	ops->close(e);
}

/* A log cut anywhere opens, and has the writes before the cut. */
static void
torn_log(void)
{
	enum {
		WRITES = 20,
		LEN = 100
	};
	char path[PATHMAX], gone[PATHMAX];
	struct engine *e;
	unsigned n, i, kept;
	off_t size;

	for (n = 0; n < 40; n++) {
		e = must_open();
		for (i = 0; i < WRITES; i++)
			put(e, i, LEN);
		crash(e);
		find_file("", ".log", path);
		size = size_of(path);
		if (n % 2 == 0)
			AZ(truncate(path, size - n));
		else
			overwrite(path, size - n, "garbage", 7);
		e = must_open();
		for (kept = 0; kept < WRITES && has(e, kept, LEN); kept++)
			;
		CU_ASSERT(kept >= WRITES - 1);
		CU_ASSERT(n % 2 == 1 || n == 0 || kept == WRITES - 1);
		ops->close(e);
		(void)snprintf(gone, sizeof(gone), "%s", store);
		remove_all(gone);
	}
}

/* Whether reading everything gives the truth or an error. */
static bool
tells_the_truth(struct engine *e, unsigned nkeys, size_t len)
{
	struct engine_iter *it;
	enum skv_err err;
	unsigned i, seen = 0;
	bool whole;

	for (i = 0; i < nkeys; i++) {
		whole = true;
		err = get(e, i, len, &whole);
		if (err == SKV_NOTFOUND || !whole)
			return (false);
	}
	it = ops->iter_new(e);
	for (ops->iter_seek(it, "", 0); ops->iter_valid(it); ops->iter_next(it))
		if (atoi(ops->iter_key(it, &len)) != (int)seen++)
			break;
	whole = seen == nkeys ||
	    (ops->iter_error(it) != SKV_OK && !ops->iter_valid(it));
	ops->iter_free(it);
	return (whole);
}

static void
flipped_bits(void)
{
	enum {
		KEYS = 400,
		LEN = 60,
		FLIPS = 300
	};
	struct engine *e = must_open();
	unsigned i, lies = 0, found = 0;
	char path[PATHMAX], byte, flipped;
	off_t offset, size;
	int fd;

	for (i = 0; i < KEYS; i++)
		put(e, i, LEN);
	ops->close(e);
	find_file("", ".ldb", path);
	size = size_of(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	for (i = 0; i < FLIPS; i++) {
		offset = (off_t)((i * 7919ULL * 31) % (uint64_t)size);
		CHECK(pread(fd, &byte, 1, offset) == 1);
		flipped = (char)(byte ^ 1 << i % 8);
		overwrite(path, offset, &flipped, 1);
		if (ops->open(store, &opts, NULL, &e) == SKV_OK) {
			lies += !tells_the_truth(e, KEYS, LEN);
			found += get(e, 0, LEN, &(bool){false}) != SKV_OK;
			ops->close(e);
		}
		overwrite(path, offset, &byte, 1);
	}
	AZ(close(fd));
	CU_ASSERT_EQUAL(lies, 0);
	CU_ASSERT(found > 0); /* some did hit what the test reads */
	e = must_open();
	CU_ASSERT(tells_the_truth(e, KEYS, LEN));
	ops->close(e);
}

/* Flips one bit in each of many bytes of a file, and opens a copy each time. */
static void
flip_at_rest(const char *name, const char *image, unsigned nkeys, size_t len)
{
	char path[2 * PATHMAX], whole[2 * PATHMAX], byte;
	struct engine *e;
	off_t at, size, step;
	int fd;

	(void)snprintf(whole, sizeof(whole), "%s/%s", image, name);
	(void)snprintf(path, sizeof(path), "%s/%s", store, name);
	size = size_of(whole);
	step = size / 150 + 1;
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	for (at = 0; at < size; at += step) {
		copy_store(image, store);
		CHECK(pread(fd, &byte, 1, at) == 1);
		byte = (char)(byte ^ 1 << at % 8);
		overwrite(path, at, &byte, 1);
		if (ops->open(store, &opts, NULL, &e) != SKV_OK)
			continue;
		CU_ASSERT(tells_the_truth(e, nkeys, len));
		ops->close(e);
	}
	AZ(close(fd));
}

/*
 * A store that was closed in order has all its data in tables: damage to any of
 * its files is an error or without effect, and is never taken for the end of
 * what was written.
 */
static void
flipped_at_rest(void)
{
	enum {
		KEYS = 40,
		LEN = 60
	};
	struct engine *e = must_open();
	char image[PATHMAX], path[PATHMAX];
	struct dirent *entry;
	unsigned i;
	DIR *d;

	for (i = 0; i < KEYS; i++)
		put(e, i, LEN);
	ops->close(e);
	find_file("", ".log", path);
	CU_ASSERT_EQUAL(size_of(path), 0);
	(void)snprintf(image, sizeof(image), "%s/rest", dir);
	copy_store(store, image);
	d = opendir(image);
	AN(d);
	while ((entry = readdir(d)) != NULL)
		/* Not LOCK, nor LevelDB's words for people in LOG. */
		if (entry->d_name[0] != '.' && entry->d_name[0] != 'L')
			flip_at_rest(entry->d_name, image, KEYS, LEN);
	AZ(closedir(d));
	remove_all(image);
}

static CU_TestInfo tests[] = {
    {"a store is kept when it is closed", keeps},
    {"a store is not created unless it may be", does_not_create},
    {"paths that cannot be are refused with a text", refuses_paths},
    {"a store is not opened twice", locks},
    {"a store is not opened by two processes", locks_processes},
    {"LevelDB's thread takes no signals", blocks_signals},
    {"the limit of descriptors is raised", raises_limit},
    {"a temporary store leaves nothing behind", temporary},
    {"a property is a copy", property},
    {"a damaged CURRENT is an error", damaged_current},
    {"a missing CURRENT costs no data", missing_current},
    {"a torn log keeps what is before the tear", torn_log},
    {"a flipped bit in a table hides and changes nothing", flipped_bits},
    {"a flipped bit in a store at rest is not taken for its end",
	flipped_at_rest},
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
	CU_SuiteInfo suites[] = {
	    {"leveldb", NULL, NULL, set_up, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};

	if (argc == 3 && strcmp(argv[1], "hold") == 0)
		return (hold(argv[2]));
	self = argv[0];
	return (suite_run(suites));
}
