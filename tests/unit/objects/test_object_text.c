/* Words, accounts and settings in the statements of what stands beside tables. */
#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "objects/object_text.h"

static struct move_options options;
static struct map collations;
static const struct server_version mysql = { FLAVOUR_MYSQL, 90704, "9.7.4" };
static const struct server_version mariadb = { FLAVOUR_MARIADB, 101119, "10.11.19-MariaDB" };

static int set_up(void **state)
{
	(void)state;
	options = (struct move_options){ .automatic_cutover = true };
	map_init(&options.databases.rewrites);
	map_init(&options.tables.rewrites);
	map_init(&options.definer_rewrites);
	map_init(&collations);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	map_release(&options.databases.rewrites);
	map_release(&options.tables.rewrites);
	map_release(&options.definer_rewrites);
	map_release(&collations);
	return 0;
}

/* A list of one. */
static struct object_list object(enum object_kind kind, const char *type, const char *definer,
				 const char *created)
{
	struct object_list list = { .items = mem_calloc(1, sizeof(*list.items)), .count = 1 };

	list.items[0] = (struct object){ .kind = kind,
					 .type = mem_strdup(type),
					 .source_schema = mem_strdup("abc"),
					 .schema = mem_strdup("abc"),
					 .name = mem_strdup("o"),
					 .full_name = mem_strdup("abc.o"),
					 .table = mem_strdup(""),
					 .definer = mem_strdup(definer),
					 .sql_mode = mem_strdup(""),
					 .time_zone = mem_strdup(""),
					 .client = mem_strdup("utf8mb4"),
					 .collation = mem_strdup("utf8mb4_general_ci"),
					 .database_collation = mem_strdup("latin1_swedish_ci"),
					 .likeness = mem_strdup("") };
	buf_puts(&list.items[0].created, created);
	return list;
}

static void translate(struct object *o, const struct server_version *target)
{
	const struct object_terms terms = {
		&options, &mysql, target, &collations, "latin1_swedish_ci", "utf8mb4_bin"
	};

	object_translate(o, &terms);
}

TEST(words_are_found_behind_the_account)
{
	static const struct {
		const char *created, *word;
		bool is_there;
	} cases[] = {
		{ "CREATE DEFINER=`shop`@`%` PROCEDURE `p`() SELECT 1", "shop", false },
		{ "CREATE DEFINER=`shop`@`%` PROCEDURE `p`() SELECT 1", "p", true },
		{ "CREATE DEFINER=`a`` b`@`h``shop` PROCEDURE `p`() SELECT 1", "shop", false },
		{ "CREATE DEFINER=\"x\"@\"shop\" PROCEDURE p() SELECT 1 FROM Shop.t", "shop", true },
		{ "CREATE DEFINER=`x`@`h` PROCEDURE `p`() SELECT 1 FROM shop_1.t", "shop", false },
		{ "CREATE DEFINER=`x`@`h` PROCEDURE `p`() SELECT 1 FROM myshop.t", "shop", false },
		{ "CREATE DEFINER=`x`@`h` PROCEDURE `p`() PREPARE s FROM 'DROP TABLE shop.t'",
		  "shop", true },
		{ "CREATE DEFINER=`x`@`h` PROCEDURE `p`() SELECT 1 -- shop", "shop", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct object_list list =
			object(OBJECT_ROUTINE, "PROCEDURE", "x@h", cases[i].created);

		if (object_mentions(&list.items[0], cases[i].word) != cases[i].is_there)
			fail_msg("case %zu: %s", i, cases[i].created);
		object_list_release(&list);
	}
}

TEST(names_that_are_rewritten_are_found)
{
	struct object_list list =
		object(OBJECT_VIEW, "VIEW", "x@h",
		       "CREATE DEFINER=`x`@`h` VIEW `o` AS select `t`.`id` from `t`");
	char same[] = "t", other[] = "u";

	map_put_text(&options.tables.rewrites, "t", same);
	assert_null(object_rewritten_name(&options, &list.items[0]));
	map_put_text(&options.tables.rewrites, "t", other);
	assert_string_equal(object_rewritten_name(&options, &list.items[0]), "t");
	map_release(&options.tables.rewrites);
	map_init(&options.tables.rewrites);
	map_put_text(&options.databases.rewrites, "abc", other);
	assert_null(object_rewritten_name(&options, &list.items[0]));
	object_list_release(&list);
}

/* refused: left as it is, and named. Broken: is_elsewhere always false; texts not stepped over. */
TEST(databases_in_a_view_are_replaced_where_they_are_nothing_else)
{
	static const struct {
		const char *created, *becomes;
	} cases[] = {
		{ "VIEW `abc`.`o` AS select `abc`.`t`.`abc` AS `id` from `abc`.`t`", NULL },
		{ "VIEW `abc`.`o` AS select `abc`.`t`.`i` AS `i`,'`abc`.`t`' AS `x` from (`abc`.`t` join "
		  "`other`.`u` on(`abc`.`t`.`i` = `other`.`u`.`i`))",
		  "VIEW `xyz`.`o` AS select `xyz`.`t`.`i` AS `i`,'`abc`.`t`' AS `x` from (`xyz`.`t` join "
		  "`abc`.`u` on(`xyz`.`t`.`i` = `abc`.`u`.`i`))" },
		{ "VIEW `o` AS select `abc`.`f`('it\\'s `abc`.`t`') AS `x`,_utf8mb4'abc' AS `y`",
		  "VIEW `o` AS select `xyz`.`f`('it\\'s `abc`.`t`') AS `x`,_utf8mb4'abc' AS `y`" },
		{ "VIEW `o` AS select `a`.`i` AS `i` from `abc`.`t` `a`",
		  "VIEW `o` AS select `a`.`i` AS `i` from `xyz`.`t` `a`" },
		/* Nothing in front of a dot: names of columns. */
		{ "VIEW `o` AS select `t`.`abc` AS `abc` from `t`",
		  "VIEW `o` AS select `t`.`abc` AS `abc` from `t`" },
		{ "VIEW `o` AS select `t`.`i` AS `x` from `zabc`.`t` where `t`.`z` = 'abc.t'",
		  "VIEW `o` AS select `t`.`i` AS `x` from `zabc`.`t` where `t`.`z` = 'abc.t'" },
		/* Aliases and tables of that name. */
		{ "VIEW `o` AS select `abc`.`i` AS `i` from `other`.`u` `abc`", NULL },
		{ "VIEW `o` AS select `abc`.`i` AS `i` from `abc`", NULL },
		{ "VIEW `o` AS select `ABC`.`t`.`i` AS `i` from `ABC`.`t`", NULL },
	};
	char xyz[] = "xyz", abc[] = "abc";

	map_put_text(&options.databases.rewrites, "abc", xyz);
	map_put_text(&options.databases.rewrites, "other", abc);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *created = mem_printf("CREATE DEFINER=`abc`@`abc` %s", cases[i].created);
		struct object_list list = object(OBJECT_VIEW, "VIEW", "abc@abc", created);
		bool is_refused = object_rewritten_name(&options, &list.items[0]) != NULL;

		translate(&list.items[0], &mysql);
		is_refused |= object_rewritten_name(&options, &list.items[0]) != NULL;
		if (is_refused != !cases[i].becomes ||
		    (cases[i].becomes && strcmp(strstr(buf_text(&list.items[0].created), "VIEW"),
						cases[i].becomes) != 0))
			fail_msg("case %zu: %s", i, buf_text(&list.items[0].created));
		free(created);
		object_list_release(&list);
	}
}

