/* SPDX-License-Identifier: MIT */
/* Findings as sentences, or as objects; see examine.h. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/examine.h"
#include "cli/output.h"
#include "codec/doc.h"
#include "wire/keyname.h"

static void
add_key(struct buf *b, const char *before, const void *key, size_t len)
{
	if (key == NULL)
		return;
	(void)buf_printf(b, "%s\"", before);
	escape(b, key, len);
	(void)buf_addc(b, '"');
}

static void
write_text(struct buf *b, const struct skv_finding *f)
{
	(void)buf_adds(b, f->damage ? "damage: " : "note: ");
	if (f->file != NULL)
		(void)buf_printf(b, "%s%s", f->file, f->len > 0 ? ": " : " ");
	if (f->file != NULL && f->len > 0)
		(void)buf_printf(b, "bytes %" PRIu64 " to %" PRIu64 " ",
		    f->offset, f->offset + f->len - 1);
	add_key(b, "key ", f->key, f->keylen);
	(void)buf_printf(b, "%s%s", f->key != NULL ? " " : "", f->what);
	if (!f->lost || f->key != NULL)
		return;
	if (f->after == NULL && f->until == NULL) {
		(void)buf_adds(b, "; any key may be lost or older");
		return;
	}
	(void)buf_adds(b, "; keys");
	add_key(b, " after ", f->after, f->afterlen);
	add_key(b, " up to ", f->until, f->untillen);
	(void)buf_adds(b, " may be lost or older");
}

static void
write_key(struct doc_writer *w, const char *name, const void *key, size_t len)
{
	if (key == NULL)
		return;
	doc_w_name(w, name);
	doc_w_map(w);
	keyname_write(w, key, len);
	doc_w_end(w);
}

static void
write_object(struct buf *b, const struct skv_finding *f)
{
	struct doc_writer w;

	doc_writer_init(&w, DOC_JSON, b);
	doc_w_map(&w);
	doc_w_name(&w, "damage");
	doc_w_bool(&w, f->damage);
	doc_w_name(&w, "lost");
	doc_w_bool(&w, f->lost);
	if (f->file != NULL) {
		doc_w_name(&w, "file");
		doc_w_text(&w, f->file, strlen(f->file));
	}
	if (f->file != NULL && f->len > 0) {
		doc_w_name(&w, "offset");
		doc_w_uint(&w, f->offset);
		doc_w_name(&w, "length");
		doc_w_uint(&w, f->len);
	}
	write_key(&w, "about", f->key, f->keylen);
	write_key(&w, "after", f->after, f->afterlen);
	write_key(&w, "until", f->until, f->untillen);
	doc_w_name(&w, "what");
	doc_w_text(&w, f->what, strlen(f->what));
	doc_w_end(&w);
}

static void
found(const struct skv_finding *f, void *arg)
{
	struct buf line = {0};

	(void)arg;
	progress_clear();
	if (out_format == FORMAT_JSON)
		write_object(&line, f);
	else
		write_text(&line, f);
	(void)buf_addc(&line, '\n');
	out_write(line.data, line.len);
	buf_release(&line);
}

static bool
on_progress(uint64_t done, uint64_t total, void *arg)
{
	struct examination *e = arg;

	e->progress.total = total;
	progress_update(&e->progress, done, 0);
	return (!interrupted());
}

void
examination_begin(struct examination *e, const struct session *s,
    const char *label)
{
	memset(e, 0, sizeof(*e));
	e->how = (struct skv_examine){.size = sizeof(e->how),
	    .found = found,
	    .progress = on_progress,
	    .arg = e};
	progress_begin(&e->progress, s, label, 0, true, "");
}

enum status
examination_end(struct examination *e, enum skv_err err)
{
	const char *text = e->info.text;

	progress_end(&e->progress);
	if (err == SKV_OK)
		return (ST_DONE);
	if (*text == '\0')
		text = skv_strerror(err);
	if (err == SKV_INVALID)
		return (fail_user(ST_USAGE, "%s", text));
	if (err == SKV_LOCKED)
		return (fail_user(ST_UNREACHABLE,
		    "%s; most likely by scribekvd: stop it first", text));
	return (fail_user(err == SKV_NOTFOUND ? ST_UNREACHABLE : ST_SERVER,
	    "%s", text));
}

char *
directory_url(const char *dir)
{
	bool url = strncmp(dir, "leveldb:", strlen("leveldb:")) == 0;
	char *text;

	if (asprintf(&text, "%s%s", url ? "" : "leveldb:", dir) != -1)
		return (text);
	(void)fail_user(ST_SERVER, "out of memory");
	return (NULL);
}

void
print_count(const char *name, uint64_t n)
{
	if (out_format == FORMAT_JSON)
		out_printf("\"%s\":%" PRIu64 ",", name, n);
	else
		out_printf("%s: %" PRIu64 "\n", name, n);
}
