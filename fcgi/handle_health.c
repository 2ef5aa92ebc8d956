/* SPDX-License-Identifier: MIT */
/*
 * /health and below. "live" says that the process answers, "ready" that it
 * takes reads and writes; the plain one says the same as ready, with details
 * for people. The document is composed with json-c: nobody asks for it often.
 */
#include "config.h"

#include <stdlib.h>

#include <json-c/json.h>

#include "base/check.h"
#include "base/lck.h"
#include "fcgi/nodes.h"
#include "fcgi/response.h"
#include "fcgi/router.h"
#include "fcgi/server.h"

static const struct {
	enum skv_err err;
	const char *status;
} states[] = {
    {SKV_OK, "healthy"},
    {SKV_NOSPACE, "read-only"},
    {SKV_READONLY, "read-only"},
};

/* What a state of the store is called; other errors are "unhealthy". */
static const char *
status_name(enum skv_err err)
{
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].err == err)
			return (states[i].status);
	return ("unhealthy");
}

/* Adds a member; what could not be made for want of memory is left out. */
static bool
add(struct json_object *o, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(o, name, value) == 0)
		return (true);
	json_object_put(value);
	return (false);
}

static struct json_object *
node_document(const struct node *n)
{
	struct json_object *o = json_object_new_object();
	int64_t us = strtoll(n->latency_us, NULL, 10);

	if (o != NULL && add(o, "host", json_object_new_string(n->host)) &&
	    add(o, "state", json_object_new_string(n->state)) &&
	    add(o, "since_seconds",
		json_object_new_int64(strtoll(n->since_s, NULL, 10))) &&
	    (us == 0 || add(o, "latency_us", json_object_new_int64(us))) &&
	    (n->error[0] == '\0' ||
		add(o, "error", json_object_new_string(n->error))))
		return (o);
	json_object_put(o);
	return (NULL);
}

/* The servers of the engine, if it has any. */
static bool
add_nodes(struct json_object *o, struct skv *db)
{
	char *text = skv_engine_property(db, "nodes"), *next = text;
	struct json_object *a, *doc;
	struct node n;
	bool ok = true;

	if (text == NULL)
		return (true);
	a = json_object_new_array();
	while (ok && a != NULL && nodes_next(&next, &n)) {
		doc = node_document(&n);
		ok = doc != NULL && json_object_array_add(a, doc) == 0;
		if (!ok)
			json_object_put(doc);
	}
	free(text);
	return (add(o, "nodes", a) && ok);
}

static struct json_object *
store_document(struct request *r, enum skv_err state)
{
	struct json_object *o = json_object_new_object();
	struct skv_stats s;

	if (o == NULL)
		return (NULL);
	skv_stats(r->server->db, &s);
	if (add(o, "engine",
		json_object_new_string(skv_engine(r->server->db))) &&
	    add(o, "writable", json_object_new_boolean(state == SKV_OK)) &&
	    add(o, "revision", json_object_new_uint64(s.revision)) &&
	    add(o, "queued", json_object_new_uint64(s.queued)) &&
	    add(o, "overloaded",
		json_object_new_boolean(skv_overloaded(r->server->db, NULL))) &&
	    add(o, "unsynced_ms", json_object_new_int64(s.unsynced_ms)) &&
	    add_nodes(o, r->server->db))
		return (o);
	json_object_put(o);
	return (NULL);
}

static bool
fill_document(struct request *r, struct json_object *o, enum skv_err state)
{
	int64_t up = (lck_now_ns() - r->server->start_ns) / 1000000000;

	return (add(o, "status", json_object_new_string(status_name(state))) &&
	    (state == SKV_OK ||
		add(o, "detail",
		    json_object_new_string(skv_strerror(state)))) &&
	    add(o, "service", json_object_new_string("scribekv")) &&
	    add(o, "version", json_object_new_string(PACKAGE_VERSION)) &&
	    add(o, "uptime_seconds", json_object_new_int64(up)) &&
	    add(o, "store", store_document(r, state)));
}

void
handle_health(struct request *r)
{
	static const char *const allowed[] = {NULL};
	struct json_object *o;
	enum skv_err state;
	const char *text = NULL;
	size_t len = 0;

	if (!request_query_only(r, allowed))
		return;
	state = skv_status(r->server->db, NULL);
	o = json_object_new_object();
	if (o != NULL && fill_document(r, o, state))
		text = json_object_to_json_string_length(o,
		    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
		    &len);
	if (text == NULL || !buf_add(&r->text, text, len) ||
	    !buf_addc(&r->text, '\n'))
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
	else {
		response_begin(r, state == SKV_OK ? 200 : 503);
		response_header(r, "Cache-Control", "no-store");
		if (state != SKV_OK)
			response_header(r, "Retry-After", "1");
		response_send_text(r, "application/json");
	}
	json_object_put(o);
}

static void
send_status(struct request *r, unsigned status, const char *text)
{
	static const char *const allowed[] = {NULL};

	if (!request_query_only(r, allowed))
		return;
	(void)buf_printf(&r->text, "{\"status\":\"%s\"}\n", text);
	response_begin(r, status);
	response_header(r, "Cache-Control", "no-store");
	if (status != 200)
		response_header(r, "Retry-After", "1");
	response_send_text(r, "application/json");
}

void
handle_health_live(struct request *r)
{
	send_status(r, 200, "live");
}

void
handle_health_ready(struct request *r)
{
	enum skv_err state = skv_status(r->server->db, NULL);

	if (state == SKV_OK && !atomic_load(&r->server->draining))
		send_status(r, 200, "ready");
	else
		send_status(r, 503,
		    state == SKV_OK ? "draining" : status_name(state));
}
