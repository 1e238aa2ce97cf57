"""The cutover: what is still open on the source, and who goes on writing."""

import json
import re

from lib.case import CROSS, MAKES, MYSQL
from lib.moves import MoveTest
from lib.receiver import Receiver

EACH_SOURCE = tuple((make, make) for make in MAKES)


class CutoverTest(MoveTest):
    def setUp(self):
        super().setUp()
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")  # known to all
        self.table(rows=20)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def copied(self, probes=None, **how):
        """A run that stands at the end of its copy, whose reads would wait for the locks of
        open transactions; .go_on() lets it go."""
        probes = probes or self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, **how).start()
        self.reach(ferry, stop)
        ferry.go_on = stop.release
        return ferry

    def session(self, *statements):
        session = self.source.connect()
        self.addCleanup(session.close)
        session.run(*statements)
        return session

    def callbacks(self):
        return {"CutoverLock": self.receiver.callback("/lock"),
                "CutoverUnlock": self.receiver.callback("/unlock")}


class OpenTransactionTest(CutoverTest):
    """Broken: lock_to_unlock() waits neither for sessions nor for XA transactions: every
    test of a wait ends with status 0 and a row less on the target."""

    pairs = EACH_SOURCE

    def test_it_is_waited_for(self):
        probes = self.probes()
        stop = probes.stop_at("transactions_are_open")
        ferry = self.copied(probes, http=True, **self.callbacks())
        session = self.session("BEGIN", "UPDATE abc.t SET n = -1 WHERE id < 5")
        ferry.go_on()
        self.reach(ferry, stop)
        self.assertRegex(stop.detail, rf"connection {session.id()} \(\d+ rows changed")
        self.assertIn("open on the source", ferry.status()["WaitingFor"])
        self.assertEqual(self.receiver.paths(), ["/lock"])
        session.run("INSERT INTO abc.t (id) VALUES (1000)", "COMMIT")
        stop.release()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.terminate()
        self.done(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/unlock"])

    def test_it_does_not_end(self):
        ferry = self.copied(OpenTransactionsTimeout="1s", **self.callbacks())
        session = self.session("BEGIN", "UPDATE abc.t SET n = -1 WHERE id < 5")
        ferry.go_on()
        ferry.assert_status(2)
        self.assertEqual(self.receiver.paths(), ["/lock"])
        self.assertRegex(ferry.log(), rf"still waiting for transactions .*{session.id()}.*KILL")
        session.run("COMMIT")
        ferry.resume()
        self.done(ferry)

    def test_it_does_not_end_in_a_rehearsal(self):
        ferry = self.copied(OpenTransactionsTimeout="1s")
        session = self.session("BEGIN", "UPDATE abc.t SET n = -1 WHERE id < 5")
        ferry.go_on()
        ferry.assert_status(0)
        self.assertRegex(ferry.log(), "level=warn.*goes on without waiting any longer for "
                                      rf"transactions .*{session.id()}")

    def test_they_cannot_be_seen(self):
        self.source.sql("REVOKE PROCESS ON *.* FROM ghostferry@'%'")
        self.addCleanup(self.source.sql, "GRANT PROCESS ON *.* TO ghostferry@'%'")
        ferry = self.ferry().run_ok()
        self.assertRegex(ferry.log(), "level=warn.*lacks the privilege PROCESS.*GRANT PROCESS")
        self.assertRegex(ferry.log(), "level=warn.*open on the source cannot be seen")
        self.assert_equal()

    def test_xa_is_prepared(self):
        probes = self.probes()
        stop = probes.stop_at("xa_is_undecided")
        ferry = self.copied(probes, **self.callbacks())
        session = self.session("XA START 'a'", "UPDATE abc.t SET n = -1 WHERE id < 5",
                               "XA END 'a'", "XA PREPARE 'a'")
        ferry.go_on()
        # The session may hold it, then it is one of the open transactions first.
        ferry.wait_for_log("waiting for (XA transactions|transactions that are open)")
        session.close()
        self.reach(ferry, stop)
        self.assertEqual(self.receiver.paths(), ["/lock"])
        self.source.sql("XA COMMIT 'a'")
        stop.release()
        self.done(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/unlock"])

    def killed_at(self, name, *statements):
        probes = self.probes()
        stop = probes.stop_at(name)
        ferry = self.copied(probes, **self.callbacks())
        session = self.session(*statements)
        if name == "xa_is_undecided":
            session.close()
        ferry.go_on()
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        return ferry, session

    def go_on(self, ferry):
        ferry.resume(ferry.state_file())
        self.done(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/lock", "/unlock"])

    def test_killed_while_it_waits_for_a_transaction(self):
        ferry, session = self.killed_at("transactions_are_open", "BEGIN",
                                        "UPDATE abc.t SET n = -1 WHERE id < 5")
        session.run("COMMIT")
        self.go_on(ferry)

    def test_killed_while_it_waits_for_xa(self):
        ferry, _ = self.killed_at("xa_is_undecided", "XA START 'a'",
                                  "UPDATE abc.t SET n = -1 WHERE id < 5", "XA END 'a'",
                                  "XA PREPARE 'a'")
        self.source.sql("XA COMMIT 'a'")
        self.go_on(ferry)

    def test_xa_is_not_decided(self):
        ferry = self.copied(OpenTransactionsTimeout="1s", **self.callbacks())
        session = self.session("XA START 'a'", "UPDATE abc.t SET n = -1 WHERE id < 5",
                               "XA END 'a'", "XA PREPARE 'a'")
        session.close()
        ferry.go_on()
        ferry.assert_status(2)
        self.assertEqual(self.receiver.paths(), ["/lock"])
        self.assertRegex(ferry.log(), "still waiting for XA transactions .*XA COMMIT")
        self.source.sql("XA COMMIT 'a'")
        ferry.resume()
        self.done(ferry)


class OtherTransactionTest(CutoverTest):
    """Of which it is known that they have changed nothing that is copied.

    Broken: nobody reads the metadata locks."""

    pairs = EACH_SOURCE

    def known(self):
        """A source that records metadata locks."""
        self.source = self.private_server("source", "--performance-schema=ON",
                                          "--performance-schema-instrument=wait/lock/metadata/"
                                          "sql/mdl=ON")
        self.table(rows=20)
        self.table("other", rows=3, database="abcd")

    def test_they_are_known(self):
        self.known()
        ferry = self.copied(**self.callbacks())
        self.session("BEGIN", "UPDATE abcd.other SET n = 5", "SELECT * FROM abc.t")
        ferry.go_on()
        ferry.assert_status(0)
        self.assertNotRegex(ferry.log(), "waiting for transactions .*connection")
        self.assert_equal(["abc"])

    def test_the_table_is_named(self):
        self.known()
        ferry = self.copied(OpenTransactionsTimeout="1s", **self.callbacks())
        session = self.session("BEGIN", "UPDATE abcd.other SET n = 5",
                               "DELETE FROM abc.t WHERE id = 3")
        ferry.go_on()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), rf"connection {session.id()} \(\d+ rows changed, abc\.t\)")

    def test_they_only_read(self):
        ferry = self.copied(**self.callbacks())
        self.session("BEGIN", "SELECT * FROM abc.t FOR UPDATE")
        ferry.go_on()
        ferry.assert_status(0)
        self.assertNotRegex(ferry.log(), "waiting for transactions .*connection")
        self.done(ferry)


class LateTest(CutoverTest):
    """Rows behind the final position.

    Broken: drain() ends the stream there."""

    pairs = EACH_SOURCE

    def late(self, *statements, **settings):
        """A run that stands behind the final position while they are run."""
        probes = self.probes()
        stop = probes.stop_at("drained")
        ferry = self.ferry(probes=probes, http=True, **settings).start()
        self.reach(ferry, stop)
        with self.source.connect() as db:
            db.run(*statements)
        stop.release()
        return ferry

    def test_the_writers_were_to_be_stopped(self):
        ferry = self.late("UPDATE abc.t SET n = n + 1 WHERE id < 5", **self.callbacks())
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"table abc\.t was changed on the source behind "
                                      r"the final position bin\.\d+:\d+.*CutoverLock")
        self.assertEqual(self.receiver.paths(), ["/lock"])
        ferry.resume(ControlServerConfig={"Enabled": False})
        self.done(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/lock", "/unlock"])

    def test_a_rehearsal(self):
        ferry = self.late("UPDATE abc.t SET n = n + 1 WHERE id < 5", "DELETE FROM abc.t LIMIT 1",
                          "CREATE TABLE abc.more (id INT)")
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        self.assertEqual(set(status["RowsBehindFinalBinlogPos"]), {"abc.t"})
        self.assertIn(status["RowsBehindFinalBinlogPos"]["abc.t"], (4, 5))
        self.assertRegex(ferry.log(), r"level=warn.*table abc\.t was changed on the source at")
        self.assertRegex(ferry.log(), "level=warn.*is not watched any more behind the final "
                                      "position|not known")
        ferry.terminate()
        ferry.assert_status(0)

    def test_a_definition(self):
        ferry = self.late("ALTER TABLE abc.t ADD x INT", **self.callbacks())
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"ALTER TABLE on the source touches abc\.t")
        self.assertEqual(self.receiver.paths(), ["/lock"])

    def test_others_write_elsewhere(self):
        self.table("other", rows=3, database="abcd")
        ferry = self.late("UPDATE abcd.other SET n = 5", "CREATE TABLE abcd.more (id INT)",
                          **self.callbacks())
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        self.assertEqual(status["RowsBehindFinalBinlogPos"], {})
        ferry.terminate()
        ferry.assert_status(0)
        self.assertEqual(self.receiver.paths(), ["/lock", "/unlock"])

    def test_the_stream_is_lost_there(self):
        probes = self.probes()
        stop = probes.stop_at("drained")
        ferry = self.ferry(probes=probes, **self.callbacks()).start()
        self.reach(ferry, stop)
        for row in self.source.sql("SHOW PROCESSLIST"):
            if row[4].startswith("Binlog Dump"):
                self.source.db.run(f"KILL {row[0]}")
        ferry.wait_for_log("binlog stream taken up again")
        stop.release()
        self.done(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/unlock"])


class ReadOnlySourceTest(CutoverTest):
    """The source is read-only when a run is resumed, as its writers are stopped.

    Broken: read_only alone makes a source a replica."""

    pairs = EACH_SOURCE

    def read_only(self, on):
        self.source.sql(f"SET GLOBAL read_only = {int(on)}")

    def test_it_is_no_replica(self):
        ferry = self.copied()
        self.addCleanup(self.read_only, False)
        self.read_only(True)
        ferry.kill9()
        ferry.resume(ferry.state_file())
        self.done(ferry)
        self.assertRegex(ferry.log(), "read_only is ON, and it replicates from no other server")

    def test_it_is_a_replica(self):
        self.addCleanup(self.read_only, False)
        self.read_only(True)
        if self.source.is_mysql:
            self.source.sql("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=1")
            self.addCleanup(self.source.sql, "RESET REPLICA ALL")
        else:
            self.source.sql("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1",
                            "GRANT SLAVE MONITOR ON *.* TO ghostferry@'%'")
            self.addCleanup(self.source.sql, "RESET SLAVE ALL",
                            "REVOKE SLAVE MONITOR ON *.* FROM ghostferry@'%'")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "source: read_only must be OFF, not ON: source is a read "
                                      "replica.*(?s:.*)RunFerryFromReplica")


