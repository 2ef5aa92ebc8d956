/* SPDX-License-Identifier: MIT */
/* The configuration: file, command line, and the documents about them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "fcgi/conf.h"
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

/* What the last load() printed. */
static char out_text[16384];
static char err_text[4096];

static void
take(FILE *f, char *text, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	CU_ASSERT(fclose(f) == 0);
}

/* conf_load() with arguments that end with NULL. */
static enum conf_result
load_args(struct conf *conf, const char *const *args)
{
	char *argv[16] = {NULL};
	FILE *out = tmpfile(), *err = tmpfile();
	enum conf_result result;
	int i, argc = 0;

	CU_ASSERT_FATAL(out != NULL && err != NULL);
	argv[argc++] = strdup("scribekvd");
	for (; *args != NULL; args++)
		argv[argc++] = strdup(*args);
	result = conf_load(conf, argc, argv, out, err);
	for (i = 0; i < argc; i++)
		free(argv[i]);
	take(out, out_text, sizeof(out_text));
	take(err, err_text, sizeof(err_text));
	return (result);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A file "x.conf" in the present directory, which is a temporary one. */
static void
write_file(const void *text, size_t len)
{
	FILE *f = fopen("x.conf", "w");

	CU_ASSERT_FATAL(f != NULL);
	CU_ASSERT(fwrite(text, 1, len, f) == len);
	CU_ASSERT(fclose(f) == 0);
}

static enum conf_result
load_file(struct conf *conf, const char *text)
{
	write_file(text, strlen(text));
	return (load_args(conf, ARGS("-c", "x.conf")));
}

static void
has_defaults(void)
{
	struct skv_options engine;
	struct conf c;

	CU_ASSERT_FATAL(load_file(&c, "") == CONF_RUN);
	CU_ASSERT_STRING_EQUAL(err_text, "");
	CU_ASSERT_STRING_EQUAL(c.file, "x.conf");
	CU_ASSERT_STRING_EQUAL(c.store, "leveldb:/var/lib/scribekv");
	CU_ASSERT_STRING_EQUAL(c.socket, "/run/scribekv/scribekv.sock");
	CU_ASSERT(c.socket_host == NULL && c.socket_port == NULL);
	CU_ASSERT(c.socket_mode == 0660 && c.socket_backlog == 4096);
	CU_ASSERT_STRING_EQUAL(c.socket_group, "");
	CU_ASSERT_STRING_EQUAL(c.user, "");
	CU_ASSERT_STRING_EQUAL(c.group, "");
	CU_ASSERT(c.workers >= 2 && c.workers <= 256);
	CU_ASSERT(c.max_connections == 10000 && c.io_timeout_ms == 5000);
	CU_ASSERT(c.drain_ms == 10000 && c.max_depth == 64);
	CU_ASSERT(c.slow_request_ms == 1000);
	CU_ASSERT(c.log_level == LOG_LEVEL_INFO && c.log_syslog == 0);
	skv_options_init(&engine, c.store);
	engine.reserve = true; /* the daemon's own default */
	CU_ASSERT(memcmp(&c.store_options, &engine, sizeof(engine)) == 0);
	conf_release(&c);
	CU_ASSERT(c.store == NULL);
	conf_release(&c);
}

/* The number in a row's place. */
static uint64_t
number_at(const struct conf *c, const struct conf_option *o)
{
	const char *at = (const char *)c + o->offset;
	uint32_t narrow;
	uint64_t wide;
	bool yes;

	if (o->type == CONF_BOOL) {
		memcpy(&yes, at, sizeof(yes));
		return (yes);
	}
	if (o->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return (wide);
	}
	memcpy(&narrow, at, sizeof(narrow));
	return (narrow);
}

static void
names_engine_defaults(void)
{
	const struct conf_option *o;
	struct conf_why why;
	struct conf c;
	uint64_t v;

	CU_ASSERT_FATAL(load_file(&c, "") == CONF_RUN);
	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		v = ~number_at(&c, o);
		ROW(conf_check(o, o->deflt, &v, &why), o->name);
		if (o->engine)
			ROW(v == number_at(&c, o), o->name);
	}
	conf_release(&c);
}

