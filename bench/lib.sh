# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2120,SC2154 # shared with run
#
# What every measurement needs: a directory, servers that end with the script,
# wrk, and results. Read by run, which sets root, build and the options.

dir=$(mktemp -d "${TMPDIR:-/tmp}/scribekv-bench.XXXXXX")
# Lines: series,side,x,round,metric,value
results=$dir/results.csv
echo 'series,side,x,round,metric,value' >"$results"
unfinished=true
declare -A servers=() # process identifiers by name
# As many threads as the daemon has workers by default.
workers=$(($(nproc) < 2 ? 2 : $(nproc)))

die() {
	echo "bench: $*" >&2
	exit 1
}

note() {
	echo "bench: $*" >&2
}

progress() {
	if [ -t 2 ]; then
		printf '\r%-70s' "$*" >&2
	else
		note "$(date +%T) $*"
	fi
}

# record SERIES SIDE X ROUND METRIC VALUE
record() {
	local IFS=,
	echo "$*" >>"$results"
}

# ------------------------------------------------------------------ servers

# Output of what failed to start, or ended, is in $dir/NAME.log.
# start NAME COMMAND...: in a process group of its own, out of the interrupt's
# way.
start() {
	local name=$1
	shift
	setsid setpriv --pdeathsig TERM "$@" </dev/null >>"$dir/$name.log" 2>&1 &
	servers[$name]=$!
}

# stop NAME...
stop() {
	local name
	for name in "$@"; do
		[ -n "${servers[$name]-}" ] || continue
		kill -s TERM "${servers[$name]}" 2>/dev/null || :
		wait "${servers[$name]}" 2>/dev/null || :
		unset "servers[$name]"
	done
}

# kill_hard NAME: as a crash would.
kill_hard() {
	kill -s KILL "${servers[$1]}"
	wait "${servers[$1]}" 2>/dev/null || :
	unset "servers[$1]"
}

stop_all() {
	trap '' INT TERM HUP
	stop "${!servers[@]}"
	# What an unfinished run has found.
	if $unfinished && [ -n "$report" ]; then
		mkdir -p "$report"
		cp "$results" "$report/unfinished.csv"
		note "what was measured is in $report/unfinished.csv"
	fi
	rm -rf -- "$dir"
}
trap stop_all EXIT
trap 'exit 1' INT TERM HUP

# free PORT
free() {
	! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null ||
		die "port $1 is in use; give others with --port"
}

# ready NAME PORT PATH: until it answers. For as long as a large store opens.
ready() {
	local deadline=$((SECONDS + 300))
	until curl -fs -o "$dir/answer" --noproxy '*' -m 5 \
	    "http://127.0.0.1:$2$3"; do
		if [ $SECONDS -ge $deadline ] ||
		    ! kill -0 "${servers[$1]}" 2>/dev/null; then
			tail -n 20 "$dir/$1.log" >&2
			die "$1 does not answer on port $2"
		fi
		sleep 0.05
	done
}

# start_daemon NAME STORE [OPTION...]: of a directory, or of a URL.
start_daemon() {
	local name=$1 store=$2
	shift 2
	[[ $store =~ ^[a-z]+: ]] || store=leveldb:$store
	start "$name" "$build/fcgi/scribekvd" --config /dev/null \
	    --store "$store" --socket "$dir/$name.sock" "$@"
}

# start_nginx NAME PORT [OTHER]: in front of NAME.sock, and OTHER.sock, as users
# run it but for more connections, and one path that nginx answers by itself.
start_nginx() {
	local prefix=$dir/nginx-$1 user='' hundred
	local other=${3:+server unix:$dir/$3.sock;}
	free "$2"
	hundred=$(printf '%0100d' 0)
	rm -rf "$prefix"
	mkdir "$prefix"
	[ "$(id -u)" -ne 0 ] || user='user root;'
	sed -e '/^#/d' -e "s|@LISTEN@|127.0.0.1:$2|" \
	    -e "s|server unix:@SOCKET@;|server unix:$dir/$1.sock; $other|" \
	    -e 's|@PREFIX@|.|' \
	    -e "s|@USER@|$user|" -e "s|@SNIPPETS@|$root/nginx|" \
	    -e 's|worker_connections .*;|worker_connections 16384;|' \
	    -e "s|^.*listen .*|&location = /bench { return 200 $hundred; }|" \
	    "$root/nginx/quickstart.conf.in" >"$prefix/nginx.conf"
	start "nginx-$1" nginx -p "$prefix/" -e error.log \
	    -c "$prefix/nginx.conf"
}

