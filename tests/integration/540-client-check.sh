#!/bin/sh
# SPDX-License-Identifier: MIT
# The client's check and repair: exit statuses, what they say, and a torn
# manifest (the store of a daemon that was killed).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

start
target="--unix-socket $nsock"
i=0
while [ $i -lt 300 ]; do
	echo "{\"key\":\"k$i\",\"value\":\"value $i\"}"
	i=$((i + 1))
done >"$dir/lines"
kv 0 import "$dir/lines"
kv 0 put --ttl 1h --type image/png expiring x
kv 0 delete k7

# Nobody looks at what a daemon has open.
target=
kv 4 check "$dir/db"
err '*stop it first*'
kv 4 repair "$dir/db" --to "$dir/new"
[ ! -e "$dir/new" ] || fail "made something all the same"
kill_daemon
kv 4 check "$dir/none"
kv 2 check
kv 2 repair "$dir/db"
err '*--to*'

kv 0 check "$dir/db"
grep -qx 'keys: 300' "$dir/out" || fail "counted otherwise"
grep -qx 'expiring: 1' "$dir/out" || fail "counted otherwise"
grep -qx 'damages: 0' "$dir/out" || fail "found what is not there"
kv 0 check -o json "leveldb:$dir/db"
jq -e '.keys == 300 and .damages == 0' "$dir/out" >/dev/null || fail "json"
kv 0 check -q --scratch "$dir" "$dir/db"
[ ! -s "$dir/out" ] || fail "not quiet"
kv 5 check --scratch "$dir/none" "$dir/db"

# A torn manifest: the daemon's next start has made the log a table.
start_daemon
stop_daemon
manifest=$(echo "$dir"/db/MANIFEST-*)
perl -e 'truncate($ARGV[0], 20) or die' "$manifest"
ls -l --full-time "$dir/db" >"$dir/before"
kv 5 check "$dir/db"
grep -q '^damage: .*MANIFEST' "$dir/out" || grep -q '^damage: .*manifest' \
    "$dir/out" || fail "no word of the manifest"
err '*scribekv repair*'
kv 5 check -o json "$dir/db"
head -n 1 "$dir/out" | jq -e '.damage and (.what | length > 5)' >/dev/null ||
	fail "json"
mkdir "$dir/new"
kv 0 repair "$dir/db" --to "$dir/new"
grep -qx 'keys_kept: 300' "$dir/out" || fail "kept otherwise"
err '*deleted keys may be back*'
ls -l --full-time "$dir/db" | diff - "$dir/before" || fail "changed the source"
kv 2 repair "$dir/db" --to "$dir/new"
err '*not an empty directory*'
kv 0 check "$dir/new"

mv "$dir/db" "$dir/bad"
mv "$dir/new" "$dir/db"
start_daemon
target="--unix-socket $nsock"
kv 0 export "$dir/again"
jq -r 'select(.key | startswith("k")) | .key' "$dir/again" | wc -l >"$dir/n"
[ "$(cat "$dir/n")" -eq 299 ] || fail "another number of keys"
kv 0 get k299
printf 'value 299' | cmp - "$dir/out" || fail "another value"
kv 1 get k7
kv 0 get expiring -o table
grep -q image/png "$dir/out" || fail "lost the type"
stop
