#!/bin/sh
# SPDX-License-Identifier: MIT
# Lints doc/openapi.json with Redocly CLI, which npm brings into the directory
# that is given. Needs node 18 or later and the npm registry.
#
# usage: lint.sh DIRECTORY
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cp "$here/package.json" "$here/package-lock.json" "$here/redocly.yaml" "$1"
cd "$1"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    node_modules/.bin/redocly lint --config redocly.yaml \
    "$here/../../doc/openapi.json"
