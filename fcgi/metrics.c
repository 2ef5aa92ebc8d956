/* SPDX-License-Identifier: MIT */
/*
 * Metrics. Every thread counts in a slot of its own, found through a
 * thread-local number, so that counting costs no shared cache line; a scrape
 * adds the slots up. Threads beyond the number of slots share one.
 */
#include "config.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/lck.h"
#include "fcgi/metrics.h"
#include "fcgi/nodes.h"
#include "fcgi/response.h"
#include "fcgi/router.h"
#include "fcgi/server.h"

#define NSLOTS 64
#define NMETHODS (METHOD_OTHER + 1)

static const unsigned statuses[] = {200, 201, 204, 206, 304, 400, 404, 405, 406,
    409, 412, 413, 414, 415, 416, 500, 503, 507};

#define NSTATUSES (sizeof(statuses) / sizeof(statuses[0]))

/* Upper bounds of the latency buckets, in seconds; the last is infinity. */
static const double bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

#define NBOUNDS (sizeof(bounds) / sizeof(bounds[0]))

/* One method and status. */
struct cell {
	_Atomic uint64_t bucket[NBOUNDS + 1];
	_Atomic uint64_t ns;
};

struct slot {
	struct cell cell[NMETHODS][NSTATUSES];
};

struct metrics {
	atomic_uint nthreads;
	struct slot slot[NSLOTS];
};

static const char *const method_names[NMETHODS] = {
    [METHOD_GET] = "GET",
    [METHOD_HEAD] = "HEAD",
    [METHOD_PUT] = "PUT",
    [METHOD_POST] = "POST",
    [METHOD_DELETE] = "DELETE",
    [METHOD_OTHER] = "other",
};

struct metrics *
metrics_new(void)
{
	return (calloc(1, sizeof(struct metrics)));
}

void
metrics_free(struct metrics *m)
{
	free(m);
}

static struct slot *
my_slot(struct metrics *m)
{
	static _Thread_local unsigned number; /* 0: none yet */

	if (number == 0)
		number = atomic_fetch_add(&m->nthreads, 1) % NSLOTS + 1;
	return (&m->slot[number - 1]);
}

