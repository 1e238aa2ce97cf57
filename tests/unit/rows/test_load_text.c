/* The text of LOAD DATA: what is put comes back, and the statement for each type. */
#include "rows/load_text.h"

#include <stdlib.h>

#include "../table_fixture.h"
#include "../unit.h"

struct bench {
	struct fixture fixture;
	struct table *source;
	struct moved_table table;
	unsigned written[FIXTURE_COLUMNS_MAX];
};

static void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	fixture_init(&b->fixture);
	b->source = fixture_table(&b->fixture, "abc", "t`");
	b->table = (struct moved_table){ .source = b->source,
					 .target_schema = "abc",
					 .target_name = "t`",
					 .key = { .table = b->source, .count = 1 },
					 .written = b->written };
}

static void column(struct bench *b, const char *name, enum column_type type, const char *collation)
{
	fixture_column(b->source, name, type, "", collation);
	b->written[b->table.written_count] = b->table.written_count;
	b->table.written_count++;
}

TEST(each_type_by_its_way)
{
	struct buf sql = BUF_INIT;
	struct bench b;

	bench_init(&b);
	column(&b, "id", COLUMN_INT, "");
	column(&b, "v`", COLUMN_VARCHAR, "latin1_bin");
	column(&b, "e", COLUMN_ENUM, "");
	column(&b, "j", COLUMN_JSON, "");
	column(&b, "u", COLUMN_UUID, "");
	column(&b, "g", COLUMN_GEOMETRY, "");
	load_text_put_statement(&sql, &b.table, "/* tag */ ", false);
	assert_string_equal(buf_text(&sql),
			    "/* tag */ LOAD DATA LOCAL INFILE 'rows' INTO TABLE `abc`.`t``` CHARACTER SET binary "
			    "FIELDS TERMINATED BY x'09' ESCAPED BY x'5C' LINES TERMINATED BY x'0A' "
			    "(`id`,`v```,@c2,@c3,@c4,`g`) SET `e`=CAST(@c2 AS UNSIGNED),"
			    "`j`=CONVERT(@c3 USING utf8mb4),`u`=CONVERT(@c4 USING utf8mb4)");
	buf_release(&sql);
	fixture_release(&b.fixture);
}

static void comes_back(struct bench *b, const struct value *rows, size_t count)
{
	struct buf text = BUF_INIT, bytes = BUF_INIT;
	unsigned columns = b->table.written_count;
	struct value values[FIXTURE_COLUMNS_MAX];
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		assert_true(load_text_put_row(&text, &b->table, rows + i * columns));
	for (size_t i = 0; i < count; i++) {
		assert_true(load_text_next_row(&text, &at, &b->table, &bytes, values));
		for (unsigned c = 0; c < columns; c++) {
			const struct value *want = &rows[i * columns + c];

			assert_int_equal(values[c].bytes == NULL, want->bytes == NULL);
			assert_int_equal(values[c].length, want->length);
			if (want->bytes)
				assert_memory_equal(values[c].bytes, want->bytes, want->length);
		}
	}
	assert_false(load_text_next_row(&text, &at, &b->table, &bytes, values));
	buf_release(&text);
	buf_release(&bytes);
}

TEST(what_is_put_comes_back)
{
#define TEXT(literal)                                                                              \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
	static const struct value rows[] = {
		TEXT("1"),   TEXT("plain"),   TEXT("2"), TEXT(""),
		TEXT("3"),   { NULL, 0 },     TEXT("4"), TEXT("\\N"),
		TEXT("5"),   TEXT("\\"),      TEXT("6"), TEXT("\t\n\\\0\r'\""),
		TEXT("7"),   TEXT("\\N\t"),   TEXT("8"), TEXT("N"),
		TEXT("9"),   TEXT("\\0\\n0"), TEXT("a"), TEXT("\n\n\n"),
		{ NULL, 0 }, { NULL, 0 },     TEXT("c"), TEXT("\0\0"),
	};
	struct bench b;
	char all[256];
	struct value every[2] = { TEXT("1"), { all, sizeof(all) } };

	bench_init(&b);
	column(&b, "id", COLUMN_VARBINARY, "");
	column(&b, "v", COLUMN_BLOB, "");
	comes_back(&b, rows, ARRAY_LEN(rows) / 2);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	comes_back(&b, every, 1);
	fixture_release(&b.fixture);
}

