/* SPDX-License-Identifier: MIT */
/*
 * One of hammer's clients: PUT, DELETE, conditions on entity tags,
 * transactions, lists, one request at a time. What comes of a request is noted
 * as linear.py wants it: with values in place of entity tags.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "base/check.h"
#include "tests/fault/hammer.h"

enum {
	ACTSMAX = 4,
	NAMELEN = 16,
	TOKENLEN = 32,
	HEADMAX = 80
};
enum {
	SMALLMAX = 400,
	LARGEMIN = 4000,
	LARGEMAX = 70000
};

enum act_kind {
	ACT_GET,
	ACT_PUT,
	ACT_DELETE
};

/* A request as it is noted. Of a get the token is what it saw. */
struct attempt {
	bool conditional;
	unsigned cond_key;
	token_t cond;
	unsigned nacts;
	struct {
		enum act_kind kind;
		unsigned key;
		token_t token;
	} acts[ACTSMAX];
	bool writes;
	int64_t start;
};

enum outcome {
	OUTCOME_OK,
	OUTCOME_FAILED,
	OUTCOME_UNKNOWN,
	OUTCOME_NONE
};

unsigned
client_random(struct client *c, unsigned below)
{
	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((unsigned)((c->random >> 33) % below));
}

void
client_init(struct client *c, struct hammer *h, unsigned number)
{
	memset(c, 0, sizeof(*c));
	c->h = h;
	c->number = number;
	c->random = h->seed * 0x9e3779b97f4a7c15ULL + number;
	http_init(&c->http, h->sockets[number % h->nsockets]);
}

void
client_release(struct client *c)
{
	http_release(&c->http);
}

/* -------------------------------------------------------------- contents -- */

static void
key_name(char ret[NAMELEN], unsigned key)
{
	(void)snprintf(ret, NAMELEN, "g%02u/%c", key / GROUP,
	    (char)('a' + key % GROUP));
}

static void
token_name(char ret[TOKENLEN], token_t token)
{
	(void)snprintf(ret, TOKENLEN, "%u.%u", (unsigned)(token >> 32),
	    (unsigned)(token & 0xffffffff));
}

static void
value_make(struct buf *b, uint64_t seed, unsigned key, token_t token,
    size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
				     "opqrstuvwxyz0123456789+-";
	uint64_t state = (seed ^ token * 0x9e3779b97f4a7c15ULL) + key;
	char name[NAMELEN], text[TOKENLEN];
	size_t start = b->len, i;
	char *p;

	key_name(name, key);
	token_name(text, token);
	(void)buf_printf(b, "%s %s %zu ", name, text, len);
	CHECK(b->len - start <= len);
	p = buf_extend(b, len - (b->len - start));
	AN(p);
	for (i = 0; p + i < b->data + start + len; i++) {
		state = state * 6364136223846793005ULL + 1;
		p[i] = digits[state >> 58];
	}
}

/* Which one it is; anything that was never written is a violation. */
static token_t
value_check(const struct client *c, unsigned key, const char *data, size_t len)
{
	char name[NAMELEN], head[HEADMAX], is[NAMELEN];
	unsigned writer, seq;
	struct buf expected;
	size_t claimed;
	token_t token;

	key_name(name, key);
	(void)snprintf(head, sizeof(head), "%.*s",
	    (int)(len < HEADMAX ? len : HEADMAX - 1), data);
	if (sscanf(head, "%15s %u.%u %zu ", is, &writer, &seq, &claimed) != 4 ||
	    claimed != len || strcmp(is, name) != 0)
		violation("%s: never written here: %zu bytes: %s", name, len,
		    head);
	token = (token_t)writer << 32 | seq;
	buf_init(&expected);
	value_make(&expected, c->h->seed, key, token, len);
	if (memcmp(expected.data, data, len) != 0)
		violation("%s: wrong bytes in %s", name, head);
	buf_release(&expected);
	return (token);
}

