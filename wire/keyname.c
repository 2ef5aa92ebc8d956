/* SPDX-License-Identifier: MIT */
/* Keys in documents; see keyname.h. */
#include "config.h"

#include "store/scribekv.h"
#include "wire/keyname.h"
#include "wire/value.h"

bool
keyname_member(struct keyname *k, struct doc_reader *d, const char *name,
    size_t len)
{
	struct doc_value v;
	bool base64 = text_is(name, len, "key64");

	if (!base64 && !text_is(name, len, "key"))
		return (false);
	if (k->data != NULL)
		doc_fail(d, "a key is named twice");
	else if (!doc_value(d, &v))
		return (true);
	else if (v.type != DOC_TEXT && (base64 || v.type != DOC_BYTES))
		doc_fail(d, "a key is not a string");
	else {
		k->data = v.data;
		k->len = v.len;
		k->base64 = base64;
	}
	return (true);
}

const char *
keyname_get(const struct keyname *k, struct buf *scratch, const char **ret_key,
    size_t *ret_len)
{
	size_t from = scratch->len;
	bool memory;

	if (k->data == NULL)
		return ("there is no \"key\"");
	*ret_key = k->data;
	*ret_len = k->len;
	if (k->base64) {
		if (!base64_decode(scratch, k->data, k->len, &memory) &&
		    !memory)
			return ("\"key64\" is not base64");
		*ret_key = scratch->data == NULL ? "" : scratch->data + from;
		*ret_len = scratch->len - from;
	}
	if (*ret_len == 0)
		return ("the key is empty");
	if (*ret_len > SKV_KEYMAX)
		return ("the key is over 1024 bytes");
	return (NULL);
}

void
keyname_write(struct doc_writer *w, const char *key, size_t len)
{
	if (utf8_ok(key, len)) {
		doc_w_name(w, "key");
		doc_w_text(w, key, len);
	} else {
		doc_w_name(w, w->format == DOC_JSON ? "key64" : "key");
		doc_w_bytes(w, key, len);
	}
}
