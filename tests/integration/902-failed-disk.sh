#!/bin/sh
# SPDX-License-Identifier: MIT
# A write that the disk refuses: the answer does not claim to know the outcome,
# the daemon ends with status 1 for its supervisor to start it again, and then
# everything that was acknowledged is there.
. "$(dirname "$0")/lib.sh"

# No file may be longer than half a megabyte: LevelDB's log soon is.
small_files()
{
	ulimit -f 1024
	scribekvd "$@"
}

ndaemon=1
dlog=$dir/daemon.1.log
spawn daemon "$dlog" small_files
wait_for "the daemon to be ready" ready_or_dead
start_nginx
head -c 50000 /dev/urandom >"$dir/value"
n=0
status=200
while [ "$status" = 200 ] && [ $n -lt 100 ]; do
	n=$((n + 1))
	req PUT "/kv/$n" -H "$bin" --data-binary "@$dir/value"
done
expect_problem 503
expect_json '.applied == "unknown"'
wait_for "the daemon to end" test -f "$dir/daemon.rc"
[ "$(cat "$dir/daemon.rc")" = 1 ] ||
	fail "the daemon ended with status $(cat "$dir/daemon.rc")"
start_daemon
i=1
while [ $i -lt $n ]; do
	req GET "/kv/$i"
	expect_status 200
	cmp -s "$dir/body" "$dir/value" || fail "key $i has changed"
	i=$((i + 1))
done
stop
