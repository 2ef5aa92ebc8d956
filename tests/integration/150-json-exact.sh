#!/bin/sh
# SPDX-License-Identifier: MIT
# A JSON value comes back as the same text, whatever a double would make of
# it; white space goes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# came VALUE: the envelope has this value, to the character
came()
{
	grep -qF "\"value\":$1,\"etag\":" "$dir/body" ||
		fail "the value is not $1"
}

start
for value in 0 -0 -0.0 0.0 1.0 1.10 1e2 1E+2 1e-2 0.1 5e-324 1e-400 \
    1.7976931348623157e308 123456789.123456789123456789 \
    9007199254740993 -9007199254740993 9223372036854775807 \
    9223372036854775808 -9223372036854775809 18446744073709551615 \
    123456789012345678901234567890123456789012345678901234567890 \
    '[0,-0,1e0,{"a":-0.0}]' '{"b":1,"a":2}' '{"":{"":[]}}' '[[],{}]' \
    '["a",null,true,false]' "[$(repeat 9 1000)]"; do
	req PUT /kv/v -H "$json" -d "{\"value\":$value}"
	expect_status 200
	req GET /kv/v
	came "$value"
	txn "{\"ops\":[{\"op\":\"put\",\"key\":\"t\",\"value\":$value},
	    {\"op\":\"get\",\"key\":\"t\"}]}"
	expect_status 200
	grep -qF "\"value\":$value," "$dir/body" || fail "a result changed"
	req GET '/kv?values=true&prefix=t'
	grep -qF "\"value\":$value}" "$dir/body" || fail "a list changed it"
	export_to "$dir/export" '?prefix=v'
	expect_body "{\"key\":\"v\",\"value\":$value}
"
done
printf ' {\t"value" :\r\n [ 1 , { "a" : 2 } ] } \n' >"$dir/spaced"
req PUT /kv/v -H "$json" --data-binary "@$dir/spaced"
expect_status 200
req GET /kv/v
tr -d ' \t\r\n' <"$dir/body" >"$dir/tight"
mv "$dir/tight" "$dir/body"
came '[1,{"a":2}]'
stop
