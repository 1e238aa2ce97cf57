"""Tables without any usable key (AllowTablesWithoutKey): one snapshot each, and changes
that are counted. Equal means: the same rows, each as often."""

import random

import pymysql

from lib import tables
from lib.case import BOTH, CROSS
from lib.moves import MoveTest, completed, keys
from lib.proxy import TO_PROGRAM, Proxy

TAGS = ("invariants",)
BARE = "a INT, v VARCHAR(20), KEY v (v)"


class WithoutKeyTest(MoveTest):
    def bare(self, rows=60, body=BARE, table="bare"):
        """Each row several times, and rows of NULL alone."""
        with self.source.connect() as db:
            db.run("CREATE DATABASE IF NOT EXISTS abc COLLATE utf8mb4_general_ci",
                   f"CREATE TABLE abc.{table} ({body}) ENGINE=InnoDB")
            if rows:
                db.run(f"INSERT INTO abc.{table} (a, v) VALUES " + ", ".join(
                    "(NULL, NULL)" if n % 10 == 9 else f"({n % 7}, 'v{n % 3}')"
                    for n in range(rows)))

    def move(self, **settings):
        settings.setdefault("AllowTablesWithoutKey", True)
        return self.one_by_one(**settings)

    def stopped_at(self, name, detail="", nth=1, **settings):
        """A move that stands at a stop: (ferry, stop, probes)."""
        probes = self.probes()
        ferry = self.move(probes=probes, **settings)
        stop = probes.stop_at(name, detail, nth=nth)
        ferry.start()
        self.reach(ferry, stop)
        return ferry, stop, probes

    def change(self):
        """One of several equal rows each: what LIMIT 1 is for."""
        self.source.sql(
            "BEGIN", "DELETE FROM abc.bare WHERE a = 3 LIMIT 1",
            "UPDATE abc.bare SET v = 'other' WHERE a = 2 LIMIT 2",
            "INSERT INTO abc.bare VALUES (2, 'v1'), (2, 'v1'), (NULL, NULL), (8, 'V8')",
            "UPDATE abc.bare SET a = 1, v = 'v0' WHERE a IS NULL LIMIT 1",
            "DELETE FROM abc.bare WHERE a = 8", "INSERT INTO abc.bare VALUES (8, 'v8 ')",
            "COMMIT", "DELETE FROM abc.bare WHERE v = 'other' LIMIT 1")


class RefusedTest(WithoutKeyTest):
    def test_not_allowed(self):
        self.bare()
        ferry = self.ferry(AllowTablesWithoutKey=False)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), r"ALTER TABLE `abc`\.`bare` ADD PRIMARY KEY \(\.\.\.\), "
                                      r"or set AllowTablesWithoutKey")

    def test_a_nullable_unique_key_is_none(self):
        self.bare(rows=0, body="a INT, v VARCHAR(20), UNIQUE (a)")
        ferry = self.ferry(AllowTablesWithoutKey=False)
        self.assertEqual(ferry.run(), 1)
        self.assertIn("AllowTablesWithoutKey", ferry.log())

    def test_rows_on_the_target(self):
        self.bare()
        self.target.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        f"CREATE TABLE abc.bare ({BARE})",
                        "INSERT INTO abc.bare VALUES (1, 'mine')")
        ferry = self.move(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), r"abc\.bare holds rows already, and must be empty")
        self.assertIn("DELETE FROM `abc`.`bare`", ferry.log())
        self.assertEqual(self.target.value("SELECT v FROM abc.bare"), "mine")

    def test_a_finished_move(self):
        """Its target is in use: it must not be emptied."""
        self.bare()
        ferry = self.move()
        ferry.run_ok()
        ferry.resume(ferry.state_file())
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), r"this move was finished, .* table abc\.bare has no key")
        self.assert_equal()

    def test_without_the_privilege(self):
        self.bare()
        with self.source.connect() as db:
            db.run("SET sql_log_bin=0", "REVOKE LOCK TABLES ON *.* FROM ghostferry@'%'")
            try:
                ferry = self.move()
                self.assertEqual(ferry.run(), 1)
            finally:
                db.run("GRANT LOCK TABLES ON *.* TO ghostferry@'%'")
        self.assertRegex(ferry.log(), r"GRANT LOCK TABLES ON `abc`\.\* TO")


