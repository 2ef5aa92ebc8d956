#!/bin/sh
# SPDX-License-Identifier: MIT
# scribekv-tls.conf: TLS 1.2 and 1.3 with forward secrecy and nothing older, a
# problem document for who speaks plain HTTP there, HSTS when it is turned on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_tls.sh"

use_tls
start
by_tls
req PUT /kv/a -H "$bin" -d 1 --cacert "$dir/ca.crt"
expect_status 200
for how in '--tlsv1.3' '--tlsv1.2 --tls-max 1.2' --http1.1 --http2; do
	# shellcheck disable=SC2086
	req GET /kv/a --cacert "$dir/ca.crt" $how
	expect_status 200
	expect_body 1
	expect_no_header Strict-Transport-Security
done

# shaken [OPTION...]: openssl gets through the handshake.
shaken()
{
	openssl s_client -unix "$tls_sock" -CAfile "$dir/ca.crt" \
	    -servername scribekv.test "$@" </dev/null >"$dir/s_client" 2>&1
}
shaken -tls1_2 || fail "no TLS 1.2: $(cat "$dir/s_client")"
grep -q 'Verify return code: 0' "$dir/s_client" || fail 'not verified'
# The client's own objections to what is old are put aside.
shaken -tls1_1 -cipher 'ALL:@SECLEVEL=0' && fail 'TLS 1.1 is spoken'
shaken -tls1 -cipher 'ALL:@SECLEVEL=0' && fail 'TLS 1.0 is spoken'
shaken -tls1_2 -cipher 'AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0' &&
	fail 'a cipher without forward secrecy is spoken'

# Plain HTTP on the port for TLS.
site=http://scribekv.test
req GET /kv/a
expect_problem 400
expect_json '.detail | test("TLS")'
site=$tls_site

by_plain
stop_nginx
edit_snippets '/^map $https/,/^}/s/#on/on/'
start_nginx
by_tls
for path in /kv/a /kv/none /nowhere /health; do
	req GET $path --cacert "$dir/ca.crt"
	expect_header Strict-Transport-Security 'max-age=[1-9]*'
done
by_plain
req GET /kv/a
expect_no_header Strict-Transport-Security
stop
