#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every fuzz function over its corpus.
set -eu

for dir in "$SKV_SRCDIR"/tests/fuzz/corpus/*/; do
	name=$(basename "$dir")
	echo "$name: $(find "$dir" -type f | wc -l) files"
	find "$dir" -type f -exec "$SKV_BUILDDIR/tests/fuzz/fuzz_$name" {} +
done
