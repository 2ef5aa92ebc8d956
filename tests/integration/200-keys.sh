#!/bin/sh
# SPDX-License-Identifier: MIT
# A key is what stands in the raw path, percent-decoded once; slashes belong
# to it; ?key= names any key.
. "$(dirname "$0")/lib.sh"

start
# same WRITTEN READ: two ways to write one key
n=0
same()
{
	n=$((n + 1))
	req PUT "$1" -H "$bin" -d $n
	expect_status 200
	req GET "$2"
	expect_status 200
	expect_body $n
}
same /kv/a/b /kv/a/b
same /kv/a/b /kv/a%2Fb
same /kv/a%2fb '/kv?key=a/b'
same /kv/%61%20 '/kv?key=a%20'
same /kv/a%252Fb '/kv?key=a%252Fb'
same /kv/100%25 '/kv?key=100%25'
same /kv/a%3Fb '/kv?key=a%3fb'
same /kv/a+b '/kv?key=a%2bb'
same '/kv/a;b=c&d:@!$'"'"'(),~*' '/kv?key=a;b=c%26d:@!$'"'"'(),~*'
same /kv/index.php /kv/index%2Ephp
same /kv// '/kv?key=/'
same /kv/a/ '/kv?key=a/'
same /kv/... /kv/%2e..
same /kv/.a/b. '/kv?key=.a/b.'
same /kv/kv/kv '/kv?key=kv/kv'
same /kv/%ff%fe%80%01%0a%0d%7f '/kv?key=%FF%FE%80%01%0A%0D%7F'
same /kv/%C3%A9 '/kv?key=%c3%a9'
for key in . .. ../x a/../b %00 a%00b %00%00; do
	same "/kv?key=$key" "/kv?key=$key"
done

# These are all different keys.
i=0
keys='a a/ a// a/b a//b a%2F%2F%2Fb A %00 %00%00 a%00 a%20 a+ . .. %252e'
for key in $keys; do
	i=$((i + 1))
	req PUT "/kv?key=$key" -H "$bin" -d "value $i"
	expect_status 200
done
i=0
for key in $keys; do
	i=$((i + 1))
	req GET "/kv?key=$key"
	expect_body "value $i"
	req HEAD "/kv?key=$key"
	expect_status 200
	req DELETE "/kv?key=$key"
	expect_status 204
	req GET "/kv?key=$key"
	expect_problem 404
done
stop
