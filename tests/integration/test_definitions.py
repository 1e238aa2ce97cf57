"""Definitions that SHOW CREATE TABLE does not print as they are: each arrives as the source
has it, by what information_schema and the stored bytes say."""

import json
import re

from lib.case import BOTH, CROSS, MARIADB, MARIADB_105, MARIADB_118, MYSQL, FerryTest
from lib.db import name

TAGS = ("any_client",)

ALL = BOTH + (MARIADB_105, MARIADB_118)


class DefinitionTest(FerryTest):
    def move(self, *between, compares=True, **settings):
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, VerifierType="ChecksumTable", **settings).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        for sql in between:
            self.source.sql(sql)
        stop.release()
        ferry.assert_status(0)
        if compares:
            self.assert_equal()
        return ferry

    def members(self, server, column, count, is_set=False):
        """Their bytes, through a row each."""
        server.sql("CREATE DATABASE IF NOT EXISTS probe", "DROP TABLE IF EXISTS probe.t",
                   "CREATE TABLE probe.t LIKE abc.t")
        for n in range(1, count + 1):
            server.sql(f"INSERT INTO probe.t (id, {name(column)}) VALUES ({n}, "
                       f"{1 << n - 1 if is_set else n})")
        rows = server.sql(f"SELECT HEX(CAST({name(column)} AS BINARY)) FROM probe.t ORDER BY id")
        server.sql("DROP DATABASE probe")
        return rows


class NullableCounterTest(DefinitionTest):
    pairs = ALL + CROSS

    def test_null_stays_null(self):
        """SHOW CREATE TABLE prints no NULL for the column."""
        self.source.sql(
            "CREATE DATABASE abc COLLATE utf8mb4_general_ci",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, c INT AUTO_INCREMENT NULL UNIQUE COMMENT"
            " 'AUTO_INCREMENT')",
            "CREATE TABLE abc.u (id INT PRIMARY KEY, `AUTO_INCREMENT` INT UNSIGNED AUTO_INCREMENT"
            " NULL, d VARCHAR(20) DEFAULT 'AUTO_INCREMENT', KEY (`AUTO_INCREMENT`))",
            "CREATE TABLE abc.v (c INT AUTO_INCREMENT PRIMARY KEY, d INT)",
            "INSERT INTO abc.t VALUES (1, NULL), (2, 7), (3, NULL)",
            "INSERT INTO abc.u VALUES (1, NULL, NULL), (2, 7, 'x'), (3, NULL, '')",
            "INSERT INTO abc.v (d) VALUES (1), (2)")
        self.move("INSERT INTO abc.t VALUES (4, NULL), (5, 8)", "DELETE FROM abc.t WHERE id = 1",
                  "UPDATE abc.t SET c = NULL WHERE id = 2", "UPDATE abc.u SET id = 9 WHERE id = 1")
        sql = ("SELECT table_name, column_name, is_nullable FROM information_schema.columns"
               " WHERE table_schema = 'abc' ORDER BY table_name, ordinal_position")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.assertEqual(self.target.sql("SELECT id, c FROM abc.t ORDER BY id"),
                         ((2, None), (3, None), (4, None), (5, 8)))


