/* SPDX-License-Identifier: MIT */
/* The table of commands. */
#include "config.h"

#include <string.h>

#include "cli/commands.h"

/* In the order in which help lists them. */
const struct command *const commands[] = {
    &cmd_get,
    &cmd_put,
    &cmd_delete,
    &cmd_list,
    &cmd_count,
    &cmd_txn,
    &cmd_export,
    &cmd_import,
    &cmd_copy,
    &cmd_backup,
    &cmd_restore,
    &cmd_check,
    &cmd_repair,
    &cmd_ping,
    &cmd_stats,
    &cmd_bench,
    &cmd_shell,
    &cmd_clear,
    &cmd_quit,
    &cmd_help,
    NULL,
};

const struct command *
command_find(const char *name)
{
	size_t i;

	for (i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return (commands[i]);
	return (NULL);
}

/* Letters to be changed, put in or left out, at most "most" + 1. */
static unsigned
distance(const char *a, const char *b, unsigned most)
{
	unsigned change, leave, put;

	for (; *a != '\0' && *a == *b; a++, b++)
		;
	if (*a == '\0' || *b == '\0')
		return ((unsigned)(strlen(a) + strlen(b)));
	if (most == 0)
		return (1);
	change = distance(a + 1, b + 1, most - 1);
	leave = distance(a + 1, b, most - 1);
	put = distance(a, b + 1, most - 1);
	change = leave < change ? leave : change;
	return (1 + (put < change ? put : change));
}

const char *
command_near(const char *name)
{
	static const struct {
		const char *theirs, *ours;
	} elsewhere[] = {{"del", "delete"}, {"rm", "delete"}, {"ls", "list"},
	    {"keys", "list"}, {"scan", "list"}, {"set", "put"}, {"cat", "get"},
	    {"dump", "export"}, {"load", "import"}, {"info", "stats"},
	    {"status", "stats"}, {"exit", "quit"}, {"size", "count"}};
	size_t i;

	for (i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(name, elsewhere[i].theirs) == 0 &&
		    command_find(elsewhere[i].ours) != NULL)
			return (elsewhere[i].ours);
	for (i = 0; commands[i] != NULL; i++)
		if (distance(name, commands[i]->name, 2) <= 2)
			return (commands[i]->name);
	return (NULL);
}