static size_t
value_len(struct client *c)
{
	if (c->h->large > 0 && client_random(c, c->h->large) == 0)
		return (LARGEMIN + client_random(c, LARGEMAX - LARGEMIN));
	return (HEADMAX + client_random(c, SMALLMAX));
}

/* --------------------------------------------------------------- history -- */

static void
note_token(FILE *f, token_t token)
{
	char text[TOKENLEN];

	token_name(text, token);
	if (token == ABSENT)
		(void)fprintf(f, "null");
	else if (token == PRESENT)
		(void)fprintf(f, "true");
	else
		(void)fprintf(f, "\"%s\"", text);
}

static void
note(struct client *c, const struct attempt *a, enum outcome outcome)
{
	static const char *const outcomes[] = {"ok", "failed", "unknown"};
	static const char *const kinds[] = {"get", "put", "delete"};
	int64_t end = lck_now_ns();
	struct hammer *h = c->h;
	char name[NAMELEN];
	FILE *f = h->history;
	unsigned i;

	if (outcome == OUTCOME_UNKNOWN)
		atomic_fetch_add(&h->nunknown, 1);
	if (outcome == OUTCOME_NONE)
		atomic_fetch_add(&h->nrefused, 1);
	if (outcome == OUTCOME_NONE ||
	    (outcome == OUTCOME_UNKNOWN && !a->writes))
		return;
	lck_lock(&h->mtx);
	h->recorded++;
	(void)fprintf(f,
	    "{\"client\":%u,\"start\":%" PRId64 ",\"end\":%" PRId64
	    ",\"outcome\":\"%s\",\"if\":[",
	    c->number, a->start, end, outcomes[outcome]);
	if (a->conditional) {
		key_name(name, a->cond_key);
		(void)fprintf(f, "[\"%s\",", name);
		note_token(f, a->cond);
		(void)fprintf(f, "]");
	}
	(void)fprintf(f, "],\"ops\":[");
	for (i = 0; i < a->nacts; i++) {
		key_name(name, a->acts[i].key);
		(void)fprintf(f, "%s[\"%s\",\"%s\"", i > 0 ? "," : "",
		    kinds[a->acts[i].kind], name);
		if (a->acts[i].kind != ACT_DELETE) {
			(void)fprintf(f, ",");
			note_token(f, a->acts[i].token);
		}
		(void)fprintf(f, "]");
	}
	(void)fprintf(f, "]}\n");
	CHECK(!ferror(f));
	lck_unlock(&h->mtx);
}

static void
remember(struct client *c, unsigned key, token_t token, const char *etag)
{
	c->seen[key] = token;
	(void)snprintf(c->etag[key], sizeof(c->etag[key]), "%s", etag);
}

/* -------------------------------------------------------------- requests -- */

bool
client_ready(struct client *c)
{
	struct http_answer answer;

	return (http_do(&c->http, "GET", "/health/ready", "", NULL, false,
		    &answer) == HTTP_OK &&
	    answer.status == 200);
}

static void
await_service(struct client *c)
{
	const struct timespec pause = {0, 2000000};
	int64_t deadline = lck_now_ns() + c->h->patience_ns;

	while (!client_ready(c)) {
		if (lck_now_ns() > deadline)
			violation("client %u: not back in service", c->number);
		(void)nanosleep(&pause, NULL);
	}
}

static void
count_request(struct hammer *h)
{
	if (atomic_fetch_add(&h->sent, 1) + 1 != atomic_load(&h->kill_at))
		return;
	lck_lock(&h->mtx);
	h->kill_now = true;
	lck_cond_signal(&h->killing);
	lck_unlock(&h->mtx);
}

/*
 * What a status means for a write, or a read that was not answered. Who is
 * refused is told when to come back, and of a write whether it took place.
 */
