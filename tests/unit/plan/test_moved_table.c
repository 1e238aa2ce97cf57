/* Keys that are chosen, texts that are built, tables that are refused. */
#include "plan/moved_table.h"
#include "plan/findings.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct ferry_options options;
	struct table *table; /* "abc.t1": id, uuid, name (NULL allowed), score (DOUBLE) */
	struct key_columns key;
	bool is_configured;
	const char *ignored;
	struct error err;
};

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));

	fixture_init(&c->fixture);
	c->options.target_marginalia = "application:ghostferry";
	c->table = fixture_table(&c->fixture, "abc", "t1");
	fixture_column(c->table, "id", COLUMN_BIGINT, "bigint(20)", "");
	fixture_column(c->table, "uuid", COLUMN_BINARY, "binary(16)", "");
	fixture_column(c->table, "name", COLUMN_VARCHAR, "varchar(16)", "utf8mb4_bin")
		->is_nullable = true;
	fixture_column(c->table, "score", COLUMN_DOUBLE, "double", "");
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	map_release(&c->options.keys.per_table);
	map_release(&c->options.databases.rewrites);
	map_release(&c->options.tables.rewrites);
	map_release(&c->options.batch_rows_per_table);
	fixture_release(&c->fixture);
	free(c);
	return 0;
}

static bool choose(struct context *c)
{
	c->err.text[0] = '\0';
	return ferry_key_choose(&c->options, c->table, &c->key, &c->is_configured, &c->ignored,
				&c->err);
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
	assert_string_equal(c->key.index, "PRIMARY");
	assert_int_equal(c->key.count, 2);
	assert_int_equal(c->key.columns[0], 1);
	assert_int_equal(c->key.columns[1], 0);
	assert_false(c->key.descending[0]);
	assert_true(c->key.descending[1]);
	assert_false(c->is_configured);
	assert_null(c->ignored);
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
	assert_string_equal(c->key.index, "c");
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
	assert_non_null(strstr(c->err.text, "ALTER TABLE `abc`.`t1` ADD PRIMARY KEY"));
}

TEST(another_key_stands_in_for_an_unfit_primary_key)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "score");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "`score`, which is a floating point number"));
	fixture_index(c->table, "b", true, "uuid");
	assert_true(choose(c));
	assert_string_equal(c->key.index, "b");
}

TEST(a_primary_key_with_a_prefix_is_refused)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "uuid")->has_expression = true;
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "has a prefix part"));
}

TEST(takes_a_configured_unique_column)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "id");
	fixture_index(c->table, "u", true, "uuid");
	configure(c, "uuid");
	assert_true(choose(c));
	assert_true(c->is_configured);
	assert_string_equal(c->key.index, "u");
	assert_int_equal(c->key.columns[0], 1);
}

TEST(an_invisible_index_enforces_but_is_not_forced)
{
	struct context *c = *state;

	fixture_index(c->table, "u", true, "uuid")->is_visible = false;
	configure(c, "uuid");
	assert_true(choose(c));
	assert_null(c->key.index);
	fixture_index(c->table, "v", false, "uuid");
	assert_true(choose(c));
	assert_string_equal(c->key.index, "v");
}

TEST(a_configured_column_that_is_not_unique_gives_way)
{
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "uuid,id");
	fixture_index(c->table, "i", false, "id");
	configure(c, "id");
	assert_true(choose(c));
	assert_false(c->is_configured);
	assert_string_equal(c->key.index, "PRIMARY");
	assert_string_equal(c->ignored, "id");
}

TEST(a_column_that_tells_nothing_apart_is_refused)
{
	struct context *c = *state;

	configure(c, "id");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "ALTER TABLE `abc`.`t1` ADD UNIQUE KEY (`id`)"));
	configure(c, "name");
	fixture_index(c->table, "n", true, "name");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "MODIFY `name` varchar(16) NOT NULL, ADD UNIQUE"));
	configure(c, "score");
	assert_false(choose(c));
	assert_non_null(strstr(c->err.text, "floating point"));
	configure(c, "nope");
	assert_false(choose(c));
	assert_string_equal(c->err.text, "Pagination Key `nope` for `abc`.`t1` non existent");
}

TEST(the_fallback_comes_last)
{
	struct context *c = *state;

	c->options.keys.fallback = "nope";
	fixture_index(c->table, "u", true, "uuid");
	assert_true(choose(c));
	assert_string_equal(c->key.index, "u");
	c->table->indexes[0].is_visible = false;
	assert_false(choose(c));
	assert_string_equal(c->err.text, "Pagination Key `nope` for `abc`.`t1` non existent");
	c->options.keys.fallback = "uuid";
	assert_true(choose(c));
	assert_true(c->is_configured);
}