class AutoIncrementTest(CutoverTest):
    """What the source has handed out the target does not hand out again.

    Broken: auto_increments_raise() does nothing."""

    pairs = EACH_SOURCE + CROSS

    def create(self):
        self.source.sql(
            "CREATE TABLE abc.gone (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
            " v INT NOT NULL, d DATE NOT NULL) COMMENT 'x AUTO_INCREMENT=7'",
            "INSERT INTO abc.gone VALUES (500, 1, '2000-01-01')",
            "CREATE TABLE abc.empty (v VARCHAR(9) NOT NULL UNIQUE, b BIGINT UNSIGNED NOT NULL"
            " AUTO_INCREMENT COMMENT ' AUTO_INCREMENT', PRIMARY KEY (v), KEY (b))",
            "CREATE TABLE abc.full (id TINYINT NOT NULL AUTO_INCREMENT PRIMARY KEY)",
            "CREATE TABLE abc.parted (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY)"
            " PARTITION BY HASH (id) PARTITIONS 3", "INSERT INTO abc.parted VALUES (77)")
        self.table("unused", rows=0, body="id INT NOT NULL AUTO_INCREMENT PRIMARY KEY")

    def hand_out(self, database="abc"):
        """Values that belong to no row any more; the first two never come by the stream."""
        with self.source.connect() as db:
            db.run(f"USE {database}",
                   "BEGIN", "INSERT INTO gone VALUES (1999, 3, '2000-01-01')", "ROLLBACK",
                   "BEGIN", "INSERT INTO `empty` VALUES ('a', 18446744073709551000)", "ROLLBACK",
                   "INSERT INTO parted VALUES (78)", "DELETE FROM parted WHERE id = 78",
                   "INSERT INTO `full` VALUES (127), (5)")

    def next_ids(self):
        """Of both, by handing them out."""
        for server in (self.source, self.target):
            server.sql("INSERT INTO abc.gone (v, d) VALUES (9, '2000-01-01')",
                       "INSERT INTO abc.empty (v) VALUES ('z')",
                       "INSERT INTO abc.parted VALUES (NULL)")
        self.assertEqual(self.source.value("SELECT MAX(id) FROM abc.gone"), 2000)
        self.assertEqual(self.source.value("SELECT b FROM abc.empty"), 18446744073709551001)
        self.assertEqual(self.source.value("SELECT MAX(id) FROM abc.parted"), 79)
        self.assert_equal()

    def alter(self, may):
        self.target.sql("GRANT ALTER ON *.* TO ghostferry@'%'" if may else
                        "REVOKE ALTER ON *.* FROM ghostferry@'%'")

    def test_they_go_on(self):
        """With ALTER and without; watched, so that both are known as ours."""
        for may in (False, True):
            with self.subTest(f"ALTER {may}"):
                for server in (self.source, self.target):
                    server.drop_user_databases()
                self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
                self.create()
                self.alter(may)
                self.addCleanup(self.alter, True)
                ferry = self.copied(SkipTargetVerification=False)
                self.hand_out()
                ferry.go_on()
                ferry.assert_status(0)
                status, out, _ = ferry.program.run("-verify", ferry.program.seen(
                    ferry.config_path), timeout=60)
                self.assertEqual(status, 0, out)
                self.target.restart()
                self.next_ids()

    def test_verify_reports_a_lower_one(self):
        self.create()
        ferry = self.ferry().run_ok()
        self.hand_out()
        config = ferry.program.seen(ferry.config_path)
        status, out, _ = ferry.program.run("-verify", config, timeout=60)
        self.assertEqual(status, 3)
        self.assertRegex(out, r"abc\.gone: DIFFERENT, 1 rows, AUTO_INCREMENT is 2000 on the "
                              r"source and 501 on the target")
        self.assertRegex(out, r"abc\.t: equal")
        status, out, _ = ferry.program.run("-verify", "-json", config, timeout=60)
        self.assertEqual(status, 3)
        table, = [t for t in json.loads(out)["Tables"] if t["Table"] == "abc.gone"]
        self.assertEqual((table["Equal"], table["SourceAutoIncrement"],
                          table["TargetAutoIncrement"]), (False, 2000, 501))