class MembersTest(DefinitionTest):
    pairs = ALL + CROSS

    COLUMNS = {
        "e": ("ENUM(0xC840,'A','','it''s',0x5c,'?') CHARACTER SET big5 DEFAULT 0xC840", 6),
        "s": ("SET(0xC840,'A',0xC841) CHARACTER SET big5 DEFAULT 'A'", 3),
        "m": ("ENUM('😀','a','?','ß') COLLATE utf8mb4_general_ci NOT NULL DEFAULT 'ß'", 4),
        "w": ("ENUM('a','é','?') COLLATE utf16_general_ci DEFAULT 'é'", 3),
        "b": ("ENUM(0xff00fe,'A') CHARACTER SET binary", 2),
        "l": ("SET('é','ÿ','a') CHARACTER SET latin1 DEFAULT 'é,a'", 3),
        "x": ("SET(" + ",".join(f"'é{n}'" for n in range(64)) + ") COLLATE utf8mb4_bin", 64),
    }

    def create(self):
        self.source.sql(
            "CREATE DATABASE abc COLLATE utf8mb4_general_ci",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, "
            + ", ".join(f"{column} {kind}" for column, (kind, _) in self.COLUMNS.items()) + ")",
            "INSERT INTO abc.t (id) VALUES (1), (2)",
            "INSERT INTO abc.t VALUES (3, 1, 5, 1, 2, 1, 3, 1), (4, 6, 0, 3, 3, 2, 7,"
            " 9223372036854775809), (5, NULL, NULL, 4, NULL, NULL, NULL, NULL)")

    def assert_same_members(self):
        for column, (kind, count) in self.COLUMNS.items():
            with self.subTest(column):
                sides = [self.members(server, column, count, kind.startswith("SET"))
                         for server in (self.source, self.target)]
                self.assertEqual(*sides)
                self.assertEqual(len(set(sides[0])), count)

    def test_by_their_bytes(self):
        self.create()
        self.move("INSERT INTO abc.t (id, e, m) VALUES (6, 2, 3)", "UPDATE abc.t SET s = 4, x = 3"
                  " WHERE id = 1", "DELETE FROM abc.t WHERE id = 2",
                  # The flavours make different texts of bytes that are none.
                  compares=self.source.flavour == self.target.flavour)
        sql = (f"SELECT id, {', '.join(f'CAST({c} AS UNSIGNED)' for c in self.COLUMNS)} FROM abc.t"
               " ORDER BY id")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.assert_same_members()
        for server in (self.source, self.target):
            server.sql("SET SESSION sql_mode = ''", "INSERT INTO abc.t (id) VALUES (100)")
        sql = f"SELECT {', '.join(f'CAST({c} AS UNSIGNED)' for c in 'esmwl')} FROM abc.t WHERE id = 100"
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.assertEqual(self.source.sql(sql), ((1, 2, 4, 2, 5),))

    def test_many(self):
        many = ",".join(f"'é{n}'" for n in range(1203)) + ",0xC3A9"
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        f"CREATE TABLE abc.t (id INT PRIMARY KEY, e ENUM({many}))",
                        "INSERT INTO abc.t VALUES (1, 1), (2, 600), (3, 1203), (4, 1204)")
        self.move()

    def test_of_an_existing_table(self):
        """Refused by name: the same text, other bytes."""
        for server, member in ((self.source, "0xC840"), (self.target, "'?'")):
            server.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                       f"CREATE TABLE abc.t (id INT PRIMARY KEY, e ENUM({member},'A')"
                       " CHARACTER SET big5)")
        self.source.sql("INSERT INTO abc.t VALUES (1, 1), (2, 2)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 1)
        self.assertIn("column e of `abc`.`t` is of another type", ferry.log())
        self.target.sql("DROP TABLE abc.t", "CREATE TABLE abc.t (id INT PRIMARY KEY,"
                        " e ENUM(0xC840,'A') CHARACTER SET big5)")
        self.ferry(AllowExistingTargetTable=True).run_ok()
        self.assert_equal()


class LenientTest(DefinitionTest):
    """Tables of sessions with innodb_strict_mode=OFF."""

    pairs = ALL

    WIDE = ", ".join(f"c{n} CHAR(250)" for n in range(45))

    def test_made_as_on_the_source(self):
        self.source.sql(
            "CREATE DATABASE abc COLLATE latin1_swedish_ci", "SET SESSION innodb_strict_mode = OFF",
            "CREATE TABLE abc.a (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=8",
            "CREATE TABLE abc.b (id INT PRIMARY KEY) ROW_FORMAT=FIXED",
            f"CREATE TABLE abc.c (id INT PRIMARY KEY, {self.WIDE}) ROW_FORMAT=COMPACT",
            "INSERT INTO abc.a VALUES (1)", "INSERT INTO abc.c (id, c3) VALUES (1, 'x')")
        self.move("INSERT INTO abc.b VALUES (2)", user="ghostferry_all")
        sql = ("SELECT table_name, row_format, create_options FROM information_schema.tables"
               " WHERE table_schema = 'abc' ORDER BY table_name")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))

    def test_the_row_format_of_the_source(self):
        """The servers' defaults differ; the table names none."""
        self.addCleanup(self.source.sql, "SET GLOBAL innodb_default_row_format = DYNAMIC")
        self.source.sql("CREATE DATABASE abc", "SET GLOBAL innodb_default_row_format = COMPACT",
                        "CREATE TABLE abc.a (id INT PRIMARY KEY, t TEXT) COMMENT='\n) ROW_FORMAT='",
                        "CREATE TABLE abc.d (id INT PRIMARY KEY, t TEXT) ROW_FORMAT=DYNAMIC",
                        "CREATE TABLE abc.k (id INT PRIMARY KEY, t TEXT) KEY_BLOCK_SIZE=8",
                        "CREATE TABLE abc.p (id INT PRIMARY KEY, t TEXT) PARTITION BY HASH (id)"
                        " PARTITIONS 3",
                        "INSERT INTO abc.a VALUES (1, 'a')")
        self.move()
        sql = ("SELECT table_name, row_format FROM information_schema.tables"
               " WHERE table_schema = 'abc' ORDER BY table_name")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))


