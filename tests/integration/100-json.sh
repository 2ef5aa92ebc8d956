#!/bin/sh
# SPDX-License-Identifier: MIT
# A JSON envelope goes in and comes out; X is any JSON value.
. "$(dirname "$0")/lib.sh"

start
for value in '"text"' '""' null true false 0 -1 1.5 '[]' '{}' \
    '[1,[2,{"a":null}]]' '{"b":{"c":[true]},"a":"x"}' '"\u00e9\u20ac"' \
    '"a\"b\\c\n"' '"\ud83d\ude00"' 9007199254740993; do
	req PUT /kv/k -H "$json" -d "{\"value\":$value}"
	expect_status 200
	expect_json '.status == "ok" and .durable == false'
	expect_json '.revision | type == "number" and . > 0'
	req GET /kv/k
	expect_status 200
	expect_header Content-Type 'application/json*'
	expect_header KV-Revision '[1-9]*'
	expect_json ".value == $value"
	expect_json '(has("ttl") or has("encoding")) | not'
	# The member is the header without its quotes.
	[ "\"$(jq -r .etag "$dir/body")\"" = "$(etag)" ] ||
		fail "ETag and the member etag differ"
done
# jq reads numbers as doubles: look at the text itself.
grep -q 9007199254740993 "$dir/body" || fail "a large integer changed"

# A string is stored as its text.
req PUT /kv/k -H "$json" -d '{"value":"h\u00e9"}'
req GET '/kv/k?raw'
expect_body 'hé'
stop
