# SPDX-License-Identifier: MIT
# What documents mean to the store, for daemon and client.

noinst_LTLIBRARIES += %D%/libwire.la
%C%_libwire_la_SOURCES = \
	%D%/etag.c %D%/etag.h \
	%D%/keyname.c %D%/keyname.h \
	%D%/line.c %D%/line.h \
	%D%/page.c %D%/page.h \
	%D%/txn.c %D%/txn.h \
	%D%/value.c %D%/value.h
WIRE_LIBS = %D%/libwire.la
