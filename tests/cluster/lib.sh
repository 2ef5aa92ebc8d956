# SPDX-License-Identifier: MIT
#
# What the tests on a cluster begin with: three Galera nodes, two daemons that
# prefer different ones, each with an nginx before it.
#
#	. "$(dirname "$0")/lib.sh"
#	options "$@"
#	start_cluster
#	hammer_begin NAME; ...; hammer_end NAME
#	stop_cluster

. "$(dirname "$0")/../fault/lib_http.sh"

galera=$SKV_SRCDIR/tests/galera.sh
nodes=3

# Thirty ports in a row that nobody has.
free_ports()
{
	python3 - <<-'END'
	import random, socket
	while True:
	    first = random.randrange(20000, 32000, 10)
	    try:
	        for port in range(first, first + 30):
	            with socket.socket() as s:
	                s.bind(("127.0.0.1", port))
	    except OSError:
	        continue
	    print(first)
	    break
	END
}

# start_node I [OPTION...]: in the background; ready_node waits for it.
start_node()
{
	start_node_i=$1
	shift
	spawn "node$start_node_i" "$dir/node$start_node_i.log" \
	    "$galera" run "$dir/g" "$start_node_i" "$@"
}

ready_node()
{
	"$galera" ready "$dir/g" "$1" || fail "node $1"
}

# signal_node I SIGNAL
signal_node()
{
	kill "-$2" "$(cat "$dir/node$1.pid")"
}

kill_node()
{
	signal_node "$1" KILL
	wait_for "node $1 to die" test -f "$dir/node$1.rc"
}

# As systemd would.
stop_node()
{
	signal_node "$1" TERM
	wait_for "node $1 to stop" test -f "$dir/node$1.rc"
}

# store_url I: of daemon I, which prefers node I.
store_url()
{
	awk -v first="$1" -v n=$nodes -v base="$port" 'BEGIN {
		for (i = 0; i < n; i++)
			hosts = hosts (i > 0 ? "," : "") "127.0.0.1:" \
			    base + 10 * ((first - 1 + i) % n)
		print "mariadb://root@" hosts "/scribekv"
	}'
}

# serve I: daemon and nginx number I.
serve()
{
	store=$(store_url "$1")
	dsock=$dir/d$1.sock
	nsock=$dir/n$1.sock
	dlog=$dir/daemon.$1.log
	mkdir -p "$dir/nginx$1"
	chmod 755 "$dir/nginx$1"
	spawn "daemon$1" "$dlog" scribekvd --workers 16
	wait_for "daemon $1 to be ready" grep -q ready "$dlog"
	nginx_user=
	[ "$(id -u)" -ne 0 ] || nginx_user='user root;'
	sed -e '/^#/d' -e "s|@LISTEN@|unix:$nsock|" -e "s|@SOCKET@|$dsock|" \
	    -e "s|@PREFIX@|$dir/nginx$1|" -e "s|@SNIPPETS@|$SKV_SRCDIR/nginx|" \
	    -e "s|@USER@|$nginx_user|" "$SKV_SRCDIR/nginx/quickstart.conf.in" \
	    >"$dir/nginx$1.conf"
	spawn "nginx$1" "$dir/nginx$1.log" nginx -e "$dir/nginx$1/error.log" \
	    -c "$dir/nginx$1.conf"
	wait_for "nginx $1" nginx_up
}

start_cluster()
{
	port=$(free_ports)
	"$galera" init "$dir/g" $nodes "$port" || {
		rc=$?
		[ $rc -ne 77 ] || echo "$self: skipped: there is no Galera"
		exit $rc
	}
	start_node 1 --wsrep-new-cluster
	ready_node 1
	echo 'CREATE DATABASE scribekv;' | "$galera" sql "$dir/g" 1
	for start_i in $(seq 2 $nodes); do
		start_node "$start_i"
		ready_node "$start_i"
	done
	serve 1
	serve 2
}

# Everything that was started ends with the test; see finish() of lib.sh.
reap_cluster()
{
	for reap_name in nginx1 nginx2 daemon1 daemon2; do
		reap $reap_name
	done
	for reap_name in node1 node2 node3; do
		[ ! -f "$dir/$reap_name.pid" ] || [ -f "$dir/$reap_name.rc" ] ||
			kill -KILL "$(cat "$dir/$reap_name.pid")" || :
	done
}
trap 'rc=$?; reap_cluster; (exit $rc); finish' EXIT

# stop_cluster: the daemons must end with 0.
stop_cluster()
{
	for stop_i in 1 2; do
		kill -TERM "$(cat "$dir/daemon$stop_i.pid")"
		wait_for "daemon $stop_i to stop" \
		    test -f "$dir/daemon$stop_i.rc"
		[ "$(cat "$dir/daemon$stop_i.rc")" = 0 ] ||
			fail "daemon $stop_i: $(cat "$dir/daemon$stop_i.rc")"
	done
}

# A history begins with an empty store.
empty_store()
{
	req DELETE '/kv?all=true'
	expect_status 200
}

# hammer_begin NAME [OPTION...]: load in the background.
hammer_begin()
{
	hammer_name=$1
	shift
	empty_store
	rm -f "$dir/hammer.rc"
	spawn hammer "$dir/hammer.out" "$hammer" --socket "$dir/n1.sock" \
	    --socket "$dir/n2.sock" --history "$dir/history" "$@"
}

# hammer_end: waits for it, and checks what it has seen.
hammer_end()
{
	wait_for "the load" test -f "$dir/hammer.rc"
	cat "$dir/hammer.out"
	[ "$(cat "$dir/hammer.rc")" = 0 ] || {
		keep
		fail "$hammer_name: the load"
	}
	python3 "$SKV_SRCDIR/tests/fault/linear.py" "$dir/history" \
	    >"$dir/linear.out" || {
		cat "$dir/linear.out"
		keep
		fail "$hammer_name: not linearizable: seed $seed"
	}
	sed 's/^.*: \([0-9]* requests\)/linear: \1/' "$dir/linear.out"
}

# serving I: whether daemon I takes a write now.
serving()
{
	curl -s -m 1 --unix-socket "$dir/n$1.sock" -X PUT -d x \
	    "http://scribekv.test/kv/serving?raw" 2>&1 |
	    grep -q '"status":"ok"'
}

# back NAME: waits until both daemons serve again, and says how long it took.
back()
{
	back_start=$(date +%s%3N)
	for back_i in 1 2; do
		wait_for "daemon $back_i to serve again" serving $back_i
	done
	echo "$1: served again after $(($(date +%s%3N) - back_start)) ms"
}
