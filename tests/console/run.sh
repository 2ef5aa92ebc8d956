#!/bin/sh
# SPDX-License-Identifier: MIT
# The console: what is committed is what the commands in doc/console.md make,
# and it works in a browser, in front of the real service. Needs node, the npm registry and
# Chromium.
#
# usage: run.sh DIRECTORY [DIRECTORY FOR SCREENSHOTS]
set -eu

work=$1
pictures=${2:+$(cd "$2" && pwd)}
mkdir -p "$work/test"
work=$(cd "$work" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

# install FILES...: with what they need, from the npm registry.
install()
{
	cp -R "$@" .
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}

(
	source=$here/../..
	cd "$work"
	sed -n '/^## How it is made/,$ { /^```sh$/,/^```$/ { /^```/d; p } }' \
	    "$source/doc/console.md" >recipe
	grep -q 'npm run build' recipe
	rm -rf console
	mkdir console
	cp -R "$source/console/package.json" "$source/console/build.mjs" \
	    "$source/console/package-lock.json" "$source/console/src" console
	sh -eu ./recipe
	if ! diff -r console/dist "$source/console/dist"; then
		echo 'console/dist is not what its recipe makes' >&2
		exit 1
	fi
)
cd "$work/test"
install "$here/package.json" "$here/package-lock.json" "$here/console.mjs"

: "${SKV_SRCDIR:=$here/../..}"
. "$here/../integration/lib.sh"
# A browser does not speak to UNIX sockets.
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
    LocalAddr => "127.0.0.1", Listen => 1)->sockport')
nginx_server="listen 127.0.0.1:$port;"
start
node console.mjs "http://127.0.0.1:$port" ${pictures:+"$pictures"}
stop
