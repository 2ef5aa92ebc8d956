#!/bin/sh
# SPDX-License-Identifier: MIT
# /health and its two sub-paths.
. "$(dirname "$0")/lib.sh"

start
req GET /health
expect_status 200
expect_header Content-Type 'application/json*'
expect_json '.status == "healthy" and .service == "scribekv"'
expect_json '.version | test("^[0-9]+[.][0-9]+[.][0-9]+")'
expect_json '.uptime_seconds | type == "number" and . >= 0'
expect_json '.store | type == "object"'
for path in /health/live /health/ready; do
	req GET $path
	expect_status 200
	req HEAD "$path"
	expect_status 200
done
stop
