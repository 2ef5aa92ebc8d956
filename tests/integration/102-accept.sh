#!/bin/sh
# SPDX-License-Identifier: MIT
# GET gives what was put unless Accept or ?raw chooses.
. "$(dirname "$0")/lib.sh"

start
req PUT /kv/e -H "$json" -d '{"value":{"a":1}}'
put t text
printf '\377\000x' >"$dir/bytes"
req PUT /kv/b -H "$bin" --data-binary "@$dir/bytes"

req GET /kv/e -H 'Accept:'
expect_json '.value == {"a":1}'
req GET /kv/t -H 'Accept:'
expect_body text
req GET /kv/t -H 'Accept: application/json'
expect_header Content-Type 'application/json*'
expect_header Vary '*Accept*'
expect_json '.value == "text" and (has("encoding") | not)'
envelope=$(etag)
req GET /kv/t -H 'Accept: application/octet-stream'
expect_body text
[ "$(etag)" != "$envelope" ] || fail "two representations share an ETag"
# Bytes that are not UTF-8 come as base64.
req GET /kv/b -H 'Accept: application/json'
expect_json '.encoding == "base64" and .value == "/wB4"'
req PUT /kv/c -H "$json" -d '{"value":"/wB4","encoding":"base64"}'
expect_status 200
req GET '/kv/c?raw'
expect_file "$dir/bytes"
req GET /kv/t -H 'Accept: application/json;q=0.1, application/octet-stream'
expect_body text
stop
