"""Tables.Where: a part of a table is moved, whatever happens in the rest of it on either side.
FriendlyRuns: several processes move the parts of one database at the same time."""

import random
import threading

import pymysql

from lib.case import BOTH
from lib.db import Connection
from lib.moves import MoveTest

TAGS = ("any_client",)

BODY = "id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT, tenant INT NULL, v VARCHAR(200), n INT"
MINE = "tenant = 5"


class Tenants(threading.Thread):
    """Inserts, updates, deletes and replaces rows of some tenants, of which none ever changes;
    None is a tenant too."""

    def __init__(self, server, tenants, seed, span=400):
        super().__init__(daemon=True)
        self.server, self.tenants, self.span = server, tenants, span
        self.rng, self.count, self.error = random.Random(seed), 0, None
        self.ended = threading.Event()

    def run(self):
        try:
            with Connection(unix_socket=self.server.socket, user="root") as db:
                while not self.ended.is_set():
                    try:
                        self.step(db)
                    except pymysql.Error as e:
                        if e.args[0] not in (1205, 1213, 1020):  # two writers
                            raise
                    self.count += 1
        except Exception as e:
            self.error = e

    def step(self, db):
        rng = self.rng
        tenant = rng.choice(self.tenants)
        text = "NULL" if tenant is None else str(tenant)
        # Each tenant has ids of its own.
        row = rng.randrange(self.span) * 10 + (tenant or 0)
        n = rng.randrange(1000000)
        db.run(rng.choice((
            f"INSERT INTO abc.t VALUES ({row}, {text}, 'new', {n}) ON DUPLICATE KEY UPDATE n = {n}",
            f"UPDATE abc.t SET n = {n}, v = 'changed' WHERE id = {row}",
            f"DELETE FROM abc.t WHERE id = {row}",
            f"REPLACE INTO abc.t VALUES ({row}, {text}, 'again', {n})",
            f"UPDATE abc.t SET n = n + 1 WHERE id BETWEEN {row} AND {row + 50} AND tenant <=> {text}")))

    def stop(self):
        self.ended.set()
        if self.ident:
            self.join(30)
        if self.error:
            raise self.error


class PartTest(MoveTest):
    def tenants(self, *tenants, seed=1):
        writer = Tenants(self.source, tenants, seed)
        self.addCleanup(writer.stop)
        writer.start()
        return writer

    def shared_table(self, body=BODY, rows=600):
        """Tenants 0 to 9; every row's id ends with its tenant."""
        return self.table(rows=rows, body=body, select="n, n % 10, CONCAT('value ', n), n",
                          columns="id, tenant, v, n")

    def part(self, where=MINE, **settings):
        settings.setdefault("SkipTargetVerification", False)
        tables = settings.pop("Tables", {})
        return self.one_by_one(Tables={"Where": {"abc.t": where}, **tables}, **settings)

    def foreign_rows(self):
        """What another tenant has on the target already."""
        self.target.sql("CREATE DATABASE abc", f"CREATE TABLE abc.t ({BODY})",
                        "INSERT INTO abc.t VALUES (10009, 9, 'there', 1), (10010, NULL, 'too', 2)")

    def cut_over(self, *ferries):
        for ferry in ferries:
            ferry.allow_cutover()
        for ferry in ferries:
            ferry.wait_for_status(lambda s: s["OverallState"] == "done")
            ferry.end()

    def assert_part_is_moved(self, foreign=2):
        self.assert_equal(where=MINE)
        self.assertEqual(self.target.sql(f"SELECT COUNT(*) FROM abc.t WHERE ({MINE}) IS NOT TRUE"),
                         ((foreign,),))


