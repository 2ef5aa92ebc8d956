#!/bin/sh
# SPDX-License-Identifier: MIT
# scribekv-basic-auth.conf: only who has a password reads and writes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_access.sh"

command -v openssl >/dev/null || {
	echo "$self: skipped: there is no openssl"
	exit 77
}
# The command that the snippet shows, but for the terminal.
sed -n "s/^#	printf \(.*\)/printf \1/p" \
    "$SKV_SRCDIR/nginx/scribekv-basic-auth.conf" |
    sed 's/passwd -apr1/passwd -apr1 swordfish/' >"$dir/command"
sh "$dir/command" >"$dir/users"
grep -q '^ann:.apr1' "$dir/users" || fail "not a line: $(cat "$dir/users")"

let_in()
{
	req "$@" -u ann:swordfish
}

edit_snippets "s|@sysconfdir@/scribekv/users|$dir/users|"
nginx_server="include $snippets/scribekv-basic-auth.conf;"
start
let_in PUT /kv/a -H "$bin" -d secret
expect_status 200
expect_open
expect_served
expect_closed 401
expect_refused 401 -u ann:wrong
expect_refused 401 -u bob:swordfish
expect_refused 401 -H 'Authorization: Bearer swordfish'
req GET /kv/a
expect_header WWW-Authenticate 'Basic realm="scribekv"*'
stop
