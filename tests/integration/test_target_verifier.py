"""The target is watched: whoever else writes to a copied table there ends the run with
status 3, and our own writes never do."""

from lib.moves import MoveTest, position

TAGS = ("target",)
CORRUPTED = r"corrupted by a change directly performed in the target at binlog file: bin\.\d+" \
            r" and position: \d+"


def watched(state):
    """The place in the target's binlog that a state goes on watching from."""
    at = state["CopyStage"]["LastStoredBinlogPositionForTargetVerifier"]
    return at["Name"], at["Pos"]


class WatchTest(MoveTest):
    def watching(self, **settings):
        settings.setdefault("SkipTargetVerification", False)
        return self.one_by_one(**settings)

    def stopped(self, probe="after_batch_write", nth=3, rows=100, **settings):
        """A run that stands in the middle of the copy."""
        self.table(rows=rows)
        probes = self.probes()
        ferry = self.watching(probes=probes, **settings)
        stop = probes.stop_at(probe, nth=nth)
        ferry.start()
        self.reach(ferry, stop)
        return ferry, stop

    def assert_noticed(self, ferry, *patterns):
        ferry.assert_status(3, 60)
        for pattern in (CORRUPTED, *patterns):
            self.assertRegex(ferry.log(), pattern)
        self.assertRegex(ferry.log(), "errfrom=target_verifier")
        self.assertNotRegex(ferry.log(), "ghostferry run is complete")

    def noticed(self, *statements, says=r"abc\.t ", session=(), how=None):
        ferry, _ = self.stopped()
        with self.target.connect(**(how or {})) as db:
            db.run(*session, *statements)
        self.assert_noticed(ferry, says)
        return ferry


class WithoutBinlogTest(WatchTest):
    """The run's own writes are not in the target's binlog; those of others still are."""

    def unlogged(self):
        privilege = "SESSION_VARIABLES_ADMIN" if self.target.is_mysql else "BINLOG ADMIN"
        with self.target.connect() as db:
            db.run("SET sql_log_bin = 0", f"GRANT {privilege} ON *.* TO ghostferry@'%'")
        self.addCleanup(self.target.sql, f"REVOKE {privilege} ON *.* FROM ghostferry@'%'")
        self.began = self.target.position()
        return self.stopped(Target={"Params": {"sql_log_bin": "0"}})

    def logged(self):
        """Of abc, in the target's binlog, since then."""
        return [row for row in self.target.events_since(self.began) if "abc" in str(row[5])]

    def finished(self, ferry):
        ferry.assert_status(0)
        self.assertRegex(ferry.log(), "sql_log_bin is 0 in the run's sessions")
        self.assert_equal()
        self.assertEqual(self.logged(), [])

    def test_sessions_that_are_made_again(self):
        """Broken: session_setup() leaves out the Params. Red."""
        ferry, stop = self.unlogged()
        self.source.sql("UPDATE abc.t SET v = 'changed' WHERE id < 5",
                        "DELETE FROM abc.t WHERE id = 9")
        with self.target.connect() as db:
            for (number,) in db.rows("SELECT id FROM information_schema.processlist "
                                     "WHERE user = 'ghostferry' AND command = 'Sleep'"):
                db.run(f"KILL {number}")
        stop.release()
        self.finished(ferry)

    def test_sessions_of_a_resumed_run(self):
        ferry, stop = self.unlogged()
        ferry.kill9()
        stop.release()
        self.source.sql("UPDATE abc.t SET v = 'changed' WHERE id < 5",
                        "DELETE FROM abc.t WHERE id = 9")
        ferry.resume(ferry.state_file())
        self.finished(ferry)

    def test_writes_of_others_are(self):
        ferry, stop = self.unlogged()
        self.target.sql("UPDATE abc.t SET v = 'theirs' WHERE id = 1")
        stop.release()
        self.assert_noticed(ferry, r"abc\.t ")

    def test_an_account_that_may_not(self):
        self.table(rows=3)
        ferry = self.watching(Target={"Params": {"sql_log_bin": "0"}})
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "Target.Params sets what the account may not; sql_log_bin")


