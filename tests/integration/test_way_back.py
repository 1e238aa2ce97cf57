"""PrepareRollback and -back: after the cutover the application writes to the new server, and
the old one follows it, until the rollback. Each rule of src/ferry/ferry_back.c was taken away
once. Red without B1 or B2: test_a_write_of_others_before_the_place; B3: all that write on the
new server; B4 and the first half of B5: test_killed_before_the_state_says_unlocked; its second
half: test_killed_within_the_callback."""

import json
import os
import shutil

from lib import place
from lib.case import BOTH, CROSS, MARIADB
from lib.certificates import certificates, server_options
from lib.moves import MoveTest, position
from lib.receiver import Receiver
from lib.writer import Writer


class WayBackTest(MoveTest):
    """abc is moved to be xyz, with everything that notices a wrong row switched on."""

    def setUp(self):
        super().setUp()
        self.on_post = {}  # path -> what the application does when it is told
        self.receiver = Receiver(self.answer)
        self.addCleanup(self.receiver.close)

    def answer(self, path):
        return self.on_post.get(path, lambda: 200)() or 200

    def move(self, **settings):
        call = self.receiver.callback
        return self.ferry(**{
            "user": "ghostferry_all", "PrepareRollback": True, "VerifierType": "Inline", "SkipTargetVerification": False,
            "Databases": {"Whitelist": ["abc"], "Rewrites": {"abc": "xyz"}},
            "CutoverLock": call("/lock"), "CutoverUnlock": call("/unlock"),
            "Rollback": {"AutomaticCutover": True, "CutoverLock": call("/back/lock"),
                         "CutoverUnlock": call("/back/unlock")}, **settings})

    def back_path(self, ferry):
        return ferry.config_path + ".state.back"

    def back_state(self, ferry):
        with open(self.back_path(ferry)) as f:
            return json.load(f)

    def assert_both_equal(self):
        self.assert_equal(databases=["abc"], rewrites={"abc": "xyz"})

    def cut_over(self, ferry):
        ferry.run_ok()
        self.assert_both_equal()


