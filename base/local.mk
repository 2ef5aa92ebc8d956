# SPDX-License-Identifier: MIT
# What library and daemon both need and no other library gives.

noinst_LTLIBRARIES += %D%/libbase.la
%C%_libbase_la_SOURCES = \
	%D%/buf.c %D%/buf.h \
	%D%/check.h \
	%D%/lck.c %D%/lck.h
BASE_LIBS = %D%/libbase.la
