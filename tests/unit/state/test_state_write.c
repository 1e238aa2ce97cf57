/* The state: written, read back, cut short, and as other programs wrote it. */
#include "plan/findings.h"
#include "state/state_write.h"
#include "../table_fixture.h"
#include "../unit.h"

struct context {
	struct fixture fixture;
	struct move_options options;
	struct moved_tables tables;
	struct state_tracker tracker;
	struct findings findings;
	struct error err;
};

static char small[] = "small", hard[] = "hard";

/* abc.table1 (id bigint), abc.uuids (uuid binary(16)), abc.days (day date),
 * abc.pairs (a int, b varchar) and abc.big (id bigint unsigned) */
static bool no_remedy(void *context UNUSED, const char *table UNUSED, const struct error *err UNUSED)
{
	return false;
}

static void make_schema(struct fixture *f)
{
	struct table *t = fixture_table(f, "abc", "table1");
	struct column *c = fixture_column(t, "id", COLUMN_BIGINT, "bigint(20)", "");

	c->is_auto_increment = true;
	fixture_column(t, "data", COLUMN_VARCHAR, "varchar(16)", "utf8mb4_unicode_ci");
	c = fixture_column(t, "size", COLUMN_ENUM, "enum('small','hard')", "utf8mb4_bin");
	c->members = mem_calloc(2, sizeof(char *));
	c->members[0] = small;
	c->members[1] = hard;
	c->member_count = 2;
	fixture_index(t, "PRIMARY", true, "id");
	t = fixture_table(f, "abc", "uuids");
	fixture_column(t, "uuid", COLUMN_BINARY, "binary(4)", "");
	fixture_index(t, "PRIMARY", true, "uuid");
	t = fixture_table(f, "abc", "days");
	fixture_column(t, "day", COLUMN_DATE, "date", "");
	fixture_index(t, "PRIMARY", true, "day");
	fixture_index(t, "by`day", false, "day");
	fixture_index(t, "day", false, "day");
	t = fixture_table(f, "abc", "pairs");
	fixture_column(t, "a", COLUMN_INT, "int(11)", "");
	fixture_column(t, "b", COLUMN_VARCHAR, "varchar(9)", "utf8mb4_bin");
	fixture_index(t, "PRIMARY", true, "a,b")->parts[1].descending = true;
	t = fixture_table(f, "abc", "big");
	fixture_column(t, "id", COLUMN_BIGINT, "bigint(20) unsigned", "");
	fixture_index(t, "PRIMARY", true, "id");
}

static int set_up(void **state)
{
	struct context *c = mem_calloc(1, sizeof(*c));

	fixture_init(&c->fixture);
	make_schema(&c->fixture);
	c->options.target.marginalia = "x";
	findings_init(&c->findings);
	moved_tables_make(&c->options, NULL, &c->fixture.schema, &c->tables, &c->findings);
	assert_int_equal(c->findings.count, 0);
	state_tracker_init(&c->tracker);
	state_tracker_set_tables(&c->tracker, &c->tables);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct context *c = *state;

	free(c->fixture.schema.tables[0].columns[2].members);
	state_tracker_destroy(&c->tracker);
	moved_tables_release(&c->tables);
	findings_release(&c->findings);
	fixture_release(&c->fixture);
	free(c);
	return 0;
}

static void copied(struct context *c, const char *table, const char *first, const char *second)
{
	const struct moved_table *t = moved_tables_find(&c->tables, "abc", table);
	struct value values[2] = { { first, strlen(first) },
				   { second, second ? strlen(second) : 0 } };
	struct key key = KEY_INIT;

	key_set(&key, values, second ? 2 : 1);
	state_tracker_copied_up_to(&c->tracker, t, &key);
	key_release(&key);
}

static void copied_to_somewhere(struct context *c)
{
	struct binlog_position position = { .file = "mysql-bin.000008", .offset = UINT64_MAX };

	state_tracker_begin(&c->tracker, NULL);
	state_tracker_set_source(&c->tracker, "0a1b");
	state_tracker_set_lock_count(&c->tracker, 12);
	state_tracker_start_at(&c->tracker, &position, false, NULL, NULL);
	copied(c, "table1", "-9223372036854775808", NULL);
	copied(c, "uuids", "\x01\xfe\x27z", NULL);
	copied(c, "days", "2024-01-01", NULL);
	copied(c, "pairs", "-5", "\xc3\xa9'");
	copied(c, "big", "18446744073709551615", NULL);
	state_tracker_set_complete(&c->tracker, moved_tables_find(&c->tables, "abc", "days"), true);
}

static void write_with(struct context *c, const struct state_schema *schema, struct buf *out)
{
	const struct state_parts parts = { .schema = schema };
	struct run_state snapshot;

	state_tracker_snapshot(&c->tracker, &snapshot);
	state_write(out, &c->tracker, &snapshot, &parts);
	run_state_release(&snapshot);
}

