/* SPDX-License-Identifier: MIT */
/* The listening socket: our own, or one that was passed to the process. */
#ifndef FCGI_LISTEN_H
#define FCGI_LISTEN_H

#include <stdbool.h>

#include "fcgi/conf.h"

struct listener {
	int fd;		  /* non-blocking, close-on-exec */
	bool passed;	  /* by the service manager or as descriptor 0 */
	const char *path; /* our own UNIX socket to unlink at the end */
};

/*
 * In this order: the first socket passed by the service manager (LISTEN_FDS,
 * sd_listen_fds(3)), descriptor 0 when it is a listening socket (spawn-fcgi),
 * or the one that the configuration names. A UNIX socket that nobody answers
 * on is replaced; one that somebody answers on is left alone and is an error.
 * The reason of a failure is logged.
 */
bool listen_open(struct listener *ret, const struct conf *);
/* Closes the socket, and unlinks it if it is ours. */
void listen_close(struct listener *);

#endif
