"""As a service and on a terminal: one command line for the start and for what comes after,
the log and its rotation, hang-ups, messages to the service manager, Ghostferry's examples."""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import termios
import threading

from lib import place
from lib.moves import MoveTest

TAGS = ("any_client",)


def text(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return ""


class ServiceTest(MoveTest):
    def setUp(self):
        super().setUp()
        # Whatever started the tests ignores hangups, perhaps: what is started here does not.
        self.addCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_DFL))

    def write_config(self, ferry):
        with open(ferry.config_path, "w") as f:
            json.dump(ferry.config, f)

    def argv(self, ferry, *args):
        return ferry.program.argv(*ferry.args, *args, ferry.program.seen(ferry.config_path))

    def without_terminal(self, ferry, *args):
        """As a service manager starts it."""
        self.write_config(ferry)
        ferry.runs += 1
        with open(ferry.stdout_path, "wb") as out, open(ferry.stderr_path, "wb") as err:
            ferry.process = place.popen(self.argv(ferry, *args), stdout=out, stderr=err,
                                        env=ferry.environ, start_new_session=True)
        return ferry


class ResumeFlagTest(ServiceTest):
    def stopped(self, **settings):
        """A run that is about to read its third chunk, its state in the file."""
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, **settings)
        stop = probes.stop_at("after_chunk_read", r"abc\.t 2 ")
        ferry.start("-resume")
        self.reach(ferry, stop)
        ferry.wait_until(ferry.state_file)
        return ferry, probes

    def test_start_go_on_and_be_finished(self):
        """With a pattern. Broken: a second -resume starts from scratch; a third one needs the
        servers."""
        self.table(rows=40)
        ferry, probes = self.stopped(Tables={"Whitelist": ["ab?.t*"]})
        ferry.kill9()
        probes.release_all()
        ferry.start("-resume")
        self.done(ferry)
        self.assertIn("resum", ferry.log())
        self.target.sql("UPDATE abc.t SET v = 'in use' WHERE id = 3")
        ferry.config["Source"]["Port"] = ferry.config["Target"]["Port"] = 1
        ferry.start("-resume")
        ferry.assert_status(0)
        self.assertRegex(ferry.log(), "says that this move is finished: there is nothing to do")
        self.assertEqual(ferry.stdout(), "")

    def test_after_a_signal_too(self):
        self.table(rows=40)
        ferry, probes = self.stopped()
        ferry.terminate()
        ferry.assert_status(2)
        probes.release_all()
        ferry.start("-resume")
        self.done(ferry)

    def test_another_configuration_is_another_move(self):
        """More tables, or others, than those of the finished move: it is not called done."""
        self.table(rows=5)
        self.table("u", rows=5)
        ferry = self.ferry(Tables={"Whitelist": ["t"]})
        ferry.start("-resume")
        ferry.assert_status(0)
        for tables in (["t", "u"], ["u"]):
            ferry.config["Tables"] = {"Whitelist": tables}
            ferry.start("-resume")
            ferry.wait()
            self.assertNotIn("nothing to do", ferry.log())
        ferry.assert_status(0)
        self.assert_equal(only=["t", "u"])

    def test_a_state_that_cannot_be_used(self):
        self.table(rows=5)
        ferry = self.ferry()
        with open(ferry.config_path + ".state", "w") as f:
            f.write('{"GhostferryVersion": ')
        ferry.start("-resume")
        ferry.assert_status(1)
        self.assertIn("failed to parse state file", ferry.log())
        for settings, pattern in (({"StateFile": ""}, "-resume needs a StateFile"),
                                  ({"StateToResumeFrom": {}}, "StateToResumeFrom: take one"),
                                  ({"StateFile": "/no/such/place"}, "/no/such/place")):
            ferry = self.ferry(**settings)
            ferry.start("-resume")
            ferry.assert_status(1)
            self.assertRegex(ferry.log(), pattern)
        self.assertEqual(self.target.databases(), [])

    def test_not_beside_a_living_run(self):
        self.table(rows=40)
        ferry, probes = self.stopped()
        self.addCleanup(probes.release_all)
        status, out, err = ferry.program.run("-resume", ferry.program.seen(ferry.config_path))
        self.assertEqual((status, out), (1, ""))
        self.assertIn("a run that goes on just now", err)
        probes.release_all()
        self.done(ferry)


