#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests of the HTTP interface once more, on a MariaDB server that all of
# them share:
#
#	SKV_BUILDDIR=DIR on_mariadb.sh [TEST...]	by default all 1xx to 3xx
#
# by "make check" there, which tells what each has come to. Exit status 77:
# there is no server to be had.
set -eu
export LC_ALL=C

src=$(cd "$(dirname "$0")/../.." && pwd)
: "${SKV_BUILDDIR:=$src/build}"
server=

grep -qs '^#define HAVE_LIBMARIADB 1' "$SKV_BUILDDIR/config.h" || {
	echo "on_mariadb: skipped: built without libmariadb"
	exit 77
}
# As short as a socket's path must be.
dir=$(mktemp -d /tmp/skm.XXXXXX)
finish()
{
	rc=$?
	trap - EXIT
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
	[ -z "$server" ] || wait "$server" 2>/dev/null || :
	rm -rf "$dir"
	exit $rc
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

"$src/tests/mariadb.sh" "$dir" --innodb-buffer-pool-size=128M \
    --innodb-flush-log-at-trx-commit=0 --max-connections=1000 \
    --max-allowed-packet=64M &
server=$!
"$src/tests/mariadb.sh" --ready "$dir" || {
	kill -0 $server 2>/dev/null && exit 1
	rc=0
	wait $server || rc=$?
	[ $rc -ne 77 ] || echo "on_mariadb: skipped: there is no MariaDB server"
	exit $rc
}

if [ $# -eq 0 ]; then
	cd "$src"
	set -- tests/integration/[123][0-9][0-9]-*.sh
	cd "$OLDPWD"
fi
SKV_MARIADB=$dir make -C "$SKV_BUILDDIR" -k check TESTS="$*"
