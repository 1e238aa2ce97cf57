"""Source and target are compared: every kind of difference is found and named, and
nothing else is."""

import json
import os
import re
import threading
import time
import unittest

from lib import tables
from lib.case import BOTH, CROSS, MARIADB, MARIADB_105, MARIADB_118, MYSQL, OTHER_CROSS
from lib.verify import KINDS, ODD, ROW, TYPES, MoveVerified, VerifyTest, difference

class VerifyCommandTest(VerifyTest):
    pairs = BOTH
    also = (MARIADB_105, MARIADB_118)

    def test_equal_tables_of_every_kind(self):
        self.copied()
        report = self.report()
        self.assertEqual(len(report), 11)
        for table in report.values():
            self.assertTrue(table["Equal"])
            self.assertEqual(table["SourceRows"], table["TargetRows"])
            self.assertEqual(table["Differences"], [])
        self.assertEqual(report["abc.big"]["SourceRows"], 200)
        self.assertEqual(report["abc.empty"]["SourceRows"], 0)

    def test_every_change_of_a_value_is_found(self):
        changes = [
            "s = 'text 7 '", "s = NULL", "s = ''", "s = 'TEXT 7'", "s = 'NULL'", "c = 'Char'",
            "l = _latin1 x'e4f6fd'", "t = REPEAT('t',2999)", "t = ''", "t = NULL",
            "b = x'0001'", "b = x'000103'", "b = x''", "lb = LEFT(lb, 65535)",
            "lb = CONCAT(LEFT(lb, LENGTH(lb) - 1), '!')", "f = 1.1000001", "f = -1.1", "f = NULL",
            "d = '-2.225073858507202e-308'", "d = '-2.2250738585072019e-308'",
            "d = '2.2250738585072014e-308'", "x = 12.5001", "n = NULL", "n = 0", "n = -7",
            "bt = 0xffffffffffffffff", "e = 'a'", "st = 4", "dt = '2020-01-01 10:11:12.123457'",
            "ts = '2020-01-01 10:11:12.501'", "tm = '08:00:00.25'", "y = 0",
            "bin = x'610020'", "j = '{}'",
            "j = '{\"a\": 1.5, \"b\": [\"a\", null]}'", "g = ST_GeomFromText('POINT(1 3)')",
            "g = ST_GeomFromText('POINT(1 2)', 4326)", "id = 777",
        ]
        groups = [changes[n:n + 8] for n in range(0, len(changes), 8)]
        for number, group in enumerate(groups):
            self.fill_both(table=f"odd{number}")
            with self.target.connect() as db:
                db.run("SET time_zone='+00:00', sql_mode=''")
                for n, change in enumerate(group, 1):
                    # Row 49 is written again as it was: a BINARY is filled up.
                    db.run(f"UPDATE abc.odd{number} SET {change} WHERE id = {n}",
                           f"UPDATE abc.odd{number} SET bin = x'6100' WHERE id = 49")
        report = self.report(status=3)
        for number, group in enumerate(groups):
            found = [(d["Key"], d["Kind"]) for d in report[f"abc.odd{number}"]["Differences"]]
            want = []
            for n, change in enumerate(group, 1):
                want += [(str(n), KINDS["differs"])] if "id" not in change else \
                    [(str(n), KINDS["missing"]), ("777", KINDS["extra"])]
            self.assertEqual(found, want, group)

    def test_columns_cannot_be_mistaken_for_each_other(self):
        body = "id INT PRIMARY KEY, a VARCHAR(20) NULL, b VARCHAR(20) NULL, c INT NULL"
        pairs = [("'x','y',1", "'y','x',1"), ("NULL,'x',1", "'x',NULL,1"), ("'',NULL,1", "NULL,'',1"),
                 ("'1#x','y',1", "'1','x#y',1"), ("'a','3#b',1", "'a#3','b',1"),
                 ("'',' ',1", "' ','',1"), ("NULL,NULL,1", "NULL,'1',NULL"),
                 ("'NULL',NULL,0", "NULL,'NULL',0")]
        for server, side in ((self.source, 0), (self.target, 1)):
            server.sql("CREATE DATABASE abc", f"CREATE TABLE abc.p ({body})",
                       "INSERT INTO abc.p VALUES "
                       + ", ".join(f"({n},{p[side]})" for n, p in enumerate(pairs)))
        found = self.report(status=3)["abc.p"]
        self.assertEqual(found["DifferentRows"], len(pairs))

    def test_rows_lost_added_and_swapped(self):
        self.copied(rows=3000)
        with self.target.connect() as db:
            db.run("SET NAMES utf8mb4", "DELETE FROM abc.big WHERE id IN (1, 1500, 3000)",
                   "INSERT INTO abc.big (id, v) VALUES (-5, 'x'), (99999, 'y')",
                   # Two rows with their values exchanged: sums alone would not see it.
                   "UPDATE abc.negative a, abc.negative b SET a.v = 'p', a.n = 1, a.v = 'p'"
                   " WHERE a.id = 5 AND b.id = 6",
                   "UPDATE abc.composite SET n = n + 1 WHERE a = -6 LIMIT 1",
                   "DELETE FROM abc.uuid LIMIT 2", "DELETE FROM abc.`we``ird.na me` LIMIT 1",
                   "UPDATE abc.string_ci SET k = UPPER(k) LIMIT 1",
                   "INSERT INTO abc.empty (id, n) VALUES (18446744073709551615, 1)")
        report = self.report(status=3)
        big = {d["Key"]: d["Kind"] for d in report["abc.big"]["Differences"]}
        self.assertEqual(big, {"1": KINDS["missing"], "1500": KINDS["missing"],
                               "3000": KINDS["missing"], "-5": KINDS["extra"],
                               "99999": KINDS["extra"]})
        self.assertEqual([d["Key"] for d in report["abc.negative"]["Differences"]], ["5"])
        self.assertEqual(report["abc.composite"]["DifferentRows"], 1)
        self.assertRegex(report["abc.composite"]["Differences"][0]["Key"], r"^-6,0x|^-6,B")
        self.assertEqual(report["abc.uuid"]["DifferentRows"], 2)
        self.assertRegex(report["abc.uuid"]["Differences"][0]["Key"], r"^0x[0-9a-f]{32}$")
        self.assertEqual(report["abc.we`ird.na me"]["DifferentRows"], 1)
        self.assertFalse(report["abc.string_ci"]["Equal"])
        self.assertEqual(report["abc.empty"]["Differences"],
                         [difference("abc.empty", 18446744073709551615, "extra")])
        self.assertTrue(report["abc.uniques"]["Equal"])

    def test_the_same_change_made_twice_does_not_cancel_out(self):
        self.copied(rows=400, names=("big",))
        self.target.sql("UPDATE abc.big SET n = n + 1 WHERE id BETWEEN 100 AND 163")
        found = self.report(status=3)["abc.big"]
        self.assertEqual(found["DifferentRows"], 64)
        self.assertEqual(len(found["Differences"]), 10)

    def test_the_same_text_in_another_character_set_is_equal(self):
        body = "k VARCHAR(20) CHARACTER SET {0} NOT NULL PRIMARY KEY, v TEXT CHARACTER SET {0}"
        for server, charset in ((self.source, "latin1"), (self.target, "utf8mb4")):
            with server.connect() as db:
                db.run("CREATE DATABASE abc", f"CREATE TABLE abc.t ({body.format(charset)})",
                       "INSERT INTO abc.t VALUES ('ä', 'ö'), ('b', ''), ('c', NULL)")
        self.assertTrue(self.report()["abc.t"]["Equal"])
        self.target.sql("UPDATE abc.t SET v = 'o' WHERE k = 'ä'")
        self.assertEqual(self.report(status=3)["abc.t"]["DifferentRows"], 1)

    def test_what_is_missing_on_the_target(self):
        self.fill_both(rows=3)
        self.target.sql("ALTER TABLE abc.odd DROP COLUMN y")
        self.assertIn("column y is missing", self.report(status=3)["abc.odd"]["Problem"])
        self.target.sql("DROP TABLE abc.odd")
        self.assertIn("missing on the target", self.report(status=3)["abc.odd"]["Problem"])

    def on_both(self, here, there, rows_here, rows_there, table="t"):
        """A table, defined and filled otherwise on the target."""
        for server, body, rows in ((self.source, here, rows_here), (self.target, there, rows_there)):
            with server.connect() as db:
                db.run("SET NAMES utf8mb4", "SET sql_mode=''", "CREATE DATABASE IF NOT EXISTS abc",
                       f"CREATE TABLE abc.{table} ({body})", f"INSERT INTO abc.{table} {rows}")

    def test_keys_that_the_target_does_not_enforce(self):
        here, there = "id INT PRIMARY KEY, v INT", "id INT NULL, v INT, KEY (id)"
        self.on_both(here, there, "VALUES (1,1),(2,2)", "VALUES (1,1),(2,2),(2,2)", "twice")
        self.on_both(here, there, "VALUES (1,1),(2,2)", "VALUES (1,1),(2,3),(2,2)", "and_another")
        rows = "SELECT a.n * 200 + b.n, 1 FROM abc.n a, abc.n b"
        numbers = "VALUES " + ",".join(f"({n})" for n in range(200))
        self.on_both("n INT PRIMARY KEY", "n INT PRIMARY KEY", numbers, numbers, "n")
        # More rows than are compared at once.
        self.on_both(here, there, rows, rows + " UNION ALL SELECT NULL, 5", "nulls")
        report = self.report(status=3)
        for table in ("twice", "and_another"):
            self.assertEqual(report[f"abc.{table}"]["Differences"],
                             [difference(f"abc.{table}", 2, "differs")], table)
        self.assertIn("NULL in id", report["abc.nulls"]["Problem"])
        self.assertTrue(report["abc.n"]["Equal"])

    def test_columns_defined_otherwise(self):
        tables_of = {
            "generated_there": ("v INT", "v INT AS (id * 2) VIRTUAL", "VALUES (1,2),(2,5)",
                                "(id) VALUES (1),(2)"),
            "generated_here": ("v INT AS (id * 2) VIRTUAL", "v INT", "(id) VALUES (1),(2)",
                               "VALUES (1,2),(2,5)"),
            "wider": ("v FLOAT", "v DOUBLE", "VALUES (1,-1.17549435e-38),(2,1.2345678)",
                      "VALUES (1,-1.1754943508222875e-38),(2,1.23457)"),
            "rounded": ("v FLOAT", "v DECIMAL(20,5)", "VALUES (1,1.5),(2,1.2345678)",
                        "VALUES (1,1.50000),(2,1.23457)"),
            "members": ("v ENUM('a','b')", "v ENUM('a','b','')", "VALUES (1,0),(2,0)",
                        "VALUES (1,0),(2,3)"),
            "case": ("v INT", "V INT", "VALUES (1,1),(2,2)", "VALUES (1,1),(2,3)"),
        }
        for table, (here, there, *rows) in tables_of.items():
            self.on_both("id INT PRIMARY KEY, " + here, "id INT PRIMARY KEY, " + there, *rows,
                         table)
        self.on_both("id INT PRIMARY KEY", "id INT PRIMARY KEY, w INT", "VALUES (1)",
                     "VALUES (1,7)", "more")
        report = self.report(status=3)
        for table in tables_of:
            self.assertNotIn("Problem", report[f"abc.{table}"], table)
            keys = [d["Key"] for d in report[f"abc.{table}"]["Differences"]]
            self.assertEqual(keys, ["1", "2"] if table == "rounded" else ["2"], table)
        self.assertEqual(report["abc.more"]["NotCompared"], "w (only on the target)")

    def test_ignored_columns(self):
        self.fill_both(rows=3)
        self.target.sql("UPDATE abc.odd SET n = 8")
        how = {"IgnoredColumnsForVerification": {"abc": {"odd": {"n": {}}}}}
        self.assertIn("n (ignored)", self.report(**how)["abc.odd"]["NotCompared"])
        self.report(status=3)

    def test_the_key_is_compared_even_when_ignored(self):
        """Rows that are alike but for their keys would cancel each other out."""
        body = "id INT PRIMARY KEY, v INT"
        self.on_both(body, body, "VALUES (1,1),(2,1)", "VALUES (1,7),(2,7)")
        how = {"IgnoredColumnsForVerification": {"abc": {"t": {"id": {}}}}}
        self.assertEqual(self.report(status=3, **how)["abc.t"]["DifferentRows"], 2)

    def test_the_text_report_and_the_status(self):
        self.copied(names=("big", "empty"))
        ferry = self.ferry()
        self.assertEqual(ferry.run("-verify"), 0)
        with open(ferry.stdout_path) as f:
            self.assertEqual(sorted(f.read().splitlines()),
                             ["2 tables compared, all equal", "abc.big: equal, 200 rows",
                              "abc.empty: equal, 0 rows"])
        self.target.sql("DELETE FROM abc.big WHERE id = 42")
        ferry = self.ferry()
        self.assertEqual(ferry.run("-verify"), 3)
        with open(ferry.stdout_path) as f:
            self.assertIn("abc.big: DIFFERENT, 200 rows on the source and 199 on the target, 1"
                          " differ\n  key 42: row missing on target\n", f.read())
        self.target.stop()
        try:
            self.assertEqual(self.ferry(DBReadRetries=1).run("-verify"), 1)
        finally:
            self.target.start()

    def test_tables_behind_the_path(self):
        self.copied(names=("big", "empty", "composite"))
        for names, want in ((["big"], ["big"]), (["abc.*p*"], ["composite", "empty"]),
                            (["`big`", "abc.emp??"], ["big", "empty"])):
            self.assertEqual(sorted(self.report(behind=names)), [f"abc.{name}" for name in want])
        for name in ("bigg", "other.big", "`b*`"):
            ferry = self.ferry()
            ferry.run("-verify", behind=["big", name])
            ferry.assert_status(1)
            self.assertIn(f"error: cannot compare: {name} names no table", ferry.log())

    def test_rows_can_be_looked_at(self):
        """By the SQL of the report, on either side; typed keys; more keys than usual."""
        self.fill_both(rows=30, body="a VARCHAR(20) CHARACTER SET latin1, b TIMESTAMP(3), n INT,"
                       " PRIMARY KEY (a, b)", table="t",
                       row="('it''s {id} \\\\ ü', '2024-03-01 00:00:{id:02d}.125', {id})")
        self.target.sql("UPDATE abc.t SET n = n + 100 WHERE n <= 25")
        table = self.report("-verify-keys", "20", status=3)["abc.t"]
        self.assertEqual((table["DifferentRows"], len(table["Differences"])), (25, 20))
        self.assertEqual(len(self.report(status=3)["abc.t"]["Differences"]), 10)
        for row in table["Differences"]:
            source = self.source.sql(*row["SourceSQL"].split("; "))
            target = self.target.sql(*row["TargetSQL"].split("; "))
            self.assertEqual((len(source), len(target)), (1, 1), row)
            self.assertEqual(int(target[0][2]), int(source[0][2]) + 100)
        key = table["Differences"][0]["TypedKey"]
        self.assertEqual((key["type"], key["columns"]), ("composite", ["a", "b"]))
        self.assertEqual([value["type"] for value in key["values"]], ["binary", "text"])

    def test_a_target_with_far_more_rows(self):
        self.copied(rows=10, names=("big",))
        with self.target.connect() as db:
            db.run("SET SESSION sql_mode=''")
            tables.fill_fast(db, "abc", "big", 60000, select="n + 100, 'x', 1")
        found = self.report(status=3)["abc.big"]
        self.assertEqual((found["TargetRows"], found["DifferentRows"]), (60010, 60000))

    def test_nothing_is_called_different_while_a_move_goes_on(self):
        made = self.basic_tables()
        ferry = self.ferry(http=True, AutomaticCutover=False).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        writer = self.writer(made, span=300, pause=0.02)
        writer.wait_for(200)
        self.report()
        writer.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        self.report()


