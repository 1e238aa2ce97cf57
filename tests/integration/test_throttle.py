"""Throttle: what holds rows up lets go again, and holds up neither changes nor the cutover.

Broken: changes wait as rows do. Red: the change that is to arrive meanwhile. Broken: no end of it
before the cutover. Red: writers that are stopped by hand. Broken: a replica that does not
replicate counts as one in time. Red: kill and resume."""

import json
import re
import threading

from lib.receiver import Receiver
from lib.server import PASSWORD
from test_replica import QUOTED, ReplicaTest

TAGS = ("any_client",)

ROWS = 200


class Throttled(ReplicaTest):
    def setUp(self):
        super().setUp()
        self.table(rows=ROWS)
        for server in self.source, self.target:
            server.sql("CREATE DATABASE ops", "CREATE TABLE ops.stop (id INT PRIMARY KEY, n INT)")

    def run_with(self, probes=None, **throttle):
        return self.one_by_one(http=True, probes=probes,
                               Throttle={"UpdateInterval": "100ms", **throttle})

    def set(self, ferry, **throttle):
        code, body, _ = ferry.http("POST", "/api/config", {"Throttle": throttle})
        self.assertEqual(code, 200, body)

    def count(self):
        return self.target.value("SELECT COUNT(*) FROM abc.t")

    def held(self, ferry, reason, because):
        """By this, and no row comes, but changes do."""
        status = ferry.wait_for_status(
            lambda s: s["ThrottledBy"] == reason and re.search(because, s["ThrottledBecause"]),
            what=because)
        self.assertTrue(status["Throttled"])
        self.assertFalse(status["Paused"])
        before = status["ThrottledSeconds"][reason]
        # The one that was being read when it began arrives.
        ferry.wait_for_status(lambda s: s["ThrottledSeconds"][reason] > before + 0.3)
        count = self.count()
        self.source.sql("UPDATE abc.t SET n = n + 1 WHERE id = 1")
        n = self.source.value("SELECT n FROM abc.t WHERE id = 1")
        ferry.wait_until(lambda: self.target.value("SELECT n FROM abc.t WHERE id = 1") == n,
                         what="the change")
        self.assertEqual(self.count(), count)
        self.assertLess(count, ROWS)
        return count

    def goes_on(self, ferry, reason):
        ferry.wait_for_status(lambda s: s["ThrottledBy"] != reason, what="the end of " + reason)

    def at_the_third_batch(self, **throttle):
        probes = self.probes()
        stop = probes.stop_at("before_chunk_read", nth=3)
        ferry = self.run_with(probes, **throttle).start()
        self.reach(ferry, stop)
        return ferry, stop

    def end(self, ferry):
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.terminate()
        self.done(ferry, ["abc"])

    def metric(self, ferry, reason):
        line = 'ghostferry_throttled_seconds_total{reason="%s"} ' % reason
        text = ferry.http("GET", "/metrics")[1].decode()
        return float(text.split(line)[1].split("\n")[0])


