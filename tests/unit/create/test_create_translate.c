/* CREATE statements in the words of the other flavour. */
#include "../../../src/create/create_translate.h"
#include "../unit.h"

#define TABLE(columns) "CREATE TABLE `t` (\n  " columns "\n) ENGINE=InnoDB"

static const struct {
	enum flavour to;
	const char *shown;
	const char *want; /* NULL: refused */
} cases[] = {
	{ FLAVOUR_MARIADB, TABLE("`a` int DEFAULT NULL /*!80023 INVISIBLE */"),
	  TABLE("`a` int DEFAULT NULL INVISIBLE") },
	{ FLAVOUR_MARIADB, TABLE("`a` int,\n  KEY `k` (`a`) /*!80000 INVISIBLE */"),
	  TABLE("`a` int,\n  KEY `k` (`a`) IGNORED") },
	{ FLAVOUR_MARIADB, TABLE("`a` int /*!50606 STORAGE DISK */ /*!50606 COLUMN_FORMAT FIXED */"),
	  TABLE("`a` int") },
	{ FLAVOUR_MARIADB, TABLE("`a` geomcollection COMMENT 'geomcollection /*!80023 x*/'"),
	  TABLE("`a` geometrycollection COMMENT 'geomcollection /*!80023 x*/'") },
	{ FLAVOUR_MARIADB, TABLE("`a` point /*!80003 SRID 4326 */ DEFAULT NULL"), NULL },
	{ FLAVOUR_MARIADB, TABLE("CONSTRAINT `z` CHECK ((`a` < 3)) /*!80016 NOT ENFORCED */"), NULL },
	{ FLAVOUR_MARIADB, TABLE("`a` int,\n  KEY `k` ((`a` + 1))"), NULL },
	{ FLAVOUR_MARIADB, TABLE("`v` vector(3)"), NULL },
	{ FLAVOUR_MARIADB, TABLE("`g` text AS (replace(`a`,_utf8mb4'\\n',_latin1'|'))"),
	  TABLE("`g` text AS (replace(`a`,'\\n',_latin1'|'))") },
	{ FLAVOUR_MARIADB, TABLE("`g` text AS (replace(`a`,_latin1'\\n','|'))"), NULL },
	{ FLAVOUR_MARIADB, TABLE("`_utf8mb4` text COMMENT '_latin1''\\n'"),
	  TABLE("`_utf8mb4` text COMMENT '_latin1''\\n'") },
	{ FLAVOUR_MARIADB, TABLE("`a` int") " COMPRESSION='zlib' COMMENT='COMPRESSION=''x'''",
	  TABLE("`a` int") " COMMENT='COMPRESSION=''x'''" },
	{ FLAVOUR_MARIADB, TABLE("`a` int") " ENCRYPTION='Y'", NULL },
	{ FLAVOUR_MARIADB,
	  "CREATE DATABASE `x` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ "
	  "/*!80016 DEFAULT ENCRYPTION='N' */",
	  "CREATE DATABASE `x` /*!40100 DEFAULT CHARACTER SET utf8mb4 */" },
	{ FLAVOUR_MYSQL, TABLE("`a` varchar(40) DEFAULT uuid()"),
	  TABLE("`a` varchar(40) DEFAULT (uuid())") },
	{ FLAVOUR_MYSQL, TABLE("`a` text DEFAULT concat('a)','b') COMMENT 'c'"),
	  TABLE("`a` text DEFAULT (concat('a)','b')) COMMENT 'c'") },
	{ FLAVOUR_MYSQL, TABLE("`a` text DEFAULT 'it''s'"), TABLE("`a` text DEFAULT ('it''s')") },
	{ FLAVOUR_MYSQL, TABLE("`a` varchar(9) DEFAULT 'uuid()'"),
	  TABLE("`a` varchar(9) DEFAULT 'uuid()'") },
	{ FLAVOUR_MYSQL, TABLE("`a` bit(3) DEFAULT b'101'"), TABLE("`a` bit(3) DEFAULT b'101'") },
	{ FLAVOUR_MYSQL, TABLE("`a` int(11) DEFAULT -5"), TABLE("`a` int(11) DEFAULT -5") },
	{ FLAVOUR_MYSQL, TABLE("`a` int(11) DEFAULT (1 + 1)"), TABLE("`a` int(11) DEFAULT (1 + 1)") },
	{ FLAVOUR_MYSQL,
	  TABLE("`d` datetime(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3)"),
	  TABLE("`d` datetime(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3)") },
	{ FLAVOUR_MYSQL, TABLE("`j` longtext DEFAULT NULL CHECK (json_valid(`j`))"),
	  TABLE("`j` longtext DEFAULT NULL") },
	{ FLAVOUR_MYSQL, TABLE("CONSTRAINT `CONSTRAINT_12` CHECK (`a` > 0)"),
	  TABLE("CHECK (`a` > 0)") },
	{ FLAVOUR_MYSQL, TABLE("CONSTRAINT `CONSTRAINT_x` CHECK (`a` > 0)"),
	  TABLE("CONSTRAINT `CONSTRAINT_x` CHECK (`a` > 0)") },
	{ FLAVOUR_MARIADB, TABLE("CONSTRAINT `CONSTRAINT_1` CHECK (`a` > 0)"),
	  TABLE("CONSTRAINT `CONSTRAINT_1` CHECK (`a` > 0)") },
	{ FLAVOUR_MYSQL, TABLE("`j` longtext CHECK (json_valid(`j`) and 1)"),
	  TABLE("`j` longtext CHECK (json_valid(`j`) and 1)") },
	{ FLAVOUR_MYSQL, TABLE("`y` varchar(20) /*M!100301 COMPRESSED*/ DEFAULT NULL"),
	  TABLE("`y` varchar(20) DEFAULT NULL") },
	{ FLAVOUR_MYSQL, TABLE("`a` int") " PAGE_CHECKSUM=1 COMMENT='x' `page_compressed`='1'",
	  TABLE("`a` int") " COMMENT='x'" },
	{ FLAVOUR_MYSQL, TABLE("`a` uuid NOT NULL"), NULL },
	{ FLAVOUR_MYSQL, TABLE("`uuid` int NOT NULL"), TABLE("`uuid` int NOT NULL") },
	{ FLAVOUR_MYSQL, TABLE("`a` text,\n  UNIQUE KEY `a` (`a`) USING HASH"), NULL },
	{ FLAVOUR_MYSQL,
	  TABLE("`a` int,\n  KEY `a` (`a`) USING HASH,\n  PRIMARY KEY (`a`) USING HASH"),
	  TABLE("`a` int,\n  KEY `a` (`a`),\n  PRIMARY KEY (`a`)") },
	{ FLAVOUR_MYSQL, TABLE("`a` text /*!100301 COMPRESSED*/ DEFAULT NULL"),
	  TABLE("`a` text DEFAULT NULL") },
	{ FLAVOUR_MYSQL, TABLE("`a` int DEFAULT nextval(`x`.`s`)"), NULL },
};

