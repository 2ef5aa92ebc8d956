#!/bin/sh
# SPDX-License-Identifier: MIT
# Help, the manual page and the shells' completion know the same commands and
# options.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

page=$SKV_SRCDIR/cli/scribekv.1
completion=$SKV_SRCDIR/cli/completion

kv 0 --version
grep -qE '^scribekv [0-9]+\.' "$dir/out" || fail "version"
kv 0 --help
cp "$dir/out" "$dir/help"
# shellcheck disable=SC2086
"$SCRIBEKV" >"$dir/out" && fail "nothing is no command"
cmp "$dir/out" "$dir/help" || fail "no help"
kv 2 help nonsense
kv 2 --nonsense

kv 0 help --words
cut -d : -f 1 "$dir/out" | sed 's/=$//' >"$dir/words"
grep -v '^-' "$dir/words" >"$dir/commands"
[ "$(wc -l <"$dir/commands")" -gt 12 ] || fail "few commands"
# The manual page writes --x as "Fl -x", and lists of them with one Fl.
sed 's/^\.[A-Z].*/&/' "$page" | tr ' ' '\n' | grep -E '^-[a-z]' | sort -u \
    >"$dir/page"
while read -r command; do
	grep -qE "^\.(It )?Cm $command\b" "$page" ||
		fail "the manual page lacks $command"
	grep -qE "^  $command  " "$dir/help" || fail "help lacks $command"
	kv 0 help "$command"
	grep -q "^usage: scribekv $command" "$dir/out" || fail "help $command"
	kv 0 "$command" --help
	kv 0 help --words "$command"
	sed -n 's/^--\([a-z-]*\).*/-\1/p' "$dir/out" | while read -r option; do
		grep -qxe "$option" "$dir/page" ||
			fail "the manual page lacks -$option of $command"
	done
done <"$dir/commands"

start
target="--unix-socket $nsock"
kv 0 put user/alice 1
kv 0 put user/bob 2
stop_nginx
start_nginx
PATH=$(dirname "$SCRIBEKV"):$PATH

# bash WORD...: what is offered for the last one
if command -v bash >/dev/null; then
	cat >"$dir/complete.bash" <<-'END'
		. "$1" || exit 9
		shift
		[ "$(complete -p scribekv)" = 'complete -F _scribekv scribekv' ] ||
			exit 9
		COMP_WORDS=(scribekv "$@")
		COMP_CWORD=$#
		compopt() { :; }
		_scribekv
		printf '%s\n' "${COMPREPLY[@]}"
	END
	offered()
	{
		want=$1
		shift
		bash "$dir/complete.bash" "$completion/scribekv" "$@" \
		    >"$dir/out" 2>"$dir/err" || fail "bash: $(cat "$dir/err")"
		out "$want"
	}
	offered 'export' ex
	offered '--if-match
--if-absent' put --if
	offered 'raw' get -o ra
	offered 'user/alice
user/bob' --unix-socket "$nsock" get user/
	offered 'user/bob' "--unix-socket=$nsock" delete user/b
	offered 'export' help ex
fi

# In zsh completion needs a terminal.
if command -v zsh >/dev/null; then
	mkdir "$dir/zsh"
	cp "$completion/_scribekv" "$dir/zsh"
	cat >"$dir/zsh/.zshrc" <<-'END'
		fpath=($ZDOTDIR $fpath)
		PROMPT='ready> '
		autoload -Uz compinit && compinit -u -d $ZDOTDIR/dump
		unsetopt beep
		zstyle ':completion:*' list-prompt ''
	END
	cat >"$dir/keys" <<-END
		expect ready>
		send scribekv exp\\t\\t
		expect ort
		send \\x15scribekv put --if-a\\t
		expect bsent
		send \\x15scribekv --unix-socket $nsock get user/b\\t
		expect ob
		send \\x15exit\\n
	END
	ZDOTDIR=$dir/zsh python3 "$SKV_SRCDIR/tests/integration/terminal.py" \
	    $((deadline / 10)) zsh -i <"$dir/keys" >"$dir/body" 2>"$dir/head" ||
		fail "zsh"
fi
stop
