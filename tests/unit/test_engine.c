/* SPDX-License-Identifier: MIT */
/*
 * What every engine does the same: one list of tests, run on each of them. What
 * only LevelDB has is in test_engine_leveldb.c.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "base/check.h"
#include "store/internal.h"
#include "tests/unit/suite.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* The engine under test, opened for each test anew. */
static const struct engine_ops *ops;
static struct engine *engine;
static char dir[] = "/tmp/test_engine.XXXXXX";

/* ------------------------------------------------------------- helpers -- */

static void
set_up(void)
{
	struct skv_options opts = ops->defaults;
	struct skv_errinfo info = {""};
	const char *path = "";

	/* Small, so that a test of a moment has memtables and tables. */
	opts.write_buffer_size = 256 << 10;
	opts.file_size = 1 << 20;
	opts.cache_size = 1 << 20;
	if (ops == &engine_leveldb) {
		memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
		AN(mkdtemp(dir));
		path = dir;
	}
	if (ops->open(path, &opts, &info, &engine) != SKV_OK) {
		(void)fprintf(stderr, "%s: %s\n", ops->name, info.text);
		exit(99);
	}
}

static void
tear_down(void)
{
	ops->close(engine);
	if (ops == &engine_leveldb)
		remove_directory(dir);
}

static void
batch_put(const char *key, const char *value)
{
	CU_ASSERT_EQUAL(ops->batch_put(engine, key, strlen(key), value,
			    strlen(value)),
	    SKV_OK);
}

static void
batch_delete(const char *key)
{
	CU_ASSERT_EQUAL(ops->batch_delete(engine, key, strlen(key)), SKV_OK);
}

static void
commit(void)
{
	struct skv_errinfo info = {""};

	CU_ASSERT_EQUAL(ops->write(engine, &info), SKV_OK);
	CU_ASSERT_STRING_EQUAL(info.text, "");
}

static void
put(const char *key, const char *value)
{
	batch_put(key, value);
	commit();
}

/* Whether the key has the value; NULL: whether it is absent. */
static bool
has(const char *key, const char *value)
{
	const char *data;
	enum skv_err err;
	size_t len;
	void *pin;
	bool same;

	err = ops->get(engine, key, strlen(key), &data, &len, &pin);
	if (value == NULL)
		return (err == SKV_NOTFOUND);
	if (err != SKV_OK)
		return (false);
	same = data != NULL && len == strlen(value) &&
	    memcmp(data, value, len) == 0;
	ops->release(pin);
	return (same);
}

/* Whether the iterator is at the key; NULL: whether it is at none. */
static bool
at(struct engine_iter *it, const char *key)
{
	const char *p;
	size_t len;

	if (ops->iter_error(it) != SKV_OK)
		return (false);
	if (key == NULL || !ops->iter_valid(it))
		return (key == NULL && !ops->iter_valid(it));
	p = ops->iter_key(it, &len);
	return (len == strlen(key) && memcmp(p, key, len) == 0);
}

static struct engine_iter *
iter_at(const char *key)
{
	struct engine_iter *it = ops->iter_new(engine);

	AN(it);
	ops->iter_seek(it, key, strlen(key));
	return (it);
}

/* ------------------------------------------------------------ the tests -- */

static void
put_get_delete(void)
{
	CU_ASSERT(has("a", NULL));
	put("a", "one");
	CU_ASSERT(has("a", "one"));
	put("a", "two");
	CU_ASSERT(has("a", "two"));
	CU_ASSERT(has("aa", NULL));
	CU_ASSERT(has("", NULL));
	batch_delete("a");
	batch_delete("never there");
	commit();
	CU_ASSERT(has("a", NULL));
}

static void
empty_value(void)
{
	CU_ASSERT_EQUAL(ops->batch_put(engine, "a", 1, NULL, 0), SKV_OK);
	commit();
	CU_ASSERT(has("a", ""));
	CU_ASSERT(has("b", NULL));
}