class VerifyMySQLTest(VerifyTest):
    pairs = (("mysql", "mysql"),)

    def test_types_inside_json_and_the_sign_of_zero(self):
        for server in (self.source, self.target):
            server.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, j JSON,"
                       " f FLOAT, d DOUBLE)", "INSERT INTO abc.t VALUES"
                       " (1, JSON_OBJECT('a', 1.0, 'b', CAST('2024-01-01' AS DATE)), '-0', '-0'),"
                       " (2, '{\"a\": 1.0}', '-0', 0), (3, '[]', 0, '-0'), (4, NULL, 0, 0)")
        self.report()
        self.target.sql("UPDATE abc.t SET j = '{\"a\": 1.0, \"b\": \"2024-01-01\"}'"
                        " WHERE id = 1", "UPDATE abc.t SET f = 0 WHERE id = 2",
                        "UPDATE abc.t SET d = 0 WHERE id = 3",
                        "UPDATE abc.t SET j = 'null' WHERE id = 4")
        self.assertEqual([d["Key"] for d in self.report(status=3)["abc.t"]["Differences"]],
                         ["1", "2", "3", "4"])


    def test_a_row_that_is_never_seen_equal(self):
        """It differs whenever it is looked at, but not in the same way."""
        for server in (self.source, self.target):
            server.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, n INT)",
                       "INSERT INTO abc.t VALUES (1, 0), (2, 0)")
        over = threading.Event()

        def count():
            with self.source.connect() as db:
                while not over.wait(0.02):
                    db.run("UPDATE abc.t SET n = n + 1 WHERE id = 1")

        counter = threading.Thread(target=count)
        self.source.sql("UPDATE abc.t SET n = 1 WHERE id = 1")
        counter.start()
        try:
            ferry = self.ferry()
            self.assertEqual(ferry.run("-verify", "-json"), 1)
        finally:
            over.set()
            counter.join()
        with open(ferry.stdout_path) as f:
            report = json.load(f)
        self.assertFalse(report["Equal"])
        self.assertFalse(report["Tables"][0]["Equal"])
        self.assertEqual(report["Tables"][0]["UnsettledRows"], 1)
        self.assertTrue(ferry.log_contains("cannot tell whether all rows are equal: 1 changed"))


