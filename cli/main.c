/* SPDX-License-Identifier: MIT */
/*
 * scribekv: reads and writes the keys of a server, or of a store. Here are the
 * global options in front of the command, and the end; all else is in the
 * commands (cli.h).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/target.h"

static enum status
run(struct session *s, int argc, char **argv)
{
	char help[] = "help", *words[] = {help, NULL};
	struct args a;

	if (!args_parse(&a, NULL, argc, argv) || !session_options(s, &a))
		return (ST_USAGE);
	if (args_has(&a, "version")) {
		out_printf("scribekv %s\n", PACKAGE_VERSION);
		return (ST_DONE);
	}
	if (args_has(&a, "help"))
		return (session_run(s, 1, words));
	if (a.argc == 0) {
		help_overview(false);
		return (ST_USAGE);
	}
	return (session_run(s, a.argc, a.argv));
}

int
main(int argc, char **argv)
{
	struct target_address address = {
	    .url = getenv("SCRIBEKV_URL"),
	    .token_file = getenv("SCRIBEKV_TOKEN_FILE"),
	    .user_file = getenv("SCRIBEKV_USER_FILE"),
	    .timeout_s = TARGET_TIMEOUT_DEFAULT,
	    .retries = TARGET_RETRIES_DEFAULT,
	};
	struct session s = {.address = &address};
	enum status st, closed;
	bool pipe_closed = false;

	signals_init();
	st = run(&s, argc, argv);
	closed = session_close(&s);
	if (st == ST_DONE)
		st = closed;
	closed = out_flush();
	if (st == ST_DONE)
		st = closed;
	(void)out_failed(&pipe_closed);
	signals_finish(pipe_closed);
	return ((int)st);
}