static void
big_value(void)
{
	enum {
		SIZE = 1 << 20
	};
	const char *data = NULL;
	char *big = malloc(SIZE);
	size_t i, len = 0;
	void *pin = NULL;

	AN(big);
	for (i = 0; i < SIZE; i++)
		big[i] = (char)(i * 7 + (i >> 8));
	for (i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(ops->batch_put(engine, &i, sizeof(i), big,
				    SIZE - i),
		    SKV_OK);
	commit();
	for (i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL_FATAL(ops->get(engine, &i, sizeof(i), &data,
					  &len, &pin),
		    SKV_OK);
		CU_ASSERT_EQUAL(len, SIZE - i);
		CU_ASSERT_EQUAL(memcmp(data, big, len), 0);
		ops->release(pin);
	}
	free(big);
}

static void
value_outlives_key(void)
{
	const char *data = NULL;
	size_t len = 0;
	void *pin = NULL;

	put("a", "first");
	CU_ASSERT_EQUAL_FATAL(ops->get(engine, "a", 1, &data, &len, &pin),
	    SKV_OK);
	put("a", "other");
	batch_delete("a");
	commit();
	CU_ASSERT_EQUAL(len, 5);
	CU_ASSERT_EQUAL(memcmp(data, "first", 5), 0);
	ops->release(pin);
}

static void
batch_order(void)
{
	put("c", "old");
	batch_put("a", "one");
	batch_put("b", "one");
	batch_delete("a");
	batch_put("b", "two");
	batch_delete("c");
	batch_put("c", "new");
	commit();
	CU_ASSERT(has("a", NULL));
	CU_ASSERT(has("b", "two"));
	CU_ASSERT(has("c", "new"));
}

static void
batch_cleared(void)
{
	batch_put("a", "one");
	CU_ASSERT(has("a", NULL));
	ops->batch_clear(engine);
	batch_put("b", "two");
	commit();
	CU_ASSERT(has("a", NULL));
	CU_ASSERT(has("b", "two"));
	commit(); /* an empty one */
	CU_ASSERT(has("b", "two"));
}

static void
key_order(void)
{
	static const struct {
		const char *key;
		size_t len;
	} sorted[] = {
	    {"\0", 1},
	    {"\0\0", 2},
	    {"\0\xff", 2},
	    {"\1", 1},
	    {"A", 1},
	    {"a", 1},
	    {"a\0", 2},
	    {"a\0b", 3},
	    {"aa", 2},
	    {"ab", 2},
	    {"\x7f", 1},
	    {"\x80", 1},
	    {"\xff", 1},
	    {"\xff\0", 2},
	    {"\xff\xff", 2},
	};
	enum {
		N = LENGTH(sorted)
	};
	struct engine_iter *it;
	const char *p;
	size_t i, j, len;

	for (i = 0; i < N; i++) {
		j = (i * 7 + 3) % N; /* 7 and N have no common divisor */
		CU_ASSERT_EQUAL(ops->batch_put(engine, sorted[j].key,
				    sorted[j].len, &j, sizeof(j)),
		    SKV_OK);
	}
	commit();
	it = iter_at("");
	for (i = 0; i < N; i++, ops->iter_next(it)) {
		CU_ASSERT_FATAL(ops->iter_valid(it));
		p = ops->iter_key(it, &len);
		CU_ASSERT_EQUAL(len, sorted[i].len);
		CU_ASSERT_EQUAL(memcmp(p, sorted[i].key, len), 0);
		p = ops->iter_value(it, &len);
		CU_ASSERT_EQUAL(len, sizeof(i));
		CU_ASSERT_EQUAL(memcmp(p, &i, sizeof(i)), 0);
	}
	CU_ASSERT(at(it, NULL));
	ops->iter_free(it);
}

static void
iterator_moves(void)
{
	struct engine_iter *it = iter_at("");

	CU_ASSERT(at(it, NULL));
	ops->iter_seek_below(it, NULL, 0);
	CU_ASSERT(at(it, NULL));
	ops->iter_free(it);

	batch_put("b", "1");
	batch_put("d", "2");
	batch_put("f", "3");
	commit();
	it = iter_at("c");
	CU_ASSERT(at(it, "d"));
	ops->iter_prev(it);
	CU_ASSERT(at(it, "b"));
	ops->iter_next(it);
	ops->iter_next(it);
	CU_ASSERT(at(it, "f"));
	ops->iter_next(it);
	CU_ASSERT(at(it, NULL));
	ops->iter_seek_below(it, NULL, 0);
	CU_ASSERT(at(it, "f"));
	ops->iter_seek(it, "b", 1);
	CU_ASSERT(at(it, "b"));
	ops->iter_prev(it);
	CU_ASSERT(at(it, NULL));
	ops->iter_seek(it, "ff", 2);
	CU_ASSERT(at(it, NULL));
	ops->iter_seek(it, "", 0);
	CU_ASSERT(at(it, "b"));
	ops->iter_seek_below(it, "e", 1);
	CU_ASSERT(at(it, "d"));
	ops->iter_prev(it);
	CU_ASSERT(at(it, "b"));
	ops->iter_seek_below(it, "d", 1);
	CU_ASSERT(at(it, "b"));
	ops->iter_seek_below(it, "b", 1);
	CU_ASSERT(at(it, NULL));
	ops->iter_seek_below(it, "z", 1);
	CU_ASSERT(at(it, "f"));
	ops->iter_free(it);
	ops->iter_free(NULL);
}

static void
iterator_view(void)
{
	struct engine_iter *before = ops->iter_new(engine), *it;

	batch_put("a", "1");
	batch_put("b", "1");
	commit();
	it = ops->iter_new(engine);
	batch_delete("a");
	batch_put("aa", "2");
	batch_put("b", "2");
	commit();
	ops->iter_seek(before, "", 0);
	CU_ASSERT(at(before, NULL));
	ops->iter_seek(it, "", 0);
	CU_ASSERT(at(it, "a"));
	ops->iter_next(it);
	CU_ASSERT_FATAL(at(it, "b"));
	{
		size_t len;
		const char *p = ops->iter_value(it, &len);

		CU_ASSERT(len == 1 && *p == '1');
	}
	ops->iter_next(it);
	CU_ASSERT(at(it, NULL));
	ops->iter_free(it);
	ops->iter_free(before);
	CU_ASSERT(has("aa", "2"));
}

static void
barriers(void)
{
	struct skv_errinfo info = {""};

	CU_ASSERT_EQUAL(ops->barrier(engine, &info), SKV_OK);
	put("a", "1");
	CU_ASSERT_EQUAL(ops->barrier(engine, &info), SKV_OK);
	CU_ASSERT_EQUAL(ops->barrier(engine, NULL), SKV_OK);
	CU_ASSERT_STRING_EQUAL(info.text, "");
	CU_ASSERT(has("a", "1"));
}

static void
unknown_property(void)
{
	CU_ASSERT_PTR_NULL(ops->property(engine, "no such thing"));
}

/* --------------------------------------------------------- random tests -- */

/* A model: the version that each key has, 0 when it is absent. */
enum {
	NKEYS = 100000,
	VALUEMAX = 200
};
static uint32_t model[NKEYS];

static uint32_t
random_below(uint32_t n)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state = state * 6364136223846793005 + 1442695040888963407;
	return ((uint32_t)(state >> 33) % n);
}

