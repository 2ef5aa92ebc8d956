#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests that SECURITY.md names for its claims are there, and are run.
. "$(dirname "$0")/lib.sh"

claims=$SKV_SRCDIR/SECURITY.md
grep -oE '\b[0-9]{3}-[a-z0-9-]+' "$claims" | sort -u >"$dir/named"
[ "$(wc -l <"$dir/named")" -ge 20 ] || fail 'where are the claims?'
while read -r name; do
	grep -qF "/integration/$name.sh \\" "$SKV_SRCDIR/tests/local.mk" ||
		fail "$name is named, but is not among the tests"
	[ -s "$SKV_SRCDIR/tests/integration/$name.sh" ] ||
		fail "$name is named, but is not there"
done <"$dir/named"
# Whole rows of tests, and folders.
for name in 202 203 204 205 206 207 208 260 261 265 266; do
	ls "$SKV_SRCDIR/tests/integration/$name"-*.sh >"$dir/ls" ||
		fail "there is no test $name"
done
for path in tests/fuzz tests/fault tests/unit/test_log.c; do
	[ -e "$SKV_SRCDIR/$path" ] || fail "there is no $path"
done
