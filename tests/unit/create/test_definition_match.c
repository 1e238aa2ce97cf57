/* Tables that are on the target already, and the wording of types. */
#include "db/type_text.h"
#include "create/definition_match.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct moved_table table;
	struct table *source, *target;
	struct map without_default;
	struct map rewrites;
	struct findings findings;
};

/* id int, name varchar(16), n int NULL; PRIMARY (id), u (name) */
static struct table *make_table(struct fixture *f, const char *schema)
{
	struct table *t = fixture_table(f, schema, "t");

	fixture_column(t, "id", COLUMN_INT, "int(11)", "");
	fixture_column(t, "name", COLUMN_VARCHAR, "varchar(16)", "utf8mb4_bin");
	fixture_column(t, "n", COLUMN_INT, "int(11)", "")->is_nullable = true;
	fixture_index(t, "PRIMARY", true, "id");
	fixture_index(t, "u", true, "name");
	return t;
}

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));

	fixture_init(&c->fixture);
	c->source = make_table(&c->fixture, "abc");
	c->target = make_table(&c->fixture, "xyz");
	c->table.source = c->source;
	c->table.key = (struct key_columns){ .table = c->source, .count = 1, .columns = { 0 } };
	findings_init(&c->findings);
	map_init(&c->without_default);
	map_init(&c->rewrites);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	map_release(&c->without_default);
	map_release(&c->rewrites);
	findings_release(&c->findings);
	fixture_release(&c->fixture);
	free(c);
	return 0;
}

/* The only problem's text, "" for none. */
static const char *check(struct context *c)
{
	findings_release(&c->findings);
	target_definition_check(&c->table, c->target, &c->without_default, &c->findings);
	target_definition_check_orders(&c->table, c->target, &c->rewrites, &c->findings);
	if (c->findings.count == 0)
		return "";
	assert_int_equal(c->findings.count, 1);
	return c->findings.items[0].text;
}

static void set(char **text, const char *to)
{
	free(*text);
	*text = mem_strdup(to);
}

TEST(equal_tables_fit)
{
	struct context *c = *state;

	assert_string_equal(check(c), "");
	set(&c->target->columns[0].raw_type, "int");
	set(&c->target->columns[0].name, "ID");
	assert_string_equal(check(c), "");
}

TEST(types_must_be_equal)
{
	struct context *c = *state;

	set(&c->target->columns[2].raw_type, "int(11) unsigned");
	assert_string_equal(check(c), "target: column n of `xyz`.`t` is of another type: int(11) on "
				      "the source, int(11) unsigned on the target");
	set(&c->target->columns[2].raw_type, "int(11)");
	c->target->columns[2].is_nullable = false;
	assert_non_null(strstr(check(c), "may be NULL on one side only"));
	c->target->columns[2].is_nullable = true;
	c->target->columns[2].generation = COLUMN_STORED;
	assert_non_null(strstr(check(c), "is generated on one side only"));
}

TEST(character_sets_may_contain_each_other)
{
	struct context *c = *state;
	struct column *from = &c->source->columns[1], *to = &c->target->columns[1];

	set(&to->charset, "utf8mb3");
	set(&to->collation, "utf8mb3_bin");
	assert_string_equal(check(c), "");
	set(&to->collation, "utf8mb3_general_ci");
	assert_non_null(strstr(check(c), "is unique under another collation"));
	set(&to->collation, "latin1_bin");
	set(&to->charset, "latin1");
	assert_non_null(strstr(check(c), "has another character set"));
	set(&from->charset, "ascii");
	set(&from->collation, "ascii_bin");
	assert_string_equal(check(c), "");
}

TEST(enums_may_have_more_members)
{
	static char a[] = "a", b[] = "b";
	char *ab[] = { a, b }, *ba[] = { b, a };
	struct context *c = *state;
	struct column *from = &c->source->columns[2], *to = &c->target->columns[2];

	from->type = to->type = COLUMN_ENUM;
	set(&from->raw_type, "enum('a')");
	set(&to->raw_type, "enum('a','b')");
	from->members = to->members = ab;
	from->member_count = 1;
	to->member_count = 2;
	assert_string_equal(check(c), "");
	to->members = ba;
	assert_non_null(strstr(check(c), "is of another type: enum('a') on the source"));
	from->members = ab;
	from->member_count = 2;
	to->member_count = 1;
	assert_non_null(strstr(check(c), "is of another type"));
}

TEST(json_may_be_mariadbs)
{
	struct context *c = *state;
	struct column *from = &c->source->columns[2], *to = &c->target->columns[2];

	from->type = COLUMN_JSON;
	set(&from->raw_type, "json");
	to->type = COLUMN_TEXT;
	to->length_bytes = 4;
	set(&to->raw_type, "longtext");
	set(&to->charset, "utf8mb4");
	set(&to->collation, "utf8mb4_bin");
	assert_string_equal(check(c), "");
	to->length_bytes = 2;
	assert_non_null(strstr(check(c), "is of another type"));
}

