#!/bin/sh
# SPDX-License-Identifier: MIT
# The snippets are accepted by nginx when included as the documents say, and
# the quick-start's upstream is the installed one but for the socket's path.
. "$(dirname "$0")/lib.sh"

cat >"$dir/nginx.conf" <<END
pid $dir/pid;
error_log $dir/error.log;
events { }
http {
	include $SKV_SRCDIR/nginx/scribekv-upstream.conf;
	include $SKV_SRCDIR/nginx/scribekv-http.conf;
	client_body_temp_path $dir/client-body;
	fastcgi_temp_path $dir/fastcgi;
	proxy_temp_path $dir/proxy;
	scgi_temp_path $dir/scgi;
	uwsgi_temp_path $dir/uwsgi;
	access_log $dir/access.log scribekv;
	server {
		listen unix:$nsock;
		include $SKV_SRCDIR/nginx/scribekv-server.conf;
		location ~ [.]php\$ { return 404; }
	}
}
END
nginx -t -e "$dir/error.log" -c "$dir/nginx.conf" >"$dir/out" 2>&1 ||
	fail "$(cat "$dir/out")"
# A warning is a mistake too; root's "user" directive is not ours.
grep -E '\[(warn|error|emerg)\]' "$dir/out" | grep -v '"user" directive' &&
	fail "nginx warns"

upstream()
{
	sed -n '/upstream scribekv {/,/}/p' "$1" |
	    sed -e 's/^[[:space:]]*//' -e '/^#/d' -e '/^server /d' -e '/^$/d'
}
upstream "$SKV_SRCDIR/nginx/scribekv-upstream.conf" >"$dir/a"
upstream "$SKV_SRCDIR/nginx/quickstart.conf.in" >"$dir/b"
[ -s "$dir/a" ] || fail "no upstream found"
diff "$dir/a" "$dir/b" || fail "the two upstream blocks differ"
