/* SPDX-License-Identifier: MIT */
/*
 * scribekvd: options, socket, privileges, signals, start and stop; no logic.
 *
 * The order of the start matters. Signals are blocked before there is any
 * other thread, and before libfcgi looks at them. The socket is bound while
 * the process may still do so, then privileges are dropped, and only then is
 * the store opened, so that its files belong to the right user; LevelDB starts
 * a thread of its own, so nothing may fork after that.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/check.h"
#include "fcgi/conn.h"
#include "fcgi/listen.h"
#include "fcgi/log.h"
#include "fcgi/metrics.h"
#include "fcgi/remedy.h"
#include "fcgi/server.h"

#define NS_PER_MS 1000000LL
/* How often main looks after the store and a paused listener. */
#define LOOK_NS (500 * NS_PER_MS)
/* How often the end of a drain is looked for. No wake-up tells of it, because
 * who is the last to leave must not touch the server any more. */
#define DRAIN_POLL_MS 10
/* What a failed disk leaves requests, before the supervisor takes over. */
#define FAILED_DRAIN_MS 1000
/* Descriptors: LevelDB's least and most, and those of neither use. */
#define FILES_LEAST 74
#define FILES_MOST 50000
#define FILES_OTHER 64

/*
 * LevelDB allocates with C++'s operator new, whose exception cannot pass
 * through C, so that it would end the process by abort(3). Whoever starts the
 * daemon again finds all that was acknowledged. NB: there is no memory to write
 * with.
 */
__attribute__((noreturn)) static void
engine_out_of_memory(void)
{
	static const char text[] =
	    "scribekvd: LevelDB is out of memory: ended\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EXIT_FAILURE);
}

/* std::set_new_handler(), where the C++ library is loaded. */
static void
handle_new(void)
{
	void (*(*set)(void (*)(void)))(void);
	void *found = dlsym(RTLD_DEFAULT, "_ZSt15set_new_handlerPFvvE");

	memcpy(&set, &found, sizeof(set));
	if (set != NULL)
		(void)set(engine_out_of_memory);
}

/* Tells the service manager, if there is one. */
static void
notify(const char *state)
{
#ifdef HAVE_LIBSYSTEMD
	if (sd_notify(0, state) < 0)
		log_warnx("sd_notify failed");
#else
	(void)state;
#endif
}

/* The signals that main waits for; blocked from now on in every thread. */
static void
block_signals(sigset_t *ret)
{
	sigset_t all;

	AZ(sigemptyset(ret));
	AZ(sigaddset(ret, SIGTERM));
	AZ(sigaddset(ret, SIGINT));
	AZ(sigaddset(ret, SIGHUP));
	AZ(sigaddset(ret, SERVER_WAKES_MAIN));
	AZ(sigfillset(&all));
	/* Not those by which the process reports its own bugs. */
	AZ(sigdelset(&all, SIGSEGV));
	AZ(sigdelset(&all, SIGBUS));
	AZ(sigdelset(&all, SIGFPE));
	AZ(sigdelset(&all, SIGILL));
	AZ(sigdelset(&all, SIGABRT));
	AZ(pthread_sigmask(SIG_SETMASK, &all, NULL));
	/* A peer that is gone is an error of write(2), nothing more. */
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

/*
 * Takes as many descriptors as we may have and shares them out between
 * connections and table files. Without that a crowd of connections could leave
 * LevelDB none, which is a failed write and so the end of writing.
 */
static bool
share_descriptors(struct conf *conf)
{
	struct rlimit rl;
	uint64_t left;
	uint32_t *files = &conf->store_options.max_open_files;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1) {
		log_err("getrlimit");
		return (false);
	}
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_warn("setrlimit");
	if (rl.rlim_cur < FILES_OTHER + 2 * FILES_LEAST) {
		log_errx("the limit on open files is %llu, the least is %d",
		    (unsigned long long)rl.rlim_cur,
		    FILES_OTHER + 2 * FILES_LEAST);
		return (false);
	}
	left = rl.rlim_cur - FILES_OTHER;
	if (conf->max_connections > left - FILES_LEAST) {
		conf->max_connections = (uint32_t)(left / 2);
		log_warnx("max_connections lowered to %u: the limit on open "
			  "files is %llu",
		    conf->max_connections, (unsigned long long)rl.rlim_cur);
	}
	left -= conf->max_connections;
	if (*files == 0 || *files > left)
		*files = left > FILES_MOST ? FILES_MOST : (uint32_t)left;
	return (true);
}

/*
 * What the process never needs, whoever starts it: files that others can read,
 * and privileges of programs that it would run.
 */
