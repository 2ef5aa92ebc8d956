/* SPDX-License-Identifier: MIT */
/*
 * copy: from one server or store to another. The source's export is cut into
 * pieces; each is imported at the destination, read back from there, and
 * compared line by line, before the next one. So what is copied is verified
 * also when the destination has other keys of its own, and when the copy goes
 * on after an interruption.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/lck.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/state.h"
#include "codec/doc.h"
#include "wire/keyname.h"
#include "wire/value.h"

/* Lines are sent in pieces of about this many bytes. */
#define CHUNK (1UL << 20)
#define CHECKPOINT_NS 1000000000LL
/* How far clocks may be apart before a key that has expired is missed. */
#define CLOCKS_MS 5000

static const struct option_def copy_options[] = {
    {"prefix", 'p', "P", "only keys that begin with this"},
    {"start", 0, "KEY", "only keys from this one on"},
    {"end", 0, "KEY", "only keys before this one"},
    {"state", 0, "FILE", "note the progress there, and go on from there"},
    {"no-verify", 0, NULL, "do not read back what was written"},
    {"to-unix-socket", 0, "PATH", "reach the destination by a UNIX socket"},
    {"to-cacert", 0, "FILE", "trust these certificates of the destination"},
    {"to-cert", 0, "FILE", "certificate to show to the destination"},
    {"to-key", 0, "FILE", "private key of that certificate"},
    {"to-token-file", 0, "FILE", "file with a bearer token for it"},
    {"to-user-file", 0, "FILE", "file with NAME:PASSWORD for it"},
    {NULL, 0, NULL, NULL},
};

struct copy {
	struct target *to;
	bool verify;
	struct state state; /* up to the last checkpoint */
	struct buf lines;   /* from the source, not yet copied */
	enum status st;	    /* of what the sink has done */
	uint64_t nkeys, nbytes, expired, wrong;
	uint64_t from_sum, to_sum; /* checksums of the lines on either side */
	struct buf last;	   /* key copied last */
	int64_t checkpoint_ns;
	struct progress progress;
	struct answer a;

	/* Reading back. */
	const char *expect, *expect_end; /* lines that are to come */
	struct buf back;		 /* an incomplete line */
};

/* --------------------------------------------------------------- lines -- */

/* FNV-1a, 64 bits: against accidents. Sums of it do not depend on order. */
static uint64_t
hash_line(const char *p, size_t len)
{
	uint64_t h = 0xcbf29ce484222325U;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3U;
	return (h);
}

/* The key of a line, and when it expires; false when it has none. */
static bool
line_key(const char *line, size_t len, struct buf *ret_key,
    int64_t *ret_expires_ms)
{
	struct keyname k = {.data = NULL};
	struct doc_reader d;
	struct doc_value v;
	struct buf copy = {0}, scratch = {0};
	const char *name, *key;
	size_t namelen, keylen;
	bool ok;

	*ret_expires_ms = 0;
	if (!buf_add(&copy, line, len))
		return (false);
	doc_reader_init(&d, DOC_JSON, copy.data, copy.len, DOC_DEPTHMAX);
	ok = doc_map_begin(&d);
	while (ok && doc_map_next(&d, &name, &namelen)) {
		if (keyname_member(&k, &d, name, namelen))
			continue;
		ok = doc_value(&d, &v);
		if (ok && text_is(name, namelen, "expires_ms") &&
		    v.type == DOC_INT)
			*ret_expires_ms = v.i;
	}
	ok = ok && doc_end(&d) &&
	    keyname_get(&k, &scratch, &key, &keylen) == NULL;
	buf_reset(ret_key);
	ok = ok && buf_add(ret_key, key, keylen);
	doc_reader_release(&d);
	buf_release(&scratch);
	buf_release(&copy);
	return (ok);
}

/*
 * Makes the least key behind a key out of it. False: there is none, for want
 * of room above a longest key of nothing but FF.
 */
static bool
key_after(struct buf *key)
{
	if (key->len < SKV_KEYMAX)
		return (buf_addc(key, '\0'));
	while (key->len > 0 && (unsigned char)key->data[key->len - 1] == 0xff)
		key->len--;
	if (key->len > 0)
		key->data[key->len - 1]++;
	return (key->len > 0);
}

static int
compare(const struct buf *a, const struct buf *b)
{
	int c = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	return (c != 0 ? c : (a->len > b->len) - (a->len < b->len));
}

/* ------------------------------------------------------------- verifying -- */

static bool
may_be_gone(int64_t expires_ms)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (expires_ms != 0 &&
	    expires_ms <= (int64_t)now.tv_sec * 1000 + CLOCKS_MS);
}

