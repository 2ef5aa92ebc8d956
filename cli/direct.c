/* SPDX-License-Identifier: MIT */
/*
 * A store that this process opens itself: the same results as a server's, by
 * the same code for documents (wire/). Writes are durable when the session
 * ends, by one sync at the close.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/direct.h"
#include "codec/doc.h"
#include "wire/value.h"

static const struct {
	enum skv_err err;
	enum status st;
	const char *text;
} errors[] = {
    {SKV_NOTFOUND, ST_NOTFOUND, "there is no such key"},
    {SKV_CONFLICT, ST_CONDITION, "the condition is false; nothing was changed"},
    {SKV_INVALID, ST_USAGE, "this is outside the store's limits"},
    {SKV_TOOBIG, ST_USAGE, "this is more than the store takes"},
    {SKV_LOCKED, ST_UNREACHABLE,
	"another process has it open, most likely scribekvd: work through it "
	"with --url, or stop it first"},
    {SKV_FORMAT, ST_SERVER, "it was written by another version"},
    {SKV_NOSPACE, ST_SERVER, "the disk is full"},
};

enum status
store_error(struct answer *a, enum skv_err err, const char *why)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].err == err)
			return (answer_fail(a, errors[i].st, "%s",
			    errors[i].text));
	return (answer_fail(a, ST_SERVER, "the store failed: %s%s%s",
	    skv_strerror(err), *why == '\0' ? "" : ": ", why));
}

enum status
txn_error(struct answer *a, const struct skv_txn *t, enum skv_err err)
{
	a->unknown = skv_txn_applied(t) == SKV_APPLIED_UNKNOWN;
	return (store_error(a, err, skv_txn_error(t)));
}

/* ----------------------------------------------------------------- a key -- */

static void
set_etag(struct answer *a, struct skv *db, uint64_t revision, enum rep rep)
{
	(void)etag_format(a->etag, skv_id(db), revision, rep);
	a->revision = revision;
}

static enum status
op_get(struct target *t, struct bytes key, bool envelope, struct answer *a)
{
	struct skv *db = store_of(t);
	struct doc_writer w;
	struct skv_value v;
	char buf[SKV_TYPEMAX + 1];
	enum skv_err err;

	answer_reset(a);
	err = skv_get(db, key.data, key.len, &v);
	if (err != SKV_OK)
		return (store_error(a, err, ""));
	set_etag(a, db, v.revision, envelope ? REP_JSON : REP_RAW);
	a->ttl = (uint64_t)value_ttl(db, &v);
	(void)snprintf(a->type, sizeof(a->type), "%s",
	    envelope ? "application/json" : value_type(&v.attr, buf));
	if (envelope) {
		doc_writer_init(&w, DOC_JSON, &a->body);
		doc_w_map(&w);
		value_write(&w, &v);
		value_write_etag(&w, skv_id(db), v.revision);
		value_write_ttl(&w, db, &v);
		doc_w_end(&w);
		(void)buf_addc(&a->body, '\n');
	} else
		(void)buf_add(&a->body, v.data, v.len);
	skv_value_release(&v);
	return (buf_failed(&a->body) ? answer_nomem(a) : ST_DONE);
}

/* Durability and conditions of a write. */
static enum status
begin_write(struct skv *db, struct bytes key, const struct condition *cond,
    enum sync sync, struct answer *a, struct skv_txn **ret)
{
	struct skv_txn *t = skv_txn_new(db);
	const char *tag = cond->if_match;
	size_t len = tag == NULL ? 0 : strlen(tag);
	uint64_t revision;
	enum skv_err err = SKV_OK;

