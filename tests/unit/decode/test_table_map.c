/* table_map: what is read from TABLE_MAP events, and that each difference to the
 * schema of the start is found and named. */
#include "../binlog_sample.h"

TEST(mysql_minimal)
{
	static const struct {
		uint8_t type;
		uint16_t meta;
		enum column_sign sign;
	} want[] = {
		{ 3, 0, SIGN_UNSIGNED },
		{ 15, 1200, 0 },
		{ 246, 10 << 8 | 2, SIGN_SIGNED },
		{ 247, 1, 0 },
		{ 248, 1, 0 },
		{ 254, 400, 0 },
		{ 254, 4, 0 },
		{ 16, 10, 0 },
		{ 17, 3, 0 },
		{ 18, 6, 0 },
		{ 19, 2, 0 },
		{ 10, 0, 0 },
		{ 13, 0, 0 },
		{ 4, 4, SIGN_SIGNED },
		{ 5, 8, SIGN_SIGNED },
		{ 252, 2, 0 },
		{ 9, 0, SIGN_SIGNED },
	};
	struct binlog_table_map map;

	sample_map(sample_mysql_map, &map);
	assert_int_equal(map.table_id, 0x214);
	assert_string_equal(map.schema, "v");
	assert_string_equal(map.name, "t");
	assert_null(map.table);
	assert_int_equal(map.column_count, ARRAY_LEN(want));
	assert_int_equal(map.known_count, ARRAY_LEN(want));
	for (unsigned i = 0; i < map.column_count; i++) {
		assert_int_equal(map.columns[i].type, want[i].type);
		assert_int_equal(map.columns[i].meta, want[i].meta);
		assert_int_equal(map.columns[i].sign, want[i].sign);
		assert_int_equal(map.columns[i].is_nullable, i > 0);
		assert_null(map.columns[i].name);
	}
	binlog_table_map_release(&map);
}

TEST(mariadb_full)
{
	struct binlog_table_map map;

	sample_map(sample_mariadb_map, &map);
	assert_int_equal(map.table_id, 0x289);
	assert_int_equal(map.column_count, ARRAY_LEN(sample_names));
	for (unsigned i = 0; i < map.column_count; i++)
		assert_string_equal(map.columns[i].name, sample_names[i]);
	assert_int_equal(map.columns[0].sign, SIGN_UNSIGNED);
	binlog_table_map_release(&map);
}

TEST(the_same_table_passes)
{
	static const char *const maps[] = { sample_mysql_map, sample_mariadb_map };
	struct table table = sample_table();

	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		struct binlog_table_map map;
		struct error err = ERROR_INIT;

		sample_map(maps[i], &map);
		if (!binlog_table_map_check(&map, &table, &err))
			fail_msg("%s", err.text);
		binlog_table_map_release(&map);
	}
}

/* One column of the schema made different; the message names it and what the
 * binlog has. */
static void check_refused(const char *hex, unsigned index, const struct column *other,
			  enum error_kind kind, const char *found)
{
	struct table table = sample_table();
	struct column saved = sample_columns[index];
	struct binlog_table_map map;
	struct error err = ERROR_INIT;

	sample_map(hex, &map);
	sample_columns[index] = *other;
	sample_columns[index].raw_type = sample_type;
	sample_columns[index].position = index;
	if (!sample_columns[index].name)
		sample_columns[index].name = saved.name;
	assert_false(binlog_table_map_check(&map, &table, &err));
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.text, "table v.t"));
	assert_non_null(strstr(err.text, sample_columns[index].name));
	if (!strstr(err.text, found))
		fail_msg("no \"%s\" in: %s", found, err.text);
	sample_columns[index] = saved;
	binlog_table_map_release(&map);
}

