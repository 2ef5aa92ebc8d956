# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# What holds for each way of access control. The tests define
#
#	let_in METHOD PATH [curl arguments]	a request with good credentials
#
# and have stored "secret" under the key "a".

# Answers without any credentials.
expect_open()
{
	for path in /health /health/live /health/ready /openapi.json; do
		req GET $path "$@"
		expect_status 200
	done
	# What browsers ask before they send what may need credentials.
	for path in /kv/a /kv '/kv?all=true'; do
		req OPTIONS "$path" -H 'Origin: https://app.example.com' \
		    -H 'Access-Control-Request-Method: DELETE' \
		    -H 'Access-Control-Request-Headers: authorization' "$@"
		expect_status 204
		expect_header Access-Control-Allow-Headers '*Authorization*'
	done
	# Other paths of the server are not scribekv's business.
	req GET /elsewhere "$@"
	expect_status 404
}

# expect_refused STATUS [curl arguments]: the plainest requests are.
expect_refused()
{
	refused=$1
	shift
	for path in /kv/a /kv /metrics; do
		req GET $path "$@"
		expect_problem "$refused"
	done
	req PUT /kv/a -d changed "$@"
	expect_problem "$refused"
	req DELETE '/kv?all=true' "$@"
	expect_problem "$refused"
}

# expect_closed STATUS [curl arguments]: nothing is read or written, whichever
# way it is asked for.
expect_closed()
{
	closed=$1
	shift
	for path in /kv/a '/kv?key=a' /kv '/kv?values' /kv/none /metrics \
	    //kv/a /%6bv/a /kv/./b /health/../kv/a /x/../kv//a; do
		req GET "$path" "$@"
		expect_problem "$closed"
	done
	for type in text/plain application/json application/x-ndjson; do
		for request in 'PUT /kv/a' 'POST /kv' 'FROB /kv'; do
			# shellcheck disable=SC2086
			req $request -H "Content-Type: $type" \
			    -d '{"key":"a","value":"changed"}' "$@"
			expect_problem "$closed"
		done
	done
	req DELETE /kv/a "$@"
	expect_problem "$closed"
	req DELETE '/kv?all=true' "$@"
	expect_problem "$closed"
	req HEAD /kv/a "$@"
	expect_status "$closed"
	# Paths that nginx takes for open ones and the daemon must not take for
	# a key; and nginx's own.
	for path in /kv/../health /kv/a/../../health /kv/%2e%2e/health \
	    /kv%2f..%2fhealth /kv/a%2f..%2f..%2fhealth /kv/..%2fhealth \
	    /kv/a%3f/../../health /kv/../openapi.json /kv:write /kv:import \
	    /kv:error /kv:auth /kv:preflight '/kv/a#/../../health'; do
		for method in GET PUT; do
			req $method "$path" "$@"
			case $status in
			400 | 404 | "$closed")
				grep -q secret "$dir/body" && fail 'was read'
				;;
			200)
				[ "$path:$method" = \
				    /kv/../openapi.json:GET ] ||
					fail 'was let in'
				expect_json .openapi
				;;
			405)
				[ "$path" = /kv/../openapi.json ] ||
					fail 'was let in'
				;;
			*)
				fail "status $status"
				;;
			esac
		done
	done
	let_in GET /kv/a
	expect_status 200
	expect_body secret
}

# Every kind of request, with credentials.
expect_served()
{
	let_in PUT /kv/b -H "$bin" -d 2
	expect_status 200
	let_in PUT /kv/b -H "$json" -d '{"value":2}'
	expect_status 200
	let_in HEAD /kv/b
	expect_status 200
	let_in POST /kv -H "$json" -d '{"ops":[{"op":"get","key":"b"}]}'
	expect_status 200
	let_in POST /kv -H 'Content-Type: application/x-ndjson' \
	    -d '{"key":"c","value":1}'
	expect_status 200
	let_in GET '/kv?count'
	expect_json '.count == 3'
	let_in DELETE '/kv?prefix=c'
	expect_json '.deleted == 1'
	let_in DELETE /kv/b
	expect_status 204
	let_in GET /metrics
	expect_status 200
}
