#!/bin/sh
# SPDX-License-Identifier: MIT
# TERM under load: every request is answered in full or by nginx's problem
# document, and what was acknowledged is there after the restart.
. "$(dirname "$0")/lib.sh"

start
# writer NUMBER: puts until the daemon is gone, and notes what was acknowledged
writer()
{
	trap - EXIT
	i=0
	while :; do
		i=$((i + 1))
		code=$(curl -sS -o "$dir/answer.$1" -w '%{http_code}' -X PUT \
		    --unix-socket "$nsock" -H "$bin" -d "value $i" \
		    "http://t/kv/w$1/$i" 2>"$dir/curl.$1") || exit 1
		case $code in
		200)
			jq -e '.status == "ok"' "$dir/answer.$1" >/dev/null ||
				exit 1
			echo $i >>"$dir/acknowledged.$1"
			;;
		502|503)
			jq -e ".status == $code" "$dir/answer.$1" >/dev/null ||
				exit 1
			exit 0
			;;
		*)
			echo "status $code" >>"$dir/curl.$1"
			exit 1
			;;
		esac
	done
}

# reader: large answers, none of which may be cut short
reader()
{
	trap - EXIT
	while :; do
		code=$(curl -sS -o "$dir/read" -w '%{http_code}' \
		    --unix-socket "$nsock" http://t/kv/large) || exit 1
		[ "$code" = 200 ] || exit 0
		cmp "$dir/large" "$dir/read" || exit 1
	done
}

enough()
{
	for w in 1 2 3 4; do
		[ -f "$dir/acknowledged.$w" ] &&
		    [ "$(wc -l <"$dir/acknowledged.$w")" -ge 10 ] || return 1
	done
}

head -c 2000000 /dev/urandom >"$dir/large"
req PUT /kv/large -H "$bin" --data-binary "@$dir/large"
for round in 1 2 3; do
	rm -f "$dir"/acknowledged.*
	pids=
	for w in 1 2 3 4; do
		writer $w &
		pids="$pids $!"
	done
	reader &
	pids="$pids $!"
	wait_for "writes in round $round" enough
	stop_daemon
	for pid in $pids; do
		wait "$pid" || fail "round $round: $(cat "$dir"/curl.*)"
	done
	start_daemon
	for w in 1 2 3 4; do
		while read -r i; do
			req GET "/kv/w$w/$i"
			expect_status 200
			expect_body "value $i"
		done <"$dir/acknowledged.$w"
	done
done
stop
