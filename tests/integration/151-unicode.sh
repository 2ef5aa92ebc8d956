#!/bin/sh
# SPDX-License-Identifier: MIT
# Every character of Unicode goes in and out, as itself and escaped.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_many.sh"

start --max-value 16m
# All of them, as UTF-8; as JSON with only what must be escaped; all escaped.
perl -e '
	my ($utf8, $plain, $escaped) = map { open(my $f, ">", $_); $f } @ARGV;
	print $plain "{\"value\":\"";
	print $escaped "{\"value\":\"";
	for my $c (0 .. 0xd7ff, 0xe000 .. 0x10ffff) {
		my $s = chr $c;
		utf8::encode($s);
		print $utf8 $s;
		print $plain $c < 32 ? sprintf("\\u%04X", $c) :
		    $s eq "\"" || $s eq "\\" ? "\\$s" : $s;
		print $escaped $c < 0x10000 ? sprintf("\\u%04x", $c) :
		    sprintf("\\u%04x\\u%04X", 0xd800 + ($c - 0x10000 >> 10),
		    0xdc00 + ($c & 0x3ff));
	}
	print $plain "\"}";
	print $escaped "\"}";' "$dir/utf8" "$dir/plain" "$dir/escaped"
for form in plain escaped; do
	req PUT /kv/u -H "$json" --data-binary "@$dir/$form"
	expect_status 200
	req GET '/kv/u?raw'
	expect_file "$dir/utf8"
	req GET /kv/u
	jq -j .value "$dir/body" >"$dir/back"
	cmp "$dir/utf8" "$dir/back" || fail "the envelope has another text"
	# The same in a document, which is kept as text.
	sed -e 's/{"value":"/{"value":["/' -e 's/"}$/"]}/' "$dir/$form" \
	    >"$dir/list"
	req PUT /kv/l -H "$json" --data-binary "@$dir/list"
	expect_status 200
	req GET /kv/l
	jq -j '.value[0]' "$dir/body" >"$dir/back"
	cmp "$dir/utf8" "$dir/back" || fail "the document has another text"
	req GET /kv/l -H 'Accept: application/cbor'
	decode
	jq -j '.value[0]' "$dir/body" >"$dir/back"
	cmp "$dir/utf8" "$dir/back" || fail "CBOR has another text"
done
printf '{"value":"\\"\\\\\\/\\b\\f\\n\\r\\t"}' >"$dir/short"
req PUT /kv/u -H "$json" --data-binary "@$dir/short"
expect_status 200
printf '"\\/\b\f\n\r\t' >"$dir/want"
req GET '/kv/u?raw'
expect_file "$dir/want"

# refused HEXADECIMAL: to be sent as a string, in a document and as a name
n=0
mkdir "$dir/bad"
refused()
{
	for around in '"|"' '["|"]' '{"|":1}'; do
		n=$((n + 1))
		{
			printf '{"value":%s' "${around%|*}"
			bytes "$1"
			printf '%s}' "${around#*|}"
		} >"$dir/bad/$n"
	done
}

# Lone, swapped and cut surrogates: \ud800 and the like.
for escape in '\ud800' '\udbff' '\udc00' '\udfff' '\ud800x' '\ud800\n' \
    '\ud800\ud800' '\udc00\ud800' '\ud800\u0041' '\ud800\udc0' '\ud800\ue000' \
    '\u' '\u12' '\u12g4' '\U0041' '\x41' '\a' '\0'; do
	refused "$(printf %s "$escape" | od -An -v -tx1 | tr -d ' \n')"
done
# Not UTF-8: cut, overlong, surrogates, beyond the last, stray bytes.
for wrong in 80 bf c3 c0af c1bf e080af e282 eda080 edbfbf f08080af f0908d \
    f4908080 f5808080 f8888080 fe ff; do
	refused $wrong
done
i=0
while [ $i -lt 32 ]; do
	refused "$(printf %02x $i)"
	i=$((i + 1))
done
send_all PUT /kv/bad "$json" "$dir/bad"
all_refused "$dir/bad"
req GET /kv/bad
expect_problem 404
stop
