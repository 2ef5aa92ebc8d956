#!/bin/sh
# SPDX-License-Identifier: MIT
# Unknown, repeated and malformed parameters are 400.
. "$(dirname "$0")/lib.sh"

start
put a 1
for query in bogus=1 ttl=1%zz sync=maybe 'sync=true&sync=true' ttl=10x \
    'ttl=1&ttl=2' limit=1 Ttl=1; do
	req PUT "/kv/a?$query" -H "$bin" -d 2
	expect_problem 400
done
for query in bogus=1 ttl=1 sync=true; do
	req GET "/kv/a?$query"
	expect_problem 400
done
req DELETE '/kv/a?ttl=1'
expect_problem 400
# A path and a parameter that name a key contradict each other.
req GET '/kv/a?key=b'
expect_problem 400
req GET '/kv?key=a&key=b'
expect_problem 400
req GET /kv/a
expect_body 1
stop
