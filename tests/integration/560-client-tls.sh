#!/bin/sh
# SPDX-License-Identifier: MIT
# The client over TLS, with certificates on both sides, and with credentials
# from files.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"

command -v openssl >/dev/null || {
	echo "$self: skipped: there is no openssl"
	exit 77
}

# ours COMMAND...: openssl, whose words matter only when it fails
ours()
{
	openssl "$@" 2>"$dir/openssl" || fail "openssl: $(cat "$dir/openssl")"
}
curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

# certificate NAME: signed by our own authority
certificate()
{
	# shellcheck disable=SC2086
	ours req $curve -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
	    -keyout "$dir/$1.key" -out "$dir/$1.csr"
	ours x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" \
	    -CAkey "$dir/ca.key" -CAcreateserial -copy_extensions copy \
	    -days 2 -out "$dir/$1.pem"
}
# shellcheck disable=SC2086
ours req -x509 $curve -subj /CN=authority -days 2 -keyout "$dir/ca.key" \
    -out "$dir/ca.pem"
certificate kv.test
certificate somebody

start_daemon
nginx_server="listen unix:$dir/t.sock ssl;
    ssl_certificate $dir/kv.test.pem; ssl_certificate_key $dir/kv.test.key;
    ssl_client_certificate $dir/ca.pem; ssl_verify_client optional;
    set \$who \$https\$ssl_client_verify; if (\$who = onNONE) { return 403; }"
nginx_server=$(echo "$nginx_server" | tr '\n' ' ')
start_nginx

target="--unix-socket $dir/t.sock --retries 0"
certificates="--cert $dir/somebody.pem --key $dir/somebody.key"
# shellcheck disable=SC2086
{
	kv 4 --url https://kv.test get a
	err '*certificate*--cacert*'
	kv 4 --url https://other.test --cacert "$dir/ca.pem" get a
	kv 4 --url https://kv.test --cacert "$dir/ca.pem" get a
	err '*403*'
	kv 0 --url https://kv.test --cacert "$dir/ca.pem" $certificates put a 1
	kv 0 get --url https://kv.test/ --cacert "$dir/ca.pem" $certificates a
}
printf 1 | cmp - "$dir/out" || fail "another value"
kv 2 --url http://kv.test get a # which is not TLS
stop_nginx

# Credentials.
printf 'me:{PLAIN}secret\n' >"$dir/users"
nginx_server="auth_basic kv; auth_basic_user_file $dir/users;"
start_nginx
target="--unix-socket $nsock"
kv 4 get a
err '*--token-file or --user-file*'
(umask 077; echo me:secret >"$dir/mine"; echo me:wrong >"$dir/wrong")
kv 0 get --user-file "$dir/mine" a
[ ! -s "$dir/err" ] || fail "it complained"
export SCRIBEKV_USER_FILE="$dir/mine"
kv 0 put a 2
unset SCRIBEKV_USER_FILE
kv 4 get --user-file "$dir/wrong" a
kv 2 get --user-file "$dir/none" a
kv 2 get --user-file "$dir/mine" --token-file "$dir/mine" a
: >"$dir/empty"
kv 2 get --user-file "$dir/empty" a
chmod 644 "$dir/mine"
kv 0 get --user-file "$dir/mine" a
err '*others may read it*'
stop_nginx

nginx_server="if (\$http_authorization != \"Bearer sesame\") { return 401; }"
start_nginx
kv 4 get a
(umask 077; echo sesame >"$dir/token")
kv 0 get --token-file "$dir/token" a
printf 2 | cmp - "$dir/out" || fail "another value"
kv 0 count --token-file "$dir/token"
stop