class LowAutoIncrementTest(CutoverTest):
    """Where it cannot be raised. (On MariaDB some row can always be made up.)"""

    pairs = (MYSQL,)

    def alter(self, may):
        self.target.sql("GRANT ALTER ON *.* TO ghostferry@'%'" if may else
                        "REVOKE ALTER ON *.* FROM ghostferry@'%'")

    def test_it_cannot_be_raised(self):
        """The account may not ALTER, and no row can be made up."""
        self.alter(False)
        self.addCleanup(self.alter, True)
        self.source.sql(
            "CREATE TABLE abc.points (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
            " g POINT NOT NULL)",
            "INSERT INTO abc.points VALUES (1, ST_GeomFromText('POINT(1 1)'))")
        ferry = self.copied(SkipTargetVerification=False, **self.callbacks())
        with self.source.connect() as db:
            db.run("BEGIN", "INSERT INTO abc.points SELECT 10, g FROM abc.points", "ROLLBACK")
        ferry.go_on()
        ferry.assert_status(2)
        self.assertEqual(self.receiver.paths(), ["/lock"])
        remedy = re.search(r"run (/\*.*?) on the target, then resume", ferry.log()).group(1)
        self.target.sql(remedy)
        ferry.resume()
        self.done(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/lock", "/unlock"])
        for server in (self.source, self.target):
            server.sql("INSERT INTO abc.points (g) SELECT g FROM abc.points")
        self.assert_equal()