TEST(accounts_and_databases_are_replaced)
{
	struct object_list list =
		object(OBJECT_VIEW, "VIEW", "app@%",
		       "CREATE ALGORITHM=MERGE DEFINER=`app`@`%` SQL SECURITY DEFINER VIEW `o` AS select "
		       "' DEFINER=`app`@`%`' AS `x`");
	char account[] = "a`b@10.%", schema[] = "xyz";

	map_put_text(&options.definer_rewrites, "app@%", account);
	map_put_text(&options.databases.rewrites, "abc", schema);
	translate(&list.items[0], &mysql);
	assert_string_equal(buf_text(&list.items[0].created),
			    "CREATE ALGORITHM=MERGE DEFINER=`a``b`@`10.%` SQL SECURITY DEFINER VIEW "
			    "`o` AS select ' DEFINER=`app`@`%`' AS `x`");
	assert_string_equal(list.items[0].definer, "a`b@10.%");
	assert_string_equal(list.items[0].schema, "xyz");
	assert_string_equal(list.items[0].full_name, "abc.o");
	object_list_release(&list);
}

static void set(char **text, const char *value)
{
	free(*text);
	*text = mem_strdup(value);
}

TEST(settings_are_those_that_the_target_knows)
{
	static const struct {
		const struct server_version *target;
		const char *mode, *wanted;
	} modes[] = {
		{ &mysql, "NO_AUTO_CREATE_USER", "" },
		{ &mysql, "ANSI_QUOTES,NO_AUTO_CREATE_USER", "ANSI_QUOTES" },
		{ &mysql, "A,NO_AUTO_CREATE_USER,B", "A,B" },
		{ &mariadb, "A,NO_AUTO_CREATE_USER,B", "A,NO_AUTO_CREATE_USER,B" },
	};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct object_list list =
			object(OBJECT_ROUTINE, "PROCEDURE", "", "CREATE PROCEDURE");
		struct object *o = &list.items[0];

		set(&o->sql_mode, modes[i].mode);
		set(&o->client, "utf8mb3");
		set(&o->collation, "utf8mb3_bin");
		translate(o, modes[i].target);
		assert_string_equal(o->sql_mode, modes[i].wanted);
		assert_string_equal(o->client, "utf8");
		assert_string_equal(o->collation, "utf8_bin");
		assert_string_equal(o->database_collation, "utf8mb4_bin");
		map_put_text(&collations, "utf8mb3_general_ci", &collations);
		set(&o->database_collation, "utf8_bin");
		translate(o, modes[i].target);
		assert_string_equal(o->client, "utf8mb3");
		assert_string_equal(o->database_collation, "utf8mb3_bin");
		map_clear(&collations);
		object_list_release(&list);
	}
}

