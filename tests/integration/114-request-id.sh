#!/bin/sh
# SPDX-License-Identifier: MIT
# Every answer has its own X-Request-Id, which the access log has too.
. "$(dirname "$0")/lib.sh"

start
req GET /kv/a -H 'X-Request-Id: mine'
first=$(header X-Request-Id)
[ "$first" != mine ] || fail "the client's identifier was taken"
req PUT /kv/a -H "$bin" -d 1
second=$(header X-Request-Id)
[ "$first" != "$second" ] || fail "two requests share an identifier"
stop
grep -q "id=$first\$" "$dir/nginx/access.log" || fail "not in the access log"
grep -q "id=$second\$" "$dir/nginx/access.log" || fail "not in the access log"
grep -q "\"PUT /kv/a HTTP/1.1\" 200 .* revision=.* id=$second" \
    "$dir/nginx/access.log" || fail "no revision in the access log"
