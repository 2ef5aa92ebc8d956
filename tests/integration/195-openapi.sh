#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/openapi.json is true: every status of every method and path in it occurs
# and is as described, and none occurs that is not in it.

# A full disk is made of a mount that nobody else sees.
if [ "$(id -u)" -eq 0 ] && [ -z "${SKV_UNSHARED:-}" ] &&
    unshare -m true 2>/dev/null; then
	SKV_UNSHARED=1 exec unshare -m sh "$0"
fi
. "$(dirname "$0")/lib.sh"

python=
for p in python3 /usr/bin/python3; do
	$p -c 'from jsonschema import Draft202012Validator' 2>/dev/null &&
		python=$p
done
[ -n "$python" ] || {
	echo "$self: skipped: there is no python3 with jsonschema"
	exit 77
}
doc=$SKV_SRCDIR/doc/openapi.json
check=$SKV_SRCDIR/tests/openapi/check.py
cbor='Content-Type: application/cbor'
nd='Content-Type: application/x-ndjson'
nwalk=0

# record OPERATION [CONTENT-TYPE]: the last answer is one to it, which is
# described under this type, if not under its own.
record()
{
	nwalk=$((nwalk + 1))
	cp "$dir/head" "$dir/head.$nwalk"
	cp "$dir/body" "$dir/body.$nwalk"
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$status" "$dir/head.$nwalk" \
	    "$dir/body.$nwalk" "${2:-}" >>"$dir/exchanges"
}

# walk STATUS METHOD TEMPLATE PATH [curl arguments]: the request, as one of the
# operation METHOD TEMPLATE, is answered with STATUS.
walk()
{
	walk_status=$1
	walk_method=$2
	walk_op="$2 $3"
	walk_path=$4
	shift 4
	req "$walk_method" "$walk_path" "$@"
	expect_status "$walk_status"
	case "$status $*" in
	200*'Accept: application/octet-stream'*)
		record "$walk_op" '*/*'
		;;
	*)
		record "$walk_op"
		;;
	esac
}

key()
{
	walk_args="$1 $2 /kv/{key}"
	shift 2
	# shellcheck disable=SC2086
	walk $walk_args "$@"
}

many()
{
	walk_args="$1 $2 /kv"
	shift 2
	# shellcheck disable=SC2086
	walk $walk_args "$@"
}

# operations STATUS: those that describe it, one a line.
operations()
{
	jq -r --arg s "$1" '.paths | to_entries[] | .key as $p | .value |
	    to_entries[] | select(.value.responses?[$s]) |
	    "\(.key | ascii_upcase) \($p)"' "$doc" >"$dir/ops"
	[ -s "$dir/ops" ] || fail "no operation has $1"
}

# each STATUS [curl arguments]: every operation that describes it has it.
each()
{
	each_status=$1
	shift
	operations "$each_status"
	while read -r each_method each_path; do
		case "$each_method $each_path" in
		*'{key}') each_is=/kv/$each_key ;;
		'PUT /kv' | 'DELETE /kv') each_is="/kv?key=$each_key" ;;
		*) each_is=$each_path ;;
		esac
		case $each_method in
		PUT) each_body='{"value":1}' ;;
		POST) each_body='{"ops":[{"op":"put","key":"a","value":1}]}' ;;
		*) each_body= ;;
		esac
		if [ -n "$each_body" ]; then
			walk "$each_status" "$each_method" "$each_path" \
			    "$each_is" -H "$json" -d "$each_body" "$@" </dev/null
		else
			walk "$each_status" "$each_method" "$each_path" \
			    "$each_is" "$@" </dev/null
		fi
	done <"$dir/ops"
}
each_key=a

# from_hex HEXADECIMAL: into $dir/cbor
from_hex()
{
	perl -e 'print pack("H*", shift)' "$1" >"$dir/cbor"
}

# ---------------------------------------------------------- one by one --

start
# Examples of what PUT takes, and every way to read it.
jq -c '.components.requestBodies.Value.content["application/json"].examples[].value' \
    "$doc" >"$dir/examples"
while read -r example; do
	key 200 PUT /kv/a -H "$json" -d "$example" </dev/null
	tag=$(etag)
	for accept in application/json application/cbor \
	    application/octet-stream; do
		key 200 GET /kv/a -H "Accept: $accept" </dev/null
		many 200 GET '/kv?key=a' -H "Accept: $accept" </dev/null
		key 200 HEAD /kv/a -H "Accept: $accept" </dev/null
		many 200 HEAD '/kv?key=a' -H "Accept: $accept" </dev/null
	done
