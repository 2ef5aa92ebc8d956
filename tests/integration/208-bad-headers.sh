#!/bin/sh
# SPDX-License-Identifier: MIT
# Malformed header fields: refused or ignored as the RFC says, never fatal.
. "$(dirname "$0")/lib.sh"

start
put a 0123456789
for match in '' '"' '"a' 'a"b"' ',' '""' "\"$(repeat x 20000)\""; do
	req PUT /kv/a -H "If-Match: $match" -H "$bin" -d 2
	case $match:$status in
	*:400|*:412)
		;;
	:200)
		put a 0123456789
		;;
	*)
		fail "If-Match: $match gave $status"
		;;
	esac
done
put a 0123456789
for range in bytes= bytes=1 bytes=--1 bytes=1-2-3 \
    bytes=99999999999999999999-99999999999999999999 \
    bytes=-99999999999999999999 "bytes=$(repeat 9 20000)-" \
    "bytes=$(repeat , 20000)"; do
	req GET /kv/a -H "Range: $range"
	case $status in
	200|206|416)
		;;
	*)
		fail "Range: $range gave $status"
		;;
	esac
done
req GET /kv/a -H "Accept: $(repeat , 20000)"
[ "$status" = 200 ] || [ "$status" = 406 ] || fail "Accept gave $status"
req GET /kv/a -H 'Accept: image/png'
expect_problem 406
long=text/$(repeat x 250)
req PUT /kv/t -H "Content-Type: $long" --data-binary 1
expect_status 200
req GET /kv/t
expect_header Content-Type "$long"
req PUT /kv/t -H "Content-Type: ${long}x" --data-binary 1
expect_problem 400
req GET /health
expect_status 200
stop
