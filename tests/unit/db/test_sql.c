/* Names, literals and comments as they stand in statements. */
#include "db/sql.h"
#include "../unit.h"

static char charset_none[] = "";

static struct column column_of(enum column_type type, char *charset)
{
	static char name[] = "c`1";

	return (struct column){ .name = name, .type = type, .charset = charset };
}

static void check(struct buf *sql, const char *want)
{
	assert_string_equal(buf_text(sql), want);
	buf_clear(sql);
}

TEST(names_and_texts_are_quoted)
{
	struct buf sql = BUF_INIT;

	sql_name(&sql, "plain");
	check(&sql, "`plain`");
	sql_name(&sql, "a``b`");
	check(&sql, "`a````b```");
	sql_name(&sql, "\\a'\\`");
	check(&sql, "`\\a'\\```");
	sql_name(&sql, "");
	check(&sql, "``");
	sql_table_name(&sql, "s.x", "t`y");
	check(&sql, "`s.x`.`t``y`");
	sql_text(&sql, "it's \\ '' \"x\"");
	check(&sql, "'it''s \\\\ '''' \"x\"'");
	sql_text(&sql, "");
	check(&sql, "''");
	buf_release(&sql);
}

TEST(comments_cannot_be_left)
{
	static const struct {
		const char *marginalia, *want;
	} cases[] = {
		{ "application:ghostferry", "/*application:ghostferry*/ " },
		{ "", "/**/ " },
		{ "a*/ DROP TABLE x; /*", "/*a* / DROP TABLE x; /**/ " },
		{ "**//", "/*** //*/ " },
		{ "ends in *", "/*ends in **/ " },
		{ "!50000 DROP", "/* !50000 DROP*/ " },
		{ "M!100000 DROP", "/* M!100000 DROP*/ " },
	};
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sql_comment(&sql, cases[i].marginalia);
		check(&sql, cases[i].want);
	}
	buf_release(&sql);
}

TEST(columns_are_read_exactly)
{
	struct buf sql = BUF_INIT;

	for (enum column_type type = COLUMN_UNKNOWN; type < COLUMN_TYPE_COUNT; type++) {
		struct column column = column_of(type, charset_none);
		const char *want = "`c``1`";

		if (type == COLUMN_BIT || type == COLUMN_ENUM || type == COLUMN_SET)
			want = "CAST(`c``1` AS UNSIGNED)";
		if (type == COLUMN_FLOAT || type == COLUMN_DOUBLE)
			want = "`c``1`*1e0";
		sql_select_column(&sql, &column);
		check(&sql, want);
	}
	buf_release(&sql);
}

#define BYTES(text) text, sizeof(text) - 1

TEST(literals_fit_the_type)
{
	static const struct {
		enum column_type type;
		const char *bytes;
		size_t length;
		const char *want;
		size_t want_length;
	} cases[] = {
		{ COLUMN_TINYINT, BYTES("-128"), BYTES("-128") },
		{ COLUMN_SMALLINT, BYTES("00042"), BYTES("00042") },
		{ COLUMN_MEDIUMINT, BYTES("0"), BYTES("0") },
		{ COLUMN_INT, BYTES("7"), BYTES("7") },
		{ COLUMN_BIGINT, BYTES("18446744073709551615"), BYTES("18446744073709551615") },
		{ COLUMN_DECIMAL, BYTES("-0.50"), BYTES("-0.50") },
		{ COLUMN_FLOAT, BYTES("-0"), BYTES("'-0'") },
		{ COLUMN_DOUBLE, BYTES("1.7976931348623157e308"), BYTES("'1.7976931348623157e308'") },
		{ COLUMN_BIT, BYTES("3"), BYTES("3") },
		{ COLUMN_YEAR, BYTES("0000"), BYTES("0000") },
		{ COLUMN_DATE, BYTES("0000-00-00"), BYTES("'0000-00-00'") },
		{ COLUMN_TIME, BYTES("-838:59:59.5"), BYTES("'-838:59:59.5'") },
		{ COLUMN_DATETIME, BYTES("2024-02-30 00:00:00"), BYTES("'2024-02-30 00:00:00'") },
		{ COLUMN_TIMESTAMP, BYTES("1970-01-01 00:00:01"), BYTES("'1970-01-01 00:00:01'") },
		{ COLUMN_CHAR, BYTES("a'b\\c\0d"), BYTES("_binary'a''b\\\\c\0d'") },
		{ COLUMN_VARCHAR, BYTES(""), BYTES("_binary''") },
		{ COLUMN_BINARY, BYTES("\0\xff'"), BYTES("_binary'\0\xff'''") },
		{ COLUMN_VARBINARY, BYTES("''"), BYTES("_binary''''''") },
		{ COLUMN_TEXT, BYTES("\x95\x5c'"), BYTES("_binary'\x95\x5c\x5c'''") },
		{ COLUMN_BLOB, BYTES("\x1a\r\n"), BYTES("_binary'\x1a\r\n'") },
		{ COLUMN_ENUM, BYTES("65535"), BYTES("65535") },
		{ COLUMN_SET, BYTES("9223372036854775809"), BYTES("9223372036854775809") },
		{ COLUMN_JSON, BYTES("{\"a\": \"it's\"}"), BYTES("_utf8mb4'{\"a\": \"it''s\"}'") },
		{ COLUMN_GEOMETRY, BYTES("\0\0\0\0\1"), BYTES("_binary'\0\0\0\0\1'") },
		{ COLUMN_VECTOR, BYTES("\0\0\0\0"), BYTES("_binary'\0\0\0\0'") },
	};
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = column_of(cases[i].type, charset_none);

		sql_literal(&sql, &column, (struct value){ cases[i].bytes, cases[i].length });
		assert_int_equal(sql.length, cases[i].want_length);
		assert_memory_equal(sql.data, cases[i].want, sql.length);
		buf_clear(&sql);
		sql_literal(&sql, &column, (struct value){ NULL, 0 });
		check(&sql, "NULL");
	}
	buf_release(&sql);
}

