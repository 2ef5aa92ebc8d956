#!/bin/sh
# SPDX-License-Identifier: MIT
# Values around every buffer's size come back as they were.
. "$(dirname "$0")/lib.sh"

start
for size in 0 1 8191 8192 8193 16383 16384 65535 65536 65537 262145 1048577; do
	head -c $size /dev/urandom >"$dir/value"
	req PUT /kv/v -H "$bin" --data-binary "@$dir/value"
	expect_status 200
	req GET /kv/v
	expect_status 200
	expect_header Content-Length $size
	expect_file "$dir/value"

	base64 -w 0 "$dir/value" >"$dir/base64"
	{
		printf '{"encoding":"base64","value":"'
		cat "$dir/base64"
		printf '"}'
	} >"$dir/envelope"
	req PUT /kv/e -H "$json" --data-binary "@$dir/envelope"
	expect_status 200
	req GET '/kv/e?raw'
	expect_file "$dir/value"
done
stop
