# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
#
# Certificates for tests, and an nginx that serves by TLS too: on the socket
# tls.sock, as the snippet scribekv-tls.conf says.

command -v openssl >/dev/null || {
	echo "$self: skipped: there is no openssl"
	exit 77
}
tls_sock=$dir/tls.sock
tls_site=https://scribekv.test

# make_ca NAME: NAME.crt and NAME.key in $dir.
make_ca()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -subj "/CN=$1" -keyout "$dir/$1.key" -out "$dir/$1.crt" \
	    >"$dir/openssl.log" 2>&1 || fail "$(cat "$dir/openssl.log")"
}

# make_cert CA NAME [DAYS]: a certificate for the host scribekv.test, or what
# $cert_names says.
make_cert()
{
	echo "subjectAltName=${cert_names:-DNS:scribekv.test}" >"$dir/ext"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$2" -keyout "$dir/$2.key" -out "$dir/$2.csr" \
	    >"$dir/openssl.log" 2>&1 &&
	openssl x509 -req -in "$dir/$2.csr" -CA "$dir/$1.crt" \
	    -CAkey "$dir/$1.key" -CAcreateserial -days "${3:-2}" \
	    -extfile "$dir/ext" -out "$dir/$2.crt" >>"$dir/openssl.log" 2>&1 ||
		fail "$(cat "$dir/openssl.log")"
}

# use_tls: the snippet, with the socket in place of port 443 and the
# certificate "server" of the authority "ca".
use_tls()
{
	make_ca ca
	make_cert ca server
	edit_snippets "
	    s|listen 443 |listen unix:$tls_sock |
	    /listen \[::\]:443 /d
	    s|@sysconfdir@/scribekv/tls|$dir/server|"
	nginx_server="$nginx_server include $snippets/scribekv-tls.conf;"
}

# by_tls: requests go to the TLS socket from now on.
by_tls()
{
	plain_sock=$nsock
	nsock=$tls_sock
	site=$tls_site
}

# by_plain: requests go without TLS again.
by_plain()
{
	nsock=$plain_sock
	site=http://scribekv.test
}
