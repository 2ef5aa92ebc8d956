#!/bin/sh
# SPDX-License-Identifier: MIT
# Every parameter of a list, by itself and with the others.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# keys QUERY KEYS: the list has these and nothing behind them
keys()
{
	req GET "/kv?$1"
	expect_status 200
	[ "$(jq -r '[.items[].key] | join(" ")' "$dir/body")" = "$2" ] ||
		fail "not the keys $2"
	expect_json '.cursor == null and (has("prefixes") | not)'
	expect_no_header Link
}

# groups QUERY KEYS PREFIXES
groups()
{
	req GET "/kv?$1"
	expect_status 200
	[ "$(jq -r '[.items[].key] | join(" ")' "$dir/body")" = "$2" ] ||
		fail "not the keys $2"
	[ "$(jq -r '.prefixes | join(" ")' "$dir/body")" = "$3" ] ||
		fail "not the prefixes $3"
}

start
keys '' ''
for key in a a/ a/1 a/2/x a/2/y ab b b/1 c%2525 d; do
	put "$key" "${key##*/}."
done
req GET /kv
expect_header Content-Type application/json
expect_header Vary Accept
keys '' 'a a/ a/1 a/2/x a/2/y ab b b/1 c%25 d'
keys 'prefix=a' 'a a/ a/1 a/2/x a/2/y ab'
keys 'prefix=a/' 'a/ a/1 a/2/x a/2/y'
keys 'prefix=a%2F2' 'a/2/x a/2/y'
keys 'prefix=c%2525' 'c%25'
keys 'prefix=' 'a a/ a/1 a/2/x a/2/y ab b b/1 c%25 d'
keys 'prefix=x' ''
keys 'prefix=%ff%ff' ''
keys 'start=b' 'b b/1 c%25 d'
keys 'start=b%00' 'b/1 c%25 d'
keys 'end=b' 'a a/ a/1 a/2/x a/2/y ab'
keys 'start=a/2&end=b' 'a/2/x a/2/y ab'
keys 'start=b&end=a' ''
keys 'start=b&end=b' ''
keys 'prefix=a/&start=a/2' 'a/2/x a/2/y'
keys 'prefix=a/&start=0&end=a/2' 'a/ a/1'
keys 'prefix=a/&start=b' ''
keys 'reverse=true' 'd c%25 b/1 b ab a/2/y a/2/x a/1 a/ a'
keys 'reverse=true&prefix=a/' 'a/2/y a/2/x a/1 a/'
keys 'reverse=true&start=a/2&end=b' 'ab a/2/y a/2/x'
keys 'reverse=false&prefix=b' 'b b/1'
keys 'reverse&prefix=b' 'b/1 b'
keys 'limit=10000' 'a a/ a/1 a/2/x a/2/y ab b b/1 c%25 d'
keys 'limit=10' 'a a/ a/1 a/2/x a/2/y ab b b/1 c%25 d'
keys '&&prefix=b&' 'b b/1'

groups 'delimiter=/' 'a ab b c%25 d' 'a/ b/'
groups 'delimiter=/&prefix=a' 'a ab' 'a/'
groups 'delimiter=/&prefix=a/' 'a/ a/1' 'a/2/'
groups 'delimiter=/&reverse=true' 'd c%25 b ab a' 'b/ a/'
groups 'delimiter=/&prefix=a/&reverse=true' 'a/1 a/' 'a/2/'
groups 'delimiter=/2' 'a a/ a/1 ab b b/1 c%25 d' 'a/2'
groups 'delimiter=zz' 'a a/ a/1 a/2/x a/2/y ab b b/1 c%25 d' ''
groups 'delimiter=/&start=a/2&end=b' 'ab' 'a/'
groups 'delimiter=a' 'b b/1 c%25 d' 'a'

# What is told of each.
req PUT /kv/e -H "$json" -d '{"value":[1,2],"ttl":1000}'
tag=$(etag | tr -d '"')
req PUT /kv/f -H 'Content-Type: Text/HTML; charset=x' -d '<p>'
req GET '/kv?start=e'
expect_json ".items[0] | .etag == \"$tag\" and .size == 5 and
    .type == \"application/json\" and .ttl > 900 and (has(\"value\") | not)"
expect_json '.items[1] | .type == "Text/HTML; charset=x" and .size == 3 and
    (has("ttl") | not)'
req GET '/kv?start=d&values=true'
expect_json '[.items[].value] == ["d.",[1,2],"<p>"]'
req GET '/kv?start=d&values=false'
expect_json 'all(.items[]; has("value") | not)'
# The tag is good for conditions.
req PUT /kv/e -H "If-Match: \"$tag\"" -H "$bin" -d 1
expect_status 200

# In CBOR, and the head alone.
req GET '/kv?prefix=a&delimiter=/&values=true' -H 'Accept: application/cbor'
decode
expect_json '.items[0].key == "a" and .items[0].value.bytes == "612e" and
    .prefixes == ["a/"] and .cursor == null'
req GET /kv
length=$(header Content-Length)
req HEAD /kv
expect_status 200
expect_header Content-Length "$length"
expect_header Content-Type application/json
req HEAD '/kv?limit=1'
expect_header Link '</kv?limit=1&cursor=*>; rel="next"'
stop