static void
count(_Atomic uint64_t *counter, uint64_t n)
{
	(void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void
metrics_request(struct metrics *m, enum method method, unsigned status,
    int64_t ns)
{
	struct cell *c;
	size_t s = 0, b = 0;

	while (statuses[s] != status) {
		s++;
		CHECK(s < NSTATUSES);
	}
	while (b < NBOUNDS && (double)ns > bounds[b] * 1e9)
		b++;
	c = &my_slot(m)->cell[method][s];
	count(&c->bucket[b], 1);
	count(&c->ns, (uint64_t)ns);
}

/* A method's and status's counts over all slots. */
struct total {
	uint64_t bucket[NBOUNDS + 1];
	uint64_t count;
	uint64_t ns;
};

static void
add_up(struct metrics *m, unsigned method, size_t s, struct total *ret)
{
	struct cell *c;
	uint64_t n;
	size_t b, i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < NSLOTS; i++) {
		c = &m->slot[i].cell[method][s];
		for (b = 0; b <= NBOUNDS; b++) {
			n = atomic_load_explicit(&c->bucket[b],
			    memory_order_relaxed);
			ret->bucket[b] += n;
			ret->count += n;
		}
		ret->ns += atomic_load_explicit(&c->ns, memory_order_relaxed);
	}
}

static void
head(struct buf *b, const char *name, const char *type, const char *help)
{
	(void)buf_printf(b, "# HELP scribekv_%s %s\n# TYPE scribekv_%s %s\n",
	    name, help, name, type);
}

static void
write_requests(struct buf *b, struct metrics *m)
{
	static const char name[] = "scribekv_request_duration_seconds";
	struct total t;
	uint64_t sum;
	unsigned method;
	size_t i, s;

	head(b, "request_duration_seconds", "histogram",
	    "Time from reading a request to the end of its answer.");
	for (method = 0; method < NMETHODS; method++)
		for (s = 0; s < NSTATUSES; s++) {
			char labels[64];

			add_up(m, method, s, &t);
			if (t.count == 0)
				continue;
			(void)snprintf(labels, sizeof(labels),
			    "method=\"%s\",status=\"%u\"", method_names[method],
			    statuses[s]);
			for (i = 0, sum = 0; i < NBOUNDS; i++) {
				sum += t.bucket[i];
				(void)buf_printf(b,
				    "%s_bucket{%s,le=\"%g\"} %" PRIu64 "\n",
				    name, labels, bounds[i], sum);
			}
			(void)buf_printf(b,
			    "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n"
			    "%s_sum{%s} %.9f\n%s_count{%s} %" PRIu64 "\n",
			    name, labels, t.count, name, labels,
			    (double)t.ns / 1e9, name, labels, t.count);
		}
}

/* A histogram of the store's, whose buckets are powers of two of "unit". */
static void
write_histogram(struct buf *b, const char *name, const char *help,
    const struct skv_histogram *h, double unit)
{
	uint64_t sum = 0;
	size_t i;

	head(b, name, "histogram", help);
	for (i = 0; i < SKV_BUCKETS - 1; i++) {
		sum += h->count[i];
		/* Samples are whole: less than 2^i is at most 2^i - 1. */
		(void)buf_printf(b,
		    "scribekv_%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
		    (double)((1ULL << i) - 1) * unit, sum);
	}
	sum += h->count[i];
	(void)buf_printf(b,
	    "scribekv_%s_bucket{le=\"+Inf\"} %" PRIu64
	    "\nscribekv_%s_sum %.9g\nscribekv_%s_count %" PRIu64 "\n",
	    name, sum, name, (double)h->sum * unit, name, sum);
}

static unsigned
workers(struct server *srv)
{
	unsigned n;

	lck_lock(&srv->mtx);
	n = srv->nworkers;
	lck_unlock(&srv->mtx);
	return (n);
}

static void
write_numbers(struct buf *b, struct server *srv, const struct skv_stats *s)
{
	const struct {
		const char *name, *type, *help;
		double value;
	} rows[] = {
	    {"transactions_total", "counter", "Transactions committed.",
		(double)s->transactions},
	    {"conflicts_total", "counter",
		"Transactions not applied because a condition was false.",
		(double)s->conflicts},
	    {"commit_groups_total", "counter", "Engine writes.",
		(double)s->groups},
	    {"syncs_total", "counter", "Barriers that made writes durable.",
		(double)s->syncs},
	    {"store_errors_total", "counter", "Failed writes and syncs.",
		(double)s->errors},
	    {"expired_total", "counter",
		"Entries of the expiry index that were swept.",
		(double)s->expired},
	    {"refused_total", "counter",
		"Writes refused because of too much load.", (double)s->refused},
	    {"timed_out_total", "counter",
		"Writes and syncs that were answered after max_wait_ms.",
		(double)s->timed_out},
	    {"overloaded", "gauge",
		"1 while writes are refused: see "
		"max_stall_ms and max_level0_files.",
		skv_overloaded(srv->db, NULL)},
	    {"queued_transactions", "gauge",
		"Transactions waiting for the writer.", s->queued},
	    {"queued_bytes", "gauge", "Bytes in them.",
		(double)s->queued_bytes},
	    {"unsynced_seconds", "gauge",
		"Age of the oldest acknowledged write that is not durable.",
		(double)s->unsynced_ms / 1000},
	    {"store_writable", "gauge", "1 while the store takes writes.",
		s->state == SKV_OK},
	    {"revision", "gauge", "The last revision given.",
		(double)s->revision},
	    {"connections", "gauge", "FastCGI connections.",
		atomic_load(&srv->nconns)},
	    {"inflight_requests", "gauge", "Requests begun and not ended.",
		atomic_load(&srv->inflight)},
	    {"long_requests", "gauge", "Exports, imports and the like.",
		atomic_load(&srv->ntasks)},
	    {"workers", "gauge", "Threads that serve requests.", workers(srv)},
	    {"uptime_seconds", "gauge", "Time since the daemon started.",
		(double)(lck_now_ns() - srv->start_ns) / 1e9},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		head(b, rows[i].name, rows[i].type, rows[i].help);
		(void)buf_printf(b, "scribekv_%s %.17g\n", rows[i].name,
		    rows[i].value);
	}
}

/* What the engine tells of itself: LevelDB's files per level and memory. */
/* A label's value, in which some characters are escaped. */
static void
write_label(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, *text);
	}
}

