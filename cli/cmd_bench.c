/* SPDX-License-Identifier: MIT */
/* bench: load on a server, and what it takes. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/output.h"
#include "codec/doc.h"
#include "wire/keyname.h"

static const struct option_def bench_options[] = {
    {"connections", 'c', "N", "requests under way at one time; default 16"},
    {"seconds", 'n', "N", "how long; default 5"},
    {"reads", 'r', "PERCENT", "of the requests; the rest writes; default 50"},
    {"keys", 'k', "N", "how many different ones; default 10000"},
    {"size", 'b', "BYTES", "of a value; default 100"},
    {"prefix", 'p', "P", "of the keys; default scribekv-bench/"},
    {"sync", 0, NULL, "writes are answered when they survive a loss of power"},
    {"no-sync", 0, NULL, "writes are answered when they survive a crash"},
    {NULL, 0, NULL, NULL},
};

static bool
read_options(const struct args *a, struct bench_options *o)
{
	*o = (struct bench_options){.connections = 16,
	    .seconds = 5,
	    .reads = 50,
	    .keys = 10000,
	    .size = 100,
	    .prefix = "scribekv-bench/"};
	if (args_has(a, "prefix"))
		o->prefix = args_get(a, "prefix");
	if (*o->prefix == '\0' || strlen(o->prefix) > 200) {
		warn_user("--prefix takes 1 to 200 bytes");
		return (false);
	}
	return (args_uint(a, "connections", 1, 1000, &o->connections) &&
	    args_uint(a, "seconds", 1, 86400, &o->seconds) &&
	    args_uint(a, "reads", 0, 100, &o->reads) &&
	    args_uint(a, "keys", 1, 10000000, &o->keys) &&
	    args_uint(a, "size", 0, 1U << 23, &o->size) &&
	    sync_option(a, &o->sync));
}

/* Sends what there is of the lines. */
static enum status
flush_lines(struct target *t, struct buf *lines, struct answer *a)
{
	enum status st;

	if (buf_failed(lines))
		return (answer_nomem(a));
	st = t->ops->import(t, (struct bytes){lines->data, lines->len}, SYNC_NO,
	    a);
	buf_reset(lines);
	return (st);
}

/* Puts all the keys that there will be requests for. */
static enum status
fill(struct target *t, const struct bench_options *o, struct answer *a)
{
	struct skv_range r = {.prefix = o->prefix,
	    .prefixlen = strlen(o->prefix)};
	struct doc_writer w;
	struct buf lines = {0}, value = {0};
	char key[256];
	enum status st = t->ops->count(t, &r, a);
	uint64_t i;
	int n;

	if (st == ST_DONE && a->count > 0)
		st = answer_fail(a, ST_USAGE,
		    "there are keys that begin with "
		    "%s already: choose another --prefix",
		    o->prefix);
	for (i = 0; i < o->size; i++)
		(void)buf_addc(&value, 'v');
	for (i = 0; i < o->keys && st == ST_DONE && !interrupted(); i++) {
		n = snprintf(key, sizeof(key), "%s%08" PRIu64, o->prefix, i);
		doc_writer_init(&w, DOC_JSON, &lines);
		doc_w_map(&w);
		keyname_write(&w, key, (size_t)n);
		doc_w_name(&w, "type");
		doc_w_text(&w, "application/octet-stream", 24);
		doc_w_name(&w, "value");
		doc_w_text(&w, value.len == 0 ? "" : value.data, value.len);
		doc_w_end(&w);
		(void)buf_addc(&lines, '\n');
		if (lines.len > 1U << 20 || i == o->keys - 1)
			st = flush_lines(t, &lines, a);
	}
	buf_release(&lines);
	buf_release(&value);
	return (st);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return ((x > y) - (x < y));
}

/* The time that a part of the requests took at most, in milliseconds. */
static double
percentile(const struct bench_result *r, double part)
{
	size_t i = (size_t)(part * (double)r->n);

	if (r->n == 0)
		return (0);
	return (r->us[i < r->n ? i : r->n - 1] / 1000.0);
}

