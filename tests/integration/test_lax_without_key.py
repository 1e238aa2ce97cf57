"""Tables without a key whose rows the target refuses in strict mode, or notes something
about, though they are just what the source has."""

from lib.case import BOTH, MARIADB_118
from lib.moves import MoveTest

from test_lax_rows import COMMON, LAX, MADE, MADE_118, OWN

TAGS = ("invariants",)
DIGITS = "id INT, a VARCHAR(20), n INT AS (a + 0) STORED"
COPIED = r"table abc\.{}, which has no key, is copied without strict mode and compared: "
CHANGED = r"table abc\.{}, which has no key: rows are written without strict mode and compared: "
EMPTIED = r"table abc\.{} has no key: it is emptied on the target and copied again"


class LaxWithoutKeyTest(MoveTest):
    """Red with lax modes left out of snapshot_copy.c or of keyless_apply.c: the run ends with
    "the server would change a value", or the server's own 1292, 1264, 1366, 1048, 3156."""

    pairs = BOTH + (MARIADB_118,)

    def kinds(self):
        return {**COMMON, **OWN[self.flavour]}

    def create(self, copies=3, rows=True):
        self.source.sql("CREATE DATABASE abc", LAX)
        for name, (columns, names, values, _) in self.kinds().items():
            self.source.sql(f"CREATE TABLE abc.{name} (id INT, {columns})")
            if rows:
                self.insert(name, names, values * copies)

    def insert(self, name, names, values):
        self.source.sql(LAX, f"INSERT INTO abc.{name} {names} VALUES "
                        + ", ".join(f"({row})" for row in values))

    def move(self, **settings):
        return self.one_by_one(AllowTablesWithoutKey=True, VerifierType="ChecksumTable",
                               **settings)

    def stopped_at(self, name, detail="", **settings):
        probes = self.probes()
        ferry = self.move(probes=probes, **settings)
        stop = probes.stop_at(name, detail)
        ferry.start()
        self.reach(ferry, stop)
        return ferry, probes, stop

    def verified(self, ferry, *said, unsaid=None):
        self.done(ferry)
        for pattern in said:
            self.assertRegex(ferry.log(), pattern)
        if unsaid:
            self.assertNotRegex(ferry.log(), unsaid)
        self.assertEqual(ferry.run("-verify"), 0, ferry.logs())

    def test_copied(self):
        self.create()
        ferry = self.move()
        ferry.run()
        self.verified(ferry, *(COPIED.format(name) for name in ("rounded", "digits", "limit")))

    def test_one_row(self):
        """A single row has rules of its own for NULL."""
        self.create(rows=False)
        for name, (_, names, values, _) in self.kinds().items():
            self.insert(name, names, values[:1] * 2)
            self.source.sql(LAX, f"DELETE FROM abc.{name} LIMIT 1")
        ferry = self.move(DataIterationBatchSize=1)
        ferry.run()
        self.verified(ferry)

    def test_changed(self):
        """Equal rows come and go by numbers; those that came are found with what was
        computed of them."""
        self.create(rows=False)
        ferry, probes, stop = self.stopped_at("copy_done")
        for name, (_, names, values, change) in self.kinds().items():
            self.insert(name, names, values * 2)
            self.source.sql(LAX, f"DELETE FROM abc.{name} LIMIT 1",
                            f"UPDATE abc.{name} SET {change} LIMIT 2",
                            f"DELETE FROM abc.{name} LIMIT 1")
        stop.release()
        in_place = self.pair[0] != "mariadb-11.8"  # whose images lack computed values
        self.verified(ferry, CHANGED.format("digits"), CHANGED.format("cast"),
                      unsaid=EMPTIED.format("(digits|cast)") if in_place else None)

    def test_many_changes(self):
        """More than are looked for one by one: the table is copied again."""
        self.source.sql("CREATE DATABASE abc", f"CREATE TABLE abc.t ({DIGITS})")
        ferry, probes, stop = self.stopped_at("copy_done")
        held = probes.stop_at("before_binlog_apply")
        self.source.sql("INSERT INTO abc.t (id, a) VALUES (0, '0')")
        self.reach(ferry, held)
        self.source.sql(LAX, "INSERT INTO abc.t (id, a) VALUES "
                        + ", ".join(f"({n}, '{n}x')" for n in range(150)))
        self.received(ferry, probes, 151)
        held.release()
        stop.release()
        self.verified(ferry, EMPTIED.format("t"), COPIED.format("t"))

    def test_values_that_the_server_made(self):
        kinds = MADE_118 if self.pair[0] == "mariadb-11.8" else MADE[self.flavour]
        self.source.sql("CREATE DATABASE abc", LAX)
        for number, kind in enumerate(kinds):
            self.source.sql(f"CREATE TABLE abc.t{number} (id INT, v VARCHAR(9))",
                            f"INSERT INTO abc.t{number} VALUES (1, 'a'), (1, 'a'), (3, NULL)",
                            f"ALTER TABLE abc.t{number} ADD e {kind} NOT NULL,"
                            f" ADD f {kind} NOT NULL")
        ferry, probes, stop = self.stopped_at("copy_done")
        for number in range(len(kinds)):
            self.source.sql(f"UPDATE abc.t{number} SET v = 'c' WHERE id = 3",
                            f"DELETE FROM abc.t{number} WHERE id = 1 LIMIT 1")
        stop.release()
        self.done(ferry)

    def another(self, *rows):
        """The target's own definition computes something else."""
        self.source.sql("CREATE DATABASE abc", LAX, f"CREATE TABLE abc.t ({DIGITS})",
                        *(f"INSERT INTO abc.t (id, a) VALUES {row}" for row in rows))
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t ("
                        + DIGITS.replace("+ 0", "+ 1") + ")")

    def test_what_another_target_makes_of_copied_rows(self):
        self.another("(1, '12abc')")
        ferry = self.move(AllowExistingTargetTable=True)
        ferry.run()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"copy table abc\.t, which has no key: .*12abc.*; without"
                                      " strict mode the target makes other rows of it")
        self.assertNotIn("abc.t", ferry.state()["CopyStage"]["CompletedTables"])

    def test_what_another_target_makes_of_changed_rows(self):
        self.another()
        ferry, probes, stop = self.stopped_at("copy_done", AllowExistingTargetTable=True)
        self.source.sql(LAX, "INSERT INTO abc.t (id, a) VALUES (1, '12abc')")
        stop.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"copy table abc\.t, which has no key: .*12abc.*; without"
                                      " strict mode the target makes other rows of it")

    def killed(self, probe, *, rows=(), changes=()):
        self.source.sql("CREATE DATABASE abc", LAX, f"CREATE TABLE abc.t ({DIGITS})",
                        *(f"INSERT INTO abc.t (id, a) VALUES {row}" for row in rows))
        probes = self.probes()
        ferry = self.move(probes=probes)
        copied = probes.stop_at("copy_done")
        stop = probes.stop_at(probe)
        ferry.start()
        if changes:
            self.reach(ferry, copied)
            self.source.sql(LAX, *changes)
        self.reach(ferry, stop)
        # Newer than what is being written: it comes by the stream.
        self.source.sql(LAX, "UPDATE abc.t SET a = '77x' LIMIT 1",
                        "INSERT INTO abc.t (id, a) VALUES (9, 'z')")
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file())
        self.verified(ferry)

    def test_killed_before_the_copy_is_compared(self):
        self.killed("before_lax_compare", rows=("(1, '12abc')", "(1, '12abc')", "(2, '5')"))

    def test_killed_before_the_commit(self):
        self.killed("after_lax_write", changes=("INSERT INTO abc.t (id, a) VALUES (1, '12abc')",))
