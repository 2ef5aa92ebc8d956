# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
#
# A MariaDB server for tests that start daemons on it. Read after lib.sh; the
# test is skipped where there can be none.
#
#	start_mariadb [OPTION...]	with a database "kv" that is empty at first
#	sql STATEMENTS			as its root
#	stop_mariadb
#	$mariadb			the URL of that database

grep -qs '^#define HAVE_LIBMARIADB 1' "$SKV_BUILDDIR/config.h" || {
	echo "$self: skipped: built without libmariadb"
	exit 77
}
# The socket's path, with its slashes escaped.
mariadb=mariadb://root@$(echo "$dir/m/s" | sed 's|/|%2F|g')/kv

sql()
{
	echo "$1" | "$SKV_SRCDIR/tests/mariadb.sh" --sql "$dir/m" \
	    >"$dir/sql" 2>&1
}

mariadb_up()
{
	[ -f "$dir/mariadb.rc" ] || sql 'CREATE DATABASE IF NOT EXISTS kv;'
}

start_mariadb()
{
	spawn mariadb "$dir/mariadb.log" "$SKV_SRCDIR/tests/mariadb.sh" \
	    "$dir/m" "$@"
	wait_for "MariaDB" mariadb_up
	[ -f "$dir/mariadb.rc" ] || return 0
	cat "$dir/mariadb.log"
	[ "$(cat "$dir/mariadb.rc")" = 77 ] || fail "MariaDB ended"
	echo "$self: skipped: there is no MariaDB server"
	exit 77
}

stop_mariadb()
{
	kill -TERM "$(cat "$dir/mariadb.pid")"
	wait_for "MariaDB to stop" test -f "$dir/mariadb.rc"
}
