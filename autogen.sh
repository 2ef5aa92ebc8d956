#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes ./configure from configure.ac; needed in a checkout, not in a release.
set -e
cd "$(dirname "$0")"
autoreconf -i
