#!/bin/sh
# SPDX-License-Identifier: MIT
# What README.md says about deployment works with what is installed: the files
# are where it says, an nginx of one's own includes them as shown, and the
# daemon runs with the installed configuration, as a user of its own when
# started as root.
. "$(dirname "$0")/lib.sh"
about_leveldb
. "$(dirname "$0")/document.sh"

if [ ! -f "$SKV_BUILDDIR/Makefile" ]; then
	echo "$self: skipped: $SKV_BUILDDIR was not configured"
	exit 77
fi
root=$dir/root
env -u MAKEFLAGS -u MAKELEVEL "${MAKE:-make}" -C "$SKV_BUILDDIR" \
    DESTDIR="$root" prefix=/usr sysconfdir=/etc localstatedir=/var \
    install-data >"$dir/install.log" 2>&1 || fail "$(cat "$dir/install.log")"
# One a line: paths in the table of installed files that are data.
sed -n '/^## Install/,/^## Deploy/s/^| `\([^`]*\)`.*/\1/p' \
    "$SKV_SRCDIR/README.md" | grep -v '/s*bin/' >"$dir/paths"
[ "$(wc -l <"$dir/paths")" -ge 5 ] || fail "no table of installed files"
while read -r path; do
	case $path in
	/*)
		[ -e "$root$path" ] || fail "$path is not installed"
		;;
	esac
done <"$dir/paths"

# option NAME VALUE: takes the "#" away and changes the value.
option()
{
	grep -q "^#$1 = *" "$conf" || fail "$conf does not have $1"
	sed "s|^#$1 =.*|$1 = $2|" "$conf" >"$dir/edited"
	cat "$dir/edited" >"$conf"
}

conf=$root/etc/scribekv/scribekv.conf
mkdir "$dir/run" "$dir/lib"
option store "leveldb:$dir/lib/scribekv"
option socket "$dir/run/scribekv.sock"
owner=$(id -un)
nginx_user=
if [ "$(id -u)" -eq 0 ]; then
	id www-data >"$dir/id" 2>&1 || {
		echo "$self: skipped: there is no user www-data"
		exit 77
	}
	owner=nobody
	option user $owner
	option socket_group www-data
	chown $owner "$dir/run" "$dir/lib"
	nginx_user='user www-data;'
	# A process that has changed its user cannot look for its leaks.
	export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
fi
scribekvd()
{
	exec "$SCRIBEKVD" --config "$conf"
}
start_daemon
[ "$(stat -c %U "$dir/lib/scribekv")" = "$owner" ] ||
	fail "the store is not $owner's"

# nginx, by the two files that are shown.
mkdir "$dir/nginx" "$dir/files"
cd "$dir/files"
document_script "$SKV_SRCDIR/README.md" >"$dir/script"
sed -i "s|unix:/run/scribekv/|unix:$dir/run/|" \
    "$root/etc/scribekv/nginx/scribekv-upstream.conf"
sed -i -e "s|/etc/scribekv/|$root&|" -e "s|listen 80;|listen unix:$nsock;|" \
    scribekv.conf site.conf
cat >nginx.conf <<END
$nginx_user
daemon off;
pid $dir/nginx/pid;
error_log $dir/nginx/error.log;
events { }
http {
	client_body_temp_path $dir/nginx/client-body;
	fastcgi_temp_path $dir/nginx/fastcgi;
	proxy_temp_path $dir/nginx/proxy;
	scgi_temp_path $dir/nginx/scgi;
	uwsgi_temp_path $dir/nginx/uwsgi;
	access_log $dir/nginx/access.log;
	include $dir/files/scribekv.conf;
	include $dir/files/site.conf;
}
END
serve()
{
	rm -f "$nsock"
	nginx -t -e "$dir/nginx/error.log" -c "$dir/files/nginx.conf" \
	    >"$dir/nginx.log" 2>&1 || fail "$(cat "$dir/nginx.log")"
	spawn nginx "$dir/nginx.log" \
	    nginx -e "$dir/nginx/error.log" -c "$dir/files/nginx.conf"
	wait_for nginx nginx_up
}
serve
req GET /health
expect_status 200
expect_json '.status == "healthy"'
put key value
req GET /kv/key
expect_body value
req GET /metrics
expect_status 200
# Other paths and their errors are still the server's own.
req GET /other
expect_status 404
expect_header Content-Type 'text/html*'
stop_nginx

# What the server says about access holds for the store, though not for
# preflights, which browsers send without credentials.
printf 'ann:{PLAIN}secret\n' >users
sed -i "s|listen .*|& auth_basic kv; auth_basic_user_file $dir/files/users;|" \
    site.conf
serve
for path in /kv/key /kv /health /metrics; do
	req GET $path
	expect_problem 401
	expect_header WWW-Authenticate 'Basic*'
	req GET $path -u ann:secret
	expect_status 200
done
req PUT /kv/key -d other
expect_problem 401
req PUT /kv/key -u ann:secret -d other
expect_status 200
req POST /kv -H 'Content-Type: application/x-ndjson' -d '{"key":"a","value":1}'
expect_problem 401
req OPTIONS /kv/key -H 'Origin: https://app.example.com'
expect_status 204
stop
