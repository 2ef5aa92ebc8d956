#!/bin/sh
# SPDX-License-Identifier: MIT
# Readers of exports who stand still hold up nobody: nginx keeps what they have
# not taken. As many exports as max_tasks run at one time, and no more.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# Every descriptor of this shell that a reader inherits would keep pipes open.
reader()
{
	mkfifo "$dir/pipe$1"
	curl -sS -N --unix-socket "$nsock" -o "$dir/pipe$1" \
	    -H 'Accept: application/x-ndjson' http://t/kv \
	    2>"$dir/curl$1.err" 4<&- 5<&- 6<&- 7<&- &
	readers="${readers:-} $!"
}

start --max-tasks 2
lines 20000 1000 >"$dir/in"
import "$dir/in"
expect_status 200
reader 4
reader 5
reader 6
reader 7
exec 4<"$dir/pipe4" 5<"$dir/pipe5" 6<"$dir/pipe6" 7<"$dir/pipe7"
idle()
{
	req GET /metrics
	grep -qx 'scribekv_long_requests 0' "$dir/body"
}
# The daemon has given all of them to nginx, though none was read.
wait_for "the exports to be with nginx" idle
export_to "$dir/out"
cmp "$dir/in" "$dir/out" || fail "not the store"
cat <&7 >"$dir/out"
case $(wc -l <"$dir/out") in
20000|1) ;;
*) fail "some of it is lost" ;;
esac
exec 4<&- 5<&- 6<&- 7<&-
for pid in $readers; do
	wait "$pid" || :
done
stop_nginx
stop_daemon

# Where nginx keeps nothing, they wait in the daemon; others are served.
mkdir -p "$dir/src/nginx"
cp "$SKV_SRCDIR"/nginx/* "$dir/src/nginx"
sed 's/fastcgi_max_temp_file_size .*/fastcgi_max_temp_file_size 0;/' \
    "$SKV_SRCDIR/nginx/scribekv-server.conf" \
    >"$dir/src/nginx/scribekv-server.conf"
SKV_SRCDIR=$dir/src
start --max-tasks 2 --workers 2 --io-timeout-ms 600000
rm "$dir"/pipe?
reader 4
reader 5
exec 4<"$dir/pipe4" 5<"$dir/pipe5"
read -r line <&4
read -r line <&5
for i in 1 2 3 4 5 6 7 8; do
	put a$i 1
	req GET /kv/a$i
	expect_body 1
	req GET '/kv?limit=3'
	expect_status 200
done
for path in '/kv?count=true' '/kv?all=true' /kv; do
	case $path in
	*count*) req GET "$path" ;;
	*all*) req DELETE "$path" ;;
	*) req GET "$path" -H 'Accept: application/x-ndjson' ;;
	esac
	expect_problem 503
	expect_header Retry-After '[1-9]*'
done
req POST /kv -H "$ndjson" -d '{"key":"x","value":1}'
expect_problem 503
expect_json '.applied == "no"'
req GET /metrics
grep -qx 'scribekv_long_requests 2' "$dir/body" || fail "not two of them"
# One ends, and there is room. What it gave is the view of its beginning.
{ echo "$line"; cat <&5; } >"$dir/out"
cmp "$dir/in" "$dir/out" || fail "it is not the store as it was"
one()
{
	req GET /metrics
	grep -qx 'scribekv_long_requests 1' "$dir/body"
}
wait_for "one to end" one
req GET '/kv?count=true'
expect_json '.count == 20008'
# A reader who goes away ends the other.
exec 4<&- 5<&-
wait_for "the other to end" idle
stop
