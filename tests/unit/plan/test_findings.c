/* The list of problems, and the table of phases. */
#include "state/phase.h"
#include "plan/findings.h"
#include "../unit.h"

TEST(keeps_long_texts_whole)
{
	struct findings findings;
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	findings_init(&findings);
	finding_add(&findings, FINDING_ERROR, text, "%s%s", text, text);
	assert_int_equal(strlen(findings.items[0].text), 2 * strlen(text));
	assert_string_equal(findings.items[0].remedy, text);
	findings_release(&findings);
	assert_int_equal(findings.count, 0);
}

TEST(counts_errors_alone)
{
	struct findings findings;

	findings_init(&findings);
	assert_int_equal(findings_errors(&findings), 0);
	finding_add(&findings, FINDING_NOTE, NULL, "a");
	finding_add(&findings, FINDING_WARNING, "", "b");
	finding_add(&findings, FINDING_ERROR, "r", "c %d", 1);
	assert_int_equal(findings.count, 3);
	assert_int_equal(findings_errors(&findings), 1);
	assert_string_equal(findings.items[0].remedy, "");
	assert_string_equal(findings.items[2].text, "c 1");
	findings_release(&findings);
}

TEST(a_run_walks_all_phases)
{
	static const enum phase walk[] = { PHASE_STARTING,	   PHASE_COPYING,
					   PHASE_WAIT_FOR_CUTOVER, PHASE_VERIFY_BEFORE_CUTOVER,
					   PHASE_CUTOVER,	   PHASE_DONE };

	for (size_t i = 0; i + 1 < ARRAY_LEN(walk); i++) {
		assert_true(phase_may_follow(walk[i], walk[i + 1]));
		assert_false(phase_may_follow(walk[i + 1], walk[i]));
		assert_false(phase_may_follow(walk[i], walk[i]));
	}
	assert_true(phase_may_follow(PHASE_WAIT_FOR_CUTOVER, PHASE_CUTOVER));
	assert_false(phase_may_follow(PHASE_COPYING, PHASE_DONE));
}

TEST(phases_have_ghostferrys_names)
{
	assert_string_equal(phase_name(PHASE_STARTING), "starting");
	assert_string_equal(phase_name(PHASE_WAIT_FOR_CUTOVER), "wait-for-cutover");
	assert_string_equal(phase_name(PHASE_VERIFY_BEFORE_CUTOVER), "verify-before-cutover");
	assert_string_equal(phase_stage(PHASE_STARTING), "COPY");
	assert_string_equal(phase_stage(PHASE_COPYING), "COPY");
	assert_string_equal(phase_stage(PHASE_DONE), "DONE");
}

TEST_MAIN(cmocka_unit_test(keeps_long_texts_whole), cmocka_unit_test(counts_errors_alone),
	  cmocka_unit_test(a_run_walks_all_phases), cmocka_unit_test(phases_have_ghostferrys_names))
