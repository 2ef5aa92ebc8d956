#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness finds out that a store goes on after a failed write.
. "$(dirname "$0")/lib.sh"

torture faults --unlatch --count 300 --expect latch "$@"