TEST(what_is_no_number_is_quoted)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "+5", "+5" },
		{ "-.5", "-.5" },
		{ "5.", "5." },
		{ "", "''" },
		{ "-", "'-'" },
		{ ".", "'.'" },
		{ "1.2.3", "'1.2.3'" },
		{ "1e5", "'1e5'" },
		{ "0x10", "'0x10'" },
		{ "--1", "'--1'" },
		{ "1),(2", "'1),(2'" },
		{ "1 OR 1=1", "'1 OR 1=1'" },
		{ "' OR '", "''' OR '''" },
	};
	struct column column = column_of(COLUMN_BIGINT, charset_none);
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct value value = { cases[i].text, strlen(cases[i].text) };

		sql_literal(&sql, &column, value);
		check(&sql, cases[i].want);
		sql_key_literal(&sql, &column, value);
		check(&sql, cases[i].want);
	}
	buf_release(&sql);
}

TEST(key_literals_carry_the_charset)
{
	static char latin1[] = "latin1";
	static char utf8mb4[] = "utf8mb4";
	static char binary[] = "binary";
	static const struct {
		enum column_type type;
		char *charset;
		const char *bytes;
		size_t length;
		const char *want;
	} cases[] = {
		{ COLUMN_INT, charset_none, BYTES("-5"), "-5" },
		{ COLUMN_DECIMAL, charset_none, BYTES("1.50"), "1.50" },
		{ COLUMN_BIT, charset_none, BYTES("3"), "3" },
		{ COLUMN_ENUM, latin1, BYTES("2"), "2" },
		{ COLUMN_SET, latin1, BYTES("6"), "6" },
		{ COLUMN_YEAR, charset_none, BYTES("2024"), "2024" },
		{ COLUMN_DOUBLE, charset_none, BYTES("5e-324"), "'5e-324'" },
		{ COLUMN_TIMESTAMP, charset_none, BYTES("2024-01-01 00:00:00"),
		  "'2024-01-01 00:00:00'" },
		{ COLUMN_CHAR, latin1, BYTES("\xe4'"), "_latin1 x'e427'" },
		{ COLUMN_VARCHAR, utf8mb4, BYTES("\xc3\xa4\\"), "_utf8mb4 x'c3a45c'" },
		{ COLUMN_TEXT, utf8mb4, BYTES(""), "_utf8mb4 x''" },
		{ COLUMN_VARCHAR, binary, BYTES("a"), "x'61'" },
		{ COLUMN_BINARY, charset_none, BYTES("\0\xff"), "x'00ff'" },
		{ COLUMN_VARBINARY, charset_none, BYTES(""), "x''" },
		{ COLUMN_BLOB, charset_none, BYTES("'"), "x'27'" },
	};
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct column column = column_of(cases[i].type, cases[i].charset);

		sql_key_literal(&sql, &column, (struct value){ cases[i].bytes, cases[i].length });
		check(&sql, cases[i].want);
	}
	buf_release(&sql);
}

/* Each order of the two signs, at both ends, and beside characters of several bytes. */
TEST(quotes_and_backslashes_are_doubled)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "\\", "'\\\\'" },
		{ "\\'", "'\\\\'''" },
		{ "'\\", "'''\\\\'" },
		{ "\\\\''", "'\\\\\\\\'''''" },
		{ "'\\a'\\", "'''\\\\a''\\\\'" },
		{ "a\\nb%\\_'c\\", "'a\\\\nb%\\\\_''c\\\\'" },
		{ "\xe8\xa1\xa8\\\xf0\x9f\x98\x80'", "'\xe8\xa1\xa8\\\\\xf0\x9f\x98\x80'''" },
	};
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sql_text(&sql, cases[i].text);
		check(&sql, cases[i].want);
	}
	buf_release(&sql);
}

TEST(many_quotes_are_doubled)
{
	enum { COUNT = 10000 };
	static char quotes[COUNT];
	struct column column = column_of(COLUMN_BLOB, charset_none);
	struct buf sql = BUF_INIT;

	memset(quotes, '\'', sizeof(quotes));
	sql_literal(&sql, &column, (struct value){ quotes, sizeof(quotes) });
	assert_int_equal(sql.length, strlen("_binary") + 2 + 2 * COUNT);
	assert_int_equal(strspn(sql.data + strlen("_binary"), "'"), 2 + 2 * COUNT);
	buf_release(&sql);
}

TEST(accounts_have_two_names)
{
	struct buf sql = BUF_INIT;

	assert_true(sql_account(&sql, "o`brien@home@%"));
	assert_string_equal(buf_text(&sql), "`o``brien@home`@`%`");
	buf_clear(&sql);
	assert_true(sql_account(&sql, "@localhost"));
	assert_string_equal(buf_text(&sql), "``@`localhost`");
	buf_clear(&sql);
	assert_false(sql_account(&sql, "nobody"));
	assert_string_equal(buf_text(&sql), "");
	buf_release(&sql);
}

TEST_MAIN(cmocka_unit_test(names_and_texts_are_quoted), cmocka_unit_test(comments_cannot_be_left),
	  cmocka_unit_test(columns_are_read_exactly), cmocka_unit_test(literals_fit_the_type),
	  cmocka_unit_test(what_is_no_number_is_quoted),
	  cmocka_unit_test(key_literals_carry_the_charset),
	  cmocka_unit_test(quotes_and_backslashes_are_doubled),
	  cmocka_unit_test(many_quotes_are_doubled), cmocka_unit_test(accounts_have_two_names))
