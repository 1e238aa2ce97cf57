"""The states of a run form a line: one that another process has gone on from below is
refused wherever that is known, and so is one that was changed by hand."""

import json
import os
import signal

from lib.case import ALL_PAIRS
from lib.moves import MoveTest, keys

TAGS = ("any_client",)

RECORD = "_ghostferry"


class LineTest(MoveTest):
    """abc.t, and two states of its move: the second one has applied two changes of row 5,
    from the first one they come again."""

    def two_states(self, **settings):
        self.table(rows=20)
        self.probed = self.probes()
        ferry = self.one_by_one(probes=self.probed, AutomaticCutover=False,
                                BinlogEventBatchSize=1, **settings)
        ferry.start()
        ferry.wait_for_log("data copy is complete")
        first = self.stopped(ferry)
        self.source.sql("UPDATE abc.t SET v = 'one' WHERE id = 5",
                        "UPDATE abc.t SET v = 'two' WHERE id = 5")
        ferry.resume(first)
        self.wait_for_row(ferry, "two")
        return ferry, first, self.stopped(ferry)

    def stopped(self, ferry):
        ferry.terminate()
        ferry.assert_status(2)
        return ferry.state()

    def wait_for_row(self, ferry, wanted):
        ferry.wait_until(lambda: self.target.value("SELECT v FROM abc.t WHERE id = 5") == wanted)

    def led_back(self, ferry, state):
        """Resumed from there, and killed when the first of the two changes is applied."""
        stop = self.probed.stop_at("before_commit", nth=2)
        ferry.resume(state)
        self.reach(ferry, stop)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 5"), "one")
        ferry.kill9()
        self.probed.release_all()

    def left(self, ferry, state):
        """Such a state is refused, and nothing is written."""
        ferry.resume(state, AutomaticCutover=True)
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "the state that is to be resumed was left.*StateLine")
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 5"), "one")

    def end(self, ferry, state):
        ferry.resume(state, AutomaticCutover=True)
        self.done(ferry)
        self.assertNotIn(RECORD, self.target.databases())


class StateFileTest(LineTest):
    """Where the state file tells. Broken: the newer state is resumed with status 0, and row 5
    stays as it was in between."""

    pairs = ALL_PAIRS[::5]  # each make to itself

    def test_a_newer_state_after_an_older_one(self):
        ferry, first, second = self.two_states()
        self.led_back(ferry, first)
        newest = ferry.state_file()
        self.left(ferry, second)
        self.assertEqual(ferry.state_file(), newest)
        self.end(ferry, newest)

    def test_the_older_one_again(self):
        ferry, first, second = self.two_states()
        self.led_back(ferry, first)
        self.end(ferry, first)
        self.assertEqual(ferry.state_file()["CurrentStage"], "DONE")

    def test_the_newest_of_a_line_is_in_the_file_before_rows_are_written(self):
        ferry, first, second = self.two_states()
        stop = self.probed.stop_at("before_copy")
        ferry.resume(first)
        self.reach(ferry, stop)
        line = ferry.state_file()["StateLine"]
        self.assertEqual(line[:-1], first["StateLine"])
        ferry.kill9()
        self.probed.release_all()
        self.end(ferry, ferry.state_file())

    def test_a_file_that_cannot_be_written(self):
        """Then the later state in it would look as good as before."""
        ferry, first, second = self.two_states()
        os.mkdir(ferry.config_path + ".state.new")  # where it is written first
        self.source.sql("UPDATE abc.t SET v = 'three' WHERE id = 5")
        ferry.config["StateFile"] = ferry.config_path + ".state"
        ferry.resume(first)
        ferry.assert_status(1)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 5"), "two")
        os.rmdir(ferry.config_path + ".state.new")
        self.end(ferry, second)

    def test_each_state_tells_its_line(self):
        ferry, first, second = self.two_states()
        self.assertEqual(len(first["StateLine"]), 1)
        self.assertEqual(second["StateLine"][:-1], first["StateLine"])
        self.end(ferry, second)


