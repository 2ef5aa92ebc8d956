# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2120,SC2154 # shared with run
#
# The long run: how cost grows with keys, values, connections, workers and
# time. Each part is bounded and can be had alone.

growth_parts() {
	cat <<-'END'
		keys|10 thousand to 10 million keys: reads, writes, cold, compacting, restart
		sizes|values of 16 bytes to 8 MiB
		connections|1 to 1,024 connections
		workers|1 to 8 workers
		stall|the longest stall in ten minutes of writing
	END
}

part_connections() {
	local sweep_connections='1 2 4 8 16 32 64 128 256 512 1024'
	group_connections
}

part_sizes() {
	local sweep_sizes='16 100 1000 10000 100000 1000000 8388608'
	group_sizes
}

part_workers() {
	local w round kind
	for w in 1 2 4 8; do
		serve scribekv "$port" "$dir/workers" --workers "$w"
		warm "$port" put
		for ((round = 1; round <= rounds; round++)); do
			progress "workers: $w, round $round of $rounds"
			for kind in get put; do
				measure "workers-$kind" scribekv "$w" "$round" \
				    64 "$port" $kind
			done
		done
		unserve scribekv
	done
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
} 2>/dev/null

# until_ready NAME: waits for the daemon's own word, in its log.
until_ready() {
	until grep -q ' ready: ' "$dir/$1.log"; do
		kill -0 "${servers[$1]}" 2>/dev/null ||
			die "$1 ended: $(tail -n 3 "$dir/$1.log")"
		sleep 0.005
	done
}

# restart SERIES X DIRECTORY: how long the daemon takes to start there, ms.
restart() {
	local start=${EPOCHREALTIME/./}
	: >"$dir/scribekv.log"
	start_daemon scribekv "$3"
	until_ready scribekv
	record "$1" scribekv "$2" 1 ms $(((${EPOCHREALTIME/./} - start) / 1000))
}

part_keys() {
	local n before after
	for n in 10000 100000 1000000 10000000; do
		filled "$n" 100
		progress "$n keys"
		if drop_caches; then
			serve scribekv "$port" "$filled"
			measure grow-get-cold scribekv "$n" 1 64 "$port" get "$n"
			unserve scribekv
		fi
		serve scribekv "$port" "$filled"
		warm "$port" get "$n"
		measure grow-get scribekv "$n" 1 64 "$port" get "$n"
		measure grow-get-zipf scribekv "$n" 1 64 "$port" get "$n" 100 \
		    zipf
		before=$(bytes_written scribekv)
		measure grow-put scribekv "$n" 1 64 "$port" put "$n"
		measure grow-put-zipf scribekv "$n" 1 64 "$port" put "$n" 100 \
		    zipf
		# Without the compaction that is still to come.
		after=$(bytes_written scribekv)
		record grow-put scribekv "$n" 1 written_per_put "$(awk \
		    -v bytes=$((after - before)) \
		    -v puts="$(metric "$port" scribekv_commit_group_transactions_sum)" \
		    'BEGIN { printf "%.0f", puts ? bytes / puts : 0 }')"
		while_compacting "$n"
		record_memory scribekv grow-memory "$n"
		stop nginx-scribekv
		kill_hard scribekv
		restart restart-killed "$n" "$filled"
		stop scribekv
		restart restart "$n" "$filled"
		stop scribekv
	done
}

# GETs from 16 connections while 48 write, before and after which the disk is
# behind by some compaction.
while_compacting() {
	wrk_load 48 $((seconds * 2)) "$port" put "$1" >"$dir/compacting.put" &
	wrk_load 16 $((seconds * 2)) "$port" get "$1" |
	    take grow-get-compacting scribekv "$1" 1
	wait $!
	take grow-put-compacting scribekv "$1" 1 <"$dir/compacting.put"
}

# Ten minutes of writes, and what the store says of itself meanwhile.
part_stall() {
	local t started=$SECONDS before now
	filled 10000000 100
	serve scribekv "$port" "$filled"
	progress 'ten minutes of writes'
	wrk_load 64 "$stall_seconds" "$port" put 10000000 >"$dir/stall.put" &
	t=$!
	before=$(metric "$port" scribekv_commit_group_transactions_sum)
	while sleep 10 && kill -0 $t 2>/dev/null; do
		now=$(metric "$port" scribekv_commit_group_transactions_sum)
		record stall-time scribekv $((SECONDS - started)) 1 per_s \
		    "$(awk -v a="$before" -v b="$now" \
		    'BEGIN { printf "%.0f", (b - a) / 10 }')"
		record stall-time scribekv $((SECONDS - started)) 1 level0 \
		    "$(curl -fs --noproxy '*' "http://127.0.0.1:$port/metrics" |
		    sed -n 's/^scribekv_leveldb_files{level="0"} //p')"
		before=$now
	done
	wait $t || die 'stall: wrk failed'
	take stall scribekv '' 1 <"$dir/stall.put"
	record stall scribekv '' 1 write_amplification "$(awk \
	    -v bytes="$(bytes_written scribekv)" \
	    -v puts="$(metric "$port" scribekv_commit_group_transactions_sum)" \
	    'BEGIN { printf "%.2f", bytes / (puts * 111) }')"
	record_memory scribekv stall-memory ''
	unserve scribekv
	# Others find it larger than they expect.
	rm -rf "$filled"
}

