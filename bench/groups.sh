# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2120,SC2154 # shared with run
#
# The measurements of a plain run, in groups that share servers. Within a
# group whatever is compared takes turns, round by round.

# The limit: a canned reply behind the same nginx, and nginx alone.
group_limit() {
	local round kind p=$port
	local txns='txn-json txn-cbor txn-json-bytes txn-cbor-bytes'
	serve scribekv "$p" "$dir/limit"
	serve_canned canned $((p + 1))
	for kind in put get put-sync $txns; do
		warm "$p" $kind
	done
	warm $((p + 1)) get
	for ((round = 1; round <= rounds; round++)); do
		progress "limit: round $round of $rounds"
		for kind in put get; do
			measure "http-$kind" canned '' "$round" 64 $((p + 1)) $kind
			measure "http-$kind" scribekv '' "$round" 64 "$p" $kind
		done
		for kind in put-sync $txns; do
			measure "http-$kind" scribekv '' "$round" 64 "$p" $kind
		done
		measure http-get nginx '' "$round" 64 "$p" return
	done
	unserve scribekv canned
}

# Other systems, without nginx, as their users reach them by HTTP.
start_redis() {
	free "$1"
	free $((port + 3))
	start redis redis-server --port $((port + 3)) --bind 127.0.0.1 \
	    --dir "$dir" --save '' --appendonly yes --appendfsync everysec
	cat >"$dir/webdis.json" <<-END
		{ "redis_host": "127.0.0.1", "redis_port": $((port + 3)),
		  "http_host": "127.0.0.1", "http_port": $1,
		  "threads": $workers, "pool_size": 16, "daemonize": false,
		  "verbosity": 0, "logfile": "$dir/webdis.log" }
	END
	until redis-cli -p $((port + 3)) ping >/dev/null 2>&1; do
		kill -0 "${servers[redis]}" 2>/dev/null ||
			die "redis ended: $(tail -n 3 "$dir/redis.log")"
		sleep 0.05
	done
	start webdis webdis "$dir/webdis.json"
	ready webdis "$1" /PING
}

start_etcd() {
	local peer=http://127.0.0.1:$((port + 5)) url=http://127.0.0.1:$1
	free "$1"
	free $((port + 5))
	start etcd etcd --data-dir "$dir/etcd" --log-level error \
	    --logger zap --listen-client-urls "$url" \
	    --advertise-client-urls "$url" --listen-peer-urls "$peer" \
	    --initial-advertise-peer-urls "$peer" \
	    --initial-cluster "default=$peer"
	ready etcd "$1" /health
}

have() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || return 1
	done
}

group_others() {
	local round kind others=() other p=$port
	serve scribekv "$p" "$dir/others"
	if have redis-server redis-cli webdis; then
		start_redis $((p + 2))
		others+=(webdis:$((p + 2)))
	fi
	if have etcd; then
		start_etcd $((p + 4))
		others+=(etcd:$((p + 4)))
	fi
	for kind in put get put-sync; do
		warm "$p" $kind
	done
	for other in "${others[@]}"; do
		for kind in put get; do
			warm "${other#*:}" "${other%:*}-$kind"
		done
	done
	for ((round = 1; round <= rounds; round++)); do
		progress "other systems: round $round of $rounds"
		for kind in put get put-sync; do
			measure "other-$kind" scribekv '' "$round" 64 "$p" $kind
		done
		for other in "${others[@]}"; do
			for kind in put get; do
				measure "other-$kind" "${other%:*}" '' \
				    "$round" 64 "${other#*:}" "${other%:*}-$kind"
			done
		done
	done
	stop webdis redis etcd
	unserve scribekv
}

# The library in process, beside LevelDB and a file; see store.c.
group_library() {
	local part=$dir/library
	progress 'library in process'
	mkdir "$part"
	"$build/bench/store" "$part" "$rounds" >>"$results" ||
		die 'bench/store failed'
	rm -rf "$part"
}

# One client over HTTP, to stand beside the library in one thread.
group_single() {
	local round kind
	serve scribekv "$port" "$dir/single"
	for kind in put get txn-json txn-cbor; do
		warm "$port" $kind
	done
	for ((round = 1; round <= rounds; round++)); do
		progress "one connection: round $round of $rounds"
		for kind in put get txn-json txn-cbor; do
			measure "single-$kind" scribekv '' "$round" 1 "$port" \
			    $kind
		done
	done
	unserve scribekv
}

# filled KEYS BYTES: the directory of a store that holds them; made once. Sets
# $filled.
filled() {
	filled=$dir/filled-$1-$2
	[ ! -d "$filled" ] || return 0
	progress "filling in $1 keys of $2 bytes"
	"$build/bench/fill" "$filled" "$1" "$2" >"$dir/fill.out" ||
		die 'bench/fill failed'
	cat "$dir/fill.out" >>"$results"
	record fill scribekv "$1" 1 disk_bytes_per_key \
	    $(($(du -s -B 1 "$filled" | cut -f 1) / $1))
}

