"""Servers that forget in a crash what they confirmed last: innodb_flush_log_at_trx_commit
is 0, and the server killed. (With 2 the same happens when the machine loses its power.)"""

import re

from lib.case import ALL_PAIRS, BOTH
from lib.moves import MoveTest, position
from lib.receiver import Receiver

TAGS = ("faults",)
# Nothing else flushes the log: no binlog file that is full, no idle server.
FORGETS = ("--innodb-flush-log-at-trx-commit=0", "--innodb-flush-log-at-timeout=1",
           "--max-binlog-size=1G", "--loose-innodb-log-writer-threads=OFF",
           "--loose-innodb-idle-flush-pct=0", "--innodb-adaptive-flushing=OFF")
TABLES = ("big", "uniques", "composite")


class ForgetfulTest(MoveTest):
    pairs = BOTH
    timeout = 180

    def setUp(self):
        super().setUp()
        self.forgetful()

    def forgetful(self):
        self.target = self.private_server("target", *FORGETS)

    def begin(self, rows=600, writes=True, **settings):
        made = self.basic_tables(rows=rows, names=TABLES)
        self.busy = self.writer(made, span=900, pause=0.002, reconnect=True) if writes else None
        settings.setdefault("AutomaticCutover", False)
        settings.setdefault("DataIterationBatchSize", 20)
        return self.ferry(http=True, **settings)

    def finish(self, ferry):
        if self.busy:
            ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
            self.busy.stop()
            ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 90)
        ferry.interrupt()
        self.done(ferry)

    def rows(self):
        return sum(self.target.value(f"SELECT COUNT(*) FROM abc.{table}") for table in TABLES)

    def keep_in_memory(self):
        """From here on what is written to the target is not on its disk."""
        self.target.sql("CREATE DATABASE IF NOT EXISTS marks",
                        "CREATE TABLE IF NOT EXISTS marks.m (id INT PRIMARY KEY)",
                        "SET GLOBAL innodb_flush_log_at_timeout = 2700",
                        "INSERT INTO marks.m VALUES (1)")

    def crash(self, more=60):
        """The target forgets what it got since, or, where it has written pages and with them
        the log, at least what came last."""
        first = self.rows()
        self.wait_until(lambda: abs(self.rows() - first) >= more, what="rows on the target")
        for mark in range(2, 100):
            self.target.sql(f"INSERT INTO marks.m VALUES ({mark})")
        last = self.target.value("SELECT MAX(id) FROM marks.m")
        self.target.kill9()
        self.target.start()
        left = self.target.value("SELECT COALESCE(MAX(id), 0) FROM marks.m")
        # MariaDB 11.8 maps the log's file into its memory: that outlives it, if not the machine.
        if self.target.make != "mariadb-11.8":
            self.assertLess(left, last, "nothing was forgotten")

    NOTICED = ("the target was restarted, and innodb_flush_log_at_trx_commit is 0: it may"
               " have forgotten")

    def goes_on(self, ferry, times=1):
        """By itself, from the state of before."""
        ferry.wait_until(lambda: len(re.findall("resuming from .* by itself.*" + self.NOTICED,
                                                ferry.log())) == times, what="the restart")

    def ended(self, ferry):
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), self.NOTICED)
        self.assertNotRegex(ferry.log(), "by itself")
        ferry.resume(ferry.state_file())