static size_t
model_value(uint32_t key, uint32_t version, char value[VALUEMAX])
{
	size_t len = (key + version) % VALUEMAX;

	memset(value, (int)(key ^ version), len);
	return (len);
}

static void
model_step(uint32_t *versions, uint32_t nkeys, uint32_t version)
{
	uint32_t i, n = 1 + random_below(100), key;
	char name[16], value[VALUEMAX];
	size_t len;

	for (i = 0; i < n; i++) {
		key = random_below(nkeys);
		(void)snprintf(name, sizeof(name), "%06u", key);
		len = model_value(key, version, value);
		if (random_below(3) == 0) {
			batch_delete(name);
			versions[key] = 0;
			continue;
		}
		CU_ASSERT_EQUAL(ops->batch_put(engine, name, 6, value, len),
		    SKV_OK);
		versions[key] = version;
	}
	commit();
}

static bool
entry_is(const struct engine_iter *it, uint32_t key, uint32_t version)
{
	char name[16], want[VALUEMAX];
	size_t len, wantlen = model_value(key, version, want);
	const char *p;

	(void)snprintf(name, sizeof(name), "%06u", key);
	p = ops->iter_key(it, &len);
	if (len != 6 || memcmp(p, name, 6) != 0)
		return (false);
	p = ops->iter_value(it, &len);
	return (len == wantlen && memcmp(p, want, len) == 0);
}

/* Whether the iterator sees what the model has, in both directions. */
static bool
same_as_model(struct engine_iter *it, const uint32_t *versions, uint32_t nkeys)
{
	uint32_t key;

	ops->iter_seek(it, "", 0);
	for (key = 0; key < nkeys; key++) {
		if (versions[key] == 0)
			continue;
		if (!ops->iter_valid(it) || !entry_is(it, key, versions[key]))
			return (false);
		ops->iter_next(it);
	}
	if (!at(it, NULL))
		return (false);
	ops->iter_seek_below(it, NULL, 0);
	for (key = nkeys; key-- > 0;) {
		if (versions[key] == 0)
			continue;
		if (!ops->iter_valid(it) || !entry_is(it, key, versions[key]))
			return (false);
		ops->iter_prev(it);
	}
	return (at(it, NULL));
}

static void
random_operations(void)
{
	struct engine_iter *it;
	uint32_t i;

	memset(model, 0, sizeof(model));
	for (i = 1; i <= 4000; i++)
		model_step(model, NKEYS, i);
	it = ops->iter_new(engine);
	CU_ASSERT(same_as_model(it, model, NKEYS));
	ops->iter_free(it);
}

static void
random_views(void)
{
	enum {
		VIEWS = 4,
		KEYS = 300,
		ROUNDS = 2000
	};
	static uint32_t then[VIEWS][KEYS];
	struct engine_iter *views[VIEWS] = {NULL};
	uint32_t i, v;
	bool same = true;

	memset(model, 0, sizeof(model));
	for (i = 1; i <= ROUNDS; i++) {
		model_step(model, KEYS, i);
		v = random_below(VIEWS * 4);
		if (v >= VIEWS)
			continue;
		if (views[v] != NULL)
			same = same && same_as_model(views[v], then[v], KEYS);
		ops->iter_free(views[v]);
		views[v] = ops->iter_new(engine);
		memcpy(then[v], model, sizeof(then[v]));
	}
	for (v = 0; v < VIEWS; v++) {
		if (views[v] != NULL)
			same = same && same_as_model(views[v], then[v], KEYS);
		ops->iter_free(views[v]);
	}
	CU_ASSERT(same);
}

