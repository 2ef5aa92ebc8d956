#!/bin/sh
# SPDX-License-Identifier: MIT
# If-Match and If-None-Match decide on a write, as part of it.
. "$(dirname "$0")/lib.sh"

start
req PUT /kv/a -H 'If-None-Match: *' -H "$bin" -d 1
expect_status 201
expect_json '.status == "ok"'
one=$(etag)
req PUT /kv/a -H 'If-None-Match: *' -H "$bin" -d 2
expect_problem 412
req PUT /kv/a -H 'If-Match: "0-0"' -H "$bin" -d 2
expect_problem 412
req GET /kv/a
expect_body 1
[ "$(etag)" = "$one" ] || fail "the ETag changed without a write"

req PUT /kv/a -H "If-Match: $one" -H "$bin" -d 2
expect_status 200
two=$(etag)
[ "$two" != "$one" ] || fail "the ETag did not change"
req PUT /kv/a -H "If-Match: $one" -H "$bin" -d 3
expect_problem 412
# A list, and without the quotes.
req PUT /kv/a -H "If-Match: \"x\", $two" -H "$bin" -d 3
expect_status 200
req PUT /kv/a -H "If-Match: $(etag | tr -d '"')" -H "$bin" -d 4
expect_status 200
req PUT /kv/a -H 'If-Match: *' -H "$bin" -d 5
expect_status 200
req PUT /kv/none -H 'If-Match: *' -H "$bin" -d 5
expect_problem 412
# The other representation's ETag names the same version.
req GET /kv/a -H 'Accept: application/json'
req PUT /kv/a -H "If-Match: $(etag)" -H "$bin" -d 6
expect_status 200
# Every write changes it, also one of the same bytes.
old=$(etag)
put a 6
[ "$(etag)" != "$old" ] || fail "the same bytes kept the ETag"
# A weak entity tag never matches a write.
req PUT /kv/a -H "If-Match: W/$(etag)" -H "$bin" -d 7
expect_problem 412
stop
