#!/bin/sh
# SPDX-License-Identifier: MIT
# 200 clients at once on two workers: all kept connections are served, again
# and again, with idle ones beside them; nobody starves.
. "$(dirname "$0")/lib.sh"

start
put a 0123456789
perl -MIO::Socket::UNIX -MIO::Select - "$nsock" "$dsock" <<'END' || fail "starved"
my ($nginx, $daemon) = @ARGV;

sub dial { IO::Socket::UNIX->new(Peer => $_[0]) or die "$_[0]: $!\n" }

# Connections to the daemon that say nothing occupy nobody.
my @idle = map { dial($daemon) } 1 .. 50;
my @client = map { dial($nginx) } 1 .. 200;
for my $round (1 .. 5) {
	for my $c (@client) {
		syswrite($c, "GET /kv/a HTTP/1.1\r\nHost: t\r\n\r\n") or
		    die "write: $!\n";
	}
	my $waiting = IO::Select->new(@client);
	my %got;
	while ($waiting->count) {
		my @ready = $waiting->can_read(60) or
		    die "round $round: ", $waiting->count, " unanswered\n";
		for my $c (@ready) {
			sysread($c, $got{$c}, 65536, length($got{$c} // '')) or
			    die "round $round: closed\n";
			next unless $got{$c} =~ /\r\n\r\n0123456789\z/;
			$got{$c} =~ /\AHTTP\/1.1 200 / or die $got{$c};
			$waiting->remove($c);
		}
	}
}
END
stop
