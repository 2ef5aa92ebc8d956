#!/bin/sh
# SPDX-License-Identifier: MIT
# A listening socket may be passed as descriptor 0, or by systemd as 3.
. "$(dirname "$0")/lib.sh"

# with_socket DESCRIPTOR COMMAND...: runs it with a listening socket there
with_socket()
{
	exec perl -MIO::Socket::UNIX -MPOSIX=dup2 -e '
		my ($path, $fd, @command) = @ARGV;
		my $s = IO::Socket::UNIX->new(Local => $path, Listen => 1024)
		    or die "$path: $!";
		chmod(0666, $path);
		dup2(fileno($s), $fd) or die $!;
		if ($fd == 3) {
			$ENV{LISTEN_PID} = $$;
			$ENV{LISTEN_FDS} = 1;
		}
		exec(@command) or die $!;' "$dsock" "$@"
}

# The daemon as it is: only an exec keeps LISTEN_PID true.
plain()
{
	with_socket "$1" "$SCRIBEKVD" --config "$dir/scribekv.conf" \
	    --store "$store" --workers 2
}

start_plain()
{
	rm -f "$dsock"
	ndaemon=$((ndaemon + 1))
	dlog=$dir/daemon.$ndaemon.log
	spawn daemon "$dlog" plain "$1"
	wait_for "the daemon to be ready" ready_or_dead
	[ ! -f "$dir/daemon.rc" ] || fail "the daemon ended"
}

: >"$dir/scribekv.conf"
start_plain 0
start_nginx
put a 1
stop_daemon
[ -S "$dsock" ] || fail "a socket that was passed is not ours to remove"
start_plain 3
req GET /kv/a
expect_body 1
stop_daemon
