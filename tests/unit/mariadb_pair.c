/* SPDX-License-Identifier: MIT */
/* See mariadb_pair.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/mariadb_fixture.h"
#include "tests/unit/mariadb_pair.h"
#include "tests/unit/store_fixture.h"

char pair_url[256];
struct skv *db2;

struct skv *
pair_one(void)
{
	struct skv_errinfo info = {""};
	struct skv *ret;

	if (skv_open(pair_url, &opts, &info, &ret) != SKV_OK) {
		(void)fprintf(stderr, "%s: %s\n", pair_url, info.text);
		exit(99);
	}
	return (ret);
}

void
pair_open(void)
{
	(void)snprintf(pair_url, sizeof(pair_url), "%s", mariadb_url());
	skv_options_init(&opts, pair_url);
	db = pair_one();
	db2 = pair_one();
}

void
pair_close(void)
{
	CU_OK(skv_close(db2, NULL));
	CU_OK(skv_close(db, NULL));
}

bool
has2(const char *key, const char *value)
{
	struct skv *first = db;
	bool ok;

	db = db2;
	ok = has(key, value);
	db = first;
	return (ok);
}
