#!/bin/sh
# SPDX-License-Identifier: MIT
# The client's get, put and delete, on a server and on a store.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

bytes=$dir/bytes
perl -e 'print pack("C*", 0 .. 255), "\n"' >"$bytes"
echo from-a-file >"$dir/file"

values()
{
	kv 0 put a hello
	grep -qE '^ok, revision [1-9][0-9]*$' "$dir/out" || fail "what it said"
	kv 0 get a
	printf hello | cmp - "$dir/out" || fail "another value"
	kv 0 put a "@$dir/file"
	kv 0 get a
	out from-a-file
	kv 0 put a - <"$bytes"
	kv 0 get a
	cmp "$bytes" "$dir/out" || fail "bytes got lost"
	kv 0 put a <"$bytes"
	kv 0 get a "$dir/copy"
	cmp "$bytes" "$dir/copy" || fail "bytes got lost"
	kv 0 put --literal a @file
	kv 0 get a -o raw
	printf @file | cmp - "$dir/out" || fail "another value"
	kv 0 put a ''
	kv 0 get a
	[ ! -s "$dir/out" ] || fail "something of nothing"
	kv 0 put -q a 1
	[ ! -s "$dir/out" ] || fail "not quiet"
	kv 0 put -- a -5
	kv 0 get a
	printf %s -5 | cmp - "$dir/out" || fail "another value"
	kv 0 delete a
	kv 0 delete a
	kv 1 get a
	[ ! -s "$dir/out" ] || fail "something of nothing"
	err '*there is no such key'
	kv 2 put a "@$dir/none"
	err '*none: No such file*'
	kv 0 put --json doc '{"n": [1, 2.50]}'
	kv 0 get doc
	printf '{"n": [1, 2.50]}' | cmp - "$dir/out" || fail "another value"
	kv 0 get doc -o json
	jq -e '.key == "doc" and .value.n[1] == 2.5 and (.etag | length > 8)' \
	    "$dir/out" >"$dir/jq" || fail "json"
	kv 2 put --json doc '{"n": [1'
	err '*no JSON*'
	kv 0 put --type image/png --ttl 2h image x
	kv 0 get image -o table
	grep -qE '^image +1 +image/png +7(200|199) +[0-9].* +x$' "$dir/out" ||
		fail "no such row"
}

conditions()
{
	kv 0 put --if-absent c 1 -o json
	tag=$(jq -r .etag "$dir/out")
	kv 3 put --if-absent c 2
	err "*condition is false*entity tag is ${tag%?}*"
	kv 0 put --if-match "$tag" c 3
	kv 3 put --if-match "$tag" c 4
	kv 0 get c
	printf 3 | cmp - "$dir/out" || fail "another value"
	kv 3 delete --if-match "$tag" c
	kv 0 get c -o json
	kv 0 delete --if-match "\"$(jq -r .etag "$dir/out")\"" c
	kv 1 get c
	kv 3 put --if-match '*' c 1
	err '*there is no such key'
	kv 2 put --if-match x --if-absent c 1
}

keys()
{
	for key in a/../b . .. '%41' 'a b' 'a+b' 'a?b#c' 'ключ' '/'; do
		kv 0 put "$key" "v:$key"
		kv 0 get "$key"
		printf %s "v:$key" | cmp - "$dir/out" || fail "key '$key'"
	done
	kv 0 put -e '\x00\xff\n\\' odd
	kv 0 get -e '\0\xFF\x0a\\' -o json
	jq -e '.key64 == "AP8KXA==" and .value == "odd"' "$dir/out" \
	    >"$dir/jq" || fail "another key"
	kv 0 delete -e '\0\xFF\x0a\\'
	kv 2 get -e 'a\q'
	kv 2 get ''
	err '*empty*'
	kv 0 put "$(repeat k 1024)" 1
	kv 2 put "$(repeat k 1025)" 1
	err '*1025 bytes*'
}

mistakes()
{
	kv 2 get
	kv 2 get a b c
	kv 2 gte a
	err '*did you mean "get"*'
	kv 2 get --nothing a
	err '*--nothing*help get*'
	kv 2 put --ttl 0 a 1
	kv 2 put --ttl 11y a 1
	kv 2 put --ttl
	kv 2 get -o xml a
	kv 2 put a -5
	err '*-- before*'
}

all()
{
	values
	conditions
	keys
	mistakes
}
on_both all

# Nobody is there.
target="--unix-socket $nsock --retries 0"
kv 4 get a
err '*cannot reach*'
kv 4 put a 1
target="--store $dir/none"
kv 4 get a
err '*--create*'
target="--url ftp://x"
kv 2 get a
target="--url http://me:secret@x"
kv 2 get a
err '*--user-file*'