TEST(each_difference_is_named)
{
	static const struct {
		unsigned index;
		struct column other;
		const char *found;
	} cases[] = {
		{ 0, { .type = COLUMN_INT }, "INT unsigned" },
		{ 0, { .type = COLUMN_BIGINT, .is_unsigned = true }, "INT unsigned" },
		{ 1, { .type = COLUMN_VARCHAR, .max_octets = 300 }, "VARCHAR of at most 1200" },
		{ 1, { .type = COLUMN_VARBINARY, .max_octets = 300 }, "VARCHAR of at most 1200" },
		{ 1, { .type = COLUMN_TEXT, .length_bytes = 2 }, "VARCHAR of at most 1200" },
		{ 2, { .type = COLUMN_DECIMAL, .precision = 12, .scale = 2 }, "DECIMAL(10,2)" },
		{ 2, { .type = COLUMN_DECIMAL, .precision = 10, .scale = 3 }, "DECIMAL(10,2)" },
		{ 2,
		  { .type = COLUMN_DECIMAL, .precision = 10, .scale = 2, .is_unsigned = true },
		  "DECIMAL(10,2)" },
		{ 3, { .type = COLUMN_ENUM, .member_count = 256 }, "ENUM stored in 1 bytes" },
		{ 3, { .type = COLUMN_SET, .member_count = 2 }, "ENUM" },
		{ 4, { .type = COLUMN_SET, .member_count = 9 }, "SET stored in 1 bytes" },
		{ 5, { .type = COLUMN_CHAR, .max_octets = 100 }, "CHAR of at most 400" },
		{ 6, { .type = COLUMN_BINARY, .max_octets = 5 }, "CHAR of at most 4" },
		{ 7, { .type = COLUMN_BIT, .precision = 9 }, "BIT(10)" },
		{ 8, { .type = COLUMN_TIMESTAMP, .fraction = 0 }, "TIMESTAMP(3)" },
		{ 8, { .type = COLUMN_DATETIME, .fraction = 3 }, "TIMESTAMP(3)" },
		{ 9, { .type = COLUMN_DATETIME, .fraction = 5 }, "DATETIME(6)" },
		{ 10, { .type = COLUMN_TIME, .fraction = 6 }, "TIME(2)" },
		{ 11, { .type = COLUMN_DATETIME }, "DATE" },
		{ 12, { .type = COLUMN_TINYINT }, "YEAR" },
		{ 13, { .type = COLUMN_DOUBLE }, "FLOAT" },
		{ 14, { .type = COLUMN_FLOAT }, "DOUBLE" },
		{ 15, { .type = COLUMN_TEXT, .length_bytes = 3 }, "length of 2 bytes" },
		{ 15, { .type = COLUMN_JSON }, "BLOB" },
		{ 16, { .type = COLUMN_MEDIUMINT, .is_unsigned = true }, "MEDIUMINT" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_refused(sample_mysql_map, cases[i].index, &cases[i].other, ERROR_SCHEMA,
			      cases[i].found);
}

TEST(another_name_is_named)
{
	static char other_name[] = "cost";
	struct column other = { .type = COLUMN_DECIMAL, .precision = 10, .scale = 2 };

	other.name = other_name;
	check_refused(sample_mariadb_map, 2, &other, ERROR_SCHEMA,
		      "column 3 is `cost` in the schema read at the start but the binlog has `price`");
}

TEST(types_that_cannot_be_carried)
{
	struct column unknown = { .type = COLUMN_UNKNOWN };

	check_refused(sample_mysql_map, 6, &unknown, ERROR_UNSUPPORTED, "cannot be read");
}

TEST(another_count_of_columns)
{
	struct table table = sample_table();
	struct binlog_table_map map;
	struct error err = ERROR_INIT;

	sample_map(sample_mysql_map, &map);
	table.column_count--;
	assert_false(binlog_table_map_check(&map, &table, &err));
	assert_int_equal(err.kind, ERROR_SCHEMA);
	assert_non_null(strstr(err.text, "17 in the binlog"));
	binlog_table_map_release(&map);
}

/* MariaDB: t (id INT PRIMARY KEY, t TEXT, u TEXT, v VARCHAR(3100), n INT, UNIQUE (t),
 * UNIQUE (u), UNIQUE (v), UNIQUE (n)) has three hashes behind its five columns. */
TEST(hidden_hashes_of_long_unique_keys)
{
	static const char hex[] =
		"a398036b130100000074000000777a710400009d020000000001000168000178000803fcfc0f03080808"
		"0402021c0cfe0101380201080435026964017401750176016e0d44425f524f575f484153485f310d4442"
		"5f524f575f484153485f320d44425f524f575f484153485f33080100bf9966cd";
	static char names[5][3] = { "id", "t", "u", "v", "n" };
	static char full_name[] = "h.x";
	struct column columns[5] = {
		{ .type = COLUMN_INT },
		{ .type = COLUMN_TEXT, .length_bytes = 2 },
		{ .type = COLUMN_TEXT, .length_bytes = 2 },
		{ .type = COLUMN_VARCHAR, .max_octets = 3100 },
		{ .type = COLUMN_INT },
	};
	struct index_part parts[5] = { { .column = 0 } };
	struct table_index indexes[5];
	struct table table = {
		.full_name = full_name,
		.columns = columns,
		.column_count = 5,
		.indexes = indexes,
		.index_count = 5,
	};
	struct binlog_table_map map;
	struct error err = ERROR_INIT;

	for (unsigned i = 0; i < 5; i++) {
		columns[i].name = names[i];
		columns[i].raw_type = sample_type;
		columns[i].position = i;
		parts[i].column = i;
		indexes[i] = (struct table_index){
			.is_unique = true,
			.is_primary = i == 0,
			.is_hashed = i > 0 && i < 4,
			.parts = &parts[i],
			.part_count = 1,
		};
	}
	sample_map(hex, &map);
	assert_int_equal(map.column_count, 8);
	assert_true(binlog_table_map_check(&map, &table, &err));
	/* An index that has none: then one column is too many. */
	indexes[3].is_hashed = false;
	assert_false(binlog_table_map_check(&map, &table, &err));
	assert_int_equal(err.kind, ERROR_SCHEMA);
	indexes[3].is_hashed = true;
	/* Nor is a signed column a hash. */
	map.columns[7].sign = SIGN_SIGNED;
	assert_false(binlog_table_map_check(&map, &table, &err));
	map.columns[7].sign = SIGN_UNKNOWN;
	map.columns[7].type = 3;
	assert_false(binlog_table_map_check(&map, &table, &err));
	binlog_table_map_release(&map);
}

/* A type unknown to us does no harm until its table is a copied one. */
TEST(an_unknown_type)
{
	struct binlog_format format = sample_format();
	struct table table = sample_table();
	struct binlog_table_map map;
	struct binlog_event event;
	struct bytes b = sample_event(sample_mysql_map, &event);
	struct error err = ERROR_INIT;

	b.at[EVENT_HEADER_SIZE + 8 + 6 + 1 + 4] = 200; /* the fifth column's */
	assert_true(binlog_table_map_parse(&event, &format, &map, &err));
	assert_int_equal(map.column_count, 17);
	assert_int_equal(map.known_count, 4);
	assert_int_equal(map.columns[0].sign, SIGN_UNKNOWN);
	assert_false(binlog_table_map_check(&map, &table, &err));
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "type 200"));
	binlog_table_map_release(&map);
	free(b.at);
}

