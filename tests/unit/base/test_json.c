/* json: exact numbers, refusals with their place, printing. */
#include <unistd.h>

#include "base/json.h"
#include "../unit.h"

static cJSON *parse(const char *text)
{
	struct error err = ERROR_INIT;
	cJSON *root = json_parse(text, strlen(text), &err);

	if (!root)
		fail_msg("%s: %s", text, err.text);
	return root;
}

TEST(integers_are_exact)
{
	static const struct {
		const char *text;
		bool is_unsigned, is_signed;
		uint64_t number; /* as bits */
	} cases[] = {
		{ "0", true, true, 0 },
		{ "-0", true, true, 0 },
		{ "9007199254740991", true, true, 9007199254740991 },
		{ "9007199254740992", true, true, 9007199254740992 },
		{ "9007199254740993", true, true, 9007199254740993 },
		{ "-9007199254740993", false, true, (uint64_t)-9007199254740993 },
		{ "9223372036854775807", true, true, INT64_MAX },
		{ "9223372036854775808", true, false, (uint64_t)INT64_MAX + 1 },
		{ "18446744073709551615", true, false, UINT64_MAX },
		{ "18446744073709551616", false, false, 0 },
		{ "-9223372036854775808", false, true, (uint64_t)INT64_MIN },
		{ "-9223372036854775809", false, false, 0 },
		{ "1e5", false, false, 0 },
		{ "1.0", false, false, 0 },
		{ "1.5", false, false, 0 },
		{ "1e19", false, false, 0 },
		{ "123456789012345678901234567890", false, false, 0 },
		{ "\"1\"", false, false, 0 },
		{ "null", false, false, 0 },
		{ "[1]", false, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *node = parse(cases[i].text);
		uint64_t large = 0;
		int64_t small = 0;

		assert_int_equal(json_u64(node, &large), cases[i].is_unsigned);
		assert_int_equal(json_i64(node, &small), cases[i].is_signed);
		if (cases[i].is_unsigned)
			assert_true(large == cases[i].number);
		if (cases[i].is_signed)
			assert_true((uint64_t)small == cases[i].number);
		cJSON_Delete(node);
	}
}

TEST(nothing_is_no_integer)
{
	uint64_t large;
	int64_t small;

	assert_false(json_u64(NULL, &large));
	assert_false(json_i64(NULL, &small));
}

static void check_prints(const cJSON *root, int indent, const char *want)
{
	struct buf out = BUF_INIT;

	json_print(&out, root, indent);
	assert_string_equal(buf_text(&out), want);
	buf_release(&out);
}

TEST(prints_what_it_read)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"[true,false,null]",
		"{\"a\":18446744073709551615,\"b\":[-9223372036854775808,1.50,1e5,0,-1]}",
		"\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001/\xc3\xa9\"",
		"{\"\":{\"x y\":[[],{}]}}",
		"9007199254740991",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cJSON *root = parse(texts[i]);
		cJSON *copy = cJSON_Duplicate(root, true);

		check_prints(root, 0, texts[i]);
		check_prints(copy, 0, texts[i]);
		cJSON_Delete(copy);
		cJSON_Delete(root);
	}
}

