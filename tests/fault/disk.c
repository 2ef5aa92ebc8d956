/* SPDX-License-Identifier: MIT */
/*
 * What is durable of a directory, and images of what a loss of power leaves.
 *
 * Of a file that is its bytes up to the size that it had when its last
 * successful sync began; the bytes behind may be there in whole, up to some
 * point, with sectors missing or as zeros. Names are a list of changes
 * (creations, renames, removals) since the last sync of the directory: an image
 * has all of them, none, the first few or any of them, each whole. A removed
 * file may come back, so every file is kept alive by a second link until its
 * removal is durable.
 *
 * Removals wait for what was done before them in all images: file systems
 * without a journal may lose the new name of CURRENT and keep the removal of
 * the manifest that the old CURRENT names, against which LevelDB does nothing.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/powerloss.h"

/*
 * Room for a table that cannot be written: LevelDB begins it again for every
 * key of a compaction that is under way.
 */
enum {
	NFILES = 16384,
	NNAMES = 512,
	NCHANGES = 32768,
	NAMELEN = 32
};
enum {
	PATHLEN = 512,
	SECTOR = 512
};
/* One moment in how many becomes images, and how many different ones. */
enum {
	ODDS_RARE = 3,
	ODDS_USUAL = 16,
	IMAGES_EACH = 2
};

struct file {
	bool used;
	bool lost; /* a sync failed: "synced" is final */
	ino_t ino;
	unsigned id; /* its link is OUT/link.ID */
	off_t synced;
};

struct name {
	char text[NAMELEN];
	struct file *file;
};

struct names {
	size_t n;
	struct name list[NNAMES];
};

/* "to" becomes a name of the file, "from" ceases to be one; "": neither. */
struct change {
	char from[NAMELEN];
	char to[NAMELEN];
	struct file *file;
};

/* Not base/lck.h: this is loaded into any program. */
static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
static bool active;
static char dir[PATHLEN], parent[PATHLEN];
static size_t dirlen;
static const char *out, *log_path;
static uint64_t seed;
static unsigned images, images_max, next_id;
static unsigned long moments;
static unsigned long lost; /* bytes and names, of the image being made */

static struct file files[NFILES], *files_end = files;
static struct names durable;
static struct change changes[NCHANGES];
static size_t nchanges;
static unsigned long changes_done; /* that became durable */
static bool dir_durable;

void
disk_broken(const char *what)
{
	(void)fprintf(stderr, "powerloss.so: %s: %s\n", what, strerror(errno));
	abort();
}

static unsigned
rnd(unsigned below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((unsigned)((seed >> 33) % below));
}

static void
path_to(char path[PATHLEN], const char *base, const char *name)
{
	if ((size_t)snprintf(path, PATHLEN, "%s/%s", base, name) >= PATHLEN)
		disk_broken("path too long");
}

static void
link_path(char path[PATHLEN], const struct file *f)
{
	if ((size_t)snprintf(path, PATHLEN, "%s/link.%u", out, f->id) >=
	    PATHLEN)
		disk_broken("path too long");
}

/* --------------------------------------------------------------- names -- */

static void
names_set(struct names *ns, const char *text, struct file *file)
{
	size_t i;

	for (i = 0; i < ns->n && strcmp(ns->list[i].text, text) != 0; i++)
		continue;
	if (i == NNAMES)
		disk_broken("too many names");
	if (i == ns->n)
		ns->n++;
	(void)snprintf(ns->list[i].text, NAMELEN, "%s", text);
	ns->list[i].file = file;
}

static void
names_remove(struct names *ns, const char *text)
{
	size_t i;

	for (i = 0; i < ns->n; i++)
		if (strcmp(ns->list[i].text, text) == 0) {
			ns->list[i] = ns->list[--ns->n];
			return;
		}
}

static void
change_apply(struct names *ns, const struct change *c)
{
	if (c->from[0] != '\0')
		names_remove(ns, c->from);
	if (c->to[0] != '\0')
		names_set(ns, c->to, c->file);
}

