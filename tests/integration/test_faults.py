"""Fault by fault: what the user sees, and that nothing is lost. WHAT HAPPENS IF in
ghostferry-copydb(7) names these tests."""

import os
import re
import shutil
import subprocess
import tempfile
import time

from lib import place
from lib.case import BOTH, MARIADB, MARIADB_105, MARIADB_118
from lib.db import name, text
from lib.moves import MoveTest, completed, position
from lib.proxy import TO_PROGRAM, TO_SERVER, Proxy
from lib.receiver import Receiver
from lib.server import MAKES, PASSWORD

TAGS = ("faults",)
TABLES = ("big", "uniques", "composite")


class FaultTest(MoveTest):
    """A move with random writes, in the middle of which something happens."""

    timeout = 180

    def proxies(self):
        """Proxies in front of source and target, and settings that lead through them."""
        made = [Proxy(self.source), Proxy(self.target)]
        for proxy in made:
            self.addCleanup(proxy.close)
        return made, {"Source": {"Port": made[0].port}, "Target": {"Port": made[1].port}}

    def begin(self, rows=300, span=900, **settings):
        """Copies in small steps; the caller ends it with finish()."""
        made = self.basic_tables(rows=rows, names=TABLES)
        self.busy = self.writer(made, span=span, pause=0.002, reconnect=True)
        settings.setdefault("DataIterationBatchSize", 10)
        settings.setdefault("AutomaticCutover", False)
        return self.ferry(http=True, **settings)

    def stopped_in_the_middle(self, **settings):
        probes = self.probes()
        ferry = self.begin(probes=probes, **settings)
        stop = probes.stop_at("after_batch_write", nth=9)
        ferry.start()
        self.reach(ferry, stop)
        return ferry, stop

    def finish(self, ferry):
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.busy.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 90)
        ferry.interrupt()
        self.done(ferry)

    def resume_and_finish(self, ferry, **settings):
        ferry.resume(ferry.state_file(), **settings)
        self.finish(ferry)

    def assert_ended(self, ferry, *patterns, status=2, timeout=90):
        """With the state dumped and a log that says this."""
        ferry.assert_status(status, timeout)
        for pattern in patterns:
            self.assertRegex(ferry.log(), pattern)
        if status == 2:
            self.assertEqual(position(ferry.state())[0][:4], "bin.")


class ServersTest(FaultTest):
    """The run outlives servers that come back soon."""

    def survives(self, happens, *patterns):
        ferry, stop = self.stopped_in_the_middle()
        happens()
        stop.release()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        happens()
        self.busy.wait_for(30)
        self.finish(ferry)
        for pattern in patterns:
            self.assertRegex(ferry.log(), pattern)

    def test_the_source_is_restarted(self):
        self.survives(self.source.restart, "binlog stream lost", "taken up again")

    def test_the_target_is_restarted(self):
        self.survives(self.target.restart, "failed to write .* 1 of 5 max retries")

    def test_the_source_is_killed(self):
        self.survives(lambda: (self.source.kill9(), self.source.start()), "taken up again")

    def test_the_target_is_killed(self):
        self.survives(lambda: (self.target.kill9(), self.target.start()))

    def test_both_are_killed(self):
        def happens():
            self.source.kill9()
            self.target.kill9()
            self.source.start()
            self.target.start()
        self.survives(happens)

    def test_the_target_stays_away(self):
        ferry, stop = self.stopped_in_the_middle(DBWriteRetries=2, ServerAwayTimeout=1)
        self.target.stop()
        stop.release()
        self.assert_ended(ferry, "retry limit exceeded", "resumed with -resumestate")
        self.target.start()
        self.resume_and_finish(ferry)

    def test_the_source_stays_away(self):
        ferry, stop = self.stopped_in_the_middle(DBReadRetries=2, ServerAwayTimeout=1)
        self.source.stop()
        stop.release()
        self.assert_ended(ferry, "retry limit exceeded", "resumed with -resumestate")
        self.source.start()
        self.resume_and_finish(ferry)

    def test_all_connections_are_killed(self):
        ferry = self.begin(DataIterationBatchSize=2).start()
        ferry.wait_for_log("ferry initialized")
        for _ in range(10):
            for server in (self.source, self.target):
                server.kill_connections("ghostferry")
            self.busy.wait_for(20)
        self.finish(ferry)


