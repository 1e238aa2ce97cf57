/* Whose statement is it? The cases about comments are those of Ghostferry's own tests. */
#include "plan/statement_tag.h"
#include "../unit.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"

static void check(const char *text, const char *marginalia, enum signature want)
{
	enum signature got = statement_tag_read(text, strlen(text), marginalia, RUN);

	if (got != want)
		fail_msg("%s: %d, not %d", text, got, want);
}

TEST(what_we_write_is_ours)
{
	static const char *const marginalia[] = { "application:ghostferry", "", "a*/ b", "!x", "Mx",
						  "/*run " OTHER "*/" };
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(marginalia); i++) {
		buf_clear(&sql);
		statement_tag_put(&sql, marginalia[i], RUN);
		buf_puts(&sql, "DELETE FROM t");
		check(buf_text(&sql), marginalia[i], SIGNATURE_OURS);
		buf_clear(&sql);
		statement_tag_put(&sql, marginalia[i], OTHER);
		check(buf_text(&sql), marginalia[i], SIGNATURE_OTHER_RUN);
		buf_clear(&sql);
		statement_tag_put(&sql, marginalia[i], NULL);
		check(buf_text(&sql), marginalia[i], SIGNATURE_OURS);
	}
	buf_release(&sql);
}

TEST(the_first_comment_counts)
{
	static const struct {
		const char *text;
		enum signature want;
	} cases[] = {
		{ "/*a*/ DELETE FROM t", SIGNATURE_OURS },
		{ "/*a*/DELETE FROM t", SIGNATURE_OURS },
		{ "/*a*/ /*b*/ DELETE FROM t", SIGNATURE_OURS },
		{ "/*b*/ /*a*/ DELETE FROM t", SIGNATURE_NONE },
		{ "/*ab*/ DELETE FROM t", SIGNATURE_NONE },
		{ "DELETE FROM t /*a*/", SIGNATURE_NONE },
		{ " /*a*/ DELETE FROM t", SIGNATURE_NONE },
		{ "DELETE FROM t", SIGNATURE_NONE },
		{ "/*a", SIGNATURE_NONE },
		{ "", SIGNATURE_NONE },
		{ "/*a*/ /*run " RUN, SIGNATURE_OTHER_RUN },
		{ "/*a*/ /*run " RUN "0*/", SIGNATURE_OTHER_RUN },
		{ "/*a*/ /*run ", SIGNATURE_OTHER_RUN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i].text, "a", cases[i].want);
}

TEST_MAIN(cmocka_unit_test(what_we_write_is_ours), cmocka_unit_test(the_first_comment_counts))