static void
reads_a_file(void)
{
	struct conf c;

	CU_ASSERT_FATAL(
	    load_file(&c,
		"# comment\n; comment\n\n"
		"   \t\nstore = leveldb:/a b;c=d\r\n  workers=3\n"
		"\tsocket_mode =0600  \ngroup = \nlog = syslog\n"
		"log_level = debug ; inline\ncompression = Off\n"
		"cache_size = 1G\nblock_size = 8k\ndurability = sync\n"
		"bloom_bits = 0\nmax_open_files = 0\nmax_txn = 33554432\n"
		"socket = [::1]:9000") == CONF_RUN);
	CU_ASSERT_STRING_EQUAL(err_text, "");
	CU_ASSERT_STRING_EQUAL(c.store, "leveldb:/a b;c=d");
	CU_ASSERT(c.workers == 3 && c.socket_mode == 0600);
	CU_ASSERT_STRING_EQUAL(c.group, "");
	CU_ASSERT(c.log_syslog == 1 && c.log_level == LOG_LEVEL_DEBUG);
	CU_ASSERT(!c.store_options.compression);
	CU_ASSERT(c.store_options.cache_size == UINT64_C(1) << 30);
	CU_ASSERT(c.store_options.block_size == 8192);
	CU_ASSERT(c.store_options.durability == SKV_SYNC);
	CU_ASSERT(c.store_options.bloom_bits == 0);
	CU_ASSERT(c.store_options.max_open_files == 0);
	CU_ASSERT(c.store_options.max_txn == 33554432);
	CU_ASSERT_STRING_EQUAL(c.socket_host, "::1");
	CU_ASSERT_STRING_EQUAL(c.socket_port, "9000");
	conf_release(&c);
}

