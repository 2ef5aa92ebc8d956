/* SPDX-License-Identifier: MIT */
/*
 * Compare-and-swap: several threads count in one key and none loses a step.
 * Each reads the counter, and writes the next number on the condition that the
 * revision is still the one it read; otherwise somebody was faster, and it
 * reads again.
 *
 *	counter [STORE-URL]
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <scribekv.h>

#define NTHREADS 4
#define NSTEPS 250

static const char key[] = "visits";
#define KEYLEN (sizeof(key) - 1)

/* Reads the counter; revision 0 stands for "it is not there yet". */
static enum skv_err
counter_read(struct skv *store, uint64_t *ret_count, uint64_t *ret_revision)
{
	struct skv_value value;
	char text[24] = "";
	enum skv_err err;

	*ret_count = *ret_revision = 0;
	err = skv_get(store, key, KEYLEN, &value);
	if (err == SKV_NOTFOUND)
		return (SKV_OK);
	if (err != SKV_OK)
		return (err);
	(void)snprintf(text, sizeof(text), "%.*s", (int)value.len,
	    (const char *)value.data);
	*ret_count = strtoumax(text, NULL, 10);
	*ret_revision = value.revision;
	skv_value_release(&value);
	return (SKV_OK);
}

/* SKV_CONFLICT: the counter has changed since it was read. */
static enum skv_err
counter_write(struct skv *store, uint64_t count, uint64_t revision)
{
	struct skv_txn *txn = skv_txn_new(store);
	char text[24];
	enum skv_err err;
	int len;

	if (txn == NULL)
		return (SKV_NOMEM);
	len = snprintf(text, sizeof(text), "%" PRIu64, count);
	err = revision == 0 ? skv_txn_if_none_match(txn, key, KEYLEN, NULL, 0) :
			      skv_txn_if_match(txn, key, KEYLEN, &revision, 1);
	if (err == SKV_OK)
		err = skv_txn_put(txn, key, KEYLEN, text, (size_t)len, NULL);
	if (err == SKV_OK)
		err = skv_commit(txn);
	skv_txn_free(txn);
	return (err);
}

static enum skv_err
counter_add(struct skv *store)
{
	uint64_t count, revision;
	enum skv_err err;

	do {
		err = counter_read(store, &count, &revision);
		if (err == SKV_OK)
			err = counter_write(store, count + 1, revision);
	} while (err == SKV_CONFLICT);
	return (err);
}

static void *
counter_thread(void *arg)
{
	struct skv *store = arg;
	enum skv_err err = SKV_OK;

	for (int i = 0; i < NSTEPS && err == SKV_OK; i++)
		err = counter_add(store);
	if (err != SKV_OK)
		(void)fprintf(stderr, "counter: %s\n", skv_strerror(err));
	return (NULL);
}

int
main(int argc, char **argv)
{
	struct skv_errinfo info = {""};
	uint64_t before, after, revision;
	pthread_t threads[NTHREADS];
	struct skv *store;
	int n = 0;

	if (skv_open(argc > 1 ? argv[1] : "temp:", NULL, &info, &store) !=
	    SKV_OK) {
		(void)fprintf(stderr, "counter: %s\n", info.text);
		return (1);
	}
	if (counter_read(store, &before, &revision) != SKV_OK)
		before = 0;
	while (n < NTHREADS &&
	    pthread_create(&threads[n], NULL, counter_thread, store) == 0)
		n++;
	for (int i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	if (counter_read(store, &after, &revision) != SKV_OK)
		after = 0;
	(void)printf("%" PRIu64 "\n", after);
	if (skv_close(store, &info) != SKV_OK) {
		(void)fprintf(stderr, "counter: %s\n", info.text);
		return (1);
	}
	return (after - before != NTHREADS * NSTEPS);
}
