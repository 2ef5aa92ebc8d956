/* SPDX-License-Identifier: MIT */
/*
 * Command lines by the tables of options: the global ones, which may stand
 * before the command and behind it, and the command's own. getopt_long(3) does
 * the work.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/cli.h"

const struct option_def global_options[] = {
    {"url", 'u', "URL", "the server (environment: SCRIBEKV_URL)"},
    {"unix-socket", 0, "PATH", "reach the server by a UNIX socket"},
    {"cacert", 0, "FILE", "trust the certificates in this file (PEM)"},
    {"cert", 0, "FILE", "certificate to show to the server (PEM)"},
    {"key", 0, "FILE", "private key of that certificate (PEM)"},
    {"token-file", 0, "FILE", "file with a bearer token"},
    {"user-file", 0, "FILE", "file with NAME:PASSWORD, for basic credentials"},
    {"timeout", 0, "TIME", "longest silence of the server; default 60s"},
    {"retries", 0, "N",
	"how often to try again, where that is safe; default 3"},
    {"store", 's', "DIR", "open this store directly; no daemon may hold it"},
    {"create", 0, NULL, "let --store make a store that is not there"},
    {"output", 'o', "FORMAT", "text, json, raw or table"},
    {"escaped-keys", 'e', NULL,
	"keys are given as lists show them, with \\xHH"},
    {"color", 0, "WHEN", "auto, always or never"},
    {"quiet", 'q', NULL, "no progress, and no word when all is well"},
    {"yes", 'y', NULL, "do not ask before deleting many keys"},
    {"help", 'h', NULL, "show help"},
    {"version", 'V', NULL, "show the version"},
    {NULL, 0, NULL, NULL},
};

/* Option "i" of a command line, counting the global ones first; NULL: none. */
static const struct option_def *
nth_option(const struct command *c, size_t i)
{
	size_t n = sizeof(global_options) / sizeof(global_options[0]) - 1;

	if (i < n)
		return (&global_options[i]);
	if (c == NULL || c->options == NULL)
		return (NULL);
	return (c->options[i - n].name == NULL ? NULL : &c->options[i - n]);
}

/*
 * Fills in what getopt_long() wants ("+": stop at the first argument); "shorts"
 * is all zero before.
 */
static void
getopt_tables(const struct command *c, struct option *longs, char *shorts)
{
	const char *letters = shorts;
	const struct option_def *o;
	size_t i;

	*shorts++ = c == NULL ? '+' : ':';
	if (c == NULL)
		*shorts++ = ':';
	for (i = 0; (o = nth_option(c, i)) != NULL; i++) {
		CHECK(i < OPTIONS_MAX);
		longs[i] = (struct option){
		    .name = o->name,
		    .has_arg = o->arg == NULL ? no_argument : required_argument,
		    .val = (int)(256 + i),
		};
		if (o->letter == 0)
			continue;
		/* No command's letter hides a global one. */
		CHECK(strchr(letters, o->letter) == NULL);
		*shorts++ = o->letter;
		if (o->arg != NULL)
			*shorts++ = ':';
	}
	longs[i] = (struct option){.name = NULL};
}

static const struct option_def *
find_option(const struct command *c, int code, size_t *ret_index)
{
	const struct option_def *o;
	size_t i;

	for (i = 0; (o = nth_option(c, i)) != NULL; i++) {
		if (code != (int)(256 + i) && code != o->letter)
			continue;
		*ret_index = i;
		return (o);
	}
	return (NULL);
}

static bool
bad_option(const struct command *c, int code, const char *word)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const char *name = c == NULL ? "" : c->name;

	if (optopt > 0 && optopt < 256)
		word = letter; /* which may stand in a group of letters */

	if (code == ':')
		(void)fail_user(ST_USAGE, "%s needs a value", word);
	else if (c != NULL && word[1] >= '0' && word[1] <= '9')
		(void)fail_user(ST_USAGE,
		    "%s looks like an option: put -- before arguments that "
		    "begin with -",
		    word);
	else
		(void)fail_user(ST_USAGE,
		    "there is no option %s; \"scribekv help%s%s\" lists them",
		    word, *name == '\0' ? "" : " ", name);
	return (false);
}

bool
args_parse(struct args *a, const struct command *c, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3] = "";
	const struct option_def *o;
	size_t i = 0;
	int code;

	*a = (struct args){.command = c};
	getopt_tables(c, longs, shorts);
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		o = find_option(c, code, &i);
		if (o == NULL)
			return (bad_option(c, code, argv[optind - 1]));
		a->value[i] = o->arg == NULL ? "" : optarg;
	}
	a->argc = argc - optind;
	a->argv = argv + optind;
	return (true);
}

const char *
args_get(const struct args *a, const char *name)
{
	const struct option_def *o;
	size_t i;

	for (i = 0; (o = nth_option(a->command, i)) != NULL; i++)
		if (strcmp(o->name, name) == 0)
			return (a->value[i]);
	WRONG("an option that the command does not have");
}

static bool
number(const char *s, const char **ret_end, uint64_t *ret)
{
	char *end;
	unsigned long long n;

	if (*s < '0' || *s > '9')
		return (false);
	errno = 0;
	n = strtoull(s, &end, 10);
	*ret_end = end;
	*ret = n;
	return (errno == 0);
}

bool
args_uint(const struct args *a, const char *name, uint64_t least,
    uint64_t greatest, uint64_t *ret)
{
	const char *s = args_get(a, name), *end;
	uint64_t n;

	if (s == NULL)
		return (true);
	if (!number(s, &end, &n) || *end != '\0' || n < least || n > greatest) {
		warn_user("--%s takes a number from %" PRIu64 " to %" PRIu64
			  ", not \"%s\"",
		    name, least, greatest, s);
		return (false);
	}
	*ret = n;
	return (true);
}

bool
args_seconds(const struct args *a, const char *name, uint64_t greatest,
    uint64_t *ret)
{
	static const struct {
		const char *suffix;
		uint64_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400},
	    {"w", 604800}};
	const char *s = args_get(a, name), *end;
	uint64_t n;
	size_t i;

	if (s == NULL)
		return (true);
	if (number(s, &end, &n))
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (strcmp(end, units[i].suffix) == 0 && n >= 1 &&
			    n <= greatest / units[i].seconds) {
				*ret = n * units[i].seconds;
				return (true);
			}
	warn_user("--%s takes a time such as 90, 90s, 15m, 12h or 7d, up to "
		  "%" PRIu64 " seconds, not \"%s\"",
	    name, greatest, s);
	return (false);
}
