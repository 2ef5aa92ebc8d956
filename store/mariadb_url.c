/* SPDX-License-Identifier: MIT */
/*
 * What follows "mariadb:" in a store's URL:
 *
 *   //[USER@]HOST[:PORT][,HOST[:PORT]...]/DATABASE[?OPTION=VALUE[&...]]
 *
 * A host may be an IPv6 address in brackets, or with %2F for its slashes the
 * path of a UNIX socket. The password is in a file that an option names, or in
 * the environment, and never in the URL, which others can see.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

#define DEFAULT_USER "scribekv"
#define DEFAULT_PORT 3306
#define DEFAULT_TIMEOUT_MS 5000
#define TIMEOUT_LEAST_MS 100
#define TIMEOUT_MOST_MS 600000
#define PASSWORD_VARIABLE "SCRIBEKV_MARIADB_PASSWORD"
#define PASSWORD_MAX 1024

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *p = c == '\0' ? NULL : strchr(digits, c);
	int value;

	if (p == NULL)
		return (-1);
	value = (int)(p - digits);
	return (value < 16 ? value : value - 6);
}

/* The byte that an escape stands for; 0, which no part may have, for none. */
static char
unescape(const char *s, const char *end)
{
	int high, low;

	if (end - s < 3)
		return ('\0');
	high = hex_digit(s[1]);
	low = hex_digit(s[2]);
	return (high < 0 || low < 0 ? '\0' : (char)(high * 16 + low));
}

/* Replaces *ret by a percent-decoded copy. */
static enum skv_err
decode(const char *s, const char *end, char **ret, struct skv_errinfo *info)
{
	char *copy = malloc((size_t)(end - s) + 1), *p = copy;

	if (copy == NULL)
		return (SKV_NOMEM);
	while (s < end) {
		*p = *s == '%' ? unescape(s, end) : *s;
		if (*p == '\0') {
			errinfo_set(info, "mariadb: bad percent-escape");
			free(copy);
			return (SKV_INVALID);
		}
		s += *s == '%' ? 3 : 1;
		p++;
	}
	*p = '\0';
	free(*ret);
	*ret = copy;
	return (SKV_OK);
}

/* A decimal number within bounds; false if it is none. */
static bool
number(const char *s, const char *end, unsigned long least, unsigned long most,
    unsigned *ret)
{
	unsigned long v = 0;

	if (s == end || end - s > 9)
		return (false);
	for (; s < end; s++) {
		if (*s < '0' || *s > '9')
			return (false);
		v = v * 10 + (unsigned long)(*s - '0');
	}
	*ret = (unsigned)v;
	return (v >= least && v <= most);
}

/* ---------------------------------------------------------------- hosts -- */

static enum skv_err
add_host(struct maria_conf *c, const char *s, const char *end,
    struct skv_errinfo *info)
{
	struct maria_host *h = &c->hosts[c->nhosts];
	const char *name = s, *nameend, *colon;
	enum skv_err err;

	if (c->nhosts == MARIA_HOSTS) {
		errinfo_set(info, "mariadb: more than %d hosts", MARIA_HOSTS);
		return (SKV_INVALID);
	}
	nameend = memchr(s, ']', (size_t)(end - s));
	colon = memchr(nameend == NULL ? s : nameend, ':',
	    (size_t)(end - (nameend == NULL ? s : nameend)));
	if (colon == NULL)
		colon = end;
	if (*s == '[' && nameend != NULL && nameend + 1 == colon)
		name++;
	else
		nameend = colon;
	h->port = DEFAULT_PORT;
	if (name == nameend ||
	    (colon < end && !number(colon + 1, end, 1, 65535, &h->port))) {
		errinfo_set(info, "mariadb: \"%.*s\" is not a host",
		    (int)(end - s > 100 ? 100 : end - s), s);
		return (SKV_INVALID);
	}
	c->nhosts++;
	err = decode(name, nameend, &h->name, info);
	if (err != SKV_OK)
		return (err);
	if (h->name[0] == '/') {
		h->path = h->name;
		h->name = NULL;
		(void)snprintf(h->label, sizeof(h->label), "%s", h->path);
	} else
		(void)snprintf(h->label, sizeof(h->label), "%.*s:%u", 255,
		    h->name, h->port);
	return (SKV_OK);
}

