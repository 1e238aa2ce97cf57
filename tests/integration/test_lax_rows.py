"""Rows that the target refuses in strict mode, or notes something about, though they are just
what the source has: computed, rounded or made up by the server itself."""

from lib.case import BOTH, MARIADB_105, MARIADB_118, FerryTest

ALL = BOTH + (MARIADB_105, MARIADB_118)
LAX = "SET sql_mode = ''"

# (definition of columns behind the key, values behind the key, values after a change)
COMMON = {
    # Notes: each row's value is rounded, as it was on the source.
    "rounded": ("price DECIMAL(10,2), tax DECIMAL(6,4),"
                " total DECIMAL(10,2) AS (price * (1 + tax)) STORED", "(price, tax)",
                ("9.99, 0.1234", "0.01, 0.5000", "NULL, 0"), "price = price + 0.35"),
    "day": ("at DATETIME, d DATE AS (at) STORED", "(at)",
            ("'2024-02-29 23:59:59'", "NULL", "'1999-12-31 00:00:01'"),
            "at = at + INTERVAL 25 HOUR"),
    # Errors in strict mode.
    "digits": ("a VARCHAR(20), n INT AS (a + 0) STORED", "(a)",
               ("'12abc'", "'7'", "''", "NULL", "'x'"), "a = CONCAT(a, '3z')"),
    "narrow": ("i INT, t TINYINT AS (i * 100) STORED, v VARCHAR(3) AS (CONCAT('i', i)) STORED,"
               " KEY (t)", "(i)", ("1", "2000", "-9", "NULL"), "i = i + 77777"),
    "cast": ("a VARCHAR(20), d DATE AS (CAST(a AS DATE)) STORED", "(a)",
             ("'2024-05-06x'", "'never'", "NULL", "'2024-01-02'"), "a = CONCAT(a, '!')"),
    # At the limit of its digits a FLOAT is printed beyond it.
    "limit": ("f FLOAT(10,6), g DOUBLE(8,2), h FLOAT(7,4) UNSIGNED", "(f, g, h)",
              ("9999.999999, 999999.99, 999.9999", "-9999.999999, -999999.99, 0", "1.5, 2, 3"),
              "f = -f, g = -g"),
}
OWN = {
    "mysql": {
        "json": ("doc JSON, n INT AS (JSON_EXTRACT(doc, '$.n')) STORED", "(doc)",
                 ("'{\"n\": \"x\"}'", "'{\"n\": 5}'", "'{}'", "NULL"), "doc = '{\"n\": \"9y\"}'"),
        "nulls": ("i INT, n INT AS (i) STORED NOT NULL", "(i)", ("NULL", "4"), "i = NULL"),
        "func": ("a VARCHAR(20), KEY ((CAST(a AS SIGNED)))", "(a)", ("'12abc'", "'5'"),
                 "a = CONCAT(a, '0')"),
    },
    "mariadb": {},
}
# Columns that ALTER TABLE fills with what nobody can write.
MADE = {"mysql": ("VECTOR(3)",), "mariadb": ("POINT", "GEOMETRY", "LINESTRING")}
MADE_118 = MADE["mariadb"] + ("VECTOR(3)",)


