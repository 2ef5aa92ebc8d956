#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples in doc/http.md do what is shown.
. "$(dirname "$0")/lib.sh"
about_leveldb
. "$(dirname "$0")/document.sh"

start
run_document "$SKV_SRCDIR/doc/http.md" 45
stop