TEST(collations_that_the_server_prints_are_replaced)
{
	struct object_list view =
		object(OBJECT_VIEW, "VIEW", "",
		       "VIEW `o` AS select `a` collate a_bin,' collate a_bin' AS `x`,"
		       "`b` collate a_ci from ` collate a_bin`");
	struct object_list function =
		object(OBJECT_ROUTINE, "FUNCTION", "",
		       "CREATE FUNCTION `o`(a TEXT COLLATE a_bin) RETURNS text "
		       "CHARSET a COLLATE a_bin\nRETURN a COLLATE a_bin");
	char bin[] = "a_nopad_bin";

	map_init(&options.collation_rewrites);
	map_put_text(&options.collation_rewrites, "a_bin", bin);
	translate(&view.items[0], &mysql);
	translate(&function.items[0], &mysql);
	assert_string_equal(buf_text(&view.items[0].created),
			    "VIEW `o` AS select `a` collate a_nopad_bin,' collate a_bin' AS `x`,"
			    "`b` collate a_ci from ` collate a_bin`");
	assert_string_equal(buf_text(&function.items[0].created),
			    "CREATE FUNCTION `o`(a TEXT COLLATE a_bin) RETURNS text CHARSET a "
			    "COLLATE a_nopad_bin\nRETURN a COLLATE a_bin");
	map_release(&options.collation_rewrites);
	options.collation_rewrites = (struct map){ .count = 0 };
	object_list_release(&view);
	object_list_release(&function);
}

TEST(they_agree_when_all_of_it_does)
{
	struct object_list a = object(OBJECT_ROUTINE, "FUNCTION", "x@h",
				      "CREATE FUNCTION `o`(a INT) RETURNS int\nRETURN 'it''s'");
	struct object_list b = object(OBJECT_ROUTINE, "FUNCTION", "x@h",
				      "CREATE FUNCTION `o`(a INT) RETURNS int(11)\nRETURN 'it''s'");
	struct object_list c = object(OBJECT_ROUTINE, "FUNCTION", "x@h",
				      "CREATE FUNCTION `o`(a INT) RETURNS int\nRETURN 'it\\'s'");
	struct object *o = &b.items[0];
	char **const texts[] = { &o->table,  &o->definer,   &o->sql_mode,	    &o->time_zone,
				 &o->client, &o->collation, &o->database_collation, &o->likeness };

	assert_true(object_agrees(&a.items[0], o, false));
	assert_false(object_agrees(&a.items[0], o, true));
	assert_false(object_agrees(&a.items[0], &c.items[0], false));
	object_list_release(&c);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *kept = mem_strdup(*texts[i]);

		set(texts[i], "another");
		assert_false(object_agrees(&a.items[0], o, false));
		set(texts[i], kept);
		free(kept);
	}
	assert_true(object_prints_alike(&mysql, &mysql));
	assert_false(object_prints_alike(&mysql, &mariadb));
	object_list_release(&a);
	object_list_release(&b);
}

TEST(a_view_is_the_same_with_its_database_in_front)
{
	struct object_list a =
		object(OBJECT_VIEW, "VIEW", "", "VIEW `o` AS select `t`.`a``abc`.`x`, '`abc`.`'");
	struct object_list b = object(OBJECT_VIEW, "VIEW", "",
				      "VIEW `xyz`.`o` AS select `xyz`.`t`.`a``abc`.`x`, '`abc`.`'");
	struct object_list c =
		object(OBJECT_VIEW, "VIEW", "", "VIEW `o` AS select `t`.`a``abc`.`x`, '`'");

	set(&b.items[0].schema, "xyz");
	assert_true(object_agrees(&a.items[0], &b.items[0], true));
	assert_false(object_agrees(&a.items[0], &c.items[0], true));
	object_list_release(&a);
	object_list_release(&b);
	object_list_release(&c);
}

TEST_MAIN(CASE(words_are_found_behind_the_account), CASE(names_that_are_rewritten_are_found),
	  CASE(databases_in_a_view_are_replaced_where_they_are_nothing_else),
	  CASE(accounts_and_databases_are_replaced), CASE(settings_are_those_that_the_target_knows),
	  CASE(collations_that_the_server_prints_are_replaced),
	  CASE(they_agree_when_all_of_it_does), CASE(a_view_is_the_same_with_its_database_in_front))
