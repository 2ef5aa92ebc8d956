/* SPDX-License-Identifier: MIT */
/* Locks: they exclude, they know their owner, and misuse stops the process. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "base/check.h"
#include "base/lck.h"
#include "tests/unit/suite.h"

#define NS_PER_MS 1000000LL

static struct lck mtx;
static struct lck_cond cond, arrived;
static unsigned counter, turn;

static void
set_up(void)
{
	lck_init(&mtx);
	lck_cond_init(&cond);
	lck_cond_init(&arrived);
	counter = turn = 0;
}

static void
tear_down(void)
{
	lck_cond_release(&arrived);
	lck_cond_release(&cond);
	lck_release(&mtx);
}

/* Runs in a child of its own; whether it was stopped by abort(3). */
static bool
aborts(void (*fn)(void))
{
	const struct rlimit none = {0, 0};
	int status = 0;
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		(void)dup2(null, STDERR_FILENO);
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		fn();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---------------------------------------------------------- assertions -- */

static void
failing_check(void)
{
	CHECK(counter == 1);
}

static void
passing_checks(void)
{
	CHECK(counter == 0);
	AZ(counter);
	AN(counter + 1);
}

static void
failing_az(void)
{
	AZ(counter + 1);
}

static void
failing_an(void)
{
	AN(counter);
}

static void
wrong(void)
{
	WRONG("no reason");
}

static void
failing_magic(void)
{
	struct {
		unsigned magic;
	} thing = {1}, *p = &thing;

	CHECK_MAGIC(p, 2);
}

static void
null_magic(void)
{
	struct {
		unsigned magic;
	} *p = NULL;

	CHECK_MAGIC(p, 2);
}

static void
assertions(void)
{
	CU_ASSERT(!aborts(passing_checks));
	CU_ASSERT(aborts(failing_check));
	CU_ASSERT(aborts(failing_az));
	CU_ASSERT(aborts(failing_an));
	CU_ASSERT(aborts(wrong));
	CU_ASSERT(aborts(failing_magic));
	CU_ASSERT(aborts(null_magic));
}

/* ---------------------------------------------------------------- locks -- */

enum {
	THREADS = 4,
	ROUNDS = 20000
};

static void *
count(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		lck_lock(&mtx);
		LCK_ASSERT_HELD(&mtx);
		counter++;
		lck_unlock(&mtx);
	}
	return (NULL);
}

static void
excludes(void)
{
	pthread_t ids[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		AZ(pthread_create(&ids[i], NULL, count, NULL));
	for (i = 0; i < THREADS; i++)
		AZ(pthread_join(ids[i], NULL));
	CU_ASSERT_EQUAL(counter, THREADS * ROUNDS);
}

LCK_ATTR(no_thread_safety_analysis) static void unlock_unlocked(void)
{
	lck_unlock(&mtx);
}

LCK_ATTR(no_thread_safety_analysis) static void assert_unlocked(void)
{
	lck_assert_held(&mtx);
}

LCK_ATTR(no_thread_safety_analysis) static void release_locked(void)
{
	lck_lock(&mtx);
	lck_release(&mtx);
}

static void *
assert_here(void *arg)
{
	(void)arg;
	assert_unlocked();
	return (NULL);
}

LCK_ATTR(no_thread_safety_analysis) static void held_by_another(void)
{
	pthread_t id;

	lck_lock(&mtx);
	AZ(pthread_create(&id, NULL, assert_here, NULL));
	AZ(pthread_join(id, NULL));
}

static void
misuse(void)
{
	CU_ASSERT(aborts(unlock_unlocked));
	CU_ASSERT(aborts(assert_unlocked));
	CU_ASSERT(aborts(release_locked));
	CU_ASSERT(aborts(held_by_another));
}

/* ----------------------------------------------------------- conditions -- */

/* Two threads take turns; the parity of "turn" says whose it is. */
static void *
player(void *arg)
{
	const unsigned mine = arg != NULL;
	int i;

	for (i = 0; i < 1000; i++) {
		lck_lock(&mtx);
		while (turn % 2 != mine)
			lck_cond_wait(&cond, &mtx);
		LCK_ASSERT_HELD(&mtx);
		turn++;
		lck_cond_signal(&cond);
		lck_unlock(&mtx);
	}
	return (NULL);
}

static void
signals(void)
{
	pthread_t one, two;

	AZ(pthread_create(&one, NULL, player, NULL));
	AZ(pthread_create(&two, NULL, player, &turn));
	AZ(pthread_join(one, NULL));
	AZ(pthread_join(two, NULL));
	CU_ASSERT_EQUAL(turn, 2000);
}

static void *
waiter(void *arg)
{
	(void)arg;
	lck_lock(&mtx);
	counter++;
	lck_cond_signal(&arrived);
	while (turn == 0)
		CU_ASSERT(lck_cond_wait_until(&cond, &mtx, INT64_MAX));
	counter--;
	lck_unlock(&mtx);
	return (NULL);
}

static void
broadcasts(void)
{
	pthread_t ids[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		AZ(pthread_create(&ids[i], NULL, waiter, NULL));
	lck_lock(&mtx);
	while (counter < THREADS)
		lck_cond_wait(&arrived, &mtx);
	turn = 1;
	lck_cond_broadcast(&cond);
	lck_unlock(&mtx);
	for (i = 0; i < THREADS; i++)
		AZ(pthread_join(ids[i], NULL));
	CU_ASSERT_EQUAL(counter, 0);
}

static void
times_out(void)
{
	int64_t deadline;

	lck_lock(&mtx);
	CU_ASSERT(!lck_cond_wait_until(&cond, &mtx, 0));
	CU_ASSERT(!lck_cond_wait_until(&cond, &mtx, lck_now_ns()));
	deadline = lck_now_ns() + 5 * NS_PER_MS;
	while (lck_cond_wait_until(&cond, &mtx, deadline))
		;
	CU_ASSERT(lck_now_ns() >= deadline);
	LCK_ASSERT_HELD(&mtx);
	lck_unlock(&mtx);
}

static CU_TestInfo tests[] = {
    {"a failed assertion stops the process", assertions},
    {"a lock excludes", excludes},
    {"misuse of a lock stops the process", misuse},
    {"a signal wakes the one who waits", signals},
    {"a broadcast wakes all", broadcasts},
    {"a wait ends at its deadline and not before", times_out},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"lck", NULL, NULL, set_up, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
