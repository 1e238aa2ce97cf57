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

TEST(entries_of_lists)
{
	static const struct {
		const char *entry, *schema, *table;
		bool want;
	} cases[] = {
		{ "orders", "shop", "orders", true },
		{ "orders", "crm", "orders", true },
		{ "order*", "shop", "orders", true },
		{ "order*", "shop", "order", true },
		{ "order*", "shop", "Orders", false },
		{ "order?", "shop", "orders", true },
		{ "order?", "shop", "order", false },
		{ "*s*s", "shop", "sales_settings", true },
		{ "*s*s", "shop", "s", false },
		{ "*", "shop", "anything.at all", true },
		{ "?", "shop", "\xc3\xa4", true },
		{ "??", "shop", "\xc3\xa4", false },
		{ "", "shop", "", true },
		{ "", "shop", "x", false },
		{ "shop.orders", "shop", "orders", true },
		{ "shop.orders", "crm", "orders", false },
		{ "shop.orders", "crm", "shop.orders", true }, /* as before */
		{ "shop.order*", "shop", "orders", true },
		{ "shop.order*", "crm", "shop.orders", false },
		{ "shop.order*", "shop2", "orders", false },
		{ "*.orders", "crm", "orders", true },
		{ "s?op*.o*", "shop_2", "orders", true },
		{ "shop.*", "shop", "a.b", true },
		{ "shop.*", "crm", "a.b", false },
		{ "`what?`", "shop", "what?", true },
		{ "`what?`", "shop", "whats", false },
		{ "what?", "shop", "what?", true },
		{ "`a``*`", "shop", "a`*", true },
		{ "`a``*`", "shop", "a`b", false },
		{ "`a.b`.`c.d`", "a.b", "c.d", true },
		{ "`a.b`.c*", "a.b", "c.d", true },
		{ "`a.b`.c*", "a", "b.c", false },
		{ "`a.b`", "shop", "a.b", true },
		{ "`a.b`", "a", "b", false },
		{ "shop.`a*`", "shop", "a*", true },
		{ "shop.`a*`", "shop", "ab", false },
		{ "`open", "shop", "`open", true }, /* not a name in backquotes */
		{ "a.b", "b", "a", false },
		{ "aaa.", "aaa", "", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (name_matches_table(cases[i].entry, cases[i].schema, cases[i].table) !=
		    cases[i].want)
			fail_msg("%s and %s.%s", cases[i].entry, cases[i].schema, cases[i].table);
	assert_true(name_matches_database("sh*", "shop"));
	assert_true(name_matches_database("a.b", "a.b"));
	assert_true(name_matches_database("`sh*`", "sh*"));
	assert_false(name_matches_database("`sh*`", "shop"));
	assert_true(name_entry_is_plain("a.b"));
	assert_false(name_entry_is_plain("a.b*"));
	assert_false(name_entry_is_plain("`a`"));
}

/* A pattern with many stars takes no time that doubles with each. */
TEST(patterns_are_fast)
{
	char name[65], pattern[65];

	memset(name, 'a', 64);
	memset(pattern, '*', 64);
	for (size_t i = 1; i < 64; i += 2)
		pattern[i] = 'a';
	name[64] = pattern[64] = '\0';
	pattern[63] = 'b';
	assert_false(name_matches_table(pattern, "d", name));
}

TEST(databases_in_question)
{
	char orders[] = "shop.order*", plain[] = "crm.x", bare[] = "t*";
	char *tables[] = { orders, plain, bare };
	struct move_options options = { .tables.whitelist = { tables, 1 } };

	assert_true(name_is_chosen(&options, "shop", NULL));
	assert_false(name_is_chosen(&options, "crm", NULL));
	options.tables.whitelist.count = 2; /* a table may be called crm.x */
	assert_true(name_is_chosen(&options, "other", NULL));
	options.tables.whitelist.items++;
	options.tables.whitelist.items[0] = orders;
	assert_true(name_is_chosen(&options, "other", NULL));
	options.tables = (struct name_rules){ .blacklist = { tables, 1 } };
	assert_true(name_is_chosen(&options, "shop", NULL));
	assert_false(name_is_chosen(&options, "shop", "orders"));
}

TEST(rewrites_or_keeps_a_name)
{
	struct move_options options = { 0 };

	assert_string_equal(name_on_target(&options, "abc", "t").schema, "abc");
	map_put_text(&options.databases.rewrites, "abc", def);
	map_put_text(&options.tables.rewrites, "t", def);
	assert_string_equal(name_on_target(&options, "abc", "t").schema, "def");
	assert_string_equal(name_on_target(&options, "abc", "t").name, "def");
	assert_string_equal(name_on_target(&options, "def", "u").schema, "def");
	assert_string_equal(name_on_target(&options, "def", "u").name, "u");
	map_release(&options.databases.rewrites);
	map_release(&options.tables.rewrites);
}

/* Two databases became one, and come apart again; what came later is left alone, whatever
 * the filters say. */
TEST(the_way_back_knows_its_tables)
{
	struct name_pair pairs[] = { { { "all", "a" }, { "one", "x" } },
				     { { "all", "b" }, { "two", "y" } } };
	struct map names = { 0 };
	struct move_options options = { .way_back.names = &names };

	map_put_text(&names, "all.a", &pairs[0]);
	map_put_text(&names, "all.b", &pairs[1]);
	assert_true(name_is_chosen(&options, "all", "a"));
	assert_true(name_is_chosen(&options, "all", NULL));
	assert_false(name_is_chosen(&options, "all", "c"));
	assert_false(name_is_chosen(&options, "one", NULL));
	assert_false(name_is_chosen(&options, "one", "x"));
	assert_string_equal(name_on_target(&options, "all", "b").schema, "two");
	assert_string_equal(name_on_target(&options, "all", "b").name, "y");
	map_release(&names);
}

TEST_MAIN(cmocka_unit_test(everything_but_system_schemas),
	  cmocka_unit_test(whitelist_names_all_that_is_chosen),
	  cmocka_unit_test(blacklist_names_what_is_left_out), cmocka_unit_test(entries_of_lists),
	  cmocka_unit_test(patterns_are_fast), cmocka_unit_test(databases_in_question),
	  cmocka_unit_test(rewrites_or_keeps_a_name),
	  cmocka_unit_test(the_way_back_knows_its_tables))