static void write_state(struct context *c, struct buf *out)
{
	struct state_schema schema;

	state_schema_make(&schema, &c->fixture.schema);
	write_with(c, &schema, out);
	state_schema_release(&schema);
}

static bool parse(struct context *c, const char *text, struct saved_state *saved)
{
	cJSON *tree = json_parse(text, strlen(text), &c->err);

	return tree && saved_state_parse(tree, saved, &c->err);
}

static bool apply(struct context *c, const char *text)
{
	struct saved_state saved;
	bool ok = parse(c, text, &saved);

	if (!ok)
		return false;
	ok = saved_state_apply(&saved, &c->tables, &c->tracker, &c->err);
	saved_state_release(&saved);
	return ok;
}

TEST(writes_the_documented_layout)
{
	struct context *c = *state;
	struct buf out = BUF_INIT;

	copied(c, "table1", "200", NULL);
	write_state(c, &out);
	assert_memory_equal(out.data, "{\n \"GhostferryVersion\": \"", 25);
	assert_non_null(strstr(out.data, "\"LastKnownTableSchemaCache\": {\n"
					 "  \"abc.table1\": {\n"
					 "   \"Schema\": \"abc\",\n"
					 "   \"Name\": \"table1\",\n"
					 "   \"Columns\": [\n"
					 "    {\n"
					 "     \"Name\": \"id\",\n"
					 "     \"Type\": 1,\n"
					 "     \"Collation\": \"\",\n"
					 "     \"RawType\": \"bigint(20)\",\n"
					 "     \"IsAuto\": true,\n"
					 "     \"IsUnsigned\": false,\n"
					 "     \"IsVirtual\": false,\n"
					 "     \"IsStored\": false,\n"
					 "     \"EnumValues\": null,\n"
					 "     \"SetValues\": null\n"
					 "    },\n"));
	assert_non_null(strstr(out.data, "     \"EnumValues\": [\n"
					 "      \"small\",\n"
					 "      \"hard\"\n"
					 "     ],\n"));
	assert_non_null(strstr(out.data, "   \"PKColumns\": [\n    0\n   ],\n"
					 "   \"UnsignedColumns\": null\n"));
	assert_non_null(strstr(out.data, " \"CurrentStage\": \"COPY\",\n"
					 " \"CopyStage\": {\n"
					 "  \"LastProcessedBinlogPosition\": {\n"
					 "   \"Name\": \"\",\n"
					 "   \"Pos\": 0\n"
					 "  },\n"
					 "  \"LastSuccessfulPaginationKeys\": {\n"
					 "   \"abc.table1\": 200\n"
					 "  },\n"
					 "  \"CompletedTables\": {}\n"
					 " },\n"
					 " \"VerifierStage\": null,\n"));
	buf_release(&out);
}

TEST(keys_stand_as_documented)
{
	struct context *c = *state;
	struct buf out = BUF_INIT;

	copied_to_somewhere(c);
	write_with(c, NULL, &out);
	assert_non_null(strstr(out.data, "\"abc.table1\": -9223372036854775808"));
	assert_non_null(strstr(out.data, "\"abc.big\": 18446744073709551615"));
	assert_non_null(strstr(out.data, "\"Pos\": 18446744073709551615"));
	assert_non_null(strstr(out.data, "\"abc.uuids\": {\n"
					 "    \"type\": \"binary\",\n"
					 "    \"value\": \"01fe277a\",\n"
					 "    \"column\": \"uuid\"\n"));
	assert_non_null(strstr(out.data, "\"type\": \"text\",\n"
					 "    \"value\": \"2024-01-01\",\n"
					 "    \"column\": \"day\"\n"));
	assert_non_null(strstr(out.data, "\"abc.days\": true"));
	assert_non_null(strstr(out.data, "\"b DESC\""));
	assert_non_null(strstr(out.data, "\"LastKnownTableSchemaCache\": null"));
	buf_release(&out);
}

/* Who made it is another matter than what it says. */
static void without_line(struct buf *text)
{
	char *line = strstr(text->data, " \"StateLine\"");

	assert_non_null(line);
	buf_truncate(text, (size_t)(line - text->data));
}

TEST(comes_back_as_it_was)
{
	struct context *c = *state;
	struct buf out = BUF_INIT, again = BUF_INIT;
	char *run_id;

	copied_to_somewhere(c);
	run_id = mem_strdup(c->tracker.state.run_id);
	assert_int_equal(strlen(run_id), 32);
	write_state(c, &out);
	state_tracker_destroy(&c->tracker);
	state_tracker_init(&c->tracker);
	state_tracker_set_tables(&c->tracker, &c->tables);
	assert_true(apply(c, out.data));
	assert_string_equal(c->tracker.state.run_id, run_id);
	assert_int_equal(c->tracker.state.lock_count, 12);
	write_state(c, &again);
	without_line(&out);
	without_line(&again);
	assert_string_equal(out.data, again.data);
	free(run_id);
	buf_release(&out);
	buf_release(&again);
}

