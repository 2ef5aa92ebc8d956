/* SPDX-License-Identifier: MIT */
/* What both kinds of targets share; see target.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/target.h"

enum status
target_open(const struct target_address *at, struct answer *a,
    struct target **ret)
{
	answer_reset(a);
	return (at->store != NULL ? direct_open(at, a, ret) :
				    http_open(at, a, ret));
}

void
answer_reset(struct answer *a)
{
	struct buf body = a->body;

	buf_reset(&body);
	*a = (struct answer){.status = ST_DONE, .body = body};
}

void
answer_release(struct answer *a)
{
	buf_release(&a->body);
}

enum status
answer_fail(struct answer *a, enum status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->message, sizeof(a->message), fmt, ap);
	va_end(ap);
	a->status = st;
	return (st);
}

enum status
answer_nomem(struct answer *a)
{
	return (answer_fail(a, ST_SERVER, "out of memory"));
}

enum status
target_fail(const struct answer *a)
{
	if (a->status != ST_DONE && a->message[0] != '\0')
		warn_user("%s", a->message);
	return (a->status);
}
