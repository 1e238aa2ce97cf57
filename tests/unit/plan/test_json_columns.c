/* How JSON columns are carried between two servers. */
#include "plan/findings.h"
#include "plan/moved_table.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct move_options options;
	struct moved_tables tables;
	struct moved_table *json, *plain; /* of tables */
	struct findings findings;
};

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));
	struct table *t;

	fixture_init(&c->fixture);
	c->options.target.marginalia = "m";
	for (int i = 0; i < 2; i++) {
		t = fixture_table(&c->fixture, "abc", i ? "plain" : "json");
		fixture_column(t, "id", COLUMN_INT, "int", "");
		fixture_column(t, "a", i ? COLUMN_TEXT : COLUMN_JSON, i ? "longtext" : "json",
			       i ? "utf8mb4_bin" : "");
		fixture_column(t, "b", i ? COLUMN_TEXT : COLUMN_JSON, i ? "longtext" : "json",
			       i ? "utf8mb4_bin" : "");
		fixture_index(t, "PRIMARY", true, "id");
	}
	findings_init(&c->findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &c->tables, &c->findings);
	c->json = moved_tables_find(&c->tables, "abc", "json");
	c->plain = moved_tables_find(&c->tables, "abc", "plain");
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	moved_tables_release(&c->tables);
	findings_release(&c->findings);
	fixture_release(&c->fixture);
	free(c);
	return 0;
}

static void carry(struct context *c, enum flavour from, unsigned number, enum flavour to)
{
	const struct server_version source = { .flavour = from, .number = number };
	const struct server_version target = { .flavour = to, .number = 80400 };

	moved_tables_set_json(&c->tables, &c->options, &source, &target, &c->findings);
}

TEST(types_travel_from_mysql_to_mysql)
{
	struct context *c = *state;

	carry(c, FLAVOUR_MYSQL, 80004, FLAVOUR_MYSQL);
	assert_true(c->json->json_is_typed);
	assert_int_equal(c->json->types_count, 2);
	assert_int_equal(c->json->types_list[0], ',');
	assert_true(c->json->target_is_mysql);
	assert_false(c->json->is_between_flavours);
	assert_false(c->plain->json_is_typed);
	assert_string_equal(c->plain->types_list, "");
	assert_int_equal(c->findings.count, 0);
}

TEST(a_source_that_cannot_tell_them_is_refused)
{
	struct context *c = *state;

	carry(c, FLAVOUR_MYSQL, 50700, FLAVOUR_MYSQL);
	assert_false(c->json->json_is_typed);
	assert_int_equal(findings_errors(&c->findings), 1);
	assert_non_null(strstr(c->findings.items[0].text, "documents of abc.json"));
	assert_non_null(strstr(c->findings.items[0].remedy, "AllowInexactJSON"));
}

TEST(the_text_is_all_where_that_is_allowed)
{
	struct context *c = *state;

	c->options.allow_inexact_json = true;
	carry(c, FLAVOUR_MYSQL, 50700, FLAVOUR_MYSQL);
	assert_false(c->json->json_is_typed);
	assert_int_equal(c->findings.count, 0);
}

TEST(mariadb_keeps_texts)
{
	struct context *c = *state;

	carry(c, FLAVOUR_MYSQL, 80004, FLAVOUR_MARIADB);
	assert_false(c->json->json_is_typed);
	assert_string_equal(c->json->types_list, "");
	assert_false(c->json->target_is_mysql);
	assert_true(c->json->is_between_flavours);
	assert_int_equal(c->findings.count, 0);
}

TEST(texts_that_are_json_there)
{
	struct context *c = *state;
	struct table *there = fixture_table(&c->fixture, "there", "plain");

	fixture_column(there, "ID", COLUMN_INT, "int", "");
	fixture_column(there, "B", COLUMN_JSON, "json", "");
	moved_table_set_target(c->plain, there);
	assert_false(c->plain->as_json[1]);
	assert_true(c->plain->as_json[2]);
	moved_table_set_target(c->json, there);
	assert_null(c->json->as_json);
}

TEST_MAIN(CASE(types_travel_from_mysql_to_mysql), CASE(a_source_that_cannot_tell_them_is_refused),
	  CASE(the_text_is_all_where_that_is_allowed), CASE(mariadb_keeps_texts),
	  CASE(texts_that_are_json_there))
