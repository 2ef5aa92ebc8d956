#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness finds out that the directory is not synced.
. "$(dirname "$0")/lib.sh"

torture_dirsync powerloss --count 3000 --expect lost "$@"
