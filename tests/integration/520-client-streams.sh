#!/bin/sh
# SPDX-License-Identifier: MIT
# The client's export, import and copy, on a server and on a store.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

# Some of everything; and enough to be sent in several pieces.
{
	cat <<-'END'
		{"key":"a","value":"text","type":"text/plain"}
		{"key":"b","value":[1,2.50,null]}
		{"key":"c","value":"plain"}
		{"key64":"ZAD/","value":"/wA=","encoding":"base64"}
		{"key":"e","value":"gvb3","encoding":"cbor","envelope":"cbor"}
		{"key":"f","value":"","type":"text/plain","expires_ms":4000000000000}
	END
	perl -e 'printf "{\"key\":\"n/%05d\",\"value\":\"%s\",\"type\":" .
	    "\"text/plain\"}\n", $_, "v" x 200 for 1 .. 30000'
} >"$dir/in"

# What it takes to come out as it went in.
round()
{
	kv 0 import "$dir/in"
	out 'imported 30006 keys'
	kv 0 export
	cmp "$dir/in" "$dir/out" || fail "the export differs"
	kv 0 export "$dir/file"
	out 'exported 30006 keys'
	cmp "$dir/in" "$dir/file" || fail "the file differs"
	kv 0 export --prefix n/0 --start n/00005 --end n/00007 - </dev/null
	[ "$(wc -l <"$dir/out")" = 2 ] || fail "another range"
	kv 0 import </dev/null
	out 'imported 0 keys'
	printf '{"key":"last","value":1}' >"$dir/short"
	kv 0 import -o json <"$dir/short"
	out '{"imported":1}'
	kv 0 delete last
	kv 2 export "$dir/none/file"
	kv 2 import "$dir/none"
	kv 2 import "$dir"
	# A pipe whose reader has had enough.
	: >"$dir/early"
	# shellcheck disable=SC2086
	(rc=0; "$SCRIBEKV" $target export 2>"$dir/early" || rc=$?
	    echo $rc >"$dir/rc") | head -n 1 >"$dir/one"
	[ "$(cat "$dir/rc")" = 141 ] || fail "status $(cat "$dir/rc")"
	[ ! -s "$dir/early" ] || fail "it complained: $(cat "$dir/early")"
	kv 5 export /dev/full
	err '*No space left*'
}

# A line that is bad, is mended, and the import goes on.
mend()
{
	kv 0 delete --all --yes
	sed '25000s/"value"/"valeu"/' "$dir/in" >"$dir/bad"
	kv 2 import "$dir/bad"
	err '*bad, line 25000: unknown member*--skip-lines 24999*'
	kv 0 count
	out 24999
	kv 0 delete --all -y
	kv 2 import --state "$dir/state" "$dir/bad"
	kv 2 import --state "$dir/state" "$dir/in"
	err '*is of something else*'
	cp "$dir/in" "$dir/bad"
	kv 0 delete -p n/ -y
	kv 0 import --state "$dir/state" "$dir/bad"
	out 'imported 30006 keys'
	err '*behind line 24999*'
	[ ! -e "$dir/state" ] || fail "the state file is still there"
	kv 0 count
	out 5013
	kv 0 import --skip-lines 30000 "$dir/in"
	out 'imported 6 keys'
	kv 2 import --skip-lines 30007 "$dir/in"
	echo nonsense >"$dir/state"
	kv 2 import --state "$dir/state" "$dir/in"
	err '*no state file*'
	rm "$dir/state"
	kv 0 import "$dir/in"
}

some_are_in()
{
	[ "$("$SCRIBEKV" --unix-socket "$nsock" count)" -gt 0 ]
}

# An import that is interrupted while it waits for more.
interrupt()
{
	kv 0 delete --all --yes
	mkfifo "$dir/feed"
	# shellcheck disable=SC2086
	spawn importer "$dir/importer.log" env --default-signal=INT \
	    "$SCRIBEKV" $target import --state "$dir/state" "$dir/feed"
	exec 9>"$dir/feed"
	head -n 25000 "$dir/in" >&9
	wait_for "a piece of the import" some_are_in
	kill -INT "$(cat "$dir/importer.pid")"
	wait_for "its end" test -f "$dir/importer.rc"
	exec 9>&-
	[ "$(cat "$dir/importer.rc")" = 130 ] ||
		fail "status $(cat "$dir/importer.rc")"
	jq -e '.lines | tonumber > 1000' "$dir/state" >"$dir/jq" ||
		fail "not noted: $(cat "$dir/importer.log")"
	rm "$dir/feed"
	cp "$dir/in" "$dir/feed"
	kv 0 import --state "$dir/state" "$dir/feed"
	out 'imported 30006 keys'
	kv 0 export
	cmp "$dir/in" "$dir/out" || fail "something is missing"
}