static enum skv_err
add_hosts(struct maria_conf *c, const char *s, const char *end,
    struct skv_errinfo *info)
{
	const char *comma;
	enum skv_err err;

	for (;; s = comma + 1) {
		comma = memchr(s, ',', (size_t)(end - s));
		err = add_host(c, s, comma == NULL ? end : comma, info);
		if (err != SKV_OK || comma == NULL)
			return (err);
	}
}

/* -------------------------------------------------------------- options -- */

/* Replaces the password by the first line of a file. */
static enum skv_err
read_password(struct maria_conf *c, const char *path, struct skv_errinfo *info)
{
	char line[PASSWORD_MAX];
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL) {
		errinfo_set(info, "%s: %s", path, strerror(errno));
		return (SKV_IO);
	}
	ok = fgets(line, sizeof(line), f) != NULL;
	(void)fclose(f);
	if (ok) {
		line[strcspn(line, "\r\n")] = '\0';
		free(c->password);
		c->password = strdup(line);
	}
	explicit_bzero(line, sizeof(line));
	if (!ok) {
		errinfo_set(info, "%s: there is no password in it", path);
		return (SKV_IO);
	}
	return (c->password == NULL ? SKV_NOMEM : SKV_OK);
}

static enum skv_err
bad_option(const char *name, const char *wanted, struct skv_errinfo *info)
{
	errinfo_set(info, "mariadb: option %s takes %s", name, wanted);
	return (SKV_INVALID);
}

static enum skv_err
set_tls(struct maria_conf *c, const char *value, struct skv_errinfo *info)
{
	if (strcmp(value, "off") != 0 && strcmp(value, "required") != 0 &&
	    strcmp(value, "verify") != 0)
		return (bad_option("tls", "off, required or verify", info));
	c->tls = strcmp(value, "off") != 0;
	c->tls_verify = strcmp(value, "verify") == 0;
	return (SKV_OK);
}

static enum skv_err
set_causal(struct maria_conf *c, const char *value, struct skv_errinfo *info)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return (bad_option("causal", "true or false", info));
	c->causal = strcmp(value, "true") == 0;
	return (SKV_OK);
}

static enum skv_err
set_timeout(struct maria_conf *c, const char *value, struct skv_errinfo *info)
{
	if (!number(value, value + strlen(value), TIMEOUT_LEAST_MS,
		TIMEOUT_MOST_MS, &c->timeout_ms))
		return (bad_option("timeout_ms", "100 to 600000", info));
	return (SKV_OK);
}

static enum skv_err
take_text(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return (*to == NULL ? SKV_NOMEM : SKV_OK);
}

static enum skv_err
set_ca(struct maria_conf *c, const char *value, struct skv_errinfo *info)
{
	(void)info;
	return (take_text(&c->tls_ca, value));
}

static enum skv_err
set_cert(struct maria_conf *c, const char *value, struct skv_errinfo *info)
{
	(void)info;
	return (take_text(&c->tls_cert, value));
}

static enum skv_err
set_key(struct maria_conf *c, const char *value, struct skv_errinfo *info)
{
	(void)info;
	return (take_text(&c->tls_key, value));
}

static const struct {
	const char *name;
	enum skv_err (*set)(struct maria_conf *, const char *value,
	    struct skv_errinfo *);
} options[] = {
    {"causal", set_causal},
    {"password_file", read_password},
    {"timeout_ms", set_timeout},
    {"tls", set_tls},
    {"tls_ca", set_ca},
    {"tls_cert", set_cert},
    {"tls_key", set_key},
};

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

static enum skv_err
add_option(struct maria_conf *c, const char *s, const char *end,
    struct skv_errinfo *info)
{
	const char *equals = memchr(s, '=', (size_t)(end - s));
	char *value = NULL;
	enum skv_err err;
	size_t i, len;

