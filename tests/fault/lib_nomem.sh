# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# A daemon that is short of memory, under load, with a supervisor:
#
#	. "$(dirname "$0")/lib_http.sh"
#	. "$(dirname "$0")/lib_nomem.sh"
#	kinds=o every=600 failures=50
#	short NAME SEED
#
# makes and checks one history in which so many allocations at most of these
# kinds, which nomem.c names, fail. It adds to $own, $engine and $ends. With a command in
# $after the supervisor runs that between an end and a start.

module=$SKV_BUILDDIR/tests/fault/.libs/nomem.so
if [ ! -e "$module" ] || instrumented ||
    ! LD_PRELOAD=$module "$SCRIBEKVD" --version >"$dir/version" 2>&1; then
	echo "$self: skipped: needs $module, and a program that takes it"
	exit 77
fi
real=$SCRIBEKVD
SCRIBEKVD=$dir/supervised
after=:

short()
{
	: >"$dir/failed"
	: >"$dir/ends"
	cat >"$SCRIBEKVD" <<END
#!/bin/sh
stopping=
trap 'stopping=yes; kill \$pid 2>/dev/null' TERM
rc=1
while [ \$rc -eq 1 ] && [ -z "\$stopping" ]; do
	setpriv --pdeathsig KILL env LD_PRELOAD='$module' \\
	    SKV_NOMEM_EVERY=$every SKV_NOMEM_KINDS=$kinds \\
	    SKV_NOMEM_MAX=$failures SKV_NOMEM_SEED=$2 \\
	    SKV_NOMEM_LOG='$dir/failed' '$real' "\$@" &
	pid=\$!
	# It may have come before there was this one.
	[ -z "\$stopping" ] || kill \$pid
	wait \$pid
	rc=\$?
	# A signal ends "wait", too.
	! kill -0 \$pid 2>/dev/null || {
		wait \$pid
		rc=\$?
	}
	echo \$rc >>'$dir/ends'
	[ \$rc -ne 1 ] || $after
done
# One that was to stop may run out of memory while it does, as at other times.
[ -z "\$stopping" ] || [ \$rc -ne 1 ] || rc=0
exit \$rc
END
	chmod +x "$SCRIBEKVD"
	history "$1" --seed "$2" --requests $((failures * 60)) \
	    --patience ${patience:-60}
	[ -s "$dir/failed" ] || fail "$1: no allocation failed"
	own=$((own + $(tr -cd o <"$dir/failed" | wc -c)))
	engine=$((engine + $(tr -cd n <"$dir/failed" | wc -c)))
	ends=$((ends + $(grep -c '^1$' "$dir/ends" || :)))
}
