#!/bin/sh
# SPDX-License-Identifier: MIT
# Two daemons on three Galera nodes, under load through nginx: nodes are killed,
# frozen, cut off and restarted. Nothing acknowledged is lost, one order explains
# what all clients saw, and a node that is well again is used again.
. "$(dirname "$0")/lib.sh"

# The faults, in turn; the first six are one of each kind.
faults='killed frozen isolated restarted parted desynced unreachable blackout'
count=6
options "$@"

# What happens to node $1, and, with "mend" in front, what ends it.

# kill -9
killed()
{
	kill_node "$1"
}

mend_killed()
{
	start_node "$1"
}

# SIGSTOP
frozen()
{
	signal_node "$1" STOP
}

mend_frozen()
{
	signal_node "$1" CONT
}

# From everything.
isolated()
{
	link "$1" $clients down
	link "$1" $peers down
}

mend_isolated()
{
	link "$1" $peers up
	link "$1" $clients up
}

# From the other nodes only: it still answers the daemons.
parted()
{
	link "$1" $peers down
}

mend_parted()
{
	link "$1" $peers up
}

# Behind the others, as a node is that feeds one that joins: it serves, but only
# if there is none better.
desynced()
{
	echo 'SET GLOBAL wsrep_desync = ON;' | "$galera" sql "$dir/g" "$1"
}

mend_desynced()
{
	echo 'SET GLOBAL wsrep_desync = OFF;' | "$galera" sql "$dir/g" "$1"
}

# From the daemons only: the cluster is whole.
unreachable()
{
	link "$1" $clients down
}

mend_unreachable()
{
	link "$1" $clients up
}

# All nodes, one after the other, from $1 on.
restarted()
{
	for restart_i in "$1" $(($1 % 3 + 1)) $((($1 + 1) % 3 + 1)); do
		stop_node "$restart_i"
		back restarted "$restart_i"
		start_node "$restart_i"
		ready_node "$restart_i"
		wait_for "the cluster to be whole" whole
	done
}

mend_restarted()
{
	:
}

# kill -9 of all at once: nobody serves until they are started again.
blackout()
{
	for blackout_i in 1 2 3; do
		signal_node $blackout_i KILL
	done
	for blackout_i in 1 2 3; do
		wait_for "node $blackout_i to die" \
		    test -f "$dir/node$blackout_i.rc"
	done
	start_nodes
}

mend_blackout()
{
	:
}

# possible FAULT: whether it can be had here.
possible()
{
	case $1 in
	isolated | parted | unreachable) [ -n "$net" ] ;;
	esac
}

# What /health of a daemon is to show of the node.
state_of()
{
	case $1 in
	killed | frozen | isolated | unreachable) echo unreachable ;;
	parted) echo 'not primary' ;;
	desynced) echo donor ;;
	esac
}

# shown I STATE: whether /health says that of node I, which is the first one of
# its own URL.
shown()
{
	shown_host=$("$galera" url "$dir/g" "$1" | sed 's|.*@\([^,/]*\).*|\1|')
	curl -s -m 1 --unix-socket "$dir/n1.sock" http://scribekv.test/health |
	    jq -e --arg host "$shown_host" --arg state "$2" 'any(
	    .store.nodes[]; .host == $host and .state == $state)' \
	    >"$dir/jq" 2>&1
}

start_cluster
tried=0
done=0
skipped=
while more $tried; do
	# shellcheck disable=SC2086
	set -- $faults
	shift $((tried % 8))
	fault=$1
	victim=$((1 + (seed + tried) % 3))
	tried=$((tried + 1))
	possible "$fault" || {
		skipped="$skipped $fault"
		continue
	}
	echo "run $done: node $victim $fault"
	hammer_begin "run $done" --seed $((seed + tried)) --clients 8 \
	    --groups 4 --seconds 600
	loaded $(((seed + tried) * 7919 % 4000))
	$fault $victim
	back "$fault" $victim
	state=$(state_of "$fault")
	[ -z "$state" ] ||
		wait_for "node $victim to be shown as $state" shown $victim "$state"
	"mend_$fault" $victim
	wait_for "the cluster to be whole" whole
	used_again
	loaded 1000
	hammer_end
	done=$((done + 1))
done
in_service
echo "failover: $done faults, 0 violations (seed $seed)"
[ -z "$skipped" ] ||
	echo "failover: skipped, for want of network namespaces:$skipped"
stop_cluster
