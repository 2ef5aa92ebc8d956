/* SPDX-License-Identifier: MIT */
/*
 * The table of options, and how the text of a value becomes a number within
 * the bounds of its row. An option is a row here, a member of struct conf (or
 * of struct skv_options), an entry of scribekv.conf(5) and a line of
 * scribekv.conf; a test compares the last two with the table.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "fcgi/conf.h"

#include "base/check.h"

/* ---------------------------------------------------------------- table -- */

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define HOUR_MS 3600000

static const char *const level_words[] = {"err", "warn", "info", "debug"};
static const char *const log_words[] = {"stderr", "syslog"};
static const char *const durability_words[] = {"async", "sync"};

#define OPTION(n, member) \
	.name = #n, .offset = offsetof(struct conf, member), \
	.size = sizeof(((struct conf *)0)->member)
#define OURS(n) OPTION(n, n)
#define ENGINE(n) .engine = true, OPTION(n, store_options.n)
#define BOUNDS(t, low, high) .type = (t), .least = (low), .greatest = (high)

/* clang-format off */
const struct conf_option conf_options[] = {
	{ OURS(store), BOUNDS(CONF_STRING, 1, 4096),
	  .deflt = "leveldb:/var/lib/scribekv",
	  .help = "URL of the store" },
	{ OURS(socket), BOUNDS(CONF_STRING, 1, 255),
	  .deflt = "/run/scribekv/scribekv.sock",
	  .help = "UNIX socket for nginx, or HOST:PORT" },
	{ OURS(socket_mode), BOUNDS(CONF_MODE, 0, 0777),
	  .deflt = "0660",
	  .help = "access mode of the UNIX socket" },
	{ OURS(socket_group), BOUNDS(CONF_STRING, 0, 255),
	  .deflt = "",
	  .help = "group of the UNIX socket" },
	{ OURS(socket_backlog), BOUNDS(CONF_UINT, 1, 65535),
	  .deflt = "4096",
	  .help = "connections that may wait to be accepted" },
	{ OURS(user), BOUNDS(CONF_STRING, 0, 255),
	  .deflt = "",
	  .help = "user to become when started as root" },
	{ OURS(group), BOUNDS(CONF_STRING, 0, 255),
	  .deflt = "",
	  .help = "group to become when started as root" },
	{ OURS(workers), BOUNDS(CONF_UINT, 0, 256),
	  .deflt = "0",
	  .help = "most worker threads; 0: as many as are useful" },
	{ OURS(max_connections), BOUNDS(CONF_UINT, 1, 1000000),
	  .deflt = "10000",
	  .help = "connections from nginx at one time" },
	{ OURS(max_tasks), BOUNDS(CONF_UINT, 1, 64),
	  .deflt = "4",
	  .help = "exports, imports and range requests at one time" },
	{ OURS(io_timeout_ms), BOUNDS(CONF_UINT, 100, HOUR_MS),
	  .deflt = "5000",
	  .help = "longest standstill of a read or write" },
	{ OURS(drain_ms), BOUNDS(CONF_UINT, 0, HOUR_MS),
	  .deflt = "10000",
	  .help = "longest time to finish requests when stopping" },
	{ OURS(max_depth), BOUNDS(CONF_UINT, 1, 500),
	  .deflt = "64",
	  .help = "deepest nesting of a JSON or CBOR document" },
	{ OURS(slow_request_ms), BOUNDS(CONF_UINT, 0, HOUR_MS),
	  .deflt = "1000",
	  .help = "log requests that take longer; 0: none" },
	{ OURS(log_level), BOUNDS(CONF_ENUM, LOG_LEVEL_ERR, LOG_LEVEL_DEBUG),
	  .deflt = "info", .words = level_words,
	  .help = "what to log: this level and graver" },
	{ OPTION(log, log_syslog), BOUNDS(CONF_ENUM, 0, 1),
	  .deflt = "stderr", .words = log_words,
	  .help = "where to log" },

	{ ENGINE(cache_size), BOUNDS(CONF_SIZE, MIB, 1024 * GIB),
	  .deflt = "128m",
	  .help = "decompressed blocks kept in memory" },
	{ ENGINE(write_buffer_size), BOUNDS(CONF_SIZE, 64 * KIB, GIB),
	  .deflt = "16m",
	  .help = "writes collected before they become a file" },
	{ ENGINE(file_size), BOUNDS(CONF_SIZE, MIB, GIB),
	  .deflt = "8m",
	  .help = "size of a table file" },
	{ ENGINE(block_size), BOUNDS(CONF_SIZE, KIB, 4 * MIB),
	  .deflt = "2k",
	  .help = "size of a block, the unit of reading" },
	{ ENGINE(bloom_bits), BOUNDS(CONF_UINT, 0, 64),
	  .deflt = "10",
	  .help = "filter bits per key; 0: no filters" },
	{ ENGINE(max_open_files), BOUNDS(CONF_UINT, 74, 50000), .zero = true,
	  .deflt = "0",
	  .help = "table files held open; 0: what the limit allows" },
	{ ENGINE(compression), BOUNDS(CONF_BOOL, 0, 1),
	  .deflt = "true",
	  .help = "compress blocks" },
	{ ENGINE(sync_interval_ms), BOUNDS(CONF_UINT, 0, HOUR_MS),
	  .deflt = "1000",
	  .help = "time between background syncs; 0: none" },
	{ ENGINE(durability), BOUNDS(CONF_ENUM, SKV_ASYNC, SKV_SYNC),
	  .deflt = "async", .words = durability_words,
	  .help = "when a write is acknowledged, unless it says" },
	{ ENGINE(max_value), BOUNDS(CONF_SIZE, 1, GIB),
	  .deflt = "8m",
	  .help = "largest value" },
	{ ENGINE(max_txn), BOUNDS(CONF_SIZE, KIB, 2 * GIB),
	  .deflt = "64m",
	  .help = "largest transaction" },
	{ ENGINE(max_queue), BOUNDS(CONF_UINT, 1, 16777216),
	  .deflt = "65536",
	  .help = "transactions that may wait to be written" },
	{ ENGINE(max_queue_bytes), BOUNDS(CONF_SIZE, MIB, 1024 * GIB),
	  .deflt = "256m",
	  .help = "bytes in transactions that may wait" },
	{ ENGINE(max_wait_ms), BOUNDS(CONF_UINT, 0, HOUR_MS),
	  .deflt = "30000",
	  .help = "longest wait of a write, its sync included; 0: any" },
	{ ENGINE(max_stall_ms), BOUNDS(CONF_UINT, 0, HOUR_MS),
	  .deflt = "2000",
	  .help = "refuse writes when one or a sync lasts longer; 0: never" },
	{ ENGINE(max_level0_files), BOUNDS(CONF_UINT, 0, 1000),
	  .deflt = "12",
	  .help = "refuse writes with so many files to merge; 0: never" },
	{ ENGINE(min_free), BOUNDS(CONF_SIZE, 0, 1024 * GIB),
	  .deflt = "128m",
	  .help = "bytes of the disk that new data leaves free" },
	{ ENGINE(reserve), BOUNDS(CONF_BOOL, 0, 1),
	  .deflt = "true",
	  .help = "keep disk space to reopen the store with when it is full" },
	{ ENGINE(scan_lifetime_ms), BOUNDS(CONF_UINT, 0, 24 * HOUR_MS),
	  .deflt = "300000",
	  .help = "longest life of a scan; 0: without limit" },
};
/* clang-format on */

