/* SPDX-License-Identifier: MIT */
/*
 * Transactions as documents. The document is read once, from front to back,
 * straight into a transaction of the store; no tree of it is built.
 */
#ifndef WIRE_TXN_H
#define WIRE_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/doc.h"
#include "store/scribekv.h"

struct txn_doc {
	/* Of the caller, before anything else. */
	struct skv *db;
	struct skv_txn *txn;
	struct buf *ops; /* receives the kinds of the operations, in order */
	uint64_t max_value;
	unsigned max_depth;

	/* When reading failed. The text of SKV_OK, SKV_INVALID and SKV_TOOBIG
	 * is the client's; other errors are the store's. */
	enum skv_err err;
	const char *why;
	size_t offset;
	const char *list; /* "if" or "ops", NULL when in neither */
	size_t index;	  /* in that list */

	/* Private, while reading. */
	struct doc_reader d;
	enum doc_format format;
	struct buf bytes; /* decoded base64 of the member at hand */
	bool has_if, has_ops, has_sync;
};

/* Reads a document, which is changed, into the transaction. */
bool txn_doc_read(struct txn_doc *, enum doc_format, char *data, size_t len);
/*
 * Writes the answer to one that was applied; false when it has become longer
 * than "max" bytes: escapes and base64 take more room than what was read.
 */
bool txn_doc_answer(const struct txn_doc *, struct doc_writer *, uint64_t max);
/* Writes the member "failed": the conditions that were false. */
void txn_doc_failed(const struct txn_doc *, struct doc_writer *);

#endif
