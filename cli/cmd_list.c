/* SPDX-License-Identifier: MIT */
/* list and count. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/item.h"
#include "cli/output.h"
#include "wire/value.h"

#define PAGE 1000 /* keys asked for at once */

struct list {
	bool values;
	uint64_t left; /* that may still be printed */
	uint64_t n;    /* of this page */
	struct table table;
	char *cursor;
};

static const struct option_def list_options[] = {
    {"prefix", 'p', "P", "only keys that begin with this"},
    {"start", 0, "KEY", "only keys from this one on"},
    {"end", 0, "KEY", "only keys before this one"},
    {"limit", 'n', "N", "at most so many"},
    {"reverse", 'r', NULL, "from the greatest key to the least"},
    {"values", 'v', NULL, "with the values"},
    {"delimiter", 'd', "D", "show keys with D behind the prefix as one group"},
    {NULL, 0, NULL, NULL},
};

/* Numbers that may be absent. */
static void
number_cell(struct table *t, int64_t n)
{
	if (n < 0)
		table_printf(t, "-");
	else
		table_printf(t, "%" PRId64, n);
}

static void
print_text(const struct list *l, const struct item *it)
{
	struct buf line = {0};

	escape(&line, it->key.data, it->key.len);
	if (l->values && it->has_value) {
		(void)buf_addc(&line, '\t');
		escape(&line, it->value.data, it->value.len);
	}
	(void)buf_addc(&line, '\n');
	out_write(line.data, line.len);
	buf_release(&line);
}

static void
print_raw(const struct list *l, const struct item *it)
{
	out_write(it->key.data, it->key.len);
	if (l->values && it->has_value) {
		out_write("\t", 1);
		out_write(it->value.data, it->value.len);
	}
	out_write("\n", 1);
}

static void
print_row(struct list *l, const struct item *it)
{
	struct table *t = &l->table;

	table_cell(t, it->key.data, it->key.len);
	number_cell(t, it->size);
	table_cell(t, it->type.data, it->type.len);
	number_cell(t, it->ttl);
	table_cell(t, it->etag.data, it->etag.len);
	if (l->values)
		table_cell(t, it->value.data, it->value.len);
}

static void
print_item(struct list *l, const struct item *it)
{
	if (out_format == FORMAT_RAW)
		print_raw(l, it);
	else if (out_format == FORMAT_TABLE)
		print_row(l, it);
	else
		print_text(l, it);
	l->n++;
}

/* An item, or a group that is no UTF-8: both are maps. */
static bool
take_map(struct list *l, const struct doc_value *v)
{
	struct item it;
	struct buf copy = {0};
	bool ok;

	if (out_format == FORMAT_JSON) {
		out_write(v->raw, v->rawlen);
		out_write("\n", 1);
		l->n++;
		return (true);
	}
	if (!buf_add(&copy, v->raw, v->rawlen))
		return (false);
	ok = item_read(&it, copy.data, copy.len);
	if (ok)
		print_item(l, &it);
	item_release(&it);
	buf_release(&copy);
	return (ok);
}

static bool
take_group(struct list *l, const struct doc_value *v)
{
	struct item it = {.key = {v->data, v->len}, .size = -1, .ttl = -1};
	struct doc_writer w;
	struct buf line = {0};

	if (out_format != FORMAT_JSON) {
		print_item(l, &it);
		return (true);
	}
	doc_writer_init(&w, DOC_JSON, &line);
	doc_w_map(&w);
	doc_w_name(&w, "prefix");
	doc_w_text(&w, v->data, v->len);
	doc_w_end(&w);
	(void)buf_addc(&line, '\n');
	out_write(line.data, line.len);
	buf_release(&line);
	l->n++;
	return (true);
}

static bool
take_array(struct list *l, struct doc_reader *d)
{
	struct doc_value v;
	bool ok = doc_array_begin(d);

	while (ok && doc_array_next(d))
		ok = doc_value(d, &v) &&
		    (v.type == DOC_TEXT ? take_group(l, &v) : take_map(l, &v));
	return (ok);
}

/* Prints a page; sets l->cursor, NULL behind the last one. */
static bool
take_page(struct list *l, struct buf *page)
{
	struct doc_reader d;
	struct doc_value v;
	const char *name;
	size_t len;
	bool ok;

	free(l->cursor);
	l->cursor = NULL;
	doc_reader_init(&d, DOC_JSON, page->data, page->len, DOC_DEPTHMAX);
	ok = page->data != NULL && doc_map_begin(&d);
	while (ok && doc_map_next(&d, &name, &len)) {
		if (text_is(name, len, "items") ||
		    text_is(name, len, "prefixes"))
			ok = take_array(l, &d);
		else if (doc_value(&d, &v) && v.type == DOC_TEXT)
			ok = (l->cursor = strndup(v.data, v.len)) != NULL;
	}
	ok = ok && doc_end(&d);
	doc_reader_release(&d);
	return (ok);
}