static void
refuses_files(void)
{
	static const struct {
		const char *text, *err;
	} rows[] = {
	    {"\n\nworkers = 257\n",
		"x.conf:3: workers: 257 is not between 0 and 256\n"},
	    {"workers = two",
		"x.conf:1: workers: 'two' is not a whole number\n"},
	    {"workers = -1", "x.conf:1: workers: '-1' is not a whole number\n"},
	    {"workers =", "x.conf:1: workers: '' is not a whole number\n"},
	    {"workers = 4 # four",
		"x.conf:1: workers: '4 # four' is "
		"not a whole number\n"},
	    {"workers = 18446744073709551616",
		"x.conf:1: workers: "
		"'18446744073709551616' is not a whole number\n"},
	    {"workers = 4294967298",
		"x.conf:1: workers: 4294967298 is "
		"not between 0 and 256\n"},
	    {"workers = \x1b[1m",
		"x.conf:1: workers: '\\x1b[1m' is not "
		"a whole number\n"},
	    {"max_open_files = 73",
		"x.conf:1: max_open_files: 73 is not "
		"between 74 and 50000, nor 0\n"},
	    {"cache_size = 1x",
		"x.conf:1: cache_size: '1x' is not a "
		"number of bytes, or of KiB, MiB or GiB with k, m or g\n"},
	    {"block_size = 1kk",
		"x.conf:1: block_size: '1kk' is not a "
		"number of bytes, or of KiB, MiB or GiB with k, m or g\n"},
	    {"block_size = 1023",
		"x.conf:1: block_size: 1023 is not "
		"between 1k and 4m\n"},
	    {"cache_size = 17179869184g",
		"x.conf:1: cache_size: "
		"'17179869184g' is not a number of bytes, or of KiB, MiB "
		"or GiB with k, m or g\n"},
	    {"cache_size = 2000g",
		"x.conf:1: cache_size: 2000g is not "
		"between 1m and 1024g\n"},
	    {"socket_mode = 0668",
		"x.conf:1: socket_mode: '0668' is not "
		"an octal number\n"},
	    {"socket_mode = 1000",
		"x.conf:1: socket_mode: 1000 is not "
		"between 0000 and 0777\n"},
	    {"log_level = all",
		"x.conf:1: log_level: 'all' is not "
		"err|warn|info|debug\n"},
	    {"compression = maybe",
		"x.conf:1: compression: 'maybe' is "
		"not true or false\n"},
	    {"store =",
		"x.conf:1: store: has 0 bytes, which is not "
		"between 1 and 4096\n"},
	    {"socket = scribekv.sock",
		"x.conf:1: socket: is neither a "
		"path that begins with '/' nor HOST:PORT\n"},
	    {"\nworker = 1\n", "x.conf:2: unknown option 'worker'\n"},
	    {"Workers = 1", "x.conf:1: unknown option 'Workers'\n"},
	    {"= 1", "x.conf:1: unknown option ''\n"},
	    {"config = y.conf", "x.conf:1: unknown option 'config'\n"},
	    {"workers = 1\ngroup = a\nworkers = 1\n",
		"x.conf:3: workers: "
		"was given on line 1 already\n"},
	    {"group = a\n  user\n", "x.conf:2: this is not 'name = value'\n"},
	    {"[server]\nworkers = 1\n",
		"x.conf:1: there are no sections in this file\n"},
	    {"workers = 1\n  [x",
		"x.conf:2: there are no sections in "
		"this file\n"},
	    {"\xef\xbb\xbf[x]\nworkers = 1\n",
		"x.conf:2: there are no "
		"sections in this file\n"},
	    {"max_value = 65m",
		"x.conf:1: max_value: is greater than "
		"max_txn\n"},
	    {"max_queue_bytes = 63m",
		"scribekvd: max_txn: is greater "
		"than max_queue_bytes\n"},
	};
	struct conf c;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		ROW(load_file(&c, rows[i].text) == CONF_EXIT_USAGE,
		    rows[i].text);
		ROW(strcmp(err_text, rows[i].err) == 0, err_text);
		CU_ASSERT_STRING_EQUAL(out_text, "");
		ROW(c.store == NULL && c.file == NULL, rows[i].text);
	}
	write_file("user = a\0b\n", 11);
	CU_ASSERT(load_args(&c, ARGS("-c", "x.conf")) == CONF_EXIT_USAGE);
	CU_ASSERT_STRING_EQUAL(err_text, "x.conf:1: there is a NUL byte\n");
}

/* Lines are taken whole or refused, whatever inih's own limit is. */
static void
cuts_no_line(void)
{
	char text[4200], want[64];
	struct conf c;
	int n, whole = 0;

	for (n = 1; n <= 4096; n += n < 300 ? 1 : 100) {
		(void)snprintf(text, sizeof(text), "\nstore = %0*d\n", n, 7);
		if (load_file(&c, text) == CONF_RUN) {
			whole++;
			CU_ASSERT(strlen(c.store) == (size_t)n);
			conf_release(&c);
		} else {
			(void)snprintf(want, sizeof(want),
			    "x.conf:2: the line has more than ");
			ROW(strncmp(err_text, want, strlen(want)) == 0,
			    err_text);
		}
	}
	CU_ASSERT(whole > 100);
}

static void
refuses_unreadable_files(void)
{
	struct conf c;

	CU_ASSERT(load_args(&c, ARGS("-c", "absent.conf")) == CONF_EXIT_USAGE);
	CU_ASSERT_STRING_EQUAL(err_text,
	    "absent.conf: No such file or directory\n");
	CU_ASSERT(load_args(&c, ARGS("--config=.")) == CONF_EXIT_USAGE);
	CU_ASSERT_STRING_EQUAL(err_text, ".: cannot be read\n");
}

