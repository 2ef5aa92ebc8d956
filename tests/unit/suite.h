/* SPDX-License-Identifier: MIT */
/* How a program of tests runs them. */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <CUnit/CUnit.h>

/*
 * Runs "suites", which end with CU_SUITE_INFO_NULL, and prints how each test
 * went. Returns the program's exit status: 0 all passed, 1 some failed, 99 they
 * could not be run. To be called once.
 */
int suite_run(CU_SuiteInfo *suites);

#endif
