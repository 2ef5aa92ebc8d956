#!/bin/sh
# SPDX-License-Identifier: MIT
# DELETE is 204 whether the key was there or not; a read then is 404.
. "$(dirname "$0")/lib.sh"

start
req GET /kv/a
expect_problem 404
expect_json 'has("value") and .value == null'
put a 1
old=$(etag)
req DELETE /kv/a
expect_status 204
expect_body ''
req GET /kv/a
expect_problem 404
req DELETE /kv/a
expect_status 204
# An ETag is not used again after delete and re-create.
put a 1
[ "$(etag)" != "$old" ] || fail "an ETag came back"
req DELETE /kv/a -H "If-Match: $old"
expect_problem 412
req GET /kv/a
expect_body 1
req DELETE /kv/a -H "If-Match: $(etag)"
expect_status 204
req DELETE /kv/a -H 'If-Match: *'
expect_problem 412
stop
