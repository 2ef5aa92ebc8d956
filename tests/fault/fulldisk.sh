#!/bin/sh
# SPDX-License-Identifier: MIT
# A small disk that is full again and again: others fill it to the last byte, or
# the store fills it up to its floor, or without one up to the wall, and half of
# the space is freed half way. 507 for new data, reads all the time, deletes
# unless the last byte is gone, back in service by itself, and nothing
# acknowledged is lost, also when the daemon is killed and started anew.
#
#	fulldisk.sh [--count ROUNDS] [--seed S] [--seconds N]

# A small disk is made of a mount that nobody else sees.
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	echo "fulldisk: skipped: may not mount a small file system"
	exit 77
fi
if [ -z "${SKV_UNSHARED:-}" ]; then
	SKV_UNSHARED=1 exec unshare -m sh "$0" "$@"
fi

count=
seconds=
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
while [ $# -gt 1 ]; do
	case $1 in
	--count) count=$2 ;;
	--seed) seed=$2 ;;
	--seconds) seconds=$2 ;;
	esac
	shift 2
done
. "$(dirname "$0")/../integration/lib.sh"
: "${count:=$(fewer 10)}"

mount -t tmpfs -o size=64m none /mnt || exit 77
store=leveldb:/mnt/db
head -c 200000 /dev/urandom >"$dir/value"
sum=$(sha256sum <"$dir/value" | cut -c 1-64)
ends=$(($(date +%s) + ${seconds:-0}))

# draw N: the next random number below N, in $drawn.
draws=0
draw()
{
	draws=$((draws + 1))
	drawn=$(awk -v s=$((seed * 1000 + draws)) -v n="$1" \
	    'BEGIN { srand(s); print int(rand() * n) }')
}

# Puts until one is refused or there are $1; $n of all were taken. Their order is
# that of their keys, so that LevelDB merges little, and gives little back.
fill()
{
	status=200
	while [ "$status" = 200 ] && [ $n -lt "$1" ]; do
		req PUT "/kv/$((10000 + n + 1))" -H "$bin" --data-binary "@$dir/value"
		[ "$status" != 200 ] || n=$((n + 1))
	done
}

# all_are FROM TO STATUS: GETs of these keys, whose bodies go to files.
all_are()
{
	rm -rf "$dir/got"
	mkdir "$dir/got"
	[ "$1" -le "$2" ] || return 0
	curl -sS --max-time $((deadline / 10)) --unix-socket "$nsock" \
	    -o "$dir/got/#1" -w '%{http_code}\n' \
	    "$site/kv/[$((10000 + $1))-$((10000 + $2))]" >"$dir/codes" ||
		fail "GET of keys $1 to $2"
	there=$(sort "$dir/codes" | uniq -c | tr -d ' \n')
	[ "$there" = $(($2 - $1 + 1))"$3" ] ||
		fail "keys $1 to $2 are not all $3 but $there"
}

# All that were taken are there, but for those that were deleted.
all_there()
{
	all_are 1 $gone 404
	all_are $((gone + 1)) "$n" 200
	[ "$(sha256sum "$dir"/got/* | cut -c 1-64 | sort -u)" = "$sum" ] ||
		fail "values have changed"
}

deletes()
{
	req DELETE "/kv/$((10000 + gone + 1))"
	[ "$status" = 204 ]
}

# What is freed while the store is opened anew counts: ask until it serves.
writable()
{
	req PUT /kv/probe -d x
	[ "$status" = 200 ]
}

refused()
{
	expect_problem 507
	expect_header Content-Type 'application/problem+json'
}

# Only the disk is to refuse anything, however slow it is.
start_small()
{
	start_daemon --write-buffer-size 256k --file-size 1m --min-free "$1" \
	    --max-level0-files 0 --max-stall-ms 0 --sync-interval-ms 100 \
	    --log-level info
}

reserve_made()
{
	[ -f /mnt/db/RESERVE ]
}

# Others take the last byte; a write may be the one that finds out.
by_others()
{
	draw 20
	fill $((5 + drawn))
	expect_status 200
	wait_for "the reserve" reserve_made
	cat /dev/zero >/mnt/others 2>"$dir/full" || :
	while req PUT /kv/tiny -d x; [ "$status" = 200 ]; do :; done
	refused
	req GET /health
	expect_status 503
	# Deletes go on, if need be after the reserve was given up.
	wait_for "a delete" deletes
	gone=$((gone + 1))
	req PUT /kv/tiny -d x
	refused
	all_there
	[ -f /mnt/db/RESERVE ] || reserves=$((reserves + 1))
}

# Space that LevelDB gives back lets it go on for a while.
is_full()
{
	fill 1000
	refused
	expect_json '.applied == "no"'
	req GET /health
	[ "$status" = 503 ]
}

# The store fills the disk up to its floor; deletes are served at once.
to_the_floor()
{
	wait_for "the floor" is_full
	deletes || fail "a delete: $status"
	gone=$((gone + 1))
	all_there
}

# Up to the wall: LevelDB fails, and if it finds no room nothing is written.
to_the_wall()
{
	fill 1000
	refused
	if deletes; then
		gone=$((gone + 1))
	else
		refused
	fi
	all_there
}

# by_itself COMMAND: the store fills the disk twice, half of it freed between.
by_itself()
{
	"$1"
	rm /mnt/half
	wait_for "service to resume half way" writable
	half=$n
	"$1"
	[ "$n" -gt $((half + 10)) ] || fail "full after $((n - half)) more"
}

reserves=0
kills=0
round=0
nginx_workers=1
start_daemon --write-buffer-size 256k
start_nginx
stop_daemon
while [ $round -lt "$count" ] || [ -n "$seconds" ]; do
	[ -z "$seconds" ] || [ "$(date +%s)" -lt "$ends" ] || break
	rm -rf /mnt/db /mnt/others
	n=0
	gone=0
	head -c 24000000 /dev/zero >/mnt/ballast
	head -c 8000000 /dev/zero >/mnt/half
	case $((round % 3)) in
	0)
		floor=8m
		start_small $floor
		by_others
		;;
	1)
		floor=16m
		start_small $floor
		by_itself to_the_floor
		;;
	2)
		floor=0
		start_small $floor
		by_itself to_the_wall
		;;
	esac
	round=$((round + 1))
	# Half of the rounds crash on the full disk.
	draw 2
	if [ "$drawn" = 1 ]; then
		kill_daemon
		kills=$((kills + 1))
		rm -f /mnt/ballast /mnt/half /mnt/others
		start_small $floor
	fi
	rm -f /mnt/ballast /mnt/half /mnt/others
	wait_for "service to resume" writable
	fill $((n + 10))
	expect_status 200
	all_there
	stop_daemon
	start_small $floor
	all_there
	stop_daemon
done
stop_nginx
echo "fulldisk: $round rounds: others filled the disk $(((round + 2) / 3))" \
    "times, $reserves of which gave the reserve up, the store its floor" \
    "$(((round + 1) / 3)) and the disk $((round / 3)) times, each again after" \
    "half was freed; $kills killed when full; nothing lost (seed $seed)"
