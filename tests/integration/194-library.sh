#!/bin/sh
# SPDX-License-Identifier: MIT
# The example programs do what they say, on a store that they share, and the
# manual page leaves no function out.
. "$(dirname "$0")/lib.sh"

examples=$SKV_BUILDDIR/examples
[ -x "$examples/greeting" ] || {
	echo "$self: skipped: the examples were not built"
	exit 77
}

# prints TEXT COMMAND...: succeeds with that on its standard output.
prints()
{
	prints_text=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err" || fail "$*: $(cat "$dir/err")"
	printf '%b' "$prints_text" | cmp - "$dir/out" || fail "$* printed that"
	[ ! -s "$dir/err" ] || fail "$*: $(cat "$dir/err")"
}

prints 'hello, world\n' "$examples/greeting" "$store"
prints '1000\n' "$examples/counter" "$store"
prints '2000\n' "$examples/counter" "$store"

awk 'BEGIN { for (i = 0; i < 1234; i++) printf "line/%04d\tvalue %d\n", i, i }' \
    >"$dir/lines"
# Not in order, and what stood there before comes along.
sort -R "$dir/lines" >"$dir/shuffled"
"$examples/ingest" "$store" line/ <"$dir/shuffled" >"$dir/out" ||
	fail "ingest ended with $?"
cmp "$dir/lines" "$dir/out" || fail "ingest does not give back what it took"
prints 'greeting\thello, world\n' "$examples/ingest" "$store" greet </dev/null

# Bad input is told, with its place, and loses nothing of what was before it.
printf 'more/1\tone\nno tab here\nmore/2\ttwo\n' >"$dir/bad"
rc=0
"$examples/ingest" "$store" more/ <"$dir/bad" >"$dir/out" 2>"$dir/err" || rc=$?
[ $rc -eq 1 ] || fail "ingest took a bad line"
grep -q 'line 2' "$dir/err" || fail "no place named: $(cat "$dir/err")"
prints 'more/1\tone\n' "$examples/ingest" "$store" more/ </dev/null

rc=0
"$examples/greeting" nonsense: >"$dir/out" 2>"$dir/err" || rc=$?
[ $rc -eq 1 ] && [ -s "$dir/err" ] || fail "greeting opened nonsense:"

for name in $(sed -n 's/^\(skv_[a-z_]*\)$/\1/p' "$SKV_SRCDIR/store/scribekv.abi")
do
	# The macro around it is what programs call.
	name=${name%_sized}
	grep -q "^\.Fn $name " "$SKV_SRCDIR/store/scribekv.3" ||
		fail "scribekv(3) does not have $name"
done
