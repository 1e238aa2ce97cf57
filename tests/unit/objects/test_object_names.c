/* Which names in a body are those of databases for certain, and that only these are replaced. */
#include "../unit.h"

#include <string.h>

#include "../../../src/objects/object_names.h"

static char none[] = "", utf8[] = "utf8mb4", routine[] = "PROCEDURE", definer[] = "shop@%";

static struct object object(const char *body, char *sql_mode, char *client)
{
	struct object o = { .kind = OBJECT_ROUTINE,
			    .type = routine,
			    .definer = definer,
			    .sql_mode = sql_mode,
			    .client = client,
			    .created = BUF_INIT };

	buf_puts(&o.created, "CREATE DEFINER=`shop`@`%` PROCEDURE `p`()\n");
	buf_puts(&o.created, body);
	return o;
}

/* becomes NULL: it is not certain, and stays. */
static void check(const char *body, const char *becomes, char *sql_mode, char *client)
{
	struct object o = object(body, sql_mode, client);
	struct object wanted = object(becomes ? becomes : body, sql_mode, client);
	char other[] = "ne`w";
	struct map rewrites;

	map_init(&rewrites);
	map_put_text(&rewrites, "shop", other);
	if (object_names_are_certain(&o, "shop", other) != (becomes != NULL))
		fail_msg("%s", body);
	object_names_replace(&o, &rewrites);
	assert_string_equal(buf_text(&o.created), buf_text(&wanted.created));
	map_release(&rewrites);
	buf_release(&o.created);
	buf_release(&wanted.created);
}

#define NEW "`ne``w`"

TEST(names_in_front_of_a_dot_are_replaced)
{
	static const char *const cases[][2] = {
		{ "SELECT 1", "SELECT 1" },
		{ "SELECT * FROM shop.t", "SELECT * FROM " NEW ".t" },
		{ "SELECT `shop`.`t`.`a`,shop . t.b", "SELECT " NEW ".`t`.`a`," NEW " . t.b" },
		{ "UPDATE shop/* ' */ . -- it's\n t SET a=1",
		  "UPDATE " NEW "/* ' */ . -- it's\n t SET a=1" },
		{ "CALL shop.f('it''s', \"a\\\"b\")", "CALL " NEW ".f('it''s', \"a\\\"b\")" },
		{ "GRANT SELECT ON shop.* TO x", "GRANT SELECT ON " NEW ".* TO x" },
		{ "SELECT 1 -- of shop\n # shop's\n /* `shop */, shop.f()",
		  "SELECT 1 -- of shop\n # shop's\n /* `shop */, " NEW ".f()" },
		/* Others. */
		{ "SELECT a.b, `my shop`.c, shops.d, @shop, @@shop.x, @`shop`",
		  "SELECT a.b, `my shop`.c, shops.d, @shop, @@shop.x, @`shop`" },
		{ "SELECT 5--shop.f()", "SELECT 5--" NEW ".f()" },
		{ "SELECT _latin1'x', N'y', x'41', shop.f(1.5, .5, 1e5)",
		  "SELECT _latin1'x', N'y', x'41', " NEW ".f(1.5, .5, 1e5)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i][0], cases[i][1], none, utf8);
}

TEST(what_may_be_something_else_is_not)
{
	static const char *const cases[] = {
		"SELECT shop.id FROM t AS shop",
		"SELECT shop.id FROM shop.shop",
		"SELECT x.shop, shop.f()",
		"DROP DATABASE shop",
		"SHOW TABLES FROM `shop`",
		"SELECT * FROM SHOP.t",
		"SELECT * FROM `Shop`.t",
		"PREPARE s FROM 'SELECT * FROM shop.t'",
		"SELECT \"shop\" FROM shop.t",
		"SELECT /*! shop.f() */ 1",
		"SELECT /*M! shop.f() */ 1",
		"SELECT /*+ NO_ICP(shop) */ 1",
		"SET GLOBAL shop.key_buffer_size = 1",
		"SELECT * FROM shop.5t",
		"SELECT * FROM shop.",
		"SELECT shop.f(), 'no end",
		"SELECT shop.f() /* no end",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i], NULL, none, utf8);
}

TEST(modes_decide_what_is_quoted)
{
	char ansi[] = "REAL_AS_FLOAT,ANSI_QUOTES", plain[] = "NO_BACKSLASH_ESCAPES",
	     oracle[] = "ORACLE";

	check("SELECT \"shop\".\"t\"", "SELECT " NEW ".\"t\"", ansi, utf8);
	check("SELECT \"a\"\"b\\\", shop.f()", "SELECT \"a\"\"b\\\", " NEW ".f()", ansi, utf8);
	check("SELECT \"shop\".\"t\"", NULL, none, utf8);
	check("SELECT 'a\\', shop.f(), 'b\\'", "SELECT 'a\\', " NEW ".f(), 'b\\'", plain, utf8);
	check("SELECT 'a\\', shop.f(), 'b\\'", NULL, none, utf8);
	check("SELECT shop.f()", NULL, oracle, utf8);
}

TEST(character_sets_that_hide_quotes_are_not_read)
{
	char latin1[] = "latin1", sjis[] = "sjis", binary[] = "binary";
	struct object o = object("SELECT l\xe4"
				 "den.f()",
				 none, latin1);

	check("SELECT '\xe4', shop.f()", "SELECT '\xe4', " NEW ".f()", none, latin1);
	check("SELECT shop.f()", NULL, none, sjis);
	check("SELECT shop.f()", NULL, none, binary);
	assert_false(object_names_are_certain(&o,
					      "l\xc3\xa4"
					      "den",
					      "new"));
	assert_false(object_names_are_certain(&o, "shop",
					      "l\xc3\xa4"
					      "den"));
	buf_release(&o.created);
}

TEST(packages_go_before_databases)
{
	struct object o = object("SELECT shop.f()", none, utf8);

	assert_true(object_names_are_certain(&o, "shop", "new"));
	o.has_packages = true;
	assert_false(object_names_are_certain(&o, "shop", "new"));
	buf_release(&o.created);
}

TEST(databases_may_swap_their_names)
{
	struct object o = object("SELECT a.f(), b.f(), c.f(), `a`.`b`.x", none, utf8);
	char a[] = "a", b[] = "b";
	struct map rewrites;

	map_init(&rewrites);
	map_put_text(&rewrites, "a", b);
	map_put_text(&rewrites, "c", a);
	object_names_replace(&o, &rewrites);
	assert_non_null(strstr(buf_text(&o.created), "SELECT `b`.f(), b.f(), `a`.f(), `b`.`b`.x"));
	map_release(&rewrites);
	buf_release(&o.created);
}

TEST_MAIN(cmocka_unit_test(names_in_front_of_a_dot_are_replaced),
	  cmocka_unit_test(what_may_be_something_else_is_not),
	  cmocka_unit_test(modes_decide_what_is_quoted),
	  cmocka_unit_test(character_sets_that_hide_quotes_are_not_read),
	  cmocka_unit_test(packages_go_before_databases),
	  cmocka_unit_test(databases_may_swap_their_names))
