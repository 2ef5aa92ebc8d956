/* SPDX-License-Identifier: MIT */
/*
 * The batch, and its commit as one SQL transaction. At the end the batch is
 * sorted by key, the last change of each key stands, and what is left becomes
 * as few statements as its numbers allow:
 *
 * - A put of a key that was read and absent is an INSERT, which fails if the
 *   key is there by now; any other put replaces what is there, unless that is
 *   newer (see mariadb_stmt.c).
 * - A guarded key, on which the batch depends without changing it, is changed
 *   all the same: one that is there in a column of no meaning, one that is
 *   absent by inserting and deleting it. For Galera certifies what a
 *   transaction wrote, and not what it has read, against what other nodes have
 *   written at the same time. For the same reason the deletion of an absent
 *   key inserts it first.
 * - The record of our slot goes with every batch.
 *
 * Blind puts that fit one statement need no more than that statement. Any other
 * batch is a transaction in a session where nothing is committed but by COMMIT.
 *
 * A server may end a transaction by itself, for that of another node or to
 * break a deadlock, and some answers have no place to say so; what follows
 * would then be another transaction, without the locks and the writes of the
 * first. So the first statement is the mark, a record of our slot that no other
 * transaction writes, and the last before COMMIT, the one of the puts, replaces
 * it by the record of the batch, which it can only if the mark is there.
 *
 * An error at the commit leaves open whether it took place. The slot's record
 * answers that, on whichever server is fit by then: if it is not the one of the
 * batch it is replaced, which makes the two transactions conflict, so that the
 * one in doubt cannot take place any more. Then the leader may try again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

/* Bytes of one statement, unless a single row has more; well below the
 * server's usual max_allowed_packet. */
#define STATEMENT_BYTES (4UL << 20)
/* A batch that grew larger than this gives its memory back. */
#define BATCH_KEEP (4UL << 20)

/* ------------------------------------------------------------- the batch -- */

static enum skv_err
add_change(struct engine *e, enum maria_what what, const void *key,
    size_t keylen, const void *value, size_t len)
{
	size_t max = e->maxchanges == 0 ? 64 : 2 * e->maxchanges;
	struct maria_change *changes = e->changes;

	if (e->nchanges == e->maxchanges) {
		changes = reallocarray(changes, max, sizeof(*changes));
		if (changes == NULL)
			return (SKV_NOMEM);
		e->changes = changes;
		e->maxchanges = max;
	}
	changes[e->nchanges] = (struct maria_change){
	    .what = what,
	    .number = e->nchanges,
	    .key = e->bytes.len,
	    .keylen = keylen,
	    .value = e->bytes.len + keylen,
	    .len = len,
	};
	if (!buf_add(&e->bytes, key, keylen) || !buf_add(&e->bytes, value, len))
		return (SKV_NOMEM);
	e->nchanges++;
	return (SKV_OK);
}

enum skv_err
maria_batch_put(struct engine *e, const void *key, size_t keylen,
    const void *value, size_t len)
{
	return (add_change(e, CHANGE_PUT, key, keylen, value, len));
}

enum skv_err
maria_batch_delete(struct engine *e, const void *key, size_t keylen)
{
	return (add_change(e, CHANGE_DELETE, key, keylen, "", 0));
}

enum skv_err
maria_batch_guard(struct engine *e, const void *key, size_t keylen)
{
	return (add_change(e, CHANGE_GUARD, key, keylen, "", 0));
}

/* Forgets the batch, but not what it was decided over. */
static void
forget_batch(struct engine *e)
{
	e->nchanges = 0;
	buf_reset(&e->bytes);
	if (e->bytes.cap > BATCH_KEEP)
		buf_release(&e->bytes);
}

void
maria_batch_clear(struct engine *e)
{
	forget_batch(e);
	maria_rollback(e);
}

