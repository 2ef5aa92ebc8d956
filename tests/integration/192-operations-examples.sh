#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples in doc/operations.md do what is shown: stop and start, metrics,
# backup and restore, check and repair.
. "$(dirname "$0")/lib.sh"
about_leveldb
. "$(dirname "$0")/lib_cli.sh"
. "$(dirname "$0")/document.sh"

# In place of systemd: units mean the daemon, and only the service counts.
systemctl()
{
	case $1:$* in
	start:*scribekvd.service*)
		start_daemon
		;;
	stop:*scribekvd.service*)
		stop_daemon
		;;
	restart:*scribekvd.service*)
		[ -f "$dir/daemon.rc" ] || stop_daemon
		start_daemon
		;;
	*)
		fail "systemctl $*"
		;;
	esac
}

cat >"$dir/scribekv.conf" <<END
store = $store
socket = $dsock
workers = 2
END

# The daemon has all from its file; so lib.sh starts it, and a document too.
scribekvd()
{
	case $* in
	--check-config)
		out=$("$SCRIBEKVD" --config "$dir/scribekv.conf" "$@") &&
			echo "$out" | sed "s|$dir/|/etc/scribekv/|"
		;;
	*)
		exec "$SCRIBEKVD" --config "$dir/scribekv.conf" "$@"
		;;
	esac
}

# The client asks the test's nginx, whatever the address.
scribekv()
{
	case $* in
	*--url*)
		shift 2
		"$SCRIBEKV" --unix-socket "$nsock" "$@"
		;;
	*)
		"$SCRIBEKV" "$@"
		;;
	esac
}

# There need be no such user here.
chown()
{
	[ "$*" = "-R scribekv:scribekv $dir/db" ] || fail "chown $*"
}

start_nginx
document_sed="s|/var/lib/scribekv|$dir/db|g"
run_document "$SKV_SRCDIR/doc/operations.md" 35
stop
