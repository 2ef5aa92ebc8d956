#!/bin/sh
# SPDX-License-Identifier: MIT
# Ten thousand operations, and not one more; values and the whole within their
# limits.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# many LIST COUNT ELEMENT: the element COUNT times, %d being its number
many()
{
	perl -e 'my ($list, $n, $s) = @ARGV;
	    print "{", $list eq "if" ? "\"ops\":[]," : "", "\"$list\":[",
	    join(",", map { sprintf($s, $_) } 1 .. $n), "]}"' "$@" >"$dir/in"
}

start
many ops 10000 '{"op":"put","key":"k%d","value":1}'
req POST /kv -H "$json" --data-binary "@$dir/in"
expect_status 200
expect_json '(.results | length) == 10000'
follows "$(jq .revision "$dir/body")" 0 1
req GET '/kv?count=true'
expect_json '.count == 10000'
many ops 10000 '{"op":"get","key":"k%d"}'
req POST /kv -H "$json" --data-binary "@$dir/in"
expect_status 200
expect_json '[.results[] | select(.found and .value == 1)] | length == 10000'
for list in ops if; do
	case $list in
	ops) element='{"op":"delete","key":"k%d"}' ;;
	if) element='{"key":"k%d","exists":true}' ;;
	esac
	many $list 10001 "$element"
	req POST /kv -H "$json" --data-binary "@$dir/in"
	expect_problem 400
	expect_json ".list == \"$list\" and .index == 10000"
done
req GET '/kv?count=true'
expect_json '.count == 10000'
many if 10000 '{"key":"k%d","exists":true}'
req POST /kv -H "$json" --data-binary "@$dir/in"
expect_status 200
# In CBOR.
perl -e 'print "\xa1\x63ops\x99", pack("n", $ARGV[0]),
    "\xa2\x62op\x63get\x63key\x61k" x $ARGV[0]' 10000 >"$dir/in"
req POST /kv -H "$cbor" --data-binary "@$dir/in"
expect_status 200
perl -e 'print "\xa1\x63ops\x99", pack("n", $ARGV[0]),
    "\xa2\x62op\x63get\x63key\x61k" x $ARGV[0]' 10001 >"$dir/in"
req POST /kv -H "$cbor" --data-binary "@$dir/in"
expect_problem 400
expect_json '.index == 10000'
stop

start --max-value 10 --max-txn 1k
txn '{"ops":[{"op":"put","key":"v","value":"0123456789"}]}'
expect_status 200
txn '{"ops":[{"op":"get","key":"v"},
    {"op":"put","key":"v","value":"0123456789x"}]}'
expect_problem 413
expect_json '.index == 1'
txn '{"ops":[{"op":"put","key":"v","value":"'"$(repeat x 2000)"'"}]}'
expect_problem 413
req GET '/kv/v?raw'
expect_body 0123456789
stop
# The values of gets count as well: an answer is bounded too.
start --max-value 1m --max-txn 2m
{ printf '{"value":"'; repeat x 1000000; printf '"}'; } >"$dir/in"
req PUT /kv/big -H "$json" --data-binary "@$dir/in"
expect_status 200
txn '{"ops":[{"op":"get","key":"big"},{"op":"get","key":"big"}]}'
expect_status 200
txn '{"ops":[{"op":"get","key":"big"},{"op":"get","key":"big"},
    {"op":"get","key":"big"}]}'
expect_problem 413
stop
