/* What an account may do, read from SHOW GRANTS of both flavours. */
#include "preflight/grants.h"
#include "../unit.h"

static enum grants_answer ask(const char *line, const char *privilege, const char *schema)
{
	struct grants grants = { .count = 0 };
	enum grants_answer answer;

	grants_add(&grants, "GRANT USAGE ON *.* TO `u`@`%`");
	grants_add(&grants, line);
	answer = grants_allow(&grants, privilege, schema);
	grants_release(&grants);
	return answer;
}

TEST(answers_for_the_scope)
{
	static const struct {
		const char *line, *privilege, *schema;
		enum grants_answer answer;
	} cases[] = {
		{ "GRANT SELECT, INSERT ON *.* TO `u`@`%`", "INSERT", "abc", GRANTS_YES },
		{ "GRANT SELECT, INSERT ON *.* TO `u`@`%`", "INSERT", NULL, GRANTS_YES },
		{ "GRANT SELECT, INSERT ON *.* TO `u`@`%`", "DELETE", "abc", GRANTS_NO },
		{ "GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION", "X", NULL, GRANTS_YES },
		{ "GRANT ALL PRIVILEGES ON `abc`.* TO `u`@`%`", "CREATE", "abc", GRANTS_YES },
		{ "GRANT ALL PRIVILEGES ON `abc`.* TO `u`@`%`", "CREATE", "abcd", GRANTS_NO },
		{ "GRANT ALL PRIVILEGES ON `abc`.* TO `u`@`%`", "CREATE", NULL, GRANTS_NO },
		{ "GRANT INSERT ON `a\\_c%`.* TO `u`@`%`", "INSERT", "a_cde", GRANTS_YES },
		{ "GRANT INSERT ON `a\\_c%`.* TO `u`@`%`", "INSERT", "abcde", GRANTS_NO },
		{ "GRANT INSERT ON `a``b`.* TO `u`@`%`", "INSERT", "a`b", GRANTS_YES },
		{ "GRANT INSERT ON `abc`.`t` TO `u`@`%`", "INSERT", "abc", GRANTS_UNKNOWN },
		{ "GRANT INSERT ON `abc`.`t` TO `u`@`%`", "INSERT", "def", GRANTS_NO },
		{ "GRANT INSERT (`a`) ON `abc`.`t` TO `u`@`%`", "INSERT", "abc", GRANTS_NO },
		{ "GRANT `role`@`%` TO `u`@`%`", "INSERT", "abc", GRANTS_UNKNOWN },
		{ "REVOKE INSERT ON `abc`.* FROM `u`@`%`", "INSERT", "abc", GRANTS_UNKNOWN },
		{ "GRANT REPLICATION SLAVE ADMIN ON *.* TO `u`@`%`", "REPLICATION SLAVE", NULL,
		  GRANTS_NO },
		{ "GRANT EXECUTE ON PROCEDURE `abc`.`p` TO `u`@`%`", "EXECUTE", "abc", GRANTS_NO },
		{ "GRANT SELECT ON `x ON y TO z`.* TO `u`@`%`", "SELECT", "x ON y TO z", GRANTS_YES },
		{ "GRANT SELECT ON", "SELECT", "abc", GRANTS_UNKNOWN },
		{ "", "SELECT", "abc", GRANTS_NO },
		{ "SET DEFAULT ROLE `r` FOR `u`@`%`", "SELECT", "abc", GRANTS_NO },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (ask(cases[i].line, cases[i].privilege, cases[i].schema) != cases[i].answer)
			fail_msg("case %zu: %s", i, cases[i].line);
}

TEST(nothing_known_is_open)
{
	struct grants grants = { .count = 0 };

	assert_int_equal(grants_allow(&grants, "SELECT", "abc"), GRANTS_UNKNOWN);
}

TEST(patterns_match_as_in_like)
{
	assert_true(grants_pattern_matches("%", ""));
	assert_true(grants_pattern_matches("%", "abc"));
	assert_true(grants_pattern_matches("a%c", "abbc"));
	assert_true(grants_pattern_matches("a%%", "a"));
	assert_true(grants_pattern_matches("a_c", "abc"));
	assert_false(grants_pattern_matches("a_c", "ac"));
	assert_false(grants_pattern_matches("a\\%c", "abc"));
	assert_true(grants_pattern_matches("a\\%c", "a%c"));
	assert_false(grants_pattern_matches("abc", "abcd"));
	assert_false(grants_pattern_matches("a%c", "abd"));
	assert_true(grants_pattern_matches("a\\", "a\\"));
}

TEST_MAIN(cmocka_unit_test(answers_for_the_scope), cmocka_unit_test(nothing_known_is_open),
	  cmocka_unit_test(patterns_match_as_in_like))