# ------------------------------------------------------------------- tables

# growth_table TITLE XLABEL LABEL:SERIES:METRIC...: a line for each x of the
# first column.
growth_table() {
	local title=$1 xlabel=$2
	shift 2
	printf '%s\n' "$@" | awk -F, -v title="$title" -v xlabel="$xlabel" '
	    function number(x, c,    mean) {
		if (!count[x, c])
			return "-"
		mean = sum[x, c] / count[x, c]
		return sprintf(mean < 100 ? "%.3g" : "%.0f", mean)
	    }
	    FNR == NR {
		split($0, f, ":")
		label[++n] = f[1]
		want[f[2], f[3]] = n
		next
	    }
	    $2 == "scribekv" && $3 != "" && (($1, $5) in want) {
		c = want[$1, $5]
		sum[$3, c] += $6
		if (count[$3, c]++ == 0 && c == 1)
			x[++nx] = $3
	    }
	    END {
		if (nx == 0)
			exit
		printf "\n### %s\n\n| %s |", title, xlabel
		for (i = 1; i <= n; i++)
			printf " %s |", label[i]
		printf "\n|---:|"
		for (i = 1; i <= n; i++)
			printf "---:|"
		print ""
		for (i = 2; i <= nx; i++)
			for (j = i; j > 1 && x[j - 1] + 0 > x[j] + 0; j--) {
				t = x[j]
				x[j] = x[j - 1]
				x[j - 1] = t
			}
		for (j = 1; j <= nx; j++) {
			printf "| %s |", x[j]
			for (i = 1; i <= n; i++)
				printf " %s |", number(x[j], i)
			print ""
		}
	    }' - "$results"
}

growth_tables() {
	growth_table 'Number of keys: rates, 64 connections, values of 100 bytes' \
	    keys GET/s:grow-get:per_s 'GET/s, Zipf:grow-get-zipf:per_s' \
	    'GET/s, cold:grow-get-cold:per_s' PUT/s:grow-put:per_s \
	    'PUT/s, Zipf:grow-put-zipf:per_s' \
	    'GET/s while writing:grow-get-compacting:per_s' \
	    'puts/s to fill it, in process:fill:per_s'
	growth_table 'Number of keys: latency, microseconds' keys \
	    'GET p50:grow-get:p50_us' 'GET p99:grow-get:p99_us' \
	    'GET p99.9:grow-get:p999_us' 'PUT p50:grow-put:p50_us' \
	    'PUT p99:grow-put:p99_us' 'PUT p99.9:grow-put:p999_us' \
	    'cold GET p99:grow-get-cold:p99_us' \
	    'GET p99 while writing:grow-get-compacting:p99_us' \
	    'longest:grow-get-compacting:max_us'
	growth_table 'Number of keys: space and restart' keys \
	    'own memory, MiB:grow-memory:rss_own_mib' \
	    'disk, bytes a key:fill:disk_bytes_per_key' \
	    'written per byte put, filling:fill:write_amplification' \
	    'bytes written a PUT:grow-put:written_per_put' \
	    'with mapped files, MiB:grow-memory:rss_mib' \
	    'restart, ms:restart:ms' 'after kill -9, ms:restart-killed:ms'
	growth_table 'Size of values: 4 connections, at most 64 MiB of values' \
	    bytes GET/s:size-get:per_s 'p50, us:size-get:p50_us' \
	    'p99, us:size-get:p99_us' 'p99.9, us:size-get:p999_us' \
	    PUT/s:size-put:per_s 'p50, us:size-put:p50_us' \
	    'p99, us:size-put:p99_us' 'p99.9, us:size-put:p999_us' \
	    'own memory, MiB:memory-size:rss_own_mib'
	growth_table 'Connections: values of 100 bytes' connections \
	    GET/s:conn-get:per_s 'p50, us:conn-get:p50_us' \
	    'p99, us:conn-get:p99_us' 'p99.9, us:conn-get:p999_us' \
	    PUT/s:conn-put:per_s 'p50, us:conn-put:p50_us' \
	    'p99, us:conn-put:p99_us' 'p99.9, us:conn-put:p999_us' \
	    'PUTs a commit group:group:transactions'
	growth_table 'Workers: 64 connections, values of 100 bytes' workers \
	    GET/s:workers-get:per_s 'p50, us:workers-get:p50_us' \
	    'p99, us:workers-get:p99_us' PUT/s:workers-put:per_s \
	    'p50, us:workers-put:p50_us' 'p99, us:workers-put:p99_us'
	[ -n "$(median stall scribekv '' max_us)" ] || return 0
	printf '\n### %s minutes of writes over 10 million keys\n\n' \
	    "$((stall_seconds / 60))"
	echo "$(median stall scribekv '' per_s) PUT/s from 64 connections;" \
	    "microseconds: p50 $(median stall scribekv '' p50_us)," \
	    "p99 $(median stall scribekv '' p99_us)," \
	    "p99.9 $(median stall scribekv '' p999_us)," \
	    "longest $(median stall scribekv '' max_us);" \
	    "failed: $(median stall scribekv '' failed | grep . || echo 0)."
	echo "Own memory $(median stall-memory scribekv '' rss_own_mib) MiB;" \
	    "$(median stall scribekv '' write_amplification) bytes written to the" \
	    "disk for each byte of keys and values."
}
