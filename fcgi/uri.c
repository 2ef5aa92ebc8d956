/* SPDX-License-Identifier: MIT */
/* The raw REQUEST_URI, taken apart; see uri.h. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "fcgi/uri.h"

const char *
uri_strerror(enum uri_err err)
{
	switch (err) {
	case URI_OK:
		return ("no error");
	case URI_LONG:
		return ("the request URI is too long");
	case URI_FORM:
		return ("the request URI must begin with a slash");
	case URI_BYTE:
		return ("the request URI has a space or control character; "
			"write it as a percent-escape");
	case URI_FRAGMENT:
		return ("the request URI has a '#'; write it as %23");
	case URI_ESCAPE:
		return ("a '%' in the request URI is not followed by two "
			"hexadecimal digits; write it as %25");
	case URI_PARAMS:
		return ("the query has too many parameters");
	case URI_REPEATED:
		return ("a query parameter is given more than once");
	case URI_BOOL:
		return ("a query parameter is neither true nor false");
	case URI_NUMBER:
		return ("a query parameter is not a whole number");
	case URI_RANGE:
		return ("a query parameter is out of its range");
	}
	return ("unknown error");
}

/* What is left of an absolute-form target from its path on; NULL: none. */
static const char *
skip_authority(const char *raw, const char *end)
{
	static const char *const schemes[] = {"http://", "https://"};
	const char *p;
	size_t i, n;

	for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		n = strlen(schemes[i]);
		if ((size_t)(end - raw) <= n ||
		    strncasecmp(raw, schemes[i], n) != 0)
			continue;
		for (p = raw + n; p < end && *p != '/' && *p != '?'; p++)
			;
		return (p == raw + n ? NULL : p);
	}
	return (NULL);
}

enum uri_err
uri_parse(const char *raw, size_t len, struct uri *ret)
{
	const char *const end = raw + len;
	const char *p, *mark;
	struct uri uri;

	if (len > URI_MAX)
		return (URI_LONG);
	for (p = raw; p < end; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return (URI_BYTE);
		if (*p == '#')
			return (URI_FRAGMENT);
	}
	p = len > 0 && *raw == '/' ? raw : skip_authority(raw, end);
	if (p == NULL)
		return (URI_FORM);

	mark = memchr(p, '?', (size_t)(end - p));
	uri.query = mark == NULL ? "" : mark + 1;
	uri.querylen = mark == NULL ? 0 : (size_t)(end - uri.query);
	if (mark == NULL)
		mark = end;
	uri.path = p == mark ? "/" : p;
	uri.pathlen = p == mark ? 1 : (size_t)(mark - p);
	*ret = uri;
	return (URI_OK);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/*
 * The byte at *p, decoded, and *p moved past it; -1 for a bad escape, which is
 * left where it is.
 */
static int
next_byte(const char **p, const char *end)
{
	const char *s = *p;
	int high, low;

	if (*s != '%') {
		*p = s + 1;
		return ((unsigned char)*s);
	}
	if (end - s < 3)
		return (-1);
	high = hex_digit(s[1]);
	low = hex_digit(s[2]);
	if (high < 0 || low < 0)
		return (-1);
	*p = s + 3;
	return (high << 4 | low);
}

bool
uri_dot_segment(const char *path, size_t len)
{
	const char *const end = path + len;
	const char *p = path;
	unsigned dots = 0;     /* in this segment */
	bool only_dots = true; /* so far in this segment */
	int c;

	/* As most paths are. */
	if (memchr(path, '.', len) == NULL && memchr(path, '%', len) == NULL)
		return (false);
	while (p < end) {
		c = next_byte(&p, end);
		if (c == '/') {
			if (only_dots && (dots == 1 || dots == 2))
				return (true);
			dots = 0;
			only_dots = true;
		} else if (c == '.' && dots < 3)
			dots++;
		else
			only_dots = false;
		if (c < 0)
			p++;
	}
	return (only_dots && (dots == 1 || dots == 2));
}

bool
uri_decode(const char *src, size_t len, char *dst, size_t *ret_len)
{
	const char *const end = src + len;
	size_t n = 0;
	int c;

	if (memchr(src, '%', len) == NULL) {
		memmove(dst, src, len);
		*ret_len = len;
		return (true);
	}
	while (src < end) {
		c = next_byte(&src, end);
		if (c < 0)
			return (false);
		dst[n++] = (char)c;
	}
	*ret_len = n;
	return (true);
}

/* ---------------------------------------------------------------- query -- */

static const struct query_param *
find(const struct query *q, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < q->n; i++) {
		if (q->param[i].namelen == len &&
		    memcmp(q->param[i].name, name, len) == 0)
			return (&q->param[i]);
	}
	return (NULL);
}

