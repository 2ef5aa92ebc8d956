/* SPDX-License-Identifier: MIT */
/*
 * The free-space floor. New data is refused while the disk still has room, so
 * that LevelDB does not fail in the middle of a write, after which only opening
 * it again helps; and so that deletes, and the compactions that give their
 * space back, still work. Whoever puts looks at the disk himself, but not more
 * often than is useful.
 *
 * Others on the same disk may fill it all the same, and then LevelDB does fail.
 * For that there is a reserve, a file with blocks of its own, as large as what
 * opening the store again may take. It is given up in exchange for a store that
 * deletes; new data stays refused because of the floor. When there is room it
 * is made again.
 */
#include "config.h"

#include "store/internal.h"

/* How long a look is good for: what may be written meanwhile is far less than
 * the floor. */
#define LOOK_NS 100000000LL
/* What a store needs to be opened, besides its write buffers. */
#define REOPEN_SPARE (4UL << 20)

/* The free bytes as of the last look, which is made anew when it is old. */
static uint64_t
free_bytes(struct skv *db)
{
	int64_t due = atomic_load(&db->space_due_ns), now = lck_now_ns();
	uint64_t n;

	if (now >= due &&
	    atomic_compare_exchange_strong(&db->space_due_ns, &due,
		now + LOOK_NS)) {
		if (!db->ops->space(db->engine, &n))
			n = UINT64_MAX; /* then the disk itself has to say */
		atomic_store(&db->free_bytes, n);
	}
	return (atomic_load(&db->free_bytes));
}

bool
space_left(struct skv *db, struct skv_errinfo *info)
{
	uint64_t n;

	if (db->opts.min_free == 0 || db->ops->space == NULL)
		return (true);
	n = free_bytes(db);
	if (n >= db->opts.min_free)
		return (true);
	errinfo_set(info, "%llu bytes are free on the disk, min_free is %llu",
	    (unsigned long long)n, (unsigned long long)db->opts.min_free);
	return (false);
}

/* What opening the store may take: tables of what is in its logs. */
static uint64_t
reopen_bytes(const struct skv *db)
{
	return (2 * db->opts.write_buffer_size + REOPEN_SPARE);
}

bool
space_for_reopen(struct skv *db)
{
	uint64_t n;

	return (db->ops->space != NULL && db->ops->space(db->engine, &n) &&
	    n >= reopen_bytes(db));
}

void
space_reserve(struct skv *db)
{
	uint64_t size = reopen_bytes(db), n;

	if (!db->opts.reserve || db->reserved || db->opts.min_free == 0 ||
	    db->ops->reserve == NULL || !db->ops->space(db->engine, &n))
		return;
	/* Never at the expense of those who want to write. */
	if (n >= db->opts.min_free + size)
		db->reserved = db->ops->reserve(db->engine, size);
}

bool
space_give_up_reserve(struct skv *db)
{
	return (db->opts.reserve && db->ops->reserve != NULL &&
	    db->ops->reserve(db->engine, 0));
}
