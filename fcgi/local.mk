# SPDX-License-Identifier: MIT
# The daemon. All but main.c is in libdaemon.a, which the unit tests link too.

noinst_LIBRARIES += %D%/libdaemon.a
%C%_libdaemon_a_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
%C%_libdaemon_a_SOURCES = \
	%D%/conf.c %D%/conf.h \
	%D%/conf_table.c \
	%D%/conn.c %D%/conn.h \
	%D%/cursor.c %D%/cursor.h \
	%D%/etag.c %D%/etag.h \
	%D%/handle_health.c \
	%D%/handle_key.c \
	%D%/handle_list.c \
	%D%/handle_many.c %D%/handle_many.h \
	%D%/handle_stream.c \
	%D%/handle_txn.c \
	%D%/header.c %D%/header.h \
	%D%/listen.c %D%/listen.h \
	%D%/log.c %D%/log.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/nodes.c %D%/nodes.h \
	%D%/remedy.c %D%/remedy.h \
	%D%/request.c %D%/request.h \
	%D%/response.c %D%/response.h \
	%D%/router.c %D%/router.h \
	%D%/server.h \
	%D%/task.c %D%/task.h \
	%D%/tend.c \
	%D%/uri.c %D%/uri.h \
	%D%/worker.c %D%/worker.h
DAEMON_LIBS = %D%/libdaemon.a $(WIRE_LIBS) $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS) \
	$(FCGI_LIBS) $(INIH_LIBS) $(JSONC_LIBS) $(LIBSYSTEMD_LIBS)

sbin_PROGRAMS += %D%/scribekvd
%C%_scribekvd_SOURCES = %D%/main.c
%C%_scribekvd_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
%C%_scribekvd_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
%C%_scribekvd_LDADD = $(DAEMON_LIBS) -ldl

dist_man_MANS += %D%/scribekvd.8 %D%/scribekv.conf.5
EDITED_FILES += %D%/scribekv.conf
