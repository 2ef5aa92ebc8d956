#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs every fuzzer, as many at once as there are processors, from its corpus:
#
#	fuzz.sh [--seconds N | --count N] [--seed S]
#
# Each for that time (30 seconds), or for that many runs.
#
# Environment:	SKV_FUZZDIR	a build with --enable-sanitizers=
#				fuzzer-no-link,... (default: build/fuzz)
# Exit status: 0 no report, 1 one or more, 77 there are no fuzzers.
set -eu

limit=-max_total_time=30
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) limit=-max_total_time=$2 ;;
	--count) limit=-runs=$2 ;;
	--seed) seed=$2 ;;
	*)
		echo "usage: $0 [--seconds N | --count N] [--seed S]" >&2
		exit 99
		;;
	esac
	shift 2
done
here=$(cd "$(dirname "$0")" && pwd)
: "${SKV_FUZZDIR:=$here/../../build/fuzz}"
if [ ! -x "$SKV_FUZZDIR/tests/fuzz/fuzz_uri" ]; then
	echo 'fuzz: skipped: no fuzzers were built'
	exit 77
fi

dir=$(mktemp -d /tmp/skv-fuzz.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"

# Leaks are looked for once, at the end: libFuzzer's own way, after every run
# that a thread of the store may have allocated in, takes longer than the runs.
# What is found new goes to a directory that is thrown away; what makes a report
# stays beside its log.
cat >"$dir/one" <<'END'
set -eu
name=$1
mkdir "$dir/$name"
words=
[ ! -f "$here/$name.dict" ] || words=-dict=$here/$name.dict
cd "$dir"
"$SKV_FUZZDIR/tests/fuzz/fuzz_$name" $limit $words -seed="$seed" \
    -detect_leaks=0 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="$dir/$name-" "$dir/$name" "$here/corpus/$name" \
    </dev/null >"$dir/$name.log" 2>&1 || echo "$name" >>"$dir/failed"
END
export here dir limit seed SKV_FUZZDIR
for name in "$here"/corpus/*/; do
	basename "$name"
done | xargs -P "$(nproc)" -n 1 sh "$dir/one"

for log in "$dir"/*.log; do
	name=$(basename "$log" .log)
	awk -v name="$name" '
	    /^INFO: seed corpus: files:/ { files = $5 }
	    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
	    /^stat::number_of_executed_units:/ { runs = $2 }
	    END { printf "fuzz: %s: %d runs, coverage %d\n", name, runs, cov }
	    ' "$log"
done
if [ -e "$dir/failed" ]; then
	while read -r name; do
		echo "fuzz: REPORT: $name (seed $seed)"
		tail -n 60 "$dir/$name.log"
	done <"$dir/failed"
	kept=$(mktemp -d /tmp/skv-violation.XXXXXX)
	cp "$dir"/*-* "$kept" 2>/dev/null || :
	echo "fuzz: inputs kept in $kept"
	exit 1
fi
echo "fuzz: 0 reports (seed $seed)"
