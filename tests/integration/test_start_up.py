"""The command line, the configuration file, what is checked before anything is
moved, and how the program gets to its servers."""

import json
import os
import re
import shutil
import socket
import subprocess
import unittest

from lib import case, place
from lib.case import FerryTest
from lib.certificates import certificates, server_options
from lib.false_server import FalseServer
from lib.server import PASSWORD


class CommandLineTest(unittest.TestCase):
    """Without servers."""

    def setUp(self):
        if not case.program.exists:
            self.fail(f"there is no {case.program.binary}")
        self.dir = place.temp_dir(case.program.inside)

    def file(self, text, leaf="conf.json"):
        path = os.path.join(self.dir, leaf)
        with open(path, "w") as f:
            f.write(text if isinstance(text, str) else json.dumps(text))
        return case.program.seen(path)

    def config(self, **changes):
        side = {"Host": "127.0.0.1", "Port": 1, "User": "u", "Pass": "p"}
        return self.file(dict({"Source": dict(side), "Target": dict(side),
                               "ControlServerConfig": {"Enabled": False}}, **changes))

    def run_program(self, *args):
        return case.program.run(*args)

    def fails(self, args, status, *patterns):
        got, out, err = self.run_program(*args)
        self.assertEqual((got, out), (status, ""), err)
        for pattern in patterns:
            self.assertRegex(err, pattern)
        return err

    def test_help_and_version(self):
        for flag in ("-h", "--h", "-help", "--help", "-help=true"):
            status, out, err = self.run_program(flag)
            self.assertEqual((status, err), (0, ""))
            for option in ("-dryrun", "-resumestate", "-verbose", "-version"):
                self.assertIn(option, out)
        for flag in ("-version", "--version"):
            status, out, err = self.run_program(flag)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"^ghostferry-copydb \d+\.\d+\.\d+\+\d{14}\+\w+")

    def test_no_argument(self):
        self.fails([], 1, "Usage: ghostferry-copydb", "path of the configuration is missing")
        self.fails(["-verbose"], 1, "Usage")

    def test_flags_that_do_not_exist(self):
        self.fails(["-nothing", "conf.json"], 1, "flag provided but not defined: -nothing", "Usage")
        self.fails(["--dry-run", "conf.json"], 1, "not defined: -dry-run\ndid you mean -dryrun\\?")
        self.fails(["---verbose"], 1, "bad flag syntax: ---verbose")
        self.fails(["-=x"], 1, "bad flag syntax")

    def test_values_of_flags(self):
        path = self.config()
        for flag in ("-verbose=yes", "-dryrun=2", "-verbose="):
            self.fails([flag, path], 1, "invalid boolean value")
        self.fails(["-resumestate"], 1, "flag needs an argument: -resumestate")
        for spelled in ("-resumestate=/no/such", "--resumestate=/no/such"):
            self.fails([spelled, path], 1, "/no/such does not exist")
        self.fails(["--resumestate", "/no/such", path], 1, "/no/such does not exist")

    def test_flags_end_where_arguments_begin(self):
        self.fails(["/no/such.json", "-nothing"], 1, "error: /no/such.json does not exist")
        self.fails([self.config(), "-dryrun"], 1, "^-dryrun stands behind the path", "Usage")
        self.fails(["--", "-dryrun"], 1, "error: -dryrun does not exist")
        self.fails(["-verbose=f", "-dryrun=T", "/no/such.json"], 1, "does not exist")

    def test_a_file_that_is_no_configuration(self):
        for text, pattern in (("", "parse config"), ("{", "line 1"), ("[]", "object"),
                              ("null", "."), ('{"Source": {"Host": "x",}}', "line 1"),
                              ('{\n "Source":\n  oops}', "line 3"), ("\0\0", "parse"),
                              ("{" * 5000, "parse"), ('{"Source": "x"}', "Source"),
                              ('{"Source": {"Port": "3306"}}', r"Source\.Port"),
                              ('{"Source": {"Port": 70000}}', r"Source\.Port.*70000"),
                              ('{"AutomaticCutover": 1}', "AutomaticCutover"),
                              ('{"Tables": {"Whitelist": "t"}}', r"Tables\.Whitelist"),
                              ('{"DBReadRetries": -1}', "DBReadRetries"),
                              ('{"MyServerId": 4294967296}', "MyServerId")):
            with self.subTest(text[:40]):
                self.fails([self.file(text)], 1, "^error: ", pattern)
        self.fails([case.program.seen(self.dir)], 1, "error: failed to (open|parse)")

    def test_rules_of_values(self):
        good = {"Host": "h", "User": "u"}
        for changes, message in (
                ({"Source": {"User": "u"}}, "source: host is empty"),
                ({"Target": {"Host": ""}}, "target: host is empty"),
                ({"Source": dict(good, Port=0)}, "source: port is not specified"),
                ({"Source": dict(good, Net="udp")},
                 r"source: net is unknown \(valid modes: tcp, unix\)"),
                ({"Source": dict(good, User="")}, "source: user is empty"),
                ({"Source": dict(good, Params={"time_zone": "'SYSTEM'"})},
                 r"source: time_zone must be set to '\+00:00'"),
                ({"Target": dict(good, Params={"sql_mode": "''"})},
                 "target: sql_mode must be set to 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"),
                ({"LogLevel": "loud"}, 'invalid LogLevel "loud"'),
                ({"VerifierType": "Magic"}, "'Magic' is not a known VerifierType"),
                ({"WaitForReplicationTimeout": "soon"}, "WaitForReplicationTimeout"),
                ({"Tables": {"Whitelist": ["a"], "Blacklist": ["b"]}},
                 "Whitelist and Blacklist cannot both be specified"),
                ({"CutoverLock": {"URI": "ftp://x"}}, "CutoverLock.URI"),
                ({"ControlServerConfig": {"Enabled": True, "ServerBindAddr": "nowhere"}},
                 "ServerBindAddr"),
                ({"ControlServerConfig": {"Enabled": True, "ServerBindAddr": ":8000"}},
                 'others can reach ServerBindAddr ":8000", and there is no AuthToken'),
                ({"Source": dict(good, TLS={"CertPath": "/no/such.pem"})}, "/no/such.pem")):
            with self.subTest(message):
                self.fails([self.config(**changes)], 1, "^error: failed to validate config: ",
                           message)

    def test_all_errors_of_a_file_at_once(self):
        self.fails([self.config(LogLevel="loud", VerifierType="Magic",
                                CutoverLock={"URI": "ftp://x"})], 1,
                   r'^error: failed to validate config: invalid LogLevel "loud"',
                   r"(?m)^error: failed to validate config: 'Magic' is not a known VerifierType$",
                   "(?m)^error: failed to validate config: CutoverLock.URI")
        self.fails([self.config(MyServerId=-1, DumpStateOnSignal="yes")], 1,
                   "^error: failed to parse config file: MyServerId: -1",
                   "(?m)^error: failed to parse config file: DumpStateOnSignal: a string")

    def test_errors_have_their_place_in_the_file(self):
        path = self.file('{"Source": {"Host": "h"},\n "Target": {"Host": 1},\n'
                         ' "WaitForReplicationTimeout": "soon",\n "VerifierType": "all"}')
        self.fails([path], 1,
                   r"^error: failed to parse config file: Target.Host.*\n  line 2, column 13\n",
                   r"(?m)^error: failed to validate config: WaitForReplicationTimeout: .*\n"
                   r'  line 3, column 2: a duration is, for example, "1m30s"',
                   r"(?m)VerifierType\n  line 4, column 2: known: NoVerification, ")

    def test_unknown_keys_name_the_nearest(self):
        err = self.fails([self.config(AutomaticCutOverr=True, Sorce={}, Xyzzy=1,
                                      Databases={"_comment": "that is all"})], 1)
        for wrong, near in (("AutomaticCutOverr", "AutomaticCutover"), ("Sorce", "Source")):
            self.assertRegex(err, rf"level=warning.*{wrong}.*{near}")
        self.assertRegex(err, "level=warning.*Xyzzy")

    def test_unknown_keys_of_filters_are_errors(self):
        """Without its filter a run would move what was to stay."""
        for changes, message in (
                ({"Databases": {"Whitelst": ["a"]}}, "Databases.Whitelst, .*Databases.Whitelist"),
                ({"Tables": {"Only": ["a"]}}, "unknown key Tables.Only"),
                ({"Table": {"Blacklist": ["a"]}}, "unknown key Table, did you mean Tables"),
                ({"Datbases": {}}, "unknown key Datbases, did you mean Databases")):
            with self.subTest(changes):
                self.fails([self.config(**changes)], 1, message)

    def test_keys_are_found_in_any_case(self):
        self.fails([self.file({"source": {"HOST": ""}})], 1, "source: host is empty")

    def test_an_unreachable_server(self):
        port = place.free_port()
        side = {"Host": "127.0.0.1", "Port": port, "User": "u", "Pass": "the secret"}
        err = self.fails([self.config(Source=side)], 1, "source", rf"127\.0\.0\.1.*{port}|{port}",
                         "error: ")
        self.assertNotIn("the secret", err)
        side["Host"] = "no-such-host.invalid"
        err = self.fails([self.config(Source=side)], 1, "source", "no-such-host.invalid")
        self.assertNotIn("the secret", err)
        err = self.fails([self.config(Source=dict(side, Net="unix", Host="/no/such/socket"))], 1,
                         "source", "/no/such/socket")
        self.assertNotIn("the secret", err)
        self.assertIn("is Source.Host the path of its socket?", err)
        err = self.fails([self.config(Source=dict(side, Host="/no/such/socket"))], 1, "source")
        self.assertIn('Source.Host is a path: set Source.Net to "unix" for a socket', err)

    def test_both_servers_are_unreachable(self):
        """One error for each, once, and a dry run calls nobody."""
        side = {"Host": "127.0.0.1", "Port": place.free_port(), "User": "u"}
        other = dict(side, Port=place.free_port())
        with socket.socket() as callback:
            callback.bind(("127.0.0.1", 0))
            callback.listen()
            callback.settimeout(0.1)
            config = self.config(Source=side, Target=other, ErrorCallback={
                "URI": f"http://127.0.0.1:{callback.getsockname()[1]}/"})
            err = self.fails(["-dryrun", config], 1, r"(?m)^error: .*source: ",
                             r"(?m)^error: .*target: ", "Target.Host and Target.Port right")
            for server in (side, other):
                self.assertEqual(err.count(f"connecting to 127.0.0.1:{server['Port']}"), 1, err)
            self.assertRaises(TimeoutError, callback.accept)
        self.fails([self.config(Source=side, Target=other)], 1, r"(?m)^error: .*target: ")

    def test_a_server_that_is_none(self):
        """It accepts and never speaks."""
        with socket.socket() as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            side = {"Host": "127.0.0.1", "Port": mute.getsockname()[1], "ConnectTimeout": 1}
            self.fails([self.config(Source=side)], 1, "source")

    def test_a_state_that_is_none(self):
        path = self.config()
        for text in ("", "[]", "{}", '{"CopyStage": 7}', "{{"):
            with self.subTest(text):
                self.fails(["-resumestate", self.file(text, "state.json"), path], 1,
                           "error: .*stat")

    def test_without_standard_files(self):
        done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh",
                               *case.program.argv("/no/such.json")], timeout=20)
        self.assertEqual(done.returncode, 1)