/* Broken: a word of eight bytes counts as plain with a sign in it: red at its first place. */
TEST(signs_at_every_place_of_a_field)
{
	static const char signs[] = { '\0', '\t', '\n', '\\', '\v', '\x80', '\xff', '\xdc' };
	struct buf text = BUF_INIT;
	char bytes[20];
	struct bench b;

	bench_init(&b);
	column(&b, "id", COLUMN_INT, "");
	column(&b, "v", COLUMN_BLOB, "");
	for (size_t length = 1; length <= sizeof(bytes); length++)
		for (size_t at = 0; at < length; at++)
			for (size_t sign = 0; sign < sizeof(signs); sign++) {
				const struct value row[] = { TEXT("1"), { bytes, length } };

				memset(bytes, 'a', sizeof(bytes));
				bytes[at] = signs[sign];
				comes_back(&b, row, 1);
				buf_clear(&text);
				assert_true(load_text_put_row(&text, &b.table, row));
				assert_int_equal(text.length, 2 + length + (sign < 4) + 1);
			}
	buf_release(&text);
	fixture_release(&b.fixture);
}

TEST(what_is_written)
{
	static const struct value row[] = { TEXT("1"), TEXT("a\tb\nc\\d\0e"), { NULL, 0 } };
	struct buf text = BUF_INIT;
	struct bench b;

	bench_init(&b);
	column(&b, "id", COLUMN_INT, "");
	column(&b, "v", COLUMN_BLOB, "");
	column(&b, "n", COLUMN_INT, "");
	assert_true(load_text_put_row(&text, &b.table, row));
	assert_string_equal(buf_text(&text), "1\ta\\\tb\\\nc\\\\d\\0e\t\\N\n");
	buf_release(&text);
	fixture_release(&b.fixture);
}

TEST(what_only_insert_stores)
{
	static const struct value invalid[] = { TEXT("1"), TEXT("0"), TEXT("ab") };
	static const struct value half[] = { TEXT("1"), TEXT("10"), TEXT("abc") };
	static const struct value good[] = { TEXT("1"), TEXT("10"), TEXT("ab") };
	struct buf text = BUF_INIT;
	struct bench b;

	bench_init(&b);
	column(&b, "id", COLUMN_INT, "");
	column(&b, "e", COLUMN_ENUM, "");
	column(&b, "v", COLUMN_VARCHAR, "ucs2_bin");
	assert_true(load_text_suits(&b.table));
	assert_false(load_text_put_row(&text, &b.table, invalid));
	assert_false(load_text_put_row(&text, &b.table, half));
	assert_int_equal(text.length, 0);
	assert_true(load_text_put_row(&text, &b.table, good));
	b.table.zone = (char[]){ "Europe/Berlin" };
	assert_false(load_text_suits(&b.table));
	b.table.zone = NULL;
	b.table.json_is_typed = true;
	assert_false(load_text_suits(&b.table));
	b.table.json_is_typed = false;
	b.table.key.count = 0;
	assert_false(load_text_suits(&b.table));
	buf_release(&text);
	fixture_release(&b.fixture);
}

TEST_MAIN(cmocka_unit_test(each_type_by_its_way), cmocka_unit_test(what_is_put_comes_back),
	  cmocka_unit_test(signs_at_every_place_of_a_field), cmocka_unit_test(what_is_written),
	  cmocka_unit_test(what_only_insert_stores))
