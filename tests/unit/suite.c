/* SPDX-License-Identifier: MIT */
/* See suite.h. */
#include "config.h"

#include <CUnit/Basic.h>

#include "tests/unit/suite.h"

int
suite_run(CU_SuiteInfo *suites)
{
	unsigned failed;

	if (CU_initialize_registry() != CUE_SUCCESS ||
	    CU_register_suites(suites) != CUE_SUCCESS)
		return (99);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	if (CU_basic_run_tests() != CUE_SUCCESS)
		return (99);
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return (failed > 0);
}
