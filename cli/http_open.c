/* SPDX-License-Identifier: MIT */
/* Opening a server: its URL, and credentials from files; see http.h. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/http.h"

#define SECRET_MAX 4096 /* bytes of a token, or of name and password */

/* The first line of a file that holds a secret. */
static enum status
read_secret(const char *path, const char *what, struct answer *a, char **ret)
{
	char line[SECRET_MAX];
	struct stat st;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return (answer_fail(a, ST_USAGE, "%s: %s", path,
		    strerror(errno)));
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 077) != 0)
		warn_user("%s: others may read it; chmod 600 it", path);
	(void)fclose(f);
	if (line[0] == '\0')
		return (answer_fail(a, ST_USAGE,
		    "%s: the first line is to be "
		    "%s",
		    path, what));
	*ret = strdup(line);
	return (*ret == NULL ? answer_nomem(a) : ST_DONE);
}

static enum status
read_credentials(struct http *h, struct answer *a)
{
	enum status st;

	if (h->at->token_file != NULL && h->at->user_file != NULL)
		return (answer_fail(a, ST_USAGE,
		    "give a token file or a user file, not both"));
	if (h->at->token_file != NULL)
		return (read_secret(h->at->token_file, "a token", a,
		    &h->secret));
	if (h->at->user_file == NULL)
		return (ST_DONE);
	st = read_secret(h->at->user_file, "NAME:PASSWORD", a, &h->secret);
	if (st == ST_DONE && strchr(h->secret, ':') == NULL)
		return (answer_fail(a, ST_USAGE,
		    "%s: the first line is to be NAME:PASSWORD",
		    h->at->user_file));
	return (st);
}

static enum status
check_url(const char *url, struct answer *a)
{
	const char *host;

	if (strncasecmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncasecmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return (answer_fail(a, ST_USAGE,
		    "a server's URL begins with "
		    "http:// or https://, and \"%s\" does not (for a store, "
		    "use --store)",
		    url));
	if (strcspn(host, "@") < strcspn(host, "/?#"))
		return (answer_fail(a, ST_USAGE,
		    "credentials in a URL are "
		    "seen by all: put them in a file and use --user-file"));
	if (host[strcspn(host, "?#")] != '\0')
		return (answer_fail(a, ST_USAGE,
		    "a server's URL has no \"?\" or \"#\": \"%s\"", url));
	return (ST_DONE);
}

enum status
http_close(struct target *t, struct answer *a)
{
	struct http *h = (struct http *)t;

	answer_reset(a);
	if (h->easy != NULL)
		curl_easy_cleanup(h->easy);
	if (h->secret != NULL)
		explicit_bzero(h->secret, strlen(h->secret));
	free(h->secret);
	free(h->base);
	free(t->name);
	free(h);
	return (ST_DONE);
}

static enum status
http_fill(struct http *h, const char *url, struct answer *a)
{
	enum status st = check_url(url, a);
	size_t len = strlen(url);

	if (st != ST_DONE)
		return (st);
	while (len > 0 && url[len - 1] == '/')
		len--;
	h->base = strndup(url, len);
	h->target.name = h->at->unix_socket != NULL ?
	    strdup(h->at->unix_socket) :
	    strndup(url, len);
	h->easy = curl_easy_init();
	if (h->base == NULL || h->target.name == NULL || h->easy == NULL)
		return (answer_nomem(a));
	return (read_credentials(h, a));
}

enum status
http_open(const struct target_address *at, struct answer *a,
    struct target **ret)
{
	const char *url = at->url;
	struct http *h;
	struct answer none = {.status = ST_DONE};
	enum status st;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return (answer_nomem(a));
	if (url == NULL)
		url = at->unix_socket != NULL ? "http://localhost" :
						TARGET_URL_DEFAULT;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return (answer_nomem(a));
	h->target.ops = &http_ops;
	h->at = at;
	st = http_fill(h, url, a);
	if (st != ST_DONE)
		(void)http_close(&h->target, &none);
	else
		*ret = &h->target;
	return (st);
}