class RefusalTest(FerryTest):
    """What the target does not take, in one list, before anything is there."""

    def setUp(self):
        super().setUp()
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")

    def refused(self, *tables, dry=False, user="ghostferry_all", there=(), **settings):
        ferry = self.ferry(user=user, **settings)
        self.assertEqual(ferry.run("-dryrun") if dry else ferry.run(), 1)
        text = ferry.stdout() + ferry.log() if dry else ferry.log()
        for table in tables:
            self.assertRegex(text, rf"error: source: abc\.{table} cannot be created on the target: ")
        self.assertEqual(text.count("cannot be created on the target"), len(tables), text)
        self.assertIn("AllowExistingTargetTable", text)
        self.assertEqual(self.target.databases(), list(there))
        return text


class TrialTest(RefusalTest):
    pairs = ALL

    def test_all_that_only_a_trial_shows(self):
        """Parents that are there already, with keys of another type."""
        for server, kind in ((self.source, "INT"), (self.target, "VARCHAR(9)")):
            server.sql("CREATE DATABASE other COLLATE utf8mb4_general_ci",
                       f"CREATE TABLE other.p (id {kind} PRIMARY KEY)")
        for table in "ab":
            self.source.sql(f"CREATE TABLE abc.{table} (id INT PRIMARY KEY, p INT,"
                            f" CONSTRAINT same_{table} FOREIGN KEY (p) REFERENCES other.p (id))")
        self.source.sql("CREATE TABLE abc.c (id INT PRIMARY KEY, k CHAR(9) CHECK (k > 'a'))",
                        "INSERT INTO abc.c VALUES (1, 'x')")
        self.assertIn("incompatible" if self.source.is_mysql else "Foreign key constraint is"
                      " incorrectly formed", self.refused("a", "b", there=["other"]))
        # Without the trial: all are named as well, at the end.
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        self.assertIn("2 tables cannot be created", ferry.log())
        for table in "ab":
            self.assertRegex(ferry.log(), f"cannot create table `abc`.`{table}` for abc.{table}")
        self.target.sql("DROP DATABASE abc")
        self.source.sql("DROP TABLE abc.a, abc.b")
        self.ferry(user="ghostferry_all").run_ok()
        self.assert_equal(["abc"])

    def test_without_the_privilege_the_dry_run_says_what_is_not_tried(self):
        self.source.sql("CREATE TABLE abc.a (id INT PRIMARY KEY)")
        ferry = self.ferry()
        self.assertEqual(ferry.run("-dryrun"), 0)
        self.assertRegex(ferry.stdout(), r"note: target: definitions are read but not tried")
        self.assertIn("GRANT CREATE, DROP, REFERENCES ON `ghostferry\\_trial\\_%`.* TO", ferry.stdout())
        ferry.run_ok()
        self.assert_equal()

    def test_with_the_privileges_of_the_note(self):
        self.source.sql("CREATE TABLE abc.a (id INT PRIMARY KEY)")
        self.target.sql("GRANT CREATE, DROP, REFERENCES ON `ghostferry\\_trial\\_%`.* TO"
                        " ghostferry@'%'")
        self.addCleanup(self.target.sql, "REVOKE CREATE, DROP, REFERENCES ON"
                        " `ghostferry\\_trial\\_%`.* FROM ghostferry@'%'")
        probes = self.probes()
        stop = probes.stop_at("before_trial_table")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="before_trial_table")
        self.assertRegex(",".join(self.target.databases()), "^ghostferry_trial_[0-9a-f]{32}$")
        stop.release()
        ferry.assert_status(0)
        self.assertEqual(self.target.databases(), ["abc"])

    def test_what_a_killed_trial_left_is_dropped_by_the_next(self):
        self.source.sql("CREATE TABLE abc.a (id INT PRIMARY KEY)",
                        "CREATE TABLE abc.b (id INT PRIMARY KEY)")
        probes = self.probes()
        stop = probes.stop_at("before_trial_table", nth=2)
        first = self.ferry(user="ghostferry_all", probes=probes, SkipTargetVerification=False).start()
        first.wait_until(lambda: stop.reached, what="before_trial_table")
        left = self.target.databases()
        self.assertEqual(len(left), 1)
        # Another run leaves alone what a living one has.
        self.ferry(user="ghostferry_all").run_ok()
        self.assertEqual(sorted(self.target.databases()), ["abc"] + left)
        first.signal(9)
        first.wait()
        self.target.sql("DROP DATABASE abc")
        self.wait_until(lambda: not self.target.sql(
            "SELECT 1 FROM information_schema.processlist WHERE user = 'ghostferry_all'"))
        self.ferry(user="ghostferry_all", SkipTargetVerification=False).run_ok()
        self.assertEqual(self.target.databases(), ["abc"])
        self.assert_equal()


