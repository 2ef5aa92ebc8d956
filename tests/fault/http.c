/* SPDX-License-Identifier: MIT */
/*
 * See http.h. Answers have a length: all that the requests made here can get.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/fault/http.h"

enum {
	CHUNK = 16384
};

void
http_init(struct http *h, const char *path)
{
	h->path = path;
	h->fd = -1;
	buf_init(&h->in);
}

void
http_close(struct http *h)
{
	if (h->fd != -1)
		(void)close(h->fd);
	h->fd = -1;
}

void
http_release(struct http *h)
{
	http_close(h);
	buf_release(&h->in);
}

static bool
http_connect(struct http *h)
{
	const struct timeval patience = {HTTP_PATIENCE, 0};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	CHECK(strlen(h->path) < sizeof(sun.sun_path));
	memcpy(sun.sun_path, h->path, strlen(h->path) + 1);
	h->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(h->fd != -1);
	AZ(setsockopt(h->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)));
	AZ(setsockopt(h->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)));
	if (connect(h->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return (true);
	http_close(h);
	return (false);
}

static enum http_end
http_send(struct http *h, const struct buf *out)
{
	size_t done = 0;
	ssize_t n;

	while (done < out->len) {
		n = send(h->fd, out->data + done, out->len - done,
		    MSG_NOSIGNAL);
		if (n == -1)
			return (errno == EAGAIN ? HTTP_HANG : HTTP_LOST);
		done += (size_t)n;
	}
	return (HTTP_OK);
}

/* Receives some more; what was received ends with a NUL that does not count. */
static enum http_end
http_receive(struct http *h)
{
	ssize_t n;

	CHECK(buf_reserve(&h->in, CHUNK + 1));
	n = recv(h->fd, h->in.data + h->in.len, CHUNK, 0);
	if (n <= 0)
		return (n == -1 && errno == EAGAIN ? HTTP_HANG : HTTP_LOST);
	h->in.len += (size_t)n;
	h->in.data[h->in.len] = '\0';
	return (HTTP_OK);
}

/* The value of a field in the head, which ends with an empty line. */
static const char *
field(const char *head, const char *end, const char *name)
{
	size_t len = strlen(name);
	const char *p;

	for (p = head; p < end; p = strstr(p, "\r\n") + 2)
		if (strncasecmp(p, name, len) == 0 && p[len] == ':')
			return (p + len + 1 + strspn(p + len + 1, " "));
	return (NULL);
}

static void
take_etag(struct http_answer *a, const char *value)
{
	size_t len;

	a->etag[0] = '\0';
	if (value == NULL || *value != '"')
		return;
	len = strcspn(++value, "\"");
	CHECK(len < sizeof(a->etag));
	memcpy(a->etag, value, len);
	a->etag[len] = '\0';
}

static enum http_end
http_answer(struct http *h, struct http_answer *a)
{
	size_t body_at, len = 0;
	const char *value;
	enum http_end e;
	bool last;
	char *end;

	buf_reset(&h->in);
	do {
		if ((e = http_receive(h)) != HTTP_OK)
			return (e);
		end = strstr(h->in.data, "\r\n\r\n");
	} while (end == NULL);
	if (sscanf(h->in.data, "HTTP/1.1 %3u ", &a->status) != 1)
		return (HTTP_BAD);
	end += 2;
	body_at = (size_t)(end + 2 - h->in.data);
	take_etag(a, field(h->in.data, end, "ETag"));
	a->retry_after = field(h->in.data, end, "Retry-After") != NULL;
	value = field(h->in.data, end, "Content-Length");
	if (value != NULL)
		len = strtoul(value, NULL, 10);
	else if (a->status != 204)
		return (HTTP_BAD);
	value = field(h->in.data, end, "Connection");
	last = value != NULL && strncasecmp(value, "close", 5) == 0;
	while (h->in.len < body_at + len)
		if ((e = http_receive(h)) != HTTP_OK)
			return (e);
	if (last)
		http_close(h);
	a->body = h->in.data + body_at;
	a->len = len;
	return (h->in.len == body_at + len ? HTTP_OK : HTTP_BAD);
}

enum http_end
http_do(struct http *h, const char *method, const char *target,
    const char *fields, const struct buf *body, bool cut,
    struct http_answer *ret)
{
	struct buf out;
	enum http_end e;

	if (h->fd == -1 && !http_connect(h))
		return (HTTP_LOST);
	buf_init(&out);
	(void)buf_printf(&out, "%s %s HTTP/1.1\r\nHost: t\r\n%s", method,
	    target, fields);
	if (body != NULL)
		(void)buf_printf(&out, "Content-Length: %zu\r\n", body->len);
	(void)buf_adds(&out, "\r\n");
	if (body != NULL)
		(void)buf_add(&out, body->data, body->len);
	CHECK(!buf_failed(&out));
	e = http_send(h, &out);
	buf_release(&out);
	if (e == HTTP_OK && cut)
		e = HTTP_LOST;
	if (e == HTTP_OK)
		e = http_answer(h, ret);
	if (e != HTTP_OK)
		http_close(h);
	return (e);
}