class TenantTest(PartTest):
    def test_moves_a_tenant_out_of_a_shared_table(self):
        """Killed in the copy and resumed, with writes inside and outside all the time, and
        those outside beyond the end."""
        self.shared_table()
        self.foreign_rows()
        inside, outside = self.tenants(5), self.tenants(1, 4, 6, None, seed=2)
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", nth=3)
        ferry = self.part(probes=probes, VerifierType="Inline", AutomaticCutover=False,
                          http=True).start()
        self.reach(ferry, stop)
        ferry.kill9()
        stop.release()
        ferry.resume_file()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.wait_until(lambda: all(w.error or w.count > 150 for w in (inside, outside)))
        inside.stop()
        self.cut_over(ferry)
        self.assertNotIn("behind the final position", ferry.log())
        self.assertEqual(ferry.run("-verify"), 0, ferry.log())
        outside.stop()
        self.assert_part_is_moved()

    def test_compares_the_part_alone(self):
        self.shared_table(rows=200)
        self.foreign_rows()
        for verifier in ("Iterative", "ChecksumTable"):
            ferry = self.part(VerifierType=verifier)
            ferry.run_ok()
            self.assert_part_is_moved()
            self.target.sql(f"UPDATE abc.t SET n = -1 WHERE {MINE} LIMIT 1")
            self.assertEqual(ferry.run("-verify"), 3)
            ferry.config["Tables"]["Where"] = {"abc.t": "v = 'a'"}
            self.assertEqual(ferry.run("-verify"), 1)
            self.assertRegex(ferry.log(), "write BINARY v")
            self.target.sql(f"DELETE FROM abc.t WHERE {MINE}")

    def test_an_update_across_the_border_ends_the_run(self):
        self.shared_table(rows=100)
        probes = self.probes()
        stop = probes.stop_at("after_batch_write")
        ferry = self.part(probes=probes).start()
        self.reach(ferry, stop)
        self.source.sql("UPDATE abc.t SET tenant = 6 WHERE id = 15")
        stop.release()
        ferry.assert_status(2)
        says = r"table abc\.t: the UPDATE that ends at bin\.\d+:\d+ takes the row with `id` = 15 " \
               r"across the border of Tables\.Where \(`tenant` = 5\)"
        self.assertRegex(ferry.log(), says)
        # It stays in the binlog, and so does the reason.
        ferry.resume().assert_status(2)
        self.assertRegex(ferry.log(), says)

    def test_another_condition_is_refused_at_a_resume(self):
        self.shared_table(rows=100)
        probes = self.probes()
        stop = probes.stop_at("after_batch_write")
        ferry = self.part(probes=probes).start()
        self.reach(ferry, stop)
        ferry.terminate()
        stop.release()
        ferry.assert_status(2)
        state = ferry.state()
        self.assertEqual(state["RowFilters"], {"abc.t": "(`tenant` = 5)"})
        for where in ("tenant = 6", None):
            ferry.config["Tables"] = {"Where": {"abc.t": where}} if where else {}
            ferry.resume(state, as_it_is=True).assert_status(1)
            self.assertRegex(ferry.log(), r"the rows of table abc\.t were chosen by "
                                          r"\(`tenant` = 5\) in the run that is resumed")
        ferry.config["Tables"] = {"Where": {"abc.t": " TENANT=5 "}}
        ferry.resume(state, as_it_is=True)
        ferry.assert_status(0)
        self.assert_part_is_moved(0)

    def test_no_row_outside_of_the_part_is_touched(self):
        """Not by a change of the same key, nor by one with the same unique value: the run ends.
        A delete passes over it."""
        self.shared_table(rows=30, body=BODY + ", UNIQUE KEY (n)")
        self.target.sql("CREATE DATABASE abc", f"CREATE TABLE abc.t ({BODY}, UNIQUE KEY (n))",
                        "INSERT INTO abc.t VALUES (1005, 9, 'there', 1005), (1009, 9, 'too', 700)")
        there = self.target.sql("SELECT * FROM abc.t")
        for change, key in (("INSERT INTO abc.t VALUES (1005, 5, 'mine', 1006)", 1005),
                            ("UPDATE abc.t SET n = 700 WHERE id = 5", 1009)):
            self.source.sql("DELETE FROM abc.t WHERE id = 1005")
            self.target.sql(f"DELETE FROM abc.t WHERE {MINE}")
            probes = self.probes()
            stop = probes.stop_at("copy_done")
            ferry = self.part(probes=probes).start()
            self.reach(ferry, stop)
            self.source.sql("INSERT INTO abc.t VALUES (1015, 5, 'shortly', 1015)",
                            "DELETE FROM abc.t WHERE id = 1015", change)
            stop.release()
            ferry.assert_status(2)
            self.assertRegex(ferry.log(), rf"the row with `id` = {key} is in the way of a changed "
                                          r"one, and does not belong to the rows that are moved")
            self.assertEqual(self.target.sql("SELECT * FROM abc.t WHERE tenant = 9"), there)

    def test_refuses_what_it_cannot_do_exactly(self):
        self.shared_table(rows=30)
        self.source.sql("CREATE TABLE abc.u (n INT, tenant INT)")
        for where, says in (({"abc.t": "v = 'a'"}, "write BINARY v"),
                            ({"abc.t": "tenant = 5000000000"}, "beyond the range"),
                            ({"abc.t": "tenant = 5", "abc.*": "tenant = 5"}, "two entries mean it"),
                            ({"abc.x": "tenant = 5"}, "Tables.Where has abc.x, which is no table"),
                            ({"abc.u": "tenant = 5"}, "it has no usable key"),
                            ({"abc.t": "tenant ="}, r"Tables\.Where\.abc\.t: an integer is missing")):
            ferry = self.one_by_one(Tables={"Where": where}, AllowTablesWithoutKey=True)
            self.assertEqual(ferry.run(), 1)
            self.assertRegex(ferry.log(), says)
        # Rows of the part that are there may be another run's.
        self.target.sql("CREATE DATABASE abc", f"CREATE TABLE abc.t ({BODY})",
                        "INSERT INTO abc.t VALUES (15, 5, 'mine', 1)")
        ferry = self.part(Tables={"Blacklist": ["u"]})
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), r"table abc\.t holds rows already that are to be moved")


