#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 of the daemon under load through nginx: PUT, DELETE, conditions and
# transactions. Every restart serves, and one order explains what all clients
# saw before and after: nothing acknowledged is lost or undone, transactions are
# whole, no value was never written, and what ended with a 5xx either happened
# once or did not.
. "$(dirname "$0")/lib_http.sh"

count=$(fewer 50)
each=100 # kills of one store, or fewer
options "$@"
start_nginx
done=0
while more $done; do
	kills=$each
	[ -n "$seconds" ] || [ $((count - done)) -ge $each ] ||
		kills=$((count - done))
	history "kills from $done" --seed $((seed + done)) --kills $kills \
	    --requests $((kills * 300))
	done=$((done + kills))
done
echo "http-kill: $done kills, 0 violations (seed $seed)"
stop_nginx
