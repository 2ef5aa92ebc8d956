#!/bin/sh
# SPDX-License-Identifier: MIT
# Two daemons on three Galera nodes, under load through nginx: a node is killed,
# frozen, stopped and started in turn. Nothing acknowledged is lost, and one
# order explains what all clients saw.
. "$(dirname "$0")/lib.sh"

count=5
options "$@"
start_cluster

# Those in the order of the faults below; a node is back in sync in the end.
killed()
{
	kill_node "$1"
	back "node $1 killed"
	start_node "$1"
	ready_node "$1"
}

frozen()
{
	signal_node "$1" STOP
	back "node $1 frozen"
	signal_node "$1" CONT
	ready_node "$1"
}

restarted()
{
	for restart_i in 1 2 3; do
		stop_node $restart_i
		back "node $restart_i stopped"
		start_node $restart_i
		ready_node $restart_i
	done
}

undisturbed()
{
	:
}

done=0
while more $done; do
	case $((done % 5)) in
	0) fault=undisturbed ;;
	1 | 3) fault=killed ;;
	2) fault=frozen ;;
	4) fault=restarted ;;
	esac
	victim=$((1 + (seed + done) % 2))
	echo "run $done: $fault $victim"
	hammer_begin "run $done" --seed $((seed + done)) --clients 8 \
	    --requests 20000 --groups 4 --seconds 20
	wait_for "some of the load" test -s "$dir/history"
	$fault $victim
	hammer_end
	done=$((done + 1))
done
echo "failover: $done faults, 0 violations (seed $seed)"
stop_cluster
