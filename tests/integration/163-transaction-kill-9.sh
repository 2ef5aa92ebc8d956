#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 among transactions: each is there as a whole or not at all, and what
# was acknowledged is there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# Every transaction writes one value to the same fifty keys.
start
mkdir "$dir/txns" "$dir/out"
perl -e 'for my $i (1 .. 300) {
	open(my $f, ">", "$ARGV[0]/$i");
	print $f "{\"ops\":[", join(",", map { my $k = $_;
	    "{\"op\":\"put\",\"key\":\"k$k\",\"value\":$i}" } 1 .. 50), "]}";
    }' "$dir/txns"
for round in 1 2 3; do
	rm -f "$dir"/out/*
	i=0
	while [ $i -lt 300 ]; do
		i=$((i + 1))
		[ $i = 1 ] || echo next
		printf 'url = "http://t/kv"\nheader = "%s"\n' "$json"
		printf 'data-binary = "@%s/txns/%s"\n' "$dir" $i
		printf 'unix-socket = "%s"\noutput = "%s"\n' "$nsock" \
		    "$dir/out/$i"
	done >"$dir/curlrc"
	curl -sS -Z --parallel-max 10 -K "$dir/curlrc" 2>"$dir/curl.err" &
	load=$!
	some()
	{
		[ "$(find "$dir/out" -size +0 | wc -l)" -ge $((round * 40)) ]
	}
	wait_for "some transactions" some
	kill_daemon
	wait $load || fail "curl: $(cat "$dir/curl.err")"
	start_daemon
	last=$(cat "$dir"/out/* | jq -rs '[.[].revision // 0] | max')
	[ "$last" -gt 0 ] || fail "nothing was acknowledged"
	req GET '/kv?values=true'
	expect_json '.items | length == 50'
	expect_json '[.items[] | .value] | unique | length == 1'
	expect_json '[.items[] | .etag] | unique | length == 1'
	expect_json "(.items[0].etag | split(\"-\")[0] | tonumber) >= $last"
done
stop
