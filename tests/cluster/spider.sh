#!/bin/sh
# SPDX-License-Identifier: MIT
# The table spread over two servers by Spider: the store's tests, and through
# nginx ordered lists and transactions over both.
. "$(dirname "$0")/../integration/lib.sh"

spider=$SKV_SRCDIR/tests/spider.sh
grep -qs '^#define HAVE_LIBMARIADB 1' "$SKV_BUILDDIR/config.h" || {
	echo "$self: skipped: built without libmariadb"
	exit 77
}

spider_up()
{
	[ -f "$dir/spider.rc" ] || "$spider" --ready "$dir/m" >"$dir/up" 2>&1
}

# one_of I: a key of which server I has the record.
one_of()
{
	echo "SELECT SUBSTR(k, 2) FROM kv.scribekv WHERE k LIKE '\\1key%'
	    ORDER BY k LIMIT 1;" | "$spider" --sql "$dir/m/$1"
}

# served KEY: whether it can be read.
served()
{
	req GET "/kv/$1"
	[ "$status" = 200 ]
}

# others KEY: the list, but for that key.
others()
{
	req GET '/kv?limit=1000&values=true'
	expect_status 200
	jq --arg key "$1" 'del(.items[] | select(.key == $key))' "$dir/body"
}

# unavailable METHOD PATH [curl arguments]
unavailable()
{
	req "$@"
	expect_problem 503
	expect_header Retry-After '[1-9]*'
}

# rows I: how many records of users server I has.
rows()
{
	echo "SELECT COUNT(*) FROM kv.scribekv WHERE k LIKE '\\1key%';" |
		"$spider" --sql "$dir/m/$1"
}

spawn spider "$dir/spider.log" "$spider" "$dir/m"
wait_for "Spider" spider_up
[ ! -f "$dir/spider.rc" ] || {
	cat "$dir/spider.log"
	exit "$(cat "$dir/spider.rc")"
}
"$spider" --database "$dir/m" kv
store="mariadb://root@$(echo "$dir/m/s" | sed 's|/|%2F|g')/kv?timeout_ms=2000"
start

# Lists are in the order of keys, whichever server has them.
i=0
ops=
while [ $i -lt 100 ]; do
	ops="$ops${ops:+,}{\"op\":\"put\",\"key\":\"$(printf 'key%03d' \
	    $((i * 37 % 100)))\",\"value\":$i}"
	i=$((i + 1))
done
req POST /kv -H "$json" --data-binary "{\"ops\":[$ops]}"
expect_status 200
[ "$(rows 1)" -gt 20 ] && [ "$(rows 2)" -gt 20 ] ||
	fail "spread over two: $(rows 1), $(rows 2)"
[ $(($(rows 1) + $(rows 2))) -eq 100 ] || fail "each is somewhere once"
req GET '/kv?limit=1000'
expect_json '[.items[].key] | length == 100 and . == sort'
req GET '/kv?limit=1000&reverse=true'
expect_json '[.items[].key] | length == 100 and . == (sort | reverse)'
req GET '/kv?start=key050&limit=10'
expect_json '[.items[].key] == ([range(50; 60)] | map("key0\(.)"))'

# A transaction over both is whole, with its conditions, or not at all.
req POST /kv -H "$json" --data-binary '{"if":[{"key":"key007","exists":false}],
    "ops":[{"op":"put","key":"a","value":1},{"op":"put","key":"b","value":1},
    {"op":"put","key":"c","value":1},{"op":"delete","key":"key001"}]}'
expect_status 409
req GET '/kv?count=true'
expect_json '.count == 100'
req POST /kv -H "$json" --data-binary '{"if":[{"key":"key007","exists":true}],
    "ops":[{"op":"put","key":"a","value":1},{"op":"put","key":"b","value":1},
    {"op":"put","key":"c","value":1},{"op":"delete","key":"key001"}]}'
expect_status 200
req POST /kv -H "$json" --data-binary '{"ops":[{"op":"get","key":"a"},
    {"op":"get","key":"b"},{"op":"get","key":"c"},{"op":"get","key":"key001"}]}'
expect_json '[.results[].status] == ["found", "found", "found", "not_found"] or
    ([.results[].value] == [1, 1, 1, null])'

# One of the two is killed: what the other has can be read, and what needs the
# first is refused, until it is back with all that was acknowledged.
here=$(one_of 1)
there=$(one_of 2)
others "$there" >"$dir/before"
kill -KILL "$(cat "$dir/m/2/pid")"
unavailable GET "/kv/$there"
unavailable GET '/kv?limit=1000&values=true'
req GET "/kv/$here"
expect_status 200
unavailable PUT "/kv/$there" -H "$bin" -d new
expect_json '.applied == "no" or .applied == "unknown"'
spawn data "$dir/data.log" "$spider" --data "$dir/m" 2
wait_for "the server with $there" served "$there"
others "$there" >"$dir/after"
cmp "$dir/before" "$dir/after" || fail "what was acknowledged is not there"
put "$here" new
put "$there" new
req GET "/kv/$there?raw"
expect_body new
stop

for test in test_store test_typed test_durability; do
	SKV_MARIADB=spider timeout 300 "$SKV_BUILDDIR/tests/unit/$test" \
	    >"$dir/unit" 2>&1 || {
		grep -A5 FAILED "$dir/unit"
		fail "$test"
	}
	grep -q '^Suite: mariadb' "$dir/unit" || fail "$test was skipped"
done
