#!/bin/sh
# SPDX-License-Identifier: MIT
# The console: what is committed is what its recipe makes, and it works in a
# browser, in front of the real service. Needs node, the npm registry and
# Chromium.
#
# usage: run.sh DIRECTORY [DIRECTORY FOR SCREENSHOTS]
set -eu

work=$1
pictures=${2:+$(cd "$2" && pwd)}
mkdir -p "$work/test" "$work/console"
work=$(cd "$work" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

# install FILES...: with what they need, from the npm registry.
install()
{
	cp -R "$@" .
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}

(
	cd "$work/console"
	source=$here/../../console
	rm -rf made
	install "$source/package.json" "$source/package-lock.json" \
	    "$source/build.mjs" "$source/src"
	node build.mjs made
	if ! diff -r made "$source/dist"; then
		echo 'console/dist is not what npm run build makes there' >&2
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
