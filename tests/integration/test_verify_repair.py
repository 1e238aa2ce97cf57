"""VerifierRepair: rows that the verification finds different are made equal."""

from lib.case import BOTH
from lib.moves import HeldCommits, MoveTest
from lib.proxy import Proxy
from lib.verify import TYPES, MoveVerified

TAGS = ("any_client",)

U = "id INT NOT NULL PRIMARY KEY, u INT NOT NULL UNIQUE, w VARCHAR(20) NOT NULL, v TEXT, UNIQUE (w)"


class RepairTest(MoveVerified):
    """Seen to fail with the DELETE left out of a repair (extra rows), with REPLACE made an
    INSERT if absent, and without the second comparison of the table (both: the row that
    gave way)."""

    pairs = BOTH

    def spoilt(self, kind, *statements, status=0, table="big", **how):
        """A move whose target is spoilt right after the copy of a table's first batch."""
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", rf"abc\.{table} ")
        ferry = self.move(kind, probes=probes, **dict({"VerifierRepair": True}, **how)).start()
        stop.wait_reached()
        self.target.sql(*statements)
        stop.release()
        self.assertEqual(ferry.wait(), status, ferry.logs())
        probes.close()
        return ferry

    def uniques(self, rows=40):
        self.source.sql("CREATE DATABASE abc", f"CREATE TABLE abc.u ({U})",
                        "INSERT INTO abc.u VALUES " + ", ".join(
                            f"({n}, {n * 10}, 'w{n}', 'v{n}')" for n in range(1, rows + 1)))

    def test_every_difference_is_repaired_and_counted(self):
        self.basic_tables(rows=300)
        for kind in TYPES:
            with self.subTest(kind):
                ferry = self.spoilt(
                    kind, "UPDATE abc.big SET v = CONCAT(IFNULL(v, ''), ' ') WHERE id IN (7, 8)",
                    "DELETE FROM abc.big WHERE id IN (9, 10)",
                    "INSERT INTO abc.big (id) VALUES (-1), (-2)")
                self.assert_equal(databases=["abc"])
                for key, why in ((7, "rows checksum difference"), (9, "row missing on target"),
                                 (-1, "row missing on source")):
                    self.assertTrue(ferry.log_contains(
                        rf"table abc\.big, key {key}: repaired \({why}\)"), (kind, key))
                self.assertTrue(ferry.log_contains(r"repaired rows: abc\.big \(6\)"))
                self.target.drop_user_databases()

    def test_rows_that_strict_mode_refuses(self):
        """Their computed column is what the source computes without it.

        Broken: a repair that is refused is given up ("rows cannot be repaired")."""
        for kind in TYPES:
            with self.subTest(kind):
                self.source.sql("CREATE DATABASE abc", "SET SESSION sql_mode = ''",
                                "CREATE TABLE abc.l (id INT PRIMARY KEY, a VARCHAR(20),"
                                " n INT AS (a + 0) STORED)",
                                "INSERT INTO abc.l (id, a) VALUES (1, '12abc'), (2, '5'),"
                                " (3, '7x')")
                ferry = self.spoilt(kind, "SET SESSION sql_mode = ''", "DELETE FROM abc.l WHERE id = 1",
                                    "UPDATE abc.l SET a = '8y' WHERE id = 3", table="l")
                self.assert_equal(databases=["abc"])
                self.assertTrue(ferry.log_contains(r"repaired rows: abc\.l \(2\)"), ferry.logs())
                self.source.drop_user_databases()
                self.target.drop_user_databases()

    def test_off_by_default_and_never_by_the_command(self):
        self.basic_tables(rows=50, names=("big",))
        ferry = self.spoilt("Inline", "DELETE FROM abc.big WHERE id = 9", status=3,
                            VerifierRepair=None)
        self.assertFalse(ferry.log_contains("repaired"))
        self.assertEqual(self.report(status=3, VerifierType="Inline", VerifierRepair=True)
                         ["abc.big"]["DifferentRows"], 1)
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.big"), 49)

    def test_unique_values(self):
        """Swapped, one that only differs there, and one that a row holds of which nobody
        knew that it is wrong."""
        for kind in TYPES:
            with self.subTest(kind):
                self.uniques()
                ferry = self.spoilt(
                    kind, "UPDATE abc.u SET u = -1 WHERE id = 1", "UPDATE abc.u SET u = 10"
                    " WHERE id = 2", "UPDATE abc.u SET u = 20 WHERE id = 1",
                    "UPDATE abc.u SET w = 'other' WHERE id = 5", "DELETE FROM abc.u WHERE id = 6",
                    "INSERT INTO abc.u VALUES (1000, 60, 'w7000', 'extra')", table="u")
                self.assert_equal(databases=["abc"])
                self.assertTrue(ferry.log_contains(r"repaired rows: abc\.u \(5\)"), ferry.logs())
                self.source.drop_user_databases()
                self.target.drop_user_databases()

    def test_a_row_that_gives_way_is_brought_back(self):
        """Equal when it was looked at, spoilt by others since: its unique value is another
        row's, whose repair pushes it out. Neither verifier would look at it again."""
        for kind in ("Iterative", "Inline"):
            with self.subTest(kind):
                self.uniques()
                probes = self.probes()
                allowed = probes.stop_at("before_final_verification")
                written = probes.stop_at("after_batch_write", r"abc\.u ")
                ferry = self.move(kind, probes=probes, VerifierRepair=True).start()
                written.wait_reached()
                self.target.sql("DELETE FROM abc.u WHERE id = 6")
                read = probes.stop_at("before_repair_read")
                written.release()
                read.wait_reached()
                self.target.sql("UPDATE abc.u SET u = 60 WHERE id = 30")
                read.release()
                allowed.wait_reached()
                allowed.release()
                self.assertEqual(ferry.wait(), 0, ferry.logs())
                self.assertTrue(ferry.log_contains("1 other rows gave way to repaired ones"))
                self.assertTrue(ferry.log_contains(r"key 30: repaired \(row missing on target"))
                self.assert_equal(databases=["abc"])
                probes.close()
                self.source.drop_user_databases()
                self.target.drop_user_databases()

    def test_what_cannot_be_repaired_ends_the_run(self):
        """Somebody spoils it again and again."""
        self.basic_tables(rows=50, names=("big",))
        for kind in TYPES:
            with self.subTest(kind):
                self.target.sql("CREATE DATABASE IF NOT EXISTS other")
                url, calls = self.hooks()
                probes = self.probes()
                stop = probes.stop_at("after_batch_write", r"abc\.big ")
                ferry = self.move(kind, probes=probes, VerifierRepair=True,
                                  CutoverUnlock={"URI": url + "/unlock"}).start()
                stop.wait_reached()
                self.target.sql("CREATE TRIGGER abc.spoil BEFORE INSERT ON abc.big FOR EACH ROW"
                                " SET NEW.v = CONCAT(IFNULL(NEW.v, ''), '!')",
                                "UPDATE abc.big SET v = 'bad' WHERE id = 4")
                stop.release()
                self.assertEqual(ferry.wait(), 3, ferry.logs())
                self.assertTrue(ferry.log_contains(r"abc\.big \[PKs: 4 \(type: rows checksum"))
                self.assertEqual(calls, [])
                probes.close()
                self.target.drop_user_databases()

    def test_a_row_the_target_refuses(self):
        self.basic_tables(rows=50, names=("big",))
        ferry = self.spoilt("Inline", "UPDATE abc.big SET v = LEFT(v, 1), n = NULL",
                            "ALTER TABLE abc.big MODIFY v VARCHAR(1)", status=3)
        self.assertTrue(ferry.log_contains("rows cannot be repaired: "))
        self.assertTrue(ferry.log_contains(r"failed for: abc\.big \[PKs: "))

    def test_status(self):
        self.basic_tables(rows=50, names=("big",))
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", r"abc\.big ")
        ferry = self.move("Inline", probes=probes, VerifierRepair=True, http=True).start()
        stop.wait_reached()
        self.target.sql("DELETE FROM abc.big WHERE id < 4")
        stop.release()
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        result = status["VerificationResult"]
        self.assertEqual((result["DataCorrect"], result["RepairedRows"], result["Message"]),
                         (True, 3, "repaired rows: abc.big (3)"))

    def test_halved_when_large(self):
        """Rows too large to be held at once."""
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.l (id INT PRIMARY KEY,"
                        " b LONGBLOB)", "INSERT INTO abc.l VALUES " + ", ".join(
                            f"({n}, REPEAT('{n}', 3000))" for n in range(10, 60)))
        self.spoilt("ChecksumTable", "DELETE FROM abc.l WHERE id > 20",
                    "UPDATE abc.l SET b = 'short'", table="l", DataIterationBatchBytes=8192)
        self.assert_equal(databases=["abc"])


