#!/bin/sh
# SPDX-License-Identifier: MIT
# Without its daemon nginx answers with a problem document, and it recovers by
# itself when the daemon is back, time and again.
. "$(dirname "$0")/lib.sh"

start
put a 1
for round in 1 2 3; do
	stop_daemon
	for method in GET PUT DELETE; do
		req "$method" /kv/a
		expect_problem 502
		expect_header Retry-After '[0-9]*'
	done
	expect_json '.applied == "unknown"'
	req GET /kv/a
	expect_json 'has("applied") | not'
	req HEAD /kv/a
	expect_status 502
	req OPTIONS /kv/a
	expect_status 204
	start_daemon
	req GET /kv/a
	expect_status 200
	expect_body "$round"
	put a $((round + 1))
done
stop