static void
report_one(struct table *t, const char *name, struct bench_result *r,
    double seconds)
{
	static const double parts[] = {0.5, 0.9, 0.99, 0.999, 1};
	size_t i;

	if (r->n + r->failed == 0)
		return;
	qsort(r->us, r->n, sizeof(*r->us), compare);
	if (out_format == FORMAT_JSON) {
		out_printf("{\"op\":\"%s\",\"seconds\":%.2f,\"done\":%zu,"
			   "\"failed\":%" PRIu64 ",\"per_second\":%.0f,"
			   "\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,"
			   "\"p999_ms\":%.3f,\"max_ms\":%.3f}\n",
		    name, seconds, r->n, r->failed, (double)r->n / seconds,
		    percentile(r, 0.5), percentile(r, 0.9), percentile(r, 0.99),
		    percentile(r, 0.999), percentile(r, 1));
		return;
	}
	table_printf(t, "%s", name);
	table_printf(t, "%.0f", (double)r->n / seconds);
	table_printf(t, "%" PRIu64, r->failed);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		table_printf(t, "%.2f", percentile(r, parts[i]));
}

static void
report(const struct bench_options *o, struct bench_result results[2],
    double seconds)
{
	struct table t = {.ncolumns = 0};

	if (out_format != FORMAT_JSON) {
		out_printf("%" PRIu64 " connections, %.1f s, %" PRIu64
			   " keys, values of %" PRIu64 " bytes; milliseconds "
			   "as this client sees them\n",
		    o->connections, seconds, o->keys, o->size);
		table_begin(&t, "OP PER-SECOND FAILED P50 P90 P99 P99.9 MAX");
	}
	report_one(&t, "get", &results[0], seconds);
	report_one(&t, "put", &results[1], seconds);
	if (out_format != FORMAT_JSON)
		table_end(&t);
}

static enum status
measure(struct session *s, struct target *t, const struct bench_options *o)
{
	struct bench_result results[2] = {{.n = 0}, {.n = 0}};
	struct skv_range r = {.prefix = o->prefix,
	    .prefixlen = strlen(o->prefix)};
	struct answer a = {.status = ST_DONE};
	double seconds = 0;
	enum status st = fill(t, o, &a);

	if (st != ST_DONE) {
		(void)target_fail(&a);
		answer_release(&a);
		return (st);
	}
	answer_reset(&a);
	st = http_bench(s->address, o, results, &seconds, &a);
	if (st == ST_DONE) {
		report(o, results, seconds);
		st = a.status; /* some may have failed */
	}
	(void)target_fail(&a);
	interrupt_hold(true);
	if (t->ops->delete_range(t, &r, &a) != ST_DONE)
		st = target_fail(&a);
	interrupt_hold(false);
	free(results[0].us);
	free(results[1].us);
	answer_release(&a);
	return (st);
}

static enum status
run_bench(struct session *s, const struct args *args)
{
	struct bench_options o;
	struct target *t;
	enum status st;

	if (!read_options(args, &o))
		return (ST_USAGE);
	if (s->address->store != NULL)
		return (fail_user(ST_USAGE,
		    "this measures a server: give "
		    "--url, or --unix-socket"));
	st = session_target(s, &t);
	return (st == ST_DONE ? measure(s, t, &o) : st);
}

const struct command cmd_bench = {
    .name = "bench",
    .args = "",
    .help = "Put load on a server and measure it",
    .more = "Each connection sends its next request when the one before is "
	    "answered. Keys of\nits own are made first and deleted in the end; "
	    "no others are touched. The client\ntakes its share of the "
	    "machine, on one thread: with many connections it may be\nthe "
	    "client that is measured.\n\n"
	    "  scribekv bench\n"
	    "  scribekv bench -c 64 -n 10 -r 90 --size 1000\n",
    .options = bench_options,
    .least = 0,
    .most = 0,
    .run = run_bench,
};
