# SPDX-License-Identifier: MIT
# Debian packages; ./dev packages builds them.

EXTRA_DIST += \
	%D%/changelog \
	%D%/control \
	%D%/copyright \
	%D%/libscribekv-dev.install \
	%D%/libscribekv0.install \
	%D%/libscribekv0.symbols \
	%D%/nginx/scribekv.conf \
	%D%/not-installed \
	%D%/po/POTFILES.in \
	%D%/po/templates.pot \
	%D%/rules \
	%D%/scribekv.install \
	%D%/scribekv.lintian-overrides \
	%D%/scribekv.postrm \
	%D%/scribekv.templates \
	%D%/source/format