static void
change_add(const char *from, const char *to, struct file *file)
{
	struct change *c;

	if (nchanges == NCHANGES)
		disk_broken("too many changes of names");
	if (strlen(from) >= NAMELEN || strlen(to) >= NAMELEN)
		disk_broken("name too long");
	c = &changes[nchanges++];
	(void)snprintf(c->from, NAMELEN, "%s", from);
	(void)snprintf(c->to, NAMELEN, "%s", to);
	c->file = file;
}

static bool
file_needed(const struct file *f)
{
	size_t i;

	for (i = 0; i < durable.n; i++)
		if (durable.list[i].file == f)
			return (true);
	for (i = 0; i < nchanges; i++)
		if (changes[i].file == f)
			return (true);
	return (false);
}

/* Forgets the files that no image can have any more. */
static void
files_drop(void)
{
	char path[PATHLEN];
	struct file *f;

	for (f = files; f < files_end; f++)
		if (f->used && !file_needed(f)) {
			link_path(path, f);
			(void)real.unlink(path);
			f->used = false;
		}
}

/* The "n" oldest changes are durable now. */
static void
changes_durable(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		change_apply(&durable, &changes[i]);
	nchanges -= n;
	changes_done += n;
	memmove(changes, changes + n, nchanges * sizeof(*changes));
	files_drop();
}

static struct file *
file_new(const char *name, const struct stat *st)
{
	char from[PATHLEN], to[PATHLEN];
	struct file *f;

	for (f = files; f < files_end && f->used; f++)
		continue;
	if (f == files + NFILES)
		disk_broken("too many files");
	if (f == files_end)
		files_end++;
	*f = (struct file){.used = true, .ino = st->st_ino, .id = next_id++};
	path_to(from, dir, name);
	link_path(to, f);
	if (link(from, to) == -1)
		disk_broken(to);
	return (f);
}

/* -------------------------------------------------------------- images -- */

/* How the bytes and the names that are not durable fare. */
enum tail {
	TAIL_LOST,
	TAIL_KEPT,
	TAIL_CUT,
	TAIL_TORN,
	TAIL_ZEROED,
	NTAILS
};
enum fate {
	NAMES_KEPT,
	NAMES_LOST,
	NAMES_FIRST,
	NAMES_ANY,
	NFATES
};

static const char *const tails[] = {"lost", "kept", "cut", "torn", "zeroed",
    "mixed"};
static const char *const fates[] = {"kept", "lost", "first", "any"};

/* Puts zeros over some sectors of what is not durable, or over its end. */
static void
spoil(char *data, size_t size, size_t synced, enum tail tail)
{
	size_t pos = synced, end;

	if (tail == TAIL_ZEROED) {
		pos = synced + rnd((unsigned)(size - synced) + 1);
		memset(data + pos, 0, size - pos);
		lost += size - pos;
	}
	for (; tail == TAIL_TORN && pos < size; pos = end) {
		end = (pos / SECTOR + 1) * SECTOR;
		if (end > size)
			end = size;
		if (rnd(2) == 0) {
			memset(data + pos, 0, end - pos);
			lost += end - pos;
		}
	}
}

static void
write_file(const char *path, const char *data, size_t size)
{
	int fd = real.open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd == -1 || real.write(fd, data, size) != (ssize_t)size ||
	    real.close(fd) == -1)
		disk_broken(path);
}

static void
image_file(const char *to, const struct file *f, enum tail tail)
{
	char from[PATHLEN], *data;
	size_t size, synced;
	struct stat st;
	int fd;

	link_path(from, f);
	fd = real.open(from, O_RDONLY);
	if (fd == -1 || fstat(fd, &st) == -1)
		disk_broken(from);
	size = (size_t)st.st_size;
	synced = f->synced < st.st_size ? (size_t)f->synced : size;
	data = malloc(size + 1);
	if (data == NULL || pread(fd, data, size, 0) != (ssize_t)size)
		disk_broken(from);
	(void)real.close(fd);
	if (tail == NTAILS)
		tail = rnd(NTAILS);
	if (tail == TAIL_LOST)
		size = synced;
	else if (tail == TAIL_CUT)
		size = synced + rnd((unsigned)(size - synced) + 1);
	else
		spoil(data, size, synced, tail);
	lost += (size_t)st.st_size - size;
	write_file(to, data, size);
	free(data);
}

