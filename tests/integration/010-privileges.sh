#!/bin/sh
# SPDX-License-Identifier: MIT
# Started as root with a user to become, the daemon is that user in every
# thread, with nothing that leads back, and other users reach neither its
# socket nor its files.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || {
	echo "$self: skipped: not root"
	exit 77
}
for tool in setpriv getent; do
	command -v $tool >/dev/null || {
		echo "$self: skipped: there is no $tool"
		exit 77
	}
done
# A process that has changed its user cannot look for its leaks.
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
user=nobody
uid=$(id -u $user)
group=$(id -gn $user)
gid=$(id -g $user)
# Others, of whom one is in the socket's group.
web=$(getent group www-data | cut -d : -f 3)
[ -n "$web" ] && [ "$web" != "$gid" ] || {
	echo "$self: skipped: there is no group www-data"
	exit 77
}
other=12345

# expect_user: all threads of the daemon, by what the kernel says.
expect_user()
{
	threads=0
	for thread in /proc/"$(cat "$dir/daemon.pid")"/task/*/status; do
		threads=$((threads + 1))
		while read -r name values; do
			# shellcheck disable=SC2086
			set -- $values
			case $name in
			Uid:)
				[ "$*" = "$uid $uid $uid $uid" ] ||
					fail "user $*"
				;;
			Gid:)
				[ "$*" = "$gid $gid $gid $gid" ] ||
					fail "group $*"
				;;
			Groups:)
				[ "$*" = "$(id -G $user)" ] ||
					fail "groups $*"
				;;
			CapInh: | CapPrm: | CapEff: | CapAmb:)
				[ "$1" = 0000000000000000 ] ||
					fail "capabilities $name $1"
				;;
			NoNewPrivs:)
				[ "$1" = 1 ] || fail 'may get new privileges'
				;;
			esac
		done <"$thread"
	done
	[ $threads -ge 5 ] || fail "only $threads threads"
}

# as USER-ID GROUP-ID COMMAND...
as()
{
	as_uid=$1
	as_gid=$2
	shift 2
	setpriv --reuid "$as_uid" --regid "$as_gid" --clear-groups "$@"
}

mkdir "$dir/run" "$dir/lib"
chown $user "$dir/run" "$dir/lib"
dsock=$dir/run/d.sock
store=leveldb:$dir/lib/db
umask 022
start_daemon --user $user --socket-group www-data
expect_user
start_nginx
put secret hidden
req PUT '/kv/secret?sync=true' -d hidden
expect_status 200

# The socket: mode and group, and what they are good for.
[ "$(stat -c '%a %U %G' "$dsock")" = '660 root www-data' ] ||
	fail "the socket is $(stat -c '%a %U %G' "$dsock")"
rc=0
as $other $other perl -e 1 || fail 'cannot try as another user'
perl_connect='exit(IO::Socket::UNIX->new(shift) ? 0 : $!{EACCES} ? 1 : 2)'
as $other $other perl -MIO::Socket::UNIX -e "$perl_connect" "$dsock" || rc=$?
[ $rc -eq 1 ] || fail "another user's connection: $rc"
as $other "$web" perl -MIO::Socket::UNIX -e "$perl_connect" "$dsock" ||
	fail "the web server's group cannot connect"

# Nothing of the store can be read by others, whatever the umask was.
find "$dir/lib/db" >"$dir/files"
[ "$(wc -l <"$dir/files")" -ge 4 ] || fail 'where are the files?'
find "$dir/lib/db" \( -perm /077 -o ! -user $user \) -ls >"$dir/open"
[ ! -s "$dir/open" ] || fail "others may: $(cat "$dir/open")"
as $other "$web" cat "$dir"/lib/db/* >"$dir/stolen" 2>"$dir/cat.err" &&
	fail 'another user reads the files'
[ ! -s "$dir/stolen" ] || fail 'another user reads something'

# The log level is still reloaded, and the store opened again.
signal_daemon HUP
stop_daemon
start_daemon --user $user --group "$group" --socket-group www-data
expect_user
req GET /kv/secret
expect_body hidden
stop

# Mistakes are found before anything is opened.
refused --user no-such-user --store "leveldb:$dir/lib/x" --socket "$dsock"
grep -q no-such-user "$dir/refused" || fail 'the user is not named'
refused --user $user --group no-such-group --store "leveldb:$dir/lib/x" \
    --socket "$dsock"
grep -q no-such-group "$dir/refused" || fail 'the group is not named'
refused --socket-group no-such-group --store "leveldb:$dir/lib/x" \
    --socket "$dsock"
grep -q no-such-group "$dir/refused" || fail "the socket's group is not named"
[ ! -e "$dir/lib/x" ] || fail 'the store was made all the same'
[ ! -e "$dsock" ] || fail 'the socket was left behind'