	if (t == NULL)
		return (answer_nomem(a));
	skv_txn_durability(t, sync == SYNC_YES ? SKV_SYNC : SKV_ASYNC);
	if (tag != NULL && strcmp(tag, "*") == 0)
		err = skv_txn_if_match(t, key.data, key.len, NULL, 0);
	else if (tag != NULL) {
		if (len >= 2 && tag[0] == '"' && tag[len - 1] == '"') {
			tag++;
			len -= 2;
		}
		revision = etag_revision(tag, len, skv_id(db));
		err = skv_txn_if_match(t, key.data, key.len, &revision, 1);
	}
	if (err == SKV_OK && cond->if_absent)
		err = skv_txn_if_none_match(t, key.data, key.len, NULL, 0);
	if (err == SKV_OK) {
		*ret = t;
		return (ST_DONE);
	}
	skv_txn_free(t);
	return (store_error(a, err, ""));
}

static enum status
condition_false(struct answer *a, struct skv *db, struct skv_txn *t)
{
	struct skv_failure f = {.revision = 0};
	size_t i = 0;

	while (skv_txn_failure(t, i, &f) == SKV_NOTFOUND)
		i++;
	if (f.revision == 0)
		return (answer_fail(a, ST_CONDITION,
		    "the condition is false: there is no such key"));
	set_etag(a, db, f.revision, REP_JSON);
	a->revision = 0;
	return (answer_fail(a, ST_CONDITION,
	    "the condition is false: the key has another version"));
}

static enum status
end_write(struct skv *db, struct skv_txn *t, struct answer *a)
{
	enum skv_err err = skv_commit(t);
	enum status st = ST_DONE;

	if (err == SKV_CONFLICT)
		st = condition_false(a, db, t);
	else if (err != SKV_OK)
		st = txn_error(a, t, err);
	else {
		a->revision = skv_txn_revision(t);
		a->durable = skv_txn_durable(t);
	}
	skv_txn_free(t);
	return (st);
}

/* What a document is stored as: by way of its envelope, as the daemon does. */
static enum status
stored_json(const struct put *p, struct skv *db, struct buf *copy,
    struct buf *scratch, struct stored *ret, struct answer *a)
{
	struct envelope e = {.archive = false};
	struct doc_reader d;
	const char *why;

	(void)buf_add(copy, p->value.data, p->value.len);
	(void)buf_addc(copy, ' ');
	if (buf_failed(copy))
		return (answer_nomem(a));
	doc_reader_init(&d, DOC_JSON, copy->data, copy->len, DIRECT_DEPTH);
	(void)doc_value(&d, &e.value);
	e.has_value = doc_end(&d);
	why = doc_failed(&d) ? doc_error(&d) : NULL;
	doc_reader_release(&d);
	if (why == NULL)
		why = envelope_store(&e, db, DOC_JSON, scratch, ret);
	if (why == NULL)
		return (ST_DONE);
	return (answer_fail(a, ST_USAGE, "the value is no JSON: %s", why));
}

static enum status
op_put(struct target *target, struct bytes key, const struct put *p,
    struct answer *a)
{
	struct skv *db = store_of(target);
	struct stored s = {.data = p->value.data, .len = p->value.len};
	struct buf copy = {0}, scratch = {0};
	struct skv_txn *t = NULL;
	enum skv_err err;
	enum status st;

	answer_reset(a);
	st = begin_write(db, key, &p->condition, p->sync, a, &t);
	if (st == ST_DONE && p->json)
		st = stored_json(p, db, &copy, &scratch, &s, a);
	else {
		s.attr.type = p->type;
		s.attr.typelen = strlen(p->type);
	}
	if (st == ST_DONE) {
		s.attr.expires_ms = ttl_expires(db, p->ttl);
		err = skv_txn_put(t, key.data, key.len, s.data, s.len, &s.attr);
		if (err == SKV_INVALID)
			st = answer_fail(a, ST_USAGE,
			    "the content type is "
			    "over %d bytes or has control characters",
			    SKV_TYPEMAX);
		else if (err != SKV_OK)
			st = store_error(a, err, "");
	}
	if (st == ST_DONE) {
		st = end_write(db, t, a);
		t = NULL;
		if (st == ST_DONE)
			set_etag(a, db, a->revision, value_rep(&s.attr));
	}
	skv_txn_free(t);
	buf_release(&copy);
	buf_release(&scratch);
	return (st);
}

