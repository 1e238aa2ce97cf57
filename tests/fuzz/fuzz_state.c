/* A state that a run is to go on from, over tables with keys of every form. One that is
 * taken is written out again, and that is taken too. */
#include <assert.h>
#include <stdlib.h>

#include "../unit/table_fixture.h"
#include "plan/findings.h"
#include "state/state_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture fixture;
static struct move_options options;
static struct moved_tables tables;

static void make_table(const char *name, enum column_type type, const char *raw_type,
		       const char *collation)
{
	struct table *table = fixture_table(&fixture, "abc", name);

	fixture_column(table, "k", type, raw_type, collation);
	fixture_column(table, "v", COLUMN_INT, "int(11)", "");
	fixture_index(table, "PRIMARY", true, "k");
}

static void make_tables(void)
{
	struct findings findings;
	struct table *pairs;

	if (fixture.schema.tables)
		return;
	fixture_init(&fixture);
	make_table("number", COLUMN_BIGINT, "bigint(20) unsigned", "");
	make_table("bytes", COLUMN_BINARY, "binary(4)", "");
	make_table("text", COLUMN_VARCHAR, "varchar(9)", "utf8mb4_bin");
	make_table("day", COLUMN_DATE, "date", "");
	pairs = fixture_table(&fixture, "abc", "pairs");
	fixture_column(pairs, "a", COLUMN_INT, "int(11)", "");
	fixture_column(pairs, "b", COLUMN_VARCHAR, "varchar(9)", "utf8mb4_bin");
	fixture_index(pairs, "PRIMARY", true, "a,b")->parts[1].descending = true;
	options.target.marginalia = "x";
	findings_init(&findings);
	moved_tables_make(&options, "0123456789abcdef", &fixture.schema, &tables, &findings);
	assert(findings.count == 0);
	findings_release(&findings);
}

static bool stays_as_it_is(void *context UNUSED, const char *table, const struct error *why)
{
	assert(table[0] && why->text[0]);
	return false;
}

static bool take(cJSON *tree, struct state_tracker *tracker)
{
	struct error err = ERROR_INIT;
	struct saved_state state;
	bool ok;

	if (!saved_state_parse(tree, &state, &err)) {
		assert(err.kind == ERROR_CONFIG && err.text[0]);
		return false;
	}
	ok = state_schema_check(&state, &fixture.schema, stays_as_it_is, NULL, &err) &&
	     saved_state_apply(&state, &tables, tracker, &err);
	assert(ok || err.text[0]);
	saved_state_release(&state);
	return ok;
}

static void go_on_from(const struct buf *text)
{
	struct error err = ERROR_INIT;
	struct state_tracker tracker;
	cJSON *tree = json_parse(text->data, text->length, &err);

	assert(tree);
	state_tracker_init(&tracker);
	state_tracker_set_tables(&tracker, &tables);
	assert(take(tree, &tracker));
	state_tracker_destroy(&tracker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct state_tracker tracker;
	struct buf text = BUF_INIT;
	cJSON *tree = json_parse((const char *)data, size, &err);

	if (!tree)
		return 0;
	make_tables();
	state_tracker_init(&tracker);
	state_tracker_set_tables(&tracker, &tables);
	if (take(tree, &tracker)) {
		struct state_schema schema;
		const struct state_parts parts = { .schema = &schema };
		struct run_state snapshot;

		state_schema_make(&schema, &fixture.schema);
		state_tracker_snapshot(&tracker, &snapshot);
		state_write(&text, &tracker, &snapshot, &parts);
		run_state_release(&snapshot);
		state_schema_release(&schema);
		go_on_from(&text);
	}
	state_tracker_destroy(&tracker);
	buf_release(&text);
	return 0;
}
