#!/bin/sh
# SPDX-License-Identifier: MIT
# backup and restore: what comes back is what was there, of every kind; and a
# file that is not whole is refused before anything is put.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

start
req PUT /kv/text -d '{"value":"text"}' -H "$json"
req PUT /kv/json -d '{"value":{"n":[1,2.50]}}' -H "$json"
printf '{"value":{"n" : [\n1,\t2.50\n]}}' >"$dir/doc"
req PUT /kv/broken --data-binary "@$dir/doc" -H "$json"
expect_status 200
req GET '/kv/broken?raw'
cp "$dir/body" "$dir/document"
req PUT '/kv/lines?raw' -d 'a
b' -H 'Content-Type: text/css'
perl -e 'print pack("C*", 0 .. 255)' >"$dir/bytes"
req PUT /kv/bytes --data-binary "@$dir/bytes" -H "$bin"
req PUT /kv/binary -d '{"value":"AP8=","encoding":"base64"}' -H "$json"
perl -e 'print "\xa1\x65value\xc2\x41\x2a"' >"$dir/cbor"
req PUT '/kv/cbor?ttl=9000' --data-binary "@$dir/cbor" \
    -H 'Content-Type: application/cbor'
expect_status 200
req PUT '/kv?key=%00%ff' -d odd -H "$bin"
req PUT /kv/empty -d '' -H "$bin"
expect_status 200

target="--unix-socket $nsock"
kv 0 backup "$dir/backup"
out 'backed up 9 keys'
kv 0 backup -o json --rate 100000 "$dir/slow"
jq -e '.keys == 9' "$dir/out" >/dev/null || fail "json"
kv 0 export "$dir/lines"
sed '1d;$d' "$dir/backup" | cmp - "$dir/lines" || fail "not an export's lines"
kv 2 backup -
kv 2 backup --rate 1 "$dir/x"
kv 0 restore --verify-only "$dir/backup"
out 'good, 9 keys'

# Into a service that has keys only when asked to.
kv 2 restore "$dir/backup"
err '*not empty*'
kv 0 delete --all --yes
kv 0 restore "$dir/backup"
out 'restored 9 keys'
req GET '/kv/broken?raw'
cmp "$dir/body" "$dir/document" || fail "changed a document"
kv 0 export "$dir/again"
cmp "$dir/lines" "$dir/again" || fail "restored otherwise"
kv 0 put other 1
kv 0 restore --merge "$dir/backup"
kv 0 get other
stop

# A backup without the daemon, into a new store without it.
target="--store $dir/db"
kv 0 delete other
kv 0 backup "$dir/direct"
sed '1d;$d' "$dir/direct" | cmp - "$dir/lines" || fail "another export"
target="--store $dir/new --create"
kv 0 restore "$dir/direct"
target=
kv 0 check "$dir/new"
grep -qx 'keys: 9' "$dir/out" || fail "counted otherwise"

# What is not whole is not taken, and nothing of it is put.
refused()
{
	target="--store $dir/refused --create"
	kv 2 restore "$dir/bad"
	err "*$1*"
	target=
	[ ! -e "$dir/refused" ] || fail "made a store for a bad file"
}

size=$(wc -c <"$dir/backup")
for n in 0 10 100 $((size / 2)) $((size - 30)) $((size - 1)); do
	head -c "$n" "$dir/backup" >"$dir/bad"
	refused 'nothing was restored'
done
cat "$dir/backup" "$dir/backup" >"$dir/bad"
refused 'nothing was restored'
sed 's/text/test/' "$dir/backup" >"$dir/bad"
refused 'not what its last line says'
sed 3d "$dir/backup" >"$dir/bad"
refused 'nothing was restored'
{ cat "$dir/backup"; echo; } >"$dir/bad"
refused 'nothing was restored'
cp "$dir/lines" "$dir/bad"
refused 'does not begin like a backup'

# Unless it is asked for: then what can be read.
head -c $((size - 100)) "$dir/backup" >"$dir/bad"
target="--store $dir/part --create"
kv 0 restore --salvage "$dir/bad"
grep -q '^restored [5-9] keys' "$dir/out" || fail "took nothing of it"

# An export that breaks off makes no file.
start
target="--unix-socket $nsock"
kill_daemon
kv 4 backup "$dir/broken"
[ ! -e "$dir/broken" ] || fail "half a backup"
[ -z "$(find "$dir" -name 'broken*')" ] || fail "left something behind"
