/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes REQUEST_URI: whatever the bytes are, spans stay inside the target, and
 * what can be decoded never grows.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/uri.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_query(const struct uri *uri, char *buf)
{
	static const char *const names[] = {"ttl", "sync", "raw", NULL};
	const struct query_param *p;
	struct query q;
	bool yes = false;
	uint64_t n = 5;
	size_t i;

	if (query_parse(uri->query, uri->querylen, buf, uri->querylen, &q) !=
	    URI_OK)
		return;
	CHECK(q.n <= QUERY_MAX);
	for (i = 0; i < q.n; i++) {
		p = &q.param[i];
		CHECK(p->name >= buf && p->value >= p->name + p->namelen);
		CHECK(p->value + p->valuelen <= buf + uri->querylen);
	}
	p = query_unknown(&q, names);
	CHECK(p == NULL || (p >= q.param && p < q.param + q.n));
	(void)query_bool(&q, "sync", &yes);
	(void)query_uint(&q, "ttl", 1, 10, &n);
	CHECK(n >= 1 && n <= 10);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw, *buf;
	struct uri uri;
	size_t len;

	/* Of the exact size, so that a sanitizer sees one byte too many. */
	raw = malloc(size + (size == 0));
	buf = malloc(size + (size == 0));
	CHECK(raw != NULL && buf != NULL);
	if (size > 0)
		memcpy(raw, data, size);
	if (uri_parse(raw, size, &uri) == URI_OK) {
		CHECK(uri.pathlen > 0 && uri.path[0] == '/');
		CHECK(uri.pathlen + uri.querylen <= size + 1);
		(void)uri_dot_segment(uri.path, uri.pathlen);
		len = 0;
		(void)uri_decode(uri.path, uri.pathlen, buf, &len);
		CHECK(len <= uri.pathlen);
		try_query(&uri, buf);
	}
	free(raw);
	free(buf);
	return (0);
}
