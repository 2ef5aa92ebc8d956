#!/bin/sh
# SPDX-License-Identifier: MIT
# An export piped into the import of another daemon makes the same store:
# values, kinds, types, envelopes and expiry.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
head -c 300000 /dev/urandom >"$dir/large"
n=0
for type in ' text/plain' ' Text/HTML; charset=utf-8' ' image/png' \
    ' application/octet-stream' ' application/x-a; b="c\\d"' \
    ' application/json' ' application/cbor'; do
	n=$((n + 1))
	req PUT "/kv/raw/$n?raw" -H "Content-Type:$type" -d 'é<>"\'
	expect_status 200
	req PUT "/kv/bytes/$n?raw&ttl=$((n * 1000))" -H "Content-Type:$type" \
	    --data-binary "@$dir/large"
	expect_status 200
done
req PUT /kv/empty -H "$bin"
for value in '""' '"text"' null -0 1e400 12345678901234567890123 \
    '{"b":1,"a":[{}]}' '"\u0000\ud83d\ude00"'; do
	n=$((n + 1))
	req PUT /kv/json/$n -H "$json" -d "{\"value\":$value,\"ttl\":${n}000}"
	expect_status 200
done
req PUT /kv/json/b64 -H "$json" -d '{"value":"/wA=","encoding":"base64"}'
for item in f6 f7 c249010000000000000000 8142ff00 6161 42ff00 a10102 f97e00; do
	bytes a16576616c7565 $item >"$dir/in"
	req PUT /kv/cbor/$item -H "$cbor" --data-binary "@$dir/in"
	expect_status 200
done
req PUT '/kv?key=%ff%00' -H "$json" -d '{"value":1}'
txn '{"ops":[{"op":"put","key":"t","value":{"x":[1]},"ttl":315360000}]}'

# look FILE: every value as its representations, without the entity tags
look()
{
	: >"$1"
	for accept in '*/*' application/json application/cbor \
	    application/octet-stream; do
		jq -r '.items[] | .key // "%ff%00"' "$dir/names" |
			while read -r key; do
			req GET "/kv?key=$key" -H "Accept: $accept"
			echo "$key $accept $(header Content-Type)" >>"$1"
			if [ "$(header Content-Type)" = application/cbor ]; then
				hex "$dir/body"
			else
				cat "$dir/body"
			fi | sed -e 's/"etag":"[^"]*"//' \
			    -e 's/"ttl":[0-9]*/"ttl"/' \
			    -e "s/6465746167.*//" >>"$1"
		done
	done
}
req GET /kv
cp "$dir/body" "$dir/names"
look "$dir/before"
export_to "$dir/out"
[ "$(wc -l <"$dir/out")" = "$(jq '.items | length' "$dir/names")" ] ||
	fail "not a line for each key"
jq -c . "$dir/out" >"$dir/parsed" || fail "not JSON lines"
req GET /kv
jq -c '[.items[] | {key, key64, size, type, e: has("ttl")}]' "$dir/body" \
    >"$dir/list"

# Into another daemon, straight from one to the other, in chunks.
mkdir -p "$dir/2/nginx"
both_end()
{
	ended=$?
	set +e
	reap web
	reap other
	(exit $ended)
	finish
}
trap both_end EXIT
spawn other "$dir/daemon.other.log" "$SCRIBEKVD" \
    --config "$dir/scribekv.conf" --store "leveldb:$dir/2/db" \
    --socket "$dir/2/d.sock"
wait_for "the other daemon" grep -q ready "$dir/daemon.other.log"
sed "s|$dir/|$dir/2/|g" "$dir/nginx.conf" >"$dir/2/nginx.conf"
spawn web "$dir/2/nginx.log" \
    nginx -e "$dir/2/error.log" -c "$dir/2/nginx.conf"
wait_for "the other nginx" test -S "$dir/2/n.sock"
curl -sS --unix-socket "$nsock" -H 'Accept: application/x-ndjson' \
    http://t/kv | curl -sS --unix-socket "$dir/2/n.sock" -H "$ndjson" -T - \
    -X POST -o "$dir/answer" http://t/kv
jq -e ".status == \"ok\" and .imported == $(wc -l <"$dir/out")" "$dir/answer" \
    >"$dir/jq" || fail "$(cat "$dir/answer")"
nsock=$dir/2/n.sock
export_to "$dir/out2"
cmp "$dir/out" "$dir/out2" || fail "the exports differ"
look "$dir/after"
diff "$dir/before" "$dir/after" >"$dir/diff" ||
	fail "not the same: $(head -c 500 "$dir/diff")"
req GET /kv
jq -c '[.items[] | {key, key64, size, type, e: has("ttl")}]' "$dir/body" |
	cmp - "$dir/list" || fail "the lists differ"
nsock=$dir/n.sock
reap web
reap other
wait_for "the other daemon to stop" test -f "$dir/other.rc"
[ "$(cat "$dir/other.rc")" = 0 ] || fail "status $(cat "$dir/other.rc")"
trap finish EXIT
# Ranges, and nothing.
export_to "$dir/some" '?prefix=cbor/'
grep '"key":"cbor/' "$dir/out" | cmp - "$dir/some" || fail "another range"
export_to "$dir/some" '?start=a&end=c&prefix=b'
[ "$(wc -l <"$dir/some")" = 7 ] || fail "another range"
export_to "$dir/some" '?prefix=none'
[ ! -s "$dir/some" ] || fail "something of nothing"
req HEAD /kv -H 'Accept: application/x-ndjson'
expect_status 200
stop
