"""The copy by LOAD DATA LOCAL from memory: used where it is exact, INSERT elsewhere, and a
server that asks for a file gets none."""

import random

from lib import case, tables
from lib.moves import MoveTest
from lib.rewriter import Rewriter


class LoadTest(MoveTest):
    pairs = case.BOTH

    def setUp(self):
        super().setUp()
        self.before = self.loads()

    def loads(self):
        """Statements on the target so far."""
        return int(self.target.sql("SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1])

    def assert_loaded(self, ferry=None):
        self.assertGreater(self.loads(), self.before, ferry and ferry.logs())


class UsedTest(LoadTest):
    def test_it_is_used(self):
        self.table(rows=500)
        ferry = self.ferry(SkipTargetVerification=False).run_ok()
        self.assert_equal()
        self.assert_loaded(ferry)

    def test_not_where_the_server_does_not_take_it(self):
        self.table(rows=50)
        self.target.sql("SET GLOBAL local_infile = 0")
        self.addCleanup(self.target.sql, "SET GLOBAL local_infile = 1")
        ferry = self.ferry().run_ok()
        self.assert_equal()
        self.assertEqual(self.loads(), self.before)
        self.assertRegex(ferry.log(), "copied by INSERT.*SET GLOBAL local_infile = 1")

    def test_not_where_the_configuration_says_so(self):
        self.table(rows=50)
        self.ferry(TargetWriteMethod="insert").run_ok()
        self.assert_equal()
        self.assertEqual(self.loads(), self.before)

    def test_it_is_switched_off_meanwhile(self):
        """Broken: what refuses LOAD DATA ends the run."""
        self.table(rows=60)
        self.addCleanup(self.target.sql, "SET GLOBAL local_infile = 1")
        probes = self.probes()
        stop = probes.stop_at("before_batch_write", r"abc\.t 2$")
        ferry = self.one_by_one(probes=probes).start()
        self.reach(ferry, stop)
        self.target.sql("SET GLOBAL local_infile = 0")
        stop.release()
        self.done(ferry)
        self.assert_loaded(ferry)
        self.assertRegex(ferry.log(), r"abc\.t is written by INSERT from now on")

    def test_all_bytes_in_all_places(self):
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, b VARBINARY(600), l LONGBLOB)",
                        *[f"INSERT INTO abc.t VALUES ({n}, x'{n:02x}', x'{n:02x}{n:02x}5c{n:02x}')"
                          for n in range(256)],
                        "INSERT INTO abc.t VALUES (999, x'" + bytes(range(256)).hex() + "',"
                        " REPEAT(x'5c0a09004e', 5000)), (1000, NULL, ''), (1001, '', NULL),"
                        " (1002, '\\\\N', '\\\\N')")
        self.ferry().run_ok()
        self.assert_equal()
        self.assert_loaded()


class NotExactTest(LoadTest):
    """What LOAD DATA would bend or leave out is told as before.

    Broken: target_load() commits whatever the warnings are."""

    def test_a_check(self):
        if not self.source.is_mysql:
            self.skipTest("a session may leave them out there, and ours do")
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT)",
                        "INSERT INTO abc.t VALUES (1, 5), (2, -5), (3, 7)")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT,"
                        " CONSTRAINT positive CHECK (n > 0))")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertNotEqual(ferry.run(), 0, ferry.logs())
        self.assertRegex(ferry.log(), "positive.*3819")

    def test_a_partition_that_is_not_there(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT)",
                        "INSERT INTO abc.t VALUES (1, 5), (2, 6), (300, 7)")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT)"
                        " PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (100))")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertNotEqual(ferry.run(), 0, ferry.logs())
        self.assertRegex(ferry.log(), "1526")

    def test_killed_before_the_insert(self):
        """What LOAD DATA wrote is undone by then."""
        self.table(rows=40)
        self.addCleanup(self.target.sql, "SET GLOBAL local_infile = 1")
        probes = self.probes()
        first = probes.stop_at("before_batch_write", r"abc\.t 2$")
        unsuited = probes.stop_at("load_is_unsuited")
        ferry = self.one_by_one(probes=probes).start()
        self.reach(ferry, first)
        self.target.sql("SET GLOBAL local_infile = 0")
        first.release()
        self.reach(ferry, unsuited)
        ferry.kill9()
        probes.release_all()
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 10)
        self.target.sql("SET GLOBAL local_infile = 1")
        self.done(ferry.resume(ferry.state_file()))

    def test_an_invalid_enum(self):
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, e ENUM('a', 'b'))",
                        "SET sql_mode = ''", "INSERT INTO abc.t VALUES (1, 'a'), (2, 'none'), (3, 'b')")
        self.ferry().run_ok()
        self.assert_equal()