/* The line that is expected next is not there, or is another one. */
static void
missed(struct copy *c, const char *line, size_t len)
{
	struct buf key = {0}, shown = {0};
	int64_t expires_ms;

	if (line_key(line, len, &key, &expires_ms) && may_be_gone(expires_ms)) {
		c->expired++;
		c->from_sum -= hash_line(line, len);
	} else if (c->wrong++ == 0) {
		escape(&shown, key.data, key.len);
		warn_user("%.*s is not at %s as it was copied: is something "
			  "else writing there?",
		    (int)shown.len, shown.data == NULL ? "" : shown.data,
		    c->to->name);
	}
	buf_release(&key);
	buf_release(&shown);
}

/* A line of the destination, against those that are to come. */
static bool
check_line(struct copy *c, const char *line, size_t len)
{
	struct buf have = {0}, want = {0};
	const char *nl;
	int64_t expires_ms;
	size_t n;
	int order = 0;

	while (c->expect < c->expect_end && order >= 0) {
		nl = memchr(c->expect, '\n',
		    (size_t)(c->expect_end - c->expect));
		n = (size_t)(nl - c->expect);
		if (n == len && memcmp(line, c->expect, len) == 0) {
			c->to_sum += hash_line(line, len);
			c->expect = nl + 1;
			break;
		}
		if (!line_key(line, len, &have, &expires_ms) ||
		    !line_key(c->expect, n, &want, &expires_ms)) {
			c->st = fail_user(ST_SERVER,
			    "the destination's export is none");
			break;
		}
		/* Before the one expected: a key of the destination's own. */
		order = compare(&have, &want);
		if (order < 0)
			break;
		missed(c, c->expect, n);
		c->expect = nl + 1;
		if (order == 0)
			break;
	}
	buf_release(&have);
	buf_release(&want);
	return (c->st == ST_DONE);
}

static bool
take_back(const char *data, size_t len, void *arg)
{
	struct copy *c = arg;
	struct buf *b = &c->back;
	const char *end = data + len, *nl;
	bool ok = true;

	for (; ok && (nl = memchr(data, '\n', (size_t)(end - data))) != NULL;
	     data = nl + 1) {
		if (b->len == 0) {
			ok = check_line(c, data, (size_t)(nl - data));
			continue;
		}
		ok = buf_add(b, data, (size_t)(nl - data)) &&
		    check_line(c, b->data, b->len);
		buf_reset(b);
	}
	return (ok && buf_add(b, data, (size_t)(end - data)));
}

/* Reads back what was written of the lines, whose keys are in order. */
static enum status
verify(struct copy *c, const struct bytes *lines, const struct buf *first,
    const struct buf *last)
{
	struct skv_range r = {.start = first->data, .startlen = first->len};
	struct buf end = {0};
	const char *nl;
	enum status st;

	c->expect = lines->data;
	c->expect_end = lines->data + lines->len;
	buf_reset(&c->back);
	(void)buf_add(&end, last->data, last->len);
	if (key_after(&end)) {
		r.end = end.data;
		r.endlen = end.len;
	}
	st = buf_failed(&end) ?
	    answer_nomem(&c->a) :
	    c->to->ops->export(c->to, &r, take_back, c, &c->a);
	buf_release(&end);
	if (st != ST_DONE)
		return (c->st != ST_DONE ? c->st : target_fail(&c->a));
	for (; c->expect < c->expect_end; c->expect = nl + 1) {
		nl = memchr(c->expect, '\n',
		    (size_t)(c->expect_end - c->expect));
		missed(c, c->expect, (size_t)(nl - c->expect));
	}
	return (ST_DONE);
}

/* --------------------------------------------------------------- copying -- */

/* Notes how far it has come, as long as all of that is right. */
static enum status
checkpoint(struct copy *c)
{
	struct state *s = &c->state;

	if (c->wrong > 0)
		return (ST_DONE);
	s->keys = c->nkeys;
	s->sum = c->from_sum;
	buf_reset(&s->last);
	if (!buf_add(&s->last, c->last.data, c->last.len))
		return (fail_user(ST_SERVER, "out of memory"));
	c->checkpoint_ns = lck_now_ns();
	return (state_save(s));
}

static void
add_hashes(struct copy *c, const struct bytes *lines)
{
	const char *p = lines->data, *end = p + lines->len, *nl;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		c->from_sum += hash_line(p, (size_t)(nl - p));
		if (!c->verify)
			c->to_sum = c->from_sum;
	}
}

