#!/bin/sh
# SPDX-License-Identifier: MIT
# /health and /metrics show each of three servers, one of which is down, and
# what has become of them when another one ends.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_mariadb.sh"

start_mariadb
# One server by two names, and one that is not there.
ln -s m/s "$dir/second"
host=${mariadb#*@}
host=${host%/kv}
beside=${host%m%2Fs}
store="mariadb://root@${beside}none,$host,${beside}second/kv?timeout_ms=500"
start
all_seen()
{
	req GET /health
	jq -e '[.store.nodes[].state] == ["unreachable","in use","healthy"]' \
	    "$dir/body" >"$dir/jq"
}
wait_for "the three servers" all_seen
expect_status 200
expect_json '.store.engine == "mariadb" and .status == "healthy"'
expect_json ".store.nodes[0].host == \"$dir/none\""
expect_json '.store.nodes[0] | (.error | length > 0) and has("latency_us") == false'
expect_json '[.store.nodes[1,2] | .latency_us > 0 and has("error") == false] |
    all'
expect_json '[.store.nodes[].since_seconds | type == "number" and . >= 0] | all'
req GET /metrics
for line in "scribekv_node_state{host=\"$dir/none\",state=\"unreachable\"} 1" \
    "scribekv_node_state{host=\"$dir/m/s\",state=\"in use\"} 1" \
    "scribekv_node_state{host=\"$dir/second\",state=\"healthy\"} 1" \
    "scribekv_node_latency_seconds{host=\"$dir/none\"} 0.000000"; do
	grep -qxF "$line" "$dir/body" || fail "no $line"
done
grep -q "^scribekv_node_latency_seconds{host=\"$dir/m/s\"} 0[.]0*[1-9]" \
    "$dir/body" || fail "no latency"

stop_mariadb
all_gone()
{
	req GET /health
	jq -e '[.store.nodes[].state] | unique == ["unreachable"]' \
	    "$dir/body" >"$dir/jq"
}
wait_for "the end of the server to be seen" all_gone
expect_status 503
expect_json '.status == "unhealthy" and (.store.nodes[1].error | length > 0)'
stop
