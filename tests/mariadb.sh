#!/bin/sh
# SPDX-License-Identifier: MIT
# A MariaDB server for tests, in a directory of its own and, unless an option
# says otherwise (--skip-networking=0), on a UNIX socket only:
#
#	mariadb.sh DIR [OPTION...]	becomes the server, with socket DIR/s
#	mariadb.sh --ready DIR		waits until it answers, or has ended
#	mariadb.sh --sql DIR		runs SQL from standard input
#	mariadb.sh --database DIR NAME	makes a database, empty
#
# DIR has a short name and is on a disk that may hold 200 MB. The server ends
# with the process that started it. As root it runs as the user mysql. Exit
# status 77: there is no server to be had.
set -eu
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

die()
{
	echo "mariadb.sh: $*" >&2
	exit 1
}

sql()
{
	mariadb --no-defaults -S "$1/s" -u root -N -B
}

case $1 in
--sql)
	sql "$2"
	exit
	;;
--database)
	echo "DROP DATABASE IF EXISTS $3; CREATE DATABASE $3;" | sql "$2"
	exit
	;;
--ready)
	i=0
	until echo 'SELECT 1;' | sql "$2" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 600 ] || die "no answer: $(tail -n 5 "$2/log")"
		[ ! -e "$2/failed" ] || die "failed: $(cat "$2/failed")"
		[ ! -e "$2/pid" ] || kill -0 "$(cat "$2/pid")" 2>/dev/null ||
			die "ended: $(tail -n 5 "$2/log")"
		sleep 0.1
	done
	exit
	;;
esac

dir=$1
shift
for tool in mariadbd mariadb mysql_install_db setpriv; do
	if ! command -v $tool >/dev/null; then
		echo "mariadb.sh: there is no $tool" >&2
		exit 77
	fi
done

# Small, and in no hurry to reach the disk. A tmpdir that several servers share
# is one where they take each other's tables for their own.
set -- --no-defaults --datadir="$dir/data" --tmpdir="$dir/data" --skip-log-bin \
    --innodb-log-file-size=16M --innodb-buffer-pool-size=32M \
    --innodb-flush-log-at-trx-commit=2 --performance-schema=OFF \
    --innodb-data-file-path=ibdata1:4M:autoextend \
    --innodb-temp-data-file-path=ibtmp1:4M:autoextend --skip-networking "$@"

mkdir -p "$dir/data"
rm -f "$dir/pid"
run=
if [ "$(id -u)" -eq 0 ]; then
	id mysql >/dev/null 2>&1 || {
		echo 'mariadb.sh: there is no user mysql' >&2
		exit 77
	}
	chmod 755 "$dir"
	chown mysql "$dir" "$dir/data"
	run='--reuid=mysql --regid=mysql --clear-groups'
fi
if [ ! -d "$dir/data/mysql" ]; then
	# shellcheck disable=SC2086
	setpriv $run --pdeathsig KILL mysql_install_db "$@" \
	    --auth-root-authentication-method=normal --skip-test-db \
	    >"$dir/log" 2>&1 || {
		grep -m 5 ERROR "$dir/log" >"$dir/failed"
		die "$(cat "$dir/failed")"
	}
fi
echo $$ >"$dir/pid"
# shellcheck disable=SC2086
exec setpriv $run --pdeathsig KILL mariadbd "$@" --socket="$dir/s" \
    >"$dir/log" 2>&1