static const struct table_state *resumed(struct context *c, const char *text, const char *table)
{
	state_tracker_destroy(&c->tracker);
	state_tracker_init(&c->tracker);
	state_tracker_set_tables(&c->tracker, &c->tables);
	assert_true(apply(c, text));
	return &c->tracker.state.tables[moved_tables_find(&c->tables, "abc", table)->index];
}

/* Written again after every resume, and of the prefix alone: what lies beyond is read again. */
TEST(tells_how_many_rows_were_copied)
{
	struct context *c = *state;
	const struct moved_table *pairs = moved_tables_find(&c->tables, "abc", "pairs");
	struct buf out = BUF_INIT;
	const struct table_state *t;

	copied_to_somewhere(c);
	state_tracker_batch_written(&c->tracker, pairs, 90, 900);
	state_tracker_copied(&c->tracker, pairs, 60, 600);
	write_state(c, &out);
	t = resumed(c, out.data, "pairs");
	assert_int_equal(t->before.rows, 60);
	assert_int_equal(t->before.bytes, 600);
	assert_int_equal(t->written.rows, 0);
	assert_false(t->is_uncounted);
	state_tracker_batch_written(&c->tracker, pairs, 30, 300);
	state_tracker_copied(&c->tracker, pairs, 30, 300);
	buf_clear(&out);
	write_state(c, &out);
	t = resumed(c, out.data, "pairs");
	assert_int_equal(t->before.rows, 90);
	buf_release(&out);
}

/* Of before these figures; and nobody counts from 0 later on as if that were all. */
TEST(an_older_state_does_not_tell_how_many)
{
	struct context *c = *state;
	const char *text = "{\"GhostferryVersion\":\"1.1.0\",\"CopyStage\":{"
			   "\"LastProcessedBinlogPosition\":{\"Name\":\"b.1\",\"Pos\":4},"
			   "\"LastSuccessfulPaginationKeys\":{\"abc.table1\":5},"
			   "\"CompletedTables\":{\"abc.big\":true}}}";
	const struct moved_table *table1 = moved_tables_find(&c->tables, "abc", "table1");
	struct buf out = BUF_INIT;

	assert_true(resumed(c, text, "table1")->is_uncounted);
	assert_true(resumed(c, text, "big")->is_uncounted);
	assert_false(resumed(c, text, "days")->is_uncounted);
	state_tracker_copied(&c->tracker, table1, 7, 70);
	write_with(c, NULL, &out);
	assert_true(resumed(c, out.data, "table1")->is_uncounted);
	state_tracker_forget_copied(&c->tracker);
	assert_false(c->tracker.state.tables[table1->index].is_uncounted);
	buf_release(&out);
}

TEST(tells_which_indexes_are_still_to_be_added)
{
	struct context *c = *state;
	const struct moved_table *t = moved_tables_find(&c->tables, "abc", "days");
	struct buf out = BUF_INIT;

	copied_to_somewhere(c);
	write_state(c, &out);
	assert_null(strstr(out.data, "DeferredIndexes"));
	state_tracker_set_deferred(&c->tracker, t, 6);
	buf_clear(&out);
	write_state(c, &out);
	assert_non_null(strstr(out.data, "\"DeferredIndexes\""));
	assert_non_null(strstr(out.data, "by`day"));
	state_tracker_destroy(&c->tracker);
	state_tracker_init(&c->tracker);
	state_tracker_set_tables(&c->tracker, &c->tables);
	assert_true(apply(c, out.data));
	assert_int_equal(state_tracker_deferred(&c->tracker, t), 6);
	buf_release(&out);
}

/* In either layout. */
TEST(tells_where_the_target_was_watched)
{
#define WATCHED "\"LastStoredBinlogPositionForTargetVerifier\":{\"Name\":\"b.9\",\"Pos\":77}"
	static const char *const texts[] = {
		"{\"GhostferryVersion\":\"1.1.0\",\"LastWrittenBinlogPosition\":{\"Name\":\"b.1\","
		"\"Pos\":4}," WATCHED "}",
		"{\"GhostferryVersion\":\"1.1.0\",\"CopyStage\":{\"LastProcessedBinlogPosition\":{"
		"\"Name\":\"b.1\",\"Pos\":4}," WATCHED "}}",
	};
	const struct binlog_position watched = { .file = "b.9", .offset = 77 };
	struct context *c = *state;
	struct saved_state saved;
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_true(parse(c, texts[i], &saved));
		assert_int_equal(binlog_position_compare(&saved.run.watched, &watched), 0);
		assert_string_equal(saved.run.position.file, "b.1");
		saved_state_release(&saved);
	}
	copied_to_somewhere(c);
	write_with(c, NULL, &out);
	assert_null(strstr(out.data, "ForTargetVerifier"));
	assert_true(parse(c, out.data, &saved));
	assert_false(binlog_position_is_set(&saved.run.watched));
	saved_state_release(&saved);
	state_tracker_set_watched(&c->tracker, &watched);
	buf_clear(&out);
	write_with(c, NULL, &out);
	assert_true(parse(c, out.data, &saved));
	assert_int_equal(binlog_position_compare(&saved.run.watched, &watched), 0);
	saved_state_release(&saved);
	buf_release(&out);
}

