/* SPDX-License-Identifier: MIT */
/*
 * Field values of HTTP requests; see header.h. Each grammar is read by hand
 * from left to right, with a few functions for the parts that they share.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "fcgi/header.h"

/* Past optional white space, RFC 9110 section 5.6.3. */
static const char *
skip_space(const char *p)
{
	return (p + strspn(p, " \t"));
}

/* Past a token, RFC 9110 section 5.6.2. */
static const char *
skip_token(const char *p)
{
	static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
				     "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return (p + strspn(p, tchars));
}

/* Past a quoted string, RFC 9110 section 5.6.4, or to the end without one. */
static const char *
skip_quoted(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return (*p == '"' ? p + 1 : p);
}

/* Past spaces and empty members of a list, RFC 9110 section 5.6.1. */
static const char *
skip_empty(const char *p)
{
	return (p + strspn(p, " \t,"));
}

/* To the comma that ends a member, or to the end. */
static const char *
skip_member(const char *p)
{
	while (*p != '\0' && *p != ',')
		p = *p == '"' ? skip_quoted(p) : p + 1;
	return (p);
}

/* ---------------------------------------------------------- entity tags -- */

/* Past an entity tag without W/; its span in the outputs; NULL if malformed. */
static const char *
read_opaque(const char *p, const char **ret_tag, size_t *ret_len)
{
	const bool quoted = *p == '"';
	const char *start = quoted ? p + 1 : p;
	const char *end = start;

	/* etagc is anything visible but a quote, or a byte over 0x7f. */
	while ((unsigned char)*end > ' ' && *end != 0x7f && *end != '"' &&
	    (quoted || *end != ','))
		end++;
	if (quoted ? *end != '"' : end == start)
		return (NULL);
	*ret_tag = start;
	*ret_len = (size_t)(end - start);
	return (quoted ? end + 1 : end);
}

enum etag
etag_next(struct etag_list *list, const char **ret_tag, size_t *ret_len,
    bool *ret_weak)
{
	const char *p = skip_empty(list->p);
	const char *tag = NULL;
	size_t len = 0;
	bool weak;

	if (*p == '\0')
		return (list->n == 0 ? ETAG_BAD : ETAG_END);
	if (*p == '*') {
		p = skip_empty(p + 1);
		if (*p != '\0' || list->n > 0)
			return (ETAG_BAD);
		list->p = p;
		list->n++;
		return (ETAG_ANY);
	}
	weak = p[0] == 'W' && p[1] == '/';
	p = read_opaque(weak ? p + 2 : p, &tag, &len);
	if (p == NULL)
		return (ETAG_BAD);
	p = skip_space(p);
	if (*p != '\0' && *p != ',')
		return (ETAG_BAD);
	list->p = p;
	list->n++;
	*ret_tag = tag;
	*ret_len = len;
	*ret_weak = weak;
	return (ETAG_TAG);
}

bool
if_range_holds(const char *value, const char *tag, size_t taglen)
{
	const char *mine = NULL;
	size_t len = 0;

	if (value == NULL)
		return (true);
	value = skip_space(value);
	if (*value != '"')
		return (false);
	value = read_opaque(value, &mine, &len);
	return (value != NULL && *skip_space(value) == '\0' && len == taglen &&
	    memcmp(mine, tag, len) == 0);
}

/* ---------------------------------------------------------- media types -- */

/* Quality values are counted in thousandths. */
#define Q_MAX 1000

struct media_range {
	const char *type;
	size_t typelen;
	const char *sub;
	size_t sublen;
	int q;
};

/*
 * A quality value, RFC 9110 section 12.4.2, from p to end; -1 if it is no
 * number. Known clients send ".2" and more digits than three, so these are
 * taken, and what is over 1 is 1.
 */
static int
parse_q(const char *p, const char *end)
{
	int q = 0, unit = Q_MAX;
	bool any = false;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		any = true;
		if (*p > '0')
			q = Q_MAX;
	}
	if (p < end && *p == '.')
		p++;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		any = true;
		unit /= 10;
		q += (*p - '0') * unit;
	}
	if (!any || p < end)
		return (-1);
	return (q > Q_MAX ? Q_MAX : q);
}

/*
 * The parameters of a media range: fills in its quality. Returns where the
 * member ends, or NULL if it is malformed.
 */
static const char *
parse_params(const char *p, struct media_range *r)
{
	const char *name, *value, *end;

	r->q = Q_MAX;
	for (;;) {
		p = skip_space(p);
		if (*p == '\0' || *p == ',')
			return (p);
		if (*p != ';')
			return (NULL);
		name = skip_space(p + 1);
		end = skip_token(name);
		p = end;
		if (name == end || *p != '=')
			continue;
		value = p + 1;
		p = *value == '"' ? skip_quoted(value) : skip_token(value);
		if (end - name == 1 && (*name == 'q' || *name == 'Q')) {
			r->q = parse_q(value, p);
			if (r->q < 0)
				return (NULL);
		}
	}
}

static bool
is_wild(const char *s, size_t len)
{
	return (len == 1 && *s == '*');
}