class ServersOwnTest(RefusalTest):
    """What one server has and the other has not: said by a dry run too."""

    pairs = (MYSQL,)

    def tablespace(self):
        """Of one server alone."""
        where = self.source._at("data").replace(self.source.kind.inside, "")
        self.source.sql(f"CREATE TABLESPACE own ADD DATAFILE '{where}/own.ibd'",
                        "CREATE TABLE abc.e (id INT PRIMARY KEY) TABLESPACE own")
        self.addCleanup(self.source.sql, "DROP DATABASE IF EXISTS abc", "DROP TABLESPACE own")

    def test_by_rule_in_a_dry_run(self):
        self.tablespace()
        self.source.sql(
            "CREATE SPATIAL REFERENCE SYSTEM 77777 NAME 'own' DEFINITION 'GEOGCS[\"x\",DATUM[\"y\","
            "SPHEROID[\"z\",6378137,298.2]],PRIMEM[\"p\",0],UNIT[\"degree\",0.01745],AXIS[\"Lat\",NORTH],"
            "AXIS[\"Lon\",EAST]]'",
            "CREATE TABLE abc.s (id INT PRIMARY KEY, p POINT NOT NULL SRID 77777, q POINT SRID 4326,"
            " c VARCHAR(40) DEFAULT '/*!80003 SRID 5 */ TABLESPACE `x`')",
            "CREATE TABLE abc.fine (id INT PRIMARY KEY, q POINT SRID 4326)")
        self.addCleanup(self.source.sql, "DROP DATABASE IF EXISTS abc",
                        "DROP SPATIAL REFERENCE SYSTEM IF EXISTS 77777")
        for user in ("ghostferry", "ghostferry_all"):
            text = self.refused("e", "s", dry=True, user=user)
            self.assertIn("the spatial reference system 77777 is not there", text)
            self.assertIn("TABLESPACE `own`, which is not there", text)
            self.refused("e", "s", user=user)


class FunctionsTest(RefusalTest):
    """Of another version or flavour: by name, all of them, by a dry run too."""

    pairs = (("mariadb-11.8", "mariadb-10.5"), ("mariadb-11.8", "mysql"), ("mysql", "mariadb"),
             ("mysql", "mariadb-11.8"))

    COLUMNS = {
        "mysql": ("a VARCHAR(9), g INT AS (REGEXP_LIKE(a, 'x')) STORED",
                  "a VARCHAR(36), CHECK (IS_UUID(a))",
                  "a VARCHAR(99), CHECK (a > 1), CHECK (BIN_TO_UUID(a) IS NOT NULL), `b``\\(` INT"),
        "mariadb": ("a VARCHAR(9), g VARCHAR(99) AS (NATURAL_SORT_KEY(a)) VIRTUAL",
                    "a VARCHAR(36) DEFAULT (UUID_V7())",
                    "a TEXT, CHECK (a <> '(\\'' AND SFORMAT('{}', a) > 'b'), `b``\\(` INT"),
    }

    def test_by_name(self):
        for n, columns in enumerate(self.COLUMNS[self.flavour]):
            self.source.sql(f"CREATE TABLE abc.t{n} (id INT PRIMARY KEY, {columns})")
        self.source.sql("CREATE TABLE abc.fine (id INT PRIMARY KEY, a VARCHAR(9), g VARCHAR(9) AS"
                        " (LOWER(a)) STORED)")
        for dry in (True, False):
            text = self.refused("t0", "t1", "t2", dry=dry, user="ghostferry")
            self.assertNotIn("No database selected", text)


class SequenceTest(FerryTest):
    pairs = (MARIADB_118, MARIADB, MARIADB_105, ("mariadb", "mysql"))

    def test_as_a_default(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "CREATE SEQUENCE abc.s",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY DEFAULT NEXTVAL(abc.s),"
                        " c VARCHAR(20) DEFAULT 'nextval(')",
                        "CREATE TABLE abc.fine (id INT PRIMARY KEY, c VARCHAR(20) DEFAULT 'nextval(')",
                        "INSERT INTO abc.t (c) VALUES ('a'), ('b')")
        for args in (("-dryrun",), ()):
            ferry = self.ferry()
            self.assertEqual(ferry.run(*args), 1)
            self.assertIn("source: a column of abc.t has its default from a SEQUENCE",
                          ferry.stdout() + ferry.log())
            self.assertEqual(self.target.databases(), [])

    def test_of_an_existing_table(self):
        if self.target.is_mysql:
            self.skipTest("MySQL has no sequences")
        for server in (self.source, self.target):
            server.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "CREATE SEQUENCE abc.s",
                       "CREATE TABLE abc.t (id INT NOT NULL PRIMARY KEY DEFAULT NEXTVAL(abc.s),"
                       " c VARCHAR(20) DEFAULT 'nextval')")
        self.source.sql("INSERT INTO abc.t (c) VALUES ('a'), ('b')")
        ferry = self.ferry(AllowExistingTargetTable=True, SkipTargetVerification=False)
        self.assertEqual(ferry.run(), 1)
        self.assertIn("target: the column id of abc.t has its default from a SEQUENCE", ferry.log())
        self.target.sql("ALTER TABLE `abc`.`t` ALTER `id` DROP DEFAULT")
        self.ferry(AllowExistingTargetTable=True, SkipTargetVerification=False).run_ok()
        self.assert_equal(["abc"], only=["t"])


