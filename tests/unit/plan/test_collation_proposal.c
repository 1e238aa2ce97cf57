/* What comes nearest to a collation that a server lacks. */
#include "plan/collation_proposal.h"
#include "../unit.h"

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

TEST_MAIN(cmocka_unit_test(what_comes_nearest))
