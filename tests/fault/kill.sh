#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing acknowledged is lost by kill -9.
. "$(dirname "$0")/lib.sh"

torture kill "$@"