class ExactTest(PartTest):
    """The same rows in a table for each condition, half of them copied and half of them streamed:
    those arrive for which the source's server finds the condition true."""

    pairs = (*BOTH, ("mysql", "mariadb"), ("mariadb", "mysql"))
    CONDITIONS = (
        "i = -1", "i <> -1", "i < 0", "i <= 0", "i > 0", "i >= 127", "i != 0 OR i IS NULL",
        "NOT i = 0", "NOT (i = 0 OR b = 7)", "i BETWEEN -128 AND 0", "i NOT BETWEEN -1 AND 1",
        "i IN (-128, 0, 127)", "i NOT IN (1)", "i IS NULL AND b > 0 OR u = 0",
        "b = -9223372036854775808", "b > -9223372036854775808", "b < 9223372036854775807",
        "b >= 0", "MOD(b, 3) = 0", "b % 3 = -2", "b MOD 3 BETWEEN 1 AND 2", "MOD(b, 3) <> 1",
        "u > 9223372036854775807", "u <= 9223372036854775808", "u = 18446744073709551615",
        "MOD(u, 10) IN (5, 7)", "MOD(u, 9223372036854775808) = 0", "z = 7", "z > 4294967294",
        "BINARY v = 'eu'", "BINARY v <> 'eu'", "BINARY v IN ('', 'it''s')", "BINARY v = x'c3a9'",
        "BINARY c = 'a'", "BINARY c = ''", "BINARY c NOT IN ('A', 'a ')", "BINARY c = x'e9'",
        "h = x'610000'", "h <> x'000000'", "w = x'6100'", "w IN ('a', '')", "w IS NOT NULL")
    VALUES = {
        "i": (-128, -1, 0, 1, 127, "NULL"),
        "b": ("-9223372036854775808", -8, -7, -6, 0, 6, 7, 8, "9223372036854775807"),
        "u": (0, 7, "9223372036854775807", "9223372036854775808", "18446744073709551615"),
        "z": (0, 7, 4294967295),
        "v": ("'eu'", "'EU'", "'eu '", "''", "'it''s'", "'é'", "NULL"),
        "c": ("'a'", "'A'", "''", "'é'", "'b'"),
        "h": ("'a'", "x'0000'", "x'610001'"),
        "w": ("'a'", "x'6100'", "''", "NULL")}
    BODY = ("id INT PRIMARY KEY, i TINYINT, b BIGINT, u BIGINT UNSIGNED, z INT UNSIGNED ZEROFILL,"
            " v VARCHAR(9) COLLATE utf8mb4_general_ci, c CHAR(5) CHARACTER SET latin1, h BINARY(3),"
            " w VARBINARY(8)")

    def insert(self, first):
        rows = ", ".join("(%d, %s)" % (row, ", ".join(
            str(values[row % len(values)]) for values in self.VALUES.values()))
            for row in range(first, 400, 2))
        with self.source.connect() as db:
            db.run("SET NAMES utf8mb4", f"INSERT INTO abc.t0 VALUES {rows}",
                   *(f"INSERT INTO abc.t{n} SELECT * FROM abc.t0 WHERE id % 2 = {first}"
                     for n in range(1, len(self.CONDITIONS))))

    def test_the_program_judges_as_the_servers_do(self):
        self.source.sql("CREATE DATABASE abc", *(f"CREATE TABLE abc.t{n} ({self.BODY})"
                                                 for n in range(len(self.CONDITIONS))))
        self.insert(0)
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, Tables={"Where": {
            f"abc.t{n}": where for n, where in enumerate(self.CONDITIONS)}}).start()
        self.reach(ferry, stop)
        self.insert(1)
        stop.release()
        ferry.assert_status(0)
        for n, where in enumerate(self.CONDITIONS):
            with self.subTest(where):
                wanted = self.source.sql(f"SELECT id FROM abc.t{n} WHERE {where} ORDER BY id")
                self.assertEqual(self.target.sql(f"SELECT id FROM abc.t{n} ORDER BY id"), wanted)
                self.assertNotIn(len(wanted), (0, 400))
                self.assert_equal(only=[f"t{n}"], where=where)