/* Only while that is more than what is known to be applied as whole transactions. */
TEST(tells_how_far_rows_were_streamed)
{
	const struct binlog_position streamed = { .file = "b.2", .offset = 99 };
	const struct binlog_position earlier = { .file = "b.2", .offset = 98 };
	const struct binlog_position applied = { .file = "b.2", .offset = 120 };
	struct context *c = *state;
	struct saved_state saved;
	struct buf out = BUF_INIT, again = BUF_INIT;

	copied_to_somewhere(c);
	state_tracker_start_at(&c->tracker, &(struct binlog_position){ "b.1", 4, 0 }, false, NULL,
			       NULL);
	state_tracker_streamed(&c->tracker, &streamed);
	state_tracker_streamed(&c->tracker, &earlier);
	write_with(c, NULL, &out);
	assert_true(parse(c, out.data, &saved));
	assert_int_equal(binlog_position_compare(&saved.run.streamed, &streamed), 0);
	saved_state_release(&saved);
	state_tracker_start_at(&c->tracker, &(struct binlog_position){ "b.1", 4, 0 }, true, NULL,
			       NULL);
	assert_true(apply(c, out.data));
	write_with(c, NULL, &again);
	without_line(&out);
	without_line(&again);
	assert_string_equal(again.data, out.data);
	state_tracker_start_at(&c->tracker, &applied, false, NULL, NULL);
	buf_clear(&out);
	write_with(c, NULL, &out);
	assert_null(strstr(out.data, "StreamedBinlogPosition"));
	buf_release(&out);
	buf_release(&again);
}

TEST(every_truncation_is_an_error)
{
	struct context *c = *state;
	struct buf out = BUF_INIT;
	struct saved_state saved;

	copied_to_somewhere(c);
	write_state(c, &out);
	for (size_t length = 0; length < out.length; length++) {
		char *cut = mem_memdup(out.data, length);
		cJSON *tree = json_parse(cut, length, &c->err);

		assert_false(tree && saved_state_parse(tree, &saved, &c->err));
		free(cut);
	}
	buf_release(&out);
}

/* Each member in turn is taken out, and replaced by values of every other type. */
static void assault(struct context *c, const char *text, const char *name, const cJSON *value)
{
	cJSON *tree = json_parse(text, strlen(text), &c->err);
	cJSON *owner = cJSON_GetObjectItemCaseSensitive(tree, name) ?
			       tree :
			       cJSON_GetObjectItemCaseSensitive(tree, "CopyStage");
	struct saved_state saved;

	cJSON_DeleteItemFromObjectCaseSensitive(tree, "StateChecksum");
	cJSON_DeleteItemFromObjectCaseSensitive(owner, name);
	if (value)
		cJSON_AddItemToObject(owner, name, cJSON_Duplicate(value, true));
	if (!saved_state_parse(tree, &saved, &c->err))
		return;
	if (state_schema_check(&saved, &c->fixture.schema, no_remedy, NULL, &c->err))
		(void)!saved_state_apply(&saved, &c->tables, &c->tracker, &c->err);
	saved_state_release(&saved);
}

TEST(survives_hostile_members)
{
	static const char *const names[] = {
		"GhostferryVersion",
		"LastKnownTableSchemaCache",
		"CurrentStage",
		"CopyStage",
		"LastProcessedBinlogPosition",
		"LastSuccessfulPaginationKeys",
		"CompletedTables",
		"VerifierStage",
		"StateFormat",
		"RunID",
		"SourceServerUUID",
		"TargetLockCount",
		"CutoverUnlockCalled",
		"StreamedBinlogPosition",
		"PaginationKeyColumns",
	};
	static const char *const values[] = {
		"null",
		"true",
		"[]",
		"{}",
		"-1",
		"1e300",
		"18446744073709551616",
		"\"\"",
		"[[]]",
		"\"zz\"",
		"{\"Name\":1,\"Pos\":\"x\"}",
		"{\"abc.table1\":{}}",
		"{\"abc.table1\":{\"Columns\":[1,2,3],\"PKColumns\":[0,1,2]}}",
		"{\"abc.table1\":{\"PaginationKeyColumn\":[]}}",
		"{\"abc.table1\":[]}",
		"{\"abc.table1\":{\"type\":\"composite\",\"columns\":{},\"values\":[1]}}",
		"{\"abc.table1\":{\"type\":\"composite\",\"columns\":{\"a\":1},\"values\":[1]}}",
		"{\"abc.table1\":{\"type\":\"composite\",\"columns\":[1],\"values\":[1]}}",
		"{\"abc.uuids\":{\"type\":\"binary\",\"value\":\"0\"}}",
		"{\"abc.uuids\":{\"type\":\"binary\",\"value\":\"\"}}",
	};
	struct context *c = *state;
	struct buf out = BUF_INIT;

	copied_to_somewhere(c);
	state_tracker_set_cutover_unlocked(&c->tracker);
	write_state(c, &out);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assault(c, out.data, names[i], NULL);
		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			cJSON *value = json_parse(values[k], strlen(values[k]), &c->err);

			assert_non_null(value);
			assault(c, out.data, names[i], value);
			cJSON_Delete(value);
		}
	}
	buf_release(&out);
}

