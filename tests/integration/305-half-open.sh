#!/bin/sh
# SPDX-License-Identifier: MIT
# Nobody starves because others stand still: peers of the daemon that stop in
# the middle of a request, more of them than workers and helpers, some taken in
# the same turn as whole requests; and clients of nginx by the hundred that say
# nothing, or half of it. A worker waits for an hour, so an answer is proof.
. "$(dirname "$0")/lib.sh"

start --io-timeout-ms 3600000 --drain-ms 500
put a 1

# crowd NAME SOCKET TEXT COUNT: so many connections that send that and no more;
# they are open, and have sent it, when this returns, and until release.
crowd()
{
	mkfifo "$dir/$1.asked" "$dir/$1.go"
	spawn "$1" "$dir/$1.log" perl -MIO::Socket::UNIX -e '
		my ($path, $text, $n, $asked, $go) = @ARGV;
		$text =~ s/\\x(..)|\\r|\\n/$1 ? chr(hex $1) : $& eq "\\r" ?
		    "\r" : "\n"/ge;
		my @all = map { IO::Socket::UNIX->new(Peer => $path) or die }
		    1 .. $n;
		$SIG{PIPE} = "IGNORE";
		syswrite($_, $text) for @all;
		open(my $out, ">", $asked) or die;
		close($out);
		open(my $in, "<", $go) or die;
		readline($in);' "$2" "$3" "$4" "$dir/$1.asked" "$dir/$1.go"
	cat "$dir/$1.asked"
}

release()
{
	echo >"$dir/$1.go"
	wait_for "the end of $1" test -f "$dir/$1.rc"
}

served()
{
	for i in 1 2 3 4 5 6 7 8 9 10; do
		req GET /kv/a
		expect_body 1
		put "b$i" 1
	done
}

# The beginning of FCGI_BEGIN_REQUEST, and of the parameters behind it.
begin='\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x01'
params=$begin'\x00\x00\x00\x00\x00\x01\x04\x00\x01\x00\x40\x00\x00\x0e\x03'

crowd two "$dsock" "$begin" 2
crowd four "$dsock" "$params" 2
served
grep -q 'help out' "$dlog" || fail "no worker has stood still"
release two
release four
served

# In one turn: all are there before the daemon looks.
signal_daemon STOP
crowd turn "$dsock" "$params" 4
for i in 1 2 3 4 5 6; do
	spawn "get$i" "$dir/get$i" curl -sS --unix-socket "$nsock" \
	    --max-time $((deadline / 10)) "$site/kv/a"
done
crowd turn2 "$dsock" "$begin" 4
signal_daemon CONT
for i in 1 2 3 4 5 6; do
	wait_for "answer $i" test -f "$dir/get$i.rc"
	[ "$(cat "$dir/get$i.rc")" = 0 ] || fail "$(cat "$dir/get$i")"
done

# More than all helpers: some are cut off.
crowd many "$dsock" "$begin" 30
served
grep -q 'closing a connection' "$dlog" || fail "nobody was cut off"
release many

put=$(printf 'PUT /kv/slow HTTP/1.1\\r\\nHost: t\\r\\nContent-Length: 9\\r\\n')
crowd idle "$nsock" '' 200
crowd heads "$nsock" "$put" 200
crowd bodies "$nsock" "$put"'\r\nhalf' 200
served
req GET /kv/slow
expect_status 404
release idle
release heads
release bodies

# Half-open peers do not keep it from stopping.
stop
release turn
release turn2
