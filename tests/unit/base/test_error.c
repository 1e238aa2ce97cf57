/* error: kinds, wrapping, and texts that do not fit. */
#include <errno.h>

#include "base/error.h"
#include "../unit.h"

TEST(set_fills_and_returns_false)
{
	struct error err = ERROR_INIT;

	assert_false(error_set(&err, ERROR_SQL, "table %s: %d", "a.b", 7));
	assert_int_equal(err.kind, ERROR_SQL);
	assert_string_equal(err.text, "table a.b: 7");
	assert_int_equal(err.server_code, 0);
}

TEST(set_forgets_the_former_error)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_SQL, "first");
	err.server_code = 1062;
	error_set(&err, ERROR_DATA, "second, was: %s", err.text);
	assert_int_equal(err.server_code, 0);
	assert_string_equal(err.text, "second, was: first");
}

TEST(wrap_puts_context_in_front_and_keeps_the_kind)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_LOST, "gone");
	err.server_code = 2013;
	assert_false(error_wrap(&err, "batch %d", 3));
	assert_false(error_wrap(&err, "table %s", "a.b"));
	assert_string_equal(err.text, "table a.b: batch 3: gone");
	assert_int_equal(err.kind, ERROR_LOST);
	assert_int_equal(err.server_code, 2013);
}

TEST(errno_is_told)
{
	struct error err = ERROR_INIT;

	errno = ENOENT;
	assert_false(error_errno(&err, "open %s", "x"));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_string_equal(err.text, "open x: No such file or directory");
}

static void check_cut(const struct error *err)
{
	assert_int_equal(strlen(err->text), ERROR_TEXT_MAX - 1);
	assert_string_equal(err->text + ERROR_TEXT_MAX - 4, "...");
}

TEST(long_texts_end_in_dots)
{
	struct error err = ERROR_INIT;
	char text[ERROR_TEXT_MAX + 10];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_SQL, "%s", text);
	check_cut(&err);
	error_wrap(&err, "in front");
	check_cut(&err);
	assert_memory_equal(err.text, "in front: xxx", 13);
	errno = EIO;
	error_errno(&err, "%s", text);
	check_cut(&err);

	/* Exactly as much as there is room for is left alone. */
	text[ERROR_TEXT_MAX - 1] = '\0';
	error_set(&err, ERROR_SQL, "%s", text);
	assert_string_equal(err.text, text);
}

TEST(a_cut_does_not_split_a_character)
{
	struct error err = ERROR_INIT;
	char text[2 * ERROR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? '\xa9' : '\xc3'; /* e acute */
	text[sizeof(text) - 1] = '\0';
	for (int shift = 0; shift < 2; shift++) {
		error_set(&err, ERROR_SQL, "%s", text + shift);
		assert_string_equal(err.text + strlen(err.text) - 4, "\xa9...");
	}
}

TEST(kinds_say_what_may_be_retried)
{
	static const struct {
		enum error_kind kind;
		bool retryable;
	} cases[] = {
		{ ERROR_NONE, false },	  { ERROR_LOST, true },	   { ERROR_BUSY, true },
		{ ERROR_DATA, false },	  { ERROR_CONFIG, false }, { ERROR_READ_ONLY, true },
		{ ERROR_STOPPED, false },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err.kind = cases[i].kind;
		assert_int_equal(error_is_retryable(&err), cases[i].retryable);
	}
}

TEST_MAIN(cmocka_unit_test(set_fills_and_returns_false),
	  cmocka_unit_test(set_forgets_the_former_error),
	  cmocka_unit_test(wrap_puts_context_in_front_and_keeps_the_kind),
	  cmocka_unit_test(errno_is_told), cmocka_unit_test(long_texts_end_in_dots),
	  cmocka_unit_test(a_cut_does_not_split_a_character),
	  cmocka_unit_test(kinds_say_what_may_be_retried))
