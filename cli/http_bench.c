/* SPDX-License-Identifier: MIT */
/* The load generator, by libcurl's multi interface; see bench.h. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lck.h"
#include "cli/bench.h"
#include "cli/http.h"

#define POLL_MS 100

struct bench {
	struct http *http;
	const struct bench_options *opts;
	struct bench_result *results;
	struct answer *answer;
	CURLM *multi;
	struct slot *slots;
	char *value;
	uint64_t random;
	int64_t end_ns;
	unsigned running;
};

/* A connection's place. */
struct slot {
	CURL *easy;
	bool write;
	int64_t begun_ns;
};

/* xorshift64*: the same requests in every run. */
static uint64_t
next_random(struct bench *b)
{
	b->random ^= b->random >> 12;
	b->random ^= b->random << 25;
	b->random ^= b->random >> 27;
	return (b->random * 0x2545f4914f6cdd1dU);
}

static size_t
drop(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return (size * n);
}

static bool
begin(struct bench *b, struct slot *s)
{
	const struct bench_options *o = b->opts;
	struct call c = {.path = "/kv"};
	struct buf url = {0};
	char key[256];
	CURLcode bad = CURLE_OK;
	int n;

	s->write = next_random(b) % 100 >= o->reads;
	n = snprintf(key, sizeof(key), "%s%08" PRIu64, o->prefix,
	    next_random(b) % o->keys);
	call_param(&c, "key", key, (size_t)n);
	if (s->write && o->sync != SYNC_DEFAULT)
		call_param(&c, "sync", o->sync == SYNC_YES ? "1" : "0", 1);
	(void)buf_printf(&url, "%s/kv%.*s", b->http->base, (int)c.query.len,
	    c.query.data);
	(void)buf_addc(&url, '\0');
	bad = curl_easy_setopt(s->easy, CURLOPT_URL, url.data);
	if (bad == CURLE_OK && s->write) {
		bad = curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, b->value);
		if (bad == CURLE_OK)
			bad = curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST,
			    "PUT");
	} else if (bad == CURLE_OK) {
		bad = curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
		if (bad == CURLE_OK)
			bad = curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST,
			    NULL);
	}
	buf_release(&c.query);
	s->begun_ns = lck_now_ns();
	bad = buf_failed(&url) ? CURLE_OUT_OF_MEMORY : bad;
	buf_release(&url);
	if (bad != CURLE_OK || curl_multi_add_handle(b->multi, s->easy) != 0)
		return (false);
	b->running++;
	return (true);
}

static bool
record(struct bench_result *r, int64_t ns)
{
	uint32_t *us;
	size_t cap;

	if (r->n == r->cap) {
		cap = r->cap == 0 ? 65536 : 2 * r->cap;
		us = reallocarray(r->us, cap, sizeof(*us));
		if (us == NULL)
			return (false);
		r->us = us;
		r->cap = cap;
	}
	r->us[r->n++] = (uint32_t)(ns / 1000);
	return (true);
}

static void
failed(struct bench *b, const struct slot *s, CURLcode code, long status)
{
	b->results[s->write].failed++;
	if (b->answer->message[0] != '\0')
		return;
	if (code == CURLE_OK)
		(void)answer_fail(b->answer, ST_SERVER,
		    "some were answered with status %ld", status);
	else
		(void)answer_fail(b->answer, ST_UNREACHABLE, "%s",
		    curl_easy_strerror(code));
}

/* A request is over; the next one begins if there is time. */
static bool
finished(struct bench *b, struct slot *s, CURLcode code)
{
	int64_t now = lck_now_ns();
	long status = 0;

	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == 200) {
		if (!record(&b->results[s->write], now - s->begun_ns))
			return (false);
	} else
		failed(b, s, code, status);
	(void)curl_multi_remove_handle(b->multi, s->easy);
	b->running--;
	/* One after the other that fails would only heat the room. */
	if (now >= b->end_ns || interrupted() || code != CURLE_OK)
		return (true);
	return (begin(b, s));
}

static bool
turn(struct bench *b)
{
	struct slot *s = NULL;
	CURLMsg *m;
	CURLcode code;
	int running, left;

	if (curl_multi_perform(b->multi, &running) != CURLM_OK)
		return (false);
	while ((m = curl_multi_info_read(b->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		code = m->data.result;
		if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s) !=
			CURLE_OK ||
		    !finished(b, s, code))
			return (false);
	}
	return (b->running == 0 ||
	    curl_multi_poll(b->multi, NULL, 0, POLL_MS, NULL) == CURLM_OK);
}

static bool
slot_open(struct bench *b, struct slot *s, struct curl_slist *fields)
{
	CURL *e = s->easy = curl_easy_init();

	return (e != NULL && http_prepare(b->http, e) &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PRIVATE, s) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		(curl_off_t)b->opts->size) == CURLE_OK);
}

static bool
run(struct bench *b, struct curl_slist *fields)
{
	uint64_t i;

	if (curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS,
		(long)b->opts->connections) != CURLM_OK)
		return (false);
	for (i = 0; i < b->opts->connections; i++)
		if (!slot_open(b, &b->slots[i], fields) ||
		    !begin(b, &b->slots[i]))
			return (false);
	while (b->running > 0)
		if (!turn(b))
			return (false);
	return (true);
}

static void
release(struct bench *b)
{
	uint64_t i;

	for (i = 0; b->slots != NULL && i < b->opts->connections; i++)
		if (b->slots[i].easy != NULL) {
			if (b->multi != NULL)
				(void)curl_multi_remove_handle(b->multi,
				    b->slots[i].easy);
			curl_easy_cleanup(b->slots[i].easy);
		}
	if (b->multi != NULL)
		(void)curl_multi_cleanup(b->multi);
	free(b->slots);
	free(b->value);
}

enum status
http_bench(const struct target_address *at, const struct bench_options *o,
    struct bench_result results[2], double *ret_seconds, struct answer *a)
{
	struct bench b = {.opts = o,
	    .results = results,
	    .answer = a,
	    .random = 0x9e3779b97f4a7c15U};
	struct answer none = {.status = ST_DONE};
	struct curl_slist *fields = NULL;
	struct target *t;
	int64_t begun;
	enum status st = http_open(at, a, &t);

	if (st != ST_DONE)
		return (st);
	b.http = (struct http *)t;
	b.multi = curl_multi_init();
	b.slots = calloc(o->connections, sizeof(*b.slots));
	b.value = malloc(o->size + 1);
	fields = curl_slist_append(NULL,
	    "Content-Type: application/octet-stream");
	begun = lck_now_ns();
	b.end_ns = begun + (int64_t)o->seconds * 1000000000;
	if (b.multi == NULL || b.slots == NULL || b.value == NULL ||
	    fields == NULL)
		st = answer_nomem(a);
	else {
		memset(b.value, 'v', o->size);
		if (!run(&b, fields))
			st = answer_fail(a, ST_SERVER, "libcurl cannot go on");
	}
	*ret_seconds = (double)(lck_now_ns() - begun) / 1e9;
	release(&b);
	curl_slist_free_all(fields);
	(void)t->ops->close(t, &none);
	return (st);
}
