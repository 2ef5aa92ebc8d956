#!/bin/sh
# SPDX-License-Identifier: MIT
# An installed scribekv is what its documents say: the daemon starts, the
# shared library has no names but its own, and a program that knows only
# pkg-config builds against it, shared and static, in C and in C++.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

export PKG_CONFIG_PATH="$PKGCONFIGDIR${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
if [ -n "$SYSROOT" ]; then
	export PKG_CONFIG_SYSROOT_DIR="$SYSROOT"
fi
export LD_LIBRARY_PATH="$LIBDIR${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

"$SBINDIR/scribekvd" --version

others=$(nm -D --defined-only "$LIBDIR/libscribekv.so" |
    awk '$3 !~ /^skv_/ { print $3 }')
if [ -n "$others" ]; then
	echo "exported, though not part of the interface: $others" >&2
	exit 1
fi

cp "$EXAMPLE" program.c

# build COMPILER SOURCE LIBRARIES...: compilers and what pkg-config says are
# lists of words.
build() {
	compiler=$1
	shift
	# shellcheck disable=SC2046,SC2086
	$compiler -o program $(pkg-config --cflags scribekv) "$@"
	[ "$(TMPDIR=$dir ./program)" = 'hello, world' ]
	rm program
}

# shellcheck disable=SC2046
build "$CC" program.c $(pkg-config --libs scribekv)
if [ -e "$LIBDIR/libscribekv.a" ]; then
	# shellcheck disable=SC2046
	build "$CC" program.c "$LIBDIR/libscribekv.a" \
	    $(pkg-config --static --libs-only-l scribekv |
	    sed 's/-lscribekv//')
fi
if command -v c++ >/dev/null; then
	cp program.c program.cc
	# shellcheck disable=SC2046
	build c++ program.cc $(pkg-config --libs scribekv)
fi
