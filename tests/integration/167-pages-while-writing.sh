#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages while others put and delete between them: no key that is there all the
# time is left out, and none comes twice.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start
# Three hundred that stay; around each, some that come and go.
perl -e 'printf "{\"key\":\"k%03d/stay\",\"value\":1}\n", $_ for 0 .. 299' \
    >"$dir/in"
import "$dir/in"
perl -e 'for my $n (0 .. 29) {
	print "{\"ops\":[", join(",", map { my $k = sprintf("k%03d", $_ * 10 +
	    $n % 10); map { "{\"op\":\"" . ($n % 2 ? "delete\"" :
	    "put\",\"value\":0") . ",\"key\":\"$k/$_\"}" } "a", "stay2", "z" }
	    0 .. 29), "]}\n" }' >"$dir/txns"
(
	while [ ! -f "$dir/enough" ]; do
		while read -r body; do
			printf %s "$body" | curl -sS -o "$dir/answer" \
			    --unix-socket "$nsock" -H "$json" \
			    --data-binary @- http://t/kv
			jq -e '.status == "ok"' "$dir/answer" >"$dir/ok" ||
				exit 1
			echo >>"$dir/rounds"
		done <"$dir/txns"
	done
) &
writer=$!
for query in limit=61 'limit=61&reverse=true' 'limit=29&delimiter=/' \
    'limit=29&delimiter=/&reverse=true'; do
	: >"$dir/seen"
	cursor=
	while :; do
		req GET "/kv?$query${cursor:+&cursor=$cursor}"
		expect_status 200
		jq -r '.items[].key, (.prefixes // [])[]' "$dir/body" \
		    >>"$dir/seen"
		cursor=$(jq -r '.cursor // ""' "$dir/body")
		[ -n "$cursor" ] || break
	done
	sort "$dir/seen" | uniq -d >"$dir/twice"
	[ ! -s "$dir/twice" ] || fail "$query: twice: $(head "$dir/twice")"
	case $query in
	*delimiter*) stay=$(grep -c '/$' "$dir/seen") ;;
	*) stay=$(grep -c '/stay$' "$dir/seen") ;;
	esac
	[ "$stay" = 300 ] || fail "$query: $stay of those that stay"
	case $query in
	*reverse*) sort -rc "$dir/seen" ;;
	*) sort -c "$dir/seen" ;;
	esac || fail "$query: out of order"
done
kill -0 $writer || fail "the writer ended"
: >"$dir/enough"
wait $writer || fail "the writer: $(cat "$dir/answer")"
[ "$(wc -l <"$dir/rounds")" -gt 10 ] || fail "nothing was written meanwhile"
stop
