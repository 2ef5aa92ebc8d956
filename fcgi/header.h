/* SPDX-License-Identifier: MIT */
/*
 * Field values of HTTP requests (RFC 9110), as pure functions: conditions,
 * content negotiation, media types, ranges.
 *
 * 1. A field value is a string that ends with NUL. NULL stands for a field
 *    that is absent, wherever a function does not say otherwise.
 * 2. Nothing here allocates. Spans point into the field value.
 * 3. Outputs are untouched on failure. Threads: no state.
 */
#ifndef FCGI_HEADER_H
#define FCGI_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------- entity tags -- */

enum etag {
	ETAG_END, /* no more; there was at least one, or a '*' */
	ETAG_TAG, /* the outputs are set */
	ETAG_ANY, /* a '*', which is alone in its list */
	ETAG_BAD, /* malformed, or empty: the whole field is to be refused */
};

/* A position in a list; set "p" to the field value and "n" to 0. */
struct etag_list {
	const char *p;
	unsigned n; /* of members so far */
};

/*
 * The next entity tag of an If-Match or If-None-Match list (RFC 9110 section
 * 8.8.3), without its quotes. A token without quotes is taken as a tag too,
 * because people type it at a shell. After ETAG_BAD and ETAG_END do not go on.
 */
enum etag etag_next(struct etag_list *, const char **ret_tag, size_t *ret_len,
    bool *ret_weak);

/*
 * Whether If-Range holds (RFC 9110 section 13.1.5): true when the field is
 * absent or is the strong tag "tag" (given without quotes). A date never holds:
 * what we serve has no Last-Modified.
 */
bool if_range_holds(const char *value, const char *tag, size_t taglen);

/* ---------------------------------------------------------- media types -- */

#define TYPE_JSON "application/json"
#define TYPE_CBOR "application/cbor"
#define TYPE_NDJSON "application/x-ndjson"
#define TYPE_BYTES "application/octet-stream"

/*
 * Chooses from "offers", media types without parameters in lower case, the
 * best one for an Accept field (RFC 9110 section 12.5.1): the greatest quality
 * by the most specific range, the first offered among equals. Put what is
 * best anyway first. Returns its index, or -1 when none is acceptable.
 *
 * *ret_prefers is false when the field does not tell the offers apart: it is
 * absent, has no valid member, or all offers are equally acceptable, as by the
 * usual value of all wildcards. Parameters of a range other than its quality
 * are ignored, and so is a malformed member.
 */
int accept_choose(const char *value, const char *const *offers, size_t n,
    bool *ret_prefers);

/*
 * Whether a Content-Type is of a type such as "application/json" (in lower
 * case), whatever its letter case and parameters. False when absent.
 */
bool media_type_is(const char *value, const char *type);

/* --------------------------------------------------------------- ranges -- */

enum range {
	RANGE_NONE, /* serve the whole: absent, malformed or not supported */
	RANGE_PART, /* 206: the outputs are set, the length is not 0 */
	RANGE_UNSATISFIABLE, /* 416 */
};

/*
 * A Range field (RFC 9110 section 14.2) for a representation of "total" bytes:
 * one range in bytes. Several ranges are served as the whole, as section 14.2
 * allows.
 */
enum range range_parse(const char *value, uint64_t total, uint64_t *ret_offset,
    uint64_t *ret_len);

#endif
