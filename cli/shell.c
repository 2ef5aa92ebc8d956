/* SPDX-License-Identifier: MIT */
/*
 * The shell: the same commands on one target, with line editing, history and
 * completion (complete.c) by libedit. Without a terminal it runs a script, and
 * stops at the first command that fails.
 */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/output.h"
#include "cli/target.h"

#define HISTORY_MAX 1000
#define PROMPT "scribekv> "

struct shell {
	unsigned magic;
#define SHELL_MAGIC 0x5e11c11eU
	struct session *s;
	bool canceled; /* the line at hand, by Ctrl-C */
	EditLine *el;
	History *history;
	char *history_file; /* NULL: is not kept */
};

static enum status
run_quit(struct session *s, const struct args *a)
{
	(void)a;
	s->quit = true;
	return (ST_DONE);
}

const struct command cmd_quit = {
    .name = "quit",
    .args = "",
    .help = "Leave the shell; so does Ctrl-D",
    .flags = COMMAND_SHELL,
    .run = run_quit,
};

static enum status
run_clear(struct session *s, const struct args *a)
{
	char name[] = "delete", all[] = "--all";
	char *argv[] = {name, all, NULL};

	(void)a;
	return (session_run(s, 2, argv));
}

const struct command cmd_clear = {
    .name = "clear",
    .args = "",
    .help = "Delete all keys, after asking",
    .flags = COMMAND_SHELL,
    .run = run_clear,
};

/* ---------------------------------------------------------------- lines -- */

/* Runs a command; its options do not hold for the next one. */
static enum status
run_words(struct session *s, int argc, const char **words)
{
	struct session before = *s;
	enum format format = out_format;
	size_t i, n = (size_t)argc;
	/* With a second copy behind, because they are moved about. */
	char **argv = calloc(2 * n + 2, sizeof(*argv)), **kept = argv + n + 1;
	enum status st = ST_DONE;

	if (argv == NULL)
		return (fail_user(ST_SERVER, "out of memory"));
	for (i = 0; i < n && st == ST_DONE; i++) {
		argv[i] = kept[i] = strdup(words[i]);
		if (argv[i] == NULL)
			st = fail_user(ST_SERVER, "out of memory");
	}
	if (st == ST_DONE)
		st = session_run(s, argc, argv);
	for (i = 0; i < n; i++)
		free(kept[i]);
	free(argv);
	before.target = s->target;
	before.quit = s->quit;
	*s = before;
	out_format = format;
	return (st);
}

static enum status
run_line(struct session *s, const char *line)
{
	Tokenizer *tok = tok_init(NULL);
	const char **words;
	enum status st = ST_DONE, flushed;
	int argc, bad;

	if (tok == NULL)
		return (fail_user(ST_SERVER, "out of memory"));
	bad = tok_str(tok, line, &argc, &words);
	if (bad != 0)
		st = fail_user(ST_USAGE,
		    bad == 3 ? "there is nothing behind the last \\" :
			       "a quote is not closed");
	else if (argc > 0 && words[0][0] != '#')
		st = run_words(s, argc, words);
	tok_end(tok);
	flushed = out_flush();
	return (st != ST_DONE ? st : flushed);
}

static enum status
run_script(struct session *s)
{
	enum status st = ST_DONE;
	char *line = NULL;
	size_t size = 0;

	while (st == ST_DONE && !s->quit && !interrupted() &&
	    getline(&line, &size, stdin) != -1)
		st = run_line(s, line);
	free(line);
	return (st);
}

/* -------------------------------------------------------------- terminal -- */

static char *
prompt(EditLine *el)
{
	static char text[] = PROMPT;

	(void)el;
	return (text);
}

static struct shell *
shell_of(EditLine *el)
{
	struct shell *sh = NULL;

	AZ(el_get(el, EL_CLIENTDATA, &sh));
	CHECK_MAGIC(sh, SHELL_MAGIC);
	return (sh);
}

static unsigned char
on_tab(EditLine *el, int c)
{
	(void)c;
	return (complete(el, shell_of(el)->s));
}

/* Ctrl-C, which is a key like others while a line is edited. */
static unsigned char
on_cancel(EditLine *el, int c)
{
	(void)c;
	shell_of(el)->canceled = true;
	return (CC_NEWLINE);
}

