/* SPDX-License-Identifier: MIT */
/*
 * Counters of requests, and GET /metrics in the text format of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Counting
 * touches only memory of the calling thread's own slot.
 */
#ifndef FCGI_METRICS_H
#define FCGI_METRICS_H

#include <stdint.h>

#include "fcgi/request.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *);
/* Counts a finished request that took "ns" nanoseconds. Any thread. */
void metrics_request(struct metrics *, enum method, unsigned status,
    int64_t ns);

#endif