TEST(reads_layouts_of_other_versions)
{
	static const struct {
		const char *text, *file;
		uint64_t offset;
		const char *key; /* of abc.big */
	} cases[] = {
		{ "{\"GhostferryVersion\":\"1.1.0+2018\",\"LastSuccessfulPrimaryKeys\":{\"abc."
		  "big\":"
		  "7},\"CompletedTables\":null,\"LastWrittenBinlogPosition\":{\"Name\":\"b."
		  "000001\","
		  "\"Pos\":4}}",
		  "b.000001", 4, "7" },
		{ "{\"GhostferryVersion\":\"?.?.?+??\",\"LastSuccessfulPaginationKeys\":{\"abc."
		  "big\":"
		  "{\"type\":\"uint64\",\"value\":18446744073709551614,\"column\":\"id\"}},"
		  "\"LastWrittenBinlogPosition\":{\"Name\":\"b.1000000\",\"Pos\":4},"
		  "\"LastStoredBinlogPositionForInlineVerifier\":{\"Name\":\"b.999999\",\"Pos\":9}"
		  "}",
		  "b.999999", 9, "18446744073709551614" },
		{ "{\"GhostferryVersion\":\"1.3.1\",\"LastSuccessfulPaginationKeys\":{\"abc.big\":"
		  "1},"
		  "\"LastWrittenBinlogPosition\":{\"Name\":\"b.1\",\"Pos\":18446744073709551615},"
		  "\"LastStoredBinlogPositionForInlineVerifier\":{\"Name\":\"\",\"Pos\":0}}",
		  "b.1", UINT64_MAX, "1" },
		{ "{\"GhostferryVersion\":\"1.1.0\",\"CurrentStage\":\"COPY\",\"CopyStage\":{"
		  "\"LastProcessedBinlogPosition\":{\"Name\":\"b.2\",\"Pos\":5},"
		  "\"LastSuccessfulPrimaryKeys\":{\"abc.big\":3}},\"VerifierStage\":null}",
		  "b.2", 5, "3" },
	};
	struct context *c = *state;
	struct binlog_position position;
	struct key key = KEY_INIT;
	bool is_complete;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (!apply(c, cases[i].text))
			fail_msg("%s", c->err.text);
		assert_true(state_tracker_position(&c->tracker, &position));
		assert_string_equal(position.file, cases[i].file);
		assert_true(position.offset == cases[i].offset);
		state_tracker_key(&c->tracker, moved_tables_find(&c->tables, "abc", "big"), &key,
				  &is_complete);
		assert_string_equal(key.bytes.data, cases[i].key);
		assert_false(is_complete);
	}
	key_release(&key);
}

#define HEAD                                                                                       \
	"{\"GhostferryVersion\":\"1.1.0\",\"LastWrittenBinlogPosition\":{\"Name\":\"b.1\","        \
	"\"Pos\":4},"