/* One "name=value" into *q, decoded into buf, of whose bytes *used are gone. */
static enum uri_err
add_param(const char *raw, size_t len, char *buf, size_t *used, struct query *q)
{
	struct query_param *param = &q->param[q->n];
	const char *eq = memchr(raw, '=', len);
	size_t rawname = eq == NULL ? len : (size_t)(eq - raw);

	if (q->n == QUERY_MAX)
		return (URI_PARAMS);
	param->name = buf + *used;
	if (!uri_decode(raw, rawname, buf + *used, &param->namelen))
		return (URI_ESCAPE);
	*used += param->namelen;
	param->value = buf + *used;
	param->valuelen = 0;
	if (eq != NULL &&
	    !uri_decode(eq + 1, len - rawname - 1, buf + *used,
		&param->valuelen))
		return (URI_ESCAPE);
	*used += param->valuelen;
	if (find(q, param->name, param->namelen) != NULL)
		return (URI_REPEATED);
	q->n++;
	return (URI_OK);
}

enum uri_err
query_parse(const char *raw, size_t len, char *buf, size_t buflen,
    struct query *ret)
{
	const char *const end = raw + len;
	const char *amp;
	struct query q;
	size_t n, used = 0;
	enum uri_err err;

	if (len > buflen)
		return (URI_LONG);
	q.n = 0;
	for (; raw < end; raw += n + 1) {
		amp = memchr(raw, '&', (size_t)(end - raw));
		n = (size_t)((amp == NULL ? end : amp) - raw);
		if (n > 0 &&
		    (err = add_param(raw, n, buf, &used, &q)) != URI_OK)
			return (err);
		if (amp == NULL)
			break;
	}
	ret->n = q.n;
	memcpy(ret->param, q.param, q.n * sizeof(q.param[0]));
	return (URI_OK);
}

const struct query_param *
query_find(const struct query *q, const char *name)
{
	return (find(q, name, strlen(name)));
}

const struct query_param *
query_unknown(const struct query *q, const char *const *names)
{
	const struct query_param *param;
	const char *const *name;
	size_t i;

	for (i = 0; i < q->n; i++) {
		param = &q->param[i];
		for (name = names; *name != NULL; name++) {
			if (strlen(*name) == param->namelen &&
			    memcmp(*name, param->name, param->namelen) == 0)
				break;
		}
		if (*name == NULL)
			return (param);
	}
	return (NULL);
}

enum uri_err
query_bool(const struct query *q, const char *name, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
	    {"", true},
	    {"true", true},
	    {"1", true},
	    {"false", false},
	    {"0", false},
	};
	const struct query_param *param = query_find(q, name);
	size_t i;

	if (param == NULL)
		return (URI_OK);
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i].word) == param->valuelen &&
		    memcmp(words[i].word, param->value, param->valuelen) == 0) {
			*ret = words[i].value;
			return (URI_OK);
		}
	}
	return (URI_BOOL);
}

enum uri_err
query_uint(const struct query *q, const char *name, uint64_t least,
    uint64_t greatest, uint64_t *ret)
{
	const struct query_param *param = query_find(q, name);
	bool over = false;
	uint64_t v = 0;
	unsigned digit;
	size_t i;

	if (param == NULL)
		return (URI_OK);
	if (param->valuelen == 0)
		return (URI_NUMBER);
	for (i = 0; i < param->valuelen; i++) {
		if (param->value[i] < '0' || param->value[i] > '9')
			return (URI_NUMBER);
		digit = (unsigned)(param->value[i] - '0');
		if (v > (UINT64_MAX - digit) / 10)
			over = true;
		else
			v = v * 10 + digit;
	}
	if (over || v < least || v > greatest)
		return (URI_RANGE);
	*ret = v;
	return (URI_OK);
}