static enum status
op_del(struct target *target, struct bytes key, const struct condition *cond,
    enum sync sync, struct answer *a)
{
	struct skv *db = store_of(target);
	struct skv_txn *t;
	enum skv_err err;
	enum status st;

	answer_reset(a);
	st = begin_write(db, key, cond, sync, a, &t);
	if (st != ST_DONE)
		return (st);
	err = skv_txn_delete(t, key.data, key.len);
	if (err == SKV_OK)
		return (end_write(db, t, a));
	skv_txn_free(t);
	return (store_error(a, err, ""));
}

/* --------------------------------------------------------------- opening -- */

static enum status
op_close(struct target *t, struct answer *a)
{
	struct direct *d = (struct direct *)t;
	struct skv_errinfo info = {""};
	enum skv_err err = SKV_OK;

	answer_reset(a);
	if (d->db != NULL)
		err = skv_close(d->db, &info);
	free(t->name);
	free(d);
	if (err == SKV_OK)
		return (ST_DONE);
	a->unknown = true;
	return (answer_fail(a, ST_SERVER,
	    "what was written may be lost: the store cannot be made durable: "
	    "%s%s%s",
	    skv_strerror(err), info.text[0] == '\0' ? "" : ": ", info.text));
}

static const struct target_ops direct_ops = {
    .get = op_get,
    .put = op_put,
    .del = op_del,
    .list = direct_list,
    .count = direct_count,
    .delete_range = direct_delete_range,
    .txn = direct_txn,
    .import = direct_import,
    .export = direct_export,
    .health = direct_health,
    .metrics = direct_metrics,
    .close = op_close,
};

/* A directory as the URL that skv_open() wants; anything else as it is. */
static char *
store_url(const char *store)
{
	size_t n = strspn(store, "abcdefghijklmnopqrstuvwxyz");
	char *url;

	if (n > 0 && store[n] == ':')
		return (strdup(store));
	return (asprintf(&url, "leveldb:%s", store) == -1 ? NULL : url);
}

enum status
direct_open(const struct target_address *at, struct answer *a,
    struct target **ret)
{
	struct direct *d = calloc(1, sizeof(*d));
	struct skv_options opts;
	struct skv_errinfo info = {""};
	struct answer none = {.status = ST_DONE};
	enum skv_err err;
	enum status st;

	if (d == NULL)
		return (answer_nomem(a));
	d->target.name = store_url(at->store);
	if (d->target.name == NULL) {
		free(d);
		return (answer_nomem(a));
	}
	d->target.ops = &direct_ops;
	skv_options_init(&opts, d->target.name);
	opts.create = at->create || strchr(d->target.name, ':')[1] == '\0';
	/* Files take what a daemon would refuse; servers have a limit. */
	if (strncmp(d->target.name, "mariadb:", 8) != 0)
		opts.max_value = DIRECT_MAX;
	opts.max_txn = DIRECT_MAX;
	opts.scan_lifetime_ms = 0;
	err = skv_open(d->target.name, &opts, &info, &d->db);
	if (err == SKV_OK) {
		*ret = &d->target;
		return (ST_DONE);
	}
	d->db = NULL;
	if (err == SKV_NOTFOUND)
		st = answer_fail(a, ST_UNREACHABLE,
		    "there is no store at %s; "
		    "--create makes one",
		    d->target.name);
	else {
		(void)store_error(&none, err, info.text);
		st = answer_fail(a,
		    none.status == ST_USAGE ? ST_USAGE :
			err == SKV_LOCKED   ? ST_UNREACHABLE :
					      ST_SERVER,
		    "cannot open %s: %s", d->target.name,
		    err == SKV_INVALID ? info.text : none.message);
	}
	(void)op_close(&d->target, &none);
	return (st);
}
