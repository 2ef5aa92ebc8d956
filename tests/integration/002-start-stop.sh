#!/bin/sh
# SPDX-License-Identifier: MIT
# The daemon starts, says so, serves, and ends with 0 on TERM and on INT.
. "$(dirname "$0")/lib.sh"

start
req GET /health
expect_status 200
stop_daemon TERM
[ ! -e "$dsock" ] || fail "the socket was left behind"
start_daemon
req GET /health/ready
expect_status 200
stop_daemon INT