done <"$dir/examples"
from_hex a16576616c7565820162c3a4
for path in /kv/c '/kv?key=c'; do
	template=/kv${path#/kv?key=c}
	[ "$template" = /kv ] || template='/kv/{key}'
	walk 200 PUT "$template" "$path" -H "$cbor" --data-binary "@$dir/cbor"
done
many 200 PUT '/kv?key=q&ttl=1000&sync=true' -H "$bin" -d 0123456789
key 200 PUT '/kv/r?ttl=1000&sync=false' -H "$bin" -d 0123456789
rtag=$(etag)
key 201 PUT /kv/new -H 'If-None-Match: *' -d 1
many 201 PUT '/kv?key=new2' -H 'If-None-Match: *' -d 1

for t in 'key /kv/r' 'many /kv?key=r'; do
	as=${t% *}
	path=${t#* }
	$as 200 GET "$path"
	$as 200 GET "$path" -H 'Accept: text/plain;q=0.1, application/json'
	$as 206 GET "$path" -H 'Range: bytes=2-5'
	expect_body 2345
	$as 206 GET "$path" -H 'Range: bytes=2-5' -H "If-Range: $rtag"
	$as 200 GET "$path" -H 'Range: bytes=2-5' -H "If-Range: $tag"
	$as 416 GET "$path" -H 'Range: bytes=99-'
	for method in GET HEAD; do
		$as 200 $method "$path" -H "If-Match: $rtag"
		$as 304 $method "$path" -H "If-None-Match: $rtag"
		$as 412 $method "$path" -H "If-Match: $tag"
		$as 406 $method "$path" -H 'Accept: image/png'
	done
	for method in PUT DELETE; do
		$as 412 $method "$path" -H "If-Match: $tag"
		$as 412 $method "$path" -H "If-None-Match: *"
	done
done
for method in GET HEAD; do
	key 404 $method /kv/none
	key 404 $method /kv/none -H 'If-Match: *'
	many 404 $method '/kv?key=none'
	many 406 $method /kv -H 'Accept: image/png'
done
key 204 DELETE /kv/new
key 204 DELETE '/kv/none?sync=true'
many 204 DELETE '/kv?key=new2&sync=false' -H 'If-Match: *'

# Lists, with keys and groups that are not UTF-8.
key 200 PUT /kv/dir%ff/x%ff -H "$bin" --data-binary "@$dir/cbor"
for query in '' limit=1 'limit=2&values' 'values=true&reverse=true' \
    'delimiter=/' 'prefix=dir&delimiter=/' 'start=b&end=s&values' \
    count 'count=true&prefix=a'; do
	for accept in application/json application/cbor; do
		for method in GET HEAD; do
			many 200 $method "/kv?$query" -H "Accept: $accept"
		done
	done
done
many 200 GET '/kv?limit=1'
next=$(header Link | sed 's/^<//; s/>; rel="next"$//')
many 200 GET "$next"
many 200 GET /kv -H 'Accept: application/x-ndjson'
cp "$dir/body" "$dir/lines"
many 200 HEAD /kv -H 'Accept: application/x-ndjson'

# Import, of an export and of the examples; a broken one.
many 200 POST /kv -H "$nd" --data-binary "@$dir/lines"
jq -c '.paths["/kv"].post.requestBody.content["application/x-ndjson"].examples[].value' \
    "$doc" >"$dir/lines"
many 200 POST '/kv?sync=true' -H "$nd" --data-binary "@$dir/lines"
expect_json '.imported == 2 and .durable'
echo '{"key":""}' >>"$dir/lines"
many 400 POST /kv -H "$nd" --data-binary "@$dir/lines"
expect_json '.line == 3 and .applied == 2'

# Transactions.
jq -c '.paths["/kv"].post.requestBody.content["application/json"].examples[].value |
    del(.if)' "$doc" >"$dir/examples"
while read -r example; do
	many 200 POST /kv -H "$json" -d "$example" </dev/null
	many 200 POST /kv -H "$json" -H 'Accept: application/cbor' \
	    -d "$example" </dev/null
done <"$dir/examples"
# {"ops": [{"op": "get", "key": h'61'}]}
from_hex a1636f707381a2626f7063676574636b65794161
many 200 POST /kv -H "$cbor" --data-binary "@$dir/cbor"
from_hex a1636f7073
many 400 POST /kv -H "$cbor" --data-binary "@$dir/cbor"
jq -c '.paths["/kv"].post.requestBody.content["application/json"].examples.transfer.value' \
    "$doc" >"$dir/example"
many 409 POST /kv -H "$json" -d "@$dir/example"
expect_json '.failed | length == 1'
many 409 POST /kv -H "$json" \
    -d '{"if":[{"key":"a","exists":false},{"key64":"/w==","exists":false}],"ops":[]}'
many 400 POST /kv -H "$json" -d '{"ops":[{"op":"get","key":"a"},{"op":"add"}]}'
expect_json '.list == "ops" and .index == 1 and .offset > 0'
many 400 POST '/kv?sync=perhaps' -H "$json" -d '{"ops":[]}'
many 405 POST '/kv?key=a' -H "$json" -d '{"ops":[]}'
many 405 PUT /kv -d 1
many 406 POST /kv -H "$json" -H 'Accept: text/html' -d '{"ops":[]}'
many 415 POST /kv -H 'Content-Type: text/plain' -d '{"ops":[]}'

# Deletion of ranges.
many 200 DELETE '/kv?prefix=dir'
many 200 DELETE '/kv?start=q&end=r' -H 'Accept: application/cbor'
many 200 DELETE '/kv?all=true'
many 406 DELETE '/kv?all=true' -H 'Accept: text/html'
many 400 DELETE /kv

# Too large, by the daemon's limits and by nginx's.
head -c 8388609 /dev/zero >"$dir/large"
key 413 PUT /kv/a -H "$bin" --data-binary "@$dir/large"
many 413 PUT '/kv?key=a' -H "$bin" --data-binary "@$dir/large"
truncate -s 67108865 "$dir/large"
key 413 PUT /kv/a -H "$bin" -H Expect: -T "$dir/large"
many 413 POST /kv -H "$json" -H Expect: -T "$dir/large"
rm "$dir/large"
key 414 PUT "/kv/$(repeat k 1025)" -d 1

# Service.
for method in GET HEAD; do
	for path in /health /health/live /health/ready /metrics; do
		walk 200 $method $path $path
	done
	walk 200 $method /openapi.json /openapi.json
	walk 304 $method /openapi.json /openapi.json -H "If-None-Match: $(etag)"
	walk 412 $method /openapi.json /openapi.json -H 'If-Match: "x"'
done
walk 200 GET /openapi.json /openapi.json
expect_file "$doc"
version=$(jq .info.version "$doc")
walk 200 GET /health /health
expect_json ".version == $version"
each 204

# Every path's other methods, and every operation's mistakes.
jq -r '.paths | to_entries[] | .key as $p | .value |
    (["get", "head", "put", "post", "delete", "options", "patch"] - keys)[] |
    "\(ascii_upcase) \($p)"' "$doc" >"$dir/others"
while read -r method template; do
	path=$(echo "$template" | sed 's/{key}/a/')
	walk 405 "$method" "$template" "$path" -d 1 </dev/null
	for m in $(header Allow | tr -d ,); do
		jq -e --arg p "$template" --arg m "$m" \
		    '.paths[$p][$m | ascii_downcase]' "$doc" >"$dir/found" ||
			fail "$m is allowed and not described"
	done
done <"$dir/others"
each 400 -H Host:
for as in 'key /kv/a?' 'many /kv?key=a&'; do
	for method in GET HEAD PUT DELETE; do
		${as% *} 400 $method "${as#* }nonsense=1"
	done
done
key 400 PUT '/kv/a?ttl=0' -d 1
key 400 PUT /kv/a -H "$json" -d '{"value":1,"val":2}'
expect_json '.offset > 0'
each 414 -G -d "x=$(repeat x 33000)"
each 431 -H "X-Long: $(repeat x 33000)"
stop

# ------------------------------------------------------- special states --

# The only long request there may be is an export whose reader does not read:
# FastCGI by hand, since nginx would take all of it.
start --max-tasks 1 --io-timeout-ms 3600000
head -c 8000000 /dev/zero >"$dir/large"
req PUT /kv/large -H "$bin" --data-binary "@$dir/large"
mkfifo "$dir/asked" "$dir/go"
perl -MIO::Socket::UNIX -e '
	my ($path, $asked, $go) = @ARGV;
	sub record { pack("CCnnxx", 1, $_[0], 1, length($_[1])) . $_[1] }
	my %param = (REQUEST_METHOD => "GET", REQUEST_URI => "/kv",
	    HTTP_ACCEPT => "application/x-ndjson");
	my $s = IO::Socket::UNIX->new(Peer => $path) or die;
	syswrite($s, record(1, pack("nCx5", 1, 1)) . record(4, join("",
	    map { pack("CC", length, length($param{$_})) . $_ . $param{$_} }
	    keys(%param))) . record(4, "") . record(5, ""));
	sysread($s, my $some, 100) or die;
	open(my $out, ">", $asked);
	close($out);
	open(my $in, "<", $go);
	readline($in);' "$dsock" "$dir/asked" "$dir/go" &
reader=$!
cat "$dir/asked"
for method in GET HEAD; do
	many 503 $method '/kv?count'
	many 503 $method /kv -H 'Accept: application/x-ndjson'
done
many 503 POST /kv -H "$nd" -d '{"key":"a","value":1}'
many 503 DELETE '/kv?all=true'
expect_json '.applied == "no" or (has("applied") | not)'
echo >"$dir/go"
wait $reader || fail perl
stop

# A queue for one write, and many who want it.
refuses()
{
	req "$@"
	[ "$status" = 503 ]
}

start --workers 8 --max-queue 1
curl -s --parallel --parallel-max 32 --unix-socket "$nsock" -X PUT -d x \
    -o /dev/null 'http://scribekv.test/kv/[1-10000000]' 2>/dev/null &
load=$!
for as in 'key /kv/a' 'many /kv?key=a'; do
	for method in PUT DELETE; do
		wait_for "a full queue" refuses $method "${as#* }" -d 1
		template=/kv
		[ "${as% *}" = many ] || template='/kv/{key}'
		record "$method $template"
	done
done
kill $load
wait $load 2>/dev/null || :
stop

# Bytes changed in a table file, in the middle of many values. (A database has
# its own ways to be damaged.)
store=leveldb:$dir/db
rm -rf "$dir/db"
start
for i in 10 11 12 13 14 15 16 17 18 19; do
	head -c 20000 /dev/urandom >"$dir/random"
	req PUT /kv/$i -H "$bin" --data-binary "@$dir/random"
done
stop_daemon # which makes a table of the log
perl -e 'for (glob("$ARGV[0]/*.ldb")) {
		open(my $f, "+<", $_) or die;
		seek($f, (-s $f) / 2, 0);
		print($f "damaged" x 20);
	}' "$dir/db"
start_daemon
for i in 10 11 12 13 14 15 16 17 18 19; do
	req GET /kv/$i
	[ "$status" = 200 ] || each_key=$i
done
[ "$each_key" != a ] || fail "no value is damaged"
for method in GET HEAD; do
	key 500 $method "/kv/$each_key"
	many 500 $method "/kv?values&start=$each_key"
done
for method in PUT DELETE; do
	key 500 $method "/kv/$each_key" -H 'If-Match: *' -d 1
	many 500 $method "/kv?key=$each_key" -H 'If-Match: *' -d 1
done
many 500 POST /kv -H "$json" \
    -d "{\"if\":[{\"key\":\"$each_key\",\"exists\":true}],\"ops\":[]}"
stop_nginx
stop_daemon

# No daemon; one that says nothing.
start_nginx
each 502
stop_nginx
mute()
{
	exec perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Local => shift, Listen => 100) or die;
	$| = 1;
	print "ready\n";
	kill(STOP => $$);' "$dsock"
}
dlog=$dir/daemon.mute.log
rm -f "$dsock"
(umask 0 && spawn daemon "$dlog" mute)
wait_for "the mute daemon" ready_or_dead
impatient 50ms
start_nginx
each 504
stop_nginx
snippets=
signal_daemon KILL

