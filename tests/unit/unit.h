/* What every unit test includes: cmocka and the headers it wants before it. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"

/* A test function; cmocka's state pointer is rarely wanted. */
#define TEST(name) static void name(void **state UNUSED)
/* For TEST_MAIN: with the file's set_up() before it and its tear_down() after it. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_MAIN(...) TEST_MAIN_GROUP(NULL, NULL, __VA_ARGS__)
/* With a set-up before all tests and a tear-down after them. */
#define TEST_MAIN_GROUP(set_up, tear_down, ...)                                                    \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };                                 \
                                                                                                   \
		return cmocka_run_group_tests(tests, set_up, tear_down);                           \
	}

#endif
