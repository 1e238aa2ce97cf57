"""The tests' own tools, tested without the program: if these fail, no other
result means anything."""

import os
import signal
import socket
import threading
import unittest

from lib import compare, place, tables
from lib.case import BOTH, CROSS, ServerTest
from lib.db import name
from lib.ferry import Ferry, Program
from lib.probes import Probes
from lib.server import PASSWORD

TAGS = ("harness",)


class ServersTest(ServerTest):
    pairs = BOTH

    def test_the_binlog_is_as_the_program_needs_it(self):
        for server in (self.source, self.target):
            self.assertEqual(server.sql("SELECT @@log_bin, @@global.binlog_format,"
                                        " @@global.binlog_row_image"),
                             ((1, "ROW", "FULL"),))
        self.assertNotEqual(self.source.value("SELECT @@server_id"),
                            self.target.value("SELECT @@server_id"))

    def test_the_program_s_account_gets_in_over_tcp(self):
        for server in (self.source, self.target):
            with server.connect(host="127.0.0.1", user="ghostferry", password=PASSWORD) as db:
                self.assertEqual(db.value("SELECT CURRENT_USER()"), "ghostferry@%")

    def test_what_was_committed_survives_kill_9(self):
        server = self.private_server("source")
        server.sql("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)",
                   "INSERT INTO d.t VALUES (7)")
        server.kill9()
        server.start()
        self.assertEqual(server.value("SELECT id FROM d.t"), 7)

    def test_a_suspended_server_goes_on(self):
        server = self.private_server("source")
        server.suspend()
        timer = threading.Timer(0.3, server.resume)
        timer.start()
        self.assertEqual(server.value("SELECT 1"), 1)
        timer.join()

    def test_databases_are_dropped(self):
        self.source.sql("CREATE DATABASE `a``b`", "CREATE TABLE `a``b`.p (id INT PRIMARY KEY)",
                        "CREATE TABLE `a``b`.c (id INT, FOREIGN KEY (id)"
                        " REFERENCES p (id)) ENGINE=InnoDB")
        self.source.drop_user_databases()
        self.assertEqual(self.source.databases(), [])


class WriterTest(ServerTest):
    def test_writer_changes_every_table(self):
        made = self.basic_tables(rows=50)
        before = {t.name: compare.fetch(self.source.db, "abc", t.name) for t in made}
        writer = self.writer(made, span=60)
        writer.wait_for(1500)
        writer.stop()
        for table in made:
            self.assertNotEqual(before[table.name],
                                compare.fetch(self.source.db, "abc", table.name), table.name)

    def test_hold_leaves_it_between_transactions(self):
        made = self.basic_tables(rows=50, names=("big",))
        writer = self.writer(made)
        writer.wait_for(50)
        writer.hold()
        at = compare.fetch(self.source.db, "abc", "big")
        self.assertEqual(at, compare.fetch(self.source.db, "abc", "big"))
        writer.go_on()
        writer.wait_for(20)

    def test_errors_of_the_writer_come_out(self):
        made = self.basic_tables(rows=5, names=("big",))
        writer = self.writer(made)
        writer.wait_for(5)
        self.source.sql("DROP TABLE abc.big")
        with self.assertRaisesRegex(Exception, "big"):
            writer.wait_for(10 ** 6)
        writer.error = None  # expected: not again at cleanup

    def test_writer_survives_a_restart(self):
        self.source = self.private_server("source")
        made = self.basic_tables(rows=20)
        writer = self.writer(made, reconnect=True)
        writer.wait_for(100)
        self.source.kill9()
        self.source.start()
        writer.wait_for(100)

    def test_fast_fill(self):
        tables.create_basic_tables(self.source, "abc", 0, names=("big",))
        tables.fill_fast(self.source.db, "abc", "big", 12345)
        self.assertEqual(self.source.sql("SELECT COUNT(*), MIN(id), MAX(id) FROM abc.big"),
                         ((12345, 1, 12345),))


