/* SPDX-License-Identifier: MIT */
/* The servers of an engine that has some, as its property "nodes" tells. */
#ifndef FCGI_NODES_H
#define FCGI_NODES_H

#include <stdbool.h>

/* One of them; the texts are parts of the property. */
struct node {
	const char *host;
	const char *state;	/* "in use", "healthy", ... */
	const char *since_s;	/* how long it has been up, or not */
	const char *latency_us; /* of its last answer; 0: it gave none */
	const char *error;	/* empty: none */
};

/* Takes the next one off *text; false: there is none. */
bool nodes_next(char **text, struct node *ret);

#endif