class SmallTest(WithoutKeyTest):
    """What moves without being asked for: up to 10,000 rows. Broken: the rows estimated (a large
    table is moved); the count left out for engines without transactions (refused). Red."""

    def rows(self, table, count):
        self.source.sql(f"INSERT INTO abc.{table} SELECT a.n + 200 * b.n, 'x' FROM abc.n a, abc.n b"
                        f" WHERE a.n + 200 * b.n < {count}")

    def setUp(self):
        super().setUp()
        self.bare(rows=0)
        self.source.sql("CREATE TABLE abc.n (n INT PRIMARY KEY)", "CREATE TABLE abc.m (id INT PRIMARY"
                        " KEY, v VARCHAR(20)) ENGINE=MyISAM", "INSERT INTO abc.n VALUES "
                        + ", ".join(f"({n})" for n in range(200)))

    def test_moved_and_grown_and_resumed(self):
        self.rows("bare", 10000)
        self.rows("m", 10000)
        ferry = self.ferry(AutomaticCutover=False).start()
        ferry.wait_for_log("data copy is complete")
        self.source.sql("DELETE FROM abc.bare WHERE a < 5", "UPDATE abc.bare SET v = 'y' WHERE a = 7",
                        "INSERT INTO abc.bare VALUES (1, 'new'), (1, 'new'), (NULL, NULL),"
                        " (NULL, NULL), (4, 'x'), (5, 'x')", "UPDATE abc.m SET v = 'z' WHERE id = 9")
        ferry.interrupt()
        ferry.assert_status(2)
        ferry.resume(AutomaticCutover=True)
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), r"`abc`\.`bare` has no Primary Key")
        self.assertNotIn("only InnoDB", ferry.log())
        self.assertIn("10001", str(self.source.value("SELECT COUNT(*) FROM abc.bare")))
        ferry.resume(AutomaticCutover=True, AllowTablesWithoutKey=True)
        self.done(ferry)
        self.assert_equal()

    def test_large(self):
        self.rows("bare", 10001)
        self.rows("m", 10001)
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        for table, key in ("bare", "AllowTablesWithoutKey"), ("m", "AllowNonTransactionalTables"):
            self.assertRegex(ferry.log(), rf"{table}[^\n]*\n  remedy: .*\(\"{key}\": true\)")
        self.ferry(AllowTablesWithoutKey=True, AllowNonTransactionalTables=True).run_ok()
        self.assert_equal()


