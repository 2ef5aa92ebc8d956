/* SPDX-License-Identifier: MIT */
/*
 * The load generator: so many connections, each of which sends its next
 * request when the one before is answered. What it measures includes itself,
 * on one thread.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "cli/target.h"

struct bench_options {
	uint64_t connections;
	uint64_t seconds;
	uint64_t reads; /* percent of the requests */
	uint64_t keys;
	uint64_t size; /* bytes of a value */
	const char *prefix;
	enum sync sync;
};

struct bench_result {
	uint32_t *us; /* how long each request took, microseconds */
	size_t n, cap;
	uint64_t failed;
};

/*
 * Runs until the time is over, or until it is interrupted. The keys, PREFIX
 * and eight digits, are to be there. results[0] is of reads, results[1] of
 * writes; the caller frees "us". The answer has the message of the first
 * failure, if any request failed.
 */
enum status http_bench(const struct target_address *,
    const struct bench_options *, struct bench_result results[2],
    double *ret_seconds, struct answer *);

#endif
