/* SPDX-License-Identifier: MIT */
/* Standard output; see output.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/output.h"
#include "codec/doc.h"

#define TABLE_ROWS 500 /* that decide about the widths */
#define CELL_MAX 60    /* widest cell that a column is made for */

enum format out_format = FORMAT_TEXT;
static bool colors, colors_set;
static int failure; /* errno of the first failed write */

/* Sets colours when nobody says anything: only for people who want them. */
static bool
colors_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return ((no == NULL || *no == '\0') && out_terminal() && term != NULL &&
	    strcmp(term, "dumb") != 0);
}

bool
out_options(const char *format, const char *color)
{
	static const char *const formats[] = {[FORMAT_TEXT] = "text",
	    [FORMAT_JSON] = "json",
	    [FORMAT_RAW] = "raw",
	    [FORMAT_TABLE] = "table"};
	size_t i;

	for (i = 0; format != NULL; i++) {
		if (i == sizeof(formats) / sizeof(formats[0])) {
			warn_user("--output takes text, json, raw or table, "
				  "not \"%s\"",
			    format);
			return (false);
		}
		if (strcmp(format, formats[i]) != 0)
			continue;
		out_format = (enum format)i;
		break;
	}
	if (color == NULL && colors_set)
		return (true);
	colors_set = true;
	if (color == NULL || strcmp(color, "auto") == 0)
		colors = colors_wanted();
	else if (strcmp(color, "always") == 0)
		colors = true;
	else if (strcmp(color, "never") == 0)
		colors = false;
	else {
		warn_user("--color takes auto, always or never, not \"%s\"",
		    color);
		return (false);
	}
	return (true);
}

void
out_write(const void *data, size_t len)
{
	if (failure == 0 && len > 0 && fwrite(data, 1, len, stdout) != len)
		failure = errno;
}

void
out_printf(const char *fmt, ...)
{
	va_list ap;

	if (failure != 0)
		return;
	va_start(ap, fmt);
	if (vfprintf(stdout, fmt, ap) < 0)
		failure = errno;
	va_end(ap);
}

const char *
out_bold(const char *text)
{
	static char buf[128];

	(void)snprintf(buf, sizeof(buf), "%s%s%s", colors ? "\033[1m" : "",
	    text, colors ? "\033[0m" : "");
	return (buf);
}

bool
out_terminal(void)
{
	return (isatty(STDOUT_FILENO) == 1);
}

bool
out_failed(bool *ret_closed)
{
	if (ret_closed != NULL)
		*ret_closed = failure == EPIPE;
	return (failure != 0);
}

enum status
out_flush(void)
{
	if (failure == 0 && fflush(stdout) != 0)
		failure = errno;
	if (failure == 0 || failure == EPIPE)
		return (failure == 0 ? ST_DONE : ST_SERVER);
	return (fail_user(ST_SERVER, "cannot write to standard output: %s",
	    strerror(failure)));
}

/* -------------------------------------------------------------- escapes -- */

