"""The source dies, or its name leads to another server, and the run goes on with a
replica: by GTID, as files and offsets mean nothing there.

Each of these was seen to fail with the program broken on purpose: going on at the
state's file and offset; starting at the replica's newest file; passing over nothing, or
everything; asking the new server for neither set, or not for the received one, or not for
what its binlog lacks; the set going past an undecided XA transaction; a lost connection
that asks nobody who answers; the file's time not looked at; the verifier's stage taken
along."""

import signal

from lib.db import text
from lib.moves import MoveTest, position
from lib.proxy import Proxy
from lib.case import pool
from lib.server import PASSWORD

TAGS = ("resume",)


def detach(server):
    server.sql(*(("STOP REPLICA", "RESET REPLICA ALL") if server.is_mysql
                 else ("STOP SLAVE", "RESET SLAVE ALL")))


def reset(server):
    """Forgets its binlog, and all it ever executed."""
    server.sql(*(("RESET BINARY LOGS AND GTIDS",) if server.is_mysql
                 else ("RESET MASTER", "SET GLOBAL gtid_slave_pos = ''")))


def follow(replica, source):
    if replica.is_mysql:
        replica.sql("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1',"
                    f" SOURCE_PORT={source.port}, SOURCE_USER='ghostferry',"
                    f" SOURCE_PASSWORD={repr(PASSWORD)}, SOURCE_AUTO_POSITION=1,"
                    " GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", "START REPLICA")
    else:
        replica.sql("SET GLOBAL gtid_slave_pos = @@global.gtid_current_pos",
                    "CHANGE MASTER TO MASTER_HOST='127.0.0.1',"
                    f" MASTER_PORT={source.port}, MASTER_USER='ghostferry',"
                    f" MASTER_PASSWORD={repr(PASSWORD)}, MASTER_USE_GTID=slave_pos,"
                    " MASTER_CONNECT_RETRY=1", "START SLAVE")