class RecordTest(LineTest):
    """Where the state file is another one, or none, the target tells."""

    pairs = ALL_PAIRS[::5]

    def two_states(self, **settings):
        return super().two_states(StateFile="", user="ghostferry_all", **settings)

    def test_a_newer_state_after_an_older_one(self):
        ferry, first, second = self.two_states()
        self.assertEqual(self.target.value(f"SHOW TABLES FROM {RECORD}"),
                         f"run_{first['RunID']}")
        self.led_back(ferry, first)
        self.left(ferry, second)
        self.end(ferry, first)

    def test_the_record_counts_more_than_a_file(self):
        """A file that nobody wrote meanwhile holds the state that was left."""
        ferry, first, second = self.two_states()
        self.led_back(ferry, first)
        path = os.path.join(ferry.dir, "other.state")
        with open(path, "w") as f:
            json.dump(second, f)
        ferry.config["StateFile"] = path
        self.left(ferry, second)
        self.end(ferry, first)

    def test_killed_on_the_way(self):
        """Whatever is in the file by then can be resumed. Broken: the file is written before
        the record only, or after it only."""
        for probe in ("line_accepted", "line_recorded", "before_copy"):
            with self.subTest(probe):
                self.setUp()
                ferry, first, second = self.two_states()
                ferry.config["StateFile"] = ferry.config_path + ".state"
                ferry.resume(second)
                ferry.wait_for_log("data copy is complete")
                self.stopped(ferry)
                stop = self.probed.stop_at(probe)
                ferry.resume(first)
                self.reach(ferry, stop)
                newest = ferry.state_file()
                ferry.kill9()
                self.probed.release_all()
                self.end(ferry, newest)

    def test_watched(self):
        """The record is none of the tables of the move."""
        if self.target.is_mysql:
            self.target.sql("SET GLOBAL binlog_rows_query_log_events = ON")
        ferry, first, second = self.two_states(SkipTargetVerification=False)
        self.end(ferry, second)

    def test_two_runs_share_the_database(self):
        ferry, first, second = self.two_states()
        self.table(rows=5, database="other")
        stop = self.probed.stop_at("before_copy")
        one = self.ferry(("other",), probes=self.probed, user="ghostferry_all").start()
        self.reach(one, stop)
        self.assertEqual(len(self.target.sql(f"SHOW TABLES FROM {RECORD}")), 2)
        ferry.resume(second, AutomaticCutover=True)
        self.reach(ferry, self.probed.stop_at("final_position_read"))
        self.probed.release_all()
        ferry.assert_status(0)
        one.assert_status(0)
        self.assertNotIn(RECORD, self.target.databases())
        self.assert_equal()

    def test_an_account_that_may_not(self):
        ferry, first, second = super().two_states(StateFile="")
        self.assertNotIn(RECORD, self.target.databases())
        self.end(ferry, second)

    def test_a_grant_for_it_alone(self):
        self.target.sql(f"GRANT ALL ON `{RECORD}`.* TO ghostferry@'%'")
        self.addCleanup(self.target.sql, f"REVOKE ALL ON `{RECORD}`.* FROM ghostferry@'%'")
        ferry, first, second = super().two_states(StateFile="")
        self.assertIn(RECORD, self.target.databases())
        self.led_back(ferry, first)
        self.left(ferry, second)
        self.end(ferry, first)

    def test_it_is_never_copied(self):
        """From a server that is the target of another run."""
        self.table(rows=5)
        self.source.sql(f"CREATE DATABASE {RECORD}", f"CREATE TABLE {RECORD}.run_x (id INT)")
        ferry = self.ferry(())
        ferry.run_ok()
        self.assertEqual(self.target.databases(), ["abc"])


class ChecksumTest(MoveTest):
    """A state says what it was when it was written."""

    def dumped(self):
        self.table(rows=60)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("after_chunk_read", r"abc\.t 3 ")
        ferry.start()
        self.seen(ferry, probes, "batch_recorded", r"abc\.t 2$")
        self.reach(ferry, stop)
        ferry.terminate()
        ferry.assert_status(2)
        probes.release_all()
        return ferry, ferry.state()

    def test_a_digit_of_a_key(self):
        """Broken: the rows between are lost, with status 0."""
        ferry, state = self.dumped()
        keys(state)["abc.t"] = 50
        ferry.resume(state, as_it_is=True)
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "StateChecksum: the state was changed.*-force-state")

    def test_a_completed_table(self):
        ferry, state = self.dumped()
        state["CopyStage"]["CompletedTables"]["abc.t"] = True
        ferry.config["StateToResumeFrom"] = state
        ferry.start()
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "StateToResumeFrom: StateChecksum: .*changed")

    def test_what_is_meant_is_taken(self):
        for by_flag in (True, False):
            with self.subTest(by_flag=by_flag):
                self.source.drop_user_databases()
                self.target.drop_user_databases()
                ferry, state = self.dumped()
                keys(state)["abc.t"] = 10
                if by_flag:
                    ferry.args.append("-force-state")
                else:
                    del state["StateChecksum"]
                ferry.resume(state, as_it_is=True)
                self.done(ferry)

    def test_other_blanks_and_order(self):
        ferry, state = self.dumped()
        path = os.path.join(ferry.dir, "sorted.json")
        with open(path, "w") as f:
            json.dump(state, f, sort_keys=True, separators=(",", ":"))
        ferry.start("-resumestate", ferry.program.seen(path))
        self.done(ferry)
