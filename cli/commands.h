/* SPDX-License-Identifier: MIT */
/* The commands; see cli.h for how to add one. Listed in commands.c. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct command cmd_get, cmd_put, cmd_delete;   /* cmd_key.c */
extern const struct command cmd_list, cmd_count;	    /* cmd_list.c */
extern const struct command cmd_txn;			    /* cmd_txn.c */
extern const struct command cmd_export, cmd_import;	    /* cmd_export.c */
extern const struct command cmd_copy;			    /* cmd_copy.c */
extern const struct command cmd_ping, cmd_stats;	    /* cmd_info.c */
extern const struct command cmd_backup, cmd_restore;	    /* cmd_backup.c */
extern const struct command cmd_check, cmd_repair;	    /* cmd_check.c */
extern const struct command cmd_bench;			    /* cmd_bench.c */
extern const struct command cmd_shell, cmd_clear, cmd_quit; /* shell.c */
extern const struct command cmd_help;			    /* help.c */

#endif
