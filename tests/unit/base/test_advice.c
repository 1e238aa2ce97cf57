/* advice: what to do with the target, before and after it may be in use. */
#include "base/advice.h"
#include "../unit.h"

TEST(a_target_in_use_is_left_alone)
{
	assert_string_equal(advice_start_over(),
			    "drop what was copied on the target and start from scratch");
	assert_true(advice_may_recopy());
	advice_target_in_use();
	assert_false(advice_may_recopy());
	assert_string_equal(advice_start_over(), "leave the target alone, as it may be in use");
}

TEST_MAIN(cmocka_unit_test(a_target_in_use_is_left_alone))
