/* SPDX-License-Identifier: MIT */
/*
 * Where the torture program works, its children, and the judge of what they
 * leave behind. See torture.h.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/lck.h"
#include "tests/fault/torture.h"

#define HANG_NS 10000000000LL
/* What the images of one child may take, with room to spare. */
#define ROOM (1ULL << 30)

/* ---------------------------------------------------------- directories -- */

static void
join(char path[PATHLEN], const char *base, const char *name)
{
	CHECK((size_t)snprintf(path, PATHLEN, "%s/%s", base, name) < PATHLEN);
}

bool
place_make(struct place *p)
{
	const char *base = getenv("TMPDIR");
	struct statvfs fs;

	if (base == NULL && access("/dev/shm", W_OK) == 0 &&
	    statvfs("/dev/shm", &fs) == 0 && fs.f_bavail > ROOM / fs.f_frsize)
		base = "/dev/shm";
	join(p->top, base == NULL ? "/tmp" : base, "skv-torture.XXXXXX");
	if (mkdtemp(p->top) == NULL) {
		perror(p->top);
		return (false);
	}
	join(p->db, p->top, "db");
	join(p->out, p->top, "out");
	join(p->log, p->top, "log");
	return (true);
}

void
remove_dir(const char *path)
{
	struct dirent *entry;
	char name[PATHLEN];
	DIR *dir = opendir(path);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		join(name, path, entry->d_name);
		if (unlink(name) == -1)
			remove_dir(name);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(path);
}

void
place_remove(struct place *p)
{
	remove_dir(p->top);
}

void
place_clear(struct place *p, bool all)
{
	remove_dir(p->out);
	AZ(mkdir(p->out, 0700));
	(void)unlink(p->log);
	if (all)
		remove_dir(p->db);
}

bool
copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buf[65536];
	ssize_t n = -1;

	while (in != -1 && out != -1 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n) {
			n = -1;
			break;
		}
	if (in != -1)
		(void)close(in);
	if (out != -1 && close(out) == -1)
		n = -1;
	return (n == 0);
}

bool
copy_dir(const char *from, const char *to)
{
	char source[PATHLEN], target[PATHLEN];
	struct dirent *entry;
	bool ok = true;
	DIR *dir = opendir(from);

	if (dir == NULL || mkdir(to, 0700) == -1)
		ok = false;
	while (ok && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		join(source, from, entry->d_name);
		join(target, to, entry->d_name);
		ok = copy_file(source, target);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return (ok);
}

/* ------------------------------------------------------------- children -- */

/* An environment variable, for child_start() to free. */
__attribute__((format(printf, 2, 3))) static char *
variable(const char *name, const char *fmt, ...)
{
	char value[PATHLEN * 2], *text;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	CHECK(asprintf(&text, "%s=%s", name, value) != -1);
	return (text);
}

/* Ours, for as many as *ret_own, and then what there is. */
static char **
make_environment(const struct place *p, const struct disk *disk,
    size_t *ret_own)
{
	const char *shim = getenv("POWERLOSS_SO");
	size_t n = 0, i = 0;
	char **env;

	while (environ[i] != NULL)
		i++;
	env = calloc(i + 8, sizeof(*env));
	AN(env);

	if (disk != NULL) {
		AN(shim);
		env[n++] = variable("LD_PRELOAD", "%s", shim);
		env[n++] = variable("POWERLOSS_DIR", "%s", p->db);
		env[n++] = variable("POWERLOSS_OUT", "%s", p->out);
		env[n++] = variable("POWERLOSS_LOG", "%s", p->log);
		env[n++] = variable("POWERLOSS_SEED", "%llu",
		    (unsigned long long)disk->seed);
		env[n++] = variable("POWERLOSS_IMAGES", "%u", disk->images);
		if (disk->fail[0] != '\0')
			env[n++] = variable("POWERLOSS_FAIL", "%s", disk->fail);
	}
	*ret_own = n;
	for (i = 0; environ[i] != NULL; i++)
		env[n++] = environ[i];
	return (env);
}

struct child
child_start(const struct place *p, const struct work *w,
    const struct disk *disk)
{
	char self[] = "torture", verb[] = "work", args[9][24];
	char db[PATHLEN], log[PATHLEN], **env, *argv[14];
	const uint64_t numbers[] = {w->seed, w->base[0], w->base[1], w->base[2],
	    w->base[3], w->ntxns, w->sessions, w->interval, w->unlatch};
	posix_spawn_file_actions_t actions;
	struct child c;
	int pipefd[2];
	size_t i, own, n = 0;

	memcpy(db, p->db, PATHLEN);
	memcpy(log, p->log, PATHLEN);
	argv[n++] = self;
	argv[n++] = verb;
	argv[n++] = db;
	argv[n++] = log;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)snprintf(args[i], sizeof(args[i]), "%llu",
		    (unsigned long long)numbers[i]);
		argv[n++] = args[i];
	}
	argv[n] = NULL;
	env = make_environment(p, disk, &own);
	AZ(pipe2(pipefd, O_CLOEXEC));
	AZ(posix_spawn_file_actions_init(&actions));
	AZ(posix_spawn_file_actions_adddup2(&actions, pipefd[1], 2));
	AZ(posix_spawn(&c.pid, "/proc/self/exe", &actions, NULL, argv, env));
	AZ(posix_spawn_file_actions_destroy(&actions));
	(void)close(pipefd[1]);
	while (own > 0)
		free(env[--own]);
	free(env);
	c.fd = pipefd[0];
	return (c);
}

