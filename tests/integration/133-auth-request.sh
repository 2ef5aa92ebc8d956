#!/bin/sh
# SPDX-License-Identifier: MIT
# scribekv-auth-request.conf: a service of the user's decides on each request,
# and when it does not answer, nobody is let in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_access.sh"

auth=$dir/auth.sock
# The service: writers, readers, and who is known but may do nothing. It notes
# what it was asked.
cat >"$dir/auth.pl" <<'END_OF_SERVICE'
use strict;
use IO::Socket::UNIX;
my ($path, $log) = @ARGV;
my $server = IO::Socket::UNIX->new(Local => $path, Listen => 100) or die $!;
chmod(0666, $path);
open(my $out, '>>', $log) or die $!;
$out->autoflush(1);
$SIG{PIPE} = 'IGNORE';
while (my $client = $server->accept) {
	my %h;
	my $line = <$client>;
	while (($line = <$client> // '') =~ /^([^:]+): *(.*?)\r$/) {
		$h{lc $1} = $2;
	}
	my $who = $h{authorization} // '';
	my $method = $h{'x-original-method'};
	print $out "$method $h{'x-original-uri'} " .
	    ($h{'content-length'} // '-') . " " .
	    ($h{'x-request-id'} =~ /^[0-9a-f]{32}$/ ? 'id' : 'no id') . "\n";
	my $answer = $who eq 'Bearer writer' ? '204 No Content' :
	    $who eq 'Bearer reader' && $method =~ /^(?:GET|HEAD)$/ ?
	    '200 OK' : $who =~ /^Bearer (?:reader|known)$/ ? '403 Forbidden' :
	    $who eq 'Bearer broken' ? '302 Found' : '401 Unauthorized';
	my $more = $answer =~ /^401/ ? "WWW-Authenticate: Bearer\r\n" :
	    $answer =~ /^302/ ? "Location: /login\r\n" : '';
	print $client "HTTP/1.0 $answer\r\n${more}Connection: close\r\n\r\n";
	close($client);
}
END_OF_SERVICE

let_in()
{
	req "$@" -H 'Authorization: Bearer writer'
}

spawn auth "$dir/auth.log" perl "$dir/auth.pl" "$auth" "$dir/asked"
wait_for 'the service' test -S "$auth"

edit_snippets "s|http://127.0.0.1:9000/auth|http://unix:$auth:/auth|"
nginx_server="include $snippets/scribekv-auth-request.conf;"
start
let_in PUT /kv/a -H "$bin" -d secret
expect_status 200
: >"$dir/asked"
expect_open
[ ! -s "$dir/asked" ] || fail "was asked: $(cat "$dir/asked")"
expect_served
expect_closed 401
req GET /kv/a
expect_header WWW-Authenticate Bearer
expect_refused 403 -H 'Authorization: Bearer known'
# What is no answer is no permission.
expect_refused 500 -H 'Authorization: Bearer broken'

# The service sees what the daemon sees.
: >"$dir/asked"
let_in PUT '/kv/x%2Fy//z?ttl=10' -H "$bin" -d 12345
expect_status 200
[ "$(cat "$dir/asked")" = 'PUT /kv/x%2Fy//z?ttl=10 - id' ] ||
	fail "was asked: $(cat "$dir/asked")"

# By method, which it may go by.
req GET /kv/a -H 'Authorization: Bearer reader'
expect_body secret
req PUT /kv/a -H 'Authorization: Bearer reader' -d changed
expect_problem 403
req DELETE '/kv?all=true' -H 'Authorization: Bearer reader'
expect_problem 403

kill "$(cat "$dir/auth.pid")"
wait_for 'the service to end' test -f "$dir/auth.rc"
expect_refused 500 -H 'Authorization: Bearer writer'
expect_open
stop