class LoadTest(Throttled):
    def busy(self, server, count):
        """So many sessions that run something, until it is closed."""
        sessions = [server.connect() for _ in range(count)]
        for session in sessions:
            threading.Thread(target=self._sleep, args=(session,), daemon=True).start()
        return sessions

    @staticmethod
    def _sleep(session):
        try:
            session.run("DO SLEEP(600)")
        except Exception:
            pass

    def test_each_reason(self):
        """One after the other, each set at run time."""
        ferry, stop = self.at_the_third_batch(
            SourceQuery="SELECT COUNT(*) FROM ops.stop", SourceQueryMax=1)
        self.source.sql("INSERT INTO ops.stop VALUES (1, 0), (2, 0)")
        ferry.wait_for_status(lambda s: s["ThrottledBy"] == "source_query")
        stop.release()
        count = self.held(ferry, "source_query", r"SourceQuery answers 2 \(SourceQueryMax 1\)")
        self.assertGreater(self.metric(ferry, "source_query"), 0)
        self.assertEqual(self.metric(ferry, "target_query"), 0)
        # What is known to be too much already holds on until the next answer.
        self.set(ferry, MaxTargetHistoryLength=10 ** 9, MaxSourceHistoryLength=10 ** 9)
        self.set(ferry, TargetQuery="SELECT 0.5 FROM dual")
        self.source.sql("DELETE FROM ops.stop")
        self.held(ferry, "target_query", r"TargetQuery answers 0.5 \(TargetQueryMax 0\)")
        self.set(ferry, TargetQuery="SELECT nonsense")
        self.held(ferry, "target_query", "TargetQuery: target: Unknown column")
        self.history(ferry)
        self.assertEqual(json.loads(ferry.http("GET", "/api/config")[1])["Throttle"]
                         ["MaxTargetThreadsRunning"], 0)
        self.assertGreaterEqual(self.count(), count)
        status = ferry.status()
        self.assertGreater(status["SourceTimeMs"]["Throttled"], 1000)
        self.assertRegex(ferry.log(), "throttled: source: SourceQuery answers 2")
        self.end(ferry)

    def history(self, ferry):
        """Transactions that a snapshot keeps from being purged."""
        with self.source.connect() as reader, self.source.connect() as db:
            reader.run("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            db.run("INSERT INTO ops.stop VALUES (9, 0)",
                   *["UPDATE ops.stop SET n = n + 1 WHERE id = 9"] * 60,
                   "DELETE FROM ops.stop WHERE id = 9")
            # It comes first: nothing gets through in between.
            self.set(ferry, MaxSourceHistoryLength=20)
            self.held(ferry, "source_history_length",
                      r"history list's length is \d+ \(MaxSourceHistoryLength 20\)")
            self.set(ferry, TargetQuery="")
            self.threads(ferry)

    def threads(self, ferry):
        sessions = self.busy(self.target, 6)
        self.set(ferry, MaxTargetThreadsRunning=4)
        self.held(ferry, "target_threads_running",
                  r"Threads_running is \d+ \(MaxTargetThreadsRunning 4\)")
        self.set(ferry, MaxTargetThreadsRunning=0, MaxSourceHistoryLength=0)
        for session in sessions:
            self.target.sql(f"KILL {session.id()}")

    def test_limits_per_second(self):
        """A batch that is larger than what a second allows passes."""
        ferry, stop = self.at_the_third_batch(MaxRowsPerSecond=5)
        stop.release()
        status = ferry.wait_for_status(lambda s: s["ThrottledBy"] == "rows_per_second")
        self.assertEqual(status["ThrottledBecause"], "limited to 5 rows per second"
                                                     " (MaxRowsPerSecond)")
        self.assertFalse(status["Throttled"])
        count = self.count()
        ferry.wait_until(lambda: self.count() > count, what="the next batch")
        self.set(ferry, MaxRowsPerSecond=0, MaxBytesPerSecond=1)
        ferry.wait_for_status(lambda s: s["ThrottledBy"] == "bytes_per_second")
        self.assertLess(self.count(), ROWS)
        self.set(ferry, MaxBytesPerSecond=0)
        self.end(ferry)


