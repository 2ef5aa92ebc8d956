#!/bin/sh
# SPDX-License-Identifier: MIT
# Of many conditional writes at once exactly one wins.
. "$(dirname "$0")/lib.sh"

# race OPTION...: 20 PUTs of /kv/race at once, all with this condition
race()
{
	pids=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		curl -sS -o "$dir/race.$i" -w '%{http_code}' -X PUT \
		    --unix-socket "$nsock" -H "$bin" -d "$i" "$@" \
		    http://t/kv/race >"$dir/code.$i" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "curl failed"
	done
	winner=$(grep -lE '^20[01]$' "$dir"/code.*)
	[ "$(echo "$winner" | wc -l)" -eq 1 ] || fail "not one winner: $winner"
	[ "$(grep -l '^412$' "$dir"/code.* | wc -l)" -eq 19 ] ||
		fail "a loser got something else than 412"
	req GET /kv/race
	expect_body "${winner##*.}"
}

start
race -H 'If-None-Match: *'
race -H "If-Match: $(etag)"
race -H "If-Match: $(etag)"
stop
