/* SPDX-License-Identifier: MIT */
/*
 * Connections. A thread takes one for as long as it has something to ask, so
 * there are about as many as threads that use the store at once; those given
 * back wait for the next on a list of their server, unless a better server is
 * to be used meanwhile.
 */
#include "config.h"

#include <errmsg.h>
#include <sys/socket.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

#define CONNECT_TIMEOUT_S 1
/* The end of waiting for a statement, when even the watch sees nothing wrong:
 * beyond what is tried again. */
#define STATEMENT_TIMEOUT_S 60
/* First and longest pause before another attempt. */
#define BACKOFF_FIRST_NS (NS_PER_MS / 2)
#define BACKOFF_DOUBLINGS 7

static void
library_init(void)
{
	AZ(mysql_library_init(0, NULL, NULL));
}

/* ----------------------------------------------------------- connecting -- */

static void
set_tls_options(MYSQL *my, const struct maria_conf *conf)
{
	my_bool enforce = 1, verify = conf->tls_verify;

	if (!conf->tls)
		return;
	(void)mysql_optionsv(my, MYSQL_OPT_SSL_ENFORCE, &enforce);
	(void)mysql_optionsv(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	if (conf->tls_ca != NULL)
		(void)mysql_optionsv(my, MYSQL_OPT_SSL_CA, conf->tls_ca);
	if (conf->tls_cert != NULL)
		(void)mysql_optionsv(my, MYSQL_OPT_SSL_CERT, conf->tls_cert);
	if (conf->tls_key != NULL)
		(void)mysql_optionsv(my, MYSQL_OPT_SSL_KEY, conf->tls_key);
}

MYSQL *
maria_connect(const struct maria_conf *conf, const struct maria_host *h,
    unsigned timeout_s, char *why, size_t size, unsigned *ret_errno)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned connect_s = CONNECT_TIMEOUT_S, off = 0;
	unsigned protocol = h->path == NULL ? MYSQL_PROTOCOL_TCP :
					      MYSQL_PROTOCOL_SOCKET;
	unsigned long packet = 1UL << 30;
	MYSQL *my;

	AZ(pthread_once(&once, library_init));
	my = mysql_init(NULL);
	if (my == NULL) {
		(void)snprintf(why, size, "out of memory");
		return (NULL);
	}
	(void)mysql_optionsv(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	(void)mysql_optionsv(my, MYSQL_OPT_READ_TIMEOUT, &timeout_s);
	(void)mysql_optionsv(my, MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
	(void)mysql_optionsv(my, MYSQL_OPT_PROTOCOL, &protocol);
	(void)mysql_optionsv(my, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	(void)mysql_optionsv(my, MYSQL_OPT_LOCAL_INFILE, &off);
	(void)mysql_optionsv(my, MYSQL_SET_CHARSET_NAME, "binary");
	set_tls_options(my, conf);
	if (mysql_real_connect(my, h->name, conf->user, conf->password,
		conf->database, h->path == NULL ? h->port : 0, h->path,
		0) == NULL) {
		*ret_errno = mysql_errno(my);
		(void)snprintf(why, size, "%s", mysql_error(my));
	} else if (conf->tls && mysql_get_ssl_cipher(my) == NULL) {
		/* NB: "enforce" lets a server through that cannot do it. */
		*ret_errno = CR_SSL_CONNECTION_ERROR;
		(void)snprintf(why, size,
		    "TLS is required, but the server "
		    "does not offer it");
	} else
		return (my);
	mysql_close(my);
	return (NULL);
}

/*
 * What the statements expect of a session, whatever the server's defaults. A
 * transaction that writes begins with an update, so causality is for updates
 * too.
 */
#define MODE \
	"SET SESSION sql_mode = 'STRICT_TRANS_TABLES', " \
	"innodb_lock_wait_timeout = 2, autocommit = "
#define ISOLATION "SET SESSION TRANSACTION ISOLATION LEVEL "
#define CAUSAL "SET SESSION wsrep_sync_wait = "

static const struct {
	const char *mode, *isolation, *causal;
} sessions[MARIA_SESSIONS] = {
    [MARIA_READ] = {MODE "1", ISOLATION "REPEATABLE READ", CAUSAL "1"},
    [MARIA_SCAN] = {MODE "0", ISOLATION "REPEATABLE READ", CAUSAL "1"},
    [MARIA_WRITE] = {MODE "0", ISOLATION "READ COMMITTED", CAUSAL "3"},
    [MARIA_SINGLE] = {MODE "1", ISOLATION "READ COMMITTED", CAUSAL "1"},
};

static enum skv_err
set_session(struct maria_conn *c, bool galera, bool causal,
    struct skv_errinfo *info)
{
	enum skv_err err;

	err = maria_query(c, sessions[c->session].mode, info);
	if (err == SKV_OK)
		err = maria_query(c, sessions[c->session].isolation, info);
	if (err == SKV_OK && galera)
		err = maria_query(c,
		    causal || c->session >= MARIA_WRITE ?
			sessions[c->session].causal :
			CAUSAL "0",
		    info);
	return (err);
}

static void
conn_close(struct maria_conn *c)
{
	size_t i, j;

	/*
	 * Rows may be unread. The library reads on to what it takes for their
	 * end, and that may never come.
	 */
	if (c->broken)
		(void)shutdown(mysql_get_socket(c->my), SHUT_RDWR);
	for (i = 0; i < MARIA_STMTS; i++)
		for (j = 0; j < MARIA_SIZES; j++)
			if (c->stmts[i][j] != NULL)
				(void)mysql_stmt_close(c->stmts[i][j]);
	mysql_close(c->my);
	free(c);
}

/* Takes a connection off its server's list, so that nobody else looks at it. */
static void
unlink_conn(struct maria_conn *c)
{
	LCK_ASSERT_HELD(&c->node->engine->mtx);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
}

/* A new connection; SKV_NOMEM, or ENGINE_AGAIN when the server is left. */
static enum skv_err
conn_open(struct maria_node *n, enum maria_session session, bool galera,
    struct skv_errinfo *info, struct maria_conn **ret)
{
	struct engine *e = n->engine;
	struct maria_conn *c = calloc(1, sizeof(*c));
	char why[160];
	unsigned number;

	if (c == NULL)
		return (SKV_NOMEM);
	c->node = n;
	c->session = session;
	c->my = maria_connect(&e->conf, n->host, STATEMENT_TIMEOUT_S, why,
	    sizeof(why), &number);
	if (c->my == NULL) {
		free(c);
		maria_suspect(n, why);
		return (ENGINE_AGAIN);
	}
	lck_lock(&e->mtx);
	c->next = n->conns;
	c->link = &n->conns;
	if (c->next != NULL)
		c->next->link = &c->next;
	n->conns = c;
	lck_unlock(&e->mtx);
	if (set_session(c, galera, e->conf.causal, info) != SKV_OK) {
		c->broken = true;
		maria_give(c);
		maria_suspect(n, info == NULL ? "" : info->text);
		return (ENGINE_AGAIN);
	}
	*ret = c;
	return (SKV_OK);
}

/* -------------------------------------------------------------- the pool -- */

static bool
all_refuse(const struct engine *e)
{
	const struct maria_node *n;

	for (n = e->nodes; n < e->nodes + e->conf.nhosts; n++)
		if (!n->refused)
			return (false);
	return (true);
}

/* Waits for a server that is fit. */
static enum skv_err
wait_node(struct engine *e, int64_t deadline, struct skv_errinfo *info,
    struct maria_node **ret) LCK_REQUIRES(e->mtx)
{
	int64_t now, held;

	LCK_ASSERT_HELD(&e->mtx);
	while ((*ret = maria_best(e)) == NULL) {
		now = lck_now_ns();
		/* Nor shall everybody wait once they have been gone long. */
		if (now >= deadline || all_refuse(e) ||
		    (e->none_since_ns != 0 &&
			now - e->none_since_ns >
			    e->conf.timeout_ms * NS_PER_MS)) {
			maria_explain(e, info);
			return (SKV_UNAVAILABLE);
		}
		held = now + 50 * NS_PER_MS;
		(void)lck_cond_wait_until(&e->changed, &e->mtx,
		    held < deadline ? held : deadline);
	}
	return (SKV_OK);
}

void
maria_end(struct maria_conn *c)
{
	static const char sql[] = "ROLLBACK";

	if (c->broken)
		return;
	c->ending = mysql_send_query(c->my, sql, sizeof(sql) - 1) == 0;
	c->broken = !c->ending;
}

/* Whether an idle connection can be used: what was sent last is answered. */
static bool
has_ended(struct maria_conn *c)
{
	if (c->ending && mysql_read_query_result(c->my) != 0)
		c->broken = true;
	c->ending = false;
	return (!c->broken);
}

enum skv_err
maria_take(struct engine *e, enum maria_session session, int64_t deadline,
    struct skv_errinfo *info, struct maria_conn **ret)
{
	struct maria_node *n;
	struct maria_conn *c;
	enum skv_err err;
	bool galera;

	do {
		lck_lock(&e->mtx);
		err = wait_node(e, deadline, info, &n);
		if (err != SKV_OK) {
			lck_unlock(&e->mtx);
			return (err);
		}
		galera = n->galera;
		c = n->idle[session];
		if (c != NULL)
			n->idle[session] = c->next_idle;
		lck_unlock(&e->mtx);
		if (c != NULL && has_ended(c)) {
			*ret = c;
			return (SKV_OK);
		}
		maria_give(c); /* which closes it */
		err = c != NULL ? ENGINE_AGAIN :
				  conn_open(n, session, galera, info, ret);
	} while (err == ENGINE_AGAIN && lck_now_ns() < deadline);
	return (err == ENGINE_AGAIN ? SKV_UNAVAILABLE : err);
}

/* Closes the idle ones of a server. */
static struct maria_conn *
take_idle(struct maria_node *n)
{
	struct maria_conn *c, *list = NULL;
	unsigned i;

	LCK_ASSERT_HELD(&n->engine->mtx);
	for (i = 0; i < MARIA_SESSIONS; i++)
		while ((c = n->idle[i]) != NULL) {
			n->idle[i] = c->next_idle;
			unlink_conn(c);
			c->next_idle = list;
			list = c;
		}
	return (list);
}

static void
close_list(struct maria_conn *c)
{
	struct maria_conn *next;

	for (; c != NULL; c = next) {
		next = c->next_idle;
		conn_close(c);
	}
}

void
maria_give(struct maria_conn *c)
{
	struct engine *e;
	struct maria_node *n;
	struct maria_conn *list;
	bool keep;

	if (c == NULL)
		return;
	n = c->node;
	e = n->engine;
	lck_lock(&e->mtx);
	keep = !c->broken && maria_best(e) == n;
	if (keep) {
		c->next_idle = n->idle[c->session];
		n->idle[c->session] = c;
		list = NULL;
	} else {
		unlink_conn(c);
		list = take_idle(n);
		c->next_idle = list;
		list = c;
	}
	lck_unlock(&e->mtx);
	close_list(list);
}

void
maria_close_idle(struct engine *e)
{
	struct maria_conn *list;
	unsigned i;

	for (i = 0; i < e->conf.nhosts; i++) {
		lck_lock(&e->mtx);
		list = take_idle(&e->nodes[i]);
		lck_unlock(&e->mtx);
		close_list(list);
	}
}

/* --------------------------------------------------------------- waiting -- */

int64_t
maria_deadline(const struct engine *e)
{
	return (lck_now_ns() + e->conf.timeout_ms * NS_PER_MS);
}

enum skv_err
maria_backoff(unsigned attempt, int64_t deadline, struct skv_errinfo *info)
{
	struct timespec ts;
	int64_t longest, ns, left = deadline - lck_now_ns();

	if (left <= 0) {
		if (info != NULL && info->text[0] == '\0')
			errinfo_set(info, "other writers were always faster");
		return (SKV_UNAVAILABLE);
	}
	longest = (int64_t)BACKOFF_FIRST_NS
	    << (attempt < BACKOFF_DOUBLINGS ? attempt : BACKOFF_DOUBLINGS);
	/* Random is what keeps two from meeting again and again. */
	ns = (int64_t)((uint64_t)random() % (uint64_t)longest);
	if (ns > left)
		ns = left;
	ts.tv_sec = ns / 1000000000;
	ts.tv_nsec = ns % 1000000000;
	(void)nanosleep(&ts, NULL);
	return (SKV_OK);
}
