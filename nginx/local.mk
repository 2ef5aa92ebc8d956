# SPDX-License-Identifier: MIT
# The snippets that users include, and the server that shows them at work.

EDITED_FILES += \
	%D%/scribekv-auth-request.conf \
	%D%/scribekv-basic-auth.conf \
	%D%/scribekv-client-cert.conf \
	%D%/scribekv-console.conf \
	%D%/scribekv-http.conf \
	%D%/scribekv-limits.conf \
	%D%/scribekv-server.conf \
	%D%/scribekv-tls.conf \
	%D%/scribekv-upstream.conf
EXTRA_DIST += %D%/quickstart.conf.in