class CompareTest(ServerTest):
    """The comparison finds what was changed, and says where."""

    def both(self, *statements):
        for server in (self.source, self.target):
            server.sql("SET sql_mode=''", "CREATE DATABASE IF NOT EXISTS d", "USE d")
            server.sql(*statements)

    def differs(self, pattern, *statements):
        """After these statements on the target."""
        self.assert_equal()
        self.target.sql(*statements)
        with self.assertRaisesRegex(AssertionError, pattern):
            self.assert_equal()

    def test_all_basic_tables_are_equal_to_themselves(self):
        for server in (self.source, self.target):
            tables.create_basic_tables(server, "abc", 40)
        # Rows get the time of day on each side: not what is tested here.
        for server in (self.source, self.target):
            server.sql("UPDATE abc.big SET changed = '2020-01-01'")
        self.assert_equal()

    def test_value(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,2),(3,4)")
        self.differs("row id=3: v: source 4, target 5", "UPDATE d.t SET v = 5 WHERE id = 3")

    def test_trailing_blank(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))",
                  "INSERT INTO t VALUES (1, 'a')")
        self.differs("6120", "UPDATE d.t SET v = 'a '")

    def test_case_and_accent_under_a_ci_collation(self):
        self.both("CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY)",
                  "INSERT INTO t VALUES ('a')")
        self.differs("missing.*\n.*only", "UPDATE d.t SET k = 'Ä'")

    def test_null_is_not_empty(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))",
                  "INSERT INTO t VALUES (1, '')")
        self.differs("NULL", "UPDATE d.t SET v = NULL")

    def test_last_bit_of_a_float(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v FLOAT)",
                  "INSERT INTO t VALUES (1, '16777214')")
        self.differs("16777215", "UPDATE d.t SET v = '16777215'")

    def test_last_bit_of_a_double(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v DOUBLE(30,2))",
                  "INSERT INTO t VALUES (1, '0.1')")
        self.differs("v: ", "ALTER TABLE d.t MODIFY v DOUBLE",
                     "UPDATE d.t SET v = '0.10000000000000002'")

    def test_enum_zero_is_not_the_empty_label(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v ENUM('', 'a'))",
                  "INSERT INTO t VALUES (1, 1)")
        self.differs("v: ", "UPDATE d.t SET v = 0")

    def test_long_values(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)",
                  "INSERT INTO t VALUES (1, REPEAT('x', 100000))")
        self.differs("100000 bytes", "UPDATE d.t SET v = CONCAT(LEFT(v, 99999), 'y')")

    def test_fractions_of_a_second(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v DATETIME(6))",
                  "INSERT INTO t VALUES (1, '2020-01-01 00:00:00.000001')")
        self.differs("000002", "UPDATE d.t SET v = '2020-01-01 00:00:00.000002'")

    def test_zero_date(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v DATE)",
                  "INSERT INTO t VALUES (1, '0000-00-00')")
        self.differs("0000-00-00", "UPDATE d.t SET v = NULL")

    def test_missing_and_extra_rows(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1),(2)")
        self.differs("2 rows on the source, 1 on the target\n.*row id=1: missing",
                     "DELETE FROM d.t WHERE id = 1")
        self.target.sql("INSERT INTO d.t VALUES (1),(9)")
        with self.assertRaisesRegex(AssertionError, "row id=9: only on the target"):
            self.assert_equal()

    def test_table_without_key_counts_copies(self):
        self.both("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1),(1),(2)")
        self.differs("v=1", "DELETE FROM d.t WHERE v = 1 LIMIT 1", "INSERT INTO d.t VALUES (2)")

    def test_invisible_and_generated_columns(self):
        self.both("CREATE TABLE t (id INT PRIMARY KEY, v INT DEFAULT 1 INVISIBLE,"
                  " g INT AS (id + 1))", "INSERT INTO t (id) VALUES (1)")
        self.differs("v: source 1, target 2", "UPDATE d.t SET v = 2")

    def test_odd_names(self):
        odd = name("o`d.d", "ta`b.lé 日本")
        for server in (self.source, self.target):
            server.sql(f"CREATE DATABASE {name('o`d.d')}",
                       f"CREATE TABLE {odd} (`i``d.` INT PRIMARY KEY, `sel ect` INT)",
                       f"INSERT INTO {odd} VALUES (1, 2)")
        self.differs("i`d.=1: sel ect", f"UPDATE {odd} SET `sel ect` = 3")

    def test_a_missing_table_and_no_table_at_all(self):
        with self.assertRaisesRegex(AssertionError, "nothing was compared"):
            self.assert_equal()
        self.both("CREATE TABLE t (v INT)")
        self.differs("no table", "DROP TABLE d.t")

    def test_rewritten_names(self):
        self.both("CREATE TABLE t (v INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
        self.target.sql("CREATE DATABASE e", "RENAME TABLE d.t TO e.u")
        self.assert_equal(["d"], rewrites={"d": "e"}, table_rewrites={"t": "u"})


class CrossCompareTest(ServerTest):
    pairs = CROSS

    def test_the_same_rows_compare_equal_across_flavours(self):
        names = {"composite", "string_ci", "uuid", "uniques", "negative"}
        for server in (self.source, self.target):
            tables.create_basic_tables(server, "abc", 30, names=names)
        self.assert_equal()


class ProbesTest(unittest.TestCase):
    """Against a client that speaks as the program does."""

    def setUp(self):
        self.probes = Probes()
        self.addCleanup(self.probes.close)

    def call(self, line):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.connect(self.probes.path)
        client.sendall(line)
        return client

    def test_answers_at_once_and_counts(self):
        for _ in range(3):
            self.assertEqual(self.call(b"before_row_copy abc.t 1\n").recv(9), b"go\n")
        self.assertEqual(self.call(b"bare \n").recv(9), b"go\n")
        self.assertEqual(self.probes.hits("before_row_copy"), 3)
        self.assertEqual(self.probes.seen[-1], ("bare", ""))

    def test_stops_at_the_nth_that_matches(self):
        stop = self.probes.stop_at("p", r"\bt 2$", nth=2)
        for line in (b"p abc.t 2\n", b"p abc.t 1\n", b"q abc.t 2\n"):
            self.assertEqual(self.call(line).recv(9), b"go\n")
        self.assertFalse(stop.reached)
        held = self.call(b"p abc.t 2\n")
        self.assertEqual(stop.wait_reached(), "abc.t 2")
        self.assertEqual(self.call(b"p abc.t 2\n").recv(9), b"go\n")  # only that one
        held.settimeout(0.1)
        with self.assertRaises(TimeoutError):
            held.recv(9)
        stop.release()
        held.settimeout(20)
        self.assertEqual(held.recv(9), b"go\n")

    def test_release_all(self):
        stops = [self.probes.stop_at("a"), self.probes.stop_at("b")]
        held = [self.call(b"a \n"), self.call(b"b \n")]
        for stop in stops:
            stop.wait_reached()
        self.probes.release_all()
        self.assertEqual([client.recv(9) for client in held], [b"go\n"] * 2)

    def test_a_stop_not_reached_says_so(self):
        with self.assertRaisesRegex(AssertionError, "in vain for the probe nowhere"):
            self.probes.stop_at("nowhere").wait_reached(0.05)

    def test_survives_a_killed_client(self):
        stop = self.probes.stop_at("p")
        child = os.fork()
        if child == 0:
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.probes.path)
            client.sendall(b"p \n")
            client.recv(9)
            os._exit(0)
        stop.wait_reached()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.call(b"half a li").close()
        stop.release()
        self.assertEqual(self.call(b"p \n").recv(9), b"go\n")


