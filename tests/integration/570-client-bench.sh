#!/bin/sh
# SPDX-License-Identifier: MIT
# The client's load generator counts what it does, and cleans up behind it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

start
target="--unix-socket $nsock"
kv 0 put mine 1
kv 0 bench -c 4 -n 1 -k 100 -r 50 -o json
jq -se 'length == 2 and .[0].op == "get" and .[1].op == "put" and
    all(.done > 0 and .failed == 0 and .p50_ms <= .p99_ms and
	.p99_ms <= .max_ms and .max_ms > 0)' "$dir/out" >"$dir/jq" ||
	fail "what it measured"
kv 0 list
out mine
kv 0 bench -c 2 -n 1 -k 10 -r 0 --sync
grep -qE '^put +[0-9]+ +0 ' "$dir/out" || fail "no such row"
! grep -q '^get' "$dir/out" || fail "it has read"
kv 0 put scribekv-bench/00000001 1
kv 2 bench -n 1
err '*--prefix*'
kv 0 get scribekv-bench/00000001
kv 2 bench -c 0
target="--store $dir/none"
kv 2 bench
stop
