#!/bin/sh
# SPDX-License-Identifier: MIT
# Exports and imports take the same memory whatever their size. SKV_BIG=1 does
# it with more than 2 GiB in place of 100 MB.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

if instrumented; then
	echo "$self: skipped: the daemon's memory is not its own"
	exit 77
fi
blocks=1
[ -z "${SKV_BIG:-}" ] || blocks=22
deadline=$((deadline * 3))

# Little for the engine, whose caches would hide the rest.
set -- --cache-size 1m --write-buffer-size 1m --file-size 1m \
    --max-open-files 74 --scan-lifetime-ms 600000
start "$@"
lines 10 1000 >"$dir/in"
import "$dir/in"
export_to "$dir/out"
req DELETE '/kv?all=true'
expect_status 200
idle=$(memory_peak)

# The same hundred million bytes over and over, with other keys.
lines 10000 10000 >"$dir/block"
repeat_block()
{
	n=0
	while [ $n -lt $blocks ]; do
		sed "s/^{\"key\":\"/&$n-/" "$dir/block"
		n=$((n + 1))
	done
}
repeat_block >"$dir/in"
size=$(wc -c <"$dir/in")
count=$(wc -l <"$dir/in")
# LevelDB maps its tables: those pages are the system's, and are not counted.
anon()
{
	awk '/^RssAnon:/ { print $2 }' "/proc/$(cat "$dir/daemon.pid")/status"
}
watch_memory()
{
	most=0
	while [ ! -f "$dir/watched" ]; do
		now=$(anon)
		[ "$now" -le $most ] || most=$now
		echo $most >"$dir/most.new"
		mv "$dir/most.new" "$dir/most"
		sleep 0.02
	done
}
watch_memory &
watcher=$!
import "$dir/in"
expect_status 200
expect_json ".imported == $count"
rm -f "$dir/body"
export_to "$dir/out"
: >"$dir/watched"
wait $watcher || fail "the watcher"
LC_ALL=C sort "$dir/in" | cmp - "$dir/out" || fail "not what was imported"
most=$(cat "$dir/most")
echo "$self: $size bytes: $idle KiB before, $most KiB at most," \
    "$(memory_peak) KiB with what LevelDB maps"
[ $((most - idle)) -lt 51200 ] || fail "$((most - idle)) KiB more than idle"
stop