class StartTest(FerryTest):
    def setUp(self):
        super().setUp()
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9)) ENGINE=InnoDB",
                        "INSERT INTO abc.t VALUES (1, 'one'), (2, 'two')")

    def refused(self, *patterns, ferry=None, **how):
        """It does not start, says all of this, and makes nothing."""
        ferry = ferry or self.ferry(**how)
        before = self.target.databases() if self.target.process.poll() is None else None
        self.assertEqual(ferry.run(timeout=60), 1, ferry.logs())
        for pattern in patterns:
            self.assertRegex(ferry.log(), pattern)
        self.assertEqual(ferry.stdout(), "")
        self.assertNotIn("secret", ferry.log())
        self.assertIsNone(ferry.state_file())
        if before is not None:
            self.assertEqual(self.target.databases(), before)
        return ferry.log()


class DryRunTest(StartTest):
    def test_the_list(self):
        self.source.sql("CREATE TABLE abc.u (a INT, b CHAR(3), PRIMARY KEY (b, a))")
        ferry = self.ferry(Databases={"Rewrites": {"abc": "neu"}})
        self.assertEqual(ferry.run("-dryrun"), 0)
        out = ferry.stdout()
        self.assertRegex(out, r"abc\.t -> neu\.t: key id")
        self.assertRegex(out, r"abc\.u -> neu\.u: key b,a")
        self.assertRegex(out, r"in all about .* rows, .*B\n")
        self.assertTrue(out.endswith("ready: nothing stands in the way\nexiting due to dryrun\n"))
        self.assertEqual(self.target.databases(), [])
        self.assertIsNone(ferry.state_file())

    def test_nothing_is_written(self):
        before = [server.position() for server in (self.source, self.target)]
        ferry = self.ferry(http=True, args=("-dryrun=true",))
        self.assertEqual(ferry.run(), 0)
        self.assertEqual([server.position() for server in (self.source, self.target)], before)

    def test_problems_are_part_of_it(self):
        self.source.sql("CREATE TABLE abc.bare (v INT)", "CREATE VIEW abc.w AS SELECT 1 AS x")
        ferry = self.ferry(AllowTablesWithoutKey=False)
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertRegex(ferry.stdout(), r"error: .*`bare`.*\n  remedy: ALTER TABLE `abc`.`bare`")
        self.assertRegex(ferry.stdout(), r"note: .*abc\.w")
        self.assertNotIn("abc.w", ferry.log())
        self.assertNotIn("nothing stands in the way", ferry.stdout())
        self.assertRegex(ferry.stdout(), r"1 error must be fixed")


