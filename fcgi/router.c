/* SPDX-License-Identifier: MIT */
/* Which handler a method and path have; see router.h. */
#include "config.h"

#include <string.h>

#include "fcgi/response.h"
#include "fcgi/router.h"

#define PREFIX "/kv/"
#define PREFIXLEN (sizeof(PREFIX) - 1)

static const char *const method_names[METHOD_OTHER] = {
    [METHOD_GET] = "GET",
    [METHOD_HEAD] = "HEAD",
    [METHOD_PUT] = "PUT",
    [METHOD_POST] = "POST",
    [METHOD_DELETE] = "DELETE",
};

static const struct route key_route = {
    .kind = ROUTE_KEY,
    .handler =
	{
	    [METHOD_GET] = handle_key_get,
	    [METHOD_HEAD] = handle_key_get,
	    [METHOD_PUT] = handle_key_put,
	    [METHOD_DELETE] = handle_key_delete,
	},
};

static const struct route routes[] = {
    {
	.kind = ROUTE_COLLECTION,
	.path = "/kv",
	.handler =
	    {
		[METHOD_GET] = handle_collection_get,
		[METHOD_HEAD] = handle_collection_get,
		[METHOD_POST] = handle_collection_post,
		[METHOD_DELETE] = handle_delete_range,
	    },
    },
    {
	.kind = ROUTE_METRICS,
	.path = "/metrics",
	.handler =
	    {
		[METHOD_GET] = handle_metrics,
		[METHOD_HEAD] = handle_metrics,
	    },
    },
    {
	.kind = ROUTE_HEALTH,
	.path = "/health",
	.handler =
	    {
		[METHOD_GET] = handle_health,
		[METHOD_HEAD] = handle_health,
	    },
    },
    {
	.kind = ROUTE_HEALTH,
	.path = "/health/live",
	.handler =
	    {
		[METHOD_GET] = handle_health_live,
		[METHOD_HEAD] = handle_health_live,
	    },
    },
    {
	.kind = ROUTE_HEALTH,
	.path = "/health/ready",
	.handler =
	    {
		[METHOD_GET] = handle_health_ready,
		[METHOD_HEAD] = handle_health_ready,
	    },
    },
};

#define NROUTES (sizeof(routes) / sizeof(routes[0]))

static bool
path_is(const struct request *r, const char *path)
{
	return (r->uri.pathlen == strlen(path) &&
	    memcmp(r->uri.path, path, r->uri.pathlen) == 0);
}

/* The key in a path, decoded; false when an answer has been sent. */
static bool
path_key(struct request *r)
{
	const char *raw = r->uri.path + PREFIXLEN;
	size_t rawlen = r->uri.pathlen - PREFIXLEN;
	char *key;

	/* The query has its own memory: this may not move it. */
	key = r->decoded.data + r->uri.querylen;
	if (!uri_decode(raw, rawlen, key, &r->keylen)) {
		response_problem(r, 400,
		    "the path has a %% that does not "
		    "begin a percent-escape");
		return (false);
	}
	r->key = key;
	return (true);
}

static bool
key_in_limits(struct request *r)
{
	if (r->keylen == 0) {
		response_problem(r, 400, "the key is empty");
		return (false);
	}
	if (r->keylen > SKV_KEYMAX) {
		response_problem(r, 414,
		    "the key has %zu bytes, the longest allowed is %d",
		    r->keylen, SKV_KEYMAX);
		return (false);
	}
	return (true);
}

/* Sets *ret_answered when the request has been answered, and so is gone. */
static const struct route *
find_route(struct request *r, bool *ret_answered)
{
	const struct query_param *p;
	size_t i;

	*ret_answered = true;
	if (uri_dot_segment(r->uri.path, r->uri.pathlen)) {
		response_problem(r, 400,
		    "the path has a \".\" or \"..\" segment, which is no part "
		    "of a key; name such a key as /kv?key=");
		return (NULL);
	}
	p = query_find(&r->query, "key");
	if (r->uri.pathlen >= PREFIXLEN &&
	    memcmp(r->uri.path, PREFIX, PREFIXLEN) == 0) {
		if (p == NULL)
			*ret_answered = !path_key(r) || !key_in_limits(r);
		else
			response_problem(r, 400,
			    "the key is named twice, in the path and as a "
			    "parameter");
		return (&key_route);
	}
	*ret_answered = false;
	if (p != NULL && path_is(r, "/kv")) {
		r->key = p->value;
		r->keylen = p->valuelen;
		*ret_answered = !key_in_limits(r);
		return (&key_route);
	}
	for (i = 0; i < NROUTES; i++)
		if (path_is(r, routes[i].path))
			return (&routes[i]);
	return (NULL);
}

static void
not_allowed(struct request *r)
{
	char allow[64] = "";
	unsigned m;

	for (m = 0; m < METHOD_OTHER; m++) {
		if (r->route->handler[m] == NULL)
			continue;
		if (allow[0] != '\0')
			strcat(allow, ", ");
		strcat(allow, method_names[m]);
	}
	response_problem_begin(r, 405, "this path does not have this method");
	response_header(r, "Allow", "%s", allow);
	response_problem_send(r);
}

void
router_dispatch(struct request *r)
{
	const struct route *route;
	bool answered;

	route = find_route(r, &answered);
	if (answered)
		return; /* and the request is gone */
	r->route = route;
	if (route == NULL)
		response_problem(r, 404, "there is nothing at this path");
	else if (r->method == METHOD_OTHER || route->handler[r->method] == NULL)
		not_allowed(r);
	else
		route->handler[r->method](r);
}