TEST(prints_indented)
{
	cJSON *root = parse("{\"a\":[1,{}],\"b\":{\"c\":[]}}");

	check_prints(root, 2,
		     "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
	cJSON_Delete(root);
}

TEST(builds_exact_integers)
{
	cJSON *root = cJSON_CreateObject();
	uint64_t large;
	int64_t small;

	json_add_u64(root, "u", UINT64_MAX);
	json_add_i64(root, "i", INT64_MIN);
	cJSON_AddNumberToObject(root, "d", 0.1);
	cJSON_AddNumberToObject(root, "n", 1e15);
	check_prints(root, 0,
		     "{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"d\":0.1,"
		     "\"n\":1000000000000000}");
	assert_true(json_u64(cJSON_GetObjectItem(root, "u"), &large) && large == UINT64_MAX);
	assert_true(json_i64(cJSON_GetObjectItem(root, "i"), &small) && small == INT64_MIN);
	cJSON_Delete(root);
}

TEST(refuses_with_the_place)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "line 1, column 1: empty: there is no JSON value" },
		{ " \n ", "line 2, column 2: empty: there is no JSON value" },
		{ "{\n  \"a\": 1,\n  \"a\": 2\n}", "line 3, column 3: duplicate key \"a\"" },
		{ "{\"a\":{\"b\":1},\"c\":{\"b\":1,\"b\":1}}",
		  "line 1, column 25: duplicate key \"b\"" },
		{ "{\"a\":1,\"\\u0061\":2}", "line 1, column 8: duplicate key \"a\"" },
		{ "1 2", "line 1, column 3: unexpected '2'" },
		{ "{}}", "line 1, column 3: unexpected '}'" },
		{ "[1,]", "line 1, column 4: unexpected ']'" },
		{ "{\"a\":1,}", "line 1, column 8: unexpected '}'" },
		{ "[1 2]", "line 1, column 4: unexpected '2'" },
		{ "{\"a\" 1}", "line 1, column 6: unexpected '1'" },
		{ "{a:1}", "line 1, column 2: unexpected 'a'" },
		{ "01", "line 1, column 2: unexpected '1'" },
		{ "1.", "line 1, column 3: the text ends too early" },
		{ "+1", "line 1, column 1: unexpected '+'" },
		{ ".5", "line 1, column 1: unexpected '.'" },
		{ "NaN", "line 1, column 1: unexpected 'N'" },
		{ "1e999", "line 1, column 1: the number is out of range" },
		{ "[1e-]", "line 1, column 5: unexpected ']'" },
		{ "\"\\u0000\"", "line 1, column 2: NUL (\\u0000) in a string" },
		{ "{\"a\\u0000b\":1}", "line 1, column 4: NUL (\\u0000) in a string" },
		{ "\"\\x\"", "line 1, column 2: bad escape" },
		{ "\"\\u12g4\"", "line 1, column 6: unexpected 'g'" },
		{ "\"\\ud800\"", "line 1, column 2: the string or number cannot be read" },
		{ "\"a\nb\"", "line 1, column 3: control character in a string" },
		{ "nul", "line 1, column 4: the text ends too early" },
		{ "True", "line 1, column 1: unexpected 'T'" },
		{ "1 // why", "line 1, column 3: unexpected '/'" },
		{ "\xff", "line 1, column 1: unexpected byte 0xff" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;

		assert_null(json_parse(cases[i].text, strlen(cases[i].text), &err));
		assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_string_equal(err.text, cases[i].want);
	}
}

TEST(keys_differ_by_case_and_twins_in_other_objects_are_fine)
{
	cJSON_Delete(parse("{\"a\":1,\"A\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}"));
}

TEST(a_byte_order_mark_is_skipped)
{
	cJSON_Delete(parse("\xef\xbb\xbf{}"));
}

TEST(nul_bytes_are_not_the_end)
{
	static const char *const texts[] = { "1\0", "\"\0\"", "[1,\0 2]", "{}\0{}" };
	static const size_t lengths[] = { 2, 3, 7, 5 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_null(json_parse(texts[i], lengths[i], &err));
}

static bool parses_nested(size_t depth)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	cJSON *root;

	for (size_t i = 0; i < depth; i++)
		buf_puts(&text, i % 2 ? "{\"a\":" : "[");
	buf_puts(&text, "1");
	for (size_t i = depth; i-- > 0;)
		buf_puts(&text, i % 2 ? "}" : "]");
	root = json_parse(text.data, text.length, &err);
	if (!root)
		assert_non_null(strstr(err.text, "nested deeper than 200"));
	cJSON_Delete(root);
	buf_release(&text);
	return root != NULL;
}

TEST(nesting_is_limited)
{
	assert_true(parses_nested(1));
	assert_true(parses_nested(200));
	assert_false(parses_nested(201));
	assert_false(parses_nested(1001));
	assert_false(parses_nested(100000));
}