class ForeignWriteTest(WatchTest):
    """While rows are copied.

    Broken: streamer_watch_rows() tells nobody; streamer_watch_statement() the same;
    has_text is not cleared at a statement's end (test_without_its_text)."""

    def test_insert(self):
        ferry = self.noticed("INSERT INTO abc.t VALUES (9000, 'theirs', 1)",
                             says=r"WRITE_ROWS\S* at \d{4}-\S+Z, by: INSERT INTO abc.t VALUES ")
        self.assertNotIn("theirs", ferry.log())

    def test_update(self):
        self.noticed("UPDATE abc.t SET v = 'theirs' WHERE id = 1", says="UPDATE_ROWS")

    def test_delete(self):
        self.noticed("DELETE FROM abc.t WHERE id = 1", says="DELETE_ROWS")

    def test_in_the_middle_of_a_transaction(self):
        self.noticed("CREATE DATABASE other", "CREATE TABLE other.o (id INT PRIMARY KEY)",
                     "BEGIN", "INSERT INTO other.o VALUES (1), (2)",
                     "DELETE FROM abc.t WHERE id = 1", "INSERT INTO other.o VALUES (3)", "COMMIT")

    def test_through_a_trigger_of_another_table(self):
        self.noticed("CREATE DATABASE other", "CREATE TABLE other.o (id INT PRIMARY KEY)",
                     "CREATE TRIGGER other.o AFTER INSERT ON other.o FOR EACH ROW"
                     " DELETE FROM abc.t WHERE id = NEW.id", "INSERT INTO other.o VALUES (1)")

    def test_truncate(self):
        self.noticed("TRUNCATE abc.t", says="TRUNCATE")

    def test_alter(self):
        self.noticed("ALTER TABLE abc.t ADD KEY (v)", says="ALTER TABLE")

    def test_drop_database(self):
        self.noticed("DROP DATABASE abc", says="row data of abc has")

    def test_load_data(self):
        self.target.sql("SET GLOBAL local_infile = 1")
        self.addCleanup(lambda: self.target.sql("SET GLOBAL local_infile = DEFAULT"))
        file = self.program_file("9001\ttheirs\t1\n")
        self.noticed(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE abc.t", says="WRITE_ROWS",
                     how={"local_infile": True})

    def program_file(self, content):
        import os
        import tempfile
        handle, path = tempfile.mkstemp()
        self.addCleanup(os.unlink, path)
        with os.fdopen(handle, "w") as f:
            f.write(content)
        return path

    def test_in_statement_format(self):
        self.noticed("UPDATE abc.t SET n = 5 WHERE id = 1", says="UPDATE at ",
                     session=("SET SESSION binlog_format = 'STATEMENT'",))

    def test_without_its_text(self):
        """Behind a signed statement of the same transaction."""
        off = "SET SESSION " + ("binlog_rows_query_log_events" if self.target.is_mysql
                                else "binlog_annotate_row_events") + " = 0"
        self.noticed("BEGIN", "/*application:ghostferry*/ DELETE FROM abc.t WHERE id = 0",
                     "/*application:ghostferry*/ UPDATE abc.t SET n = n + 1 WHERE id = 2", off,
                     "UPDATE abc.t SET n = n - 1 WHERE id = 2", "COMMIT",
                     says="not logged with its rows")

    def test_prepared_xa(self):
        ferry, _ = self.stopped()
        with self.target.connect() as db:
            db.run("XA START 'x'", "UPDATE abc.t SET n = 5 WHERE id = 1", "XA END 'x'",
                   "XA PREPARE 'x'")
            self.assert_noticed(ferry)
            db.run("XA ROLLBACK 'x'")

    def test_compressed(self):
        """MySQL packs transactions, MariaDB events."""
        self.compress()
        self.noticed("UPDATE abc.t SET v = REPEAT('t', 200) WHERE id < 30")

    def compress(self):
        variable = "binlog_transaction_compression" if self.target.is_mysql else "log_bin_compress"
        self.target.sql(f"SET GLOBAL {variable} = 1")
        self.addCleanup(lambda: self.target.sql(f"SET GLOBAL {variable} = 0"))


class SignatureTest(WatchTest):
    """Ghostferry's rule: the first comment, at the very start. Ours: and no other run's.

    Broken: signature_read() says SIGNATURE_OURS after Marginalia alone."""

    def test_signed_by_hand(self):
        ferry, stop = self.stopped(Target={"Marginalia": "my move"})
        with self.target.connect() as db:
            db.run("/*my move*/ INSERT INTO abc.t VALUES (9000, 'x', 1)",
                   "/*my move*/ /*and more*/ DELETE FROM abc.t WHERE id = 9000")
        stop.release()
        self.done(ferry)

    def test_another_comment_first(self):
        self.noticed("/*mine*/ /*application:ghostferry*/ DELETE FROM abc.t WHERE id = 1")

    def test_another_run(self):
        self.noticed("/*application:ghostferry*/ /*run 0123456789abcdef0123456789abcdef*/ "
                     "DELETE FROM abc.t WHERE id = 1", says="another run of ghostferry-copydb")

    def test_renamed(self):
        """Names are those of the target; a table that has the source's name there is
        nobody's business."""
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY)")
        ferry, _ = self.stopped(Databases={"Rewrites": {"abc": "xyz"}},
                                Tables={"Rewrites": {"t": "u"}})
        self.target.sql("INSERT INTO abc.t VALUES (1)")
        self.target.sql("DELETE FROM xyz.u WHERE id = 1")
        self.assert_noticed(ferry, r"row data of xyz\.u has")