class NetworkTest(FaultTest):
    def cut_everywhere(self, side, direction, is_reset):
        """Each connection to that side ends after a number of bytes, which grows."""
        proxies, settings = self.proxies()
        ferry = self.begin(rows=60, span=200, DBWriteRetries=0, DBReadRetries=1000,
                           DataIterationConcurrency=2, BinlogWriterConcurrency=2, **settings)
        proxy = proxies[side]
        ferry.start()
        ferry.wait_for_log("ferry initialized")
        for count in (1, 30, 100, 150, 260, 400, 600, 800, 1100, 1500, 2000, 2600, 3500, 5000, 9000):
            proxy.cut_new(count, direction, is_reset)
            proxy.cut_after(count, direction, is_reset)
            time.sleep(.15)  # as far as it comes
        proxy.heal()
        self.finish(ferry)

    def test_a_slow_network(self):
        proxies, settings = self.proxies()
        ferry = self.begin(rows=60, span=200, DataIterationBatchSize=30, **settings)
        for proxy in proxies:
            proxy.delay = .004
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.busy.wait_for(50)
        self.finish(ferry)

    def test_cut_on_the_way_to_the_target(self):
        self.cut_everywhere(1, TO_SERVER, True)

    def test_cut_on_the_way_from_the_target(self):
        """A COMMIT that was done and whose answer was lost."""
        self.cut_everywhere(1, TO_PROGRAM, False)

    def test_cut_on_the_way_to_the_source(self):
        self.cut_everywhere(0, TO_SERVER, False)

    def test_cut_on_the_way_from_the_source(self):
        self.cut_everywhere(0, TO_PROGRAM, True)

    def vanishes(self, side, waits=(), **settings):
        """No packet comes through any more, and nobody says so."""
        proxies, through = self.proxies()
        probes = self.probes()
        for of in through.values():
            of["NetworkTimeout"] = 3
        ferry = self.begin(probes=probes, **through, **settings)
        stop = probes.stop_at("before_batch_write", nth=9)
        ferry.start()
        self.reach(ferry, stop)
        proxies[side].vanish()
        stop.release()
        ferry.wait_until(lambda: ferry.log_contains(
            "failed to (write|fetch rows|connect).* 1 of"), 20, "the loss to be noticed")
        proxies[side].cut()
        proxies[side].heal()
        self.finish(ferry)

    def test_the_network_to_the_target_vanishes(self):
        self.vanishes(1)

    def test_the_network_to_the_source_vanishes(self):
        self.vanishes(0)

    def test_the_network_vanishes_while_an_answer_is_waited_for(self):
        """Nothing is on its way then: only asking tells (keepalive)."""
        proxies, through = self.proxies()
        through["Target"]["NetworkTimeout"] = 3
        self.table(rows=60)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, **through)
        stop = probes.stop_at("before_batch_write", r"abc\.t 3$")
        ferry.start()
        self.reach(ferry, stop)
        with self.target.connect() as db:
            db.run("BEGIN", "INSERT INTO abc.t VALUES (25, 'not mine', 1)")
            stop.release()
            ferry.wait_until(lambda: self.waits_for_a_lock(self.target))
            proxies[1].vanish()
            ferry.wait_for_log("failed to write row batch, 1 of", 20)
            db.run("ROLLBACK")
        proxies[1].cut()
        proxies[1].heal()
        self.done(ferry)