TEST(rejects_every_truncation)
{
	static const char text[] = "{\"a\": [1, -2.5e+3, \"x\\n\\u00e9\\ud83d\\ude00\", true],"
				   " \"b\": {\"c\": null, \"d\": 18446744073709551615}}";
	struct error err = ERROR_INIT;

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *copy = malloc(n ? n : 1); /* for ASan: not one byte more */

		memcpy(copy, text, n);
		assert_null(json_parse(copy, n, &err));
		free(copy);
	}
	cJSON_Delete(parse(text));
}

TEST(survives_any_byte_changed)
{
	static const char text[] = "{\"a\":[1,-2.5e+3,\"x\\u00e9\",null,{\"b\":true}]}";
	char copy[sizeof(text)];

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (int byte = 0; byte < 256; byte++) {
			struct error err = ERROR_INIT;
			cJSON *root;

			memcpy(copy, text, sizeof(text));
			copy[i] = (char)byte;
			root = json_parse(copy, sizeof(text) - 1, &err);
			if (!root)
				assert_memory_equal(err.text, "line ", 5);
			cJSON_Delete(root);
		}
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

TEST(files)
{
	char path[] = "/tmp/test_json_XXXXXX";
	struct error err = ERROR_INIT;
	int fd = mkstemp(path);
	cJSON *root;

	assert_true(fd >= 0);
	close(fd);
	assert_null(json_parse_file(path, &err));
	assert_non_null(strstr(err.text, ": line 1, column 1: empty"));
	write_file(path, "{\"a\": 1}\n");
	root = json_parse_file(path, &err);
	assert_non_null(root);
	cJSON_Delete(root);
	unlink(path);

	assert_null(json_parse_file(path, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_non_null(strstr(err.text, "No such file"));
	assert_null(json_parse_file("/", &err));
	assert_non_null(strstr(err.text, "Is a directory"));
}

TEST(type_names)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "null", "null" },	{ "true", "a boolean" }, { "1", "a number" },
		{ "\"\"", "a string" }, { "[]", "an array" },	 { "{}", "an object" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *node = parse(cases[i].text);

		assert_string_equal(json_type_name(node), cases[i].want);
		cJSON_Delete(node);
	}
	assert_string_equal(json_type_name(NULL), "nothing");
}

/* Members stand where their names do, items where their values do. */
TEST(places)
{
	static const char text[] =
		"\xef\xbb\xbf {\"a\": 1,\n  \"b\" : [1.5,\n\t{\"c\": \"x\\\"{\"}]\n}";
	struct error err;
	cJSON *root = json_parse(text, strlen(text), &err);
	cJSON *b = cJSON_GetObjectItem(root, "b");
	const struct {
		const cJSON *node;
		size_t line, column;
	} cases[] = {
		{ root, 1, 5 },
		{ cJSON_GetObjectItem(root, "a"), 1, 6 },
		{ b, 2, 3 },
		{ b->child, 2, 10 },
		{ b->child->next, 3, 2 },
		{ b->child->next->child, 3, 3 },
	};
	size_t line, column;
	cJSON *other = cJSON_CreateNull();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(json_place(text, strlen(text), root, cases[i].node, &line, &column));
		assert_int_equal(line, cases[i].line);
		assert_int_equal(column, cases[i].column);
	}
	assert_false(json_place(text, strlen(text), root, other, &line, &column));
	cJSON_Delete(other);
	cJSON_Delete(root);
}

TEST_MAIN(cmocka_unit_test(places), cmocka_unit_test(integers_are_exact),
	  cmocka_unit_test(nothing_is_no_integer), cmocka_unit_test(prints_what_it_read),
	  cmocka_unit_test(prints_indented), cmocka_unit_test(builds_exact_integers),
	  cmocka_unit_test(refuses_with_the_place),
	  cmocka_unit_test(keys_differ_by_case_and_twins_in_other_objects_are_fine),
	  cmocka_unit_test(a_byte_order_mark_is_skipped),
	  cmocka_unit_test(nul_bytes_are_not_the_end), cmocka_unit_test(nesting_is_limited),
	  cmocka_unit_test(rejects_every_truncation), cmocka_unit_test(survives_any_byte_changed),
	  cmocka_unit_test(files), cmocka_unit_test(type_names))
