/* SPDX-License-Identifier: MIT */
/*
 * The servers. A thread for each asks it twice a second how it is, over a
 * connection of its own that is given up after a second's silence. When a
 * server does not answer, or says that it is not part of a primary component,
 * it is left at once: all connections to it are shut down, so that whoever
 * waits for it goes on with another. That is what leaves a server that is
 * frozen or cut off, without a limit on how long an honest statement may take.
 *
 * The first fit server in the order of the URL is used. One that comes back is
 * given a moment to prove itself, unless there is no other.
 */
#include "config.h"

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/internal.h"
#include "store/mariadb.h"

#define WATCH_NS (500 * NS_PER_MS)
#define WATCH_TIMEOUT_S 1
/* How long a server must have been fit before others are left for it. */
#define PROVEN_NS (2000 * NS_PER_MS)
/* How long one that failed somebody is left alone. */
#define HOLD_NS (250 * NS_PER_MS)

/* Errors of the server by which it refuses us for good. */
static const unsigned refusals[] = {1044, 1045, 1049, 1130, 1251, 1698, 2059};

/* ------------------------------------------------------------ the choice -- */

struct maria_node *
maria_best(struct engine *e)
{
	struct maria_node *n, *best = NULL;
	int64_t now = lck_now_ns();
	int rank, most = 0;

	LCK_ASSERT_HELD(&e->mtx);
	for (n = e->nodes; n < e->nodes + e->conf.nhosts; n++) {
		if (n->state == NODE_DOWN || n->hold_ns > now)
			continue;
		rank = n->state == NODE_DONOR	  ? 1 :
		    now - n->ready_ns < PROVEN_NS ? 2 :
						    3;
		if (rank > most) {
			most = rank;
			best = n;
		}
	}
	return (best);
}

void
maria_explain(struct engine *e, struct skv_errinfo *info)
{
	const struct maria_node *n;
	size_t len = 0;
	int more;

	LCK_ASSERT_HELD(&e->mtx);
	if (info == NULL)
		return;
	info->text[0] = '\0';
	for (n = e->nodes; n < e->nodes + e->conf.nhosts; n++) {
		more = snprintf(info->text + len, sizeof(info->text) - len,
		    "%s%s: %s", len == 0 ? "" : "; ", n->host->label,
		    n->why[0] == '\0' ? "not tried yet" : n->why);
		if (more < 0 || (size_t)more >= sizeof(info->text) - len)
			return;
		len += (size_t)more;
	}
}

/* What people are told of a server's state. */
static const char *
state_name(const struct maria_node *n, const struct maria_node *best)
{
	if (n == best)
		return ("in use");
	switch (n->state) {
	case NODE_READY:
		return ("healthy");
	case NODE_DONOR:
		return ("donor");
	case NODE_DOWN:
		break;
	}
	return (n->answers ? "not primary" : "unreachable");
}

char *
maria_nodes(struct engine *e)
{
	const struct maria_node *n, *best;
	struct buf b = {0};
	int64_t now = lck_now_ns();
	const char *p;

	lck_lock(&e->mtx);
	best = maria_best(e);
	for (n = e->nodes; n < e->nodes + e->conf.nhosts; n++) {
		(void)buf_printf(&b, "%s\t%s\t%lld\t%lld\t", n->host->label,
		    state_name(n, best),
		    (long long)((now - n->since_ns) / (1000 * NS_PER_MS)),
		    (long long)(n->latency_ns / 1000));
		for (p = n->why; *p != '\0'; p++)
			(void)buf_addc(&b, *p == '\t' || *p == '\n' ? ' ' : *p);
		(void)buf_addc(&b, '\n');
	}
	lck_unlock(&e->mtx);
	(void)buf_addc(&b, '\0');
	if (!buf_failed(&b))
		return (b.data);
	buf_release(&b);
	return (NULL);
}

/* ------------------------------------------------------------- the state -- */

/* NB: clang cannot tell that a node's engine is the one whose lock is held, so
 * these say it at run time only. */

/* Whoever waits for this server shall wait no longer. */
static void
cut_connections(struct maria_node *n)
{
	struct maria_conn *c;

	LCK_ASSERT_HELD(&n->engine->mtx);
	for (c = n->conns; c != NULL; c = c->next) {
		c->broken = true;
		(void)shutdown(mysql_get_socket(c->my), SHUT_RDWR);
	}
}

static bool
any_up(const struct engine *e)
{
	const struct maria_node *n;

	for (n = e->nodes; n < e->nodes + e->conf.nhosts; n++)
		if (n->state != NODE_DOWN)
			return (true);
	return (false);
}

static void
set_state(struct maria_node *n, enum maria_state state, bool answers,
    const char *why)
{
	struct engine *e = n->engine;

	LCK_ASSERT_HELD(&e->mtx);
	if (state == NODE_READY && n->state != NODE_READY)
		n->ready_ns = lck_now_ns();
	if (state == NODE_DOWN && n->state != NODE_DOWN)
		cut_connections(n);
	if (state != n->state || answers != n->answers || n->since_ns == 0)
		n->since_ns = lck_now_ns();
	n->state = state;
	n->answers = answers;
	if (!answers)
		n->latency_ns = 0;
	(void)snprintf(n->why, sizeof(n->why), "%s",
	    state == NODE_READY ? "" : why);
	if (any_up(e))
		e->none_since_ns = 0;
	else if (e->none_since_ns == 0)
		e->none_since_ns = lck_now_ns();
	lck_cond_broadcast(&e->changed);
}

