/* SPDX-License-Identifier: MIT */
/*
 * The shortest complete program: opens a store, writes a key, reads it back.
 *
 *	greeting leveldb:/tmp/example
 */
#include <stdio.h>

#include <scribekv.h>

static int
fail(const char *what, enum skv_err err, const struct skv_errinfo *info)
{
	(void)fprintf(stderr, "greeting: %s: %s%s%s\n", what, skv_strerror(err),
	    info->text[0] != '\0' ? ": " : "", info->text);
	return (1);
}

int
main(int argc, char **argv)
{
	struct skv_errinfo info = {""};
	struct skv_value value;
	struct skv *store;
	enum skv_err err, closed;

	err = skv_open(argc > 1 ? argv[1] : "temp:", NULL, &info, &store);
	if (err != SKV_OK)
		return (fail("skv_open", err, &info));

	err = skv_put(store, "greeting", 8, "hello, world", 12, NULL);
	if (err == SKV_OK)
		err = skv_get(store, "greeting", 8, &value);
	if (err == SKV_OK) {
		/* A value is bytes with a length: it ends with no NUL. */
		(void)printf("%.*s\n", (int)value.len,
		    (const char *)value.data);
		skv_value_release(&value);
	} else
		(void)fail("greeting", err, &info);

	/* Closing makes what was written durable: its result counts too. */
	closed = skv_close(store, &info);
	if (closed != SKV_OK)
		return (fail("skv_close", closed, &info));
	return (err != SKV_OK);
}
