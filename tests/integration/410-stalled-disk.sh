#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk on which writes or syncs stand still: reads are answered all the time,
# writes are refused or end after max_wait_ms, and all goes on by itself.
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
	echo $kind >"$dir/stall.new"
	mv "$dir/stall.new" "$dir/stall"
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
	req GET /metrics
	grep -q '^scribekv_overloaded 1$' "$dir/body" || fail "no metric"
	rm "$dir/stall"
	wait_for "writes to go on" writable
	req GET "/kv/stuck-$kind"
	expect_status 200
	req GET /kv/refused
	expect_status 404
	req PUT '/kv/durable?sync=true' -d x
	expect_status 200
	expect_json '.durable == true'
done
grep -q 'overloaded, writes are refused' "$dlog" || fail "nothing was logged"
stop