class ChecksTest(StartTest):
    def set_global(self, server, setting, value):
        before = server.value(f"SELECT @@global.{setting}")
        server.sql(f"SET GLOBAL {setting} = {value}")
        back = before if isinstance(before, int) else f"'{before}'"
        self.addCleanup(server.sql, f"SET GLOBAL {setting} = {back}")

    def test_settings_of_the_source(self):
        for setting, value, remedy in (
                ("binlog_format", "'STATEMENT'", "SET GLOBAL binlog_format = 'ROW'"),
                ("binlog_format", "'MIXED'", "SET GLOBAL binlog_format = 'ROW'"),
                ("binlog_row_image", "'MINIMAL'", "SET GLOBAL binlog_row_image = 'FULL'"),
                ("binlog_row_image", "'NOBLOB'", "SET GLOBAL binlog_row_image = 'FULL'")):
            with self.subTest(f"{setting} = {value}"):
                self.set_global(self.source, setting, value)
                self.refused(rf"source: {setting} must be", remedy)
                self.doCleanups()

    def test_row_image_check_can_be_left_out(self):
        self.set_global(self.source, "binlog_row_image", "'MINIMAL'")
        self.ferry(SkipBinlogRowImageCheck=True).run_ok()
        self.assert_equal()

    def test_partial_json(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.set_global(self.source, "binlog_row_value_options", "'PARTIAL_JSON'")
        self.refused("binlog_row_value_options", "SET GLOBAL binlog_row_value_options = ''")

    def test_read_only(self):
        """The target; of a source see test_cutover.ReadOnlySourceTest."""
        self.set_global(self.target, "read_only", 1)
        self.refused("target: read_only must be OFF", "SET GLOBAL read_only = OFF")
        self.ferry(user="ghostferry_all", AllowSuperUserOnReadOnly=True)

    def test_the_binlog_is_off(self):
        self.source = self.private_server("source", "--skip-log-bin")
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY)")
        self.refused("source: log_bin must be ON", "--log-bin")

    def test_all_problems_at_once(self):
        self.set_global(self.source, "binlog_row_image", "'MINIMAL'")
        self.set_global(self.target, "read_only", 1)
        self.source.sql("CREATE TABLE abc.bare (v INT)",
                        "CREATE TABLE abc.m (id INT PRIMARY KEY) ENGINE=MyISAM",
                        "CREATE TABLE abc.taken (id INT PRIMARY KEY)")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.taken (id INT PRIMARY KEY)")
        log = self.refused("binlog_row_image must be FULL", "target: read_only must be OFF",
                           "`bare` has no Primary Key", r"abc\.m uses the engine MyISAM",
                           r"there already: `abc`\.`taken`", "5 problems must be fixed",
                           AllowTablesWithoutKey=False, AllowNonTransactionalTables=False)
        for line in re.finditer(r"^error: (source|target): .*\n(.*)", log, re.M):
            self.assertRegex(line.group(2), "^  remedy: ")

    def test_engines(self):
        for engine in ("MyISAM", "MEMORY") + (("Aria",) if not self.source.is_mysql else ()):
            self.source.sql(f"CREATE OR REPLACE TABLE abc.{engine} (id INT PRIMARY KEY)"
                            f" ENGINE={engine}" if not self.source.is_mysql else
                            f"CREATE TABLE abc.{engine} (id INT PRIMARY KEY) ENGINE={engine}")
        self.refused(r"abc\.MyISAM uses the engine MyISAM",
                     r"ALTER TABLE `abc`\.`MyISAM` ENGINE=InnoDB", r"abc\.MEMORY",
                     AllowNonTransactionalTables=False)

    def test_cascades_of_foreign_keys(self):
        self.source.sql(
            "CREATE TABLE abc.child (id INT PRIMARY KEY, p INT, CONSTRAINT `f``k` FOREIGN KEY (p)"
            " REFERENCES t (id) ON DELETE CASCADE) ENGINE=InnoDB",
            "CREATE TABLE abc.child2 (id INT PRIMARY KEY, p INT, CONSTRAINT f2 FOREIGN KEY (p)"
            " REFERENCES t (id) ON UPDATE SET NULL) ENGINE=InnoDB",
            "INSERT INTO abc.child VALUES (7, 1)", "INSERT INTO abc.child2 VALUES (8, 2)")
        if self.source.is_mysql:  # it logs what cascades
            probes = self.probes()
            stop = probes.stop_at("copy_done")
            ferry = self.ferry(probes=probes).start()
            ferry.wait_until(lambda: stop.reached, what="the end of the copy")
            self.source.sql("DELETE FROM abc.t WHERE id = 1", "UPDATE abc.t SET id = 9")
            stop.release()
            ferry.assert_status(0)
            self.assert_equal()
            return
        self.refused(r"table: abc\.child, constraint: f`k", r"table: abc\.child2, constraint: f2",
                     r"ALTER TABLE `abc`\.`child` DROP FOREIGN KEY `f``k`",
                     "SkipForeignKeyConstraintsCheck", UnloggedCascades="refuse")
        self.ferry(UnloggedCascades="refuse", SkipForeignKeyConstraintsCheck=True).run_ok()
        self.assert_equal()

    def test_privileges_of_the_source(self):
        for missing, pattern in (
                ("REPLICATION SLAVE", "source: .*lacks the privilege REPLICATION SLAVE"),
                ("REPLICATION CLIENT" if self.source.is_mysql else "BINLOG MONITOR",
                 "source: .*lacks the privilege (REPLICATION CLIENT|BINLOG MONITOR)")):
            with self.subTest(missing):
                self.revoked(self.source, missing)
                self.refused(pattern, r"GRANT .* ON \*\.\* TO `?ghostferry`?@")
                self.doCleanups()

    def test_no_privilege_on_the_tables(self):
        """The server shows no table that may not be read."""
        self.revoked(self.source, "SELECT")
        ferry = self.ferry()
        self.assertIn(ferry.run(), (0, 1))
        self.assertRegex(ferry.log(), "(?i)(warning|error).*abc")
        self.assertEqual(self.target.databases(), [])

    def test_privileges_of_the_target(self):
        for missing in ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE"):
            with self.subTest(missing):
                self.revoked(self.target, missing)
                self.refused(rf"target: .*lacks privileges on abc: .*{missing}",
                             rf"GRANT .*{missing}.* ON `abc`\.\* TO")
                self.doCleanups()

    def revoked(self, server, privilege):
        server.sql("SET sql_log_bin = 0", f"REVOKE {privilege} ON *.* FROM ghostferry@'%'")
        self.addCleanup(server.sql, f"GRANT {privilege} ON *.* TO ghostferry@'%'")

    def test_a_second_start_over_an_unfinished_run(self):
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        ferry.terminate()
        ferry.assert_status(2)
        probes.release_all()
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "unfinished run: resume it with -resumestate")
        ferry.resume(ferry.state_file())
        ferry.assert_status(0)
        self.assert_equal()

    def test_a_state_of_another_source(self):
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        ferry.terminate()
        ferry.assert_status(2)
        probes.release_all()
        other = self.private_server("source")
        other.sql("CREATE DATABASE abc",
                  "CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9)) ENGINE=InnoDB")
        ferry.resume(Source={"Port": other.port})
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "another source server")
        self.assertEqual(ferry.state()["CopyStage"]["CompletedTables"], {"abc.t": True})


