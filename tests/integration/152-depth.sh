#!/bin/sh
# SPDX-License-Identifier: MIT
# A value may be nested as deep as max_depth, and no deeper, wherever it comes
# in; it goes out everywhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# nested DEPTH: arrays and maps in turns
nested()
{
	perl -e 'my ($s, $e) = ("", "");
	    for (1 .. shift) {
		$s .= $_ % 2 ? "[" : "{\"a\":";
		$e = ($_ % 2 ? "]" : "}") . $e;
	    }
	    $s .= "0" if $s =~ /:$/;
	    print $s . $e;' "$1"
}

# try DEPTH STATUS: through every door
try()
{
	value=$(nested "$1")
	req PUT /kv/p -H "$json" -d "{\"value\":$value}"
	expect_status "$2"
	txn "{\"ops\":[{\"op\":\"put\",\"key\":\"t\",\"value\":$value}]}"
	expect_status "$2"
	printf '{"key":"i","value":%s}\n' "$value" >"$dir/in"
	import "$dir/in"
	expect_status "$2"
	bytes a16576616c7565 "$(repeat 8 "$1" | sed 's/8/81/g')" 00 >"$dir/c"
	req PUT /kv/c -H "$cbor" --data-binary "@$dir/c"
	expect_status "$2"
	bytes a1636f707381a3626f7063707574636b6579617565 76616c7565 \
	    "$(repeat 8 "$1" | sed 's/8/81/g')" 00 >"$dir/c"
	req POST /kv -H "$cbor" --data-binary "@$dir/c"
	expect_status "$2"
}

for depth in 1 5 64 500; do
	start --max-depth $depth
	try $depth 200
	for key in p t i; do
		req GET /kv/$key
		grep -qF "\"value\":$value," "$dir/body" || fail "changed"
		req GET /kv/$key -H 'Accept: application/cbor'
		expect_status 200
	done
	req GET /kv/c -H 'Accept: application/json'
	[ "$(tr -cd '[' <"$dir/body" | wc -c)" = $depth ] || fail "changed"
	export_to "$dir/out"
	req DELETE '/kv?all=true'
	import "$dir/out"
	expect_status 200
	expect_json '.imported == 5'
	try $((depth + 1)) 400
	expect_json .offset
	stop
done
