#!/bin/sh
# SPDX-License-Identifier: MIT
# The client's shell, on a terminal and as a script; and what it shows on a
# terminal otherwise.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

# libedit keeps the names of functions that were added to it.
echo leak:wcsdup >"$dir/lsan.supp"
LSAN_OPTIONS="suppressions=$dir/lsan.supp:print_suppressions=0"
export LSAN_OPTIONS

# on_terminal STATUS COMMAND...: with a script for terminal.py on standard input
on_terminal()
{
	want=$1
	shift
	echo "on a terminal: $*" >"$dir/request"
	rc=0
	python3 "$SKV_SRCDIR/tests/integration/terminal.py" $((deadline / 10)) \
	    "$@" >"$dir/body" 2>"$dir/head" || rc=$?
	[ $rc = "$want" ] || fail "status $rc, not $want"
}

# shown TEXT, not_shown TEXT
shown()
{
	grep -qF -- "$1" "$dir/body" || fail "did not show '$1'"
}
not_shown()
{
	! grep -qF -- "$1" "$dir/body" || fail "showed '$1'"
}

escape=$(printf '\033')

# A key with Ctrl is sent only once the line editor has drawn something: before
# that, the terminal itself gives it a meaning.
terminal()
{
	# shellcheck disable=SC2086
	on_terminal 0 "$SCRIBEKV" $target shell <<-'END'
		expect Ctrl-D leaves
		expect scribekv> 
		send put "a b" 'one two'\n
		expect ok, revision
		send get a\\ b\n
		expect one two
		send put user/alice 1\n
		expect ok, revision
		send put user/bob 2\n
		expect ok, revision
		send li\t
		expect st 
		send user/\n
		expect user/alice
		expect user/bob
		send get us\t
		expect er/
		send al\t\n
		expect \r\n1
		send get user/\t
		expect user/alice  user/bob
		send bob\n
		expect \r\n2
		send get none\n
		expect there is no such key
		send gte\n
		expect did you mean "get"
		send get "open\n
		expect quote is not closed
		send \x10
		expect get "open
		send " lost line\x03
		send count\n
		expect \r\n3
		send get -o json user/bob\n
		expect {"key":"user/bob"
		send get user/bob\n
		expect \r\n2
		send shell\n
		expect outside the shell
		send get --url http://x a\n
		expect leave it
		send help\n
		expect clear
		send help put\n
		expect --if-absent
		send clear\n
		expect Delete 3 keys
		send n\n
		expect nothing was done
		send clear\n
		expect [y/N]
		send y\n
		expect deleted 3
		send count\n
		expect \r\n0
		send quit\n
	END
	# The history, and leaving by Ctrl-D.
	# shellcheck disable=SC2086
	on_terminal 0 "$SCRIBEKV" $target shell <<-'END'
		expect scribekv> 
		send \x10
		expect quit
		send \x10
		expect count
		send \n
		expect \r\n0
		send \x10
		expect count
		send \x15\x04
	END
	[ "$(stat -c %a "$HOME/.local/state/scribekv/history")" = 600 ] ||
		fail "others may read the history"
}

script()
{
	cat >"$dir/script" <<-'END'
		# a comment
		put s 1

		get s -o raw
		list -o json
		put s 2
	END
	kv 0 shell <"$dir/script"
	grep -q '^1{"key":"s","etag"' "$dir/out" || fail "what it printed"
	kv 0 get s -o raw
	[ "$(cat "$dir/out")" = 2 ] || fail "the last command"
	printf 'get none\nput s 3\n' >"$dir/script"
	kv 1 shell <"$dir/script"
	kv 0 get s -o raw
	[ "$(cat "$dir/out")" = 2 ] || fail "it went on"
	kv 2 clear
	err '*inside the shell only*'
}

# Colours are for terminals, and for who wants them.
colours()
{
	kv 0 help
	! grep -q "$escape" "$dir/out" || fail "colours in a pipe"
	kv 0 help --color always
	grep -q "$escape" "$dir/out" || fail "no colours"
	on_terminal 0 "$SCRIBEKV" help </dev/null
	shown "${escape}[1m"
	on_terminal 0 env NO_COLOR=1 "$SCRIBEKV" help </dev/null
	not_shown "$escape"
	on_terminal 0 "$SCRIBEKV" --color never help </dev/null
	not_shown "$escape"
}

# A slow import shows how far it has come, unless it is to be quiet.
progress()
{
	perl -e 'printf "{\"key\":\"n/%06d\",\"value\":\"%s\"}\n", $_,
	    "v" x 500 for 1 .. 200000' >"$dir/in"
	# shellcheck disable=SC2086
	on_terminal 0 "$SCRIBEKV" $target import "$dir/in" </dev/null
	shown 'imported 200000 keys'
	shown ' keys'
	shown '%'
	# shellcheck disable=SC2086
	on_terminal 0 "$SCRIBEKV" $target -q import "$dir/in" </dev/null
	[ ! -s "$dir/body" ] || fail "not quiet"
	kv 0 delete --all --yes
}

all()
{
	terminal
	script
	case $target in
	*--store*)
		progress
		;;
	esac
}
colours
on_both all