class TargetForgetsTest(ForgetfulTest):
    pairs = ALL_PAIRS[::5]  # each version once

    def crashes_while_copying(self, **settings):
        probes = self.probes()
        ferry = self.begin(probes=probes, **settings)
        stop = probes.stop_at("after_batch_write", nth=30)
        ferry.start()
        self.reach(ferry, stop)
        self.keep_in_memory()
        self.crash()
        stop.release()
        self.goes_on(ferry)
        self.finish(ferry)

    def test_while_copying(self):
        self.crashes_while_copying()

    def test_while_copying_with_inline(self):
        self.crashes_while_copying(VerifierType="Inline")

    def test_while_changes_are_applied(self):
        ferry = self.begin(rows=100).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.keep_in_memory()
        self.crash(5)
        self.goes_on(ferry)
        self.finish(ferry)

    def test_while_no_process_is_there(self):
        for end in ("terminate", "kill9"):
            with self.subTest(end):
                self.source.drop_user_databases()
                self.target.drop_user_databases()
                probes = self.probes()
                ferry = self.begin(probes=probes)
                stop = probes.stop_at("after_batch_write", nth=30)
                last = probes.stop_at("after_batch_write", nth=70)
                ferry.start()
                self.reach(ferry, stop)
                self.keep_in_memory()
                stop.release()
                self.reach(ferry, last)
                getattr(ferry, end)()
                ferry.wait()
                self.crash(0)
                ferry.resume(ferry.state_file())
                self.finish(ferry)

    def during_the_cutover(self, **settings):
        """All is applied, and CutoverUnlock about to be called."""
        probes = self.probes()
        ferry = self.begin(probes=probes, AutomaticCutover=True, writes=False, **settings)
        copying = probes.stop_at("after_batch_write", nth=30)
        stop = probes.stop_at("before_settling")
        ferry.start()
        self.reach(ferry, copying)
        self.keep_in_memory()
        copying.release()
        self.reach(ferry, stop)
        self.crash(0)
        stop.release()
        return ferry

    def test_during_the_cutover(self):
        ferry = self.during_the_cutover()
        self.goes_on(ferry)
        self.finish(ferry)

    def test_when_cutover_lock_was_called(self):
        """Nobody locks twice without having been asked to."""
        receiver = Receiver()
        ferry = self.during_the_cutover(
            **{f"Cutover{what}": receiver.callback("/" + what) for what in ("Lock", "Unlock")})
        self.ended(ferry)
        self.finish(ferry)
        self.assertEqual([path for path, _ in receiver.posts], ["/Lock", "/Lock", "/Unlock"])

    def test_without_a_state_file(self):
        probes = self.probes()
        ferry = self.begin(probes=probes, StateFile="")
        stop = probes.stop_at("after_batch_write", nth=30)
        ferry.start()
        self.reach(ferry, stop)
        self.keep_in_memory()
        self.crash()
        stop.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), self.NOTICED)
        ferry.resume()
        self.finish(ferry)

    def test_what_was_set_lasts(self):
        """What was allowed, and paused, while the run was on."""
        ferry = self.begin(rows=100).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        ferry.http("POST", "/api/pause")
        ferry.http("POST", "/api/config", {"Throttle": {"MaxRowsPerSecond": 12345}})
        self.busy.stop()
        for times in (1, 2):
            self.target.kill9()
            self.target.start()
            self.goes_on(ferry, times)
            ferry.wait_until(lambda: ferry.log().count("ferry initialized") == times + 1)
            self.assertTrue(ferry.status()["Throttled"])
            self.assertIn(b'"MaxRowsPerSecond":12345', ferry.http("GET", "/api/config")[1])
        ferry.http("POST", "/api/unpause")
        self.finish(ferry)

    def test_right_after_the_end(self):
        ferry = self.begin(AutomaticCutover=True, writes=False).start()
        ferry.wait_for_log("ghostferry run is complete")
        self.target.kill9()
        self.target.start()
        ferry.interrupt()
        self.done(ferry)

    def test_a_setting_that_is_changed(self):
        """By somebody who wants the copy to be faster; and changed back."""
        self.target.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1",
                        "SET GLOBAL sync_binlog = 1")
        probes = self.probes()
        ferry = self.begin(probes=probes)
        stop = probes.stop_at("after_batch_write", nth=10)
        ferry.start()
        self.reach(ferry, stop)
        self.target.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
        ferry.wait_for_log("innodb_flush_log_at_trx_commit is 0: the state says only")
        self.keep_in_memory()
        stop.release()
        self.crash()
        self.goes_on(ferry)
        self.target.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1",
                        "SET GLOBAL sync_binlog = 1")
        self.finish(ferry)

    def test_the_state_goes_on(self):
        """It follows what is done, at the pace of the target's log."""
        probes = self.probes()
        ferry = self.begin(rows=50, probes=probes).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        then = self.source.position()
        ferry.wait_until(lambda: position(ferry.state_file() or {}) >= then, 30, "the state")
        self.assertIn(("state_is_durable", "behind"), [tuple(seen[:2]) for seen in probes.seen])
        self.finish(ferry)


