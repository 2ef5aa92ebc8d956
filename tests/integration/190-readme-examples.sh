#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples in README.md do what is shown, and the program compiles.
. "$(dirname "$0")/lib.sh"
about_leveldb
. "$(dirname "$0")/document.sh"

# The library is the one in the build tree, which only libtool can link.
cc()
{
	# Compiler and flags are lists of words.
	# shellcheck disable=SC2086
	"$SKV_BUILDDIR/libtool" --silent --tag=CC --mode=link \
	    ${SKV_CC:-cc} "$@"
}

if [ ! -x "$SKV_BUILDDIR/libtool" ]; then
	echo "$self: skipped: $SKV_BUILDDIR was not configured"
	exit 77
fi
start
mkdir "$dir/bin"
cat >"$dir/bin/pkg-config" <<END
#!/bin/sh
echo "-I$SKV_SRCDIR/store" "$SKV_BUILDDIR/store/libscribekv.la"
END
chmod +x "$dir/bin/pkg-config"
PATH=$dir/bin:$PATH
run_document "$SKV_SRCDIR/README.md" 23
stop
