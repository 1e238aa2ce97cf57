/* The list of problems, and the table of phases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "state/phase.h"
#include "plan/findings.h"

static void keeps_long_texts_whole(void **state UNUSED)
{
	struct findings findings;
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	findings_init(&findings);
	finding_add(&findings, PROBLEM_ERROR, text, "%s%s", text, text);
	assert_int_equal(strlen(findings.items[0].text), 2 * strlen(text));
	assert_string_equal(findings.items[0].remedy, text);
	findings_release(&findings);
	assert_int_equal(findings.count, 0);
}

static void counts_errors_alone(void **state UNUSED)
{
	struct findings findings;

	findings_init(&findings);
	assert_int_equal(findings_errors(&findings), 0);
	finding_add(&findings, PROBLEM_NOTE, NULL, "a");
	finding_add(&findings, PROBLEM_WARNING, "", "b");
	finding_add(&findings, PROBLEM_ERROR, "r", "c %d", 1);
	assert_int_equal(findings.count, 3);
	assert_int_equal(findings_errors(&findings), 1);
	assert_string_equal(findings.items[0].remedy, "");
	assert_string_equal(findings.items[2].text, "c 1");
	findings_release(&findings);
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
