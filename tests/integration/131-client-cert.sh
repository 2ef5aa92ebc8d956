#!/bin/sh
# SPDX-License-Identifier: MIT
# scribekv-client-cert.conf: only who has a certificate of the right authority,
# in its time, not revoked, reads and writes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_tls.sh"
. "$(dirname "$0")/lib_access.sh"

make_ca client-ca
make_cert client-ca good
make_cert client-ca old -1
make_cert client-ca revoked
make_ca other-ca
make_cert other-ca other

let_in()
{
	req "$@" --cacert "$dir/ca.crt" --cert "$dir/good.crt" \
	    --key "$dir/good.key"
}

use_tls
edit_snippets "s|@sysconfdir@/scribekv/client-ca|$dir/client-ca|"
nginx_server="$nginx_server include $snippets/scribekv-client-cert.conf;"
start
# Without TLS there is no certificate.
req GET /kv/a
expect_problem 403
expect_json '.detail | test("certificate is needed")'
req GET /health
expect_status 200

by_tls
let_in PUT /kv/a -H "$bin" -d secret
expect_status 200
expect_open --cacert "$dir/ca.crt"
expect_served
expect_closed 403 --cacert "$dir/ca.crt"
req GET /kv/a --cacert "$dir/ca.crt"
expect_json '.detail | test("certificate is needed")'
for who in other old; do
	for path in /kv/a /metrics /health; do
		req GET $path --cacert "$dir/ca.crt" \
		    --cert "$dir/$who.crt" --key "$dir/$who.key"
		expect_problem 403
		expect_json '.detail | test("not valid")'
	done
	req PUT /kv/a --cacert "$dir/ca.crt" -d changed \
	    --cert "$dir/$who.crt" --key "$dir/$who.key"
	expect_problem 403
done

# The list of what is revoked, once it is turned on.
req GET /kv/a --cacert "$dir/ca.crt" --cert "$dir/revoked.crt" \
    --key "$dir/revoked.key"
expect_body secret
cat >"$dir/ca.conf" <<END
[ca]
default_ca = this
[this]
database = $dir/index
default_md = sha256
default_crl_days = 2
END
: >"$dir/index"
for what in "-revoke $dir/revoked.crt" "-gencrl -out $dir/client-ca.crl"; do
	# shellcheck disable=SC2086
	openssl ca -config "$dir/ca.conf" -cert "$dir/client-ca.crt" \
	    -keyfile "$dir/client-ca.key" $what >"$dir/openssl.log" 2>&1 ||
		fail "$(cat "$dir/openssl.log")"
done
by_plain
stop_nginx
edit_snippets 's/^#ssl_crl/ssl_crl/'
start_nginx
by_tls
req GET /kv/a --cacert "$dir/ca.crt" --cert "$dir/revoked.crt" \
    --key "$dir/revoked.key"
expect_problem 403
let_in GET /kv/a
expect_body secret
by_plain
stop
