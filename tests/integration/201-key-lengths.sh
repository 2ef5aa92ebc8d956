#!/bin/sh
# SPDX-License-Identifier: MIT
# 1 to 1024 bytes, however they are written; over it 414, none at all 400.
. "$(dirname "$0")/lib.sh"

start
longest=$(repeat k 1024)
put "$longest" 1
req GET "/kv/$longest"
expect_body 1
req GET "/kv?key=$longest"
expect_body 1
encoded=$(repeat x 1024 | sed 's/x/%FF/g')
put "$encoded" 2
req GET "/kv?key=$encoded"
expect_body 2
put k 3
req GET /kv/k
expect_body 3

for method in GET PUT DELETE; do
	for path in "/kv/${longest}k" "/kv?key=${longest}k" "/kv/${encoded}k" \
	    "/kv/$(repeat k 30000)"; do
		req "$method" "$path"
		expect_problem 414
	done
done
req HEAD "/kv/${longest}k"
expect_status 414
for path in /kv/ '/kv?key='; do
	for method in GET PUT DELETE; do
		req "$method" "$path"
		expect_problem 400
	done
done
# What nginx itself finds too long.
req GET "/kv/$(repeat k 40000)"
expect_problem 414
req GET /kv/k -H "X-Long: $(repeat x 40000)"
expect_problem 431
stop