# Limits, and addresses, that nginx refuses.
nginx_http='limit_req_zone $scheme zone=z:32k rate=1r/m;'
nginx_server='limit_req zone=z; limit_req_status 429;'
start_nginx
req GET /openapi.json # the one a minute
each 429
stop_nginx
nginx_http=
nginx_server='set_real_ip_from unix:; real_ip_header X-Test-Address;'
nginx_server="$nginx_server deny 192.0.2.1;"
start_nginx
each 403 -H 'X-Test-Address: 192.0.2.1'
stop_nginx
nginx_server=

# Credentials, of which there are none.
: >"$dir/users"
nginx_server="auth_basic \$scribekv_realm; auth_basic_user_file $dir/users;"
start_nginx
each 401
expect_header WWW-Authenticate 'Basic*'
stop_nginx
nginx_server=

# A full disk.
impossible='a full disk'
if [ -n "${SKV_UNSHARED:-}" ] &&
    mount -t tmpfs -o size=1m none /mnt; then
	impossible=
	store=leveldb:/mnt/db
	rm -f "$dsock"
	start --write-buffer-size 64k
	head -c 20000 /dev/urandom >"$dir/random"
	status=200
	i=0
	while [ "$status" = 200 ] && [ $i -lt 200 ]; do
		req PUT /kv/$i -H "$bin" --data-binary "@$dir/random"
		i=$((i + 1))
	done
	key 507 PUT /kv/a -H "$bin" --data-binary "@$dir/random"
	many 507 PUT '/kv?key=a' -H "$bin" --data-binary "@$dir/random"
	many 507 POST /kv -H "$json" \
	    -d '{"ops":[{"op":"put","key":"a","value":1}]}'
	for method in GET HEAD; do
		for path in /health /health/ready; do
			walk 503 $method $path $path
		done
	done
fi

$python "$check" "$doc" "$dir/exchanges" ${impossible:+"$impossible"} \
    >"$dir/faults" || {
	rm -f "$dir/request"
	fail "$(cat "$dir/faults")"
}
cat "$dir/faults"
