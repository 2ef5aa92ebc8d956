/* SPDX-License-Identifier: MIT */
/*
 * The log; see log.h. A line is put together in a buffer on the stack and
 * leaves by one write(2) of less than PIPE_BUF bytes, so that lines of several
 * threads do not mix and no lock is needed.
 */
#include "config.h"

#include <sys/stat.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/log.h"

#include "base/check.h"

static const struct {
	const char *word;
	int priority; /* of syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

enum target {
	TARGET_STDERR,
	TARGET_JOURNAL, /* standard error, read by systemd-journald */
	TARGET_SYSLOG,
};

static enum target target; /* constant after log_open() */
static atomic_int greatest = LOG_LEVEL_INFO;

/* Whether standard error is the journal's stream; see systemd.exec(5). */
static bool
stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	return (env != NULL && sscanf(env, "%ju:%ju", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	    st.st_ino == ino);
}

void
log_open(const char *name, enum log_level level, bool to_syslog)
{
	log_set_level(level);
	if (to_syslog) {
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
		target = TARGET_SYSLOG;
	} else
		target = stderr_is_journal() ? TARGET_JOURNAL : TARGET_STDERR;
}

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&greatest, (int)level, memory_order_relaxed);
}

bool
log_enabled(enum log_level level)
{
	return ((int)level <=
	    atomic_load_explicit(&greatest, memory_order_relaxed));
}

/* What stands before the level; returns its length. */
static size_t
put_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	if (target == TARGET_SYSLOG)
		return (0);
	if (target == TARGET_JOURNAL) {
		(void)snprintf(line, size, "<%d>", levels[level].priority);
		return (strlen(line));
	}
	/* Neither fails before the year 10000. */
	AZ(clock_gettime(CLOCK_REALTIME, &now));
	if (gmtime_r(&now.tv_sec, &tm) == NULL)
		return (0);
	n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(line + n, size - n, ".%03dZ ",
	    (int)(now.tv_nsec / 1000000));
	return (strlen(line));
}

/*
 * Adds to line[len] what vsnprintf() makes, and returns the new length, which
 * is "size" or more when something was cut.
 */
__attribute__((format(printf, 4, 0))) static size_t
put_text(char *line, size_t size, size_t len, const char *fmt, va_list ap)
{
	int n;

	if (len >= size)
		return (len);
	n = vsnprintf(line + len, size - len, fmt, ap);
	return (n < 0 ? len : len + (size_t)n);
}

__attribute__((format(printf, 4, 5))) static size_t
putf(char *line, size_t size, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	len = put_text(line, size, len, fmt, ap);
	va_end(ap);
	return (len);
}

void
log_write(enum log_level level, int err, const char *fmt, ...)
{
	const int saved = errno;
	char line[LOG_LINEMAX + 1];
	const size_t size = LOG_LINEMAX; /* leaves a byte for the newline */
	size_t i, len;
	va_list ap;

	len = put_prefix(line, size, level);
	len = putf(line, size, len, "%s: ", levels[level].word);
	va_start(ap, fmt);
	len = put_text(line, size, len, fmt, ap);
	va_end(ap);
	if (err != 0)
		len = putf(line, size, len, ": %s", strerror(err));
	if (len >= size) {
		len = size - 1;
		memcpy(line + len - 3, "...", 3);
	}
	for (i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[len] = '\0';
	if (target == TARGET_SYSLOG)
		syslog(levels[level].priority, "%s", line);
	else {
		line[len++] = '\n';
		/* A log that cannot be written has nowhere to say so. */
		if (write(STDERR_FILENO, line, len) == -1)
			errno = 0;
	}
	errno = saved;
}

const char *
log_escape(char *dst, size_t dstlen, const void *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = src;
	size_t i, n = 0, step;
	size_t cut = 0; /* where "..." still fits */

	CHECK(dstlen >= 4);
	for (i = 0; i < len; i++) {
		step = s[i] >= ' ' && s[i] < 0x7f && s[i] != '\\' ? 1 : 4;
		if (n + step >= dstlen) {
			memcpy(dst + cut, "...", 4);
			return (dst);
		}
		if (step == 1)
			dst[n] = (char)s[i];
		else {
			dst[n] = '\\';
			dst[n + 1] = 'x';
			dst[n + 2] = hex[s[i] >> 4];
			dst[n + 3] = hex[s[i] & 15];
		}
		n += step;
		if (n + 4 <= dstlen)
			cut = n;
	}
	dst[n] = '\0';
	return (dst);
}
