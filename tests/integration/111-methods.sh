#!/bin/sh
# SPDX-License-Identifier: MIT
# A method that a path does not know is 405 and names those that it does.
. "$(dirname "$0")/lib.sh"

start
for method in PATCH POST PROPFIND; do
	req "$method" /kv/a
	expect_problem 405
	for allowed in GET HEAD PUT DELETE; do
		expect_header Allow "*$allowed*"
	done
done
req PUT /health -d x
expect_problem 405
expect_header Allow '*GET*'
req DELETE /health/live
expect_problem 405
req GET /health/nothing
expect_problem 404
req GET /kvx
expect_problem 404
req GET /
expect_problem 404
stop
