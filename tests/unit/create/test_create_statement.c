/* CREATE statements under another name. */
#include "create/create_statement.h"
#include "../unit.h"

TEST(renames_whatever_the_name)
{
	static const struct {
		const char *shown, *object;
		bool if_not_exists;
		const char *wanted;
	} cases[] = {
		{ "CREATE TABLE `t` (\n  `t` int\n)", "TABLE", false,
		  "CREATE TABLE N (\n  `t` int\n)" },
		{ "CREATE TABLE `t` (x)", "TABLE", true, "CREATE TABLE IF NOT EXISTS N (x)" },
		{ "CREATE TABLE `a``b` (x)", "TABLE", false, "CREATE TABLE N (x)" },
		{ "CREATE TABLE ```` (x)", "TABLE", false, "CREATE TABLE N (x)" },
		{ "CREATE TABLE `a.b (` (x)", "TABLE", false, "CREATE TABLE N (x)" },
		{ "CREATE TABLE `\xc3\xa4\xe6\x97\xa5 \\'` (x)", "TABLE", false,
		  "CREATE TABLE N (x)" },
		{ "CREATE DATABASE `d` /*!40100 DEFAULT CHARACTER SET utf8mb4 */", "DATABASE", true,
		  "CREATE DATABASE IF NOT EXISTS N /*!40100 DEFAULT CHARACTER SET utf8mb4 */" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sql = BUF_INIT;
		struct error err;

		assert_true(create_rename(&sql, cases[i].shown, cases[i].object,
					  cases[i].if_not_exists, "N", &err));
		assert_string_equal(buf_text(&sql), cases[i].wanted);
		buf_release(&sql);
	}
}

TEST(refuses_what_it_does_not_understand)
{
	static const char *const shown[] = {
		"",
		"CREATE",
		"CREATE TABLE ",
		"CREATE TABLE t (x)",
		"CREATE TABLE `t",
		"CREATE TABLE `t``",
		"CREATE TABLE \"t\" (x)",
		"CREATE VIEW `t` (x)",
		"CREATE DATABASE `t`",
		"CREATE TABLE",
		"CREATE TEMPORARY TABLE `t` (x)",
	};

	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		struct buf sql = BUF_INIT;
		struct error err;

		assert_false(create_rename(&sql, shown[i], "TABLE", false, "N", &err));
		assert_int_equal(sql.length, 0);
		buf_release(&sql);
	}
}

TEST_MAIN(cmocka_unit_test(renames_whatever_the_name),
	  cmocka_unit_test(refuses_what_it_does_not_understand))
