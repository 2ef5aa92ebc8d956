#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 in the middle of many writes: what was acknowledged is there, and
# what was not is there as it was sent or not at all.
. "$(dirname "$0")/lib.sh"

start
for round in 1 2 3; do
	rm -rf "$dir/out"
	mkdir "$dir/out"
	i=0
	while [ $i -lt 100 ]; do
		i=$((i + 1))
		[ $i = 1 ] || echo next
		printf 'url = "http://t/kv/%s"\nrequest = PUT\n' $i
		printf 'header = "%s"\ndata = "%s:%s"\n' "$bin" $round $i
		printf 'unix-socket = "%s"\noutput = "%s"\n' "$nsock" \
		    "$dir/out/$i"
	done >"$dir/curlrc"
	curl -sS -Z --parallel-max 20 -K "$dir/curlrc" 2>"$dir/curl.err" &
	load=$!
	some()
	{
		[ "$(find "$dir/out" -size +0 | wc -l)" -ge $((round * 20)) ]
	}
	wait_for "some writes" some
	kill_daemon
	wait $load || fail "curl: $(cat "$dir/curl.err")"
	start_daemon
	i=0
	while [ $i -lt 100 ]; do
		i=$((i + 1))
		req GET /kv/$i
		case $(jq -r .status "$dir/out/$i") in
		ok)
			expect_body "$round:$i"
			;;
		50[23])
			[ "$status" = 404 ] || case $(cat "$dir/body") in
			"$round:$i"|"$((round - 1)):$i"|"$((round - 2)):$i")
				;;
			*)
				fail "a value that nobody wrote"
				;;
			esac
			;;
		*)
			fail "an odd answer: $(cat "$dir/out/$i")"
			;;
		esac
	done
done
stop
