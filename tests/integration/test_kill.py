"""Nothing is lost when the program is killed: kill -9 at every named stop in its code,
twice, then a resume from the state file, while others write to the source.

The stops are read from the source, so a new one gets its test by being there, and the
test fails when its place is never reached."""

import glob
import os
import re
import signal

from lib import place, tables
from lib.moves import MoveTest
from lib.receiver import Receiver

TAGS = ("invariants", "any_client")


def stops_in_the_source():
    found = set()
    for path in glob.glob(os.path.join(place.TOP, "src/*/*.c")):
        if os.path.basename(path) == "probe.c":
            continue
        with open(path) as f:
            for argument in re.findall(r"\bprobe\(\s*([^,)]*)", f.read()):
                assert re.fullmatch(r'"\w+"', argument), f"{path}: probe({argument}) has no name"
                found.add(argument.strip('"'))
    return sorted(found)


# Settings without which a stop is not reached.
WATCHED = {"SkipTargetVerification": False}
WITHOUT_KEY = {"AllowTablesWithoutKey": True, "AutomaticCutover": False}
SETTINGS = {
    "before_final_verification": {"VerifierType": "Iterative"},
    "range_compared": {"VerifierType": "Iterative"},
    "rows_reverified": {"VerifierType": "Inline", "AutomaticCutover": False,
                        "InlineVerifierConfig": {"VerifyBinlogEventsInterval": "50ms"}},
    "watched_event": WATCHED, "before_last_look": WATCHED,
    "before_snapshot": WITHOUT_KEY, "table_locked": WITHOUT_KEY,
    "snapshot_taken": WITHOUT_KEY, "snapshot_copied": WITHOUT_KEY,
}
# Killed there by other tests: where rows of the target are bad (test_verify_repair.py,
# test_killed_while_it_repairs), where the source is a replica (test_replica.py,
# test_killed_while_it_waits), where transactions are open (test_cutover.py,
# test_killed_while_it_waits_for_...), where unique values clash (test_owed_rows.py), where
# nothing is left to do (test_remedies.py, NothingIsDroppedTest), where rows are refused in
# strict mode (test_lax_rows.py, test_lax_without_key.py) or LOAD DATA is not exact
# (test_load_data.py), where definitions are tried (test_definitions.py, TrialTest) or FULLTEXT
# keys come late (DocumentIdsTest), where the target forgets commits (test_crash_safety.py), where
# views, triggers and the like are made (test_objects.py), and where indexes come
# late (test_deferred_indexes.py), several writers apply one batch (test_invariants.py,
# PartsOfABatchTest), tables are copied again (test_schema_changes.py) or a way back
# is prepared (test_way_back.py).
ELSEWHERE = ("before_repair_read", "after_repair_read", "after_repair_write",
             "replica_is_behind", "transactions_are_open", "xa_is_undecided",
             "rows_displaced", "rows_skipped", "owed_row_searched", "run_is_done",
             "before_lax_read", "before_lax_compare", "after_lax_write",
             "before_trial_table", "state_is_durable", "fulltext_key_added",
             "load_is_unsuited", "before_indexing", "indexes_added", "indexes_recorded",
             "recopy_accepted", "recopy_dropped", "recopy_created",
             "way_back_placed", "way_back_written",
             "before_late_objects", "before_object", "object_made", "database_collation_set",
             "tables_loaded", "before_enabling", "before_object_trial", "engine_changed",
             "before_cascade", "cascade_collected", "before_cascade_write",
             "after_cascade_write", "after_cascade", "cascade_doubt", "cascades_certain",
             "before_doubts_compared", "doubts_compared",
             "part_taken")


class KillTest(MoveTest):
    """Broken: state_tracker_copied_up_to() called before the batch is written. Red at
    before_batch_write and before_commit; the position taken from the streamer: red at
    change_received and before_binlog_apply."""

    def killed_at(self, name, first, second):
        # Most rows are written to once, so that a change that is lost stays lost.
        made = self.basic_tables(rows=100, names=("big", "uniques", "composite"))
        settings = SETTINGS.get(name, {})
        if settings is WITHOUT_KEY:
            made.append(tables.create_without_key(self.source, "abc", 100))
            second = 1
        writer = self.writer(made, span=1500, pause=0.002)
        probes = self.probes()
        ferry = self.ferry(probes=probes, http=True, DataIterationBatchSize=10,
                           DataIterationConcurrency=2, BinlogWriterConcurrency=2, **settings)
        if first > 1:  # so many changes must come before it is done
            ferry.config["AutomaticCutover"] = False
        stop = probes.stop_at(name, nth=first)
        ferry.start()
        self.reach(ferry, stop)
        self.let_the_state_be_saved(ferry)
        ferry.kill9()
        probes.release_all()
        if settings.get("VerifierType") == "Iterative":
            writer.hold()  # the verdict would find fault with a cutover among writes
        last = "wait-for-cutover" if settings is WITHOUT_KEY else "done"
        stop = probes.stop_at(name, nth=second)
        self.start_again(ferry, AutomaticCutover=settings.get("AutomaticCutover", True))
        # The second may not come by as often, or not at all: then the move is done.
        ferry.wait_until(lambda: stop.reached
                         or (ferry.status() or {}).get("OverallState") == last)
        ferry.kill9()
        probes.release_all()
        writer.go_on()
        self.start_again(ferry, AutomaticCutover=False)
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        writer.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)

    def start_again(self, ferry, **settings):
        """From the state file; anew when the program died before there was one."""
        state = ferry.state_file()
        if state is not None:
            return ferry.resume(state, **settings)
        self.target.drop_user_databases()
        ferry.config.update(settings)
        return ferry.start()