class LaterTest(WatchTest):
    """Broken: look_at_target() and stop_watching() left out of the cutover; the state
    without the target's position."""

    WRITE = "UPDATE abc.t SET v = 'theirs' WHERE id = 1"

    def test_while_waiting_for_the_cutover(self):
        self.table(rows=20)
        ferry = self.watching(http=True, AutomaticCutover=False)
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.target.sql(self.WRITE)
        self.assert_noticed(ferry)

    def during_cutover(self, probe, **settings):
        ferry, stop = self.stopped(probe, nth=1, rows=20, **settings)
        self.target.sql(self.WRITE)
        stop.release()
        self.assert_noticed(ferry)

    def test_during_the_cutover(self):
        self.during_cutover("drained", VerifierType="ChecksumTable")

    def test_the_verdict_waits(self):
        """So that what others did is named, not only that rows differ."""
        self.table(rows=20)
        probes = self.probes()
        ferry = self.watching(probes=probes, http=True, VerifierType="ChecksumTable")
        drained = probes.stop_at("drained")
        ferry.start()
        self.reach(ferry, drained)
        behind = probes.stop_at("watched_event")
        self.reach(ferry, behind)
        self.target.sql(self.WRITE)
        drained.release()
        ferry.wait_for_status(lambda s: "target's binlog" in s["WaitingFor"])
        self.assertEqual(probes.hits("before_final_verification"), 0)
        behind.release()
        self.assert_noticed(ferry)

    def test_after_the_verdict(self):
        self.during_cutover("before_last_look", VerifierType="ChecksumTable")

    def interrupted(self):
        ferry, _ = self.stopped()
        ferry.terminate()
        ferry.assert_status(2)
        return ferry

    def test_while_interrupted(self):
        ferry = self.interrupted()
        self.target.sql(self.WRITE)
        for _ in range(2):  # it does not go away
            ferry.resume()
            self.assert_noticed(ferry)
        ferry.resume(SkipTargetVerification=True)
        ferry.assert_status(0)

    def test_while_killed(self):
        ferry, _ = self.stopped()
        ferry.wait_until(ferry.state_file)
        ferry.kill9()
        self.target.sql(self.WRITE)
        ferry.resume(ferry.state_file())
        self.assert_noticed(ferry)

    def test_a_state_without_the_position(self):
        ferry = self.interrupted()
        state = ferry.state()
        del state["CopyStage"]["LastStoredBinlogPositionForTargetVerifier"]
        ferry.resume(state)
        self.done(ferry)
        self.assertRegex(ferry.log(), "does not tell up to where the target was watched")

    def test_a_purged_position(self):
        ferry = self.interrupted()
        self.target.sql("FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
        file = self.target.position()[0]
        self.wait_until(lambda: self.purged(file), what="the binlog to be purged")
        ferry.resume()
        self.assertIn(ferry.wait(), (1, 2))  # MariaDB says so only when rows move already
        self.assertRegex(ferry.log(), "the target no longer has its binlog from"
                                      ".*resume with SkipTargetVerification")

    def purged(self, file):
        """A dump that has just ended may still hold a file."""
        self.target.sql(f"PURGE BINARY LOGS TO '{file}'")
        return self.target.sql("SHOW BINARY LOGS")[0][0] == file


class NoFalseAlarmTest(WatchTest):
    """Broken: the signature is left out of the DELETEs; of the REPLACEs."""

    def busy(self, meanwhile, **settings):
        made = self.basic_tables(rows=200, names=("big", "uniques", "composite"))
        writer = self.writer(made, span=400, pause=0.002, reconnect=True)
        ferry = self.watching(http=True, AutomaticCutover=False, **settings)
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] != "starting")
        meanwhile(writer)
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        writer.wait_for(100)
        writer.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)
        self.assertRegex(ferry.log(), "nobody else wrote to the target's tables")
        return ferry

    def test_connections_are_killed(self):
        def kill(writer):
            for _ in range(3):
                writer.wait_for(30)
                self.target.kill_connections("ghostferry")
        ferry = self.busy(kill, VerifierType="Inline")
        self.assertRegex(ferry.log(), "tag=target_binlog_streamer")

    def test_the_target_is_restarted(self):
        def restart(writer):
            writer.wait_for(30)
            self.target.restart()
        self.busy(restart, VerifierType="Iterative", DBWriteRetries=60)

    def test_compressed_and_rotated(self):
        ForeignWriteTest.compress(self)

        def rotate(writer):
            for _ in range(3):
                writer.wait_for(20)
                self.target.sql("FLUSH BINARY LOGS")
        self.busy(rotate)

    def test_others_write_elsewhere(self):
        self.target.sql("CREATE DATABASE other",
                        "CREATE TABLE other.t (id INT PRIMARY KEY, v VARCHAR(20))")

        def write(writer):
            for i in range(20):
                self.target.sql(f"INSERT INTO other.t VALUES ({i}, 'x')")
            self.target.sql("TRUNCATE other.t", "CREATE DATABASE more", "DROP DATABASE more")
            with self.target.connect() as db:
                db.run("SET SESSION binlog_format = 'STATEMENT'",
                       "INSERT INTO other.t VALUES (1, 'x')")
        self.busy(write)

    def test_one_server_is_both(self):
        """Both streams come from it, and a server ends the older of two with one id."""
        self.table(rows=50)
        ferry = self.watching(target=self.source, user="ghostferry_all", MyServerId=4711,
                             Databases={"Rewrites": {"abc": "xyz"}})
        ferry.run_ok()
        self.assertNotRegex(ferry.log(), "binlog stream lost")
        self.assertEqual(self.source.value("SELECT COUNT(*) FROM xyz.t"), 50)

    def test_a_resumed_run(self):
        ferry, stop = self.stopped()
        ferry.wait_until(lambda: watched(ferry.state_file() or {"CopyStage": {
            "LastStoredBinlogPositionForTargetVerifier": {"Name": "", "Pos": 0}}})[0])
        ferry.terminate()
        ferry.assert_status(2)
        ferry.resume()
        self.done(ferry)
        self.assertEqual(position(ferry.state_file())[0][:4], "bin.")