class FailoverTest(MoveTest):
    """self.source with its replica self.other, which log what they replicate."""

    def setUp(self):
        super().setUp()
        self.other = pool.get(self.pair[0], "replica")
        self.watched.append(self.other)
        for server in (self.source, self.other):
            self.addCleanup(self.clean_up, server)
            detach(server)
            server.drop_user_databases()
            reset(server)
        follow(self.other, self.source)

    @staticmethod
    def clean_up(server):
        if server.process.poll() is None:
            detach(server)

    def caught_up(self):
        """The replica has all that the source has."""
        if self.source.is_mysql:
            has = self.source.value("SELECT @@global.gtid_executed")
            ask = f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{has}', 30) = 0"
        else:
            has = self.source.value("SELECT @@global.gtid_binlog_pos")
            ask = f"SELECT MASTER_GTID_WAIT('{has}', 30) = 0"
        self.assertEqual(self.other.value(ask), 1)

    def fail_over(self, kill=True):
        """The replica is the source from now on."""
        if kill:
            self.source.kill9()
        detach(self.other)
        self.source, self.other = self.other, self.source

    def to_the_source(self, ferry, **settings):
        return ferry.resume(Source={"Port": self.source.port}, **settings)

    def stopped(self, ferry, number=signal.SIGTERM):
        ferry.signal(number)
        ferry.assert_status(2)
        return ferry.state()

    @staticmethod
    def gtids(state):
        return state["CopyStage"]["LastProcessedBinlogPosition"]["GTIDSet"]

    def refused(self, ferry, pattern):
        ferry.assert_status(1, timeout=30)
        self.assertRegex(ferry.log(), pattern)

    # -- it goes on ---------------------------------------------------------------------

    def test_there_and_back(self):
        """In the midst of copying to the replica, and while changes are followed back to
        the first server, which has become the replica. The tables' definitions stand in
        the same binlog files as the place to go on from."""
        made = self.basic_tables(rows=150, names=("big", "uniques", "composite", "string_ci"))
        if self.source.is_mysql:
            self.source.sql("SET gtid_next = 'AUTOMATIC:tag_1'",
                            "UPDATE abc.big SET n = 1 WHERE id = 1",
                            "SET gtid_next = 'AUTOMATIC'")
        probes = self.probes()
        ferry = self.ferry(probes=probes, AutomaticCutover=False, DataIterationBatchSize=10)
        busy = self.writer(made, span=200, pause=0.001)
        stop = probes.stop_at("batch_recorded", nth=15)
        ferry.start()
        self.reach(ferry, stop)
        busy.wait_for(20)
        busy.stop()
        self.caught_up()
        state = self.stopped(ferry)
        probes.release_all()
        self.assertEqual(":tag_1:" in self.gtids(state), self.source.is_mysql)
        self.fail_over()

        busy = self.writer(made, span=200, pause=0.001, seed=2)
        self.to_the_source(ferry)
        ferry.wait_for_log("data copy is complete")
        self.assertIn("going on by GTID", ferry.log())
        self.other.start()
        follow(self.other, self.source)
        if self.source.is_mysql:
            self.source.sql("SET gtid_next = 'AUTOMATIC:tag_2'",
                            "UPDATE abc.big SET n = 2 WHERE id = 2",
                            "SET gtid_next = 'AUTOMATIC'")
        busy.wait_for(100)
        busy.stop()
        self.caught_up()
        ferry.kill9()
        self.fail_over()

        busy = self.writer(made, span=200, pause=0.001, seed=3)
        busy.wait_for(100)
        ferry.resume(ferry.state_file(), Source={"Port": self.source.port})
        ferry.wait_for_log("data copy is complete")
        busy.wait_for(100)
        state = self.stopped(ferry)
        busy.stop()
        ferry.resume(state, AutomaticCutover=True)  # the same server: file and offset
        self.done(ferry)
        self.assertNotIn("going on by GTID", ferry.log())

    def test_behind_one_address(self):
        """The address leads to the replica, without a word."""
        self.table(rows=200)
        proxy = Proxy(self.source)
        self.addCleanup(proxy.close)
        probes = self.probes()
        ferry = self.one_by_one(source=proxy, probes=probes)
        stop = probes.stop_at("batch_recorded", nth=5)
        ferry.start()
        self.reach(ferry, stop)
        self.source.sql("UPDATE abc.t SET v = 'old' WHERE id < 100")
        self.caught_up()
        self.fail_over(kill=False)
        proxy.server = self.source
        self.source.sql("UPDATE abc.t SET v = 'new' WHERE id % 3 = 0")
        proxy.cut()
        stop.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "another server answers at 127.0.0.1 now")
        ferry.resume()
        self.done(ferry)

    def test_the_stream_alone_comes_back_elsewhere(self):
        self.table(rows=20)
        proxy = Proxy(self.source)
        self.addCleanup(proxy.close)
        ferry = self.one_by_one(source=proxy, AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        self.caught_up()
        proxy.server = self.other
        proxy.cut()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "binlog_streamer.*another server answers|"
                         "another server answers")
        self.fail_over()
        ferry.resume(AutomaticCutover=True)
        self.done(ferry)

    def test_an_undecided_xa_transaction(self):
        """Prepared on the old source, committed on the new one."""
        self.table(rows=50)
        ferry = self.one_by_one(AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        with self.source.connect() as db:
            db.run("XA START 'x'", "UPDATE abc.t SET v = 'by xa' WHERE id = 7", "XA END 'x'",
                   "XA PREPARE 'x'")
        self.source.sql("UPDATE abc.t SET v = 'later' WHERE id = 9")
        self.caught_up()
        ferry.wait_until(lambda: self.target.value("SELECT v FROM abc.t WHERE id = 9") == "later")
        state = self.stopped(ferry)
        self.fail_over()
        self.source.sql("XA COMMIT 'x'", "UPDATE abc.t SET v = 'last' WHERE id = 11")
        self.to_the_source(ferry, AutomaticCutover=True)
        self.done(ferry)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 7"), "by xa")

    # -- it does not ---------------------------------------------------------------------

    def test_a_replica_that_is_behind(self):
        """Until it has caught up."""
        self.table(rows=50)
        ferry = self.one_by_one(AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        self.caught_up()
        self.other.sql("STOP REPLICA")
        self.source.sql("UPDATE abc.t SET v = 'lost?' WHERE id = 7")
        ferry.wait_until(lambda: self.target.value("SELECT v FROM abc.t WHERE id = 7") == "lost?")
        state = self.stopped(ferry)
        ferry.resume(state, Source={"Port": self.other.port})
        self.refused(ferry, "lacks transactions that the source of the state had")
        self.assertEqual(ferry.state(), state)
        self.other.sql("START REPLICA")
        self.caught_up()
        self.fail_over()
        ferry.resume(state, AutomaticCutover=True)
        self.done(ferry)

    def test_what_was_received_and_not_yet_applied_counts(self):
        """Nobody could tell whether a statement of it was still on its way."""
        self.table(rows=50)
        probes = self.probes()
        ferry = self.one_by_one(AutomaticCutover=False, probes=probes)
        ferry.start().wait_for_log("data copy is complete")
        self.caught_up()
        self.other.sql("STOP REPLICA")
        stop = probes.stop_at("before_binlog_apply")
        self.source.sql("UPDATE abc.t SET v = 'lost?' WHERE id = 7")
        self.reach(ferry, stop)
        state = self.stopped(ferry)
        self.assertNotEqual(self.gtids(state), state["ReceivedGTIDSet"])
        probes.release_all()
        ferry.resume(Source={"Port": self.other.port})
        self.refused(ferry, "lacks transactions that the source of the state had")

    def test_rows_that_the_replica_never_got_are_found(self):
        """Nothing tells of rows that were copied and lost: comparing does."""
        self.table(rows=50)
        ferry = self.one_by_one(AutomaticCutover=False, VerifierType="Inline")
        ferry.start().wait_for_log("data copy is complete")
        self.caught_up()
        before = self.stopped(ferry)
        self.other.sql("STOP REPLICA")
        self.source.sql("UPDATE abc.t SET v = 'lost' WHERE id = 7")
        ferry.resume()
        ferry.wait_until(lambda: self.target.value("SELECT v FROM abc.t WHERE id = 7") == "lost")
        state = self.stopped(ferry)
        at = state["CopyStage"]["LastProcessedBinlogPosition"]
        at["GTIDSet"] = state["ReceivedGTIDSet"] = self.gtids(before)
        state["VerifierStage"] = before["VerifierStage"]  # all was equal
        self.fail_over()
        ferry.resume(state, AutomaticCutover=True, Source={"Port": self.source.port})
        ferry.assert_status(3)
        self.assertRegex(ferry.log(), "have them compared")
        self.assertRegex(ferry.log(), r"abc\.t.*7")

    def test_the_replica_s_binlog_is_purged(self):
        self.table(rows=50)
        ferry = self.one_by_one(AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        state = self.stopped(ferry)
        self.source.sql("UPDATE abc.t SET v = 'gone' WHERE id = 7", "FLUSH BINARY LOGS")
        self.caught_up()
        self.fail_over()
        self.source.sql("FLUSH BINARY LOGS", "UPDATE abc.t SET n = 1 WHERE id = 8")
        last = self.source.position()[0]

        def is_purged():  # not while an engine still needs a file
            self.source.sql(f"PURGE BINARY LOGS TO '{last}'")
            return self.source.sql("SHOW BINARY LOGS")[0][0] == last
        self.wait_until(is_purged)
        self.to_the_source(ferry)
        self.refused(ferry, "no longer has, or never had, the binlog")

    def test_a_replica_made_from_a_backup(self):
        """It has transactions that were never in its binlog."""
        self.table(rows=50)
        ferry = self.one_by_one(AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        state = self.stopped(ferry)
        self.source.sql("UPDATE abc.t SET v = 'in the backup' WHERE id = 7")
        self.caught_up()
        detach(self.other)
        if self.source.is_mysql:
            has = self.other.value("SELECT @@global.gtid_executed")
            reset(self.other)
            self.other.sql(f"SET GLOBAL gtid_purged = '{has}'")
        else:
            has = self.other.value("SELECT @@global.gtid_slave_pos")
            reset(self.other)
            self.other.sql(f"SET GLOBAL gtid_slave_pos = '{has}'")
        self.fail_over()
        self.to_the_source(ferry)
        self.refused(ferry, "never had, the binlog|are not in its binlog")
        # Domain 0 goes on in its binlog, behind a gap.
        self.source.sql("UPDATE abc.t SET v = 'after it' WHERE id = 8")
        ferry.resume(state)
        self.assertIn(ferry.wait(30), (1, 2))
        self.assertRegex(ferry.log(), "never had, the binlog|are not in its binlog|"
                         "what lies between is nowhere to be had")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t WHERE v LIKE 'after%'"), 0)

    def test_a_server_with_another_history(self):
        self.table(rows=20)
        ferry = self.one_by_one(AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        self.stopped(ferry)
        detach(self.other)
        reset(self.other)
        self.other.sql("UPDATE abc.t SET n = 1")
        ferry.resume(Source={"Port": self.other.port})
        self.refused(ferry, "lacks transactions that the source of the state had")

    def test_the_binlog_was_reset(self):
        """Also where file, offset and numbers are there again."""
        self.table(rows=20)
        ferry = self.one_by_one(AutomaticCutover=False)
        ferry.start().wait_for_log("data copy is complete")
        state = self.stopped(ferry)
        detach(self.other)
        made = state["CopyStage"]["LastProcessedBinlogPosition"]["FileCreated"]
        self.wait_until(lambda: self.source.value("SELECT UNIX_TIMESTAMP()") > made)
        reset(self.source)
        ferry.resume()
        self.refused(ferry, "no longer has transactions that it had")
        for n in range(6):
            self.source.sql(f"UPDATE abc.t SET v = {text(f'again {n}')} WHERE id = 1")
        file, state["CopyStage"]["LastProcessedBinlogPosition"]["Pos"] = self.source.position()
        self.assertEqual(file, position(state)[0])
        ferry.resume(state)
        ferry.assert_status(2, timeout=30)
        self.assertRegex(ferry.log(), "is another one than that of the position")
