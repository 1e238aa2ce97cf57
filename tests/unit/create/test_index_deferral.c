/* index_deferral: which indexes are left out of a new table, and which stay. */
#include "../../../src/create/index_deferral.h"
#include "plan/findings.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct move_options options;
	struct moved_tables tables;
	struct findings findings;
	struct index_deferral deferral;
	struct table *t;
};

/* abc.t (id, n, a, b, g AS ..., p POINT, d TEXT), with these indexes: */
enum { PRIMARY, UNIQUE, PLAIN, COUNTER, COMPUTED, PARTLY, SPATIAL, WORDS };

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));
	struct error err;

	fixture_init(&c->fixture);
	c->t = fixture_table(&c->fixture, "abc", "T");
	fixture_column(c->t, "id", COLUMN_INT, "int", "");
	fixture_column(c->t, "n", COLUMN_INT, "int", "");
	fixture_column(c->t, "a", COLUMN_INT, "int", "");
	fixture_column(c->t, "b", COLUMN_INT, "int", "");
	fixture_column(c->t, "g", COLUMN_INT, "int", "")->generation = COLUMN_VIRTUAL;
	fixture_column(c->t, "p", COLUMN_GEOMETRY, "point", "");
	fixture_column(c->t, "d", COLUMN_TEXT, "text", "utf8mb4_bin");
	fixture_index(c->t, "PRIMARY", true, "id");
	fixture_index(c->t, "u", true, "b");
	fixture_index(c->t, "plain", false, "a,b");
	fixture_index(c->t, "counter", false, "n,a");
	fixture_index(c->t, "computed", false, "g");
	fixture_index(c->t, "partly", false, "b,g");
	fixture_index(c->t, "spatial", false, "p")->is_ordered = false;
	fixture_index(c->t, "words", false, "d")->is_ordered = false;
	c->t->indexes[WORDS].is_fulltext = true;
	c->options.target.marginalia = "x";
	c->options.defer_indexes = true;
	findings_init(&c->findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &c->tables, &c->findings);
	c->options.defer_indexes = false; /* no server is asked */
	assert_true(index_deferral_load(&c->deferral, &c->options, NULL, NULL, &err));
	c->options.defer_indexes = true;
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	index_deferral_release(&c->deferral);
	moved_tables_release(&c->tables);
	findings_release(&c->findings);
	fixture_release(&c->fixture);
	free(c);
	return 0;
}

static uint64_t deferred(struct context *c)
{
	return index_deferral_of(&c->deferral, c->tables.tables[0]);
}

#define IN(index) (UINT64_C(1) << (index))
#define ALL (IN(PLAIN) | IN(COUNTER) | IN(SPATIAL) | IN(WORDS))

TEST(what_enforces_nothing_and_reads_no_expression_may_wait)
{
	struct context *c = *state;

	assert_int_equal(deferred(c), ALL);
	assert_true(index_set_has(c->t, deferred(c), "PLAIN"));
	assert_false(index_set_has(c->t, deferred(c), "u"));
	assert_false(index_set_has(c->t, deferred(c), "nothing"));
	c->t->indexes[PLAIN].parts[1].column = UINT_MAX;
	assert_int_equal(deferred(c), ALL & ~IN(PLAIN));
	c->t->columns[5].type = COLUMN_VECTOR;
	assert_int_equal(deferred(c), ALL & ~(IN(PLAIN) | IN(SPATIAL)));
	c->options.defer_indexes = false;
	assert_int_equal(deferred(c), 0);
}

TEST(what_counts_up_stays)
{
	struct context *c = *state;

	c->t->columns[1].is_auto_increment = true;
	assert_int_equal(deferred(c), ALL & ~IN(COUNTER));
	c->t->indexes[UNIQUE].parts[0].column = 1; /* that does it */
	assert_int_equal(deferred(c), ALL);
}

TEST(what_keeps_foreign_keys_stays)
{
	struct context *c = *state;

	map_put_text(&c->deferral.foreign_columns, "sabc.t.b", c); /* "plain" begins with another */
	map_put_text(&c->deferral.foreign_columns, "sabd.t.a", c);
	assert_int_equal(deferred(c), ALL);
	map_put_text(&c->deferral.foreign_columns, "sabc.t.a", c);
	map_put_text(&c->deferral.foreign_columns, "tabc.t.n", c);
	assert_int_equal(deferred(c), ALL & ~(IN(PLAIN) | IN(COUNTER)));
}

TEST(what_rows_are_found_by_stays)
{
	struct context *c = *state;
	char name[] = "Counter";

	c->tables.tables[0]->key.index = "plain";
	assert_int_equal(deferred(c), ALL & ~IN(PLAIN));
	map_init(&c->options.verify.force_index);
	map_put_text(&c->options.verify.force_index, "abc.T", name);
	assert_int_equal(deferred(c), ALL & ~(IN(PLAIN) | IN(COUNTER)));
	map_release(&c->options.verify.force_index);
	c->tables.tables[0]->key.count = 0;
	assert_int_equal(deferred(c), 0);
}

TEST(fulltext_over_its_own_ids_is_the_cutovers)
{
	struct context *c = *state;

	fixture_column(c->t, "FTS_DOC_ID", COLUMN_BIGINT, "bigint unsigned", "");
	assert_int_equal(deferred(c), ALL & ~IN(WORDS));
	c->t->is_system_versioned = true;
	assert_int_equal(deferred(c), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

TEST_MAIN(CASE(what_enforces_nothing_and_reads_no_expression_may_wait), CASE(what_counts_up_stays),
	  CASE(what_keeps_foreign_keys_stays), CASE(what_rows_are_found_by_stays),
	  CASE(fulltext_over_its_own_ids_is_the_cutovers))