class TargetTest(FaultTest):
    """Others work on the target, or its administrator does."""

    def test_a_lock_that_is_held_for_long(self):
        """The statement fails by the server's lock wait timeout, and is tried again."""
        ferry, stop = self.stopped_in_the_middle(
            Target={"Params": {"innodb_lock_wait_timeout": "1"}}, DBWriteRetries=1)
        with self.target.connect() as db:
            db.run("BEGIN", "SELECT COUNT(*) FROM abc.big FOR UPDATE")
            stop.release()
            ferry.wait_for_status(lambda s: s["TargetLockWaits"] >= 3)
            ferry.wait_for_log("hold locks on the target.*Lock wait timeout")
            db.run("ROLLBACK")
        self.finish(ferry)

    def test_deadlocks(self):
        """Somebody who locks rows in the other order."""
        ferry = self.begin(DBWriteRetries=1, DataIterationBatchSize=50)
        ferry.start()
        ferry.wait_for_log("ferry initialized")
        seen = 0
        with self.target.connect() as db:
            db.run("SET innodb_lock_wait_timeout=2")
            for turn in range(40):
                try:
                    db.run("BEGIN")
                    for n in range(120, 0, -7):
                        db.run(f"SELECT COUNT(*) FROM abc.big WHERE id = {n} FOR UPDATE")
                    db.run("COMMIT")
                except Exception as e:
                    seen += e.args[0] == 1213
                    db.run("ROLLBACK")
        self.finish(ferry)

    def test_a_packet_that_is_too_large(self):
        self.table(rows=5, body="id INT NOT NULL PRIMARY KEY, v LONGTEXT, n INT")
        before = self.target.value("SELECT @@max_allowed_packet")
        self.addCleanup(self.target.sql, f"SET GLOBAL max_allowed_packet = {before}")
        ferry = self.ferry(AutomaticCutover=False).start()
        ferry.wait_for_log("waiting for cutover")
        ferry.kill9()
        self.target.sql("SET GLOBAL max_allowed_packet = 1048576")
        self.source.sql("UPDATE abc.t SET v = REPEAT('x', 2000000) WHERE id = 3")
        ferry.resume(ferry.state_file())
        self.assert_ended(ferry, r"abc\.t: a (changed )?row takes 20\d+ bytes",
                          "SET GLOBAL max_allowed_packet")
        self.target.sql(f"SET GLOBAL max_allowed_packet = {before}")
        ferry.resume(AutomaticCutover=True)
        self.done(ferry)

    def account(self, server, grants):
        """An account of its own with these privileges on the server."""
        secret = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        server.sql("DROP USER IF EXISTS mover@'%'",
                   f"CREATE USER mover@'%' IDENTIFIED BY '{secret}'",
                   f"GRANT {grants} ON *.* TO mover@'%'")
        self.addCleanup(server.sql, "DROP USER IF EXISTS mover@'%'")

    def test_a_privilege_is_revoked(self):
        self.account(self.target, "SELECT, INSERT, UPDATE, DELETE, CREATE, REFERENCES, PROCESS")
        ferry, stop = self.stopped_in_the_middle(Target={"User": "mover"})
        self.target.sql("REVOKE DELETE, INSERT ON *.* FROM mover@'%'")
        # Old sessions of MariaDB keep global privileges.
        self.target.kill_connections("mover")
        stop.release()
        self.assert_ended(ferry, r"(INSERT|DELETE)[^\n]*command denied")
        self.target.sql("GRANT INSERT, DELETE ON *.* TO mover@'%'")
        self.resume_and_finish(ferry)

    def test_the_source_s_privileges_are_revoked(self):
        self.account(self.source, "SELECT, REPLICATION SLAVE, REPLICATION CLIENT, PROCESS,"
                     " SHOW VIEW, TRIGGER, EVENT, LOCK TABLES")
        ferry, stop = self.stopped_in_the_middle(Source={"User": "mover"})
        self.source.sql("REVOKE SELECT ON *.* FROM mover@'%'")
        self.source.kill_connections("mover")
        stop.release()
        self.assert_ended(ferry, "SELECT.*command denied|denied")
        self.source.sql("GRANT SELECT ON *.* TO mover@'%'")
        self.resume_and_finish(ferry)

    def test_the_account_is_dropped(self):
        self.account(self.target, "SELECT, INSERT, UPDATE, DELETE, CREATE, REFERENCES, PROCESS")
        ferry, stop = self.stopped_in_the_middle(Target={"User": "mover"})
        self.target.sql("DROP USER mover@'%'")
        self.target.kill_connections("mover")
        stop.release()
        self.assert_ended(ferry, r"Access denied for user|\(1045\)")
        self.account(self.target, "SELECT, INSERT, UPDATE, DELETE, CREATE, REFERENCES, PROCESS")
        self.resume_and_finish(ferry)

    def small_disk(self, megabytes):
        """A directory for a target, and what takes its room and gives it back."""
        folder = place.temp_dir(MAKES[self.pair[1]].inside)
        if subprocess.call(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder]):
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.call, ["umount", "-l", folder])
        filler = os.path.join(folder, "filler")

        def fill():
            with open(filler, "wb", 0) as f:
                try:
                    while f.write(bytes(1 << 16)):
                        pass
                except OSError:
                    pass
        return folder, fill, lambda: os.unlink(filler)

    def test_its_disk_is_full(self):
        home, fill, make_room = self.small_disk(400)
        self.target = self.private_server("target", "--skip-log-bin", home=home)
        self.table(rows=100, body="id INT NOT NULL PRIMARY KEY, v LONGTEXT, n INT",
                   select="n, REPEAT('x', 40000), n")
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, DBWriteRetries=2, ServerAwayTimeout=1)
        stop = probes.stop_at("before_batch_write", r"abc\.t 3$")
        ferry.start()
        self.reach(ferry, stop)
        fill()
        probes.release_all()
        # MySQL says so; MariaDB ends itself when it cannot write its log.
        self.assert_ended(ferry, "1 of 2.*(is full|No space left|Lost connection)",
                          "retry limit exceeded")
        make_room()
        if self.target.process.poll() is not None:
            self.target.start()
        ferry.resume(ferry.state_file())
        self.done(ferry)

    def read_only(self, on):
        self.target.sql(f"SET GLOBAL read_only = {on}")

    def test_read_only_for_a_while(self):
        ferry, stop = self.stopped_in_the_middle()
        self.addCleanup(self.read_only, 0)
        self.read_only(1)
        stop.release()
        ferry.wait_for_log("read.only")
        self.read_only(0)
        self.finish(ferry)

    def test_read_only_for_good(self):
        ferry, stop = self.stopped_in_the_middle(DBWriteRetries=2)
        self.addCleanup(self.read_only, 0)
        self.read_only(1)
        stop.release()
        self.assert_ended(ferry, "read.only", "retry limit exceeded")
        self.read_only(0)
        self.resume_and_finish(ferry)