class LogTest(ServiceTest):
    def waiting(self, **settings):
        self.table(rows=5)
        ferry = self.ferry(AutomaticCutover=False, **settings)
        self.without_terminal(ferry)
        return ferry

    def test_rotation(self):
        """The file is moved away, and a hang-up has it made again."""
        path = os.path.join(place.temp_dir(self.ferry().program.inside), "log")
        ferry = self.waiting(LogFile=self.ferry().program.seen(path))
        ferry.wait_until(lambda: "data copy is complete" in text(path), what="the log")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        os.rename(path, path + ".1")
        ferry.signal(signal.SIGHUP)
        ferry.wait_until(lambda: os.path.exists(path) and "opened again" in text(path))
        before = text(path + ".1")
        ferry.terminate()
        ferry.assert_status(2)
        self.assertIn("interrupted by a signal", text(path))
        self.assertEqual(text(path + ".1"), before)
        self.assertEqual(text(ferry.stderr_path), "")

    def test_rotation_that_fails(self):
        home = place.temp_dir(self.ferry().program.inside)
        path = os.path.join(home, "dir", "log")
        os.mkdir(os.path.dirname(path))
        ferry = self.waiting(LogFile=self.ferry().program.seen(path))
        ferry.wait_until(lambda: "data copy is complete" in text(path), what="the log")
        os.rename(os.path.join(home, "dir"), os.path.join(home, "away"))
        ferry.signal(signal.SIGHUP)
        ferry.wait_until(lambda: "LogFile cannot be opened again"
                         in text(os.path.join(home, "away", "log")))
        ferry.terminate()
        ferry.assert_status(2)

    def test_a_file_that_cannot_be_opened(self):
        ferry = self.ferry(LogFile="/no/such/log")
        ferry.start()
        ferry.assert_status(1)
        self.assertIn("error: LogFile: open /no/such/log", ferry.log())

    def test_cut_to_nothing(self):
        """stderr in a file that a rotation copies and truncates. Broken: it goes on at the old
        length, with zeros in front."""
        ferry = self.waiting()
        ferry.wait_for_log("data copy is complete")
        os.truncate(ferry.stderr_path, 0)
        ferry.terminate()
        ferry.assert_status(2)
        self.assertTrue(ferry.log().startswith("time="), ferry.log()[:80])

    def test_facts_are_fields(self):
        """Of what is done, at level debug of each batch; numbers are numbers."""
        self.table(rows=40)
        ferry = self.one_by_one(AutomaticCutover=False, http=True, LogBackend="zerolog").start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.source.sql("UPDATE abc.t SET n = -1 WHERE id <= 7")
        ferry.allow_cutover()
        ferry.wait_for_log("ghostferry run is complete")
        ferry.interrupt()
        ferry.assert_status(0)
        lines = [json.loads(line) for line in ferry.log().splitlines()]

        def having(text):
            return [line for line in lines if re.search(text, line["msg"])]
        self.assertEqual([line["rows"] for line in having("^wrote a batch of table abc.t: 10 ")],
                         [10] * 4)
        self.assertEqual(sum(line["changes"] for line in having("^applied a batch")), 7)
        self.assertEqual([line["table"] for line in having("is copied$")], ["abc.t"])
        position = having("stop binlog position")[0]
        self.assertTrue(position["msg"].endswith(f"{position['file']}:{position['position']}"))

    def test_a_hang_up_without_a_log_file(self):
        """As SIGTERM."""
        ferry = self.waiting()
        ferry.wait_for_log("data copy is complete")
        ferry.signal(signal.SIGHUP)
        ferry.assert_status(2)
        self.assertIn("signal received: hangup", ferry.log())
        ferry.resume(AutomaticCutover=True)
        self.done(ferry)


