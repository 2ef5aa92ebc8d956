#!/bin/sh
# SPDX-License-Identifier: MIT
# A minute of load, or as long as "--count MINUTES" or "--seconds" say, with a
# store small enough to be compacted all the time: afterwards the daemon has no
# more memory and descriptors than after the first third.
. "$(dirname "$0")/lib_http.sh"

count=1
options "$@"
if instrumented; then
	echo 'soak: skipped: the memory of sanitizers is not the daemon'"'"'s'
	exit 77
fi
: "${seconds:=$((count * 60))}"
third=$((seconds / 3 + 1))

# load SECONDS: on an empty store.
load()
{
	req DELETE '/kv?all=true'
	expect_status 200
	"$hammer" --socket "$nsock" --history "$dir/history" --seconds "$1" \
	    --seed "$seed" --groups 60 --large 4 >"$dir/hammer.out" || {
		cat "$dir/hammer.out"
		fail 'under load'
	}
	cat "$dir/hammer.out"
}

# Sets memory (KiB) and descriptors, and says so.
look()
{
	pid=$(cat "$dir/daemon.pid")
	memory=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")
	descriptors=$(find "/proc/$pid/fd" -type l | wc -l)
	echo "soak: after $1 s: $memory KiB, $descriptors descriptors"
}

# Logs and tables are the only descriptors that come and go: at most as many as
# max_open_files (of which LevelDB keeps 10 for itself). The memory that comes
# and goes is two write buffers, a compaction's two megabytes or so for each
# input and output, values under way (70 KB from 8 clients), and what malloc
# keeps of them in each thread's arena: 16 MiB is well above that, and
# 200 bytes lost by each of 100,000 requests would show.
start --write-buffer-size 256k --file-size 1m --cache-size 1m \
    --max-open-files 74 --sync-interval-ms 20
load $third
look $third
warm_memory=$memory
warm_descriptors=$descriptors
load $((seconds - third))
look "$seconds"
[ "$memory" -le $((warm_memory + 16384)) ] || fail 'memory has grown'
[ "$descriptors" -le $((warm_descriptors + 74)) ] ||
	fail 'descriptors have grown'
req GET /metrics
stop
echo "soak: flat (seed $seed)"