class IndexStatementsTest(DefinitionTest):
    """MariaDB logs what it passes over because of IF [NOT] EXISTS."""

    pairs = (MARIADB, MARIADB_105, MARIADB_118)

    def test_of_what_is_so_already(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT,"
                        " KEY There (n))", "INSERT INTO abc.t VALUES (1, 1)")
        self.move("DROP INDEX IF EXISTS gone ON abc.t", "DROP INDEX IF EXISTS `on` ON abc.t",
                  "CREATE INDEX IF NOT EXISTS there ON abc.t (n)", "INSERT INTO abc.t VALUES (2, 2)",
                  "CREATE UNIQUE INDEX IF NOT EXISTS There ON abc.t (id)")

    def test_of_what_is_not(self):
        for sql in ("DROP INDEX IF EXISTS THERE ON abc.t", "DROP INDEX there ON abc.t",
                    "CREATE INDEX IF NOT EXISTS other ON abc.t (n)"):
            with self.subTest(sql):
                for server in (self.source, self.target):
                    server.drop_user_databases()
                self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY,"
                                " n INT, KEY there (n))", "INSERT INTO abc.t VALUES (1, 1)")
                probes = self.probes()
                stop = probes.stop_at("copy_done")
                ferry = self.ferry(probes=probes).start()
                ferry.wait_until(lambda: stop.reached, what="copy_done")
                self.source.sql(sql)
                ferry.assert_status(2, 20)
                self.assertIn("INDEX on the source touches abc.t", ferry.log())


class HashWordTest(DefinitionTest):
    pairs = (("mariadb", "mysql"), ("mariadb-10.5", "mysql"), ("mariadb-11.8", "mysql"), MARIADB_118)

    def test_of_an_index_that_is_a_tree(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        "CREATE TABLE abc.t (id INT, `USING HASH` INT COMMENT 'USING HASH',"
                        " PRIMARY KEY (id) USING HASH, KEY k (`USING HASH`) USING HASH)",
                        "INSERT INTO abc.t VALUES (1, 1), (2, 2)")
        self.move("UPDATE abc.t SET `USING HASH` = 7 WHERE id = 1")

    def test_of_a_unique_one(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT, UNIQUE KEY (n) USING HASH)",
                        "INSERT INTO abc.t VALUES (1, 1), (2, 2)")
        ferry = self.ferry()
        if not self.target.is_mysql:
            ferry.run_ok()
            self.assert_equal()
            return
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertIn("a unique key kept by a hash has no counterpart in MySQL", ferry.stdout())


