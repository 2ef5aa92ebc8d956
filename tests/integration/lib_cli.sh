# SPDX-License-Identifier: MIT
#
# What the tests of the client share. Read after lib.sh.
#
#	kv STATUS ARGUMENT...		runs it on $target and expects the status;
#					what it printed is in $dir/out and $dir/err
#	on_both FUNCTION		calls it on a server and on a store, which
#					are empty and named by $target

: "${SCRIBEKV:=$SKV_BUILDDIR/cli/scribekv}"
export HOME="$dir"
unset SCRIBEKV_URL SCRIBEKV_TOKEN_FILE SCRIBEKV_USER_FILE NO_COLOR XDG_STATE_HOME
unset http_proxy https_proxy all_proxy

target=

kv()
{
	kv_want=$1
	shift
	kv_rc=0
	echo "scribekv $target $*" | cut -c 1-300 >"$dir/request"
	# shellcheck disable=SC2086
	"$SCRIBEKV" $target "$@" >"$dir/out" 2>"$dir/err" || kv_rc=$?
	cp "$dir/err" "$dir/head"
	cp "$dir/out" "$dir/body"
	[ "$kv_rc" = "$kv_want" ] ||
		fail "exit status $kv_rc, not $kv_want"
	case $kv_want in
	0) ;;
	*) [ -s "$dir/err" ] || fail "not a word about the failure" ;;
	esac
	! grep -qE 'runtime error:|Sanitizer|assertion failed' "$dir/err" ||
		fail "a report"
}

# out TEXT: just these lines were printed.
out()
{
	printf '%s\n' "$1" | cmp -s - "$dir/out" ||
		fail "output is not '$1' but '$(head -c 500 "$dir/out")'"
}

# err PATTERN: the complaint matches the shell pattern.
err()
{
	# shellcheck disable=SC2254
	case $(cat "$dir/err") in
	$1) ;;
	*) fail "the complaint is not like '$1'" ;;
	esac
}

on_both()
{
	start
	target="--unix-socket $nsock"
	"$1"
	stop
	target="--store $dir/direct --create"
	"$1"
}
