/* SPDX-License-Identifier: MIT */
/*
 * The free-space floor. New data is refused while the disk still has room, so
 * that LevelDB does not fail in the middle of a write, after which only opening
 * it again helps; and so that deletes, and the compactions that give their
 * space back, still work. Whoever puts looks at the disk himself, but not more
 * often than is useful.
 */
#include "config.h"

#include "store/internal.h"

/* How long a look is good for: what may be written meanwhile is far less than
 * the floor. */
#define LOOK_NS 100000000LL
/* What a store needs to be opened, besides the floor and its write buffers. */
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

bool
space_for_reopen(struct skv *db)
{
	uint64_t n;

	return (db->ops->space != NULL && db->ops->space(db->engine, &n) &&
	    n >= db->opts.min_free + 2 * db->opts.write_buffer_size +
		    REOPEN_SPARE);
}
