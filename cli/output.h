/* SPDX-License-Identifier: MIT */
/*
 * Standard output, in one of four formats: text for people and pipes, JSON (an
 * object a line), raw bytes, and tables. The first failure to write is kept;
 * commands need not look at every call, only stop some day when out_failed().
 *
 * Keys, and values among others on a line, are written in the escaped notation
 * in text and tables: \\ for a backslash, \n \t \r, and \xHH for other control
 * characters and for bytes that are not UTF-8. --escaped-keys reads it.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cli/cli.h"

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_RAW,
	FORMAT_TABLE,
};

extern enum format out_format;

/* Sets format and colours by name; false: a complaint was made. NULL: as it
 * was. */
bool out_options(const char *format, const char *color);

void out_write(const void *, size_t len);
void out_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* With colours, the text in bold; valid until the next call. */
const char *out_bold(const char *text);
bool out_terminal(void);
/* Whether writing failed; *ret_closed when a pipe's reader is gone. */
bool out_failed(bool *ret_closed);
/* Writes what is buffered; complains about a failure, but not of a pipe. */
enum status out_flush(void);

/* Appends the escaped notation; and reads it: false when it is malformed. */
void escape(struct buf *, const char *data, size_t len);
bool unescape(struct buf *, const char *text, size_t len);

/*
 * Tables: columns are as wide as their widest cell, except the last, in up to
 * some hundred rows; then what was collected is printed and widths stay.
 */
#define TABLE_COLUMNS 8
struct table {
	size_t ncolumns;
	size_t width[TABLE_COLUMNS];
	size_t nrows;
	struct buf cells; /* each with a NUL at its end */
	bool headed;
};
/* "heads" are separated by blanks. */
void table_begin(struct table *, const char *heads);
void table_cell(struct table *, const char *data, size_t len);
void table_printf(struct table *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void table_end(struct table *);

#endif