TEST(refuses_with_the_reason)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "[]", "the state: must be an object, is an array" },
		{ "{}", "it has no GhostferryVersion: this is no state of a run" },
		{ "{\"GhostferryVersion\":\"99.0.0\"}", "is newer than this one" },
		{ "{\"GhostferryVersion\":\"99999999999999999999.0.0\"}", "is newer than this one" },
		{ "{\"GhostferryVersion\":\"1.1.0\",\"StateFormat\":3}", "formats up to 2" },
		{ "{\"GhostferryVersion\":\"1.1.0\"}", "dumped before the run had started" },
		{ "{\"GhostferryVersion\":\"1.1.0\",\"CopyStage\":{\"LastProcessedBinlogPosition\":"
		  "{\"Name\":\"\",\"Pos\":0}}}",
		  "CopyStage: LastProcessedBinlogPosition: names no binlog file" },
		{ "{\"GhostferryVersion\":\"1.1.0\",\"CopyStage\":{\"LastProcessedBinlogPosition\":"
		  "{\"Name\":\"b\",\"Pos\":1.5}}}",
		  "CopyStage: LastProcessedBinlogPosition: Pos: must be a whole number" },
		{ HEAD "\"CompletedTables\":{\"abc.t\":1}}", "CompletedTables: abc.t: must be true" },
		{ HEAD "\"CopiedRows\":7}", "CopiedRows: must be an object" },
		{ HEAD "\"CopiedRows\":{\"abc.big\":{\"Rows\":1}}}",
		  "CopiedRows.abc.big: must have Rows and Bytes" },
		{ HEAD "\"CompletedTables\":{\"abc.t\":true}}", "not among those chosen now" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.t\":1}}",
		  "LastSuccessfulPaginationKeys.abc.t: the table is not among" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.big\":1.5}}", "must be an integer" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.big\":-1}}", "is not a value of" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.table1\":9223372036854775808}}",
		  "is not a value of the key column `id` (bigint(20))" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.uuids\":1}}",
		  "the saved key is an integer, the key column `uuid` (binary(4)) needs hex" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.uuids\":{\"type\":\"binary\","
		       "\"value\":\"00000000\",\"column\":\"id\"}}}",
		  "is of column `id`, the table's key is `uuid` now" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.uuids\":{\"type\":\"binary\","
		       "\"value\":\"0g\"}}}",
		  "must be hexadecimal" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.uuids\":{\"type\":\"oid\"}}}",
		  "unknown key type \"oid\"" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.days\":{\"type\":\"text\","
		       "\"value\":\"1' OR 1=1\"}}}",
		  "is not a value of the key column `day`" },
		{ HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.pairs\":1}}",
		  "the saved key has 1 column, the table's key has 2 now" },
		{ HEAD "\"PaginationKeyColumns\":{\"abc.big\":[\"uid\"]},"
		       "\"LastSuccessfulPaginationKeys\":{\"abc.big\":1}}",
		  "are not those the copy was made with" },
		{ HEAD "\"LastKnownTableSchemaCache\":{\"abc.big\":{\"PaginationKeyColumn\":{"
		       "\"Name\":\"uid\"}}},\"LastSuccessfulPaginationKeys\":{\"abc.big\":1}}",
		  "was walked by `uid` and is by `id` now" },
		{ HEAD "\"RunID\":\"x'; DROP\"}", "RunID: must be 32 hexadecimal digits" },
		{ HEAD "\"TargetLockCount\":-1}", "TargetLockCount" },
		{ HEAD "\"CutoverUnlockCalled\":1}", "CutoverUnlockCalled: must be true" },
		{ HEAD "\"StreamedBinlogPosition\":{\"Name\":\"b.1\"}}",
		  "StreamedBinlogPosition: Pos is missing" },
		{ HEAD "\"RowFilters\":[]}", "RowFilters: must be an object" },
		{ HEAD "\"RowFilters\":{\"abc.days\":\"(`day` IS NULL)\"}}",
		  "RowFilters: the rows of table abc.days were chosen by (`day` IS NULL) in the run that "
		  "is resumed, and are by no condition now" },
		{ HEAD "\"DeferredIndexes\":[]}", "DeferredIndexes: must be an object" },
		{ HEAD "\"DeferredIndexes\":{\"abc.t\":[\"day\"]}}",
		  "DeferredIndexes.abc.t: the table is not among" },
		{ HEAD "\"DeferredIndexes\":{\"abc.days\":\"day\"}}", "must be an array" },
		{ HEAD "\"DeferredIndexes\":{\"abc.days\":[\"day\",\"days\"]}}",
		  "DeferredIndexes.abc.days: the source has no index days now" },
		{ HEAD "\"DeferredIndexes\":{\"abc.days\":[1]}}", "the source has no index" },
	};
	struct context *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_false(apply(c, cases[i].text));
		if (!strstr(c->err.text, cases[i].reason))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, c->err.text, cases[i].reason);
		assert_int_equal(c->err.kind, ERROR_CONFIG);
	}
}

TEST(a_descending_key_needs_its_directions)
{
	static const char text[] = HEAD "\"LastSuccessfulPaginationKeys\":{\"abc.big\":1}}";
	struct context *c = *state;
	struct moved_table *t = moved_tables_find(&c->tables, "abc", "big");

	t->key.descending[0] = true;
	assert_false(apply(c, text));
	t->key.descending[0] = false;
	assert_true(apply(c, text));
}

TEST(gtids_come_back)
{
	static const char set[] = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:1-5:7";
	struct context *c = *state;
	struct gtid gtid = { .kind = GTID_MYSQL, .number = 3 };
	struct binlog_position position = { .file = "b.1", .offset = 4, .file_created = 1700000000 };
	struct gtid_set applied = GTID_SET_INIT;
	struct saved_state saved;
	struct buf out = BUF_INIT;

	assert_true(gtid_set_parse(&applied, set, strlen(set), &c->err));
	state_tracker_start_at(&c->tracker, &position, false, &applied, &applied);
	state_tracker_received(&c->tracker, &gtid);
	write_with(c, NULL, &out);
	assert_non_null(
		strstr(out.data, "\"GTIDSet\": \"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:1-5:7\""));
	assert_true(parse(c, out.data, &saved));
	assert_true(saved.run.has_gtids);
	assert_int_equal(saved.run.position.file_created, 1700000000);
	assert_true(gtid_set_is_subset(&saved.run.applied, &applied, NULL));
	assert_true(gtid_set_contains(&saved.run.received, &gtid));
	saved_state_release(&saved);

	state_tracker_received(&c->tracker, NULL); /* a transaction without one */
	state_tracker_received(&c->tracker, &gtid);
	buf_clear(&out);
	write_with(c, NULL, &out);
	assert_null(strstr(out.data, "GTIDSet"));
	assert_true(parse(c, out.data, &saved));
	assert_false(saved.run.has_gtids);
	saved_state_release(&saved);
	gtid_set_release(&applied);
	buf_release(&out);
}