class StartTest(WatchTest):
    """Broken: check_target() left out of preflight_binlogs()."""

    def refused(self, *patterns, **settings):
        self.table(rows=5)
        ferry = self.watching(**settings)
        self.assertEqual(ferry.run(), 1)
        for pattern in patterns:
            self.assertRegex(ferry.log(), pattern)
        self.assertNotIn("abc", self.target.databases())
        ferry.config["SkipTargetVerification"] = True
        ferry.run_ok()

    @property
    def variable(self):
        return ("binlog_rows_query_log_events" if self.target.is_mysql
                else "binlog_annotate_row_events")

    def set_global(self, variable, value, back):
        self.target.sql(f"SET GLOBAL {variable} = {value}")
        self.addCleanup(lambda: self.target.sql(f"SET GLOBAL {variable} = {back}"))

    def test_texts_are_off(self):
        self.set_global(self.variable, 0, 1)
        self.refused(f"target: {self.variable} must be ON",
                     f"SET GLOBAL {self.variable} = ON, or set SkipTargetVerification")

    def test_texts_are_off_and_the_account_may_turn_them_on(self):
        self.set_global(self.variable, 0, 1)
        self.table(rows=5)
        self.watching(user="ghostferry_all").run_ok()

    def test_the_format(self):
        self.set_global("binlog_format", "'MIXED'", "'ROW'")
        self.refused("target: binlog_format must be ROW, not MIXED",
                     "SET GLOBAL binlog_format = 'ROW'.*or set SkipTargetVerification")

    def test_a_privilege_is_missing(self):
        self.target.sql("REVOKE REPLICATION SLAVE ON *.* FROM ghostferry@'%'")
        self.addCleanup(lambda: self.target.sql(
            "GRANT REPLICATION SLAVE ON *.* TO ghostferry@'%'"))
        self.refused("target: the account .* lacks the privilege REPLICATION SLAVE",
                     "GRANT REPLICATION SLAVE ON .*, or set SkipTargetVerification")

    def test_no_binlog(self):
        target = self.private_server("target", "--skip-log-bin")
        self.table(rows=5)
        ferry = self.watching(target=target)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "target: log_bin must be ON, not OFF")
        self.assertRegex(ferry.log(), "--log-bin and --server-id, or set SkipTargetVerification")

    def test_a_filter(self):
        target = self.private_server("target", "--binlog-ignore-db=abc")
        self.table(rows=5)
        ferry = self.watching(target=target)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "target: changes of database abc are not written to the")