static enum outcome
judge(const struct http_answer *answer, const char *what, bool writes)
{
	if (answer->status / 100 == 2)
		return (OUTCOME_OK);
	if (answer->status == 409 || answer->status == 412)
		return (OUTCOME_FAILED);
	if (answer->status / 100 != 5 ||
	    (answer->status == 503 && !answer->retry_after) ||
	    (writes && strstr(answer->body, "\"applied\":") == NULL))
		violation("%s: status %u: %s", what, answer->status,
		    answer->body);
	return (strstr(answer->body, "\"applied\":\"no\"") != NULL ?
		OUTCOME_NONE :
		OUTCOME_UNKNOWN);
}

/* Sends it. Without an answer that says what happened it is noted, too. */
static enum outcome
perform(struct client *c, struct attempt *a, const char *method,
    const char *target, const char *fields, const struct buf *body,
    struct http_answer *answer)
{
	bool cut = a->writes && client_random(c, 500) == 0;
	enum outcome outcome = OUTCOME_UNKNOWN;

	count_request(c->h);
	a->start = lck_now_ns();
	switch (http_do(&c->http, method, target, fields, body, cut, answer)) {
	case HTTP_OK:
		if (answer->status == 404 && !a->writes)
			outcome = OUTCOME_OK;
		else
			outcome = judge(answer, target, a->writes);
		break;
	case HTTP_LOST:
		break;
	case HTTP_HANG:
		violation("%s %s: no answer in %d s", method, target,
		    HTTP_PATIENCE);
	case HTTP_BAD:
		violation("%s %s: no HTTP: %s", method, target,
		    c->http.in.data);
	}
	if (outcome != OUTCOME_OK)
		note(c, a, outcome);
	if (outcome == OUTCOME_UNKNOWN || outcome == OUTCOME_NONE)
		await_service(c);
	return (outcome);
}

/* The condition on an entity tag, or on being absent. */
static void
condition(struct client *c, struct attempt *a, unsigned key, struct buf *fields)
{
	a->conditional = true;
	a->cond_key = key;
	a->cond = c->seen[key];
	if (a->cond == ABSENT)
		(void)buf_adds(fields, "If-None-Match: *\r\n");
	else
		(void)buf_printf(fields, "If-Match: \"%s\"\r\n", c->etag[key]);
}

static void
add_act(struct attempt *a, enum act_kind kind, unsigned key, token_t token)
{
	CHECK(a->nacts < ACTSMAX);
	a->acts[a->nacts].kind = kind;
	a->acts[a->nacts].key = key;
	a->acts[a->nacts].token = token;
	a->nacts++;
	a->writes = a->writes || kind != ACT_GET;
}

static token_t
add_put(struct client *c, struct attempt *a, unsigned key, struct buf *value)
{
	token_t token = (token_t)c->number << 32 | ++c->seq;

	add_act(a, ACT_PUT, key, token);
	value_make(value, c->h->seed, key, token, value_len(c));
	return (token);
}

static void
do_get(struct client *c, unsigned key)
{
	char name[NAMELEN], target[NAMELEN + 8];
	struct attempt a = {.conditional = false};
	struct http_answer answer;
	token_t token = ABSENT;

	key_name(name, key);
	(void)snprintf(target, sizeof(target), "/kv/%s", name);
	add_act(&a, ACT_GET, key, ABSENT);
	if (perform(c, &a, "GET", target,
		"Accept: application/octet-stream\r\n", NULL,
		&answer) != OUTCOME_OK)
		return;
	if (answer.status == 200)
		token = value_check(c, key, answer.body, answer.len);
	a.acts[0].token = token;
	remember(c, key, token, answer.etag);
	note(c, &a, OUTCOME_OK);
}

