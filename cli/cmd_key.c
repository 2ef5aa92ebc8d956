/* SPDX-License-Identifier: MIT */
/* get, put and delete. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/save.h"
#include "cli/target.h"
#include "codec/doc.h"
#include "wire/keyname.h"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_BYTES "application/octet-stream"

/* ------------------------------------------------------------------- get -- */

/* {"key": ..., and then the members of the envelope */
static void
write_envelope(struct buf *out, struct bytes key, const struct answer *a)
{
	struct doc_writer w;

	doc_writer_init(&w, DOC_JSON, out);
	doc_w_map(&w);
	keyname_write(&w, key.data, key.len);
	(void)buf_addc(out, ',');
	(void)buf_add(out, a->body.data + 1, a->body.len - 1);
}

static void
get_table(struct bytes key, const struct answer *a)
{
	struct table t;

	table_begin(&t, "KEY SIZE TYPE TTL ETAG VALUE");
	table_cell(&t, key.data, key.len);
	table_printf(&t, "%zu", a->body.len);
	table_cell(&t, a->type, strlen(a->type));
	if (a->ttl == 0)
		table_printf(&t, "-");
	else
		table_printf(&t, "%" PRIu64, a->ttl);
	table_cell(&t, a->etag, strlen(a->etag));
	table_cell(&t, a->body.data == NULL ? "" : a->body.data, a->body.len);
	table_end(&t);
}

static enum status
get_output(struct save *f, struct bytes key, const struct answer *a)
{
	struct buf line = {0};
	bool ok = true;

	if (out_format == FORMAT_JSON && a->body.len > 1) {
		write_envelope(&line, key, a);
		ok = !buf_failed(&line) && save_write(f, line.data, line.len);
		buf_release(&line);
	} else if (out_format == FORMAT_TABLE && f->standard)
		get_table(key, a);
	else {
		ok = save_write(f, a->body.data, a->body.len);
		/* For people: the prompt is to begin on a line of its own. */
		if (f->standard && out_format == FORMAT_TEXT &&
		    out_terminal() && a->body.len > 0 &&
		    a->body.data[a->body.len - 1] != '\n')
			out_printf("\n");
	}
	(void)ok; /* save_commit() tells */
	return (save_commit(f));
}

static enum status
run_get(struct session *s, const struct args *args)
{
	struct answer a = {.status = ST_DONE};
	struct buf scratch = {0};
	struct target *t;
	struct bytes key;
	struct save f;
	enum status st = ST_USAGE;

	if (session_key(s, args->argv[0], &scratch, &key))
		st = session_target(s, &t);
	if (st == ST_DONE &&
	    t->ops->get(t, key, out_format == FORMAT_JSON, &a) != ST_DONE)
		st = target_fail(&a);
	if (st == ST_DONE)
		st = save_open(&f, args->argc > 1 ? args->argv[1] : NULL);
	if (st == ST_DONE) {
		st = get_output(&f, key, &a);
		save_abandon(&f);
	}
	answer_release(&a);
	buf_release(&scratch);
	return (st);
}

const struct command cmd_get = {
    .name = "get",
    .args = "KEY [FILE]",
    .help = "Read a value",
    .more = "Writes the value's bytes to standard output, or to FILE, which "
	    "appears whole or\nnot at all. On a terminal, text output ends "
	    "with a line break; --output raw\nnever adds one. JSON output also "
	    "has the entity tag, for put --if-match.\n\n"
	    "  scribekv get greeting\n"
	    "  scribekv get image logo.png\n"
	    "  scribekv get -o json greeting\n",
    .flags = COMMAND_KEYS,
    .least = 1,
    .most = 2,
    .run = run_get,
};

/* ---------------------------------------------------------------- writes -- */

static const struct option_def put_options[] = {
    {"if-match", 0, "TAG", "only if the key's version has this entity tag"},
    {"if-absent", 0, NULL, "only if there is no such key"},
    {"ttl", 0, "TIME", "let it expire after 90, 90s, 15m, 12h, 7d"},
    {"type", 0, "TYPE", "content type; default: text if it is UTF-8"},
    {"json", 0, NULL, "the value is a JSON document, kept as one"},
    {"literal", 0, NULL, "the value is VALUE itself, also - and @..."},
    {"sync", 0, NULL, "return when it would survive a loss of power"},
    {"no-sync", 0, NULL, "return when it would survive a crash"},
    {NULL, 0, NULL, NULL},
};