static void
reads_arguments(void)
{
	struct conf c;

	write_file("workers = 3\ndrain_ms = 1\n", 25);
	CU_ASSERT_FATAL(load_args(&c,
			    ARGS("--workers", "5", "--config=x.conf",
				"--store=mem:", "--max-value", "1k",
				"--io-timeout-ms=200", "--workers=6",
				"--user=")) == CONF_RUN);
	CU_ASSERT(c.workers == 6 && c.drain_ms == 1);
	CU_ASSERT(c.io_timeout_ms == 200);
	CU_ASSERT_STRING_EQUAL(c.store, "mem:");
	CU_ASSERT(c.store_options.max_value == 1024);
	conf_release(&c);
}

static void
takes_the_defaults_of_the_engine(void)
{
	struct skv_options engine;
	struct conf c;

	skv_options_init(&engine, "temp:");
	CU_ASSERT_FATAL(load_file(&c, "store = temp:\nmax_value = 1m\n") ==
	    CONF_RUN);
	CU_ASSERT(c.store_options.cache_size == engine.cache_size);
	CU_ASSERT(c.store_options.sync_interval_ms == engine.sync_interval_ms);
	CU_ASSERT(c.store_options.max_value == 1048576);
	conf_release(&c);
}

static void
refuses_arguments(void)
{
	static const struct {
		const char *args[4];
		const char *err;
	} rows[] = {
	    {{"--workers=257"},
		"scribekvd: --workers: 257 is not "
		"between 0 and 256\n"},
	    {{"--max-open-files", "1"},
		"scribekvd: --max-open-files: "
		"1 is not between 74 and 50000, nor 0\n"},
	    {{"--socket=:80"},
		"scribekvd: --socket: is neither a path "
		"that begins with '/' nor HOST:PORT\n"},
	    {{"--workers"},
		"scribekvd: --workers: needs a value (try "
		"--help)\n"},
	    {{"-c"}, "scribekvd: -c: needs a value (try --help)\n"},
	    {{"--worker-count=1"},
		"scribekvd: --worker-count=1: "
		"unknown option (try --help)\n"},
	    {{"--socket_mode=0600"},
		"scribekvd: --socket_mode=0600: "
		"unknown option (try --help)\n"},
	    {{"-x"}, "scribekvd: -x: unknown option (try --help)\n"},
	    {{"-xc"}, "scribekvd: -x: unknown option (try --help)\n"},
	    {{"start"},
		"scribekvd: start: is not an option (try "
		"--help)\n"},
	    {{"--workers=1", "start", "--help"},
		"scribekvd: start: is "
		"not an option (try --help)\n"},
	    {{"--", "--help"},
		"scribekvd: --help: is not an option "
		"(try --help)\n"},
	};
	struct conf c;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		ROW(load_args(&c, rows[i].args) == CONF_EXIT_USAGE,
		    rows[i].args[0]);
		ROW(strcmp(err_text, rows[i].err) == 0, err_text);
	}
}

static void
reads_addresses(void)
{
	static const struct {
		const char *text, *host, *port;
	} rows[] = {
	    {"127.0.0.1:9000", "127.0.0.1", "9000"},
	    {"localhost:1", "localhost", "1"},
	    {"[::1]:65535", "::1", "65535"},
	    {"/run/a:80", NULL, NULL},
	    {"::1:80", NULL, ""},
	    {"[]:80", NULL, ""},
	    {"[:80", "[", "80"},
	    {"host:", NULL, ""},
	    {"host:0", NULL, ""},
	    {"host:65536", NULL, ""},
	    {"host:http", NULL, ""},
	    {"host:80 ", NULL, ""},
	    {":", NULL, ""},
	};
	struct conf c;
	bool good;
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		good = rows[i].host != NULL || rows[i].port == NULL;
		ROW((load_args(&c, ARGS("--socket", rows[i].text)) ==
			CONF_RUN) == good,
		    rows[i].text);
		if (!good)
			continue;
		ROW(rows[i].host == NULL ?
			c.socket_host == NULL :
			strcmp(c.socket_host, rows[i].host) == 0,
		    rows[i].text);
		ROW(rows[i].port == NULL ?
			c.socket_port == NULL :
			strcmp(c.socket_port, rows[i].port) == 0,
		    rows[i].text);
		conf_release(&c);
	}
}