/* Imports a piece and reads it back; its first and last key are given. */
static enum status
copy_piece(struct copy *c, const struct bytes *lines, const struct buf *first,
    const struct buf *last, bool sync)
{
	uint64_t from_sum = c->from_sum, to_sum = c->to_sum, n;
	enum status st;

	st = c->to->ops->import(c->to, *lines, sync ? SYNC_YES : SYNC_NO,
	    &c->a);
	if (st != ST_DONE)
		return (target_fail(&c->a));
	n = c->a.count;
	add_hashes(c, lines);
	if (c->verify)
		st = verify(c, lines, first, last);
	if (st == ST_DONE) {
		c->nkeys += n;
		c->nbytes += lines->len;
		buf_reset(&c->last);
		if (buf_add(&c->last, last->data, last->len))
			return (ST_DONE);
		st = fail_user(ST_SERVER, "out of memory");
	}
	c->from_sum = from_sum;
	c->to_sum = to_sum;
	return (st);
}

static enum status
send_piece(struct copy *c, const struct bytes *lines)
{
	bool due = lck_now_ns() - c->checkpoint_ns > CHECKPOINT_NS;
	const char *end = lines->data + lines->len - 1; /* its last line's */
	const char *nl = memchr(lines->data, '\n', lines->len);
	const char *p = memrchr(lines->data, '\n', lines->len - 1);
	struct buf first = {0}, last = {0};
	int64_t expires_ms;
	enum status st;

	p = p == NULL ? lines->data : p + 1;
	if (line_key(lines->data, (size_t)(nl - lines->data), &first,
		&expires_ms) &&
	    line_key(p, (size_t)(end - p), &last, &expires_ms))
		st = copy_piece(c, lines, &first, &last, due);
	else
		st = fail_user(ST_SERVER, "the source's export is none");
	buf_release(&first);
	buf_release(&last);
	if (st == ST_DONE && due)
		st = checkpoint(c);
	return (st);
}

/* Sends the complete lines when there are enough, or at the end. */
static enum status
send_complete(struct copy *c, bool end)
{
	struct buf *b = &c->lines;
	struct bytes lines;
	const char *nl;
	enum status st;

	if (b->len == 0 || (b->len < CHUNK && !end))
		return (ST_DONE);
	nl = memrchr(b->data, '\n', b->len);
	if (nl == NULL)
		return (ST_DONE);
	lines = (struct bytes){b->data, (size_t)(nl + 1 - b->data)};
	st = send_piece(c, &lines);
	memmove(b->data, b->data + lines.len, b->len - lines.len);
	buf_truncate(b, b->len - lines.len);
	return (st);
}

static bool
take_source(const char *data, size_t len, void *arg)
{
	struct copy *c = arg;

	if (!buf_add(&c->lines, data, len))
		c->st = fail_user(ST_SERVER, "out of memory");
	else if (interrupted())
		c->st = fail_user(ST_SERVER, "interrupted");
	else
		c->st = send_complete(c, false);
	progress_update(&c->progress, c->nbytes, c->nkeys);
	return (c->st == ST_DONE);
}

/* Makes it durable, and tells how to go on after a failure. */
static enum status
finish(struct copy *c, enum status st)
{
	enum status synced;

	interrupt_hold(true);
	synced = c->to->ops->import(c->to, (struct bytes){"", 0}, SYNC_YES,
	    &c->a);
	interrupt_hold(false);
	if (st == ST_DONE && synced != ST_DONE)
		st = target_fail(&c->a);
	if (st != ST_DONE) {
		if (synced == ST_DONE)
			(void)checkpoint(c);
		if (c->state.path != NULL)
			warn_user("%" PRIu64 " keys are copied; the same "
				  "command goes on behind them",
			    c->state.keys);
		return (st);
	}
	state_remove(&c->state);
	if (c->wrong > 0)
		return (fail_user(ST_SERVER,
		    "%" PRIu64 " of %" PRIu64 " keys differ", c->wrong,
		    c->nkeys));
	return (ST_DONE);
}

static enum status
copy_range(struct session *s, struct target *from, struct copy *c,
    struct skv_range *r)
{
	struct answer a = {.status = ST_DONE};
	struct buf start = {0};
	uint64_t total = 0;
	enum status st;

	c->nkeys = c->state.keys;
	c->from_sum = c->to_sum = c->state.sum;
	if (c->state.last.len > 0) {
		(void)buf_add(&start, c->state.last.data, c->state.last.len);
		(void)buf_add(&c->last, c->state.last.data, c->state.last.len);
		if (!key_after(&start))
			return (finish(c, ST_DONE));
		r->start = start.data;
		r->startlen = start.len;
	}
	if (progress_wanted(s) && from->ops->count(from, r, &a) == ST_DONE)
		total = c->nkeys + a.count;
	c->checkpoint_ns = lck_now_ns();
	progress_begin(&c->progress, s, "copy", total, false, "keys");
	st = from->ops->export(from, r, take_source, c, &a);
	if (st == ST_DONE)
		st = send_complete(c, true);
	else if (c->st != ST_DONE)
		st = c->st; /* which was complained about */
	else
		(void)target_fail(&a);
	st = finish(c, st);
	progress_end(&c->progress);
	answer_release(&a);
	buf_release(&start);
	return (st);
}

