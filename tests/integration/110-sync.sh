#!/bin/sh
# SPDX-License-Identifier: MIT
# ?sync=true answers when the write is durable, and says so.
. "$(dirname "$0")/lib.sh"

start
req PUT '/kv/a?sync=true' -H "$bin" -d 1
expect_status 200
expect_json '.durable == true'
req PUT '/kv/a?sync=false' -H "$bin" -d 2
expect_json '.durable == false'
first=$(jq .revision "$dir/body")
req PUT /kv/b -H "$bin" -d 2
expect_json ".revision > $first"
req DELETE '/kv/a?sync=true'
expect_status 204
req PUT '/kv/a?sync' -H "$bin" -d 3
expect_json '.durable == true'
for sync in 2 yes TRUE tru%00e; do
	req PUT "/kv/a?sync=$sync" -H "$bin" -d 1
	expect_problem 400
	req DELETE "/kv/a?sync=$sync"
	expect_problem 400
done
req GET /kv/a
expect_body 3
stop

# Without a background sync as well.
start_daemon --sync-interval-ms 0
start_nginx
req PUT '/kv/c?sync=true' -H "$bin" -d 1
expect_json '.durable == true'
stop

# The default is the configuration's.
echo 'durability = sync' >"$dir/scribekv.conf"
start_daemon --sync-interval-ms 0
start_nginx
req PUT /kv/d -H "$bin" -d 1
expect_json '.durable == true'
req PUT '/kv/d?sync=false' -H "$bin" -d 2
expect_json '.durable == false'
stop
