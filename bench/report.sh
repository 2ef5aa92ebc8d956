# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2120,SC2154 # shared with run
#
# What is printed and written to report/: tables in Markdown, plots.

# table [ROW...]
table() {
	awk -v only="$*" -f "$root/bench/table.awk" "$root/bench/rows" "$results"
}

# median SERIES SIDE X METRIC: nothing when it was not measured.
median() {
	awk -F, -v series="$1" -v side="$2" -v x="$3" -v metric="$4" '
	    $1 == series && $2 == side && $3 == x && $5 == metric { print $6 }' \
	    "$results" | sort -n | awk '{ v[NR] = $1 } END {
		if (NR)
			printf "%.0f\n", NR % 2 ? v[(NR + 1) / 2] :
			    (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

latencies() {
	local series side rest
	printf '\n| %-13s | %-8s | %9s | %9s | %9s | %9s |\n' request of p50 \
	    p99 p99.9 longest
	echo '|---|---|---:|---:|---:|---:|'
	while IFS=/ read -r series side rest; do
		[ -n "$(median "$series" "$side" '' p50_us)" ] || continue
		printf '| %-13s | %-8s | %9s | %9s | %9s | %9s |\n' "$series" \
		    "$side" "$(median "$series" "$side" '' p50_us)" \
		    "$(median "$series" "$side" '' p99_us)" \
		    "$(median "$series" "$side" '' p999_us)" \
		    "$(median "$series" "$side" '' max_us)"
	done <<-END
		http-get/nginx
		http-get/canned
		http-get/scribekv
		http-put/canned
		http-put/scribekv
		http-put-sync/scribekv
		http-txn-json/scribekv
		http-txn-cbor/scribekv
		other-get/webdis
		other-put/webdis
		other-get/etcd
		other-put/etcd
	END
}

# predecessor: what the project before this one published, on its machine,
# beside the same loops of the library here.
predecessor() {
	local what published_before published_after before after
	cat <<-'END'

		| operations a second                   | published, before | published, after | here, naive | here, tuned |
		|---|---:|---:|---:|---:|
	END
	while IFS='|' read -r what published_before published_after before \
	    after; do
		printf '| %-37s | %17s | %16s | %11s | %11s |\n' "$what" \
		    "$published_before" "$published_after" \
		    "$(median "$before" scribekv '' per_s)" \
		    "$(median "$after" scribekv '' per_s)"
	done <<-END
		10,000 puts|53 k|63 k|naive-put|put-10000
		10,000 gets|300 k|282 k|naive-get|get-10000
		10,000 puts and gets, half each|106 k|109 k|naive-mixed|mixed-10000
		100 puts|16 k|49 k|naive-put-100|put-100
	END
}

# plot NAME TITLE XLABEL YLABEL SERIES:SIDE:METRIC:LABEL...: against x, both
# axes logarithmic unless $scale says otherwise. Nothing without points.
plot() {
	local name=$1 title=$2 xlabel=$3 ylabel=$4 spec series side metric \
	    label commands='' n=0
	shift 4
	for spec in "$@"; do
		IFS=: read -r series side metric label <<<"$spec"
		awk -F, -v series="$series" -v side="$side" -v metric="$metric" '
		    $1 == series && $2 == side && $5 == metric && $3 != "" {
			sum[$3] += $6; n[$3]++ }
		    END { for (x in n) print x, sum[x] / n[x] }' "$results" |
		    sort -n >"$dir/$name.$n"
		if [ "$(wc -l <"$dir/$name.$n")" -gt 1 ]; then
			commands+="${commands:+, }'$dir/$name.$n' using 1:2"
			commands+=" with linespoints title '$label'"
		fi
		n=$((n + 1))
	done
	[ -n "$commands" ] || return 0
	gnuplot <<-END || note "no plot of $name"
		set terminal svg size 720,440 background '#ffffff'
		set output '$out/$name.svg'
		set title '$title'
		set xlabel '$xlabel'
		set ylabel '$ylabel'
		${scale-set logscale xy}
		set grid
		set key outside right
		set format y '%.0s%c'
		plot $commands
	END
}

plots() {
	local kind
	have gnuplot || {
		note 'no plots: there is no gnuplot'
		return 0
	}
	for kind in get put; do
		plot "$kind-rate-by-connections" "${kind^^}, values of 100 bytes" \
		    connections 'requests a second' \
		    "conn-$kind:scribekv:per_s:scribekv" \
		    "conn-$kind:canned:per_s:canned reply"
		plot "$kind-latency-by-connections" \
		    "${kind^^}, values of 100 bytes" connections microseconds \
		    "conn-$kind:scribekv:p50_us:p50" \
		    "conn-$kind:scribekv:p99_us:p99" \
		    "conn-$kind:scribekv:p999_us:p99.9" \
		    "conn-$kind:canned:p99_us:canned reply, p99"
	done
	plot rate-by-size '4 connections' 'bytes of a value' \
	    'requests a second' size-get:scribekv:per_s:GET \
	    size-put:scribekv:per_s:PUT
	plot latency-by-size '4 connections' 'bytes of a value' microseconds \
	    size-get:scribekv:p50_us:'GET p50' \
	    size-get:scribekv:p99_us:'GET p99' \
	    size-put:scribekv:p50_us:'PUT p50' \
	    size-put:scribekv:p99_us:'PUT p99'
	plot rate-by-keys '64 connections, values of 100 bytes' keys \
	    'requests a second' keys-get:scribekv:per_s:GET \
	    grow-get:scribekv:per_s:'GET, uniform' \
	    grow-get-zipf:scribekv:per_s:'GET, Zipf' \
	    grow-put:scribekv:per_s:'PUT, uniform'
	plot latency-by-keys '64 connections, values of 100 bytes' keys \
	    microseconds keys-get:scribekv:p50_us:'GET p50' \
	    keys-get:scribekv:p99_us:'GET p99' \
	    grow-get:scribekv:p50_us:'GET p50, uniform' \
	    grow-get:scribekv:p99_us:'GET p99, uniform' \
	    grow-put:scribekv:p99_us:'PUT p99, uniform'
	plot group-by-connections 'PUT, values of 100 bytes' connections \
	    'transactions a commit group' group:scribekv:transactions:scribekv
	scale='' plot rate-by-time '64 connections, 10 million keys' 'seconds of the run' \
	    'PUTs a second' stall-time:scribekv:per_s:scribekv
	scale='' plot level0-by-time '64 connections, 10 million keys' 'seconds of the run' \
	    'files at level 0' stall-time:scribekv:level0:scribekv
	plot rate-by-workers '64 connections, values of 100 bytes' workers \
	    'requests a second' workers-get:scribekv:per_s:GET \
	    workers-put:scribekv:per_s:PUT
}

ratios() {
	cat <<-END
		Each figure is the median of $rounds rounds, with how far the least and the
		greatest are from it; what is compared took turns. A load over HTTP ran for
		$seconds s at a time. The tables by connections, sizes and numbers of keys
		have one measurement each.

		## Ratios
	END
	table
	printf '\n## Latency, microseconds\n'
	latencies
	printf '\n## The predecessor\n\n%s\n%s\n%s\n' \
	    'Published: figures that the project before this one (sled 0.34) gave for its' \
	    'own machine, before and after its tuning. They were not measured here, and' \
	    'machines differ. What naive and tuned mean is in ../README.md.'
	predecessor
}

# write_report DIRECTORY
write_report() {
	local out=$1 svg
	mkdir -p "$out"
	rm -f "$out"/*.svg
	cp "$results" "$out/results.csv"
	plots
	{
		cat <<-END
			# Measurements

			Written by \`./dev bench\`${arguments:+ ($arguments)} on $(date -u '+%Y-%m-%d at %H:%M') UTC.
			[../README.md](../README.md) says how to read it; all that was measured,
			each round, is in [results.csv](results.csv).

			$about
			${remark:+- $remark
			}
		END
		[ ${#groups[@]} -eq 0 ] || ratios
		growth_tables
		printf '\n## Plots\n'
		for svg in "$out"/*.svg; do
			[ -e "$svg" ] || continue
			svg=${svg##*/}
			printf '\n![%s](%s)\n' "${svg%.svg}" "$svg"
		done
	} >"$out/README.md"
}
