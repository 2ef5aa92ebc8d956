#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness finds out that a daemon whose memory runs out loses the end of what
# it has acknowledged, and that one ends by a signal.
. "$(dirname "$0")/lib_http.sh"
. "$(dirname "$0")/lib_nomem.sh"

options "$@"
start_nginx
evidence=no

# found WORDS: that is what is found.
found()
{
	if (short double "$seed") >"$dir/double.out" 2>&1; then
		cat "$dir/double.out"
		fail "not found: $1"
	fi
	grep -q "$1" "$dir/double.out" || {
		cat "$dir/double.out"
		fail "it ended otherwise than with: $1"
	}
	grep -m 1 "$1" "$dir/double.out"
}

# Between an end and a start, what was written last is cut off.
cat >"$dir/cut_off" <<END
#!/bin/sh
for log in '$dir'/db/*.log; do
	[ ! -s "\$log" ] || truncate -s -2000 "\$log" || :
done
END
chmod +x "$dir/cut_off"
after=$dir/cut_off
kinds=n every=6000 failures=20
found 'NOT LINEARIZABLE'

# LevelDB's interface for C writes to what malloc(3) has returned.
after=:
patience=5
kinds=c every=100 failures=5
found 'not back in service'
grep -q '^1[0-9][0-9]$' "$dir/ends" || fail 'it did not end by a signal'
stop_nginx
