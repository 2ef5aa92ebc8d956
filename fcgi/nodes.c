/* SPDX-License-Identifier: MIT */
/* See nodes.h; scribekv.h has the form of the property. */
#include "config.h"

#include <string.h>

#include "fcgi/nodes.h"

bool
nodes_next(char **text, struct node *ret)
{
	char *line = strsep(text, "\n");

	if (line == NULL || *line == '\0')
		return (false);
	ret->host = strsep(&line, "\t");
	ret->state = strsep(&line, "\t");
	ret->since_s = strsep(&line, "\t");
	ret->latency_us = strsep(&line, "\t");
	ret->error = strsep(&line, "\t");
	return (ret->error != NULL);
}
