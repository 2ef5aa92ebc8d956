#!/bin/sh
# SPDX-License-Identifier: MIT
# CORS: preflights, and headers on every answer, errors included.
. "$(dirname "$0")/lib.sh"

origin='Origin: https://app.example'

start
req OPTIONS /kv/a -H "$origin" -H 'Access-Control-Request-Method: PUT' \
    -H 'Access-Control-Request-Headers: content-type,if-match'
expect_status 204
expect_body ''
expect_header Access-Control-Allow-Origin '[*]'
for method in GET HEAD PUT DELETE POST; do
	expect_header Access-Control-Allow-Methods "*$method*"
done
for name in Accept Content-Type If-Match If-None-Match If-Range Range; do
	expect_header Access-Control-Allow-Headers "*$name*"
done
expect_header Access-Control-Max-Age '[1-9]*'
expect_header X-Request-Id '????????*'
req OPTIONS /kv -H "$origin"
expect_status 204

put a 1
for path in /kv/a /kv/none /health /kv/%zz /nowhere; do
	req GET $path -H "$origin"
	expect_header Access-Control-Allow-Origin '[*]'
	expect_header X-Request-Id '????????*'
done
req GET /kv/a -H "$origin"
for name in ETag KV-Revision KV-TTL Link X-Request-Id; do
	expect_header Access-Control-Expose-Headers "*$name*"
done
# All origins alike: nothing varies.
header Vary | grep -qi origin && fail "Vary: Origin with all origins"
stop_nginx

# The origin map, edited as it says.
mkdir "$dir/src"
cp -r "$SKV_SRCDIR/nginx" "$dir/src/"
sed -i '/^map $http_origin/,/^}/s|default.*|https://app.example $http_origin; default "";|' \
    "$dir/src/nginx/scribekv-http.conf"
SKV_SRCDIR=$dir/src
start_nginx
for path in /kv/a /kv/none /nowhere; do
	req GET $path -H "$origin"
	expect_header Access-Control-Allow-Origin https://app.example
	expect_header Vary '*Origin*'
	req GET $path -H 'Origin: https://evil.example'
	expect_no_header Access-Control-Allow-Origin
	expect_header Vary '*Origin*'
done
stop
