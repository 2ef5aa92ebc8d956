# SPDX-License-Identifier: MIT
# Documents in JSON and CBOR, for daemon and library.

noinst_LTLIBRARIES += %D%/libcodec.la
%C%_libcodec_la_SOURCES = \
	%D%/cbor.c %D%/cbor.h \
	%D%/cbor_put.c \
	%D%/cbor_walk.c \
	%D%/doc.c %D%/doc.h \
	%D%/doc_priv.h \
	%D%/json.c \
	%D%/number.c \
	%D%/text.c
CODEC_LIBS = %D%/libcodec.la $(LIBCBOR_LIBS)
