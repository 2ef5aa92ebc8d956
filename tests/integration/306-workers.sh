#!/bin/sh
# SPDX-License-Identifier: MIT
# There are more workers while they are busy, as when they wait for a server, and
# one again afterwards.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"
. "$(dirname "$0")/lib_mariadb.sh"

# workers LEAST MOST: whether there are so many.
workers()
{
	req GET /metrics
	n=$(awk '$1 == "scribekv_workers" { print $2 }' "$dir/body")
	[ "$n" -ge "$1" ] && [ "$n" -le "$2" ]
}

start_mariadb
store=$mariadb
start --workers 4
wait_for "one worker" workers 1 1

# Longer than it takes; it ends with the test.
spawn load "$dir/load" "$SKV_BUILDDIR/cli/scribekv" --unix-socket "$nsock" \
    bench -c 16 -n 600 -k 100 -r 100
wait_for "more workers" workers 2 4
kill -TERM "$(cat "$dir/load.pid")"
wait_for "the end of the load" test -f "$dir/load.rc"
wait_for "one worker" workers 1 1
stop
stop_mariadb
