#!/bin/sh
# SPDX-License-Identifier: MIT
# CBOR goes in and out byte by byte, and becomes JSON as far as JSON can.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# put_item HEXADECIMAL: as {"value": it}
put_item()
{
	bytes a16576616c7565 "$1" >"$dir/c"
	req PUT /kv/c -H "$cbor" --data-binary "@$dir/c"
}

start
# All in one array, for a lone string is stored as its bytes.
cat >"$dir/items" <<'EOF'
00 0
17 23
1818 24
18ff 255
19ffff 65535
1affffffff 4294967295
1bffffffffffffffff 18446744073709551615
1801 1
20 -1
3863 -100
3bffffffffffffffff -18446744073709551616
f4 false
f5 true
f6 null
f7 null
f0 null
f8ff null
f93e00 1.5
fa3fc00000 1.5
fb3ff8000000000000 1.5
fb3ff199999999999a 1.1
f98000 -0.0
f97e00 null
f97c00 null
fbfff0000000000000 null
60 ""
6161 "a"
62225c "\"\\"
64f09f9880 "😀"
7f61616162ff "ab"
7fff ""
40 ""
42ff00 "_wA"
5f41ff4100ff "_wA"
80 []
9fff []
830102820304 [1,2,[3,4]]
9f0102ff [1,2]
a0 {}
a26161016162f6 {"a":1,"b":null}
bf616101ff {"a":1}
a10102 {"1":2}
c249010000000000000000 18446744073709551616
c349010000000000000000 -18446744073709551617
c074323031332d30332d32315432303a30343a30305a "2013-03-21T20:04:00Z"
c11a514b67b0 1363896240
d9d9f700 0
EOF
items=$(cut -d ' ' -f 1 "$dir/items" | tr -d '\n')
put_item "9f${items}ff"
expect_status 200
req GET /kv/c
expect_header Content-Type application/cbor
case $(hex "$dir/body") in
*"6576616c75659f${items}ff6465746167"*)
	;;
*)
	fail "the items are not what they were"
	;;
esac
req GET /kv/c -H 'Accept: application/json'
sed -e 's/.*"value":\[/,/' -e 's/\],"etag".*/,/' "$dir/body" >"$dir/rest"
while read -r item as_json; do
	case $(cat "$dir/rest") in
	",$as_json,"*)
		;;
	*)
		fail "$item is not $as_json in JSON: $(cat "$dir/rest")"
		;;
	esac
	tail -c "+$((${#as_json} + 2))" "$dir/rest" >"$dir/more"
	mv "$dir/more" "$dir/rest"
done <"$dir/items"
[ "$(cat "$dir/rest")" = , ] || fail "more than there was"

# Lone strings are stored as their text or bytes, whatever their chunks.
put_item 7f62c3a9617aff
req GET '/kv/c?raw'
expect_body 'éz'
put_item 5f42ff0041feff
req GET '/kv/c?raw'
bytes ff00fe >"$dir/want"
expect_file "$dir/want"
# A map of indefinite length, members in any order.
bytes bf6374746c1903e86576616c756505ff >"$dir/c"
req PUT /kv/c -H "$cbor" --data-binary "@$dir/c"
expect_status 200
req GET /kv/c
decode
expect_json '.value == 5 and .ttl > 900'

# Not well-formed (RFC 8949 appendix F), and the place is told.
mkdir "$dir/bad"
for item in 18 19ff 1affffff 1bffffffffffff 1c 1d 1e 1f 3c 3f 41 5b 61 \
    5affffffff00 7affffffff00 9affffffff00 baffffffff00 \
    5bffffffffffffffff010203 7b7fffffffffffffff010203 8200 a1 a20102 a100 \
    5f4100 7f6100 9f 9f01 bf bf0102 bf00ff 5f00ff 5f21ff 5f6100ff \
    7f4100ff 5f5f4100ffff 7f7f6100ffff 5fc000ff ff 81ff 8200ff \
    a1ff a100ff dc00 dd00 de00 df00 c0 d8 fc fd fe f800 f818 f81f \
    f97e fa0000 fb00000000 61ff 62c3 7f61c361a9ff 63eda080; do
	bytes a16576616c756582 $item >"$dir/bad/$item"
done
send_all PUT /kv/bad "$cbor" "$dir/bad"
all_refused "$dir/bad"
req GET /kv/bad
expect_problem 404
stop
