/* SPDX-License-Identifier: MIT */
/* check and repair: the store's directory, while nobody has it open. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/examine.h"
#include "cli/output.h"

/* ----------------------------------------------------------------- check -- */

static const struct option_def check_options[] = {
    {"scratch", 0, "DIR", "where to make a directory; default: $TMPDIR, /tmp"},
    {NULL, 0, NULL, NULL},
};

static void
print_check(const struct session *s, const struct skv_check_report *r)
{
	if (s->quiet || out_format == FORMAT_RAW)
		return;
	if (out_format == FORMAT_JSON)
		out_printf("{");
	print_count("tables", r->tables);
	print_count("logs", r->logs);
	print_count("file_bytes", r->file_bytes);
	print_count("keys", r->keys);
	print_count("bytes", r->bytes);
	print_count("expiring", r->expiring);
	print_count("expired", r->expired);
	print_count("stale_index_entries", r->stale);
	print_count("notes", r->notes);
	if (out_format == FORMAT_JSON)
		out_printf("\"damages\":%" PRIu64 "}\n", r->damages);
	else
		out_printf("damages: %" PRIu64 "\n", r->damages);
}

static enum status
run_check(struct session *s, const struct args *args)
{
	char *url = directory_url(args->argv[0]);
	struct skv_check_report r = {0};
	struct examination e;
	enum skv_err err;
	enum status st;

	if (url == NULL)
		return (ST_SERVER);
	examination_begin(&e, s, "check");
	e.how.scratch = args_get(args, "scratch");
	err = skv_check(url, &e.how, &e.info, &r);
	st = examination_end(&e, err == SKV_CORRUPT ? SKV_OK : err);
	if (st == ST_DONE) {
		print_check(s, &r);
		st = out_flush();
	}
	if (st == ST_DONE && err == SKV_CORRUPT)
		st = fail_user(ST_SERVER,
		    "%s is damaged; \"scribekv repair\" "
		    "makes a new store of what is good",
		    args->argv[0]);
	free(url);
	return (st);
}

const struct command cmd_check = {
    .name = "check",
    .args = "DIR",
    .help = "Examine a store that nobody has open",
    .more = "Verifies every checksum, decodes every record, and compares the "
	    "expiry index with\nthe records. Nothing in DIR is changed, and "
	    "nobody can open it meanwhile. Each\nfinding is a line: damage, or "
	    "a note, which is no harm. Exit status 0: there is\nno damage; 5: "
	    "there is, or the store could not be read.\n\n"
	    "  scribekv check /var/lib/scribekv\n"
	    "  scribekv check -o json /var/lib/scribekv\n",
    .options = check_options,
    .flags = COMMAND_FILES | COMMAND_TOP,
    .least = 1,
    .most = 1,
    .run = run_check,
};

/* ---------------------------------------------------------------- repair -- */

static const struct option_def repair_options[] = {
    {"to", 0, "NEWDIR", "the store to be made, whose directory is not there"},
    {"scratch", 0, "DIR", "where to make a directory; default: $TMPDIR, /tmp"},
    {NULL, 0, NULL, NULL},
};

static const char *
manifest_text(enum skv_manifest m)
{
	switch (m) {
	case SKV_MANIFEST_WHOLE:
		return ("whole");
	case SKV_MANIFEST_TORN:
		return ("torn");
	case SKV_MANIFEST_NONE:
		return ("none");
	}
	return ("none");
}

static void
print_repair(const struct session *s, const struct skv_repair_report *r)
{
	if (s->quiet || out_format == FORMAT_RAW)
		return;
	if (out_format == FORMAT_JSON)
		out_printf("{\"manifest\":\"%s\",", manifest_text(r->manifest));
	else
		out_printf("manifest: %s\n", manifest_text(r->manifest));
	print_count("tables_read", r->tables);
	print_count("logs_read", r->logs);
	print_count("entries_read", r->entries);
	print_count("overwritten", r->older);
	print_count("deleted", r->deleted);
	print_count("dropped", r->dropped);
	print_count("damages", r->damages);
	print_count("bytes_kept", r->made.bytes);
	if (out_format == FORMAT_JSON)
		out_printf("\"keys_kept\":%" PRIu64 "}\n", r->made.keys);
	else
		out_printf("keys_kept: %" PRIu64 "\n", r->made.keys);
}

static enum status
repair(struct session *s, const struct args *args, const char *from,
    const char *to)
{
	struct skv_repair_report r;
	struct examination e;
	enum status st;

	examination_begin(&e, s, "repair");
	e.how.scratch = args_get(args, "scratch");
	st = examination_end(&e, skv_repair(from, to, &e.how, &e.info, &r));
	if (st != ST_DONE)
		return (st);
	print_repair(s, &r);
	if (r.manifest != SKV_MANIFEST_WHOLE)
		warn_user("which files belong to the store was not fully "
			  "known: deleted keys may be back");
	if (r.damages > 0)
		warn_user("findings that say so mean lost keys, or older "
			  "values of them");
	return (out_flush());
}

static enum status
run_repair(struct session *s, const struct args *args)
{
	const char *to = args_get(args, "to");
	char *from_url = NULL, *to_url = NULL;
	enum status st = ST_SERVER;

	if (to == NULL)
		return (fail_user(ST_USAGE,
		    "say where the new store is to be: "
		    "--to NEWDIR"));
	from_url = directory_url(args->argv[0]);
	if (from_url != NULL)
		to_url = directory_url(to);
	if (to_url != NULL)
		st = repair(s, args, from_url, to_url);
	free(from_url);
	free(to_url);
	return (st);
}

const struct command cmd_repair = {
    .name = "repair",
    .args = "DIR --to NEWDIR",
    .help = "Make a new store of what is good of a damaged one",
    .more = "DIR, which nobody may have open, is not changed. Of each key the "
	    "newest good value\nis taken; what is lost is told, a line each. "
	    "NEWDIR appears when it is finished\nand checked. It needs as much "
	    "room as DIR, twice while it is made. Entity tags of\nthe old "
	    "store "
	    "are not valid in the new one.\n\n"
	    "  scribekv repair /var/lib/scribekv --to /var/lib/scribekv.new\n",
    .options = repair_options,
    .flags = COMMAND_FILES | COMMAND_TOP,
    .least = 1,
    .most = 1,
    .run = run_repair,
};
