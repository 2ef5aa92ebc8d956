#!/bin/sh
# SPDX-License-Identifier: MIT
# What programs were built against stays: the declarations of scribekv.h, and
# the names that the shared library defines, are those of store/scribekv.abi.
# After a change that is meant, what this prints with --print goes there, and
# -version-info in store/local.mk is raised as libtool's manual says: a program
# that was built before must go on running when something was only added.
set -eu
export LC_ALL=C

: "${SKV_SRCDIR:=$(dirname "$0")/..}"
: "${SKV_BUILDDIR:=$SKV_SRCDIR/build}"
: "${SKV_CC:=cc}"
committed=$SKV_SRCDIR/store/scribekv.abi
library=$SKV_BUILDDIR/store/.libs/libscribekv.so

if [ ! -e "$library" ]; then
	echo 'abi: skipped: there is no shared library'
	exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Comments and system headers are no part of it, nor is white space.
sed '/^#include/d' "$SKV_SRCDIR/store/scribekv.h" >"$dir/scribekv.h"
{
	# SKV_CC is a list of words.
	# shellcheck disable=SC2086
	$SKV_CC -w -E -P -x c "$dir/scribekv.h" |
	    sed 's/__attribute__((visibility("default"))) //g' |
	    tr -s ' \t\n' ' ' | sed -e 's/; */;\n/g' -e 's/{ */{\n/g' |
	    sed -e 's/, \([A-Z]\)/,\n\1/g' -e 's/^ *//' -e '/^$/d'
	echo
	sed -n 's/^#define \(SKV_[A-Z]*\) \([0-9].*\)/\1 = \2/p' \
	    "$dir/scribekv.h"
	echo
	# Names with two underscores are a sanitizer's.
	nm -D --defined-only "$library" |
	    awk '$NF !~ /^__/ { print $NF }' | sort
} >"$dir/abi"

if [ "${1-}" = --print ]; then
	cat "$dir/abi"
elif ! diff -u "$committed" "$dir/abi"; then
	echo "abi: the interface is not that of $committed"
	exit 1
fi
