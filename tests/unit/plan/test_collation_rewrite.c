/* CollationRewrites. */
#include "plan/collation_rewrite.h"
#include "../unit.h"

TEST(names_win_over_patterns)
{
	static char general[] = "utf8mb4_general_ci", german[] = "utf8mb4_german2_ci";
	static char exact[] = "utf8mb4_bin";
	struct map rewrites;

	map_init(&rewrites);
	assert_string_equal(collation_on_target(&rewrites, "utf8mb4_0900_ai_ci"),
			    "utf8mb4_0900_ai_ci");
	map_put_text(&rewrites, "*", general);
	map_put_text(&rewrites, "utf8mb4_de_pb_0900_??_ci", german);
	map_put_text(&rewrites, "utf8mb4_*", general);
	map_put_text(&rewrites, "utf8mb4_0900_bin", exact);
	assert_string_equal(collation_on_target(&rewrites, "utf8mb4_0900_ai_ci"), general);
	assert_string_equal(collation_on_target(&rewrites, "utf8mb4_de_pb_0900_as_ci"), german);
	assert_string_equal(collation_on_target(&rewrites, "utf8mb4_de_pb_0900_as_cs"), general);
	assert_string_equal(collation_on_target(&rewrites, "utf8mb4_0900_bin"), exact);
	assert_string_equal(collation_on_target(&rewrites, ""), "");
	map_release(&rewrites);
}

TEST(which_are_of_one_character_set)
{
	assert_true(collation_same_charset("utf8mb4_a", "utf8mb4_b"));
	assert_true(collation_same_charset("utf8_a", "utf8mb3_b"));
	assert_false(collation_same_charset("utf8mb4_a", "utf8mb3_b"));
	assert_false(collation_same_charset("latin1_bin", "latin2_bin"));
	assert_false(collation_same_charset("utf8_bin", "binary"));
}

TEST_MAIN(cmocka_unit_test(names_win_over_patterns),
	  cmocka_unit_test(which_are_of_one_character_set))
