# SPDX-License-Identifier: MIT
# Unit tests are one program a module, so that a crash costs one module;
# integration tests are shell scripts. Both end with 0 passed, 1 failed, 77
# skipped, 99 could not run.

if HAVE_CUNIT
UNIT_TESTS = \
	%D%/unit/test_buf \
	%D%/unit/test_commit \
	%D%/unit/test_conf \
	%D%/unit/test_doc \
	%D%/unit/test_doc_cbor \
	%D%/unit/test_durability \
	%D%/unit/test_engine \
	%D%/unit/test_engine_leveldb \
	%D%/unit/test_examine \
	%D%/unit/test_expiry \
	%D%/unit/test_fault \
	%D%/unit/test_header \
	%D%/unit/test_lck \
	%D%/unit/test_log \
	%D%/unit/test_logsync \
	%D%/unit/test_nomem \
	%D%/unit/test_overload \
	%D%/unit/test_record \
	%D%/unit/test_scan \
	%D%/unit/test_shared \
	%D%/unit/test_store \
	%D%/unit/test_txn \
	%D%/unit/test_typed \
	%D%/unit/test_uri
endif
if HAVE_LIBMARIADB
if HAVE_CUNIT
UNIT_TESTS += %D%/unit/test_mariadb %D%/unit/test_mariadb_failures
endif
endif
check_PROGRAMS += $(UNIT_TESTS)

# What several of them share.
if HAVE_CUNIT
check_LIBRARIES = %D%/unit/libfixture.a
endif
%C%_unit_libfixture_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DTESTS_SRCDIR='"$(abs_top_srcdir)"'
%C%_unit_libfixture_a_SOURCES = \
	%D%/unit/doc_cases.h \
	%D%/unit/engine_fault.c %D%/unit/engine_fault.h \
	%D%/unit/examine_fixture.h %D%/unit/leveldb_fixture.h \
	%D%/unit/mariadb_fixture.c %D%/unit/mariadb_fixture.h \
	%D%/unit/mariadb_pair.c %D%/unit/mariadb_pair.h \
	%D%/unit/store_fixture.c %D%/unit/store_fixture.h \
	%D%/unit/suite.c %D%/unit/suite.h

# Of every program that has none of its own.
LDADD = %D%/unit/libfixture.a $(DAEMON_LIBS) $(CUNIT_LIBS)
%C%_unit_test_mariadb_failures_SOURCES = %D%/unit/test_mariadb_failures.c \
	%D%/unit/mariadb_cut.c %D%/unit/mariadb_cut.h
%C%_unit_test_mariadb_failures_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mysql_stmt_execute,--wrap=mysql_real_query
%C%_unit_test_expiry_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
%C%_unit_test_nomem_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray

# The fuzz functions: over their corpora, without a fuzzer, unless configured
# with --enable-sanitizers=fuzzer-no-link,... for clang.
FUZZ_TARGETS = \
	%D%/fuzz/fuzz_doc \
	%D%/fuzz/fuzz_header \
	%D%/fuzz/fuzz_ldb \
	%D%/fuzz/fuzz_record \
	%D%/fuzz/fuzz_request \
	%D%/fuzz/fuzz_uri
check_PROGRAMS += $(FUZZ_TARGETS)
if FUZZERS
FUZZ_RUNNER =
FUZZ_LINK = -fsanitize=fuzzer
else
FUZZ_RUNNER = %D%/fuzz/replay.c
FUZZ_LINK =
endif
%C%_fuzz_fuzz_doc_SOURCES = %D%/fuzz/fuzz_doc.c $(FUZZ_RUNNER)
%C%_fuzz_fuzz_doc_LDADD = $(DAEMON_LIBS)
%C%_fuzz_fuzz_doc_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
%C%_fuzz_fuzz_header_SOURCES = %D%/fuzz/fuzz_header.c $(FUZZ_RUNNER)
%C%_fuzz_fuzz_header_LDADD = $(DAEMON_LIBS)
%C%_fuzz_fuzz_header_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
%C%_fuzz_fuzz_ldb_SOURCES = %D%/fuzz/fuzz_ldb.c $(FUZZ_RUNNER)
%C%_fuzz_fuzz_ldb_LDADD = $(DAEMON_LIBS)
%C%_fuzz_fuzz_ldb_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
%C%_fuzz_fuzz_record_SOURCES = %D%/fuzz/fuzz_record.c $(FUZZ_RUNNER)
%C%_fuzz_fuzz_record_LDADD = $(DAEMON_LIBS)
%C%_fuzz_fuzz_record_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
%C%_fuzz_fuzz_request_SOURCES = %D%/fuzz/fuzz_request.c $(FUZZ_RUNNER)
%C%_fuzz_fuzz_request_LDADD = $(DAEMON_LIBS)
%C%_fuzz_fuzz_request_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
%C%_fuzz_fuzz_uri_SOURCES = %D%/fuzz/fuzz_uri.c $(FUZZ_RUNNER)
%C%_fuzz_fuzz_uri_LDADD = $(DAEMON_LIBS)
%C%_fuzz_fuzz_uri_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
EXTRA_DIST += %D%/fuzz/replay.c %D%/fuzz/fuzz.sh %D%/fuzz/request.dict