class VerifyAcrossTest(VerifyTest):
    pairs = CROSS
    also = OTHER_CROSS

    def test_equal_values_of_two_flavours(self):
        body = ODD.replace(", j JSON", "")
        row = re.sub(r" '\{\{.*?\}\}',", "", ROW)
        self.fill_both(body=body, row=row)
        floats = ["0", "1e-38", "-1.1754943e-38", "3.4028234e38", "1e-45", "-1.4e-45", "16777217",
                  "0.1", "-1.17549435e-38"]
        doubles = ["0", "-1.7976931348623157e308", "4.9e-324", "-2.2250738585072014e-308",
                   "0.1", "1e15", "1e16", "123456789012345680", "-1.4074705188261364e113"]
        for server in (self.source, self.target):
            server.sql("CREATE TABLE abc.r (id INT PRIMARY KEY, f FLOAT, d DOUBLE)",
                       "INSERT INTO abc.r VALUES " + ", ".join(
                           f"({n}, '{f}', '{d}')" for n, (f, d) in enumerate(zip(floats, doubles))))
        report = self.report()
        self.assertTrue(report["abc.odd"]["Equal"])
        self.assertTrue(report["abc.r"]["Equal"])
        self.target.sql("UPDATE abc.r SET f = '-1.1754942e-38' WHERE id = 2",
                        "UPDATE abc.r SET d = '-1.4074705188261362e113' WHERE id = 8")
        self.assertEqual(sorted(d["Key"] for d in self.report(status=3)["abc.r"]["Differences"]),
                         ["2", "8"])