class RemedyTest(FerryTest):
    def test_of_an_engine_without_rows_of_its_own(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.a (id INT PRIMARY KEY) ENGINE=MyISAM",
                        "CREATE TABLE abc.m (id INT PRIMARY KEY) ENGINE=MERGE UNION=(abc.a)",
                        "CREATE TABLE abc.b (id INT PRIMARY KEY) ENGINE=BLACKHOLE"
                        if self.source.is_mysql else "CREATE TABLE abc.b (id INT)",
                        "CREATE TABLE abc.fine (id INT PRIMARY KEY)")
        ferry = self.ferry()
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertNotIn("`m` ENGINE=InnoDB", ferry.stdout())
        self.assertNotIn("`b` ENGINE=InnoDB", ferry.stdout())
        self.assertIn("leave the table out (Tables.Blacklist)", ferry.stdout())
        self.ferry(Tables={"Blacklist": ["a", "b", "m"]}).run_ok()
        self.assert_equal(["abc"], only=["fine"])

    def test_nothing_to_create_needs_no_privilege_to(self):
        for server in (self.source, self.target):
            server.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY)")
        self.source.sql("INSERT INTO abc.t VALUES (1)")
        self.target.sql("SET sql_log_bin = 0", "REVOKE CREATE ON *.* FROM ghostferry@'%'")
        self.addCleanup(self.target.sql, "GRANT CREATE ON *.* TO ghostferry@'%'")
        self.ferry(AllowExistingTargetTable=True).run_ok()
        self.assert_equal()
        self.source.sql("CREATE TABLE abc.u (id INT PRIMARY KEY)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "lacks privileges on abc: CREATE")


class CompressedWordsTest(FerryTest):
    """10.5 words the columns in another way than later versions."""

    pairs = (("mariadb-10.5", "mariadb"), ("mariadb", "mariadb-10.5"),
             ("mariadb-10.5", "mariadb-11.8"), ("mariadb-11.8", "mariadb-10.5"))

    def test_moved_and_resumed(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "USE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, a TEXT COMPRESSED, b VARBINARY(99)"
                        " COMPRESSED)", "INSERT INTO abc.t SELECT seq, REPEAT('x', 200), 'b' FROM"
                        " seq_1_to_30")
        probes = self.probes()
        stop = probes.stop_at("batch_recorded", nth=3)
        ferry = self.ferry(probes=probes, DataIterationBatchSize=5).start()
        ferry.wait_until(lambda: stop.reached, what="batch_recorded")
        ferry.terminate()
        stop.release()
        ferry.assert_status(2)
        ferry.resume()
        ferry.assert_status(0)
        self.assert_equal()


class DocumentIdsTest(DefinitionTest):
    """FULLTEXT over a table's own FTS_DOC_ID takes rows in the order of the ids alone (182)."""

    pairs = ALL + CROSS

    FULLTEXT = "FULLTEXT KEY words (body)"
    MORE = FULLTEXT + ", FULLTEXT KEY `mo``re, (` (title, body) COMMENT 'it''s, )'"
    TABLE = ("CREATE TABLE abc.t (id INT PRIMARY KEY, FTS_DOC_ID BIGINT UNSIGNED NOT NULL,"
             " body TEXT, title VARCHAR(50), n INT, UNIQUE KEY FTS_DOC_ID_INDEX (FTS_DOC_ID){})"
             " COLLATE utf8mb4_bin")
    SEARCHES = ("MATCH (body) AGAINST ('same')", "MATCH (body) AGAINST ('word7')",
                "MATCH (title, body) AGAINST ('late changed' IN BOOLEAN MODE)",
                "MATCH (body) AGAINST ('+same -word3' IN BOOLEAN MODE)")
    CHANGES = ("UPDATE abc.t SET n = 7 WHERE id < 30", "DELETE FROM abc.t WHERE id = 40",
               f"INSERT INTO abc.t VALUES (100, {61 * 9000}, 'late same', 'x', 1)",
               f"UPDATE abc.t SET body = 'changed same', FTS_DOC_ID = {62 * 9000} WHERE id = 5")

    def make(self, keys):
        self.source.sql("CREATE DATABASE abc", self.TABLE.format(", " + keys))
        for n in range(60):  # keys and ids run against each other
            self.source.sql(f"INSERT INTO abc.t VALUES ({60 - n}, {1 + n * 9000}, 'word{n} same',"
                            f" 'title{n}', {n})")

    def assert_same_keys(self):
        sql = ("SELECT index_name, seq_in_index, column_name, index_type, index_comment FROM"
               " information_schema.statistics WHERE table_schema = 'abc' ORDER BY 1, 2")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        for search in self.SEARCHES:
            found = self.source.sql(f"SELECT id FROM abc.t WHERE {search} ORDER BY id")
            self.assertGreater(len(found), 0, search)
            self.assertEqual(self.target.sql(f"SELECT id FROM abc.t WHERE {search} ORDER BY id"),
                             found, search)

    def test_the_keys_are_made_when_all_rows_have_arrived(self):
        self.make(self.MORE)
        ferry = self.move(*self.CHANGES, DataIterationBatchSize=5, DataIterationConcurrency=4,
                          SkipTargetVerification=False)
        self.assertIn("the FULLTEXT keys of abc.t, over its own FTS_DOC_ID, are made during the "
                      "cutover", ferry.log())
        self.assert_same_keys()
        for server in (self.source, self.target):  # both take what comes next
            server.sql(f"INSERT INTO abc.t VALUES (101, {63 * 9000}, 'next same', 'x', 1)")
        self.assert_same_keys()

    def test_killed_between_two_keys(self):
        """What the source changes until the resume comes to a table that has a key already."""
        self.make(self.MORE)
        probes = self.probes()
        stop = probes.stop_at("fulltext_key_added")
        ferry = self.ferry(probes=probes, VerifierType="ChecksumTable", DataIterationBatchSize=5,
                           SkipTargetVerification=False).start()
        ferry.wait_until(lambda: stop.reached, what="fulltext_key_added")
        ferry.kill9()
        probes.release_all()
        keys = ("SELECT COUNT(DISTINCT index_name) FROM information_schema.statistics"
                " WHERE table_schema = 'abc' AND index_type = 'FULLTEXT'")
        self.assertEqual(self.target.value(keys), 1)
        for sql in self.CHANGES:
            self.source.sql(sql)
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.assert_status(0)
        self.assert_equal()
        self.assert_same_keys()

    def test_a_target_table_that_has_the_key(self):
        self.make(self.FULLTEXT)
        self.target.sql("CREATE DATABASE abc", self.TABLE.format(", " + self.FULLTEXT))
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 1)
        self.assertIn("the FULLTEXT key words of abc.t, over its own FTS_DOC_ID", ferry.log())
        remedy = "ALTER TABLE `abc`.`t` DROP INDEX `words`"
        self.assertIn(remedy + "; the cutover adds it again", ferry.log())
        self.target.sql(remedy)
        self.move(*self.CHANGES, AllowExistingTargetTable=True, DataIterationBatchSize=5,
                  DataIterationConcurrency=4)
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t WHERE MATCH (body)"
                                           " AGAINST ('same')"), 60)

    def test_an_account_without_alter(self):
        self.make(self.FULLTEXT)
        self.target.sql("DROP USER IF EXISTS plain@'%'", "CREATE USER plain@'%' IDENTIFIED BY "
                        "'plain'", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, PROCESS,"
                        " REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO plain@'%'")
        self.addCleanup(self.target.sql, "DROP USER plain@'%'")
        ferry = self.ferry()
        ferry.config["Target"].update(User="plain", Pass="plain")
        self.assertEqual(ferry.run(), 1)
        remedy = re.search(r"GRANT ALTER ON `abc`.\* TO [^\s\"\\)]+", ferry.log())
        self.assertTrue(remedy, ferry.log())
        self.assertEqual(self.target.databases(), [])
        self.target.sql(remedy[0])
        ferry.run_ok()
        self.assert_equal()

    def test_the_servers_own_ids_are_no_trouble(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, body TEXT,"
                        f" {self.FULLTEXT}) COLLATE utf8mb4_bin", "INSERT INTO abc.t VALUES (1, 'x')")
        self.move("UPDATE abc.t SET body = 'y'")


