#!/bin/sh
# SPDX-License-Identifier: MIT
# Clients that go away half way, in an upload or an answer, harm nobody and
# leave nothing behind.
. "$(dirname "$0")/lib.sh"

start
head -c 4000000 /dev/urandom >"$dir/large"
req PUT /kv/large -H "$bin" --data-binary "@$dir/large"
expect_status 200
perl -MIO::Socket::UNIX - "$nsock" <<'END' || fail "perl"
my $path = shift;
sub dial { IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n" }

$SIG{PIPE} = 'IGNORE';
for my $i (1 .. 20) {
	my $c = dial();
	print $c "PUT /kv/half HTTP/1.1\r\nHost: t\r\n",
	    "Content-Length: 100000\r\n\r\n", 'x' x 50000;
	close($c);
	$c = dial();
	print $c "PUT /kv/half HTTP/1.1\r\nHost: t\r\n",
	    "Transfer-Encoding: chunked\r\n\r\n", "1000\r\n", 'x' x 100;
	close($c);
	$c = dial();
	print $c "GET /kv/large HTTP/1.1\r\nHost: t\r\n\r\n";
	sysread($c, my $some, 1000);
	close($c);
}
END
req GET /kv/half
expect_problem 404
req GET /kv/large
expect_file "$dir/large"
stop