# Into a store and back, and what the destination has stays.
copies()
{
	there=$dir/there.$1
	kv 0 copy --create "$there"
	grep -qE '^copied 30006 keys, checksum [0-9a-f]{16} on both sides$' \
	    "$dir/out" || fail "what it said"
	cp "$dir/out" "$dir/said"
	kv 0 copy "$there" # again, over it
	cmp "$dir/said" "$dir/out" || fail "another checksum"
	"$SCRIBEKV" --store "$there" put n/00000 own >"$dir/out"
	"$SCRIBEKV" --store "$there" put -e 'n/00005\0' own >"$dir/out"
	kv 0 copy --prefix n/000 "$there"
	grep -q '^copied 99 keys' "$dir/out" || fail "another range"
	kv 0 copy --no-verify -o json "$there"
	jq -e '.copied == 30006 and (.verified | not)' "$dir/out" >"$dir/jq" ||
		fail "json"
	kv 0 delete --all --yes
	# shellcheck disable=SC2086
	set -- $target
	if [ "$1" = --unix-socket ]; then
		"$SCRIBEKV" --store "$there" copy http://t \
		    --to-unix-socket "$2" >"$dir/out" || fail "copy back"
	else
		"$SCRIBEKV" --store "$there" copy "$2" >"$dir/out" ||
			fail "copy back"
	fi
	kv 0 get -e 'n/00005\0' -o raw
	printf own | cmp - "$dir/out" || fail "it is gone"
	kv 0 delete -e 'n/00005\0' n/00000
	kv 0 export
	cmp "$dir/in" "$dir/out" || fail "the copy of the copy differs"
}

# A copy that is interrupted half way, which nginx makes last, goes on behind
# what is copied: that is not copied again.
interrupt_copy()
{
	there=$dir/there.cut
	stop_nginx
	nginx_server='limit_rate 300k;'
	start_nginx
	# shellcheck disable=SC2086
	spawn copier "$dir/copier.log" env --default-signal=INT \
	    "$SCRIBEKV" $target copy --create --state "$dir/state" "$there"
	wait_for "the first note of how far it is" test -f "$dir/state"
	kill -INT "$(cat "$dir/copier.pid")"
	wait_for "its end" test -f "$dir/copier.rc"
	[ "$(cat "$dir/copier.rc")" = 130 ] ||
		fail "status $(cat "$dir/copier.rc"): $(cat "$dir/copier.log")"
	grep -q 'keys are copied; the same command goes on behind them' \
	    "$dir/copier.log" || fail "it said $(cat "$dir/copier.log")"
	stop_nginx
	nginx_server=
	start_nginx
	"$SCRIBEKV" --store "$there" count >"$dir/out"
	[ "$(cat "$dir/out")" -gt 1000 ] && [ "$(cat "$dir/out")" -lt 30006 ] ||
		fail "$(cat "$dir/out") keys"
	"$SCRIBEKV" --store "$there" put n/00000 own >"$dir/out"
	kv 0 copy --state "$dir/state" "$there"
	grep -qE '^copied 30006 keys, checksum [0-9a-f]{16} on both sides$' \
	    "$dir/out" || fail "what it said"
	[ ! -e "$dir/state" ] || fail "the state file is still there"
	"$SCRIBEKV" --store "$there" get n/00000 -o raw >"$dir/out"
	printf own | cmp - "$dir/out" || fail "it was copied again"
	"$SCRIBEKV" --store "$there" export >"$dir/out"
	grep -v '"n/00000"' "$dir/in" >"$dir/want"
	grep -v '"n/00000"' "$dir/out" | cmp - "$dir/want" ||
		fail "something is missing"
}

all()
{
	round
	mend
	case $target in
	*--store*)
		copies store
		;;
	*)
		interrupt
		interrupt_copy
		copies server
		;;
	esac
}
on_both all
set -- "$dir"/file.* "$dir"/state.*
[ ! -e "$1" ] && [ "$#" = 2 ] || fail "left behind: $*"
