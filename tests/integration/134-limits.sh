#!/bin/sh
# SPDX-License-Identifier: MIT
# scribekv-limits.conf: one address gets so much, others are not touched, and
# what is over is told so. A rate that allows nothing more within the test makes
# it independent of the time.
. "$(dirname "$0")/lib.sh"

nginx -V 2>&1 | grep -q http_realip_module || {
	echo "$self: skipped: nginx without its realip module"
	exit 77
}
from='X-Test-Address: 192.0.2.1'
other='X-Test-Address: 192.0.2.2'

edit_snippets 's|rate=1000r/s|rate=1r/m|; s/burst=2000/burst=2/
    s/connections 100;/connections 2;/'
nginx_server='set_real_ip_from unix:; real_ip_header X-Test-Address;'
nginx_server="$nginx_server include $snippets/scribekv-limits.conf;"
start
for i in 1 2 3; do
	req GET /kv/none -H "$from"
	[ "$status" = 404 ] || fail "number $i is refused already"
done
for method in GET PUT DELETE POST; do
	req $method /kv/a -H "$from" -d x
	expect_problem 429
	expect_header Retry-After '[1-9]*'
done
req GET /metrics -H "$from"
expect_problem 429
# Not these, and not others.
for i in 1 2 3 4 5; do
	req GET /health -H "$from"
	expect_status 200
	req OPTIONS /kv/a -H "$from" -H 'Origin: https://app.example.com'
	expect_status 204
done
req GET /kv/none -H "$other"
expect_status 404
stop_nginx

# Connections: two that hang in the middle of their bodies.
edit_snippets 's|rate=1r/m|rate=1000r/s|; s/burst=2/burst=100/'
start_nginx
put big 0123456789
cat >"$dir/hang.pl" <<'END'
use strict;
use IO::Socket::UNIX;
my ($path, $address, $n) = @ARGV;
my @all;
for (1 .. $n) {
	my $s = IO::Socket::UNIX->new($path) or die $!;
	print $s "PUT /kv/slow HTTP/1.1\r\nHost: x\r\n" .
	    "X-Test-Address: $address\r\nContent-Length: 10\r\n\r\nhalf";
	$s->flush;
	push(@all, $s);
}
$| = 1;
print "hanging\n";
sleep(600);
END
spawn hang "$dir/hang.log" perl "$dir/hang.pl" "$nsock" 192.0.2.1 2
over()
{
	req GET /kv/big -H "$from"
	[ "$status" = 429 ]
}
wait_for 'the limit on connections' over
expect_problem 429
req GET /kv/big -H "$other"
expect_status 200
req GET /health -H "$from"
expect_status 200
kill "$(cat "$dir/hang.pid")"
wait_for 'the connections to end' test -f "$dir/hang.rc"
free()
{
	req GET /kv/big -H "$from"
	[ "$status" = 200 ]
}
wait_for 'room again' free
stop
