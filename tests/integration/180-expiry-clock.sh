#!/bin/sh
# SPDX-License-Identifier: MIT
# From the instant of its expiry a key is gone for every way of reading it and
# for conditions; it stays so when the clock goes back, and over restarts and
# kill -9. The daemon's clock is the test's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

for faketime in /usr/lib/*/faketime/libfaketimeMT.so.1 \
    /usr/lib*/faketime/libfaketimeMT.so.1 \
    /usr/local/lib/faketime/libfaketimeMT.so.1; do
	[ ! -f "$faketime" ] || break
done
if [ ! -f "$faketime" ] || instrumented; then
	echo "$self: skipped: no libfaketime, or a daemon that cannot have it"
	exit 77
fi
module=$SKV_BUILDDIR/tests/fault/.libs/stall.so
if [ ! -e "$module" ]; then
	echo "$self: skipped: needs $module"
	exit 77
fi
cat >"$dir/timed" <<EOF
#!/bin/sh
export LD_PRELOAD='$faketime $module' SKV_STALL='$dir/stall'
export FAKETIME_TIMESTAMP_FILE='$dir/clock'
export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC
exec '$SCRIBEKVD' "\$@"
EOF
chmod +x "$dir/timed"
SCRIBEKVD=$dir/timed
export TZ=UTC

# clock SECONDS: sets it to then, after an hour in which all of this happens
hour=1893456000
clock()
{
	perl -MPOSIX -e 'print strftime("%Y-%m-%d %H:%M:%S\n", gmtime($ARGV[0]))' \
	    $((hour + $1)) >"$dir/clock.new"
	mv "$dir/clock.new" "$dir/clock"
}

# fill: keys that expire an hour after the hour, one that does not, and one
# whose time to live was taken away.
fill()
{
	for key in a b c d e/1; do
		printf '{"key":"%s","value":"%s","type":"text/plain","expires_ms":%s000}\n' \
		    $key $key $((hour + 3600))
	done >"$dir/in"
	printf '{"key":"stay","value":1}\n' >>"$dir/in"
	import "$dir/in"
	expect_json '.imported == 6'
	req PUT '/kv/later?ttl=3600' -H "$bin" -d 1
	req PUT /kv/later -H "$bin" -d 2
}

clock 0
start
fill
req PUT '/kv/t?ttl=7000' -H "$json" -d '{"value":1}'
expect_status 200
req GET /kv/a
expect_body a
tag=$(etag)
expect_header KV-TTL '3[56]*'

# A minute before it is there.
clock 3540
req GET /kv/a
expect_body a
ttl=$(header KV-TTL)
[ "$ttl" -gt 0 ] && [ "$ttl" -le 60 ] || fail "KV-TTL is $ttl"
[ "$(etag)" = "$tag" ] || fail "the passing of time changed its ETag"
req GET '/kv?values=true'
expect_json '[.items[].key] == ["a","b","c","d","e/1","later","stay","t"]'
expect_json '.items[0].ttl > 0 and .items[0].ttl <= 60'
req GET '/kv?count=true'
expect_json '.count == 8'
txn '{"if":[{"key":"a","exists":true}],"ops":[{"op":"get","key":"a"}]}'
expect_json '.results[0] | .found and .ttl <= 60'

# At the instant it is not.
clock 3600
for accept in '*/*' application/json application/cbor; do
	req GET /kv/a -H "Accept: $accept"
	expect_problem 404
	expect_no_header ETag
done
req HEAD /kv/a
expect_status 404
req GET '/kv/a?raw' -H "If-None-Match: $tag"
expect_problem 404
req GET '/kv/b?raw' -H 'Range: bytes=0-0'
expect_problem 404
for query in '' '?reverse=true' '?values=true'; do
	req GET "/kv$query"
	expect_json '[.items[].key] | sort == ["later","stay","t"]'
done
req GET '/kv?delimiter=/'
expect_json '.prefixes == []'
req GET '/kv?count=true'
expect_json '.count == 3'
export_to "$dir/out"
[ "$(jq -r .key "$dir/out" | tr '\n' ' ')" = 'later stay t ' ] ||
	fail "the export has others"
