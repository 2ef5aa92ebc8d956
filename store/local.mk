# SPDX-License-Identifier: MIT
# libscribekv. Its objects are first put into libstore.la, which the daemon and
# the unit tests link: they need no installed library, and see its insides.

noinst_LTLIBRARIES += %D%/libstore.la
%C%_libstore_la_SOURCES = \
	%D%/apply.c \
	%D%/avl.c %D%/avl.h \
	%D%/check.c \
	%D%/commit.c \
	%D%/engine.h \
	%D%/engine_leveldb.c \
	%D%/engine_mem.c \
	%D%/examine.c %D%/examine.h \
	%D%/expiry.c \
	%D%/internal.h \
	%D%/leveldb_dir.c %D%/leveldb_dir.h \
	%D%/logfile.c %D%/logfile.h \
	%D%/logsync.c %D%/logsync.h \
	%D%/meta.c \
	%D%/record.c %D%/record.h \
	%D%/recover.c %D%/recover.h \
	%D%/repair.c \
	%D%/scan.c \
	%D%/scribekv.h \
	%D%/shared.c \
	%D%/space.c \
	%D%/store.c \
	%D%/survey.c %D%/survey.h \
	%D%/sync.c \
	%D%/table.c %D%/table.h \
	%D%/txn.c \
	%D%/typed.c \
	%D%/watch.c
STORE_LIBS = %D%/libstore.la $(LEVELDB_LIBS) $(SNAPPY_LIBS) \
	$(LIBMARIADB_LIBS)
if HAVE_LIBMARIADB
%C%_libstore_la_SOURCES += \
	%D%/engine_mariadb.c \
	%D%/mariadb.h \
	%D%/mariadb_conn.c \
	%D%/mariadb_iter.c \
	%D%/mariadb_node.c \
	%D%/mariadb_read.c \
	%D%/mariadb_slot.c \
	%D%/mariadb_stmt.c \
	%D%/mariadb_url.c \
	%D%/mariadb_write.c
endif

# NB: anything else that is visible would be part of the interface.
lib_LTLIBRARIES += %D%/libscribekv.la
%C%_libscribekv_la_SOURCES =
%C%_libscribekv_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined \
	-version-info 0:0:0
%C%_libscribekv_la_LIBADD = $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS)

include_HEADERS += %D%/scribekv.h
dist_man_MANS += %D%/scribekv.3
EXTRA_DIST += %D%/scribekv.abi
pkgconfig_DATA = %D%/scribekv.pc