class CopyTest(WithoutKeyTest):
    """Broken: strings compared without CAST AS BINARY: red in test_values_nearly_equal;
    LIMIT and the check of affected rows left out: red in test_with_changes."""

    pairs = BOTH + CROSS

    def test_with_changes(self):
        self.bare()
        self.table("keyed", rows=25)
        ferry, stop, probes = self.stopped_at("snapshot_taken")
        self.change()
        self.source.sql("UPDATE abc.keyed SET v = 'x' WHERE id = 3")
        stop.release()
        self.done(ferry)
        state = ferry.state_file()
        self.assertEqual(completed(state), ["abc.bare", "abc.keyed"])
        self.assertNotIn("abc.bare", keys(state))

    def test_many_tables_and_no_error(self):
        """One connection after another takes the same lock. Broken: the next one does not
        wait until the server has ended the last one. Red: a lock that is held."""
        for n in range(30):
            self.bare(rows=2, table=f"bare{n}")
        ferry = self.move(DataIterationConcurrency=1)
        ferry.start()
        self.done(ferry)
        self.assertNotIn("level=error", ferry.log())

    def test_empty(self):
        self.bare(rows=0)
        ferry, stop, _ = self.stopped_at("snapshot_taken")
        self.source.sql("INSERT INTO abc.bare VALUES (1, 'x'), (1, 'x')")
        stop.release()
        self.done(ferry)

    def test_a_nullable_unique_key(self):
        """A value moves from row to row, in one batch."""
        self.bare(rows=0, body="a INT, v VARCHAR(20), UNIQUE (a)")
        self.source.sql("INSERT INTO abc.bare VALUES (1,'a'), (2,'b'), (NULL,'c'), (NULL,'c')")
        ferry, stop, _ = self.stopped_at("snapshot_taken")
        self.source.sql("BEGIN", "UPDATE abc.bare SET a = 3 WHERE a = 1",
                        "UPDATE abc.bare SET a = 1 WHERE a = 2", "COMMIT",
                        "UPDATE abc.bare SET a = NULL WHERE a = 1",
                        "UPDATE abc.bare SET a = 1 WHERE v = 'c' LIMIT 1")
        stop.release()
        self.done(ferry)

    def test_values_nearly_equal(self):
        """Rows that a plain comparison takes for one another, each twice; every second
        one is deleted."""
        body = ("s VARCHAR(20) COLLATE utf8mb4_general_ci, c CHAR(9), t TEXT, b VARBINARY(20),"
                " d DOUBLE, f FLOAT, x DECIMAL(10,2), e ENUM('a','b'), bt BIT(9), dt DATETIME(6),"
                " bin BINARY(4), KEY s (s), KEY d (d)")
        near = [("s", "'a'"), ("s", "'A'"), ("s", "'a '"), ("s", "'ä'"), ("s", "''"),
                ("s", "'0'"), ("s", "NULL"), ("c", "'x'"), ("c", "'X'"), ("t", "'t'"),
                ("t", "'t '"), ("t", "REPEAT('t', 70)"), ("b", "x'00'"), ("b", "x'0000'"),
                ("b", "''"), ("d", "'0.1'"), ("d", "'0.10000000000000002'"), ("d", "0"),
                ("d", "'-2.2250738585072014e-308'"), ("f", "0.1"), ("f", "0.10000002"),
                ("f", "'16777217'"), ("x", "0.10"), ("x", "0.11"), ("e", "'a'"), ("e", "'b'"),
                ("bt", "0"), ("bt", "48"), ("bt", "257"), ("dt", "'2020-01-01'"),
                ("dt", "'2020-01-01 00:00:00.000001'"), ("bin", "x'61000000'"),
                ("bin", "x'61200000'")]
        if self.source.is_mysql and self.target.is_mysql:
            near += [("d", "'-0'"), ("f", "'-0'"), ("f", "0")]
        self.bare(rows=0, body=body)
        with self.source.connect() as db:
            for column, value in near * 2:
                db.run(f"INSERT INTO abc.bare ({column}) VALUES ({value})")
        ferry, stop, _ = self.stopped_at("snapshot_taken", BinlogEventBatchSize=1)
        with self.source.connect() as db:
            for column, value in near[1::2] * 2:
                exact = "IS NULL" if value == "NULL" else f"<=> {value}"
                if column in "sctb" and value != "NULL":
                    exact = f"LIKE BINARY CONCAT({value})"
                if column == "f":
                    exact = f"<=> CAST({value} AS FLOAT)"
                self.assertEqual(
                    db.run(f"DELETE FROM abc.bare WHERE {column} {exact} LIMIT 1"), 1)
        stop.release()
        self.done(ferry)

    def test_all_types(self):
        """Wide rows, each twice; a third changed, a third deleted, once."""
        rng = random.Random(7)
        body = tables._WIDE.replace(", PRIMARY KEY (id)", "")
        with self.source.connect() as db:
            db.run("SET sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
                   "CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                   f"CREATE TABLE abc.wide ({body}) ENGINE=InnoDB")
            for n in range(24):
                row = dict(tables._wide_values(rng, n), id=str(n))
                for _ in range(2):
                    db.run(f"INSERT INTO abc.wide ({', '.join(row)})"
                           f" VALUES ({', '.join(row.values())})")
        ferry, stop, _ = self.stopped_at("snapshot_taken")
        self.source.sql(*(f"DELETE FROM abc.wide WHERE id = {n} LIMIT 1" for n in range(0, 24, 3)))
        self.source.sql(*(f"UPDATE abc.wide SET c_int = {n} WHERE id = {n} LIMIT 1"
                          for n in range(1, 24, 3)))
        stop.release()
        self.done(ferry)

    def test_with_a_writer(self):
        """Random transactions of a key that is none, while it is copied and afterwards."""
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        made = tables.create_without_key(self.source, "abc", 300)
        writer = self.writer([made] + self.basic_tables(names=("big",)), span=200, pause=0.001)
        ferry = self.ferry(AllowTablesWithoutKey=True, AutomaticCutover=False, http=True,
                           DataIterationBatchSize=20, VerifierType="Inline")
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        writer.wait_for(200)
        writer.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)


