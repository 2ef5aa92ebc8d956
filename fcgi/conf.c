/* SPDX-License-Identifier: MIT */
/*
 * The configuration; see conf.h. The command line is read first, because it
 * names the file, then the file. Both only check a value and note its text;
 * when all texts are known, defaults included, they are applied to struct conf
 * in one go: the engine's defaults depend on the store's URL.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "fcgi/conf.h"

#include "base/check.h"

#define PROGRAM "scribekvd"
/* Bytes of the longest option name with its NUL. */
#define NAMEMAX 32
/* Bytes of a path in struct sockaddr_un, without the NUL. */
#define SOCKET_PATHMAX 107
#define NO_SECTIONS "there are no sections in this file"

/* -------------------------------------------------------------- reading -- */

/* One reading of the configuration. */
struct reading {
	FILE *out;
	FILE *err;

	const char *path; /* of the file */
	bool path_given;  /* by --config */
	bool check_only;
	FILE *fp;
	unsigned line; /* that was read last, from 1 */
	bool failed;   /* a mistake was reported */

	struct {
		const char *arg; /* on the command line, NULL: not there */
		char *text;	 /* in the file, NULL: not there */
		unsigned line;	 /* of the file */
	} given[CONF_NOPTIONS];
};

/* Reports a mistake on one line of its own. */
__attribute__((format(printf, 2, 3))) static void
report(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	r->failed = true;
	va_start(ap, fmt);
	(void)vfprintf(r->err, fmt, ap);
	va_end(ap);
	(void)fputc('\n', r->err);
}

/* The index of an option in the table; CONF_NOPTIONS when there is none. */
static size_t
index_of(const char *name)
{
	size_t i;

	for (i = 0; i < CONF_NOPTIONS; i++) {
		if (strcmp(conf_options[i].name, name) == 0)
			break;
	}
	return (i);
}

/* The name of an option on the command line, without its dashes. */
static const char *
long_name(const struct conf_option *o, char *buf, size_t size)
{
	char *p;

	(void)snprintf(buf, size, "%s", o->name);
	for (p = buf; *p != '\0'; p++) {
		if (*p == '_')
			*p = '-';
	}
	return (buf);
}

/* Reports a mistake in the value of option "i", wherever that is from. */
static void
report_value(struct reading *r, size_t i, const char *why)
{
	char name[NAMEMAX];

	if (r->given[i].arg != NULL)
		report(r, PROGRAM ": --%s: %s",
		    long_name(&conf_options[i], name, sizeof(name)), why);
	else if (r->given[i].text != NULL)
		report(r, "%s:%u: %s: %s", r->path, r->given[i].line,
		    conf_options[i].name, why);
	else
		report(r, PROGRAM ": %s: %s", conf_options[i].name, why);
}

/* The text in force for option "i". */
static const char *
text_of(const struct reading *r, size_t i)
{
	if (r->given[i].arg != NULL)
		return (r->given[i].arg);
	if (r->given[i].text != NULL)
		return (r->given[i].text);
	return (conf_options[i].deflt);
}

/* ----------------------------------------------------------------- file -- */

/*
 * Hands inih one line at a time. inih would cut a long line in silence, take
 * an indented line for the continuation of the one before, and keep quiet
 * about a section: so lines are made fit here.
 */
static char *
next_line(char *line, int size, void *arg)
{
	struct reading *r = arg;
	int c, n = 0;

	if (r->failed)
		return (NULL);
	r->line++;
	while ((c = getc(r->fp)) != EOF && c != '\n') {
		if (n == 0 && (c == ' ' || c == '\t'))
			continue;
		if (c == '\0') {
			report(r, "%s:%u: there is a NUL byte", r->path,
			    r->line);
			return (NULL);
		}
		if (n + 2 >= size) {
			report(r, "%s:%u: the line has more than %d bytes",
			    r->path, r->line, size - 2);
			return (NULL);
		}
		line[n++] = (char)c;
	}
	if (c == EOF && n == 0)
		return (NULL);
	line[n] = '\0';
	if (line[0] == '[') {
		report(r, "%s:%u: " NO_SECTIONS, r->path, r->line);
		return (NULL);
	}
	return (line);
}

