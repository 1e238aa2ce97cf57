"""What surrounds a move: the control server, signals and the state they leave, the
callbacks, the ways to end."""

import http.server
import json
import os
import subprocess
import threading

from lib.case import BOTH, FerryTest, program

TAGS = ("control",)


class Receiver:
    """Takes posts; path /500 answers 500, /hang not at all, everything else 200."""

    def __init__(self, test):
        self.posts = []  # (path, payload)
        self.release = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((self.path, json.loads(body)["Payload"]))
                if self.path == "/hang":
                    receiver.release.wait(60)
                self.send_response(500 if self.path == "/500" else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)
        test.addCleanup(self.release.set)

    def uri(self, path="/"):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def payloads(self, path="/"):
        return [payload for where, payload in list(self.posts) if where == path]


class ControlServerTest(FerryTest):
    pairs = BOTH[:1]

    def test_a_move_is_steered_and_ends_by_a_signal(self):
        self.basic_tables(500)
        ferry = self.ferry(http=True, AutomaticCutover=False).start()
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.assertEqual(status["CompletedTableCount"], status["TotalTableCount"])
        self.assertEqual(status["SourceHostPort"], f"127.0.0.1:{self.source.port}")
        self.assertIn("cut over", status["WaitingFor"])
        code, page, _ = ferry.http("GET", "/")
        self.assertEqual(code, 200)
        self.assertIn(b"wait-for-cutover", page)
        self.assertEqual(ferry.http("POST", "/api/pause", {})[0], 200)
        self.assertTrue(ferry.status()["Throttled"])
        self.assertEqual(ferry.http("POST", "/api/unpause", {})[0], 200)
        self.assertFalse(ferry.status()["Throttled"])
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.wait_for_log("control server remains online")
        self.assertTrue(ferry.running)
        ferry.interrupt()
        ferry.assert_status(0)
        self.assertEqual(ferry.stdout(), "")
        self.assert_equal()

    def test_an_address_in_use_is_told_before_anything_moves(self):
        self.basic_tables(10)
        receiver = Receiver(self)
        address = receiver.uri()[len("http://"):].rstrip("/")
        ferry = self.ferry(ControlServerConfig={"Enabled": True, "ServerBindAddr": address})
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), f"error: .*{address}.*Address already in use")
        self.assertEqual(self.target.databases(), [])


class SignalTest(FerryTest):
    pairs = BOTH[:1]

    def waiting(self, **how):
        self.basic_tables(300)
        ferry = self.ferry(AutomaticCutover=False, **how).start()
        ferry.wait_for_log("waiting for cutover")
        return ferry

    def test_each_signal_dumps_the_state(self):
        for name, text in ("terminate", "terminated"), ("interrupt", "interrupt"):
            with self.subTest(name):
                self.target.drop_user_databases()
                self.source.drop_user_databases()
                ferry = self.waiting()
                getattr(ferry, name)()
                ferry.assert_status(2)
                self.assertEqual(len(ferry.state()["CopyStage"]["CompletedTables"]),
                                 len(ferry.state_file()["CopyStage"]["CompletedTables"]))
                self.assertRegex(ferry.log(), 'fatal error detected, state dump in stdout" errfrom=user_interrupt'
                                 f' error="signal received: {text}"')

    def test_either_setting_prints_the_state(self):
        for on_signal, on_error, printed in (True, False, True), (False, True, True), \
                (False, False, False):
            with self.subTest(on_signal=on_signal, on_error=on_error):
                self.target.drop_user_databases()
                self.source.drop_user_databases()
                ferry = self.waiting(DumpStateOnSignal=on_signal,
                                     DumpStateToStdoutOnError=on_error)
                ferry.terminate()
                ferry.assert_status(2)
                self.assertEqual(ferry.stdout() != "", printed)
                self.assertEqual(ferry.log_contains("neither DumpStateOnSignal"), not printed)
                self.assertIsNotNone(ferry.state_file())

    def test_an_interrupted_run_is_resumed_from_the_state_file(self):
        ferry = self.waiting()
        ferry.kill9()
        # A fresh start must not lose it.
        self.assertEqual(ferry.run(), 1)
        self.assertIn("unfinished run", ferry.log())
        ferry.resume(ferry.state_file(), AutomaticCutover=True)
        ferry.assert_status(0)
        self.assert_equal()
        # What is finished stands in nobody's way.
        self.target.drop_user_databases()
        ferry.run_ok()

    def test_a_second_signal_ends_a_hanging_callback(self):
        receiver = Receiver(self)
        ferry = self.waiting(ErrorCallback={"URI": receiver.uri("/hang"), "Payload": ""})
        ferry.terminate()
        self.wait_until(lambda: receiver.payloads("/hang"), what="the error callback")
        ferry.state()  # complete before anybody is told
        ferry.terminate()
        ferry.wait(4)
        ferry.assert_status(2)

    def test_a_reader_that_went_away_is_no_crash(self):
        ferry = self.waiting()
        ferry.terminate()
        ferry.assert_status(2)
        argv = program.argv(program.seen(ferry.config_path))
        os.unlink(ferry.config_path + ".state")
        self.target.drop_user_databases()
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        process.stdout.close()
        self.wait_until(lambda: os.path.exists(ferry.config_path + ".state"))
        process.terminate()
        self.assertEqual(process.wait(20), 2)
        self.assertIn(b"Broken pipe", process.stderr.read())


