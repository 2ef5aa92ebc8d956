#!/bin/sh
# SPDX-License-Identifier: MIT
# Page after page to the end, by cursor and by Link: every key once, in order,
# though others write; also over a restart.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# walk QUERY LIMIT: all pages; keys and prefixes as they come into $dir/seen.
walk()
{
	: >"$dir/seen"
	pages=0
	next="/kv?$1&limit=$2"
	while [ -n "$next" ]; do
		req GET "$next"
		expect_status 200
		expect_json "((.items | length) + (.prefixes | length)) <= $2"
		jq -r '.items[].key, (.prefixes // [])[]' "$dir/body" |
			sort $3 >>"$dir/seen"
		cursor=$(jq -r '.cursor // ""' "$dir/body")
		next=$(header Link | sed -n 's/^<\(.*\)>; rel="next"$/\1/p')
		case $cursor:$next in
		:|?*:*"cursor=$cursor"*) ;;
		*) fail "cursor and Link differ" ;;
		esac
		pages=$((pages + 1))
	done
}

# walks QUERY LIMITS [-r]: with each limit the same as in one page
walks()
{
	walk "$1" 10000 "${3:-}"
	cp "$dir/seen" "$dir/all"
	n=$(wc -l <"$dir/all")
	for limit in $2; do
		walk "$1" "$limit" "${3:-}"
		cmp "$dir/all" "$dir/seen" || fail "pages of $limit differ"
		[ $pages = $(((n + limit - 1) / limit)) ] ||
			fail "$pages pages of $limit for $n"
	done
}

start
perl -e 'for (1 .. 20) {
	printf "{\"key\":\"%s%s/%d\",\"value\":%d}\n", chr(97 + $_ % 4),
	    $_ % 3 ? "/" . "x" x ($_ % 3) : "", $_, $_ }
    print "{\"key\":\"$_\",\"value\":0}\n"
	for "!", "a0", "a0/", "a00", "q&=;+%", "é/ü", "~";' >"$dir/in"
import "$dir/in"
expect_status 200
walks '' '5 26 27'
[ "$n" = 27 ] || fail "$n keys"
walks 'reverse=true' '10' -r
walks 'prefix=b' '1 2'
walks 'start=b&end=d&reverse' 3 -r
walks 'delimiter=/' '1'
[ "$n" -lt 20 ] || fail "nothing was grouped"
walks 'delimiter=/&reverse=1' '1 4' -r
walks 'delimiter=/&prefix=b' '1 2'
walks 'prefix=q%26%3D%3b%2B&values=true' 1
walks 'delimiter=%2Fx&prefix=a' '1 3'

# A cursor lasts as long as the store: here is one for b, with all behind it
# taken away and put back.
req GET '/kv?limit=12'
jq -r '.items[].key' "$dir/body" >"$dir/first"
mark=$(jq -r .cursor "$dir/body")
stop_daemon
start_daemon
req GET "/kv?cursor=$mark"
jq -r '.items[].key' "$dir/body" | cat "$dir/first" - >"$dir/both"
walk '' 10000 ''
cmp "$dir/seen" "$dir/both" || fail "the restart lost or repeated keys"
# The limit and the wish for values may change on the way.
req GET "/kv?limit=1&values=true&cursor=$mark"
expect_status 200
expect_json '(.items | length) == 1 and (.items[0] | has("value"))'
# The key it stands for need not be there any more.
last=$(tail -n 1 "$dir/first")
req DELETE "/kv/$last"
req GET "/kv?limit=1&cursor=$mark"
[ "$(jq -r '.items[0].key' "$dir/body")" = "$(sed -n 13p "$dir/both")" ] ||
	fail "the cursor depends on its key"
# A page is bounded in bytes as well, and values of any size get through.
{ printf '{"value":"'; repeat x 3000000; printf '"}'; } >"$dir/in"
for i in 1 2 3 4 5; do
	req PUT /kv/z$i -H "$json" --data-binary "@$dir/in"
	expect_status 200
done
req GET '/kv?prefix=z&values=true'
expect_json '(.items | length) < 5 and .cursor != null'
[ "$(wc -c <"$dir/body")" -lt 8000000 ] || fail "too large a page"
walk 'prefix=z&values=true' 1000 ''
[ "$(tr '\n' ' ' <"$dir/seen")" = 'z1 z2 z3 z4 z5 ' ] || fail "lost some"
stop
