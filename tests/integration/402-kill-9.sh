#!/bin/sh
# SPDX-License-Identifier: MIT
# Acknowledged writes survive kill -9, and the next start serves them.
. "$(dirname "$0")/lib.sh"

start
for round in 1 2 3; do
	i=0
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		put "r$round/$i" "value $i"
	done
	req DELETE "/kv/r$round/7"
	expect_status 204
	req PUT "/kv/r$round/8" -H "If-Match: *" -H "$bin" -d new
	expect_status 200
	kept=$(etag)
	revision=$(jq .revision "$dir/body")
	kill_daemon
	start_daemon
	for old in $(seq $round); do
		for i in 1 2 3 4 5 6 9 20; do
			req GET "/kv/r$old/$i"
			expect_body "value $i"
		done
		req GET "/kv/r$old/7"
		expect_problem 404
		req GET "/kv/r$old/8"
		expect_body new
	done
	# Entity tags last, revisions go on.
	[ "$(etag)" = "$kept" ] || fail "the ETag changed by a restart"
	put next 1
	expect_json ".revision > $revision"
done
stop