/* PUT or DELETE, with a condition or without. */
static void
do_write(struct client *c, unsigned key, bool del, bool conditional)
{
	char name[NAMELEN], target[NAMELEN + 24];
	struct attempt a = {.conditional = false};
	bool json = !del && client_random(c, 3) == 0;
	struct http_answer answer;
	struct buf fields, body;
	token_t token = ABSENT;

	key_name(name, key);
	(void)snprintf(target, sizeof(target), "/kv/%s%s", name,
	    client_random(c, 20) == 0 ? "?sync=true" : "");
	buf_init(&fields);
	buf_init(&body);
	if (conditional && !(del && c->seen[key] == ABSENT))
		condition(c, &a, key, &fields);
	if (json)
		(void)buf_adds(&body, "{\"value\":\"");
	if (del)
		add_act(&a, ACT_DELETE, key, ABSENT);
	else
		token = add_put(c, &a, key, &body);
	if (json)
		(void)buf_adds(&body, "\"}");
	(void)buf_printf(&fields, "Content-Type: application/%s\r\n",
	    json ? "json" : "octet-stream");
	(void)buf_addc(&fields, '\0');
	if (perform(c, &a, del ? "DELETE" : "PUT", target, fields.data,
		del ? NULL : &body, &answer) == OUTCOME_OK) {
		remember(c, key, token, answer.etag);
		note(c, &a, OUTCOME_OK);
	}
	buf_release(&fields);
	buf_release(&body);
}

/* ---------------------------------------------------------- many at once -- */

static struct json_object *
parse(const struct http_answer *answer, const char *member)
{
	struct json_object *doc = json_tokener_parse(answer->body), *list;

	if (doc == NULL || !json_object_object_get_ex(doc, member, &list) ||
	    !json_object_is_type(list, json_type_array))
		violation("an odd answer: %s", answer->body);
	list = json_object_get(list);
	json_object_put(doc);
	return (list);
}

static const char *
member(struct json_object *o, const char *name)
{
	struct json_object *text;

	if (!json_object_object_get_ex(o, name, &text) ||
	    !json_object_is_type(text, json_type_string))
		return (NULL);
	return (json_object_get_string(text));
}

/* What an element says of a key that was read. */
static token_t
take_value(struct client *c, struct json_object *o, unsigned key)
{
	const char *value = member(o, "value"), *etag = member(o, "etag");
	token_t token = ABSENT;

	if (value != NULL)
		token = value_check(c, key, value, strlen(value));
	remember(c, key, token, etag != NULL ? etag : "");
	return (token);
}

/* All keys of a group at one moment. */
static void
do_list(struct client *c, unsigned group)
{
	struct attempt a = {.conditional = false};
	struct json_object *items, *item;
	struct http_answer answer;
	char target[64], name[NAMELEN];
	const char *key;
	size_t i, n;
	unsigned k;

	(void)snprintf(target, sizeof(target), "/kv?prefix=g%02u/&values=true",
	    group);
	for (k = 0; k < GROUP; k++)
		add_act(&a, ACT_GET, group * GROUP + k, ABSENT);
	if (perform(c, &a, "GET", target, "", NULL, &answer) != OUTCOME_OK)
		return;
	items = parse(&answer, "items");
	n = json_object_array_length(items);
	for (i = 0, k = 0; i < n; i++, k++) {
		item = json_object_array_get_idx(items, i);
		key = member(item, "key");
		for (; k < GROUP; k++) {
			key_name(name, group * GROUP + k);
			if (key != NULL && strcmp(key, name) == 0)
				break;
		}
		if (k == GROUP)
			violation("a list with an odd key: %s", answer.body);
		a.acts[k].token = take_value(c, item, group * GROUP + k);
	}
	json_object_put(items);
	note(c, &a, OUTCOME_OK);
}

static void
txn_condition(struct client *c, struct attempt *a, unsigned key,
    struct buf *body)
{
	char name[NAMELEN];

	key_name(name, key);
	a->conditional = true;
	a->cond_key = key;
	a->cond = c->seen[key];
	if (a->cond != ABSENT && client_random(c, 4) == 0)
		a->cond = PRESENT;
	(void)buf_printf(body, "\"if\":[{\"key\":\"%s\",", name);
	if (a->cond == ABSENT || a->cond == PRESENT)
		(void)buf_printf(body, "\"exists\":%s}],",
		    a->cond == ABSENT ? "false" : "true");
	else
		(void)buf_printf(body, "\"etag\":\"%s\"}],", c->etag[key]);
}

