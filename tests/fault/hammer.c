/* SPDX-License-Identifier: MIT */
/*
 * hammer: many clients at once through nginx, against a daemon that is killed
 * by SIGKILL and started again at random moments, and a history of it all for
 * linear.py.
 *
 *	hammer --socket PATH... --history FILE [OPTION...] [-- DAEMON...]
 *
 *	--socket PATH	of nginx; with several, clients are spread over them
 *	--requests N	so many in all (10000), and all the kills
 *	--seconds N	no longer than this, and without kills as long as this,
 *or until SIGTERM
 *	--clients N, --groups N	at once (8), and of keys (4)
 *	--large N	one value in N is large (25); 0: none
 *	--kills N	how often the daemon is killed (0)
 *	--patience S	no longer until a daemon serves (60)
 *	--log FILE	what the daemon says is appended to it
 *	--seed S
 *
 * Without a command of a daemon none is started or killed. Ends with 0 when all
 * went as promised; whether the history is right is linear.py's to say. 1: a
 * promise is broken, 99: could not run.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fault/hammer.h"

/* Microseconds: between the request that asks for it and the kill; between a
 * start and the kill, when recovery is to be killed. */
enum {
	KILL_US = 3000,
	START_US = 40000
};

struct keeper {
	struct hammer *h;
	struct client *client;
	char **argv; /* NULL: the daemon is somebody else's */
	const char *log;
	pid_t pid;
	unsigned long kills;
	unsigned long starting; /* of these: before it was ready */
	int64_t slowest_ns;
};

static struct hammer hammer;
static struct client clients[CLIENTSMAX];
static pthread_t threads[CLIENTSMAX];
static volatile sig_atomic_t enough;

void
violation(const char *fmt, ...)
{
	va_list ap;

	printf("hammer: VIOLATION: ");
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf(" (seed %" PRIu64 ")\n", hammer.seed);
	(void)fflush(NULL);
	_exit(1);
}

static void
on_term(int sig)
{
	(void)sig;
	enough = 1;
}

/* ---------------------------------------------------------------- daemon -- */

static void
daemon_start(struct keeper *k)
{
	int fd;

	k->pid = fork();
	CHECK(k->pid != -1);
	if (k->pid > 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(k->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd != -1) {
		(void)dup2(fd, 1);
		(void)dup2(fd, 2);
	}
	(void)execvp(k->argv[0], k->argv);
	_exit(127);
}

static void
daemon_await(struct keeper *k)
{
	const struct timespec pause = {0, 1000000};
	int64_t start = lck_now_ns(), took;
	int status;

	while (!client_ready(k->client)) {
		if (k->argv != NULL && waitpid(k->pid, &status, WNOHANG) != 0)
			violation("the daemon does not start: status %x",
			    (unsigned)status);
		if (lck_now_ns() - start > k->h->patience_ns)
			violation("the daemon does not serve");
		(void)nanosleep(&pause, NULL);
	}
	took = lck_now_ns() - start;
	if (took > k->slowest_ns)
		k->slowest_ns = took;
}

static void
daemon_end(struct keeper *k, int sig)
{
	const struct timespec pause = {0, 1000000};
	int64_t start = lck_now_ns();
	pid_t pid;
	int status;

	AZ(kill(k->pid, sig));
	while ((pid = waitpid(k->pid, &status, WNOHANG)) == 0) {
		if (lck_now_ns() - start > 2 * k->h->patience_ns)
			violation("the daemon does not end");
		(void)nanosleep(&pause, NULL);
	}
	CHECK(pid == k->pid);
	if (sig == SIGKILL ? !WIFSIGNALED(status) : status != 0)
		violation("the daemon ended by itself, or badly: status %x",
		    (unsigned)status);
}

static void
random_pause(struct keeper *k, unsigned below_us)
{
	struct timespec pause = {0,
	    1000 * (long)client_random(k->client, below_us)};

	(void)nanosleep(&pause, NULL);
}

/* Waits until that many more requests were sent. */
static void
await_requests(struct hammer *h, unsigned long more)
{
	lck_lock(&h->mtx);
	h->kill_now = false;
	atomic_store(&h->kill_at, atomic_load(&h->sent) + more);
	/* NB: a request that was counted meanwhile may have passed by it. */
	while (!h->kill_now && atomic_load(&h->sent) < atomic_load(&h->kill_at))
		if (!lck_cond_wait_until(&h->killing, &h->mtx,
			lck_now_ns() + 2 * h->patience_ns))
			break;
	if (atomic_load(&h->sent) < atomic_load(&h->kill_at))
		violation("no more requests are answered");
	lck_unlock(&h->mtx);
}

static void
kill_and_restart(struct keeper *k)
{
	random_pause(k, KILL_US);
	daemon_end(k, SIGKILL);
	k->kills++;
	daemon_start(k);
	while (client_random(k->client, 6) == 0 && k->kills < k->h->kills) {
		random_pause(k, START_US);
		daemon_end(k, SIGKILL);
		k->kills++;
		k->starting++;
		daemon_start(k);
	}
	daemon_await(k);
	client_read_all(k->client);
}

static void
reign(struct keeper *k)
{
	struct hammer *h = k->h;
	unsigned long each = h->requests / (h->kills + 1), sent;

	while (k->kills < h->kills &&
	    (h->end_ns == 0 || lck_now_ns() < h->end_ns)) {
		await_requests(h,
		    1 + client_random(k->client, (unsigned)(2 * each)));
		kill_and_restart(k);
	}
	sent = atomic_load(&h->sent);
	if (h->end_ns == 0 && sent < h->requests)
		await_requests(h, h->requests - sent);
	while (h->end_ns != 0 && lck_now_ns() < h->end_ns && !enough)
		await_requests(h, 100);
}

/* --------------------------------------------------------------- options -- */

__attribute__((noreturn)) static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: hammer --socket PATH --history FILE "
	    "[--requests N] [--seconds N] [--clients N] [--groups N] "
	    "[--large N] [--kills N] [--patience S] [--log FILE] [--seed S] "
	    "[-- DAEMON...]\n");
	exit(99);
}

