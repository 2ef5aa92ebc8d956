#!/bin/sh
# SPDX-License-Identifier: MIT
# HEAD is GET without the body.
. "$(dirname "$0")/lib.sh"

described()
{
	grep -iE '^(content-type|content-length|etag|kv-revision|vary):' \
	    "$dir/head" | sort
}

same_as_get()
{
	req GET "$1"
	expect_status 200
	described >"$dir/get"
	req HEAD "$1"
	expect_status 200
	described | diff "$dir/get" - || fail "HEAD differs from GET"
}

start
put a 12345
req PUT /kv/e -H "$json" -d '{"value":[1]}'
same_as_get /kv/a
expect_header Content-Length 5
same_as_get /kv/e
same_as_get '/kv/e?raw'
req HEAD /health
expect_status 200
req HEAD /kv/none
expect_status 404
expect_header Content-Type 'application/problem+json*'

# The connection is still in step after a HEAD.
curl -sS --unix-socket "$nsock" -o "$dir/none" --head http://t/kv/a --next \
    -sS --unix-socket "$nsock" -o "$dir/body" http://t/kv/a
expect_body 12345
stop
