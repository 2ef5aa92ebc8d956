#!/bin/sh
# SPDX-License-Identifier: MIT
# A dead daemon's socket is taken over, a live one's is not, and neither is a
# file that is no socket.
. "$(dirname "$0")/lib.sh"

start
put a 1
kill_daemon
[ -S "$dsock" ] || fail "kill -9 should leave the socket"
start_daemon
req GET /kv/a
expect_body 1

refused --store "leveldb:$dir/other" --socket "$dsock"
grep -qF "$dsock" "$dir/refused" || fail "the socket is not named"
req GET /kv/a
expect_body 1
stop_daemon

echo precious >"$dir/file"
refused --store "$store" --socket "$dir/file"
[ "$(cat "$dir/file")" = precious ] || fail "a file was overwritten"
