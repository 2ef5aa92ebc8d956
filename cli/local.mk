# SPDX-License-Identifier: MIT
# The client.

bin_PROGRAMS += %D%/scribekv
%C%_scribekv_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
%C%_scribekv_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
%C%_scribekv_SOURCES = \
	%D%/archive.c %D%/archive.h \
	%D%/args.c \
	%D%/cli.h \
	%D%/cmd_backup.c \
	%D%/cmd_check.c \
	%D%/cmd_bench.c %D%/bench.h \
	%D%/cmd_copy.c \
	%D%/cmd_export.c \
	%D%/cmd_info.c \
	%D%/cmd_key.c \
	%D%/cmd_list.c \
	%D%/cmd_txn.c \
	%D%/commands.c %D%/commands.h \
	%D%/common.c %D%/common.h \
	%D%/complete.c %D%/complete.h \
	%D%/direct.c %D%/direct.h \
	%D%/direct_many.c \
	%D%/examine.c %D%/examine.h \
	%D%/help.c \
	%D%/http.c %D%/http.h \
	%D%/http_bench.c \
	%D%/http_open.c \
	%D%/http_ops.c \
	%D%/input.c %D%/input.h \
	%D%/item.c %D%/item.h \
	%D%/main.c \
	%D%/output.c %D%/output.h \
	%D%/progress.c %D%/progress.h \
	%D%/save.c %D%/save.h \
	%D%/session.c \
	%D%/shell.c \
	%D%/state.c %D%/state.h \
	%D%/target.c %D%/target.h \
	%D%/user.c
%C%_scribekv_LDADD = $(WIRE_LIBS) $(STORE_LIBS) $(CODEC_LIBS) $(BASE_LIBS) \
	$(JSONC_LIBS) $(LIBCURL_LIBS) $(LIBEDIT_LIBS) $(LIBMD_LIBS)

dist_man_MANS += %D%/scribekv.1

# Where the shells look below any prefix.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = %D%/completion/scribekv
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = %D%/completion/_scribekv
