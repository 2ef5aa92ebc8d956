#!/bin/sh
# SPDX-License-Identifier: MIT
# Dot segments and bad percent-escapes are refused, whoever notices.
. "$(dirname "$0")/lib.sh"

start
put b 1
for path in /kv/./b /kv/a/../b /kv/a/.. /kv/b/. /kv/a/%2e%2e/b /kv/%2E/b \
    /kv/a%2f..%2fb /kv/a/.%2e/b /kv/a//../b /kv/% /kv/%4 /kv/%zz /kv/a%g0 \
    /kv/%00 /kv/a%00b '/kv?key=%zz' '/kv?key=%'; do
	req GET "$path"
	expect_problem 400
	req PUT "$path" -H "$bin" -d 2
	expect_problem 400
done
# Out of /kv it is nginx's business, but never the key that it looks like.
for path in /kv/.. /kv/../kv/b /kv/%2e%2e/kv/b /x/../kv/b //kv/b \
    /kv//../b /health/../kv/b; do
	req PUT "$path" -H "$bin" -d 2
	case $status in
	400|404|405)
		expect_problem "$status"
		;;
	*)
		fail "status $status"
		;;
	esac
done
req GET /kv/../..
expect_problem 400
req GET /kv/b
expect_body 1
stop
