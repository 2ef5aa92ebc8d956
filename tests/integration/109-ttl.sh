#!/bin/sh
# SPDX-License-Identifier: MIT
# A key with a time to live is gone after it, for reads and conditions.
. "$(dirname "$0")/lib.sh"

gone()
{
	req GET /kv/short
	[ "$status" = 404 ]
}

start
req PUT '/kv/short?ttl=1' -H "$bin" -d 1
expect_status 200
req PUT '/kv/long?ttl=1000' -H "$bin" -d 1
req GET /kv/long
expect_header KV-TTL '[1-9]*'
req GET /kv/long -H 'Accept: application/json'
expect_json '.ttl > 900 and .ttl <= 1000'
req PUT /kv/env -H "$json" -d '{"value":1,"ttl":1000}'
expect_status 200
req GET /kv/env
expect_json '.ttl > 900 and .ttl <= 1000'

wait_for "the key to expire" gone
expect_problem 404
req PUT /kv/short -H 'If-Match: *' -H "$bin" -d 2
expect_problem 412
req PUT /kv/short -H 'If-None-Match: *' -H "$bin" -d 2
expect_status 201

# A PUT without ttl removes the expiry.
req PUT /kv/long -H "$bin" -d 2
req GET /kv/long
expect_no_header KV-TTL
req PUT '/kv/max?ttl=315360000' -H "$bin" -d 1
expect_status 200
for ttl in 0 -1 1.5 x '' 315360001 99999999999999999999; do
	req PUT "/kv/bad?ttl=$ttl" -H "$bin" -d 1
	expect_problem 400
done
for ttl in 0 -1 1.5 '"1"' null 315360001; do
	req PUT /kv/bad -H "$json" -d "{\"value\":1,\"ttl\":$ttl}"
	expect_problem 400
done
req GET /kv/bad
expect_problem 404
stop
