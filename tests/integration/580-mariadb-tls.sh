#!/bin/sh
# SPDX-License-Identifier: MIT
# TLS to a MariaDB server, with certificates on both sides, and where its
# password may come from.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_cli.sh"
. "$(dirname "$0")/lib_tls.sh"
. "$(dirname "$0")/lib_mariadb.sh"

command -v python3 >"$dir/which" || {
	echo "$self: skipped: there is no python3"
	exit 77
}

make_ca ca
make_ca other
cert_names=IP:127.0.0.1 make_cert ca server
make_cert ca elsewhere
make_cert ca client
make_cert other stranger
chmod 644 "$dir"/*.key # the server's user may be another
printf 'pass word\nsecond line\n' >"$dir/password"
printf 'wrong\n' >"$dir/wrong"
: >"$dir/empty"

port=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# serve NAME: with that certificate
serve()
{
	start_mariadb --skip-networking=0 --bind-address=127.0.0.1 \
	    --port="$port" --ssl-ca="$dir/ca.crt" --ssl-cert="$dir/$1.crt" \
	    --ssl-key="$dir/$1.key"
}
serve server
for user in plain:NONE secret:SSL known:X509; do
	sql "CREATE USER ${user%:*}@'127.0.0.1' IDENTIFIED BY 'pass word'
	    REQUIRE ${user#*:}; GRANT ALL ON kv.* TO ${user%:*}@'127.0.0.1';" ||
		fail "$(cat "$dir/sql")"
done

# ask STATUS USER OPTIONS [COMPLAINT]: of a store at the server
ask()
{
	patience=1000
	[ "$1" != 0 ] || patience=60000
	target="--create --store mariadb://$2@127.0.0.1:$port/kv?timeout_ms=$patience${3:+&}$3"
	kv "$1" count
	[ "$1" = 0 ] || err "*127.0.0.1:$port: $4*"
	! grep -qF 'pass word' "$dir/err" || fail "it tells the password"
}
with="password_file=$dir/password"

# The password.
ask 0 plain "$with"
SCRIBEKV_MARIADB_PASSWORD='pass word'
export SCRIBEKV_MARIADB_PASSWORD
ask 0 plain ''
ask 5 plain "password_file=$dir/wrong" '*denied*'
SCRIBEKV_MARIADB_PASSWORD=wrong
ask 5 plain '' '*denied*'
ask 0 plain "$with"
unset SCRIBEKV_MARIADB_PASSWORD
ask 5 plain '' '*denied*using password: NO*'
for file in none empty; do
	target="--store mariadb://plain@127.0.0.1:$port/kv?password_file=$dir/$file"
	kv 5 count
	err "*$dir/$file: *"
done

# Who demands TLS is not served without.
ask 5 secret "$with" '*denied*'
ask 0 secret "$with&tls=required"
ask 0 secret "$with&tls=verify&tls_ca=$dir/ca.crt"
ask 5 secret "$with&tls=verify&tls_ca=$dir/other.crt" 'TLS*certificate*'
ask 5 secret "$with&tls=required&tls_ca=$dir/other.crt" 'TLS*certificate*'
ask 5 secret "$with&tls=verify" 'TLS*certificate*'
ask 5 secret "$with&tls=verify&tls_ca=$dir/none.crt" 'TLS*'

# A certificate of our own.
ask 5 known "$with&tls=verify&tls_ca=$dir/ca.crt" '*denied*'
key="tls_cert=$dir/client.crt&tls_key=$dir/client.key"
ask 0 known "$with&tls=verify&tls_ca=$dir/ca.crt&$key"
key="tls_cert=$dir/stranger.crt&tls_key=$dir/stranger.key"
ask 5 known "$with&tls=verify&tls_ca=$dir/ca.crt&$key" '*'

# A certificate by itself would be of no use, so it is not ignored.
target="--store mariadb://plain@127.0.0.1:$port/kv?$with&tls_ca=$dir/ca.crt"
kv 2 count
err '*tls_ca*tls=*'

# A daemon, and all of its connections.
store="mariadb://secret@127.0.0.1:$port/kv?$with&tls=verify&tls_ca=$dir/ca.crt"
start
put a 1
req GET /kv/a
expect_body 1
sql "SELECT COUNT(*) FROM information_schema.processlist
    WHERE user = 'secret';"
[ "$(cat "$dir/sql")" -gt 1 ] || fail "it is not connected"
! grep -qF 'pass word' "$dlog" || fail "it tells the password"
stop

# Of another name, and none at all.
stop_mariadb
serve elsewhere
ask 0 secret "$with&tls=required"
ask 5 secret "$with&tls=verify&tls_ca=$dir/ca.crt" 'TLS*certificate*'
stop_mariadb
start_mariadb --skip-networking=0 --bind-address=127.0.0.1 --port="$port" \
    --skip-ssl
ask 0 plain "$with"
ask 5 plain "$with&tls=required" 'TLS is required*'
ask 5 plain "$with&tls=verify&tls_ca=$dir/ca.crt" '*'
stop_mariadb
