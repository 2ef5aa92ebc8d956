/* SPDX-License-Identifier: MIT */
/*
 * Which handler a method and path have. The routes are one table in router.c;
 * Allow fields and metrics are made from it too.
 */
#ifndef FCGI_ROUTER_H
#define FCGI_ROUTER_H

#include "fcgi/request.h"

enum route_kind {
	ROUTE_KEY,	  /* /kv/{key}, /kv?key= */
	ROUTE_COLLECTION, /* /kv */
	ROUTE_HEALTH,	  /* /health and below */
	ROUTE_METRICS,
};

struct route {
	enum route_kind kind;
	const char *path; /* NULL for ROUTE_KEY */
	/* By method; NULL is 405. HEAD is GET without its body. */
	void (*handler[METHOD_OTHER])(struct request *);
};

/*
 * Finds the route and, for one key, the key (into r->key), and calls the
 * handler; or answers 400, 404, 405 or 414. r->uri and r->query are set.
 */
void router_dispatch(struct request *);

/* handle_key.c */
void handle_key_get(struct request *);
void handle_key_put(struct request *);
void handle_key_delete(struct request *);
/* handle_many.c */
void handle_collection_get(struct request *);
void handle_collection_post(struct request *);
/* handle_list.c */
void handle_delete_range(struct request *);
/* metrics.c */
void handle_metrics(struct request *);
/* handle_health.c */
void handle_health(struct request *);
void handle_health_live(struct request *);
void handle_health_ready(struct request *);

#endif
