#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ./dev cluster: three Galera nodes, two daemons that prefer different ones, and
# one nginx before both, on loopback, until interrupted.
#
#	serve.sh [--port N] [--data DIR]
#
# The nodes take the thirty ports that follow 10000 above nginx's.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
galera=$root/tests/galera.sh
port=8080
data=$root/data-cluster
pids=()

# In the background of a script interrupts are ignored, for good.
[ -z "$(trap -p INT)" ] || exec env --default-signal=INT "$0" "$@"

die() {
	echo "dev: $*" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--port | --data)
		[ $# -gt 1 ] || die "$1 needs a value"
		[ "$1" = --port ] && port=$2 || data=$2
		shift
		;;
	*) die "cluster: unknown argument: $1" ;;
	esac
	shift
done
[[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 55000 ]] ||
	die "--port takes a number from 1 to 55000, not '$port'"
! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || die "port $port is in use"
mkdir -p -- "$data"
data=$(cd -- "$data" && pwd)
[ ${#data} -le 80 ] || die "$data: too long a name for sockets in it"
exec {lock}>"$data/lock"
flock -n "$lock" || die "$data is in use by another instance"

# In the reverse of the order of starting, so that each still finds what it
# needs.
stop_all() {
	local status=$? i
	trap '' INT TERM HUP
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill -TERM "${pids[i]}" 2>/dev/null || :
		timeout 20 tail --pid="${pids[i]}" -s 0.1 -f /dev/null ||
			kill -KILL "${pids[i]}" 2>/dev/null || :
	done
	exit $status
}

start() {
	"$@" </dev/null {lock}>&- &
	pids+=($!)
}

start_node() {
	start "$galera" run "$data" "$@"
	"$galera" ready "$data" "$1"
	echo "dev: node $1 is in sync"
}

echo 'dev: preparing three nodes'
"$galera" init "$data" 3 $((port + 10000))
trap stop_all EXIT
trap 'exit 0' INT TERM HUP
set -m

# After a crash only the one that knows most has all that was acknowledged.
first=$("$galera" newest "$data")
start_node "$first" --wsrep-new-cluster
"$galera" sql "$data" "$first" <<<'CREATE DATABASE IF NOT EXISTS scribekv;'
for i in 1 2 3; do
	[ "$i" = "$first" ] || start_node $i
done

servers=
for i in 1 2; do
	start setpriv --pdeathsig TERM "$SKV_BUILDDIR/fcgi/scribekvd" \
	    --config /dev/null --socket "$data/scribekv$i.sock" --store \
	    "$("$galera" url "$data" $i)"
	servers+="server unix:$data/scribekv$i.sock;"
done

mkdir -p "$data/nginx"
user=
[ "$(id -u)" -ne 0 ] || user='user root;'
sed -e '/^#/d' -e "s|@LISTEN@|127.0.0.1:$port|" \
    -e "s|server unix:@SOCKET@;|$servers|" -e 's|@PREFIX@|.|' \
    -e "s|@USER@|$user|" -e "s|@SNIPPETS@|$root/nginx|" \
    "$root/nginx/quickstart.conf.in" >"$data/nginx/nginx.conf"
start setpriv --pdeathsig TERM nginx -p "$data/nginx/" -e error.log \
    -c "$data/nginx/nginx.conf"
set +m

url=http://127.0.0.1:$port
deadline=$((SECONDS + 60))
until curl -fs -o /dev/null --noproxy '*' -m 5 "$url/health"; do
	[ $SECONDS -lt $deadline ] || die "no healthy answer from $url/health"
	sleep 0.1
done
echo "scribekv is at $url, with its data in $data"
wait -n "${pids[@]}" || :
die 'something has ended'
