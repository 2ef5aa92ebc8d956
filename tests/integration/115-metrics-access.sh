#!/bin/sh
# SPDX-License-Identifier: MIT
# Only local addresses get at /metrics, whichever way it is written.
. "$(dirname "$0")/lib.sh"

nginx -V 2>&1 | grep -q http_realip_module || {
	echo "$self: skipped: nginx without its realip module"
	exit 77
}
nginx_server='set_real_ip_from unix:; real_ip_header X-Test-Address;'
start
for path in /metrics /metrics?x /%6detrics //metrics /kv/../metrics; do
	for address in 192.0.2.1 10.0.0.1 2001:db8::1; do
		for method in GET PUT; do
			req "$method" "$path" -H "X-Test-Address: $address"
			expect_problem 403
		done
	done
done
# What it answers to others is another test's concern.
for address in 127.0.0.1 ::1; do
	req GET /metrics -H "X-Test-Address: $address"
	[ "$status" != 403 ] || fail "$address is refused"
done
req GET /metrics
[ "$status" != 403 ] || fail "a UNIX socket is refused"
# All others may read and write.
req PUT /kv/a -H "$bin" -d 1 -H 'X-Test-Address: 192.0.2.1'
expect_status 200
stop
