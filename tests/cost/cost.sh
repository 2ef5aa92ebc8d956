#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a request costs the daemon: instructions, counted by callgrind, and
# system calls, counted by strace, for fixed requests that come one after
# another through a real nginx to one worker. The daemon runs with some
# requests of every kind, and once again for each kind with as many more of
# that kind: the difference is what these cost, without starting and stopping.
# Calls of futex(2) are left out, because their number depends on chance, and
# those by which main looks at the workers, because it does that by the clock.
#
# Compares with the baseline beside it and fails when it is exceeded by more
# than 5 %. Counts move with compilers and libraries: when they are not those
# of the baseline the table is printed and nothing is decided.
#
# usage: cost.sh [--update | KIND...]
#
#	--update	make what is counted the baseline
#	KIND...		count these only
#
# Environment, exit status: those of integration/lib.sh.
cost_dir=$(cd "$(dirname "$0")" && pwd)
: "${SKV_SRCDIR:=$cost_dir/../..}"
. "$cost_dir/../integration/lib.sh"

baseline=$cost_dir/baseline
greatest_excess=5 # percent
update=false
if [ "${1:-}" = --update ]; then
	update=true
	[ $# -eq 1 ] || fail "--update is of all kinds"
	shift
fi
# Name, how many are counted, method, path (@: a number), body, its type.
cat >"$dir/kinds" <<'END'
put 500 PUT /kv/key@ value application/octet-stream
put-sync 500 PUT /kv/key@?sync=true value application/octet-stream
put-json 500 PUT /kv/json@ value.json application/json
txn-json 40 POST /kv txn.json application/json
txn-cbor 40 POST /kv txn.cbor application/cbor
get 500 GET /kv/key@
get-json 500 GET /kv/json@
END
chosen=${*:-$(cut -d ' ' -f 1 "$dir/kinds")}
for kind in $chosen; do
	grep -q "^$kind " "$dir/kinds" || fail "no kind is called $kind"
done
for tool in valgrind strace; do
	if ! command -v $tool >/dev/null; then
		echo "$self: skipped: there is no $tool"
		exit 77
	fi
done

# ------------------------------------------------------------ toolchain --

# make_var NAME...: of the build.
make_var()
{
	for make_name in "$@"; do
		sed -n "s/^$make_name = *//p" "$SKV_BUILDDIR/Makefile"
	done
}

# What counts depend on, in one line: compiler, flags, versions of libraries,
# and what the C library's choice of string functions goes by.
toolchain()
{
	# shellcheck disable=SC2046 # may be several words
	{
		$(make_var CC) --version | sed -n '1s/(.*)//p'
		make_var CFLAGS HARDEN_CFLAGS SAN_CFLAGS
		dpkg-query -W -f '${Package} ${source:Upstream-Version}\n' \
		    libc6 libleveldb1d libfcgi0ldbl libsnappy1v5 nginx \
		    valgrind 2>/dev/null | sort || :
		uname -m
		grep -m 1 '^flags' /proc/cpuinfo | grep -ow avx2
	} | xargs
}

# --------------------------------------------------------------- bodies --

repeat x 100 >"$dir/value"
printf '{"value":"%s"}' "$(cat "$dir/value")" >"$dir/value.json"
perl -e '
	sub text {
		my $n = length $_[0];
		return ($n < 24 ? chr(0x60 + $n) : "\x78" . chr $n) . $_[0];
	}
	my $value = "x" x 100;
	for (101 .. 200) {
		push @json,
		    qq({"op":"put","key":"txn$_","value":"$value"});
		push @cbor, "\xa3", map { text($_) }
		    "op", "put", "key", "txn$_", "value", $value;
	}
	open my $f, ">", "$ARGV[0].json" or die;
	print $f "{\"ops\":[", join(",", @json), "]}";
	open $f, ">", "$ARGV[0].cbor" or die;
	print $f "\xa1", text("ops"), "\x98\x64", @cbor;
	close $f or die' "$dir/txn"

# ------------------------------------------------------------ measuring --

# The daemon under $meter, instead of the one of lib.sh, with nothing that is
# done by the clock.
scribekvd()
{
	set -- "$SCRIBEKVD" --config /dev/null --store "$store" \
	    --socket "$dsock" --workers 1 --sync-interval-ms 0
	case $meter in
	callgrind)
		set -- valgrind -q --tool=callgrind \
		    --callgrind-out-file="$dir/count" "$@"
		;;
	strace) set -- strace -D -f -c -U calls,name \
	    -e trace=!futex,rt_sigtimedwait,pread64 \
		    -o "$dir/count" "$@" ;;
	esac
	# The program of a build with shared libraries is a script.
	[ ! -x "$SKV_BUILDDIR/libtool" ] ||
		set -- "$SKV_BUILDDIR/libtool" --mode=execute "$@"
	exec "$@"
}

