/* SPDX-License-Identifier: MIT */
/*
 * The raw REQUEST_URI, taken apart: path, percent-escapes, query parameters.
 * nginx routes by its own decoded and normalised form; keys come from here,
 * from what the client wrote.
 *
 * 1. Nothing here allocates or does input or output. Spans point into what
 *    the caller passed, and last as long as that.
 * 2. Functions that can fail return enum uri_err, whose zero is URI_OK; all
 *    errors are the client's, and uri_strerror() is fit for the detail of a
 *    400 (414 for URI_LONG). Outputs are untouched on failure.
 * 3. Threads: no state.
 */
#ifndef FCGI_URI_H
#define FCGI_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest URI: the longest request line that nginx is set to. */
#define URI_MAX 32768
/* Greatest number of parameters in a query. */
#define QUERY_MAX 32

enum uri_err {
	URI_OK = 0,
	URI_LONG,     /* over URI_MAX, or over the buffer */
	URI_FORM,     /* neither /path nor http://host/path */
	URI_BYTE,     /* a space or a control character */
	URI_FRAGMENT, /* a '#' */
	URI_ESCAPE,   /* a % without two hexadecimal digits */
	URI_PARAMS,   /* more than QUERY_MAX parameters */
	URI_REPEATED, /* a parameter is there twice */
	URI_BOOL,     /* a parameter is neither true nor false */
	URI_NUMBER,   /* a parameter is no decimal number */
	URI_RANGE,    /* a parameter is a number out of its bounds */
};

/* A sentence without a full stop; a constant. */
const char *uri_strerror(enum uri_err);

struct uri {
	const char *path; /* raw, begins with '/' */
	size_t pathlen;
	const char *query; /* raw, after the '?'; "" when there is none */
	size_t querylen;
};

/*
 * Splits a request target. The absolute form of RFC 9112 section 3.2.2
 * (http://host/path, https://) is taken too, an empty path there is "/". A '#'
 * is refused: nginx routes by what is before it, so that a key with a '#' that
 * is not written %23 would be another key than the client means.
 */
enum uri_err uri_parse(const char *raw, size_t len, struct uri *ret);

/*
 * Whether a raw path has a "." or ".." segment, however spelled: nginx decodes
 * %2e to a dot and %2f to a slash before it removes such segments, so
 * "a%2f..%2Fb" has one too.
 */
bool uri_dot_segment(const char *path, size_t len);

/*
 * Decodes percent-escapes, once; '+' is a plus. dst has room for len bytes and
 * may be src. False for a bad escape; dst is then undefined.
 */
bool uri_decode(const char *src, size_t len, char *dst, size_t *ret_len);

/* A parameter, decoded: bytes, not strings, which may hold NUL. */
struct query_param {
	const char *name;
	size_t namelen;
	const char *value; /* empty for "?name" as for "?name=" */
	size_t valuelen;
};

struct query {
	size_t n;
	struct query_param param[QUERY_MAX];
};

/*
 * Takes a raw query apart at '&' and '=' and decodes names and values into
 * buf[buflen], to which *ret points afterwards; "len" bytes are enough. Empty
 * parameters ("&&") are skipped.
 */
enum uri_err query_parse(const char *raw, size_t len, char *buf, size_t buflen,
    struct query *ret);
/* The parameter of that name, or NULL. */
const struct query_param *query_find(const struct query *, const char *name);
/* The first parameter whose name is not in a list that ends with NULL. */
const struct query_param *query_unknown(const struct query *,
    const char *const *names);
/*
 * The value of a parameter: true, 1 or nothing; false or 0. *ret, which the
 * caller has set to the default, is untouched when there is no such parameter.
 * URI_BOOL.
 */
enum uri_err query_bool(const struct query *, const char *name, bool *ret);
/* Likewise a decimal number, digits only. URI_NUMBER, URI_RANGE. */
enum uri_err query_uint(const struct query *, const char *name, uint64_t least,
    uint64_t greatest, uint64_t *ret);

#endif
