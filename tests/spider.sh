#!/bin/sh
# SPDX-License-Identifier: MIT
# Two MariaDB servers that have the data and one before them, whose engine Spider
# spreads the table over the two by key, as doc/cluster.md describes it. Used as
# mariadb.sh is, and "--data DIR I" becomes a server with data that was killed.
# Exit status 77: there is no Spider to be had.
#
# Spider tells the parts of a transaction apart by the names of hosts, so the two
# are not on sockets but on addresses of loopback that nobody else has.
set -eu
mariadb=$(dirname "$0")/mariadb.sh
columns='(k VARBINARY(1033) NOT NULL, v LONGBLOB NOT NULL,
    g TINYINT UNSIGNED NOT NULL DEFAULT 0, PRIMARY KEY (k))'

# The table of database $2.
spread()
{
	echo "USE $2; CREATE TABLE scribekv $columns ENGINE=SPIDER
	    COMMENT='wrapper \"mysql\", table \"scribekv\", database \"$2\"'
	    PARTITION BY KEY (k) (
	    PARTITION p1 COMMENT = 'srv \"data1\"',
	    PARTITION p2 COMMENT = 'srv \"data2\"');" | "$mariadb" --sql "$1"
}

# data DIR I: becomes server I of those with the data.
data()
{
	exec "$mariadb" "$1/$2" --skip-networking=0 --skip-name-resolve \
	    --bind-address="$(cat "$1/net").$2" --port=3306 \
	    --innodb-lock-wait-timeout=2
}

case $1 in
--data) data "$2" "$3" ;;
--sql) exec "$mariadb" "$@" ;;
--database)
	for i in 1 2; do
		"$mariadb" --database "$2/$i" "$3"
		echo "USE $3; CREATE TABLE scribekv $columns;" |
			"$mariadb" --sql "$2/$i"
	done
	"$mariadb" --database "$2" "$3"
	spread "$2" "$3"
	exit
	;;
--ready)
	for i in 1 2; do
		"$mariadb" --ready "$2/$i"
		[ -e "$2/spread" ] || echo "CREATE USER spider@'%';
		    GRANT ALL ON *.* TO spider@'%';" |
			"$mariadb" --sql "$2/$i"
	done
	"$mariadb" --ready "$2"
	[ ! -e "$2/spread" ] || exit 0
	{
		echo "INSTALL SONAME 'ha_spider'; SET GLOBAL spider_internal_xa = ON;"
		for i in 1 2; do
			echo "CREATE SERVER data$i FOREIGN DATA WRAPPER mysql
			    OPTIONS (HOST '$(cat "$2/net").$i', PORT 3306,
			    USER 'spider', PASSWORD '', DATABASE 'none');"
		done
	} | "$mariadb" --sql "$2"
	touch "$2/spread"
	exit
	;;
esac

dir=$1
shift
[ -n "$(find /usr/lib*/mysql/plugin /usr/local/lib/mysql/plugin \
    -name ha_spider.so 2>/dev/null)" ] || {
	echo 'spider.sh: there is no ha_spider.so'
	exit 77
}
mkdir -p "$dir"
chmod 755 "$dir"
[ -e "$dir/net" ] ||
	od -An -N2 -tu1 /dev/urandom |
	awk '{ print "127." $1 "." $2 }' >"$dir/net"
for i in 1 2; do
	data "$dir" "$i" &
done
exec "$mariadb" "$dir" --loose-spider-internal-xa=ON "$@"