# Prints what was counted, once it is there.
counted()
{
	case $meter in
	callgrind) sed -n 's/^totals: //p' "$dir/count" ;;
	strace) awk '$2 == "total" { print $1 }' "$dir/count" ;;
	esac 2>/dev/null | grep -E '^[1-9][0-9]*$'
}

# send KIND: as many as are counted, on one connection.
send()
{
	# shellcheck disable=SC2046 # the words of a line without blanks
	set -- $(grep "^$1 " "$dir/kinds")
	seq "$2" | awk -v path="$4" '{
		url = path
		sub(/@/, $1, url)
		printf "url = \"http://scribekv.test%s\"\n", url
		print "output = \"/dev/null\""
	}' >"$dir/urls"
	send_what="$3 $4"
	send_n=$2
	set -- -X "$3" ${5:+-H} ${5:+"Content-Type: $6"} \
	    ${5:+--data-binary} ${5:+"@$dir/$5"}
	curl -sS --max-time $((deadline / 10)) --unix-socket "$nsock" \
	    -w '%{http_code}\n' -K "$dir/urls" "$@" >"$dir/statuses" ||
		fail "curl ended with $?"
	[ "$(grep -cx 200 "$dir/statuses")" -eq "$send_n" ] ||
		fail "$send_what: $(sort "$dir/statuses" | uniq -c)"
}

# measure [KIND]: notes what it took, with these requests on top.
measure()
{
	rm -rf "$dir/db" "$dir/count"
	start_daemon
	# Not of those whose count differs a little each time.
	for measure_kind in put put-json txn-json txn-cbor get get-json; do
		send "$measure_kind"
	done
	[ $# -eq 0 ] || send "$1"
	stop_daemon
	wait_for "the count of $meter" counted >"$dir/total"
	echo "$meter ${1:--} $(cat "$dir/total")" >>"$dir/totals"
}

start_nginx
for meter in callgrind strace; do
	measure
	for kind in $chosen; do
		measure "$kind"
	done
done
stop_nginx
# Of no interest in a failure from here on.
rm -f "$dir"/daemon.*.log "$dir/nginx/error.log"

# -------------------------------------------------------------- verdict --

# Kind, instructions, system calls of each request.
awk 'FNR == NR { n[$1] = $2; next }
    $2 == "-" { base = $3; next }
    $1 == "callgrind" { instructions[$2] = ($3 - base) / n[$2]; next }
    { printf "%s %.0f %.2f\n", $2, instructions[$2], ($3 - base) / n[$2] }
    ' "$dir/kinds" "$dir/totals" >"$dir/now"
toolchain >"$dir/toolchain"

if $update; then
	{
		echo '# Instructions and system calls of one request in the'
		echo '# daemon, by "./dev cost --update". Toolchain:'
		sed 's/^/# /' "$dir/toolchain"
		cat "$dir/now"
	} >"$dir/baseline"
	cp "$dir/baseline" "$baseline"
fi

echo "with $(cat "$dir/toolchain")"
status=0
awk -v excess="$greatest_excess" '
    FNR == NR { instructions[$1] = $2; calls[$1] = $3; next }
    FNR == 1 {
	printf "%-10s %14s %10s %7s %13s %10s %7s\n", "request",
	    "instructions", "baseline", "", "system calls", "baseline", ""
    }
    {
	a = 100 * ($2 / instructions[$1] - 1)
	b = 100 * ($3 / calls[$1] - 1)
	printf "%-10s %14d %10d %+6.1f%% %13.2f %10.2f %+6.1f%%\n", $1, $2,
	    instructions[$1], a, $3, calls[$1], b
	# Some calls are made by the clock, so less than half a one is nothing.
	if ($3 - calls[$1] < 0.4 && calls[$1] - $3 < 0.4)
		b = 0
	if (a > excess || b > excess)
		more = more " " $1
	if (a < -excess || b < -excess)
		less = less " " $1
    }
    END {
	if (less)
		print "well below the baseline, to be updated:" less
	if (more)
		print "more than " excess " % above the baseline:" more
	exit more != ""
    }' "$baseline" "$dir/now" || status=1
if ! sed -n 's/^# //p' "$baseline" | grep -qxF "$(cat "$dir/toolchain")"; then
	echo "$self: skipped: the baseline is of another toolchain:"
	sed -n '3s/^# //p' "$baseline"
	exit 77
fi
exit $status
