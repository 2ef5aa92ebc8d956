# SPDX-License-Identifier: MIT
# Faults of the machine: power, disk, bits, kill -9. The program "torture" is
# built three times: with the store as it is, and with two known faults put
# back into copies of its files, which it must find.

check_PROGRAMS += %D%/torture %D%/torture_barrier %D%/torture_dirsync
%C%_torture_SOURCES = \
	%D%/history.c %D%/history.h \
	%D%/place.c \
	%D%/test_bitflip.c \
	%D%/test_faults.c \
	%D%/test_kill.c \
	%D%/test_powerloss.c \
	%D%/torture.c %D%/torture.h \
	%D%/workload.c
%C%_torture_LDADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)

# The barrier is an empty sync write of LevelDB's.
%C%_torture_barrier_SOURCES = $(%C%_torture_SOURCES) \
	%D%/doubles.c %D%/doubles.h store/engine_leveldb.c
%C%_torture_barrier_CPPFLAGS = $(AM_CPPFLAGS) \
	-Dlogsync_barrier=double_barrier -Dleveldb_open=double_leveldb_open
%C%_torture_barrier_LDADD = $(%C%_torture_LDADD)

# The directory is never synced.
%C%_torture_dirsync_SOURCES = $(%C%_torture_SOURCES) \
	%D%/doubles.c %D%/doubles.h store/logsync.c
%C%_torture_dirsync_CPPFLAGS = $(AM_CPPFLAGS) -Dfsync=double_fsync
%C%_torture_dirsync_LDADD = $(%C%_torture_LDADD)

# Clients of a daemon behind nginx.
check_PROGRAMS += %D%/hammer
%C%_hammer_SOURCES = \
	%D%/client.c \
	%D%/hammer.c %D%/hammer.h \
	%D%/http.c %D%/http.h
%C%_hammer_LDADD = $(BASE_LIBS) $(JSONC_LIBS)

# A module for LD_PRELOAD. Without -rpath libtool makes no shared one.
check_LTLIBRARIES = %D%/powerloss.la %D%/stall.la %D%/nomem.la
%C%_powerloss_la_SOURCES = %D%/disk.c %D%/failing.c \
	%D%/powerloss.c %D%/powerloss.h
%C%_powerloss_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-rpath $(abs_builddir)/%D%
%C%_powerloss_la_LIBADD = -ldl
%C%_stall_la_SOURCES = %D%/stall.c
%C%_stall_la_LDFLAGS = $(%C%_powerloss_la_LDFLAGS)
%C%_nomem_la_SOURCES = %D%/nomem.c
%C%_nomem_la_LDFLAGS = $(%C%_powerloss_la_LDFLAGS)
%C%_nomem_la_LIBADD = -ldl

FAULT_TESTS = \
	%D%/kill.sh \
	%D%/powerloss.sh \
	%D%/faults.sh \
	%D%/bitflip.sh \
	%D%/fulldisk.sh \
	%D%/double-barrier.sh \
	%D%/double-dirsync.sh \
	%D%/double-forget.sh \
	%D%/double-latch.sh \
	%D%/double-nomem.sh \
	%D%/http-kill.sh \
	%D%/linear.sh \
	%D%/linear-self.sh \
	%D%/nomem.sh \
	%D%/repair.sh \
	%D%/soak.sh
TESTS += $(FAULT_TESTS)
EXTRA_DIST += $(FAULT_TESTS) %D%/lib.sh %D%/lib_http.sh %D%/lib_nomem.sh %D%/torture.sh \
	%D%/linear.py %D%/test_linear.py
