#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx's own 504 and 429 are problem documents too.
. "$(dirname "$0")/lib.sh"

# A daemon that takes connections and says nothing.
mute()
{
	exec perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Local => shift, Listen => 100) or die;
	$| = 1;
	print "ready\n";
	kill(STOP => $$);' "$dsock"
}

dlog=$dir/daemon.1.log
umask 0
spawn daemon "$dlog" mute
wait_for "the mute daemon" ready_or_dead
impatient 1s
start_nginx
req PUT /kv/a -d x
expect_problem 504
expect_header Retry-After '[0-9]*'
expect_json '.applied == "unknown"'
req GET /kv/a
expect_problem 504
expect_json 'has("applied") | not'
stop_nginx
signal_daemon KILL

nginx_http='limit_req_zone $scheme zone=z:32k rate=1r/m;'
nginx_server='limit_req zone=z; limit_req_status 429;'
start_nginx
req GET /kv/a # the one a minute
expect_problem 502
req GET /kv/a
expect_problem 429
expect_header Retry-After '[0-9]*'
req PUT /kv/a -d x
expect_problem 429
