# SPDX-License-Identifier: MIT
# The console's files as browsers load them. They are made of src/ by build.mjs
# and committed: see there.

consoledir = $(pkgdatadir)/console
dist_console_DATA = \
	%D%/dist/LICENSES.txt \
	%D%/dist/console.css \
	%D%/dist/console.js \
	%D%/dist/icon.svg \
	%D%/dist/index.html
EXTRA_DIST += %D%/build.mjs %D%/package.json %D%/package-lock.json %D%/src
