# SPDX-License-Identifier: MIT
# Benchmarks are no part of the build: bench/run makes what it needs.

EXTRA_PROGRAMS = %D%/canned %D%/store
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += %D%/README.md %D%/load.lua %D%/run

%C%_canned_SOURCES = %D%/canned.c

%C%_store_SOURCES = %D%/leveldb.c %D%/store.c %D%/target.h
%C%_store_LDADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)

.PHONY: bench
bench: all $(EXTRA_PROGRAMS)
	$(top_srcdir)/%D%/run --build $(abs_top_builddir)