	len = (size_t)((equals == NULL ? end : equals) - s);
	for (i = 0; i < NOPTIONS; i++)
		if (strlen(options[i].name) == len &&
		    memcmp(options[i].name, s, len) == 0)
			break;
	if (i == NOPTIONS || equals == NULL) {
		errinfo_set(info, "mariadb: there is no option \"%.*s\"",
		    (int)(len > 100 ? 100 : len), s);
		return (SKV_INVALID);
	}
	err = decode(equals + 1, end, &value, info);
	if (err == SKV_OK)
		err = options[i].set(c, value, info);
	free(value);
	return (err);
}

static enum skv_err
add_options(struct maria_conf *c, const char *s, struct skv_errinfo *info)
{
	const char *end = s;
	enum skv_err err = SKV_OK;

	for (; err == SKV_OK && *end != '\0'; s = end + 1) {
		end = s + strcspn(s, "&");
		err = add_option(c, s, end, info);
	}
	return (err);
}

/* Who names certificates and does not ask for TLS would have none. */
static enum skv_err
check_tls(const struct maria_conf *c, struct skv_errinfo *info)
{
	if (c->tls ||
	    (c->tls_ca == NULL && c->tls_cert == NULL && c->tls_key == NULL))
		return (SKV_OK);
	errinfo_set(info,
	    "mariadb: tls_ca, tls_cert and tls_key need "
	    "tls=required or tls=verify");
	return (SKV_INVALID);
}

/* ------------------------------------------------------------ the whole -- */

static enum skv_err
set_defaults(struct maria_conf *c)
{
	const char *password = getenv(PASSWORD_VARIABLE);

	memset(c, 0, sizeof(*c));
	c->causal = true;
	c->timeout_ms = DEFAULT_TIMEOUT_MS;
	c->user = strdup(DEFAULT_USER);
	c->password = strdup(password == NULL ? "" : password);
	return (c->user == NULL || c->password == NULL ? SKV_NOMEM : SKV_OK);
}

static enum skv_err
add_user(struct maria_conf *c, const char *s, const char *end,
    struct skv_errinfo *info)
{
	if (memchr(s, ':', (size_t)(end - s)) != NULL) {
		errinfo_set(info,
		    "mariadb: a password has no place in a URL: use the option "
		    "password_file or the environment's " PASSWORD_VARIABLE);
		return (SKV_INVALID);
	}
	return (decode(s, end, &c->user, info));
}

enum skv_err
maria_conf_parse(struct maria_conf *c, const char *path,
    struct skv_errinfo *info)
{
	const char *s, *slash, *at, *end;
	enum skv_err err;

	err = set_defaults(c);
	if (err != SKV_OK)
		return (err);
	s = path + 2;
	end = path + strcspn(path, "?");
	slash = strncmp(path, "//", 2) == 0 ? strchr(s, '/') : NULL;
	if (slash == NULL || slash + 1 >= end) {
		errinfo_set(info,
		    "mariadb: the URL is not of the form "
		    "mariadb://[user@]host[:port],.../database");
		return (SKV_INVALID);
	}
	at = memchr(s, '@', (size_t)(slash - s));
	if (at != NULL) {
		err = add_user(c, s, at, info);
		s = at + 1;
	}
	if (err == SKV_OK)
		err = add_hosts(c, s, slash, info);
	if (err == SKV_OK)
		err = decode(slash + 1, end, &c->database, info);
	if (err == SKV_OK && *end == '?')
		err = add_options(c, end + 1, info);
	return (err == SKV_OK ? check_tls(c, info) : err);
}

void
maria_conf_release(struct maria_conf *c)
{
	unsigned i;

	for (i = 0; i < c->nhosts; i++) {
		free(c->hosts[i].name);
		free(c->hosts[i].path);
	}
	if (c->password != NULL)
		explicit_bzero(c->password, strlen(c->password));
	free(c->user);
	free(c->password);
	free(c->database);
	free(c->tls_ca);
	free(c->tls_cert);
	free(c->tls_key);
	memset(c, 0, sizeof(*c));
}