static void
bounds_socket_paths(void)
{
	char path[256];
	struct conf c;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	CU_ASSERT(load_args(&c, ARGS("--socket", path)) == CONF_RUN);
	conf_release(&c);
	path[107] = 'a';
	path[108] = '\0';
	CU_ASSERT(load_args(&c, ARGS("--socket", path)) == CONF_EXIT_USAGE);
	CU_ASSERT(strstr(err_text, "107 bytes") != NULL);
}

static void
takes_every_bound(void)
{
	const struct conf_option *o;
	struct conf_why why;
	char text[32];
	uint64_t v;

	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		ROW(o->least <= o->greatest, o->name);
		ROW(o->greatest <= UINT32_MAX || o->size == 8, o->name);
		if (o->type != CONF_UINT && o->type != CONF_SIZE)
			continue;
		(void)snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)o->greatest);
		ROW(conf_check(o, text, &v, &why) && v == o->greatest, o->name);
		(void)snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)o->greatest + 1);
		ROW(!conf_check(o, text, &v, &why), o->name);
		(void)snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)o->least);
		ROW(conf_check(o, text, &v, &why) && v == o->least, o->name);
		ROW(conf_check(o, "0", &v, &why) == (o->least == 0 || o->zero),
		    o->name);
	}
}

static void
exits_after_answers(void)
{
	struct conf c;

	CU_ASSERT(load_args(&c, ARGS("--version")) == CONF_EXIT_OK);
	CU_ASSERT_STRING_EQUAL(out_text, "scribekvd " PACKAGE_VERSION "\n");
	write_file("workers = 3\n", 12);
	CU_ASSERT(load_args(&c, ARGS("-cx.conf", "--check-config")) ==
	    CONF_EXIT_OK);
	CU_ASSERT_STRING_EQUAL(out_text, "x.conf: the configuration is good\n");
	CU_ASSERT(c.store == NULL);
	write_file("workers = x\n", 12);
	CU_ASSERT(load_args(&c, ARGS("-cx.conf", "--check-config")) ==
	    CONF_EXIT_USAGE);
	CU_ASSERT_STRING_EQUAL(out_text, "");
}

/* ------------------------------------------------------------ documents -- */

/* The name of an option on the command line. */
static const char *
long_name(const struct conf_option *o, char *buf, size_t size)
{
	char *p;

	(void)snprintf(buf, size, "--%s", o->name);
	for (p = buf; *p != '\0'; p++) {
		if (*p == '_')
			*p = '-';
	}
	return (buf);
}

static void
helps_with_every_option(void)
{
	const struct conf_option *o;
	char name[64];
	const char *p, *end, *file;
	struct conf c;

	CU_ASSERT(load_args(&c, ARGS("--help")) == CONF_EXIT_OK);
	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		p = strstr(out_text, long_name(o, name, sizeof(name)));
		ROW(p != NULL, o->name);
		ROW(strstr(out_text, o->help) != NULL, o->name);
	}
	/* How long the default file's name is, is the builder's affair. */
	file = strstr(out_text, CONF_FILE);
	for (p = out_text; (end = strchr(p, '\n')) != NULL; p = end + 1)
		ROW(end - p < 80 || (file > p && file < end), p);
}

/* A file of the source tree, as a string; valid until the next call. */
static const char *
source(const char *path)
{
	static char text[65536];
	const char *dir = getenv("SKV_SRCDIR");
	char name[4096];
	size_t n;
	FILE *f;

	CU_ASSERT_FATAL(dir != NULL);
	(void)snprintf(name, sizeof(name), "%s/%s", dir, path);
	f = fopen(name, "r");
	CU_ASSERT_FATAL(f != NULL);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	CU_ASSERT(fclose(f) == 0);
	return (text);
}