class BinlogForgetsTest(ForgetfulTest):
    """MariaDB's default: the binlog is not synced, and a machine that loses its power takes
    transactions with it that only the binlog knew to be committed."""

    def forgetful(self):
        self.target = self.private_server("target", "--sync-binlog=0")

    def test_it_is_restarted(self):
        ferry = self.begin(SkipTargetVerification=False, VerifierType="Inline",
                           DBWriteRetries=60).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.target.restart()
        ferry.wait_for_log("resuming from .* by itself.*restarted, and sync_binlog is 0")
        ferry.wait_for_log("watching the target for writes of others from [^\n]*(?s:.*)watching"
                           " the target for writes of others from")
        self.finish(ferry)


class AccountTest(ForgetfulTest):
    def test_an_account_without_process(self):
        """MySQL tells it less of its log, and later."""
        self.target.sql("REVOKE PROCESS ON *.* FROM ghostferry@'%'")
        ferry = self.begin(rows=100, AutomaticCutover=True, writes=False)
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 90)
        self.target.kill9()
        self.target.start()
        ferry.interrupt()
        self.done(ferry)

    def test_it_is_said_before(self):
        self.source = self.private_server("source", *FORGETS)
        self.basic_tables(rows=5, names=("big",))
        ferry = self.ferry()
        self.assertEqual(ferry.run("-dryrun"), 0)
        self.assertRegex(ferry.stdout(), "target: innodb_flush_log_at_trx_commit is 0")
        self.assertRegex(ferry.stdout(), "source: innodb_flush_log_at_trx_commit is 0")


class SourceForgetsTest(ForgetfulTest):
    """What it forgets its binlog has, and the target."""

    pairs = BOTH

    def forgetful(self):
        self.source = self.private_server("source", *FORGETS)

    def crashed(self, meanwhile=None, **settings):
        ferry = self.begin(rows=100, writes=False, **settings).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.wait_until(lambda: self.source.value("SELECT VARIABLE_VALUE FROM %s.global_status WHERE"
                                                  " VARIABLE_NAME = 'UPTIME'" %
                                                  ("performance_schema" if self.source.is_mysql
                                                   else "information_schema")) >= "2")
        self.source.sql("SET GLOBAL innodb_flush_log_at_timeout = 2700",
                        *[f"INSERT INTO abc.big (id) VALUES ({n})" for n in range(5000, 5100)])
        self.wait_until(lambda: self.target.value("SELECT COUNT(*) FROM abc.big WHERE id >= 5000")
                        == 100, what="the rows")
        if meanwhile:
            meanwhile(ferry)
        self.source.sql("INSERT INTO abc.big (id) VALUES (6000)")
        self.wait_until(lambda: meanwhile or self.target.value(
            "SELECT COUNT(*) FROM abc.big WHERE id = 6000"), what="the last row")
        self.source.kill9()
        self.source.start()
        if meanwhile:
            ferry.resume(ferry.state_file())
            ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.assertEqual(self.source.value("SELECT COUNT(*) FROM abc.big WHERE id = 6000"), 0)
        ferry.allow_cutover()
        return ferry

    SAID = ("the source was restarted, and innodb_flush_log_at_trx_commit is 0 .*: if it had"
            " crashed it may have forgotten what the target has; ")

    def test_it_is_found(self):
        ferry = self.crashed(VerifierType="Inline")
        ferry.assert_status(3)
        self.assertRegex(ferry.log(), self.SAID + "all tables are compared as a whole")
        self.assertRegex(ferry.log(), r"different: abc\.big")

    def test_it_is_found_after_a_resume(self):
        ferry = self.crashed(lambda ferry: ferry.kill9(), VerifierType="Inline")
        ferry.assert_status(3)
        self.assertRegex(ferry.log(), self.SAID + "all tables are compared as a whole")

    def test_it_is_said(self):
        ferry = self.crashed()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 90)
        self.assertRegex(ferry.log(), self.SAID + r"compare them before the target is used")
        ferry.interrupt()
        ferry.assert_status(0)
