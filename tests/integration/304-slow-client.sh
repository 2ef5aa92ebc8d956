#!/bin/sh
# SPDX-License-Identifier: MIT
# Clients that read nothing of a large answer do not hold up the others.
. "$(dirname "$0")/lib.sh"

start
head -c 8000000 /dev/urandom >"$dir/large"
req PUT /kv/large -H "$bin" --data-binary "@$dir/large"
put a 1
mkfifo "$dir/asked" "$dir/go"
perl -MIO::Socket::UNIX -e '
	my ($path, $asked, $go) = @ARGV;
	my @slow = map { IO::Socket::UNIX->new(Peer => $path) or die } 1 .. 8;
	for my $c (@slow) {
		syswrite($c, "GET /kv/large HTTP/1.1\r\nHost: t\r\n\r\n");
		sysread($c, my $some, 100) or die;
	}
	open(my $out, ">", $asked);
	close($out);
	open(my $in, "<", $go);
	readline($in);' "$nsock" "$dir/asked" "$dir/go" &
slow=$!
cat "$dir/asked"
for i in 1 2 3 4 5 6 7 8 9 10; do
	req GET /kv/a
	expect_body 1
	put "b$i" 1
done
echo >"$dir/go"
wait $slow || fail "perl"
stop
