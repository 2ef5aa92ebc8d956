#!/bin/sh
# SPDX-License-Identifier: MIT
# A flipped bit gives no wrong value.
. "$(dirname "$0")/lib.sh"

torture bitflip "$@"
