#!/bin/sh
# SPDX-License-Identifier: MIT
# Ranges of raw values (RFC 9110, section 14).
. "$(dirname "$0")/lib.sh"

start
put a 0123456789

# range SPEC BODY CONTENT-RANGE
range()
{
	req GET /kv/a -H "Range: bytes=$1"
	expect_status 206
	expect_body "$2"
	expect_header Content-Range "bytes $3/10"
	expect_header Content-Length ${#2}
	expect_header ETag '"?*"'
}

req GET /kv/a
expect_header Accept-Ranges bytes
range 0-0 0 0-0
range 2-4 234 2-4
range 7- 789 7-9
range 0- 0123456789 0-9
range -3 789 7-9
range -99 0123456789 0-9
range 5-99 56789 5-9
for spec in 10- 10-20 99-100 -0; do
	req GET /kv/a -H "Range: bytes=$spec"
	expect_problem 416
	expect_header Content-Range 'bytes [*]/10'
done
# What is no range, or another unit, is ignored; several may be.
for spec in bytes=5-2 bytes=x-y bytes=- lines=1-2 nonsense; do
	req GET /kv/a -H "Range: $spec"
	expect_status 200
	expect_body 0123456789
done
req GET /kv/a -H 'Range: bytes=0-1,4-5'
[ "$status" = 206 ] || expect_status 200
# Only GET knows ranges.
req HEAD /kv/a -H 'Range: bytes=0-1'
expect_status 200
# An empty value has no satisfiable range.
put empty ''
req GET /kv/empty -H 'Range: bytes=0-'
expect_problem 416
stop
