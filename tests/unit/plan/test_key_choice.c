/* Keys that are chosen, and what is said where none will do. */
#include "../../../src/plan/key_choice.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct move_options options;
	struct table *table;
	struct key_choice choice;
	struct error err;
};

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));

	fixture_init(&c->fixture);
	c->table = fixture_keyless_table(&c->fixture);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	map_release(&c->options.keys.per_table);
	fixture_release(&c->fixture);
	free(c);
	return 0;
}

static bool choose(struct context *c)
{
	c->err.text[0] = '\0';
	return key_choice_make(&c->choice, &c->options, c->table, &c->err);
}

static void configure(struct context *c, const char *column)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s", column);
	map_put_text(&c->options.keys.per_table, "abc.t1", name);
}

TEST(takes_the_primary_key)
{
	struct context *c = *state;
	struct table_index *primary = fixture_index(c->table, "PRIMARY", true, "uuid,id");

	primary->parts[1].descending = true;
	fixture_index(c->table, "a", true, "id");
	assert_true(choose(c));
	assert_string_equal(c->choice.key.index, "PRIMARY");
	assert_int_equal(c->choice.key.count, 2);
	assert_int_equal(c->choice.key.columns[0], 1);
	assert_int_equal(c->choice.key.columns[1], 0);
	assert_false(c->choice.key.descending[0]);
	assert_true(c->choice.key.descending[1]);
	assert_false(c->choice.is_configured);
	assert_null(c->choice.ignored_column);
}

TEST(takes_the_narrowest_unique_key)
{
	struct context *c = *state;

	fixture_index(c->table, "a", true, "id,uuid");
	fixture_index(c->table, "b", true, "uuid");
	fixture_index(c->table, "d", true, "id");
	fixture_index(c->table, "c", true, "id");
	fixture_index(c->table, "e", false, "id");
	assert_true(choose(c));
	assert_string_equal(c->choice.key.index, "c");
}

TEST(passes_over_keys_that_do_not_identify_rows)
{
	struct context *c = *state;

	fixture_index(c->table, "nullable", true, "name");
	fixture_index(c->table, "inexact", true, "score");
	fixture_index(c->table, "prefix", true, "uuid")->has_expression = true;
	fixture_index(c->table, "hidden", true, "uuid")->is_visible = false;
	fixture_index(c->table, "hash", true, "id")->is_ordered = false;
	fixture_index(c->table, "plain", false, "id");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "`abc`.`t1` has no Primary Key to default to"));
	assert_string_equal(c->choice.remedy,
			    "ALTER TABLE `abc`.`t1` ADD PRIMARY KEY (...), or set "
			    "AllowTablesWithoutKey (\"AllowTablesWithoutKey\": true)");
}

TEST(another_key_stands_in_for_an_unfit_primary_key)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "score");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "`score`, which is a floating point number"));
	fixture_index(c->table, "b", true, "uuid");
	assert_true(choose(c));
	assert_string_equal(c->choice.key.index, "b");
}

TEST(a_primary_key_with_a_prefix_is_refused)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "uuid")->has_expression = true;
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "has a prefix part"));
	assert_string_equal(c->choice.remedy,
			    "ALTER TABLE `abc`.`t1` ADD UNIQUE KEY (...), or set "
			    "AllowTablesWithoutKey (\"AllowTablesWithoutKey\": true)");
}

TEST(takes_a_configured_unique_column)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "id");
	fixture_index(c->table, "u", true, "uuid");
	configure(c, "uuid");
	assert_true(choose(c));
	assert_true(c->choice.is_configured);
	assert_string_equal(c->choice.key.index, "u");
	assert_int_equal(c->choice.key.columns[0], 1);
}

TEST(an_invisible_index_enforces_but_is_not_forced)
{
	struct context *c = *state;

	fixture_index(c->table, "u", true, "uuid")->is_visible = false;
	configure(c, "uuid");
	assert_true(choose(c));
	assert_null(c->choice.key.index);
	fixture_index(c->table, "v", false, "uuid");
	assert_true(choose(c));
	assert_string_equal(c->choice.key.index, "v");
}

TEST(a_configured_column_that_is_not_unique_gives_way)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "uuid,id");
	fixture_index(c->table, "i", false, "id");
	configure(c, "id");
	assert_true(choose(c));
	assert_false(c->choice.is_configured);
	assert_string_equal(c->choice.key.index, "PRIMARY");
	assert_string_equal(c->choice.ignored_column, "id");
}

TEST(a_column_that_tells_nothing_apart_is_refused)
{
	struct context *c = *state;

	configure(c, "id");
	assert_false(choose(c));
	assert_string_equal(c->choice.remedy,
			    "ALTER TABLE `abc`.`t1` ADD UNIQUE KEY (`id`), or set "
			    "AllowTablesWithoutKey (\"AllowTablesWithoutKey\": true)");
	configure(c, "name");
	fixture_index(c->table, "n", true, "name");
	assert_false(choose(c));
	assert_non_null(strstr(c->choice.remedy, "MODIFY `name` varchar(16) NOT NULL, ADD UNIQUE"));
	configure(c, "score");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "floating point"));
	configure(c, "nope");
	assert_false(choose(c));
	assert_int_equal(c->err.kind, ERROR_CONFIG);
	assert_string_equal(c->choice.remedy, "");
	assert_string_equal(c->err.text, "Pagination Key `nope` for `abc`.`t1` non existent");
}

TEST(the_fallback_comes_last)
{
	struct context *c = *state;

	c->options.keys.fallback = "nope";
	fixture_index(c->table, "u", true, "uuid");
	assert_true(choose(c));
	assert_string_equal(c->choice.key.index, "u");
	c->table->indexes[0].is_visible = false;
	assert_false(choose(c));
	assert_int_equal(c->err.kind, ERROR_CONFIG);
	assert_string_equal(c->choice.remedy, "");
	assert_string_equal(c->err.text, "Pagination Key `nope` for `abc`.`t1` non existent");
	c->options.keys.fallback = "uuid";
	assert_true(choose(c));
	assert_true(c->choice.is_configured);
}

TEST_MAIN(CASE(takes_the_primary_key), CASE(takes_the_narrowest_unique_key),
	  CASE(passes_over_keys_that_do_not_identify_rows),
	  CASE(another_key_stands_in_for_an_unfit_primary_key),
	  CASE(a_primary_key_with_a_prefix_is_refused), CASE(takes_a_configured_unique_column),
	  CASE(an_invisible_index_enforces_but_is_not_forced),
	  CASE(a_configured_column_that_is_not_unique_gives_way),
	  CASE(a_column_that_tells_nothing_apart_is_refused), CASE(the_fallback_comes_last))
