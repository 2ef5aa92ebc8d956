#!/bin/sh
# SPDX-License-Identifier: MIT
# MariaDB servers that replicate with Galera, each in a directory of its own: for
# ./dev cluster and for tests.
#
#	galera.sh init DIR N PORT [NET]	prepares N nodes, ports from PORT on
#	galera.sh newest DIR		the node to start first: it knows most
#	galera.sh run DIR I [OPTION...]	becomes node I (1 to N)
#	galera.sh ready DIR I		waits until it is in sync
#	galera.sh sql DIR I		runs SQL from standard input
#	galera.sh url DIR [FIRST]	the store's URL, which prefers node FIRST
#
# Nodes are on loopback; or with NET, say 10.77, node I answers clients at
# 10.77.1.I and other nodes at 10.77.2.I. A node takes ten ports. When none runs,
# the newest is to be started with --wsrep-new-cluster. As root the servers run
# as the user mysql, because state transfer does not work as root. A node ends
# with the process that started it. Exit status 77: there is no Galera to be had.
set -eu
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
provider=/usr/lib/galera/libgalera_smm.so
n=0 first_port=0 net= # from DIR/settings

die()
{
	echo "galera.sh: $*" >&2
	exit 1
}

as=
[ "$(id -u)" -ne 0 ] || as='setpriv --reuid=mysql --regid=mysql --clear-groups'

# The client port of node $1; the others follow it.
port()
{
	echo $((first_port + 10 * ($1 - 1)))
}

# address I CLIENTS-OR-NODES
address()
{
	if [ -n "$net" ]; then
		echo "$net.$2.$1"
	else
		echo 127.0.0.1
	fi
}

init()
{
	for tool in mariadbd mariadb mysql_install_db setpriv rsync; do
		command -v $tool >/dev/null || {
			echo "galera.sh: there is no $tool" >&2
			exit 77
		}
	done
	[ -e $provider ] || {
		echo "galera.sh: there is no $provider" >&2
		exit 77
	}
	mkdir -p "$dir"
	echo "n=$1 first_port=$2 net=${3-}" >"$dir/settings"
	# shellcheck source=/dev/null
	. "$dir/settings"
	members=
	i=1
	while [ $i -le "$n" ]; do
		members=$members${members:+,}$(address $i 2):$(($(port $i) + 1))
		i=$((i + 1))
	done
	i=1
	while [ $i -le "$n" ]; do
		node "$i"
		i=$((i + 1))
	done
}

# Prepares one node. The timeouts make the others go on without a node that does
# not answer within about three seconds. Shorter ones, on a machine that is busy,
# part nodes that are well, and two of three that have parted need the third.
node()
{
	home=$dir/$1
	base=$(port "$1")
	here=$(address "$1" 2)
	mkdir -p "$home/tmp"
	cat >"$home/my.cnf" <<-END
	[mariadbd]
	datadir=$home/data
	tmpdir=$home/tmp
	socket=$home/s
	port=$base
	bind-address=$(address "$1" 1)
	pid-file=$home/pid
	skip-name-resolve
	max_connections=200
	max_allowed_packet=64M
	performance_schema=OFF
	innodb_buffer_pool_size=64M
	innodb_log_file_size=32M
	innodb_autoinc_lock_mode=2
	innodb_flush_log_at_trx_commit=${GALERA_FLUSH:-1}
	binlog_format=ROW
	wsrep_on=ON
	wsrep_provider=$provider
	wsrep_cluster_name=scribekv
	wsrep_cluster_address=gcomm://$members
	wsrep_node_name=node$1
	wsrep_node_address=$here:$((base + 1))
	wsrep_sst_method=rsync
	wsrep_sst_receive_address=$here:$((base + 4))
	wsrep_slave_threads=4
	wsrep_provider_options="base_port=$((base + 1));gmcast.listen_addr=tcp://$here:$((base + 1));ist.recv_addr=$here:$((base + 2));gcache.size=64M;evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.2S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S;gmcast.peer_timeout=PT2S;pc.recovery=FALSE"
	END
	[ -z "$as" ] || chown -R mysql "$home"
	$as test -x "$home" ||
		die "$dir: the user mysql may not enter it: choose another"
	[ ! -d "$home/data/mysql" ] || return 0
	# The command line is what this does not want to know of Galera.
	# shellcheck disable=SC2086
	$as mysql_install_db --no-defaults --datadir="$home/data" \
	    --tmpdir="$home/tmp" --auth-root-authentication-method=normal \
	    --skip-test-db --innodb-log-file-size=32M \
	    >"$home/install.log" 2>&1 ||
		die "node $1: $(grep -m 3 ERROR "$home/install.log")"
}

sql()
{
	mariadb --no-defaults -S "$dir/$1/s" -u root -N -B
}

synced()
{
	echo "SHOW STATUS WHERE Variable_name IN ('wsrep_ready',
	    'wsrep_local_state', 'wsrep_cluster_status');" |
	    sql "$1" 2>/dev/null | tr '\n\t' '  ' |
	    grep -q 'Primary.*state 4.*ON\|state 4.*Primary.*ON'
}

ready()
{
	tries=0
	until synced "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] ||
			die "node $1: $(tail -n 3 "$dir/$1/log")"
		sleep 0.1
	done
}

# How far node $1 has come, which does not run: as it noted when it ended in
# order, and else as its tables say.
position()
{
	at=$(cat "$dir/$1/data/grastate.dat" 2>/dev/null |
	    sed -n 's/^seqno: *//p')
	# shellcheck disable=SC2086
	[ "${at:--1}" -ge 0 ] || at=$($as mariadbd \
	    --defaults-file="$dir/$1/my.cnf" --wsrep-recover 2>&1 |
	    sed -n 's/.*Recovered position: [^ ]*:\(-*[0-9][0-9]*\).*/\1/p')
	echo "${at:--1}"
}

newest()
{
	best=1
	most=-1
	for i in $(seq "$n"); do
		at=$(position "$i")
		[ "$at" -le $most ] || {
			best=$i
			most=$at
		}
	done
	echo $best
}

url()
{
	hosts=
	for i in $(seq "${1:-1}" "$n") $(seq $((${1:-1} - 1))); do
		hosts=$hosts${hosts:+,}$(address "$i" 1):$(port "$i")
	done
	echo "mariadb://root@$hosts/scribekv"
}

[ $# -ge 2 ] || die 'usage: galera.sh COMMAND DIR ...'
command=$1
dir=$2
shift 2
# shellcheck source=/dev/null
[ "$command" = init ] || . "$dir/settings"
case $command in
init | newest | ready | sql | url) "$command" "$@" ;;
run)
	i=$1
	shift
	# Who starts it says that it is the newest.
	[ "${1-}" != --wsrep-new-cluster ] ||
		sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: 1/' \
		    "$dir/$i/data/grastate.dat" 2>/dev/null || :
	# shellcheck disable=SC2086
	exec ${as:-setpriv} --pdeathsig KILL mariadbd \
	    --defaults-file="$dir/$i/my.cnf" "$@" >>"$dir/$i/log" 2>&1
	;;
*) die "unknown command $command" ;;
esac
