#!/bin/sh
# SPDX-License-Identifier: MIT
# The checker of histories refuses the wrong ones and takes the right ones.
set -eu

if ! command -v python3 >/dev/null; then
	echo 'linear-self: skipped: there is no python3'
	exit 77
fi
# In a source tree that may be read-only.
export PYTHONDONTWRITEBYTECODE=1
python3 "$(dirname "$0")/test_linear.py" "$@"
