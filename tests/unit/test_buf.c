/* SPDX-License-Identifier: MIT */
/* The byte buffer. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/buf.h"
#include "tests/unit/suite.h"

static struct buf buf;

static void
set_up(void)
{
	buf_init(&buf);
}

static void
tear_down(void)
{
	buf_release(&buf);
}

static bool
holds(const char *text)
{
	return (buf.len == strlen(text) &&
	    memcmp(buf.data, text, buf.len) == 0);
}

static void
starts_empty(void)
{
	static struct buf zeroed;

	CU_ASSERT_PTR_NULL(buf.data);
	CU_ASSERT_EQUAL(buf.len, 0);
	CU_ASSERT(buf_add(&buf, NULL, 0));
	CU_ASSERT(buf_adds(&buf, ""));
	CU_ASSERT_PTR_NULL(buf.data);
	CU_ASSERT(!buf_failed(&buf));
	CU_ASSERT_EQUAL(memcmp(&buf, &zeroed, sizeof(buf)), 0);
	buf_release(&buf);
	buf_release(&buf);
}

static void
appends(void)
{
	char *p;

	CU_ASSERT(buf_add(&buf, "a\0b", 3));
	CU_ASSERT(buf_addc(&buf, 'c'));
	CU_ASSERT(buf_adds(&buf, "def"));
	p = buf_extend(&buf, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memcpy(p, "gh", 2);
	CU_ASSERT(buf.len == 9 && memcmp(buf.data, "a\0bcdefgh", 9) == 0);
}

static void
grows(void)
{
	size_t i, moves = 0, cap = 0;
	bool same = true;

	for (i = 0; i < 100000; i++) {
		CU_ASSERT(buf_addc(&buf, (char)(i * 31)));
		if (buf.cap != cap)
			moves++;
		cap = buf.cap;
	}
	for (i = 0; i < 100000; i++)
		same = same && buf.data[i] == (char)(i * 31);
	CU_ASSERT(same);
	CU_ASSERT(moves < 20); /* it doubles */
}

static void
reserves(void)
{
	char *data;
	size_t i;

	CU_ASSERT(buf_reserve(&buf, 1000));
	CU_ASSERT_EQUAL(buf.len, 0);
	data = buf.data;
	for (i = 0; i < 1000; i++)
		CU_ASSERT(buf_addc(&buf, 'x'));
	CU_ASSERT_PTR_EQUAL(buf.data, data);
}

static void
refuses_too_much(void)
{
	CU_ASSERT(buf_adds(&buf, "kept"));
	CU_ASSERT(!buf_reserve(&buf, SIZE_MAX));
	CU_ASSERT(buf_failed(&buf));
	CU_ASSERT(holds("kept"));
	CU_ASSERT_PTR_NULL(buf_extend(&buf, SIZE_MAX - 2));
	CU_ASSERT_PTR_NULL(buf_extend(&buf, SIZE_MAX / 2));
	CU_ASSERT(holds("kept"));
	/* The failure is remembered past what succeeds. */
	CU_ASSERT(buf_adds(&buf, "!"));
	CU_ASSERT(buf_failed(&buf));
	buf_reset(&buf);
	CU_ASSERT(!buf_failed(&buf));
}

static void
resets(void)
{
	char *data;

	CU_ASSERT(buf_adds(&buf, "some"));
	data = buf.data;
	buf_reset(&buf);
	CU_ASSERT_EQUAL(buf.len, 0);
	CU_ASSERT(buf_adds(&buf, "more"));
	CU_ASSERT_PTR_EQUAL(buf.data, data);
	CU_ASSERT(holds("more"));
}

/* Texts of every length around the room that it first tries. */
static void
prints(void)
{
	char want[300];
	int len;

	CU_ASSERT(buf_printf(&buf, "%s", ""));
	CU_ASSERT_EQUAL(buf.len, 0);
	CU_ASSERT(buf_printf(&buf, "%d-%s", 42, "x"));
	CU_ASSERT(buf_printf(&buf, "%c", '!'));
	CU_ASSERT(holds("42-x!"));
	for (len = 0; len < (int)sizeof(want); len++) {
		buf_release(&buf);
		CU_ASSERT(buf_printf(&buf, "%*d", len, 7));
		(void)snprintf(want, sizeof(want), "%*d", len, 7);
		CU_ASSERT(holds(want));
	}
}

static void
gives_away(void)
{
	size_t len = 77;
	char *p;

	p = buf_steal(&buf, &len);
	CU_ASSERT_PTR_NULL(p);
	CU_ASSERT_EQUAL(len, 0);
	CU_ASSERT(buf_adds(&buf, "mine"));
	p = buf_steal(&buf, &len);
	CU_ASSERT(len == 4 && memcmp(p, "mine", 4) == 0);
	CU_ASSERT_EQUAL(buf.len, 0);
	CU_ASSERT_PTR_NULL(buf.data);
	free(p);
}

static void
adds_numbers(void)
{
	CU_ASSERT(buf_add_uint(&buf, 0));
	CU_ASSERT(buf_addc(&buf, ' '));
	CU_ASSERT(buf_add_uint(&buf, 9));
	CU_ASSERT(buf_addc(&buf, ' '));
	CU_ASSERT(buf_add_uint(&buf, 10));
	CU_ASSERT(buf_addc(&buf, ' '));
	CU_ASSERT(buf_add_uint(&buf, UINT64_MAX));
	CU_ASSERT(holds("0 9 10 18446744073709551615"));
}

static CU_TestInfo tests[] = {
    {"a buffer starts empty and without memory", starts_empty},
    {"additions are appended", appends},
    {"it grows and keeps what it has", grows},
    {"what was reserved does not move", reserves},
    {"too much is refused, and what was there is kept", refuses_too_much},
    {"a reset keeps the memory", resets},
    {"printed text of any length fits", prints},
    {"numbers are added in decimal", adds_numbers},
    {"the memory can be taken", gives_away},
    CU_TEST_INFO_NULL,
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
	    {"buf", NULL, NULL, set_up, tear_down, tests},
	    CU_SUITE_INFO_NULL,
	};

	return (suite_run(suites));
}