/* Reads what a child says, until it has ended; false if it does not. */
static bool
listen_to(int fd, char *text, size_t size)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int64_t left, deadline = lck_now_ns() + HANG_NS;
	size_t len = 0;
	ssize_t n;

	for (;;) {
		left = deadline - lck_now_ns();
		if (left <= 0 || poll(&pfd, 1, (int)(left / 1000000) + 1) == 0)
			return (false);
		if (len == size - 1)
			len = 0; /* the end of it says most */
		n = read(fd, text + len, size - 1 - len);
		if (n <= 0)
			return (true);
		len += (size_t)n;
		text[len] = '\0';
	}
}

int
child_wait(struct child c, struct verdict *v)
{
	char text[300] = "";
	int status;

	if (!listen_to(c.fd, text, sizeof(text))) {
		verdict_set(v, V_HANG, "%s", text);
		(void)kill(c.pid, SIGKILL);
	}
	(void)close(c.fd);
	CHECK(waitpid(c.pid, &status, 0) == c.pid);
	if (WIFSIGNALED(status))
		verdict_set(v, V_DIED, "signal %d: %s", WTERMSIG(status), text);
	else if (WEXITSTATUS(status) == WORK_VIOLATION)
		verdict_set(v, V_LATCH, "%s", text);
	else if (WEXITSTATUS(status) == WORK_OPEN ||
	    WEXITSTATUS(status) == WORK_CLOSE)
		return (WEXITSTATUS(status));
	else if (WEXITSTATUS(status) != 0)
		verdict_set(v, V_DIED, "status %d: %s", WEXITSTATUS(status),
		    text);
	return (0);
}

void
child_kill(struct child c)
{
	int status;

	(void)kill(c.pid, SIGKILL);
	CHECK(waitpid(c.pid, &status, 0) == c.pid);
	(void)close(c.fd);
}

/* ---------------------------------------------------------------- judge -- */

static struct skv *
open_store(const char *db, struct verdict *v)
{
	struct skv_errinfo info = {""};
	struct skv_options opts;
	char url[PATHLEN + 16];
	struct skv *store;
	enum skv_err err;

	store_options(&opts, 0);
	(void)snprintf(url, sizeof(url), "leveldb:%s", db);
	err = skv_open(url, &opts, &info, &store);
	if (err == SKV_OK)
		return (store);
	verdict_set(v, V_OPEN, "open: %s: %s", skv_strerror(err), info.text);
	return (NULL);
}

/* Every key, by scan and by get, which must agree. */
static void
read_all(struct skv *store, uint64_t seed, struct found *f, struct verdict *v)
{
	const struct skv_range all = {.prefix = NULL};
	struct skv_value val, again;
	struct skv_scan *scan;
	const void *key;
	enum skv_err err;
	size_t keylen;

	memset(f, 0, sizeof(*f));
	AZ(skv_scan_open(store, &all, &scan));
	while ((err = skv_scan_next(scan, &key, &keylen, &val)) == SKV_OK) {
		if (!found_add(f, seed, key, keylen, &val, v))
			break;
		err = skv_get(store, key, keylen, &again);
		if (err != SKV_OK || again.revision != val.revision ||
		    again.len != val.len)
			verdict_set(v, V_WRONG, "scan and get of %.*s differ",
			    (int)keylen, (const char *)key);
		if (err == SKV_OK)
			skv_value_release(&again);
	}
	if (err != SKV_OK && err != SKV_NOTFOUND)
		verdict_set(v, V_OPEN, "scan: %s", skv_strerror(err));
	skv_scan_close(scan);
}

/* One more write: it works, and its revision is a new one. */
static void
write_on(struct skv *store, const struct history *h, struct verdict *v)
{
	struct skv_txn *t = skv_txn_new(store);
	enum skv_err err;

	AN(t);
	AZ(skv_txn_put(t, "after", 5, "x", 1, NULL));
	skv_txn_durability(t, SKV_SYNC);
	err = skv_commit(t);
	if (err != SKV_OK)
		verdict_set(v, V_OPEN, "a write: %s: %s", skv_strerror(err),
		    skv_txn_error(t));
	else if (skv_txn_revision(t) <= history_revision(h))
		verdict_set(v, V_REVISION, "%llu after %llu",
		    (unsigned long long)skv_txn_revision(t),
		    (unsigned long long)history_revision(h));
	skv_txn_free(t);
}

void
judge(const char *db, const struct history *h, struct verdict *v)
{
	struct skv_errinfo info = {""};
	struct found first, second;
	struct skv *store = open_store(db, v);

	if (store == NULL)
		return;
	read_all(store, h->seed, &first, v);
	history_judge(h, &first, v);
	write_on(store, h, v);
	if (skv_close(store, &info) != SKV_OK)
		verdict_set(v, V_OPEN, "close: %s", info.text);
	store = open_store(db, v);
	if (store == NULL)
		return;
	read_all(store, h->seed, &second, v);
	if (memcmp(&first, &second, sizeof(first)) != 0)
		verdict_set(v, V_WRONG, "opened again, it has other contents");
	(void)skv_close(store, NULL);
}