class AccountsTest(StartTest):
    def account(self, server, user, password, how="", privileges="ALL"):
        quoted = password.replace("\\", "\\\\").replace("'", "\\'")
        with server.connect() as db:
            db.run("SET sql_log_bin = 0", f"DROP USER IF EXISTS {user}@'%'",
                   f"CREATE USER {user}@'%' IDENTIFIED {how} BY '{quoted}'",
                   f"GRANT {privileges} ON *.* TO {user}@'%'")
        self.addCleanup(self.drop, server, user)

    @staticmethod
    def drop(server, user):
        with server.connect() as db:
            db.run("SET sql_log_bin = 0", f"DROP USER IF EXISTS {user}@'%'")

    def test_wrong_password(self):
        for side in ("Source", "Target"):
            log = self.refused(rf"error: .*{side.lower()}.*Access denied.*\(1045\)",
                               **{side: {"Pass": "wrong secret"}})
            self.assertNotIn("wrong secret", log)

    def test_passwords_of_every_kind(self):
        for password in ("", " blanks ", "\\\\ \\n \\'", "日本 \" ' ` % & #", "x" * 64,
                         '{"a": 1}'):
            with self.subTest(password):
                for server in (self.source, self.target):
                    self.account(server, "special", password)
                self.target.drop_user_databases()
                ferry = self.ferry(Source={"User": "special", "Pass": password},
                                   Target={"User": "special", "Pass": password}).run_ok()
                if len(password) > 8:
                    self.assertNotIn(password, ferry.log())
                self.assert_equal()

    def test_password_from_a_file_and_from_the_environment(self):
        ferry = self.ferry(Source={"Pass": None, "PassEnv": "SOURCE_PASSWORD"},
                           environ={"SOURCE_PASSWORD": PASSWORD})
        path = os.path.join(ferry.dir, "password")
        with open(path, "w") as f:
            f.write(PASSWORD + "\n")
        ferry.config["Target"]["PassFile"] = ferry.program.seen(path)
        del ferry.config["Target"]["Pass"]
        ferry.run_ok()
        self.assert_equal()

    def test_caching_sha2_password_without_tls(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's authentication")
        # Oracle's client would take up a TLS that it is offered.
        self.source = self.private_server("source", "--tls-version=")
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY)",
                        "INSERT INTO abc.t VALUES (1), (2)")
        for server in (self.source, self.target):
            self.account(server, "sha2", "a 'quoted' password", "WITH caching_sha2_password")
            server.sql("FLUSH PRIVILEGES")  # empties the cache: the full exchange
        ferry = self.ferry(Source={"User": "sha2", "Pass": "a 'quoted' password"},
                           Target={"User": "sha2", "Pass": "a 'quoted' password"}).run_ok()
        self.assertIn("hasSSL=false", ferry.log())
        self.assert_equal()

    def test_unix_socket(self):
        ferry = self.ferry()
        for side, server in (("Source", self.source), ("Target", self.target)):
            path = server.socket
            if ferry.program.inside and not server.is_mysql:
                path = os.path.join(ferry.dir, side)  # a name that the program can see
                try:
                    os.link(server.socket, path)
                except OSError as e:
                    self.skipTest(f"the socket cannot be had in the MySQL tree: {e}")
            self.assertLess(len(path), 108)
            ferry.config[side].update(Net="unix", Host=ferry.program.seen(path))
        ferry.run_ok()
        self.assert_equal()
        self.assertEqual(ferry.stdout(), "")


