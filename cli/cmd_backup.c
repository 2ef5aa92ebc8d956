/* SPDX-License-Identifier: MIT */
/*
 * backup and restore: an export in a file that proves itself complete and
 * unchanged (archive.h), and the way back. A restore reads the file twice, so
 * that nothing is put before all of it was seen to be good.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/lck.h"
#include "cli/archive.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/save.h"
#include "cli/target.h"

#define NS_PER_S 1000000000LL
#define NAP_NS 50000000LL /* an interrupt is noticed after this long */
/* Lines are put in pieces of about this many bytes. */
#define CHUNK (1UL << 20)
#define RATE_LEAST 4096

/* A bound on bytes a second; all zero: none. */
struct throttle {
	uint64_t rate;
	int64_t begun_ns;
};

/* Waits until "bytes" since the begin are not too many. */
static void
throttle(struct throttle *t, uint64_t bytes)
{
	struct timespec nap = {.tv_nsec = 0};
	int64_t due, left;

	if (t->rate == 0)
		return;
	if (t->begun_ns == 0)
		t->begun_ns = lck_now_ns();
	due = t->begun_ns +
	    (int64_t)((double)bytes / (double)t->rate * (double)NS_PER_S);
	while ((left = due - lck_now_ns()) > 0 && !interrupted()) {
		nap.tv_nsec = left < NAP_NS ? (long)left : NAP_NS;
		(void)nanosleep(&nap, NULL);
	}
}

/* ---------------------------------------------------------------- backup -- */

static const struct option_def backup_options[] = {
    {"rate", 0, "BYTES", "at most so many bytes a second"},
    {NULL, 0, NULL, NULL},
};

struct backup {
	struct archive archive;
	struct save file;
	struct throttle throttle;
	struct progress progress;
};

static bool
take_part(const char *data, size_t len, void *arg)
{
	struct backup *b = arg;

	archive_add(&b->archive, data, len);
	throttle(&b->throttle, b->archive.bytes);
	progress_update(&b->progress, b->archive.bytes, b->archive.keys);
	return (save_write(&b->file, data, len) && !interrupted());
}

static enum status
write_backup(struct session *s, struct target *t, struct backup *b)
{
	const struct skv_range all = {.prefix = NULL};
	struct answer a = {.status = ST_DONE};
	char line[ARCHIVE_LINE_MAX];
	uint64_t total = 0;
	enum status st;

	if (progress_wanted(s) && t->ops->count(t, &all, &a) == ST_DONE)
		total = a.count;
	progress_begin(&b->progress, s, "backup", total, false, "keys");
	(void)save_write(&b->file, line,
	    archive_head(&b->archive, line, (int64_t)time(NULL)));
	st = t->ops->export(t, &all, take_part, b, &a);
	progress_end(&b->progress);
	if (st == ST_DONE) {
		(void)save_write(&b->file, line,
		    archive_tail(&b->archive, line));
		st = save_commit(&b->file);
	} else if (interrupted())
		st = fail_user(ST_SERVER, "interrupted; no file was made");
	else if (a.message[0] == '\0')
		(void)save_commit(&b->file); /* which says why it failed */
	else
		(void)target_fail(&a);
	answer_release(&a);
	return (st);
}

static enum status
run_backup(struct session *s, const struct args *args)
{
	struct backup b = {.throttle.rate = 0};
	struct target *t;
	enum status st;

	if (!args_uint(args, "rate", RATE_LEAST, 1ULL << 40, &b.throttle.rate))
		return (ST_USAGE);
	if (strcmp(args->argv[0], "-") == 0)
		return (fail_user(ST_USAGE,
		    "a backup is a file; \"export\" "
		    "writes to standard output"));
	st = session_target(s, &t);
	if (st == ST_DONE)
		st = save_open(&b.file, args->argv[0]);
	if (st != ST_DONE)
		return (st);
	st = write_backup(s, t, &b);
	if (st == ST_DONE && out_format == FORMAT_JSON)
		out_printf("{\"keys\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
		    b.archive.keys, b.archive.bytes);
	else if (st == ST_DONE && !s->quiet && out_format != FORMAT_RAW)
		out_printf("backed up %" PRIu64 " keys\n", b.archive.keys);
	save_abandon(&b.file);
	return (st);
}

