/* SPDX-License-Identifier: MIT */
/*
 * The configuration of scribekvd: a file and the command line, both read by
 * one table of options (conf_options()). The command line beats the file.
 *
 * 1. struct conf lives with the caller; conf_load() fills it in, and nothing
 *    changes it afterwards, so any thread may read it. Its strings are its
 *    own; conf_release() frees them.
 * 2. Every mistake is reported as one line that names the file and the line
 *    (or the argument), the option and its bounds.
 * 3. Threads: conf_load() belongs to the main thread.
 */
#ifndef FCGI_CONF_H
#define FCGI_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fcgi/log.h"
#include "store/scribekv.h"

/* The file that is read when there is no --config, if it exists. */
#ifndef CONF_FILE
#define CONF_FILE "/etc/scribekv/scribekv.conf"
#endif

struct conf {
	char *file; /* that was read, NULL when none */

	char *store;			  /* URL, for skv_open() */
	struct skv_options store_options; /* the engine's defaults, and what
					     was given over them */

	char *socket; /* path of a UNIX socket, or HOST:PORT */
	/* The two halves when "socket" is HOST:PORT, without the brackets of
	 * an IPv6 address; otherwise both NULL. */
	char *socket_host;
	char *socket_port;
	uint32_t socket_mode;
	char *socket_group; /* empty: leave as it is */
	uint32_t socket_backlog;
	char *user;  /* to become when started as root; empty: stay */
	char *group; /* empty: the user's own */

	uint32_t workers; /* never 0: the number of CPUs is filled in */
	uint32_t max_connections;
	uint32_t max_tasks; /* exports, imports, range deletions, counts */
	uint32_t io_timeout_ms;
	uint32_t drain_ms;
	uint32_t max_depth;	  /* nesting of JSON and CBOR documents */
	uint32_t slow_request_ms; /* 0: never log */

	enum log_level log_level;
	uint32_t log_syslog; /* 0: standard error, 1: syslog */
};

enum conf_result {
	CONF_RUN,	 /* go on, *conf is filled in */
	CONF_EXIT_OK,	 /* help, version or check: exit with status 0 */
	CONF_EXIT_USAGE, /* reported on "err": exit with status 1 */
};

/*
 * Reads the command line, and the file that it names. What --help and
 * --version print goes to "out", mistakes go to "err". On CONF_RUN the conf is
 * to be released by the caller, otherwise it is all zero. May be called again,
 * with the same argv, into another struct conf, to read a changed file.
 */
enum conf_result conf_load(struct conf *, int argc, char **argv, FILE *out,
    FILE *err);
/* Frees the strings and zeroes the rest. A zeroed conf is fine too. */
void conf_release(struct conf *);

/* ---------------------------------------------------------------- table -- */

/* Private to conf.c, conf_table.c and their tests. */

enum conf_type {
	CONF_BOOL,   /* true, yes, on; false, no, off */
	CONF_UINT,   /* decimal */
	CONF_SIZE,   /* bytes; with k, m or g: KiB, MiB, GiB */
	CONF_MODE,   /* octal */
	CONF_ENUM,   /* one of "words" */
	CONF_STRING, /* bytes without NUL, of bounded length */
};

struct conf_option {
	const char *name; /* in the file; --name with '-' for '_' */
	enum conf_type type;
	/* Bounds, both inclusive: of a number, of a string's length, or of the
	 * numbers that a CONF_ENUM's words stand for, in their order. */
	uint64_t least;
	uint64_t greatest;
	bool zero; /* 0 is allowed although it is below "least" */
	const char *const *words; /* of a CONF_ENUM, "greatest" - "least" + 1 */
	const char *deflt;	  /* as it would be written in the file */
	const char *help;
	/* The engine's: left to skv_options_init() unless given. */
	bool engine;
	/* Where the value goes in struct conf, and its size there. */
	size_t offset;
	size_t size;
};

#define CONF_NOPTIONS 35
extern const struct conf_option conf_options[CONF_NOPTIONS];

/* Whether requests to the store wait for a network. */
bool conf_is_remote(const struct conf *);

/* Why a text is no value of its option. */
struct conf_why {
	char text[256];
};

/*
 * Turns the text of a value into its number; for a string, its length. False,
 * with the reason, when it is none or is out of bounds.
 */
bool conf_check(const struct conf_option *, const char *text, uint64_t *ret,
    struct conf_why *);

/* The words of a CONF_ENUM with '|' between them, in buf, which it returns. */
#define CONF_WORDSMAX 64
const char *conf_words(const struct conf_option *, char *buf, size_t size);

#endif
