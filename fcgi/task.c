/* SPDX-License-Identifier: MIT */
/* Threads for long requests; see task.h. */
#include "config.h"

#include <stdlib.h>

#include "base/check.h"
#include "fcgi/response.h"
#include "fcgi/server.h"
#include "fcgi/task.h"

struct task {
	struct request *r;
	void (*fn)(struct request *);
};

static void *
task_main(void *arg)
{
	struct task t = *(struct task *)arg;
	struct server *srv = t.r->server;

	free(arg);
	t.fn(t.r);
	/* Last: the end of the drain waits for this to be zero. */
	atomic_fetch_sub(&srv->ntasks, 1);
	return (NULL);
}

static bool
start(struct request *r, void (*fn)(struct request *))
{
	struct task *t = malloc(sizeof(*t));
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (t == NULL)
		return (false);
	*t = (struct task){.r = r, .fn = fn};
	AZ(pthread_attr_init(&attr));
	AZ(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	rc = pthread_create(&thread, &attr, task_main, t);
	AZ(pthread_attr_destroy(&attr));
	if (rc != 0)
		free(t);
	return (rc == 0);
}

void
task_run(struct request *r, void (*fn)(struct request *))
{
	struct server *srv = r->server;

	if (atomic_fetch_add(&srv->ntasks, 1) >= srv->conf->max_tasks) {
		atomic_fetch_sub(&srv->ntasks, 1);
		response_problem_begin(r, 503,
		    "as many long requests as max_tasks allows are being "
		    "served: try again later");
		if (r->method != METHOD_GET && r->method != METHOD_HEAD) {
			doc_w_name(&r->writer, "applied");
			doc_w_text(&r->writer, "no", 2);
		}
		response_problem_send(r);
	} else if (!start(r, fn)) {
		atomic_fetch_sub(&srv->ntasks, 1);
		response_store_error(r, SKV_NOMEM, SKV_APPLIED_NO, "");
	}
}

void
task_answer(struct request *r, void (*fn)(struct request *))
{
	struct server *srv = r->server;

	atomic_fetch_add(&srv->ntasks, 1);
	if (start(r, fn))
		return;
	atomic_fetch_sub(&srv->ntasks, 1);
	fn(r);
}
