/* SPDX-License-Identifier: MIT */
/* txn: a transaction from a file or standard input. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/input.h"
#include "cli/item.h"
#include "cli/output.h"
#include "wire/value.h"

static const struct option_def txn_options[] = {
    {"sync", 0, NULL, "return when it would survive a loss of power"},
    {"no-sync", 0, NULL, "return when it would survive a crash"},
    {NULL, 0, NULL, NULL},
};

static const char *
result_name(const struct item *it)
{
	if (it->has_found)
		return (it->found ? "value" : "no such key");
	return (it->etag.len > 0 ? "put" : "deleted");
}

static void
print_result(struct table *t, uint64_t index, const struct item *it)
{
	struct buf line = {0};

	if (out_format == FORMAT_RAW) {
		if (it->found)
			out_write(it->value.data, it->value.len);
		return;
	}
	if (out_format == FORMAT_TABLE) {
		table_printf(t, "%" PRIu64, index);
		table_cell(t, result_name(it), strlen(result_name(it)));
		table_cell(t, it->etag.data, it->etag.len);
		table_cell(t, it->value.data, it->found ? it->value.len : 0);
		return;
	}
	(void)buf_printf(&line, "%" PRIu64 ": %s", index, result_name(it));
	if (it->found) {
		(void)buf_addc(&line, ' ');
		escape(&line, it->value.data, it->value.len);
	}
	(void)buf_addc(&line, '\n');
	out_write(line.data, line.len);
	buf_release(&line);
}

/* A condition that was false. */
static void
print_failed(const struct item *it)
{
	struct buf key = {0};

	escape(&key, it->key.data, it->key.len);
	(void)buf_addc(&key, '\0');
	if (!buf_failed(&key) && it->etag.len > 0)
		warn_user("condition %" PRId64 ": the entity tag of %s is %.*s",
		    it->index, key.data, (int)it->etag.len, it->etag.data);
	else if (!buf_failed(&key))
		warn_user("condition %" PRId64 ": there is no key %s",
		    it->index, key.data);
	buf_release(&key);
}

/* Goes through the member "results" or "failed" of the answer. */
static bool
each_item(struct buf *body, const char *member, struct table *t)
{
	struct doc_reader d;
	struct doc_value v;
	struct item it;
	const char *name;
	uint64_t i = 0;
	size_t len;
	bool ok;

	doc_reader_init(&d, DOC_JSON, body->data, body->len, DOC_DEPTHMAX);
	ok = body->data != NULL && doc_map_begin(&d);
	while (ok && doc_map_next(&d, &name, &len)) {
		if (!text_is(name, len, member)) {
			ok = doc_value(&d, &v);
			continue;
		}
		ok = doc_array_begin(&d);
		while (ok && doc_array_next(&d)) {
			struct buf copy = {0};

			ok = doc_value(&d, &v) && v.raw != NULL &&
			    buf_add(&copy, v.raw, v.rawlen) &&
			    item_read(&it, copy.data, copy.len);
			if (ok && t == NULL)
				print_failed(&it);
			else if (ok)
				print_result(t, i++, &it);
			if (copy.data != NULL)
				item_release(&it);
			buf_release(&copy);
		}
	}
	ok = ok && doc_end(&d);
	doc_reader_release(&d);
	return (ok);
}

static enum status
print_answer(const struct session *s, struct answer *a)
{
	struct table t = {.ncolumns = 0};
	bool ok;

	if (out_format == FORMAT_JSON) {
		out_write(a->body.data, a->body.len);
		return (ST_DONE);
	}
	if (out_format == FORMAT_TEXT && !s->quiet)
		out_printf("ok, revision %" PRIu64 "\n", a->revision);
	if (out_format == FORMAT_TABLE)
		table_begin(&t, "INDEX RESULT ETAG VALUE");
	ok = each_item(&a->body, "results", &t);
	if (out_format == FORMAT_TABLE)
		table_end(&t);
	return (ok ? ST_DONE :
		     fail_user(ST_SERVER,
			 "the answer is none of scribekv's: "
			 "is this the right --url?"));
}

static enum status
run_txn(struct session *s, const struct args *args)
{
	struct answer a = {.status = ST_DONE};
	struct buf document = {0};
	struct target *t;
	enum status st;
	enum sync sync;

	if (!sync_option(args, &sync))
		return (ST_USAGE);
	st = input_read(args->argc > 0 ? args->argv[0] : "-", &document);
	if (st == ST_DONE)
		st = session_target(s, &t);
	if (st == ST_DONE) {
		st = t->ops->txn(t, (struct bytes){document.data, document.len},
		    sync, &a);
		if (st != ST_DONE)
			(void)target_fail(&a);
		if (st == ST_CONDITION)
			(void)each_item(&a.body, "failed", NULL);
		else if (st == ST_DONE)
			st = print_answer(s, &a);
	}
	answer_release(&a);
	buf_release(&document);
	return (st);
}

const struct command cmd_txn = {
    .name = "txn",
    .args = "[FILE | -]",
    .help = "Do many things at once, all or nothing",
    .more = "FILE, or standard input, is a transaction in JSON: conditions, "
	    "and operations that\nare all done if the conditions hold. If one "
	    "does not, the exit status is 3 and\nnothing is changed.\n\n"
	    "  echo '{\"if\":  [{\"key\": \"a\", \"exists\": true}],\n"
	    "         \"ops\": [{\"op\": \"put\", \"key\": \"b\", \"value\": "
	    "1},\n"
	    "                 {\"op\": \"delete\", \"key\": \"a\"},\n"
	    "                 {\"op\": \"get\", \"key\": \"c\"}]}' | scribekv "
	    "txn\n",
    .options = txn_options,
    .flags = COMMAND_FILES,
    .least = 0,
    .most = 1,
    .run = run_txn,
};
