# SPDX-License-Identifier: MIT
# Benchmarks are no part of the build: they are run from the source tree.

EXTRA_DIST += %D%/get.lua %D%/put.lua %D%/run