/* Called by inih for each "name = value"; 0 is a mistake. */
static int
file_option(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;
	char text[64];
	struct conf_why why;
	uint64_t v;
	size_t i;

	/* One that follows a byte order mark gets past next_line(). */
	if (*section != '\0') {
		report(r, "%s:%u: " NO_SECTIONS, r->path, r->line);
		return (0);
	}
	i = index_of(name);
	if (i == CONF_NOPTIONS) {
		report(r, "%s:%u: unknown option '%s'", r->path, r->line,
		    log_escape(text, sizeof(text), name, strlen(name)));
		return (0);
	}
	if (r->given[i].text != NULL) {
		report(r, "%s:%u: %s: was given on line %u already", r->path,
		    r->line, name, r->given[i].line);
		return (0);
	}
	if (value == NULL)
		value = "";
	if (!conf_check(&conf_options[i], value, &v, &why)) {
		report(r, "%s:%u: %s: %s", r->path, r->line, name, why.text);
		return (0);
	}
	r->given[i].text = strdup(value);
	r->given[i].line = r->line;
	if (r->given[i].text == NULL)
		report(r, PROGRAM ": out of memory");
	return (r->given[i].text != NULL);
}

static void
read_file(struct reading *r)
{
	int line;

	if (r->path == NULL)
		r->path = CONF_FILE;
	r->fp = fopen(r->path, "re");
	if (r->fp == NULL) {
		if (r->path_given || errno != ENOENT)
			report(r, "%s: %s", r->path, strerror(errno));
		r->path = NULL;
		return;
	}
	line = ini_parse_stream(next_line, r, file_option, r);
	if (!r->failed && ferror(r->fp))
		report(r, "%s: cannot be read", r->path);
	else if (!r->failed && line < 0)
		report(r, PROGRAM ": out of memory");
	else if (!r->failed && line > 0)
		report(r, "%s:%d: this is not 'name = value'", r->path, line);
	(void)fclose(r->fp);
	r->fp = NULL;
}

/* --------------------------------------------------------- command line -- */

static void
usage(FILE *out)
{
	const struct conf_option *o;
	char name[NAMEMAX], words[CONF_WORDSMAX];

	(void)fprintf(out,
	    "usage: scribekvd [-c file] [--check-config] [--option value ...]\n"
	    "       scribekvd --help | --version\n\n"
	    "  -c, --config         file to read instead of\n"
	    "                       %s\n"
	    "      --check-config   check the configuration and exit\n\n",
	    CONF_FILE);
	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		(void)fprintf(out, "  --%-18s %s",
		    long_name(o, name, sizeof(name)), o->help);
		if (o->words != NULL)
			(void)fprintf(out, ": %s",
			    conf_words(o, words, sizeof(words)));
		(void)fprintf(out, "\n%23sdefault: %s\n", "",
		    *o->deflt == '\0' ? "none" : o->deflt);
	}
	(void)fprintf(out, "\nSee scribekvd(8) and scribekv.conf(5).\n");
}

/* Values of getopt_long() beside the indices of options. */
enum {
	GET_CHECK = 256,
	GET_HELP,
	GET_VERSION,
	GET_OPTION
};

static void
make_longs(struct option *longs, char (*names)[NAMEMAX])
{
	static const struct option fixed[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check-config", no_argument, NULL, GET_CHECK},
	    {"help", no_argument, NULL, GET_HELP},
	    {"version", no_argument, NULL, GET_VERSION},
	    {NULL, 0, NULL, 0},
	};
	size_t i;

	for (i = 0; i < CONF_NOPTIONS; i++) {
		longs[i].name = long_name(&conf_options[i], names[i], NAMEMAX);
		longs[i].has_arg = required_argument;
		longs[i].flag = NULL;
		longs[i].val = GET_OPTION + (int)i;
	}
	memcpy(longs + CONF_NOPTIONS, fixed, sizeof(fixed));
}