class SourceTest(FaultTest):
    def test_a_table_that_is_locked_for_long(self):
        """LOCK TABLES, or a definition being changed. Said after a minute; here sooner."""
        self.table(rows=30)
        ferry = self.one_by_one(Source={"Params": {"lock_wait_timeout": "1"}}, http=True,
                                AutomaticCutover=False)
        probes = self.probes()
        ferry.environ["GHOSTFERRY_PROBES"] = ferry.program.seen(probes.path)
        stop = probes.stop_at("before_chunk_read", r"abc\.t 2$")
        ferry.start()
        self.reach(ferry, stop)
        with self.source.connect() as db:
            db.run("LOCK TABLES abc.t WRITE")
            stop.release()
            ferry.wait_for_log(r"failed to fetch rows, 1 of 60 [^\n]*Lock wait timeout")
            db.run("UNLOCK TABLES")
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)


    def test_a_row_lock_holds_a_reader_and_all_changes(self):
        """They wait at the fence until they fill the queue. Broken: a full queue counts as
        the target's. Red: LimitedBy target."""
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, v LONGTEXT)",
                        "INSERT INTO abc.t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
        ferry = self.ferry(http=True, AutomaticCutover=False, DataIterationBatchSize=1,
                           MemoryLimit=33554432)
        with self.source.connect() as db:
            db.run("BEGIN", "UPDATE abc.t SET v = 'held' WHERE id = 3")
            ferry.start()
            ferry.wait_until(lambda: self.waits_for_a_lock(self.source))
            for n in range(20):
                self.source.sql(f"UPDATE abc.t SET v = REPEAT('{n % 10}', 1000000) WHERE id = 1")
            # The queue takes 12 MiB: the stream stands somewhere in these 20.
            seen = ferry.wait_for_status(
                lambda s: s["BinlogWriterLag"] > 2 and s["LimitedBy"], 30)
            self.assertEqual(seen["LimitedBy"], "source")
            db.run("COMMIT")
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 60)
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 60)
        ferry.interrupt()
        self.done(ferry)


class ClockTest(FaultTest):
    """The machine's clock is set, or far from the source's, while the source is never
    idle. Waits go by the monotonic clock; how far behind the stream is by the source's.

    Broken: the lag is by our own clock, as it was when the source's was read, or as it is: red,
    with the clock ahead; TimeTaken by the wall clock: red with it ahead."""

    def with_clock(self, ferry):
        """Its clock; set() by seconds."""
        library = os.path.join(ferry.dir, "wall_clock.so")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, os.path.join(
            place.TOP, "tests/integration/lib/wall_clock.c"), "-ldl"], check=True)
        path = os.path.join(ferry.dir, "ahead")
        ferry.environ.update(LD_PRELOAD=library, WALL_CLOCK=path)

        def ahead(seconds):
            with open(path + ".new", "w") as f:
                f.write(str(seconds))
            os.rename(path + ".new", path)
        ahead(0)
        return ahead

    def jumps(self, seconds):
        probes = self.probes()
        receiver = Receiver(lambda path: self.busy.stop() or 200)
        self.addCleanup(receiver.close)
        ferry = self.begin(probes=probes, CutoverLock=receiver.callback("/lock"))
        ahead = self.with_clock(ferry)
        stop = probes.stop_at("after_batch_write", nth=9)
        ferry.start()
        self.reach(ferry, stop)
        ahead(seconds)
        stop.release()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        before = position(ferry.state_file())
        ferry.wait_until(lambda: position(ferry.state_file()) > before, what="a later state")
        status = ferry.status()
        for key in ("BinlogStreamerLag", "BinlogWriterLag", "ETA", "TimeTaken"):
            self.assertGreaterEqual(status[key], 0, key)
            self.assertLess(status[key], 600, key)
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)

    def test_a_day_ahead(self):
        self.jumps(86400)

    def test_a_day_behind(self):
        self.jumps(-86400)


