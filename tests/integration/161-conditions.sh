#!/bin/sh
# SPDX-License-Identifier: MIT
# Conditions of transactions: all must hold, all that do not are told, and then
# nothing is changed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
put a 1
a=$(etag | tr -d '"')
put b 1
b=$(etag | tr -d '"')
put a 2
a2=$(etag | tr -d '"')
printf '{"ops":[{"op":"put","key64":"/w==","value":1}]}' >"$dir/in"
req POST /kv -H "$json" --data-binary "@$dir/in"
revision=$(header KV-Revision)

op='"ops":[{"op":"put","key":"a","value":"new"},{"op":"delete","key":"b"}]'
txn '{"if":[{"key":"a","etag":"'"$a"'"},{"key":"b","etag":"'"$b"'"},
    {"key":"b","exists":false},{"key":"none","exists":true},
    {"key":"none","etag":"'"$b"'"},{"key64":"/w==","exists":false},
    {"key":"a","exists":true}],'"$op}"
expect_problem 409
expect_json '[.failed[].index] == [0,2,3,4,5]'
expect_json "(.failed[0].etag | split(\"-\")[0]) == (\"$a2\" | split(\"-\")[0])"
expect_json '.failed[0].key == "a" and .failed[1].key == "b"'
expect_json '.failed[2] == {"index":3,"key":"none","etag":null}'
expect_json '.failed[3] == {"index":4,"key":"none","etag":null}'
expect_json '.failed[4].key64 == "/w==" and (.failed[4] | has("key") | not)'
req GET /kv/a
expect_body 2
req GET /kv/b
expect_body 1

# What it tells is good for another try.
current=$(txn '{"if":[{"key":"a","etag":"x"}],"ops":[]}' &&
    jq -r '.failed[0].etag' "$dir/body")
txn '{"if":[{"key":"a","etag":"'"$current"'"}],"ops":[]}'
expect_status 200
# With quotes, as in the header field, and of any representation.
for tag in "$a2" '\"'"$a2"'\"' "${a2%?}j" "${a2%?}c" "${a2%?}r"; do
	txn '{"if":[{"key":"a","etag":"'"$tag"'"}],"ops":[]}'
	expect_status 200
done
for tag in '' '\"\"' '"x"' '*' "W/$a2" "${a2}x" "0${a2}" "${a2%?}" 0 \
    "0${a2#?}"; do
	txn '{"if":[{"key":"a","etag":"'"$(echo "$tag" | tr -d '"')"'"}],"ops":[]}'
	expect_problem 409
	txn '{"if":[{"key":"n","etag":"'"$(echo "$tag" | tr -d '"\\')"'"}],"ops":[]}'
	expect_problem 409
done
# Conditions see what was before the operations.
txn '{"ops":[{"op":"put","key":"new","value":1}],
    "if":[{"key":"new","exists":false}]}'
expect_status 200
txn '{"ops":[{"op":"delete","key":"new"}],"if":[{"key":"new","exists":false}]}'
expect_problem 409
txn '{"if":[{"key":"a","exists":true},{"key":"b","exists":true},
    {"key":"none","exists":false},{"key":"a","etag":"'"$a2"'"}],'"$op}"
expect_status 200
req GET /kv/b
expect_problem 404
req GET '/kv/a?raw'
expect_body new
# A refused one uses no revision.
req GET /kv/a
follows "$(header KV-Revision)" "$revision" 2
# A tag that another store gave is not one of ours.
stop
new_store
start
put a 1
txn '{"if":[{"key":"a","etag":"'"1-${a#*-}"'"}],"ops":[]}'
expect_problem 409
stop
