/* SPDX-License-Identifier: MIT */
/*
 * Mutexes that know their owner, and condition variables on the monotonic
 * clock. All locking of the project goes through here.
 *
 * 1. A lock or condition lives inside the structure that it guards.
 * 2. Failure of the underlying call is a bug of ours, and stops the process.
 * 3. With clang, -Wthread-safety checks LCK_REQUIRES at every call. (What a
 *    lock guards is a comment: in C, clang cannot name a sibling member.)
 */
#ifndef BASE_LCK_H
#define BASE_LCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__clang__)
#define LCK_ATTR(x) __attribute__((x))
#else
#define LCK_ATTR(x)
#endif
/* The function may be called only with the lock held. */
#define LCK_REQUIRES(l) LCK_ATTR(requires_capability(l))

struct LCK_ATTR(capability("mutex")) lck {
	pthread_mutex_t mtx;
	pthread_t owner; /* meaningful while held */
	bool held;
};

struct lck_cond {
	pthread_cond_t cond;
};

void lck_init(struct lck *);
void lck_release(struct lck *);
void lck_lock(struct lck *l) LCK_ATTR(acquire_capability(*l));
void lck_unlock(struct lck *l) LCK_ATTR(release_capability(*l));
/* Stops the process unless the calling thread holds the lock. */
void lck_assert_held(const struct lck *l) LCK_ATTR(assert_capability(*l));
#define LCK_ASSERT_HELD(l) lck_assert_held(l)

void lck_cond_init(struct lck_cond *);
void lck_cond_release(struct lck_cond *);
/* Waits; may return without a signal: call it in a loop on a predicate. */
void lck_cond_wait(struct lck_cond *, struct lck *l)
    LCK_ATTR(requires_capability(*l));
/*
 * As lck_cond_wait(), but not past "deadline_ns" on the monotonic clock (see
 * lck_now_ns()). Returns false when that time has come.
 */
bool lck_cond_wait_until(struct lck_cond *, struct lck *l, int64_t deadline_ns)
    LCK_ATTR(requires_capability(*l));
void lck_cond_signal(struct lck_cond *);
void lck_cond_broadcast(struct lck_cond *);

/* The monotonic clock in nanoseconds. */
int64_t lck_now_ns(void);

#endif
