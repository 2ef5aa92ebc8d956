/* SPDX-License-Identifier: MIT */
/* Lines of exports and imports, items of lists; see line.h. */
#include "config.h"

#include <string.h>

#include "wire/keyname.h"
#include "wire/line.h"

bool
line_blank(const char *p, size_t len)
{
	for (; len > 0; p++, len--)
		if (*p != ' ' && *p != '\t' && *p != '\r')
			return (false);
	return (true);
}

static const char *
store_line(struct line *l, struct skv *db, const struct keyname *k,
    const struct envelope *e, struct buf *scratch)
{
	const char *why;

	why = keyname_get(k, scratch, &l->key, &l->keylen);
	if (why != NULL)
		return (why);
	return (envelope_store(e, db, DOC_JSON, scratch, &l->stored));
}

/*
 * NB: decoded keys and values share the scratch buffer, which may move: it has
 * room for both before the first is decoded.
 */
enum skv_err
line_read(struct line *l, struct skv *db, char *data, size_t len,
    unsigned max_depth, struct buf *scratch, const char **ret_why)
{
	struct envelope e = {.archive = true};
	struct keyname k = {.data = NULL};
	struct doc_reader d;
	const char *name, *why = NULL;
	size_t namelen;
	bool nomemory;

	buf_reset(scratch);
	if (!buf_reserve(scratch, len))
		return (SKV_NOMEM);
	doc_reader_init(&d, DOC_JSON, data, len, max_depth + 1);
	if (doc_map_begin(&d))
		while (doc_map_next(&d, &name, &namelen))
			if (!keyname_member(&k, &d, name, namelen) &&
			    !envelope_member(&e, &d, name, namelen))
				doc_fail(&d, "unknown member");
	(void)doc_end(&d);
	nomemory = doc_error(&d) == doc_nomemory;
	if (doc_failed(&d))
		why = doc_error(&d);
	else
		why = store_line(l, db, &k, &e, scratch);
	doc_reader_release(&d);
	if (nomemory || buf_failed(scratch))
		return (SKV_NOMEM);
	if (why == NULL)
		return (SKV_OK);
	*ret_why = why;
	return (SKV_INVALID);
}

void
line_write(struct buf *out, const char *key, size_t keylen,
    const struct skv_value *v)
{
	struct doc_writer w;

	doc_writer_init(&w, DOC_JSON, out);
	doc_w_map(&w);
	keyname_write(&w, key, keylen);
	value_write_archive(&w, v);
	doc_w_end(&w);
	(void)buf_addc(out, '\n');
}

void
item_write(struct doc_writer *w, struct skv *db, const char *key, size_t keylen,
    const struct skv_value *v, bool values)
{
	char buf[SKV_TYPEMAX + 1];
	const char *type = value_type(&v->attr, buf);

	doc_w_map(w);
	keyname_write(w, key, keylen);
	value_write_etag(w, skv_id(db), v->revision);
	doc_w_name(w, "size");
	doc_w_uint(w, v->len);
	doc_w_name(w, "type");
	doc_w_text(w, type, strlen(type));
	value_write_ttl(w, db, v);
	if (values)
		value_write(w, v);
	doc_w_end(w);
}
