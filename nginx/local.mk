# SPDX-License-Identifier: MIT
# The snippets that users include, and the server that shows them at work.

EDITED_FILES += \
	%D%/scribekv-http.conf \
	%D%/scribekv-server.conf \
	%D%/scribekv-upstream.conf
EXTRA_DIST += %D%/quickstart.conf.in
