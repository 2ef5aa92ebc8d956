#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that does not open: the daemon says in one line which, why, and what
# to do about it, ends, and leaves the store as it was.
if [ "$(id -u)" -eq 0 ] && [ -z "${SKV_UNSHARED:-}" ] &&
    unshare -m true 2>/dev/null; then
	SKV_UNSHARED=1 exec unshare -m sh "$0"
fi
. "$(dirname "$0")/lib.sh"

# says DIRECTORY REASON REMEDY [OPTION...]: all of them in one line.
says()
{
	says_dir=$1
	says_why=$2
	says_remedy=$3
	shift 3
	refused --store "leveldb:$says_dir" --socket "$dir/d2.sock" "$@"
	[ "$(grep -c 'error: ' "$dir/refused")" = 1 ] || fail "not one line"
	for says_text in "leveldb:$says_dir: " "$says_why" "$says_remedy"; do
		grep 'error: ' "$dir/refused" | grep -qF -e "$says_text" ||
			fail "does not say $says_text"
	done
}

# copy NAME: of the store.
copy()
{
	cp -R "$dir/db" "$dir/$1"
}

# damage OFFSET FILE...
damage()
{
	damage_at=$1
	shift
	for damage_file in "$@"; do
		repeat x 20 | dd of="$damage_file" bs=1 seek="$damage_at" \
		    conv=notrunc 2>/dev/null
	done
}

repair='scribekv repair'
owner='belong to the user'

start
put a 1
says "$dir/db" 'in use by another process' 'fuser -v '"$dir/db/LOCK"
stop

echo x >"$dir/file"
says "$dir/file" 'Not a directory' 'name another one'
says "$dir/none/db" 'does not exist' 'create the directory'
[ ! -e "$dir/none" ] || fail "it was created"

copy manifest
damage 9 "$dir"/manifest/MANIFEST-*
copy current
rm "$dir/current/CURRENT"
copy table
damage 2 "$dir"/table/*.ldb
for bad in manifest current table; do
	says "$dir/$bad" corrupt "$repair $dir/$bad --to"
done

if [ "$(id -u)" -eq 0 ]; then
	# A directory above that everybody may enter and only root change.
	says "$dir/new" 'Permission denied' "$owner" --user nobody
	says "$dir/db" 'Permission denied' "$owner" --user nobody
else
	copy closed
	chmod 000 "$dir/closed"
	says "$dir/closed" 'Permission denied' "$owner"
	chmod 700 "$dir/closed"
fi
if [ -n "${SKV_UNSHARED:-}" ]; then
	mount -t tmpfs -o size=20k none /mnt
	cat /dev/zero >/mnt/fuller 2>/dev/null || :
	says /mnt/new 'no space left' 'make room'
	umount /mnt
	mount -t tmpfs none /mnt
	cp -R "$dir/db" /mnt/db
	mount -o remount,ro /mnt
	says /mnt/new 'Read-only' 'for writing'
	says /mnt/db 'Read-only' 'for writing'
	umount /mnt
fi

# None of it has harmed the store.
start_daemon
start_nginx
req GET /kv/a
expect_body 1
stop
