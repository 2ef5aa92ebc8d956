#!/bin/sh
# SPDX-License-Identifier: MIT
# Uploads of unknown length are as good as others.
. "$(dirname "$0")/lib.sh"

start
for size in 0 1 8192 100000 3000000; do
	head -c $size /dev/urandom >"$dir/value"
	req PUT /kv/v -H "$bin" -H 'Transfer-Encoding: chunked' -T - \
	    <"$dir/value"
	expect_status 200
	req GET /kv/v
	expect_header Content-Length $size
	expect_file "$dir/value"
done
req PUT /kv/e -H "$json" -H 'Transfer-Encoding: chunked' -d '{"value":[1]}'
expect_status 200
req GET /kv/e
expect_json '.value == [1]'
stop