# serve NAME PORT DIRECTORY [OPTION...]: the daemon with its nginx.
serve() {
	local name=$1 at=$2
	shift 2
	start_daemon "$name" "$@"
	start_nginx "$name" "$at"
	ready "nginx-$name" "$at" /health
}

# serve_canned NAME PORT: in one thread, which is faster than several as long as
# nginx needs more of the processors.
serve_canned() {
	rm -f "$dir/$1.sock"
	start "$1" "$build/bench/canned" "$dir/$1.sock" 1
	start_nginx "$1" "$2"
	ready "nginx-$1" "$2" /health
}

# unserve NAME...: nginx first.
unserve() {
	local name
	for name in "$@"; do
		stop "nginx-$name" "$name"
	done
}

# --------------------------------------------------------------------- load

# wrk_load CONNECTIONS SECONDS PORT KIND [ARGUMENT...]: what load.lua prints.
wrk_load() {
	local connections=$1 seconds=$2 port=$3 out
	local threads=$((connections < 2 ? 1 : 2))
	shift 3
	out=$(wrk -t $threads -c "$connections" -d "$seconds" --timeout 30s \
	    -s "$root/bench/load.lua" "http://127.0.0.1:$port" -- "$@") ||
		die "wrk: $out"
	sed -n 's/^result //p' <<<"$out"
}

# take SERIES SIDE X ROUND: records a line of wrk_load from standard input.
take() {
	local per_s p50 p99 p999 max failed
	read -r per_s p50 p99 p999 max failed || die "$1 $2: wrk said nothing"
	record "$1" "$2" "$3" "$4" per_s "$per_s"
	record "$1" "$2" "$3" "$4" p50_us "$p50"
	record "$1" "$2" "$3" "$4" p99_us "$p99"
	record "$1" "$2" "$3" "$4" p999_us "$p999"
	record "$1" "$2" "$3" "$4" max_us "$max"
	if [ "$failed" -ne 0 ]; then
		record "$1" "$2" "$3" "$4" failed "$failed"
		note "$1 $2 $3: $failed requests failed"
	fi
}

# measure SERIES SIDE X ROUND CONNECTIONS PORT KIND [ARGUMENT...]
measure() {
	local series=$1 side=$2 x=$3 round=$4 connections=$5 port=$6
	shift 6
	wrk_load "$connections" "$seconds" "$port" "$@" |
	    take "$series" "$side" "$x" "$round"
}

# warm PORT KIND [ARGUMENT...]: not recorded; all keys are there afterwards
# when they are few enough for load.lua to go through them in order.
warm() {
	local per_s p50 p99 p999 max failed
	read -r per_s p50 p99 p999 max failed < <(
	    wrk_load "${warm_connections:-64}" 2 "$@")
	[ "${failed:-1}" -eq 0 ] ||
		note "$2: warm-up: ${failed:-all} requests failed"
}

# metric PORT NAME: a sum over all labels, of the daemon's own.
metric() {
	curl -fs --noproxy '*' "http://127.0.0.1:$1/metrics" |
	    awk -v name="$2" '{ n = $1; sub(/\{.*/, "", n) }
	    n == name { sum += $NF } END { printf "%.6f\n", sum }'
}

# resident NAME: KiB of memory of its own, and with files that are mapped.
resident() {
	awk '/^RssAnon/ { a = $2 } /^VmRSS/ { r = $2 } END { print a, r }' \
	    "/proc/${servers[$1]}/status"
}

# bytes_written NAME: by the process, to the disk.
bytes_written() {
	sed -n 's/^write_bytes: //p' "/proc/${servers[$1]}/io"
}

# ------------------------------------------------------------------ machine

version_of() {
	dpkg-query -W -f '${Package} ${Version}\n' "$@" 2>/dev/null || :
}

machine() {
	local cpu
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort -u |
	    head -n 1)
	echo "- machine: ${cpu:-$(uname -m)}, $(nproc) cores, $(awk '
	    /^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" \
	    "of memory; $(df --output=fstype,source "$dir" | tail -n 1 |
	    awk '{ print $1 " on " $2 }')"
	echo "- system: $(. /etc/os-release && echo "$PRETTY_NAME")," \
	    "$(uname -sr)"
	echo "- compiler: $(gcc --version | head -n 1), CFLAGS $(
	    sed -n 's/^CFLAGS = //p' "$build/Makefile")"
	echo "- versions: $("$build/fcgi/scribekvd" --version | head -n 1);" \
	    "$(version_of libleveldb1d libfcgi0ldbl nginx wrk redis-server \
	    webdis etcd-server | paste -sd ';' | sed 's/;/; /g')"
	echo "- load of the machine before the start: $(cut -d' ' -f1-3 \
	    /proc/loadavg); all parts, load generator included, run on it"
}