def _kill_test(name, first, second):
    def test(self):
        self.killed_at(name, first, second)
    return test


for _name in stops_in_the_source():
    if _name not in ELSEWHERE:
        setattr(KillTest, f"test_at_{_name}", _kill_test(_name, 1, 3))
# Those that come by often, further on.
for _name, _first, _second in (("binlog_event", 25, 9), ("before_commit", 6, 5),
                               ("batch_recorded", 7, 4), ("after_binlog_apply", 5, 7),
                               ("change_received", 31, 17), ("after_batch_write", 9, 2),
                               ("after_chunk_read", 5, 4)):
    setattr(KillTest, f"test_at_{_name}_{_first}", _kill_test(_name, _first, _second))


class AnyMomentTest(MoveTest):
    """The same at moments that no stop names."""

    def test_killed_before_there_was_a_state(self):
        self.table(rows=20)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("before_copy")
        ferry.start()
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        if os.path.exists(ferry.config_path + ".state"):
            os.unlink(ferry.config_path + ".state")
        ferry.run()
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "table is there already: `abc`.`t`\n  remedy: DROP TABLE")
        self.target.sql("DROP TABLE abc.t")
        ferry.start()
        self.done(ferry)

    def test_killed_every_now_and_then(self):
        made = self.basic_tables(rows=1500)
        writer = self.writer(made, span=1600, pause=0.001)
        ferry = self.ferry(http=True, AutomaticCutover=False, DataIterationBatchSize=20)
        ferry.start()
        for moment in range(6):
            ferry.wait_for_log("ferry initialized")
            self.wait_until(lambda: ferry.state_file() is not None, what="the state file")
            writer.wait_for(30 + 20 * moment)
            ferry.kill9()
            ferry.resume(ferry.state_file())
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        writer.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.signal(signal.SIGINT)
        self.done(ferry)


class HandedOverTest(MoveTest):
    """Killed while CutoverUnlock is answered, when the application writes to the target
    already: whoever resumes does nothing over that. Broken: the state is not saved before
    CutoverUnlock is called: red in all of them; VerifierRepair is not refused, or the
    target is watched: red in the tests of that."""

    def handed_over(self, *writes, **settings):
        """The last change comes too late for the state that is saved every second."""
        def answer(path):
            if path == "/lock":
                self.source.sql("UPDATE abc.t SET v = 'the last change' WHERE id = 3")
            else:
                self.target.sql(*writes)
                ferry.kill9()
            return 200

        receiver = Receiver(answer)
        self.addCleanup(receiver.close)
        ferry = self.one_by_one(CutoverLock=receiver.callback("/lock"),
                                CutoverUnlock=receiver.callback("/unlock"), **settings)
        ferry.start()
        ferry.wait(60)
        self.assertEqual(receiver.paths(), ["/lock", "/unlock"])
        ferry.resume(ferry.state_file(), CutoverLock=None, CutoverUnlock=None)
        return ferry

    def test_with_a_key(self):
        self.table(rows=25)
        ferry = self.handed_over("UPDATE abc.t SET v = 'in use' WHERE id = 3",
                                 "DELETE FROM abc.t WHERE id = 4")
        ferry.assert_status(0)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 3"), "in use")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 24)
        # The same goes for the states of that run.
        ferry.resume(ferry.state_file(), VerifierType="ChecksumTable", VerifierRepair=True)
        ferry.assert_status(1)

    def test_watched(self):
        """What the application writes is no foreign write any more."""
        self.table(rows=25)
        ferry = self.handed_over("UPDATE abc.t SET v = 'in use' WHERE id = 5", **WATCHED)
        ferry.assert_status(0)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 5"), "in use")

    def test_without_a_key(self):
        self.table(rows=25)
        self.table("bare", rows=25, body="id BIGINT, v VARCHAR(200), n INT")
        ferry = self.handed_over("INSERT INTO abc.bare VALUES (77, 'in use', 1)",
                                 AllowTablesWithoutKey=True)
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), r"CutoverUnlock called, and table abc\.bare has no key")
        self.assertEqual(self.target.value("SELECT v FROM abc.bare WHERE id = 77"), "in use")

    def test_with_repair(self):
        self.table(rows=25)
        ferry = self.handed_over("UPDATE abc.t SET v = 'in use' WHERE id = 5",
                                 VerifierType="ChecksumTable", VerifierRepair=True)
        ferry.wait(60)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 5"), "in use")
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "CutoverUnlock called, and VerifierRepair would undo")
        ferry.resume(ferry.state_file(), VerifierRepair=None)
        ferry.assert_status(3)