class FriendlyRunsTest(PartTest):
    """Three processes, on one source and one target."""

    NAMES = ("part 0", "part 1", "part 2")
    VERIFIERS = ("Inline", "Iterative", "ChecksumTable")

    def setUp(self):
        super().setUp()
        self.target.sql("GRANT ALL ON _ghostferry.* TO ghostferry@'%'")
        self.addCleanup(self.target.sql, "REVOKE ALL ON _ghostferry.* FROM ghostferry@'%'")

    def run_of(self, part, friends=True, where=None, **settings):
        others = [name for name in self.NAMES if name != self.NAMES[part]]
        tables = {"Where": {"abc.t": where or f"MOD(id, 3) = {part}"}}
        # One table is in one part as a whole.
        if part > 0:
            tables["Blacklist"] = ["whole"]
        return self.ferry(Tables=tables, DataIterationBatchSize=20, SkipTargetVerification=False,
                          Target={"Marginalia": self.NAMES[part]},
                          FriendlyRuns=others if friends else [],
                          VerifierType=self.VERIFIERS[part], **settings)

    def test_move_a_database_in_three_parts(self):
        """One of them is killed and resumed meanwhile, and one is cut over before the others."""
        self.shared_table(rows=1200)
        self.table("whole", rows=200)
        writers = [self.tenants(*range(10), seed=seed) for seed in (1, 2)]
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", nth=4)
        runs = [self.run_of(part, probes=probes if part == 1 else None, http=True,
                            AutomaticCutover=False).start() for part in range(3)]
        self.reach(runs[1], stop)
        runs[1].kill9()
        stop.release()
        for part in (0, 2):
            runs[part].wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        # As if only this part's writers had stopped: it ends, and the others go on.
        runs[1].resume_file()
        runs[1].wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.wait_until(lambda: all(w.error or w.count > 150 for w in writers))
        for writer in writers:
            writer.stop()
        self.cut_over(runs[2])
        self.source.sql("UPDATE abc.t SET v = 'late' WHERE MOD(id, 3) <> 2",
                        "UPDATE abc.whole SET v = 'late'")
        self.cut_over(runs[0], runs[1])
        self.assert_equal()

    def test_two_runs_may_not_move_the_same_row(self):
        self.shared_table(rows=200)
        probes = self.probes()
        stop = probes.stop_at("line_recorded")
        first = self.run_of(0, probes=probes).start()
        self.reach(first, stop)
        second = self.run_of(1, where="id > 100")
        self.assertEqual(second.run(), 1)
        self.assertRegex(second.log(), r"table abc\.t: rows would be moved by two runs, such as "
                                       r"`id`=102: this one moves \(`id` > 100\), and the run "
                                       r"'part 0' moves \(`id` % 3 = 0\)")
        stop.release()
        first.assert_status(0)
        self.assertNotIn("_ghostferry", self.target.databases())

    def test_a_run_that_was_not_named_is_none(self):
        self.shared_table(rows=200)
        probes = self.probes()
        stop = probes.stop_at("after_batch_write", nth=2)
        first = self.run_of(0, friends=False, probes=probes).start()
        self.reach(first, stop)
        self.run_of(1).run_ok()
        stop.release()
        first.assert_status(3)
        self.assertRegex(first.log(), r"corrupted by a change directly performed in the target")

    def test_a_friend_may_not_do_everything(self):
        """Not write to a table that is moved as a whole, nor empty one that is shared."""
        self.shared_table(rows=100)
        for where, statement in (({}, "INSERT INTO abc.t VALUES (1000, 6, 'a', 1)"),
                                 ({"abc.t": MINE}, "TRUNCATE TABLE abc.t")):
            probes = self.probes()
            stop = probes.stop_at("copy_done")
            ferry = self.one_by_one(probes=probes, SkipTargetVerification=False,
                                    Tables={"Where": where}, FriendlyRuns=["part 1"]).start()
            self.reach(ferry, stop)
            self.target.sql(f"/*part 1*/ {statement}")
            ferry.assert_status(3, 60)
            stop.release()
            self.target.drop_user_databases()
