/* SPDX-License-Identifier: MIT */
/* Help, out of the tables of commands and options. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"

static void
list_options(const struct option_def *o)
{
	char name[64];

	for (; o->name != NULL; o++) {
		(void)snprintf(name, sizeof(name), "%s%c%s --%s%s%s",
		    o->letter != 0 ? "-" : " ",
		    o->letter != 0 ? o->letter : ' ',
		    o->letter != 0 ? "," : " ", o->name,
		    o->arg == NULL ? "" : " ", o->arg == NULL ? "" : o->arg);
		out_printf("  %-24s %s\n", name, o->help);
	}
}

static bool
hidden(const struct command *c, bool shell)
{
	return ((c->flags & (shell ? COMMAND_TOP : COMMAND_SHELL)) != 0);
}

void
help_overview(bool shell)
{
	size_t i;

	if (!shell)
		out_printf("usage: scribekv [OPTION...] COMMAND [ARGUMENT...]\n"
			   "\nReads and writes the keys of a scribekv server, "
			   "or of a store.\n\n");
	out_printf("%s:\n", out_bold("Commands"));
	for (i = 0; commands[i] != NULL; i++)
		if (!hidden(commands[i], shell))
			out_printf("  %-10s %s\n", commands[i]->name,
			    commands[i]->help);
	if (!shell) {
		out_printf("\n%s, before the command or behind it:\n",
		    out_bold("Options"));
		list_options(global_options);
	}
	out_printf("\n\"%shelp COMMAND\" tells more about one.\n",
	    shell ? "" : "scribekv ");
}

void
help_command(const struct command *c)
{
	out_printf("usage: scribekv %s%s%s%s\n\n%s.\n", c->name,
	    c->options == NULL ? "" : " [OPTION...]",
	    c->args[0] == '\0' ? "" : " ", c->args, c->help);
	if (c->more != NULL)
		out_printf("\n%s", c->more);
	if (c->options != NULL) {
		out_printf("\n%s:\n", out_bold("Options"));
		list_options(c->options);
	}
	out_printf("\nThe options of \"scribekv help\" may be given too.\n");
}

/* Words for the shells' completion: names of commands, or of options. */
static void
words(const char *name)
{
	const struct command *c = name == NULL ? NULL : command_find(name);
	const struct option_def *o;
	size_t i;

	if (name == NULL)
		for (i = 0; commands[i] != NULL; i++)
			if (!hidden(commands[i], false))
				out_printf("%s:%s\n", commands[i]->name,
				    commands[i]->help);
	if (name != NULL && c == NULL)
		return;
	for (o = global_options; o->name != NULL; o++)
		out_printf("--%s%s:%s\n", o->name, o->arg == NULL ? "" : "=",
		    o->help);
	if (c == NULL)
		return;
	for (o = c->options; o != NULL && o->name != NULL; o++)
		out_printf("--%s%s:%s\n", o->name, o->arg == NULL ? "" : "=",
		    o->help);
	if (c->flags & COMMAND_KEYS)
		out_printf("KEY:a key\n");
	if (c->flags & COMMAND_FILES)
		out_printf("FILE:a file\n");
}

static enum status
run_help(struct session *s, const struct args *a)
{
	const struct command *c;
	const char *near;

	if (args_has(a, "words"))
		words(a->argc == 0 ? NULL : a->argv[0]);
	else if (a->argc == 0)
		help_overview(s->shell);
	else {
		c = command_find(a->argv[0]);
		if (c == NULL) {
			near = command_near(a->argv[0]);
			return (fail_user(ST_USAGE,
			    "there is no command \"%s\"%s%s%s", a->argv[0],
			    near == NULL ? "" : "; did you mean \"",
			    near == NULL ? "" : near,
			    near == NULL ? "" : "\"?"));
		}
		help_command(c);
	}
	return (ST_DONE);
}

const struct command cmd_help = {
    .name = "help",
    .args = "[COMMAND]",
    .help = "Explain scribekv, or a command",
    .options =
	(const struct option_def[]){
	    {"words", 0, NULL,
		"list what may come next, for completion in shells"},
	    {NULL, 0, NULL, NULL},
	},
    .least = 0,
    .most = 1,
    .run = run_help,
};
