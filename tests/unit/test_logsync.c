/* SPDX-License-Identifier: MIT */
/*
 * The sync barrier of the LevelDB engine. The program stands in for
 * fdatasync(2) and fsync(2), to know what its own thread has synced (LevelDB's
 * thread syncs too, and is not counted), and to make that fail.
 */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/unit/leveldb_fixture.h"
#include "tests/unit/suite.h"

/* ------------------------------------------------- synced by this thread -- */

enum {
	SYNCEDMAX = 256
};
static struct synced {
	char path[PATHMAX];
	off_t size;
	bool named; /* the directory was synced while it was there */
} synced[SYNCEDMAX];
static size_t nsynced, syncs;
static int fail_with; /* errno of the next sync of this thread */

/* Empty when there is no such descriptor (any more). */
static void
path_of(int fd, char path[PATHMAX])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATHMAX - 1);
	path[n == -1 ? 0 : n] = '\0';
}

static struct synced *
synced_entry(const char *path)
{
	size_t i;

	for (i = 0; i < nsynced; i++)
		if (strcmp(synced[i].path, path) == 0)
			return (&synced[i]);
	CHECK(nsynced < SYNCEDMAX);
	memset(&synced[nsynced], 0, sizeof(synced[0]));
	(void)snprintf(synced[nsynced].path, PATHMAX, "%s", path);
	return (&synced[nsynced++]);
}

static bool
is_log(const char *name)
{
	size_t len = strlen(name);

	return (len > 4 && strcmp(name + len - 4, ".log") == 0);
}

/* The next entry of the store's directory that is a log. */
static bool
next_log(DIR *d, char path[PATHMAX])
{
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL)
		if (is_log(entry->d_name)) {
			(void)snprintf(path, PATHMAX, "%s/%s", store,
			    entry->d_name);
			return (true);
		}
	return (false);
}

static int
sync_failure(void)
{
	if (fail_with == 0)
		return (0);
	errno = fail_with;
	fail_with = 0;
	return (-1);
}

static bool
is_main_thread(void)
{
	return (syscall(SYS_gettid) == getpid());
}

int
fdatasync(int fd)
{
	char path[PATHMAX];
	struct stat st;

	if (is_main_thread()) {
		if (sync_failure() == -1)
			return (-1);
		path_of(fd, path);
		AZ(fstat(fd, &st));
		if (is_log(path)) {
			synced_entry(path)->size = st.st_size;
			syncs++;
		}
	}
	return ((int)syscall(SYS_fdatasync, fd));
}

int
fsync(int fd)
{
	char path[PATHMAX];
	DIR *d;

	if (is_main_thread()) {
		if (sync_failure() == -1)
			return (-1);
		path_of(fd, path);
		d = strcmp(path, store) == 0 ? opendir(store) : NULL;
		while (d != NULL && next_log(d, path))
			synced_entry(path)->named = true;
		if (d != NULL)
			AZ(closedir(d));
	}
	return ((int)syscall(SYS_fsync, fd));
}

/* Whether every log that is there is durable as it is, name and contents. */
static bool
logs_are_durable(void)
{
	char path[PATHMAX];
	DIR *d = opendir(store);
	struct synced *s;
	struct stat st;
	bool durable = true;

	AN(d);
	while (next_log(d, path)) {
		s = synced_entry(path);
		/* One that goes away meanwhile needs nothing. */
		if (stat(path, &st) == 0 &&
		    (!s->named || s->size != st.st_size))
			durable = false;
	}
	AZ(closedir(d));
	return (durable);
}

/* ------------------------------------------------------------ the tests -- */

static void
syncs_what_is_written(void)
{
	struct engine *e = must_open();
	size_t n;

	CU_ASSERT(logs_are_durable());
	put(e, 1, 10);
	CU_ASSERT(!logs_are_durable());
	CU_ASSERT_EQUAL(ops->barrier(e, NULL), SKV_OK);
	CU_ASSERT(logs_are_durable());
	n = syncs;
	CU_ASSERT_EQUAL(ops->barrier(e, NULL), SKV_OK);
	CU_ASSERT_EQUAL(syncs, n); /* nothing was written meanwhile */
	put(e, 1, 10);
	CU_ASSERT_EQUAL(ops->barrier(e, NULL), SKV_OK);
	CU_ASSERT_EQUAL(syncs, n + 1);
	CU_ASSERT(logs_are_durable());
	ops->close(e);
}

/* Descriptors of this process on logs that are gone. */
static unsigned
dead_logs(void)
{
	char path[PATHMAX];
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned n = 0;

	AN(d);
	while ((entry = readdir(d)) != NULL)
		if (*entry->d_name != '.') {
			path_of(atoi(entry->d_name), path);
			n += strstr(path, ".log (deleted)") != NULL;
		}
	AZ(closedir(d));
	return (n);
}

static void
syncs_many_logs(void)
{
	const int64_t deadline = lck_now_ns() + 60 * 1000000000LL;
	struct engine *e = must_open();
	unsigned i, holes = 0;

	/* A memtable holds about 60 of them. */
	for (i = 0; i < 5000; i++) {
		put(e, i, 1000);
		if (i % 41 != 0)
			continue;
		CU_ASSERT_EQUAL(ops->barrier(e, NULL), SKV_OK);
		holes += !logs_are_durable();
	}
	CU_ASSERT_EQUAL(holes, 0);
	CU_ASSERT(nsynced > 4); /* so there were switches */
	/* The last memtable that was full becomes a table at some time. */
	do {
		CU_ASSERT_EQUAL(ops->barrier(e, NULL), SKV_OK);
	} while (dead_logs() > 0 && lck_now_ns() < deadline);
	CU_ASSERT_EQUAL(dead_logs(), 0);
	ops->close(e);
}

static void
reports_failed_sync(void)
{
	static const struct {
		int errnum;
		enum skv_err err;
	} rows[] = {
	    {EIO, SKV_IO},
	    {ENOSPC, SKV_NOSPACE},
	    {EDQUOT, SKV_NOSPACE},
	};
	struct skv_errinfo info;
	struct engine *e;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		e = must_open();
		put(e, (unsigned)i, 10);
		fail_with = rows[i].errnum;
		memset(&info, 0, sizeof(info));
		CU_ASSERT_EQUAL(ops->barrier(e, &info), rows[i].err);
		CU_ASSERT_EQUAL(fail_with, 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(info.text, ".log: fdatasync: "));
		CU_ASSERT(has(e, (unsigned)i, 10));
		ops->close(e);
	}
}

static void
failing_open(void)
{
	struct engine *e;

	AZ(setenv("TMPDIR", dir, 1));
	fail_with = ENOSPC;
	CU_ASSERT_EQUAL(engine_temp.open("", &opts, NULL, &e), SKV_NOSPACE);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
	AZ(mkdir(dir, 0700));
	AZ(unsetenv("TMPDIR"));
}

static CU_TestInfo tests[] = {
    {"a barrier syncs what was written, and nothing else",
	syncs_what_is_written},
    {"a barrier syncs every log and keeps none open too long", syncs_many_logs},
    {"a failed sync is reported", reports_failed_sync},
    {"a temporary store that fails to open leaves nothing behind",
	failing_open},
    CU_TEST_INFO_NULL,
};

static void
start(void)
{
	set_up();
	nsynced = 0;
	fail_with = 0;
}

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"logsync", NULL, NULL, start, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