class CallbackTest(FerryTest):
    pairs = BOTH[:1]

    def test_progress_state_and_cutover_callbacks(self):
        self.basic_tables(500)
        receiver = Receiver(self)
        ferry = self.ferry(
            ProgressCallback={"URI": receiver.uri("/progress"), "Payload": "mine"},
            ProgressReportFrequency=100,
            StateCallback={"URI": receiver.uri("/state"), "Payload": ""},
            StateReportFrequency=100,
            CutoverLock={"URI": receiver.uri("/lock"), "Payload": "locked"},
            CutoverUnlock={"URI": receiver.uri("/unlock"), "Payload": "unlocked"})
        ferry.run_ok()
        paths = [path for path, _ in receiver.posts]
        self.assertEqual(receiver.payloads("/lock"), ["locked"])
        self.assertEqual(receiver.payloads("/unlock"), ["unlocked"])
        self.assertLess(paths.index("/lock"), paths.index("/unlock"))
        before_lock = [json.loads(payload) for path, payload
                       in receiver.posts[:paths.index("/lock")] if path == "/progress"]
        self.assertEqual(before_lock[-1]["CurrentState"], "cutover")
        last = json.loads(receiver.payloads("/progress")[-1])
        self.assertEqual(last["CurrentState"], "done")
        self.assertEqual(last["CustomPayload"], "mine")
        self.assertEqual(last["ActiveDataIterators"], 0)
        for table in last["Tables"].values():
            self.assertEqual(table["CurrentAction"], "completed")
        for payload in receiver.payloads("/state"):
            self.assertIn("LastKnownTableSchemaCache", json.loads(payload))

    def test_a_refused_lock_aborts(self):
        self.basic_tables(50)
        receiver = Receiver(self)
        ferry = self.ferry(CutoverLock={"URI": receiver.uri("/500"), "Payload": "x"},
                           CutoverUnlock={"URI": receiver.uri("/unlock"), "Payload": ""},
                           ErrorCallback={"URI": receiver.uri("/error"), "Payload": ""},
                           MaxCutoverRetries=3, CutoverRetryWaitSeconds=1)
        self.assertEqual(ferry.run(), 2)
        self.assertEqual(len(receiver.payloads("/500")), 3)
        self.assertEqual(receiver.payloads("/unlock"), [])
        error, = (json.loads(payload) for payload in receiver.payloads("/error"))
        self.assertEqual(error["ErrFrom"], "cutover")
        self.assertIn("callback returned 500", error["ErrMessage"])
        self.assertEqual(json.loads(error["StateDump"]), ferry.state())

    def test_slow_receivers_hold_up_nothing(self):
        self.basic_tables(200)
        receiver = Receiver(self)
        ferry = self.ferry(http=True, AutomaticCutover=False, ProgressReportFrequency=50,
                           ProgressCallback={"URI": receiver.uri("/hang"), "Payload": ""})
        ferry.start()
        self.wait_until(lambda: receiver.payloads("/hang"), what="the first progress")
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", deadline=20)
        ferry.terminate()
        ferry.wait(5)
        ferry.state()


class StartTest(FerryTest):
    pairs = BOTH[:1]

    def test_a_dry_run_moves_nothing(self):
        self.basic_tables(50)
        ferry = self.ferry(StateFile="/nowhere/at/all")
        self.assertEqual(ferry.run("-dryrun"), 0)
        self.assertRegex(ferry.stdout(), r"(?s)would be moved:\n  abc\..*\nexiting due to dryrun\n$")
        self.assertEqual(self.target.databases(), [])

    def test_a_state_file_that_cannot_be_written_is_told_at_once(self):
        ferry = self.ferry(StateFile="/nowhere/at/all")
        self.assertEqual(ferry.run(), 1)
        self.assertIn("error: ", ferry.log())
        self.assertIn("/nowhere/at/all", ferry.log())

    def test_nobody_asked_for_the_default_state_file(self):
        self.basic_tables(50)
        ferry = self.ferry()
        os.mkdir(ferry.config_path + ".state.new")  # in the way, for root as well
        ferry.run_ok()
        self.assertIn("without a state file", ferry.log())
        self.assertIsNone(ferry.state_file())
        self.assert_equal()

    def test_a_server_that_is_not_there(self):
        ferry = self.ferry(Source={"Port": 1})
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "error: failed to start ferry: .*source: ")
        self.assertEqual(ferry.stdout(), "")

    def test_closed_standard_files_are_no_trap(self):
        self.basic_tables(50)
        ferry = self.ferry()
        ferry.run_ok()
        os.unlink(ferry.config_path + ".state")
        self.target.drop_user_databases()
        command = " ".join(program.argv(program.seen(ferry.config_path)))
        self.assertEqual(subprocess.call(["sh", "-c", f"exec {command} <&- >&- 2>&-"],
                                         timeout=60), 0)
        self.assert_equal()
