/* create_fulltext: the FULLTEXT keys of a CREATE TABLE statement, found and left out. */
#include "../../../src/create/create_fulltext.h"
#include "../unit.h"

#define HEAD "CREATE TABLE `t (,` (\n  `id` enum('a,)','it''s, FULLTEXT KEY `x`') DEFAULT 'a,)'"
#define TAIL "\n) ENGINE=InnoDB COMMENT=',\\n  FULLTEXT KEY `c` (`d`)'"
#define ONE "FULLTEXT KEY `w``,(` (`a`,`b`) /*!50100 WITH PARSER `ngram` */ COMMENT 'x, )'"
#define TWO "FULLTEXT KEY `two` (`a`)"
#define PLAIN "KEY `FULLTEXT KEY` (`a`(3))"

static void check_rest(const char *shown, const char *wants)
{
	struct buf out = BUF_INIT;

	create_leave_out_fulltext(&out, shown);
	assert_string_equal(buf_text(&out), wants);
	buf_release(&out);
}

TEST(left_out_wherever_they_stand)
{
	check_rest(HEAD TAIL, HEAD TAIL);
	check_rest(HEAD ",\n  " ONE TAIL, HEAD TAIL);
	check_rest(HEAD ",\n  " ONE ",\n  " TWO TAIL, HEAD TAIL);
	check_rest(HEAD ",\n  " ONE ",\n  " PLAIN TAIL, HEAD ",\n  " PLAIN TAIL);
	check_rest(HEAD ",\n  " PLAIN ",\n  " TWO TAIL, HEAD ",\n  " PLAIN TAIL);
	check_rest("no statement", "no statement");
}

TEST(found_with_their_names)
{
	const char *at = HEAD ",\n  " ONE ",\n  " PLAIN ",\n  " TWO TAIL;
	struct buf text = BUF_INIT, name = BUF_INIT;

	assert_true(create_next_fulltext(&at, &text, &name));
	assert_string_equal(buf_text(&text), ONE);
	assert_string_equal(buf_text(&name), "w`,(");
	assert_true(create_next_fulltext(&at, &text, &name));
	assert_string_equal(buf_text(&text), TWO);
	assert_string_equal(buf_text(&name), "two");
	assert_false(create_next_fulltext(&at, &text, &name));
	at = HEAD TAIL;
	assert_false(create_next_fulltext(&at, &text, &name));
	at = "";
	assert_false(create_next_fulltext(&at, &text, &name));
	buf_release(&text);
	buf_release(&name);
}

TEST_MAIN(cmocka_unit_test(left_out_wherever_they_stand), cmocka_unit_test(found_with_their_names))
