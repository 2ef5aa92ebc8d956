#!/bin/sh
# SPDX-License-Identifier: MIT
# What was built has what makes an error in it hard to use: read from the files
# themselves, because an option that the compiler takes may have no effect.
. "$(dirname "$0")/lib.sh"

if [ "${SKV_HARDENING:-no}" != yes ]; then
	echo "$self: skipped: configured without hardening"
	exit 77
fi
for tool in readelf objdump nm; do
	command -v $tool >/dev/null || {
		echo "$self: skipped: there is no $tool"
		exit 77
	}
done

# has WHAT COMMAND...: grep finds it in what was noted.
has()
{
	has_what=$1
	shift
	grep -qE "$@" || fail "$file has no $has_what"
}

# checked FILE: what programs and libraries have in common.
checked()
{
	file=$1
	readelf -lW "$file" >"$dir/segments"
	readelf -dW "$file" >"$dir/dynamic"
	nm -D "$file" >"$dir/symbols"
	has 'relocations that are read-only' GNU_RELRO <"$dir/segments"
	has 'binding at the start' '\(FLAGS\).*BIND_NOW' <"$dir/dynamic"
	has 'stack that cannot be run' 'GNU_STACK .* RW ' <"$dir/segments"
	grep -E '^ +LOAD.* RWE ' "$dir/segments" &&
		fail "$file can write what it runs"
	grep -q TEXTREL "$dir/dynamic" && fail "$file relocates its code"
	grep -qE 'RPATH|RUNPATH' "$dir/dynamic" && fail "$file has a search path"
	has 'stack protector' ' U __stack_chk_fail' <"$dir/symbols"
	case ${SKV_CC-} in
	*-O[1-9s]*)
		has '_FORTIFY_SOURCE' ' U __[a-z]*_chk(@|$)' <"$dir/symbols"
		;;
	esac
	# Of the targets of jumps: more than the C library's own start files
	# have.
	case $(uname -m) in
	x86_64)
		marks=$(objdump -d "$file" | grep -c endbr64)
		;;
	aarch64)
		marks=$(objdump -d "$file" | grep -cE '(paciasp|bti)')
		;;
	*)
		marks=1000
		;;
	esac
	[ "$marks" -ge 30 ] || fail "$file has $marks marks of jump targets"
}

n=0
for file in "$SKV_BUILDDIR/fcgi/scribekvd" "$SKV_BUILDDIR/cli/scribekv"; do
	[ -e "$file" ] || continue
	# With shared libraries the program is behind a script.
	real=${file%/*}/.libs/${file##*/}
	[ ! -e "$real" ] || file=$real
	checked "$file"
	has 'free place in memory' '\(FLAGS_1\).*PIE' <"$dir/dynamic"
	n=$((n + 1))
done
[ $n -ge 1 ] || fail 'there is no program'
file=$SKV_BUILDDIR/store/.libs/libscribekv.so
if [ -e "$file" ]; then
	checked "$file"
	n=$((n + 1))
fi
echo "$self: $n files"
