#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk on which writes or syncs stand still: reads are answered all the time,
# writes are refused or end after max_wait_ms, and all goes on by itself. While a
# sync stands still writes are made, and those who wait for the next share it.
# While a write does, others queue up, within bounds.
. "$(dirname "$0")/lib.sh"

module=$SKV_BUILDDIR/tests/fault/.libs/stall.so
if [ -n "${SKV_VALGRIND:-}" ] || [ ! -e "$module" ] ||
    ! LD_PRELOAD=$module "$SCRIBEKVD" --version >"$dir/version" 2>&1; then
	echo "$self: skipped: needs $module, and a program that takes it"
	exit 77
fi

# The daemon with the module before it.
scribekvd()
{
	: >>"$dir/scribekv.conf"
	exec env LD_PRELOAD="$module" SKV_STALL="$dir/stall" "$SCRIBEKVD" \
	    --config "$dir/scribekv.conf" --store "$store" --socket "$dsock" \
	    --workers 2 "$@"
}

# stall CALL: from now on it does not return.
stall()
{
	echo "$1" >"$dir/stall.new"
	mv "$dir/stall.new" "$dir/stall"
}

# metric NAME: its value
metric()
{
	req GET /metrics
	expect_status 200
	awk -v name="scribekv_$1" '$1 == name { print $2 }' "$dir/body"
}

# exceeds NAME VALUE: whether a metric is greater
exceeds()
{
	awk -v a="$(metric "$1")" -v b="$2" 'BEGIN { exit !(a > b) }'
}

overloaded()
{
	req GET /health
	jq -e '.store.overloaded' "$dir/body" >/dev/null
}

writable()
{
	req PUT /kv/probe -d x
	[ "$status" = 200 ]
}

refused()
{
	expect_problem 503
	expect_header Retry-After '[0-9]*'
	expect_json ".applied == \"$1\""
}

start --max-wait-ms 600 --max-stall-ms 200 --sync-interval-ms 50
put before value
for kind in write fdatasync; do
	syncs=$(metric sync_duration_seconds_count)
	spent=$(metric sync_duration_seconds_sum)
	stall $kind
	# Whoever finds the disk so waits, but not for ever.
	sync=
	[ $kind = write ] || sync='?sync=true'
	req PUT "/kv/stuck-$kind$sync" -d stuck
	refused unknown
	wait_for "overload" overloaded
	expect_status 200
	req PUT /kv/refused -d x
	refused no
	expect_json '.detail | contains("max_stall_ms")'
	for key in before before before before before; do
		req GET /kv/$key
		expect_status 200
		expect_body value
	done
	[ "$(metric overloaded)" = 1 ] || fail "no metric"
	[ "$(metric store_writable)" = 1 ] || fail "a stall is no failure"
	if [ $kind = fdatasync ]; then
		# What is not durable grows older; the sync has not ended.
		age=$(metric unsynced_seconds)
		wait_for "it to grow older" exceeds unsynced_seconds "$age"
		[ "$(metric sync_duration_seconds_count)" = "$syncs" ] ||
			fail "a sync has ended"
	fi
	rm "$dir/stall"
	wait_for "writes to go on" writable
	req GET "/kv/stuck-$kind"
	expect_status 200
	req GET /kv/refused
	expect_status 404
	req PUT '/kv/durable?sync=true' -d x
	expect_status 200
	expect_json '.durable == true'
	[ "$(metric unsynced_seconds)" = 0 ] || fail "all of it is durable"
	exceeds sync_duration_seconds_count "$syncs" || fail "no sync counted"
	# It has lasted for longer than max_stall_ms, or nothing had been
	# refused.
	[ $kind = write ] || exceeds sync_duration_seconds_sum \
	    "$(awk -v s="$spent" 'BEGIN { print s + 0.2 }')" ||
		fail "the sync has taken no time"
done
grep -q 'overloaded, writes are refused' "$dlog" || fail "nothing was logged"
stop

# One is being synced; twenty more are written meanwhile, and wait.
start_daemon --max-wait-ms 0 --max-stall-ms 0 --sync-interval-ms 0
start_nginx
written()
{
	[ "$(metric transactions_total)" = "$1" ]
}
stall fdatasync
waiting=
i=0
while [ $i -le 20 ]; do
	curl -sS --max-time $((deadline / 10)) --unix-socket "$nsock" \
	    -X PUT -H "$bin" -d x "$site/kv/shared$i?sync=true" \
	    >"$dir/shared.$i" &
	waiting="$waiting $!"
	i=$((i + 1))
	# The first has the sync to itself.
	[ $i -gt 1 ] || wait_for "the first write" written 1
done
wait_for "the others" written 21
req GET /kv/shared20
expect_status 200
put async value
[ "$(metric syncs_total)" = 0 ] || fail "a sync has ended"
[ "$(cat "$dir"/shared.* | wc -c)" = 0 ] || fail "answered before the sync"
rm "$dir/stall"
for pid in $waiting; do
	wait "$pid" || fail "a write that waited: $?"
done
for i in "$dir"/shared.*; do
	jq -e '.durable == true' "$i" >/dev/null || fail "$(cat "$i")"
done
[ "$(metric syncs_total)" = 2 ] ||
	fail "$(metric syncs_total) syncs for 21 who waited"
stop

# One is being written; two wait, of which a large one would be too large, and
# one more is too many.
start_daemon --max-wait-ms 0 --max-stall-ms 0 --max-queue 2 \
    --max-queue-bytes 2m --max-txn 2m --max-value 2m
start_nginx
queued()
{
	[ "$(metric queued_transactions)" = "$1" ]
}
writing()
{
	[ "$(metric inflight_requests)" = 2 ]
}
head -c 2097000 /dev/zero >"$dir/large"
stall write
waiting=
for i in 0 1 2; do
	curl -sS --max-time $((deadline / 10)) --unix-socket "$nsock" \
	    -X PUT -H "$bin" -d x "$site/kv/queued$i" >"$dir/queued.$i" &
	waiting="$waiting $!"
	[ $i -gt 0 ] || wait_for "the first write" writing
	wait_for "a place in the queue" queued $i
	[ $i -ne 1 ] || {
		req PUT /kv/large -H "$bin" --data-binary "@$dir/large"
		refused no
		expect_json '.detail | contains("max_queue_bytes 2097152")'
	}
done
req PUT /kv/more -d x
refused no
expect_json '.detail | contains("2 writes (max_queue 2)")'
rm "$dir/stall"
for pid in $waiting; do
	wait "$pid" || fail "a write that waited: $?"
done
for i in 0 1 2; do
	jq -e '.revision > 0' "$dir/queued.$i" >/dev/null ||
		fail "$(cat "$dir/queued.$i")"
	req GET "/kv/queued$i"
	expect_status 200
done
[ "$(metric refused_total)" = 2 ] || fail "refusals are not counted"
[ "$(metric queued_bytes)" = 0 ] || fail "something waits"
stop