class JSONTest(WithoutKeyTest):
    """Broken: the types inside the documents not compared. Red."""

    pairs = [("mysql", "mysql")]

    def test_documents_nearly_equal(self):
        self.bare(rows=0, body="j JSON")
        near = ["CAST('1' AS JSON)", "CAST('1.0' AS JSON)", "CAST('[]' AS JSON)", "CAST('\"1\"' AS JSON)",
                "CAST(1.5 AS JSON)", "CAST(CAST(1.5 AS DECIMAL(4,2)) AS JSON)",
                "CAST(DATE'2020-01-01' AS JSON)", "CAST('\"2020-01-01\"' AS JSON)",
                "JSON_OBJECT('a', 1, 'b', DATE'2020-01-01')", "JSON_OBJECT('b', 1, 'a', 1.50)",
                "CAST('null' AS JSON)", "NULL"]
        with self.source.connect() as db:
            for value in near * 2:
                db.run(f"INSERT INTO abc.bare VALUES ({value})")
        ferry, stop, _ = self.stopped_at("snapshot_taken", BinlogEventBatchSize=1)
        for value in near[1::2] * 2:
            exact = "j IS NULL" if value == "NULL" else (
                f"j = {value} AND JSON_TYPE(j) = JSON_TYPE({value})"
                f" AND CAST(j AS CHAR) = CAST({value} AS CHAR)")
            self.assertEqual(self.source.db.run(f"DELETE FROM abc.bare WHERE {exact} LIMIT 1"), 1)
        stop.release()
        self.done(ferry)
        types = "SELECT CAST(j AS CHAR), JSON_TYPE(j), JSON_TYPE(j->'$.b'), COUNT(*)" \
            " FROM abc.bare GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        self.assertEqual(self.source.sql(types), self.target.sql(types))


class SnapshotTest(WithoutKeyTest):
    """A change is in the snapshot, or it is applied; never both, never neither.

    Broken: changes before the place are applied too: red in test_a_change_before and
    test_the_stream_lags; no LOCK TABLES: red in test_a_commit_in_flight and
    test_a_prepared_transaction; without InnoDB's lock (autocommit): red on MariaDB in the
    latter; a result that is cut short taken for whole: red in test_the_snapshot_is_lost."""

    def test_a_change_before(self):
        self.bare()
        ferry, stop, probes = self.stopped_at("before_snapshot")
        self.change()
        self.received(ferry, probes, 8, r"^abc\.bare ")
        stop.release()
        self.done(ferry)

    def test_the_stream_lags(self):
        """It brings changes from before the snapshot after that was taken."""
        self.bare()
        probes = self.probes()
        ferry = self.move(probes=probes)
        stream = probes.stop_at("binlog_event")
        before, taken = probes.stop_at("before_snapshot"), probes.stop_at("snapshot_taken")
        ferry.start()
        self.reach(ferry, stream, before)
        self.change()
        before.release()
        self.reach(ferry, taken)
        self.change()
        stream.release()
        taken.release()
        self.done(ferry)

    def test_a_commit_in_flight(self):
        """In the binlog, received, and not visible when the snapshot is wanted."""
        self.bare()
        ferry, stop, probes = self.stopped_at("before_snapshot")
        held = self.held_commits()
        held.commit("DELETE FROM abc.bare WHERE a = 3 LIMIT 1",
                    "INSERT INTO abc.bare VALUES (77, 'held')")
        self.received(ferry, probes, 2, r"^abc\.bare ")
        stop.release()
        ferry.wait_until(lambda: ferry.log_contains("lock the table for its snapshot, 1 of")
                         or probes.hits("snapshot_taken"), what="an attempt at the lock")
        held.release()
        self.done(ferry)

    def test_a_prepared_transaction(self):
        """Prepared before the start by a session that is gone: the stream has it not."""
        self.bare()
        with self.source.connect() as db:
            db.run("XA START 'x'", "INSERT INTO abc.bare VALUES (5, 'xa')", "XA END 'x'",
                   "XA PREPARE 'x'")
        self.addCleanup(self.forget_xa)
        probes = self.probes()
        ferry = self.move(probes=probes)
        ferry.start()
        ferry.wait_until(lambda: ferry.log_contains("lock the table for its snapshot, 1 of")
                         or probes.hits("snapshot_taken"), what="an attempt at the lock")
        self.source.sql("XA COMMIT 'x'")
        self.done(ferry)

    def forget_xa(self):
        try:
            self.source.sql("XA ROLLBACK 'x'")
        except pymysql.Error:
            pass

    def test_the_lock_is_lost(self):
        """Whoever held the table is gone before the place was read."""
        self.bare()
        ferry, stop, probes = self.stopped_at("table_locked")
        for (number,) in self.source.sql("SELECT id FROM information_schema.processlist WHERE"
                                         " user = 'ghostferry' AND command = 'Sleep'"
                                         " ORDER BY id DESC LIMIT 1"):
            self.source.sql(f"KILL {number}")
        self.change()
        stop.release()
        self.done(ferry)
        self.assertEqual(probes.hits("table_locked"), 2)

    def test_the_snapshot_is_lost(self):
        """In mid-copy: begun again."""
        self.bare(rows=30, body="a INT, v VARCHAR(20), w LONGTEXT")
        # More than what is on its way may be.
        self.source.sql("UPDATE abc.bare SET w = REPEAT('w', 1000000)")
        ferry, stop, probes = self.stopped_at("after_batch_write", DataIterationBatchSize=1)
        self.source.sql("UPDATE abc.bare SET v = 'new' WHERE a = 1 LIMIT 2")
        reading = self.source.sql("SELECT id FROM information_schema.processlist WHERE"
                                  " user = 'ghostferry' AND info LIKE '%FROM `abc`.`bare`%'")
        self.assertEqual(len(reading), 1)
        self.source.sql(f"KILL {reading[0][0]}")
        stop.release()
        self.done(ferry)
        self.assertRegex(ferry.log(), r"the copy of table abc\.bare, which has no key, is begun "
                                      r"again")