FAKE = '''#!/usr/bin/python3
import http.server, json, signal, socket, sys, os, threading
conf = json.load(open(sys.argv[-1]))
print("started with", sys.argv[1:-1], file=sys.stderr, flush=True)
if "-resumestate" in sys.argv:
    state = json.load(open(sys.argv[sys.argv.index("-resumestate") + 1]))
    sys.exit(0 if state["Key"] == 18446744073709551615 else 1)
def end(*_):
    print(json.dumps({"Key": 18446744073709551615}), flush=True)
    os._exit(2)
signal.signal(signal.SIGTERM, end)
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"OverallState": "copying"}).encode())
    def do_POST(self):
        self.send_response(400)
        self.end_headers()
    def log_message(self, *_): pass
host, port = conf["ControlServerConfig"]["ServerBindAddr"].split(":")
http.server.HTTPServer((host, int(port)), Api).serve_forever()
'''


class FerryToolTest(ServerTest):
    """lib.ferry, against a stand-in for the program."""

    pairs = BOTH[:1]

    def ferry(self, **how):
        build = place.temp_dir()
        path = os.path.join(build, "ghostferry-copydb")
        with open(path, "w") as f:
            f.write(FAKE)
        os.chmod(path, 0o755)
        ferry = Ferry(Program(build), self.source, self.target, ["abc"], http=True, **how)
        self.addCleanup(ferry.end)
        return ferry

    def test_interrupt_and_resume(self):
        ferry = self.ferry().start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "copying")
        self.assertEqual(ferry.http("POST", "/api/cutover", {"type": "x"})[0], 400)
        self.assertTrue(ferry.log_contains(r"started with \['-verbose'\]"))
        ferry.terminate()
        ferry.assert_status(2)
        self.assertEqual(ferry.state(), {"Key": 2 ** 64 - 1})
        ferry.resume().assert_status(0)

    def test_kill_and_what_is_said_then(self):
        ferry = self.ferry().start()
        ferry.wait_for_log("started with")
        ferry.kill9()
        with self.assertRaisesRegex(AssertionError, "exit status -9, not 0"):
            ferry.assert_status(0)
        with self.assertRaisesRegex(AssertionError, "stdout is no state dump"):
            ferry.state()
        with self.assertRaisesRegex(AssertionError, "waited in vain"):
            ferry.wait_for_log("never said")

    def test_settings_are_merged(self):
        ferry = self.ferry(Source={"User": "other", "Pass": None}, DataIterationBatchSize=7)
        self.assertEqual(ferry.config["Source"],
                         {"Host": "127.0.0.1", "Port": self.source.port, "User": "other"})
        self.assertEqual(ferry.config["DataIterationBatchSize"], 7)
