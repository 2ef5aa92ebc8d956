#!/bin/sh
# SPDX-License-Identifier: MIT
# The client and servers that fail: what is sent again and what never is, and
# that nothing is left half written.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

# fake MODE: a server that behaves so, on a socket of its own
fake()
{
	rm -f "$dir/fake.sock"
	: >"$dir/requests"
	spawn fake "$dir/fake.log" perl "$SKV_SRCDIR/tests/integration/fake.pl" \
	    "$dir/fake.sock" "$1" "$dir/requests"
	wait_for "the socket" test -S "$dir/fake.sock"
	target="--unix-socket $dir/fake.sock --retries 2"
}

unfake()
{
	reap fake
}
trap 'rc=$?; reap fake; (exit $rc); finish' EXIT

# requests TEXT: the methods that it has seen, in order, since the last time
requests()
{
	[ "$(tr '\n' ' ' <"$dir/requests")" = "$1" ] ||
		fail "requests: $(tr '\n' ' ' <"$dir/requests")"
	: >"$dir/requests"
}

fake drop
kv 4 get a
requests 'GET GET GET '
kv 4 put a 1
err '*not known whether*'
requests 'PUT '
kv 4 delete a
requests 'DELETE '
echo '{"ops":[]}' >"$dir/txn"
kv 4 txn "$dir/txn"
requests 'POST '
echo '{"key":"a","value":1}' >"$dir/in"
kv 4 import "$dir/in"
requests 'POST POST ' # the import, and the sync of what came before
unfake

# What a server has refused without doing is not repeated either, if it writes.
fake busy
kv 5 put a 1
err '*too many; nothing was changed'
requests 'PUT '
kv 5 count
requests 'GET GET GET '
unfake

# An export that breaks off leaves the file that was there.
fake cut
echo before >"$dir/file"
kv 5 export "$dir/file"
err '*broke off*'
[ "$(cat "$dir/file")" = before ] || fail "the file was touched"
kv 5 export "$dir/new"
[ ! -e "$dir/new" ] || fail "half a file"
unfake

fake stall
# shellcheck disable=SC2086
spawn export "$dir/export.log" env --default-signal=INT \
    "$SCRIBEKV" $target export "$dir/file"
wait_for "the request" test -s "$dir/requests"
kill -INT "$(cat "$dir/export.pid")"
wait_for "its end" test -f "$dir/export.rc"
[ "$(cat "$dir/export.rc")" = 130 ] || fail "status $(cat "$dir/export.rc")"
[ "$(cat "$dir/file")" = before ] || fail "the file was touched"
set -- "$dir"/file?* "$dir"/new*
[ ! -e "$1" ] && [ "$#" = 2 ] || fail "left behind: $*"
unfake

# A destination that forgets: the copy says so.
fake deaf
to=$dir/fake.sock
target="--store $dir/db --create"
kv 0 put a 1
kv 0 put b 2
kv 5 copy http://t --to-unix-socket "$to"
err '*a is not at*2 of 2 keys differ*'
kv 0 copy --no-verify http://t --to-unix-socket "$to"
unfake

# nginx is there and the daemon is not; another server altogether.
target="--unix-socket $nsock --retries 0"
start
kill_daemon
kv 4 get a
err '*scribekvd*running*'
kv 4 ping
kv 4 put a 1
stop_nginx