static bool
confine(void)
{
	(void)umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		log_err("prctl(PR_SET_NO_NEW_PRIVS)");
		return (false);
	}
	return (true);
}

static bool
drop_privileges(const struct conf *conf)
{
	const struct passwd *pw;
	const struct group *gr;
	gid_t gid;

	if (geteuid() != 0)
		return (true);
	if (conf->user[0] == '\0') {
		log_warnx("serving as root: the option \"user\" says whom to "
			  "become instead");
		return (true);
	}
	pw = getpwnam(conf->user);
	if (pw == NULL) {
		log_errx("user: there is no user \"%s\"", conf->user);
		return (false);
	}
	gid = pw->pw_gid;
	if (conf->group[0] != '\0') {
		gr = getgrnam(conf->group);
		if (gr == NULL) {
			log_errx("group: there is no group \"%s\"",
			    conf->group);
			return (false);
		}
		gid = gr->gr_gid;
	}
	if (initgroups(conf->user, gid) == -1 || setgid(gid) == -1 ||
	    setuid(pw->pw_uid) == -1) {
		log_err("cannot become user %s", conf->user);
		return (false);
	}
	return (true);
}

static bool
open_store(struct server *srv)
{
	struct skv_errinfo info = {""};
	char todo[512];
	enum skv_err err;

	err = skv_open(srv->conf->store, &srv->conf->store_options, &info,
	    &srv->db);
	if (err == SKV_OK)
		return (true);
	(void)remedy(srv->conf->store, err, &info, todo, sizeof(todo));
	log_errx("%s: %s%s%s%s%s", srv->conf->store, skv_strerror(err),
	    info.text[0] == '\0' ? "" : ": ", info.text,
	    todo[0] == '\0' ? "" : "; ", todo);
	return (false);
}

static bool
close_store(struct server *srv)
{
	struct skv_errinfo info = {""};
	enum skv_err err;

	err = skv_close(srv->db, &info);
	srv->db = NULL;
	if (err != SKV_OK)
		log_errx("%s: closing: %s%s%s", srv->conf->store,
		    skv_strerror(err), info.text[0] == '\0' ? "" : ": ",
		    info.text);
	return (err == SKV_OK);
}

static bool
busy(const struct server *srv)
{
	return (atomic_load(&srv->inflight) != 0 ||
	    atomic_load(&srv->ntasks) != 0);
}

/* Writes wait for the disk on the syncer's thread: see that it answers them. */
static bool
wait_inflight(const struct server *srv, uint32_t ms)
{
	int64_t end = lck_now_ns() + ms * NS_PER_MS;

	while (busy(srv) && lck_now_ns() < end)
		(void)usleep(DRAIN_POLL_MS * 1000);
	return (!busy(srv));
}

/* SIGHUP: what can change while serving is the log level. */
static void
reload(int argc, char **argv)
{
	struct conf fresh;

	if (conf_load(&fresh, argc, argv, stdout, stderr) != CONF_RUN) {
		log_warnx("configuration not reloaded");
		return;
	}
	log_set_level(fresh.log_level);
	conf_release(&fresh);
	log_infox("configuration reloaded: log_level; the rest needs a "
		  "restart");
}

/*
 * Closes and opens the store again, with no request under way. If it does not
 * open, the process ends for its supervisor to try: no request could be served.
 */
static void
reopen_store(struct server *srv)
{
	log_infox("%s: there is room again: reopening", srv->conf->store);
	workers_pause(srv);
	if (wait_inflight(srv, srv->conf->drain_ms)) {
		/* What it says of the old failure is known. */
		(void)skv_close(srv->db, NULL);
		if (!open_store(srv))
			_exit(EXIT_FAILURE);
	} else
		log_warnx("not reopened yet: requests are under way");
	workers_resume(srv);
}

/*
 * Looks after the store: tells when its state changes, opens it again after a
 * full disk. False when only a restart of the process can help.
 */
static bool
look_after_store(struct server *srv, enum skv_err *state, bool *overloaded)
{
	struct skv_errinfo info = {""};
	enum skv_err err = skv_status(srv->db, &info);

	if (err != *state) {
		if (err == SKV_OK)
			log_infox("%s: writable again", srv->conf->store);
		else
			log_errx("%s: %s: %s", srv->conf->store,
			    skv_strerror(err), info.text);
		*state = err;
	}
	if (skv_overloaded(srv->db, &info) != *overloaded) {
		*overloaded = !*overloaded;
		if (*overloaded)
			log_warnx("overloaded, writes are refused: %s",
			    info.text);
		else
			log_infox("no longer overloaded");
	}
	if (skv_wants_reopen(srv->db))
		reopen_store(srv);
	/* Servers come back by themselves. */
	return (err == SKV_OK || err == SKV_NOSPACE || err == SKV_UNAVAILABLE);
}