class VerifierTest(MoveVerified):
    """The verdict of each verifier."""

    def test_a_good_move_is_found_good(self):
        self.basic_tables(rows=300)
        for kind in TYPES:
            with self.subTest(kind):
                ferry = self.move(kind).run_ok()
                self.assertTrue(ferry.log_contains("verification: all tables are equal"))
                self.assert_equal(databases=["abc"])
                self.target.drop_user_databases()

    def test_corruption_is_found_by_itself(self):
        self.basic_tables(rows=300)
        for kind in TYPES:
            with self.subTest(kind):
                probes = self.probes()
                # What was equal once, and was not changed by the source since, is not
                # looked at again by Inline and Iterative: the copy itself must be hit.
                stop = probes.stop_at("after_batch_write", r"abc\.big ")
                ferry = self.move(kind, probes=probes)
                ferry.start()
                stop.wait_reached()
                self.target.sql("UPDATE abc.big SET v = CONCAT(IFNULL(v, ''), ' ') WHERE id = 7",
                                "DELETE FROM abc.big WHERE id = 9",
                                "INSERT INTO abc.big (id) VALUES (-1)")
                stop.release()
                self.assertEqual(ferry.wait(), 3)
                for pattern in (r"abc\.big \[PKs: ", r"7 \(type: rows checksum difference",
                                r"9 \(type: row missing on target", r"incorrect_tables=abc\.big",
                                r"-1 \(type: row missing on source", r"errfrom=verifier"):
                    self.assertTrue(ferry.log_contains(pattern), pattern)
                self.assertTrue(ferry.state())
                probes.close()
                self.target.drop_user_databases()

    def test_no_false_alarm_under_writes(self):
        """Writes until the cutover is locked; during the verification before it too."""
        made = self.basic_tables(rows=300)
        for kind in TYPES:
            with self.subTest(kind):
                probes = self.probes()
                allowed = probes.stop_at("cutover_allowed")
                writer = self.writer(made)
                url, calls = self.hooks(lock=writer.stop)
                ferry = self.move(kind, probes=probes, CutoverLock={"URI": url + "/lock"},
                                  UpdatableConfig={"DataIterationBatchSize": 20},
                                  InlineVerifierConfig={"VerifyBinlogEventsInterval": "50ms"})
                writer.wait_for(100)
                ferry.start()
                allowed.wait_reached(60)
                writer.wait_for(300)
                allowed.release()
                self.assertEqual(ferry.wait(), 0)
                self.assertEqual([path for path, _ in calls], ["/lock"])
                self.assert_equal(databases=["abc"])
                probes.close()
                self.target.drop_user_databases()

    def test_corruption_of_a_changed_row_is_found(self):
        """A row that the stream wrote, spoilt before it is looked at again."""
        self.basic_tables(rows=100)
        for kind in TYPES:
            with self.subTest(kind):
                probes = self.probes()
                allowed = probes.stop_at("cutover_allowed")
                ferry = self.move(kind, probes=probes,
                                  InlineVerifierConfig={"VerifyBinlogEventsInterval": "1h"}).start()
                allowed.wait_reached()
                applied = probes.stop_at("after_binlog_apply", r"abc\.uuid ")
                allowed.release() if kind != "Inline" else None
                self.source.sql("UPDATE abc.uuid SET n = 4711 ORDER BY id LIMIT 1")
                applied.wait_reached()
                self.target.sql("UPDATE abc.uuid SET n = NULL WHERE n = 4711")
                applied.release()
                allowed.release()
                self.assertEqual(ferry.wait(), 3)
                self.assertTrue(ferry.log_contains(r"abc\.uuid \[PKs: 0x[0-9a-f]{32} "))
                probes.close()
                self.target.drop_user_databases()
                self.source.sql("UPDATE abc.uuid SET n = 5 WHERE n = 4711")

    def test_unlock_is_not_sent_for_bad_data(self):
        url, calls = self.hooks()
        self.basic_tables(rows=20)
        for spoil, status in ((True, 3), (False, 0)):
            calls.clear()
            probes = self.probes()
            stop = probes.stop_at("after_batch_write", r"abc\.big ")
            ferry = self.move("Inline", probes=probes, CutoverLock={"URI": url + "/lock"},
                              CutoverUnlock={"URI": url + "/unlock"},
                              ErrorCallback={"URI": url + "/error"}).start()
            stop.wait_reached()
            if spoil:
                self.target.sql("UPDATE abc.big SET n = n + 1 WHERE id = 3")
            stop.release()
            self.assertEqual(ferry.wait(), status)
            paths = [path for path, _ in calls]
            self.assertEqual(paths, ["/lock", "/error"] if spoil else ["/lock", "/unlock"])
            if spoil:
                self.assertIn(b"abc.big [PKs: 3 ", calls[-1][1])
            probes.close()
            self.target.drop_user_databases()

    def test_asked_for_at_any_time(self):
        made = self.basic_tables(rows=200)
        for kind in TYPES:
            with self.subTest(kind):
                ferry = self.move(kind, http=True, AutomaticCutover=False).start()
                status = ferry.wait_for_status(
                    lambda s: s["OverallState"] == "wait-for-cutover")
                self.assertEqual((status["VerifierSupport"], status["VerifierType"],
                                  status["VerificationStarted"]), (True, kind, False))
                writer = self.writer(made, span=250, pause=0.01)
                writer.wait_for(100)
                self.ask(ferry, True)
                writer.stop()
                self.target.sql("UPDATE abc.big SET v = 'bad' WHERE id = (SELECT * FROM"
                                " (SELECT MIN(id) FROM abc.big) x)")
                status = self.ask(ferry, False)
                self.assertEqual(status["VerificationResult"]["IncorrectTables"], ["abc.big"])
                self.assertRegex(status["VerificationResult"]["Message"], r"abc\.big \[PKs: ")
                self.assertTrue(ferry.running)
                self.source.sql(f"UPDATE abc.big SET v = '{kind}' ORDER BY id LIMIT 1")
                ferry.wait_for_status(lambda s: self.target.value(
                    "SELECT v FROM abc.big ORDER BY id LIMIT 1") == kind)
                self.ask(ferry, True)
                ferry.allow_cutover()
                status = ferry.wait_for_status(lambda s: s["OverallState"] == "done")
                self.assertTrue(status["VerificationResult"]["DataCorrect"])
                self.ask(ferry, True)
                ferry.end()
                self.target.drop_user_databases()

    def test_asked_for_while_one_outlives_the_verdict(self):
        """It is refused: the control server must not wait for the other to end."""
        self.basic_tables(rows=200)
        probes = self.probes()
        ferry = self.move("Inline", http=True, AutomaticCutover=False, probes=probes).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        stop = probes.stop_at("range_compared")
        self.assertLess(ferry.http("POST", "/api/verify", {})[0], 400)
        stop.wait_reached()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        code, body, _ = ferry.http("POST", "/api/verify", {})
        self.assertEqual(code, 500)
        self.assertIn(b"on going", body)
        stop.release()
        ferry.wait_until(lambda: ferry.http("POST", "/api/verify", {})[0] == 200, 30)
        status = ferry.wait_for_status(lambda s: s["VerificationDone"])
        self.assertTrue(status["VerificationResult"]["DataCorrect"])
        ferry.end()

    def test_interrupted_and_resumed(self):
        self.basic_tables(rows=300)
        for kind in TYPES:
            for spoil in (False, True):
                with self.subTest(kind, spoil=spoil):
                    probes = self.probes()
                    where = "batch_recorded" if kind == "Inline" else "range_compared"
                    compared = probes.stop_at(where, r"abc\.big" if kind == "Inline" else None)
                    ferry = self.move(kind, probes=probes, DataIterationConcurrency=1,
                                      IterativeVerifierConfig={"Concurrency": 1})
                    if kind == "Inline" and spoil:
                        written = probes.stop_at("after_batch_write", r"abc\.big ")
                    ferry.start()
                    if kind == "Inline" and spoil:
                        written.wait_reached()
                        self.target.sql("UPDATE abc.big SET n = n + 1 WHERE id = 3")
                        written.release()
                    first = compared.wait_reached()
                    other = "composite" if "composite" not in first else "negative"
                    ferry.terminate()
                    self.assertEqual(ferry.wait(), 2)
                    probes.release_all()
                    stage = ferry.state()["VerifierStage"]
                    self.assertEqual(stage is None, kind == "ChecksumTable")
                    if spoil and kind != "Inline":
                        # Compared already, and changed by both sides while nobody ran.
                        self.source.sql("UPDATE abc.big SET v = 'x' WHERE id = 3")
                        self.target.sql(f"DELETE FROM abc.{other}")
                    if kind == "Inline" and spoil:
                        self.assertEqual(stage["Tables"]["abc.big"]["Rows"], ["`id` = 3"])
                    ferry.resume()
                    # What was not compared before is found, the row that changed is fixed.
                    self.assertEqual(ferry.wait(), 3 if spoil else 0)
                    if spoil:
                        named = "big" if kind == "Inline" else other
                        self.assertTrue(ferry.log_contains(rf"failed for: abc\.{named} \["))
                    probes.close()
                    self.target.drop_user_databases()

    def test_a_state_without_verification_is_not_trusted(self):
        self.basic_tables(rows=300)
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.move("NoVerification", probes=probes).start()
        stop.wait_reached()
        ferry.terminate()
        self.assertEqual(ferry.wait(), 2)
        self.assertIsNone(ferry.state()["VerifierStage"])
        probes.release_all()
        self.target.sql("UPDATE abc.negative SET n = n + 1 WHERE id = -50")
        ferry.resume(VerifierType="Inline")
        self.assertEqual(ferry.wait(), 3)
        self.assertTrue(ferry.log_contains(r"abc\.negative \[PKs: -50 "))

    def test_a_full_queue_is_no_loss(self):
        """With room for a few keys only, whole tables are compared instead."""
        made = self.basic_tables(rows=300)
        probes = self.probes()
        allowed = probes.stop_at("cutover_allowed")
        ferry = self.move("Inline", probes=probes, MemoryLimit=8 << 20,
                          InlineVerifierConfig={"VerifyBinlogEventsInterval": "1h"}).start()
        allowed.wait_reached()
        self.source.sql("INSERT INTO abc.big (v) SELECT v FROM abc.big",
                        *["INSERT INTO abc.big (v) SELECT v FROM abc.big"] * 5)
        self.assertTrue(made)
        allowed.release()
        self.assertEqual(ferry.wait(), 0)
        self.assertTrue(ferry.log_contains("too many rows of table abc.big"))
        self.assert_equal(databases=["abc"])

    def test_every_corruption_is_named(self):
        """By each verifier, of rows that it compared as they were copied or that the stream
        wrote: what each of them has to find. Seen to fail with an Inline that did not look at
        the target's sum of a batch."""
        changes = {1: "s = 'text 1 '", 2: "s = ''", 3: "s = NULL", 4: "c = 'Char'",
                   5: "f = 1.1000001", 6: "d = '-2.225073858507202e-308'",
                   7: "lb = LEFT(lb, 65535)", 8: "t = REPEAT('t', 2999)", 9: "b = x'0001'",
                   10: "n = -7", 11: "dt = '2020-01-01 10:11:12.123457'", 12: "x = 12.5001"}
        spoil = [f"UPDATE abc.odd SET {change} WHERE id = {n}" for n, change in changes.items()]
        spoil += ["DELETE FROM abc.odd WHERE id = 20",
                  "INSERT INTO abc.odd (id, s) VALUES (-4, 'extra')",
                  # Two rows change places.
                  "UPDATE abc.odd SET id = 1000 WHERE id = 30",
                  "UPDATE abc.odd SET id = 30 WHERE id = 31",
                  "UPDATE abc.odd SET id = 31 WHERE id = 1000"]
        for kind in TYPES:
            for ask in (False, True):
                with self.subTest(kind, ask=ask):
                    self.source.drop_user_databases()
                    self.target.drop_user_databases()
                    self.fill_both(rows=32)  # one batch
                    self.target.drop_user_databases()
                    probes = self.probes()
                    stop = probes.stop_at("copy_done" if ask else "after_batch_write")
                    ferry = self.move(kind, probes=probes, http=ask, AutomaticCutover=not ask,
                                      UpdatableConfig={"DataIterationBatchSize": 100}).start()
                    stop.wait_reached()
                    with self.target.connect() as db:
                        db.run("SET time_zone='+00:00', sql_mode=''", *spoil)
                    stop.release()
                    if ask:
                        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
                        result = self.ask(ferry, False)["VerificationResult"]
                        self.assertEqual(result["IncorrectTables"], ["abc.odd"])
                        text = result["Message"]
                        ferry.terminate()
                        ferry.wait()
                    else:
                        self.assertEqual(ferry.wait(), 3, ferry.logs())
                        text = next(line for line in ferry.log().splitlines()
                                    if "different: abc.odd" in line)
                    # The first ten are told, and the number of the others.
                    shown = set(re.findall(r"(-?\d+) \(type: row", text))
                    self.assertLessEqual(shown, {str(n) for n in [*changes, 20, -4, 30, 31]})
                    self.assertEqual(len(shown), 10, text)
                    self.assertIn("and 6 more", text)
                    probes.close()

    def test_each_corruption_alone(self):
        """Nothing hides behind another: one corruption per table, many tables, each named
        with its key."""
        changes = ["s = 'text 7 '", "s = NULL", "f = 1.1000001", "lb = LEFT(lb, 65535)", None,
                   "id = -7"]
        for kind in TYPES:
            with self.subTest(kind):
                self.source.drop_user_databases()
                self.target.drop_user_databases()
                for n in range(len(changes)):
                    self.fill_both(rows=7, table=f"o{n}")
                self.target.drop_user_databases()
                probes = self.probes()
                stops = [probes.stop_at("after_batch_write", rf"abc\.o{n} ")
                         for n in range(len(changes))]
                ferry = self.move(kind, probes=probes,
                                  UpdatableConfig={"DataIterationBatchSize": 100}).start()
                waiting = list(zip(stops, changes, range(len(changes))))
                while waiting:
                    ferry.wait_until(lambda: any(s.reached for s, _, _ in waiting))
                    for stop, change, n in [w for w in waiting if w[0].reached]:
                        with self.target.connect() as db:
                            db.run("SET time_zone='+00:00', sql_mode=''",
                                   f"UPDATE abc.o{n} SET {change} WHERE id = 7" if change
                                   else f"DELETE FROM abc.o{n} WHERE id = 7")
                        stop.release()
                        waiting.remove((stop, change, n))
                self.assertEqual(ferry.wait(), 3, ferry.logs())
                for n, change in enumerate(changes):
                    self.assertTrue(ferry.log_contains(rf"abc\.o{n} \[PKs: (-7 .*)?7 \(type: row"),
                                    (kind, change))
                probes.close()

    def test_columns_and_tables_that_are_left_out(self):
        cases = [("Inline", {"IgnoredColumnsForVerification": {"abc": {"big": {"n": {}}}}}),
                 ("ChecksumTable", {"IgnoredColumnsForVerification": {"abc": {"big": {"n": {}}}}}),
                 ("Iterative", {"IterativeVerifierConfig": {"IgnoredColumns": {"big": ["n"]}}}),
                 ("Iterative", {"IterativeVerifierConfig": {"IgnoredTables": ["big"]}})]
        self.basic_tables(rows=30, names=("big",))
        for kind, how in cases:
            # The value of another column is still found, unless the table is left out.
            for column, status in (("n", 0), ("v", 0 if "IgnoredTables" in str(how) else 3)):
                with self.subTest(kind, how=how, column=column):
                    self.target.drop_user_databases()
                    probes = self.probes()
                    stop = probes.stop_at("after_batch_write", r"abc\.big ")
                    ferry = self.move(kind, probes=probes, **how).start()
                    stop.wait_reached()
                    self.target.sql(f"UPDATE abc.big SET {column} = 4711, changed = changed"
                                    " WHERE id = 5")
                    stop.release()
                    self.assertEqual(ferry.wait(), status, ferry.logs())
                    probes.close()

    def test_compressed_columns_are_compared_by_content(self):
        """Two encodings of one text are equal; all else is a difference."""
        one, other = "051068656c6c6f", "0500680c656c6c6f"  # hello
        changes = {f"d = x'{other}'": 0, "d = x'051068656c6c4f'": 3, "d = NULL": 3,
                   "d = x'0510686500'": 3, "d = x''": 3, "d = x'ffffffff0f00'": 3,
                   f"d = x'{other}', n = 2": 3}
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.z (id INT PRIMARY KEY, d BLOB, n INT)",
                        f"INSERT INTO abc.z VALUES (1, x'{one}', 1), (2, x'{one}', 1)")
        for kind, how in (("Inline", {"CompressedColumnsForVerification":
                                      {"abc": {"z": {"d": "SNAPPY"}}}}),
                          ("Iterative", {"IterativeVerifierConfig": {
                              "TableColumnCompression": {"z": {"d": "SNAPPY"}}}})):
            for change, status in changes.items():
                with self.subTest(kind, change=change):
                    probes = self.probes()
                    stop = probes.stop_at("after_batch_write")
                    ferry = self.move(kind, probes=probes, **how).start()
                    stop.wait_reached()
                    self.target.sql(f"UPDATE abc.z SET {change} WHERE id = 2")
                    stop.release()
                    self.assertEqual(ferry.wait(), status, ferry.logs())
                    if status:
                        self.assertTrue(
                            ferry.log_contains(r"abc\.z \[PKs: 2 \(type: rows checksum"))
                    probes.close()
                    self.target.drop_user_databases()

    def test_other_encodings_without_being_named(self):
        """What the configuration does not name is compared as it is stored."""
        self.fill_both(rows=1, body="id INT PRIMARY KEY, d BLOB", row="({id}, x'051068656c6c6f')",
                       table="z")
        self.target.sql("UPDATE abc.z SET d = x'0500680c656c6c6f'")
        self.report(status=3)
        self.report(CompressedColumnsForVerification={"abc": {"z": {"d": "SNAPPY"}}})

    def test_the_forced_index_is_used(self):
        """Seen in the only way that shows: an index that is not there is an error, but for
        ChecksumTable, whose own CHECKSUM TABLE takes none in Ghostferry: there it is named."""
        self.basic_tables(rows=30, names=("big",))
        for kind in TYPES:
            with self.subTest(kind):
                self.move(kind, ForceIndexForVerification={"abc": {"big": "PRIMARY"}}).run_ok()
                self.target.drop_user_databases()
                ferry = self.move(kind, ForceIndexForVerification={"abc": {"big": "no_such"}})
                status = ferry.run()
                self.assertEqual(status == 0, kind == "ChecksumTable")
                self.assertTrue(ferry.log_contains("no_such"))
                self.target.drop_user_databases()

    def test_times_of_the_verifiers(self):
        """VerifyBinlogEventsInterval, MaxExpectedDowntime."""
        self.basic_tables(rows=3000, names=("big",))
        probes = self.probes()
        ferry = self.move("Inline", probes=probes, AutomaticCutover=False, http=True,
                          InlineVerifierConfig={"VerifyBinlogEventsInterval": "20ms"}).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.source.sql("UPDATE abc.big SET v = 'x' WHERE id = 1")
        ferry.wait_until(lambda: probes.counts["rows_reverified"] > 0)
        ferry.terminate()
        ferry.wait()
        probes.close()
        self.target.drop_user_databases()
        for kind in ("Inline", "Iterative"):
            with self.subTest(kind):
                probes = self.probes()
                stop = probes.stop_at("after_batch_write", r"abc\.big ")
                ferry = self.move(kind, probes=probes, **{
                    f"{kind}VerifierConfig": {"MaxExpectedDowntime": "1ns"}}).start()
                stop.wait_reached()
                self.target.sql("UPDATE abc.big SET v = REPEAT('z', 20)")
                stop.release()
                self.assertEqual(ferry.wait(), 2, ferry.logs())
                self.assertTrue(ferry.log_contains("will not complete within max downtime"))
                probes.close()
                self.target.drop_user_databases()

    def spilling(self, kind, rows=15000, **how):
        """A table whose changed rows do not fit into memory, and a move of it."""
        with self.source.connect() as db:
            db.run("CREATE DATABASE abc", "CREATE TABLE abc.s (id INT PRIMARY KEY,"
                   " v VARCHAR(20))")
            tables.fill_fast(db, "abc", "s", rows, select="n, 'x'", columns="id, v")
            db.run("ANALYZE TABLE abc.s")
        return self.move(kind, MemoryLimit=8 << 20, **how)

    def test_a_queue_in_a_file(self):
        """Rows that are too many for memory are not forgotten: before the cutover they are
        looked at from the file, and during it."""
        for kind, when in (("Iterative", "copied"), ("Inline", "locked")):
            with self.subTest(kind, when=when):
                update = "UPDATE abc.s SET v = 'y'"
                probes = self.probes()
                url, _ = self.hooks(
                    lock=lambda: when == "locked" and self.source.sql(update))
                allowed = probes.stop_at("cutover_allowed")
                drained = probes.stop_at("drained")
                ferry = self.spilling(kind, probes=probes,
                                      CutoverLock={"URI": url + "/lock"},
                                      InlineVerifierConfig={"VerifyBinlogEventsInterval":
                                                            "1h"}).start()
                allowed.wait_reached()
                # Iterative begins to note rows when it has compared them.
                compared = probes.stop_at("range_compared") if kind == "Iterative" else None
                if compared and when == "copied":
                    allowed.release()
                    compared.wait_reached()
                if when == "copied":
                    self.source.sql(update)
                    ferry.wait_until(lambda: self.target.value(
                        "SELECT COUNT(*) FROM abc.s WHERE v = 'y'") == 15000)
                    self.target.sql("UPDATE abc.s SET v = 'z' WHERE id IN (3, 14999)")
                if compared:
                    compared.release()
                allowed.release()
                drained.wait_reached()
                if when == "locked":
                    self.target.sql("UPDATE abc.s SET v = 'z' WHERE id IN (3, 14999)")
                drained.release()
                self.assertEqual(ferry.wait(), 3, ferry.logs())
                self.assertTrue(ferry.log_contains("rows of table abc.s to be verified were"
                                                   " put into a file"))
                self.assertFalse(ferry.log_contains("compared as a whole"))
                for key in (3, 14999):
                    self.assertTrue(ferry.log_contains(rf"[ \[]{key} \(type: rows checksum"))
                self.assertEqual(ferry.state()["VerifierStage"]["Tables"]["abc.s"]["Stage"],
                                 "uncompared" if when == "locked" else "compared")
                probes.close()
                self.source.drop_user_databases()
                self.target.drop_user_databases()

    def test_no_place_for_a_queue_in_a_file(self):
        probes = self.probes()
        allowed = probes.stop_at("cutover_allowed")
        ferry = self.spilling("Inline", probes=probes, StateFile="",
                              environ={"TMPDIR": "/there/is/no/such"},
                              InlineVerifierConfig={"VerifyBinlogEventsInterval": "1h"}).start()
        allowed.wait_reached()
        self.source.sql("UPDATE abc.s SET v = 'y'")
        allowed.release()
        self.assertEqual(ferry.wait(), 0, ferry.logs())
        self.assertTrue(ferry.log_contains("make a file in /there/is/no/such"))
        self.assertTrue(ferry.log_contains("too many rows of table abc.s"))
        self.assert_equal(databases=["abc"])


