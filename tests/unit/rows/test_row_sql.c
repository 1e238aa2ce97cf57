/* row_sql and row_batch: the statements that rows become, and the condition that holds for
 * just one row. */
#include "rows/row_batch.h"
#include "rows/row_sql.h"
#include "../table_fixture.h"
#include "../unit.h"

static struct fixture fixture;
static unsigned written[] = { 0, 1, 2 };
static char insert_head[] = "INSERT ", insert_tail[] = " TAIL";
static struct moved_table table;

/* t(id int primary key, v varchar(20) latin1 key, f float, g int as (id) stored) */
static int set_up(void **state UNUSED)
{
	fixture_init(&fixture);
	struct table *t = fixture_table(&fixture, "abc", "t");

	fixture_column(t, "id", COLUMN_INT, "int", "");
	fixture_column(t, "v", COLUMN_VARCHAR, "varchar(20)", "latin1_swedish_ci");
	fixture_column(t, "f", COLUMN_FLOAT, "float", "");
	fixture_column(t, "g", COLUMN_INT, "int", "")->generation = COLUMN_STORED;
	fixture_index(t, "PRIMARY", true, "id");
	fixture_index(t, "v", false, "v");
	table = (struct moved_table){ .source = t,
				      .target_schema = t->schema,
				      .target_name = t->name,
				      .selected = written,
				      .selected_count = 3,
				      .written = written,
				      .written_count = 3,
				      .insert_head = insert_head,
				      .insert_tail = insert_tail,
				      .key = { .table = t, .count = 1 } };
	return 0;
}

static int tear_down(void **state UNUSED)
{
	fixture_release(&fixture);
	return 0;
}

static struct value text(const char *bytes)
{
	return (struct value){ bytes, bytes ? strlen(bytes) : 0 };
}

TEST(a_tuple_has_the_written_columns)
{
	struct value values[] = { text("7"), text("it's"), text(NULL), text("7") };
	struct buf sql = BUF_INIT;
	struct error err = ERROR_INIT;
	uint64_t invalid = 0;

	assert_true(row_sql_tuple(&sql, &table, values, &invalid, &err));
	assert_string_equal(buf_text(&sql), "(7,_binary'it''s',NULL)");
	assert_int_equal(invalid, 0);
	assert_false(row_sql_has_empty(&table, values));
	buf_release(&sql);
}

TEST(a_condition_holds_for_just_these_bytes)
{
	struct value values[] = { text("7"), text("a "), text("0.5"), text("7") };
	struct buf sql = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_true(row_sql_match(&sql, &table, values, &err));
	/* The index leads to it, the bytes decide. */
	assert_non_null(strstr(buf_text(&sql), "`id`=7 AND `v`=_latin1"));
	assert_non_null(strstr(buf_text(&sql), " AND CAST(`v` AS BINARY)=_binary'a '"));
	assert_non_null(strstr(buf_text(&sql), " AND `f`*1e0="));
	assert_null(strstr(buf_text(&sql), "`g`"));
	buf_clear(&sql);
	assert_true(row_sql_match_stored(&sql, &table, values, &err));
	assert_string_equal(buf_text(&sql), " AND `g`=7");
	buf_clear(&sql);
	values[3] = text(NULL);
	assert_true(row_sql_match_stored(&sql, &table, values, &err));
	assert_string_equal(buf_text(&sql), " AND `g` IS NULL");
	buf_release(&sql);
}

static bool add(struct row_batch *batch, const char *id, const char *v, uint64_t statement_bytes,
		uint64_t packet_limit, struct error *err)
{
	const char *values[] = { id, v, NULL };
	const unsigned long lengths[] = { id ? strlen(id) : 0, strlen(v), 0 };
	const struct db_row row = { .values = values, .lengths = lengths, .count = 3 };

	return row_batch_add(batch, &row, statement_bytes, packet_limit, err);
}

TEST(a_batch_begins_statements_as_they_are_full)
{
	struct row_batch *batch = row_batch_new(&table, 1);
	struct value key[KEY_COLUMNS_MAX];
	struct error err = ERROR_INIT;
	size_t position = 0;

	for (const char *id = "1234"; *id; id++) {
		char digit[] = { *id, '\0' };

		assert_true(add(batch, digit, "x", 30, 1 << 20, &err));
	}
	row_batch_finish(batch);
	assert_int_equal(batch->rows, 4);
	assert_int_equal(batch->statement_count, 2);
	assert_string_equal(buf_text(&batch->statements[0].sql),
			    "INSERT (1,_binary'x',NULL),(2,_binary'x',NULL) TAIL");
	assert_int_equal(batch->statements[1].rows, 2);
	assert_memory_equal(batch->last.values[0].bytes, "4", 1);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(row_batch_next_key(batch, &position, key));
		assert_int_equal(key[0].bytes[0], "1234"[i]);
	}
	assert_false(row_batch_next_key(batch, &position, key));
	row_batch_free(batch);
}

TEST(a_large_row_has_a_statement_of_its_own_or_is_refused)
{
	struct row_batch *batch = row_batch_new(&table, 1);
	struct error err = ERROR_INIT;
	char large[1001];

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_true(add(batch, "1", "x", 1 << 20, 4096 + 1040, &err));
	assert_true(add(batch, "2", large, 1 << 20, 4096 + 1040, &err));
	assert_int_equal(batch->statement_count, 2);
	assert_int_equal(batch->statements[0].rows, 1);
	assert_false(add(batch, "3", large, 1 << 20, 4096 + 1000, &err));
	assert_int_equal(err.kind, ERROR_DATA);
	assert_non_null(strstr(err.text, "table abc.t: a row takes 10"));
	assert_non_null(strstr(err.text, "max_allowed_packet"));
	row_batch_free(batch);
}

TEST(a_key_is_never_null)
{
	struct row_batch *batch = row_batch_new(&table, 1);
	struct error err = ERROR_INIT;

	assert_false(add(batch, NULL, "x", 1 << 20, 1 << 20, &err));
	assert_non_null(strstr(err.text, "NULL in the pagination key column id"));
	row_batch_free(batch);
}

TEST_MAIN_GROUP(set_up, tear_down, cmocka_unit_test(a_tuple_has_the_written_columns),
		cmocka_unit_test(a_condition_holds_for_just_these_bytes),
		cmocka_unit_test(a_batch_begins_statements_as_they_are_full),
		cmocka_unit_test(a_large_row_has_a_statement_of_its_own_or_is_refused),
		cmocka_unit_test(a_key_is_never_null))
