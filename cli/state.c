/* SPDX-License-Identifier: MIT */
/* State files; see state.h. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/save.h"
#include "cli/state.h"
#include "codec/doc.h"
#include "wire/value.h"

struct fields {
	const struct state *st;
	bool same; /* the identity */
	uint64_t lines, keys, sum;
	bool has_last;
	struct buf last;
};

/* Numbers are texts here: a checksum uses all 64 bits. */
static uint64_t
number(const struct doc_value *v)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < v->len; i++)
		n = n * 10 + (uint64_t)(v->data[i] - '0');
	return (n);
}

static bool
digits(const struct doc_value *v)
{
	size_t i;

	for (i = 0; i < v->len; i++)
		if (v->data[i] < '0' || v->data[i] > '9')
			return (false);
	return (v->len > 0 && v->len <= 20);
}

static bool
take_field(struct fields *f, const char *name, size_t len,
    const struct doc_value *v)
{
	const struct buf *id = &f->st->identity;
	bool memory;

	if (v->type != DOC_TEXT)
		return (false);
	if (text_is(name, len, "of")) {
		f->same = v->len == id->len &&
		    memcmp(v->data, id->data, id->len) == 0;
		return (true);
	}
	if (text_is(name, len, "last")) {
		f->has_last = true;
		return (base64_decode(&f->last, v->data, v->len, &memory));
	}
	if (!digits(v))
		return (false);
	if (text_is(name, len, "lines"))
		f->lines = number(v);
	else if (text_is(name, len, "keys"))
		f->keys = number(v);
	else if (text_is(name, len, "sum"))
		f->sum = number(v);
	else
		return (false);
	return (true);
}

static bool
read_fields(struct fields *f, struct buf *text)
{
	struct doc_reader d;
	struct doc_value v;
	const char *name;
	size_t len;
	bool ok = text->data != NULL;

	if (!ok)
		return (false);
	doc_reader_init(&d, DOC_JSON, text->data, text->len, 2);
	ok = doc_map_begin(&d);
	while (ok && doc_map_next(&d, &name, &len))
		ok = doc_value(&d, &v) && take_field(f, name, len, &v);
	ok = ok && doc_end(&d);
	doc_reader_release(&d);
	return (ok);
}

enum status
state_load(struct state *s)
{
	struct fields f = {.st = s};
	struct buf text = {0};
	enum status st;

	if (s->path == NULL || (access(s->path, F_OK) == -1 && errno == ENOENT))
		return (ST_DONE);
	st = input_read(s->path, &text);
	if (st == ST_DONE && !read_fields(&f, &text))
		st = fail_user(ST_USAGE,
		    "%s is no state file; remove it, or "
		    "name another",
		    s->path);
	else if (st == ST_DONE && !f.same)
		st = fail_user(ST_USAGE,
		    "%s is of something else than \"%.*s\""
		    "; remove it to begin anew, or name another",
		    s->path, (int)s->identity.len, s->identity.data);
	else if (st == ST_DONE) {
		s->lines = f.lines;
		s->keys = f.keys;
		s->sum = f.sum;
		if (!buf_add(&s->last, f.last.data, f.last.len))
			st = fail_user(ST_SERVER, "out of memory");
	}
	buf_release(&f.last);
	buf_release(&text);
	return (st);
}

static void
write_number(struct doc_writer *w, const char *name, uint64_t n)
{
	char text[DECIMAL_MAX];

	doc_w_name(w, name);
	doc_w_text(w, text, decimal(text, n));
}

enum status
state_save(const struct state *s)
{
	struct doc_writer w;
	struct buf text = {0};
	struct save f;
	enum status st;

	if (s->path == NULL)
		return (ST_DONE);
	doc_writer_init(&w, DOC_JSON, &text);
	doc_w_map(&w);
	doc_w_name(&w, "of");
	doc_w_text(&w, s->identity.data, s->identity.len);
	write_number(&w, "lines", s->lines);
	write_number(&w, "keys", s->keys);
	write_number(&w, "sum", s->sum);
	doc_w_name(&w, "last");
	doc_w_bytes(&w, s->last.data, s->last.len);
	doc_w_end(&w);
	(void)buf_addc(&text, '\n');
	st = save_open(&f, s->path);
	if (st == ST_DONE) {
		if (buf_failed(&text))
			st = fail_user(ST_SERVER, "out of memory");
		else {
			(void)save_write(&f, text.data, text.len);
			st = save_commit(&f);
		}
		save_abandon(&f);
	}
	buf_release(&text);
	return (st);
}

void
state_remove(const struct state *s)
{
	if (s->path != NULL && unlink(s->path) == -1 && errno != ENOENT)
		warn_user("cannot remove %s: %s", s->path, strerror(errno));
}

void
state_release(struct state *s)
{
	buf_release(&s->identity);
	buf_release(&s->last);
}
