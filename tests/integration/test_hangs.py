"""Whatever hangs, a signal is answered at once: with the state, and the end."""

import fcntl
import os
import signal
import threading
import time

from lib import place, tables
from lib.case import MARIADB
from lib.moves import MoveTest
from lib.receiver import Receiver
from test_invariants import STOPS
from test_kill import ELSEWHERE, SETTINGS, WITHOUT_KEY, stops_in_the_source

TAGS = ("any_client",)

AT_ONCE = 10  # a second, and the machine may be busy


class HangTest(MoveTest):
    def assert_ends_at_once(self, ferry, status=2, number=signal.SIGTERM):
        began = time.monotonic()
        ferry.signal(number)
        self.assertEqual(ferry.wait(30), status, ferry.log()[-3000:])
        self.assertLess(time.monotonic() - began, AT_ONCE)

    def suspended(self, server):
        self.addCleanup(server.resume)
        server.suspend()


class NamedStopsTest(HangTest):
    """The stops that test_invariants does not end at. Broken: ending_failed() joins the
    ferry's threads: red at every stop."""

    pairs = (MARIADB,)  # the servers have no part in it

    def ends_at(self, name):
        settings = SETTINGS.get(name, {})
        made = self.basic_tables(rows=60, names=("big", "uniques"))
        if settings is WITHOUT_KEY:
            made.append(tables.create_without_key(self.source, "abc", 60))
        writer = self.writer(made, span=1500, pause=0.005)
        probes = self.probes()
        ferry = self.ferry(probes=probes, http=True, DataIterationBatchSize=10, **settings)
        stop = probes.stop_at(name)
        ferry.start()
        self.reach(ferry, stop)
        writer.stop()
        is_started = ferry.log_contains("ferry initialized")
        self.assert_ends_at_once(ferry, number=signal.SIGINT)
        if is_started:
            self.assert_may_resume_from(ferry.state())


def _stop_test(name):
    def test(self):
        self.ends_at(name)
    return test


for _name in sorted(set(stops_in_the_source()) - set(STOPS) - set(ELSEWHERE)):
    setattr(NamedStopsTest, f"test_at_{_name}", _stop_test(_name))


class StagesTest(HangTest):
    """Broken: the loop waits for the ferry's thread. Red in all of them."""

    def one(self, **settings):
        self.basic_tables(rows=60, names=("big",))
        return self.ferry(**settings)

    def test_the_source_hangs_at_the_start(self):
        ferry = self.one()
        self.suspended(self.source)
        ferry.start()
        ferry.wait_for_log("hello world")
        self.assert_ends_at_once(ferry)

    def test_the_target_hangs_at_the_start(self):
        ferry = self.one()
        self.suspended(self.target)
        ferry.start()
        ferry.wait_for_log("connected to source")
        self.assert_ends_at_once(ferry)

    def test_both_hang_when_a_run_is_resumed(self):
        ferry = self.one(AutomaticCutover=False)
        ferry.start()
        ferry.wait_for_log("data copy is complete")
        ferry.terminate()
        state = (ferry.assert_status(2), ferry.state())[1]
        self.suspended(self.source)
        self.suspended(self.target)
        ferry.resume(state)
        ferry.wait_for_log("hello world")
        ferry.terminate()
        self.assertEqual(ferry.wait(AT_ONCE), 2)
        self.assertEqual(ferry.state(), state)  # nothing has moved since

    def test_a_verification_hangs(self):
        probes = self.probes()
        ferry = self.one(probes=probes, http=True, VerifierType="ChecksumTable")
        stop = probes.stop_at("before_final_verification")
        ferry.start()
        self.reach(ferry, stop)
        self.suspended(self.target)
        stop.release()
        ferry.wait_for_status(lambda s: s["WaitingFor"] == "the final verification")
        self.assert_ends_at_once(ferry)

    def test_cutover_lock_hangs(self):
        self.callback_hangs("CutoverLock")

    def test_cutover_unlock_hangs(self):
        self.callback_hangs("CutoverUnlock")

    def hanging_receiver(self):
        go_on = threading.Event()
        receiver = Receiver(lambda path: go_on.wait(60) and 200 or 200)
        self.addCleanup(receiver.close)
        self.addCleanup(go_on.set)
        return receiver

    def callback_hangs(self, key):
        receiver = self.hanging_receiver()
        ferry = self.one(**{key: receiver.callback("/hangs")})
        ferry.start()
        receiver.wait_for("/hangs")
        self.assert_ends_at_once(ferry)

    def test_the_error_callback_hangs(self):
        """The state is there at once, and a second signal ends the wait."""
        receiver = self.hanging_receiver()
        ferry = self.one(AutomaticCutover=False, ErrorCallback={"URI": receiver.url("/error"),
                                                                "Payload": ""})
        ferry.start()
        ferry.wait_for_log("data copy is complete")
        ferry.terminate()
        ferry.wait_until(lambda: ferry.stdout().endswith("}\n"), AT_ONCE)
        ferry.state()
        self.assert_ends_at_once(ferry)

    def test_done_while_a_verification_hangs(self):
        """It was asked for when all was done: nobody waits for its query. Broken: no alarm() in
        app_run(): red, as the second signal does not come."""
        ferry = self.one(http=True, VerifierType="ChecksumTable")
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        with self.target.connect() as db:
            db.run("LOCK TABLES abc.big WRITE")
            self.assertEqual(ferry.http("POST", "/api/verify", {})[0], 200)
            ferry.wait_until(lambda: self.target.value(
                "SELECT COUNT(*) FROM information_schema.processlist"
                " WHERE state = 'Waiting for table metadata lock'"), what="its query")
            self.assert_ends_at_once(ferry, status=0)

    def test_done_while_a_callback_hangs(self):
        receiver = self.hanging_receiver()
        ferry = self.one(http=True, StateCallback=receiver.callback("/state"))
        ferry.start()
        receiver.wait_for("/state")
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.terminate()  # waits for the last report
        began = time.monotonic()
        while ferry.running and time.monotonic() - began < AT_ONCE:
            ferry.terminate()  # two that come at once count as one
            time.sleep(0.1)
        self.assertEqual(ferry.wait(0.1), 0)


class ReadersTest(HangTest):
    """Nobody reads the log. Broken: lines are written without asking whether they are
    taken: the program hangs, and a signal with it."""

    pairs = (MARIADB,)

    def test_nobody_reads_the_log(self):
        self.basic_tables(rows=200, names=("big", "uniques", "composite"))
        ferry = self.ferry(AutomaticCutover=True, DataIterationBatchSize=1)
        reader, writer = os.pipe()
        fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
        os.write(writer, b"." * 4096)  # it is full
        real = place.popen

        def with_pipe(argv, **how):
            how["stderr"] = writer
            return real(argv, **how)

        place.popen = with_pipe
        try:
            ferry.start()
        finally:
            place.popen = real
            os.close(writer)
        try:
            self.assertEqual(ferry.wait(60), 0)
        finally:
            os.close(reader)
        self.assert_equal()
