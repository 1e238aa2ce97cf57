/* create_exact: what SHOW CREATE TABLE leaves out or bends, put into the statement. */
#include "../../../src/create/create_exact.h"
#include "../unit.h"

static char id[] = "id", c[] = "c`x", e[] = "e", s[] = "s", dynamic[] = "Dynamic";
static char bent[] = "?", plain[] = "it's", letter[] = "A";
static char *enum_members[] = { bent, plain };
static char enum_bent[] = "C840", enum_plain[] = "69742773", letter_bytes[] = "41";
static char *enum_bytes[] = { enum_bent, enum_plain };
static char *set_members[] = { plain, letter };
static char *set_bytes[] = { enum_plain, letter_bytes };

static struct column columns[] = {
	{ .name = id, .position = 0, .is_auto_increment = true },
	{ .name = c, .position = 1, .is_auto_increment = true, .is_nullable = true },
	{ .name = e,
	  .position = 2,
	  .type = COLUMN_ENUM,
	  .is_nullable = true,
	  .members = enum_members,
	  .member_bytes = enum_bytes,
	  .member_count = 2 },
	{ .name = s,
	  .position = 3,
	  .type = COLUMN_SET,
	  .is_nullable = true,
	  .members = set_members,
	  .member_bytes = set_bytes,
	  .member_count = 2 },
};

#define HEAD "CREATE TABLE `t` (\n  "
#define TAIL "\n) ENGINE=InnoDB COMMENT='\\n) ROW_FORMAT=x'"

static void check(const char *shown, const char *default_format, const char *wants)
{
	struct table table = { .columns = columns, .column_count = 4, .row_format = dynamic };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	bool ok = create_exact(&out, shown, &table, default_format, &err);

	assert_int_equal(ok, wants != NULL);
	if (wants)
		assert_string_equal(buf_text(&out), wants);
	buf_release(&out);
}

TEST(a_counter_that_may_be_null)
{
	check(HEAD "`id` int NOT NULL AUTO_INCREMENT" TAIL, NULL,
	      HEAD "`id` int NOT NULL AUTO_INCREMENT" TAIL);
	check(HEAD
	      "`c``x` int AUTO_INCREMENT COMMENT 'AUTO_INCREMENT',\n  KEY `AUTO_INCREMENT` (`id`)"
	      "\n) ENGINE=InnoDB AUTO_INCREMENT=9",
	      NULL,
	      HEAD "`c``x` int AUTO_INCREMENT NULL COMMENT 'AUTO_INCREMENT',\n  KEY `AUTO_INCREMENT` "
		   "(`id`)\n) ENGINE=InnoDB AUTO_INCREMENT=9");
}

TEST(members_by_their_bytes)
{
	check(HEAD "`e` enum('?','it''s') CHARACTER SET big5 DEFAULT '?'" TAIL, NULL,
	      HEAD "`e` enum(0xC840,0x69742773) CHARACTER SET big5 DEFAULT 0xC840" TAIL);
	check(HEAD "`e` enum(x'ff0','it''s') DEFAULT NULL" TAIL, NULL,
	      HEAD "`e` enum(0xC840,0x69742773) DEFAULT NULL" TAIL);
	check(HEAD "`e` enum('?','it''s') DEFAULT 0xC840" TAIL, NULL,
	      HEAD "`e` enum(0xC840,0x69742773) DEFAULT 0xC840" TAIL);
	check(HEAD "`s` set('it''s','A') DEFAULT 'it''s,A'" TAIL, NULL,
	      HEAD "`s` set(0x69742773,0x41) DEFAULT 0x697427732C41" TAIL);
	check(HEAD "`s` set('it''s','A') DEFAULT ''" TAIL, NULL,
	      HEAD "`s` set(0x69742773,0x41) DEFAULT ''" TAIL);
	check(HEAD "`s` set('it''s','A') DEFAULT 'other'" TAIL, NULL, NULL);
}

TEST(members_that_are_not_known)
{
	columns[2].member_bytes = NULL;
	check(HEAD "`id` int NOT NULL" TAIL, NULL, NULL);
	columns[2].member_bytes = enum_bytes;
}

TEST(the_row_format)
{
	check(HEAD "`id` int" TAIL, "dynamic", HEAD "`id` int" TAIL);
	check(HEAD "`id` int" TAIL, "compact",
	      HEAD "`id` int\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='\\n) ROW_FORMAT=x'");
	check(HEAD "`id` int\n) ENGINE=InnoDB ROW_FORMAT=COMPRESSED", "compact",
	      HEAD "`id` int\n) ENGINE=InnoDB ROW_FORMAT=COMPRESSED");
	check(HEAD "`id` int\n) ENGINE=InnoDB KEY_BLOCK_SIZE=8", "compact",
	      HEAD "`id` int\n) ENGINE=InnoDB KEY_BLOCK_SIZE=8");
}

TEST_MAIN(cmocka_unit_test(a_counter_that_may_be_null), cmocka_unit_test(members_by_their_bytes),
	  cmocka_unit_test(members_that_are_not_known), cmocka_unit_test(the_row_format))