const struct command cmd_backup = {
    .name = "backup",
    .args = "FILE",
    .help = "Write all keys to a file that can be verified",
    .more = "FILE is the store of one moment, whatever is written meanwhile, "
	    "with types and times\nto live. Its last line has a checksum over "
	    "all of it. It appears when it is\ncomplete and on the disk. "
	    "--rate leaves disk and network to others.\n\n"
	    "  scribekv backup /backup/scribekv.skv\n"
	    "  scribekv backup --rate 10000000 /backup/scribekv.skv\n"
	    "  scribekv --store /var/lib/scribekv backup scribekv.skv\n",
    .options = backup_options,
    .flags = COMMAND_FILES,
    .least = 1,
    .most = 1,
    .run = run_backup,
};

/* --------------------------------------------------------------- restore -- */

static const struct option_def restore_options[] = {
    {"merge", 0, NULL, "also into a store that has keys, which stay"},
    {"salvage", 0, NULL, "also of a damaged file, as far as it can be read"},
    {"verify-only", 0, NULL, "only say whether the file is good"},
    {"rate", 0, "BYTES", "at most so many bytes a second"},
    {NULL, 0, NULL, NULL},
};

struct restore {
	struct target *t;
	struct archive_file file;
	struct throttle throttle;
	struct progress progress;
	struct buf lines;
	uint64_t keys, bytes;
	bool salvage;
};

static bool
on_verify(uint64_t done, void *arg)
{
	struct restore *r = arg;

	progress_update(&r->progress, done, 0);
	return (!interrupted());
}

/* Puts the first "len" bytes, which are whole lines. */
static enum status
put_lines(struct restore *r, size_t len)
{
	const struct bytes lines = {r->lines.data, len};
	struct answer a = {.status = ST_DONE};
	enum status st;

	st = r->t->ops->import(r->t, lines, SYNC_NO, &a);
	r->keys += a.count;
	if (st == ST_DONE) {
		r->bytes += len;
		memmove(r->lines.data, r->lines.data + len, r->lines.len - len);
		buf_truncate(&r->lines, r->lines.len - len);
		throttle(&r->throttle, r->bytes);
		progress_update(&r->progress, r->bytes, r->keys);
	} else {
		progress_end(&r->progress);
		(void)target_fail(&a);
	}
	answer_release(&a);
	return (st);
}

static enum status
put_complete(struct restore *r)
{
	const char *nl;

	if (r->lines.len < CHUNK ||
	    (nl = memrchr(r->lines.data, '\n', r->lines.len)) == NULL)
		return (ST_DONE);
	return (put_lines(r, (size_t)(nl + 1 - r->lines.data)));
}

/* What is left at the end; of a damaged file only whole lines. */
static enum status
put_rest(struct restore *r)
{
	const char *nl = r->lines.len == 0 ?
	    NULL :
	    memrchr(r->lines.data, '\n', r->lines.len);

	return (nl == NULL ? ST_DONE :
			     put_lines(r, (size_t)(nl + 1 - r->lines.data)));
}

