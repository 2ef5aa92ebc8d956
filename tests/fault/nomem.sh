#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory runs out in the daemon under load through nginx: PUT, DELETE,
# conditions and transactions. Where our own code is refused it, the request is,
# and the daemon goes on or does not start; where LevelDB is, which has no other
# way, the daemon ends with status 1, and a supervisor starts it again. Never by
# a signal, and never without an answer. One order explains what all clients saw
# (linear.py): nothing acknowledged is lost, and no value was never written.
#
#	nomem.sh [--count FAILURES] [--seed S] [--seconds N]
. "$(dirname "$0")/lib_http.sh"
. "$(dirname "$0")/lib_nomem.sh"

count=$(fewer 200)
options "$@"
start_nginx
round=0
own=0
engine=0
ends=0
while more $((own + engine)); do
	# Each of LevelDB's is an end and a start.
	kinds=o every=600 failures=50
	[ $((round % 2)) = 0 ] || kinds=n every=1500 failures=30
	[ -n "$seconds" ] || [ $((count - own - engine)) -ge $failures ] ||
		failures=$((count - own - engine))
	short "round $round" $((seed + round))
	round=$((round + 1))
done
echo "nomem: $((own + engine)) allocations failed: $own of our own code's," \
    "$engine of LevelDB's, with $ends ends of the daemon; 0 violations" \
    "(seed $seed)"
stop_nginx
