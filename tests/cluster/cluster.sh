#!/bin/sh
# SPDX-License-Identifier: MIT
# What ./dev cluster starts, as somebody uses it who tries it: what was written
# is there after an interrupt, and after kill -9 of all of it at once.
. "$(dirname "$0")/../integration/lib.sh"

# A port that nobody has, with thirty such from 10000 above it on.
free_port()
{
	python3 - <<-'END'
	import random, socket
	while True:
	    port = random.randrange(10000, 20000)
	    try:
	        for p in [port] + list(range(port + 10000, port + 10030)):
	            with socket.socket() as s:
	                s.bind(("127.0.0.1", p))
	    except OSError:
	        continue
	    print(port)
	    break
	END
}

# Whether it says that it serves, or has ended.
up_or_dead()
{
	[ -f "$dir/cluster.rc" ] || grep -q '^scribekv is at' "$dir/cluster.log"
}

begin()
{
	spawn cluster "$dir/cluster.log" env SKV_BUILDDIR="$SKV_BUILDDIR" \
	    "$SKV_SRCDIR/tests/cluster/serve.sh" --port "$port" \
	    --data "$dir/data"
	wait_for "the cluster" up_or_dead
	[ ! -f "$dir/cluster.rc" ] || {
		[ "$(cat "$dir/cluster.rc")" != 77 ] || {
			echo "cluster: skipped: there is no Galera"
			exit 77
		}
		fail "$(cat "$dir/cluster.log")"
	}
}

# Whether nothing of it runs any more.
gone()
{
	! grep -qsF "$dir/data" /proc/[0-9]*/cmdline
}

# end SIGNAL STATUS
end()
{
	kill "-$1" "$(cat "$dir/cluster.pid")"
	wait_for "the cluster to end" test -f "$dir/cluster.rc"
	[ "$(cat "$dir/cluster.rc")" = "$2" ] ||
		fail "ended with $(cat "$dir/cluster.rc")"
	wait_for "all of it to end" gone
}

# kv METHOD KEY [BODY]: through nginx, which has a port here.
kv()
{
	curl -sS --noproxy '*' -m 30 -X "$1" ${3:+--data-binary "$3"} \
	    "http://127.0.0.1:$port/kv/$2?raw"
}

# has KEY VALUE
has()
{
	[ "$(kv GET "$1")" = "$2" ] || fail "$1: $(kv GET "$1")"
}

command -v python3 >/dev/null || {
	echo "cluster: skipped: there is no python3"
	exit 77
}
port=$(free_port)
begin
kv PUT a one >/dev/null
has a one
end INT 0

begin
has a one
# Each is the last that somebody knew of; which node has it is not known.
i=0
while [ $i -lt 200 ]; do
	kv PUT "k$i" "value $i" | grep -q '"status":"ok"' || fail "k$i"
	i=$((i + 1))
done
end KILL 137

begin
has a one
i=0
while [ $i -lt 200 ]; do
	has "k$i" "value $i"
	i=$((i + 1))
done
end TERM 0
