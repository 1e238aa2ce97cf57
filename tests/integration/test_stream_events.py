"""What else stands in a binlog: definitions that change, statements, compressed and
distributed transactions. What cannot be carried exactly stops the run, names the
table, the position and the remedy, and leaves a state; nothing is passed over."""

import os
import re
import subprocess
import tempfile
import threading

from lib import place
from lib.case import MARIADB_105, MARIADB_118, FerryTest
from lib.server import Server

POSITION = r"bin\.\d{6}:\d+"
REMEDY = r"from scratch|start the copy of this table again|and start again"


class StreamTest(FerryTest):
    """abc.t and abc.u are copied, abc.left_out and other.x are not."""

    also = (MARIADB_105, MARIADB_118)
    columns = "id INT PRIMARY KEY, v VARCHAR(200), n INT"

    def create(self):
        for server in (self.source, self.target):
            server.drop_user_databases()
        self.source.sql("CREATE DATABASE abc", "CREATE DATABASE other",
                        *(f"CREATE TABLE {table} ({self.columns}) ENGINE=InnoDB"
                          for table in ("abc.t", "abc.u", "abc.left_out", "other.x")),
                        *(f"INSERT INTO {table} (id, v, n) VALUES (1, 'one', 1), (2, 'two', 2),"
                          " (3, 'three', 3)"
                          for table in ("abc.t", "abc.u", "abc.left_out", "other.x")))

    def copied(self, **how):
        """A run held where all rows are copied and the stream runs."""
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        how.setdefault("Tables", {"Blacklist": ["left_out"]})
        ferry = self.ferry(probes=probes, **how).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        ferry.held = stop
        return ferry

    def end(self, ferry):
        """The run goes on to its end with source and target equal."""
        self.source.sql("UPDATE abc.t SET n = n + 1000")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal(["abc"], only=("t", "u"))
        self.assertEqual(ferry.stdout(), "")

    def goes_on(self, *statements, db=None, **how):
        self.create()
        ferry = self.copied(**how)
        self.run_on_source(statements, db)
        self.end(ferry)
        return ferry

    def stops(self, statements, table, pattern=".", db=None, **how):
        """Checks what is said and the state that is left; returns the log."""
        self.create()
        ferry = self.copied(**how)
        self.run_on_source(statements, db)
        ferry.assert_status(2, 20)
        message = [line for line in ferry.log().splitlines() if "fatal error detected" in line]
        self.assertEqual(len(message), 1, ferry.logs())
        for wanted in (re.escape(table), POSITION, REMEDY, pattern):
            self.assertRegex(message[0], wanted)
        self.assert_position_at_most(ferry.state(), self.start_of_last_group())
        self.assertEqual(ferry.state_file(), ferry.state())
        return message[0]

    def start_of_last_group(self):
        for (file, *_) in reversed(self.source.sql("SHOW BINARY LOGS")):
            starts = [row[1] for row in self.source.sql(f"SHOW BINLOG EVENTS IN '{file}'")
                      if row[2] == "Gtid" or row[2] == "Gtid_tagged_log"]
            if starts:
                return file, starts[-1]
        raise AssertionError("the binlog is empty")

    def assert_position_at_most(self, state, limit):
        at = state["CopyStage"]["LastProcessedBinlogPosition"]
        self.assertLessEqual((at["Name"], at["Pos"]), tuple(limit))

    def run_on_source(self, statements, db=None):
        with self.source.connect(**({"database": db} if db else {})) as session:
            session.run(*statements)