/* By key, and of one key guards first and then in order. */
static int
change_cmp(const void *va, const void *vb, void *bytes)
{
	const struct maria_change *a = va, *b = vb;
	const char *base = bytes;
	size_t len = a->keylen < b->keylen ? a->keylen : b->keylen;
	int rc;

	rc = memcmp(base + a->key, base + b->key, len);
	if (rc == 0)
		rc = (a->keylen > b->keylen) - (a->keylen < b->keylen);
	if (rc == 0)
		rc = (a->what != CHANGE_GUARD) - (b->what != CHANGE_GUARD);
	return (rc != 0 ? rc :
			  (a->number > b->number) - (a->number < b->number));
}

/* Leaves the last change of each key, in the order of keys. */
static void
settle_batch(struct engine *e)
{
	struct maria_change *c = e->changes;
	const char *base = e->bytes.data;
	size_t i, n = 0;

	qsort_r(c, e->nchanges, sizeof(*c), change_cmp, e->bytes.data);
	for (i = 0; i < e->nchanges; i++) {
		if (n > 0 && c[n - 1].keylen == c[i].keylen &&
		    memcmp(base + c[n - 1].key, base + c[i].key, c[i].keylen) ==
			0)
			n--;
		c[n++] = c[i];
	}
	e->nchanges = n;
}

/* ------------------------------------------------------ the transaction -- */

enum skv_err
maria_transaction(struct engine *e, struct skv_errinfo *info)
{
	enum skv_err err;

	CHECK(e->conn == NULL);
	err = maria_take(e, MARIA_WRITE, e->deadline_ns, info, &e->conn);
	/* The first statement begins it. */
	e->open = err == SKV_OK;
	return (err);
}

enum skv_err
maria_mark(struct engine *e, struct skv_errinfo *info)
{
	enum skv_err err;
	bool missed = false;

	err = maria_transaction(e, info);
	if (err != SKV_OK)
		return (err);
	maria_slot_value(e, maria_revision(e, 0), e->mark);
	err = maria_slot_change(e, e->mark, MARIA_SLOTOWNER(e->mark),
	    sizeof(e->instance), &missed, info);
	if (!missed)
		return (err);
	/* The slot is another's. */
	maria_rollback(e);
	err = maria_slot_take(e, info);
	return (err == SKV_OK ? ENGINE_AGAIN : err);
}

void
maria_rollback(struct engine *e)
{
	maria_unlock(e);
	if (e->conn != NULL && e->open && !e->conn->broken &&
	    maria_query(e->conn, "ROLLBACK", NULL) != SKV_OK)
		e->conn->broken = true;
	maria_give(e->conn);
	e->conn = NULL;
	e->open = false;
}

/* ------------------------------------------------------------ statements -- */

/* What becomes of a change, in the order of statements. */
enum step {
	STEP_INSERT,
	STEP_TOUCH,
	STEP_DELETE,
	STEP_UPSERT, /* the last one, see use_mark() */
	NSTEPS
};

static enum maria_stmt
step_stmt(const struct engine *e, enum step step)
{
	switch (step) {
	case STEP_INSERT:
		return (ST_INSERT);
	case STEP_TOUCH:
		return (ST_TOUCH);
	case STEP_DELETE:
		return (ST_DELETE);
	case STEP_UPSERT:
		return (e->open ? ST_UPSERT_MARKED : ST_UPSERT);
	case NSTEPS:
		break;
	}
	WRONG("there is no such step");
}

/* Whether a change takes part in a step. */
static bool
takes_part(const struct engine *e, const struct maria_change *c, enum step step)
{
	bool absent = maria_was_absent(e, e->bytes.data + c->key, c->keylen);

	switch (step) {
	case STEP_INSERT:
		return (absent);
	case STEP_UPSERT:
		return (c->what == CHANGE_PUT && !absent);
	case STEP_TOUCH:
		return (c->what == CHANGE_GUARD && !absent &&
		    e->conn->node->galera);
	case STEP_DELETE:
		return (c->what == CHANGE_DELETE ||
		    (c->what == CHANGE_GUARD && absent));
	case NSTEPS:
		break;
	}
	WRONG("there is no such step");
}

