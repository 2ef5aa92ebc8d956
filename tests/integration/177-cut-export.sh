#!/bin/sh
# SPDX-License-Identifier: MIT
# An export that cannot be finished never ends as if it were whole: its daemon
# is killed or stopped in the middle, its scan lives too long, its reader is
# too slow for what nginx keeps.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

# begin: a reader who stops after the first line. Descriptor 4 has the rest.
begin()
{
	rm -f "$dir/pipe" "$dir/rc"
	mkfifo "$dir/pipe"
	(
		rc=0
		curl -sS -N --unix-socket "$nsock" -o "$dir/pipe" \
		    -H 'Accept: application/x-ndjson' http://t/kv \
		    2>"$dir/curl.err" 4<&- || rc=$?
		echo $rc >"$dir/rc"
	) &
	exec 4<"$dir/pipe"
	read -r line <&4
}

# cut_short: the reader goes on, and notices
cut_short()
{
	echo "$line" >"$dir/got"
	cat <&4 >>"$dir/got"
	exec 4<&-
	wait_for "the reader" test -s "$dir/rc"
	case $(cat "$dir/rc") in
	18|56)
		;;
	*)
		fail "curl ended with $(cat "$dir/rc"): $(cat "$dir/curl.err")"
		;;
	esac
	[ "$(wc -l <"$dir/got")" -lt 20000 ] || fail "it was not cut"
}

start
lines 20000 1000 >"$dir/in"
import "$dir/in"
expect_status 200
stop

# Its time is over at the first look; whatever nginx has by then goes out.
start --scan-lifetime-ms 1
for _ in 1 2 3; do
	rc=0
	curl -sSf --unix-socket "$nsock" -o "$dir/got" \
	    -H 'Accept: application/x-ndjson' http://t/kv 2>"$dir/curl.err" ||
		rc=$?
	# 22: cut before nginx had anything, which makes it a 502.
	[ $rc = 18 ] || [ $rc = 56 ] || [ $rc = 22 ] ||
		fail "curl ended with $rc"
	[ $rc != 22 ] || : >"$dir/got"
	[ "$(wc -l <"$dir/got")" -lt 20000 ] || fail "it was not cut"
done
grep -q 'export cut short' "$dlog" || fail "the log does not tell"
# Pages and counts say so.
req GET '/kv?limit=10000&values=true'
case $status in
200) expect_json '.cursor != null' ;;
*) expect_problem 503 ;;
esac
stop

# Without a file of nginx's the daemon cannot be far ahead of the reader.
mkdir -p "$dir/src/nginx"
cp "$SKV_SRCDIR"/nginx/* "$dir/src/nginx"
sed 's/fastcgi_max_temp_file_size .*/fastcgi_max_temp_file_size 0;/' \
    "$SKV_SRCDIR/nginx/scribekv-server.conf" \
    >"$dir/src/nginx/scribekv-server.conf"
SKV_SRCDIR=$dir/src
start --io-timeout-ms 600000
begin
kill_daemon
cut_short

start_daemon --io-timeout-ms 600000
begin
signal_daemon TERM
# It waits for the reader, and then lets go of him.
wait_for "the drain" grep -q stopping "$dlog"
cut_short
wait_for "the daemon to stop" test -f "$dir/daemon.rc"
[ "$(cat "$dir/daemon.rc")" = 0 ] || fail "status $(cat "$dir/daemon.rc")"

start_daemon --io-timeout-ms 100
begin
wait_for "the end of its patience" grep -q 'export cut short' "$dlog"
cut_short
# With time enough it is whole, in spite of all stopping and starting.
stop_daemon
start_daemon --io-timeout-ms 600000
begin
{ echo "$line"; cat <&4; } >"$dir/got"
exec 4<&-
wait_for "the reader" test -s "$dir/rc"
[ "$(cat "$dir/rc")" = 0 ] || fail "curl: $(cat "$dir/curl.err")"
cmp "$dir/in" "$dir/got" || fail "not the whole store"
stop