/* What is optional may be missing; anything else, or half a field, may not. */
static void truncate_map(const char *hex, const size_t *whole, size_t whole_count)
{
	struct binlog_format format = sample_format();
	struct binlog_event event;
	struct bytes all = sample_event(hex, &event);
	size_t accepted = 0;

	for (size_t n = EVENT_HEADER_SIZE; n < all.length - 4; n++) {
		struct bytes b = bytes_copy(all.at, n);
		struct binlog_table_map map;
		struct error err = ERROR_INIT;

		event.body = reader_over(b.at + EVENT_HEADER_SIZE, n - EVENT_HEADER_SIZE);
		if (binlog_table_map_parse(&event, &format, &map, &err)) {
			assert_true(accepted < whole_count);
			assert_int_equal(n, whole[accepted++]);
			binlog_table_map_release(&map);
		} else {
			assert_int_equal(err.kind, ERROR_CORRUPT);
			assert_null(map.schema);
		}
		free(b.at);
	}
	assert_int_equal(accepted, whole_count);
	free(all.at);
}

TEST(rejects_every_truncation)
{
	static const size_t mysql[] = { 75, 78 };
	static const size_t mariadb[] = { 75, 78, 84, 134, 137, 144, 151 };

	truncate_map(sample_mysql_map, mysql, ARRAY_LEN(mysql));
	truncate_map(sample_mariadb_map, mariadb, ARRAY_LEN(mariadb));
}

