/* SPDX-License-Identifier: MIT */
/* ping and stats. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/lck.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/target.h"
#include "codec/doc.h"
#include "wire/value.h"

/* Members of the document of /health, one level of maps flattened. */
struct health {
	void (*each)(const char *name, const char *value, void *arg);
	void *arg;
};

static void
give(const struct health *h, const char *outer, const char *name, size_t len,
    const struct doc_value *v)
{
	char full[128], value[256];
	const char *data = v->type == DOC_TEXT ? v->data : v->raw;
	size_t n = v->type == DOC_TEXT ? v->len : v->rawlen;

	(void)snprintf(full, sizeof(full), "%s%s%.*s", outer,
	    *outer == '\0' ? "" : ".", (int)len, name);
	(void)snprintf(value, sizeof(value), "%.*s", (int)n, data);
	h->each(full, value, h->arg);
}

static void
read_map(const struct health *h, const char *outer, char *data, size_t len)
{
	char inner[64];
	struct doc_reader d;
	struct doc_value v;
	struct buf copy = {0};
	const char *name;
	size_t namelen;

	doc_reader_init(&d, DOC_JSON, data, len, DOC_DEPTHMAX);
	if (doc_map_begin(&d))
		while (doc_map_next(&d, &name, &namelen)) {
			if (!doc_value(&d, &v))
				break;
			(void)snprintf(inner, sizeof(inner), "%.*s",
			    (int)namelen, name);
			if (v.type != DOC_MAP || *outer != '\0')
				give(h, outer, name, namelen, &v);
			else if (buf_add(&copy, v.raw, v.rawlen)) {
				read_map(h, inner, copy.data, copy.len);
				buf_reset(&copy);
			}
		}
	doc_reader_release(&d);
	buf_release(&copy);
}

struct summary {
	char status[32], version[32], engine[32], detail[128];
};

static void
summarize(const char *name, const char *value, void *arg)
{
	struct summary *s = arg;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} rows[] = {
	    {"status", s->status, sizeof(s->status)},
	    {"version", s->version, sizeof(s->version)},
	    {"store.engine", s->engine, sizeof(s->engine)},
	    {"detail", s->detail, sizeof(s->detail)},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(name, rows[i].name) == 0)
			(void)snprintf(rows[i].to, rows[i].size, "%s", value);
}

/* The summary of a copy: the document may be wanted as it is. */
static void
summary_of(const struct answer *a, struct summary *s)
{
	const struct health h = {.each = summarize, .arg = s};
	struct buf copy = {0};

	*s = (struct summary){.status = ""};
	if (a->body.len > 0 && buf_add(&copy, a->body.data, a->body.len))
		read_map(&h, "", copy.data, copy.len);
	buf_release(&copy);
}

/* Asks; complains when there is no answer, or one that is not scribekv's. */
static enum status
ask_health(struct session *s, struct answer *a, struct summary *sum,
    struct target **ret_target, double *ret_ms)
{
	int64_t before;
	enum status st = session_target(s, ret_target);

	if (st != ST_DONE)
		return (st);
	before = lck_now_ns();
	st = (*ret_target)->ops->health(*ret_target, a);
	*ret_ms = (double)(lck_now_ns() - before) / 1e6;
	summary_of(a, sum);
	if (st == ST_SERVER && sum->status[0] != '\0')
		return (fail_user(st, "%s: it is %s%s%s", (*ret_target)->name,
		    sum->status, sum->detail[0] == '\0' ? "" : ": ",
		    sum->detail));
	if (st != ST_DONE)
		return (target_fail(a));
	if (sum->version[0] == '\0')
		return (fail_user(ST_SERVER,
		    "%s answers, but is no scribekv: "
		    "is this the right --url?",
		    (*ret_target)->name));
	return (ST_DONE);
}

static enum status
run_ping(struct session *s, const struct args *args)
{
	struct answer a = {.status = ST_DONE};
	struct summary sum;
	struct target *t;
	double ms;
	enum status st = ask_health(s, &a, &sum, &t, &ms);

	(void)args;
	if (st == ST_DONE && out_format == FORMAT_JSON)
		out_write(a.body.data, a.body.len);
	else if (st == ST_DONE && !s->quiet && out_format != FORMAT_RAW)
		out_printf("%s: scribekv %s on %s is %s, after %.1f ms\n",
		    t->name, sum.version, sum.engine, sum.status, ms);
	answer_release(&a);
	return (st);
}

const struct command cmd_ping = {
    .name = "ping",
    .args = "",
    .help = "Ask whether the server, or the store, is well",
    .more = "The exit status is 0 if it takes reads and writes, 4 if nobody "
	    "answers, and 5 if it\nis there, but in trouble.\n",
    .least = 0,
    .most = 0,
    .run = run_ping,
};

static const struct option_def stats_options[] = {
    {"metrics", 0, NULL, "all metrics, as the server gives them to Prometheus"},
    {NULL, 0, NULL, NULL},
};

static void
print_stat(const char *name, const char *value, void *arg)
{
	struct table *t = arg;

	table_cell(t, name, strlen(name));
	table_cell(t, value, strlen(value));
}

static enum status
print_metrics(struct session *s)
{
	struct answer a = {.status = ST_DONE};
	struct target *t;
	enum status st = session_target(s, &t);

	if (st == ST_DONE && (st = t->ops->metrics(t, &a)) != ST_DONE)
		(void)target_fail(&a);
	else if (st == ST_DONE)
		out_write(a.body.data, a.body.len);
	answer_release(&a);
	return (st);
}

static enum status
run_stats(struct session *s, const struct args *args)
{
	struct answer a = {.status = ST_DONE};
	struct table table;
	const struct health h = {.each = print_stat, .arg = &table};
	struct summary sum;
	struct target *t;
	double ms;
	enum status st;

	if (args_has(args, "metrics"))
		return (print_metrics(s));
	st = ask_health(s, &a, &sum, &t, &ms);
	if (sum.status[0] == '\0') {
		answer_release(&a);
		return (st);
	}
	if (out_format == FORMAT_JSON || out_format == FORMAT_RAW)
		out_write(a.body.data, a.body.len);
	else {
		table_begin(&table, "NAME VALUE");
		read_map(&h, "", a.body.data, a.body.len);
		table_end(&table);
	}
	answer_release(&a);
	return (st);
}

const struct command cmd_stats = {
    .name = "stats",
    .args = "",
    .help = "Show how the server, or the store, is doing",
    .more = "With --metrics, a server gives all of its metrics; nginx lets "
	    "local addresses see\nthem only, as it is configured.\n",
    .options = stats_options,
    .least = 0,
    .most = 0,
    .run = run_stats,
};