class DefinitionsTest(StreamTest):
    def stops_each(self, cases):
        for sql, table in cases:
            with self.subTest(sql):
                statements, db = ((sql,), None) if isinstance(sql, str) else sql
                self.stops(statements, table, db=db)

    def test_alter_of_a_copied_table(self):
        self.stops_each([
            ("ALTER TABLE abc.t ADD COLUMN z INT", "abc.t"),
            ("ALTER TABLE abc.t MODIFY v VARCHAR(300), DROP COLUMN n", "abc.t"),
            ("/* why */ alter /* not */ table `abc` . `t` COMMENT 'x; ALTER TABLE other.x'",
             "abc.t"),
            ("CREATE INDEX i ON abc.t (n)", "abc.t"),
            ("ALTER TABLE abc.u RENAME COLUMN n TO m", "abc.u"),
            ((("ALTER TABLE t ADD COLUMN z INT",), "abc"), "abc.t"),
        ])

    def test_truncate(self):
        self.stops_each([("TRUNCATE abc.t", "abc.t"), ("TRUNCATE TABLE `abc`.`u`", "abc.u"),
                         ((("TRUNCATE t",), "abc"), "abc.t")])

    def test_drop(self):
        self.stops_each([("DROP TABLE abc.t", "abc.t"),
                         ("DROP TABLE IF EXISTS other.x, abc.u", "abc.u"),
                         ((("DROP TABLE t",), "abc"), "abc.t"),
                         ("DROP DATABASE abc", "abc"), ("DROP SCHEMA `abc`", "abc")])

    def test_rename_of_and_onto(self):
        self.stops_each([
            ("RENAME TABLE abc.t TO abc.t2", "abc.t"),
            ("RENAME TABLE abc.t TO other.t", "abc.t"),
            ("ALTER TABLE abc.u RENAME TO other.u", "abc.u"),
            ("RENAME TABLE other.x TO abc.x", "abc.x"),  # the filters choose it
            # What tools for online changes of definitions do.
            ("RENAME TABLE abc.t TO abc.left_out_2, abc.left_out TO abc.t", "abc.t"),
        ])

    def test_new_tables_that_the_filters_choose(self):
        self.stops_each([
            ("CREATE TABLE abc.brand_new (id INT PRIMARY KEY)", "abc.brand_new"),
            ((("CREATE TABLE brand_new (id INT PRIMARY KEY)",), "abc"), "abc.brand_new"),
            ("CREATE TABLE abc.brand_new LIKE other.x", "abc.brand_new"),
            ("CREATE TABLE abc.brand_new (PRIMARY KEY (id)) SELECT * FROM other.x",
             "abc.brand_new"),
            ("CREATE TABLE abc.brand_new (PRIMARY KEY (id)) SELECT * FROM abc.t",
             "abc.brand_new"),
        ])

    def test_new_databases(self):
        """Chosen when no list of databases says otherwise."""
        message = self.stops(["CREATE DATABASE fresh", "CREATE TABLE fresh.f (id INT PRIMARY KEY)"],
                             "fresh", Databases={"Whitelist": None, "Blacklist": ["other"]})
        self.assertIn("CREATE", message)
        self.goes_on("CREATE DATABASE fresh", "CREATE TABLE fresh.f (id INT PRIMARY KEY)",
                     "INSERT INTO fresh.f VALUES (1)", "DROP DATABASE fresh")

    def test_names_from_sessions_of_other_charsets(self):
        """A statement is logged in the character set of its session: the names in it are not
        those of the tables, byte by byte. Those of a database that is not copied do not matter:
        seen red."""
        for charset, database in (("latin1", "größe"), ("cp1251", "имя"), ("gbk", "联通")):
            with self.subTest(charset):
                self.create()
                for server in (self.source, self.target):
                    self.addCleanup(server.drop_user_databases)
                self.source.sql(f"CREATE DATABASE `{database}`",
                                f"CREATE TABLE `{database}`.t (id INT PRIMARY KEY)",
                                f"INSERT INTO `{database}`.t VALUES (1), (2)")
                ferry = self.copied(Databases={"Whitelist": ["abc", database]})
                with self.source.connect() as db:
                    db.run(f"SET NAMES {charset}", "TRUNCATE other.x", "USE other",
                           f"CREATE TABLE `{database}` (id INT)".encode(charset),
                           f"DROP TABLE other.`{database}`".encode(charset),
                           f"TRUNCATE `{database}`.t".encode(charset))
                ferry.assert_status(2, 20)
                self.assertRegex(ferry.log(), "fatal error.*TRUNCATE.*cannot be told by its name")
        self.goes_on("CREATE DATABASE `größe`", "CREATE TABLE `größe`.t (id INT PRIMARY KEY)",
                     "TRUNCATE `größe`.t", "DROP DATABASE `größe`")

    def test_names_in_another_case(self):
        """Of a source that ignores it."""
        if self.source.is_mysql:
            self.skipTest("its data directory would have to be made for it")
        self.source = self.private_server("source", "--lower-case-table-names=1")
        self.stops_each([
            ("TRUNCATE ABC.T", "abc.t"),
            ((("Alter Table `T` ADD z INT",), "Abc"), "abc.t"),
            ("DROP TABLE IF EXISTS Other.X, Abc.U", "abc.u"), ("DROP DATABASE ABC", "abc"),
            (((StatementsTest.STATEMENT, "DELETE FROM ABC.U"), None), "abc.u")])
        self.goes_on("TRUNCATE Other.X", "DELETE FROM ABC.U WHERE id = 1", "DROP TABLE Abc.LEFT_OUT",
                     "CREATE TABLE IF NOT EXISTS ABC.T (id INT)")
        self.create()
        self.source.sql("CREATE DATABASE `größe`", "CREATE TABLE `größe`.t (id INT PRIMARY KEY)")
        ferry = self.copied(Databases={"Whitelist": ["abc", "größe"]})
        self.source.sql("TRUNCATE `GRÖßE`.T")
        ferry.assert_status(2, 20)
        self.assertRegex(ferry.log(), "fatal error.*TRUNCATE.*cannot be told by its name")

    def test_or_replace(self):
        if self.source.is_mysql:
            self.skipTest("MariaDB's statement")
        self.stops(["CREATE OR REPLACE TABLE abc.t (id INT PRIMARY KEY)"], "abc.t")

    def test_tables_that_are_not_copied_may_change(self):
        for table in ("abc.left_out", "other.x"):
            with self.subTest(table):
                self.goes_on(
                    f"ALTER TABLE {table} ADD COLUMN z INT", f"UPDATE {table} SET z = 4",
                    f"CREATE INDEX i ON {table} (n)", f"TRUNCATE {table}", f"DROP TABLE {table}",
                    f"CREATE TABLE {table} LIKE abc.t", f"INSERT INTO {table} SELECT * FROM abc.t",
                    f"DROP TABLE {table}", f"CREATE TABLE {table} AS SELECT * FROM abc.u",
                    f"RENAME TABLE {table} TO other.renamed", "DROP TABLE other.renamed")
        self.goes_on("DROP DATABASE other")

    def test_the_same_without_database_in_the_statement(self):
        self.goes_on("CREATE TABLE t (id INT)",
                     "INSERT INTO t VALUES (1)", "TRUNCATE t", "ALTER TABLE t ADD COLUMN u INT",
                     "DROP TABLE t", db="other")

    def test_what_leaves_rows_and_definitions_alone(self):
        self.goes_on(
            "ANALYZE TABLE abc.t", "CREATE VIEW abc.view_of_t AS SELECT * FROM abc.t",
            "DROP VIEW abc.view_of_t", "CREATE USER somebody", "GRANT SELECT ON abc.t TO somebody",
            "DROP USER somebody", "CREATE TEMPORARY TABLE abc.temp (id INT)",
            "INSERT INTO abc.temp VALUES (1)", "DROP TEMPORARY TABLE abc.temp",
            "CREATE TABLE IF NOT EXISTS abc.t (other_columns INT)",
            "CREATE PROCEDURE abc.p() DELETE FROM abc.t", "DROP PROCEDURE abc.p", "FLUSH TABLES")

    def test_what_leaves_a_database_alone(self):
        """What applications say when they start, and one way to stop them."""
        read_only = [f"ALTER DATABASE abc READ ONLY = {n}" for n in (1, 0)]
        self.goes_on("CREATE DATABASE IF NOT EXISTS abc", "ALTER DATABASE abc CHARACTER SET utf8mb4",
                     *(read_only if self.source.is_mysql else ()))

    def test_what_leaves_nothing_behind(self):
        """Tables that are not there are dropped before temporary ones are made, and that is
        logged."""
        self.goes_on("DROP TABLE IF EXISTS report, abc.report_2",
                     "CREATE TEMPORARY TABLE report SELECT * FROM t", "UPDATE report SET n = 5",
                     "UPDATE t JOIN report USING (id) SET t.n = report.n", "DROP TABLE report",
                     "CREATE TEMPORARY TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (9)",
                     "ALTER TABLE t ADD COLUMN z INT", "TRUNCATE t", "DROP TABLE t", db="abc")

    def test_a_trigger_on_the_source_is_carried_by_its_rows(self):
        self.goes_on(
            "CREATE TRIGGER other.tr AFTER INSERT ON other.x FOR EACH ROW"
            " INSERT INTO abc.u VALUES (NEW.id + 100, 'by trigger', NULL)",
            "INSERT INTO other.x VALUES (50, NULL, NULL)")