class TlsTest(StartTest):
    """Certificates of our own, for localhost and for a name that is not reached."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("openssl"):
            raise unittest.SkipTest("no openssl on this machine")

    def secure_server(self, names=("DNS:localhost", "IP:127.0.0.1")):
        directory = place.temp_dir(self.source.kind.inside)
        certificates(directory, names)
        server = self.private_server("source",
                                     *server_options(directory, self.source.kind.inside))
        server.sql("SET sql_log_bin = 0", "ALTER USER ghostferry@'%' REQUIRE SSL",
                   "SET sql_log_bin = 1", "CREATE DATABASE abc",
                   "CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9))",
                   "INSERT INTO abc.t VALUES (1, 'x')")
        server.ca = os.path.join(directory, "ca.pem")
        return server

    def tls(self, server, host="127.0.0.1", **how):
        """A ferry from the server."""
        ferry = self.ferry(source=server)
        ca = how.pop("CertPath", server.ca)
        if ca:
            own = os.path.join(ferry.dir, "ca.pem")
            shutil.copy(ca, own)
            how["CertPath"] = ferry.program.seen(own)
        ferry.config["Source"].update(Host=host, TLS=how)
        return ferry

    def test_certificate_and_name(self):
        self.source = server = self.secure_server()
        ferry = self.tls(server).run_ok()
        self.assertRegex(ferry.log(), r'connected to source".*hasSSL=true ssl_cipher=\S+')
        self.assert_equal()
        self.target.drop_user_databases()
        self.tls(server, ServerName="127.0.0.1").run_ok()
        self.target.drop_user_databases()
        self.tls(server, host="localhost").run_ok()

        self.target.drop_user_databases()
        self.refused("source.*other.name", ferry=self.tls(server, ServerName="other.name"))
        self.refused("source", ferry=self.tls(server, CertPath=None))
        stranger = place.temp_dir()
        certificates(stranger, ["DNS:localhost"])
        self.refused("source", ferry=self.tls(server, CertPath=f"{stranger}/ca.pem"))
        with open(f"{stranger}/junk.pem", "w") as f:
            f.write("not a certificate\n")
        self.refused("(?i)certificate|pem|CertPath",
                     ferry=self.tls(server, CertPath=f"{stranger}/junk.pem"))
        if not case.program.inside:  # Oracle's client takes up the TLS that it is offered
            self.refused("Access denied|SSL", ferry=self.ferry(source=server))

    def test_a_certificate_of_our_own(self):
        """An account that must show one that the server's CA has signed."""
        self.source = server = self.secure_server()
        server.sql("SET sql_log_bin = 0", "ALTER USER ghostferry@'%' REQUIRE X509",
                   "SET sql_log_bin = 1")
        own = {}
        ferry = self.tls(server)
        for key, leaf in (("ClientCertPath", "cert.pem"), ("ClientKeyPath", "key.pem")):
            path = os.path.join(ferry.dir, leaf)
            shutil.copy(os.path.join(os.path.dirname(server.ca), leaf), path)
            own[key] = ferry.program.seen(path)
        ferry.config["Source"]["TLS"].update(own)
        ferry.run_ok()
        self.assert_equal()
        self.refused("source.*Access denied", ferry=self.tls(server))

    def test_a_certificate_of_another_name(self):
        server = self.secure_server(["DNS:elsewhere.example"])
        self.refused("source", ferry=self.tls(server))
        self.refused("elsewhere.example", ferry=self.tls(server, ServerName="elsewhere.example"))

    def test_what_is_verified(self):
        self.source = server = self.secure_server(["DNS:elsewhere.example"])
        stranger = place.temp_dir()
        certificates(stranger, ["DNS:elsewhere.example"])
        for how, good in (({"Verify": "ca"}, True), ({"Verify": "none", "CertPath": None}, True),
                          ({"Verify": "full"}, False),
                          ({"Verify": "ca", "CertPath": f"{stranger}/ca.pem"}, False)):
            with self.subTest(how):
                self.target.drop_user_databases()
                ferry = self.tls(server, **how)
                if good:
                    self.assertRegex(ferry.run_ok().log(), "hasSSL=true")
                    self.assert_equal()
                    self.assertEqual(ferry.log_contains("level=warn.*its certificate is not "
                                                        "verified"), how["Verify"] == "none")
                else:
                    self.refused("source", ferry=ferry)

    def test_a_server_that_wants_tls(self):
        server = self.secure_server()
        server.sql("SET GLOBAL require_secure_transport = ON")
        if case.program.inside:
            self.skipTest("Oracle's client takes up the TLS that it is offered")
        ferry = self.ferry(source=server)
        self.refused(r"source.*(secure.transport|Access denied).*Source\.TLS", ferry=ferry)
        # To the letter: the certificate is of the server's own making.
        ferry.config["Source"]["TLS"] = {"Verify": "none"}
        ferry.run_ok()

    def test_tls_that_the_server_does_not_have(self):
        options = ["--skip-ssl"] if not self.source.is_mysql else ["--tls-version="]
        server = self.private_server("source", *options)
        server.ca = None
        self.refused("(?i)source.*(ssl|tls).*does it offer TLS",
                     ferry=self.tls(server, CertPath=None))