class TerminalTest(ServiceTest):
    def on_a_terminal(self, ferry, *args):
        """Starts it as the leader of a session with a terminal; what is on the screen is
        self.screen."""
        self.write_config(ferry)
        argv = self.argv(ferry, *args)
        self.screen = ""
        pid, master = pty.fork()
        if pid == 0:
            os.execvpe(argv[0], argv, ferry.environ)
        self.pid, self.master, self.status = pid, master, None
        self.addCleanup(self.end)

        def read():
            while True:
                try:
                    got = os.read(master, 65536)
                except OSError:
                    return
                self.screen += got.decode(errors="replace")
        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()

    def end(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def ended(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
        return bool(pid)

    def stopped(self, **settings):
        self.table(rows=40)
        ferry = self.ferry(AutomaticCutover=False, **settings)
        self.on_a_terminal(ferry)
        self.wait_until(lambda: "wait-for-cutover" in self.screen, what="the end of the copy")
        return ferry

    def test_names_on_the_screen(self):
        """No control character of a name gets there; the line fits, whatever it is made of.

        Broken: columns counted as characters."""
        self.table("\u6f22" * 40, rows=40)
        self.table("e\u0301\u009b2J\u202e", rows=40)
        probes = self.probes()
        stop = probes.stop_at("before_batch_write", "\u6f22")
        ferry = self.one_by_one(probes=probes, DataIterationConcurrency=2)
        self.on_a_terminal(ferry)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 140, 0, 0))
        self.wait_until(lambda: stop.reached, what="the batch")
        self.wait_until(lambda: re.search("copying [^\r]*\u6f22", self.screen), what="the name")
        stop.release()
        self.wait_until(self.ended, what="the end")
        self.reader.join(5)
        self.assertNotRegex(self.screen, "[\u0080-\u009f\u202e]")
        for line in re.findall("copying [^\r]*\u6f22[^\r]*", self.screen):
            self.assertLessEqual(sum(2 if c == "\u6f22" else 1 for c in line), 139)

    def test_a_comparison_that_is_interrupted(self):
        """Its progress, and what was compared.

        Broken: the signal's default action."""
        self.table("a", rows=30)
        self.table("b", rows=300)
        ferry = self.ferry().run_ok()
        self.target.sql("DELETE FROM abc.a WHERE id = 7")
        probes = self.probes()
        stop = probes.stop_at("range_compared", "abc.b")
        ferry = self.one_by_one(probes=probes, DataIterationBatchSize=100)
        self.on_a_terminal(ferry, "-verify")
        self.wait_until(lambda: stop.reached, what="the range")
        self.wait_until(lambda: re.search(r"comparing 1/2 tables, \d+\.\d%, .*/s, ETA .*, 1 row differs,"
                                          r" ab", self.screen), what="the progress")
        os.write(self.master, b"\x03")
        self.wait_until(self.ended, what="the end")
        self.assertEqual(self.status, 1)
        self.reader.join(5)
        self.assertRegex(self.screen, r"interrupted by a signal: 1/2 tables, \d+\.\d%, \d+/\d+ rows were"
                                      " compared, of these 1 row differs")

    def test_without_colours(self):
        self.table(rows=40)
        for environ, wanted in (({"NO_COLOR": "1"}, r"INFO\[000\d\] "),
                                ({"TERM": "dumb"}, "level=info msg=")):
            ferry = self.ferry(environ=environ)
            self.on_a_terminal(ferry)
            self.wait_until(self.ended, what="the end")
            self.assertEqual(self.status, 0)
            self.assertRegex(self.screen, wanted)
            self.assertNotRegex(self.screen, r"\x1b\[\d*m" if "NO_COLOR" in environ else "\x1b")
            self.target.drop_user_databases()

    def test_the_state_is_not_for_the_screen(self):
        ferry = self.stopped()
        os.write(self.master, b"\x03")
        self.wait_until(self.ended, what="the end")
        self.assertEqual(self.status, 2)
        self.reader.join(5)
        path = ferry.program.seen(ferry.config_path) + ".state"
        self.assertRegex(self.screen, re.escape(f"interrupted by a signal, state in {path}"))
        self.assertNotIn("LastKnownTableSchemaCache", self.screen)
        self.assertNotIn("fatal", self.screen)
        ferry.config["AutomaticCutover"] = True
        ferry.start("-resume")
        self.done(ferry)

    def test_unless_there_is_no_other_place(self):
        self.stopped(StateFile="")
        os.write(self.master, b"\x03")
        self.wait_until(self.ended, what="the end")
        self.reader.join(5)
        self.assertIn("LastKnownTableSchemaCache", self.screen)

    def test_a_terminal_that_is_closed(self):
        """With a LogFile as well: nobody else can end the run then."""
        home = place.temp_dir(self.ferry().program.inside)
        path = os.path.join(home, "log")
        self.table(rows=40)
        ferry = self.ferry(AutomaticCutover=False, LogFile=self.ferry().program.seen(path))
        self.on_a_terminal(ferry)
        self.wait_until(lambda: "data copy is complete" in text(path), what="the end of the copy")
        os.kill(self.pid, signal.SIGHUP)
        self.wait_until(self.ended, what="the end")
        self.assertEqual(self.status, 2)
        self.assertIn("signal received: hangup", text(path))


