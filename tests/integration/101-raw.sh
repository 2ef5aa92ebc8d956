#!/bin/sh
# SPDX-License-Identifier: MIT
# Bytes of any other content type go in and come out with that type.
. "$(dirname "$0")/lib.sh"

start
head -c 3000 /dev/urandom >"$dir/bytes"
for type in text/plain 'text/html; charset=utf-8' image/png \
    application/octet-stream application/x-unheard-of; do
	req PUT /kv/k -H "Content-Type: $type" --data-binary "@$dir/bytes"
	expect_status 200
	expect_header ETag '"?*"'
	req GET /kv/k
	expect_status 200
	expect_header Content-Type "$type"
	expect_header Content-Length 3000
	expect_header X-Content-Type-Options nosniff
	expect_header Content-Security-Policy sandbox
	expect_header Vary '*Accept*'
	expect_file "$dir/bytes"
done

# curl's default type, and none at all.
req PUT /kv/k -d abc
req GET /kv/k
expect_header Content-Type application/octet-stream
expect_body abc
req PUT /kv/k -H Content-Type: --data-binary def
req GET /kv/k
expect_header Content-Type application/octet-stream
expect_body def

# ?raw: what looks like an envelope is bytes, and the type is kept.
req PUT '/kv/k?raw' -H "$json" -d '[1,2'
expect_status 200
req GET /kv/k
expect_header Content-Type application/json
expect_body '[1,2'
stop