/* Serves until a signal says stop (true) or the store has failed. */
static bool
wait_for_stop(struct server *srv, const sigset_t *signals, int argc,
    char **argv)
{
	struct timespec tick = {0};
	enum skv_err state = SKV_OK;
	bool overloaded = false;
	int64_t now, looked_ns = 0;
	int sig;

	for (;;) {
		tick.tv_nsec = workers_tend(srv) * NS_PER_MS;
		sig = sigtimedwait(signals, NULL, &tick);
		if (sig == SIGHUP)
			reload(argc, argv);
		else if (sig != -1 && sig != SERVER_WAKES_MAIN)
			break;
		now = lck_now_ns();
		if (now - looked_ns < LOOK_NS)
			continue;
		looked_ns = now;
		conn_resume(srv);
		if (!look_after_store(srv, &state, &overloaded))
			return (false);
	}
	log_infox("%s: stopping", sig == SIGTERM ? "SIGTERM" : "SIGINT");
	return (true);
}

/* Runs the workers. The store is open; the listener is closed in the end. */
static bool
serve(struct server *srv, struct listener *l, const sigset_t *signals, int argc,
    char **argv)
{
	uint32_t drain_ms = srv->conf->drain_ms;
	bool ok;

	if (!conn_watch(srv))
		return (false);
	ok = workers_start(srv);
	if (ok) {
		log_infox("ready: socket %s, up to %u workers, %s",
		    l->passed ? "passed by the parent" : srv->conf->socket,
		    srv->conf->workers, srv->conf->store);
		notify("READY=1");
		ok = wait_for_stop(srv, signals, argc, argv);
		notify("STOPPING=1");
	}
	if (!ok && drain_ms > FAILED_DRAIN_MS)
		drain_ms = FAILED_DRAIN_MS;
	skv_interrupt(srv->db);
	workers_stop(srv, drain_ms);
	listen_close(l);
	if (!wait_inflight(srv, drain_ms)) {
		/* What is acknowledged is written; the rest is told nothing. */
		log_errx("%u requests unanswered after %u ms: leaving them",
		    atomic_load(&srv->inflight), drain_ms);
		_exit(EXIT_FAILURE);
	}
	conn_close_all(srv);
	return (ok);
}

/* Everything between the configuration and the end. */
static bool
run(struct server *srv, const sigset_t *signals, int argc, char **argv)
{
	struct listener l = {.fd = -1};
	bool ok;

	ok = listen_open(&l, srv->conf);
	if (ok && !conn_init()) {
		log_errx("libfcgi cannot be initialised");
		ok = false;
	}
	srv->listen_fd = l.fd;
	ok = ok && drop_privileges(srv->conf) && open_store(srv);
	if (ok) {
		ok = serve(srv, &l, signals, argc, argv);
		ok = close_store(srv) && ok;
	}
	listen_close(&l);
	return (ok);
}

int
main(int argc, char **argv)
{
	struct conf conf;
	struct server srv = {.start_ns = lck_now_ns()};
	sigset_t signals;
	bool ok = false;

	switch (conf_load(&conf, argc, argv, stdout, stderr)) {
	case CONF_EXIT_OK:
		return (EXIT_SUCCESS);
	case CONF_EXIT_USAGE:
		return (EXIT_FAILURE);
	case CONF_RUN:
		break;
	}
	log_open("scribekvd", conf.log_level, conf.log_syslog != 0);
	handle_new();
	block_signals(&signals);
	if (!confine() || !share_descriptors(&conf)) {
		conf_release(&conf);
		return (EXIT_FAILURE);
	}
	srv.conf = &conf;
	lck_init(&srv.mtx);
	lck_cond_init(&srv.fewer);
	lck_cond_init(&srv.resumed);
	srv.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	srv.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	srv.metrics = metrics_new();
	if (srv.epoll_fd == -1 || srv.stop_fd == -1)
		log_err("epoll_create1 or eventfd");
	else if (srv.metrics == NULL)
		log_errx("out of memory");
	else
		ok = run(&srv, &signals, argc, argv);
	if (srv.epoll_fd != -1)
		(void)close(srv.epoll_fd);
	if (srv.stop_fd != -1)
		(void)close(srv.stop_fd);
	metrics_free(srv.metrics);
	lck_cond_release(&srv.fewer);
	lck_cond_release(&srv.resumed);
	lck_release(&srv.mtx);
	conf_release(&conf);
	log_infox(ok ? "stopped" : "stopped after an error");
	return (ok ? EXIT_SUCCESS : EXIT_FAILURE);
}