TEST(odd_gtids_are_refused)
{
	static const char *const cases[] = {
		"\"ReceivedGTIDSet\":\"x\"}",
		"\"ReceivedGTIDSet\":7}",
		"\"LastWrittenBinlogPosition\":{\"Name\":\"b.1\",\"Pos\":4,\"GTIDSet\":\"0-1\"}}",
		"\"LastWrittenBinlogPosition\":{\"Name\":\"b.1\",\"Pos\":4,\"FileCreated\":-1}}",
	};
	struct context *c = *state;
	struct saved_state saved;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf text = BUF_INIT;

		buf_printf(&text, i < 2 ? HEAD "%s" : "{\"GhostferryVersion\":\"1.1.0\",%s",
			   cases[i]);
		if (parse(c, buf_text(&text), &saved))
			fail_msg("%s was taken", cases[i]);
		buf_release(&text);
	}
}

TEST(the_source_is_the_one_there_is)
{
	struct context *c = *state;

	state_tracker_begin(&c->tracker, NULL);
	state_tracker_set_source(&c->tracker, "aaaa");
	state_tracker_set_lock_count(&c->tracker, 1);
	assert_true(apply(c, HEAD "\"SourceServerUUID\":\"bbbb\"}"));
	assert_true(apply(c, HEAD "\"CurrentStage\":\"COPY\"}"));
	assert_string_equal(c->tracker.state.source_uuid, "aaaa");
}

TEST(knows_a_finished_run)
{
	struct context *c = *state;
	struct saved_state saved;

	assert_true(parse(c, HEAD "\"CurrentStage\":\"DONE\"}", &saved));
	assert_true((saved.run.phase == PHASE_DONE) && saved.run.cutover_unlocked);
	saved_state_release(&saved);
	assert_true(parse(c, HEAD "\"CurrentStage\":\"CUTOVER\"}", &saved));
	assert_false((saved.run.phase == PHASE_DONE) || saved.run.cutover_unlocked);
	saved_state_release(&saved);
}

TEST(what_was_handed_over_stays_so)
{
	struct context *c = *state;
	struct buf out = BUF_INIT;
	struct saved_state saved;

	assert_true(apply(c, HEAD "\"CurrentStage\":\"CUTOVER\",\"CutoverUnlockCalled\":true}"));
	write_state(c, &out);
	assert_true(parse(c, buf_text(&out), &saved));
	assert_true(saved.run.cutover_unlocked && !(saved.run.phase == PHASE_DONE));
	saved_state_release(&saved);
	buf_release(&out);
}

static bool schema_is_same(struct context *c, const struct buf *text)
{
	struct saved_state saved;
	bool same;

	assert_true(parse(c, text->data, &saved));
	same = state_schema_check(&saved, &c->fixture.schema, no_remedy, NULL, &c->err);
	saved_state_release(&saved);
	return same;
}

static void set(char **text, const char *to)
{
	free(*text);
	*text = mem_strdup(to);
}

TEST(notices_another_schema)
{
	struct context *c = *state;
	struct buf text = BUF_INIT;
	struct table *t = &c->fixture.schema.tables[0];

	copied_to_somewhere(c);
	write_state(c, &text);
	assert_true(schema_is_same(c, &text));
	set(&t->columns[0].raw_type, "bigint");
	assert_true(schema_is_same(c, &text));
	set(&t->columns[0].raw_type, "bigint unsigned");
	assert_false(schema_is_same(c, &text));
	assert_non_null(strstr(c->err.text, "table abc.table1: column `id` was bigint(20) and is "
					    "bigint unsigned now"));
	assert_int_equal(c->err.kind, ERROR_SCHEMA);
	set(&t->columns[0].raw_type, "bigint");
	set(&t->columns[1].collation, "latin1_bin");
	assert_false(schema_is_same(c, &text));
	set(&t->columns[1].collation, "utf8mb4_unicode_ci");
	set(&t->columns[1].name, "datum");
	assert_false(schema_is_same(c, &text));
	set(&t->columns[1].name, "data");
	t->columns[1].generation = COLUMN_STORED;
	assert_false(schema_is_same(c, &text));
	t->columns[1].generation = COLUMN_PLAIN;
	t->indexes[0].parts[0].column = 1;
	assert_false(schema_is_same(c, &text));
	t->indexes[0].parts[0].column = 0;
	t->column_count--;
	assert_false(schema_is_same(c, &text));
	t->column_count++;
	assert_true(schema_is_same(c, &text));
	fixture_column(fixture_table(&c->fixture, "abc", "new"), "id", COLUMN_INT, "int", "");
	assert_false(schema_is_same(c, &text));
	assert_non_null(strstr(c->err.text, "table abc.new was not there"));
	buf_release(&text);
}