# memory_limit: what the daemon may have of its own by its defaults, MiB.
memory_limit() {
	sed -n 's/^#\(cache_size\|write_buffer_size\) = \([0-9]*\)m$/\1 \2/p' \
	    "$root/fcgi/scribekv.conf" | awk '{ size[$1] = $2 } END {
		print size["cache_size"] + 2 * size["write_buffer_size"] + 64 }'
}

# record_memory NAME SERIES X
record_memory() {
	local anonymous all
	read -r anonymous all < <(resident "$1")
	record "$2" scribekv "$3" 1 rss_own_mib $((anonymous / 1024))
	record "$2" scribekv "$3" 1 rss_mib $((all / 1024))
}

# A store larger than its cache beside a small one.
group_keys() {
	local round n ports=() i=0
	for n in 100000 10000000; do
		filled $n 100
		serve "keys$n" $((port + i)) "$filled"
		warm $((port + i)) get $n
		ports+=($((port + i)))
		i=$((i + 1))
	done
	for ((round = 1; round <= rounds; round++)); do
		progress "numbers of keys: round $round of $rounds"
		i=0
		for n in 100000 10000000; do
			measure keys-get scribekv $n "$round" 64 \
			    "${ports[i]}" get $n
			i=$((i + 1))
		done
	done
	record_memory keys10000000 memory-get 10000000
	measure keys-put scribekv 10000000 1 64 "${ports[1]}" put 10000000
	record_memory keys10000000 memory 10000000
	record memory limit 10000000 1 rss_own_mib "$(memory_limit)"
	unserve keys100000 keys10000000
}

# idle_on COUNT PORT|SOCKET: sets $idle_pid and the descriptor $idle_in.
idle_on() {
	coproc IDLE { exec "$build/bench/idle" "$@"; }
	# shellcheck disable=SC2153 # coproc sets it
	idle_pid=$IDLE_PID
	exec {idle_in}>&"${IDLE[1]}" {idle_out}<&"${IDLE[0]}"
	read -r _ <&"$idle_out" || die "idle: cannot open $1 connections"
}

idle_off() {
	exec {idle_in}>&-
	# Its other end is the coprocess's own descriptor.
	eval "exec ${IDLE[1]}>&-" 2>/dev/null || :
	wait "$idle_pid" || die 'idle connections were closed'
	exec {idle_out}<&-
}

group_idle() {
	local round
	serve scribekv "$port" "$dir/idle"
	warm "$port" put
	curl -fsS --noproxy '*' -o "$dir/answer" -X PUT -d x \
	    "http://127.0.0.1:$port/kv/idle"
	for ((round = 1; round <= rounds; round++)); do
		progress "idle connections: round $round of $rounds"
		measure idle none '' "$round" 64 "$port" get
		idle_on 5000 "$port"
		measure idle http '' "$round" 64 "$port" get
		idle_off
		idle_on 5000 "$dir/scribekv.sock"
		measure idle fastcgi '' "$round" 64 "$port" get
		idle_off
	done
	unserve scribekv
}

# The longest wait of any request, reads and writes at once, with four times
# more connections than workers.
group_waits() {
	local round reads=$((workers * 2))
	serve scribekv "$port" "$dir/waits"
	warm "$port" put
	for ((round = 1; round <= rounds; round++)); do
		progress "waits: round $round of $rounds"
		wrk_load "$reads" "$seconds" "$port" get >"$dir/wait.get" &
		wrk_load $((workers * 4 - reads)) "$seconds" "$port" put \
		    >"$dir/wait.put"
		wait $!
		take wait get '' "$round" <"$dir/wait.get"
		take wait put '' "$round" <"$dir/wait.put"
		sort -k 5 -n "$dir/wait.get" "$dir/wait.put" | tail -n 1 |
		    take wait both '' "$round"
	done
	unserve scribekv
}

# Instructions and system calls: ./dev cost.
group_cost() {
	local out kind a b rest
	progress 'instructions and system calls'
	have valgrind strace jq perl || return 0
	out=$(SKV_BUILDDIR=$build "$root/tests/cost/cost.sh" 2>&1) ||
	    [ $? -eq 77 ] || note 'cost: over the baseline'
	while read -r kind a b rest; do
		[[ $a =~ ^[0-9]+$ && $b =~ ^[0-9]+$ ]] || continue
		record "cost-$kind" now '' 1 instructions "$a"
		record "cost-$kind" baseline '' 1 instructions "$b"
		record "cost-$kind" now '' 1 calls "$(cut -d' ' -f 2 <<<"$rest")"
		record "cost-$kind" baseline '' 1 calls "$(cut -d' ' -f 3 <<<"$rest")"
	done < <(tr -s ' ' <<<"$out")
}