static const struct option_def delete_options[] = {
    {"if-match", 0, "TAG", "only if the key's version has this entity tag"},
    {"prefix", 'p', "P", "all keys that begin with this"},
    {"start", 0, "KEY", "all keys from this one on"},
    {"end", 0, "KEY", "all keys before this one"},
    {"all", 0, NULL, "all keys there are"},
    {"sync", 0, NULL, "return when it would survive a loss of power"},
    {"no-sync", 0, NULL, "return when it would survive a crash"},
    {NULL, 0, NULL, NULL},
};

/* Tells of a write that was done. */
static void
print_write(const struct session *s, struct bytes key, const struct answer *a,
    bool put)
{
	struct buf out = {0};
	struct doc_writer w;
	struct table t;

	if (s->quiet || out_format == FORMAT_RAW)
		return;
	if (out_format == FORMAT_TEXT) {
		out_printf("ok, revision %" PRIu64 "%s\n", a->revision,
		    a->durable ? ", durable" : "");
		return;
	}
	if (out_format == FORMAT_TABLE) {
		table_begin(&t, put ? "KEY REVISION ETAG" : "KEY REVISION");
		table_cell(&t, key.data, key.len);
		table_printf(&t, "%" PRIu64, a->revision);
		if (put)
			table_cell(&t, a->etag, strlen(a->etag));
		table_end(&t);
		return;
	}
	doc_writer_init(&w, DOC_JSON, &out);
	doc_w_map(&w);
	keyname_write(&w, key.data, key.len);
	doc_w_name(&w, "revision");
	doc_w_uint(&w, a->revision);
	if (put) {
		doc_w_name(&w, "etag");
		doc_w_text(&w, a->etag, strlen(a->etag));
		doc_w_name(&w, "durable");
		doc_w_bool(&w, a->durable);
	}
	doc_w_end(&w);
	(void)buf_addc(&out, '\n');
	out_write(out.data, out.len);
	buf_release(&out);
}

/* A condition that was false, with what to do about it. */
static enum status
write_failed(const struct answer *a)
{
	if (a->status == ST_CONDITION && a->etag[0] != '\0')
		return (fail_user(ST_CONDITION, "%s (its entity tag is %s)",
		    a->message, a->etag));
	return (target_fail(a));
}

/* The value that the arguments name; "data" holds it if it was read. */
static enum status
read_value(const struct args *a, struct buf *data, struct bytes *ret)
{
	const char *v = a->argc > 1 ? a->argv[1] : "-";
	bool literal = a->argc > 1 && args_has(a, "literal");
	enum status st = ST_DONE;

	if (!literal && (strcmp(v, "-") == 0 || v[0] == '@')) {
		st = input_read(v[0] == '@' ? v + 1 : v, data);
		*ret = (struct bytes){data->data == NULL ? "" : data->data,
		    data->len};
	} else
		*ret = (struct bytes){v, strlen(v)};
	return (st);
}

static bool
put_settings(const struct args *a, struct put *p)
{
	const char *why;
	size_t offset;

	p->json = args_has(a, "json");
	p->type = args_get(a, "type");
	p->condition.if_match = args_get(a, "if-match");
	p->condition.if_absent = args_has(a, "if-absent");
	if (p->json && p->type != NULL) {
		warn_user("give --json or --type, not both: a document has no "
			  "content type of its own");
		return (false);
	}
	if (p->condition.if_match != NULL && p->condition.if_absent) {
		warn_user("give --if-match or --if-absent, not both");
		return (false);
	}
	if (p->json &&
	    !doc_check(DOC_JSON, p->value.data, p->value.len, DOC_DEPTHMAX,
		&why, &offset)) {
		warn_user("the value is no JSON: %s, at byte %zu", why, offset);
		return (false);
	}
	if (p->type == NULL)
		p->type = utf8_ok(p->value.data, p->value.len) &&
			memchr(p->value.data, '\0', p->value.len) == NULL ?
		    TYPE_TEXT :
		    TYPE_BYTES;
	return (args_seconds(a, "ttl", SKV_TTLMAX, &p->ttl) &&
	    sync_option(a, &p->sync));
}

static enum status
run_put(struct session *s, const struct args *args)
{
	struct answer a = {.status = ST_DONE};
	struct buf scratch = {0}, data = {0};
	struct put p = {.ttl = 0};
	struct target *t;
	struct bytes key;
	enum status st = ST_USAGE;

	if (session_key(s, args->argv[0], &scratch, &key))
		st = read_value(args, &data, &p.value);
	if (st == ST_DONE && !put_settings(args, &p))
		st = ST_USAGE;
	if (st == ST_DONE)
		st = session_target(s, &t);
	if (st == ST_DONE) {
		st = t->ops->put(t, key, &p, &a);
		if (st == ST_DONE)
			print_write(s, key, &a, true);
		else
			(void)write_failed(&a);
	}
	answer_release(&a);
	buf_release(&scratch);
	buf_release(&data);
	return (st);
}

