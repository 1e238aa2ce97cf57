/* create_keys: the keys of a CREATE TABLE statement that enforce nothing, found and left out. */
#include "../../../src/create/create_keys.h"
#include "../unit.h"

#define HEAD "CREATE TABLE `t (,` (\n  `id` enum('a,)','it''s, FULLTEXT KEY `x`') DEFAULT 'a,)'"
#define TAIL "\n) ENGINE=InnoDB COMMENT=',\\n  FULLTEXT KEY `c` (`d`)'"
#define ONE "FULLTEXT KEY `w``,(` (`a`,`b`) /*!50100 WITH PARSER `ngram` */ COMMENT 'x, )'"
#define TWO "FULLTEXT KEY `two` (`a`)"
#define SPATIAL "SPATIAL KEY `g` (`p`)"
#define UNIQUE "UNIQUE KEY `u` (`a`)"
#define VECTOR "VECTOR KEY `u` (`v`)"
#define FOREIGN "CONSTRAINT `KEY` FOREIGN KEY (`a`) REFERENCES `u` (`b`)"
#define PLAIN "KEY `FULLTEXT KEY` (`a`(3))"

static bool is_fulltext(const void *context UNUSED, const struct create_key *key)
{
	return key->is_fulltext;
}

static bool has_name(const void *context, const struct create_key *key)
{
	return strcmp(buf_text(&key->name), context) == 0;
}

static void check_rest(const char *shown, const char *wants)
{
	struct buf out = BUF_INIT;

	create_leave_out_keys(&out, shown, is_fulltext, NULL);
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

TEST(left_out_by_their_names)
{
	struct buf out = BUF_INIT;

	create_leave_out_keys(&out, HEAD ",\n  " UNIQUE ",\n  " PLAIN ",\n  " SPATIAL TAIL,
			      has_name, "FULLTEXT KEY");
	assert_string_equal(buf_text(&out), HEAD ",\n  " UNIQUE ",\n  " SPATIAL TAIL);
	buf_clear(&out);
	create_leave_out_keys(&out, HEAD ",\n  " UNIQUE ",\n  " PLAIN ",\n  " SPATIAL TAIL,
			      has_name, "g");
	assert_string_equal(buf_text(&out), HEAD ",\n  " UNIQUE ",\n  " PLAIN TAIL);
	buf_clear(&out);
	create_leave_out_keys(&out, HEAD ",\n  " UNIQUE ",\n  " VECTOR ",\n  " FOREIGN TAIL,
			      has_name, "u");
	assert_string_equal(buf_text(&out), HEAD ",\n  " UNIQUE ",\n  " VECTOR ",\n  " FOREIGN TAIL);
	buf_release(&out);
}

static void check_next(const char **at, const char *text, const char *name, bool is_full)
{
	struct create_key key = { .is_fulltext = !is_full };

	assert_true(create_next_key(at, &key));
	assert_string_equal(buf_text(&key.text), text);
	assert_string_equal(buf_text(&key.name), name);
	assert_int_equal(key.is_fulltext, is_full);
	create_key_release(&key);
}

TEST(found_with_their_names)
{
	const char *at =
		HEAD ",\n  " ONE ",\n  " PLAIN ",\n  " UNIQUE ",\n  " SPATIAL ",\n  " TWO TAIL;
	struct create_key key = { .is_fulltext = false };

	check_next(&at, ONE, "w`,(", true);
	check_next(&at, PLAIN, "FULLTEXT KEY", false);
	check_next(&at, SPATIAL, "g", false);
	check_next(&at, TWO, "two", true);
	assert_false(create_next_key(&at, &key));
	at = HEAD TAIL;
	assert_false(create_next_key(&at, &key));
	at = "";
	assert_false(create_next_key(&at, &key));
	assert_true(create_find_key(HEAD ",\n  " ONE ",\n  " TWO TAIL, "TWO", &key));
	assert_string_equal(buf_text(&key.text), TWO);
	assert_false(create_find_key(HEAD ",\n  " ONE ",\n  " UNIQUE TAIL, "u", &key));
	create_key_release(&key);
}

static bool same(const char *left, const char *right)
{
	struct create_key a = { .is_fulltext = false }, b = { .is_fulltext = false };

	buf_puts(&a.text, left);
	buf_puts(&b.text, right);

	bool is_same = create_same_key(&a, &b);

	create_key_release(&a);
	create_key_release(&b);
	return is_same;
}

TEST(compared_by_kind_and_parts)
{
	assert_true(same("KEY `k` (`a`,`b`(3))", "KEY `k` (`a`,`b`(3)) USING BTREE COMMENT 'x'"));
	assert_true(same("KEY `k` (`a` DESC,`b`)", "KEY `k` (`a`,`b`)"));
	assert_true(same("KEY `k DESC` (`a`)", "KEY `k DESC` (`a`)"));
	assert_false(same("KEY `k DESC` (`a`)", "KEY `k` (`a`)"));
	assert_false(same("KEY `k` (`a`,`b`)", "KEY `k` (`b`,`a`)"));
	assert_false(same("KEY `k` (`a`,`b`(3))", "KEY `k` (`a`,`b`(4))"));
	assert_false(same("KEY `k` (`a`)", "FULLTEXT KEY `k` (`a`)"));
}

TEST_MAIN(cmocka_unit_test(left_out_wherever_they_stand), cmocka_unit_test(left_out_by_their_names),
	  cmocka_unit_test(found_with_their_names), cmocka_unit_test(compared_by_kind_and_parts))
