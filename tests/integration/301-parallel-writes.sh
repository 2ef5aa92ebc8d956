#!/bin/sh
# SPDX-License-Identifier: MIT
# 200 writers at once: each one's value arrives, with its own revision.
. "$(dirname "$0")/lib.sh"

start
mkdir "$dir/out"
seq 200 | while read -r i; do
	printf 'url = "http://t/kv/w%s"\nrequest = PUT\n' "$i"
	printf 'header = "%s"\ndata = "value %s"\n' "$bin" "$i"
	printf 'unix-socket = "%s"\noutput = "%s/out/%s"\n' "$nsock" "$dir" "$i"
	[ "$i" = 200 ] || echo next
done >"$dir/curlrc"
curl -sS -Z --parallel-immediate --parallel-max 200 -K "$dir/curlrc" ||
	fail "curl ended with $?"
cat "$dir"/out/* | jq -r .revision | sort -u >"$dir/revisions"
[ "$(wc -l <"$dir/revisions")" -eq 200 ] || fail "revisions are not unique"
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	req GET /kv/w$i
	expect_body "value $i"
done
stop