txn '{"if":[{"key":"a","exists":false}],"ops":[{"op":"get","key":"a"}]}'
expect_json '.results[0] == {"found":false,"value":null}'
txn '{"if":[{"key":"a","etag":'"$tag"'},{"key":"b","exists":true}],"ops":[]}'
expect_problem 409
expect_json '[.failed[].etag] == [null,null]'
req PUT /kv/a -H "If-Match: $tag" -H "$bin" -d 1
expect_problem 412
req PUT /kv/b -H 'If-Match: *' -H "$bin" -d 1
expect_problem 412
req DELETE /kv/b -H 'If-Match: *'
expect_problem 412
req PUT /kv/c -H 'If-None-Match: *' -H "$bin" -d new
expect_status 201
req DELETE '/kv?prefix=d'
expect_json '.deleted == 0'
req DELETE /kv/d
expect_status 204

# The space comes back: the entries are swept, and what was put anew is not.
swept()
{
	req GET /metrics
	n=$(sed -n 's/^scribekv_expired_total //p' "$dir/body")
	[ "$n" -ge 5 ]
}
wait_for "the sweeper" swept
req GET /kv/c
expect_body new
expect_no_header KV-TTL

# What was once expired stays so, however the clock goes.
clock 0
for key in a b d e/1; do
	req GET /kv/$key
	expect_problem 404
done
stop_daemon
start_daemon
req GET '/kv?count=true'
expect_json '.count == 4'

# The clock goes back over a restart.
printf '{"key":"late","value":1,"expires_ms":%s000}\n' $((hour + 7200)) >"$dir/in"
import "$dir/in"
clock 7200
req GET /kv/late
expect_problem 404
req PUT /kv/x -H "$bin" -d 1
stop_daemon
clock 100
start_daemon
req GET /kv/late
expect_problem 404
req PUT '/kv/fresh?ttl=3600' -H "$bin" -d 1
req GET /kv/fresh
expect_header KV-TTL '3[56]*'
clock 7300
req GET /kv/fresh
expect_body 1
clock 10900
req GET /kv/fresh
expect_problem 404

# With servers it is kept at an orderly end only.
if [ -n "${SKV_MARIADB:-}" ]; then
	stop
	exit 0
fi

# The clock goes back over a kill -9, and nothing was swept, because the disk
# stood still from before the end to the kill. What the clock was like is on the
# disk by then: by the write itself that is about to expire, or, when that was
# long ago, by the sweeper.
gone_after_kill()
{
	echo write >"$dir/stall"
	clock $end
	req GET /kv/late
	expect_problem 404
	kill_daemon
	rm "$dir/stall"
	clock 100
	start_daemon
	req GET /kv/late
	expect_problem 404
	req PUT '/kv/fresh?ttl=3600' -H "$bin" -d 1
	req GET /kv/fresh
	expect_header KV-TTL '3[56]*'
}

# late SECONDS: at that time, puts what ends at $end
late()
{
	clock "$1"
	printf '{"key":"late","value":1,"expires_ms":%s000}\n' $((hour + end)) \
	    >"$dir/in"
	import "$dir/in"
	req GET /kv/late
	expect_status 200
}

logs()
{
	cat "$dir"/db/*.log | wc -c
}

written()
{
	[ "$(logs)" -gt "$before" ]
}

end=12000
late $((end - 2))
gone_after_kill
stop_daemon
rm -r "$dir/db"
start_daemon
end=14000
late $((end - 1000))
before=$(logs)
clock $((end - 2))
wait_for "the sweeper" written
req GET /kv/late
expect_status 200
gone_after_kill

# As little as that it may only have been rounded: so much the daemon waits.
clock 20000
req PUT /kv/y -H "$bin" -d 1
kill_daemon
start_daemon
clock 20100
req PUT '/kv/fresh?ttl=60' -H "$bin" -d 1
clock 20159
req GET /kv/fresh
expect_body 1
clock 20162
req GET /kv/fresh
expect_problem 404
stop