void
maria_suspect(struct maria_node *n, const char *why)
{
	struct engine *e = n->engine;

	lck_lock(&e->mtx);
	n->hold_ns = lck_now_ns() + HOLD_NS;
	if (n->due_ns > n->hold_ns)
		n->due_ns = n->hold_ns;
	set_state(n, NODE_DOWN, false, why);
	lck_unlock(&e->mtx);
}

/* ------------------------------------------------------------- the watch -- */

/* What a server says of itself; empty texts when it is no Galera node. */
struct report {
	char provider[32], ready[16], cluster[32], state[32];
};

static void
take_row(struct report *r, const char *name, const char *value)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} rows[] = {
	    {"wsrep_provider_name", r->provider, sizeof(r->provider)},
	    {"wsrep_ready", r->ready, sizeof(r->ready)},
	    {"wsrep_cluster_status", r->cluster, sizeof(r->cluster)},
	    {"wsrep_local_state", r->state, sizeof(r->state)},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(name, rows[i].name) == 0)
			(void)snprintf(rows[i].to, rows[i].size, "%s", value);
}

static bool
ask(MYSQL *my, struct report *r)
{
	static const char sql[] =
	    "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_provider_name', "
	    "'wsrep_ready', 'wsrep_cluster_status', 'wsrep_local_state')";
	MYSQL_RES *res;
	MYSQL_ROW row;

	memset(r, 0, sizeof(*r));
	if (mysql_real_query(my, sql, sizeof(sql) - 1) != 0)
		return (false);
	res = mysql_store_result(my);
	if (res == NULL)
		return (false);
	while ((row = mysql_fetch_row(res)) != NULL)
		if (row[0] != NULL && row[1] != NULL)
			take_row(r, row[0], row[1]);
	mysql_free_result(res);
	return (true);
}

/* What the report means for us. "2" and "4" are donor and synced. */
static enum maria_state
judge(const struct report *r, bool *ret_galera, char *why, size_t size)
{
	*ret_galera = r->provider[0] != '\0';
	if (!*ret_galera)
		return (NODE_READY);
	(void)snprintf(why, size, "wsrep_ready %s, %s, wsrep_local_state %s",
	    r->ready, r->cluster, r->state);
	if (strcasecmp(r->ready, "ON") != 0 ||
	    strcasecmp(r->cluster, "Primary") != 0)
		return (NODE_DOWN);
	return (strcmp(r->state, "4") == 0 ? NODE_READY : NODE_DONOR);
}

static bool
is_refusal(unsigned number)
{
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i] == number)
			return (true);
	return (false);
}

/* Asks over the connection that is there, if that still works, or a new one. */
static bool
ask_anew(struct maria_node *n, MYSQL **my, struct report *r, char *why,
    size_t size, unsigned *ret_errno)
{
	int64_t start = lck_now_ns();

	if (*my != NULL) {
		if (ask(*my, r))
			return (true);
		(void)snprintf(why, size, "%s", mysql_error(*my));
		mysql_close(*my);
		*my = NULL;
		if (lck_now_ns() - start > WATCH_NS)
			return (false); /* silence: not once more */
	}
	*my = maria_connect(&n->engine->conf, n->host, WATCH_TIMEOUT_S, why,
	    size, ret_errno);
	return (*my != NULL && ask(*my, r));
}

/* One look at a server; *my is its connection, NULL when there is none. */
static void
look(struct maria_node *n, MYSQL **my)
{
	struct engine *e = n->engine;
	enum maria_state state = NODE_DOWN;
	struct report r;
	unsigned number = 0;
	char why[160] = "";
	bool galera = false, answers;
	int64_t start = lck_now_ns();

	answers = ask_anew(n, my, &r, why, sizeof(why), &number);
	if (answers)
		state = judge(&r, &galera, why, sizeof(why));
	lck_lock(&e->mtx);
	n->due_ns = lck_now_ns() + WATCH_NS;
	n->refused = is_refusal(number);
	n->galera = n->galera || galera;
	if (answers)
		n->latency_ns = lck_now_ns() - start;
	set_state(n, state, answers, why);
	lck_unlock(&e->mtx);
}

static void *
watch_main(void *arg)
{
	struct maria_node *n = arg;
	struct engine *e = n->engine;
	MYSQL *my = NULL;

	lck_lock(&e->mtx);
	while (!e->stopping) {
		lck_unlock(&e->mtx);
		look(n, &my);
		lck_lock(&e->mtx);
		while (!e->stopping && lck_now_ns() < n->due_ns)
			(void)lck_cond_wait_until(&e->changed, &e->mtx,
			    n->due_ns);
	}
	lck_unlock(&e->mtx);
	if (my != NULL)
		mysql_close(my);
	return (NULL);
}

bool
maria_watch_start(struct engine *e)
{
	struct maria_node *n;
	unsigned i;

	lck_lock(&e->mtx);
	e->none_since_ns = lck_now_ns();
	lck_unlock(&e->mtx);
	for (i = 0; i < e->conf.nhosts; i++) {
		n = &e->nodes[i];
		n->has_thread = thread_start(&n->thread, watch_main, n);
		if (!n->has_thread)
			return (false);
	}
	return (true);
}

void
maria_watch_stop(struct engine *e)
{
	unsigned i;

	lck_lock(&e->mtx);
	e->stopping = true;
	lck_cond_broadcast(&e->changed);
	lck_unlock(&e->mtx);
	for (i = 0; i < e->conf.nhosts; i++)
		if (e->nodes[i].has_thread)
			AZ(pthread_join(e->nodes[i].thread, NULL));
}
