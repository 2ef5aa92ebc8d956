#!/bin/sh
# SPDX-License-Identifier: MIT
# A mistake in the configuration stops the start and is named with its place.
. "$(dirname "$0")/lib.sh"

# bad LINE WORD: line 2 of the file, and what the message must mention
bad()
{
	printf '# comment\n%s\n' "$1" >"$dir/scribekv.conf"
	refused --store "$store" --socket "$dsock"
	grep -qE "scribekv.conf:2:.*$2" "$dir/refused" ||
		fail "no scribekv.conf:2: with '$2' in the message"
	refused --check-config --store "$store" --socket "$dsock"
}

bad 'wrokers = 2' wrokers
bad 'workers = many' workers
bad 'workers = 1000000000' workers
bad 'socket_mode = 9' socket.mode
bad 'log_level = loud' log.level

: >"$dir/scribekv.conf"
refused --workers=0x
grep -q -e workers "$dir/refused" || fail "the option is not named"
refused --no-such-option
refused --store "$store" --socket "$dsock" stray-argument
refused --store nosuchengine:/x --socket "$dsock"

rc=0
"$SCRIBEKVD" --config "$dir/absent.conf" >"$dir/out" 2>&1 || rc=$?
[ $rc -ne 0 ] || fail "a file that is not there was accepted"
grep -q absent.conf "$dir/out" || fail "the missing file is not named"
[ ! -e "$dir/db" ] || fail "the store was created all the same"
