/* SPDX-License-Identifier: MIT */
/* A session: the options that hold for all of it, and its target. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/target.h"

/* Options that say where the target is, and where their values go. */
static void
set_address(struct target_address *at, const struct args *a)
{
	const struct {
		const char *name;
		const char **to;
	} rows[] = {
	    {"url", &at->url},
	    {"unix-socket", &at->unix_socket},
	    {"cacert", &at->cacert},
	    {"cert", &at->cert},
	    {"key", &at->key},
	    {"token-file", &at->token_file},
	    {"user-file", &at->user_file},
	    {"store", &at->store},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (args_has(a, rows[i].name))
			*rows[i].to = args_get(a, rows[i].name);
	if (args_has(a, "create"))
		at->create = true;
}

/* Whether an option was given that the shell's open target cannot follow. */
static bool
moves_target(const struct args *a)
{
	struct target_address at = {.url = NULL};

	set_address(&at, a);
	return (at.url != NULL || at.unix_socket != NULL || at.cacert != NULL ||
	    at.cert != NULL || at.key != NULL || at.token_file != NULL ||
	    at.user_file != NULL || at.store != NULL || at.create);
}

bool
session_options(struct session *s, const struct args *a)
{
	if (s->shell && moves_target(a)) {
		warn_user("the shell stays with %s; leave it to go elsewhere",
		    s->target == NULL ? "its target" : s->target->name);
		return (false);
	}
	set_address(s->address, a);
	if (args_has(a, "escaped-keys"))
		s->escaped_keys = true;
	if (args_has(a, "quiet"))
		s->quiet = true;
	if (args_has(a, "yes"))
		s->yes = true;
	return (args_seconds(a, "timeout", 86400, &s->address->timeout_s) &&
	    args_uint(a, "retries", 0, 100, &s->address->retries) &&
	    out_options(args_get(a, "output"), args_get(a, "color")));
}

enum status
session_target(struct session *s, struct target **ret)
{
	struct answer a = {.status = ST_DONE};

	if (s->target == NULL &&
	    target_open(s->address, &a, &s->target) != ST_DONE)
		return (target_fail(&a));
	*ret = s->target;
	return (ST_DONE);
}

enum status
session_close(struct session *s)
{
	struct answer a = {.status = ST_DONE};

	if (s->target != NULL &&
	    s->target->ops->close(s->target, &a) != ST_DONE)
		(void)target_fail(&a);
	s->target = NULL;
	return (a.status);
}

static enum status
check_arguments(const struct session *s, const struct args *a)
{
	const struct command *c = a->command;

	if (c->flags & (s->shell ? COMMAND_TOP : COMMAND_SHELL))
		return (fail_user(ST_USAGE, "this works %s the shell only",
		    s->shell ? "outside" : "inside"));
	if (a->argc < c->least)
		return (fail_user(ST_USAGE,
		    "there is something missing: "
		    "usage: %s %s",
		    c->name, c->args));
	if (c->most != -1 && a->argc > c->most)
		return (fail_user(ST_USAGE,
		    "too many arguments, from \"%s\" "
		    "on (quote what has blanks): usage: %s %s",
		    a->argv[c->most], c->name, c->args));
	return (ST_DONE);
}

enum status
session_run(struct session *s, int argc, char **argv)
{
	const struct command *c = command_find(argv[0]);
	const char *near;
	struct args a;
	enum status st;

	if (c == NULL) {
		near = command_near(argv[0]);
		return (fail_user(ST_USAGE,
		    "there is no command \"%s\"%s%s%s; \"%shelp\" lists them",
		    argv[0], near == NULL ? "" : ", did you mean \"",
		    near == NULL ? "" : near, near == NULL ? "" : "\"",
		    s->shell ? "" : "scribekv "));
	}
	user_command(c->name);
	if (!args_parse(&a, c, argc, argv) || !session_options(s, &a))
		st = ST_USAGE;
	else if (args_has(&a, "help")) {
		help_command(c);
		st = ST_DONE;
	} else {
		st = check_arguments(s, &a);
		if (st == ST_DONE)
			st = c->run(s, &a);
	}
	user_command(NULL);
	return (st);
}

bool
session_key(const struct session *s, const char *arg, struct buf *scratch,
    struct bytes *ret)
{
	size_t from = scratch->len;

	*ret = (struct bytes){.data = arg, .len = strlen(arg)};
	if (s->escaped_keys) {
		if (!unescape(scratch, arg, ret->len)) {
			warn_user(
			    "\"%s\" is not in the escaped notation, "
			    "which has \\\\, \\n, \\t, \\r, \\0 and \\xHH",
			    arg);
			return (false);
		}
		*ret = (struct bytes){
		    .data = scratch->len == from ? "" : scratch->data + from,
		    .len = scratch->len - from,
		};
	}
	if (ret->len >= 1 && ret->len <= SKV_KEYMAX)
		return (true);
	if (ret->len == 0)
		warn_user("the key is empty; keys have 1 to %d bytes",
		    SKV_KEYMAX);
	else
		warn_user("the key has %zu bytes; keys have 1 to %d", ret->len,
		    SKV_KEYMAX);
	return (false);
}

bool
session_confirm(const struct session *s, const char *question)
{
	char line[64];

	if (s->yes)
		return (true);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		warn_user("nobody is there to be asked: give --yes");
		return (false);
	}
	(void)fprintf(stderr, "%s [y/N] ", question);
	(void)fflush(stderr);
	if (fgets(line, sizeof(line), stdin) != NULL && !interrupted() &&
	    (strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0))
		return (true);
	warn_user("nothing was done");
	return (false);
}
