# SPDX-License-Identifier: MIT
#
# Networks that can be cut: the test goes on in a network namespace of its own,
# each node has one more, and two bridges join them, one for clients and one for
# the nodes among themselves. All ends with the processes in it.
#
#	. .../net.sh	says in $net what the nodes' addresses begin with; empty
#			where this user may have no namespaces
#	start_networks; join_networks I
#	in_node I COMMAND...
#	link I NETWORK up|down

clients=1
peers=2
: "${SKV_NETWORKS=unknown}"
if [ "$SKV_NETWORKS" = unknown ]; then
	if unshare --net sh -c 'ip link add probe type bridge &&
	    ip link add probe1 type veth peer name probe2' 2>/dev/null; then
		SKV_NETWORKS=10.77 exec unshare --net -- sh "$0" "$@"
	fi
	SKV_NETWORKS=
fi
net=$SKV_NETWORKS

start_networks()
{
	ip link set lo up
	for net_k in $clients $peers; do
		ip link add "net$net_k" type bridge
		ip addr add "$net.$net_k.254/24" dev "net$net_k"
		ip link set "net$net_k" up
	done
}

in_node()
{
	in_node_pid=$(cat "$dir/net$1.pid")
	shift
	nsenter --net="/proc/$in_node_pid/ns/net" "$@"
}

apart()
{
	[ "$(readlink "/proc/$(cat "$dir/net$1.pid")/ns/net")" != \
	    "$(readlink /proc/self/ns/net)" ]
}

join_networks()
{
	spawn "net$1" "$dir/net$1.log" unshare --net tail --pid=$$ -f /dev/null
	wait_for "the namespace of node $1" apart "$1"
	for net_k in $clients $peers; do
		ip link add "node$1.$net_k" type veth peer name "eth$net_k" \
		    netns "$(cat "$dir/net$1.pid")"
		ip link set "node$1.$net_k" master "net$net_k" up
		in_node "$1" ip addr add "$net.$net_k.$1/24" dev "eth$net_k"
		in_node "$1" ip link set "eth$net_k" up
	done
	in_node "$1" ip link set lo up
}

link()
{
	ip link set "node$1.$2" "$3"
}
