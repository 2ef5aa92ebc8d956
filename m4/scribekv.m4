dnl SPDX-License-Identifier: MIT
dnl Macros of scribekv's configure.ac. Each leaves CFLAGS, CPPFLAGS, LDFLAGS
dnl and LIBS as it found them.

dnl SKV_MISSING(WHAT, DEBIAN-PACKAGE)
dnl Notes that WHAT was not found.
AC_DEFUN([SKV_MISSING], [
	skv_missing="${skv_missing:+$skv_missing, }$1"
	skv_missing_debs="$skv_missing_debs $2"
])

dnl SKV_MISSING_REPORT
dnl Stops if anything was missing, naming all of it.
AC_DEFUN([SKV_MISSING_REPORT], [
	AS_IF([test -n "$skv_missing"], [AC_MSG_ERROR([
  not found: $skv_missing
  On Debian and Ubuntu: apt-get install$skv_missing_debs])])
])

dnl SKV_PKG(VARIABLE, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([SKV_PKG], [
	PKG_CHECK_MODULES([$1], [$2], [], [SKV_MISSING([$2], [$3])])
])

dnl SKV_PKG_OPTIONAL(OPTION, VARIABLE, MODULE, DEBIAN-PACKAGE, PURPOSE)
dnl --with-OPTION: "yes" insists, "no" does without, "auto" uses it if there.
dnl Sets have_MODULE, HAVE_VARIABLE in config.h and for automake.
AC_DEFUN([SKV_PKG_OPTIONAL], [
	AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1],
		[$5 (default: if $3 is found)])], [], [with_$1=auto])
	have_$3=no
	AS_IF([test "x$with_$1" != xno], [
		PKG_CHECK_MODULES([$2], [$3], [have_$3=yes], [
			AS_IF([test "x$with_$1" != xauto],
				[SKV_MISSING([$3], [$4])])
		])
	])
	AS_IF([test "x$have_$3" = xyes],
		[AC_DEFINE([HAVE_$2], [1], [Define to $5.])])
	AM_CONDITIONAL([HAVE_$2], [test "x$have_$3" = xyes])
])

dnl SKV_LIB_LEVELDB(DEBIAN-PACKAGE)
dnl LevelDB often comes without a .pc file; LEVELDB_CFLAGS and LEVELDB_LIBS
dnl say where it is when it is in no standard place.
AC_DEFUN([SKV_LIB_LEVELDB], [
	AC_ARG_VAR([LEVELDB_CFLAGS], [C compiler flags for LevelDB])
	AC_ARG_VAR([LEVELDB_LIBS], [linker flags for LevelDB])
	: "${LEVELDB_LIBS=-lleveldb}"
	skv_save_CPPFLAGS=$CPPFLAGS
	skv_save_LIBS=$LIBS
	CPPFLAGS="$LEVELDB_CFLAGS $CPPFLAGS"
	LIBS="$LEVELDB_LIBS $LIBS"
	AC_CACHE_CHECK([for LevelDB], [skv_cv_leveldb], [
		AC_LINK_IFELSE([AC_LANG_PROGRAM(
			[[#include <leveldb/c.h>]],
			[[return (leveldb_major_version());]])],
			[skv_cv_leveldb=yes], [skv_cv_leveldb=no])
	])
	CPPFLAGS=$skv_save_CPPFLAGS
	LIBS=$skv_save_LIBS
	AS_IF([test "x$skv_cv_leveldb" = xno], [SKV_MISSING([LevelDB], [$1])])
])

dnl SKV_FCGX_REQUEST
dnl The dispatcher sets members of FCGX_Request that libfcgi documents as its
dnl own: without them it must not be built.
AC_DEFUN([SKV_FCGX_REQUEST], [
	skv_save_CPPFLAGS=$CPPFLAGS
	CPPFLAGS="$FCGI_CFLAGS $CPPFLAGS"
	AC_CHECK_MEMBERS([FCGX_Request.ipcFd, FCGX_Request.keepConnection,
		FCGX_Request.listen_sock, FCGX_Request.detached], [],
		[AC_MSG_ERROR([this libfcgi is not one that scribekv knows: 2.4.x is needed])],
		[[#include <fcgiapp.h>]])
	CPPFLAGS=$skv_save_CPPFLAGS
])

dnl SKV_FLAG(VARIABLE, FLAG)
dnl Appends FLAG if compiler and linker take it. -Werror, because clang only
dnl warns of flags that it does not know.
AC_DEFUN([SKV_FLAG], [
	AS_VAR_PUSHDEF([cache], [skv_cv_flag_$2])
	skv_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_CACHE_CHECK([whether $CC takes $2], [cache], [
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([cache], [yes])],
			[AS_VAR_SET([cache], [no])])
	])
	CFLAGS=$skv_save_CFLAGS
	AS_VAR_IF([cache], [yes], [$1="${$1:+$$1 }$2"])
	AS_VAR_POPDEF([cache])
])

dnl SKV_ARG_WERROR
dnl The warnings that the project is free of, and the option to insist.
AC_DEFUN([SKV_ARG_WERROR], [
	AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror],
		[treat compiler warnings as errors])], [], [enable_werror=no])
	m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wpointer-arith
		-Wcast-qual -Wstrict-prototypes -Wmissing-prototypes
		-Wwrite-strings -Wundef -Wvla -Wformat=2 -Wthread-safety],
		[SKV_FLAG([WARN_CFLAGS], flag)])
	AS_IF([test "x$enable_werror" = xyes],
		[WARN_CFLAGS="$WARN_CFLAGS -Werror"])
	AC_SUBST([WARN_CFLAGS])
])

