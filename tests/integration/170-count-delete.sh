#!/bin/sh
# SPDX-License-Identifier: MIT
# Counting and deleting ranges.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

count()
{
	req GET "/kv?count=true$1"
	expect_status 200
	expect_body "{\"count\":$2}
"
}

start
count '' 0
perl -e 'printf "{\"key\":\"%s%05d\",\"value\":1}\n", $_ % 2 ? "a" : "b", $_
    for 1 .. 5000' >"$dir/in"
import "$dir/in"
expect_json '.imported == 5000'
put ÿ 1
req PUT '/kv?key=%ff%ff' -H "$bin" -d 1
expect_status 200
count '' 5002
count '&prefix=a' 2500
count '&start=b' 2502
count '&end=b' 2500
count '&start=a00003&end=a00007' 2
count '&prefix=b&start=c' 0
req HEAD '/kv?count=true'
expect_status 200

# What is to be deleted must be said.
for query in '' '?prefix=' '?all=false' '?start=' '?all=true&prefix=a' \
    '?all=maybe' '?prefix=a&limit=1' '?prefix=a&x=1' '?cursor=x'; do
	req DELETE "/kv$query"
	expect_problem 400
done
count '' 5002
req DELETE '/kv?prefix=nothing'
expect_status 200
expect_body '{"deleted":0}
'
req DELETE '/kv?start=a00003&end=a00007'
expect_json '.deleted == 2'
count '&prefix=a' 2498
req DELETE '/kv?prefix=b'
expect_json '.deleted == 2500'
req DELETE '/kv?prefix=%ff'
expect_json '.deleted == 1'
count '' 2499
req DELETE '/kv?all=true' -H 'Accept: application/cbor'
expect_status 200
decode
expect_json '.deleted == 2499'
count '' 0
stop_daemon
start_daemon
count '' 0
stop