static enum flavour other(enum flavour flavour)
{
	return flavour == FLAVOUR_MYSQL ? FLAVOUR_MARIADB : FLAVOUR_MYSQL;
}

TEST(the_other_flavour_gets_its_own_words)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		bool ok = create_translate(&out, cases[i].shown, other(cases[i].to), cases[i].to,
					   &err);

		assert_int_equal(ok, cases[i].want != NULL);
		if (ok)
			assert_string_equal(buf_text(&out), cases[i].want);
		else
			assert_non_null(strstr(err.text, "has no counterpart in"));
		buf_release(&out);
	}
}

TEST(the_same_flavour_gets_it_as_it_is)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_true(create_translate(&out, cases[i].shown, cases[i].to, cases[i].to, &err));
		assert_string_equal(buf_text(&out), cases[i].shown);
		buf_release(&out);
	}
}

/* Whatever is cut off ends the walk in good order. */
TEST(survives_every_truncation)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t length = 0; length < strlen(cases[i].shown); length++) {
			char *text = strndup(cases[i].shown, length);
			struct buf out = BUF_INIT;
			struct error err = ERROR_INIT;

			if (create_translate(&out, text, other(cases[i].to), cases[i].to, &err))
				assert_true(out.length <= length + 16);
			buf_release(&out);
			free(text);
		}
	}
}

TEST_MAIN(cmocka_unit_test(the_other_flavour_gets_its_own_words),
	  cmocka_unit_test(the_same_flavour_gets_it_as_it_is),
	  cmocka_unit_test(survives_every_truncation))
