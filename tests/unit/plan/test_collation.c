/* What collations' names tell. */
#include "plan/collation.h"
#include "base/attr.h"
#include "../unit.h"

TEST(which_are_exact)
{
	static const char *const exact[] = { "binary", "utf8mb4_0900_bin", "utf8mb4_nopad_bin",
					     "latin1_nopad_bin" };
	static const char *const others[] = { "utf8mb4_bin", "latin1_bin", "utf8mb4_0900_as_cs",
					      "utf8mb4_nopad_ci", "" };

	for (size_t i = 0; i < ARRAY_LEN(exact); i++)
		assert_true(collation_is_exact(exact[i]) && !collation_pads(exact[i]));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(collation_is_exact(others[i]));
	assert_true(collation_pads("utf8mb4_bin"));
	assert_false(collation_pads("utf8mb4_0900_ai_ci"));
}

TEST(which_agree)
{
	static const struct {
		const char *a, *b;
		bool within, between; /* one flavour, two */
	} cases[] = {
		{ "utf8mb4_general_ci", "utf8mb4_general_ci", true, true },
		{ "utf8mb4_bin", "utf8mb3_bin", true, true },
		{ "utf8_bin", "utf8mb3_bin", true, true },
		{ "utf8mb4_bin", "utf8mb4_general_ci", false, false },
		{ "utf8mb4_0900_ai_ci", "utf8mb4_0900_ai_ci", true, false },
		{ "utf8mb4_de_pb_0900_as_cs", "utf8mb4_de_pb_0900_as_cs", true, false },
		{ "utf8mb4_0900_bin", "utf8mb4_0900_bin", true, true },
		{ "utf8mb3_croatian_ci", "utf8mb3_croatian_ci", true, false },
		{ "tis620_thai_ci", "tis620_thai_ci", true, false },
		{ "tis620_bin", "tis620_bin", true, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(collation_agrees(cases[i].a, FLAVOUR_MYSQL, cases[i].b,
						  FLAVOUR_MYSQL),
				 cases[i].within);
		assert_int_equal(collation_agrees(cases[i].a, FLAVOUR_MYSQL, cases[i].b,
						  FLAVOUR_MARIADB),
				 cases[i].between);
	}
}

TEST(which_call_equal_what_the_source_tells_apart)
{
	static char bin[] = "utf8mb4_bin", ci[] = "utf8mb4_general_ci", exact[] = "utf8mb4_0900_bin";
	static char ai[] = "utf8mb4_0900_ai_ci", none[] = "";
	struct column source = { .collation = bin };
	const char *there = ci;

	assert_true(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MYSQL));
	there = bin;
	assert_false(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MARIADB));
	there = exact;
	assert_false(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MYSQL));
	there = source.collation = ai;
	assert_false(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MYSQL));
	assert_true(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MARIADB));
	/* ENUM and SET go by their members. */
	source.member_count = 2;
	assert_false(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MARIADB));
	source.member_count = 0;
	there = none;
	assert_false(collation_merges(&source, FLAVOUR_MYSQL, there, FLAVOUR_MARIADB));
}

TEST(which_are_known)
{
	struct map known;

	map_init(&known);
	map_put_text(&known, "utf8mb3_general_ci", &known);
	map_put_text(&known, "utf8_bin", &known);
	assert_true(collation_is_known(&known, ""));
	assert_true(collation_is_known(&known, "utf8mb3_general_ci"));
	assert_true(collation_is_known(&known, "utf8_general_ci"));
	assert_true(collation_is_known(&known, "utf8mb3_bin"));
	assert_false(collation_is_known(&known, "utf8mb4_bin"));
	map_release(&known);
}

TEST_MAIN(cmocka_unit_test(which_are_exact), cmocka_unit_test(which_agree),
	  cmocka_unit_test(which_call_equal_what_the_source_tells_apart),
	  cmocka_unit_test(which_are_known))