class StatementsTest(StreamTest):
    STATEMENT = "SET SESSION binlog_format = 'STATEMENT'"

    def test_statements_of_a_session_that_switched(self):
        for sql, table, db in (
                ("INSERT INTO abc.t VALUES (9, 'nine', 9)", "abc.t", None),
                ("UPDATE t SET v = 'x' WHERE id = 1", "abc.t", "abc"),
                ("DELETE FROM `abc`.`u` WHERE id = 2", "abc.u", "other"),
                ("REPLACE abc.t SELECT * FROM other.x", "abc.t", None),
                ("UPDATE other.x JOIN abc.u USING (id) SET u.v = 'y', x.v = 'z'", "abc.u", None),
                ("DELETE other.x, abc.t FROM other.x JOIN abc.t USING (id)", "abc.t", None),
                ("INSERT INTO abc.u (id) VALUES (8) ON DUPLICATE KEY UPDATE n = 5", "abc.u",
                 None)):
            with self.subTest(sql):
                self.stops([self.STATEMENT, sql], table, "(?i)binlog_format", db=db)

    def test_a_transaction_of_rows_and_statements(self):
        self.stops(["BEGIN", "INSERT INTO other.x VALUES (7, 'seven', 7)",
                    "COMMIT", self.STATEMENT, "BEGIN", "UPDATE other.x SET v = 'a'",
                    "UPDATE abc.t SET v = 'b'", "COMMIT"], "abc.t")

    def test_statements_on_other_tables(self):
        self.goes_on(self.STATEMENT, "INSERT INTO other.x VALUES (9, 'abc.t', 9)",
                     "UPDATE other.x SET v = 'UPDATE abc.t SET v = 1' WHERE id = 1",
                     "DELETE FROM abc.left_out", "SET @n = 7",
                     "INSERT INTO other.x VALUES (@n, RAND(), LAST_INSERT_ID())", "BEGIN",
                     "REPLACE INTO other.x VALUES (10, 'ten', 10)", "SAVEPOINT s",
                     "DELETE FROM other.x WHERE id = 10", "COMMIT",
                     "SET SESSION binlog_format = 'ROW'", "UPDATE abc.u SET v = 'row again'")

    def test_statements_over_several_other_tables(self):
        for db in (None, "other"):
            self.goes_on(self.STATEMENT, "CREATE TABLE other.y LIKE other.x",
                         "INSERT INTO other.y SELECT * FROM abc.t",
                         "UPDATE other.x JOIN other.y USING (id) SET x.v = 'x', y.v = 'y'",
                         "DELETE other.x, other.y FROM other.x JOIN other.y USING (id)", db=db)

    def test_a_function_that_writes(self):
        """The statement does not say where to."""
        self.stops(["CREATE FUNCTION other.f() RETURNS INT BEGIN"
                    " INSERT INTO abc.u VALUES (70, 'f', 7); RETURN 1; END",
                    self.STATEMENT, "DO other.f()"], "any table", "(?i)binlog_format")

    def test_a_trigger_that_writes(self):
        """The statement is on a table that is not copied; its trigger writes to one."""
        self.stops(["CREATE TRIGGER other.tr AFTER INSERT ON other.x FOR EACH ROW"
                    " INSERT INTO abc.u VALUES (NEW.id + 100, 't', 7)",
                    self.STATEMENT, "INSERT INTO other.x VALUES (8, 'eight', 8)"],
                   "trigger", "(?i)binlog_format")

    def test_mixed_format_that_logs_a_statement(self):
        self.stops(["SET SESSION binlog_format = 'MIXED'", "UPDATE abc.t SET v = 'mixed'"],
                   "abc.t", "(?i)binlog_format")

    def test_load_data_in_rows(self):
        self.create()
        ferry = self.copied()
        self.load("abc.t", "ROW")
        self.end(ferry)
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 203)

    def test_load_data_in_statement_format(self):
        self.create()
        ferry = self.copied()
        self.load("abc.t", "STATEMENT")
        ferry.assert_status(2, 20)
        self.assertRegex(ferry.log(), POSITION)
        self.assertRegex(ferry.log(), r"(?i)fatal error detected.*abc\.t.*load data")
        ferry.state()

    def test_load_data_of_other_tables(self):
        self.create()
        ferry = self.copied()
        self.load("other.x", "STATEMENT")
        self.end(ferry)

    def load(self, table, binlog_format):
        self.source.sql("SET GLOBAL local_infile = 1")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(f"{n}\tline {n}\t\\N\n" for n in range(100, 300))
            file.flush()
            os.chmod(file.name, 0o644)
            with self.source.connect(local_infile=True) as db:
                db.run(f"SET SESSION binlog_format = '{binlog_format}'",
                       f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE {table}")


class RowImagesTest(StreamTest):
    columns = "id INT PRIMARY KEY, v VARCHAR(200), n INT, b BLOB, j JSON"

    def test_minimal_image_of_a_session(self):
        for sql in ("UPDATE abc.t SET n = 7", "INSERT INTO abc.t (id, v) VALUES (9, 'nine')",
                    "DELETE FROM abc.t WHERE id = 1"):
            with self.subTest(sql):
                self.stops(["SET SESSION binlog_row_image = 'MINIMAL'", sql], "abc.t",
                           "(?i)row.image")
        self.goes_on("SET SESSION binlog_row_image = 'MINIMAL'", "UPDATE other.x SET n = 7",
                     "DELETE FROM abc.left_out WHERE id = 1")

    def test_noblob_image_of_a_session(self):
        self.stops(["SET SESSION binlog_row_image = 'NOBLOB'", "UPDATE abc.t SET n = 7"], "abc.t",
                   "(?i)row.image")

    def test_partial_json_of_a_session(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        prepare = ["UPDATE other.x SET j = '{\"a\": \"long enough to be worth it\"}'",
                   "UPDATE abc.t SET j = '{\"a\": \"long enough to be worth it\"}'",
                   "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'"]
        self.create()
        self.source.sql(*prepare[:2])
        ferry = self.copied()
        self.run_on_source([prepare[2], "UPDATE abc.t SET j = JSON_SET(j, '$.a', 'x')"])
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"fatal error.*abc\.t.*binlog_row_value_options")
        self.assertRegex(ferry.log(), POSITION)
        ferry.state()
        self.goes_on(*prepare, "UPDATE other.x SET j = JSON_SET(j, '$.a', 'x')")


class FormatsTest(StreamTest):
    def set_global(self, setting, value, back):
        self.source.sql(f"SET GLOBAL {setting} = {value}")
        self.addCleanup(self.source.sql, f"SET GLOBAL {setting} = {back}")
        self.source._forget_admin()

    def transactions(self):
        """Of all kinds, over both tables."""
        return ("INSERT INTO abc.t VALUES (10, REPEAT('x', 200), 1), (11, NULL, NULL)", "BEGIN",
                "UPDATE abc.t SET v = 'changed' WHERE id = 1", "DELETE FROM abc.u WHERE id = 2",
                "INSERT INTO other.x VALUES (20, 'y', 1)", "COMMIT",
                "UPDATE abc.u SET id = 30 WHERE id = 3", "REPLACE INTO abc.t VALUES (2, 'r', 2)")

    def test_compressed_transactions(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.goes_on("SET SESSION binlog_transaction_compression = ON", *self.transactions(),
                     "SET SESSION binlog_transaction_compression_level_zstd = 22",
                     "UPDATE abc.t SET n = n * 2", "SET SESSION binlog_transaction_compression = OFF",
                     "UPDATE abc.t SET n = n + 5", "SET SESSION binlog_transaction_compression = ON",
                     "CREATE TABLE other.ctas AS SELECT * FROM abc.t", "DELETE FROM abc.t WHERE id = 3")

    def test_what_stops_stops_inside_compressed_transactions_too(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        on = "SET SESSION binlog_transaction_compression = ON"
        self.stops([on, "SET SESSION binlog_row_image = 'MINIMAL'", "UPDATE abc.t SET n = 1"],
                   "abc.t")
        self.stops([on, "CREATE TABLE abc.new_one (PRIMARY KEY (id)) AS SELECT * FROM other.x"],
                   "abc.new_one")

    def test_large_compressed_transactions(self):
        """Over 16 MiB packed, and far over it unpacked."""
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.columns = "id INT PRIMARY KEY, v VARCHAR(200), n INT, b LONGBLOB"
        self.create()
        ferry = self.copied()
        random_mib = f"x'{os.urandom(1 << 20).hex()}'"
        with self.source.connect() as db:
            db.run("SET SESSION binlog_transaction_compression = ON", "BEGIN",
                   f"INSERT INTO abc.u VALUES (100, 'random', 0, {random_mib})",
                   # Different in each row, or it would be packed well.
                   *(f"INSERT INTO abc.u VALUES ({n}, NULL, {n}, x'{os.urandom(1 << 20).hex()}')"
                     for n in range(101, 118)),
                   "COMMIT", "BEGIN",
                   "INSERT INTO abc.t VALUES (200, 'zeros', 0, REPEAT('0', 20000000))",
                   "INSERT INTO abc.t VALUES (201, 'ones', 0, REPEAT('1', 20000000))", "COMMIT")
        self.end(ferry)

    def test_compressed_events(self):
        if self.source.is_mysql:
            self.skipTest("MariaDB's feature")
        self.set_global("log_bin_compress", "ON", "OFF")
        self.set_global("log_bin_compress_min_len", 10, 256)
        self.columns = "id INT PRIMARY KEY, v VARCHAR(200), n INT, b LONGBLOB"
        self.create()
        ferry = self.copied()
        self.run_on_source([
            "INSERT INTO abc.t VALUES (10, REPEAT('x', 200), 1, REPEAT('long', 100000)),"
            " (11, NULL, NULL, '')", "UPDATE abc.t SET b = REPEAT(v, 1000)",
            "INSERT INTO other.x VALUES (10, REPEAT('x', 200), 1, REPEAT('long', 100000))",
            "DELETE FROM abc.u WHERE id = 2", "UPDATE abc.u SET b = REPEAT('z', 17000000)",
            "CREATE TABLE other.y (a INT COMMENT '" + "long " * 100 + "')"])
        self.end(ferry)
        self.stops(["ALTER TABLE abc.t COMMENT '" + "long " * 100 + "'"], "abc.t")
        self.stops(["SET SESSION binlog_format = 'STATEMENT'",
                    "UPDATE abc.t SET v = '" + "long " * 30 + "'"], "abc.t")

    def test_tagged_gtids(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.goes_on("SET gtid_next = 'AUTOMATIC:moving'", *self.transactions(),
                     "SET gtid_next = 'AUTOMATIC:other'", "UPDATE abc.t SET v = 'tag' WHERE id = 10",
                     "SET SESSION binlog_transaction_compression = ON", "UPDATE abc.t SET n = 3")

    def test_checksums(self):
        for kind in ("NONE", "CRC32"):
            with self.subTest(kind):
                before = self.source.value("SELECT @@global.binlog_checksum")
                self.set_global("binlog_checksum", kind, before)
                self.goes_on(*self.transactions())

    def test_checksums_switched_while_streaming(self):
        before = self.source.value("SELECT @@global.binlog_checksum")
        for first, second in (("CRC32", "NONE"), ("NONE", "CRC32")):
            with self.subTest(second):
                self.set_global("binlog_checksum", first, before)
                self.goes_on(*self.transactions()[:5], "COMMIT",
                             f"SET GLOBAL binlog_checksum = {second}", *self.transactions()[6:])

    def test_row_metadata(self):
        before = self.source.value("SELECT @@global.binlog_row_metadata")
        kinds = ["FULL", "MINIMAL"] + ["NO_LOG"] * (not self.source.is_mysql)
        for kind in kinds:
            with self.subTest(kind):
                self.set_global("binlog_row_metadata", kind, before)
                self.columns = ("id INT UNSIGNED PRIMARY KEY, v VARCHAR(200), n INT,"
                                " e ENUM('a','b') CHARACTER SET latin1, s SET('x','y'),"
                                " g POINT, m MEDIUMINT UNSIGNED")
                self.goes_on(
                    "INSERT INTO abc.t VALUES (4294967295, 'é', -1, 'b', 'x,y',"
                    " ST_GeomFromText('POINT(1 2)'), 16777215), (0, '', 1, 'a', '', NULL, 8388608)",
                    "UPDATE abc.t SET m = 16777214, e = 'a' WHERE id = 4294967295",
                    "DELETE FROM abc.t WHERE id = 0")

    def test_rows_query_events(self):
        setting = "binlog_rows_query_log_events" if self.source.is_mysql \
            else "binlog_annotate_row_events"
        for value in ("ON", "OFF"):
            self.goes_on(f"SET SESSION {setting} = {value}", *self.transactions())

    def test_flush_logs(self):
        self.goes_on("UPDATE abc.t SET n = 4", "FLUSH BINARY LOGS", "UPDATE abc.t SET n = 5",
                     "FLUSH LOGS", "FLUSH BINARY LOGS", "DELETE FROM abc.u WHERE id = 1")

    def test_reset_of_the_binlog(self):
        """What was not received yet is gone, and new events stand where old ones stood:
        taken for seen already, they were passed over without a word."""
        reset = "RESET BINARY LOGS AND GTIDS" if self.source.is_mysql else "RESET MASTER"
        for changes in (1, 40):  # behind the place reached, and in front of it
            with self.subTest(changes):
                self.create()
                ferry = self.copied()
                self.source.sql(*["UPDATE abc.u SET n = n + 1"] * 20)
                at = self.source.position()
                ferry.wait_until(lambda: ferry.state_file()["CopyStage"]
                                 ["LastProcessedBinlogPosition"]["Name"] >= at[0], what="the stream")
                self.source.sql(reset, *["UPDATE abc.t SET n = n + 1"] * changes)
                ferry.held.release()
                ferry.assert_status(2, 60)
                self.assertRegex(ferry.log(), "fatal error.*(goes back|no longer has its binlog)")
                self.assertRegex(ferry.log(), "from scratch")

    def test_a_transaction_of_many_rows(self):
        self.create()
        # Without probes, which would be asked for each row.
        ferry = self.ferry(http=True, AutomaticCutover=False,
                           Tables={"Blacklist": ["left_out"]}).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        digits = "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL" \
                 " SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL" \
                 " SELECT 8 UNION ALL SELECT 9)"
        self.run_on_source([
            "BEGIN", "INSERT INTO abc.t SELECT 100 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d +"
            f" 10000 * e.d, CONCAT('row ', a.d), e.d FROM {digits} a, {digits} b, {digits} c,"
            f" {digits} d, (SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3"
            " UNION ALL SELECT 4) e",
            "INSERT INTO abc.u SELECT * FROM abc.t WHERE id > 100",
            "UPDATE abc.t SET v = CONCAT(v, '!') WHERE n = 1", "DELETE FROM abc.t WHERE n = 2",
            "COMMIT"])
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.terminate()
        ferry.assert_status(0)
        self.assert_equal(["abc"], only=("t", "u"))
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 40002)


class EncryptedTest(StreamTest):
    """The source keeps its binlog encrypted. It sends it in the clear, but for what tells
    of it."""

    SECRET = "nobody may read this"
    KEYRING = {"mysqld.my": '{"components": "file://component_keyring_file"}',
               "component_keyring_file.cnf": '{"path": "%s/keyring", "read_only": false}'}

    def mariadb(self):
        """Its keys come from a file."""
        made = subprocess.run([os.path.join(place.TOP, "tests/tools/mariadb-plugins.sh")],
                              text=True, stdout=subprocess.PIPE)
        if made.returncode == 77:
            self.skipTest("MariaDB's plugins cannot be had here")
        keys = os.path.join(place.temp_dir(), "keys")
        with open(keys, "w") as f:
            f.write("1;" + "5a" * 32 + "\n")
        return Server("mariadb", "source", (
            f"--plugin-dir={made.stdout.strip()}", "--plugin-load-add=file_key_management",
            f"--file-key-management-filename={keys}", "--encrypt-binlog=ON"))

    def mysql(self):
        """By a component, which a file beside the server allows to be configured in the
        data directory. That file changes nothing for servers without such a directory."""
        for name in ("usr/sbin/mysqld.my", "usr/lib/mysql/plugin/component_keyring_file.cnf"):
            path = os.path.join(place.SID, name)
            with open(f"{path}.{os.getpid()}", "w") as f:
                f.write('{"read_local_%s": true}' % ("config" if "cnf" in name else "manifest"))
            os.rename(f.name, path)
        server = Server("mysql", "source", ("--binlog-encryption=ON",))
        for name, content in self.KEYRING.items():
            with open(os.path.join(server.dir, "data", name), "w") as f:
                f.write(content % server.seen(server.dir) if "%s" in content else content)
        return server

    def setUp(self):
        super().setUp()
        self.source = self.mysql() if self.source.is_mysql else self.mariadb()
        self.addCleanup(self.source.remove)
        self.watched.append(self.source)
        self.source.start()
        self.create()

    def change(self, key):
        self.source.sql(f"INSERT INTO abc.t VALUES ({key}, '{self.SECRET}', 1)", "FLUSH LOGS",
                        f"UPDATE abc.u SET v = '{self.SECRET} {key}'")

    def assert_encrypted(self):
        folder = os.path.join(self.source.dir, "data")
        files = [name for name in os.listdir(folder) if re.fullmatch(r"bin\.\d+", name)]
        self.assertGreater(len(files), 1)
        for name in files:
            with open(os.path.join(folder, name), "rb") as f:
                self.assertNotIn(self.SECRET.encode(), f.read())

    def test_encrypted_binlog(self):
        ferry = self.copied()
        self.change(10)
        self.source.restart()
        self.change(11)
        self.assert_encrypted()
        self.end(ferry)

    def test_encrypted_binlog_resumed(self):
        ferry = self.copied()
        self.change(10)
        ferry.terminate()
        ferry.assert_status(2)
        state = ferry.state()
        self.change(11)
        self.source.sql("BEGIN", "DELETE FROM abc.t WHERE id = 1", "FLUSH LOGS",
                        "UPDATE abc.u SET n = 77", "COMMIT")
        ferry.held.release()
        ferry.resume(state)
        ferry.assert_status(0)
        self.assert_encrypted()
        self.assert_equal(["abc"], only=("t", "u"))


    def test_encrypted_binlog_resumed_at_its_head(self):
        """Where what tells how to decrypt the rest was not sent yet. Broken: MariaDB is asked
        for that place, and sends garbage."""
        ferry = self.copied()
        self.source.sql("FLUSH LOGS")
        file = self.source.position()[0]
        ferry.terminate()
        ferry.assert_status(2)
        state = ferry.state()
        at = state["CopyStage"]["LastProcessedBinlogPosition"]
        head = self.source.sql(f"SHOW BINLOG EVENTS IN '{file}' LIMIT 1")[0]
        self.assertEqual(head[2], "Format_desc")
        at.pop("FileCreated", None)
        at.update(Name=file, Pos=head[4])
        self.change(10)
        ferry.held.release()
        ferry.resume(state)
        ferry.assert_status(0)
        self.assert_equal(["abc"], only=("t", "u"))


class TransactionsTest(StreamTest):
    def test_without_gtids(self):
        if self.source.is_mysql:
            self.source = self.private_server("source", "--gtid-mode=OFF",
                                              "--enforce-gtid-consistency=OFF")
        self.goes_on("INSERT INTO abc.t VALUES (10, 'ten', 1)", "BEGIN", "DELETE FROM abc.u",
                     "UPDATE abc.t SET v = 'all'", "COMMIT", "ANALYZE TABLE abc.t")

    def test_savepoints(self):
        self.goes_on(
            "BEGIN", "UPDATE abc.t SET v = 'kept'", "SAVEPOINT a", "DELETE FROM abc.t",
            "ROLLBACK TO a", "INSERT INTO abc.t VALUES (10, 'kept', 1)", "SAVEPOINT `b c`",
            "UPDATE abc.u SET n = 9", "RELEASE SAVEPOINT `b c`", "SAVEPOINT d",
            "DELETE FROM abc.u", "ROLLBACK TO SAVEPOINT d", "COMMIT",
            "BEGIN", "DELETE FROM abc.u", "ROLLBACK")

    def test_rolled_back_with_a_temporary_table(self):
        """MariaDB logs such a transaction, rows and ROLLBACK: one that drops it cannot be
        undone whole."""
        drop = ("CREATE TEMPORARY TABLE abc.temp (id INT)", "INSERT INTO abc.temp VALUES (1)",
                "DROP TEMPORARY TABLE abc.temp")
        self.goes_on(
            "BEGIN", "DELETE FROM abc.t", "UPDATE abc.u SET v = 'gone'", *drop, "ROLLBACK",
            "BEGIN", "INSERT INTO abc.t VALUES (10, 'stays', 1)", "SAVEPOINT a",
            "DELETE FROM abc.u", "SAVEPOINT `b`", "UPDATE abc.t SET v = 'gone'", *drop,
            "ROLLBACK TO SAVEPOINT B", "ROLLBACK TO A", "UPDATE abc.u SET v = 'stays'", *drop,
            "SAVEPOINT a", "DELETE FROM abc.t WHERE id = 1", "SAVEPOINT c", "DELETE FROM abc.u",
            *drop, "ROLLBACK TO c", "COMMIT")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 3)
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.u WHERE v = 'stays'"), 3)

    def test_a_large_one_rolled_back_with_a_temporary_table(self):
        """It is handed on before its end is there."""
        self.columns = "id INT PRIMARY KEY, v VARCHAR(200), n INT, b LONGBLOB"
        changes = ("BEGIN", "UPDATE abc.t SET b = REPEAT('x', 1000000)", "DELETE FROM abc.u",
                   "CREATE TEMPORARY TABLE abc.temp (id INT)", "DROP TEMPORARY TABLE abc.temp")
        if self.source.is_mysql:
            self.goes_on(*changes, "ROLLBACK", MemoryLimit=64 << 20)
        else:
            self.stops([*changes, "ROLLBACK"], "rows of copied", "was rolled back",
                       MemoryLimit=64 << 20)
        self.goes_on(*changes, "COMMIT", MemoryLimit=64 << 20)

    def create_mixed(self):
        """On MySQL with GTIDs there are no such transactions."""
        if self.source.is_mysql:
            self.source = self.private_server("source", "--gtid-mode=OFF",
                                              "--enforce-gtid-consistency=OFF")
        self.create()

    def test_a_mixed_transaction_that_is_rolled_back(self):
        self.create_mixed()
        self.source.sql("CREATE TABLE other.m (id INT PRIMARY KEY, v INT) ENGINE=MyISAM")
        ferry = self.copied()
        self.run_on_source([
            "BEGIN", "UPDATE abc.t SET v = 'gone' WHERE id = 1", "INSERT INTO other.m VALUES (1, 1)",
            "DELETE FROM abc.u", "ROLLBACK",
            "BEGIN", "INSERT INTO other.m VALUES (2, 2)", "UPDATE abc.t SET v = 'gone too'",
            "SAVEPOINT s", "INSERT INTO other.m VALUES (3, 3)", "DELETE FROM abc.t",
            "ROLLBACK TO s", "ROLLBACK",
            "BEGIN", "UPDATE abc.u SET v = 'stays'", "INSERT INTO other.m VALUES (4, 4)", "COMMIT"])
        self.end(ferry)

    def test_a_mixed_transaction_that_is_rolled_back_in_part(self):
        """The servers log the undone rows, and the undoing behind them."""
        self.create_mixed()
        self.source.sql("CREATE TABLE other.m (id INT PRIMARY KEY, v INT) ENGINE=MyISAM")
        ferry = self.copied()
        self.run_on_source(["BEGIN", "UPDATE abc.t SET v = 'stays'", "SAVEPOINT s",
                            "INSERT INTO other.m VALUES (1, 1)", "UPDATE abc.t SET v = 'gone'",
                            "ROLLBACK TO s", "COMMIT"])
        self.end(ferry)


class XaTest(StreamTest):
    def xa(self, *statements, xid="'x'"):
        """Prepares them in a session of their own."""
        with self.source.connect() as db:
            db.run(f"XA START {xid}", *statements, f"XA END {xid}", f"XA PREPARE {xid}")

    def decide(self, what, xid="'x'"):
        def attempt():
            try:
                self.source.sql(f"XA {what} {xid}")
            except Exception as e:
                if "1397" in str(e):  # the session that prepared it is still there
                    return False
                raise
            return True
        self.wait_until(attempt, what=f"XA {what}")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.roll_back_all)

    def roll_back_all(self):
        for _, gtrid, bqual, data in self.source.sql("XA RECOVER"):
            data = data if isinstance(data, bytes) else data.encode("latin1")
            self.decide("ROLLBACK", f"x'{data[:gtrid].hex()}',x'{data[gtrid:].hex()}'")

    def test_prepare_and_commit(self):
        self.create()
        ferry = self.copied()
        self.xa("UPDATE abc.t SET v = 'by xa' WHERE id = 1", "DELETE FROM abc.t WHERE id = 2",
                "INSERT INTO abc.u VALUES (50, 'by xa', 5)", "UPDATE other.x SET n = 5")
        self.source.sql("UPDATE abc.t SET v = 'meanwhile' WHERE id = 3",
                        "INSERT INTO abc.u VALUES (51, 'meanwhile', 5)")
        self.decide("COMMIT")
        self.end(ferry)

    def test_prepare_and_rollback(self):
        self.create()
        ferry = self.copied()
        self.xa("UPDATE abc.t SET v = 'undone' WHERE id = 1", "DELETE FROM abc.u")
        self.source.sql("UPDATE abc.t SET v = 'meanwhile' WHERE id = 3")
        self.decide("ROLLBACK")
        self.end(ferry)

    def test_one_phase(self):
        self.create()
        ferry = self.copied()
        self.run_on_source(["XA START 'one'", "UPDATE abc.t SET v = 'one phase'",
                            "DELETE FROM abc.u WHERE id = 1", "XA END 'one'",
                            "XA COMMIT 'one' ONE PHASE"])
        self.run_on_source(["XA START 'none'", "DELETE FROM abc.t", "XA END 'none'",
                            "XA ROLLBACK 'none'"])
        self.end(ferry)

    def test_several_with_odd_names(self):
        self.create()
        ferry = self.copied()
        names = {"'a','b',7": "COMMIT", "'a','c',7": "ROLLBACK", "x'00FF27','\\\\'": "COMMIT",
                 f"'{'l' * 64}','{'m' * 64}',2147483647": "COMMIT"}
        if self.source.is_mysql:  # of which only 32 bits are logged with the rows
            names |= {"'d','',4294967295": "COMMIT", "'e','',4294967303": "COMMIT"}
        for n, xid in enumerate(names):
            self.xa(f"INSERT INTO abc.u VALUES ({100 + n}, 'xa', {n})", xid=xid)
        for xid, what in reversed(names.items()):
            self.decide(what, xid)
        self.end(ferry)
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.u WHERE id >= 100"),
                         len(names) - 1)

    def test_savepoints(self):
        """MariaDB logs what was taken back, and that, where a temporary table is dropped."""
        drop = () if self.source.is_mysql else ("DROP TEMPORARY TABLE IF EXISTS abc.no_such",)
        self.create()
        ferry = self.copied()
        self.xa("INSERT INTO abc.u VALUES (50, 'stays', 5)", "SAVEPOINT a",
                "DELETE FROM abc.u WHERE id = 1", "UPDATE abc.t SET v = 'gone'", *drop,
                "ROLLBACK TO a", "UPDATE abc.u SET v = 'stays' WHERE id = 3")
        self.decide("COMMIT")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal(["abc"], only=("t", "u"))
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.u WHERE v = 'stays'"), 2)

    def test_in_compressed_transactions(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.create()
        ferry = self.copied()
        on = "SET SESSION binlog_transaction_compression = ON"
        with self.source.connect() as db:
            db.run(on, "XA START 'c'", "UPDATE abc.t SET v = 'packed'", "XA END 'c'",
                   "XA PREPARE 'c'")
        self.decide("COMMIT", "'c'")
        self.end(ferry)

    def test_prepared_before_the_start(self):
        """The copy waits for its locks."""
        self.create()
        self.xa("UPDATE abc.t SET v = 'early' WHERE id = 2")
        probes = self.probes()
        reading = probes.stop_at("before_chunk_read", r"abc\.t ")
        ferry = self.ferry(probes=probes, Tables={"Blacklist": ["left_out"]}).start()
        ferry.wait_until(lambda: reading.reached, what="the copy")
        threading.Timer(1, self.decide, ["COMMIT"]).start()
        reading.release()
        ferry.assert_status(0)
        self.assert_equal(["abc"], only=("t", "u"))
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 2"), "early")

    def test_undecided_across_an_interrupt(self):
        for what in ("COMMIT", "ROLLBACK"):
            with self.subTest(what):
                self.create()
                ferry = self.copied()
                before = self.source.position()
                self.xa("UPDATE abc.t SET v = 'held' WHERE id = 1",
                        "INSERT INTO abc.u VALUES (60, 'held', 6)")
                self.source.sql("UPDATE abc.t SET v = 'later' WHERE id = 3")
                self.applied(ferry, "SELECT COUNT(*) FROM abc.t WHERE v = 'later'", 1)
                ferry.terminate()
                ferry.assert_status(2)
                self.assert_position_at_most(ferry.state(), before)
                self.decide(what)
                ferry.resume(AutomaticCutover=True)
                ferry.held.release()
                ferry.assert_status(0)
                self.assert_equal(["abc"], only=("t", "u"))

    def test_decided_after_the_resume(self):
        self.create()
        ferry = self.copied()
        self.xa("UPDATE abc.t SET v = 'held' WHERE id = 1")
        self.source.sql("UPDATE abc.t SET v = 'later' WHERE id = 3")
        self.applied(ferry, "SELECT COUNT(*) FROM abc.t WHERE v = 'later'", 1)
        ferry.terminate()
        ferry.assert_status(2)
        ferry.held.release()
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry.environ["GHOSTFERRY_PROBES"] = ferry.program.seen(probes.path)
        ferry.resume()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        self.decide("COMMIT")
        ferry.held = stop
        self.end(ferry)

    def test_undecided_at_the_cutover(self):
        """What is visible is equal; the state would bring the rest."""
        self.create()
        ferry = self.copied()
        before = self.source.position()
        self.xa("UPDATE abc.t SET v = 'undecided' WHERE id = 1")
        self.source.sql("UPDATE abc.t SET v = 'later' WHERE id = 3")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal(["abc"], only=("t", "u"))
        self.assert_position_at_most(ferry.state_file(), before)
        self.assertRegex(ferry.log(), "(?i)level=warning.*XA")

    def applied(self, ferry, query, wanted):
        ferry.wait_until(lambda: self.target.value(query) == wanted, what=query)
