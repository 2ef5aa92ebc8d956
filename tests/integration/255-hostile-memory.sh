#!/bin/sh
# SPDX-License-Identifier: MIT
# A body costs a small multiple of its size in memory, whatever is in it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

if instrumented; then
	echo "$self: skipped: the daemon's memory is not its own"
	exit 77
fi
size=8000000
# {"value": as much as possible of the first argument, then the second}
fill()
{
	perl -e 'my ($a, $b, $c, $n) = @ARGV;
	    $_ = eval "\"$_\"" for $a, $b, $c;
	    print $a, $b x ($n / length($b)), $c' "$1" "$2" "$3" $size
}
mkdir "$dir/json" "$dir/cbor"
fill '{\"value\":[0' ',0' ']}' >"$dir/json/numbers"
fill '{\"value\":[{}' ',{}' ']}' >"$dir/json/maps"
fill '{\"value\":[[]' ',[]' ']}' >"$dir/json/arrays"
fill '{\"value\":[{\"\":0}' ',{\"\":0}' ']}' >"$dir/json/names"
fill '{\"value\":[\"\"' ',\"\"' ']}' >"$dir/json/strings"
fill '{\"value\":\"' '\\\\u0000' '\"}' >"$dir/json/escapes"
fill '{\"value\":\"' '\\\\n' '\"}' >"$dir/json/newlines"
fill '{\"value\":' '[' '' >"$dir/json/open"
fill '{\"value\":' '{\"\":' '' >"$dir/json/openmaps"
perl -e 'print "{\"value\":{", join(",", map { "\"$_\":0" } 1 .. 700000), "}}"' \
    >"$dir/json/members"
fill '{\"ops\":[{\"op\":\"get\",\"key\":\"a\"}' ',{}' ']}' >"$dir/json/ops"
fill '{\"if\":[' '0,' '0]}' >"$dir/json/conditions"
fill '\xa1\x65value\x9f' '\x00' '\xff' >"$dir/cbor/numbers"
fill '\xa1\x65value\x9f' '\x80' '\xff' >"$dir/cbor/arrays"
fill '\xa1\x65value\x9f' '\xa1\x00\x00' '\xff' >"$dir/cbor/maps"
fill '\xa1\x65value' '\x81' '' >"$dir/cbor/open"
fill '\xa1\x65value' '\xc0' '' >"$dir/cbor/tags"
fill '\xa1\x65value\x5f' '\x41\x00' '\xff' >"$dir/cbor/chunks"
fill '\xa1\x65value\x9f' '\xf9\x3c\x00' '\xff' >"$dir/cbor/floats"
fill '\xa1\x65value\x9b\x00\x00\x00\x00\xff\xff\xff\xff' '\xf6' '' \
    >"$dir/cbor/promise"

# Nothing but the requests takes memory, and what is freed is given back.
export MALLOC_MMAP_THRESHOLD_=65536
start --store mem:
req GET /kv/none
before=$(memory_now)
for file in "$dir"/json/* "$dir"/cbor/*; do
	type="Content-Type: application/$(basename "$(dirname "$file")")"
	req PUT /kv/v -H "$type" --data-binary "@$file"
	case $status in
	200)
		# Asked for as the other kind, it is converted.
		req GET /kv/v -H 'Accept: application/json'
		expect_status 200
		req GET /kv/v -H 'Accept: application/cbor'
		expect_status 200
		;;
	400|413)
		;;
	*)
		fail "status is $status"
		;;
	esac
	req POST /kv -H "$type" --data-binary "@$file"
	expect_problem 400
	after=$(memory_peak)
	[ -z "${SKV_VERBOSE:-}" ] || echo "$(basename "$file"): $before $after"
	[ $((after - before)) -lt $((8 * size / 1024)) ] ||
		fail "$file: $before KiB before, $after KiB at the peak"
done
stop