class OneAtATimeTest(FaultTest):
    """The run's lock on the target lasts as long as the run, whatever becomes of the
    connection that holds it.

    Broken: no keeper of the lock. Red: the second process began to work."""

    def refused(self, first):
        second = self.ferry(AutomaticCutover=False)
        second.resume(first.state_file())
        second.assert_status(1, timeout=40)
        self.assertTrue(second.log_contains("another process is working on this state"))

    def test_a_second_process_after_a_restart_of_the_target(self):
        ferry, stop = self.stopped_in_the_middle()
        ferry.wait_until(ferry.state_file)
        self.target.restart()
        stop.release()
        ferry.wait_for_log("lock on the target is held again")
        self.refused(ferry)
        self.finish(ferry)

    def test_the_first_process_wakes_up_late(self):
        """Suspended, cut off, and overtaken: it must not write a row any more."""
        ferry, stop = self.stopped_in_the_middle()
        ferry.wait_until(ferry.state_file)
        ferry.suspend()
        self.target.kill_connections("ghostferry")
        second = self.ferry(http=True, AutomaticCutover=False)
        second.resume(ferry.state_file())
        second.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 60)
        stop.release()
        ferry.go_on()
        ferry.assert_status(2, timeout=60)
        self.assertRegex(ferry.log(), "another process is working on this state|"
                         "is held by connection|not held by us")
        self.finish(second)

    def test_the_first_process_wakes_up_when_all_is_over(self):
        """The second one has ended, so that nobody holds a lock any more, and the target is
        in use. Broken: the lock is taken again: the first one goes on copying."""
        ferry, stop = self.stopped_in_the_middle()
        ferry.wait_until(ferry.state_file)
        ferry.suspend()
        began = time.monotonic()
        self.target.kill_connections("ghostferry")
        second = self.ferry(http=True, AutomaticCutover=False,
                            StateFile=ferry.config_path + ".state")
        second.resume(ferry.state_file())
        second.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 60)
        self.finish(second)
        self.target.sql("DELETE FROM abc.big")
        self.wait_until(lambda: time.monotonic() - began > 6)
        stop.release()
        ferry.go_on()
        ferry.assert_status(2, timeout=60)
        self.assertRegex(ferry.log(), r"stood still for \d+ s and lost the run's lock")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.big"), 0)
        self.assertEqual(ferry.state_file()["CurrentStage"], "DONE")


class LeaseTest(FaultTest):
    """What the servers still believe of a machine that is gone, or was."""

    pairs = BOTH
    timeout = 300

    def test_the_machine_is_gone(self):
        """Killed, and no packet ever says so. Broken: the connection that holds the lock is
        kept for a year. Red: status 1, another process is working on this state."""
        proxies, through = self.proxies()
        probes = self.probes()
        ferry = self.begin(probes=probes, **through)
        stop = probes.stop_at("after_batch_write", nth=9)
        ferry.start()
        self.reach(ferry, stop)
        ferry.wait_until(ferry.state_file)
        for proxy in proxies:
            proxy.vanish()
        ferry.kill9()
        probes.release_all()
        second = self.ferry(http=True, AutomaticCutover=False, DataIterationBatchSize=10)
        second.resume(ferry.state_file())
        second.wait_for_log("was last heard of .* waiting until 60 s are over", 40)
        second.wait_for_log("ferry initialized", 90)
        self.finish(second)

    def test_a_partition(self):
        """Nothing gets through for 75 seconds, then everything does."""
        proxies, through = self.proxies()
        ferry = self.begin(rows=100, span=300, **through)
        ferry.start()
        ferry.wait_for_log("ferry initialized")
        for proxy in proxies:
            proxy.vanish()
        gone = time.monotonic()
        ferry.wait_until(lambda: time.monotonic() - gone > 75, 90)
        for proxy in proxies:
            proxy.reappear()
        self.finish(ferry)

    def test_both_servers_are_away(self):
        """For 75 seconds, and refuse connections. Red: retry limit exceeded."""
        ferry, stop = self.stopped_in_the_middle()
        self.busy.hold()
        for server in (self.source, self.target):
            server.stop()
        gone = time.monotonic()
        stop.release()
        ferry.wait_until(lambda: time.monotonic() - gone > 75, 90)
        for server in (self.source, self.target):
            server.start()
        self.busy.go_on()
        self.finish(ferry)