static enum status
list_pages(struct target *t, struct list *l, struct list_query *q)
{
	struct answer a = {.status = ST_DONE};
	enum status st = ST_DONE;

	do {
		l->n = 0;
		q->limit = l->left < PAGE ? l->left : PAGE;
		q->cursor = l->cursor;
		st = t->ops->list(t, q, &a);
		if (st != ST_DONE)
			st = target_fail(&a);
		else if (!take_page(l, &a.body))
			st = fail_user(ST_SERVER,
			    "the answer is none of "
			    "scribekv's: is this the right --url?");
		l->left -= l->n < l->left ? l->n : l->left;
	} while (st == ST_DONE && l->cursor != NULL && l->left > 0 &&
	    !out_failed(NULL) && !interrupted());
	answer_release(&a);
	return (st);
}

/* The prefix may be an argument, too. */
static bool
list_range(struct session *s, const struct args *a, struct buf *scratch,
    struct skv_range *ret)
{
	struct bytes key;

	if (!range_options(s, a, scratch, ret))
		return (false);
	if (a->argc == 0 || a->argv[0][0] == '\0')
		return (true);
	if (ret->prefixlen > 0) {
		warn_user("the prefix is given twice");
		return (false);
	}
	if (!session_key(s, a->argv[0], scratch, &key))
		return (false);
	ret->prefix = key.data;
	ret->prefixlen = key.len;
	return (true);
}

static enum status
run_list(struct session *s, const struct args *args)
{
	const char *d = args_get(args, "delimiter");
	struct list_query q = {.delimiter = {d, d == NULL ? 0 : strlen(d)}};
	struct list l = {.left = UINT64_MAX};
	struct buf scratch = {0};
	struct target *t;
	enum status st = ST_USAGE;

	if (list_range(s, args, &scratch, &q.range) &&
	    args_uint(args, "limit", 1, UINT64_MAX, &l.left))
		st = session_target(s, &t);
	q.range.reverse = args_has(args, "reverse");
	q.values = l.values = args_has(args, "values");
	if (st == ST_DONE) {
		if (out_format == FORMAT_TABLE)
			table_begin(&l.table,
			    l.values ? "KEY SIZE TYPE TTL ETAG VALUE" :
				       "KEY SIZE TYPE TTL ETAG");
		st = list_pages(t, &l, &q);
		if (out_format == FORMAT_TABLE)
			table_end(&l.table);
	}
	free(l.cursor);
	buf_release(&scratch);
	return (st);
}

const struct command cmd_list = {
    .name = "list",
    .args = "[PREFIX]",
    .help = "List keys in their order",
    .more = "One key a line. In text, control characters and bytes that are "
	    "not UTF-8 are\nescaped, so that a line is a key; --escaped-keys "
	    "takes keys in that form. JSON\noutput has one object a line; a "
	    "table shows sizes, types, and times to live.\n\n"
	    "  scribekv list user/\n"
	    "  scribekv list -d /                   (like a directory)\n"
	    "  scribekv list -r -n 10 --values log/ (the last ten)\n"
	    "  scribekv list -o table\n",
    .options = list_options,
    .flags = COMMAND_KEYS,
    .least = 0,
    .most = 1,
    .run = run_list,
};

static const struct option_def count_options[] = {
    {"prefix", 'p', "P", "only keys that begin with this"},
    {"start", 0, "KEY", "only keys from this one on"},
    {"end", 0, "KEY", "only keys before this one"},
    {NULL, 0, NULL, NULL},
};

static enum status
run_count(struct session *s, const struct args *args)
{
	struct answer a = {.status = ST_DONE};
	struct buf scratch = {0};
	struct skv_range r;
	struct target *t;
	enum status st = ST_USAGE;

	if (list_range(s, args, &scratch, &r))
		st = session_target(s, &t);
	if (st == ST_DONE && (st = t->ops->count(t, &r, &a)) != ST_DONE)
		(void)target_fail(&a);
	else if (st == ST_DONE)
		out_printf(out_format == FORMAT_JSON ? "{\"count\":%" PRIu64
						       "}\n" :
						       "%" PRIu64 "\n",
		    a.count);
	answer_release(&a);
	buf_release(&scratch);
	return (st);
}

const struct command cmd_count = {
    .name = "count",
    .args = "[PREFIX]",
    .help = "Count keys",
    .more = "All of them are read for it, so this takes time on many keys.\n\n"
	    "  scribekv count\n"
	    "  scribekv count user/\n",
    .options = count_options,
    .flags = COMMAND_KEYS,
    .least = 0,
    .most = 1,
    .run = run_count,
};