/* Which types a column of the schema may show itself as: no other passes. */
TEST(types_that_stand_for_each_other)
{
	static const struct {
		enum column_type column;
		uint8_t types[2];
	} same[] = {
		{ COLUMN_TINYINT, { 1 } },	 { COLUMN_SMALLINT, { 2 } },
		{ COLUMN_MEDIUMINT, { 9 } },	 { COLUMN_INT, { 3 } },
		{ COLUMN_BIGINT, { 8 } },	 { COLUMN_DECIMAL, { 246 } },
		{ COLUMN_FLOAT, { 4 } },	 { COLUMN_DOUBLE, { 5 } },
		{ COLUMN_BIT, { 16 } },		 { COLUMN_YEAR, { 13 } },
		{ COLUMN_DATE, { 10, 14 } },	 { COLUMN_TIME, { 19, 11 } },
		{ COLUMN_DATETIME, { 18, 12 } }, { COLUMN_TIMESTAMP, { 17, 7 } },
		{ COLUMN_CHAR, { 254 } },	 { COLUMN_VARCHAR, { 15, 141 } },
		{ COLUMN_BINARY, { 254 } },	 { COLUMN_VARBINARY, { 15, 141 } },
		{ COLUMN_TEXT, { 252, 140 } },	 { COLUMN_BLOB, { 252, 140 } },
		{ COLUMN_ENUM, { 247 } },	 { COLUMN_SET, { 248 } },
		{ COLUMN_JSON, { 245 } },	 { COLUMN_GEOMETRY, { 255 } },
		{ COLUMN_UUID, { 254 } },	 { COLUMN_INET4, { 254 } },
		{ COLUMN_INET6, { 254 } },	 { COLUMN_VECTOR, { 242, 15 } },
	};
	static char name[] = "c", full_name[] = "v.t";

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct column column = { .name = name,
					 .raw_type = sample_type,
					 .type = same[i].column };
		struct table table = { .full_name = full_name,
				       .columns = &column,
				       .column_count = 1 };

		for (unsigned type = 1; type < 256; type++) {
			struct binlog_column in = { .type = (uint8_t)type };
			struct binlog_table_map map = { .columns = &in,
							.column_count = 1,
							.known_count = 1 };
			struct error err = ERROR_INIT;
			bool may = type == same[i].types[0] || type == same[i].types[1];

			in.meta = type == 141 || type == 247;
			assert_int_equal(binlog_table_map_check(&map, &table, &err), may);
			if (!may)
				assert_non_null(strstr(err.text, "column 1 (`c`)"));
		}
	}
}

/* Stored in one byte or two; in one to four or eight. */
TEST(widths_of_members)
{
	static const struct {
		enum column_type column;
		unsigned members, width;
	} widths[] = {
		{ COLUMN_ENUM, 1, 1 }, { COLUMN_ENUM, 255, 1 }, { COLUMN_ENUM, 256, 2 },
		{ COLUMN_SET, 1, 1 },  { COLUMN_SET, 8, 1 },	{ COLUMN_SET, 9, 2 },
		{ COLUMN_SET, 24, 3 }, { COLUMN_SET, 25, 4 },	{ COLUMN_SET, 32, 4 },
		{ COLUMN_SET, 33, 8 }, { COLUMN_SET, 40, 8 },	{ COLUMN_SET, 64, 8 },
	};
	static char name[] = "c", full_name[] = "v.t";

	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		struct column column = { .name = name,
					 .raw_type = sample_type,
					 .type = widths[i].column,
					 .member_count = widths[i].members };
		struct table table = { .full_name = full_name,
				       .columns = &column,
				       .column_count = 1 };

		for (uint16_t width = 0; width < 10; width++) {
			struct binlog_column in = { .type = widths[i].column == COLUMN_ENUM ? 247 :
											      248,
						    .meta = width };
			struct binlog_table_map map = { .columns = &in,
							.column_count = 1,
							.known_count = 1 };
			struct error err = ERROR_INIT;

			assert_int_equal(binlog_table_map_check(&map, &table, &err),
					 width == widths[i].width);
		}
	}
}

/* Of a compressed VARCHAR the byte that tells how is counted. */
TEST(the_length_of_a_compressed_text)
{
	static char name[] = "c", full_name[] = "v.t";
	struct column column = {
		.name = name, .raw_type = sample_type, .type = COLUMN_VARCHAR, .max_octets = 40
	};
	struct table table = { .full_name = full_name, .columns = &column, .column_count = 1 };

	for (uint16_t length = 38; length < 44; length++) {
		struct binlog_column in = { .type = 141, .meta = length };
		struct binlog_table_map map = { .columns = &in, .column_count = 1, .known_count = 1 };
		struct error err = ERROR_INIT;

		assert_int_equal(binlog_table_map_check(&map, &table, &err), length == 41);
	}
}

