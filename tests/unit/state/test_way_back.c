/* The member WayBack of a state. */
#include "state/way_back.h"
#include "../unit.h"

static char all[] = "all", a[] = "a", b_c[] = "b.c";
static struct table sources[] = { { .schema = all, .name = a }, { .schema = all, .name = b_c } };
static struct moved_table moved[] = {
	{ .source = &sources[0], .target_schema = "one", .target_name = "a" },
	{ .source = &sources[1], .target_schema = "two", .target_name = "x" }
};

static cJSON *parse(const char *text)
{
	struct error err = ERROR_INIT;
	cJSON *node = json_parse(text, strlen(text), &err);

	assert_non_null(node);
	return node;
}

TEST(comes_back_as_it_was_written)
{
	struct moved_table *list[] = { &moved[0], &moved[1] };
	const struct moved_tables tables = { .tables = list, .count = 2 };
	const struct way_back written = { .run_id = "run",
					  .old_source = "uuid",
					  .verifier = "Inline" };
	struct error err = ERROR_INIT;
	struct way_back back;
	cJSON *node = way_back_json(&written, &tables), *begun;
	const struct name_pair *pair;

	assert_true(way_back_read(node, &back, &err));
	assert_true(back.is_set);
	assert_string_equal(back.run_id, "run");
	assert_string_equal(back.old_source, "uuid");
	assert_string_equal(back.verifier, "Inline");
	assert_false(back.has_begun);
	assert_int_equal(back.names.count, 2);
	pair = map_get_text(&back.names, "all.b.c");
	assert_string_equal(pair->source.schema, "all");
	assert_string_equal(pair->source.name, "b.c");
	assert_string_equal(pair->target.schema, "two");
	assert_string_equal(pair->target.name, "x");
	way_back_release(&back);

	begun = way_back_begun(node);
	assert_true(way_back_read(begun, &back, &err));
	assert_true(back.has_begun);
	way_back_release(&back);
	cJSON_Delete(begun);
	cJSON_Delete(node);
}

TEST(is_refused_when_it_is_something_else)
{
#define HEAD "{\"RunID\": \"r\", \"OldSource\": \"o\", \"Verifier\": \"\", \"Tables\": "
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "[]", "must be an object" },
		{ "{}", "RunID: must be a string" },
		{ "{\"RunID\": \"r\", \"OldSource\": 1}", "OldSource: must be a string" },
		{ "{\"RunID\": \"012345678901234567890123456789012\", \"OldSource\": \"\", "
		  "\"Verifier\": \"\"}",
		  "RunID or OldSource is too long" },
		{ HEAD "[]}", "Tables: must be an object" },
		{ HEAD "{\"d\": 1}}", "Tables.d: must be an object" },
		{ HEAD "{\"d\": {\"t\": [\"x\"]}}}", "Tables.d.t: must be a database and a table, "
						     "[\"app\", \"orders\"]" },
		{ HEAD "{\"d\": {\"t\": [\"x\", 1]}}}", "Tables.d.t: must be a database and a table, "
							"[\"app\", \"orders\"]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		struct way_back back;
		cJSON *node = parse(cases[i].text);

		assert_false(way_back_read(node, &back, &err));
		assert_string_equal(err.text, cases[i].error);
		assert_int_equal(err.kind, ERROR_CONFIG);
		way_back_release(&back);
		cJSON_Delete(node);
	}
}

TEST(none_is_none)
{
	struct error err = ERROR_INIT;
	struct way_back back;

	assert_true(way_back_read(NULL, &back, &err));
	assert_false(back.is_set);
	way_back_release(&back);
}

TEST_MAIN(cmocka_unit_test(comes_back_as_it_was_written),
	  cmocka_unit_test(is_refused_when_it_is_something_else), cmocka_unit_test(none_is_none))