static void
write_nodes(struct buf *b, struct skv *db)
{
	char *states = skv_engine_property(db, "nodes"), *next = states;
	char *times = skv_engine_property(db, "nodes");
	struct node n;

	if (states != NULL && times != NULL) {
		head(b, "node_state", "gauge",
		    "1 for the state that a server is in.");
		while (nodes_next(&next, &n)) {
			(void)buf_adds(b, "scribekv_node_state{host=\"");
			write_label(b, n.host);
			(void)buf_printf(b, "\",state=\"%s\"} 1\n", n.state);
		}
		head(b, "node_latency_seconds", "gauge",
		    "Time that a server's last answer took; 0: there is none.");
		next = times;
		while (nodes_next(&next, &n)) {
			(void)buf_adds(b,
			    "scribekv_node_latency_seconds{host=\"");
			write_label(b, n.host);
			(void)buf_printf(b, "\"} %.6f\n",
			    strtod(n.latency_us, NULL) / 1e6);
		}
	}
	free(states);
	free(times);
}

static void
write_engine(struct buf *b, struct skv *db)
{
	char name[64], *value;
	unsigned level;

	write_nodes(b, db);
	for (level = 0; level < 7; level++) {
		(void)snprintf(name, sizeof(name),
		    "leveldb.num-files-at-level%u", level);
		value = skv_engine_property(db, name);
		if (value == NULL)
			break;
		if (level == 0)
			head(b, "leveldb_files", "gauge",
			    "Table files per level.");
		(void)buf_printf(b, "scribekv_leveldb_files{level=\"%u\"} %s\n",
		    level, value);
		free(value);
	}
	value = skv_engine_property(db, "leveldb.approximate-memory-usage");
	if (value == NULL)
		return;
	head(b, "leveldb_memory_bytes", "gauge",
	    "Memory of LevelDB's block cache and write buffers.");
	(void)buf_printf(b, "scribekv_leveldb_memory_bytes %s\n", value);
	free(value);
}

void
handle_metrics(struct request *r)
{
	static const char *const allowed[] = {NULL};
	struct server *srv = r->server;
	struct skv_stats s;
	struct buf *b = &r->text;

	if (!request_query_only(r, allowed))
		return;
	skv_stats(srv->db, &s);
	head(b, "build_info", "gauge", "Always 1; the labels tell.");
	(void)buf_printf(b,
	    "scribekv_build_info{version=\"%s\",engine=\"%s\"} 1\n",
	    PACKAGE_VERSION, skv_engine(srv->db));
	write_requests(b, srv->metrics);
	write_numbers(b, srv, &s);
	write_histogram(b, "commit_group_transactions",
	    "Transactions per engine write.", &s.group_size, 1);
	write_histogram(b, "commit_duration_seconds",
	    "Time of an engine write.", &s.commit_us, 1e-6);
	write_histogram(b, "sync_duration_seconds", "Time of a barrier.",
	    &s.sync_us, 1e-6);
	write_engine(b, srv->db);
	response_begin(r, 200);
	response_header(r, "Cache-Control", "no-store");
	response_send_text(r, "text/plain; version=0.0.4; charset=utf-8");
}
