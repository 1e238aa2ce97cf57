/* The list of problems, and the table of phases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "state/phase.h"
#include "plan/problems.h"

static void keeps_long_texts_whole(void **state UNUSED)
{
	struct problems problems;
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	problems_init(&problems);
	problem_add(&problems, PROBLEM_ERROR, text, "%s%s", text, text);
	assert_int_equal(strlen(problems.items[0].text), 2 * strlen(text));
	assert_string_equal(problems.items[0].remedy, text);
	problems_release(&problems);
	assert_int_equal(problems.count, 0);
}

static void counts_errors_alone(void **state UNUSED)
{
	struct problems problems;

	problems_init(&problems);
	assert_int_equal(problems_errors(&problems), 0);
	problem_add(&problems, PROBLEM_NOTE, NULL, "a");
	problem_add(&problems, PROBLEM_WARNING, "", "b");
	problem_add(&problems, PROBLEM_ERROR, "r", "c %d", 1);
	assert_int_equal(problems.count, 3);
	assert_int_equal(problems_errors(&problems), 1);
	assert_string_equal(problems.items[0].remedy, "");
	assert_string_equal(problems.items[2].text, "c 1");
	problems_release(&problems);
}

static void a_run_walks_all_phases(void **state UNUSED)
{
	static const enum phase walk[] = { PHASE_STARTING, PHASE_COPYING, PHASE_WAIT_FOR_CUTOVER,
					   PHASE_VERIFY_BEFORE_CUTOVER, PHASE_CUTOVER, PHASE_DONE };

	for (size_t i = 0; i + 1 < ARRAY_LEN(walk); i++) {
		assert_true(phase_may_follow(walk[i], walk[i + 1]));
		assert_false(phase_may_follow(walk[i + 1], walk[i]));
		assert_false(phase_may_follow(walk[i], walk[i]));
	}
	assert_true(phase_may_follow(PHASE_WAIT_FOR_CUTOVER, PHASE_CUTOVER));
	assert_false(phase_may_follow(PHASE_COPYING, PHASE_DONE));
}

static void phases_have_ghostferrys_names(void **state UNUSED)
{
	assert_string_equal(phase_name(PHASE_STARTING), "starting");
	assert_string_equal(phase_name(PHASE_WAIT_FOR_CUTOVER), "wait-for-cutover");
	assert_string_equal(phase_name(PHASE_VERIFY_BEFORE_CUTOVER), "verify-before-cutover");
	assert_string_equal(phase_stage(PHASE_STARTING), "COPY");
	assert_string_equal(phase_stage(PHASE_COPYING), "COPY");
	assert_string_equal(phase_stage(PHASE_DONE), "DONE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_long_texts_whole),
		cmocka_unit_test(counts_errors_alone),
		cmocka_unit_test(a_run_walks_all_phases),
		cmocka_unit_test(phases_have_ghostferrys_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
