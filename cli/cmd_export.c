/* SPDX-License-Identifier: MIT */
/* export and import. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/lck.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/save.h"
#include "cli/state.h"

/* ---------------------------------------------------------------- export -- */

static const struct option_def export_options[] = {
    {"prefix", 'p', "P", "only keys that begin with this"},
    {"start", 0, "KEY", "only keys from this one on"},
    {"end", 0, "KEY", "only keys before this one"},
    {NULL, 0, NULL, NULL},
};

struct export
{
	struct save file;
	struct progress progress;
	uint64_t bytes, keys;
};

static bool
take_part(const char *data, size_t len, void *arg)
{
	struct export *x = arg;

	x->bytes += len;
	x->keys += count_lines(data, len);
	progress_update(&x->progress, x->bytes, x->keys);
	return (save_write(&x->file, data, len) && !interrupted());
}

/* How many keys there are, for the progress line; 0 when nobody looks. */
static uint64_t
expected_keys(const struct session *s, struct target *t,
    const struct skv_range *r)
{
	struct answer a = {.status = ST_DONE};
	uint64_t n = 0;

	if (progress_wanted(s) && t->ops->count(t, r, &a) == ST_DONE)
		n = a.count;
	answer_release(&a);
	return (n);
}

static enum status
export_range(struct session *s, struct target *t, const struct skv_range *r,
    struct export *x)
{
	struct answer a = {.status = ST_DONE};
	enum status st, saved;

	progress_begin(&x->progress, s, "export",
	    x->file.standard && out_terminal() ? 0 : expected_keys(s, t, r),
	    false, "keys");
	/* Lines on the same terminal would be mixed with it. */
	if (x->file.standard && out_terminal())
		progress_end(&x->progress);
	st = t->ops->export(t, r, take_part, x, &a);
	progress_end(&x->progress);
	/* With no message it was the sink, and the file says why. */
	if (st == ST_DONE || (a.message[0] == '\0' && !interrupted())) {
		saved = save_commit(&x->file);
		st = saved != ST_DONE ? saved : st;
	} else
		(void)target_fail(&a);
	answer_release(&a);
	return (st);
}

static enum status
run_export(struct session *s, const struct args *args)
{
	struct export x = {.keys = 0};
	struct buf scratch = {0};
	struct skv_range r;
	struct target *t;
	enum status st = ST_USAGE;

	if (range_options(s, args, &scratch, &r))
		st = session_target(s, &t);
	if (st == ST_DONE)
		st = save_open(&x.file, args->argc > 0 ? args->argv[0] : "-");
	if (st == ST_DONE) {
		st = export_range(s, t, &r, &x);
		if (st == ST_DONE && !x.file.standard && !s->quiet)
			out_printf("exported %" PRIu64 " keys\n", x.keys);
		save_abandon(&x.file);
	}
	buf_release(&scratch);
	return (st);
}

const struct command cmd_export = {
    .name = "export",
    .args = "[FILE | -]",
    .help = "Write keys and values as lines of JSON",
    .more =
	"To standard output, or to FILE, which appears when all of it is "
	"there. What is\nwritten is the store of one moment, whatever "
	"happens meanwhile; \"scribekv import\"\nmakes the same keys of it, "
	"with their types and times to live.\n\n"
	"  scribekv export backup.ndjson\n"
	"  scribekv export --prefix user/ | gzip >users.ndjson.gz\n",
    .options = export_options,
    .flags = COMMAND_FILES,
    .least = 0,
    .most = 1,
    .run = run_export,
};

/* ---------------------------------------------------------------- import -- */

/* Lines are sent in pieces of about this many bytes. */
#define CHUNK (4UL << 20)
/* How often what is in is made durable and noted. */
#define CHECKPOINT_NS 1000000000LL

static const struct option_def import_options[] = {
    {"state", 0, "FILE", "note the progress there, and go on from there"},
    {"skip-lines", 0, "N", "leave out the first N lines"},
    {NULL, 0, NULL, NULL},
};

struct import {
	struct target *t;
	const char *name;
	int fd;
	struct state state; /* up to the last checkpoint */
	struct buf lines;   /* read and not sent */
	uint64_t skip;	    /* lines still to be left out */
	uint64_t nlines, nkeys, nbytes;
	int64_t checkpoint_ns;
	struct progress progress;
	struct answer a;
};