/* A media range with its parameters; false if it is malformed. */
static bool
parse_range(const char *p, struct media_range *r)
{
	r->type = p;
	p = skip_token(p);
	r->typelen = (size_t)(p - r->type);
	/* Old Java sends "*" where it means all types. */
	if (is_wild(r->type, r->typelen) && *p != '/') {
		r->sub = r->type;
		r->sublen = 1;
		return (parse_params(p, r) != NULL);
	}
	if (r->typelen == 0 || *p != '/')
		return (false);
	r->sub = p + 1;
	p = skip_token(r->sub);
	r->sublen = (size_t)(p - r->sub);
	if (r->sublen == 0 ||
	    (is_wild(r->type, r->typelen) && !is_wild(r->sub, r->sublen)))
		return (false);
	return (parse_params(p, r) != NULL);
}

/* How specific a range is for a type; 0: it is not for that type. */
static int
specificity(const struct media_range *r, const char *type)
{
	const char *slash = strchr(type, '/');
	size_t len = (size_t)(slash - type);

	if (is_wild(r->type, r->typelen))
		return (1);
	if (r->typelen != len || strncasecmp(r->type, type, len) != 0)
		return (0);
	if (is_wild(r->sub, r->sublen))
		return (2);
	if (r->sublen != strlen(slash + 1) ||
	    strncasecmp(r->sub, slash + 1, r->sublen) != 0)
		return (0);
	return (3);
}

/*
 * The quality of one type; -1 if the field has no valid member. Between ranges
 * that are equally specific the greater quality counts.
 */
static int
quality(const char *value, const char *type)
{
	struct media_range r;
	const char *p;
	int best = 0, q = 0, s;
	bool valid = false;

	for (p = value; *(p = skip_empty(p)) != '\0'; p = skip_member(p)) {
		if (!parse_range(p, &r))
			continue;
		valid = true;
		s = specificity(&r, type);
		if (s > best || (s == best && s > 0 && r.q > q)) {
			best = s;
			q = r.q;
		}
	}
	return (valid ? q : -1);
}

int
accept_choose(const char *value, const char *const *offers, size_t n,
    bool *ret_prefers)
{
	int best = -1, best_q = 0, q;
	bool differ = false;
	size_t i;

	for (i = 0; i < n; i++) {
		q = value == NULL ? -1 : quality(value, offers[i]);
		if (q < 0) {
			*ret_prefers = false;
			return (0);
		}
		if (i > 0 && q != best_q)
			differ = true;
		if (q > best_q) {
			best = (int)i;
			best_q = q;
		}
	}
	*ret_prefers = differ;
	return (best);
}

bool
media_type_is(const char *value, const char *type)
{
	const size_t len = strlen(type);

	if (value == NULL)
		return (false);
	value = skip_space(value);
	if (strncasecmp(value, type, len) != 0)
		return (false);
	value = skip_space(value + len);
	return (*value == '\0' || *value == ';');
}

/* --------------------------------------------------------------- ranges -- */

/*
 * Past a decimal number. One that is too great for its type becomes the
 * greatest: no representation is as long. NULL when there is no digit.
 */
static const char *
read_number(const char *p, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned digit;

	if (*p < '0' || *p > '9')
		return (NULL);
	for (; *p >= '0' && *p <= '9'; p++) {
		digit = (unsigned)(*p - '0');
		if (v > (UINT64_MAX - digit) / 10)
			v = UINT64_MAX;
		else
			v = v * 10 + digit;
	}
	*ret = v;
	return (p);
}

/* The last "n" bytes of "total". */
static enum range
suffix_range(uint64_t n, uint64_t total, uint64_t *ret_offset,
    uint64_t *ret_len)
{
	if (n == 0)
		return (RANGE_UNSATISFIABLE);
	/* Satisfiable by section 14.1.2, but a 206 cannot say it. */
	if (total == 0)
		return (RANGE_NONE);
	*ret_len = n < total ? n : total;
	*ret_offset = total - *ret_len;
	return (RANGE_PART);
}

enum range
range_parse(const char *value, uint64_t total, uint64_t *ret_offset,
    uint64_t *ret_len)
{
	static const char unit[] = "bytes=";
	uint64_t first = 0, last = UINT64_MAX;
	const char *p;
	bool suffix;

	if (value == NULL)
		return (RANGE_NONE);
	p = skip_space(value);
	if (strncasecmp(p, unit, sizeof(unit) - 1) != 0)
		return (RANGE_NONE);
	p = skip_empty(p + sizeof(unit) - 1);
	suffix = *p == '-';
	if (!suffix && (p = read_number(p, &first)) == NULL)
		return (RANGE_NONE);
	if (*p++ != '-')
		return (RANGE_NONE);
	if ((suffix || (*p >= '0' && *p <= '9')) &&
	    (p = read_number(p, &last)) == NULL)
		return (RANGE_NONE);
	if (*skip_empty(p) != '\0')
		return (RANGE_NONE);

	if (suffix)
		return (suffix_range(last, total, ret_offset, ret_len));
	if (last < first)
		return (RANGE_NONE);
	if (first >= total)
		return (RANGE_UNSATISFIABLE);
	*ret_offset = first;
	*ret_len = (last < total ? last : total - 1) - first + 1;
	return (RANGE_PART);
}