/* Where the history is kept, which is for its owner to read only. */
static char *
history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *dir = NULL, *path = NULL, *p;
	int n;

	if (state != NULL && state[0] == '/')
		n = asprintf(&dir, "%s/scribekv", state);
	else if (home != NULL && home[0] == '/')
		n = asprintf(&dir, "%s/.local/state/scribekv", home);
	else
		return (NULL);
	if (n == -1)
		return (NULL);
	for (p = dir + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(dir, 0700);
		*p = '/';
	}
	(void)mkdir(dir, 0700);
	if (asprintf(&path, "%s/history", dir) == -1)
		path = NULL;
	free(dir);
	n = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (n == -1) {
		free(path);
		return (NULL);
	}
	(void)close(n);
	return (path);
}

static bool
terminal_open(struct shell *sh)
{
	HistEvent ev;

	sh->el = el_init("scribekv", stdin, stdout, stderr);
	sh->history = history_init();
	if (sh->el == NULL || sh->history == NULL)
		return (false);
	(void)history(sh->history, &ev, H_SETSIZE, HISTORY_MAX);
	(void)history(sh->history, &ev, H_SETUNIQUE, 1);
	sh->history_file = history_path();
	if (sh->history_file != NULL)
		(void)history(sh->history, &ev, H_LOAD, sh->history_file);
	(void)el_set(sh->el, EL_CLIENTDATA, sh);
	(void)el_set(sh->el, EL_PROMPT, prompt);
	(void)el_set(sh->el, EL_EDITOR, "emacs");
	(void)el_set(sh->el, EL_HIST, history, sh->history);
	(void)el_set(sh->el, EL_ADDFN, "skv-complete", "complete a word",
	    on_tab);
	(void)el_set(sh->el, EL_ADDFN, "skv-cancel", "drop the line",
	    on_cancel);
	(void)el_set(sh->el, EL_BIND, "^I", "skv-complete", NULL);
	(void)el_set(sh->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	(void)el_source(sh->el, NULL); /* ~/.editrc, what the user likes */
	(void)el_set(sh->el, EL_SETTY, "-d", "-isig", NULL);
	(void)el_set(sh->el, EL_BIND, "^C", "skv-cancel", NULL);
	return (true);
}

static void
terminal_close(struct shell *sh)
{
	if (sh->history != NULL)
		history_end(sh->history);
	if (sh->el != NULL)
		el_end(sh->el);
	free(sh->history_file);
}

/* As in other shells, a line that begins with a blank is not kept. */
static void
remember(struct shell *sh, const char *line)
{
	HistEvent ev;

	if (line[0] == ' ' || line[strspn(line, "\n")] == '\0')
		return;
	(void)history(sh->history, &ev, H_ENTER, line);
	if (sh->history_file != NULL)
		(void)history(sh->history, &ev, H_SAVE, sh->history_file);
}

static enum status
run_terminal(struct shell *sh)
{
	enum status st = ST_DONE;
	const char *line;
	int n;

	if (!terminal_open(sh)) {
		terminal_close(sh);
		return (fail_user(ST_SERVER, "cannot edit lines here"));
	}
	out_printf("%s; \"help\" lists the commands, Tab completes, Ctrl-D "
		   "leaves\n",
	    sh->s->target->name);
	(void)out_flush();
	while (!sh->s->quit && !out_failed(NULL)) {
		sh->canceled = false;
		signals_default(true);
		line = el_gets(sh->el, &n);
		signals_default(false);
		interrupt_forget(); /* of before the line was edited */
		if (line == NULL || n <= 0) {
			out_printf("\n");
			break;
		}
		if (sh->canceled)
			continue;
		remember(sh, line);
		st = run_line(sh->s, line);
	}
	interrupt_forget();
	terminal_close(sh);
	return (st == ST_NOTFOUND || st == ST_CONDITION ? ST_DONE : st);
}

static enum status
run_shell(struct session *s, const struct args *a)
{
	struct shell sh = {.magic = SHELL_MAGIC, .s = s};
	struct target *t;
	enum status st = session_target(s, &t);

	(void)a;
	if (st != ST_DONE)
		return (st);
	user_command(NULL);
	s->shell = true;
	s->quit = false;
	st = isatty(STDIN_FILENO) ? run_terminal(&sh) : run_script(s);
	s->shell = false;
	return (st);
}

const struct command cmd_shell = {
    .name = "shell",
    .args = "",
    .help = "Give commands at a prompt",
    .more =
	"All commands work on the same server or store, which stays open. "
	"Words are\nquoted as in other shells. The history is kept in "
	"~/.local/state/scribekv, but\nfor lines that begin with a blank. "
	"Without a terminal, standard input is a\nscript, which ends at the "
	"first command that fails.\n\n"
	"  scribekv shell\n"
	"  scribekv --store /var/backup/store shell <commands\n",
    .flags = COMMAND_TOP,
    .least = 0,
    .most = 0,
    .run = run_shell,
};
