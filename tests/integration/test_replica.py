"""RunFerryFromReplica: the source is a read-only replica, the writers write to its
master. self.source is the master, self.replica what is copied from."""

import threading

from lib.case import pool
from lib.moves import HeldCommits, MoveTest
from lib.receiver import Receiver
from lib.server import PASSWORD

QUOTED = "'" + PASSWORD.replace("\\", "\\\\").replace("'", "\\'") + "'"


class ReplicaTest(MoveTest):
    def setUp(self):
        super().setUp()
        self.replica = pool.get(self.pair[0], "replica", "--skip-slave-start", *(
            () if self.flavour == "mysql" else ("--log-slave-updates",
                                                "--slave-parallel-threads=4")))
        if not self.replica.is_mysql:
            self.replica.sql("GRANT SLAVE MONITOR ON *.* TO ghostferry@'%'")
        self.watched.append(self.replica)
        self.read_only(self.source, False)
        self.read_only(self.replica, False)
        self.stop("")
        self.replica.drop_user_databases()
        file, offset = self.source.position()
        if self.replica.is_mysql:
            self.replica.sql(
                "RESET REPLICA ALL", "SET GLOBAL replica_preserve_commit_order = ON",
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1',"
                f" SOURCE_PORT={self.source.port}, SOURCE_USER='ghostferry',"
                f" SOURCE_PASSWORD={QUOTED}, SOURCE_LOG_FILE='{file}', SOURCE_LOG_POS={offset},"
                " GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1")
        else:
            self.replica.sql(
                "RESET SLAVE ALL", "CHANGE MASTER TO MASTER_HOST='127.0.0.1',"
                f" MASTER_PORT={self.source.port}, MASTER_USER='ghostferry',"
                f" MASTER_PASSWORD={QUOTED}, MASTER_LOG_FILE='{file}', MASTER_LOG_POS={offset},"
                " MASTER_USE_GTID=no, MASTER_CONNECT_RETRY=1")
        self.go_on("")
        self.read_only(self.replica, True)

    def tearDown(self):
        self.read_only(self.source, False)

    def read_only(self, server, on):
        variable = "super_read_only" if server.is_mysql and on else "read_only"
        server.sql(f"SET GLOBAL {variable} = {int(on)}")

    def _replication(self, verb, thread):
        self.replica.sql(f"{verb} {'REPLICA' if self.replica.is_mysql else 'SLAVE'} {thread}")

    def stop(self, thread="SQL_THREAD"):
        self._replication("STOP", thread)

    def go_on(self, thread="SQL_THREAD"):
        self._replication("START", thread)

    def replication(self):
        show = "SHOW REPLICA STATUS" if self.replica.is_mysql else "SHOW SLAVE STATUS"
        return self.replica.db.dicts(show)[0]

    def replicated(self):
        """All of the master's changes are on the replica."""
        old, new = ("Master", "Source")
        file, offset = self.source.position()

        def look():
            s = self.replication()
            return (s.get(f"Relay_{new}_Log_File", s.get(f"Relay_{old}_Log_File")),
                    s.get(f"Exec_{new}_Log_Pos", s.get(f"Exec_{old}_Log_Pos"))) >= (file, offset)
        self.wait_until(look, what=f"the replica to be at {file}:{offset}")

    def move(self, source=None, master=None, **how):
        """A run from the replica that has what was written so far."""
        self.replicated()
        master = master or self.source
        how.setdefault("SourceReplicationMaster", {
            "Host": "127.0.0.1", "Port": master.port, "User": "ghostferry", "Pass": PASSWORD})
        how.setdefault("RunFerryFromReplica", True)
        return self.ferry(source=source or self.replica, **how)

    def waiting(self, **how):
        ferry = self.move(http=True, AutomaticCutover=False, **how).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        return ferry

    def waits_for_the_replica(self, ferry):
        return ferry.wait_for_status(
            lambda s: "to execute its master's binlog" in s["WaitingFor"])

    def end(self, ferry):
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.terminate()
        self.done(ferry, ["abc"])


