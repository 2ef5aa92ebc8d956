#!/bin/sh
# SPDX-License-Identifier: MIT
# Keys that are not UTF-8, in lists, transactions and exports.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
for key in %00 %00%00 a%ff a%ff%2Fx a%ff%2Fy %c3%28 %ff %ff%ff %ff%ff%2F1 \
    %22%5c%0a %f0%9f%98%80; do
	req PUT "/kv?key=$key" -H "$json" -d "{\"value\":\"$key\"}"
	expect_status 200
done
req GET '/kv?values=true'
expect_json '.items | length == 11'
# Each is named once, as key or as key64, and can be got by that.
expect_json 'all(.items[]; has("key") != has("key64"))'
expect_json '[.items[] | select(has("key")) | .key] ==
    ["\u0000","\u0000\u0000","\"\\\n","😀"]'
expect_json '.items[] | select(.value == "%ff%ff") | .key64 == "//8="'
jq -c '{ops: [.items[] | {op: "get", key, key64} |
    with_entries(select(.value != null))]}' "$dir/body" >"$dir/gets"
jq -c '[.items[].value]' "$dir/body" >"$dir/wanted"
req POST /kv -H "$json" --data-binary "@$dir/gets"
expect_status 200
jq -c '[.results[].value]' "$dir/body" | cmp - "$dir/wanted" ||
	fail "not the same values"

req GET '/kv?delimiter=/&prefix=a'
expect_json '(.items | length) == 1 and .prefixes == [{"prefix64":"Yf8v"}]'
req GET '/kv?delimiter=/&prefix=a' -H 'Accept: application/cbor'
decode
expect_json '.items[0].key.bytes == "61ff" and .prefixes == [{"bytes":"61ff2f"}]'
req GET '/kv?delimiter=%ff'
expect_json '.items | length == 5'
expect_json '.prefixes | length == 2'

# Nothing lies behind a group of which all bytes are 255.
req GET '/kv?delimiter=%ff&prefix=%ff&limit=1'
expect_json '.items | length == 1'
cursor=$(jq -r .cursor "$dir/body")
req GET "/kv?delimiter=%ff&prefix=%ff&limit=1&cursor=$cursor"
expect_json '.prefixes == [{"prefix64":"//8="}] and .cursor == null'

# One at a time, both ways.
for reverse in false true; do
	cursor=
	: >"$dir/seen"
	while :; do
		req GET "/kv?limit=1&reverse=$reverse&values=true$cursor"
		expect_status 200
		jq -r '.items[0].value' "$dir/body" >>"$dir/seen"
		cursor=$(jq -r '.cursor // ""' "$dir/body")
		[ -n "$cursor" ] || break
		cursor="&cursor=$cursor"
	done
	if [ $reverse = true ]; then
		tac "$dir/seen" >"$dir/taken"
		mv "$dir/taken" "$dir/seen"
	fi
	jq -r '.[]' "$dir/wanted" | cmp - "$dir/seen" || fail "lost on the way"
done

export_to "$dir/out"
req DELETE '/kv?all=true'
import "$dir/out"
expect_json '.imported == 11'
export_to "$dir/again"
cmp "$dir/out" "$dir/again" || fail "not the same store"
stop