/* How often a text has a line that begins with "start". */
static unsigned
count_lines(const char *text, const char *start)
{
	unsigned n = 0;
	const char *p;

	for (p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		n += strncmp(p, start, strlen(start)) == 0;
	}
	return (n);
}

static void
example_has_every_option(void)
{
	const char *text = source("fcgi/scribekv.conf");
	const struct conf_option *o;
	char line[256];

	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		(void)snprintf(line, sizeof(line), "#%s =", o->name);
		ROW(count_lines(text, line) == 1, line);
		(void)snprintf(line, sizeof(line), "#%s =%s%s\n", o->name,
		    *o->deflt == '\0' ? "" : " ", o->deflt);
		ROW(count_lines(text, line) == 1, line);
	}
}

/* Uncommented, the example is a good file that changes nothing. */
static void
example_can_be_used(void)
{
	const char *text = source("fcgi/scribekv.conf");
	static char uncommented[65536];
	struct conf plain, c;
	char *to = uncommented;
	const struct conf_option *o;

	for (; *text != '\0'; text++) {
		if (*text == '#' && text[1] >= 'a' && text[1] <= 'z')
			continue;
		*to++ = *text;
	}
	*to = '\0';
	CU_ASSERT_FATAL(load_file(&plain, "") == CONF_RUN);
	ROW(load_file(&c, uncommented) == CONF_RUN, err_text);
	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		if (o->type != CONF_STRING)
			ROW(number_at(&c, o) == number_at(&plain, o), o->name);
	}
	conf_release(&plain);
	conf_release(&c);
}

/* An entry of the manual: .It Cm name, its default after "Default: .Ql". */
static void
manual_has_every_option(void)
{
	const char *text = source("fcgi/scribekv.conf.5"), *p, *next;
	const struct conf_option *o;
	char line[256];

	for (o = conf_options; o < conf_options + CONF_NOPTIONS; o++) {
		(void)snprintf(line, sizeof(line), ".It Cm %s ", o->name);
		ROW(count_lines(text, line) == 1, line);
		p = strstr(text, line);
		if (p == NULL)
			continue;
		next = strstr(p + 1, "\n.It ");
		if (*o->deflt == '\0')
			(void)snprintf(line, sizeof(line),
			    "\nDefault: none.\n");
		else
			(void)snprintf(line, sizeof(line),
			    "\nDefault:\n.Ql %s .\n", o->deflt);
		p = strstr(p, line);
		ROW(p != NULL && (next == NULL || p < next), o->name);
	}
}

static CU_TestInfo tests[] = {
    {"defaults are those of the table and of the engine", has_defaults},
    {"the table names the engine's defaults", names_engine_defaults},
    {"a file is read", reads_a_file},
    {"a mistake names file, line, option and bounds", refuses_files},
    {"a long line is never cut", cuts_no_line},
    {"a file that cannot be read is refused", refuses_unreadable_files},
    {"the command line beats the file", reads_arguments},
    {"engine options not given are the engine's",
	takes_the_defaults_of_the_engine},
    {"a mistake in an argument is named", refuses_arguments},
    {"a socket is a path or HOST:PORT", reads_addresses},
    {"the path of a socket has a limit", bounds_socket_paths},
    {"bounds are inclusive", takes_every_bound},
    {"help, version and check end the program", exits_after_answers},
    {"help has every option in 79 columns", helps_with_every_option},
    {"the example has every option and default", example_has_every_option},
    {"the example can be used uncommented", example_can_be_used},
    {"the manual has every option and default", manual_has_every_option},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"conf", NULL, NULL, NULL, NULL, tests},
	    CU_SUITE_INFO_NULL,
	};
	char dir[] = "/tmp/test_conf.XXXXXX";
	int status;

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return (99);
	status = suite_run(suites);
	if (unlink("x.conf") != 0 || rmdir(dir) != 0)
		return (99);
	return (status);
}
