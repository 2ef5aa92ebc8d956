/* SPDX-License-Identifier: MIT */
/*
 * Bulk writing without waiting, and an ordered range. Lines of standard input,
 * each a key, a tab and a value, are submitted one transaction each; a drain
 * now and then turns all that is queued into one write, and a single sync at
 * the end makes everything durable. Then the keys under a prefix are printed
 * in order.
 *
 *	ingest STORE-URL PREFIX < lines
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scribekv.h>

#define GROUP 100 /* transactions between drains */

static size_t nfailed;

static int
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "ingest: %s: %s\n", what, why);
	return (1);
}

/*
 * Called once a transaction is decided. Here that is on the thread inside
 * skv_drain(), the only one there is, so nothing needs a lock.
 */
static void
line_done(struct skv_txn *txn, enum skv_err err, void *arg)
{
	(void)arg;
	if (err != SKV_OK) {
		(void)fail(skv_strerror(err), skv_txn_error(txn));
		nfailed++;
	}
	skv_txn_free(txn);
}

static enum skv_err
line_submit(struct skv *store, const char *line, size_t len)
{
	const char *tab = memchr(line, '\t', len);
	struct skv_txn *txn;
	enum skv_err err;
	size_t keylen;

	if (tab == NULL)
		return (SKV_INVALID);
	keylen = (size_t)(tab - line);
	txn = skv_txn_new(store);
	if (txn == NULL)
		return (SKV_NOMEM);
	err = skv_txn_put(txn, line, keylen, tab + 1, len - keylen - 1, NULL);
	if (err == SKV_OK)
		err = skv_submit(txn, line_done, NULL);
	/* Only a transaction that was not accepted is still ours. */
	if (err != SKV_OK)
		skv_txn_free(txn);
	return (err);
}

/* Stores all lines; returns how many, or -1. */
static long
ingest(struct skv *store, FILE *in)
{
	enum skv_err err = SKV_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	long n = 0;

	while (err == SKV_OK && (len = getline(&line, &size, in)) > 0) {
		if (line[len - 1] == '\n')
			len--;
		err = line_submit(store, line, (size_t)len);
		if (++n % GROUP == 0)
			skv_drain(store);
	}
	skv_drain(store);
	free(line);
	if (err != SKV_OK) {
		(void)fprintf(stderr, "ingest: line %ld: %s\n", n,
		    skv_strerror(err));
		return (-1);
	}
	return (ferror(in) || nfailed > 0 ? -1 : n);
}

static enum skv_err
list(struct skv *store, const char *prefix)
{
	struct skv_range range = {
	    .prefix = prefix,
	    .prefixlen = strlen(prefix),
	};
	struct skv_value value;
	struct skv_scan *scan;
	const void *key;
	size_t keylen;
	enum skv_err err;

	err = skv_scan_open(store, &range, &scan);
	if (err != SKV_OK)
		return (err);
	while ((err = skv_scan_next(scan, &key, &keylen, &value)) == SKV_OK)
		(void)printf("%.*s\t%.*s\n", (int)keylen, (const char *)key,
		    (int)value.len, (const char *)value.data);
	skv_scan_close(scan);
	return (err == SKV_NOTFOUND ? SKV_OK : err);
}

int
main(int argc, char **argv)
{
	struct skv_errinfo info = {""};
	struct skv *store;
	enum skv_err err;
	long n;

	if (argc != 3)
		return (fail("usage", "ingest STORE-URL PREFIX < lines"));
	if (skv_open(argv[1], NULL, &info, &store) != SKV_OK)
		return (fail(argv[1], info.text));
	n = ingest(store, stdin);
	err = skv_sync(store, &info);
	if (err != SKV_OK)
		(void)fail("skv_sync", info.text);
	if (n >= 0 && err == SKV_OK)
		err = list(store, argv[2]);
	if (skv_close(store, &info) != SKV_OK)
		return (fail("skv_close", info.text));
	return (n < 0 || err != SKV_OK);
}