class ChangesTest(LoadTest):
    """Changes of many rows go the same way, with REPLACE. Broken: what was not
    taken is not written by REPLACE. Red. (Warnings not looked at: green, as with REPLACE the
    servers keep to strict mode.)"""

    pairs = case.BOTH + case.CROSS

    def setUp(self):
        super().setUp()
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")

    def copied(self, change="REPLACE INTO abc.t (id) VALUES (0)", **settings):
        """All is copied, and the first change waits at a stop: those behind it go together."""
        probes = self.probes()
        first = probes.stop_at("before_binlog_apply")
        ferry = self.ferry(AutomaticCutover=False, http=True, probes=probes, **settings).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.before = self.loads()
        self.source.sql(change)
        self.reach(ferry, first)
        return ferry, first, probes

    def release(self, ferry, first, changes):
        """Once so many changes are waiting."""
        ferry.wait_for_status(lambda s: s["ChangesQueued"] >= changes)
        first.release()

    def cut_over(self, ferry, allow=True):
        if allow:
            ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)

    def test_of_every_type(self):
        rng = random.Random(11)
        wide = next(table for table in tables.basic(self.source.flavour) if table.name == "wide")
        with self.source.connect() as db:
            db.run("SET sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
                   f"CREATE TABLE abc.wide ({wide.body}) ENGINE=InnoDB")
            ferry, first, _ = self.copied("INSERT INTO abc.wide (id) VALUES (1000)",
                                          SkipTargetVerification=False, AllowInexactJSON=True)
            for change in "INSERT", "REPLACE":
                for n in range(60):
                    row = wide.columns(rng, n)
                    db.run(f"{change} INTO abc.wide ({', '.join(row)}) VALUES"
                           f" ({', '.join(row.values())})")
        self.release(ferry, first, 120)
        self.cut_over(ferry)
        self.assert_loaded(ferry)

    def test_killed_where_it_is_not_taken(self):
        self.table(rows=40)
        self.addCleanup(self.target.sql, "SET GLOBAL local_infile = 1")
        ferry, first, probes = self.copied()
        unsuited = probes.stop_at("load_is_unsuited")
        self.source.sql("UPDATE abc.t SET n = n + 1000", "DELETE FROM abc.t WHERE id % 3 = 0")
        self.target.sql("SET GLOBAL local_infile = 0")
        self.release(ferry, first, 53)
        self.reach(ferry, unsuited)
        ferry.kill9()
        probes.release_all()
        self.target.sql("SET GLOBAL local_infile = 1")
        ferry.resume(ferry.state_file(), AutomaticCutover=True)
        self.cut_over(ferry, allow=False)
        self.assert_loaded(ferry)

    def refused(self, spoil, mend, code):
        """Changes do not fit into the target's table as it is then, until it is mended."""
        self.table(rows=0, body="id INT PRIMARY KEY, n INT")
        ferry, first, _ = self.copied()
        self.source.sql("INSERT INTO abc.t VALUES "
                        + ", ".join(f"({n * 9}, {n * 9})" for n in range(1, 20)))
        self.target.sql(f"ALTER TABLE abc.t {spoil}")
        self.release(ferry, first, 19)
        ferry.wait_for_log(code)
        ferry.interrupt()
        ferry.assert_status(2)
        self.assert_loaded(ferry)
        self.target.sql(f"ALTER TABLE abc.t {mend}")
        ferry.resume(AutomaticCutover=True)
        self.cut_over(ferry, allow=False)

    def test_what_it_would_leave_out(self):
        self.refused("PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (100))",
                     "REMOVE PARTITIONING", "1526")

    def test_what_it_would_bend(self):
        self.refused("MODIFY n TINYINT", "MODIFY n INT", "1264")


