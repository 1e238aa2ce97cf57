/* COLUMN_TYPE and EXTRA as servers really say them, and look-ups in a table. */
#include "base/mem.h"
#include "db/schema.h"
#include "db/type_text.h"
#include "../unit.h"

static struct column parsed(const char *data_type, const char *raw_type, const char *extra)
{
	struct column column = { 0 };

	column.raw_type = mem_strdup(raw_type);
	column.extra = mem_strdup(extra);
	column_parse_type(&column, data_type);
	return column;
}

static void release(struct column *column)
{
	for (unsigned i = 0; i < column->member_count; i++)
		free(column->members[i]);
	free(column->members);
	free(column->raw_type);
	free(column->extra);
}

TEST(types_are_known)
{
	static const struct {
		const char *data_type, *raw_type;
		enum column_type type;
	} cases[] = {
		{ "tinyint", "tinyint(1)", COLUMN_TINYINT },
		{ "smallint", "smallint", COLUMN_SMALLINT },
		{ "mediumint", "mediumint(8)", COLUMN_MEDIUMINT },
		{ "int", "int(11)", COLUMN_INT },
		{ "bigint", "bigint", COLUMN_BIGINT },
		{ "decimal", "decimal(10,0)", COLUMN_DECIMAL },
		{ "float", "float", COLUMN_FLOAT },
		{ "double", "double", COLUMN_DOUBLE },
		{ "bit", "bit(1)", COLUMN_BIT },
		{ "year", "year(4)", COLUMN_YEAR },
		{ "date", "date", COLUMN_DATE },
		{ "time", "time", COLUMN_TIME },
		{ "datetime", "datetime", COLUMN_DATETIME },
		{ "timestamp", "timestamp", COLUMN_TIMESTAMP },
		{ "char", "char(10)", COLUMN_CHAR },
		{ "varchar", "varchar(10)", COLUMN_VARCHAR },
		{ "binary", "binary(16)", COLUMN_BINARY },
		{ "varbinary", "varbinary(16)", COLUMN_VARBINARY },
		{ "json", "json", COLUMN_JSON },
		{ "geometry", "geometry", COLUMN_GEOMETRY },
		{ "point", "point", COLUMN_GEOMETRY },
		{ "linestring", "linestring", COLUMN_GEOMETRY },
		{ "polygon", "polygon", COLUMN_GEOMETRY },
		{ "multipoint", "multipoint", COLUMN_GEOMETRY },
		{ "multilinestring", "multilinestring", COLUMN_GEOMETRY },
		{ "multipolygon", "multipolygon", COLUMN_GEOMETRY },
		{ "geometrycollection", "geometrycollection", COLUMN_GEOMETRY },
		{ "geomcollection", "geomcollection", COLUMN_GEOMETRY },
		{ "vector", "vector(3)", COLUMN_VECTOR },
		{ "uuid", "uuid", COLUMN_UUID },
		{ "inet6", "inet6", COLUMN_INET6 },
		{ "inet4", "inet4", COLUMN_INET4 },
		{ "xmltype", "xmltype", COLUMN_UNKNOWN },
		{ "", "", COLUMN_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = parsed(cases[i].data_type, cases[i].raw_type, "");

		assert_int_equal(column.type, cases[i].type);
		assert_false(column.is_unsigned);
		assert_int_equal(column.generation, COLUMN_PLAIN);
		release(&column);
	}
}

TEST(lengths_of_texts_and_blobs)
{
	static const char *const sizes[] = { "tiny", "", "medium", "long" };

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		char *text = mem_printf("%stext", sizes[i]);
		char *blob = mem_printf("%sblob", sizes[i]);
		struct column t = parsed(text, text, "");
		struct column b = parsed(blob, blob, "");

		assert_int_equal(t.type, COLUMN_TEXT);
		assert_int_equal(b.type, COLUMN_BLOB);
		assert_int_equal(t.length_bytes, i + 1);
		assert_int_equal(b.length_bytes, i + 1);
		release(&t);
		release(&b);
		free(text);
		free(blob);
	}
}

