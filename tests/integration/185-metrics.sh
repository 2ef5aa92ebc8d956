#!/bin/sh
# SPDX-License-Identifier: MIT
# /metrics is well-formed, and its numbers move as they should.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# metric NAME: the value of that name and labels, 0 without
metric()
{
	awk -v name="$1" '$1 == name { print $2; found = 1 }
	    END { if (!found) print 0 }' "$dir/metrics"
}

scrape()
{
	req GET /metrics
	expect_status 200
	cp "$dir/body" "$dir/metrics"
}

# moved NAME BY: since the last look
moved()
{
	now=$(metric "$1")
	before=$(awk -v name="$1" '$1 == name { print $2; found = 1 }
	    END { if (!found) print 0 }' "$dir/before")
	[ $((now - before)) -ge "$2" ] && [ $((now - before)) -le "${3:-$2}" ] ||
		fail "$1 went from $before to $now, not by $2"
}

start --sync-interval-ms 0
scrape
expect_header Content-Type 'text/plain; version=0.0.4*'
expect_header Cache-Control no-store
grep -q '^scribekv_build_info{.*version="[0-9]' "$dir/metrics" ||
	fail "no version"
cp "$dir/metrics" "$dir/before"

put a 1
put a 2
req PUT /kv/b -H "$json" -d '{'
req GET /kv/a
req GET /kv/a
req GET /kv/none
req DELETE /kv/a
req HEAD /kv/none
req POST /kv/none
req PATCH /kv/a
req PUT '/kv/a?sync=true' -H "$bin" -d 3
req PUT /kv/a -H 'If-Match: "x"' -H "$bin" -d 4
txn '{"ops":[{"op":"put","key":"c","value":1},{"op":"get","key":"c"}]}'
txn '{"if":[{"key":"c","exists":false}],"ops":[{"op":"delete","key":"c"}]}'
req GET /kv
scrape
count()
{
	moved "scribekv_request_duration_seconds_count{method=\"$1\",status=\"$2\"}" \
	    "$3"
	moved "scribekv_request_duration_seconds_bucket{method=\"$1\",status=\"$2\",le=\"+Inf\"}" \
	    "$3"
}
count PUT 200 3
count PUT 400 1
count PUT 412 1
count GET 404 1
count HEAD 404 1
count DELETE 204 1
count POST 405 1
count other 405 1
count POST 200 1
count POST 409 1
# Two of the key, a list, and the first look.
count GET 200 4
moved scribekv_transactions_total 5
moved scribekv_conflicts_total 2
revision=$(metric scribekv_revision)
follows "$revision" 0 5
moved scribekv_commit_groups_total 1 5
moved scribekv_syncs_total 1 2
moved scribekv_store_errors_total 0
[ "$(metric scribekv_store_writable)" = 1 ] || fail "not writable"
[ "$(metric scribekv_queued_transactions)" = 0 ] || fail "something waits"
[ "$(metric scribekv_inflight_requests)" = 1 ] || fail "not only this one"
[ "$(metric scribekv_long_requests)" = 0 ] || fail "long requests"
[ "$(metric scribekv_connections)" -ge 1 ] || fail "no connection"
groups=$(metric scribekv_commit_groups_total)
[ "$(metric scribekv_commit_group_transactions_count)" = "$groups" ] || fail "groups"
[ "$(metric scribekv_commit_duration_seconds_count)" = "$groups" ] ||
	fail "durations"
[ "$(metric scribekv_sync_duration_seconds_count)" = \
    "$(metric scribekv_syncs_total)" ] || fail "syncs"
# What is acknowledged and not durable has an age, until it is synced.
put a 5
older()
{
	scrape
	awk '$1 == "scribekv_unsynced_seconds" { exit !($2 > 0) }' "$dir/metrics"
}
wait_for "the age of what is not durable" older
req PUT '/kv/a?sync=true' -H "$bin" -d 6
scrape
[ "$(metric scribekv_unsynced_seconds)" = 0 ] || fail "all of it is durable"

# Buckets only grow from one to the next, and the last is the count.
awk '/_bucket\{/ {
	series = $1
	sub(/,?le="[^"]*"/, "", series)
	if (series == last && $2 < n) { print; bad = 1 }
	last = series
	n = $2
    }
    END { exit bad }' "$dir/metrics" || fail "a histogram shrinks"
own='leveldb_files leveldb_memory_bytes'
[ -z "${SKV_MARIADB:-}" ] || own=
for name in transactions_total conflicts_total syncs_total expired_total \
    $own uptime_seconds; do
	grep -q "^# HELP scribekv_$name ." "$dir/metrics" || fail "no $name"
done
req HEAD /metrics
expect_status 200
req GET '/metrics?x'
expect_problem 400
req PUT /metrics -d 1
expect_problem 405
expect_header Allow 'GET, HEAD'

if command -v promtool >/dev/null; then
	promtool check metrics <"$dir/metrics" >"$dir/promtool" 2>&1 ||
		fail "promtool: $(cat "$dir/promtool")"
	[ ! -s "$dir/promtool" ] || fail "promtool: $(cat "$dir/promtool")"
	stop
else
	stop
	echo "$self: skipped in part: there is no promtool"
	exit 77
fi
