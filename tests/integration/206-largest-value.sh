#!/bin/sh
# SPDX-License-Identifier: MIT
# Exactly max_value is stored; one more byte is 413, from the daemon and, for
# a body that nginx does not even pass on, from nginx.
. "$(dirname "$0")/lib.sh"

start
max=8388608
head -c $max /dev/urandom >"$dir/max"
{ cat "$dir/max"; printf x; } >"$dir/over"
req PUT /kv/max -H "$bin" --data-binary "@$dir/max"
expect_status 200
req GET /kv/max
expect_file "$dir/max"
req GET /kv/max -H "Range: bytes=$((max - 4))-"
tail -c 4 "$dir/max" >"$dir/tail"
expect_file "$dir/tail"

req PUT /kv/over -H "$bin" --data-binary "@$dir/over"
expect_problem 413
req PUT /kv/over -H "$bin" -H 'Transfer-Encoding: chunked' \
    --data-binary "@$dir/over"
expect_problem 413
req GET /kv/over
expect_problem 404

# It is the value that counts, not the envelope around it.
{ printf '{"value":"'; repeat x $max; printf '"}'; } >"$dir/envelope"
req PUT /kv/env -H "$json" --data-binary "@$dir/envelope"
expect_status 200
{ printf '{"value":"x'; repeat x $max; printf '"}'; } >"$dir/envelope"
req PUT /kv/over -H "$json" --data-binary "@$dir/envelope"
expect_problem 413

# More than client_max_body_size; the file is all hole.
truncate -s 70000000 "$dir/huge"
req PUT /kv/over -H "$bin" -T "$dir/huge"
expect_problem 413
req PUT /kv/over -H "$bin" -H 'Transfer-Encoding: chunked' -T "$dir/huge"
expect_problem 413
stop

start --max-value 10
put ten 0123456789
req PUT /kv/eleven -H "$bin" -d 0123456789x
expect_problem 413
# A lower limit does not take away what is stored.
req GET /kv/max
expect_file "$dir/max"
stop
