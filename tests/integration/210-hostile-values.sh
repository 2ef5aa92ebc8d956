#!/bin/sh
# SPDX-License-Identifier: MIT
# A stored value is data, whatever it says it is: it comes with headers that
# keep browsers from running it, and cannot make headers or log lines.
. "$(dirname "$0")/lib.sh"

ndjson='Content-Type: application/x-ndjson'
page='<script>document.title=1</script>'

# fenced [STATUS]: the answer cannot act as a page of this site.
fenced()
{
	expect_status "${1:-200}"
	expect_header X-Content-Type-Options nosniff
	expect_header Content-Security-Policy sandbox
}

start
for type in text/html image/svg+xml text/javascript application/pdf text/xml \
    application/xhtml+xml text/plain multipart/x-mixed-replace TEXT/HTML \
    'text/html; charset=utf-7' 'message/rfc822' '*/*' x; do
	req PUT /kv/page -H "Content-Type: $type" --data-binary "$page"
	expect_status 200
	req GET /kv/page
	fenced
	expect_header Content-Type "$type*"
	expect_body "$page"
	req GET /kv/page -H 'Accept: text/html,*/*;q=0.8'
	fenced
	req GET '/kv?key=page'
	fenced
	req HEAD /kv/page
	fenced
	req GET /kv/page -H 'Range: bytes=0-7'
	fenced 206
done
# The same by an import, a transaction and an envelope, read raw.
req POST /kv -H "$ndjson" \
    -d '{"key":"page","value":"<script>","type":"text/html"}'
expect_status 200
req GET /kv/page
fenced
req PUT /kv/page -H "$json" -d '{"value":"<script>"}'
expect_status 200
req GET '/kv/page?raw'
fenced
expect_header Content-Type 'text/plain*'
# Where values are members of a document, its type is no page's.
for path in /kv/page '/kv?values' '/kv/%3Cscript%3E' '/kv?%3Cscript%3E'; do
	req GET "$path" -H 'Accept: application/json'
	expect_header Content-Type 'application/*json*'
done

# A content type that would be more than one field.
for type in 'text/html\r\nSet-Cookie: a=b' 'text/html\nSet-Cookie: a=b' \
    'text/html\rX' 'text/html\u0000' 'text/html\u007f' '\t' ''; do
	req POST /kv -H "$ndjson" \
	    -d "{\"key\":\"split\",\"value\":\"x\",\"type\":\"$type\"}"
	case $status in
	400) ;;
	200)
		req GET /kv/split
		expect_no_header Set-Cookie
		case $type in
		*'\r'* | *'\n'* | *'\u'*) fail "$type was taken" ;;
		esac
		;;
	*) fail "$type gave $status" ;;
	esac
done
printf 'PUT /kv/split HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' \
    >"$dir/raw"
printf 'Content-Length: 1\r\nContent-Type: a/b\rSet-Cookie: x\r\n\r\nx' \
    >>"$dir/raw"
perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(shift) or die $!;
	print $s <STDIN>;
	$s->shutdown(1);
	print <$s>;' "$nsock" <"$dir/raw" >"$dir/answer"
req GET /kv/split
tr '\r' '\n' <"$dir/heads" | grep -q '^Set-Cookie' && fail 'a header was split'

# Keys and bounds that would be more than one field, or a tag, in Link.
for i in 1 2 3; do
	req PUT "/kv/%0d%0aX-Evil:%201%3E%22$i" -H "$bin" -d x
	expect_status 200
done
req GET '/kv?limit=1&prefix=%0d%0aX-Evil:%201%3E%22'
expect_status 200
expect_header Link '<*>; rel="next"'
[ "$(header Link | tr -dc '<>' | wc -c)" -eq 2 ] || fail 'Link was split'
expect_no_header X-Evil
req GET '/kv/%0d%0aX-Evil:%201%3E%222'
expect_status 200
expect_no_header X-Evil
expect_no_header Set-Cookie

# The line of a slow request, and that of an error.
stop_daemon
start_daemon --slow-request-ms 1 --log-level debug
before=$(wc -l <"$dlog")
head -c 8000000 /dev/zero >"$dir/big"
printf '\n2026-01-01T00:00:00.000Z error: forged\n' >"$dir/forged"
for i in 1 2 3; do
	req PUT '/kv?key=%0a2026-01-01T00:00:00.000Z%20error:%20forged%1b%5b2J' \
	    -H 'Content-Type: text/plain; x="error: forged"' \
	    --data-binary "@$dir/big"
	expect_status 200
done
slow()
{
	[ "$(wc -l <"$dlog")" -gt "$before" ]
}
wait_for 'a line about a slow request' slow
grep -nE '^[^ ]+ error: forged' "$dlog" && fail 'a line was forged'
LC_ALL=C grep -n "$(printf '\033')" "$dlog" && fail 'the terminal is spoken to'
stop
grep -rnE '^[^ ]+ error: forged' "$dir/nginx/access.log" &&
	fail "a line was forged in nginx's log"
exit 0