/* The names after a loss of power. */
static void
image_names(struct names *ret, enum fate fate)
{
	size_t i, first = fate == NAMES_FIRST ? rnd((unsigned)nchanges + 1) : 0;
	bool all = true, has;

	*ret = durable;
	for (i = 0; i < nchanges; i++) {
		has = fate == NAMES_KEPT || i < first ||
		    (fate == NAMES_ANY && rnd(2) == 0);
		if (changes[i].from[0] != '\0')
			has = has && all;
		all = all && has;
		lost += !has;
		if (has)
			change_apply(ret, &changes[i]);
	}
}

/*
 * OUT/IMAGE/db, if its name has survived, and then OUT/IMAGE/moment: the size
 * of the log, what was lost, and a line that tells where and how.
 */
static void
image_make(const char *call, enum tail tail, enum fate fate)
{
	char path[PATHLEN], db[PATHLEN], text[200], number[16];
	static struct names ns;
	struct stat st;
	size_t i;

	lost = 0;
	(void)snprintf(number, sizeof(number), "%u", images++);
	path_to(path, out, number);
	path_to(db, path, "db");
	if (stat(log_path, &st) == -1 || real.mkdir(path, 0700) == -1)
		disk_broken(path);
	if (dir_durable || fate == NAMES_KEPT) {
		if (real.mkdir(db, 0700) == -1)
			disk_broken(db);
		image_names(&ns, fate);
		for (i = 0; i < ns.n; i++) {
			char to[PATHLEN];

			path_to(to, db, ns.list[i].text);
			image_file(to, ns.list[i].file, tail);
		}
	}
	(void)snprintf(text, sizeof(text),
	    "%lld %lu\n"
	    "before %s, call %lu: unsynced bytes %s, names %s\n",
	    (long long)st.st_size, lost, call, moments, tails[tail],
	    fates[fate]);
	path_to(db, path, "moment");
	write_file(db, text, strlen(text));
}

void
disk_moment(const char *call, bool rare)
{
	unsigned i;

	moments++;
	if (images >= images_max || rnd(rare ? ODDS_RARE : ODDS_USUAL) != 0)
		return;
	for (i = 0; i < IMAGES_EACH && images < images_max; i++)
		image_make(call, rnd(NTAILS + 1), rnd(NFATES));
}

/* -------------------------------------------------- what calls changed -- */

struct file *
disk_file(const struct stat *st)
{
	struct file *f;

	if (!S_ISREG(st->st_mode))
		return (NULL);
	for (f = files; f < files_end; f++)
		if (f->used && f->ino == st->st_ino)
			return (f);
	return (NULL);
}

void
disk_made(const char *name, const struct stat *st, bool emptied)
{
	struct file *f;

	if (name != NULL)
		change_add("", name, file_new(name, st));
	else if (emptied && (f = disk_file(st)) != NULL)
		f->synced = 0;
}

void
disk_renamed(const char *from, const char *to)
{
	char path[PATHLEN];
	struct stat st;
	struct file *f;

	path_to(path, dir, to);
	if (stat(path, &st) == -1)
		disk_broken(path);
	f = disk_file(&st);
	if (f != NULL)
		change_add(from, to, f);
}

void
disk_removed(const char *name)
{
	change_add(name, "", NULL);
}

void
disk_dir_made(void)
{
	dir_durable = false;
}

void
disk_shortened(struct file *f, off_t size)
{
	if (f != NULL && f->synced > size)
		f->synced = size;
}

/* Lets other threads get ahead, half of the time. */
static void
take_time(void)
{
	struct timespec ts = {0, 0};

	if (images_max == 0 || rnd(2) == 0)
		return;
	ts.tv_nsec = 1000 * (long)rnd(500);
	disk_unlock();
	(void)nanosleep(&ts, NULL);
	disk_lock();
}