/* --------------------------------------------------------------- values -- */

/* Sets the reason and returns false, for "return (because(...));". */
__attribute__((format(printf, 2, 3))) static bool
because(struct conf_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return (false);
}

/* Reads digits; false if there are none or too many. */
static bool
read_digits(const char **p, unsigned base, uint64_t *ret)
{
	const char *s = *p;
	uint64_t v = 0;
	unsigned digit;

	for (; *s >= '0' && *s < (char)('0' + base); s++) {
		digit = (unsigned)(*s - '0');
		if (v > (UINT64_MAX - digit) / base)
			return (false);
		v = v * base + digit;
	}
	if (s == *p)
		return (false);
	*p = s;
	*ret = v;
	return (true);
}

static bool
read_bool(const char *s, uint64_t *ret)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off",
	    "on"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*ret = i % 2;
			return (true);
		}
	}
	return (false);
}

static bool
read_size(const char *s, uint64_t *ret)
{
	static const char suffixes[] = "kmg";
	const char *suffix;
	unsigned shift = 0;
	uint64_t v;

	if (!read_digits(&s, 10, &v))
		return (false);
	if (*s != '\0') {
		suffix = strchr(suffixes, tolower((unsigned char)*s));
		if (suffix == NULL || s[1] != '\0')
			return (false);
		shift = 10 * (unsigned)(suffix - suffixes + 1);
	}
	if (v > UINT64_MAX >> shift)
		return (false);
	*ret = v << shift;
	return (true);
}