TEST(numbers_in_parentheses)
{
	static const struct {
		const char *data_type, *raw_type;
		unsigned precision, scale;
		bool has_scale;
		unsigned fraction;
		uint64_t max_octets;
		bool is_unsigned;
	} cases[] = {
		{ "decimal", "decimal(65,30)", 65, 30, false, 0, 0, false },
		{ "decimal", "decimal(10,0) unsigned", 10, 0, false, 0, 0, true },
		{ "decimal", "decimal(5,2) unsigned zerofill", 5, 2, false, 0, 0, true },
		{ "float", "float(7,3)", 0, 3, true, 0, 0, false },
		{ "float", "float(7,0)", 0, 0, true, 0, 0, false },
		{ "double", "double(10,2)", 0, 2, true, 0, 0, false },
		{ "double", "double unsigned", 0, 0, false, 0, 0, true },
		{ "bit", "bit(64)", 64, 0, false, 0, 0, false },
		{ "time", "time(3)", 0, 0, false, 3, 0, false },
		{ "datetime", "datetime(6)", 0, 0, false, 6, 0, false },
		{ "timestamp", "timestamp(1)", 0, 0, false, 1, 0, false },
		{ "timestamp", "timestamp /* mariadb-5.3 */", 0, 0, false, 0, 0, false },
		{ "timestamp", "timestamp(2) /* mariadb-5.3 */", 0, 0, false, 2, 0, false },
		{ "binary", "binary(16)", 0, 0, false, 0, 16, false },
		{ "varbinary", "varbinary(65000)", 0, 0, false, 0, 65000, false },
		{ "int", "int(10) unsigned", 0, 0, false, 0, 0, true },
		{ "bigint", "bigint unsigned", 0, 0, false, 0, 0, true },
		{ "int", "int(9) unsigned zerofill", 0, 0, false, 0, 0, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = parsed(cases[i].data_type, cases[i].raw_type, "");

		assert_int_equal(column.precision, cases[i].precision);
		assert_int_equal(column.scale, cases[i].scale);
		assert_int_equal(column.has_scale, cases[i].has_scale);
		assert_int_equal(column.fraction, cases[i].fraction);
		assert_int_equal(column.max_octets, cases[i].max_octets);
		assert_int_equal(column.is_unsigned, cases[i].is_unsigned);
		release(&column);
	}
}

TEST(members_are_unquoted)
{
	static const struct {
		const char *data_type, *raw_type;
		unsigned count;
		const char *members[8];
	} cases[] = {
		{ "enum", "enum('a','b')", 2, { "a", "b" } },
		{ "enum", "enum('')", 1, { "" } },
		{ "set", "set('it''s','''','a,b','(x)')", 4, { "it's", "'", "a,b", "(x)" } },
		{ "enum",
		  "enum('a\\\\b','nl\\nx','cr\\r','\\\\')",
		  4,
		  { "a\\b", "nl\nx", "cr\r", "\\" } },
		{ "enum", "enum('x'')','unsigned','\xc3\xa4')", 3, { "x')", "unsigned", "\xc3\xa4" } },
		/* Cut short: nothing is read behind the end. */
		{ "enum", "enum('a','b", 2, { "a", "b" } },
		{ "enum", "enum('a\\", 1, { "a\\" } },
		{ "enum", "enum(", 0, { NULL } },
		{ "enum", "enum", 0, { NULL } },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = parsed(cases[i].data_type, cases[i].raw_type, "");

		assert_int_equal(column.member_count, cases[i].count);
		for (unsigned m = 0; m < cases[i].count; m++)
			assert_string_equal(column.members[m], cases[i].members[m]);
		assert_false(column.is_unsigned);
		release(&column);
	}
}

TEST(many_members)
{
	struct buf raw = BUF_INIT;
	struct column column;

	buf_puts(&raw, "enum('0'");
	for (unsigned i = 1; i < 3000; i++)
		buf_printf(&raw, ",'%u'", i);
	buf_putc(&raw, ')');
	column = parsed("enum", buf_text(&raw), "");
	assert_int_equal(column.member_count, 3000);
	assert_string_equal(column.members[2999], "2999");
	release(&column);
	buf_release(&raw);
}

TEST(extra_is_read)
{
	static const struct {
		const char *extra;
		enum column_generation generation;
		bool is_auto_increment, is_invisible;
	} cases[] = {
		{ "", COLUMN_PLAIN, false, false },
		{ "auto_increment", COLUMN_PLAIN, true, false },
		{ "auto_increment INVISIBLE", COLUMN_PLAIN, true, true },
		{ "INVISIBLE", COLUMN_PLAIN, false, true },
		{ "DEFAULT_GENERATED", COLUMN_PLAIN, false, false },
		{ "DEFAULT_GENERATED on update CURRENT_TIMESTAMP", COLUMN_PLAIN, false, false },
		{ "VIRTUAL GENERATED", COLUMN_VIRTUAL, false, false },
		{ "VIRTUAL GENERATED INVISIBLE", COLUMN_VIRTUAL, false, true },
		{ "STORED GENERATED", COLUMN_STORED, false, false },
		{ "STORED GENERATED INVISIBLE", COLUMN_STORED, false, true },
		{ "PERSISTENT", COLUMN_STORED, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = parsed("int", "int", cases[i].extra);

		assert_int_equal(column.generation, cases[i].generation);
		assert_int_equal(column.is_auto_increment, cases[i].is_auto_increment);
		assert_int_equal(column.is_invisible, cases[i].is_invisible);
		assert_int_equal(column_is_written(&column), cases[i].generation == COLUMN_PLAIN);
		release(&column);
	}
}

TEST(compression_is_seen)
{
	static const struct {
		const char *data_type, *raw_type;
		bool is_compressed;
	} cases[] = {
		{ "varchar", "varchar(1000) /*M!100301 COMPRESSED*/", true },
		{ "text", "text /*M!100301 COMPRESSED*/", true },
		{ "text", "text", false },
		{ "enum", "enum('COMPRESSED')", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = parsed(cases[i].data_type, cases[i].raw_type, "");

		assert_int_equal(column.is_compressed, cases[i].is_compressed);
		release(&column);
	}
}

TEST(table_is_searched)
{
	static char id[] = "id";
	static char upper[] = "ID";
	static char primary[] = "PRIMARY";
	static char unique[] = "u";
	static char plain[] = "k";
	struct column columns[] = { { .name = id }, { .name = upper } };
	struct table_index indexes[] = {
		{ .name = primary, .is_primary = true, .is_unique = true },
		{ .name = plain },
		{ .name = unique, .is_unique = true },
	};
	struct table table = { .columns = columns, .column_count = 2, .indexes = indexes };

	assert_ptr_equal(table_column(&table, "ID"), &columns[1]);
	assert_ptr_equal(table_column(&table, "id"), &columns[0]);
	assert_null(table_column(&table, "Id"));
	assert_ptr_equal(table_column_of_other(&table, &columns[1]), &columns[0]);
	assert_null(table_primary(&table));
	assert_int_equal(table_unique_count(&table), 0);
	table.index_count = 3;
	assert_ptr_equal(table_primary(&table), &indexes[0]);
	assert_int_equal(table_unique_count(&table), 2);
}

TEST(character_sets_have_several_names)
{
	assert_true(charset_equal("latin1", "latin1"));
	assert_true(charset_equal("utf8", "utf8mb3"));
	assert_true(charset_equal("utf8mb3", "utf8mb4"));
	assert_true(charset_equal("", "binary"));
	assert_false(charset_equal("", "latin1"));
	assert_false(charset_equal("latin1", "utf8mb4"));
	assert_false(charset_equal("utf16", "utf8mb4"));
}

TEST(only_ascii_is_folded)
{
	char name[] = "`Ab`.`Z\xc3\x84@[`";

	schema_fold_case(name);
	assert_string_equal(name, "`ab`.`z\xc3\x84@[`");
}

TEST_MAIN(cmocka_unit_test(types_are_known), cmocka_unit_test(lengths_of_texts_and_blobs),
	  cmocka_unit_test(numbers_in_parentheses), cmocka_unit_test(members_are_unquoted),
	  cmocka_unit_test(many_members), cmocka_unit_test(extra_is_read),
	  cmocka_unit_test(compression_is_seen), cmocka_unit_test(table_is_searched),
	  cmocka_unit_test(character_sets_have_several_names),
	  cmocka_unit_test(only_ascii_is_folded))
