/* SPDX-License-Identifier: MIT */
/*
 * Long requests (export, import, deleting or counting a range) leave the
 * workers: each gets a thread of its own, of which there are at most max_tasks,
 * so that no amount of them holds up short requests.
 */
#ifndef FCGI_TASK_H
#define FCGI_TASK_H

struct request;

/*
 * Runs fn(r) on a thread of its own; the request is that thread's from now on,
 * and fn ends it. With all of them busy it is answered 503.
 */
void task_run(struct request *, void (*fn)(struct request *));
/*
 * The same for a request whose work is done and whose answer is large, so that
 * writing it does not hold up a thread that others wait for. Not bounded by
 * max_tasks: there is one at most for each request that was accepted.
 */
void task_answer(struct request *, void (*fn)(struct request *));

#endif
