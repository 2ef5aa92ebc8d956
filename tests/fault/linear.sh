#!/bin/sh
# SPDX-License-Identifier: MIT
# Concurrent clients through nginx: one order explains what they saw. Every
# other run is with kills.
. "$(dirname "$0")/lib_http.sh"

count=$(fewer 20)
! instrumented || count=4
options "$@"
start_nginx
done=0
while more $done; do
	history "run $done" --seed $((seed + done)) --requests 10000 \
	    --clients $((4 + done % 3 * 6)) --groups $((1 + done % 4)) \
	    --kills $((done % 2 * 4))
	done=$((done + 1))
done
echo "linear: $done histories of 10000 requests, 0 violations (seed $seed)"
stop_nginx