# The store on Galera clusters of one to three nodes: in process beside SQL by
# hand, see servers.c, and over HTTP with one daemon and with two that prefer
# different nodes.
group_servers() {
	local n
	have mariadbd mariadb mysql_install_db rsync &&
		[ -x "$build/bench/servers" ] || return 0
	chmod 755 "$dir" # the servers are another user's
	for n in 1 2 3; do
		start_nodes $n
		progress "servers: $n in process"
		"$build/bench/servers" 127.0.0.1 $((port + 1000)) scribekv $n \
		    "$rounds" >>"$results" || die 'bench/servers failed'
		servers_http $n
		stop_nodes $n
	done
}

# start_nodes N: their ports follow 1000 above the others.
start_nodes() {
	local i new=--wsrep-new-cluster
	"$root/tests/galera.sh" init "$dir/g$1" "$1" $((port + 1000)) ||
		die 'no Galera'
	for ((i = 1; i <= $1; i++)); do
		progress "servers: node $i of $1"
		start "node$i" "$root/tests/galera.sh" run "$dir/g$1" $i $new
		"$root/tests/galera.sh" ready "$dir/g$1" $i || die "node $i"
		new=
	done
	echo 'CREATE DATABASE scribekv;' | "$root/tests/galera.sh" sql "$dir/g$1" 1
}

stop_nodes() {
	local i
	for ((i = $1; i > 0; i--)); do
		stop "node$i"
	done
	rm -rf "$dir/g$1"
}

# Of 1,000 keys, for all are to be there after the warm-up.
servers_http() {
	local seconds=1 # the whole is to end within a quarter of an hour
	local round kind n=$1 p=$port first=127.0.0.1:$((port + 1000))
	local second=127.0.0.1:$((port + 1000 + (n > 1 ? 10 : 0)))
	serve one "$p" "mariadb://root@$first/scribekv"
	start_daemon two "mariadb://root@$first/scribekv"
	start_daemon other "mariadb://root@$second,$first/scribekv"
	until [ -S "$dir/other.sock" ] && [ -S "$dir/two.sock" ]; do
		sleep 0.05
	done
	start_nginx two $((p + 1)) other
	ready nginx-two $((p + 1)) /health
	warm "$p" put 1000
	warm $((p + 1)) get 1000
	for ((round = 1; round <= rounds; round++)); do
		progress "servers: $n over HTTP, round $round of $rounds"
		for kind in put get; do
			measure "cluster-$kind" one "$n" "$round" 64 "$p" $kind 1000
			measure "cluster-$kind" two "$n" "$round" 64 \
			    $((p + 1)) $kind 1000
		done
	done
	unserve one two
	stop other
}

# ------------------------------------------------------------- for the plots

# By connections, with the size of commit groups and the canned reply beside.
group_connections() {
	local c kind before after p=$port
	serve scribekv "$p" "$dir/connections"
	serve_canned canned $((p + 1))
	warm "$p" put
	warm $((p + 1)) get
	for c in $sweep_connections; do
		progress "connections: $c"
		for kind in get put; do
			measure "conn-$kind" canned "$c" 1 "$c" $((p + 1)) $kind
			before=$(groups "$p")
			measure "conn-$kind" scribekv "$c" 1 "$c" "$p" $kind
			after=$(groups "$p")
		done
		# What is left of the loop is about puts.
		record group scribekv "$c" 1 transactions "$(awk \
		    -v b="$before" -v a="$after" 'BEGIN {
			split(b, x); split(a, y)
			n = y[2] - x[2]
			printf "%.2f", n ? (y[1] - x[1]) / n : 0
		    }')"
	done
	unserve scribekv canned
}

# groups PORT: transactions in commit groups, and groups.
groups() {
	echo "$(metric "$1" scribekv_commit_group_transactions_sum)" \
	    "$(metric "$1" scribekv_commit_group_transactions_count)"
}

# By the size of values, over as many keys as make 64 MiB.
group_sizes() {
	local size n kind seconds=$seconds warm_connections=4
	for size in $sweep_sizes; do
		# Few enough to be counted.
		[ "$size" -lt 1000000 ] || seconds=5
		progress "values of $size bytes"
		n=$((64 * 1024 * 1024 / size))
		n=$((n > 10000 ? 10000 : n))
		serve scribekv "$port" "$dir/sizes"
		warm "$port" put $n "$size"
		# Whatever was not reached in the warm-up.
		[ "$size" -lt 100000 ] || warm "$port" put $n "$size"
		for kind in put get; do
			measure "size-$kind" scribekv "$size" 1 4 "$port" \
			    $kind $n "$size"
		done
		record_memory scribekv memory-size "$size"
		unserve scribekv
		rm -rf "$dir/sizes"
	done
}
