/* SPDX-License-Identifier: MIT */
/* The log: its lines, levels and escapes. */
#include "config.h"

#include <sys/stat.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "fcgi/log.h"
#include "tests/unit/suite.h"

/* Fails, naming the row of a table, unless "cond" holds. */
#define ROW(cond, what) \
	do { \
		const bool row_holds = (cond); \
		if (!row_holds) \
			(void)fprintf(stderr, "row: %s\n", (what)); \
		CU_ASSERT(row_holds); \
	} while (0)
#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* ------------------------------------------------------- standard error -- */

static FILE *caught; /* stands in for standard error while not NULL */
static int stderr_fd;

static void
catch_begin(void)
{
	caught = tmpfile();
	stderr_fd = dup(STDERR_FILENO);
	CU_ASSERT_FATAL(caught != NULL && stderr_fd >= 0);
	CU_ASSERT_FATAL(dup2(fileno(caught), STDERR_FILENO) == STDERR_FILENO);
}

/* What was written since; valid until the next call. */
static const char *
catch_end(void)
{
	static char text[65536];
	size_t n;

	CU_ASSERT_FATAL(dup2(stderr_fd, STDERR_FILENO) == STDERR_FILENO);
	CU_ASSERT(close(stderr_fd) == 0);
	rewind(caught);
	n = fread(text, 1, sizeof(text) - 1, caught);
	text[n] = '\0';
	CU_ASSERT(fclose(caught) == 0);
	caught = NULL;
	return (text);
}

/* Past "2026-01-31T23:59:59.123Z "; NULL if there is no such time. */
static const char *
after_time(const char *line)
{
	static const char form[] = "0000-00-00T00:00:00.000Z ";
	size_t i;

	for (i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == '0' ? line[i] < '0' || line[i] > '9' :
				     line[i] != form[i])
			return (NULL);
	}
	return (line + i);
}

static void
open_plain(enum log_level level)
{
	CU_ASSERT(unsetenv("JOURNAL_STREAM") == 0);
	log_open("test", level, false);
}

static void
writes_lines(void)
{
	const char *p;

	open_plain(LOG_LEVEL_DEBUG);
	catch_begin();
	errno = ENOENT;
	log_err("open %s", "x");
	CU_ASSERT(errno == ENOENT);
	p = after_time(catch_end());
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_STRING_EQUAL(p,
	    "error: open x: No such file or "
	    "directory\n");

	catch_begin();
	log_warnx("%d%%", 5);
	p = after_time(catch_end());
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_STRING_EQUAL(p, "warning: 5%\n");
}

static void
keeps_to_one_line(void)
{
	const char *p;

	open_plain(LOG_LEVEL_INFO);
	catch_begin();
	log_infox("a\nb\r\tc\x1b[1m\x7f");
	p = after_time(catch_end());
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_STRING_EQUAL(p, "info: a?b??c?[1m?\n");
}

static void
cuts_long_lines(void)
{
	static char text[3 * LOG_LINEMAX];
	const char *p;
	size_t n;
	int width;

	open_plain(LOG_LEVEL_INFO);
	memset(text, 'x', sizeof(text) - 1);
	catch_begin();
	log_infox("%s", text);
	p = catch_end();
	CU_ASSERT(strlen(p) == LOG_LINEMAX);
	CU_ASSERT_STRING_EQUAL(p + LOG_LINEMAX - 5, "x...\n");

	/* Round the limit: whole lines, then cut ones of full length. */
	for (width = LOG_LINEMAX - 40; width < LOG_LINEMAX; width++) {
		catch_begin();
		errno = EIO;
		log_err("%.*s", width, text);
		p = catch_end();
		n = strlen(p);
		CU_ASSERT(n <= LOG_LINEMAX && p[n - 1] == '\n');
		CU_ASSERT(n == LOG_LINEMAX || strstr(p, "...") == NULL);
	}
}

static int
count(int *calls)
{
	return (++*calls);
}

static void
obeys_levels(void)
{
	int calls = 0;

	open_plain(LOG_LEVEL_WARN);
	catch_begin();
	log_infox("%d", count(&calls));
	log_debugx("%d", count(&calls));
	CU_ASSERT_STRING_EQUAL(catch_end(), "");
	CU_ASSERT(calls == 0);
	CU_ASSERT(log_enabled(LOG_LEVEL_ERR) && log_enabled(LOG_LEVEL_WARN));
	CU_ASSERT(!log_enabled(LOG_LEVEL_INFO));

	log_set_level(LOG_LEVEL_DEBUG);
	catch_begin();
	log_debugx("%d", count(&calls));
	CU_ASSERT(strstr(catch_end(), "debug: 1\n") != NULL);
	CU_ASSERT(calls == 1);
}