class MoveFromReplicaTest(ReplicaTest):
    """Broken: ferry_wait_for_replica() returns true at once. The tests of a replica that
    lags, of changes until the lock, of the timeout and of what breaks went red."""

    def test_writers_on_the_master(self):
        made = self.basic_tables(rows=100)
        writer = self.writer(made, pause=0.01)
        ferry = self.waiting()
        writer.stop()
        ferry.allow_cutover()
        self.end(ferry)

    def test_a_replica_that_lags(self):
        self.table(rows=40)
        ferry = self.waiting()
        self.stop()
        self.source.sql("UPDATE abc.t SET v = 'late' WHERE id > 35",
                        "INSERT INTO abc.t VALUES (1000, 'late', 1)")
        ferry.allow_cutover()
        status = self.waits_for_the_replica(ferry)
        self.assertEqual(status["OverallState"], "cutover")
        self.assertIn("its SQL thread is stopped", status["WaitingFor"])
        ferry.wait_for_log("waiting for the replica to execute its master's binlog up to"
                           rf" {self.source.position()[0]}:{self.source.position()[1]}")
        self.go_on()
        self.end(ferry)

    def test_changes_until_the_lock(self):
        """What the lock waits for is on the master alone when it is answered."""
        self.table(rows=40)

        name = "REPLICA" if self.replica.is_mysql else "SLAVE"

        def lock(path):
            with self.replica.connect() as db, self.source.connect() as master:
                db.run(f"STOP {name} SQL_THREAD")
                master.run("DELETE FROM abc.t WHERE id = 1",
                           "INSERT INTO abc.t VALUES (1000, 'late', 1)")
            return 200

        receiver = Receiver(lock)
        self.addCleanup(receiver.close)
        ferry = self.move(http=True, CutoverLock=receiver.callback("/lock")).start()
        self.waits_for_the_replica(ferry)
        self.go_on()
        self.end(ferry)

    def test_an_interrupt_does_not_wait(self):
        self.table(rows=40)
        ferry = self.waiting()
        self.stop()
        self.source.sql("UPDATE abc.t SET v = 'late'")
        ferry.allow_cutover()
        self.waits_for_the_replica(ferry)
        ferry.terminate()
        ferry.assert_status(2, 10)
        self.go_on()
        self.replicated()
        self.done(ferry.resume(AutomaticCutover=True, ControlServerConfig={"Enabled": False}))

    def test_killed_while_it_waits(self):
        self.table(rows=40)
        probes = self.probes()
        ferry = self.waiting(probes=probes)
        stop = probes.stop_at("replica_is_behind")
        self.stop()
        self.source.sql("UPDATE abc.t SET v = 'late'")
        ferry.allow_cutover()
        ferry.wait_until(lambda: stop.reached, what="replica_is_behind")
        ferry.kill9()
        probes.release_all()
        self.go_on()
        self.replicated()
        self.done(ferry.resume(ferry.state_file(), AutomaticCutover=True,
                               ControlServerConfig={"Enabled": False}))

    def test_the_timeout(self):
        self.table(rows=40)
        ferry = self.waiting(WaitForReplicationTimeout="300ms")
        self.stop()
        self.source.sql("UPDATE abc.t SET v = 'late'")
        ferry.allow_cutover()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "timeout reached before replica is caught up to master: it is at.*"
                         "its SQL thread is stopped")
        self.assertRegex(ferry.log(), "errfrom=wait_replica")
        self.go_on()
        self.replicated()
        self.done(ferry.resume(AutomaticCutover=True, ControlServerConfig={"Enabled": False}))

    def test_replication_that_breaks(self):
        self.table(rows=40)
        ferry = self.waiting()
        self.read_only(self.replica, False)
        self.replica.sql("SET sql_log_bin = 0", "INSERT INTO abc.t VALUES (50, 'here alone', 1)",
                         "SET sql_log_bin = 1")
        self.source.sql("INSERT INTO abc.t VALUES (50, 'everywhere', 1)")
        ferry.allow_cutover()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"the replication of the source from 127\.0\.0\.1:\d+ is"
                         r" broken at bin\.\d+:\d+ .*(1062|Duplicate entry).*fix it, then resume")
        self.replica.sql("SET sql_log_bin = 0", "DELETE FROM abc.t WHERE id = 50",
                         "SET sql_log_bin = 1")
        self.go_on()
        self.replicated()
        self.done(ferry.resume(AutomaticCutover=True, ControlServerConfig={"Enabled": False}))

    def test_the_master_is_away_for_a_while(self):
        """Its connections are cut while it is asked again and again."""
        self.table(rows=40)
        ferry = self.waiting()
        self.stop()
        self.source.sql("UPDATE abc.t SET v = 'late'")
        ferry.allow_cutover()
        self.waits_for_the_replica(ferry)
        for server in (self.source, self.replica):
            self.wait_until(lambda: server.kill_connections("ghostferry"), what="a connection")
        ferry.wait_for_log("failed to read the replica's and its master's position, 1 of 100")
        self.go_on()
        self.end(ferry)

    def test_a_master_that_is_read_only_at_the_cutover(self):
        self.table(rows=40)
        ferry = self.waiting()
        self.source.sql("SET GLOBAL read_only = 1")
        ferry.allow_cutover()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "source master is no longer a master writer.*"
                         "FLUSH TABLES WITH READ LOCK")

    def test_writers_that_are_stopped_by_a_lock(self):
        self.table(rows=40)
        ferry = self.waiting()
        self.source.sql("UPDATE abc.t SET v = 'late'", "FLUSH TABLES WITH READ LOCK")
        self.addCleanup(self.source.sql, "UNLOCK TABLES")
        ferry.allow_cutover()
        self.end(ferry)