static bool
read_word(const struct conf_option *o, const char *s, uint64_t *ret)
{
	uint64_t i;

	for (i = o->least; i <= o->greatest; i++) {
		if (strcmp(s, o->words[i - o->least]) == 0) {
			*ret = i;
			return (true);
		}
	}
	return (false);
}

const char *
conf_words(const struct conf_option *o, char *buf, size_t size)
{
	uint64_t i;
	int n = 0;

	CHECK(size >= CONF_WORDSMAX);
	for (i = o->least; i <= o->greatest; i++)
		n += snprintf(buf + n, size - (size_t)n, "%s%s",
		    i == o->least ? "" : "|", o->words[i - o->least]);
	return (buf);
}

/* What a text would have to be. */
static const char *
wanted(const struct conf_option *o, char *buf, size_t size)
{
	switch (o->type) {
	case CONF_BOOL:
		return ("true or false");
	case CONF_UINT:
		return ("a whole number");
	case CONF_SIZE:
		return ("a number of bytes, or of KiB, MiB or GiB with k, m "
			"or g");
	case CONF_MODE:
		return ("an octal number");
	case CONF_ENUM:
		return (conf_words(o, buf, size));
	case CONF_STRING:
		break;
	}
	WRONG("every string is one");
}

/* A bound as it would be written in the file. */
static const char *
bound_text(const struct conf_option *o, uint64_t v, char *buf, size_t size)
{
	static const char suffixes[] = "kmg";
	size_t i = 0;

	if (o->type == CONF_MODE)
		(void)snprintf(buf, size, "%04" PRIo64, v);
	else if (o->type == CONF_SIZE && v >= KIB && v % KIB == 0) {
		for (v /= KIB; v >= KIB && v % KIB == 0 && i < 2; i++)
			v /= KIB;
		(void)snprintf(buf, size, "%" PRIu64 "%c", v, suffixes[i]);
	} else
		(void)snprintf(buf, size, "%" PRIu64, v);
	return (buf);
}

/* Turns a text into a number, without regard to bounds; a string's length. */
static bool
read_value(const struct conf_option *o, const char *s, uint64_t *ret)
{
	switch (o->type) {
	case CONF_BOOL:
		return (read_bool(s, ret));
	case CONF_UINT:
		return (read_digits(&s, 10, ret) && *s == '\0');
	case CONF_SIZE:
		return (read_size(s, ret));
	case CONF_MODE:
		return (read_digits(&s, 8, ret) && *s == '\0');
	case CONF_ENUM:
		return (read_word(o, s, ret));
	case CONF_STRING:
		*ret = strlen(s);
		return (true);
	}
	WRONG("unknown type of option");
}

bool
conf_check(const struct conf_option *o, const char *s, uint64_t *ret,
    struct conf_why *why)
{
	char text[64], low[32], high[32], words[CONF_WORDSMAX];
	uint64_t v;

	(void)log_escape(text, sizeof(text), s, strlen(s));
	if (!read_value(o, s, &v))
		return (because(why, "'%s' is not %s", text,
		    wanted(o, words, sizeof(words))));
	if ((v < o->least || v > o->greatest) && !(v == 0 && o->zero)) {
		(void)bound_text(o, o->least, low, sizeof(low));
		(void)bound_text(o, o->greatest, high, sizeof(high));
		if (o->type == CONF_STRING)
			return (because(why,
			    "has %" PRIu64 " bytes, which is "
			    "not between %s and %s",
			    v, low, high));
		return (because(why, "%s is not between %s and %s%s", text, low,
		    high, o->zero ? ", nor 0" : ""));
	}
	*ret = v;
	return (true);
}
