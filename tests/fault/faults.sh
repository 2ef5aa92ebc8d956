#!/bin/sh
# SPDX-License-Identifier: MIT
# After a failed system call nothing is acknowledged, and nothing lost.
. "$(dirname "$0")/lib.sh"

torture faults "$@"
