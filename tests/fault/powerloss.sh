#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing durable is lost with the power.
. "$(dirname "$0")/lib.sh"

torture powerloss "$@"
