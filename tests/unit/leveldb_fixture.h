/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the LevelDB engine share: for each test a new directory,
 * and in it the path of a store that is not made yet.
 */
#ifndef TESTS_UNIT_LEVELDB_FIXTURE_H
#define TESTS_UNIT_LEVELDB_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include "base/check.h"
#include "store/internal.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define PATHMAX 512

static const struct engine_ops *const ops = &engine_leveldb;
static char dir[] = "/tmp/test_leveldb.XXXXXX";
static char store[sizeof(dir) + 2];
static struct skv_options opts;

static inline void
set_up(void)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	AN(mkdtemp(dir));
	(void)snprintf(store, sizeof(store), "%s/s", dir);
	opts = ops->defaults;
	opts.cache_size = 1 << 20;
	opts.write_buffer_size = 64 << 10;
}

static inline void
remove_all(const char *path)
{
	struct dirent *entry;
	DIR *d = opendir(path);

	while (d != NULL && (entry = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		AZ(closedir(d));
	(void)rmdir(path);
}

static inline void
tear_down(void)
{
	remove_all(store);
	remove_all(dir);
}

static inline enum skv_err
open_store(struct engine **ret)
{
	struct skv_errinfo info = {""};
	enum skv_err err = ops->open(store, &opts, &info, ret);

	/* An error has a text, and the text says where. */
	CU_ASSERT_EQUAL(err != SKV_OK, strstr(info.text, store) != NULL);
	return (err);
}

static inline struct engine *
must_open(void)
{
	struct engine *e = NULL;

	if (open_store(&e) != SKV_OK) {
		(void)fprintf(stderr, "%s does not open\n", store);
		exit(99);
	}
	return (e);
}

static inline void
put(struct engine *e, unsigned n, size_t len)
{
	char key[16], *value = malloc(len);

	AN(value);
	(void)snprintf(key, sizeof(key), "%08u", n);
	memset(value, (int)n, len);
	CU_ASSERT_EQUAL(ops->batch_put(e, key, 8, value, len), SKV_OK);
	CU_ASSERT_EQUAL(ops->write(e, NULL), SKV_OK);
	free(value);
}

/* Reads a key: whether it is whole, if it is there. */
static inline enum skv_err
get(struct engine *e, unsigned n, size_t wantlen, bool *ret_whole)
{
	const char *data;
	enum skv_err err;
	char key[16];
	size_t len, i;
	void *pin;

	(void)snprintf(key, sizeof(key), "%08u", n);
	err = ops->get(e, key, 8, &data, &len, &pin);
	if (err != SKV_OK)
		return (err);
	*ret_whole = len == wantlen;
	for (i = 0; i < len; i++)
		*ret_whole = *ret_whole && data[i] == (char)n;
	ops->release(pin);
	return (SKV_OK);
}

static inline bool
has(struct engine *e, unsigned n, size_t len)
{
	bool whole = false;

	return (get(e, n, len, &whole) == SKV_OK && whole);
}

#endif
