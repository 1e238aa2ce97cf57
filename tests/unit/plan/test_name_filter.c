/* Which names are chosen, and what they become. */
#include "plan/name_filter.h"
#include "../unit.h"

static char abc[] = "abc", def[] = "def", t1[] = "t1", mysql_schema[] = "mysql";

TEST(everything_but_system_schemas)
{
	struct move_options options = { 0 };

	assert_true(name_is_chosen(&options, "abc", "t1"));
	assert_true(name_is_chosen(&options, "abc", NULL));
	assert_false(name_is_chosen(&options, "mysql", "user"));
	assert_false(name_is_chosen(&options, "sys", NULL));
	assert_false(name_is_chosen(&options, "information_schema", "TABLES"));
	assert_false(name_is_chosen(&options, "performance_schema", "x"));
	assert_true(name_is_chosen(&options, "mysql2", "user"));
}

TEST(whitelist_names_all_that_is_chosen)
{
	char *databases[] = { abc, mysql_schema }, *tables[] = { t1 };
	struct move_options options = {
		.databases.whitelist = { databases, 2 },
		.tables.whitelist = { tables, 1 },
	};

	assert_true(name_is_chosen(&options, "abc", "t1"));
	assert_false(name_is_chosen(&options, "abc", "T1"));
	assert_false(name_is_chosen(&options, "abc", "t2"));
	assert_true(name_is_chosen(&options, "abc", NULL));
	assert_false(name_is_chosen(&options, "def", "t1"));
	assert_false(name_is_chosen(&options, "mysql", "t1"));
}

TEST(blacklist_names_what_is_left_out)
{
	char *databases[] = { def }, *tables[] = { t1 };
	struct move_options options = {
		.databases.blacklist = { databases, 1 },
		.tables.blacklist = { tables, 1 },
	};

	assert_false(name_is_chosen(&options, "abc", "t1"));
	assert_true(name_is_chosen(&options, "abc", "t2"));
	assert_false(name_is_chosen(&options, "def", NULL));
}

TEST(rewrites_or_keeps_a_name)
{
	struct name_rules rules = { 0 };

	map_init(&rules.rewrites);
	assert_string_equal(name_on_target(&rules, "abc"), "abc");
	map_put_text(&rules.rewrites, "abc", def);
	assert_string_equal(name_on_target(&rules, "abc"), "def");
	assert_string_equal(name_on_target(&rules, "def"), "def");
	map_release(&rules.rewrites);
}

TEST_MAIN(cmocka_unit_test(everything_but_system_schemas),
	  cmocka_unit_test(whitelist_names_all_that_is_chosen),
	  cmocka_unit_test(blacklist_names_what_is_left_out),
	  cmocka_unit_test(rewrites_or_keeps_a_name))