static bool parse_map(const char *hex, struct binlog_table_map *map, struct error *err)
{
	struct bytes b = bytes_of_hex(hex);
	struct binlog_event event = { .type = EVENT_TABLE_MAP, .body = reader_over(b.at, b.length) };
	struct binlog_format format = sample_format();
	bool ok = binlog_table_map_parse(&event, &format, map, err);

	free(b.at);
	return ok;
}

#define MAP_HEAD "070000000000 0100 01 76 00 01 74 00 "

TEST(a_table_of_one_column)
{
	struct binlog_table_map map;
	struct error err = ERROR_INIT;

	assert_true(parse_map(MAP_HEAD "01 03 00 00 01 01 80", &map, &err));
	assert_int_equal(map.column_count, 1);
	assert_int_equal(map.known_count, 1);
	assert_int_equal(map.columns[0].sign, SIGN_UNSIGNED);
	assert_false(map.columns[0].is_nullable);
	binlog_table_map_release(&map);
}

/* One bit for each, from the highest of each byte down; texts and dates have none. */
TEST(signs_of_many_columns)
{
	struct binlog_table_map map;
	struct error err = ERROR_INIT;

	assert_true(parse_map(MAP_HEAD "0c 03 0a 03 03 03 03 03 03 03 0a 03 03 00 0000 01 02 3540",
			      &map, &err));
	for (unsigned i = 0, bit = 0; i < map.column_count; i++) {
		static const char wants[] = "ssuusususu";

		if (map.columns[i].type == 10) {
			assert_int_equal(map.columns[i].sign, SIGN_UNKNOWN);
			continue;
		}
		assert_int_equal(map.columns[i].sign,
				 wants[bit++] == 'u' ? SIGN_UNSIGNED : SIGN_SIGNED);
	}
	binlog_table_map_release(&map);
}

TEST(maps_that_are_not_valid)
{
	static const char *const bad[] = {
		MAP_HEAD "00 00",		   /* no columns */
		MAP_HEAD "01 0f 00 00",		   /* a VARCHAR without its length */
		MAP_HEAD "01 0f 01 0a 00",	   /* with half of it */
		MAP_HEAD "01 03 00 00 01 00",	   /* no signs where there should be one */
		MAP_HEAD "01 03 00 00 04 02 0261", /* half a name */
		MAP_HEAD "01 03 00 00 04 02 0161 04 02 0161", /* names twice */
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct binlog_table_map map;
		struct error err = ERROR_INIT;

		if (parse_map(bad[i], &map, &err))
			fail_msg("%s is taken", bad[i]);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_null(map.columns);
	}
}

TEST(ids_of_rows)
{
	struct binlog_format format = sample_format();
	struct binlog_event event;
	struct bytes b = sample_event(sample_mysql_write, &event);
	struct error err = ERROR_INIT;
	uint64_t id;

	assert_true(binlog_rows_table_id(&event, &format, &id, &err));
	assert_int_equal(id, 0x214);
	/* Of four bytes, from servers before MySQL 5.1.4. */
	format.header_sizes[EVENT_WRITE_ROWS_V2] = 6;
	event.body = reader_over(b.at + EVENT_HEADER_SIZE, 4);
	assert_true(binlog_rows_table_id(&event, &format, &id, &err));
	assert_int_equal(id, 0x214);
	event.body = reader_over(b.at + EVENT_HEADER_SIZE, 3);
	assert_false(binlog_rows_table_id(&event, &format, &id, &err));
	free(b.at);
}

TEST_MAIN(cmocka_unit_test(mysql_minimal), cmocka_unit_test(mariadb_full),
	  cmocka_unit_test(the_same_table_passes), cmocka_unit_test(each_difference_is_named),
	  cmocka_unit_test(another_name_is_named), cmocka_unit_test(types_that_cannot_be_carried),
	  cmocka_unit_test(another_count_of_columns),
	  cmocka_unit_test(hidden_hashes_of_long_unique_keys), cmocka_unit_test(an_unknown_type),
	  cmocka_unit_test(rejects_every_truncation), cmocka_unit_test(ids_of_rows),
	  cmocka_unit_test(types_that_stand_for_each_other), cmocka_unit_test(widths_of_members),
	  cmocka_unit_test(the_length_of_a_compressed_text), cmocka_unit_test(a_table_of_one_column),
	  cmocka_unit_test(signs_of_many_columns), cmocka_unit_test(maps_that_are_not_valid))
