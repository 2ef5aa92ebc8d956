#!/bin/sh
# SPDX-License-Identifier: MIT
# The CBOR envelope: the same map as JSON's, and byte strings allowed.
. "$(dirname "$0")/lib.sh"

# put_cbor KEY HEXADECIMAL
put_cbor()
{
	perl -e 'print pack("H*", shift)' "$2" >"$dir/cbor"
	req PUT "/kv/$1" -H 'Content-Type: application/cbor' \
	    --data-binary "@$dir/cbor"
}

# expect_cbor HEXADECIMAL: the answer has these bytes somewhere
expect_cbor()
{
	expect_header Content-Type application/cbor
	perl -0777 -ne 'print unpack("H*", $_)' "$dir/body" >"$dir/hex"
	grep -q "$1" "$dir/hex" || fail "$(cat "$dir/hex") has no $1"
}

start
# {"value": [1, {"a": null}]}
put_cbor a a16576616c75658201a16161f6
expect_status 200
req GET /kv/a
expect_cbor 6576616c75658201a16161f6
expect_cbor 6465746167 # "etag"
req GET /kv/a -H 'Accept: application/json'
expect_json '.value == [1,{"a":null}]'

# {"value": "hi", "ttl": 1000}; a text is stored as its text.
put_cbor t a26576616c75656268696374746c1903e8
expect_status 200
req GET '/kv/t?raw'
expect_body hi
expect_header KV-TTL '[1-9]*'

# {"value": h'ff00'}: bytes.
put_cbor b a16576616c756542ff00
expect_status 200
req GET /kv/b
expect_cbor 6576616c756542ff00
req GET /kv/b -H 'Accept: application/json'
expect_json '.value == "/wA=" and .encoding == "base64"'

# A value put as JSON or raw comes as CBOR when asked for.
req PUT /kv/j -H "$json" -d '{"value":true}'
req GET /kv/j -H 'Accept: application/cbor'
expect_cbor 6576616c7565f5
put r text
req GET /kv/r -H 'Accept: application/cbor'
expect_cbor 6576616c7565

# Empty, cut short, not a map, nested too deep, trailing bytes.
for body in '' a1 a16576616c7565 a1657661 01 80 f6 a0 \
    a16576616c75650100 a26576616c7565016576616c756502 \
    a16576616c75655bffffffffffffffff a16576616c75659bffffffffffffffff \
    "a16576616c7565$(repeat 8 1000 | sed 's/8/81/g')"; do
	put_cbor bad "$body"
	expect_problem 400
done
req GET /kv/bad
expect_problem 404
stop
