#!/bin/sh
# SPDX-License-Identifier: MIT
# The programs of bench/ do what they say, and the table tells reached from
# missed.
. "$(dirname "$0")/../tests/integration/lib.sh"

bench=$SKV_BUILDDIR/bench

# Two rounds are ratios of 1.00 and 0.80; a goal between them is undecided.
cat >"$dir/rows" <<'END'
# title
over|g|what|a/x//per_s|a/y//per_s|1|>= 0.70
below|g|what|a/x//per_s|a/y//per_s|1|>= 1.10
between|g|what|a/x//per_s|a/y//per_s|1|>= 0.85
factor|g|what|a/x//per_s|a/y//per_s|100|>= 80
alone|g|what|a/x//max_us||0.001|<= 1000
absent|g|what|a/z//per_s|a/y//per_s|1|>= 1
END
cat >"$dir/results" <<'END'
series,side,x,round,metric,value
a,x,,1,per_s,1000
a,y,,1,per_s,1000
a,x,,2,per_s,1600
a,y,,2,per_s,2000
a,x,,1,max_us,2000000
END
awk -f "$SKV_SRCDIR/bench/table.awk" "$dir/rows" "$dir/results" |
    awk -F '|' '$2 !~ /row|---/ && NF > 5 { gsub(/^ *| *$/, "", $2)
	gsub(/[* ]/, "", $8); print $2, $8 }' >"$dir/verdicts"
cat >"$dir/expected" <<'END'
over reached
below missed
between reached,withinthespread
factor reached
alone missed
absent 
END
diff "$dir/expected" "$dir/verdicts" >&2 || fail "wrong verdicts"

# Each target reads what it has put, or the program fails.
mkdir "$dir/in"
"$bench/store" "$dir/in" 1 put-100 get-100 mixed-100 naive-get sync-submit \
    >"$dir/results"
for side in scribekv leveldb temporary; do
	grep -q "^get-100,$side,,1,per_s,[1-9]" "$dir/results" ||
		fail "no result of $side"
done
grep -q '^put-100,file,,1,per_s,[1-9]' "$dir/results" || fail "no file"
grep -q '^sync-submit,scribekv,,1,blocked_us,' "$dir/results" ||
	fail "no time of a sync"

# So does the program for servers, on one.
if [ -x "$bench/servers" ] && grep -q '^#define HAVE_LIBMARIADB 1' \
    "$SKV_BUILDDIR/config.h"; then
	. "$(dirname "$0")/../tests/integration/lib_mariadb.sh"
	sql_port=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	if command -v mariadbd >"$dir/which"; then
		start_mariadb --skip-networking=0 --bind-address=127.0.0.1 \
		    --port="$sql_port"
		"$bench/servers" 127.0.0.1 "$sql_port" kv 0 1 put-100 cas \
		    list-100 count put-8 >"$dir/results"
		for side in scribekv direct; do
			grep -q "^servers-put-8,$side,0,1,per_s,[1-9]" \
			    "$dir/results" || fail "no result of $side"
		done
		stop_mariadb
	fi
fi

# Every key is put in, and connections that do nothing stay.
"$bench/fill" "$dir/db" 1000 100 >"$dir/results"
start
req GET '/kv?count=true'
expect_json '.count == 1000'
req GET /kv/key00000999
expect_header Content-Length 100
mkfifo "$dir/in.fifo"
"$bench/idle" 100 "$dsock" <"$dir/in.fifo" >"$dir/idle" &
idle=$!
exec 4>"$dir/in.fifo"
wait_for "idle connections" grep -q ready "$dir/idle"
req GET /kv/key00000999
expect_status 200
exec 4>&-
wait $idle || fail "idle connections were closed"
stop

# The canned reply stands in the daemon's place.
spawn daemon "$dir/daemon.canned.log" "$bench/canned" "$dir/canned.sock" 2
dsock=$dir/canned.sock
start_nginx
req PUT /kv/any -H "$bin" -d any
expect_status 200
expect_header Content-Length 100
stop_nginx
signal_daemon TERM
wait_for "the end of the canned reply" test -f "$dir/daemon.rc"