class ThereAlreadyTest(LoadTest):
    """Rows whose key or unique value the target has."""

    def test_a_chunk_is_copied_twice(self):
        self.table(rows=60)
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", r"abc\.t 3$")
        ferry = self.one_by_one(probes=probes).start()
        self.reach(ferry, stop)
        ferry.wait_until(ferry.state_file)
        ferry.kill9()
        probes.release_all()
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 30)
        self.done(ferry.resume(ferry.state_file()))
        self.assert_loaded(ferry)

    def test_more_than_the_server_lists(self):
        """Warnings are listed up to max_error_count only."""
        self.table(rows=3000)
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id BIGINT NOT NULL PRIMARY"
                        " KEY, v VARCHAR(200), n INT)")
        with self.target.connect() as db:
            tables.fill_fast(db, "abc", "t", 3000)
        ferry = self.ferry(AllowExistingTargetTable=True, DataIterationBatchSize=3000).run_ok()
        self.assert_equal()
        self.assertNotRegex(ferry.log(), "by INSERT from now on")

    def test_another_row_has_the_unique_value(self):
        """It is owed (I9), and its being missing is told."""
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, u INT UNIQUE)",
                        "INSERT INTO abc.t VALUES (1, 10), (2, 20), (3, 30)")
        self.target.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, u INT UNIQUE)",
                        "INSERT INTO abc.t VALUES (7, 20)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        ferry.run()
        ferry.assert_status(3)
        self.assertRegex(ferry.log(), r"abc\.t.*\b2\b")


class HostileServerTest(LoadTest):
    """A server that asks for a file of ours.

    Broken: upload_begin() lets the library open what it is asked for."""

    def test_in_place_of_another_statement(self):
        """LOAD DATA that we never sent: nothing is being uploaded."""
        self.table(rows=20)
        self.target.sql("CREATE DATABASE got", "CREATE TABLE got.file (line LONGTEXT)")
        asks = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE got.file"
        rewriter = Rewriter(self.target, "START TRANSACTION", asks)
        self.addCleanup(rewriter.close)
        self.target.sql("GRANT INSERT ON got.* TO ghostferry@'%'")
        ferry = self.ferry(Target={"Port": rewriter.port}).start()
        ferry.wait_for_log("failed to write row batch, 2 of|fatal error")
        ferry.kill9()
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM got.file"), 0)

    def test_in_place_of_the_upload(self):
        """Another name: what is served is the rows."""
        self.table(rows=20)
        self.target.sql("CREATE DATABASE got", "CREATE TABLE got.file (line LONGTEXT)",
                        "GRANT INSERT ON got.* TO ghostferry@'%'")
        plain = Rewriter(self.target)
        self.addCleanup(plain.close)
        self.ferry(Target={"Port": plain.port}).run_ok()
        shape = next(s for s in plain.shapes if "LOAD DATA" in s)
        self.target.sql("DROP DATABASE abc")
        rewriter = Rewriter(self.target, shape,
                            "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE got.file")
        self.addCleanup(rewriter.close)
        ferry = self.ferry(Target={"Port": rewriter.port})
        ferry.run(timeout=60)
        lines = self.target.sql("SELECT line FROM got.file WHERE line LIKE 'root:%'")
        self.assertEqual(list(lines), [])
