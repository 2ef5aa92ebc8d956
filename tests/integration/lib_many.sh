# SPDX-License-Identifier: MIT
#
# What the tests of documents, lists, transactions and streams share. Read
# after lib.sh.

ndjson='Content-Type: application/x-ndjson'
cbor='Content-Type: application/cbor'

# txn JSON [curl arguments]: a transaction
txn()
{
	printf %s "$1" >"$dir/txn"
	shift
	req POST /kv -H "$json" --data-binary "@$dir/txn" "$@"
}

# bytes HEXADECIMAL: what it stands for, on standard output
bytes()
{
	perl -e 'print pack("H*", join("", @ARGV))' "$@"
}

# hex FILE: its bytes in hexadecimal
hex()
{
	perl -0777 -ne 'print unpack("H*", $_)' "$1"
}

# import FILE [curl arguments]
import()
{
	import_file=$1
	shift
	req POST /kv -H "$ndjson" -H 'Expect:' -T "$import_file" "$@"
}

# export_to FILE [QUERY]: which must end well
export_to()
{
	req GET "/kv${2:-}" -H 'Accept: application/x-ndjson'
	expect_status 200
	expect_header Content-Type application/x-ndjson
	cp "$dir/body" "$1"
}

# send_all METHOD PATH HEADER DIRECTORY: every file in it as a body, by one
# curl. Beside each file comes its answer, FILE.answer, with the status as a
# last line.
send_all()
{
	echo "$1 $2: the bodies in $4" >"$dir/request"
	send_next=
	for send_file in "$4"/*; do
		printf '%surl = "http://scribekv.test%s"\n' "$send_next" "$2"
		printf 'request = %s\nheader = "%s"\nheader = "Expect:"\n' \
		    "$1" "$3"
		printf 'data-binary = "@%s"\nsilent\nshow-error\n' "$send_file"
		printf 'output = "%s.answer"\nunix-socket = "%s"\n' \
		    "$send_file" "$nsock"
		printf 'max-time = %s\n' $((deadline / 10))
		printf 'write-out = "%%{http_code} %s.answer\\n"\n' "$send_file"
		send_next='next
'
	done >"$dir/curlrc"
	curl -K "$dir/curlrc" >"$dir/statuses" 2>"$dir/curl.err" ||
		fail "curl: $(cat "$dir/curl.err")"
	while read -r status send_file; do
		echo "$status" >>"$send_file"
	done <"$dir/statuses"
}

# all_refused DIRECTORY: after send_all: 400 with an offset for each
all_refused()
{
	for send_file in "$1"/*.answer; do
		[ "$(tail -n 1 "$send_file")" = 400 ] ||
			fail "not refused: $send_file: $(head -c 300 \
			    "${send_file%.answer}" | od -An -c)"
		cp "$send_file" "$dir/body"
		grep -q '"offset":[0-9]' "$send_file" ||
			fail "no offset: $send_file: $(cat "$send_file")"
	done
}

# decode: the CBOR item in $dir/body becomes JSON there, so that expect_json
# can look at it. By other means than the daemon's: byte strings become
# {"bytes":hexadecimal}.
decode()
{
	expect_header Content-Type application/cbor
	perl -0777 -ne '
		my ($in, $at) = ($_, 0);
		sub take { my $s = substr($in, $at, $_[0]); $at += $_[0];
		    die "cut short" if length($s) < $_[0]; return $s; }
		sub quote { my $s = shift;
		    $s =~ s/([\x00-\x1f"\\])/sprintf("\\u%04x", ord $1)/ge;
		    return "\"$s\""; }
		# The items up to the break.
		sub upto {
			my ($m, @i) = @_;
			until (substr($in, $at, 1) eq "\xff") {
				push(@i, $m == 5 ? item() . ":" . item() :
				    item());
			}
			$at++;
			return $m == 5 ? "{" . join(",", @i) . "}" :
			    $m == 4 ? "[" . join(",", @i) . "]" : die "chunks";
		}
		sub item {
			my $b = ord take(1);
			my ($m, $n) = ($b >> 5, $b & 31);
			return $n == 20 ? "false" : $n == 21 ? "true" :
			    $n == 22 ? "null" : die "simple $n"
			    if $m == 7 && $n < 24;
			return $n == 31 ? upto($m) : die "reserved" if $n > 27;
			my $raw = $n < 24 ? "" : take(1 << ($n - 24));
			return unpack("d>", $raw) if $m == 7 && $n == 27;
			die "float" if $m == 7;
			$n = unpack(("C", "n", "N", "Q>")[$n - 24], $raw)
			    if $n > 23;
			return $n if $m == 0;
			return -1 - $n if $m == 1;
			return "{\"bytes\":\"" . unpack("H*", take($n)) . "\"}"
			    if $m == 2;
			return quote(take($n)) if $m == 3;
			return "[" . join(",", map { item() } 1 .. $n) . "]"
			    if $m == 4;
			return "{" . join(",", map { item() . ":" . item() }
			    1 .. $n) . "}" if $m == 5;
			die "tag";
		}
		print item();
		die "trailing bytes" if $at < length $in;' "$dir/body" \
	    >"$dir/decoded" || fail "no CBOR"
	mv "$dir/decoded" "$dir/body"
}

# instrumented: whether the daemon's memory, speed and libraries are not those
# of an ordinary build.
instrumented()
{
	[ -n "${SKV_VALGRIND:-}" ] ||
		grep -qsE '__(a|t|ub)san_' "$SCRIBEKVD" \
		    "$(dirname "$SCRIBEKVD")/.libs/$(basename "$SCRIBEKVD")"
}

# memory_peak: the most memory that the daemon ever had, in KiB; memory_now:
# what it has.
memory_peak()
{
	awk '/^VmHWM:/ { print $2 }' "/proc/$(cat "$dir/daemon.pid")/status"
}

memory_now()
{
	awk '/^VmRSS:/ { print $2 }' "/proc/$(cat "$dir/daemon.pid")/status"
}

# lines COUNT BYTES: an import of COUNT keys with values of BYTES that do not
# compress.
lines()
{
	perl -e 'my ($n, $len) = @ARGV;
	    open(my $r, "<", "/dev/urandom");
	    for my $i (1 .. $n) {
		read($r, my $v, $len / 2);
		printf "{\"key\":\"k%08d\",\"value\":\"%s\"}\n", $i,
		    unpack("H*", $v);
	    }' "$1" "$2"
}
