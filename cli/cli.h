/* SPDX-License-Identifier: MIT */
/*
 * scribekv, the client: what its files share.
 *
 * 1. A command is a row: its name, arguments, options and help, and a function
 *    that does it. To add one, write its "struct command" beside its function
 *    in a cmd_*.c, declare it in commands.h and list it in the table of
 *    commands.c. Help and completion come from the rows, nothing else is to be
 *    done but its section in scribekv.1 (a test compares the two).
 * 2. A command's function gets the session and its arguments, and returns the
 *    exit status. session_target() gives it the server or the store to work
 *    on (target.h); both mean the same, so a command asks not which it is.
 * 3. What a command has to say goes to standard output by output.h; complaints
 *    go to standard error by warn_user() and fail_user(), as sentences that
 *    say what to do.
 * 4. Whatever takes long asks interrupted() now and then, shows its progress
 *    by progress.h, and makes files by save.h, so that nothing is left half
 *    written.
 * 5. One thread.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Exit statuses, and results of nearly everything here. */
enum status {
	ST_DONE = 0,
	ST_NOTFOUND = 1,    /* there is no such key */
	ST_USAGE = 2,	    /* the command or its input is wrong */
	ST_CONDITION = 3,   /* a condition is false; nothing was changed */
	ST_UNREACHABLE = 4, /* no server, no store, or not let in */
	ST_SERVER = 5,	    /* the server, the store or a file failed */
};

struct bytes {
	const char *data;
	size_t len;
};

struct target;
struct target_address;

/* An option. A table of them ends with one without a name. */
struct option_def {
	const char *name; /* without the dashes in front */
	char letter;	  /* its short form; 0: none */
	const char *arg;  /* what its argument is called; NULL: a switch */
	const char *help;
};

#define OPTIONS_MAX 48
struct args {
	const struct command *command;
	/* In the order of the global options, then the command's. */
	const char *value[OPTIONS_MAX]; /* NULL: was not given */
	int argc;			/* arguments proper, no options */
	char **argv;
};

struct session {
	struct target_address *address; /* which target */
	struct target *target;		/* once it was asked for */
	bool shell;			/* inside the shell */
	bool quit;			/* the shell is to end */
	bool quiet;
	bool escaped_keys; /* keys are given in the escaped notation */
	bool yes;	   /* do not ask */
};

#define COMMAND_KEYS 1u	 /* its arguments are keys: for completion */
#define COMMAND_FILES 2u /* its arguments are files */
#define COMMAND_TOP 4u	 /* not inside the shell */
#define COMMAND_SHELL 8u /* inside the shell only */

struct command {
	const char *name;
	const char *args; /* as in a synopsis */
	const char *help; /* one line */
	const char *more; /* paragraphs and examples for "help NAME" */
	const struct option_def *options; /* NULL: none of its own */
	unsigned flags;
	int least, most; /* arguments; most -1: any number */
	enum status (*run)(struct session *, const struct args *);
};

/* ------------------------------------------------------------ commands.c -- */

extern const struct command *const commands[]; /* ends with NULL */
const struct command *command_find(const char *name);
/* The name of a command that was probably meant; NULL: none is near. */
const char *command_near(const char *name);

/* ---------------------------------------------------------------- args.c -- */

extern const struct option_def global_options[];

/*
 * Takes a command line apart, whose argv[0] is the command's name (or the
 * program's, with "command" NULL: then it stops at the first argument that is
 * no option). False: a complaint was made.
 */
bool args_parse(struct args *, const struct command *, int argc, char **argv);
/* The value of an option, "" of a switch; NULL when it was not given. */
const char *args_get(const struct args *, const char *name);
static inline bool
args_has(const struct args *a, const char *name)
{
	return (args_get(a, name) != NULL);
}
/*
 * Reads an option's number, or time in seconds as "90", "90s", "15m", "12h",
 * "7d", when it was given. False: a complaint was made.
 */
bool args_uint(const struct args *, const char *name, uint64_t least,
    uint64_t greatest, uint64_t *ret);
bool args_seconds(const struct args *, const char *name, uint64_t greatest,
    uint64_t *ret);

/* ---------------------------------------------------------------- help.c -- */

void help_overview(bool shell);
void help_command(const struct command *);

/* ------------------------------------------------------------- session.c -- */

/* Sets what global options say; false: a complaint was made. */
bool session_options(struct session *, const struct args *);
/* Opens the target when it is not open yet; complains when it cannot. */
enum status session_target(struct session *, struct target **ret);
/* Closes it, which makes a store durable. */
enum status session_close(struct session *);
/* Runs a command line; argv[0] is the command. */
enum status session_run(struct session *, int argc, char **argv);
/*
 * The key that an argument names. "ret" points into the argument or into
 * "scratch". False: a complaint was made.
 */
bool session_key(const struct session *, const char *arg, struct buf *scratch,
    struct bytes *ret);
/*
 * Asks on the terminal, and returns whether the answer was yes; without a
 * terminal it complains that --yes is needed.
 */
bool session_confirm(const struct session *, const char *question);

/* --------------------------------------------------------------- user.c -- */

/* "scribekv: COMMAND: ..." on standard error, a line. */
void warn_user(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same; returns the status, for "return (fail_user(ST_USAGE, ...))". */
enum status fail_user(enum status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The command at work, for the messages; NULL: none. */
void user_command(const char *name);

/*
 * Interrupts (SIGINT, SIGTERM, SIGHUP) are only noted, so that whatever is
 * under way can be ended in order.
 */
void signals_init(void);
bool interrupted(void);
void interrupt_forget(void); /* the shell goes on */
/* While held back, interrupted() is false: for putting things in order. */
void interrupt_hold(bool);
/* SIGTERM and SIGHUP end the process at once: while it waits at a prompt. */
void signals_default(bool);
/* Ends the process as the noted signal, or a closed pipe, would have done. */
void signals_finish(bool pipe_closed);

#endif