dnl SKV_ARG_SANITIZERS
AC_DEFUN([SKV_ARG_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING(
		[--enable-sanitizers=LIST], [build with these, such as
		"address,undefined" (which plain --enable-sanitizers means)
		or "thread"; with "fuzzer-no-link" the fuzz functions become
		fuzzers])], [], [enable_sanitizers=no])
	AS_IF([test "x$enable_sanitizers" = xyes],
		[enable_sanitizers=address,undefined])
	AS_IF([test "x$enable_sanitizers" != xno], [
		SAN_CFLAGS="-fsanitize=$enable_sanitizers"
		SAN_CFLAGS="$SAN_CFLAGS -fno-sanitize-recover=all"
		SAN_CFLAGS="$SAN_CFLAGS -fno-omit-frame-pointer"
		skv_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $SAN_CFLAGS"
		AC_MSG_CHECKING([whether $CC takes $SAN_CFLAGS])
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_ERROR([these sanitizers do not work here])])
		CFLAGS=$skv_save_CFLAGS
	])
	AC_SUBST([SAN_CFLAGS])
	AM_CONDITIONAL([FUZZERS], [case $enable_sanitizers in
		*fuzzer-no-link*) true ;; *) false ;; esac])
])

dnl SKV_ARG_HARDENING
dnl Not beside sanitizers, which want to see what these would catch first.
dnl PIE_* are for programs only.
AC_DEFUN([SKV_ARG_HARDENING], [
	AC_REQUIRE([SKV_ARG_SANITIZERS])
	AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening],
		[build without stack protector, _FORTIFY_SOURCE, PIE, RELRO
		and checked jumps])], [], [enable_hardening=yes])
	AS_IF([test "x$enable_sanitizers" != xno], [enable_hardening=no])
	AS_IF([test "x$enable_hardening" = xyes], [
		SKV_FLAG([HARDEN_CFLAGS], [-fstack-protector-strong])
		SKV_FLAG([HARDEN_CFLAGS], [-fstack-clash-protection])
		SKV_FLAG([HARDEN_CFLAGS], [-fcf-protection])
		SKV_FLAG([HARDEN_CFLAGS], [-mbranch-protection=standard])
		SKV_FLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
		SKV_FLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
		SKV_FLAG([HARDEN_LDFLAGS], [-Wl,-z,noexecstack])
		SKV_FLAG([PIE_CFLAGS], [-fPIE])
		SKV_FLAG([PIE_LDFLAGS], [-pie])
		AC_DEFINE([FORTIFY], [1],
			[Define to have libc check buffer sizes.])
	])
	dnl Not on the command line: it is an error without optimisation, and
	dnl that is known only when make runs.
	AH_BOTTOM([#if defined(FORTIFY) && defined(__OPTIMIZE__) && \
    !defined(_FORTIFY_SOURCE)
#define _FORTIFY_SOURCE 2
#endif])
	AC_SUBST([enable_hardening])
	AC_SUBST([HARDEN_CFLAGS])
	AC_SUBST([HARDEN_LDFLAGS])
	AC_SUBST([PIE_CFLAGS])
	AC_SUBST([PIE_LDFLAGS])
])

dnl SKV_SYSTEMD_DIR(NAME, FOLDER, WHAT)
dnl --with-NAME: where files for systemd go. Below /usr systemd says itself;
dnl below other prefixes it is PREFIX/lib/FOLDER, which systemd searches when
dnl the prefix is /usr/local, and which whoever may install there may write.
AC_DEFUN([SKV_SYSTEMD_DIR], [
	AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR],
		[install $3 there; "no" leaves them out])],
		[], [with_$1=yes])
	AS_IF([test "x$with_$1" = xyes], [
		with_$1='${prefix}/lib/$2'
		AS_IF([test "x$prefix" = x/usr],
			[PKG_CHECK_VAR([skv_$1], [systemd], [$1],
				[with_$1=$skv_$1])])
	])
	AC_SUBST([$1], [$with_$1])
	AM_CONDITIONAL([INSTALL_]m4_toupper([$1]), [test "x$with_$1" != xno])
])
