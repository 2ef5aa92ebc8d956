/* SPDX-License-Identifier: MIT */
/* Typed values: CBOR items in and out, whatever is stored. */
#include "config.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/doc.h"
#include "store/internal.h"

enum skv_err
skv_put_cbor(struct skv *db, const void *key, size_t keylen, const void *item,
    size_t len)
{
	const struct skv_attr attr = {.kind = SKV_CBOR, .cbor_envelope = true};
	const char *why;
	size_t offset;

	if (!doc_check(DOC_CBOR, item, len, DOC_DEPTHMAX, &why, &offset))
		return (SKV_INVALID);
	return (skv_put(db, key, keylen, item, len, &attr));
}

/* False when what is stored is not what it is said to be. */
static bool
write_item(struct doc_writer *w, const struct skv_value *v)
{
	switch (v->attr.kind) {
	case SKV_CBOR:
		return (doc_w_doc(w, DOC_CBOR, v->data, v->len));
	case SKV_JSON:
		return (doc_w_doc(w, DOC_JSON, v->data, v->len));
	case SKV_TEXT:
		doc_w_text(w, v->data, v->len);
		break;
	case SKV_RAW:
	case SKV_BINARY:
		doc_w_bytes(w, v->data, v->len);
		break;
	}
	return (true);
}

enum skv_err
skv_get_cbor(struct skv *db, const void *key, size_t keylen, void **ret_item,
    size_t *ret_len)
{
	struct doc_writer w;
	struct skv_value v;
	struct buf b = {0};
	enum skv_err err;
	bool ok;

	err = skv_get(db, key, keylen, &v);
	if (err != SKV_OK)
		return (err);
	doc_writer_init(&w, DOC_CBOR, &b);
	ok = write_item(&w, &v);
	skv_value_release(&v);
	if (!ok || buf_failed(&b)) {
		err = buf_failed(&b) ? SKV_NOMEM : SKV_CORRUPT;
		buf_release(&b);
		return (err);
	}
	*ret_item = buf_steal(&b, ret_len);
	return (SKV_OK);
}