static unsigned long
number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < least || n > most)
		usage();
	return (n);
}

static void
parse_option(struct hammer *h, struct keeper *k, int c)
{
	switch (c) {
	case 'a':
		if (h->nsockets == 8)
			usage();
		h->sockets[h->nsockets++] = optarg;
		break;
	case 'h':
		h->history = fopen(optarg, "we");
		break;
	case 'r':
		h->requests = number(optarg, 1, 1000000000);
		break;
	case 't':
		h->end_ns = lck_now_ns() +
		    (int64_t)number(optarg, 1, 1000000) * 1000000000;
		break;
	case 'c':
		h->nclients = (unsigned)number(optarg, 1, CLIENTSMAX - 1);
		break;
	case 'g':
		h->groups = (unsigned)number(optarg, 1, GROUPSMAX);
		break;
	case 'L':
		h->large = (unsigned)number(optarg, 0, 1000000);
		break;
	case 'k':
		h->kills = number(optarg, 0, 1000000);
		break;
	case 'p':
		h->patience_ns = (int64_t)number(optarg, 1, 3600) * 1000000000;
		break;
	case 'l':
		k->log = optarg;
		break;
	case 's':
		h->seed = strtoull(optarg, NULL, 10);
		break;
	default:
		usage();
	}
}

static void
parse_options(struct hammer *h, struct keeper *k, int argc, char **argv)
{
	static const struct option options[] = {
	    {"socket", required_argument, NULL, 'a'},
	    {"history", required_argument, NULL, 'h'},
	    {"requests", required_argument, NULL, 'r'},
	    {"seconds", required_argument, NULL, 't'},
	    {"clients", required_argument, NULL, 'c'},
	    {"groups", required_argument, NULL, 'g'},
	    {"large", required_argument, NULL, 'L'},
	    {"kills", required_argument, NULL, 'k'},
	    {"patience", required_argument, NULL, 'p'},
	    {"log", required_argument, NULL, 'l'},
	    {"seed", required_argument, NULL, 's'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	CHECK(getrandom(&h->seed, 4, 0) == 4);
	h->requests = 10000;
	h->nclients = 8;
	h->groups = 4;
	h->large = 25;
	h->patience_ns = 60 * 1000000000LL;
	k->log = "/dev/null";
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(h, k, c);
	if (optind < argc)
		k->argv = argv + optind;
	if (h->nsockets == 0 || h->history == NULL ||
	    (h->kills > 0 && k->argv == NULL))
		usage();
}

int
main(int argc, char **argv)
{
	struct hammer *h = &hammer;
	struct keeper k = {.h = h, .client = &clients[0]};
	unsigned i;

	lck_init(&h->mtx);
	lck_cond_init(&h->killing);
	parse_options(h, &k, argc, argv);
	if (signal(SIGTERM, on_term) == SIG_ERR)
		usage();
	for (i = 0; i <= h->nclients; i++)
		client_init(&clients[i], h, i + 1);
	if (k.argv != NULL)
		daemon_start(&k);
	daemon_await(&k);
	for (i = 1; i <= h->nclients; i++)
		AZ(pthread_create(&threads[i], NULL, client_main, &clients[i]));
	reign(&k);
	atomic_store(&h->stop, true);
	for (i = 1; i <= h->nclients; i++)
		AZ(pthread_join(threads[i], NULL));
	client_read_all(k.client);
	if (k.argv != NULL)
		daemon_end(&k, SIGTERM);
	AZ(fclose(h->history));
	for (i = 0; i <= h->nclients; i++)
		client_release(&clients[i]);
	printf("hammer: %lu requests by %u clients to %u keys, %lu of unknown "
	       "outcome, %lu refused; %lu kills, %lu of them while starting; "
	       "in service again after at most %lld ms (seed %" PRIu64 ")\n",
	    atomic_load(&h->sent), h->nclients, h->groups * GROUP,
	    atomic_load(&h->nunknown), atomic_load(&h->nrefused), k.kills,
	    k.starting, (long long)(k.slowest_ns / 1000000), h->seed);
	return (0);
}
