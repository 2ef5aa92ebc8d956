#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx sends a write once: also when a kept connection dies in the middle of
# it, which for a read is a reason to try again.
. "$(dirname "$0")/lib.sh"

# A FastCGI responder that answers one request on each connection, keeps it
# open, notes every request, and closes on the second one without an answer.
responder()
{
	exec perl -MIO::Socket::UNIX -MIO::Select -e '
	my ($path, $log) = @ARGV;
	my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 100)
	    or die "$path: $!";
	chmod(0666, $path);
	$| = 1;
	print "ready\n";
	my $all = IO::Select->new($listen);
	my (%in, %served);
	while (my @ready = $all->can_read) {
		for my $c (@ready) {
			if ($c == $listen) {
				$all->add(scalar($listen->accept));
				next;
			}
			my $n = sysread($c, $in{$c}, 65536, length($in{$c} // ""));
			goto done unless $n;
			# The empty FCGI_STDIN record ends a request.
			next unless $in{$c} =~ /\x01\x05..\0\0.\0\z/s;
			my ($method) = $in{$c} =~ /REQUEST_METHOD([A-Z]+)/;
			open(my $f, ">>", $log) or die;
			print $f "$method\n";
			close($f);
			$in{$c} = "";
			goto done if $served{$c}++;
			my $out = "Content-Type: text/plain\r\n\r\nok";
			syswrite($c, pack("CCnnCx", 1, 6, 1, length($out), 0) .
			    $out . pack("CCnnCx", 1, 6, 1, 0, 0) .
			    pack("CCnnCxNCx3", 1, 3, 1, 8, 0, 0, 0));
			next;
		    done:
			$all->remove($c);
			delete $in{$c};
			delete $served{$c};
			close($c);
		}
	}' "$dsock" "$dir/seen"
}

dlog=$dir/daemon.1.log
spawn daemon "$dlog" responder
wait_for "the responder" ready_or_dead
# One nginx worker, so that it is the kept connection that is used.
nginx_workers=1
start_nginx

for method in PUT DELETE POST PATCH; do
	req GET /kv/a
	expect_status 200
	: >"$dir/seen"
	req "$method" /kv/a -d x
	expect_problem 502
	expect_json '.applied == "unknown"'
	[ "$(cat "$dir/seen")" = $method ] || fail "sent: $(cat "$dir/seen")"
done
# The harness notices what it should: a read is sent twice.
req GET /kv/a
: >"$dir/seen"
req GET /kv/a
expect_status 200
[ "$(grep -c GET "$dir/seen")" = 2 ] || fail "reads are not tried again"
stop_nginx
kill "$(cat "$dir/daemon.pid")"
wait_for "the responder's end" test -f "$dir/daemon.rc"