TEST(builds_texts_without_generated_columns)
{
	struct context *c = *state;
	struct moved_tables tables;
	struct findings findings;
	struct moved_table *t;
	uint64_t rows = 7;

	c->table->columns[0].generation = COLUMN_STORED;
	c->table->columns[2].generation = COLUMN_VIRTUAL;
	fixture_index(c->table, "PRIMARY", true, "id");
	map_put_text(&c->options.batch_rows_per_table, "abc.t1", &rows);
	findings_init(&findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &tables, &findings);
	t = moved_tables_find(&tables, "abc", "t1");
	assert_non_null(t);
	assert_int_equal(findings.count, 0);
	assert_int_equal(t->batch_rows, 7);
	assert_int_equal(t->written_count, 2);
	assert_int_equal(t->written[0], 1);
	assert_int_equal(t->written[1], 3);
	assert_int_equal(t->selected_count, 3);
	assert_int_equal(t->selected[2], 0);
	assert_string_equal(t->select_list, "`uuid`,`score`*1e0,`id`");
	assert_non_null(strstr(t->insert_head, "/*application:ghostferry*/ INSERT INTO "
					       "`abc`.`t1` (`uuid`,`score`) VALUES "));
	assert_string_equal(t->insert_tail, " ON DUPLICATE KEY UPDATE `uuid`=`uuid`");
	assert_non_null(strstr(t->replace_head, "REPLACE INTO `abc`.`t1` (`uuid`,`score`)"));
	assert_non_null(strstr(t->delete_head, "DELETE FROM `abc`.`t1` WHERE "));
	moved_tables_release(&tables);
	findings_release(&findings);
}

static struct table *add_plain_table(struct context *c, const char *schema, const char *name,
				     uint64_t bytes)
{
	struct table *t = fixture_table(&c->fixture, schema, name);

	fixture_column(t, "id", COLUMN_INT, "int(11)", "");
	fixture_index(t, "PRIMARY", true, "id");
	t->data_bytes = bytes;
	return t;
}

TEST(orders_by_size_and_finds_clashing_names)
{
	static char target[] = "small";
	struct context *c = *state;
	struct moved_tables tables;
	struct findings findings;

	fixture_index(c->table, "PRIMARY", true, "id");
	add_plain_table(c, "abc", "big", 1000);
	add_plain_table(c, "abc", "small", 10);
	add_plain_table(c, "abc.d", "e", 5);
	add_plain_table(c, "abc", "d.e", 5);
	map_put_text(&c->options.tables.rewrites, "big", target);
	findings_init(&findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &tables, &findings);
	assert_int_equal(tables.count, 5);
	assert_string_equal(tables.tables[0]->source->name, "big");
	assert_string_equal(tables.tables[1]->source->name, "small");
	assert_string_equal(tables.tables[4]->source->name, "t1");
	assert_int_equal(tables.tables[4]->index, 4);
	for (size_t i = 0; i < tables.count; i++)
		assert_ptr_equal(moved_tables_of(&tables, tables.tables[i]->source),
				 tables.tables[i]);
	assert_int_equal(findings_errors(&findings), 2);
	assert_non_null(strstr(findings.items[0].text, "both called abc.d.e"));
	assert_string_equal(findings.items[1].text, "abc.big and abc.small would both become "
						    "`abc`.`small` on the target");
	moved_tables_release(&tables);
	findings_release(&findings);
}

TEST(refuses_what_cannot_be_carried)
{
	struct context *c = *state;
	struct moved_tables tables;
	struct findings findings;

	fixture_index(c->table, "PRIMARY", true, "id");
	free(c->table->engine);
	c->table->engine = mem_strdup("MyISAM");
	c->table->columns[1].type = COLUMN_UNKNOWN;
	c->table->is_system_versioned = true;
	findings_init(&findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &tables, &findings);
	assert_int_equal(findings_errors(&findings), 3);
	assert_string_equal(findings.items[0].remedy, "ALTER TABLE `abc`.`t1` ENGINE=InnoDB");
	assert_non_null(strstr(findings.items[2].text, "abc.t1.uuid is of type binary(16)"));
	moved_tables_release(&tables);
	findings_release(&findings);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

TEST_MAIN(CASE(takes_the_primary_key), CASE(takes_the_narrowest_unique_key),
	  CASE(passes_over_keys_that_do_not_identify_rows),
	  CASE(another_key_stands_in_for_an_unfit_primary_key),
	  CASE(a_primary_key_with_a_prefix_is_refused), CASE(takes_a_configured_unique_column),
	  CASE(an_invisible_index_enforces_but_is_not_forced),
	  CASE(a_configured_column_that_is_not_unique_gives_way),
	  CASE(a_column_that_tells_nothing_apart_is_refused), CASE(the_fallback_comes_last),
	  CASE(builds_texts_without_generated_columns),
	  CASE(orders_by_size_and_finds_clashing_names), CASE(refuses_what_cannot_be_carried))
