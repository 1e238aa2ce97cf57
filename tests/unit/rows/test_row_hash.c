/* row_hash: the SQL by which both servers tell rows apart. */
#include "rows/row_hash.h"

#include "../table_fixture.h"
#include "../unit.h"

static struct fixture fixture;
static struct move_options options;
static struct moved_table table;
static struct table *target;
static struct row_hash hash;

static struct table *make_table(const char *schema)
{
	struct table *t = fixture_table(&fixture, schema, "t");

	fixture_column(t, "id", COLUMN_INT, "int", "");
	fixture_column(t, "v", COLUMN_VARCHAR, "varchar(20)", "latin1_swedish_ci");
	fixture_column(t, "f", COLUMN_FLOAT, "float", "");
	fixture_index(t, "PRIMARY", true, "id");
	return t;
}

static int set_up(void **state UNUSED)
{
	fixture_init(&fixture);
	memset(&options, 0, sizeof(options));
	map_init(&options.verify.ignored_columns);
	map_init(&options.verify.ignored_bare);
	map_init(&options.verify.compressed_columns);
	map_init(&options.verify.compressed_bare);
	map_init(&options.verify.force_index);
	table = (struct moved_table){ .source = make_table("abc") };
	table.key = (struct key_columns){ .table = table.source, .count = 1 };
	table.target_schema = "xyz";
	table.target_name = "t";
	target = make_table("xyz");
	memset(&hash, 0, sizeof(hash));
	return 0;
}

static int tear_down(void **state UNUSED)
{
	row_hash_release(&hash);
	fixture_release(&fixture);
	return 0;
}

TEST(both_sides_hash_all_columns)
{
	row_hash_make(&hash, &options, &table, target, true);
	assert_null(hash.finding);
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		assert_non_null(strstr(hash.row[side], "SHA2(CONCAT_WS('#',"));
		assert_non_null(strstr(hash.row[side], "`id`"));
		assert_non_null(strstr(hash.row[side], "`v`"));
		assert_non_null(strstr(hash.row[side], "`f`"));
		assert_non_null(strstr(hash.sum[side], hash.row[side]));
	}
	assert_non_null(strstr(hash.from[SIDE_SOURCE], "`abc`.`t`"));
	assert_non_null(strstr(hash.from[SIDE_TARGET], "`xyz`.`t`"));
	assert_null(hash.unpacked[SIDE_SOURCE]);
}

/* What makes the same value another text is another expression. */
TEST(rows_are_told_apart_alike)
{
	row_hash_make(&hash, &options, &table, target, true);
	assert_string_equal(hash.row[SIDE_SOURCE], hash.row[SIDE_TARGET]);
	row_hash_release(&hash);
	table.is_between_flavours = true;
	row_hash_make(&hash, &options, &table, target, false);
	assert_string_equal(hash.row[SIDE_SOURCE], hash.row[SIDE_TARGET]);
	assert_non_null(strstr(hash.row[SIDE_SOURCE], "18446744073709551616"));
}

static bool by_values(void)
{
	row_hash_release(&hash);
	row_hash_make(&hash, &options, &table, target, true);
	return hash.is_by_values;
}

/* Where what is read says as much as the expressions do. */
TEST(values_speak_for_themselves)
{
	unsigned all[] = { 0, 1, 2 };

	table.selected = all;
	table.selected_count = 3;
	assert_true(by_values());
	table.is_between_flavours = true; /* prints a FLOAT in another way */
	assert_false(by_values());
	table.is_between_flavours = false;
	table.types_count = 1; /* documents are read as text and types */
	assert_false(by_values());
	table.types_count = 0;
	table.key.count = 0; /* equal rows cancel each other out */
	assert_false(by_values());
	table.key.count = 1;
	table.selected_count = 2; /* a generated column: compared, and not read */
	assert_false(by_values());
	table.selected_count = 3;
	target->columns[1].type = COLUMN_TEXT;
	assert_false(by_values());
}

static uint64_t hash_of(char *a, char *b, unsigned count)
{
	char *values[] = { a, b };
	unsigned long lengths[] = { a ? strlen(a) : 0, b ? strlen(b) : 0 };
	const struct db_row row = { .values = (void *)values, .lengths = lengths, .count = count };

	return row_hash_of_values(&row, count);
}

TEST(values_are_told_apart)
{
	char a[] = "a", b[] = "b", ab[] = "ab", empty[] = "";

	assert_int_equal(hash_of(a, b, 2), hash_of(a, b, 2));
	assert_int_not_equal(hash_of(a, b, 2), hash_of(b, a, 2));
	assert_int_not_equal(hash_of(ab, empty, 2), hash_of(a, b, 2));
	assert_int_not_equal(hash_of(empty, a, 2), hash_of(NULL, a, 2));
	assert_int_not_equal(hash_of(a, NULL, 2), hash_of(NULL, a, 2));
	assert_int_not_equal(hash_of(a, NULL, 2), hash_of(a, NULL, 1));
}

TEST(tables_that_cannot_be_equal)
{
	row_hash_make(&hash, &options, &table, NULL, true);
	assert_non_null(hash.finding);
	row_hash_release(&hash);
	memset(&hash, 0, sizeof(hash));
	target->column_count = 2;
	row_hash_make(&hash, &options, &table, target, true);
	assert_non_null(hash.finding);
	assert_non_null(strstr(hash.finding, "f"));
	target->column_count = 3;
}

TEST_MAIN(CASE(both_sides_hash_all_columns), CASE(rows_are_told_apart_alike),
	  CASE(values_speak_for_themselves), CASE(values_are_told_apart),
	  CASE(tables_that_cannot_be_equal))
