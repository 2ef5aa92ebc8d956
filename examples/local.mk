# SPDX-License-Identifier: MIT
# Small programs for those who use the library. They know nothing but its
# installed header, link the shared library, and are run by the tests.

EXAMPLES = %D%/counter %D%/greeting %D%/ingest
check_PROGRAMS += $(EXAMPLES)

%C%_counter_SOURCES = %D%/counter.c
%C%_greeting_SOURCES = %D%/greeting.c
%C%_ingest_SOURCES = %D%/ingest.c
%C%_counter_CPPFLAGS = -I$(top_srcdir)/store
%C%_greeting_CPPFLAGS = -I$(top_srcdir)/store
%C%_ingest_CPPFLAGS = -I$(top_srcdir)/store
%C%_counter_LDADD = store/libscribekv.la
%C%_greeting_LDADD = store/libscribekv.la
%C%_ingest_LDADD = store/libscribekv.la

examplesdir = $(docdir)/examples/c
dist_examples_DATA = %D%/counter.c %D%/greeting.c %D%/ingest.c
