#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples in doc/tutorial.md do what is shown.
. "$(dirname "$0")/lib.sh"
about_leveldb
. "$(dirname "$0")/document.sh"

program=$SKV_BUILDDIR/cli/scribekv
[ -x "$program" ] || {
	echo "$self: skipped: the program scribekv was not built"
	exit 77
}
scribekv()
{
	"$program" --unix-socket "$nsock" "$@"
}

start
run_document "$SKV_SRCDIR/doc/tutorial.md" 33
stop
