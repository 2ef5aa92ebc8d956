#!/bin/sh
# SPDX-License-Identifier: MIT
# A transaction: operations in order, own writes seen, one revision.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
put old 1
txn '{"ops":[
    {"op":"get","key":"a"},
    {"op":"put","key":"a","value":{"n":[1]}},
    {"op":"get","key":"a"},
    {"op":"put","key":"a","value":"two","ttl":1000},
    {"op":"get","key":"a"},
    {"op":"get","key":"old"},
    {"op":"delete","key":"old"},
    {"op":"get","key":"old"},
    {"op":"delete","key":"never"},
    {"op":"put","key":"b","value":"/wA=","encoding":"base64"},
    {"op":"get","key":"b"},
    {"op":"put","key64":"/w==","value":null},
    {"op":"get","key64":"_w"}]}'
expect_status 200
expect_header Content-Type application/json
expect_header KV-Revision '[1-9]*'
expect_json '.status == "ok" and .durable == false and
    (keys == ["durable","results","revision","status"])'
expect_json '.results | length == 13'
expect_json '.results[0] == {"found":false,"value":null}'
expect_json '.results[1] | keys == ["etag"]'
expect_json '.results[2] | .found and .value == {"n":[1]} and (has("ttl")|not)'
expect_json '.results[3] | keys == ["etag"]'
expect_json '.results[4] | .value == "two" and .ttl >= 999 and .ttl <= 1000'
expect_json '.results[5] | .found and .value == "1" and .etag != null'
expect_json '.results[6] == {}'
expect_json '.results[7] == {"found":false,"value":null}'
expect_json '.results[8] == {}'
expect_json '.results[10] | .value == "/wA=" and .encoding == "base64"'
expect_json '.results[12] | .found and .value == null'
# One revision for all of it, which the entity tags show.
expect_json '([.results[1,3,4,9,11].etag] | unique | length) == 1'
expect_json '(.results[3].etag | split("-")[0]) == (.revision | tostring)'
revision=$(jq .revision "$dir/body")
tag=$(jq -r '.results[3].etag' "$dir/body")
expect_header KV-Revision "$revision"
req GET /kv/a -H 'Accept: application/json'
expect_json '.value == "two"'
[ "$(etag)" = "\"$tag\"" ] || fail "another ETag"
expect_header KV-Revision "$revision"
req GET '/kv?key=%ff'
expect_json '.value == null'
expect_header KV-Revision "$revision"
req GET /kv/old
expect_problem 404

# Multi-get: found or not, and its revision is not a new one.
txn '{"ops":[{"op":"get","key":"b"},{"op":"get","key":"x"},
    {"op":"get","key":"b"}]}'
expect_status 200
expect_json '[.results[].found] == [true,false,true]'
put c 1
follows "$(header KV-Revision)" "$revision" 1
txn '{"ops":[]}'
expect_json '.results == []'

# Synced, by body and by parameter; the body's word counts.
put='"ops":[{"op":"put","key":"s","value":1}]'
for query in '' '?sync=false' '?sync=true'; do
	for sync in '' '"sync":true,' '"sync":false,'; do
		want=true
		case $sync:$query in
		:|:*false|*false,:*) want=false ;;
		esac
		printf '{%s%s}' "$sync" "$put" >"$dir/in"
		req POST "/kv$query" -H "$json" --data-binary "@$dir/in"
		expect_status 200
		expect_json ".durable == $want"
	done
done

# Members in any order, white space, an etag of a value put raw.
txn '{ "sync" : false , "ops" : [ { "value" : 1 , "key" : "o" , "op" :
    "put" } ] , "if" : [ { "exists" : true , "key" : "a" } ] }'
expect_status 200
# A TTL goes when it is put again without one.
txn '{"ops":[{"op":"put","key":"a","value":1},{"op":"get","key":"a"}]}'
expect_json '.results[1] | has("ttl") | not'
# Raw values come as text or base64.
put raw text
txn '{"ops":[{"op":"get","key":"raw"}]}'
expect_json '.results[0] | .value == "text" and (has("encoding") | not)'
stop
