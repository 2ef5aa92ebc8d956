#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGHUP disturbs nothing, also with a configuration that has become bad.
. "$(dirname "$0")/lib.sh"

start
put a 1
signal_daemon HUP
req GET /kv/a
expect_body 1
echo 'nonsense' >"$dir/scribekv.conf"
signal_daemon HUP
put b 2
signal_daemon HUP
req GET /kv/b
expect_body 2
stop