class ThereAndBackTest(WayBackTest):
    pairs = BOTH + CROSS
    names = ("composite", "string_ci", "uniques", "uuid")

    def test_with_writers_all_along(self):
        """The application's first write on the new server comes within CutoverUnlock; the way
        back is killed with a transaction under way, and goes on."""
        # A collation that both flavours have.
        self.source.sql("CREATE DATABASE abc CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        made = self.basic_tables(rows=100, names=self.names)
        here = self.writer(made, pause=.002)
        there = Writer(self.target, "xyz", made, seed=2, pause=.002)
        self.addCleanup(there.stop)
        self.on_post["/lock"] = here.stop
        self.on_post["/unlock"] = lambda: (there.start(), there.wait_for(5)) and None
        self.on_post["/back/lock"] = there.stop
        probes = self.probes()
        ferry = self.move(probes=probes, http=True).start()
        status = self.finished(ferry)
        self.assertEqual(tuple(status["WayBackBinlogPos"].values()),
                         position(self.back_state(ferry)))
        there.wait_for(50)

        stop = probes.stop_at("before_commit", nth=2)
        ferry.config["Rollback"]["AutomaticCutover"] = False
        ferry.start("-back")
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        there.wait_for(50)
        ferry.start("-back", "-resume")
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.assertTrue(status["WayBack"])
        self.assertIn("ghostferry_way_back 1", ferry.http("GET", "/metrics")[1].decode())
        ferry.allow_cutover()
        self.finished(ferry)
        self.assertEqual(self.receiver.paths(), ["/lock", "/unlock", "/back/lock", "/back/unlock"])
        self.assert_both_equal()
        self.assertEqual(ferry.run("-back"), 0)
        self.assertIn("there is nothing to do", ferry.log())

    @staticmethod
    def finished(ferry):
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        ferry.assert_status(0)
        return status


class CascadesTest(WayBackTest):
    """The new server does not log what its foreign keys do. Broken: doubt_below() does nothing:
    what was deleted before the kill stays as far as it is two steps away."""

    pairs = (MARIADB,)

    def test_what_foreign_keys_change_on_the_new_server(self):
        self.source.sql(
            "CREATE DATABASE abc", "USE abc", "CREATE TABLE p (id INT PRIMARY KEY)",
            "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id)"
            " ON DELETE CASCADE ON UPDATE CASCADE)",
            "CREATE TABLE g (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES c (id)"
            " ON DELETE CASCADE)",
            *(f"INSERT INTO {table} SELECT {values} FROM seq_1_to_60" for table, values in (
                ("p", "seq"), ("c", "seq, seq"), ("g", "seq, seq"))))
        probes = self.probes()
        ferry = self.move(probes=probes)
        self.cut_over(ferry)

        def change(*statements):
            self.target.sql("SET foreign_key_checks = 1", "USE xyz", *statements)

        change("DELETE FROM p WHERE id < 10")
        ferry.config["Rollback"]["AutomaticCutover"] = False
        stop = probes.stop_at("after_cascade_write", "g ")
        ferry.start("-back")
        self.reach(ferry, stop)
        change("UPDATE p SET id = id + 100 WHERE id < 20", "DELETE FROM p WHERE id > 115")
        ferry.kill9()
        probes.release_all()
        ferry.config["Rollback"]["AutomaticCutover"] = True
        ferry.run("-back", "-resume")
        ferry.assert_status(0)
        self.assert_both_equal()


class PlaceTest(WayBackTest):
    def setUp(self):
        super().setUp()
        self.table(rows=20)
        # Our last write on the target: its counter is raised.
        self.source.sql("CREATE TABLE abc.counted (id INT AUTO_INCREMENT PRIMARY KEY)",
                        "INSERT INTO abc.counted VALUES (1), (9)",
                        "DELETE FROM abc.counted WHERE id = 9")

    def go_back(self, ferry, changes, *args):
        """As many changes as the application has made, and none of ours."""
        probes = ferry.probed
        before = self.count(probes, "change_received")
        ferry.start("-back", *args)
        ferry.assert_status(0)
        self.assertEqual(self.count(probes, "change_received") - before, changes)
        self.assert_both_equal()

    def probed_move(self, **settings):
        probes = self.probes()
        ferry = self.move(probes=probes, **settings)
        ferry.probed = probes
        return ferry

    def test_killed_before_the_state_says_unlocked(self):
        """The source goes on, so the run that is resumed writes to the target again: behind the
        place that the first file names."""
        ferry = self.probed_move()
        stop = ferry.probed.stop_at("way_back_written")
        ferry.start()
        self.reach(ferry, stop)
        first = self.back_state(ferry)
        ferry.kill9()
        ferry.probed.release_all()
        self.source.sql("UPDATE abc.t SET v = 'late' WHERE id < 5")
        ferry.start("-back")
        ferry.assert_status(1)
        self.assertIn("says that the move was not cut over", ferry.log())
        ferry.start("-resume")
        ferry.assert_status(0)
        second = self.back_state(ferry)
        self.assertGreater(position(second), position(first))
        self.target.sql("UPDATE xyz.t SET v = 'there' WHERE id < 3")
        self.go_back(ferry, 2)

    def test_killed_within_the_callback(self):
        """The application has written by then: a place of now would be behind that."""
        ferry = self.probed_move()
        self.on_post["/unlock"] = lambda: (
            self.target.sql("UPDATE xyz.t SET v = 'there' WHERE id < 3"), ferry.kill9()) and None
        ferry.start()
        self.receiver.wait_for("/unlock")
        ferry.wait()
        first = self.back_state(ferry)
        self.on_post.clear()
        ferry.start("-resume")
        ferry.assert_status(0)
        self.assertEqual(self.back_state(ferry), first)
        self.go_back(ferry, 2)

    def test_the_state_cannot_be_written(self):
        """Then nobody is told to switch."""
        ferry = self.probed_move()
        os.mkdir(self.back_path(ferry) + ".new")
        ferry.start()
        ferry.assert_status(2)
        self.assertIn("the state of the way back cannot be written", ferry.log())
        self.assertEqual(self.receiver.paths(), ["/lock"])
        os.rmdir(self.back_path(ferry) + ".new")
        ferry.start("-resume")
        ferry.assert_status(0)
        self.go_back(ferry, 0)

    def test_the_move_s_own_state_cannot_be_written(self):
        """A run that is resumed from the one there is would place the way back again."""
        ferry = self.probed_move()
        stop = ferry.probed.stop_at("way_back_written")
        ferry.start()
        self.reach(ferry, stop)
        own = ferry.config_path + ".state.new"
        os.mkdir(own)
        stop.release()
        ferry.assert_status(2)
        self.assertIn("CutoverUnlock is not called", ferry.log())
        self.assertEqual(self.receiver.paths(), ["/lock"])
        self.assertNotIn("CutoverUnlockCalled", ferry.state())
        os.rmdir(own)
        ferry.start("-resume")
        ferry.assert_status(0)
        self.go_back(ferry, 0)

    def test_a_write_of_others_before_the_place(self):
        """It is not streamed back, so the last look must find it (B2)."""
        ferry = self.probed_move()
        stop = ferry.probed.stop_at("before_last_look")
        ferry.start()
        self.reach(ferry, stop)
        steps = [step for step, _ in ferry.probed.seen]
        self.assertLess(steps.index("before_settling"), steps.index("way_back_placed"))
        self.target.sql("UPDATE xyz.t SET v = 'others' WHERE id = 3")
        stop.release()
        ferry.assert_status(3)
        self.assertIn("has been corrupted by a change directly performed", ferry.log())
        self.assertFalse(os.path.exists(self.back_path(ferry)))


    def test_truncate_and_counters_with_kills(self):
        """TRUNCATE is applied in its place on the old side too, whose counters are raised at its
        cutover."""
        ferry = self.probed_move(OnSchemaChange="recopy")
        self.cut_over(ferry)
        self.target.sql("UPDATE xyz.t SET v = 'there'", "TRUNCATE TABLE xyz.t",
                        "INSERT INTO xyz.t (id, v) VALUES (3, 'new')", "TRUNCATE xyz.counted",
                        "INSERT INTO xyz.counted VALUES (NULL), (40)",
                        "DELETE FROM xyz.counted WHERE id = 40")
        stops = [ferry.probed.stop_at(name, "^xyz.t truncate")
                 for name in ("before_binlog_apply", "after_binlog_apply")]
        ferry.start("-back")
        for stop in stops:
            self.reach(ferry, stop)
            self.let_the_state_be_saved(ferry)
            ferry.kill9()
            stop.release()
            ferry.start("-back", "-resume")
        ferry.assert_status(0)
        self.assertIn("no way forward again but a new move", ferry.log())
        self.assert_both_equal()
        self.source.sql("INSERT INTO abc.counted VALUES (NULL)")
        self.assertEqual(self.source.sql("SELECT id FROM abc.counted ORDER BY id"), ((1,), (41,)))

    def test_two_databases_became_one(self):
        """And come apart again; what was made since stays where it is."""
        self.source.sql("CREATE DATABASE def", "CREATE TABLE def.u (id INT PRIMARY KEY, v INT)",
                        "INSERT INTO def.u VALUES (1, 1)")
        ferry = self.probed_move(Databases={"Whitelist": ["abc", "def"],
                                            "Rewrites": {"abc": "xyz", "def": "xyz"}})
        ferry.run_ok()
        self.target.sql("INSERT INTO xyz.u VALUES (2, 2)", "DELETE FROM xyz.t WHERE id > 5",
                        "CREATE TABLE xyz.new (id INT PRIMARY KEY)", "INSERT INTO xyz.new VALUES (1)")
        ferry.run_ok("-back", "-dryrun")
        self.assertIn("xyz.u -> def.u", ferry.stdout())
        ferry.run_ok("-back")
        self.assertEqual(self.source.value("SELECT SUM(v) FROM def.u"), 3)
        self.assertEqual(self.source.value("SELECT MAX(id) FROM abc.t"), 5)


class RefusedTest(WayBackTest):
    def setUp(self):
        super().setUp()
        self.table(rows=20)

    def refused(self, ferry, *args, says, status=1):
        ferry.start(*args)
        ferry.assert_status(status)
        self.assertRegex(ferry.log(), says)
        return ferry

    def test_by_name(self):
        plain = self.move(PrepareRollback=False)
        plain.config["Databases"] = {"Whitelist": ["abc"], "Rewrites": {"abc": "plain"}}
        plain.run_ok()
        self.refused(plain, "-back", says="made without PrepareRollback")

        ferry = self.move()
        self.cut_over(ferry)
        state, path = ferry.config_path + ".state", self.back_path(ferry)
        seen = ferry.program.seen
        self.refused(ferry, "-resumestate", seen(path),
                     says="is that of a way back: give -back too")
        self.refused(ferry, "-back", "-resumestate", seen(state),
                     says="is the state of a move, not of")
        # Of another move, whose own state lies beside it.
        os.rename(plain.config_path + ".state", state + ".kept")
        os.rename(state, state + ".own")
        os.rename(state + ".kept", state)
        self.refused(ferry, "-back", says="is the state of another move")
        os.rename(state + ".own", state)
        # A new move over it.
        ferry.config["Databases"]["Rewrites"] = {"abc": "third"}
        self.refused(ferry, says="holds the way back from another move")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM information_schema.SCHEMATA"
                                           " WHERE SCHEMA_NAME = 'third'"), 0)
        ferry.config["Databases"]["Rewrites"] = {"abc": "xyz"}
        # Its place is gone.
        kept = self.back_state(ferry)
        gone = json.loads(json.dumps(kept))
        gone["CopyStage"]["LastProcessedBinlogPosition"].update(Name="gone.000001", Pos=4)
        gone.pop("ReceivedGTIDSet", None)
        with open(path, "w") as f:
            json.dump(gone, f)
        self.refused(ferry, "-back", "-force-state", status=2,
                     says="leave both servers alone: the way back ends here")

    def test_a_second_one_and_the_move_again(self):
        probes = self.probes()
        ferry = self.move(probes=probes)
        self.on_post["/unlock"] = ferry.kill9
        ferry.start()
        ferry.wait()
        unlocked = ferry.state_file()
        self.assertTrue(unlocked["CutoverUnlockCalled"])
        ferry.config["Rollback"]["AutomaticCutover"] = False
        ferry.start("-back")
        ferry.wait_for_log("waiting for cutover")
        other = self.move()
        other.config_path = ferry.config_path
        self.refused(other, "-back", says="is the state of a run that goes on just now")
        ferry.kill9()
        ferry.config["Rollback"]["AutomaticCutover"] = True
        self.refused(ferry, "-resume", says="says that the way back has begun")
        self.target.sql("UPDATE xyz.t SET v = 'there' WHERE id = 3")
        ferry.run_ok("-back")
        self.assert_both_equal()

    def test_a_definition_changes_on_the_new_server(self):
        """Seen red: both messages advised -recopy, which the way back has not."""
        ferry = self.move()
        self.cut_over(ferry)
        ferry.config["Rollback"]["AutomaticCutover"] = False
        ferry.start("-back")
        ferry.wait_for_log("waiting for cutover")
        self.target.sql("ALTER TABLE xyz.t ADD COLUMN w INT")
        ferry.assert_status(2)
        self.assertIn("the way back ends here", ferry.log())
        self.assertNotIn("-recopy", ferry.log())
        self.refused(ferry, "-back", says="column `w` was not there")
        self.assertNotIn("-recopy", ferry.log())
        self.refused(ferry, "-back", "-resume", "-recopy", "xyz.t", says="nothing is copied on")

    def test_the_old_source_is_written_to(self):
        """By an application that has not noticed: before the way back was started, too."""
        ferry = self.move()
        self.cut_over(ferry)
        self.source.sql("UPDATE abc.t SET v = 'old habits' WHERE id = 3")
        self.refused(ferry, "-back", status=3, says="row data of abc.t has been corrupted by a "
                     "change directly performed(?s:.*)the way back ends here")

    def test_tls_retention_and_events(self):
        """The target of the move demands TLS, keeps its binlog for an hour, and loses it; the
        source runs events."""
        directory = place.temp_dir(self.target.kind.inside)
        certificates(directory, ("DNS:localhost", "IP:127.0.0.1"))
        self.target = self.private_server("target", "--binlog-expire-logs-seconds=86400", *server_options(
            directory, self.target.kind.inside))
        self.target.sql("ALTER USER ghostferry_all@'%' REQUIRE SSL")
        self.source = self.private_server("source", "--event-scheduler=ON")
        self.table(rows=20)
        self.source.sql("CREATE EVENT abc.later ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01'"
                        " DO DELETE FROM abc.t")
        ferry = self.move()
        own = os.path.join(ferry.dir, "ca.pem")
        shutil.copy(os.path.join(directory, "ca.pem"), own)
        ferry.config["Target"]["TLS"] = {"CertPath": ferry.program.seen(own)}
        ferry.config["Rollback"]["AutomaticCutover"] = False
        self.cut_over(ferry)
        self.assertRegex(ferry.log(), "for the way back.*binlog files are purged after 86400 "
                         "seconds: so long after the cutover at the latest -back must have been")
        self.assertRegex(ferry.log(), "for the way back.*event scheduler is ON and database abc "
                         "has 1 event")
        self.target.sql("UPDATE xyz.t SET v = 'there' WHERE id = 3")
        ferry.start("-back")
        ferry.wait_for_log("waiting for cutover")
        self.assertRegex(ferry.log(), r'connected to source".*hasSSL=true')
        self.assertRegex(ferry.log(), "event scheduler is ON and database abc has 1 event")
        ferry.kill9()
        file = self.target.position()[0]
        self.target.sql("FLUSH BINARY LOGS", "UPDATE xyz.t SET v = 'gone' WHERE id = 4",
                        "FLUSH BINARY LOGS")
        last = self.target.position()[0]
        self.assertNotEqual(file, last)

        def purged():  # not while a thread of before still reads them
            self.target.sql(f"PURGE BINARY LOGS TO '{last}'")
            return self.target.sql("SHOW BINARY LOGS")[0][0] == last

        self.wait_until(purged)
        self.refused(ferry, "-back", "-resume", status=2, says="the way back ends here")
        self.assertEqual(self.source.value("SELECT v FROM abc.t WHERE id = 3"), "there")

    def test_a_trigger_on_the_old_source(self):
        """In use until the cutover: a warning at first, and refused then."""
        self.source.sql("CREATE TRIGGER abc.bump BEFORE UPDATE ON abc.t FOR EACH ROW"
                        " SET NEW.v = CONCAT(NEW.v, '!')")
        ferry = self.move()
        ferry.run_ok()
        self.assertRegex(ferry.log(), "for the way back.*the trigger bump on abc.t would change")
        self.target.sql("UPDATE xyz.t SET v = 'there' WHERE id = 3")
        self.refused(ferry, "-back", says="DROP TRIGGER `abc`.`bump`")
        self.source.sql("DROP TRIGGER abc.bump")
        ferry.run_ok("-back")
        self.assert_both_equal()

    def test_what_cannot_go_back(self):
        """Named before anything is moved."""
        self.source.sql("CREATE TABLE abc.keyless (v INT)")
        ferry = self.move(AllowTablesWithoutKey=True, user="ghostferry")
        self.refused(ferry, says="table abc.keyless has no key: its changes cannot be applied")
        self.assertRegex(ferry.log(), r"for the way back.*: target \(the source of this move\): the"
                                      " account .* lacks privileges on abc: INSERT, UPDATE, DELETE")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM information_schema.SCHEMATA"
                                           " WHERE SCHEMA_NAME = 'xyz'"), 0)