class GeneratedOnlyTest(DefinitionTest):
    """No column can be written: the remedy gives the table one."""

    pairs = ALL + CROSS

    def test_the_remedy_leads_to_a_move(self):
        tables = {"plain": "g INT AS (1 + 1) STORED", "v": "g VARCHAR(3) AS ('a') VIRTUAL",
                  "u": "g INT AS (1 + 1) STORED UNIQUE"}
        if self.flavour == "mysql" == self.target.flavour:
            tables["p"] = "g INT AS (1 + 1) STORED PRIMARY KEY"
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        for table, columns in tables.items():
            self.source.sql(f"CREATE TABLE abc.{table} ({columns})",
                            f"INSERT INTO abc.{table} () VALUES ()")
        self.source.sql("INSERT INTO abc.plain () VALUES (), ()")
        for settings in {}, {"AllowTablesWithoutKey": True}:
            ferry = self.ferry(**settings)
            self.assertEqual(ferry.run(), 1)
            remedies = re.findall(r"error: source: all columns of table abc.\w+ are generated"
                                  r"\n  remedy: (ALTER TABLE [^,]*),", ferry.log())
            self.assertEqual(len(remedies), len(tables), ferry.log())
            self.assertEqual(ferry.log().count("\nerror: source: "), len(tables), ferry.log())
        self.source.sql(*remedies)
        self.move("INSERT INTO abc.plain () VALUES (), ()", "DELETE FROM abc.u",
                  "DELETE FROM abc.plain LIMIT 1", "INSERT INTO abc.v () VALUES ()")


class TimestampTest(FerryTest):
    """MariaDB's TIMESTAMP ends in 2106 from 11.5 on, others' in 2038."""

    pairs = (("mariadb-11.8", "mariadb"), ("mariadb-11.8", "mariadb-10.5"),
             ("mariadb-11.8", "mysql"), MARIADB_118)

    def test_beyond_2038(self):
        self.source.sql(
            "CREATE DATABASE abc COLLATE utf8mb4_general_ci", "SET time_zone = '+05:00'",
            "CREATE TABLE abc.last (id INT PRIMARY KEY, at TIMESTAMP(6) NULL)",
            "CREATE TABLE abc.beyond (id INT PRIMARY KEY, a TIMESTAMP NULL, b TIMESTAMP NULL, c INT)",
            "INSERT INTO abc.last VALUES (1, '2038-01-19 08:14:07.999999'), (2, NULL)",
            "INSERT INTO abc.beyond VALUES (1, NULL, '2038-01-19 08:14:08', 1), (2, NULL, NULL, 2)")
        if self.target.make == "mariadb-11.8":
            self.ferry().run_ok()
            self.assert_equal()
            return
        ferry = self.ferry()
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertIn("a TIMESTAMP column of abc.beyond has values beyond 2038", ferry.stdout())
        self.assertNotIn("abc.last has", ferry.stdout())
        self.source.sql("DELETE FROM abc.beyond WHERE id = 1")
        self.ferry().run_ok()
        self.assert_equal()


class CarriedTest(DefinitionTest):
    """Types of the other flavour that hold the values: where the table is there."""

    def there(self, source, target, **settings):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        f"CREATE TABLE abc.t (id INT PRIMARY KEY, {source})")
        self.target.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        f"CREATE TABLE abc.t (id INT PRIMARY KEY, {target})")

    def carried(self, *between, **settings):
        for verifier in ("Inline", "ChecksumTable"):
            self.target.sql("TRUNCATE abc.t")
            probes = self.probes()
            stop = probes.stop_at("copy_done")
            ferry = self.ferry(probes=probes, VerifierType=verifier, AllowExistingTargetTable=True,
                               **settings).start()
            ferry.wait_until(lambda: stop.reached, what="copy_done")
            for sql in between:
                self.source.sql(sql)
            stop.release()
            ferry.assert_status(0)
        return ferry


