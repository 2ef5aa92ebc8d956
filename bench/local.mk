# SPDX-License-Identifier: MIT
# Benchmarks are no part of the build, but are checked.

check_PROGRAMS += %D%/canned %D%/fill %D%/idle %D%/store
TESTS += %D%/check.sh
EXTRA_DIST += %D%/README.md %D%/check.sh %D%/groups.sh %D%/growth.sh %D%/lib.sh \
	%D%/load.lua %D%/report.sh %D%/rows %D%/run %D%/table.awk

%C%_canned_SOURCES = %D%/canned.c
%C%_fill_SOURCES = %D%/fill.c
%C%_fill_LDADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)
%C%_idle_SOURCES = %D%/idle.c
%C%_store_SOURCES = %D%/store.c %D%/target.h %D%/target_file.c \
	%D%/target_leveldb.c %D%/target_skv.c
%C%_store_LDADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)

if HAVE_LIBMARIADB
check_PROGRAMS += %D%/servers
BENCH_SERVERS = %D%/servers
endif
%C%_servers_SOURCES = %D%/servers.c
%C%_servers_LDADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)

.PHONY: bench bench-programs
bench-programs: %D%/canned %D%/fill %D%/idle %D%/store $(BENCH_SERVERS)
bench: all bench-programs
	$(top_srcdir)/%D%/run --build $(abs_top_builddir)