.PHONY: fuzzers
fuzzers: $(FUZZ_TARGETS)

INTEGRATION_TESTS = \
	%D%/integration/000-help.sh \
	%D%/integration/001-bad-config.sh \
	%D%/integration/002-start-stop.sh \
	%D%/integration/003-socket-mode.sh \
	%D%/integration/004-stale-socket.sh \
	%D%/integration/005-two-daemons.sh \
	%D%/integration/006-sighup.sh \
	%D%/integration/007-passed-socket.sh \
	%D%/integration/008-nginx-snippets.sh \
	%D%/integration/009-hardening.sh \
	%D%/integration/010-privileges.sh \
	%D%/integration/011-sandbox.sh \
	%D%/integration/012-failed-open.sh \
	%D%/integration/100-json.sh \
	%D%/integration/101-raw.sh \
	%D%/integration/102-accept.sh \
	%D%/integration/103-delete.sh \
	%D%/integration/104-head.sh \
	%D%/integration/105-conditional-put.sh \
	%D%/integration/106-conditional-get.sh \
	%D%/integration/107-range.sh \
	%D%/integration/108-if-range.sh \
	%D%/integration/109-ttl.sh \
	%D%/integration/110-sync.sh \
	%D%/integration/111-methods.sh \
	%D%/integration/112-health.sh \
	%D%/integration/113-cors.sh \
	%D%/integration/114-request-id.sh \
	%D%/integration/115-metrics-access.sh \
	%D%/integration/116-cbor.sh \
	%D%/integration/130-tls.sh \
	%D%/integration/131-client-cert.sh \
	%D%/integration/132-basic-auth.sh \
	%D%/integration/133-auth-request.sh \
	%D%/integration/134-limits.sh \
	%D%/integration/150-json-exact.sh \
	%D%/integration/151-unicode.sh \
	%D%/integration/152-depth.sh \
	%D%/integration/153-duplicates.sh \
	%D%/integration/154-cbor.sh \
	%D%/integration/155-accept-kinds.sh \
	%D%/integration/156-base64.sh \
	%D%/integration/160-transaction.sh \
	%D%/integration/161-conditions.sh \
	%D%/integration/162-cbor-transaction.sh \
	%D%/integration/163-transaction-kill-9.sh \
	%D%/integration/165-list.sh \
	%D%/integration/166-pages.sh \
	%D%/integration/167-pages-while-writing.sh \
	%D%/integration/170-count-delete.sh \
	%D%/integration/171-odd-keys.sh \
	%D%/integration/175-export-import.sh \
	%D%/integration/176-import-forms.sh \
	%D%/integration/177-cut-export.sh \
	%D%/integration/178-slow-exports.sh \
	%D%/integration/179-constant-memory.sh \
	%D%/integration/180-expiry-clock.sh \
	%D%/integration/185-metrics.sh \
	%D%/integration/186-slow-requests.sh \
	%D%/integration/190-readme-examples.sh \
	%D%/integration/191-http-examples.sh \
	%D%/integration/192-operations-examples.sh \
	%D%/integration/193-deployment.sh \
	%D%/integration/194-library.sh \
	%D%/integration/195-openapi.sh \
	%D%/integration/196-rules.sh \
	%D%/integration/197-migration-examples.sh \
	%D%/integration/198-tutorial.sh \
	%D%/integration/197-security-claims.sh \
	%D%/integration/200-keys.sh \
	%D%/integration/201-key-lengths.sh \
	%D%/integration/202-bad-paths.sh \
	%D%/integration/203-bad-queries.sh \
	%D%/integration/204-bad-json.sh \
	%D%/integration/205-value-sizes.sh \
	%D%/integration/206-largest-value.sh \
	%D%/integration/207-chunked.sh \
	%D%/integration/208-bad-headers.sh \
	%D%/integration/210-hostile-values.sh \
	%D%/integration/211-hostile-requests.sh \
	%D%/integration/255-hostile-memory.sh \
	%D%/integration/260-bad-transactions.sh \
	%D%/integration/261-transaction-limits.sh \
	%D%/integration/265-bad-lists.sh \
	%D%/integration/266-bad-imports.sh \
	%D%/integration/300-parallel.sh \
	%D%/integration/301-parallel-writes.sh \
	%D%/integration/302-compare-and-swap.sh \
	%D%/integration/303-hang-up.sh \
	%D%/integration/304-slow-client.sh \
	%D%/integration/305-half-open.sh \
	%D%/integration/306-workers.sh \
	%D%/integration/400-daemon-down.sh \
	%D%/integration/401-restart-under-load.sh \
	%D%/integration/402-kill-9.sh \
	%D%/integration/403-kill-9-under-load.sh \
	%D%/integration/404-never-resent.sh \
	%D%/integration/405-nginx-errors.sh \
	%D%/integration/406-full-disk.sh \
	%D%/integration/500-client-keys.sh \
	%D%/integration/410-stalled-disk.sh \
	%D%/integration/510-client-many.sh \
	%D%/integration/520-client-streams.sh \
	%D%/integration/530-client-bad-servers.sh \
	%D%/integration/540-client-check.sh \
	%D%/integration/541-client-backup.sh \
	%D%/integration/540-client-shell.sh \
	%D%/integration/550-client-help.sh \
	%D%/integration/560-client-tls.sh \
	%D%/integration/570-client-bench.sh \
	%D%/integration/580-mariadb-tls.sh \
	%D%/integration/581-mariadb-copy.sh \
	%D%/integration/582-mariadb-nodes.sh \
	%D%/integration/901-descriptors.sh \
	%D%/integration/902-failed-disk.sh