TEST(further_columns_need_a_default)
{
	struct context *c = *state;

	fixture_column(c->target, "x", COLUMN_INT, "int", "");
	assert_string_equal(check(c), "");
	map_put_text(&c->without_default, "`xyz`.`t`.`x`", c);
	assert_non_null(strstr(check(c), "is NOT NULL and has no default"));
	c->target->columns[3].is_auto_increment = true;
	assert_string_equal(check(c), "");
	set(&c->target->columns[3].name, "y");
	fixture_column(c->source, "x", COLUMN_INT, "int", "");
	assert_string_equal(check(c), "target: table `xyz`.`t` has no column x (int)");
}

TEST(the_copys_key_must_be_there)
{
	struct context *c = *state;

	c->target->indexes[0].is_unique = false;
	assert_non_null(strstr(check(c), "has no UNIQUE key over just the NOT NULL columns (`id`)"));
	assert_string_equal(c->findings.items[0].remedy,
			    "ALTER TABLE `xyz`.`t` ADD UNIQUE KEY (`id`)");
	c->target->indexes[0].is_unique = true;
	c->target->indexes[0].is_nullable = true;
	assert_non_null(strstr(check(c), "has no UNIQUE key over just"));
	/* Seen to fail: another key over the same column, which may be NULL as before. */
	c->target->columns[0].is_nullable = true;
	assert_non_null(strstr(check(c), "has no UNIQUE key over just"));
	assert_string_equal(c->findings.items[0].remedy, "ALTER TABLE `xyz`.`t` ADD UNIQUE KEY "
							 "(`id`), and make its columns NOT NULL");
	c->target->indexes[0].is_primary = false;
	assert_non_null(strstr(check(c), "has no UNIQUE key over just"));
	assert_string_equal(c->findings.items[0].remedy,
			    "ALTER TABLE `xyz`.`t` ADD PRIMARY KEY (`id`)");
}

TEST(unique_keys_are_compared)
{
	struct context *c = *state;

	c->target->indexes[1].parts[0].prefix = 3;
	target_definition_check(&c->table, c->target, &c->without_default, &c->findings);
	assert_int_equal(c->findings.count, 2);
	assert_int_equal(findings_errors(&c->findings), 1); /* another one there */
	c->target->indexes[1].parts[0].prefix = 0;
	c->target->indexes[1].is_unique = false;
	assert_non_null(strstr(check(c), "lacks the source's unique key u"));
	assert_int_equal(c->findings.items[0].severity, FINDING_WARNING);
	c->target->indexes[1].is_unique = true;
	fixture_index(c->target, "u2", true, "name,n");
	assert_string_equal(check(c), "target: the unique key u2 of `xyz`.`t` is not on the source; "
				      "rows could push each other out");
	fixture_index(c->source, "other_name", true, "n,name");
	assert_string_equal(check(c), "");
}

TEST(expressions_are_told_by_name)
{
	struct context *c = *state;

	fixture_index(c->target, "e", true, "n")->parts[0].column = UINT_MAX;
	assert_non_null(strstr(check(c), "the unique key e of"));
	fixture_index(c->source, "e", true, "n")->parts[0].column = UINT_MAX;
	assert_string_equal(check(c), "");
}

TEST(engines_must_keep_transactions)
{
	struct context *c = *state;

	set(&c->target->engine, "MyISAM");
	assert_non_null(strstr(check(c), "uses the engine MyISAM"));
}

TEST(widths_that_mean_nothing_are_passed_over)
{
	assert_true(type_text_equal("bigint(20) unsigned", "bigint unsigned"));
	assert_true(type_text_equal("year(4)", "year"));
	assert_true(type_text_equal("int(10) unsigned zerofill", "int unsigned zerofill"));
	assert_true(type_text_equal("int(", "int("));
	assert_true(type_text_equal("datetime(3) /* mariadb-5.3 */", "datetime(3)"));
	assert_true(type_text_equal("time", "time /* 5.5 binary format */"));
	assert_false(type_text_equal("timestamp(2) /* mariadb-5.3 */", "timestamp(3)"));
	assert_false(type_text_equal("enum('a /* mariadb-5.3 */')", "enum('a')"));
	assert_false(type_text_equal("int(11)", "bigint(11)"));
	assert_false(type_text_equal("char(5)", "char(6)"));
	assert_false(type_text_equal("bit(1)", "bit(2)"));
	assert_false(type_text_equal("enum('int(1)')", "enum('int')"));
	assert_true(collation_equal("utf8_bin", "utf8mb3_bin"));
	assert_true(collation_equal("utf8", "utf8mb3"));
	assert_false(collation_equal("utf8_bin", "utf8mb4_bin"));
	assert_false(collation_equal("", "utf8mb3_bin"));
}

TEST_MAIN(CASE(equal_tables_fit), CASE(types_must_be_equal),
	  CASE(character_sets_may_contain_each_other), CASE(enums_may_have_more_members),
	  CASE(json_may_be_mariadbs), CASE(further_columns_need_a_default),
	  CASE(the_copys_key_must_be_there), CASE(unique_keys_are_compared),
	  CASE(expressions_are_told_by_name), CASE(engines_must_keep_transactions),
	  cmocka_unit_test(widths_that_mean_nothing_are_passed_over))