static enum status
put_all(struct restore *r)
{
	const struct archive_file *f = &r->file;
	struct answer a = {.status = ST_DONE};
	uint64_t at = f->begin;
	enum status st = ST_DONE;
	ssize_t n;
	char *p;

	while (st == ST_DONE && at < f->end) {
		p = buf_extend(&r->lines, 65536);
		if (p == NULL)
			return (fail_user(ST_SERVER, "out of memory"));
		n = pread(f->fd, p,
		    f->end - at < 65536 ? (size_t)(f->end - at) : 65536,
		    (off_t)at);
		buf_truncate(&r->lines,
		    r->lines.len - 65536 + (n > 0 ? (size_t)n : 0));
		if (n <= 0)
			return (fail_user(ST_SERVER, "%s cannot be read",
			    f->name));
		at += (uint64_t)n;
		st = interrupted() ? fail_user(ST_SERVER, "interrupted") :
				     put_complete(r);
	}
	if (st == ST_DONE)
		st = put_rest(r);
	if (st == ST_DONE &&
	    r->t->ops->import(r->t, (struct bytes){"", 0}, SYNC_YES, &a) !=
		ST_DONE)
		st = target_fail(&a);
	answer_release(&a);
	return (st);
}

/* Keys that are there already would stay among the restored ones. */
static enum status
expect_empty(struct target *t)
{
	const struct list_query q = {.limit = 1};
	struct answer a = {.status = ST_DONE};
	enum status st = ST_DONE;

	if (t->ops->list(t, &q, &a) != ST_DONE)
		st = target_fail(&a);
	else if (memmem(a.body.data, a.body.len, "\"items\":[]", 10) == NULL)
		st = fail_user(ST_USAGE,
		    "%s is not empty; --merge puts the "
		    "keys beside those that are there",
		    t->name);
	answer_release(&a);
	return (st);
}

static enum status
restore(struct session *s, const struct args *args, struct restore *r)
{
	enum status st = session_target(s, &r->t);

	if (st == ST_DONE && !args_has(args, "merge"))
		st = expect_empty(r->t);
	if (st != ST_DONE)
		return (st);
	progress_begin(&r->progress, s, "restore", r->file.end - r->file.begin,
	    true, "keys");
	st = put_all(r);
	progress_end(&r->progress);
	if (st != ST_DONE)
		warn_user("%" PRIu64 " keys were restored; --merge begins "
			  "again",
		    r->keys);
	else if (!r->salvage && r->keys != r->file.keys)
		st = fail_user(ST_SERVER, "%s was changed while it was read",
		    r->file.name);
	return (st);
}

static enum status
run_restore(struct session *s, const struct args *args)
{
	struct restore r = {.salvage = args_has(args, "salvage")};
	bool only = args_has(args, "verify-only");
	enum status st;

	if (!args_uint(args, "rate", RATE_LEAST, 1ULL << 40, &r.throttle.rate))
		return (ST_USAGE);
	progress_begin(&r.progress, s, "verify", 0, true, "");
	st = archive_open(&r.file, args->argv[0], r.salvage && !only, on_verify,
	    &r);
	progress_end(&r.progress);
	if (st != ST_DONE)
		return (st);
	if (!only)
		st = restore(s, args, &r);
	else
		r.keys = r.file.keys;
	if (st == ST_DONE && out_format == FORMAT_JSON)
		out_printf("{\"keys\":%" PRIu64 "}\n", r.keys);
	else if (st == ST_DONE && !s->quiet && out_format != FORMAT_RAW)
		out_printf(only ? "good, %" PRIu64 " keys\n" :
				  "restored %" PRIu64 " keys\n",
		    r.keys);
	(void)close(r.file.fd);
	buf_release(&r.lines);
	return (st);
}

const struct command cmd_restore = {
    .name = "restore",
    .args = "FILE",
    .help = "Put the keys of a backup",
    .more = "All of FILE is verified before the first key is put: one that is "
	    "cut off, changed\nor has something behind its end is refused. "
	    "The target is to be empty. In the end\nall is durable. Revisions "
	    "and entity tags are new ones.\n\n"
	    "  scribekv restore --verify-only /backup/scribekv.skv\n"
	    "  scribekv restore /backup/scribekv.skv\n"
	    "  scribekv --store /var/lib/scribekv.new --create restore "
	    "scribekv.skv\n",
    .options = restore_options,
    .flags = COMMAND_FILES,
    .least = 1,
    .most = 1,
    .run = run_restore,
};
