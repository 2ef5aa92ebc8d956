#!/bin/sh
# SPDX-License-Identifier: MIT
# A bad line ends an import with its number; what came before is applied, and
# nothing behind it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start --max-value 1k --max-txn 4k
for bad in 1 '[]' '{}' x '{"key":"x"}' '{"value":1}' '{"key":"","value":1}' \
    '{"key":"x","value":1' '{"key":"x","value":1}}' '{"key":1,"value":1}' \
    '{"key":"x","value":1}{"key":"y","value":1}' \
    '{"key":"x","value":1,"x":1}' '{"key":"x","value":1,"value":1}' \
    '{"key":"x","key64":"eA","value":1}' '{"key64":"*","value":1}' \
    '{"key":"x","value":"\ud800"}' '{"key":"x","value":1,"ttl":0}' \
    '{"key":"x","value":1,"expires_ms":0}' \
    '{"key":"x","value":1,"expires_ms":-1}' \
    '{"key":"x","value":1,"expires_ms":99999999999999,"ttl":1}' \
    '{"key":"x","value":1,"type":"text/html"}' \
    '{"key":"x","value":"v","type":"a\u000ab"}' \
    '{"key":"x","value":"v","type":"'"$(repeat t 256)"'"}' \
    '{"key":"x","value":"*","encoding":"base64"}' \
    '{"key":"x","value":"gg==","encoding":"cbor"}' \
    '{"key":"x","value":"ewo=","encoding":"json"}' \
    '{"key":"x","value":"v","encoding":"rot13"}' \
    '{"key":"'"$(repeat k 1025)"'","value":1}' \
    '{"key":"x","value":"'"$(repeat v 1025)"'"}' \
    '{"key":"x","value":"'"$(repeat v 9000)"'"}' \
    '{"key":"x","value":1,"etag":"e"}' "$(printf '{"key":"\001","value":1}')" \
    "$(printf '{"key":"\377","value":1}')"; do
	printf '{"key":"a","value":1}\n\n{"key":"b","value":2}\r\n%s\n%s\n' \
	    "$bad" '{"key":"z","value":1}' >"$dir/in"
	import "$dir/in"
	expect_problem 400
	expect_json '.line == 4 and .applied == 2'
	printf '%s' "$bad" >"$dir/in"
	import "$dir/in"
	expect_problem 400
	expect_json '.line == 1 and .applied == 0'
done
req GET /kv
expect_json '[.items[].key] == ["a","b"]'

# Far behind the first transaction.
{ lines 5000 20; echo x; lines 1 4; } >"$dir/in"
import "$dir/in"
expect_problem 400
expect_json '.line == 5001 and .applied == 5000'
req GET '/kv?count=true'
expect_json '.count == 5002'

for query in sync=x ttl=1 raw prefix=a; do
	req POST "/kv?$query" -H "$ndjson" -d '{"key":"x","value":1}'
	expect_problem 400
done
# One line that never ends.
{ printf '{"key":"x","value":"'; repeat x 9000000; } >"$dir/in"
import "$dir/in"
expect_problem 400
expect_json '.line == 1 and .applied == 0'
# An import that the client breaks off is none: it has not begun.
perl -MIO::Socket::UNIX -e '
	my $c = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die;
	print $c "POST /kv HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n",
	    "Content-Type: application/x-ndjson\r\n\r\n",
	    "{\"key\":\"half\",\"value\":1}\n" x 20000;
	$c->flush;' "$nsock"
req GET /kv/half
expect_problem 404
stop
