#!/bin/sh
# SPDX-License-Identifier: MIT
# Accept decides, with its q-values and the most specific range first, for
# every kind of value and of answer.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# type ACCEPT PATH TYPE [BODY]: GET with it gives that type
type()
{
	req GET "$2" -H "Accept:$1"
	expect_status 200
	expect_header Content-Type "$3"
	expect_header Vary '*Accept*'
}

start
put text hello
req PUT /kv/html -H 'Content-Type: text/html' -d '<p>'
req PUT /kv/doc -H "$json" -d '{"value":[1]}'
bytes a16576616c75658101 >"$dir/c"
req PUT /kv/cdoc -H "$cbor" --data-binary "@$dir/c"
req PUT /kv/str -H "$json" -d '{"value":"s"}'
J=application/json
C=application/cbor
O=application/octet-stream

for key in text html doc cdoc str; do
	type " $J" /kv/$key $J
	type " $C" /kv/$key $C
	type " $J;q=0.5, $C" /kv/$key $C
	type " $J, $C;q=0.999" /kv/$key $J
	type " $C;q=0, $J" /kv/$key $J
	type " APPLICATION/CBOR" /kv/$key $C
	type " image/png, $C ; q=0.001" /kv/$key $C
	type " $J;q=0.2,$C;q=0.3,$O;q=0.1,*/*;q=0" /kv/$key $C
done
# Without a preference: what was put.
for accept in '' ' */*' ' */*;q=0.1' ' text/plain;q=0, */*'; do
	type "$accept" /kv/html text/html
	type "$accept" /kv/doc $J
	type "$accept" /kv/cdoc $C
	type "$accept" /kv/str $J
done
type " $O" /kv/text $O
expect_body hello
type ' text/html' /kv/html text/html
expect_body '<p>'
type ' text/*' /kv/html text/html
type " text/html, $J;q=0.9" /kv/html text/html
type " application/*" /kv/doc $J

for accept in image/png "$J;q=0" 'text/*' "$J;q=0, $C;q=0, $O;q=0"; do
	for path in /kv/doc /kv/cdoc /kv '/kv?count=true'; do
		req GET "$path" -H "Accept: $accept"
		expect_problem 406
	done
	for type in "$json" "$cbor"; do
		req POST /kv -H "$type" -H "Accept: $accept" \
		    -d '{"ops":[{"op":"put","key":"x","value":1}]}'
		expect_problem 406
	done
	req DELETE '/kv?all=true' -H "Accept: $accept"
	expect_problem 406
done
req GET '/kv?count=true' -H 'Accept: application/x-ndjson'
expect_problem 406
req GET '/kv?count=true'
expect_json '.count == 5'

type " $J" /kv $J
type " $C" /kv $C
type " application/x-ndjson" /kv application/x-ndjson
type " application/x-ndjson;q=0.1, $C;q=0.2" /kv $C
type " application/x-ndjson, $C;q=0.2" /kv application/x-ndjson
type '' /kv $J
type ' */*' /kv $J
type " $C" '/kv?count=true' $C
decode
expect_json '.count == 5'
# A transaction is answered as it came, unless Accept says otherwise.
txn '{"ops":[]}' -H "Accept: $C, $J;q=0.1"
expect_status 200
decode
expect_json '.status == "ok"'
bytes a1636f707380 >"$dir/c"
req POST /kv -H "$cbor" --data-binary "@$dir/c"
expect_status 200
decode
expect_json '.results == []'
req POST /kv -H "$cbor" --data-binary "@$dir/c" -H "Accept: $J"
expect_header Content-Type $J
# Other types of body.
for type in text/plain application/xml application/jsonx; do
	req POST /kv -H "Content-Type: $type" -d x
	expect_problem 415
	expect_header Accept-Post '*application/cbor*'
done
req POST /kv -H 'Content-Type:' -d x
expect_problem 415
stop