class ProgressTest(ServiceTest):
    def test_it_goes_on_where_it_was(self):
        """Of whatever key, after a kill; and rows of all processes count in the end.

        Broken: rows of this process alone; rows beyond the key, which are read again."""
        self.table("a", rows=30)
        self.table("pairs", body="id BIGINT NOT NULL, v VARCHAR(200), n INT NOT NULL,"
                   " PRIMARY KEY (n, id)", rows=100)
        self.table("texts", body="id BIGINT NOT NULL, v VARCHAR(200) NOT NULL PRIMARY KEY, n INT",
                   rows=100)
        for one in ("a", "pairs", "texts"):
            self.source.sql(f"ANALYZE TABLE abc.{one}")
        probes = self.probes()
        ferry = self.one_by_one(http=True, AutomaticCutover=False, probes=probes)
        before = rows = 0
        for table, nth in (("pairs", 6), ("texts", 7)):
            stop = probes.stop_at("before_batch_write", rf"abc\.{table} ", nth)
            ferry.start(*(("-resumestate", ferry.config_path + ".state") if before else ()))
            self.reach(ferry, stop)
            self.let_the_state_be_saved(ferry)
            status = ferry.status()
            self.assertGreater(status["Fraction"], before)
            self.assertGreater(status["CopiedRows"], rows)
            self.assertEqual(status["RowsWritten"] < status["CopiedRows"], before > 0)
            before, rows = status["Fraction"], status["CopiedRows"]
            ferry.kill9()
            stop.release()
        ferry.start("-resumestate", ferry.config_path + ".state")
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.assertEqual({t["TableName"]: t["RowsWritten"] for t in status["TableStatuses"]},
                         {"abc.a": 30, "abc.pairs": 100, "abc.texts": 100})
        ferry.terminate()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "copied by now are 3 of 3 tables, 230 rows, ")


class NotifyTest(ServiceTest):
    def manager(self, name):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(name)
        sock.settimeout(60)
        self.addCleanup(sock.close)
        return sock

    def messages(self, sock, until):
        got = []
        while not got or not re.search(until, got[-1]):
            got.append(sock.recv(4096).decode())
        return got

    def test_ready_status_and_stopping(self):
        inside = self.ferry().program.inside
        path = os.path.join(place.temp_dir(inside), "notify")
        for name, shown in ((path, self.ferry().program.seen(path)),
                            ("\0gf-" + os.path.basename(place.temp_dir()), None)):
            sock = self.manager(name)
            shown = shown or "@" + name[1:]
            with self.subTest(shown):
                self.table(f"t{len(shown)}", rows=5)
                ferry = self.ferry(AutomaticCutover=False, environ={"NOTIFY_SOCKET": shown},
                                   Tables={"Whitelist": [f"t{len(shown)}"]}).start()
                self.messages(sock, "^READY=1$")
                self.messages(sock, "^STATUS=wait-for-cutover 1/1 tables")
                ferry.terminate()
                self.assertIn("signal received", self.messages(sock, "^STOPPING=1\n")[-1])
                ferry.assert_status(2)

    def test_a_run_that_ends_by_itself(self):
        self.table(rows=5)
        path = os.path.join(place.temp_dir(self.ferry().program.inside), "notify")
        sock = self.manager(path)
        self.ferry(environ={"NOTIFY_SOCKET": self.ferry().program.seen(path)}).run_ok()
        got = self.messages(sock, "STOPPING=1")
        self.assertEqual([line for line in got if "READY" in line or line == "STATUS=done"],
                         ["READY=1", "STATUS=done"])

    def test_stopped_by_request(self):
        """Its unit does not start it again: no failure. But what fails is one.

        Broken: the status of every failure."""
        with open(os.path.join(place.TOP, "src/package/ghostferry-copydb@.service"),
                  encoding="utf-8") as file:
            unit = file.read()
        wanted, = re.findall("^Environment=GHOSTFERRY_STOPPED_STATUS=(.*)$", unit, re.M)
        self.assertIn(f"\nSuccessExitStatus={wanted}\n", unit)
        environ = {"GHOSTFERRY_STOPPED_STATUS": wanted}
        self.table(rows=5)
        ferry = self.ferry(AutomaticCutover=False, http=True, environ=environ).start()
        ferry.wait_for_log("data copy is complete")
        self.assertEqual(ferry.http("POST", "/api/stop", {})[0], 200)
        ferry.assert_status(int(wanted))
        ferry.resume()
        ferry.wait_for_log("data copy is complete")
        self.source.sql("ALTER TABLE abc.t ADD x INT")
        ferry.assert_status(2)

    def test_nobody_listens(self):
        self.table(rows=5)
        self.ferry(environ={"NOTIFY_SOCKET": "/no/such/socket"}).run_ok()