static const struct {
	char plain, code;
} escapes[] = {{'\\', '\\'}, {'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}};

#define NESCAPES (sizeof(escapes) / sizeof(escapes[0]))

static void
escape_byte(struct buf *b, unsigned char c)
{
	size_t i;

	for (i = 0; i < NESCAPES; i++)
		if ((unsigned char)escapes[i].plain == c) {
			(void)buf_addc(b, '\\');
			(void)buf_addc(b, escapes[i].code);
			return;
		}
	(void)buf_printf(b, "\\x%02x", c);
}

void
escape(struct buf *b, const char *data, size_t len)
{
	size_t i, good = 0;
	unsigned char c;

	for (i = 0; i < len; i++) {
		c = (unsigned char)data[i];
		if (i >= good)
			good = i + utf8_prefix(data + i, len - i);
		/* C1 control characters are C2 80 to C2 9F in UTF-8. */
		if (i < good && c == 0xc2 &&
		    (unsigned char)data[i + 1] < 0xa0) {
			escape_byte(b, c);
			escape_byte(b, (unsigned char)data[++i]);
		} else if (i >= good || c < ' ' || c == 0x7f || c == '\\')
			escape_byte(b, c);
		else
			(void)buf_addc(b, (char)c);
	}
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	p = c == '\0' ? NULL : strchr(digits, c);
	return (p == NULL ? -1 : (int)(p - digits));
}

/* Reads what stands behind a backslash; returns its length, 0: nothing. */
static size_t
unescape_one(struct buf *b, const char *p, size_t len)
{
	int high, low;
	size_t i;

	if (len == 0)
		return (0);
	for (i = 0; i < NESCAPES; i++)
		if (*p == escapes[i].code)
			return (buf_addc(b, escapes[i].plain) ? 1 : 0);
	if (*p == '0')
		return (buf_addc(b, '\0') ? 1 : 0);
	if (*p != 'x' || len < 3)
		return (0);
	high = hex_digit(p[1]);
	low = hex_digit(p[2]);
	if (high == -1 || low == -1)
		return (0);
	return (buf_addc(b, (char)(high << 4 | low)) ? 3 : 0);
}

bool
unescape(struct buf *b, const char *text, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i++) {
		if (text[i] != '\\') {
			(void)buf_addc(b, text[i]);
			continue;
		}
		n = unescape_one(b, text + i + 1, len - i - 1);
		if (n == 0)
			return (false);
		i += n;
	}
	return (!buf_failed(b));
}

/* --------------------------------------------------------------- tables -- */

/* Columns that a cell takes: one for each UTF-8 character. */
static size_t
cell_width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			n++;
	return (n);
}

static void
print_cell(const struct table *t, size_t column, const char *cell, bool head)
{
	size_t width = cell_width(cell);

	out_printf("%s", head ? out_bold(cell) : cell);
	if (column == t->ncolumns - 1)
		out_printf("\n");
	else
		out_printf("%*s",
		    width < t->width[column] ?
			(int)(t->width[column] - width) + 2 :
			2,
		    "");
}

/* Prints the rows that were collected; the first time they are the widths. */
static void
print_rows(struct table *t)
{
	const char *p, *end = t->cells.data + t->cells.len;
	size_t i = 0, width;

	if (!t->headed)
		for (p = t->cells.data; p != NULL && p < end;
		     p += strlen(p) + 1, i++) {
			width = cell_width(p);
			width = width > CELL_MAX ? CELL_MAX : width;
			if (width > t->width[i % t->ncolumns])
				t->width[i % t->ncolumns] = width;
		}
	i = 0;
	for (p = t->cells.data; p != NULL && p < end; p += strlen(p) + 1, i++)
		print_cell(t, i % t->ncolumns, p,
		    !t->headed && i < t->ncolumns);
	t->headed = true;
	t->nrows = 0;
	buf_reset(&t->cells);
}

void
table_begin(struct table *t, const char *heads)
{
	size_t len;

	*t = (struct table){.ncolumns = 1};
	for (len = 0; heads[len] != '\0'; len++)
		t->ncolumns += heads[len] == ' ';
	CHECK(t->ncolumns <= TABLE_COLUMNS);
	for (; *heads != '\0'; heads += len + (heads[len] == ' ')) {
		len = strcspn(heads, " ");
		table_cell(t, heads, len);
	}
}

void
table_cell(struct table *t, const char *data, size_t len)
{
	escape(&t->cells, data, len);
	(void)buf_addc(&t->cells, '\0');
	if (++t->nrows == TABLE_ROWS * t->ncolumns)
		print_rows(t);
}

void
table_printf(struct table *t, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_cell(t, text, strlen(text));
}

void
table_end(struct table *t)
{
	print_rows(t);
	buf_release(&t->cells);
}
