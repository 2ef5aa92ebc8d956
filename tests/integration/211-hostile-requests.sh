#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests that mean one thing to one reader and another to the next: no second
# request is smuggled in, no header reaches the daemon that is not on the list,
# and another site's form writes nothing.
. "$(dirname "$0")/lib.sh"

start
put a 1

# smuggle HEADER...: after a request with these fields something follows that
# is a request only to who counts otherwise, and then an honest one.
smuggle()
{
	echo "smuggle $*" >"$dir/request"
	{
		printf 'POST /kv HTTP/1.1\r\nHost: scribekv.test\r\n'
		printf 'Content-Type: application/json\r\n'
		for field in "$@"; do
			# shellcheck disable=SC2059
			printf "$field\r\n"
		done
		printf '\r\n0\r\n\r\nPUT /kv/smuggled HTTP/1.1\r\nHost: x\r\n'
		printf 'Content-Length: 1\r\n\r\nx'
		printf 'GET /health/live HTTP/1.1\r\nHost: x\r\n'
		printf 'Connection: close\r\n\r\n'
	} >"$dir/raw"
	perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE";
		my $s = IO::Socket::UNIX->new(shift) or die $!;
		print $s <STDIN>;
		$s->flush;
		print <$s>;' "$nsock" <"$dir/raw" >"$dir/answer"
	# First comes a refusal, of the framing or of the body; then at most
	# what the honest request gets, which says that the framing was read
	# as it was meant.
	sed -n 's/^.*HTTP\/1[.]1 \([0-9]*\) .*/\1/p' "$dir/answer" |
	    tr '\n' ' ' >"$dir/answers"
	case $(cat "$dir/answers") in
	'400 ' | '411 ' | '501 ' | '400 200 ') ;;
	*) fail "the answers are $(cat "$dir/answers")" ;;
	esac
	req GET /kv/smuggled
	expect_status 404
}

rest=$(printf '0\r\n\r\nPUT /kv/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx' |
    wc -c)
smuggle 'Content-Length: 5' 'Transfer-Encoding: chunked'
smuggle "Content-Length: $rest" 'Transfer-Encoding: chunked'
smuggle 'Content-Length: 5' "Content-Length: $rest"
smuggle "Content-Length: $rest" 'Content-Length: 5'
smuggle "Content-Length: $rest" 'Transfer-Encoding: identity'
smuggle "Content-Length: $rest" 'Transfer-Encoding: chunked, identity'
smuggle "Content-Length: $rest" 'Transfer-Encoding: xchunked'
smuggle "Content-Length: $rest" 'Transfer-Encoding: \013chunked'
smuggle 'Content-Length: +5'
smuggle 'Content-Length: 0x5'
smuggle 'Content-Length: 5, 5'
smuggle 'Content-Length: -1'
smuggle 'Content-Length: 99999999999999999999'

# What nginx does not know for a field stays unknown to the daemon.
for field in 'Transfer-Encoding : chunked' 'Transfer_Encoding: chunked' \
    'X: 1\rTransfer-Encoding: chunked' ' Transfer-Encoding: chunked'; do
	smuggle "Content-Length: $rest" "$field"
done

# Other sites' pages can send these without asking first (a "simple request"),
# with whatever the browser has stored for this site.
for type in 'text/plain' 'application/x-www-form-urlencoded' \
    'multipart/form-data; boundary=x' 'text/plain; application/json' \
    'text/plain, application/json' ''; do
	req POST /kv -H "Content-Type:${type:+ $type}" -H 'Origin: https://evil.example' \
	    -d '{"ops":[{"op":"put","key":"forged","value":1}]}'
	expect_problem 415
	req POST /kv/forged -H "Content-Type:${type:+ $type}" -d x
	expect_problem 405
done
# Neither do these turn one method or path into another.
for field in 'X-HTTP-Method-Override: DELETE' 'X-HTTP-Method: DELETE' \
    'X-Method-Override: PUT' 'X-Original-URL: /kv/b' 'X-Rewrite-URL: /kv/b'; do
	req GET /kv/a -H "$field"
	expect_body 1
	req GET "/kv/a?_method=DELETE" -H "$field"
	expect_problem 400
done
req GET /kv/forged
expect_status 404
req GET '/kv?count'
expect_json '.count == 1'
stop_daemon

# What the daemon is told: this list and nothing else (httpoxy, cookies,
# credentials, what other programs take for their own).
cat >"$dir/params.pl" <<'END'
use strict;
use IO::Socket::UNIX;
my $server = IO::Socket::UNIX->new(Local => shift, Listen => 100) or die $!;
$| = 1;
print "ready\n";
while (my $c = $server->accept) {
	my $params = '';
	for (;;) {
		(read($c, my $head, 8) // 0) == 8 or last;
		my ($type, $len, $pad) = (unpack('CCnnCC', $head))[1, 3, 4];
		my $body = '';
		$len + $pad == 0 or read($c, $body, $len + $pad);
		$params .= substr($body, 0, $len) if $type == 4;
		last if $type == 5 && $len == 0;
	}
	my $p = 0;
	my $number = sub {
		my $n = ord(substr($params, $p, 1));
		return $p++, $n if $n < 128;
		$p += 4;
		return 0, unpack('N', substr($params, $p - 4, 4)) & 0x7fffffff;
	};
	while ($p < length($params)) {
		my (undef, $n) = $number->();
		my (undef, $v) = $number->();
		print "param ", substr($params, $p, $n), "=",
		    substr($params, $p + $n, $v), "\n";
		$p += $n + $v;
	}
	my $out = "Status: 200 OK\r\nContent-Length: 0\r\n\r\n";
	print $c pack('CCnnCC', 1, 6, 1, length($out), 0, 0), $out,
	    pack('CCnnCC', 1, 6, 1, 0, 0, 0),
	    pack('CCnnCC', 1, 3, 1, 8, 0, 0), "\0" x 8;
	close($c);
}
END
umask 0
dlog=$dir/params.log
spawn params "$dlog" perl "$dir/params.pl" "$dsock"
wait_for 'what notes the parameters' grep -q ready "$dlog"
for method in GET PUT; do
	req $method '/kv/a?raw' -d body -H 'Proxy: http://evil.example' \
	    -H 'Cookie: stolen=1' -H 'Authorization: Bearer stolen' \
	    -H 'X-Forwarded-For: stolen' -H 'Script-Name: stolen' \
	    -H 'Accept: a/b' -H 'If-Match: "c"' -H 'If-None-Match: "d"' \
	    -H 'Range: bytes=0-' -H 'If-Range: "e"' -H 'Content-Type: f/g' \
	    -H 'X-Request-Id: stolen' -H 'Request-Uri: stolen'
	expect_status 200
done
grep -a stolen "$dlog" && fail 'the daemon is told'
grep -a evil "$dlog" && fail 'the daemon is told of a proxy'
sed -n 's/^param \([^=]*\)=.*/\1/p' "$dlog" | LC_ALL=C sort -u | tr '\n' ' ' \
    >"$dir/names"
[ "$(cat "$dir/names")" = 'CONTENT_LENGTH CONTENT_TYPE HTTP_ACCEPT HTTP_IF_MATCH HTTP_IF_NONE_MATCH HTTP_IF_RANGE HTTP_RANGE REQUEST_ID REQUEST_METHOD REQUEST_URI ' ] ||
	fail "the daemon is told $(cat "$dir/names")"
stop_nginx