static void
txn_act(struct client *c, struct attempt *a, char kind, unsigned key,
    struct buf *body)
{
	char name[NAMELEN];

	key_name(name, key);
	(void)buf_printf(body, "%s{\"key\":\"%s\",\"op\":\"%s\"",
	    a->nacts > 0 ? "," : "", name,
	    kind == 'g'	    ? "get" :
		kind == 'p' ? "put" :
			      "delete");
	if (kind == 'p') {
		(void)buf_adds(body, ",\"value\":\"");
		(void)add_put(c, a, key, body);
		(void)buf_addc(body, '"');
	} else
		add_act(a, kind == 'g' ? ACT_GET : ACT_DELETE, key, ABSENT);
	(void)buf_addc(body, '}');
}

static void
txn_results(struct client *c, struct attempt *a, struct http_answer *answer)
{
	struct json_object *results = parse(answer, "results"), *o;
	const char *etag;
	unsigned i, key;

	if (json_object_array_length(results) != a->nacts)
		violation("results are missing: %s", answer->body);
	for (i = 0; i < a->nacts; i++) {
		o = json_object_array_get_idx(results, i);
		key = a->acts[i].key;
		etag = member(o, "etag");
		if (a->acts[i].kind == ACT_GET)
			a->acts[i].token = take_value(c, o, key);
		else
			remember(c, key, a->acts[i].token,
			    etag != NULL ? etag : "");
	}
	json_object_put(results);
}

/* Acts on the keys of a group, one letter each: get, put, delete. */
static void
do_txn(struct client *c, unsigned group, const char *kinds, bool conditional)
{
	unsigned first = group * GROUP, turn = client_random(c, GROUP), i;
	struct attempt a = {.conditional = false};
	struct http_answer answer;
	struct buf body;

	buf_init(&body);
	(void)buf_adds(&body, "{");
	if (conditional)
		txn_condition(c, &a, first + client_random(c, GROUP), &body);
	if (client_random(c, 20) == 0)
		(void)buf_adds(&body, "\"sync\":true,");
	(void)buf_adds(&body, "\"ops\":[");
	for (i = 0; kinds[i] != '\0'; i++)
		txn_act(c, &a, kinds[i], first + (turn + i) % GROUP, &body);
	(void)buf_adds(&body, "]}");
	if (perform(c, &a, "POST", "/kv", "Content-Type: application/json\r\n",
		&body, &answer) == OUTCOME_OK) {
		txn_results(c, &a, &answer);
		note(c, &a, OUTCOME_OK);
	}
	buf_release(&body);
}

/* -------------------------------------------------------------- together -- */

static void
client_step(struct client *c)
{
	static const char *const kinds[] = {"ppp", "ppp", "ggg", "gpgd", "pgdg",
	    "ddd", "dp", "gp"};
	unsigned key = client_random(c, c->h->groups * GROUP);
	unsigned group = key / GROUP, r = client_random(c, 100);

	if (r < 24)
		do_get(c, key);
	else if (r < 46)
		do_write(c, key, false, false);
	else if (r < 53)
		do_write(c, key, true, false);
	else if (r < 74) {
		/* Fresh knowledge of the key or what it happens to have. */
		if (r % 3 != 0)
			do_get(c, key);
		do_write(c, key, r % 6 == 0, true);
	} else if (r < 82)
		do_list(c, group);
	else
		do_txn(c, group, kinds[client_random(c, 8)],
		    client_random(c, 3) == 0);
}

void *
client_main(void *arg)
{
	struct client *c = arg;

	while (!atomic_load(&c->h->stop))
		client_step(c);
	return (NULL);
}

void
client_read_all(struct client *c)
{
	unsigned g, k;

	for (g = 0; g < c->h->groups; g++) {
		do_list(c, g);
		for (k = 0; k < GROUP; k++)
			do_get(c, g * GROUP + k);
		do_txn(c, g, "ggg", false);
	}
}
