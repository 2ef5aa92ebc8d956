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

cat >program.c <<EOF
#include <scribekv.h>
#include <stdio.h>

int
main(void)
{
	struct skv_errinfo info;
	struct skv *store;

	if (skv_open("mem:", NULL, &info, &store) != SKV_OK) {
		(void)fprintf(stderr, "skv_open: %s\n", info.text);
		return (1);
	}
	if (skv_put(store, "key", 3, "value", 5, NULL) != SKV_OK)
		return (1);
	return (skv_close(store, NULL) != SKV_OK);
}
EOF

# CC and what pkg-config says are lists of words.
# shellcheck disable=SC2046,SC2086
build() {
	$CC program.c -o program $(pkg-config --cflags scribekv) "$@"
	./program
}

# shellcheck disable=SC2046
build $(pkg-config --libs scribekv)
if [ -e "$LIBDIR/libscribekv.a" ]; then
	# shellcheck disable=SC2046
	build "$LIBDIR/libscribekv.a" \
	    $(pkg-config --static --libs-only-l scribekv |
	    sed 's/-lscribekv//')
fi
if command -v c++ >/dev/null; then
	cp program.c program.cc
	# shellcheck disable=SC2046
	c++ -fsyntax-only program.cc $(pkg-config --cflags scribekv)
fi
