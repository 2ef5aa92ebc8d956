/* SPDX-License-Identifier: MIT */
/* Opening, limits, single operations and statistics, on every engine. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "tests/unit/store_fixture.h"

/* ------------------------------------------------------------- opening -- */

/* Whether opening is refused with this error, its text holding "word". */
static bool
refused(const char *url, const struct skv_options *o, enum skv_err want,
    const char *word)
{
	struct skv_errinfo info = {""};
	struct skv *untouched = NULL;
	enum skv_err err;

	err = skv_open(url, o, &info, &untouched);
	if (err == want && untouched == NULL && strstr(info.text, word) != NULL)
		return (true);
	(void)fprintf(stderr, "%s: %s: %s\n", url, skv_strerror(err),
	    info.text);
	if (err == SKV_OK)
		(void)skv_close(untouched, NULL);
	return (false);
}

static void
bad_urls(void)
{
	CU_ASSERT(refused("", NULL, SKV_INVALID, "leveldb:"));
	CU_ASSERT(refused("mem", NULL, SKV_INVALID, "\"mem\""));
	CU_ASSERT(refused("memory:", NULL, SKV_INVALID, "memory:"));
	CU_ASSERT(refused("mem:x", NULL, SKV_INVALID, "mem:"));
	CU_ASSERT(refused("temp:x", NULL, SKV_INVALID, "temp:"));
	CU_ASSERT(refused("leveldb:", NULL, SKV_INVALID, "leveldb:"));
	CU_ASSERT_EQUAL(skv_open("x:", NULL, NULL, &db), SKV_INVALID);
}