static bool
is_slot(const struct engine *e, const struct maria_change *c)
{
	return (c->keylen == MARIA_SLOTKEY &&
	    memcmp(e->bytes.data + c->key, e->slot_key, MARIA_SLOTKEY) == 0);
}

/* The change of our slot's record, which every batch has. */
static struct maria_change *
find_slot(const struct engine *e)
{
	struct maria_change *c = e->changes + e->nchanges - 1;

	/* Of the last keyspace. */
	CHECK(is_slot(e, c));
	return (c);
}

/* How many of the changes fit one statement by their bytes. */
static size_t
fitting(struct maria_change *const *list, size_t n)
{
	size_t bytes = list[0]->keylen + list[0]->len, fit;

	for (fit = 1; fit < n && bytes < STATEMENT_BYTES; fit++)
		bytes += list[fit]->keylen + list[fit]->len;
	return (fit > 1 && bytes > STATEMENT_BYTES ? fit - 1 : fit);
}

/*
 * Runs a step over some changes, as many at a time as a statement takes. There
 * is not one for every number of rows: blind puts are filled up with our slot's
 * record, which goes with them anyway and may be put more than once.
 */
static enum skv_err
run_changes(struct engine *e, enum step step, struct maria_change *const *list,
    size_t n, struct skv_errinfo *info)
{
	bool values = step == STEP_INSERT || step == STEP_UPSERT;
	const struct maria_change *c, *slot = find_slot(e);
	const char *base = e->bytes.data;
	enum skv_err err = SKV_OK;
	size_t fit, i, j, p, rows;

	for (i = 0; err == SKV_OK && i < n; i += fit) {
		fit = fitting(list + i, n - i);
		rows = e->open ? maria_rows(fit) : maria_rows_over(fit);
		if (fit > rows || e->open)
			fit = rows;
		for (j = 0; j < rows; j++) {
			c = j < fit ? list[i + j] : slot;
			p = values ? 2 * j : j;
			maria_param(e->conn, p, base + c->key, c->keylen);
			if (values)
				maria_param(e->conn, p + 1, base + c->value,
				    c->len);
		}
		err = maria_run(e->conn, step_stmt(e, step), rows, info, NULL);
	}
	return (err);
}

static enum skv_err
run_step(struct engine *e, enum step step, struct maria_change **list,
    struct skv_errinfo *info)
{
	size_t i, n = 0;

	for (i = 0; i < e->nchanges; i++)
		if (takes_part(e, &e->changes[i], step))
			list[n++] = &e->changes[i];
	return (run_changes(e, step, list, n, info));
}

/* Whether the batch is one statement that says it all. */
static bool
single(const struct engine *e)
{
	size_t i;

	if (e->open || e->nchanges > MARIA_ROWS_MOST ||
	    e->bytes.len > STATEMENT_BYTES)
		return (false);
	for (i = 0; i < e->nchanges; i++)
		if (e->changes[i].what != CHANGE_PUT)
			return (false);
	return (true);
}

/* Has the slot's record, which is the last put, say what it has to replace. */
static bool
use_mark(struct engine *e)
{
	struct maria_change *slot = find_slot(e);

	CHECK(slot->value + slot->len == e->bytes.len);
	slot->len += sizeof(e->mark);
	return (buf_add(&e->bytes, e->mark, sizeof(e->mark)));
}

/*
 * Everything up to the commit; *ret_doubt when an error leaves open whether it
 * took place.
 */
static enum skv_err
run_batch(struct engine *e, bool *ret_doubt, struct skv_errinfo *info)
{
	struct maria_change **list;
	enum skv_err err = SKV_OK;
	unsigned step;

	*ret_doubt = false;
	list = calloc(e->nchanges, sizeof(*list));
	if (list == NULL)
		return (SKV_NOMEM);
	if (single(e)) {
		err = maria_take(e, MARIA_SINGLE, e->deadline_ns, info,
		    &e->conn);
		*ret_doubt = err == SKV_OK;
	} else if (!e->open)
		err = maria_mark(e, info);
	if (err == SKV_OK && e->open && !use_mark(e))
		err = SKV_NOMEM;
	for (step = 0; err == SKV_OK && step < NSTEPS; step++)
		err = run_step(e, (enum step)step, list, info);
	free(list);
	if (err == SKV_OK && e->open) {
		*ret_doubt = true;
		err = maria_query(e->conn, "COMMIT", info);
	}
	return (err);
}

