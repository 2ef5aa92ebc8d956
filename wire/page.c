/* SPDX-License-Identifier: MIT */
/* Pages of lists; see page.h. */
#include "config.h"

#include <string.h>

#include "wire/line.h"
#include "wire/page.h"

/* A page ends when it has this many bytes; it has one item at least. */
#define PAGE_BYTES (4UL << 20)

void
page_continue(struct page *l, const void *bound, size_t len)
{
	if (l->range.reverse) {
		l->range.end = bound;
		l->range.endlen = len;
	} else {
		l->range.start = bound;
		l->range.startlen = len;
	}
}

/*
 * The group of a key: up to and including the first delimiter after the
 * prefix. 0 when it is in none.
 */
static size_t
group_of(const struct page *l, const char *key, size_t len)
{
	const char *p;

	if (l->delimiterlen == 0)
		return (0);
	p = memmem(key + l->range.prefixlen, len - l->range.prefixlen,
	    l->delimiter, l->delimiterlen);
	return (p == NULL ? 0 : (size_t)(p - key) + l->delimiterlen);
}

/* Sets the bound behind a key, or behind all keys of a group. */
static bool
set_next(struct page *l, const char *key, size_t len, bool group)
{
	buf_reset(&l->next);
	if (!buf_add(&l->next, key, len))
		return (false);
	if (l->range.reverse)
		return (true); /* an exclusive end */
	if (!group)
		return (buf_addc(&l->next, '\0'));
	/* Past all that begin with it: add one to its last byte below 255.
	 * With none such there is nothing behind. */
	while (l->next.len > 0 &&
	    (unsigned char)l->next.data[l->next.len - 1] == 0xff)
		l->next.len--;
	if (l->next.len > 0)
		l->next.data[l->next.len - 1]++;
	return (true);
}

static void
write_group(struct page *l, const char *prefix, size_t len)
{
	struct doc_writer *w = &l->groups_w;

	if (utf8_ok(prefix, len))
		doc_w_text(w, prefix, len);
	else if (w->format == DOC_CBOR)
		doc_w_bytes(w, prefix, len);
	else {
		doc_w_map(w);
		doc_w_name(w, "prefix64");
		doc_w_bytes(w, prefix, len);
		doc_w_end(w);
	}
}

/* Writes the page's items and collects its groups. */
static enum skv_err
write_items(struct page *l, struct skv_scan *scan)
{
	const void *key;
	struct skv_value v;
	enum skv_err err;
	size_t group, len;

	while ((err = skv_scan_next(scan, &key, &len, &v)) == SKV_OK) {
		if (l->n == l->limit ||
		    (l->n > 0 && l->w->out->len + l->groups.len > PAGE_BYTES)) {
			l->more = true;
			return (SKV_OK);
		}
		l->n++;
		group = group_of(l, key, len);
		if (group == 0)
			item_write(l->w, l->db, key, len, &v, l->values);
		else
			write_group(l, key, group);
		if (!set_next(l, key, group == 0 ? len : group, group != 0))
			return (SKV_NOMEM);
		if (group == 0)
			continue;
		if (l->next.len == 0)
			return (SKV_OK); /* nothing sorts behind the group */
		err = skv_scan_seek(scan, l->next.data, l->next.len);
		if (err != SKV_OK)
			return (err);
	}
	return (err == SKV_NOTFOUND ? SKV_OK : err);
}

enum skv_err
page_write(struct page *l, struct doc_writer *w)
{
	struct skv_scan *scan;
	enum skv_err err;

	l->w = w;
	doc_writer_init(&l->groups_w, w->format, &l->groups);
	doc_w_array(&l->groups_w);
	/* One more tells whether there are more; a group is skipped as one. */
	err = skv_scan_open_limit(l->db, &l->range,
	    l->delimiterlen > 0 ? 0 : l->limit + 1, &scan);
	if (err != SKV_OK)
		return (err);
	doc_w_name(w, "items");
	doc_w_array(w);
	err = write_items(l, scan);
	skv_scan_close(scan);
	if (err != SKV_OK)
		return (err);
	doc_w_end(w);
	doc_w_end(&l->groups_w);
	if (l->delimiterlen > 0) {
		doc_w_name(w, "prefixes");
		doc_w_doc(w, w->format, l->groups.data, l->groups.len);
	}
	return (buf_failed(&l->groups) ? SKV_NOMEM : SKV_OK);
}

void
page_release(struct page *l)
{
	buf_release(&l->next);
	buf_release(&l->groups);
}
