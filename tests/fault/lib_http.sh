# SPDX-License-Identifier: MIT
#
# What the tests with the program hammer begin with: nginx, and a small store
# that is often compacted, whose daemon hammer starts, kills and ends itself.
#
#	. "$(dirname "$0")/lib_http.sh"
#	options "$@"
#	start_nginx
#	history [OPTION...]
#
# Their arguments are "--count N", "--seed S" and "--seconds N".

. "$(dirname "$0")/../integration/lib.sh"

# In a source tree that may be read-only.
export PYTHONDONTWRITEBYTECODE=1
hammer=$SKV_BUILDDIR/tests/fault/hammer

if ! command -v python3 >/dev/null; then
	echo "$self: skipped: there is no python3"
	exit 77
fi
if [ -n "${SKV_VALGRIND:-}" ]; then
	echo "$self: skipped: too slow under valgrind"
	exit 77
fi

count=
seconds=
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')

options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--count) count=$2 ;;
		--seconds) seconds=$2 ;;
		--seed) seed=$2 ;;
		*)
			echo "$self: unknown option: $1" >&2
			exit 99
			;;
		esac
		shift 2
	done
	end=$(($(date +%s) + ${seconds:-0}))
}

# more DONE: whether another one is wanted.
more()
{
	if [ -n "$seconds" ]; then
		[ "$(date +%s)" -lt $end ]
	else
		[ "$1" -lt "$count" ]
	fi
}

# instrumented: whether the daemon is several times slower than an ordinary one.
instrumented()
{
	grep -qsE '__(a|t|ub)san_' "$SCRIBEKVD" \
	    "$(dirname "$SCRIBEKVD")/.libs/$(basename "$SCRIBEKVD")"
}

# Whether what is left of a violation is kept.
evidence=yes

# keep: leaves what is in the directory for somebody to look at.
keep()
{
	[ $evidence = yes ] || return 0
	kept=$(mktemp -d /tmp/skv-violation.XXXXXX)
	cp -R "$dir/." "$kept/" || :
	echo "$self: kept in $kept" >&2
}

# history NAME [OPTION OF HAMMER...]: makes one on an empty store, and checks
# it.
history()
{
	history_name=$1
	shift
	rm -rf "$dir/db"
	"$hammer" --socket "$nsock" --history "$dir/history" \
	    --log "$dir/daemon.1.log" "$@" -- "$SCRIBEKVD" \
	    --config /dev/null --store "$store" --socket "$dsock" \
	    --workers 2 --write-buffer-size 64k --file-size 1m \
	    --cache-size 1m --sync-interval-ms 20 >"$dir/hammer.out" || {
		cat "$dir/hammer.out"
		keep
		fail "$history_name"
	}
	cat "$dir/hammer.out"
	python3 "$SKV_SRCDIR/tests/fault/linear.py" "$dir/history" \
	    >"$dir/linear.out" || {
		cat "$dir/linear.out"
		keep
		fail "$history_name: seed $seed"
	}
	sed 's/^.*: \([0-9]* requests\)/linear: \1/' "$dir/linear.out"
}