class LockingReadOnReplicaTest(ReplicaTest):
    """I1 holds on a replica: its commit hangs between its binlog and visibility, and the
    locking read waits for it, read_only or not.

    Broken: no FOR SHARE / LOCK IN SHARE MODE in row_reader_read(). Went red."""

    def test_a_replicated_commit_that_is_held(self):
        self.table(rows=25)
        probes = self.probes()
        ferry = self.move(probes=probes, DataIterationBatchSize=10, DataIterationConcurrency=1,
                          BinlogWriterConcurrency=1)
        self.read_only(self.replica, False)
        held = HeldCommits(self.replica)
        self.addCleanup(held.release)
        self.read_only(self.replica, True)
        before = self.replica.position()
        self.source.sql("DELETE FROM abc.t WHERE id = 13")
        self.wait_until(lambda: self.replica.position() != before, what="the held commit")
        ferry.start()
        ferry.wait_until(lambda: self.waits_for_a_lock(self.replica)
                         or probes.hits("copy_done"), what="a read that waits")
        held.release()
        self.done(ferry)


class PositionQueryTest(ReplicaTest):
    """ReplicatedMasterPositionQuery: here a heartbeat, as pt-heartbeat writes it.

    Broken: ferry_wait_for_replica() returns true at once. The heartbeat's went red."""

    query = "SELECT file, pos FROM meta.heartbeat WHERE id = 1"

    def setUp(self):
        super().setUp()
        self.source.sql("CREATE DATABASE meta", "CREATE TABLE meta.heartbeat"
                        " (id INT PRIMARY KEY, file VARCHAR(255), pos BIGINT)")
        self.over = threading.Event()
        self.addCleanup(self.over.set)

    def beat(self):
        show = "SHOW BINARY LOG STATUS" if self.source.is_mysql else "SHOW MASTER STATUS"
        with self.source.connect() as db:
            while True:
                file, pos = db.rows(show)[0][:2]
                db.run(f"REPLACE INTO meta.heartbeat VALUES (1, '{file}', {pos})")
                self.beating.set()
                if self.over.wait(0.02):
                    break

    def start_beating(self):
        self.beating = threading.Event()
        thread = threading.Thread(target=self.beat, daemon=True)
        thread.start()
        self.assertTrue(self.beating.wait(30))
        self.addCleanup(thread.join)
        self.addCleanup(self.over.set)

    def test_a_heartbeat(self):
        self.table(rows=40)
        self.replicated()
        self.start_beating()
        self.wait_until(lambda: self.replica.sql(self.query), what="a heartbeat on the replica")
        self.replicated = lambda: None  # it never is
        ferry = self.waiting(ReplicatedMasterPositionQuery=self.query)
        self.stop()
        self.source.sql("UPDATE abc.t SET v = 'late' WHERE id > 35")
        ferry.allow_cutover()
        self.waits_for_the_replica(ferry)
        self.go_on()
        self.end(ferry)

    def test_what_is_refused(self):
        self.table(rows=1)
        file, pos = self.source.position()
        self.source.sql(f"INSERT INTO meta.heartbeat VALUES (1, '{file}', {pos}),"
                        f" (2, 'bin.999999', 4)")
        own = "SHOW BINARY LOG STATUS" if self.source.is_mysql else "SHOW MASTER STATUS"
        for query, reason in (
                ("SELECT file FROM meta.heartbeat", "must answer with two columns.* not 1"),
                (own, "must answer with two columns"),
                ("SELECT file, pos FROM meta.heartbeat", "more than one row"),
                ("SELECT file, pos FROM meta.heartbeat WHERE id = 3", "answers with no row"),
                ("SELECT pos, file FROM meta.heartbeat WHERE id = 1", "name of a binlog file"),
                ("SELECT NULL, NULL", "name of a binlog file"),
                ("SELECT file, pos FROM meta.nothing", "ReplicatedMasterPositionQuery: .*1146"),
                ("SELECT file, pos FROM meta.heartbeat WHERE id = 2",
                 "must name a position on the master, not one of the replica's own")):
            with self.subTest(query):
                ferry = self.move(ReplicatedMasterPositionQuery=query)
                self.assertEqual(ferry.run(), 1)
                self.assertRegex(ferry.log(), f"(?m)^error: .*{reason}")
        self.assertEqual(self.target.databases(), [])

    def test_commits_out_of_order(self):
        if not self.replica.is_mysql:
            self.skipTest("MariaDB commits in order within a domain")
        self.table(rows=1)
        self.stop("")
        self.replica.sql("SET GLOBAL replica_preserve_commit_order = OFF")
        self.go_on("")
        self.source.sql("INSERT INTO meta.heartbeat VALUES (1, 'bin.000001', 4)")
        ferry = self.move(ReplicatedMasterPositionQuery=self.query)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "error: .*replica_preserve_commit_order is OFF")


