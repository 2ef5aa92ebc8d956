/* SPDX-License-Identifier: MIT */
/*
 * How far something has come: a line on standard error, with rate and time
 * left, while that is a terminal and --quiet was not given; otherwise nothing.
 *
 *	struct progress p;
 *	progress_begin(&p, s, "import", total_bytes, "keys");
 *	while (...)
 *		progress_update(&p, bytes_so_far, keys_so_far);
 *	progress_end(&p);
 *
 * One at a time. "total" may be 0 when it is not known; "units" names what is
 * counted beside the bytes; "bytes" may stay 0 when only units are counted, and
 * "total" is then one of units.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct session;

struct progress {
	bool shown; /* there is a terminal */
	const char *label;
	const char *units;
	uint64_t total;
	bool total_is_bytes;
	int64_t begun_ns;
	int64_t drawn_ns; /* 0: not yet */
};

/* Whether one would be shown: for what is only done for its sake. */
bool progress_wanted(const struct session *);
void progress_begin(struct progress *, const struct session *,
    const char *label, uint64_t total, bool total_is_bytes, const char *units);
void progress_update(struct progress *, uint64_t bytes, uint64_t units);
/* Takes the line away. */
void progress_end(struct progress *);
/* Takes the line away for a message; it comes back. Without one, nothing. */
void progress_clear(void);

/* "512 B", "1.5 MiB"; "1h02m", "12s". */
#define FORMAT_MAX 32
const char *format_size(char buf[FORMAT_MAX], double bytes);
const char *format_time(char buf[FORMAT_MAX], double seconds);

#endif
