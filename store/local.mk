# SPDX-License-Identifier: MIT
# libscribekv. Its objects are first put into libstore.la, which the daemon and
# the unit tests link: they need no installed library, and see its insides.

noinst_LTLIBRARIES += %D%/libstore.la
%C%_libstore_la_SOURCES = \
	%D%/apply.c \
	%D%/avl.c %D%/avl.h \
	%D%/commit.c \
	%D%/engine.h \
	%D%/engine_leveldb.c \
	%D%/engine_mem.c \
	%D%/expiry.c \
	%D%/internal.h \
	%D%/logsync.c %D%/logsync.h \
	%D%/record.c %D%/record.h \
	%D%/recover.c %D%/recover.h \
	%D%/scan.c \
	%D%/scribekv.h \
	%D%/space.c \
	%D%/store.c \
	%D%/sync.c \
	%D%/txn.c \
	%D%/typed.c
STORE_LIBS = %D%/libstore.la $(LEVELDB_LIBS)

# NB: anything else that is visible would be part of the interface.
lib_LTLIBRARIES += %D%/libscribekv.la
%C%_libscribekv_la_SOURCES =
%C%_libscribekv_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined \
	-version-info 0:0:0
%C%_libscribekv_la_LIBADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)

include_HEADERS += %D%/scribekv.h
pkgconfig_DATA = %D%/scribekv.pc