class RepairWhileWritingTest(MoveVerified):
    """What the source does meanwhile is never lost. Seen to fail when the ticket was ended
    before the write (the newer change was overwritten), and when the row was read without
    waiting for its lock (a commit that cannot be seen yet)."""

    pairs = BOTH

    def repairing(self, kind, at, *spoil, **how):
        """A move that stands at a stop inside of a repair before the cutover."""
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", r"abc\.big ")
        ferry = self.move(kind, probes=probes, VerifierRepair=True, **how).start()
        stop.wait_reached()
        self.target.sql(*spoil)
        inside = probes.stop_at(at)
        stop.release()
        inside.wait_reached()
        return ferry, probes, inside

    def test_a_change_behind_the_read(self):
        self.basic_tables(rows=50, names=("big",))
        for kind in ("Iterative", "Inline"):
            with self.subTest(kind):
                ferry, probes, inside = self.repairing(
                    kind, "after_repair_read", "UPDATE abc.big SET v = 'bad' WHERE id < 5",
                    "DELETE FROM abc.big WHERE id IN (10, 11)",
                    "INSERT INTO abc.big (id, v) VALUES (-9, 'x')")
                before = probes.counts["change_received"]
                self.source.sql(f"UPDATE abc.big SET v = '{kind}' WHERE id = 1",
                                "DELETE FROM abc.big WHERE id IN (2, 10)",
                                "UPDATE abc.big SET id = 3000 + id WHERE id = 3",
                                "INSERT INTO abc.big (id, v) VALUES (-9, 'real')")
                ferry.wait_until(lambda: probes.counts["change_received"] >= before + 6)
                inside.release()
                self.assertEqual(ferry.wait(), 0, ferry.logs())
                self.assert_equal(databases=["abc"])
                self.source.sql("DELETE FROM abc.big WHERE id IN (-9, 3003)",
                                "REPLACE INTO abc.big (id, v) VALUES (2, 'x'), (3, 'y'), (10, 'z')")
                probes.close()
                self.target.drop_user_databases()

    def test_a_change_that_is_queued_while_the_row_is_read(self):
        """Its images are older than, or just, what the repair writes."""
        self.basic_tables(rows=50, names=("big",))
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", r"abc\.big ")
        ferry = self.move("Inline", probes=probes, VerifierRepair=True,
                          BinlogWriterConcurrency=1).start()
        stop.wait_reached()
        self.target.sql("UPDATE abc.big SET v = 'bad' WHERE id < 5")
        inside = probes.stop_at("before_repair_read")
        stop.release()
        inside.wait_reached()
        apply = probes.stop_at("before_binlog_apply")
        self.source.sql("UPDATE abc.big SET v = 'old' WHERE id < 5")
        # It was received behind the ticket and waits; the rows are read with it.
        ferry.wait_until(lambda: probes.counts["change_received"] >= 4)
        self.source.sql("UPDATE abc.big SET v = 'new' WHERE id < 4",
                        "DELETE FROM abc.big WHERE id = 4")
        inside.release()
        apply.wait_reached()
        apply.release()
        self.assertEqual(ferry.wait(), 0, ferry.logs())
        self.assert_equal(databases=["abc"])

    def test_a_commit_that_cannot_be_seen_yet(self):
        """Its event was applied already, a plain read still shows the row as it was: a
        repair by that would undo it."""
        self.basic_tables(rows=50, names=("big",))
        probes = self.probes()
        allowed = probes.stop_at("cutover_allowed")
        ferry = self.move("Inline", probes=probes, VerifierRepair=True,
                          InlineVerifierConfig={"VerifyBinlogEventsInterval": "1h"}).start()
        allowed.wait_reached()
        held = HeldCommits(self.source)
        self.addCleanup(held.release)
        held.commit("UPDATE abc.big SET v = 'held' WHERE id = 1")
        row = "SELECT v FROM abc.big WHERE id = 1"
        ferry.wait_until(lambda: self.target.value(row) == "held")
        written = probes.stop_at("after_repair_write")
        allowed.release()
        ferry.wait_until(lambda: written.reached or MoveTest.waits_for_a_lock(self.source))
        held.release()
        written.wait_reached()
        self.assertEqual(self.target.value(row), "held")
        written.release()
        self.assertEqual(ferry.wait(), 0, ferry.logs())
        self.assert_equal(databases=["abc"])

    def test_killed_while_it_repairs(self):
        self.basic_tables(rows=50, names=("big",))
        for at in ("before_repair_read", "after_repair_read", "after_repair_write"):
            with self.subTest(at):
                ferry, probes, inside = self.repairing(
                    "Iterative", at, "UPDATE abc.big SET v = 'bad' WHERE id < 5",
                    "DELETE FROM abc.big WHERE id = 10")
                state = ferry.state_file()
                ferry.kill9()
                ferry.wait()
                probes.release_all()
                self.source.sql("UPDATE abc.big SET v = 'while nobody ran' WHERE id = 2")
                ferry.resume(state)
                self.assertEqual(ferry.wait(), 0, ferry.logs())
                self.assert_equal(databases=["abc"])
                probes.close()
                self.target.drop_user_databases()

    def test_a_locked_row_is_waited_for_with_nothing_held(self):
        self.basic_tables(rows=50, names=("big",))
        ferry, probes, inside = self.repairing(
            "Inline", "before_repair_read", "UPDATE abc.big SET v = 'bad' WHERE id < 5")
        with self.source.connect() as db:
            db.run("BEGIN", "UPDATE abc.big SET v = 'locked' WHERE id = 3")
            inside.release()
            # Others may write what the repair does not wait for.
            self.source.sql("UPDATE abc.big SET v = 'free' WHERE id IN (1, 2, 4)")
            db.run("COMMIT")
        self.assertEqual(ferry.wait(), 0, ferry.logs())
        self.assert_equal(databases=["abc"])

    def test_the_source_is_lost_in_mid_row(self):
        """A row that did not come whole is no row that is not there."""
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.big (id INT PRIMARY KEY,"
                        " v LONGTEXT)", "INSERT INTO abc.big VALUES (1, REPEAT('v', 8000000))")
        proxy = Proxy(self.source)
        self.addCleanup(proxy.close)
        ferry, probes, inside = self.repairing(
            "Iterative", "before_repair_read", "UPDATE abc.big SET v = 'bad'",
            Source={"Port": proxy.port})
        written = probes.stop_at("after_repair_write")
        proxy.cut_after(100000)
        inside.release()
        written.wait_reached()
        self.assertEqual(self.target.value("SELECT LENGTH(v) FROM abc.big"), 8000000)
        written.release()
        self.assertEqual(ferry.wait(), 0, ferry.logs())
        self.assert_equal(databases=["abc"])

    def test_under_writes(self):
        made = self.basic_tables(rows=300)
        for kind in TYPES:
            with self.subTest(kind):
                probes = self.probes()
                allowed = probes.stop_at("cutover_allowed")
                stop = probes.stop_at("after_batch_write", r"abc\.uniques ")
                # No faster than a program that asks at every stop whether to go on.
                writer = self.writer(made, pause=0.02)
                url, _ = self.hooks(lock=writer.stop)
                ferry = self.move(kind, probes=probes, CutoverLock={"URI": url + "/lock"},
                                  VerifierRepair=True,
                                  InlineVerifierConfig={"VerifyBinlogEventsInterval": "50ms"})
                ferry.start()
                stop.wait_reached()
                self.target.sql("DELETE FROM abc.uniques LIMIT 20")
                stop.release()
                allowed.wait_reached(60)
                writer.wait_for(100)
                allowed.release()
                self.assertEqual(ferry.wait(), 0, ferry.logs())
                self.assert_equal(databases=["abc"])
                probes.close()
                self.target.drop_user_databases()
