#!/bin/sh
# SPDX-License-Identifier: MIT
# The daemon does all it has to under the system call filters of its unit,
# without capabilities: they allow what it needs, on this C library too.
. "$(dirname "$0")/lib.sh"

case ${SKV_CC-} in
*-fsanitize=*)
	echo "$self: skipped: sanitizers need more than the daemon"
	exit 77
	;;
esac
for tool in systemd-analyze setpriv python3; do
	command -v $tool >/dev/null || {
		echo "$self: skipped: there is no $tool"
		exit 77
	}
done
# Debian's, which has Debian's modules, before others.
python=/usr/bin/python3
[ -x $python ] || python=$(command -v python3)
$python -c 'import seccomp' 2>"$dir/err" || {
	echo "$self: skipped: Python has no module seccomp"
	exit 77
}
unit=$SKV_SRCDIR/systemd/scribekvd.service.in
id=
if [ "$(id -u)" -eq 0 ]; then
	id="--reuid nobody --regid $(id -g nobody) --clear-groups
	    --bounding-set=-all"
fi

sandboxed()
{
	# shellcheck disable=SC2086
	exec setpriv $id --no-new-privs $python \
	    "$SKV_SRCDIR/tests/integration/sandbox.py" "$unit" "$@"
}

# The sandbox is one: what any user may do is refused in it, and not outside.
cat >"$dir/try.py" <<'END'
import errno, mmap, os, socket, sys
def refused(how, what):
    try:
        what()
    except OSError as e:
        return e.errno == how
    return False
tries = [
    refused(errno.EPERM, lambda: os.nice(1)),
    refused(errno.EAFNOSUPPORT, lambda: socket.socket(socket.AF_INET)),
    refused(errno.EPERM, lambda: mmap.mmap(-1, 4096,
        prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)),
]
print(*map(int, tries))
END
[ "$(sandboxed $python "$dir/try.py")" = '1 1 1' ] ||
	fail "the sandbox lets through: $(sandboxed $python "$dir/try.py")"
[ "$($python "$dir/try.py")" = '0 0 0' ] || fail 'this is refused anyway'

mkdir "$dir/run"
[ "$(id -u)" -ne 0 ] || chown nobody "$dir/run"
dsock=$dir/run/d.sock
store=leveldb:$dir/run/db
echo 'write_buffer_size = 64k' >"$dir/scribekv.conf"
real=${SCRIBEKVD%/*}/.libs/${SCRIBEKVD##*/}
[ ! -e "$real" ] || SCRIBEKVD=$real
export LD_LIBRARY_PATH="$SKV_BUILDDIR/store/.libs"
scribekvd()
{
	sandboxed "$SCRIBEKVD" --config "$dir/scribekv.conf" \
	    --store "$store" --socket "$dsock" --workers 2 "$@"
}

expect_filtered()
{
	status_file=/proc/$(cat "$dir/daemon.pid")/status
	grep -q '^Seccomp:.*2' "$status_file" || fail 'there is no filter'
	grep -q '^CapBnd:.*0000000000000000' "$status_file" ||
		[ "$(id -u)" -ne 0 ] || fail 'it could have capabilities'
}

start --socket-group "$(id -gn nobody)"
expect_filtered
put a 1
req PUT '/kv/b?sync=true' -H "$json" -d '{"value":{"x":1},"ttl":1}'
expect_status 200
req POST /kv -H "$json" -d '{"ops":[{"op":"put","key":"c","value":1}]}'
expect_status 200
# Enough for new logs, tables and compactions.
perl -e 'srand(1);
	for my $i (1 .. 3000) {
		print "{\"key\":\"k$i\",\"value\":\"",
		    map({ chr(97 + rand 26) } 1 .. 400), "\"}\n";
	}' >"$dir/import"
for _ in 1 2 3; do
	req POST '/kv?sync=true' -H 'Content-Type: application/x-ndjson' \
	    --data-binary "@$dir/import"
	expect_json '.imported == 3000'
done
req GET /kv -H 'Accept: application/x-ndjson'
[ "$(wc -l <"$dir/body")" -ge 3002 ] || fail 'the export is short'
signal_daemon HUP
req GET /metrics
expect_status 200
req GET /health
expect_json '.status == "healthy"'
req DELETE '/kv?prefix=k'
expect_json '.deleted == 3000'

# Starts over what a kill left, too.
kill_daemon
start_daemon
expect_filtered
req GET /kv/a
expect_body 1
stop