/* ---------------------------------------------------------------- command --
 */

/* The destination's address, of its argument and the --to options. */
static void
to_address(const struct session *s, const struct args *args,
    struct target_address *at)
{
	const char *to = args->argv[0];

	*at = (struct target_address){
	    .unix_socket = args_get(args, "to-unix-socket"),
	    .cacert = args_get(args, "to-cacert"),
	    .cert = args_get(args, "to-cert"),
	    .key = args_get(args, "to-key"),
	    .token_file = args_get(args, "to-token-file"),
	    .user_file = args_get(args, "to-user-file"),
	    .create = s->address->create,
	    .timeout_s = s->address->timeout_s,
	    .retries = s->address->retries,
	};
	if (strncmp(to, "http://", 7) == 0 || strncmp(to, "https://", 8) == 0)
		at->url = to;
	else
		at->store = to;
}

static bool
identify(struct copy *c, const struct target *from, const struct skv_range *r)
{
	struct buf *id = &c->state.identity;

	(void)buf_printf(id, "copy %s (prefix \"", from->name);
	escape(id, r->prefix == NULL ? "" : r->prefix, r->prefixlen);
	(void)buf_adds(id, "\", start \"");
	escape(id, r->start == NULL ? "" : r->start, r->startlen);
	(void)buf_adds(id, "\", end \"");
	escape(id, r->end == NULL ? "" : r->end, r->endlen);
	(void)buf_printf(id, "\") to %s", c->to->name);
	return (!buf_failed(id));
}

static void
report(const struct session *s, const struct copy *c)
{
	if (out_format == FORMAT_JSON)
		out_printf("{\"copied\":%" PRIu64 ",\"expired\":%" PRIu64
			   ",\"verified\":%s,\"checksum\":\"%016" PRIx64
			   "\"}\n",
		    c->nkeys, c->expired, c->verify ? "true" : "false",
		    c->from_sum);
	else if (!s->quiet && out_format != FORMAT_RAW)
		out_printf("copied %" PRIu64 " keys, checksum %016" PRIx64
			   "%s\n",
		    c->nkeys, c->from_sum,
		    c->verify ? " on both sides" : ", not verified");
}

static enum status
run_copy(struct session *s, const struct args *args)
{
	struct copy c = {
	    .verify = !args_has(args, "no-verify"),
	    .state.path = args_get(args, "state"),
	};
	struct target_address at;
	struct answer closing = {.status = ST_DONE};
	struct buf scratch = {0};
	struct skv_range r;
	struct target *from;
	enum status st = ST_USAGE;

	to_address(s, args, &at);
	if (range_options(s, args, &scratch, &r))
		st = session_target(s, &from);
	if (st == ST_DONE && (st = target_open(&at, &c.a, &c.to)) != ST_DONE)
		(void)target_fail(&c.a);
	if (st == ST_DONE && !identify(&c, from, &r))
		st = fail_user(ST_SERVER, "out of memory");
	if (st == ST_DONE)
		st = state_load(&c.state);
	if (st == ST_DONE)
		st = copy_range(s, from, &c, &r);
	if (c.to != NULL && c.to->ops->close(c.to, &closing) != ST_DONE)
		st = target_fail(&closing);
	if (st == ST_DONE && c.verify && c.from_sum != c.to_sum)
		st = fail_user(ST_SERVER, "the checksums differ");
	if (st == ST_DONE)
		report(s, &c);
	answer_release(&c.a);
	state_release(&c.state);
	buf_release(&c.lines);
	buf_release(&c.last);
	buf_release(&c.back);
	buf_release(&scratch);
	return (st);
}

const struct command cmd_copy = {
    .name = "copy",
    .args = "DESTINATION",
    .help = "Copy keys to another server, or to a store",
    .more =
	"From the server or store that the options name to DESTINATION: a "
	"URL, or the\ndirectory of a store. What is written is read back "
	"and compared; keys that only\nthe destination has stay. With "
	"--state, a copy that was interrupted goes on behind\nthe keys that "
	"are copied already; what changed before them is not seen.\n\n"
	"  scribekv copy http://other:8080\n"
	"  scribekv copy --create /var/backup/store\n"
	"  scribekv --store /var/backup/store copy http://127.0.0.1:8080\n",
    .options = copy_options,
    .flags = COMMAND_FILES,
    .least = 1,
    .most = 1,
    .run = run_copy,
};