class StartFromReplicaTest(ReplicaTest):
    def refused(self, reason, **how):
        ferry = self.move(**how)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), f"(?m)^error: {reason}")
        self.assertEqual(self.target.databases(), [])
        return ferry

    def test_what_is_refused(self):
        self.table(rows=1)
        with self.subTest("no word of a replica"):
            self.refused("source: read_only must be OFF.*(?s:.*)RunFerryFromReplica",
                         RunFerryFromReplica=False)
        with self.subTest("another master"):
            self.refused("source: it is no replica of SourceReplicationMaster", master=self.target)
        with self.subTest("itself"):
            self.refused("source master is a read replica, not a master writer",
                         master=self.replica)
        with self.subTest("no replica"):
            # MariaDB's account here may not even see that.
            self.refused("source: (it is no replica of|the account may not see)",
                         source=self.source)
        with self.subTest("wrong password"):
            ferry = self.move()
            ferry.config["SourceReplicationMaster"]["Pass"] = "wrong"
            self.assertEqual(ferry.run(), 1)
            self.assertRegex(ferry.log(), "error: .*source_master: Access denied")
        with self.subTest("dry run"):
            ferry = self.move()
            self.assertEqual(ferry.run("-dryrun"), 0)
            self.assertEqual(self.target.databases(), [])
        with self.subTest("stopped"):
            self.stop("SQL_THREAD")
            self.refused("source: its replication from 127.0.0.1:.* does not run")

    def test_a_replica_that_does_not_log(self):
        if self.replica.is_mysql:
            self.skipTest("MySQL's logs by default")
        self.table(rows=1)
        self.refused("source: .*log_slave_updates is OFF",
                     source=self.private_server("source", "--skip-log-slave-updates"))

    def test_several_domains_in_parallel(self):
        if self.replica.is_mysql:
            self.skipTest("MySQL has none")
        self.table(rows=1)
        with self.source.connect() as db:
            db.run("SET gtid_domain_id = 7", "INSERT INTO abc.t VALUES (7, '', 7)")
        self.refused("source: it executes several GTID domains in parallel")
        self.stop("")
        self.replica.sql("SET GLOBAL slave_parallel_threads = 0")
        self.addCleanup(self.replica.sql, "STOP SLAVE", "SET GLOBAL slave_parallel_threads = 4")
        self.go_on("")
        self.done(self.move().start())
        # A master's binlog names all domains that it ever had.
        self.stop("")
        self.source.sql("RESET MASTER")
        self.replica.sql("SET GLOBAL gtid_slave_pos = ''")
