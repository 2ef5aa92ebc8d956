#!/bin/sh
# SPDX-License-Identifier: MIT
# If-Range: a part of the same version, or all of the new one.
. "$(dirname "$0")/lib.sh"

start
put a 0123456789
req GET /kv/a
tag=$(etag)
req GET /kv/a -H 'Range: bytes=1-2' -H "If-Range: $tag"
expect_status 206
expect_body 12
for other in '"x"' "W/$tag" 'Sun, 06 Nov 1994 08:49:37 GMT'; do
	req GET /kv/a -H 'Range: bytes=1-2' -H "If-Range: $other"
	expect_status 200
	expect_body 0123456789
done
put a abcdefghij
req GET /kv/a -H 'Range: bytes=1-2' -H "If-Range: $tag"
expect_status 200
expect_body abcdefghij
# If-None-Match is looked at before Range.
req GET /kv/a
req GET /kv/a -H 'Range: bytes=1-2' -H "If-None-Match: $(etag)"
expect_status 304
stop
