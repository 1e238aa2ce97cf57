/* CollationRewrites, and what is proposed for it. */
#include "plan/collation_rewrite.h"
#include "base/attr.h"
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

/* Some of what a server knows. */
static const char mariadb_10_5[] =
	"utf8mb4_general_ci utf8mb4_bin utf8mb4_nopad_bin utf8mb4_unicode_ci utf8mb4_unicode_520_ci "
	"utf8mb4_german2_ci utf8mb3_general_ci utf8mb3_unicode_520_ci latin1_swedish_ci";
static const char mariadb_10_11[] =
	"utf8mb4_general_ci utf8mb4_bin utf8mb4_nopad_bin utf8mb4_unicode_520_ci utf8mb4_german2_ci "
	"utf8mb4_uca1400_ai_ci utf8mb4_uca1400_nopad_ai_ci utf8mb4_uca1400_nopad_as_cs "
	"utf8mb4_uca1400_nopad_as_ci utf8mb4_uca1400_german2_nopad_ai_ci "
	"utf8mb4_uca1400_german2_nopad_as_cs utf8mb4_uca1400_spanish2_nopad_ai_ci";
static const char mysql_8[] =
	"utf8mb4_general_ci utf8mb4_bin utf8mb4_unicode_520_ci utf8mb4_german2_ci utf8mb4_0900_ai_ci "
	"utf8mb4_0900_as_ci utf8mb4_0900_as_cs utf8mb4_0900_bin utf8mb4_de_pb_0900_ai_ci "
	"utf8mb4_de_pb_0900_as_cs utf8mb3_unicode_520_ci utf8mb3_general_ci utf8mb3_bin "
	"utf8mb4_unicode_ci latin1_swedish_ci latin1_bin utf16_unicode_520_ci utf8mb4_icelandic_ci "
	"utf8mb3_german2_ci";

TEST(what_comes_nearest)
{
	static const struct {
		const char *server, *name, *wants;
	} cases[] = {
		{ mariadb_10_11, "utf8mb4_0900_ai_ci", "utf8mb4_uca1400_nopad_ai_ci" },
		{ mariadb_10_11, "utf8mb4_0900_as_ci", "utf8mb4_uca1400_nopad_as_ci" },
		{ mariadb_10_11, "utf8mb4_0900_as_cs", "utf8mb4_uca1400_nopad_as_cs" },
		{ mariadb_10_11, "utf8mb4_0900_bin", "utf8mb4_nopad_bin" },
		{ mariadb_10_11, "utf8mb4_de_pb_0900_ai_ci", "utf8mb4_uca1400_german2_nopad_ai_ci" },
		{ mariadb_10_11, "utf8mb4_de_pb_0900_as_cs", "utf8mb4_uca1400_german2_nopad_as_cs" },
		{ mariadb_10_11, "utf8mb4_es_trad_0900_ai_ci",
		  "utf8mb4_uca1400_spanish2_nopad_ai_ci" },
		{ mariadb_10_11, "utf8mb4_ja_0900_as_cs_ks", "utf8mb4_uca1400_nopad_as_cs" },
		{ mariadb_10_5, "utf8mb4_0900_ai_ci", "utf8mb4_unicode_520_ci" },
		{ mariadb_10_5, "utf8mb4_0900_as_cs", "utf8mb4_nopad_bin" },
		{ mariadb_10_5, "utf8mb4_de_pb_0900_ai_ci", "utf8mb4_german2_ci" },
		{ mariadb_10_5, "utf8mb4_uca1400_ai_ci", "utf8mb4_unicode_520_ci" },
		{ mariadb_10_5, "utf8mb4_uca1400_as_cs", "utf8mb4_bin" },
		{ mariadb_10_5, "utf8mb3_uca1400_ai_ci", "utf8mb3_unicode_520_ci" },
		{ mariadb_10_5, "utf8mb4_uca1400_german2_nopad_as_ci", "utf8mb4_german2_ci" },
		{ mysql_8, "utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci" },
		{ mysql_8, "utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_0900_ai_ci" },
		{ mysql_8, "utf8mb4_uca1400_as_ci", "utf8mb4_0900_as_ci" },
		{ mysql_8, "utf8mb4_uca1400_as_cs", "utf8mb4_0900_as_cs" },
		{ mysql_8, "utf8mb4_uca1400_ai_cs", "utf8mb4_0900_as_cs" },
		{ mysql_8, "utf8mb4_uca1400_german2_ai_ci", "utf8mb4_de_pb_0900_ai_ci" },
		{ mysql_8, "utf8mb4_uca1400_german2_nopad_ai_cs", "utf8mb4_de_pb_0900_as_cs" },
		{ mysql_8, "utf8mb4_uca1400_icelandic_as_ci", "utf8mb4_icelandic_ci" },
		{ mysql_8, "utf8mb3_uca1400_ai_ci", "utf8mb3_unicode_520_ci" },
		{ mysql_8, "utf8mb3_uca1400_german2_ai_ci", "utf8mb3_german2_ci" },
		{ mysql_8, "utf16_uca1400_ai_ci", "utf16_unicode_520_ci" },
		{ mysql_8, "utf8mb4_nopad_bin", "utf8mb4_0900_bin" },
		{ mysql_8, "latin1_nopad_bin", "latin1_bin" },
		{ mysql_8, "utf8mb3_nopad_bin", "utf8mb3_bin" },
		{ mysql_8, "latin1_swedish_nopad_ci", "latin1_swedish_ci" },
		{ mysql_8, "utf8mb4_unicode_nopad_ci", "utf8mb4_unicode_ci" },
		{ mysql_8, "utf8mb4_unknown_ci", "utf8mb4_unicode_520_ci" },
		{ mysql_8, "koi8r_general_ci", NULL },
		{ mysql_8, "binary", NULL },
		{ mysql_8, "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct map known;
		struct buf found = BUF_INIT;

		map_init(&known);
		for (const char *at = cases[i].server; *at; at += strspn(at, " ")) {
			size_t length = strcspn(at, " ");

			map_put(&known, at, length, &known);
			at += length;
		}
		assert_int_equal(collation_propose(&found, &known, cases[i].name),
				 cases[i].wants != NULL);
		if (cases[i].wants)
			assert_string_equal(buf_text(&found), cases[i].wants);
		buf_release(&found);
		map_release(&known);
	}
}

TEST_MAIN(cmocka_unit_test(names_win_over_patterns),
	  cmocka_unit_test(which_are_of_one_character_set), cmocka_unit_test(what_comes_nearest))
