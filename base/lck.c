/* SPDX-License-Identifier: MIT */
/* Mutexes that know their owner; see lck.h. */
#include "config.h"

#include <errno.h>
#include <time.h>

#include "base/check.h"
#include "base/lck.h"

#define NS_PER_S 1000000000LL

/* The bodies below are the locks that clang would check. */
#define UNCHECKED LCK_ATTR(no_thread_safety_analysis)

void
lck_init(struct lck *l)
{
	AZ(pthread_mutex_init(&l->mtx, NULL));
	l->held = false;
}

void
lck_release(struct lck *l)
{
	CHECK(!l->held);
	AZ(pthread_mutex_destroy(&l->mtx));
}

UNCHECKED void
lck_lock(struct lck *l)
{
	AZ(pthread_mutex_lock(&l->mtx));
	l->owner = pthread_self();
	l->held = true;
}

UNCHECKED void
lck_unlock(struct lck *l)
{
	lck_assert_held(l);
	l->held = false;
	AZ(pthread_mutex_unlock(&l->mtx));
}

UNCHECKED void
lck_assert_held(const struct lck *l)
{
	CHECK(l->held && pthread_equal(l->owner, pthread_self()));
}

void
lck_cond_init(struct lck_cond *c)
{
	pthread_condattr_t attr;

	AZ(pthread_condattr_init(&attr));
	AZ(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	AZ(pthread_cond_init(&c->cond, &attr));
	AZ(pthread_condattr_destroy(&attr));
}

void
lck_cond_release(struct lck_cond *c)
{
	AZ(pthread_cond_destroy(&c->cond));
}

UNCHECKED void
lck_cond_wait(struct lck_cond *c, struct lck *l)
{
	lck_assert_held(l);
	l->held = false;
	AZ(pthread_cond_wait(&c->cond, &l->mtx));
	l->owner = pthread_self();
	l->held = true;
}

UNCHECKED bool
lck_cond_wait_until(struct lck_cond *c, struct lck *l, int64_t deadline_ns)
{
	struct timespec ts = {
	    .tv_sec = deadline_ns / NS_PER_S,
	    .tv_nsec = deadline_ns % NS_PER_S,
	};
	int rc;

	lck_assert_held(l);
	l->held = false;
	rc = pthread_cond_timedwait(&c->cond, &l->mtx, &ts);
	CHECK(rc == 0 || rc == ETIMEDOUT);
	l->owner = pthread_self();
	l->held = true;
	return (rc == 0);
}

void
lck_cond_signal(struct lck_cond *c)
{
	AZ(pthread_cond_signal(&c->cond));
}

void
lck_cond_broadcast(struct lck_cond *c)
{
	AZ(pthread_cond_broadcast(&c->cond));
}

int64_t
lck_now_ns(void)
{
	struct timespec ts;

	AZ(clock_gettime(CLOCK_MONOTONIC, &ts));
	return ((int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec);
}