class FalseServerTest(StartTest):
    """What answers in the server's place does not get the password.

    Broken: client_set_options() leaves MARIADB_OPT_RESTRICTED_AUTH out."""

    pairs = (case.MARIADB,)

    def test_it_asks_for_the_password(self):
        said = (r"source.*[Pp]lugin '?(mysql_clear_password|dialog)" if case.program.inside else
                r"connecting to .*source: the server asks for the password .*Source\.TLS")
        for plugin in ("mysql_clear_password", "dialog"):
            with self.subTest(plugin):
                false = FalseServer(plugin)
                self.addCleanup(false.close)
                self.refused(said,
                             ferry=self.ferry(Source={"Host": "127.0.0.1", "Port": false.port,
                                                      "Pass": "a secret that nobody guesses"}))
                self.assertIn(b"ghostferry", false.received)
                self.assertNotIn(b"nobody guesses", false.received)


class QuietTest(StartTest):
    def test_stdout_is_empty_and_the_log_has_no_password(self):
        ferry = self.ferry(http=False).run_ok()
        self.assertEqual(ferry.stdout(), "")
        self.assertNotIn("secret", ferry.log())
        for line in ferry.log().splitlines():
            self.assertRegex(line, '^time="[^"]+" level=(debug|info|warning) msg=')

    def test_levels_and_backends_of_the_log(self):
        quiet = self.ferry(args=(), LogLevel="error").run_ok()
        self.assertEqual(quiet.log(), "")
        self.target.drop_user_databases()
        verbose = self.ferry(args=("-verbose",), LogLevel="error").run_ok()
        self.assertIn("level=debug", verbose.log())
        self.target.drop_user_databases()
        lines = self.ferry(LogBackend="zerolog").run_ok().log().splitlines()
        for line in lines:
            self.assertIn(json.loads(line)["level"], ("debug", "info", "warn"))
        self.assertGreater(len(lines), 5)
        self.assertFalse(any(re.search("password", line, re.I) for line in lines))
