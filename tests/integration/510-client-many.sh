#!/bin/sh
# SPDX-License-Identifier: MIT
# The client on many keys, and what a server and a store print of the same
# commands: nothing differs but entity tags and times.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

tab=$(printf '\t')

lists()
{
	i=0
	while [ $i -lt 30 ]; do
		printf '{"key":"n/%02d","value":%d}\n' $i $i
		i=$((i + 1))
	done >"$dir/in"
	kv 0 import "$dir/in"
	out 'imported 30 keys'
	kv 0 put --ttl 1d x/long "two
lines"
	kv 0 put -e 'x/\xff\n' odd
	kv 0 put 'x/back\slash' 1
	kv 0 list x/
	out 'x/back\\slash
x/long
x/\xff\n'
	kv 0 list --prefix x/ --values
	out "x/back\\\\slash${tab}1
x/long${tab}two\\nlines
x/\\xff\\n${tab}odd"
	# What a list shows can be given back.
	tail -n 1 "$dir/out" | cut -f 1 >"$dir/shown"
	kv 0 get -e "$(cat "$dir/shown")" -o raw
	printf odd | cmp - "$dir/out" || fail "another value"
	kv 0 list --delimiter /
	out 'n/
x/'
	kv 0 list -d / -o json
	out '{"prefix":"n/"}
{"prefix":"x/"}'
	kv 0 list -r -n 2 n/
	out 'n/29
n/28'
	kv 0 list --start n/27 --end x
	out 'n/27
n/28
n/29'
	kv 0 list -o table n/0
	[ "$(wc -l <"$dir/out")" = 11 ] || fail "rows"
	kv 0 list -o json -v -n 1
	jq -e '.key == "n/00" and .value == 0 and .size == 1' "$dir/out" \
	    >"$dir/jq" || fail "json"
	kv 0 count
	out 33
	kv 0 count n/1 -o json
	out '{"count":10}'
	kv 0 list none/
	[ ! -s "$dir/out" ] || fail "something of nothing"
	kv 2 list --limit 0
	kv 2 list n/ --prefix n/
}

# More than a page.
pages()
{
	perl -e 'printf "{\"key\":\"p/%05d\",\"value\":\"\"}\n", $_
	    for 1 .. 2500' >"$dir/in"
	kv 0 import - <"$dir/in"
	kv 0 list p/
	perl -e 'printf "p/%05d\n", $_ for 1 .. 2500' | cmp - "$dir/out" ||
		fail "another list"
	kv 0 list p/ -r -n 1500
	[ "$(tail -n 1 "$dir/out")" = p/01001 ] || fail "another end"
	kv 2 delete --prefix p/ </dev/null
	err '*--yes*'
	kv 0 count p/
	out 2500
	kv 0 delete --prefix p/ --yes
	out 'deleted 2500'
	kv 2 delete
	kv 2 delete a --prefix b
}

transactions()
{
	kv 0 txn - <<-'END'
		{"ops": [{"op": "put", "key": "t/1", "value": [1]},
		         {"op": "delete", "key": "t/2"},
		         {"op": "get", "key": "t/1"},
		         {"op": "get", "key": "t/2"}]}
	END
	sed 1d "$dir/out" >"$dir/results"
	printf '0: put\n1: deleted\n2: value [1]\n3: no such key\n' |
		cmp - "$dir/results" || fail "other results"
	cat >"$dir/false" <<-'END'
		{"if": [{"key": "t/1", "exists": true},
		        {"key": "t/2", "exists": true},
		        {"key": "t/1", "etag": "1-00000000r"}],
		 "ops": [{"op": "delete", "key": "t/1"}]}
	END
	kv 3 txn "$dir/false"
	err '*condition is false*condition 1: there is no key t/2*condition 2: the entity tag of t/1 is *'
	kv 0 get t/1
	printf '[1]' | cmp - "$dir/out" || fail "it was changed"
	echo '{"ops": [{"op": "jump", "key": "a"}]}' >"$dir/bad"
	kv 2 txn "$dir/bad"
	err '*not put, delete or get*'
	kv 2 txn "$dir/none"
	echo '{"ops": [{"op": "get", "key": "t/1"}]}' >"$dir/get"
	kv 0 txn --sync -o raw "$dir/get"
	printf '[1]' | cmp - "$dir/out" || fail "another value"
	kv 0 txn -o json "$dir/get"
	jq -e '.status == "ok" and .results[0].value == [1]' "$dir/out" \
	    >"$dir/jq" || fail "json"
}

states()
{
	kv 0 ping
	grep -q 'scribekv .* on leveldb is healthy' "$dir/out" || fail "ping"
	kv 0 ping -q
	[ ! -s "$dir/out" ] || fail "not quiet"
	kv 0 stats
	grep -qE '^store.engine +leveldb$' "$dir/out" || fail "stats"
	kv 0 stats -o json
	jq -e '.status == "healthy" and .store.writable' "$dir/out" \
	    >"$dir/jq" || fail "json"
	kv 0 stats --metrics
	[ -s "$dir/out" ] || fail "no metrics"
}

# Writes all of the keys' data in every format.
record()
{
	for format in text json raw table; do
		kv 0 list -v -o $format
		cat "$dir/out"
		kv 0 list -d / -o $format
		cat "$dir/out"
		for key in n/00 x/long 'x/back\slash' t/1; do
			kv 0 get "$key" -o $format
			cat "$dir/out"
			echo
		done
		kv 0 txn "$dir/get" -o $format
		cat "$dir/out"
		kv 0 export
		cat "$dir/out"
	done | sed -E 's/[0-9]+-[0-9a-f]{8}[jrc] */TAG/g
	    s/revision"?[: ]*[0-9]+/revision/g; s/ETAG */ETAG /
	    s/"(ttl|expires_ms)":[0-9]+/"\1":/g; s/  8[0-9]{4}  /  SECONDS  /'
}

all()
{
	lists
	pages
	transactions
	states
	case $target in
	*--store*) record >"$dir/of-store" ;;
	*) record >"$dir/of-server" ;;
	esac
}
on_both all
[ "$(wc -l <"$dir/of-store")" -gt 300 ] || fail "little was recorded"
diff "$dir/of-server" "$dir/of-store" >"$dir/diff" ||
	fail "server and store differ: $(head -c 1000 "$dir/diff")"