class StateFileTest(FaultTest):
    def test_its_folder_goes_away(self):
        """The run goes on, says so, and the state is still to be had on stdout."""
        folder = os.path.join(tempfile.mkdtemp(dir=self.ferry().dir), "d")
        os.mkdir(folder)
        ferry = self.begin(StateFile=os.path.join(folder, "state"))
        ferry.config["StateFile"] = ferry.program.seen(ferry.config["StateFile"])
        ferry.start()
        self.wait_until(lambda: os.listdir(folder) == ["state"], what="the state file")
        shutil.rmtree(folder)
        ferry.wait_for_log("level=error msg=.the state file cannot be written, trying on")
        os.mkdir(folder)
        ferry.wait_for_log("the state file is written again")
        shutil.rmtree(folder)
        ferry.terminate()
        self.assert_ended(ferry)
        ferry.config["StateFile"] = None
        del ferry.config["StateFile"]
        ferry.resume()
        self.finish(ferry)

    def test_its_disk_is_full(self):
        folder = os.path.join(self.ferry().dir, "small")
        os.mkdir(folder)
        if subprocess.call(["mount", "-t", "tmpfs", "-o", "size=32k", "none", folder]):
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.call, ["umount", "-l", folder])
        ferry = self.begin(StateFile=os.path.join(folder, "state"))
        path = ferry.config["StateFile"]
        ferry.config["StateFile"] = ferry.program.seen(path)
        ferry.start()
        self.wait_until(lambda: os.path.exists(path), what="the state file")
        with open(path) as f:
            before = f.read()
        with open(os.path.join(folder, "filler"), "wb", 0) as f:
            try:
                while f.write(b"x" * 512):
                    pass
            except OSError:
                pass
        self.busy.wait_for(50)
        ferry.wait_for_log("cannot be written, trying on.*No space left on device")
        with open(path) as f:
            self.assertTrue(f.read().endswith("}\n"))  # the last whole one
        self.assertTrue(before)
        ferry.terminate()
        self.assert_ended(ferry)
        os.unlink(os.path.join(folder, "filler"))
        ferry.resume()
        self.finish(ferry)

    def test_its_disk_does_not_answer(self):
        """Copying, applying and a signal's answer wait for no disk. Broken: the ending waits
        for it whatever was printed: it takes ENDING_S."""
        probes = self.probes()
        ferry = self.begin(probes=probes)
        stop = probes.stop_at("state_file_written", nth=2)
        ferry.start()
        self.reach(ferry, stop)
        before = ferry.state_file()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.busy.wait_for(50)
        ferry.wait_for_log(r"level=error msg=.writing the state file takes \d+ s already")
        self.assertEqual(ferry.state_file(), before)  # the last whole one
        began = time.monotonic()
        ferry.terminate()
        self.assert_ended(ferry, "the newest state is the one on stdout")
        self.assertLess(time.monotonic() - began, 10)
        stop.release()
        ferry.resume()
        self.finish(ferry)

    def test_done_while_its_disk_does_not_answer(self):
        """Nothing is left to do but to write that: it is waited for, and said."""
        probes = self.probes()
        ferry = self.begin(probes=probes)
        stop = probes.stop_at("state_file_written", nth=2)
        ferry.start()
        self.reach(ferry, stop)
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        self.busy.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 90)
        ferry.interrupt()
        ferry.wait_for_log("writing the state file takes .* s already")
        self.assertTrue(ferry.running)
        stop.release()
        self.done(ferry)
        ferry.run()
        ferry.assert_status(0)  # not as an unfinished run
        self.assertIn("there is nothing to do", ferry.log())

    def test_cut_off_or_changed_by_hand(self):
        ferry, stop = self.stopped_in_the_middle()
        path = ferry.config_path + ".state"
        ferry.wait_until(ferry.state_file)
        ferry.kill9()
        with open(path) as f:
            whole = f.read()
        unreadable = "error: .*failed to parse state file"
        for broken, status, resumed in (
                (whole[:len(whole) // 2], 1, unreadable), ("", 1, unreadable),
                ("{}", 1, unreadable), (whole.replace('"Pos":', '"Pos":-'), 1, unreadable),
                (whole.replace("bin.", "nib."), 2, r"no longer has its binlog from nib\."),
                (re.sub(r'"Pos": ?(\d)', r'"Pos": 5000000000\1', whole), 1,
                 r"no longer has its binlog up to bin\.\d+:5")):
            with open(path, "w") as f:
                f.write(broken)
            ferry.run()
            ferry.assert_status(1)
            self.assertRegex(ferry.log(), f"{unreadable}|holds the state of an unfinished run")
            if status == 2 or "5000000000" in broken:
                ferry.run("-resumestate", ferry.program.seen(path))
                ferry.assert_status(1)
                self.assertIn("StateChecksum: the state was changed", ferry.log())
            ferry.run("-force-state", "-resumestate", ferry.program.seen(path))
            ferry.assert_status(status)
            self.assertRegex(ferry.log(), resumed)
        with open(path, "w") as f:
            f.write(whole)
        self.resume_and_finish(ferry)


class BinlogTest(FaultTest):
    def test_purged_while_cut_off(self):
        """The source throws away what the stream has not yet seen."""
        proxies, through = self.proxies()
        ferry = self.begin(**through).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        ferry.suspend()
        proxies[0].cut()
        seen = self.source.position()[0]  # nothing behind it was received
        self.busy.wait_for(200)

        def purged():
            # A dump that has not noticed yet keeps what it reads.
            self.source.kill_connections("ghostferry")
            self.source.sql("FLUSH BINARY LOGS")
            self.source.sql(f"PURGE BINARY LOGS TO '{self.source.position()[0]}'")
            return self.source.sql("SHOW BINARY LOGS")[0][0] > seen
        self.wait_until(purged)
        ferry.go_on()
        self.assert_ended(ferry, rf"no longer has[^\n]*bin\.\d+", "start from scratch")


class LostDataTest(MoveTest):
    def test_a_transaction_that_was_half_sent(self):
        """The source's machine loses its power, and with it what was not on disk. Broken:
        the streamer forgets what it had handed on of it: the run ends well, and differs."""
        self.assert_noticed(self.half_sent())

    def test_a_transaction_that_was_half_sent_before_an_interrupt(self):
        """Nobody waits until the machine is up again. Broken: the state does not tell."""
        def interrupted(ferry):
            self.wait_until(lambda: self.target.value("SELECT COUNT(*) FROM abc.t") > 20)
            ferry.terminate()
            ferry.assert_status(2)

        ferry = self.half_sent(interrupted)
        state = ferry.state()
        # The GTID of what is lost may have been given to another transaction since.
        state.pop("ReceivedGTIDSet", None)
        ferry.resume(state)
        self.assert_noticed(ferry)

    def assert_noticed(self, ferry):
        ferry.wait(90)
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"binlog ends at bin\.\d+:\d+ in that file, but was sent up"
                                      r" to bin.* start from scratch")

    def half_sent(self, meanwhile=None):
        self.source = self.private_server("source")
        self.table(rows=20, body="id BIGINT NOT NULL PRIMARY KEY, v LONGTEXT, n INT")
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        copied = probes.stop_at("copy_done")
        ferry.start()
        self.reach(ferry, copied)
        disk = os.path.join(self.source.dir, "data")
        self.source.suspend()
        subprocess.run(["cp", "-a", disk, disk + ".then"], check=True)
        self.source.resume()
        # Behind what is kept until the commit.
        rows = probes.stop_at("binlog_event", "(?i)rows", nth=12)
        # More than what is on its way may be.
        self.source.sql("BEGIN", *[f"INSERT INTO abc.t (id, v) VALUES ({n}, REPEAT('w', 1000000))"
                                   for n in range(100, 116)], "COMMIT")
        self.reach(ferry, rows)
        self.source.kill9()
        if meanwhile:
            rows.release()
            meanwhile(ferry)
        shutil.rmtree(disk)
        os.rename(disk + ".then", disk)
        self.source.start()
        self.assertEqual(self.source.value("SELECT COUNT(*) FROM abc.t"), 20)
        rows.release()
        copied.release()
        return ferry


class CutShortTest(MoveTest):
    """MariaDB is killed while it writes a transaction to its binlog, and half of it stays at
    the end of the file."""

    pairs = (MARIADB, MARIADB_105, MARIADB_118)

    def begin(self, through_proxy=False, **settings):
        self.source = self.private_server("source", "--max-binlog-size=1G")
        if through_proxy:
            self.proxy = Proxy(self.source)
            self.addCleanup(self.proxy.close)
            settings["Source"] = {"Port": self.proxy.port}
        self.table(rows=20, body="id BIGINT NOT NULL PRIMARY KEY, v LONGTEXT, n INT")
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, http=True, AutomaticCutover=False, **settings)
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.caught_up(ferry)
        return ferry, probes

    def caught_up(self, ferry):
        ferry.wait_until(lambda: position(ferry.state_file()) >= self.source.position()
                         and completed(ferry.state_file()), what="the state of now")

    def cut_short(self, left, *statements):
        """Of the statements' transaction, which follows all else, the server knows nothing
        but the first bytes of it in its binlog: left(number of them)."""
        disk = os.path.join(self.source.dir, "data")
        file, before = self.source.position()
        self.source.suspend()
        subprocess.run(["cp", "-a", disk, disk + ".then"], check=True)
        self.source.resume()
        self.source.sql("BEGIN", *statements, "COMMIT")
        after = self.source.position()[1]
        self.source.kill9()
        with open(os.path.join(disk, file), "rb") as f:
            log = f.read(before + left(after - before))
        shutil.rmtree(disk)
        os.rename(disk + ".then", disk)
        with open(os.path.join(disk, file), "r+b") as f:
            f.write(log)
        self.source.start()
        self.assertEqual(self.source.value("SELECT COUNT(*) FROM abc.t"), 20)
        self.source.sql("INSERT INTO abc.t (id) VALUES (500)", "FLUSH BINARY LOGS",
                        "INSERT INTO abc.t (id) VALUES (501)")

    def finish(self, ferry):
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 90)
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", 90)
        ferry.interrupt()
        self.done(ferry)

    ROWS = "INSERT INTO abc.t (id, n) VALUES (100, 1), (101, 2)"
    # In the GTID's event, behind it, in the rows', and in the last event.
    PLACES = (lambda size: 10, lambda size: 60, lambda size: size // 2, lambda size: size - 3)

    def test_while_no_process_is_there(self):
        for left in self.PLACES:
            with self.subTest(left(1000)):
                ferry, probes = self.begin()
                ferry.kill9()
                self.cut_short(left, self.ROWS)
                ferry.resume(ferry.state_file())
                self.finish(ferry)
                self.assertRegex(ferry.log(), r"ends in the middle of an event behind bin\.\d+:\d+,"
                                              r" of a transaction that was never committed")
                probes.close()
                self.target.drop_user_databases()

    def test_while_it_is_followed(self):
        ferry, _ = self.begin(through_proxy=True)
        ferry.suspend()
        self.proxy.cut()  # none of it is on its way
        self.cut_short(lambda size: size // 2, self.ROWS)
        ferry.go_on()
        self.finish(ferry)
        self.assertRegex(ferry.log(), "of a transaction that was never committed")

    def test_an_interrupt_later(self):
        """The state is behind the place, once and for all; an XA transaction that is not
        decided keeps it in front of it, and it is passed once more."""
        for xa in (False, True):
            with self.subTest(xa):
                ferry, probes = self.begin()
                if xa:
                    with self.source.connect() as db:
                        db.run("XA START 'x'", "UPDATE abc.t SET n = 77 WHERE id = 3",
                               "XA END 'x'", "XA PREPARE 'x'")
                ferry.kill9()
                self.cut_short(lambda size: size // 2, self.ROWS)
                ferry.resume(ferry.state_file())
                ferry.wait_until(lambda: self.target.value("SELECT COUNT(*) FROM abc.t") == 22,
                                 what="what follows")
                self.source.sql("INSERT INTO abc.t (id) VALUES (502)")
                ferry.wait_until(lambda: self.target.value("SELECT COUNT(*) FROM abc.t") == 23,
                                 what="the last row")
                ferry.terminate()
                ferry.assert_status(2)
                ferry.resume()
                if xa:
                    self.source.sql("XA COMMIT 'x'")
                self.finish(ferry)
                self.assertEqual(bool(re.search("was never committed", ferry.log())), xa)
                probes.close()
                self.target.drop_user_databases()

    def test_rows_of_it_are_on_the_target(self):
        """More of it than is kept until the commit was sent, and handed on."""
        ferry, probes = self.begin()
        rows = probes.stop_at("binlog_event", "(?i)rows", nth=12)
        disk = os.path.join(self.source.dir, "data")
        file, before = self.source.position()
        self.source.suspend()
        subprocess.run(["cp", "-a", disk, disk + ".then"], check=True)
        self.source.resume()
        self.source.sql("BEGIN", *[f"INSERT INTO abc.t (id, v) VALUES ({n}, REPEAT('w', 1000000))"
                                   for n in range(100, 116)], "COMMIT")
        self.reach(ferry, rows)
        self.source.kill9()
        with open(os.path.join(disk, file), "rb") as f:
            log = f.read(before + 14500000)
        shutil.rmtree(disk)
        os.rename(disk + ".then", disk)
        with open(os.path.join(disk, file), "r+b") as f:
            f.write(log)
        self.source.start()
        rows.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "ends in the middle of an event .* the target holds rows of"
                                      " that transaction; the run cannot be resumed: drop what")
