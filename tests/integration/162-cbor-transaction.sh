#!/bin/sh
# SPDX-License-Identifier: MIT
# Transactions in CBOR: the same map as in JSON, with bytes where those have
# base64.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# cbor_txn HEXADECIMAL...
cbor_txn()
{
	bytes "$@" >"$dir/in"
	req POST /kv -H "$cbor" --data-binary "@$dir/in"
}
put=a3626f7063707574
get=a2626f7063676574
del=a2626f706664656c657465
key=636b6579
value=6576616c7565

start
# {"ops":[put a [1,h'ff00'], get a, put h'ff' h'00fe', get h'ff',
#     delete a, get a]}
cbor_txn a1 636f7073 86 "$put$key" 6161 $value 8201 42ff00 "$get$key" 6161 \
    "$put$key" 41ff $value 4200fe "$get$key" 41ff "$del$key" 6161 \
    "$get$key" 6161
expect_status 200
decode
expect_json '.status == "ok" and .durable == false'
follows "$(jq .revision "$dir/body")" 0 1
expect_json '.results[1].value == [1,{"bytes":"ff00"}] and .results[1].found'
expect_json '.results[3].value == {"bytes":"00fe"}'
expect_json '.results[0].etag == .results[1].etag'
expect_json '.results[4] == {} and
    .results[5] == {"found":false,"value":null}'
req GET '/kv?key=%ff&raw'
bytes 00fe >"$dir/want"
expect_file "$dir/want"
# What came as CBOR goes as CBOR.
req GET '/kv?key=%ff'
expect_header Content-Type application/cbor

# Of indefinite length: {_ "sync": true, "ops": [_ {_ put k "v", ttl 1000}]}
cbor_txn bf 6473796e63f5 636f7073 9f bf 626f70 63707574 "$key" 616b $value \
    6176 6374746c 1903e8 ff ff ff
expect_status 200
decode
expect_json '.durable == true'
req GET /kv/k -H 'Accept: application/json'
expect_json '.value == "v" and .ttl > 900'

# {"if":[{"key":"k","exists":false},{"key":h'ff',"etag":"x"}],"ops":[]}: the
# problem is JSON all the same.
cbor_txn a2 626966 82 a2 "$key" 616b 66657869737473 f4 a2 "$key" 41ff \
    6465746167 6178 636f7073 80
expect_problem 409
expect_json '[.failed[].index] == [0,1] and .failed[1].key64 == "/w=="'

# Not a transaction, and where it is not.
mkdir "$dir/bad"
while read -r item; do
	bytes $item >"$dir/bad/$(echo "$item" | tr -d ' ')"
done <<EOF
80
a0
a1 636f7073
a1 636f7073 a0
a1 636f7073 81 00
a1 636f7073 81 a1 626f70 63707574
a1 636f7073 81 $put $key 6161 $value
a1 636f7073 81 $get $key 01
a1 636f7073 81 $get $key 60
a1 636f7073 81 $get $key 40
a1 636f7073 81 $get 656b65793634 41ff
a1 636f7073 81 $get $key 6161 00
a2 636f7073 80 636f7073 80
a1 01 80
a1 43666f6f 80
a1 636f7073 9f
a1 636f7073 9b ffffffffffffffff $get $key 6161
bf 636f7073 80
EOF
send_all POST /kv "$cbor" "$dir/bad"
all_refused "$dir/bad"
stop