class OnceTest(WithoutKeyTest):
    """Changes are applied once.

    Broken: snapshot_mark_is_repeated() says no: red in test_the_stream_is_cut; a COMMIT
    that is uncertain is done again: red in the tests of it; the table is not emptied: red
    in the tests of resuming and others."""

    def resumed(self, end, *, nth=3):
        self.bare()
        ferry, stop, probes = self.stopped_at("after_batch_write", nth=nth)
        self.change()
        self.wait_until(ferry.state_file)
        state = end(ferry)
        probes.release_all()
        self.change()
        ferry.resume(state)
        self.done(ferry)

    def kill(self, ferry):
        ferry.kill9()
        return ferry.state_file()

    def terminate(self, ferry):
        ferry.terminate()
        ferry.assert_status(2)
        return ferry.state()

    def test_killed_in_the_copy(self):
        self.resumed(self.kill)

    def test_terminated_in_the_copy(self):
        self.resumed(self.terminate)

    def resumed_after_the_copy(self, end):
        self.bare()
        ferry, stop, probes = self.stopped_at("copy_done")
        self.change()
        self.seen(ferry, probes, "after_binlog_apply", r"^abc\.bare ")
        ferry.wait_until(lambda: "abc.bare" in completed(ferry.state_file()))
        state = end(ferry)
        probes.release_all()
        self.change()
        ferry.resume(state)
        self.done(ferry)
        self.assertRegex(ferry.log(), r"abc\.bare has no key: it is emptied on the target")

    def test_killed_after_the_copy(self):
        self.resumed_after_the_copy(self.kill)

    def test_terminated_after_the_copy(self):
        self.resumed_after_the_copy(self.terminate)

    def test_the_stream_is_cut(self):
        """In mid-transaction, between two events of it: what was received comes again."""
        self.bare(body=BARE + ", w LONGTEXT")
        ferry, stop, probes = self.stopped_at("copy_done")
        for n in (1, 2):
            # What came before is more than is kept until the commit.
            event = probes.stop_at("binlog_event", "(?i)rows", nth=12 + n)
            # More than what is on its way may be.
            self.source.sql("BEGIN", "DELETE FROM abc.bare WHERE a = 3 LIMIT 1",
                            "UPDATE abc.bare SET v = 'x' WHERE a = 2 LIMIT 1",
                            *["INSERT INTO abc.bare VALUES (7, '', REPEAT('w', 1000000))"] * 16,
                            "COMMIT")
            self.reach(ferry, event)
            ferry.wait_until(lambda: self.kill_dump())
            event.release()
            ferry.wait_until(lambda: ferry.log().count("binlog stream taken up again") == n)
        stop.release()
        self.done(ferry)

    def kill_dump(self):
        found = self.source.sql("SELECT id FROM information_schema.processlist"
                                " WHERE command LIKE 'Binlog Dump%'")
        for (number,) in found:
            self.source.sql(f"KILL {number}")
        return found

    def uncertain(self, nth, start):
        """The server does the COMMIT, and its answer is lost."""
        proxy = Proxy(self.target)
        self.addCleanup(proxy.close)
        self.bare()
        probes = self.probes()
        ferry = self.move(probes=probes, Target={"Port": proxy.port})
        copied = probes.stop_at("copy_done")
        stop = None if start else probes.stop_at("before_commit", nth=nth)
        ferry.start()
        if start:
            self.reach(ferry, copied)
            stop = probes.stop_at("before_commit", nth=nth)
            start()
        self.reach(ferry, stop)
        proxy.cut_after(1, TO_PROGRAM)
        stop.release()
        copied.release()
        self.done(ferry)
        return ferry

    def test_the_copy_s_commit_is_uncertain(self):
        ferry = self.uncertain(3, None)
        self.assertRegex(ferry.log(), r"abc\.bare, which has no key, is begun again")

    def test_a_change_s_commit_is_uncertain(self):
        ferry = self.uncertain(1, self.change)
        self.assertRegex(ferry.log(), r"abc\.bare has no key, and the outcome of a COMMIT is not")
        self.assertRegex(ferry.log(), r"abc\.bare has no key: it is emptied on the target")

    def test_others_write_to_the_target(self):
        self.bare()
        ferry, stop, probes = self.stopped_at("copy_done")
        self.target.sql("DELETE FROM abc.bare WHERE a = 3")
        self.source.sql("DELETE FROM abc.bare WHERE a = 3")
        stop.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"row changes of table abc\.bare up to bin\.\d+:\d+: .*"
                                      r"resume, and it is copied again")
        ferry.resume()
        self.done(ferry)