static void
note_progress(struct import *im)
{
	im->state.lines = im->nlines;
	im->state.keys = im->nkeys;
	im->checkpoint_ns = lck_now_ns();
}

/* What has come in is durable; a failure to note it does not undo that. */
static enum status
checkpoint(struct import *im)
{
	note_progress(im);
	return (state_save(&im->state));
}

static enum status
refused(struct import *im, uint64_t before)
{
	progress_end(&im->progress);
	if (im->a.line == 0)
		return (target_fail(&im->a));
	/* What came before the bad line is in. */
	im->nlines = before + im->a.line - 1;
	im->nkeys += im->a.count;
	return (fail_user(im->a.status, "%s, line %" PRIu64 ": %s", im->name,
	    before + im->a.line, im->a.message));
}

/* Sends the first "len" bytes, which are whole lines. */
static enum status
send_lines(struct import *im, size_t len)
{
	const struct bytes lines = {im->lines.data, len};
	bool due = lck_now_ns() - im->checkpoint_ns > CHECKPOINT_NS;
	uint64_t before = im->nlines;
	enum status st;

	st = im->t->ops->import(im->t, lines, due ? SYNC_YES : SYNC_NO, &im->a);
	if (st != ST_DONE)
		return (refused(im, before));
	im->nlines += count_lines(lines.data, len);
	im->nkeys += im->a.count;
	im->nbytes += len;
	progress_update(&im->progress, im->nbytes, im->nkeys);
	memmove(im->lines.data, im->lines.data + len, im->lines.len - len);
	buf_truncate(&im->lines, im->lines.len - len);
	return (due ? checkpoint(im) : ST_DONE);
}

