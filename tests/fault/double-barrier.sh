#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness finds out that an empty sync write is no barrier.
. "$(dirname "$0")/lib.sh"

torture_barrier powerloss --count 3000 --expect lost "$@"
