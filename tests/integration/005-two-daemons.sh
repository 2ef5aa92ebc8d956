#!/bin/sh
# SPDX-License-Identifier: MIT
# One directory belongs to one daemon; the second one says so and ends.
. "$(dirname "$0")/lib.sh"

start
put a 1
refused --store "$store" --socket "$dir/d2.sock"
grep -q "$dir/db" "$dir/refused" || fail "the directory is not named"
grep -qiE 'use|lock|another' "$dir/refused" || fail "the reason is not named"
[ ! -S "$dir/d2.sock" ] || fail "the second daemon left its socket behind"
req GET /kv/a
expect_body 1
put b 2
stop