/* Drops lines that are in already. */
static void
skip_lines(struct import *im)
{
	char *p = im->lines.data, *end = p + im->lines.len, *nl;

	while (im->skip > 0 && p < end &&
	    (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		im->skip--;
		im->nbytes += (uint64_t)(nl + 1 - p);
		p = nl + 1;
	}
	memmove(im->lines.data, p, (size_t)(end - p));
	buf_truncate(&im->lines, (size_t)(end - p));
}

/* Sends what is complete: at the end of the input, all of it. */
static enum status
send_complete(struct import *im, bool end)
{
	const char *nl;

	if (im->skip > 0 && im->lines.len > 0)
		skip_lines(im);
	if (im->lines.len == 0 || im->skip > 0)
		return (ST_DONE);
	if (end)
		return (send_lines(im, im->lines.len));
	nl = memrchr(im->lines.data, '\n', im->lines.len);
	if (im->lines.len < CHUNK || nl == NULL)
		return (ST_DONE);
	return (send_lines(im, (size_t)(nl + 1 - im->lines.data)));
}

static enum status
read_lines(struct import *im)
{
	enum status st = ST_DONE;
	ssize_t n = 1;
	char *p;

	while (n != 0 && st == ST_DONE) {
		p = buf_extend(&im->lines, 65536);
		if (p == NULL)
			return (fail_user(ST_SERVER, "out of memory"));
		n = read(im->fd, p, 65536);
		buf_truncate(&im->lines,
		    im->lines.len - 65536 + (n > 0 ? (size_t)n : 0));
		if (interrupted())
			return (fail_user(ST_SERVER, "interrupted"));
		if (n == -1 && errno != EINTR)
			return (fail_user(ST_USAGE, "%s: %s", im->name,
			    strerror(errno)));
		if (n >= 0)
			st = send_complete(im, n == 0);
	}
	return (st);
}

/* Makes all that is in durable, whether it went well or not. */
static enum status
finish(struct import *im, enum status st)
{
	enum status synced;

	interrupt_hold(true);
	synced = im->t->ops->import(im->t, (struct bytes){"", 0}, SYNC_YES,
	    &im->a);
	interrupt_hold(false);
	progress_end(&im->progress);
	if (st == ST_DONE && synced != ST_DONE)
		st = target_fail(&im->a);
	if (st == ST_DONE) {
		state_remove(&im->state);
		return (st);
	}
	if (synced == ST_DONE)
		(void)checkpoint(im);
	if (im->state.path != NULL)
		warn_user("%" PRIu64 " lines are in; the same command goes on "
			  "behind them",
		    im->state.lines);
	else if (im->state.lines > 0)
		warn_user("%" PRIu64 " lines are in; --skip-lines %" PRIu64
			  " goes on behind them",
		    im->state.lines, im->state.lines);
	return (st);
}

/* Opens the input, and says what the state is to be of. */
static enum status
open_input(struct import *im, uint64_t *ret_size)
{
	struct buf *id = &im->state.identity;
	struct stat st;

	*ret_size = 0;
	im->fd = STDIN_FILENO;
	if (strcmp(im->name, "-") == 0)
		im->name = "standard input";
	else
		im->fd = open(im->name, O_RDONLY | O_CLOEXEC);
	if (im->fd == -1 || fstat(im->fd, &st) == -1)
		return (fail_user(ST_USAGE, "%s: %s", im->name,
		    strerror(errno)));
	if (S_ISDIR(st.st_mode))
		return (fail_user(ST_USAGE, "%s is a directory", im->name));
	(void)buf_adds(id, "import ");
	escape(id, im->name, strlen(im->name));
	if (S_ISREG(st.st_mode))
		*ret_size = (uint64_t)st.st_size;
	(void)buf_adds(id, " into ");
	(void)buf_adds(id, im->t->name);
	return (buf_failed(id) ? fail_user(ST_SERVER, "out of memory") :
				 ST_DONE);
}

static enum status
import_input(struct session *s, const struct args *args, struct import *im)
{
	uint64_t size;
	enum status st = open_input(im, &size);

	if (st == ST_DONE)
		st = state_load(&im->state);
	if (st != ST_DONE)
		return (st);
	if (im->state.lines > 0 && !s->quiet)
		warn_user("going on behind line %" PRIu64, im->state.lines);
	im->skip = im->nlines = im->state.lines;
	im->nkeys = im->state.keys;
	if (!args_uint(args, "skip-lines", 1, UINT64_MAX, &im->skip))
		return (ST_USAGE);
	im->nlines = im->skip;
	im->state.lines = im->nlines;
	im->checkpoint_ns = lck_now_ns();
	if (im->fd == STDIN_FILENO && isatty(STDIN_FILENO))
		warn_user("type lines of JSON, and end with Ctrl-D");
	progress_begin(&im->progress, s, "import", size, true, "keys");
	st = read_lines(im);
	if (st == ST_DONE && im->skip > 0)
		st = fail_user(ST_USAGE,
		    "%s has fewer lines than were to be "
		    "left out",
		    im->name);
	return (finish(im, st));
}

static enum status
run_import(struct session *s, const struct args *args)
{
	struct import im = {
	    .name = args->argc > 0 ? args->argv[0] : "-",
	    .fd = -1,
	    .state.path = args_get(args, "state"),
	};
	enum status st;

	if (im.state.path != NULL && args_has(args, "skip-lines"))
		return (fail_user(ST_USAGE,
		    "give --state or --skip-lines, not both"));
	st = session_target(s, &im.t);
	if (st == ST_DONE)
		st = import_input(s, args, &im);
	if (st == ST_DONE && out_format == FORMAT_JSON)
		out_printf("{\"imported\":%" PRIu64 "}\n", im.nkeys);
	else if (st == ST_DONE && !s->quiet && out_format != FORMAT_RAW)
		out_printf("imported %" PRIu64 " keys\n", im.nkeys);
	if (im.fd > STDIN_FILENO)
		(void)close(im.fd);
	answer_release(&im.a);
	state_release(&im.state);
	buf_release(&im.lines);
	return (st);
}

const struct command cmd_import = {
    .name = "import",
    .args = "[FILE | -]",
    .help = "Read lines of JSON and put the keys in them",
    .more =
	"The lines of an export, or any like {\"key\": \"k\", \"value\": "
	"1}. They are put in their\norder; a bad line stops the import, and "
	"what came before it stays. In the end all\nis durable. With "
	"--state, an import that was interrupted goes on when the same\n"
	"command is given again.\n\n"
	"  scribekv import backup.ndjson\n"
	"  zcat users.ndjson.gz | scribekv import\n"
	"  scribekv import --state big.state big.ndjson\n",
    .options = import_options,
    .flags = COMMAND_FILES,
    .least = 0,
    .most = 1,
    .run = run_import,
};
