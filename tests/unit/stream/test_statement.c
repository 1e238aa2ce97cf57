/* statement: the kind and the names of many statements, and that no cut-off or
 * strange text is misread. A result is written as its kind, the names ("db.t",
 * "db." for a database), then "..." when names may be missing, "any" when it may be
 * anything, "creates", "if_absent" and "empties". */
#include "../../../src/stream/statement.h"

#include "base/buf.h"
#include "../unit.h"

static const char *const kinds[] = {
	[STATEMENT_BEGIN] = "begin",
	[STATEMENT_COMMIT] = "commit",
	[STATEMENT_ROLLBACK] = "rollback",
	[STATEMENT_SAVEPOINT] = "savepoint",
	[STATEMENT_ROLLBACK_TO] = "rollback_to",
	[STATEMENT_RELEASE_SAVEPOINT] = "release",
	[STATEMENT_XA_START] = "xa_start",
	[STATEMENT_XA_END] = "xa_end",
	[STATEMENT_XA_PREPARE] = "xa_prepare",
	[STATEMENT_XA_COMMIT] = "xa_commit",
	[STATEMENT_XA_ROLLBACK] = "xa_rollback",
	[STATEMENT_HARMLESS] = "harmless",
	[STATEMENT_TABLE] = "table",
	[STATEMENT_DML] = "dml",
	[STATEMENT_UNKNOWN] = "unknown",
};

static struct statement parsed;

static void describe_as(struct buf *text, const char *sql, size_t length,
			enum statement_escapes escapes)
{
	statement_parse(sql, length, escapes, &parsed);
	buf_clear(text);
	buf_puts(text, kinds[parsed.kind]);
	for (unsigned i = 0; i < parsed.name_count; i++)
		buf_printf(text, " %s.%s", parsed.names[i].schema, parsed.names[i].name);
	if (!parsed.is_complete)
		buf_puts(text, " ...");
	if (parsed.is_open)
		buf_puts(text, " any");
	if (parsed.creates)
		buf_puts(text, " creates");
	if (parsed.if_absent)
		buf_puts(text, " if_absent");
	if (parsed.empties)
		buf_puts(text, " empties");
}

static void describe(struct buf *text, const char *sql, size_t length)
{
	describe_as(text, sql, length, STATEMENT_ESCAPES);
}

static void check(const char *sql, const char *want)
{
	struct buf text = BUF_INIT;

	describe(&text, sql, strlen(sql));
	if (strcmp(buf_text(&text), want) != 0)
		print_message("%s\n", sql);
	assert_string_equal(buf_text(&text), want);
	buf_release(&text);
}

struct statement_case {
	const char *sql;
	const char *want;
};

static void check_all(const struct statement_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(cases[i].sql, cases[i].want);
}

