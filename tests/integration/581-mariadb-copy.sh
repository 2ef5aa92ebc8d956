#!/bin/sh
# SPDX-License-Identifier: MIT
# Moving from LevelDB to MariaDB and back, as doc/cluster.md says it, with keys
# of all kinds: what arrives answers like what was left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"
. "$(dirname "$0")/lib_cli.sh"
. "$(dirname "$0")/lib_mariadb.sh"
. "$(dirname "$0")/document.sh"

start_mariadb
start
old=$nsock

# The one on MariaDB, beside it.
mkdir -p "$dir/2/nginx"
new=$dir/2/n.sock
spawn other "$dir/daemon.other.log" "$SCRIBEKVD" \
    --config "$dir/scribekv.conf" --store "$mariadb" --socket "$dir/2/d.sock"
wait_for "the other daemon" grep -q ready "$dir/daemon.other.log"
sed "s|$dir/|$dir/2/|g" "$dir/nginx.conf" >"$dir/2/nginx.conf"
spawn web "$dir/2/nginx.log" \
    nginx -e "$dir/2/error.log" -c "$dir/2/nginx.conf"
wait_for "the other nginx" test -S "$new"

# Some of everything, and enough for several pieces and many statements.
n=0
for type in text/plain 'Text/HTML; charset=utf-8' application/octet-stream \
    'application/x-a; b="c\\d"' application/json application/cbor; do
	n=$((n + 1))
	req PUT "/kv/raw/$n?raw&ttl=${n}00000" -H "Content-Type: $type" \
	    -d 'é<>"\'
	expect_status 200
done
head -c 300000 /dev/urandom >"$dir/large"
for size in 0 1 273 274 275 4096 4097 16384 16385 300000; do
	head -c $size "$dir/large" >"$dir/part"
	req PUT "/kv/bytes/$size?raw" -H "$bin" --data-binary "@$dir/part"
	expect_status 200
done
for value in '""' '"text"' null -0 1e400 12345678901234567890123 \
    '{"b":1,"a":[{}]}' '"\u0000\ud83d\ude00"'; do
	n=$((n + 1))
	req PUT /kv/json/$n -H "$json" -d "{\"value\":$value}"
	expect_status 200
done
for item in f6 f7 c249010000000000000000 8142ff00 6161 42ff00 a10102 f97e00; do
	bytes a16576616c7565 $item >"$dir/in"
	req PUT /kv/cbor/$item -H "$cbor" --data-binary "@$dir/in"
	expect_status 200
done
{
	printf '{"key64":"%s","value":1,"expires_ms":4102444800000}\n' \
	    /wA= AA== fw==
	printf '{"key":"%s","value":2}\n' "$(repeat k 1024)"
	perl -e 'printf "{\"key\":\"n/%05d\",\"value\":\"%s\",\"type\":" .
	    "\"text/plain\"}\n", $_, "v" x 200 for 1 .. 9000'
} >"$dir/many"
import "$dir/many"
expect_status 200

# Values as their representations, without the entity tags.
look()
{
	nsock=$1
	: >"$2"
	for key in raw/1 raw/2 raw/3 raw/4 raw/5 raw/6 bytes/0 bytes/274 \
	    bytes/16385 bytes/300000 json/7 json/10 json/11 json/12 json/14 \
	    cbor/f7 cbor/8142ff00 cbor/42ff00 cbor/f97e00; do
		for accept in '*/*' application/json application/cbor; do
			req GET "/kv/$key" -H "Accept: $accept"
			expect_status 200
			echo "$key $accept $(header Content-Type)" >>"$2"
			if [ "$(header Content-Type)" = application/cbor ]; then
				hex "$dir/body"
			else
				cat "$dir/body"
			fi | sed -e 's/"etag":"[^"]*"//' \
			    -e 's/"ttl":[0-9]*/"ttl"/' \
			    -e "s/6465746167.*//" >>"$2"
		done
	done
	export_to "$2.export"
}
look "$old" "$dir/before"

# The document: there and back, with other addresses. It leaves the old store
# emptied before what comes back.
# shellcheck disable=SC2034
document_sed="
    s|--url http://127.0.0.1:8080|--unix-socket $old|g
    s|--url http://127.0.0.1:8081|--unix-socket $new|g
    s|copy http://127.0.0.1:8080|copy http://old --to-unix-socket $old|
    s|copy http://127.0.0.1:8081|copy http://new --to-unix-socket $new|"
scribekv()
{
	command "$SCRIBEKV" "$@"
}
run_document "$SKV_SRCDIR/doc/cluster.md" 8
look "$new" "$dir/moved"
look "$old" "$dir/back"
for name in moved back; do
	for suffix in '' .export; do
		cmp "$dir/before$suffix" "$dir/$name$suffix" ||
			fail "$name: not the same"
	done
done

# Without daemons, straight between the directory and the servers.
nsock=$old
stop
kill -TERM "$(cat "$dir/web.pid")" "$(cat "$dir/other.pid")"
wait_for "the other daemon to stop" test -f "$dir/other.rc"
[ "$(cat "$dir/other.rc")" = 0 ] || fail "status $(cat "$dir/other.rc")"
target="--store $mariadb"
kv 0 delete --all --yes
kv 0 count
out 0
target="--store $dir/db"
kv 0 copy "$mariadb"
cp "$dir/out" "$dir/said"
kv 0 delete --all --yes
target="--store $mariadb"
kv 0 copy "$dir/db"
cmp "$dir/said" "$dir/out" || fail "other checksums"
target="--store $dir/db"
kv 0 export
cmp "$dir/before.export" "$dir/out" || fail "not the same without daemons"
stop_mariadb
