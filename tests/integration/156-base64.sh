#!/bin/sh
# SPDX-License-Identifier: MIT
# Bytes that are not UTF-8 are base64 in JSON, both ways and everywhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
for n in 0 1 2 3 4 5 100 70000; do
	{ head -c $n /dev/urandom; printf '\377'; } >"$dir/value"
	b64=$(base64 -w 0 "$dir/value")
	printf '{"value":"%s","encoding":"base64"}' "$b64" >"$dir/in"
	req PUT /kv/b -H "$json" --data-binary "@$dir/in"
	expect_status 200
	req GET '/kv/b?raw'
	expect_file "$dir/value"
	req GET /kv/b
	grep -qF "\"value\":\"$b64\",\"encoding\":\"base64\"" "$dir/body" ||
		fail "it is not in base64"
	# The URL alphabet and no padding are taken as well.
	printf '{"ops":[{"op":"put","key":"t","encoding":"base64","value":"%s"}]}' \
	    "$(printf %s "$b64" | tr '+/' '-_' | tr -d =)" >"$dir/in"
	req POST /kv -H "$json" --data-binary "@$dir/in"
	expect_status 200
	req GET '/kv/t?raw'
	expect_file "$dir/value"
	req GET '/kv?values=true&prefix=t'
	expect_json '.items[0].encoding == "base64"'
	[ "$(jq -r '.items[0].value' "$dir/body")" = "$b64" ] ||
		fail "a list has another value"
	# In CBOR they are a byte string.
	req GET /kv/t -H 'Accept: application/cbor'
	decode
	[ "$(jq -r .value.bytes "$dir/body")" = "$(hex "$dir/value")" ] ||
		fail "CBOR has other bytes"
done
# What is UTF-8 after all needs no encoding.
req PUT /kv/b -H "$json" -d '{"value":"aMOp","encoding":"base64"}'
req GET /kv/b
expect_json '.value == "hé" and (has("encoding") | not)'
req PUT /kv/b -H "$json" -d '{"value":"","encoding":"base64"}'
expect_status 200
req GET '/kv/b?raw'
expect_body ''

for bad in = A A= AAA== AA=A 'AA A' 'AAAA\n' 'AA*A' '====' AAAAA; do
	req PUT /kv/b -H "$json" -d "{\"value\":\"$bad\",\"encoding\":\"base64\"}"
	expect_problem 400
	txn '{"ops":[{"op":"put","key":"b","value":"'"$bad"'",
	    "encoding":"base64"}]}'
	expect_problem 400
	expect_json '.index == 0'
	txn '{"ops":[{"op":"get","key64":"'"$bad"'"}]}'
	expect_problem 400
done
for bad in '"value":1' '"value":null' '"value":["AA=="]' '"x":1'; do
	req PUT /kv/b -H "$json" -d "{$bad,\"encoding\":\"base64\"}"
	expect_problem 400
done
for bad in null 64 '"BASE64"' '""' '"cbor"' '"base64","encoding":"base64"'; do
	req PUT /kv/b -H "$json" -d "{\"value\":\"AA==\",\"encoding\":$bad}"
	expect_problem 400
done
stop