static void
arg_option(struct reading *r, size_t i, const char *value)
{
	struct conf_why why;
	uint64_t v;

	r->given[i].arg = value;
	if (!conf_check(&conf_options[i], value, &v, &why))
		report_value(r, i, why.text);
}

/* Reports the argument that getopt_long() did not like. */
static void
bad_arg(struct reading *r, const char *what, const char *arg)
{
	char text[64];

	report(r, PROGRAM ": %s: %s (try --help)",
	    log_escape(text, sizeof(text), arg, strlen(arg)), what);
}

/* CONF_RUN: go on with the file. */
static enum conf_result
read_args(struct reading *r, int argc, char **argv)
{
	struct option longs[CONF_NOPTIONS + 5];
	char names[CONF_NOPTIONS][NAMEMAX];
	char letter[] = "-?";
	int c;

	make_longs(longs, names);
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while (!r->failed &&
	    (c = getopt_long(argc, argv, "+:c:", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			r->path = optarg;
			r->path_given = true;
			break;
		case GET_CHECK:
			r->check_only = true;
			break;
		case GET_HELP:
			usage(r->out);
			return (CONF_EXIT_OK);
		case GET_VERSION:
			(void)fprintf(r->out, PROGRAM " %s\n", PACKAGE_VERSION);
			return (CONF_EXIT_OK);
		case ':':
			bad_arg(r, "needs a value", argv[optind - 1]);
			break;
		case '?':
			letter[1] = (char)optopt;
			bad_arg(r, "unknown option",
			    optopt > 0 && optopt < GET_CHECK ?
				letter :
				argv[optind - 1]);
			break;
		default:
			arg_option(r, (size_t)(c - GET_OPTION), optarg);
			break;
		}
	}
	if (!r->failed && optind < argc)
		bad_arg(r, "is not an option", argv[optind]);
	return (r->failed ? CONF_EXIT_USAGE : CONF_RUN);
}

/* ------------------------------------------------------------- applying -- */

/* Puts a checked value into its place. */
static bool
put_value(const struct conf_option *o, const char *text, uint64_t v,
    struct conf *conf)
{
	char *at = (char *)conf + o->offset;
	uint32_t narrow = (uint32_t)v;
	bool yes = v != 0;
	char *copy;

	if (o->type == CONF_STRING) {
		copy = strdup(text);
		memcpy(at, &copy, sizeof(copy));
		return (copy != NULL);
	}
	if (o->type == CONF_BOOL) {
		CHECK(o->size == sizeof(yes));
		memcpy(at, &yes, sizeof(yes));
	} else if (o->size == sizeof(v))
		memcpy(at, &v, sizeof(v));
	else {
		CHECK(o->size == sizeof(narrow) && v <= UINT32_MAX);
		memcpy(at, &narrow, sizeof(narrow));
	}
	return (true);
}

/* All values of the daemon, or the given ones of the engine. */
static bool
put_values(const struct reading *r, bool engine, struct conf *conf)
{
	const char *text;
	struct conf_why why;
	uint64_t v;
	size_t i;

	for (i = 0; i < CONF_NOPTIONS; i++) {
		if (conf_options[i].engine != engine)
			continue;
		if (engine && r->given[i].arg == NULL &&
		    r->given[i].text == NULL)
			continue;
		text = text_of(r, i);
		CHECK(conf_check(&conf_options[i], text, &v, &why));
		if (!put_value(&conf_options[i], text, v, conf))
			return (false);
	}
	return (true);
}

/* Splits HOST:PORT; false if the text is no such thing. */
static bool
split_address(const char *s, char **ret_host, char **ret_port)
{
	static const struct conf_option port = {.type = CONF_UINT,
	    .least = 1,
	    .greatest = 65535};
	const char *colon = strrchr(s, ':');
	struct conf_why why;
	uint64_t number;
	size_t len;

	if (colon == NULL || !conf_check(&port, colon + 1, &number, &why))
		return (false);
	len = (size_t)(colon - s);
	if (len > 1 && s[0] == '[' && s[len - 1] == ']') {
		s++;
		len -= 2;
	} else if (memchr(s, ':', len) != NULL)
		return (false);
	if (len == 0)
		return (false);
	*ret_host = strndup(s, len);
	*ret_port = strdup(colon + 1);
	return (true);
}

static void
check_socket(struct reading *r, struct conf *conf)
{
	if (conf->socket[0] == '/') {
		if (strlen(conf->socket) > SOCKET_PATHMAX)
			report_value(r, index_of("socket"),
			    "the path of a socket has at most 107 bytes");
	} else if (!split_address(conf->socket, &conf->socket_host,
		       &conf->socket_port))
		report_value(r, index_of("socket"),
		    "is neither a path that begins with '/' nor HOST:PORT");
	else if (conf->socket_host == NULL || conf->socket_port == NULL)
		report(r, PROGRAM ": out of memory");
}

/* What no single value tells. */
static void
check_together(struct reading *r, struct conf *conf)
{
	const struct skv_options *o = &conf->store_options;

	check_socket(r, conf);
	if (o->max_value > o->max_txn)
		report_value(r, index_of("max_value"),
		    "is greater than max_txn");
	if (o->max_txn > o->max_queue_bytes)
		report_value(r, index_of("max_txn"),
		    "is greater than max_queue_bytes");
}

#define REMOTE_WORKERS 16

static bool
is_remote(const char *store)
{
	return (strncmp(store, "mariadb:", 8) == 0);
}

bool
conf_is_remote(const struct conf *conf)
{
	return (is_remote(conf->store));
}

/*
 * The number of CPUs that this process may use, from 2 to 256; more where they
 * wait for servers.
 */
static uint32_t
default_workers(const char *store)
{
	cpu_set_t set;
	long n;

	if (is_remote(store))
		return (REMOTE_WORKERS);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return (n < 2 ? 2 : n > 256 ? 256 : (uint32_t)n);
}

static void
apply(struct reading *r, struct conf *conf)
{
	bool ok;

	ok = put_values(r, false, conf);
	if (ok) {
		skv_options_init(&conf->store_options, conf->store);
		/* The library leaves it to its program. */
		conf->store_options.reserve = true;
		ok = put_values(r, true, conf);
	}
	if (ok && r->path != NULL) {
		conf->file = strdup(r->path);
		ok = conf->file != NULL;
	}
	if (!ok) {
		report(r, PROGRAM ": out of memory");
		return;
	}
	if (conf->workers == 0)
		conf->workers = default_workers(conf->store);
	check_together(r, conf);
}

enum conf_result
conf_load(struct conf *conf, int argc, char **argv, FILE *out, FILE *err)
{
	struct reading r = {.out = out, .err = err};
	enum conf_result result;
	size_t i;

	memset(conf, 0, sizeof(*conf));
	result = read_args(&r, argc, argv);
	if (result != CONF_RUN)
		return (result);
	read_file(&r);
	if (!r.failed)
		apply(&r, conf);
	if (r.failed)
		result = CONF_EXIT_USAGE;
	else if (r.check_only) {
		(void)fprintf(out, "%s: the configuration is good\n",
		    r.path == NULL ? PROGRAM : r.path);
		result = CONF_EXIT_OK;
	}
	for (i = 0; i < CONF_NOPTIONS; i++)
		free(r.given[i].text);
	if (result != CONF_RUN)
		conf_release(conf);
	return (result);
}

void
conf_release(struct conf *conf)
{
	char *s;
	size_t i;

	for (i = 0; i < CONF_NOPTIONS; i++) {
		if (conf_options[i].type != CONF_STRING)
			continue;
		memcpy(&s, (char *)conf + conf_options[i].offset, sizeof(s));
		free(s);
	}
	free(conf->file);
	free(conf->socket_host);
	free(conf->socket_port);
	memset(conf, 0, sizeof(*conf));
}