/* ----------------------------------------------------------- after doubt -- */

/*
 * One attempt to learn whether the batch with the slot's "revision" was
 * committed, and if not, to make sure that it never will be.
 */
static enum skv_err
ask_slot(struct engine *e, uint64_t revision, bool *ret_applied,
    struct skv_errinfo *info)
{
	const struct engine_key key = {e->slot_key, MARIA_SLOTKEY, true};
	char value[MARIA_SLOTVALUE];
	struct engine_reads *r;
	const char *found;
	uint64_t committed;
	enum skv_err err;
	size_t len;
	void *pin;

	err = maria_lock(e, &key, 1, info, &r);
	if (err != SKV_OK)
		return (err);
	err = maria_reads_get(r, e->slot_key, MARIA_SLOTKEY, true, &found, &len,
	    &pin);
	if (err == SKV_OK)
		err = maria_slot_check(e, found, len, &committed);
	if (err == SKV_NOTFOUND)
		return (SKV_UNAVAILABLE); /* who took it knows no more */
	*ret_applied = err == SKV_OK && committed == revision;
	if (err != SKV_OK || *ret_applied)
		return (err);
	maria_slot_value(e, maria_revision(e, 0), value);
	err = maria_slot_change(e, value, found, len, NULL, info);
	return (err == SKV_OK ? maria_query(e->conn, "COMMIT", info) : err);
}

/*
 * SKV_OK: it was committed; "failed": it was not, and will not be. To learn
 * that has a time of its own, which is not to make that of the attempts longer.
 */
static enum skv_err
resolve(struct engine *e, uint64_t revision, enum skv_err failed,
    struct skv_errinfo *info)
{
	int64_t deadline = e->deadline_ns;
	bool applied = false;
	enum skv_err err;
	unsigned attempt;

	e->deadline_ns = maria_deadline(e);
	for (attempt = 0;; attempt++) {
		maria_rollback(e);
		err = ask_slot(e, revision, &applied, info);
		if (err == SKV_OK) {
			e->deadline_ns = deadline;
			return (applied ? SKV_OK : failed);
		}
		if (err != ENGINE_AGAIN ||
		    maria_backoff(attempt, e->deadline_ns, info) != SKV_OK)
			return (SKV_UNAVAILABLE);
	}
}

/* ------------------------------------------------------------- interface -- */

enum skv_err
maria_begin(struct engine *e, unsigned attempt, struct skv_errinfo *info)
{
	maria_batch_clear(e);
	if (attempt > 0)
		return (maria_backoff(attempt, e->deadline_ns, info));
	e->deadline_ns = maria_deadline(e);
	return (SKV_OK);
}

enum skv_err
maria_write(struct engine *e, struct skv_errinfo *info)
{
	char value[MARIA_SLOTVALUE];
	uint64_t revision;
	enum skv_err err = SKV_OK;
	bool doubt;

	if (e->nchanges > 0) {
		revision = maria_revision(e, 0);
		maria_slot_value(e, revision, value);
		err = maria_batch_put(e, e->slot_key, MARIA_SLOTKEY, value,
		    sizeof(value));
		if (err == SKV_OK) {
			settle_batch(e);
			err = run_batch(e, &doubt, info);
			if (err == SKV_OK)
				e->open = false;
			else if (doubt && !e->conn->certain)
				err = resolve(e, revision, err, info);
			else if (err == SKV_UNAVAILABLE)
				err = ENGINE_AGAIN; /* nothing is unknown */
		}
	}
	maria_batch_clear(e);
	return (err);
}
