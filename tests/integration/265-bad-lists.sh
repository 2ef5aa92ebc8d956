#!/bin/sh
# SPDX-License-Identifier: MIT
# Parameters that make no sense, and cursors that are not this list's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
for query in limit=0 limit=10001 limit=-1 limit= limit=1.5 limit=x \
    limit=99999999999999999999999 reverse=yes values=2 count=x x=1 Prefix=a \
    prefix=a\&prefix=b limit=1\&limit=1 prefix=%zz prefix=% delimiter=%4 \
    cursor= cursor=x cursor=%00 cursor=AAAAAAAAAAAA ttl=1 sync=true raw \
    all=true count=true\&limit=5 count=true\&cursor=x count=true\&reverse=true \
    count=true\&values=true count=true\&delimiter=x; do
	req GET "/kv?$query"
	expect_problem 400
done
long=$(repeat k 1025)
for name in prefix start end delimiter; do
	req GET "/kv?$name=$long"
	expect_problem 400
	req GET "/kv?$name=${long#k}"
	expect_status 200
done
for query in limit=5 reverse=true delimiter=/ values=true x=1 cursor=x; do
	req GET "/kv?$query" -H 'Accept: application/x-ndjson'
	expect_problem 400
done

for key in a b c d/1 d/2; do
	put $key 1
done
base='prefix=&delimiter=/'
req GET "/kv?$base&limit=2"
cursor=$(jq -r .cursor "$dir/body")
req GET "/kv?$base&limit=1&cursor=$cursor"
expect_json '.items[0].key == "c"'
for query in "" "delimiter=-" "$base&prefix64=a" "delimiter=/&prefix=d" \
    "$base&start=a" "$base&end=z" "$base&reverse=true"; do
	req GET "/kv?$query&cursor=$cursor"
	expect_problem 400
done
# A changed character is noticed, whichever; so is one more or less.
length=${#cursor}
i=0
while [ $i -lt "$length" ]; do
	changed=$(printf %s "$cursor" | perl -e '$_ = <STDIN>;
	    my $c = \substr($_, $ARGV[0], 1);
	    $$c = $$c eq "Q" ? "g" : "Q";
	    print' $i)
	i=$((i + 1))
	[ "$changed" != "$cursor" ] || fail "nothing was changed"
	req GET "/kv?$base&cursor=$changed"
	expect_problem 400
done
for changed in "${cursor%?}" "${cursor}A" "${cursor}AAAA" "A$cursor" \
    "$cursor$cursor"; do
	req GET "/kv?$base&cursor=$changed"
	expect_problem 400
done
# Another store's is none of ours.
stop_daemon
new_store
start_daemon
req GET "/kv?$base&cursor=$cursor"
expect_problem 400

# A Link stays an address and fits, whatever its parameters are.
put '%22%3E%3C%26x%0A1' 1
put '%22%3E%3C%26x%0A2' 1
req GET '/kv?prefix="><%26x%0a&limit=01&%63ursor='
expect_problem 400
req GET '/kv?prefix="><%26x%0a&limit=01&values'
expect_header Link '</kv?prefix=%22%3E%3C%26x%0A&limit=1&values=&cursor=*>; rel="next"'
req GET "$(header Link | sed 's/^<\(.*\)>.*/\1/')"
expect_json '.items[0].key == "\"><&x\n2" and .cursor == null'
key=$(perl -e 'print "%ff" x 1023')
req PUT "/kv?key=${key}a" -H "$bin" -d 1
req PUT "/kv?key=${key}b" -H "$bin" -d 1
zero=$(perl -e 'print "%00" x 1024')
req GET "/kv?prefix=$key&start=$zero&end=$key%ff&delimiter=$zero&limit=1"
expect_status 200
req GET "$(header Link | sed 's/^<\(.*\)>.*/\1/')"
expect_status 200
expect_json '(.items | length) == 1 and .cursor == null'
stop
