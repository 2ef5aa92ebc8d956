#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that fills up: new data is refused before LevelDB meets the wall, or
# after it has met it; reads and, before it, deletes go on; service resumes by
# itself when there is room, and nothing that was acknowledged is lost.

# A small disk is made of a mount that nobody else sees.
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	echo "406-full-disk: skipped: may not mount a small file system"
	exit 77
fi
if [ -z "${SKV_UNSHARED:-}" ]; then
	SKV_UNSHARED=1 exec unshare -m sh "$0"
fi
. "$(dirname "$0")/lib.sh"

mount -t tmpfs -o size=40m none /mnt || exit 77
store=leveldb:/mnt/db
head -c 200000 /dev/urandom >"$dir/value"

# Only the disk is to refuse anything, however slow it is. Files of few keys are
# made often.
start_small()
{
	start_daemon --write-buffer-size 256k --file-size 1m \
	    --max-level0-files 0 --max-stall-ms 0 "$@"
}

# Puts until one is refused; those up to number $n were taken. Their order is
# that of their keys, so that LevelDB has nothing to merge: what merging takes
# and gives back, and when, is not for a test to know.
fill()
{
	n=1000
	status=200
	while [ "$status" = 200 ] && [ $n -lt 2000 ]; do
		n=$((n + 1))
		req PUT "/kv/$1$n" -H "$bin" --data-binary "@$dir/value"
	done
	n=$((n - 1))
	expect_problem 507
}

# All that were taken are there.
all_there()
{
	i=1001
	while [ $i -le "$2" ]; do
		req GET "/kv/$1$i"
		expect_status 200
		cmp -s "$dir/body" "$dir/value" || fail "key $1$i has changed"
		i=$((i + 1))
	done
}

# metric NAME: its value
metric()
{
	req GET /metrics
	awk -v name="scribekv_$1" '$1 == name { print $2 }' "$dir/body"
}

writable()
{
	req PUT /kv/probe -d x
	[ "$status" = 200 ]
}

# The floor.
head -c 15000000 /dev/zero >/mnt/ballast
start_small --min-free 8m --reserve false
start_nginx
fill floor
expect_json '.applied == "no"'
[ "$n" -gt 1010 ] || fail "full after $n"
# What LevelDB frees by itself now, logs above all, must not be enough.
left=$(($(stat -f -c '%a * %S' /mnt)))
[ $left -lt 3000000 ] || head -c $((left - 3000000)) /dev/zero >/mnt/more
all_there floor "$n"
req DELETE /kv/floor1001
expect_status 204
req GET /health
expect_status 503
expect_json '.status == "read-only"'
[ "$(metric store_writable)" = 0 ] || fail "writable"
[ "$(metric store_errors_total)" = 0 ] || fail "nothing has failed yet"
req GET /health/live
expect_status 200
rm -f /mnt/ballast /mnt/more
wait_for "room" writable
req GET /health
expect_status 200
[ "$(metric store_writable)" = 1 ] || fail "not writable"
req DELETE '/kv?all=true'
expect_status 200
stop

# The wall. Without a floor LevelDB itself fails, and has to be opened again.
rm -rf /mnt/db
head -c 25000000 /dev/zero >/mnt/ballast
start_small --min-free 0 --sync-interval-ms 100
start_nginx
fill wall
all_there wall "$n"
applied_no()
{
	expect_problem 507
	expect_json '.applied == "no"'
}
req DELETE /kv/wall1001
applied_no
req PUT '/kv/wall1001?sync=true' -d x
applied_no
req POST /kv -H "$json" -d '{"ops":[{"op":"delete","key":"wall1001"}]}'
applied_no
req GET /health
expect_status 503
[ "$(metric store_writable)" = 0 ] || fail "writable"
[ "$(metric store_errors_total)" = 1 ] || fail "the failure is not counted"
rm /mnt/ballast
wait_for "the store to be opened again" writable
grep -q reopening "$dlog" || fail "it was not"
all_there wall "$n"
stop
start
all_there wall "$n"
stop
