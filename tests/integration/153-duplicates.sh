#!/bin/sh
# SPDX-License-Identifier: MIT
# A member that comes twice is refused, at every depth and however spelled:
# readers would differ about which one counts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
for value in '{"a":1,"a":1}' '{"a":1,"b":2,"a":3}' '[{"a":{"b":1,"b":2}}]' \
    '{"a":1,"\u0061":2}' '{"\u00e9":1,"é":2}' '{"":1,"":2}' \
    '{"\ud83d\ude00":1,"😀":2}' '{"a/b":1,"a\/b":2}'; do
	req PUT /kv/bad -H "$json" -d "{\"value\":$value}"
	expect_problem 400
	expect_json '.offset > 9'
	txn "{\"ops\":[{\"op\":\"put\",\"key\":\"bad\",\"value\":$value}]}"
	expect_problem 400
	expect_json '.list == "ops" and .index == 0 and .offset'
	printf '{"key":"bad","value":%s}\n' "$value" >"$dir/in"
	import "$dir/in"
	expect_problem 400
	expect_json '.line == 1 and .applied == 0'
done
# {"value": {"a":1,"a":1}}, {"value":[{1:0,1:0}]}, {"value":{h'61':0,"a":..}}
for item in a2616101616101 81a201000100 a2416100416100 a2f600f600; do
	bytes a16576616c7565 $item >"$dir/c"
	req PUT /kv/bad -H "$cbor" --data-binary "@$dir/c"
	expect_problem 400
	expect_json .offset
done
req GET /kv/bad
expect_problem 404
# The same name in different maps is no duplicate; nor are other cases.
req PUT /kv/good -H "$json" \
    -d '{"value":{"a":{"a":[{"a":1},{"a":1}]},"A":1,"a ":2}}'
expect_status 200
# Very many names, of which the last is the first again.
perl -e 'print "{\"value\":{", join(",", map { "\"n$_\":0" } 1 .. 200000),
    $ARGV[0], "}}"' '' >"$dir/many"
req PUT /kv/good -H "$json" --data-binary "@$dir/many"
expect_status 200
perl -e 'print "{\"value\":{", join(",", map { "\"n$_\":0" } 1 .. 200000),
    $ARGV[0], "}}"' ',"n1":0' >"$dir/many"
req PUT /kv/bad -H "$json" --data-binary "@$dir/many"
expect_problem 400
stop