class LaxRowsTest(FerryTest):
    pairs = ALL

    def kinds(self):
        return {**COMMON, **OWN[self.flavour]}

    def create(self, copies=3):
        self.source.sql("CREATE DATABASE abc", LAX)
        for name, (columns, names, rows, _) in self.kinds().items():
            self.source.sql(f"CREATE TABLE abc.{name} (id INT AUTO_INCREMENT PRIMARY KEY,"
                            f" {columns})")
            self.source.sql(f"INSERT INTO abc.{name} {names} VALUES "
                            + ", ".join(f"({row})" for row in rows * copies))

    def change(self):
        """Every kind of change of every kind of row."""
        self.source.sql(LAX)
        for name, (_, names, rows, change) in self.kinds().items():
            self.source.sql(f"UPDATE abc.{name} SET {change} WHERE id <= 4",
                            f"UPDATE abc.{name} SET id = id + 100 WHERE id = 5",
                            f"DELETE FROM abc.{name} WHERE id = 6",
                            f"INSERT INTO abc.{name} {names} VALUES "
                            + ", ".join(f"({row})" for row in rows))

    def test_copied_and_changed(self):
        """Red without lax_writer.c: "the server would change a value", or the server's own
        1292, 1264, 1366, 1048, 3156."""
        self.create()
        ferry = self.ferry(AutomaticCutover=False, http=True, VerifierType="Inline",
                           UpdatableConfig={"DataIterationBatchSize": 4})
        ferry.start()
        ferry.wait_for_log("data copy is complete")
        self.change()
        ferry.terminate()
        ferry.assert_status(2)
        self.change()
        ferry.resume(AutomaticCutover=True, ControlServerConfig={"Enabled": False})
        ferry.assert_status(0)
        self.assert_equal()
        self.assertEqual(ferry.run("-verify"), 0, ferry.logs())

    def test_values_that_the_server_made(self):
        """Zero-length values: no literal gives them back, the omitted column does."""
        kinds = MADE_118 if self.pair[0] == "mariadb-11.8" else MADE[self.flavour]
        self.source.sql("CREATE DATABASE abc", LAX)
        for number, kind in enumerate(kinds):
            table = f"abc.t{number}"
            self.source.sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, v VARCHAR(9))",
                            f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b'), (3, NULL)",
                            f"ALTER TABLE {table} ADD e {kind} NOT NULL,"
                            f" ADD f {kind} NOT NULL")
        ferry = self.ferry(AutomaticCutover=False, http=True)
        ferry.start()
        ferry.wait_for_log("data copy is complete")
        for number in range(len(kinds)):
            self.source.sql(f"UPDATE abc.t{number} SET v = 'c' WHERE id = 2",
                            f"UPDATE abc.t{number} SET id = 30 WHERE id = 3",
                            f"DELETE FROM abc.t{number} WHERE id = 1")
        ferry.terminate()
        ferry.assert_status(2)
        ferry.resume(AutomaticCutover=True, ControlServerConfig={"Enabled": False})
        ferry.assert_status(0)
        self.assert_equal()

    def test_what_another_target_makes_of_it(self):
        """The target's own definition computes something else: the run stops, by table and
        key, and nothing of it stays."""
        self.source.sql("CREATE DATABASE abc", LAX,
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, a VARCHAR(20),"
                        " n INT AS (a + 0) STORED)", "INSERT INTO abc.t (id, a) VALUES (1, '12abc')")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY,"
                        " a VARCHAR(20), n INT AS (a + 1) STORED)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        ferry.run()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "write 1 rows of table abc.t: .*12abc.*; the row with"
                         " .*`id` = 1: without strict mode the target makes another row")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 0)

    def test_killed_before_the_commit(self):
        """What is not compared yet is not there, and the resumed run brings it."""
        self.source.sql("CREATE DATABASE abc", LAX,
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, a VARCHAR(20),"
                        " n INT AS (a + 0) STORED)",
                        "INSERT INTO abc.t (id, a) VALUES (1, '12abc'), (2, '5')")
        probes = self.probes()
        stop = probes.stop_at("after_lax_write")
        ferry = self.ferry(probes=probes)
        ferry.start()
        stop.wait_reached()
        # Newer than what was read: it comes by the stream.
        self.source.sql("UPDATE abc.t SET a = '77x' WHERE id = 2",
                        "DELETE FROM abc.t WHERE id = 1")
        ferry.kill9()
        stop.release()
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 0)
        ferry.resume(ferry.state_file())
        ferry.assert_status(0)
        self.assert_equal()

    def test_rows_that_change_meanwhile(self):
        """Between the refused write and the read, and between the read and the commit."""
        self.source.sql("CREATE DATABASE abc", LAX,
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, a VARCHAR(20), u INT UNIQUE,"
                        " n INT AS (a + 0) STORED)",
                        "INSERT INTO abc.t (id, a, u) VALUES (1, '12abc', 1), (2, '5x', 2),"
                        " (3, 'z', 3), (4, '6', 4)")
        for probe in ("before_lax_read", "after_lax_write"):
            with self.subTest(probe):
                self.target.drop_user_databases()
                probes = self.probes()
                stop = probes.stop_at(probe)
                ferry = self.ferry(probes=probes)
                ferry.start()
                stop.wait_reached()
                self.source.sql(
                    "UPDATE abc.t SET u = NULL WHERE id = 1", "UPDATE abc.t SET u = 1 WHERE id = 2",
                    "UPDATE abc.t SET u = 2, a = '9q' WHERE id = 1", "DELETE FROM abc.t WHERE id = 3",
                    "INSERT INTO abc.t (id, a, u) VALUES (3, 'y7', 3)",
                    "UPDATE abc.t SET id = id + 10 WHERE id = 4",
                    "INSERT INTO abc.t (id, a, u) VALUES (5, '1e', 9)")
                stop.release()
                ferry.assert_status(0)
                self.assert_equal()
                self.source.sql("UPDATE abc.t SET id = 4 WHERE id = 14",
                                "DELETE FROM abc.t WHERE id = 5")
