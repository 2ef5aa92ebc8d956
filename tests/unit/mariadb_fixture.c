/* SPDX-License-Identifier: MIT */
/* A MariaDB server for tests; see mariadb_fixture.h. */
#include "config.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/unit/mariadb_fixture.h"

#define SKIPPED 77

static char dir[] = "/tmp/skv-maria.XXXXXX";
static char script[4096];
static pid_t server = -1;
static char url[128];
static unsigned ndatabases;
static char name[16]; /* of the last */

/* Runs the script with "how" for the directory and a name; its exit status. */
static int
run(const char *how, const char *what, const char *input)
{
	char command[sizeof(script) + 64];
	FILE *p;
	int status;

	(void)snprintf(command, sizeof(command), "'%s' %s '%s' %s", script, how,
	    dir, what);
	p = popen(command, "we");
	AN(p);
	(void)fputs(input, p);
	status = pclose(p);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

void
mariadb_kill(void)
{
	int status;

	if (server == -1)
		return;
	(void)kill(server, SIGKILL);
	CHECK(waitpid(server, &status, 0) == server);
	server = -1;
}

static void
stop(void)
{
	char command[64];

	mariadb_kill();
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		(void)fprintf(stderr, "%s is left\n", dir);
}

/* Becomes the server, and ends with the program. */
static _Noreturn void
serve(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		(void)execl(script, script, dir, (char *)NULL);
	_exit(99);
}

bool
mariadb_start(void)
{
	const char *source = getenv("SKV_SRCDIR");
	const char *kind = getenv("SKV_MARIADB");
	pid_t parent = getpid();
	int status = SKIPPED << 8;

#ifndef HAVE_LIBMARIADB
	(void)printf("mariadb: skipped: built without libmariadb\n");
	return (false);
#endif
	if (server != -1)
		return (true);
	(void)snprintf(script, sizeof(script), "%s/tests/%s.sh",
	    source == NULL ? TESTS_SRCDIR : source,
	    kind == NULL ? "mariadb" : kind);
	if (ndatabases == 0) {
		AN(mkdtemp(dir));
		AZ(atexit(stop));
	}
	(void)fflush(NULL);
	server = fork();
	CHECK(server != -1);
	if (server == 0)
		serve(parent);
	while (run("--ready", "", "") != 0)
		if (waitpid(server, &status, WNOHANG) == server) {
			server = -1;
			(void)printf("mariadb: skipped: no server here\n");
			CHECK(WIFEXITED(status) &&
			    WEXITSTATUS(status) == SKIPPED);
			return (false);
		}
	return (true);
}

void
mariadb_sql(const char *sql)
{
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), "USE %s; %s", name, sql);
	CHECK(n > 0 && (size_t)n < sizeof(text));
	AZ(run("--sql", "", text));
}

const char *
mariadb_url(void)
{
	/* By turns, so that no name is soon used again, and few are kept. */
	ndatabases++;
	(void)snprintf(name, sizeof(name), "t%u", ndatabases % 4);
	AZ(run("--database", name, ""));
	/* "/tmp" with its slashes escaped. */
	(void)snprintf(url, sizeof(url), "mariadb://root@%%2Ftmp%%2F%s%%2Fs/%s",
	    dir + strlen("/tmp/"), name);
	return (url);
}

void
mariadb_freeze(void)
{
	int status;

	AZ(kill(server, SIGSTOP));
	CHECK(waitpid(server, &status, WUNTRACED) == server);
	CHECK(WIFSTOPPED(status));
}

void
mariadb_thaw(void)
{
	AZ(kill(server, SIGCONT));
}
