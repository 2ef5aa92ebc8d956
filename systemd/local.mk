# SPDX-License-Identifier: MIT
# Units, and the user and directories that they need.

if INSTALL_SYSTEMDSYSTEMUNITDIR
nodist_systemdsystemunit_DATA = %D%/scribekvd.service %D%/scribekvd.socket
endif
if INSTALL_SYSUSERSDIR
dist_sysusers_DATA = %D%/sysusers.d/scribekv.conf
endif
if INSTALL_TMPFILESDIR
dist_tmpfiles_DATA = %D%/tmpfiles.d/scribekv.conf
endif

CLEANFILES += %D%/scribekvd.service
EXTRA_DIST += %D%/scribekvd.service.in %D%/scribekvd.socket

%D%/scribekvd.service: %D%/scribekvd.service.in Makefile
	$(AM_V_at)$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/scribekvd.service.in >$@