const struct command cmd_put = {
    .name = "put",
    .args = "KEY [VALUE | @FILE | -]",
    .help = "Write a value",
    .more = "The value is VALUE, or what FILE holds, or standard input (-, or "
	    "without one).\n--literal is for values that are - or begin with "
	    "@. A --ttl is not kept by a\nlater put without one.\n\n"
	    "  scribekv put greeting 'hello, world'\n"
	    "  scribekv put image @logo.png --type image/png\n"
	    "  date | scribekv put --ttl 10m now\n"
	    "  scribekv put --json user/1 '{\"name\": \"Ada\"}'\n"
	    "  scribekv put --if-absent lock \"$$\" || echo taken\n",
    .options = put_options,
    .flags = COMMAND_KEYS,
    .least = 1,
    .most = 2,
    .run = run_put,
};

static enum status
delete_keys(struct session *s, struct target *t, const struct args *args)
{
	struct condition cond = {.if_match = args_get(args, "if-match")};
	struct answer a = {.status = ST_DONE};
	struct buf scratch = {0};
	struct bytes key;
	enum status st = ST_DONE;
	enum sync sync;
	int i;

	if (!sync_option(args, &sync))
		return (ST_USAGE);
	if (cond.if_match != NULL && args->argc > 1)
		return (fail_user(ST_USAGE, "--if-match goes with one key"));
	for (i = 0; i < args->argc && st == ST_DONE; i++) {
		buf_reset(&scratch);
		if (!session_key(s, args->argv[i], &scratch, &key))
			st = ST_USAGE;
		else if ((st = t->ops->del(t, key, &cond, sync, &a)) == ST_DONE)
			print_write(s, key, &a, false);
		else
			(void)write_failed(&a);
	}
	answer_release(&a);
	buf_release(&scratch);
	return (st);
}

static enum status
delete_range(struct session *s, struct target *t, const struct skv_range *r)
{
	struct answer a = {.status = ST_DONE};
	char question[160];
	enum status st;

	st = t->ops->count(t, r, &a);
	if (st != ST_DONE) {
		st = target_fail(&a);
		answer_release(&a);
		return (st);
	}
	(void)snprintf(question, sizeof(question),
	    "Delete %" PRIu64 " keys of %s?", a.count, t->name);
	if (!session_confirm(s, question))
		st = ST_USAGE;
	else if ((st = t->ops->delete_range(t, r, &a)) != ST_DONE)
		(void)target_fail(&a);
	else if (out_format == FORMAT_JSON)
		out_printf("{\"deleted\":%" PRIu64 "}\n", a.count);
	else if (!s->quiet && out_format != FORMAT_RAW)
		out_printf("deleted %" PRIu64 "\n", a.count);
	answer_release(&a);
	return (st);
}

static enum status
run_delete(struct session *s, const struct args *args)
{
	struct buf scratch = {0};
	struct skv_range r;
	struct target *t;
	bool all = args_has(args, "all"), range;
	enum status st;

	if (!range_options(s, args, &scratch, &r))
		return (ST_USAGE);
	range = r.prefixlen + r.startlen + r.endlen > 0;
	if (args->argc + (int)all + (int)range == 0)
		st = fail_user(ST_USAGE,
		    "say what: KEY..., --prefix, --start "
		    "and --end, or --all");
	else if ((args->argc > 0) + all + range > 1)
		st = fail_user(ST_USAGE,
		    "give keys, or a range, or --all: one of them");
	else if ((range || all) && args_has(args, "if-match"))
		st = fail_user(ST_USAGE, "--if-match goes with one key");
	else if ((st = session_target(s, &t)) == ST_DONE)
		st = range || all ? delete_range(s, t, &r) :
				    delete_keys(s, t, args);
	buf_release(&scratch);
	return (st);
}

const struct command cmd_delete = {
    .name = "delete",
    .args = "KEY... | --prefix P | --all",
    .help = "Delete keys",
    .more = "It is no error to delete a key that is not there. Before many "
	    "keys are deleted\nby --prefix, --start, --end or --all, you are "
	    "asked, unless there is --yes.\n\n"
	    "  scribekv delete greeting\n"
	    "  scribekv delete --prefix session/ --yes\n",
    .options = delete_options,
    .flags = COMMAND_KEYS,
    .least = 0,
    .most = -1,
    .run = run_delete,
};