class VerifyTest(WithoutKeyTest):
    """Broken: BIT_XOR in place of the sum: red, as two equal rows are nothing to it."""

    def test_command(self):
        self.bare()
        self.move().run_ok()
        ferry = self.ferry()
        self.assertEqual(ferry.run("-verify"), 0)
        self.assertIn("compared by their sums as there is no key", ferry.stdout())
        self.target.sql("DELETE FROM abc.bare WHERE a = 3 AND v = 'v0' LIMIT 2",
                        "INSERT INTO abc.bare VALUES (99, 'x'), (99, 'x')")
        self.assertEqual(ferry.run("-verify"), 3)
        self.assertRegex(ferry.stdout(), r"abc\.bare: DIFFERENT, 60 rows, at least 1 differ")

    def test_compressed_columns(self):
        """By what they hold; two rows that are equal then count as two.

        Broken: range_diff_whole() leaves it at the servers' sums."""
        one, other = "051068656c6c6f", "0500680c656c6c6f"  # hello
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.bare (a INT, d BLOB)",
                        f"INSERT INTO abc.bare VALUES (1, x'{one}'), (1, x'{one}'), (2, NULL)")
        named = {"CompressedColumnsForVerification": {"abc": {"bare": {"d": "SNAPPY"}}}}
        self.move().run_ok()
        for change, status in ((f"UPDATE abc.bare SET d = x'{other}' WHERE a = 1 LIMIT 1", 0),
                               ("UPDATE abc.bare SET d = x'051068656c6c4f' WHERE a = 2", 3),
                               ("UPDATE abc.bare SET d = NULL WHERE a = 2", 0),
                               ("UPDATE abc.bare SET d = '' WHERE a = 2", 3)):
            with self.subTest(change):
                self.target.sql(change)
                ferry = self.ferry(VerifierType="Inline", **named)
                self.assertEqual(ferry.run("-verify"), status, ferry.stdout() + ferry.log())

    def verdict(self, kind):
        self.bare()
        ferry, stop, _ = self.stopped_at("before_final_verification", VerifierType=kind)
        self.target.sql("UPDATE abc.bare SET v = 'other' LIMIT 1")
        stop.release()
        ferry.assert_status(3)
        self.assertIn("abc.bare", ferry.log())

    def test_inline(self):
        self.verdict("Inline")

    def test_iterative(self):
        self.verdict("Iterative")

    def test_checksum_table(self):
        self.verdict("ChecksumTable")