/* -------------------------------------------------------------- threads -- */

enum {
	PAIRS = 50,
	GROUPS = 3000
};
static atomic_bool finished;
static atomic_uint wrong;

/* Writes the same number to all keys, in one batch; then the next number. */
static void *
writer(void *arg)
{
	char key[8];
	unsigned i, k;

	(void)arg;
	for (i = 0; i < GROUPS; i++) {
		for (k = 0; k < PAIRS; k++) {
			(void)snprintf(key, sizeof(key), "%02u", k);
			if (ops->batch_put(engine, key, 2, &i, sizeof(i)) !=
			    SKV_OK)
				wrong++;
		}
		if (ops->write(engine, NULL) != SKV_OK)
			wrong++;
	}
	atomic_store(&finished, true);
	return (NULL);
}

/* Whether one view has the same number in all keys. */
static bool
view_is_whole(void)
{
	struct engine_iter *it = iter_at("");
	unsigned n = 0, first = 0, number;
	size_t len;
	bool whole = true;

	for (; ops->iter_valid(it); ops->iter_next(it), n++) {
		memcpy(&number, ops->iter_value(it, &len), sizeof(number));
		if (n == 0)
			first = number;
		whole = whole && len == sizeof(number) && number == first;
	}
	whole = whole && (n == 0 || n == PAIRS);
	ops->iter_free(it);
	return (whole);
}

static void *
scanner(void *arg)
{
	(void)arg;
	while (!atomic_load(&finished))
		if (!view_is_whole())
			wrong++;
	return (NULL);
}

/* Numbers only rise. */
static void *
getter(void *arg)
{
	unsigned last = 0, number;
	const char *data;
	enum skv_err err;
	size_t len;
	void *pin;

	(void)arg;
	while (!atomic_load(&finished)) {
		err = ops->get(engine, "07", 2, &data, &len, &pin);
		if (err == SKV_NOTFOUND)
			continue;
		if (err != SKV_OK) {
			wrong++;
			break;
		}
		memcpy(&number, data, sizeof(number));
		if (len != sizeof(number) || number < last)
			wrong++;
		last = number;
		ops->release(pin);
	}
	return (NULL);
}

static void *
syncer(void *arg)
{
	(void)arg;
	while (!atomic_load(&finished))
		if (ops->barrier(engine, NULL) != SKV_OK)
			wrong++;
	return (NULL);
}

static void
threads(void)
{
	void *(*const fns[])(void *) = {writer, scanner, getter, syncer};
	pthread_t ids[LENGTH(fns)];
	size_t i;

	atomic_store(&finished, false);
	atomic_store(&wrong, 0);
	for (i = 0; i < LENGTH(fns); i++)
		AZ(pthread_create(&ids[i], NULL, fns[i], NULL));
	for (i = 0; i < LENGTH(fns); i++)
		AZ(pthread_join(ids[i], NULL));
	CU_ASSERT_EQUAL(atomic_load(&wrong), 0);
	CU_ASSERT(view_is_whole());
}

static CU_TestInfo tests[] = {
    {"what was put is got, what was deleted is not", put_get_delete},
    {"an empty value is not the same as no value", empty_value},
    {"values of a megabyte come back whole", big_value},
    {"a value that was got outlives its key", value_outlives_key},
    {"a batch is applied in order", batch_order},
    {"a batch that was cleared is not applied", batch_cleared},
    {"keys are ordered as unsigned bytes, prefixes first", key_order},
    {"iterators move both ways and stop at the ends", iterator_moves},
    {"an iterator sees the map as of its making", iterator_view},
    {"a barrier succeeds, also with nothing to do", barriers},
    {"an unknown property is NULL", unknown_property},
    {"random operations have the effect of a model's", random_operations},
    {"views of random moments stay as they were", random_views},
    {"readers see whole batches while others write and sync", threads},
    CU_TEST_INFO_NULL,
};

static int
use_leveldb(void)
{
	ops = &engine_leveldb;
	return (0);
}

static int
use_temp(void)
{
	ops = &engine_temp;
	return (0);
}

static int
use_mem(void)
{
	ops = &engine_mem;
	return (0);
}

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"mem", use_mem, NULL, set_up, tear_down, tests},
	    {"leveldb", use_leveldb, NULL, set_up, tear_down, tests},
	    {"temp", use_temp, NULL, set_up, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