TEST(transactions)
{
	static const struct statement_case cases[] = {
		{ "BEGIN", "begin" },
		{ "begin work", "begin" },
		{ "BEGIN NOT ATOMIC DELETE FROM t; END", "unknown any" },
		{ "START TRANSACTION", "begin" },
		{ "START TRANSACTION WITH CONSISTENT SNAPSHOT", "begin" },
		{ "START REPLICA", "harmless" },
		{ "START something", "unknown any" },
		{ "COMMIT", "commit" },
		{ "COMMIT AND CHAIN", "commit" },
		{ "ROLLBACK", "rollback" },
		{ "ROLLBACK WORK", "rollback" },
		{ "ROLLBACK TO `a`", "rollback_to .a" },
		{ "ROLLBACK WORK TO SAVEPOINT a", "rollback_to .a" },
		{ "ROLLBACK TO SAVEPOINT", "rollback_to ..." },
		{ "SAVEPOINT `a.b``c`", "savepoint .a.b`c" },
		{ "RELEASE SAVEPOINT a", "release .a" },
		{ "XA START X'31',X'',1", "xa_start" },
		{ "XA BEGIN 'a'", "xa_start" },
		{ "XA END X'31',X'',1", "xa_end" },
		{ "XA PREPARE X'31',X'',1", "xa_prepare" },
		{ "XA COMMIT X'31',X'',1", "xa_commit" },
		{ "XA ROLLBACK X'31',X'',1", "xa_rollback" },
		{ "XA RECOVER", "unknown any" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(phases_of_xa_by_their_verb)
{
	static const struct statement_case cases[] = {
		{ "XA START 'a'", "XA START" },	      { "XA END 'a'", "XA END" },
		{ "XA PREPARE 'a'", "XA PREPARE" },   { "XA COMMIT 'a' ONE PHASE", "XA COMMIT" },
		{ "XA ROLLBACK 'a'", "XA ROLLBACK" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		statement_parse(cases[i].sql, strlen(cases[i].sql), STATEMENT_ESCAPES, &parsed);
		assert_string_equal(parsed.verb, cases[i].want);
	}
}

/* Nothing of a statement is left in the next one. */
TEST(index_of_the_statement_before)
{
	static const char *const next[] = { "ALTER TABLE t ADD z INT", "DROP INDEX i ON t",
					    "CREATE INDEX i ON t (a)", "TRUNCATE t" };
	static const char first[] = "CREATE INDEX IF NOT EXISTS i ON t (a)";

	for (size_t i = 0; i < ARRAY_LEN(next); i++) {
		statement_parse(first, strlen(first), STATEMENT_ESCAPES, &parsed);
		assert_string_equal(parsed.index, "i");
		statement_parse(next[i], strlen(next[i]), STATEMENT_ESCAPES, &parsed);
		assert_string_equal(parsed.index, "");
	}
}

TEST(tables)
{
	static const struct statement_case cases[] = {
		{ "CREATE TABLE t (id INT)", "table .t creates" },
		{ "create table `db`.`t` (id int)", "table db.t creates" },
		{ "CREATE TABLE db . t (id INT)", "table db.t creates" },
		{ "CREATE TABLE IF NOT EXISTS db.t (id INT)", "table db.t creates if_absent" },
		{ "CREATE OR REPLACE TABLE t (id INT)", "table .t creates" },
		{ "CREATE TABLE t LIKE u", "table .t creates" },
		{ "CREATE TABLE t (id INT) START TRANSACTION", "table .t creates" },
		{ "CREATE TABLE t SELECT * FROM u", "table .t creates" },
		{ "CREATE TEMPORARY TABLE t (id INT)", "harmless" },
		{ "CREATE OR REPLACE TEMPORARY TABLE t (id INT)", "harmless" },
		{ "DROP TABLE t", "table .t" },
		{ "DROP TABLE IF EXISTS `a`,`b`.`c` /* generated by server */", "table .a b.c" },
		{ "DROP TABLES a, b CASCADE", "table .a .b" },
		{ "DROP TABLE a WAIT 5", "table .a" },
		{ "DROP TEMPORARY TABLE IF EXISTS t", "harmless" },
		{ "DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `t`", "harmless" },
		{ "DROP TABLE", "table ..." },
		{ "DROP TABLE a,", "table .a ..." },
		{ "TRUNCATE t", "table .t empties" },
		{ "TRUNCATE TABLE db.t", "table db.t empties" },
		{ "TRUNCATE TABLE `db`.`t` /* generated by server */", "table db.t empties" },
		{ "TRUNCATE TABLE t NOWAIT", "table .t empties" },
		{ "TRUNCATE TABLE t WAIT 5", "table .t empties" },
		{ "TRUNCATE t PARTITION p", "table .t" },
		{ "TRUNCATE t, u", "table .t" },
		{ "ALTER TABLE t TRUNCATE PARTITION p", "table .t" },
		{ "RENAME TABLE a TO b", "table .a .b" },
		{ "RENAME TABLES a TO x.b, c TO d", "table .a x.b .c .d" },
		{ "RENAME TABLE IF EXISTS a NOWAIT TO b, c WAIT 5 TO d", "table .a .b .c .d" },
		{ "RENAME TABLE a", "table .a ..." },
		{ "RENAME USER a TO b", "harmless" },
		{ "RENAME x", "unknown any" },
		{ "CREATE INDEX i ON t (a)", "table .t" },
		{ "CREATE UNIQUE INDEX `on` USING BTREE ON db.t (a)", "table db.t" },
		{ "CREATE FULLTEXT INDEX IF NOT EXISTS i ON t (a)", "table .t" },
		{ "CREATE OR REPLACE SPATIAL INDEX i ON t (a)", "table .t" },
		{ "CREATE VECTOR INDEX i ON t (a)", "table .t" },
		{ "CREATE INDEX i", "table ..." },
		{ "DROP INDEX i ON t", "table .t" },
		{ "DROP INDEX IF EXISTS i ON db.t ALGORITHM=INPLACE", "table db.t" },
		{ "DROP INDEX `on` ON t", "table .t" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(altered_tables)
{
	static const struct statement_case cases[] = {
		{ "ALTER TABLE t ADD c INT", "table .t" },
		{ "ALTER TABLE db.t RENAME TO u", "table db.t .u" },
		{ "ALTER TABLE t RENAME u", "table .t .u" },
		{ "ALTER TABLE t RENAME AS x.u, ADD c INT", "table .t x.u" },
		{ "ALTER TABLE t ADD c INT, RENAME = u", "table .t .u" },
		{ "ALTER TABLE t RENAME COLUMN a TO b", "table .t" },
		{ "ALTER TABLE t RENAME INDEX a TO b, RENAME KEY c TO d", "table .t" },
		{ "ALTER TABLE t ADD c INT COMMENT 'RENAME TO u'", "table .t" },
		{ "ALTER TABLE t ADD c INT COMMENT 'it''s \\' RENAME TO u'", "table .t" },
		{ "ALTER TABLE t ADD c INT CHECK (rename > 1)", "table .t" },
		{ "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", "table .t .u" },
		{ "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE x.u WITHOUT VALIDATION",
		  "table .t x.u" },
		{ "ALTER TABLE t CONVERT PARTITION p TO TABLE u", "table .t .u" },
		{ "ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (1)",
		  "table .t .u" },
		{ "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "table .t" },
		{ "ALTER ONLINE IGNORE TABLE IF EXISTS t NOWAIT ADD c INT", "table .t" },
		{ "ALTER TABLE t WAIT 5 RENAME u", "table .t .u" },
		{ "ALTER TABLE t DISCARD TABLESPACE", "table .t" },
		{ "ALTER TABLE", "table ..." },
		{ "ALTER TABLE t RENAME TO", "table .t ..." },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(databases)
{
	static const struct statement_case cases[] = {
		{ "CREATE DATABASE d", "table d. creates" },
		{ "CREATE SCHEMA IF NOT EXISTS `d` CHARACTER SET latin1", "harmless" },
		{ "CREATE OR REPLACE DATABASE d", "table d. creates" },
		{ "DROP DATABASE d", "table d." },
		{ "DROP SCHEMA IF EXISTS `a``b`", "table a`b." },
		{ "DROP DATABASE", "table ..." },
		{ "ALTER DATABASE d CHARACTER SET latin1", "harmless" },
		{ "ALTER SCHEMA CHARACTER SET latin1", "harmless" },
		{ "ALTER DATABASE d READ ONLY = 1", "harmless" },
		{ "ALTER DATABASE `#mysql50#a-b` UPGRADE DATA DIRECTORY NAME", "table any" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(harmless_statements)
{
	static const struct statement_case cases[] = {
		{ "", "harmless" },
		{ "  -- nothing", "harmless" },
		{ "# Dummy event replacing event type 160 that slave cannot handle.", "harmless" },
		{ "GRANT ALL ON db.* TO u", "harmless" },
		{ "REVOKE ALL ON db.* FROM u", "harmless" },
		{ "CREATE USER 'u'@'%' IDENTIFIED BY 'x'", "harmless" },
		{ "ALTER USER u PASSWORD EXPIRE", "harmless" },
		{ "DROP USER IF EXISTS u", "harmless" },
		{ "CREATE ROLE r", "harmless" },
		{ "SET PASSWORD FOR u = 'x'", "harmless" },
		{ "SET @a = 1", "harmless" },
		{ "CREATE VIEW v AS SELECT 1", "harmless" },
		{ "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER "
		  "VIEW `v` AS select 1",
		  "harmless" },
		{ "CREATE DEFINER=CURRENT_USER() SQL SECURITY INVOKER VIEW v AS SELECT 1",
		  "harmless" },
		{ "CREATE DEFINER=`TABLE`@`%` TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a=1",
		  "harmless" },
		{ "CREATE DEFINER=event@localhost PROCEDURE p() DROP TABLE t", "harmless" },
		{ "CREATE AGGREGATE FUNCTION f RETURNS INT SONAME 'x'", "harmless" },
		{ "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DROP TABLE t", "harmless" },
		{ "ALTER EVENT e DISABLE", "harmless" },
		{ "DROP TRIGGER t", "harmless" },
		{ "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'x')", "harmless" },
		{ "CREATE SEQUENCE s", "harmless" },
		{ "CREATE SPATIAL REFERENCE SYSTEM 1 NAME 'x'", "harmless" },
		{ "CREATE UNDO TABLESPACE x ADD DATAFILE 'y'", "harmless" },
		{ "ANALYZE TABLE t", "harmless" },
		{ "ANALYZE LOCAL TABLE t", "harmless" },
		{ "OPTIMIZE TABLE t", "harmless" },
		{ "CHECK TABLE t", "harmless" },
		{ "REPAIR TABLE t", "harmless" },
		{ "FLUSH TABLES", "harmless" },
		{ "HANDLER t OPEN", "harmless" },
		{ "LOAD INDEX INTO CACHE t", "harmless" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(rows)
{
	static const struct statement_case cases[] = {
		{ "INSERT INTO t VALUES (1)", "dml .t" },
		{ "INSERT LOW_PRIORITY IGNORE db.t SET a=1", "dml db.t" },
		{ "REPLACE INTO t SELECT * FROM u", "dml .t" },
		{ "UPDATE t SET a=1", "dml .t" },
		{ "UPDATE LOW_PRIORITY t AS x SET a=1", "dml .t" },
		{ "UPDATE t x SET a=1", "dml .t" },
		{ "UPDATE t PARTITION (p0, p1) SET a=1", "dml .t" },
		{ "UPDATE t, u SET a=1", "dml .t ..." },
		{ "UPDATE a.t JOIN `b``b`.`u` x SET x.c=1", "dml a.t a.t b`b.u x.c ..." },
		{ "DELETE a.t, u FROM a.t JOIN b.u", "dml a.t a.t b.u ..." },
		{ "UPDATE t JOIN u SET a=1", "dml .t ..." },
		{ "UPDATE t x, u SET a=1", "dml .t ..." },
		{ "UPDATE (SELECT 1) x, t SET a=1", "dml ..." },
		{ "DELETE FROM db.t", "dml db.t" },
		{ "DELETE FROM t WHERE a=1", "dml .t" },
		{ "DELETE QUICK FROM t PARTITION (p) AS x LIMIT 1", "dml .t" },
		{ "DELETE t, u FROM t JOIN u", "dml ..." },
		{ "DELETE FROM t USING t JOIN u", "dml .t ..." },
		{ "DELETE FROM t, u USING t JOIN u", "dml .t ..." },
		{ "LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE `db`.`t` FIELDS TERMINATED BY ','",
		  "dml db.t" },
		{ "LOAD DATA INFILE 'x'", "dml ..." },
		{ "CALL p()", "dml any" },
		{ "WITH x AS (SELECT 1) DELETE FROM t", "dml any" },
		{ "SELECT `db`.`f`()", "dml any" },
		{ "DO f()", "dml any" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(comments_and_quotes)
{
	static const struct statement_case cases[] = {
		{ "/* hi */ DROP /* ho */ TABLE/**/t", "table .t" },
		{ "/* app:x */ -- y\n# z\nDROP TABLE t", "table .t" },
		{ "DROP TABLE t -- , u", "table .t" },
		{ "DROP TABLE t --", "table .t" },
		{ "/*!40000 DROP TABLE t */", "table .t" },
		{ "/*!DROP*/ TABLE /*M!100100 t */", "table .t" },
		{ "ALTER TABLE t /*!50100 ADD c INT, */ RENAME u", "table .t .u" },
		{ "DROP TABLE \"a\".\"b\"\"c\"", "table a.b\"c" },
		{ "DROP TABLE `a.b`.`c d`, `x``y`", "table a.b.c d .x`y" },
		{ "DROP TABLE .t", "table .t" },
		{ "DROP TABLE db.1t, \xc3\xa9t\xc3\xa9", "table db.1t .\xc3\xa9t\xc3\xa9" },
		{ "DROP TABLE 't'", "table ..." },
		{ "DROP TABLE ``", "table ..." },
		{ "\n\t DROP\r\nTABLE t;", "table .t" },
		{ "DROP /*", "unknown any" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

/* Seen red: the second name of the first ones, whose table was missing on the target then. */
TEST(backslashes)
{
	static const struct {
		const char *sql;
		const char *want[3]; /* by statement_escapes */
	} cases[] = {
		{ "ALTER TABLE t COMMENT 'C:\\', RENAME TO u",
		  { "table .t", "table .t .u", "table .t .t .u" } },
		{ "ALTER TABLE t COMMENT '\x95\\', RENAME x.u, COMMENT 'y'",
		  { "table .t", "table .t x.u", "table .t .t x.u" } },
		{ "ALTER TABLE t COMMENT 'it\\'s', RENAME u",
		  { "table .t .u", "table .t", "table .t .u .t" } },
		{ "SET STATEMENT x='\\' FOR DROP TABLE t",
		  { "harmless", "table .t", "unknown .t any" } },
		{ "DROP TABLE `t\\`, u",
		  { "table .t\\ .u", "table .t\\ .u", "table .t\\ .u .t\\ .u" } },
		{ "DROP TABLE t", { "table .t", "table .t", "table .t" } },
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int as = STATEMENT_ESCAPES; as <= STATEMENT_EITHER; as++) {
			describe_as(&text, cases[i].sql, strlen(cases[i].sql), as);
			assert_string_equal(buf_text(&text), cases[i].want[as]);
		}
	}
	buf_release(&text);
}

TEST(set_statement_is_what_follows)
{
	static const struct statement_case cases[] = {
		{ "SET STATEMENT max_statement_time=1 FOR ALTER TABLE t ADD c INT", "table .t" },
		{ "SET STATEMENT a='FOR', b=2 FOR INSERT INTO t VALUES (1)", "dml .t" },
		{ "SET STATEMENT a=1 FOR SET STATEMENT b=1 FOR DROP TABLE t", "table .t" },
		{ "SET STATEMENT a=1 FOR SET @x=1", "harmless" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(unknown_statements)
{
	static const struct statement_case cases[] = {
		{ "IMPORT TABLE FROM 'x'", "unknown any" },
		{ "(SELECT 1)", "unknown any" },
		{ "CREATE", "unknown any" },
		{ "CREATE NOVELTY TABLE t", "unknown any" },
		{ "ALTER NOVELTY x EVENT", "unknown any" },
		{ "`DROP` TABLE t", "unknown any" },
		{ "'DROP'", "unknown any" },
		{ "ANALYZE UPDATE t SET a=1", "unknown any" },
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(more_names_than_fit)
{
	struct buf sql = BUF_INIT;

	buf_puts(&sql, "DROP TABLE t0");
	for (unsigned i = 1; i <= STATEMENT_NAMES_MAX; i++)
		buf_printf(&sql, ", t%u", i);
	statement_parse(sql.data, sql.length, STATEMENT_ESCAPES, &parsed);
	assert_int_equal(parsed.name_count, STATEMENT_NAMES_MAX);
	assert_true(parsed.is_open);
	buf_release(&sql);
}

TEST(a_name_longer_than_any)
{
	struct buf sql = BUF_INIT;

	buf_puts(&sql, "DROP TABLE ");
	for (unsigned i = 0; i < 194; i++)
		buf_putc(&sql, 'x');
	statement_parse(sql.data, sql.length, STATEMENT_ESCAPES, &parsed);
	assert_int_equal(parsed.name_count, 0);
	assert_false(parsed.is_complete);
	statement_parse(sql.data, sql.length - 1, STATEMENT_ESCAPES, &parsed);
	assert_int_equal(parsed.name_count, 1);
	assert_true(parsed.is_complete);
	buf_release(&sql);
}

/* Every cut of a statement is parsed without reading past it: each lies at the end
 * of its own allocation, where a sanitizer sees one byte too many. */
TEST(every_truncation)
{
	static const char sql[] =
		"/*!40000 ALTER */ ONLINE TABLE `d``b`.\"t\" /* x */ RENAME COLUMN a TO 'b\\'c', "
		"EXCHANGE PARTITION p WITH TABLE u, RENAME TO v -- end";

	for (size_t n = 0; n < sizeof(sql); n++) {
		char *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut, sql, n);
		cut = realloc(cut, n ? n : 1);
		statement_parse(cut, n, STATEMENT_ESCAPES, &parsed);
		free(cut);
	}
	check(sql, "table d`b.t .u .v");
}

TEST_MAIN(cmocka_unit_test(transactions), cmocka_unit_test(phases_of_xa_by_their_verb),
	  cmocka_unit_test(index_of_the_statement_before), cmocka_unit_test(tables),
	  cmocka_unit_test(altered_tables), cmocka_unit_test(databases),
	  cmocka_unit_test(harmless_statements), cmocka_unit_test(rows),
	  cmocka_unit_test(comments_and_quotes), cmocka_unit_test(backslashes),
	  cmocka_unit_test(set_statement_is_what_follows), cmocka_unit_test(unknown_statements),
	  cmocka_unit_test(more_names_than_fit), cmocka_unit_test(a_name_longer_than_any),
	  cmocka_unit_test(every_truncation))
