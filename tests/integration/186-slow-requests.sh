#!/bin/sh
# SPDX-License-Identifier: MIT
# A slow request is logged once, with the identifier that its client and the
# access log have, its time and status; a fast one is not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start --slow-request-ms 1
lines 20000 100 >"$dir/in"
import "$dir/in"
expect_status 200
slow=$(header X-Request-Id)
# The line comes before the end of the answer.
grep -qE "request $slow: slow: [0-9]+ ms, status 200: /kv\$" "$dlog" ||
	fail "an import is not in the log"
[ "$(grep -c "request $slow:" "$dlog")" = 1 ] || fail "more than one line"
# Client bytes cannot make lines of their own.
export_to "$dir/out" '?start=%0Ax%22%1b'
slow=$(header X-Request-Id)
grep -q "request $slow: slow: .*: /kv?start=%0Ax%22%1b\$" "$dlog" ||
	fail "an export is not in the log"
logged()
{
	grep -q "id=$slow" "$dir/nginx/access.log"
}
wait_for "the access log" logged
grep "id=$slow" "$dir/nginx/access.log" | grep -q ' 200 .*upstream=[0-9.]* ' ||
	fail "the access log lacks the daemon's time"
stop
start --slow-request-ms 3600000
req GET '/kv?count=true'
! grep -q slow: "$dlog" || fail "a fast request is called slow"
stop