class LongVerifierTest(MoveVerified):
    timeout = 1800

    @unittest.skipUnless(os.environ.get("VERIFY_SECONDS"), "VERIFY_SECONDS=60 for long writes")
    def test_no_false_alarm_under_long_writes(self):
        seconds = float(os.environ["VERIFY_SECONDS"])
        made = self.basic_tables(rows=300)
        for kind in TYPES:
            with self.subTest(kind):
                writer = self.writer(made, span=1000)
                url, _ = self.hooks(lock=writer.stop)
                ferry = self.move(kind, CutoverLock={"URI": url + "/lock"}, http=True,
                                  AutomaticCutover=False,
                                  InlineVerifierConfig={"VerifyBinlogEventsInterval": "50ms"})
                ferry.start()
                end = time.monotonic() + seconds
                ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
                asked = 0
                while time.monotonic() < end:
                    self.ask(ferry, True)
                    asked += 1
                ferry.allow_cutover()
                ferry.wait_for_status(lambda s: s["OverallState"] == "done", 120)
                ferry.end()
                self.assert_equal(databases=["abc"])
                print(f"{kind}: {writer.statements} statements, {asked} verifications")
                self.target.drop_user_databases()


class CascadeTest(MoveVerified):
    """Changes that the source's InnoDB makes to children of a foreign key, and logs nowhere."""

    pairs = (MARIADB, MYSQL, MARIADB_105, MARIADB_118)

    def setUp(self):
        super().setUp()
        if self.source.is_mysql:  # else it logs them
            self.source = self.private_server("source", "--innodb-native-foreign-keys=ON")
        self.source.sql(
            "SET foreign_key_checks = 1", "CREATE DATABASE abc", "USE abc",
            "CREATE TABLE p (id INT PRIMARY KEY, k INT NOT NULL UNIQUE)",
            "CREATE TABLE c (id INT PRIMARY KEY, p INT NOT NULL,"
            " FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)",
            "CREATE TABLE n (id INT PRIMARY KEY, p INT,"
            " FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET NULL)",
            "CREATE TABLE u (id INT PRIMARY KEY, k INT,"
            " FOREIGN KEY (k) REFERENCES p (k) ON UPDATE CASCADE)",
            "CREATE TABLE g (id INT PRIMARY KEY, c INT,"
            " FOREIGN KEY (c) REFERENCES c (id) ON DELETE CASCADE)",
            "CREATE TABLE o (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))",
            "INSERT INTO p VALUES (1, 10), (2, 20), (3, 30)",
            "INSERT INTO c VALUES (1, 1), (2, 2)", "INSERT INTO n VALUES (1, 1), (2, 2)",
            "INSERT INTO u VALUES (1, 20), (2, 30)", "INSERT INTO g VALUES (1, 1), (2, 2)",
            "INSERT INTO o VALUES (1, 3)")

    def moved(self, kind, status, **settings):
        probes = self.probes()
        stop = probes.stop_at("before_final_verification")
        ferry = self.move(kind, probes=probes, UnloggedCascades="refuse",
                          SkipForeignKeyConstraintsCheck=True, **settings)
        copied = probes.stop_at("cutover_allowed")
        ferry.start()
        copied.wait_reached()
        self.source.sql("USE abc", "DELETE FROM p WHERE id = 1", "UPDATE p SET k = 21 WHERE id = 2")
        copied.release()
        stop.wait_reached()
        stop.release()
        self.assertEqual(ferry.wait(), status, ferry.logs())
        probes.close()
        return ferry

    def test_the_verdict_sees_what_cascaded(self):
        for kind in TYPES:
            with self.subTest(kind):
                ferry = self.moved(kind, 3)
                for table in "cnug":
                    self.assertRegex(ferry.log(), rf"different: abc\.{table}\b")
                for table in "po":
                    self.assertNotRegex(ferry.log(), rf"different: abc\.{table}\b")
                self.target.drop_user_databases()
                self.source.sql("USE abc", "INSERT INTO p VALUES (1, 10)", "INSERT INTO c VALUES (1, 1)",
                                "INSERT INTO g VALUES (1, 1)", "UPDATE n SET p = 1 WHERE id = 1",
                                "UPDATE p SET k = 20 WHERE id = 2")

    def test_it_is_repaired(self):
        self.moved("Inline", 0, VerifierRepair=True)
        self.assert_equal(databases=["abc"])

    def test_nothing_cascaded(self):
        ferry = self.move("Inline", UnloggedCascades="refuse", SkipForeignKeyConstraintsCheck=True)
        self.assertEqual(ferry.run(), 0, ferry.logs())
        self.assertRegex(ferry.log(), r"table abc\.c is compared as a whole: foreign keys")
        self.assert_equal(databases=["abc"])
