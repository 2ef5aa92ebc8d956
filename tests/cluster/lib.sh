# SPDX-License-Identifier: MIT
#
# What the tests on a cluster begin with: three Galera nodes, two daemons that
# prefer different ones, each with an nginx before it. Where it may be, the nodes
# are on networks of their own; see net.sh.
#
#	. "$(dirname "$0")/lib.sh"
#	options "$@"
#	start_cluster
#	hammer_begin NAME; loaded N; ...; hammer_end
#	stop_cluster

. "$(dirname "$0")/net.sh"
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
	    ${net:+nsenter "--net=/proc/$(cat "$dir/net$start_node_i.pid" \
	    )/ns/net"} "$galera" run "$dir/g" "$start_node_i" "$@"
}

ready_node()
{
	"$galera" ready "$dir/g" "$1" || fail "node $1"
}

# whole: whether all nodes are in sync, in one view. A single one may be wrong
# about itself, when it was frozen and has not noticed yet.
whole()
{
	for whole_i in $(seq $nodes); do
		echo "SHOW GLOBAL STATUS WHERE Variable_name IN
		    ('wsrep_cluster_conf_id', 'wsrep_cluster_size',
		    'wsrep_local_state', 'wsrep_ready');" |
			"$galera" sql "$dir/g" "$whole_i" 2>&1 | tr '\n\t' '  '
		echo
	done >"$dir/views"
	[ "$(sort -u "$dir/views" | wc -l)" -eq 1 ] &&
		grep 'state 4 .*ready ON' "$dir/views" | grep -q "size $nodes "
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

# serve I: daemon and nginx number I.
serve()
{
	store=$("$galera" url "$dir/g" "$1")
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

# start_nodes: all, of which none runs.
start_nodes()
{
	start_first=$("$galera" newest "$dir/g")
	start_node "$start_first" --wsrep-new-cluster
	ready_node "$start_first"
	for start_i in $(seq $nodes); do
		[ "$start_i" != "$start_first" ] || continue
		start_node "$start_i"
		ready_node "$start_i"
	done
}

start_cluster()
{
	port=3306
	[ -n "$net" ] || port=$(free_ports)
	"$galera" init "$dir/g" $nodes "$port" "$net" || {
		rc=$?
		[ $rc -ne 77 ] || echo "$self: skipped: there is no Galera"
		exit $rc
	}
	[ -z "$net" ] || start_networks
	for start_i in ${net:+$(seq $nodes)}; do
		join_networks "$start_i"
	done
	start_nodes
	echo "CREATE DATABASE scribekv;${net:+
	    CREATE USER root@'$net.%'; GRANT ALL ON *.* TO root@'$net.%';}" |
	    "$galera" sql "$dir/g" 1
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
trap 'rc=$?; set +e; reap_cluster; (exit $rc); finish' EXIT

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

# grown N: whether the history has so many lines.
grown()
{
	[ ! -f "$dir/hammer.rc" ] || {
		cat "$dir/hammer.out"
		keep
		fail "$hammer_name: the load ended"
	}
	[ "$(wc -l <"$dir/history")" -ge "$1" ]
}

# loaded N: waits for N more requests.
loaded()
{
	loaded_n=$(($(wc -l <"$dir/history") + $1))
	wait_for "the load" grown $loaded_n
}

# hammer_end: ends the load, and checks what it has seen.
hammer_end()
{
	kill -TERM "$(cat "$dir/hammer.pid")"
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

# back FAULT NODE: waits until both daemons serve again, and notes how long it
# took.
back()
{
	back_start=$(date +%s%3N)
	for back_i in 1 2; do
		wait_for "daemon $back_i to serve again" serving $back_i
	done
	back_ms=$(($(date +%s%3N) - back_start))
	echo "node $2 $1: served again after $back_ms ms"
	echo "$1 $back_ms" >>"$dir/times"
}

# in_service: what back() has noted.
in_service()
{
	awk '{ n[$1]++; sum[$1] += $2; if ($2 > max[$1]) max[$1] = $2 }
	    END { for (f in n) printf "in service again: %s: %d times, " \
	    "after %d ms on average, %d at most\n", f, n[f], sum[f] / n[f],
	    max[f] }' "$dir/times" | sort
}

# The transactions that node $1 has committed for its own clients.
commits()
{
	echo "SHOW GLOBAL STATUS LIKE 'wsrep_local_commits';" |
	    "$galera" sql "$dir/g" "$1" | cut -f 2
}

using()
{
	using_before=$(commits "$1")
	serving "$1" && [ "$(commits "$1")" -gt "$using_before" ]
}

# Waits until each daemon writes to the node that it prefers.
used_again()
{
	for used_i in 1 2; do
		wait_for "daemon $used_i to take node $used_i back" using $used_i
	done
}
