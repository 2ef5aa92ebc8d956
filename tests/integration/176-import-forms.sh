#!/bin/sh
# SPDX-License-Identifier: MIT
# What an import takes: any end of line, empty ones, no last one, any size,
# chunked or not; a type, an expiry.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# imported COUNT
imported()
{
	expect_status 200
	expect_json ".status == \"ok\" and .imported == $1"
	[ "$1" = 0 ] || expect_json '.durable | type == "boolean"'
}

start
: >"$dir/in"
import "$dir/in"
imported 0
req POST /kv -H "$ndjson"
imported 0
printf '\n\r\n  \n\t\r\n' >"$dir/in"
import "$dir/in"
imported 0
printf '{"key":"a","value":1}\n{"key":"b","value":2}' >"$dir/in"
import "$dir/in"
imported 2
printf '\n{"key":"c","value":3}\r\n\r\n { "value":4 , "key":"d" } \r\n{"key":"c","value":5}\r' \
    >"$dir/in"
import "$dir/in"
imported 3
req GET '/kv?values=true'
expect_json '[.items[] | [.key,.value]] ==
    [["a",1],["b",2],["c",5],["d",4]]'
# One revision for many, later lines over earlier ones; chunked or not.
{ lines 5000 10; lines 5000 20; } >"$dir/in"
for how in 'X-None: 1' 'Transfer-Encoding: chunked'; do
	req DELETE '/kv?all=true'
	import "$dir/in" -H "$how"
	imported 10000
	req GET '/kv?values=true'
	expect_json '(.items | length) == 1000'
	expect_json 'all(.items[]; .value | length == 20)'
	req GET '/kv?count=true'
	expect_json '.count == 5000'
	req GET /kv/k00005000
	[ -n "${SKV_MARIADB:-}" ] || [ "$(header KV-Revision)" -lt 100 ] ||
		fail "a revision for each key"
done
import "$dir/in" -H 'Content-Type: Application/X-NDJSON; charset=utf-8' \
    -H 'Content-Type: application/x-ndjson'
# Lines that are larger than all the buffers between.
{ printf '{"key":"big","value":"'; repeat x 3000000; printf '"}\n'
  printf '{"key64":"/w==","value":"/wA=","encoding":"base64","ttl":1000}\n'
  printf '{"key":"html","value":"<p>","type":"text/html"}\n'
  printf '{"key":"past","value":1,"expires_ms":1}\n'
  printf '{"key":"future","value":1,"expires_ms":%s000}\n' \
      $(($(date +%s) + 1000))
  printf '{"key":"c","value":"gQE","encoding":"cbor","envelope":"cbor"}'
} >"$dir/in"
import "$dir/in"
imported 6
req GET '/kv/big?raw'
[ "$(wc -c <"$dir/body")" = 3000000 ] || fail "the long line was cut"
req GET '/kv?key=%ff'
expect_json '.value == "/wA=" and .ttl > 900'
req GET /kv/html
expect_header Content-Type text/html
expect_body '<p>'
req GET /kv/past
expect_problem 404
req GET /kv/future
expect_json '.ttl > 900 and .ttl <= 1000'
req GET /kv/c
expect_header Content-Type application/cbor
decode
expect_json '.value == [1]'
# Synced once at the end, when wanted.
import "$dir/in"
expect_json '.durable == false'
req POST '/kv?sync=true' -H "$ndjson" --data-binary "@$dir/in"
expect_json '.durable == true and .imported == 6'
stop
# A small limit of transactions makes more of them, and no other difference.
new_store
start --max-txn 1k --max-value 1k
lines 1000 700 >"$dir/in"
import "$dir/in"
imported 1000
export_to "$dir/out"
cmp "$dir/in" "$dir/out" || fail "not the same"
stop
