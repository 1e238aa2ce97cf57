/* create_rewrite: collations of CREATE statements, where they are shown and where not. */
#include "../../../src/create/create_rewrite.h"
#include "../unit.h"

static char id[] = "id", a[] = "a`b", c[] = "c", d[] = "d", none[] = "";
static char general[] = "utf8mb4_general_ci", ai[] = "utf8mb4_0900_ai_ci", bin[] = "utf8mb4_bin";
static char nopad[] = "utf8mb4_uca1400_nopad_ai_ci";

static struct column columns[] = {
	{ .name = id, .collation = none },
	{ .name = a, .collation = ai },
	{ .name = c, .collation = ai },
	{ .name = d, .collation = bin },
};

static void check(char *collation, const char *shown, const char *wants)
{
	struct table table = { .columns = columns, .column_count = 4, .collation = collation };
	struct buf out = BUF_INIT;
	struct map rewrites;

	map_init(&rewrites);
	create_rewrite_table(&out, shown, &table, &rewrites);
	assert_string_equal(buf_text(&out), shown);
	buf_clear(&out);
	map_put_text(&rewrites, "utf8mb4_0900_*", nopad);
	map_put_text(&rewrites, general, bin);
	create_rewrite_table(&out, shown, &table, &rewrites);
	assert_string_equal(buf_text(&out), wants);
	buf_release(&out);
	map_release(&rewrites);
}

TEST(those_that_are_shown)
{
	check(ai,
	      "CREATE TABLE `t` (\n"
	      "  `id` int NOT NULL COMMENT 'COLLATE utf8mb4_0900_ai_ci',\n"
	      "  `a``b` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci DEFAULT '',\n"
	      "  `c` enum('a)','b') COLLATE utf8mb4_0900_ai_ci DEFAULT NULL,\n"
	      "  `d` text COLLATE utf8mb4_bin,\n"
	      "  KEY `a` (`a``b`)\n"
	      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT=' "
	      "COLLATE=x'",
	      "CREATE TABLE `t` (\n"
	      "  `id` int NOT NULL COMMENT 'COLLATE utf8mb4_0900_ai_ci',\n"
	      "  `a``b` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_nopad_ai_ci DEFAULT '',\n"
	      "  `c` enum('a)','b') COLLATE utf8mb4_uca1400_nopad_ai_ci DEFAULT NULL,\n"
	      "  `d` text COLLATE utf8mb4_bin,\n"
	      "  KEY `a` (`a``b`)\n"
	      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_nopad_ai_ci COMMENT=' "
	      "COLLATE=x'");
}

TEST(those_that_are_not)
{
	check(general,
	      "CREATE TABLE `t` (\n"
	      "  `a``b` varchar(9) CHARACTER SET utf8mb4 NOT NULL,\n"
	      "  `c` longtext /*M!100301 COMPRESSED*/ NOT NULL,\n"
	      "  `d` text\n"
	      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
	      "CREATE TABLE `t` (\n"
	      "  `a``b` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_nopad_ai_ci NOT NULL,\n"
	      "  `c` longtext /*M!100301 COMPRESSED*/ COLLATE utf8mb4_uca1400_nopad_ai_ci NOT NULL,\n"
	      "  `d` text\n"
	      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
}

TEST(those_of_expressions)
{
	check(bin,
	      "CREATE TABLE `t` (\n"
	      "  `a``b` varchar(9) COLLATE utf8mb4_0900_ai_ci GENERATED ALWAYS AS ((`d` collate "
	      "utf8mb4_0900_ai_ci)) VIRTUAL,\n"
	      "  CONSTRAINT `x` CHECK (`d` COLLATE utf8mb4_general_ci <> 'collate utf8mb4_0900_bin')\n"
	      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
	      "CREATE TABLE `t` (\n"
	      "  `a``b` varchar(9) COLLATE utf8mb4_uca1400_nopad_ai_ci GENERATED ALWAYS AS ((`d` collate "
	      "utf8mb4_uca1400_nopad_ai_ci)) VIRTUAL,\n"
	      "  CONSTRAINT `x` CHECK (`d` COLLATE utf8mb4_bin <> 'collate utf8mb4_0900_bin')\n"
	      ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
}

TEST(another_engine)
{
	static const char shown[] =
		"CREATE TABLE `t` (\n"
		"  `id` int NOT NULL COMMENT 'ENGINE=MyISAM USING HASH',\n"
		"  `USING HASH` int DEFAULT NULL,\n"
		"  PRIMARY KEY (`id`) USING HASH,\n"
		"  KEY `b` (`USING HASH`) USING BTREE COMMENT 'x'\n"
		") ENGINE=MEMORY AUTO_INCREMENT=7 DEFAULT CHARSET=latin1 PACK_KEYS=0 CHECKSUM=1 "
		"ROW_FORMAT=FIXED DATA DIRECTORY='/a b' TRANSACTIONAL=1 COMMENT='CHECKSUM=1'";
	static const char wants[] =
		"CREATE TABLE `t` (\n"
		"  `id` int NOT NULL COMMENT 'ENGINE=MyISAM USING HASH',\n"
		"  `USING HASH` int DEFAULT NULL,\n"
		"  PRIMARY KEY (`id`),\n"
		"  KEY `b` (`USING HASH`) USING BTREE COMMENT 'x'\n"
		") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=latin1 COMMENT='CHECKSUM=1'";
	struct buf out = BUF_INIT;

	create_rewrite_engine(&out, shown);
	assert_string_equal(buf_text(&out), wants);
	buf_release(&out);
}

TEST(that_of_a_database)
{
	static const char *const cases[][2] = {
		{ "CREATE DATABASE `a` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci "
		  "*/ COMMENT 'x'",
		  "CREATE DATABASE `a` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */ "
		  "COMMENT 'x'" },
		{ "CREATE DATABASE `a` /*!40100 DEFAULT CHARACTER SET utf8mb4 */",
		  "CREATE DATABASE `a` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */" },
		{ "CREATE DATABASE `a`", "CREATE DATABASE `a` COLLATE utf8mb4_bin" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT;

		create_rewrite_database(&out, cases[i][0], bin);
		assert_string_equal(buf_text(&out), cases[i][1]);
		buf_release(&out);
	}
}

TEST_MAIN(cmocka_unit_test(those_that_are_shown), cmocka_unit_test(those_that_are_not),
	  cmocka_unit_test(those_of_expressions), cmocka_unit_test(another_engine),
	  cmocka_unit_test(that_of_a_database))
