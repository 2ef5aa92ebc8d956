#!/bin/sh
# SPDX-License-Identifier: MIT
# The socket's mode is 0660 unless told otherwise, whatever the umask.
. "$(dirname "$0")/lib.sh"

umask 000
start_daemon
[ "$(stat -c %a "$dsock")" = 660 ] || fail "mode is $(stat -c %a "$dsock")"
stop_daemon
umask 077
start_daemon --socket-mode 0666
[ "$(stat -c %a "$dsock")" = 666 ] || fail "mode is $(stat -c %a "$dsock")"
stop_daemon
