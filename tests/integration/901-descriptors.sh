#!/bin/sh
# SPDX-License-Identifier: MIT
# More connections than descriptors: LevelDB keeps its share, so that writes
# go on, and waiting for a free one does not fill the log.
. "$(dirname "$0")/lib.sh"

# Holds 600 connections to the daemon until its input ends.
crowd()
{
	exec perl -MIO::Socket::UNIX -e '
	my @all;
	for (1 .. 600) {
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or last;
		push(@all, $s);
	}
	print scalar(@all), "\n";
	open(my $f, ">", $ARGV[1]) or die;
	close($f);
	sleep(1) until -e $ARGV[2];
	' "$dsock" "$dir/crowded" "$dir/leave"
}

few_descriptors()
{
	# shellcheck disable=SC3045 # dash and bash have it
	ulimit -n 400
	scribekvd "$@"
}

ndaemon=1
dlog=$dir/daemon.1.log
spawn daemon "$dlog" few_descriptors --write-buffer-size 64k
wait_for "the daemon to be ready" ready_or_dead
grep -q 'max_connections lowered' "$dlog" || fail "no word of the limit"
spawn crowd "$dir/crowd.log" crowd
wait_for "the crowd" test -f "$dir/crowded"
touch "$dir/leave"
wait_for "the crowd to leave" test -f "$dir/crowd.rc"
start_nginx
for i in 1 2 3 4 5 6 7 8; do
	head -c 60000 /dev/urandom >"$dir/value"
	req PUT "/kv/$i" -H "$bin" --data-binary "@$dir/value"
	expect_status 200
done
[ "$(wc -l <"$dlog")" -lt 100 ] || fail "the log is full of one thing"
stop
