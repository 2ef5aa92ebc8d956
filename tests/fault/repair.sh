#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon's store is damaged where it says which files belong to it (MANIFEST
# and CURRENT: cut off, zeroed, garbage, a flipped bit, gone), after kill -9 or
# an orderly end. The client's check finds it, its repair makes a store from
# which every acknowledged key is served, and leaves the damaged one as it was.
#
# --count N variations, or as many as fit into --seconds N; --seed S.
. "$(dirname "$0")/lib_http.sh"
. "$(dirname "$0")/../integration/lib_cli.sh"

count=1
options "$@"
done=0

# random N STREAM: a number below N, the same for the same seed.
random()
{
	perl -e 'srand($ARGV[0] * 7919 + $ARGV[1] * 104729 + $ARGV[3] * 999983); rand;
	    print int(rand($ARGV[2]))' "$seed" "$done" "$1" "$2"
}

# Does one of the damages; says which.
damage()
{
	perl - "$dir/db" "$(random 7 1)" "$(random 1000000 2)" <<'END'
use strict;
my ($db, $kind, $r) = @ARGV;
my ($m) = sort { $b cmp $a } glob("$db/MANIFEST-*");
my $size = -s $m;
my $at = $r % $size;
sub put { open(my $f, '+<', $_[0]) or die; seek($f, $_[1], 0);
    print $f $_[2]; close($f) or die; }
sub get { open(my $f, '<', $_[0]) or die; seek($f, $_[1], 0);
    read($f, my $c, 1); return $c; }
my @kinds = (
    ["cut off at $at of $size", sub { truncate($m, $at) or die }],
    ["zeroes from $at of $size", sub { put($m, $at, "\0" x ($size - $at)) }],
    ["bit of byte $at of $size", sub {
	put($m, $at, get($m, $at) ^ chr(1 << $r % 8)) }],
    ["garbage from $at of $size", sub { srand($r);
	put($m, $at, join '', map { chr(rand(256)) } $at .. $size - 1) }],
    ["no manifest", sub { unlink($m) or die }],
    ["no CURRENT", sub { unlink("$db/CURRENT") or die }],
    ["CURRENT names another", sub { put("$db/CURRENT", 0, "MANIFEST-9") }],
);
print $kinds[$kind][0];
$kinds[$kind][1]();
END
}

# The keys of this round: of random number and size, some deleted.
load()
{
	perl -e 'my ($seed, $n) = @ARGV; srand($seed);
	    for (1 .. $n) { printf "{\"key\":\"%06d\",\"value\":\"%s\"}\n", $_,
	    join("", map { chr(97 + rand(26)) } 1 .. 20 + rand(500)) }' \
	    $((seed * 1000 + done)) $((500 + $(random 4000 3))) >"$dir/lines"
	kv 0 import "$dir/lines"
	kv 0 delete --start 000100 --end 000200 --yes
	kv 0 export "$dir/want"
}

one()
{
	start_daemon
	target="--unix-socket $nsock"
	load
	if [ "$(random 2 4)" -eq 0 ]; then kill_daemon; else stop_daemon; fi
	if [ "$(random 2 5)" -eq 0 ]; then
		# The start after that makes tables of the log.
		start_daemon
		stop_daemon
	fi
	what=$(damage) || fail "no damage"
	echo "repair: $done: $what"
	ls -l --full-time "$dir/db" >"$dir/before"
	target=
	rc=0
	"$SCRIBEKV" check "$dir/db" >"$dir/found" 2>&1 || rc=$?
	[ $rc -eq 5 ] || grep -q '^note: ' "$dir/found" ||
		fail "$what: check ended with $rc: $(cat "$dir/found")"
	kv 0 repair "$dir/db" --to "$dir/new"
	ls -l --full-time "$dir/db" | cmp -s - "$dir/before" ||
		fail "$what: the damaged store was changed"
	kv 0 check "$dir/new"
	rm -r "$dir/db"
	mv "$dir/new" "$dir/db"
	start_daemon
	target="--unix-socket $nsock"
	kv 0 export "$dir/got"
	cmp "$dir/want" "$dir/got" || fail "$what: other keys than before"
	kv 0 put after-repair 1
	stop_daemon
	rm -r "$dir/db"
}

start_nginx
while more $done; do
	one
	done=$((done + 1))
done
stop_nginx
echo "repair: $done damaged stores repaired, 0 violations (seed $seed)"
