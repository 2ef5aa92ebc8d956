/* SPDX-License-Identifier: MIT */
/*
 * The log: one event, one line, one write(2), to standard error or to syslog.
 *
 * 1. Before log_open() lines of level info and above go to standard error.
 * 2. Lines to standard error begin with the time in UTC, except where standard
 *    error is the journal: there they begin with the priority in the form
 *    "<6>", which systemd-journald(8) understands.
 * 3. Bytes that a client chose go through log_escape() first. As a last line
 *    of defence, control characters in a finished line become '?', and a line
 *    over LOG_LINEMAX bytes is cut and ends with "...".
 * 4. Threads. All functions except log_open() may be called by any thread at
 *    any time; none takes a lock of ours. A line that cannot be written is
 *    lost without further notice. errno is left as it was.
 */
#ifndef FCGI_LOG_H
#define FCGI_LOG_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes of the longest line with its end; less than PIPE_BUF. */
#define LOG_LINEMAX 2048

enum log_level {
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * Decides where lines go. Call it before there are threads. "name" (a constant)
 * identifies the program in syslog.
 */
void log_open(const char *name, enum log_level, bool to_syslog);
/* Lines of a level greater than this are not written. */
void log_set_level(enum log_level);
bool log_enabled(enum log_level);

/*
 * The log_*() forms append ": " and the text of errno, the log_*x() forms do
 * not. Their arguments are evaluated only when the level is enabled.
 */
#define log_err(...) log_at(LOG_LEVEL_ERR, errno, __VA_ARGS__)
#define log_errx(...) log_at(LOG_LEVEL_ERR, 0, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, errno, __VA_ARGS__)
#define log_warnx(...) log_at(LOG_LEVEL_WARN, 0, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, errno, __VA_ARGS__)
#define log_infox(...) log_at(LOG_LEVEL_INFO, 0, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, errno, __VA_ARGS__)
#define log_debugx(...) log_at(LOG_LEVEL_DEBUG, 0, __VA_ARGS__)

#define log_at(level, err, ...) \
	(log_enabled(level) ? log_write((level), (err), __VA_ARGS__) : (void)0)

/* Writes one line whatever the level; "err" is an errno or 0. */
void log_write(enum log_level, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Writes bytes as printable ASCII into dst[dstlen], always with a NUL at the
 * end: all others, and the backslash, become \xNN. What does not fit is cut at
 * a whole byte and ends with "...". Returns dst. "dstlen" is at least 4.
 */
const char *log_escape(char *dst, size_t dstlen, const void *src, size_t len);

#endif
