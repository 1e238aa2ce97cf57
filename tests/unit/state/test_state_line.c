/* state_line: which states of a run may be resumed after which. */
#include <string.h>

#include "state/state_line.h"
#include "../unit.h"

/* "a12 b3": a process by a letter, the number of its save. */
static void make(struct state_line *line, const char *text)
{
	char process[PROCESS_ID_SIZE];

	*line = (struct state_line)STATE_LINE_INIT;
	while (*text) {
		char *end;

		memset(process, *text, sizeof(process) - 1);
		process[sizeof(process) - 1] = '\0';
		state_line_add(line, process, strtoull(text + 1, &end, 10));
		text = *end ? end + 1 : end;
	}
}

TEST(lines_part_or_do_not)
{
	static const struct {
		const char *line, *known;
		bool branches, is_before;
	} cases[] = {
		{ "", "", false, false },
		{ "", "a5", false, true },
		{ "a5", "", false, false },
		{ "a5", "a5", false, false },
		/* An older and a newer state of the same process. */
		{ "a4", "a5", false, true },
		{ "a6", "a5", false, false },
		/* Gone on from it by b: a's later ones are left. */
		{ "a4", "a5 b1", false, true },
		{ "a5", "a5 b1", false, true },
		{ "a6", "a5 b1", true, false },
		{ "a5 b7", "a5 b1", false, false },
		{ "a5 b7", "a5 b1 c9", true, false },
		{ "a5 b1 c9", "a5 b7", true, false },
		/* Two that went on from the same state, or from different ones. */
		{ "a5 b7", "a5 c1", true, false },
		{ "a5 b7", "a4 c1", true, false },
		{ "a4 c1", "a5 b7", true, false },
		{ "a3", "a5 c1", false, true },
		/* What was known before b went on from an earlier save. */
		{ "a5 b7", "a6", true, false },
		{ "a5 b7", "a4", false, false },
		/* Of states that tell no line. */
		{ "b3", "c1", true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct state_line line, known;

		make(&line, cases[i].line);
		make(&known, cases[i].known);
		assert_int_equal(state_line_branches(&line, &known), cases[i].branches);
		assert_int_equal(state_line_branches(&known, &line), cases[i].branches);
		assert_int_equal(state_line_is_before(&line, &known), cases[i].is_before);
		state_line_release(&line);
		state_line_release(&known);
	}
}

TEST(a_line_comes_back_from_json)
{
	struct state_line line, read;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	cJSON *array;

	make(&line, "a18446744073709551615 b0 c3 d4");
	array = state_line_json(&line);
	assert_true(state_line_read(array, &read, &err));
	assert_int_equal(read.count, 4);
	assert_true(read.steps[0].save == UINT64_MAX);
	state_line_describe(&text, &read);
	assert_string_equal(text.data, "process bbbbbbbbbbbbbbbb up to save 0, process "
				       "cccccccccccccccc up to save 3, process dddddddddddddddd");
	cJSON_Delete(array);
	state_line_release(&line);
	state_line_release(&read);
	buf_release(&text);
}

TEST(other_json_is_refused)
{
	static const char *const texts[] = {
		"{}",
		"1",
		"[1]",
		"[{}]",
		"[{\"Process\":\"aa\",\"Save\":1}]",
		"[{\"Process\":\"0123456789abcdef\"}]",
		"[{\"Process\":\"0123456789abcdef\",\"Save\":-1}]",
		"[{\"Process\":\"0123456789abcdex\",\"Save\":1}]",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct state_line line;
		struct error err = ERROR_INIT;
		cJSON *node = json_parse(texts[i], strlen(texts[i]), &err);

		assert_false(state_line_read(node, &line, &err));
		assert_int_equal(err.kind, ERROR_CONFIG);
		cJSON_Delete(node);
	}
}

TEST_MAIN(cmocka_unit_test(lines_part_or_do_not), cmocka_unit_test(a_line_comes_back_from_json),
	  cmocka_unit_test(other_json_is_refused))
