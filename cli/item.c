/* SPDX-License-Identifier: MIT */
/* Items of documents that answer; see item.h. */
#include "config.h"

#include <string.h>

#include "cli/item.h"
#include "wire/value.h"

/* What base64 stands for; false when it is none. */
static bool
decode(struct item *it, struct bytes *b)
{
	size_t from = it->scratch.len;
	bool memory;

	if (!base64_decode(&it->scratch, b->data, b->len, &memory))
		return (false);
	b->data = it->scratch.data == NULL ? "" : it->scratch.data + from;
	b->len = it->scratch.len - from;
	return (true);
}

static void
take_text(struct item *it, const char *name, size_t len,
    const struct doc_value *v, bool *ret_key64, bool *ret_base64)
{
	const struct bytes b = {v->data, v->len};

	if (text_is(name, len, "key"))
		it->key = b;
	else if (text_is(name, len, "key64") ||
	    text_is(name, len, "prefix64")) {
		it->key = b;
		*ret_key64 = true;
	} else if (text_is(name, len, "etag"))
		it->etag = b;
	else if (text_is(name, len, "type"))
		it->type = b;
	else if (text_is(name, len, "encoding"))
		*ret_base64 = true;
}

static void
take_int(struct item *it, const char *name, size_t len, int64_t n)
{
	if (text_is(name, len, "size"))
		it->size = n;
	else if (text_is(name, len, "ttl"))
		it->ttl = n;
	else if (text_is(name, len, "index"))
		it->index = n;
}

static void
take_member(struct item *it, const char *name, size_t len,
    const struct doc_value *v, bool *ret_key64, bool *ret_base64)
{
	if (text_is(name, len, "value")) {
		it->has_value = true;
		it->value = v->type == DOC_TEXT ?
		    (struct bytes){v->data, v->len} :
		    (struct bytes){v->raw, v->rawlen};
	} else if (v->type == DOC_TEXT)
		take_text(it, name, len, v, ret_key64, ret_base64);
	else if (v->type == DOC_INT)
		take_int(it, name, len, v->i);
	else if (v->type == DOC_BOOL && text_is(name, len, "found")) {
		it->has_found = true;
		it->found = v->b;
	}
}

bool
item_read(struct item *it, char *data, size_t len)
{
	struct doc_reader d;
	struct doc_value v;
	const char *name;
	size_t namelen;
	bool key64 = false, base64 = false, ok;

	*it = (struct item){.size = -1, .ttl = -1, .index = -1};
	doc_reader_init(&d, DOC_JSON, data, len, DOC_DEPTHMAX);
	if (doc_map_begin(&d))
		while (doc_map_next(&d, &name, &namelen))
			if (doc_value(&d, &v))
				take_member(it, name, namelen, &v, &key64,
				    &base64);
	ok = doc_end(&d);
	doc_reader_release(&d);
	/* Room for both, so that the second does not move the first. */
	return (ok && buf_reserve(&it->scratch, it->key.len + it->value.len) &&
	    (!key64 || decode(it, &it->key)) &&
	    (!base64 || decode(it, &it->value)));
}

void
item_release(struct item *it)
{
	buf_release(&it->scratch);
}