TESTS += $(UNIT_TESTS) %D%/abi.sh %D%/fuzz/corpus.sh $(INTEGRATION_TESTS)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	SKV_SRCDIR='$(abs_top_srcdir)'; export SKV_SRCDIR; \
	SKV_BUILDDIR='$(abs_top_builddir)'; export SKV_BUILDDIR; \
	SKV_HARDENING='$(enable_hardening)'; export SKV_HARDENING; \
	SKV_CC='$(CC) $(CFLAGS) $(WARN_CFLAGS) $(SAN_CFLAGS)'; export SKV_CC; \
	TSAN_OPTIONS="suppressions=$(abs_top_srcdir)/%D%/tsan.supp \
	    $$TSAN_OPTIONS"; export TSAN_OPTIONS; \
	UBSAN_OPTIONS="print_stacktrace=1 $$UBSAN_OPTIONS"; \
	export UBSAN_OPTIONS;

EXTRA_DIST += $(INTEGRATION_TESTS) \
	%D%/cost/baseline %D%/cost/cost.sh \
	%D%/integration/document.sh \
	%D%/integration/lib.sh %D%/integration/on_mariadb.sh \
	%D%/integration/lib_access.sh \
	%D%/integration/lib_many.sh \
	%D%/integration/lib_mariadb.sh \
	%D%/integration/lib_tls.sh \
	%D%/integration/lib_cli.sh \
	%D%/integration/sandbox.py \
	%D%/integration/fake.pl %D%/integration/lib_cli.sh \
	%D%/console/console.mjs %D%/console/package.json \
	%D%/console/package-lock.json %D%/console/run.sh \
	%D%/integration/fake.pl %D%/integration/terminal.py %D%/integration/lib_cli.sh \
	%D%/packages/inside.sh %D%/packages/run.sh \
	%D%/openapi/check.py %D%/openapi/lint.sh %D%/openapi/package.json \
	%D%/openapi/package-lock.json %D%/openapi/redocly.yaml \
	%D%/abi.sh %D%/fuzz/corpus %D%/fuzz/corpus.sh %D%/installcheck.sh \
	%D%/galera.sh %D%/mariadb.sh %D%/spider.sh %D%/tsan.supp

# Builds a program against what `make install' left behind.
installcheck-local:
	CC='$(CC)' LIBDIR='$(DESTDIR)$(libdir)' \
	    PKGCONFIGDIR='$(DESTDIR)$(pkgconfigdir)' \
	    SBINDIR='$(DESTDIR)$(sbindir)' SYSROOT='$(DESTDIR)' \
	    EXAMPLE='$(abs_top_srcdir)/examples/greeting.c' \
	    $(SHELL) $(srcdir)/%D%/installcheck.sh
