/* SPDX-License-Identifier: MIT */
/* Complaints, and signals that end the work in order; see cli.h. */
#include "config.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"
#include "cli/progress.h"

static const char *command_name;
static volatile sig_atomic_t signal_seen;
static bool signal_held;

void
user_command(const char *name)
{
	command_name = name;
}

__attribute__((format(printf, 1, 0))) static void
complain(const char *fmt, va_list ap)
{
	char text[1024];

	progress_clear();
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)fprintf(stderr, "scribekv: %s%s%s\n",
	    command_name == NULL ? "" : command_name,
	    command_name == NULL ? "" : ": ", text);
}

void
warn_user(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
}

enum status
fail_user(enum status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	return (st);
}

static void
note_signal(int sig)
{
	/* Who asks twice does not want to wait for an orderly end. */
	if (signal_seen != 0)
		_exit(128 + sig);
	signal_seen = sig;
}

void
signals_init(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {.sa_handler = note_signal}, old;
	size_t i;

	AZ(sigemptyset(&sa.sa_mask));
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		/* nohup, and the background of a script, stay as they are. */
		AZ(sigaction(ends[i], NULL, &old));
		if (old.sa_handler != SIG_IGN)
			AZ(sigaction(ends[i], &sa, NULL));
	}
	/* A pipe or connection that is gone is an error of write(2). */
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

void
signals_default(bool deflt)
{
	static const int ends[] = {SIGTERM, SIGHUP};
	struct sigaction sa = {.sa_handler = deflt ? SIG_DFL : note_signal},
			 old;
	size_t i;

	AZ(sigemptyset(&sa.sa_mask));
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		AZ(sigaction(ends[i], NULL, &old));
		if (old.sa_handler != SIG_IGN)
			AZ(sigaction(ends[i], &sa, NULL));
	}
}

bool
interrupted(void)
{
	return (signal_seen != 0 && !signal_held);
}

void
interrupt_hold(bool hold)
{
	signal_held = hold;
}

void
interrupt_forget(void)
{
	signal_seen = 0;
}

void
signals_finish(bool pipe_closed)
{
	int sig = signal_seen != 0 ? (int)signal_seen :
	    pipe_closed		   ? SIGPIPE :
				     0;

	if (sig == 0)
		return;
	CHECK(signal(sig, SIG_DFL) != SIG_ERR);
	(void)raise(sig);
}
