#!/bin/sh
# SPDX-License-Identifier: MIT
# --help, --version and --check-config say what they should and end with 0.
. "$(dirname "$0")/lib.sh"

"$SCRIBEKVD" --help >"$dir/help"
for option in --config --store --socket --socket-mode --workers \
    --sync-interval-ms --max-value --log-level --check-config --version; do
	grep -q -e "$option" "$dir/help" || fail "--help lacks $option"
done
"$SCRIBEKVD" --version | grep -qE '[0-9]+\.[0-9]+\.[0-9]+' ||
	fail "--version names no version"

echo 'workers = 3' >"$dir/scribekv.conf"
"$SCRIBEKVD" --config "$dir/scribekv.conf" --store "$store" \
    --socket "$dsock" --check-config ||
	fail "a good configuration is refused"
[ ! -e "$dir/db" ] || fail "--check-config created the store"
[ ! -e "$dsock" ] || fail "--check-config created the socket"