#define BAD(member, bad_value) \
	do { \
		struct skv_options o = opts; \
		o.member = (bad_value); \
		CU_ASSERT(refused(fx_url(), &o, SKV_INVALID, #member ": ")); \
	} while (0)

static void
bad_options(void)
{
	fx_stop();
	BAD(cache_size, (1ULL << 40) + 1);
	BAD(write_buffer_size, 65535);
	BAD(write_buffer_size, (1UL << 30) + 1);
	BAD(file_size, (1UL << 20) - 1);
	BAD(file_size, (1UL << 30) + 1);
	BAD(block_size, 1023);
	BAD(block_size, (4UL << 20) + 1);
	BAD(bloom_bits, 65);
	BAD(max_open_files, 73);
	BAD(max_open_files, 50001);
	BAD(sync_interval_ms, 3600001);
	BAD(durability, (enum skv_durability)0);
	BAD(durability, (enum skv_durability)3);
	BAD(max_value, 0);
	BAD(max_value, (1UL << 30) + 1);
	BAD(max_txn, SKV_KEYMAX - 1);
	BAD(max_txn, (1UL << 31) + 1);
	BAD(max_queue, 0);
	BAD(max_queue, (1UL << 24) + 1);
	BAD(max_queue_bytes, (1UL << 20) - 1);
	BAD(max_queue_bytes, (1ULL << 40) + 1);
	BAD(min_free, (1ULL << 40) + 1);
	BAD(scan_lifetime_ms, 86400001);
	BAD(max_stall_ms, 3600001);
	BAD(max_wait_ms, 3600001);
	BAD(max_level0_files, 1001);
	opts.cache_size = 0;
	opts.block_size = 1024;
	opts.bloom_bits = 0;
	opts.max_open_files = 74;
	opts.max_txn = SKV_KEYMAX;
	opts.max_queue_bytes = 1 << 20;
	opts.durability = SKV_SYNC;
	fx_start();
	put("least", "options");
	CU_ASSERT(has("least", "options"));
}

static void
defaults(void)
{
	struct skv_options o;

	skv_options_init(&o, NULL);
	CU_ASSERT_EQUAL(o.size, sizeof(o));
	CU_ASSERT_EQUAL(o.cache_size, 128 << 20);
	CU_ASSERT_EQUAL(o.write_buffer_size, 16 << 20);
	CU_ASSERT_EQUAL(o.file_size, 8 << 20);
	CU_ASSERT_EQUAL(o.block_size, 2048);
	CU_ASSERT_EQUAL(o.bloom_bits, 10);
	CU_ASSERT_EQUAL(o.max_open_files, 0);
	CU_ASSERT(o.compression && o.create);
	CU_ASSERT_EQUAL(o.sync_interval_ms, 1000);
	CU_ASSERT_EQUAL(o.durability, SKV_ASYNC);
	CU_ASSERT_EQUAL(o.max_value, 8 << 20);
	CU_ASSERT_EQUAL(o.max_txn, 64 << 20);
	CU_ASSERT_EQUAL(o.max_queue, 65536);
	CU_ASSERT_EQUAL(o.max_queue_bytes, 256 << 20);
	CU_ASSERT_EQUAL(o.scan_lifetime_ms, 300000);
	CU_ASSERT_EQUAL(o.min_free, 128 << 20);
	CU_ASSERT_EQUAL(o.max_stall_ms, 2000);
	CU_ASSERT_EQUAL(o.max_wait_ms, 30000);
	CU_ASSERT_EQUAL(o.max_level0_files, 12);
	CU_ASSERT_PTR_NULL(o.clock_ms);
	skv_options_init(&o, "temp:");
	CU_ASSERT_EQUAL(o.cache_size, 64 << 20);
	CU_ASSERT_EQUAL(o.sync_interval_ms, 2000);
	skv_options_init(&o, "leveldb:/x");
	CU_ASSERT_EQUAL(o.cache_size, 128 << 20);
}

/* A program built against another version has a smaller or a larger struct. */
static void
other_versions(void)
{
	struct {
		struct skv_options o;
		char later[64];
	} large;
	char zero[64] = {0};
	size_t small = offsetof(struct skv_options, max_value);

	memset(&large, 0xa5, sizeof(large));
	skv_options_init_sized(&large.o, fx_url(), sizeof(large));
	CU_ASSERT_EQUAL(large.o.size, sizeof(large));
	CU_ASSERT_EQUAL(memcmp(large.later, zero, sizeof(zero)), 0);
	memset(&large, 0xa5, sizeof(large));
	skv_options_init_sized(&large.o, fx_url(), small);
	CU_ASSERT_EQUAL(large.o.size, small);
	CU_ASSERT_EQUAL(((unsigned char *)&large.o)[small], 0xa5);
	/* What it does not have gets the default. */
	opts = large.o;
	fx_restart();
	put("k", "v");
	CU_ASSERT(has("k", "v"));
}

static void
create(void)
{
	struct skv_options o = opts;
	struct skv *other = NULL;
	char url[128];

	if (!fx_keeps() || fx_shared())
		return;
	CU_ASSERT(refused(fx_url(), NULL, SKV_LOCKED, "open"));
	o.create = false;
	(void)snprintf(url, sizeof(url), "%s/none", fx_url());
	CU_ASSERT(refused(url, &o, SKV_NOTFOUND, "none"));
	(void)snprintf(url, sizeof(url), "%s/none/none", fx_url());
	CU_ASSERT(refused(url, NULL, SKV_INVALID, "none"));
	put("k", "v");
	opts.create = false;
	fx_restart();
	CU_ASSERT(has("k", "v"));
	CU_OK(skv_open("temp:", &o, NULL, &other));
	CU_OK(skv_close(other, NULL));
}

static void
identity(void)
{
	struct skv_errinfo info = {"as it was"};
	struct skv *other;
	uint64_t id = skv_id(db);

	CU_ASSERT(strncmp(fx_url(), skv_engine(db), strlen(skv_engine(db))) ==
	    0);
	CU_ASSERT_EQUAL(skv_persistent(db), fx_keeps());
	CU_ASSERT_EQUAL(stats().store_id, id);
	CU_ASSERT_EQUAL(skv_status(db, &info), SKV_OK);
	CU_ASSERT_STRING_EQUAL(info.text, "as it was");
	CU_ASSERT_PTR_NULL(skv_engine_property(db, "no such"));
	CU_OK(skv_open("mem:", NULL, NULL, &other));
	CU_ASSERT_NOT_EQUAL(skv_id(other), id);
	CU_OK(skv_close(other, NULL));
	CU_OK(skv_close(NULL, NULL));
	fx_restart();
	CU_ASSERT_EQUAL(skv_id(db) == id, fx_keeps());
	if (fx_keeps() && !fx_shared()) {
		char *text = skv_engine_property(db, "leveldb.stats");

		CU_ASSERT_PTR_NOT_NULL(text);
		free(text);
	}
}

static void
errors_have_names(void)
{
	const char *unknown = skv_strerror((enum skv_err)9999);
	int i, j;

	CU_ASSERT_STRING_EQUAL(unknown, "unknown error");
	/* Up to the first that is none. */
	for (i = SKV_OK; strcmp(skv_strerror((enum skv_err)i), unknown) != 0;
	     i++)
		for (j = SKV_OK; j < i; j++)
			CU_ASSERT_STRING_NOT_EQUAL(skv_strerror(i),
			    skv_strerror(j));
	CU_ASSERT(i > SKV_READONLY);
}

/* -------------------------------------------------------------- limits -- */

static void
keys(void)
{
	char key[SKV_KEYMAX + 1];
	struct skv_value v = {.len = 77};
	size_t lens[] = {1, 2, 1023, 1024};
	size_t i;

	memset(key, 0xff, sizeof(key));
	for (i = 0; i < LENGTH(lens); i++)
		CU_OK(skv_put(db, key, lens[i], &lens[i], sizeof(lens[i]),
		    NULL));
	for (i = 0; i < LENGTH(lens); i++) {
		CU_OK(skv_get(db, key, lens[i], &v));
		CU_ASSERT_EQUAL(memcmp(v.data, &lens[i], v.len), 0);
		skv_value_release(&v);
	}
	v.len = 77;
	CU_ASSERT_EQUAL(skv_put(db, key, 0, "", 0, NULL), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_put(db, NULL, 1, "", 0, NULL), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_put(db, key, 1025, "", 0, NULL), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_delete(db, key, 0), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_delete(db, key, 1025), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_get(db, key, 0, &v), SKV_INVALID);
	CU_ASSERT_EQUAL(skv_get(db, key, 1025, &v), SKV_INVALID);
	CU_ASSERT_EQUAL(v.len, 77);
	CU_ASSERT_EQUAL(count_all(), LENGTH(lens));
	/* Any byte, NUL among them, and a prefix is another key. */
	CU_OK(skv_put(db, "a\0b", 3, "x", 1, NULL));
	CU_ASSERT(has("a", NULL));
	CU_OK(skv_put(db, "\0", 1, "y", 1, NULL));
	CU_OK(skv_get(db, "a\0b", 3, &v));
	skv_value_release(&v);
	CU_ASSERT_EQUAL(skv_get(db, "\0\0", 2, &v), SKV_NOTFOUND);
}

static void
values(void)
{
	struct skv_value v;
	char big[101];

	opts.max_value = 100;
	fx_restart();
	memset(big, 'x', sizeof(big));
	CU_OK(skv_put(db, "k", 1, big, 100, NULL));
	CU_ASSERT_EQUAL(skv_put(db, "k", 1, big, 101, NULL), SKV_TOOBIG);
	CU_OK(skv_get(db, "k", 1, &v));
	CU_ASSERT_EQUAL(v.len, 100);
	/* It stays as it was when the key changes meanwhile. */
	CU_OK(skv_put(db, "k", 1, NULL, 0, NULL));
	CU_ASSERT_EQUAL(memcmp(v.data, big, 100), 0);
	skv_value_release(&v);
	skv_value_release(&v);
	skv_value_release(NULL);
	CU_OK(skv_get(db, "k", 1, &v));
	CU_ASSERT_EQUAL(v.len, 0);
	CU_ASSERT_PTR_NOT_NULL(v.data);
	skv_value_release(&v);
	del("k");
	del("k");
	CU_ASSERT(has("k", NULL));
}

/* Whether a put with this attribute comes back so, or is refused. */
static void
attr_case(enum skv_kind kind, const char *type, size_t typelen,
    int64_t expires_ms, bool good)
{
	const struct skv_attr a = {
	    .kind = kind,
	    .cbor_envelope = (typelen & 1) != 0,
	    .type = type,
	    .typelen = typelen,
	    .expires_ms = expires_ms,
	};
	struct skv_value v;
	enum skv_err err;

	err = skv_put(db, "a", 1, "value", 5, &a);
	CU_ASSERT_EQUAL(err, good ? SKV_OK : SKV_INVALID);
	if (!good)
		return;
	CU_OK(skv_get(db, "a", 1, &v));
	CU_ASSERT(v.len == 5 && memcmp(v.data, "value", 5) == 0);
	CU_ASSERT_EQUAL(v.attr.kind, kind);
	CU_ASSERT_EQUAL(v.attr.cbor_envelope, a.cbor_envelope);
	CU_ASSERT_EQUAL(v.attr.expires_ms, expires_ms);
	if (typelen > 0) {
		CU_ASSERT_EQUAL(v.attr.typelen, typelen);
		CU_ASSERT_EQUAL(memcmp(v.attr.type, type, typelen), 0);
	}
	skv_value_release(&v);
}

static void
attributes(void)
{
	char type[SKV_TYPEMAX + 1];

	memset(type, 't', sizeof(type));
	attr_case(SKV_RAW, NULL, 0, 0, true);
	attr_case(SKV_RAW, "text/plain", 10, 0, true);
	attr_case(SKV_RAW, "x/y", 3, INT64_MAX, true);
	attr_case(SKV_RAW, type, SKV_TYPEMAX, 0, true);
	attr_case(SKV_RAW, type, SKV_TYPEMAX + 1, 0, false);
	attr_case(SKV_RAW, "a\nb", 3, 0, false);
	attr_case(SKV_RAW, "a\0b", 3, 0, false);
	attr_case(SKV_RAW, NULL, 3, 0, false);
	attr_case(SKV_TEXT, NULL, 0, 2000000, true);
	attr_case(SKV_BINARY, NULL, 0, 0, true);
	attr_case(SKV_JSON, NULL, 0, 0, true);
	attr_case(SKV_CBOR, NULL, 0, 0, true);
	attr_case(SKV_TEXT, "x/y", 3, 0, false);
	attr_case((enum skv_kind)5, NULL, 0, 0, false);
	attr_case(SKV_RAW, NULL, 0, -1, false);
}

/* -------------------------------------------------------------- results -- */

static void
revisions(void)
{
	uint64_t first, second;

	CU_ASSERT_EQUAL(stats().revision, 0);
	put("a", "1");
	first = rev("a");
	CU_ASSERT(first > 0);
	put("b", "2");
	second = rev("b");
	CU_ASSERT(second > first);
	CU_ASSERT_EQUAL(rev("a"), first);
	del("a");
	put("a", "1");
	CU_ASSERT(rev("a") > second);
	CU_ASSERT_EQUAL(stats().revision, rev("a"));
}

static void
statistics(void)
{
	struct skv_txn *t = txn();
	struct skv_stats s;

	put("a", "1");
	put("b", "2");
	t_none(t, "a", 0);
	t_put(t, "a", "3");
	CU_ASSERT_EQUAL(skv_commit(t), SKV_CONFLICT);
	skv_txn_free(t);
	s = stats();
	CU_ASSERT_EQUAL(s.transactions, 2);
	CU_ASSERT_EQUAL(s.conflicts, 1);
	CU_ASSERT_EQUAL(s.groups, 2);
	CU_ASSERT_EQUAL(s.group_size.count[1], 2); /* of one */
	CU_ASSERT_EQUAL(s.group_size.sum, 2);
	CU_ASSERT_EQUAL(s.errors, 0);
	CU_ASSERT_EQUAL(s.queued, 0);
	CU_ASSERT_EQUAL(s.queued_bytes, 0);
	CU_ASSERT_EQUAL(s.unsynced, 2);
	CU_ASSERT_EQUAL(s.syncs, 0);
	CU_ASSERT_EQUAL(s.state, SKV_OK);
	CU_OK(skv_sync(db, NULL));
	s = stats();
	CU_ASSERT_EQUAL(s.unsynced, 0);
	CU_ASSERT_EQUAL(s.unsynced_ms, 0);
	CU_ASSERT_EQUAL(s.syncs, 1);
	CU_OK(skv_sync(db, NULL));
	CU_ASSERT_EQUAL(stats().syncs, 1);
}

static void
survives(void)
{
	uint64_t last;
	unsigned i;
	char key[32];

	if (!fx_keeps())
		return;
	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "key%u", i);
		put(key, key);
	}
	del("key500");
	last = stats().revision;
	fx_restart();
	CU_ASSERT_EQUAL(count_all(), 999);
	CU_ASSERT(has("key999", "key999"));
	CU_ASSERT(has("key500", NULL));
	if (fx_shared()) {
		put("next", "");
		CU_ASSERT(rev("next") > last);
		return;
	}
	/* A clean restart skips no revision. */
	CU_ASSERT_EQUAL(stats().revision, last);
	put("next", "");
	CU_ASSERT_EQUAL(rev("next"), last + 1);
	fx_restart();
	CU_ASSERT_EQUAL(stats().revision, last + 1);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {
	    {"bad URLs are refused", bad_urls},
	    {"options outside their bounds are refused", bad_options},
	    {"defaults are as documented", defaults},
	    {"options of other versions are understood", other_versions},
	    {"a store is created only when asked", create},
	    {"a store has an identity", identity},
	    {"every error has a name", errors_have_names},
	    {"keys have limits", keys},
	    {"values have limits", values},
	    {"attributes come back, within limits", attributes},
	    {"revisions increase", revisions},
	    {"statistics count", statistics},
	    {"a store survives closing", survives},
	    CU_TEST_INFO_NULL,
	};

	return (fx_run(argc, argv, tests));
}
