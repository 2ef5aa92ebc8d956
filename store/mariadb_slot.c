/* SPDX-License-Identifier: MIT */
/*
 * Who may give which revision. There is no counter that all processes share,
 * because it would be the one row that all their commits change. Instead a
 * revision is the time in microseconds, with its last bits replaced by the
 * number of a slot that only one process has: so none is given twice. Each is
 * also greater than the last one of the process and than that of the record
 * that it replaces.
 *
 * A slot is a row, which every commit of its owner changes: it names the owner
 * and the greatest revision committed. That serves three ends:
 *
 * - A new owner begins above the greatest revision of all slots, whatever the
 *   clock says.
 * - When the connection breaks at a commit, the row tells whether it took
 *   place, and changing the row makes sure that it cannot take place any more.
 * - A slot may be taken from a process that seems to be gone without harm if it
 *   is not: nothing that it writes goes through until it has taken another.
 */
#include "config.h"

#include <sys/random.h>

#include <string.h>
#include <time.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

/* A power of two, and no more than one byte of the key tells. */
#define SLOTS 64

/*
 * From here on, and that was in 1987, revisions have 8 bytes in a record, as
 * the statements expect it.
 */
#define REVISION_LEAST (1ULL << 49)

static void
slot_key(unsigned slot, char key[MARIA_SLOTKEY])
{
	key[0] = KS_SLOT;
	key[1] = (char)slot;
}

void
maria_slot_value(const struct engine *e, uint64_t revision,
    char value[MARIA_SLOTVALUE])
{
	/* Its revision compares where that of a record does. */
	memset(value, 0, RECORD_REVISION);
	put_be64(value + RECORD_REVISION, revision);
	put_be64(value + RECORD_REVISION + 8, e->instance);
}

enum skv_err
maria_slot_check(const struct engine *e, const char *value, size_t len,
    uint64_t *ret_revision)
{
	if (len != MARIA_SLOTVALUE ||
	    get_be64(value + RECORD_REVISION + 8) != e->instance)
		return (SKV_NOTFOUND);
	*ret_revision = get_be64(value + RECORD_REVISION);
	return (SKV_OK);
}

void
maria_seen(struct engine *e, uint64_t revision)
{
	if (revision > e->given)
		e->given = revision;
}

uint64_t
maria_revision(struct engine *e, uint64_t last)
{
	uint64_t slot = (unsigned char)e->slot_key[1], us;
	struct timespec ts;

	AZ(clock_gettime(CLOCK_REALTIME, &ts));
	us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	maria_seen(e, REVISION_LEAST);
	maria_seen(e, last);
	if (us < e->given)
		us = e->given;
	us = (us & ~(uint64_t)(SLOTS - 1)) | slot;
	if (us <= e->given)
		us += SLOTS;
	e->given = us;
	return (us);
}

enum skv_err
maria_slot_change(struct engine *e, const char value[MARIA_SLOTVALUE],
    const void *was, size_t len, bool *ret_missed, struct skv_errinfo *info)
{
	uint32_t n = (uint32_t)len;
	MYSQL_STMT *stmt;
	enum skv_err err;

	maria_param(e->conn, 0, value, MARIA_SLOTVALUE);
	maria_param(e->conn, 1, e->slot_key, MARIA_SLOTKEY);
	maria_param_uint(e->conn, 2, &n);
	maria_param(e->conn, 3, was, len);
	err = maria_run(e->conn, ST_SLOT, 1, info, &stmt);
	if (err != SKV_OK || mysql_stmt_affected_rows(stmt) == 1)
		return (err);
	if (ret_missed != NULL)
		*ret_missed = true;
	errinfo_set(info, "the record of a slot was changed");
	return (ENGINE_AGAIN);
}

/* --------------------------------------------------------------- taking -- */

/* The record of a slot as it was found; NULL: there is none. */
struct found {
	const char *value;
	size_t len;
};

/*
 * Chooses a slot that nobody has, or the one that was not used for longest.
 * From a random one on, so that processes that start together seldom meet.
 */
static enum skv_err
choose(struct engine *e, struct engine_reads *r, struct found *ret)
{
	char key[MARIA_SLOTKEY];
	uint64_t revision, least = UINT64_MAX;
	const char *value;
	enum skv_err err;
	size_t len;
	unsigned i, start;
	void *pin;

	if (getrandom(&start, sizeof(start), 0) != (ssize_t)sizeof(start))
		return (SKV_IO);
	for (i = 0; i < SLOTS; i++) {
		slot_key((start + i) % SLOTS, key);
		err = maria_reads_get(r, key, sizeof(key), false, &value, &len,
		    &pin);
		revision = err == SKV_OK && len == MARIA_SLOTVALUE ?
		    get_be64(value + RECORD_REVISION) :
		    0;
		maria_seen(e, revision);
		if (revision < least) {
			least = revision;
			*ret = (struct found){NULL, 0};
			if (err == SKV_OK)
				*ret = (struct found){value, len};
			memcpy(e->slot_key, key, sizeof(key));
		}
	}
	return (SKV_OK);
}

/* Writes the record that makes the chosen slot ours. */
static enum skv_err
claim(struct engine *e, const struct found *f, struct skv_errinfo *info)
{
	char value[MARIA_SLOTVALUE];
	enum skv_err err;

	if (getrandom(&e->instance, sizeof(e->instance), 0) !=
	    (ssize_t)sizeof(e->instance))
		return (SKV_IO);
	maria_slot_value(e, maria_revision(e, 0), value);
	if (f->value != NULL)
		err = maria_slot_change(e, value, f->value, f->len, NULL, info);
	else {
		maria_param(e->conn, 0, e->slot_key, MARIA_SLOTKEY);
		maria_param(e->conn, 1, value, sizeof(value));
		err = maria_run(e->conn, ST_INSERT, 1, info, NULL);
	}
	return (err == SKV_OK ? maria_query(e->conn, "COMMIT", info) : err);
}

static enum skv_err
try_slot(struct engine *e, struct skv_errinfo *info)
{
	struct engine_key keys[SLOTS];
	char bytes[SLOTS][MARIA_SLOTKEY];
	struct found f = {NULL, 0};
	struct engine_reads *r;
	enum skv_err err;
	unsigned i;

	for (i = 0; i < SLOTS; i++) {
		slot_key(i, bytes[i]);
		keys[i] = (struct engine_key){bytes[i], MARIA_SLOTKEY, false};
	}
	err = maria_lock(e, keys, SLOTS, info, &r);
	if (err == SKV_OK)
		err = choose(e, r, &f);
	if (err == SKV_OK)
		err = claim(e, &f, info);
	maria_rollback(e);
	return (err);
}

enum skv_err
maria_slot_take(struct engine *e, struct skv_errinfo *info)
{
	enum skv_err err;
	unsigned attempt;

	for (attempt = 0;; attempt++) {
		err = try_slot(e, info);
		if (err != ENGINE_AGAIN)
			return (err);
		err = maria_backoff(attempt, e->deadline_ns, info);
		if (err != SKV_OK)
			return (err);
	}
}
