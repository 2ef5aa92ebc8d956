#!/bin/sh
# SPDX-License-Identifier: MIT
# What is no transaction is refused as a whole, with the place of the first
# mistake.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
# Not even one of its lists.
for body in '' '{' '[]' null '"x"' '{}' '{"if":[]}' '{"ops":{}}' \
    '{"ops":null}' '{"ops":[],"ops":[]}' '{"ops":[],"if":[],"if":[]}' \
    '{"ops":[],"if":{}}' '{"ops":[]}x' '{"ops":[]}{"ops":[]}' \
    '{"ops":[],"sync":1}' '{"ops":[],"sync":true,"sync":true}' \
    '{"ops":[],"x":1}' '{"OPS":[]}' '{"value":1}' '{"ops":[' '{"ops":[]'; do
	txn "$body"
	expect_problem 400
	expect_json '.offset | type == "number"'
	expect_json '(has("index") | not) or .index == 0'
done

# in_ops OPERATION: refused as the third operation
in_ops()
{
	txn '{"ops":[{"op":"put","key":"x","value":1},{"op":"get","key":"x"},
	    '"$1"',{"op":"get","key":"x"}]}'
	expect_problem 400
	expect_json '.list == "ops" and .index == 2 and .offset > 60'
}
for op in 1 null '[]' '{}' '{"op":"put"}' '{"key":"a"}' \
    '{"op":"put","key":"a"}' '{"op":"put","value":1}' \
    '{"op":"PUT","key":"a","value":1}' '{"op":"","key":"a"}' \
    '{"op":"incr","key":"a"}' '{"op":1,"key":"a"}' '{"op":null,"key":"a"}' \
    '{"op":"get","op":"get","key":"a"}' '{"op":"get","key":"a","x":1}' \
    '{"op":"get","key":"a","value":1}' '{"op":"get","key":"a","ttl":1}' \
    '{"op":"get","key":"a","encoding":"base64"}' \
    '{"op":"delete","key":"a","value":null}' '{"op":"get","key":""}' \
    '{"op":"get","key":1}' '{"op":"get","key":null}' \
    '{"op":"get","key":"a","key":"a"}' '{"op":"get","key":"a","key64":"YQ"}' \
    '{"op":"get","key64":""}' '{"op":"get","key64":"*"}' \
    '{"op":"get","key":"'"$(repeat k 1025)"'"}' \
    '{"op":"put","key":"a","value":1,"ttl":0}' \
    '{"op":"put","key":"a","value":1,"ttl":1.5}' \
    '{"op":"put","key":"a","value":1,"ttl":315360001}' \
    '{"op":"put","key":"a","value":1,"ttl":"1"}' \
    '{"op":"put","key":"a","value":1,"value":2}' \
    '{"op":"put","key":"a","value":1,"type":"text/html"}' \
    '{"op":"put","key":"a","value":1,"expires_ms":99999999999999}' \
    '{"op":"get","key":"a","etag":"x"}' '{"op":"get","key":"a",}' \
    '{"op":"put","key":"a","value":"\ud800"}' '{"op":"get","key":"\ud800"}'; do
	in_ops "$op"
done
for cond in 1 '{}' '{"key":"a"}' '{"exists":true}' '{"etag":"x"}' \
    '{"key":"a","exists":1}' '{"key":"a","exists":null}' \
    '{"key":"a","etag":1}' '{"key":"a","etag":null}' \
    '{"key":"a","etag":"x","exists":true}' '{"key":"a","op":"get"}' \
    '{"key":"a","exists":true,"exists":true}' '{"key":"","exists":true}' \
    '{"key":"a","value":1}' '{"key":"a","exists":true,"x":1}'; do
	txn '{"if":[{"key":"x","exists":false},'"$cond"'],"ops":[]}'
	expect_problem 400
	expect_json '.list == "if" and .index == 1 and .offset > 20'
done
req GET /kv/x
expect_problem 404

# Parameters.
req POST '/kv?sync=maybe' -H "$json" -d '{"ops":[]}'
expect_problem 400
req POST '/kv?ttl=1' -H "$json" -d '{"ops":[]}'
expect_problem 400
stop
