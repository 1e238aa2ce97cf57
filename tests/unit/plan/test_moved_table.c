/* Texts that are built, tables that are refused. */
#include "plan/moved_table.h"
#include "plan/findings.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct move_options options;
	struct table *table;
};

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));

	fixture_init(&c->fixture);
	c->options.target.marginalia = "application:ghostferry";
	c->table = fixture_keyless_table(&c->fixture);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	map_release(&c->options.keys.per_table);
	map_release(&c->options.databases.rewrites);
	map_release(&c->options.tables.rewrites);
	map_release(&c->options.tables.where);
	map_release(&c->options.batch_rows_per_table);
	fixture_release(&c->fixture);
	free(c);
	return 0;
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
	assert_string_equal(
		findings.items[0].remedy,
		"ALTER TABLE `abc`.`t1` ENGINE=InnoDB, or set "
		"AllowNonTransactionalTables (\"AllowNonTransactionalTables\": true), which keeps writers from the table while it is copied");
	assert_non_null(strstr(findings.items[2].text, "abc.t1.uuid is of type binary(16)"));
	moved_tables_release(&tables);
	findings_release(&findings);
}

/* What the errors say, "" for none; or the condition. */
static void check_where(struct context *c, const char *entry, char *condition, const char *want)
{
	struct moved_tables tables;
	struct findings findings;
	struct moved_table *t;

	map_put_text(&c->options.tables.where, entry, condition);
	findings_init(&findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &tables, &findings);
	t = moved_tables_find(&tables, "abc", "t1");
	if (findings_errors(&findings) > 0) {
		assert_null(t->where);
		assert_non_null(strstr(findings.items[findings.count - 1].text, want));
	} else {
		assert_string_equal(t->where, want);
		assert_true(t->may_displace);
	}
	moved_tables_release(&tables);
	findings_release(&findings);
}

TEST(chooses_rows)
{
	struct context *c = *state;
	char condition[] = "id=5", slip[] = "ids = 5";

	check_where(c, "abc.t1", condition, "it has no usable key");
	fixture_index(c->table, "PRIMARY", true, "id");
	check_where(c, "abc.t1", condition, "(`id` = 5)");
	check_where(c, "abc.t1", slip, "there is no column ids");
	check_where(c, "abc.*", condition, "two entries mean it");
	map_clear(&c->options.tables.where);
	check_where(c, "t?", condition, "(`id` = 5)");
	map_clear(&c->options.tables.where);
	check_where(c, "abc.t2", condition, "Tables.Where has abc.t2, which is no table");
}

/* Nothing outside of the part is deleted. */
TEST(deletes_from_its_part_alone)
{
	struct context *c = *state;
	struct moved_tables tables;
	struct findings findings;
	char condition[] = "id=5";

	fixture_index(c->table, "PRIMARY", true, "id");
	map_put_text(&c->options.tables.where, "t1", condition);
	findings_init(&findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &tables, &findings);
	assert_string_equal(tables.tables[0]->delete_head,
			    "/*application:ghostferry*/ DELETE FROM `abc`.`t1` WHERE (`id` = 5) AND (");
	moved_tables_release(&tables);
	findings_release(&findings);
}

static char innodb[] = "InnoDB";

/* Which have a way to be moved, and what they become. */
TEST(engines_without_transactions)
{
	static const struct {
		const char *engine;
		enum locked_tables allowed;
		bool is_small, is_rewritten;
		bool is_refused, keeps_engine;
		const char *says;
	} cases[] = {
		{ "MyISAM", LOCKED_NONE, true, true, true, false,
		  "or set AllowNonTransactionalTables" },
		{ "MyISAM", LOCKED_SMALL, false, true, true, false,
		  "or set AllowNonTransactionalTables" },
		{ "MyISAM", LOCKED_SMALL, true, false, false, true, "about 2 seconds (1 MB)" },
		{ "MyISAM", LOCKED_ALL, false, false, false, true, "about 2 seconds (1 MB)" },
		{ "MyISAM", LOCKED_ALL, false, true, false, false, "about 2 seconds (1 MB)" },
		{ "Aria", LOCKED_ALL, false, false, false, true, "locked against writes" },
		{ "MEMORY", LOCKED_ALL, false, false, false, true, "locked against writes" },
		{ "CSV", LOCKED_ALL, true, false, true, false, "ENGINE=InnoDB" },
		{ "BLACKHOLE", LOCKED_ALL, true, false, true, false, "it holds no rows of its own" },
		{ "MRG_MyISAM", LOCKED_ALL, true, false, true, false, "UNION ALL" },
	};
	struct context *c = *state;

	fixture_index(c->table, "PRIMARY", true, "id");
	c->table->estimated_rows = 50000;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct moved_tables tables;
		struct findings findings;
		const struct moved_table *t;

		free(c->table->engine);
		c->table->engine = mem_strdup(cases[i].engine);
		c->options.nontransactional = cases[i].allowed;
		c->table->is_small = cases[i].is_small;
		map_init(&c->options.engine_rewrites);
		if (cases[i].is_rewritten)
			map_put_text(&c->options.engine_rewrites, "myisam", innodb);
		findings_init(&findings);
		moved_tables_make(&c->options, NULL, &c->fixture.schema, &tables, &findings);
		t = tables.tables[0];
		assert_int_equal(findings_errors(&findings), cases[i].is_refused);
		assert_int_equal(t->is_nontransactional, !cases[i].is_refused);
		assert_int_equal(t->keeps_engine, cases[i].keeps_engine);
		assert_int_equal(t->key.count, cases[i].is_refused);
		assert_non_null(strstr(cases[i].is_refused ? findings.items[0].remedy :
							     findings.items[0].text,
				       cases[i].says));
		moved_tables_release(&tables);
		findings_release(&findings);
		map_release(&c->options.engine_rewrites);
	}
}

TEST_MAIN(CASE(builds_texts_without_generated_columns),
	  CASE(orders_by_size_and_finds_clashing_names), CASE(refuses_what_cannot_be_carried),
	  CASE(chooses_rows), CASE(deletes_from_its_part_alone), CASE(engines_without_transactions))
