#!/bin/sh
# SPDX-License-Identifier: MIT
# application/json that is no envelope is 400 with advice; nothing is stored.
. "$(dirname "$0")/lib.sh"

start
put a 1
for body in '' '{' '[]' '"x"' 1 null '{}' '{"valve":1}' '{"value":1,"x":2}' \
    '{"value":1}x' '{"value":1}{"value":2}' '{"value":1,}' "{'value':1}" \
    '{"value":NaN}' '{"value":01}' '{"value":"\ud800"}' '{"value":tru}' \
    '{"value":1,"encoding":"base64"}' '{"value":"%","encoding":"base64"}' \
    '{"value":"eA==","encoding":"rot13"}' '{"value":1 /* no */}' \
    '{"value":1,"value":2}'; do
	req PUT /kv/a -H "$json" --data-binary "$body"
	expect_problem 400
done
for body in '[1,2]' '{"name":"x"}'; do
	req PUT /kv/a -H "$json" -d "$body"
	expect_problem 400
	grep -q '?raw' "$dir/body" || fail "no advice in the message"
done
printf '{"value":"\377"}' >"$dir/latin"
req PUT /kv/a -H "$json" --data-binary "@$dir/latin"
expect_problem 400
# Deep enough to exhaust a careless parser.
{ printf '{"value":'; repeat '[' 100000; } >"$dir/deep"
req PUT /kv/a -H "$json" --data-binary "@$dir/deep"
expect_problem 400
req GET /kv/a
expect_body 1
# The type is compared without regard to case and parameters.
req PUT /kv/a -H 'Content-Type: Application/JSON; charset=utf-8' -d '{"value":2}'
expect_status 200
stop
