#!/bin/sh
# SPDX-License-Identifier: MIT
# The alert rules hold what their unit tests say, and every metric that they
# and the dashboard speak of is one that the daemon has.
. "$(dirname "$0")/lib.sh"
about_leveldb

command -v promtool >/dev/null || {
	echo "$self: skipped: there is no promtool"
	exit 77
}
contrib=$SKV_SRCDIR/contrib

check()
{
	promtool "$@" >"$dir/promtool" 2>&1 ||
		fail "promtool $*: $(cat "$dir/promtool")"
}

check check rules "$contrib/prometheus/scribekv.rules.yml"
check check config "$contrib/prometheus/prometheus.yml"
check test rules "$contrib/prometheus/scribekv.test.yml"
# Each alert has a test that names it.
sed -n 's/^ *- alert: //p' "$contrib/prometheus/scribekv.rules.yml" \
    >"$dir/alerts"
[ -s "$dir/alerts" ] || fail "no alerts"
while read -r alert; do
	grep -q "$alert" "$contrib/prometheus/scribekv.test.yml" ||
		fail "$alert has no test"
done <"$dir/alerts"

start
put a 1
req GET /kv/a
req GET /kv/none
req DELETE /kv/a?sync=true
req POST /kv -H "$json" -d '{"ops":[]}'
req GET /metrics
expect_status 200
promtool check metrics <"$dir/body" >"$dir/promtool" 2>&1 ||
	fail "promtool check metrics: $(cat "$dir/promtool")"
sed -n 's/^\(scribekv_[a-z0-9_]*\).*/\1/p' "$dir/body" | sort -u >"$dir/live"
# Names of labels are those of some line as well.
sed -n 's/^scribekv_[a-z0-9_]*{\(.*\)}.*/\1/p' "$dir/body" | tr , '\n' |
    sed 's/=.*//' | sort -u >"$dir/labels"

# Everything is a string in the dashboard; the rules' expressions are in YAML.
jq -r '.. | strings' "$contrib/grafana/scribekv.json" >"$dir/words"
cat "$contrib/prometheus/scribekv.rules.yml" >>"$dir/words"
grep -o 'scribekv_[a-z0-9_]*' "$dir/words" | sort -u >"$dir/used"
[ "$(wc -l <"$dir/used")" -gt 20 ] || fail "few metrics are used"
comm -23 "$dir/used" "$dir/live" >"$dir/unknown"
[ ! -s "$dir/unknown" ] || fail "no such metrics: $(cat "$dir/unknown")"
grep -oE 'by \([a-z, ]*\)' "$dir/words" | sed 's/by (//; s/)//' |
    tr -d ' ' | tr , '\n' | sort -u | grep -vx -e job -e instance \
    >"$dir/used"
comm -23 "$dir/used" "$dir/labels" >"$dir/unknown"
[ ! -s "$dir/unknown" ] || fail "no such labels: $(cat "$dir/unknown")"

# And every expression of the dashboard is one.
jq -r '.. | .expr? // empty' "$contrib/grafana/scribekv.json" |
    sed 's/\$__rate_interval/5m/g' | jq -Rn '{groups: [{name: "dashboard",
	rules: [inputs | {record: "x:y:z", expr: .,
	    labels: {n: (input_line_number | tostring)}}]}]}' \
    >"$dir/dashboard.json"
check check rules "$dir/dashboard.json"
stop
