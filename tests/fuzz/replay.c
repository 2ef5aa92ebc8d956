/* SPDX-License-Identifier: MIT */
/* Stands in for a fuzzer: runs a fuzz function on the files that are named. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FILEMAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
replay(const char *path)
{
	static uint8_t data[FILEMAX];
	FILE *f = fopen(path, "rb");
	uint8_t *copy;
	size_t n;

	if (f == NULL) {
		perror(path);
		return (1);
	}
	n = fread(data, 1, sizeof(data), f);
	if (ferror(f)) {
		perror(path);
		(void)fclose(f);
		return (1);
	}
	(void)fclose(f);
	/* Memory of exactly that size shows reads past the end. */
	copy = malloc(n);
	if (copy == NULL && n > 0) {
		perror(path);
		return (1);
	}
	for (size_t i = 0; i < n; i++)
		copy[i] = data[i];
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return (0);
}

int
main(int argc, char **argv)
{
	int failed = 0, i;

	for (i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return (failed);
}