TEST(no_cache_is_not_compared)
{
	struct context *c = *state;
	struct buf text = BUF_INIT;

	copied_to_somewhere(c);
	write_with(c, NULL, &text);
	assert_true(schema_is_same(c, &text));
	buf_release(&text);
}

static uint64_t last_save(struct context *c, struct buf *text)
{
	struct saved_state saved;
	uint64_t save;

	buf_clear(text);
	write_with(c, NULL, text);
	assert_true(parse(c, text->data, &saved));
	assert_int_equal(saved.run.line.count, 1);
	assert_string_equal(saved.run.line.steps[0].process, c->tracker.process);
	save = saved.run.line.steps[0].save;
	saved_state_release(&saved);
	return save;
}

static uint64_t number(struct context *c, uint64_t snapshot, uint64_t sum)
{
	struct state_line line = STATE_LINE_INIT;
	uint64_t save;

	state_tracker_line(&c->tracker, snapshot, sum, &line);
	save = line.steps[line.count - 1].save;
	state_line_release(&line);
	return save;
}

/* In the order of their snapshots; what says the same has the same number. */
TEST(saves_are_numbered)
{
	struct context *c = *state;
	struct buf text = BUF_INIT;
	uint64_t first, second;

	copied_to_somewhere(c);
	first = last_save(c, &text);
	assert_int_equal(last_save(c, &text), first);
	copied(c, "table1", "7", NULL);
	second = last_save(c, &text);
	assert_true(second > first);
	assert_int_equal(last_save(c, &text), second);
	/* The older of two snapshots is the later one to be numbered. */
	first = ++c->tracker.snapshots;
	second = ++c->tracker.snapshots;
	assert_int_equal(number(c, second, 1), second);
	assert_int_equal(number(c, first, 2), first);
	assert_int_equal(number(c, ++c->tracker.snapshots, 1), second);
	buf_release(&text);
}

/* Every digit counts, and every letter; how it is written does not. */
TEST(a_changed_state_is_refused)
{
	struct context *c = *state;
	struct buf text = BUF_INIT, compact = BUF_INIT;
	struct saved_state saved;
	cJSON *tree;

	copied_to_somewhere(c);
	write_state(c, &text);
	for (size_t i = 0; i < text.length; i++) {
		char was = text.data[i];

		if (was < '0' || was > '9')
			continue;
		text.data[i] = was == '9' ? '1' : (char)(was + 1);
		tree = json_parse(text.data, text.length, &c->err);
		assert_false(tree && saved_state_parse(tree, &saved, &c->err));
		text.data[i] = was;
	}
	tree = json_parse(text.data, text.length, &c->err);
	cJSON_AddItemToObject(tree, "CurrentStage",
			      cJSON_DetachItemFromObject(tree, "CurrentStage"));
	json_print(&compact, tree, 0);
	cJSON_Delete(tree);
	assert_true(parse(c, compact.data, &saved));
	saved_state_release(&saved);
	tree = json_parse(text.data, text.length, &c->err);
	cJSON_DeleteItemFromObject(tree, "RunID");
	assert_false(saved_state_parse(cJSON_Duplicate(tree, true), &saved, &c->err));
	assert_non_null(strstr(c->err.text, "-force-state"));
	cJSON_DeleteItemFromObject(tree, "StateChecksum");
	assert_true(saved_state_parse(tree, &saved, &c->err));
	saved_state_release(&saved);
	buf_release(&text);
	buf_release(&compact);
}

TEST_MAIN(CASE(writes_the_documented_layout), CASE(keys_stand_as_documented),
	  CASE(comes_back_as_it_was), CASE(saves_are_numbered), CASE(a_changed_state_is_refused),
	  CASE(tells_how_many_rows_were_copied), CASE(an_older_state_does_not_tell_how_many),
	  CASE(tells_which_indexes_are_still_to_be_added), CASE(tells_where_the_target_was_watched),
	  CASE(tells_how_far_rows_were_streamed), CASE(every_truncation_is_an_error),
	  CASE(survives_hostile_members), CASE(reads_layouts_of_other_versions),
	  CASE(refuses_with_the_reason), CASE(a_descending_key_needs_its_directions),
	  CASE(gtids_come_back), CASE(odd_gtids_are_refused), CASE(the_source_is_the_one_there_is),
	  CASE(knows_a_finished_run), CASE(what_was_handed_over_stays_so),
	  CASE(notices_another_schema), CASE(no_cache_is_not_compared))