void
disk_sync_file(struct file *f, const struct stat *st)
{
	unsigned id = f->id;

	take_time();
	if (f->used && f->id == id && !f->lost && f->synced < st->st_size)
		f->synced = st->st_size;
}

void
disk_sync_failed(struct file *f)
{
	f->lost = true;
}

void
disk_sync_dir(void)
{
	unsigned long upto = changes_done + nchanges;

	take_time();
	/* Another sync may have done as much meanwhile. */
	if (upto > changes_done)
		changes_durable(upto - changes_done);
}

void
disk_sync_parent(void)
{
	take_time();
	dir_durable = true;
}

/* -------------------------------------------------------------- report -- */

off_t
disk_log_size(void)
{
	struct stat st;

	/* At first there is none yet. */
	return (stat(log_path, &st) == -1 ? 0 : st.st_size);
}

void
disk_report(void)
{
	char path[PATHLEN], text[256];

	if (!active || out == NULL)
		return;
	failing_report(text, sizeof(text), moments);
	path_to(path, out, "calls");
	write_file(path, text, strlen(text));
}

/* --------------------------------------------------------------- start -- */

void
disk_lock(void)
{
	if (pthread_mutex_lock(&mtx) != 0)
		abort();
}

void
disk_unlock(void)
{
	if (pthread_mutex_unlock(&mtx) != 0)
		abort();
}

bool
disk_active(void)
{
	return (active);
}

const char *
disk_name(const char *path)
{
	const char *name;

	if (strncmp(path, dir, dirlen) != 0)
		return (NULL);
	if (path[dirlen] == '\0')
		return ("");
	if (path[dirlen] != '/')
		return (NULL);
	name = path + dirlen + 1;
	/* LevelDB's text log, which is nobody's data. */
	if (strncmp(name, "LOG", 3) == 0 || strchr(name, '/') != NULL)
		return (NULL);
	return (name);
}

static bool
is_same(const char *path, const struct stat *st)
{
	struct stat own;

	return (S_ISDIR(st->st_mode) && stat(path, &own) == 0 &&
	    own.st_ino == st->st_ino && own.st_dev == st->st_dev);
}

bool
disk_is_dir(const struct stat *st)
{
	return (is_same(dir, st));
}

bool
disk_is_parent(const struct stat *st)
{
	return (is_same(parent, st));
}

/* What is there at the start is durable. */
static void
adopt(void)
{
	struct dirent *entry;
	struct stat st;
	struct file *f;
	DIR *d = opendir(dir);

	dir_durable = d != NULL;
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, "LOG", 3) == 0 ||
		    fstatat(dirfd(d), entry->d_name, &st, 0) == -1 ||
		    !S_ISREG(st.st_mode))
			continue;
		f = file_new(entry->d_name, &st);
		f->synced = st.st_size;
		names_set(&durable, entry->d_name, f);
	}
	if (d != NULL)
		(void)closedir(d);
}

static unsigned long long
number(const char *name)
{
	const char *text = getenv(name);

	return (text == NULL ? 0 : strtoull(text, NULL, 10));
}

void
disk_init(void)
{
	const char *text = getenv("POWERLOSS_DIR");
	char *slash;

	if (text == NULL)
		return;
	out = getenv("POWERLOSS_OUT");
	log_path = getenv("POWERLOSS_LOG");
	dirlen = strlen(text);
	if (out == NULL || log_path == NULL || dirlen >= PATHLEN) {
		errno = EINVAL;
		disk_broken("environment");
	}
	memcpy(dir, text, dirlen + 1);
	memcpy(parent, text, dirlen + 1);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		*slash = '\0';
	seed = number("POWERLOSS_SEED");
	images_max = (unsigned)number("POWERLOSS_IMAGES");
	failing_init(getenv("POWERLOSS_FAIL"));
	adopt();
	active = true;
}
