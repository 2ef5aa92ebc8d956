#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness finds out that a daemon forgets what it has acknowledged when it is
# killed: one that keeps its data in memory.
. "$(dirname "$0")/lib_http.sh"

count=3
options "$@"
start_nginx
store=mem:
evidence=no
if (history forgetful --seed "$seed" --kills "$count" --requests 1000) \
    >"$dir/double.out" 2>&1; then
	cat "$dir/double.out"
	fail 'it was not found'
fi
grep -q 'NOT LINEARIZABLE' "$dir/double.out" || {
	cat "$dir/double.out"
	fail 'it ended otherwise'
}
grep -A 2 'NOT LINEARIZABLE' "$dir/double.out"
stop_nginx
