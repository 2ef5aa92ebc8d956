/* SPDX-License-Identifier: MIT */
/* The line that tells how far something has come; see progress.h. */
#include "config.h"

#include <sys/ioctl.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/lck.h"
#include "cli/cli.h"
#include "cli/progress.h"

#define DRAW_NS 100000000LL /* between two drawings */
#define BAR_MAX 20
#define SECONDS(ns) ((double)(ns) / 1e9)

static bool on_screen; /* there is a line to be taken away */

const char *
format_size(char buf[FORMAT_MAX], double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	while (bytes >= 1024 && i < sizeof(units) / sizeof(units[0]) - 1) {
		bytes /= 1024;
		i++;
	}
	(void)snprintf(buf, FORMAT_MAX, i == 0 ? "%.0f %s" : "%.1f %s", bytes,
	    units[i]);
	return (buf);
}

const char *
format_time(char buf[FORMAT_MAX], double seconds)
{
	uint64_t s;

	if (!(seconds < 360000)) {
		(void)snprintf(buf, FORMAT_MAX, "days");
		return (buf);
	}
	s = (uint64_t)(seconds + 0.5);
	if (s >= 3600)
		(void)snprintf(buf, FORMAT_MAX, "%" PRIu64 "h%02" PRIu64 "m",
		    s / 3600, s / 60 % 60);
	else if (s >= 60)
		(void)snprintf(buf, FORMAT_MAX, "%" PRIu64 "m%02" PRIu64 "s",
		    s / 60, s % 60);
	else
		(void)snprintf(buf, FORMAT_MAX, "%" PRIu64 "s", s);
	return (buf);
}

bool
progress_wanted(const struct session *s)
{
	return (!s->quiet && isatty(STDERR_FILENO) == 1);
}

void
progress_begin(struct progress *p, const struct session *s, const char *label,
    uint64_t total, bool total_is_bytes, const char *units)
{
	*p = (struct progress){
	    .shown = progress_wanted(s),
	    .label = label,
	    .units = units,
	    .total = total,
	    .total_is_bytes = total_is_bytes,
	    .begun_ns = lck_now_ns(),
	};
}

static int
columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 10)
		return (w.ws_col);
	return (80);
}

/* "[=====>    ]  42 %" */
static void
draw_bar(char *dst, size_t size, double part)
{
	char bar[BAR_MAX + 1];
	int i, n = (int)(part * BAR_MAX);

	for (i = 0; i < BAR_MAX; i++)
		bar[i] = i < n ? '=' : i == n ? '>' : ' ';
	bar[BAR_MAX] = '\0';
	(void)snprintf(dst, size, "[%s] %3.0f %%  ", bar, part * 100);
}

static void
draw(const struct progress *p, uint64_t bytes, uint64_t units, double seconds)
{
	char bar[BAR_MAX + 16] = "", left[FORMAT_MAX + 16] = "";
	char rate[FORMAT_MAX + 16] = "", text[FORMAT_MAX], line[256];
	double done = (double)(p->total_is_bytes ? bytes : units), part;

	if (p->total > 0) {
		part = done / (double)p->total;
		part = part > 1 ? 1 : part;
		draw_bar(bar, sizeof(bar), part);
		if (part > 0)
			(void)snprintf(left, sizeof(left), "  %s left",
			    format_time(text, seconds / part - seconds));
	}
	if (bytes > 0)
		(void)snprintf(rate, sizeof(rate), "  %s/s",
		    format_size(text, (double)bytes / seconds));
	(void)snprintf(line, sizeof(line), "%s %s%" PRIu64 " %s  %.0f/s%s%s",
	    p->label, bar, units, p->units, (double)units / seconds, rate,
	    left);
	(void)fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
	(void)fflush(stderr);
	on_screen = true;
}

void
progress_update(struct progress *p, uint64_t bytes, uint64_t units)
{
	int64_t now;

	if (!p->shown)
		return;
	now = lck_now_ns();
	if (now - p->drawn_ns < DRAW_NS)
		return;
	p->drawn_ns = now;
	/* The clock may not have moved. */
	draw(p, bytes, units, SECONDS(now - p->begun_ns + 1));
}

void
progress_clear(void)
{
	if (!on_screen)
		return;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
	on_screen = false;
}

void
progress_end(struct progress *p)
{
	progress_clear();
	p->shown = false;
}
