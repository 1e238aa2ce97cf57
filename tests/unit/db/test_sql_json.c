/* JSON documents with the types of their values, as SQL. */
#include "db/sql_json.h"
#include "../unit.h"

#define BYTES(text)                                                                                \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

TEST(documents_become_expressions)
{
	static const struct {
		struct value value;
		const char *want;
	} cases[] = {
		{ BYTES("{\"a\": \"it's\"}"), "_utf8mb4'{\"a\": \"it''s\"}'" },
		{ BYTES("[1, 2.5, \"1.2345678901234567\", null]"),
		  "_utf8mb4'[1, 2.5, \"1.2345678901234567\", null]'" },
		{ BYTES("1.50\0"
			"1 DECIMAL"),
		  "JSON_REPLACE(CAST(_utf8mb4'1.50' AS JSON),_utf8mb4'$',1.50)" },
		{ BYTES("[5, 6]\0"
			"1 DECIMAL,2 UNSIGNED INTEGER"),
		  "JSON_REPLACE(CAST(_utf8mb4'[5, 6]' AS JSON),_utf8mb4'$[0]',5.,"
		  "_utf8mb4'$[1]',CAST(6 AS UNSIGNED))" },
		/* The object is 1, the first array none, the one that begins it 2. */
		{ BYTES("{\"it's\": [[5000000000], \"2024-01-01\"]}\0"
			"3 INTEGER,4 DATE"),
		  "JSON_REPLACE(CAST(_utf8mb4'{\"it''s\": [[5000000000], \"2024-01-01\"]}' AS JSON),"
		  "_utf8mb4'$.\"it''s\"[0][0]',5000000000,"
		  "_utf8mb4'$.\"it''s\"[1]',CAST('2024-01-01' AS DATE))" },
		{ BYTES("\"base64:type15:/wBB\"\0"
			"1 BLOB"),
		  "JSON_REPLACE(CAST(_utf8mb4'\"base64:type15:/wBB\"' AS JSON),_utf8mb4'$',"
		  "x'ff0041')" },
		{ BYTES("\"base64:type16:ACo=\"\0"
			"1 BIT"),
		  "JSON_REPLACE(CAST(_utf8mb4'\"base64:type16:ACo=\"' AS JSON),_utf8mb4'$',"
		  "(SELECT j.x FROM JSON_TABLE('[42]','$[0]' COLUMNS(x BIT(16) PATH '$' "
		  "ERROR ON ERROR)) j))" },
		/* Doubles that not every parser finds. */
		{ BYTES("[0.30000000000000004, 1e23, 1e22]"),
		  "JSON_REPLACE(CAST(_utf8mb4'[0.30000000000000004, 1e23, 1e22]' AS JSON),"
		  "_utf8mb4'$[0]',0.30000000000000004e0,_utf8mb4'$[1]',1e23)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sql = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_true(sql_json(&sql, cases[i].value, &err));
		assert_string_equal(buf_text(&sql), cases[i].want);
		buf_release(&sql);
	}
}

TEST(what_does_not_fit_is_refused)
{
	static const struct value cases[] = {
		BYTES("[1]\0"
		      "2 DECIMAL"), /* there is no second value */
		BYTES("[1]\0"
		      "0 DECIMAL"),
		BYTES("[1, 2]\0"
		      "2 DECIMAL,1 DECIMAL"),
		BYTES("[1]\0"
		      "x DECIMAL"),
		BYTES("[1]\0"
		      "1"),
		BYTES("[\"x\"]\0"
		      "1 DECIMAL"),
		BYTES("[\"2024'\"]\0"
		      "1 DATE"),
		BYTES("[\"x\"]\0"
		      "1 BLOB"),
		BYTES("[\"base64:type249:YWJj\"]\0"
		      "1 BLOB"),
		BYTES("[\"base64:type15:Y'Jj\"]\0"
		      "1 BLOB"),
		BYTES("[\"base64:type16:\"]\0"
		      "1 BIT"),
		BYTES("[1.50, \0"
		      "1 DECIMAL"),
		BYTES("{\"a\" 1}\0"
		      "2 DECIMAL"),
		BYTES("[\"a]\0"
		      "1 DATE"),
		BYTES("[\"a\\\0"
		      "1 DATE"),
		BYTES("\0"
		      "1 DATE"),
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sql = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_false(sql_json(&sql, cases[i], &err));
		assert_string_equal(buf_text(&sql), "");
		buf_release(&sql);
	}
}

/* Copies of exact size, so that a sanitizer sees a read behind the end. */
TEST(no_truncation_reads_beyond)
{
	static const char whole[] = "{\"a\": [1.50, \"2024-01-01\", \"base64:type15:/wBB\", "
				    "0.30000000000000004, 1e23, {\"b\\\"\": 5}]}\0"
				    "2 DECIMAL,3 DATE,4 BLOB,8 UNSIGNED INTEGER";

	for (size_t length = 1; length < sizeof(whole); length++) {
		char *bytes = malloc(length);
		struct value value = { bytes, length };
		struct buf sql = BUF_INIT;
		struct error err = ERROR_INIT;

		memcpy(bytes, whole, length);
		if (sql_json(&sql, value, &err))
			assert_true(sql.length > 0);
		buf_release(&sql);
		free(bytes);
	}
}

/* A number at the very end, and nothing behind it. */
TEST(a_bare_number_ends_where_it_ends)
{
	static const char text[] = "-1.2345678901234567e-30";

	for (size_t length = 1; length < sizeof(text); length++) {
		char *bytes = malloc(length);
		struct value value = { bytes, length };
		struct buf sql = BUF_INIT;
		struct error err = ERROR_INIT;

		memcpy(bytes, text, length);
		assert_true(sql_json(&sql, value, &err));
		buf_release(&sql);
		free(bytes);
	}
}

TEST(lists_must_be_complete)
{
	static const struct {
		struct value selected;
		const char *want; /* NULL: refused */
	} cases[] = {
		{ BYTES("0:"), "" },
		{ BYTES("2:1 DECIMAL,3 UNSIGNED INTEGER"), "1 DECIMAL,3 UNSIGNED INTEGER" },
		{ BYTES("3:1 DECIMAL,3 UNSIGNED INTEGER"), NULL },
		{ BYTES("1:"), NULL },
		{ BYTES("1"), NULL },
		{ BYTES(""), NULL },
		{ { NULL, 0 }, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct value list;
		bool ok = sql_json_types(cases[i].selected, &list);

		assert_int_equal(ok, cases[i].want != NULL);
		if (ok)
			assert_string_equal(list.bytes, cases[i].want);
	}
}

TEST_MAIN(cmocka_unit_test(documents_become_expressions),
	  cmocka_unit_test(what_does_not_fit_is_refused),
	  cmocka_unit_test(no_truncation_reads_beyond),
	  cmocka_unit_test(a_bare_number_ends_where_it_ends),
	  cmocka_unit_test(lists_must_be_complete))