static void
speaks_to_the_journal(void)
{
	char env[64];
	struct stat st;
	const char *p;

	catch_begin();
	CU_ASSERT_FATAL(fstat(STDERR_FILENO, &st) == 0);
	(void)snprintf(env, sizeof(env), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	CU_ASSERT(setenv("JOURNAL_STREAM", env, 1) == 0);
	log_open("test", LOG_LEVEL_INFO, false);
	log_warnx("x");
	CU_ASSERT_STRING_EQUAL(catch_end(), "<4>warning: x\n");

	/* Inherited, but standard error goes elsewhere. */
	catch_begin();
	CU_ASSERT_FATAL(fstat(STDERR_FILENO, &st) == 0);
	(void)snprintf(env, sizeof(env), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino + 1);
	CU_ASSERT(setenv("JOURNAL_STREAM", env, 1) == 0);
	log_open("test", LOG_LEVEL_INFO, false);
	log_infox("x");
	p = after_time(catch_end());
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_STRING_EQUAL(p, "info: x\n");
}

static void
survives_a_lost_stderr(void)
{
	open_plain(LOG_LEVEL_INFO);
	catch_begin();
	CU_ASSERT(close(STDERR_FILENO) == 0);
	errno = EIO;
	log_err("nobody reads this");
	CU_ASSERT(errno == EIO);
	CU_ASSERT_STRING_EQUAL(catch_end(), "");
}

#define NTHREADS 4
#define NLINES 100

static void *
chatter(void *arg)
{
	const char *word = arg;
	int i;

	for (i = 0; i < NLINES; i++) {
		log_set_level(i % 2 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		log_infox("%s-%s-%s", word, word, word);
	}
	return (NULL);
}

static void
keeps_threads_apart(void)
{
	static char words[NTHREADS][32];
	pthread_t threads[NTHREADS];
	const char *line, *next;
	int i, lines = 0;

	open_plain(LOG_LEVEL_INFO);
	catch_begin();
	for (i = 0; i < NTHREADS; i++) {
		memset(words[i], 'a' + i, sizeof(words[i]) - 1);
		CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, chatter,
				    words[i]) == 0);
	}
	for (i = 0; i < NTHREADS; i++)
		CU_ASSERT(pthread_join(threads[i], NULL) == 0);
	for (line = catch_end(); (next = strchr(line, '\n')) != NULL;
	     line = next + 1) {
		lines++;
		line = after_time(line);
		CU_ASSERT_FATAL(line != NULL);
		CU_ASSERT(next - line == (long)strlen("info: ") + 31 * 3 + 2);
		CU_ASSERT(strspn(line + 6, "-abcd") == 31 * 3 + 2);
	}
	CU_ASSERT(lines == NTHREADS * NLINES);
}

/* -------------------------------------------------------------- escapes -- */

static void
escapes_bytes(void)
{
	char dst[64], want[8];
	unsigned char byte;
	int c;

	for (c = 0; c < 256; c++) {
		byte = (unsigned char)c;
		if (c >= 32 && c < 127 && c != '\\')
			(void)snprintf(want, sizeof(want), "%c", c);
		else
			(void)snprintf(want, sizeof(want), "\\x%02x",
			    (unsigned)c);
		CU_ASSERT_STRING_EQUAL(log_escape(dst, sizeof(dst), &byte, 1),
		    want);
	}
	CU_ASSERT_STRING_EQUAL(log_escape(dst, sizeof(dst), "", 0), "");
	CU_ASSERT_STRING_EQUAL(log_escape(dst, sizeof(dst), "a\0b", 3),
	    "a\\x00b");
}

static void
cuts_escapes(void)
{
	static const struct {
		size_t room;
		const char *src, *want;
	} rows[] = {
	    {4, "abc", "abc"},
	    {4, "abcd", "..."},
	    {5, "abcd", "abcd"},
	    {5, "abcde", "a..."},
	    {6, "abcde", "abcde"},
	    {6, "abcdef", "ab..."},
	    {4, "\n", "..."},
	    {5, "\n", "\\x0a"},
	    {5, "\n\n", "..."},
	    {8, "\n\n", "\\x0a..."},
	    {9, "\n\n", "\\x0a\\x0a"},
	    {8, "a\nb\nc", "a..."},
	    {9, "a\nb\nc", "a\\x0a..."},
	};
	char *dst;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		/* Of the exact size, for a sanitizer. */
		dst = malloc(rows[i].room);
		CU_ASSERT_FATAL(dst != NULL);
		ROW(strcmp(log_escape(dst, rows[i].room, rows[i].src,
			       strlen(rows[i].src)),
			rows[i].want) == 0,
		    rows[i].want);
		free(dst);
	}
}

static CU_TestInfo tests[] = {
    {"a line has time, level, text and reason", writes_lines},
    {"control characters do not make a second line", keeps_to_one_line},
    {"a long line is cut", cuts_long_lines},
    {"levels are obeyed and can change", obeys_levels},
    {"the journal gets priorities instead of times", speaks_to_the_journal},
    {"a standard error that is gone is survived", survives_a_lost_stderr},
    {"lines of threads do not mix", keeps_threads_apart},
    {"every byte is escaped to printable ASCII", escapes_bytes},
    {"escapes are cut at whole bytes", cuts_escapes},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"log", NULL, NULL, NULL, NULL, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