class LagTest(Throttled):
    def setUp(self):
        super().setUp()
        self.replicated()
        self.address = f"127.0.0.1:{self.replica.port}"

    def test_kill_and_resume_while_it_does_not_replicate(self):
        ferry, stop = self.at_the_third_batch(SourceReplicas=[self.address])
        self.stop()
        ferry.wait_for_status(lambda s: s["ThrottledBy"] == "replica_lag")
        stop.release()
        because = f"replica {self.address} (.*)?does not replicate"
        self.held(ferry, "replica_lag", because)
        ferry.kill9()
        del ferry.environ["GHOSTFERRY_PROBES"]
        ferry.resume_file()
        count = self.held(ferry, "replica_lag", because)
        self.go_on()
        self.goes_on(ferry, "replica_lag")
        self.assertLess(count, ROWS)
        self.end(ferry)

    def test_a_replica_that_lags_and_one_that_stands_still(self):
        ferry, stop = self.at_the_third_batch(SourceReplicas=[self.address], MaxLag=2)
        with self.replica.connect() as db:
            db.run("FLUSH TABLES WITH READ LOCK")
            self.source.sql("INSERT INTO ops.stop VALUES (1, 0)")
            ferry.wait_for_status(lambda s: s["ThrottledBy"] == "replica_lag")
            stop.release()
            self.held(ferry, "replica_lag", r"is \d+ s behind \(MaxLag 2\)")
            db.run("UNLOCK TABLES")
        self.goes_on(ferry, "replica_lag")
        ferry.http("POST", "/api/pause", {})
        self.replica.suspend()
        try:
            ferry.wait_for_status(lambda s: s["Paused"])
            # In the middle of a question that nobody answers.
            ferry.terminate()
            ferry.assert_status(2, 5)
        finally:
            self.replica.resume()
        ferry.config["ControlServerConfig"] = {"Enabled": False}
        del ferry.environ["GHOSTFERRY_PROBES"]
        ferry.resume().wait(90)
        self.done(ferry, ["abc"])

    def test_what_throttles_in_the_cutover(self):
        """Nothing does, whoever says so: the source's writers wait."""
        ferry = None

        def answer(path):
            if path == "/Lock":
                self.stop()
                ferry.http("POST", "/api/pause", {})
            return 200
        receiver = Receiver(answer)
        self.addCleanup(receiver.close)
        ferry = self.run_with(SourceReplicas=[self.address])
        ferry.config.update(
            AutomaticCutover=False, VerifierType="ChecksumTable",
            **{f"Cutover{what}": receiver.callback("/" + what) for what in ("Lock", "Unlock")})
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        # A pause comes before the lock.
        ferry.http("POST", "/api/pause", {})
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["WaitingFor"] == "the end of the pause")
        self.assertEqual(receiver.posts, [])
        ferry.http("POST", "/api/unpause", {})
        self.end(ferry)
        self.assertIn("the cutover has begun: nothing is paused any more", ferry.log())
        self.go_on()

    def test_writers_that_are_stopped_by_hand(self):
        """Before the cutover is allowed, since there is no CutoverLock: rows that are verified
        from then on do not wait."""
        ferry = self.run_with(SourceReplicas=[self.address])
        ferry.config.update(AutomaticCutover=False, VerifierType="Inline",
                            InlineVerifierConfig={"VerifyBinlogEventsInterval": "1h"})
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.stop()
        ferry.wait_for_status(lambda s: s["ThrottledBy"] == "replica_lag")
        self.source.sql("UPDATE abc.t SET v = 'again' WHERE id < 20")
        ferry.wait_for_status(lambda s: s["ChangesApplied"] >= 19)
        ferry.allow_cutover()
        self.end(ferry)
        self.go_on()

    def test_what_cannot_be_asked_is_found_at_the_start(self):
        """With the GRANT that is missing; later it holds rows up."""
        wanted = ["Throttle: SourceQuery: source: Unknown column", "replica 127.0.0.1:1:",
                  f"GRANT {'REPLICATION CLIENT' if self.replica.is_mysql else 'SLAVE MONITOR'}"
                  " ON *.* TO `lookout`@`%`"]
        if self.source.is_mysql:
            wanted.append("Throttle: source: Access denied")
        # The source's accounts are replicated.
        self.read_only(self.replica, False)
        for server, user in ((self.replica, "lookout"), (self.source, "narrow")):
            server.sql(f"DROP USER IF EXISTS {user}@'%'",
                       f"CREATE USER {user}@'%' IDENTIFIED BY {QUOTED}")
            self.addCleanup(server.sql, f"DROP USER {user}@'%'")
        self.source.sql("GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*"
                        " TO narrow@'%'")
        ferry = self.run_with(
            SourceReplicas=[self.address], TargetReplicas=["127.0.0.1:1"],
            MaxSourceHistoryLength=10 ** 9, SourceQuery="SELECT nonsense",
            ReplicaConnection={"User": "lookout", "Pass": PASSWORD})
        ferry.config["Source"]["User"] = "narrow"
        ferry.run("-dryrun")
        ferry.assert_status(1)
        said = ferry.stdout() + ferry.log()
        for text in wanted:
            self.assertIn(text, said)
        ferry = self.run_with(SourceReplicas=[f"127.0.0.1:{self.target.port}"],
                              ReplicaConnection={"User": "ghostferry_all", "Pass": PASSWORD})
        ferry.run("-dryrun")
        ferry.assert_status(1)
        self.assertIn(f"replica 127.0.0.1:{self.target.port}: it is not a replica",
                      ferry.stdout() + ferry.log())