class ExamplesTest(ServiceTest):
    """Configurations as in Ghostferry's examples and tutorial, with its tables: root without a
    password, and names that are not there. Only ports are other ones."""

    def setUp(self):
        super().setUp()
        for server in (self.source, self.target):
            with server.connect() as db:
                db.run("SET sql_log_bin = 0", "DROP USER IF EXISTS root@'127.0.0.1'",
                       "CREATE USER root@'127.0.0.1' IDENTIFIED BY ''",
                       "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION")
            self.addCleanup(server.sql, "SET sql_log_bin = 0", "DROP USER root@'127.0.0.1'",
                            "SET sql_log_bin = 1")
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.table1 (id BIGINT(20) AUTO_INCREMENT,"
            " data VARCHAR(16), PRIMARY KEY (id))",
            "INSERT INTO abc.table1 (data) VALUES ('a'), ('b'), ('c')")

    def side(self, server):
        return {"Host": "127.0.0.1", "Port": server.port, "User": "root", "Pass": "",
                "Collation": "utf8mb4_unicode_ci", "Params": {"charset": "utf8mb4"}}

    def example(self, **keys):
        ferry = self.ferry(http=True)
        ferry.config = {
            "Source": self.side(self.source), "Target": self.side(self.target),
            "Databases": {"Whitelist": ["abc"]},
            "ServerBindAddr": f"127.0.0.1:{ferry.port}", **keys}
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        ferry.allow_cutover()
        ferry.wait_for_log("ghostferry run is complete")
        ferry.interrupt()
        ferry.assert_status(0)
        self.assert_equal()
        return ferry.log()

    def test_a_whole_database(self):
        log = self.example(
            Tables={"Blacklist": ["schema_migrations"]}, VerifierType="ChecksumTable",
            ForceIndexForVerification={"abc": {"table1": "an_index_that_is_not_there"}},
            ControlServerCustomScripts={"Custom Script 1": ["examples/copydb/s1"]},
            DumpStateOnSignal=True, DumpStateToStdoutOnError=True)
        self.assertRegex(log, "level=warning.*Tables.Blacklist names the table schema_migrations")
        self.assertRegex(log, "level=warning.*the index an_index_that_is_not_there")

    def test_an_empty_name_in_a_list(self):
        self.example(Tables={"Blacklist": [""]}, VerifierType="Inline",
                     SkipTargetVerification=True, DataIterationBatchSize=200)

    def test_options_of_its_driver(self):
        """None is sent to a server, which would not know it."""
        options = {"charset": "utf8mb4", "timeout": "5s", "readTimeout": "1m", "parseTime": "true",
                   "writeTimeout": "1m", "maxAllowedPacket": "0", "interpolateParams": "true",
                   "allowCleartextPasswords": "false", "tls": "false", "loc": "UTC",
                   "collation": "utf8mb4_bin", "multiStatements": "true", "clientFoundRows": "true",
                   "lock_wait_timeout": "20"}
        log = self.example(Source=dict(self.side(self.source), Params=options),
                           Target=dict(self.side(self.target), Params=options))
        self.assertRegex(log, "level=warning.*Target.Params.parseTime is an option of Go's driver")