class CarriedVectorTest(CarriedTest):
    pairs = (("mysql", "mariadb-11.8"), ("mariadb-11.8", "mysql"))

    def test_vector(self):
        text = "TO_VECTOR" if self.source.is_mysql else "VEC_FROMTEXT"
        self.there("v VECTOR(3), n INT", "v VECTOR(3), n INT")
        self.source.sql(f"INSERT INTO abc.t VALUES (1, {text}('[1,-2.5,1e-3]'), 1), (2, NULL, 2),"
                        f" (3, {text}('[0,0,0]'), 3)")
        self.carried(f"UPDATE abc.t SET v = {text}('[1e5,1,2]'), n = COALESCE(n, 0) + 1 WHERE id = 2",
                     f"REPLACE INTO abc.t VALUES (4, {text}('[1,1,1]'), 4)")
        self.assertEqual(self.source.sql("SELECT id, HEX(v), n FROM abc.t ORDER BY id"),
                         self.target.sql("SELECT id, HEX(v), n FROM abc.t ORDER BY id"))


class CarriedDecimalTest(CarriedTest):
    pairs = (("mariadb", "mysql"), ("mariadb-11.8", "mysql"), ("mariadb-10.5", "mysql"))

    def test_decimal_of_a_smaller_scale(self):
        self.there("d DECIMAL(65,38), e DECIMAL(40,35) NOT NULL DEFAULT 0, KEY (d)",
                   "d DECIMAL(65,30), e DECIMAL(35,30) NOT NULL DEFAULT 0")
        self.source.sql("INSERT INTO abc.t (id, d) VALUES (1, 1.5), (2, -0.000000000000000000000000000001),"
                        " (3, 99999999999999999999999999), (4, NULL), (5, 0)")
        self.carried("UPDATE abc.t SET d = -12.25, e = 99999 WHERE id = 1",
                     "REPLACE INTO abc.t (id, d) VALUES (6, 6)")
        sql = "SELECT id, d, e FROM abc.t ORDER BY id"
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))

    def test_a_value_that_does_not_fit_stops_the_run(self):
        self.there("d DECIMAL(65,38)", "d DECIMAL(65,30)")
        self.source.sql("INSERT INTO abc.t VALUES (1, 0.00000000000000000000000000000000001)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 2)
        self.assertRegex(ferry.log(), "abc.t.*the server would change a value")

    def test_a_value_that_was_rounded_is_found(self):
        """Broken: both sides compared by as many digits as both have room for."""
        self.there("d DECIMAL(65,38)", "d DECIMAL(65,30)")
        self.source.sql("INSERT INTO abc.t VALUES (1, 0.00000000000000000000000000000000001),"
                        " (2, 1.5), (3, 0), (4, -10)")
        self.target.sql("INSERT INTO abc.t VALUES (1, 0), (2, 1.5), (3, 0), (4, -10)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run("-verify"), 3)
        with open(ferry.stdout_path) as out:
            text = out.read()
        self.assertIn("key 1: rows checksum difference", text)
        self.assertIn("1 differ", text)


class CarriedJsonTest(CarriedTest):
    pairs = (("mariadb", "mysql"), ("mariadb-11.8", "mysql"))

    def test_json(self):
        self.there("j JSON, n INT", "j JSON, n INT")
        self.source.sql("INSERT INTO abc.t VALUES (1, '{\"b\": 1, \"a\":  [1, null, \"é😀\"]}', 1),"
                        " (2, NULL, 2), (3, '\"it''s \\\\\\\\ \"', 3)")
        self.carried("UPDATE abc.t SET j = '[1.50,  true]', n = 7 WHERE id = 2",
                     "REPLACE INTO abc.t VALUES (4, '{}', 4)", "UPDATE abc.t SET n = n + 1 WHERE id = 1")
        rows = {row[0]: row[1:] for row in self.target.sql("SELECT id, j, n FROM abc.t")}
        for number, document, n in self.source.sql("SELECT id, j, n FROM abc.t"):
            self.assertEqual(json.loads(document or "null"), json.loads(rows[number][0] or "null"))
            self.assertEqual(n, rows[number][1])
        self.assertEqual(len(rows), 4)

    def test_what_is_no_json_stops_the_run(self):
        self.there("j LONGTEXT", "j JSON")
        self.source.sql("INSERT INTO abc.t VALUES (1, 'not {')")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 2)
        self.assertRegex(ferry.log(), "abc.t.*Invalid JSON text")
