#!/bin/sh
# SPDX-License-Identifier: MIT
# 304 and 412 on reads, in the order of RFC 9110, section 13.2.2.
. "$(dirname "$0")/lib.sh"

start
put a 1
req GET /kv/a
tag=$(etag)
for method in GET HEAD; do
	for match in "$tag" "W/$tag" '*' "\"x\", $tag"; do
		req "$method" /kv/a -H "If-None-Match: $match"
		expect_status 304
		expect_body ''
		expect_header ETag "$tag"
	done
	req "$method" /kv/a -H 'If-None-Match: "x"'
	expect_status 200
	req "$method" /kv/a -H 'If-Match: "x"'
	expect_status 412
	req "$method" /kv/a -H "If-Match: $tag"
	expect_status 200
	# If-Match comes first.
	req "$method" /kv/a -H 'If-Match: "x"' -H "If-None-Match: $tag"
	expect_status 412
	req "$method" /kv/a -H "If-Match: $tag" -H "If-None-Match: $tag"
	expect_status 304
done
put a 2
req GET /kv/a -H "If-None-Match: $tag"
expect_status 200
expect_body 2
# What is not there is 404 before any condition (section 13.2.1).
req GET /kv/none -H 'If-None-Match: "x"'
expect_problem 404
req GET /kv/none -H 'If-Match: *'
expect_problem 404
stop
