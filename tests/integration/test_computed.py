"""What the servers compute: on the target it is what the source has, and verifiers look."""

import datetime
import os

from lib.case import ALL_PAIRS, BOTH, CROSS, MARIADB_105, MARIADB_118, MYSQL, FerryTest
from lib.verify import TYPES, VerifyTest, difference

TAGS = ("any_client",)

ALIKE = BOTH + (MARIADB_105, MARIADB_118)
UTC = datetime.timezone.utc


def change_days():
    """The European Union's, as instants: (summer begins, winter begins) of each year."""
    for year in range(1996, 2037):
        for month in (3, 10):
            last = datetime.datetime(year, month, 31, 1, tzinfo=UTC)
            yield int((last - datetime.timedelta((last.weekday() + 1) % 7)).timestamp()), month == 3


def make_zone(server, name, winter=3600):
    """A zone with summer time: UTC + 1 h, and + 2 h."""
    server.sql("SET sql_log_bin = 0", "INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')")
    number = server.value("SELECT MAX(Time_zone_id) FROM mysql.time_zone")
    server.sql(f"INSERT INTO mysql.time_zone_name VALUES ('{name}', {number})",
               "INSERT INTO mysql.time_zone_transition_type VALUES"
               f" ({number}, 0, {winter}, 0, 'W'), ({number}, 1, {winter + 3600}, 1, 'S')",
               "INSERT INTO mysql.time_zone_transition VALUES "
               + ", ".join(f"({number}, {at}, {int(summer)})" for at, summer in change_days()),
               "SET sql_log_bin = 1")


class Computed(FerryTest):
    pairs = ALIKE

    def set_global(self, *settings, servers=None):
        """"name = value", until the test ends."""
        for server in servers or (self.source, self.target):
            for setting in settings:
                name = setting.split(" = ")[0]
                before = server.value(f"SELECT @@global.{name}")
                server.sql(f"SET GLOBAL {setting}")
                self.addCleanup(server.sql, f"SET GLOBAL {name} = "
                                + (f"'{before}'" if isinstance(before, str) else str(before)))
            server._forget_admin()  # whose session has the old ones

    def move(self, *changes, **how):
        """Copies what there is, then the changes come by the binlog."""
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, **how).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        self.assert_equal()
        self.source.sql(*changes)
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()
        return ferry

    def assert_sound(self, table):
        """CHECK TABLE looks whether indexes hold what the rows compute."""
        for row in self.target.sql(f"CHECK TABLE {table} EXTENDED"):
            self.assertEqual(row[3], "OK", row)


LOGIN = ("CREATE TABLE abc.login (id INT PRIMARY KEY, uid INT, ts TIMESTAMP(3) NOT NULL,"
         " day DATE AS (CAST(ts AS DATE)) STORED, UNIQUE KEY (uid, day))")
# The same day in UTC, two days in the zone; and the ends of what a TIMESTAMP holds.
LOGINS = ("INSERT INTO abc.login (id, uid, ts) VALUES (1, 1, '2024-01-01 23:30:00'),"
          " (2, 1, '2024-01-02 00:30:00.125'), (3, 2, '2024-01-02 04:59:59'),"
          " (4, 4, '2024-01-02 05:00:00'), (5, 3, '1970-01-02 00:00:00'),"
          " (6, 3, '2038-01-18 16:00:00.999')")


class ZoneTest(Computed):
    pairs = ALIKE + CROSS

    def test_stored_columns_of_a_timestamp(self):
        self.set_global("time_zone = '+05:00'")
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", LOGIN, LOGINS,
                        "CREATE TABLE abc.plain (id INT PRIMARY KEY, ts TIMESTAMP NULL)",
                        "INSERT INTO abc.plain VALUES (1, '2024-01-01 23:30:00'), (2, NULL)")
        ferry = self.move(
            "INSERT INTO abc.login (id, uid, ts) VALUES (10, 9, '2024-05-01 23:30:00'),"
            " (11, 9, '2024-05-02 00:30:00')", "UPDATE abc.login SET ts = '2024-06-07 02:00:00'"
            " WHERE id = 4", "DELETE FROM abc.login WHERE id = 3",
            "UPDATE abc.plain SET ts = '2024-03-03 03:03:03' WHERE id = 2",
            VerifierType="Inline", AutomaticCutover=True)
        self.assertRegex(ferry.log(), r"abc\.login: column day is computed by the time zone.*"
                                      r"\+05:00")
        self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.login"), 7)

    def test_only_the_sources_zone_counts(self):
        self.set_global("time_zone = '-09:30'", servers=(self.source,))
        self.set_global("time_zone = '+05:00'", servers=(self.target,))
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", LOGIN, LOGINS)
        self.move("UPDATE abc.login SET ts = '2024-06-07 02:00:00' WHERE id = 4")

    def test_zero_dates(self):
        self.set_global("time_zone = '+05:00'")
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "SET sql_mode = ''",
                        LOGIN,
                        "INSERT INTO abc.login (id, uid, ts) VALUES (1, 1, 0)")
        self.move("INSERT INTO abc.login (id, uid, ts) VALUES (2, 2, 0)")

    def test_a_table_without_a_key(self):
        self.set_global("time_zone = '+05:00'")
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        LOGIN.replace(" PRIMARY KEY", ""), LOGINS)
        self.move("INSERT INTO abc.login (id, uid, ts) VALUES (10, 9, '2024-05-01 23:30:00')",
                  "UPDATE abc.login SET ts = '2024-06-07 02:00:00' WHERE id = 4",
                  "DELETE FROM abc.login WHERE id = 3", AllowTablesWithoutKey=True)


class ChangingZoneTest(Computed):
    """A zone with summer time, in which an hour of each year is there twice."""

    ZONE = "Test/Changing"

    def setUp(self):
        super().setUp()
        for server in (self.source, self.target):
            if server.value(f"SELECT CONVERT_TZ('2020-01-01', '+00:00', '{self.ZONE}')") is None:
                make_zone(server, self.ZONE)
        self.set_global(f"time_zone = '{self.ZONE}'", servers=(self.source,))

    def fill(self, *instants):
        """Rows of these seconds since 1970, whatever local time that is."""
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", LOGIN)
        for n, at in enumerate(instants):
            # The row is written under the zone; what it was is exact by NOW().
            self.source.sql(f"SET timestamp = {at}",
                            f"INSERT INTO abc.login (id, uid, ts) VALUES ({n}, {n}, NOW())")
        self.source.sql("SET timestamp = DEFAULT")

    AUTUMN = 1698541200  # 2023-10-29 01:00:00 UTC: 03:00 becomes 02:00

    def test_summer_and_winter(self):
        hours = [self.AUTUMN + n * 1800 for n in range(-60, 61)
                 if not -3600 <= n * 1800 < 3600 or self.target.is_mysql]
        self.fill(*hours, 1688169600, 1688162400)
        self.move("UPDATE abc.login SET ts = '2023-07-01 00:30:00' WHERE id = 4",
                  "DELETE FROM abc.login WHERE id = 3")

    def test_the_doubled_hour(self):
        """MySQL has literals with an offset; MariaDB stores one pass of the two, and the other
        under its offset."""
        hours = [self.AUTUMN + n * 900 for n in range(-5, 6)]
        self.fill(*hours)
        self.move("UPDATE abc.login SET uid = uid + 100 WHERE id IN (4, 7)")

    def test_a_zone_that_the_target_has_not(self):
        make_zone(self.source, "Test/Here")
        make_zone(self.source, "Test/Both")
        make_zone(self.target, "Test/Both", winter=7200)
        self.fill(self.AUTUMN)
        for zone in ("Test/Here", "Test/Both"):
            self.set_global(f"time_zone = '{zone}'", servers=(self.source,))
            ferry = self.ferry()
            self.assertEqual(ferry.run("-dryrun"), 1)
            self.assertRegex(ferry.log() + open(ferry.stdout_path).read(),
                             rf"abc\.login: column day is computed by the time zone, and the target"
                             rf" cannot be set to the source's, {zone}")
            self.assertNotIn("abc", self.target.databases())


class SystemZoneTest(Computed):
    pairs = BOTH

    def server_in(self, role, zone):
        before = os.environ.get("TZ")
        os.environ["TZ"] = zone
        try:
            return self.private_server(role)
        finally:
            if before is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = before

    def test_the_zone_of_the_systems(self):
        """SYSTEM is the same where local time is; one that never changes becomes an offset."""
        self.source = self.server_in("source", "Europe/Berlin")
        self.target = self.server_in("target", "Europe/Stockholm")
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", LOGIN, LOGINS)
        self.move("UPDATE abc.login SET ts = '2024-06-07 02:00:00' WHERE id = 4")

    def test_systems_apart(self):
        self.source = self.server_in("source", "Europe/Berlin")
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", LOGIN, LOGINS)
        ferry = self.ferry()
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertRegex(ferry.log() + open(ferry.stdout_path).read(),
                         r"cannot be set to the source's, SYSTEM \(CE")


class IndexTest(Computed):
    """Entries of indexes over what is computed are computed once more to be removed."""

    def test_indexes_of_virtual_columns(self):
        self.set_global("time_zone = '+05:00'")
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.login (id INT PRIMARY KEY, uid INT, ts TIMESTAMP NOT NULL,"
            " day DATE AS (CAST(ts AS DATE)) VIRTUAL, UNIQUE KEY (uid, day))", LOGINS)
        self.source.sql("UPDATE abc.login SET ts = '2038-01-18 22:00:00' WHERE id = 6")
        self.move("DELETE FROM abc.login WHERE id = 1",
                  "INSERT INTO abc.login (id, uid, ts) VALUES (7, 1, '2024-01-01 01:00:00')",
                  "UPDATE abc.login SET ts = '2024-06-07 02:00:00' WHERE id = 4")
        self.assert_sound("abc.login")

    def test_indexes_of_expressions(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.set_global("time_zone = '+05:00'")
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.login (id INT PRIMARY KEY, uid INT, ts TIMESTAMP NOT NULL,"
            " UNIQUE KEY u (uid, (DATE(ts))), CHECK (DATE(ts) <> '2024-01-01' OR uid = 1))", LOGINS)
        self.move("DELETE FROM abc.login WHERE id = 1",
                  "INSERT INTO abc.login (id, uid, ts) VALUES (7, 1, '2024-01-01 01:00:00')",
                  "UPDATE abc.login SET ts = '2024-06-07 02:00:00' WHERE id = 4")
        self.assert_sound("abc.login")

    def test_rows_found_by_a_timestamp_are_refused(self):
        if not self.source.is_mysql:
            self.skipTest("MariaDB has no such key")
        self.set_global("time_zone = '+05:00'")
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.login (uid INT, ts TIMESTAMP NOT NULL, PRIMARY KEY (uid, ts),"
            " KEY u ((DATE(ts))))")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), r"abc\.login: index u is computed by the time zone and"
                                      r" indexed, and rows are found by a TIMESTAMP")


class SettingsTest(Computed):
    """Settings that are the source's on all sessions of the target."""

    def test_settings_of_expressions(self):
        columns = ["q DECIMAL(30,12) AS (a / b) STORED"]
        settings = ["div_precision_increment = 9"]
        if self.source.is_mysql:
            columns += ["name VARCHAR(40) AS (DAYNAME(dt)) STORED", "w INT AS (WEEK(dt)) STORED",
                        "m VARCHAR(40) AS (MONTHNAME(dt)) STORED"]
            settings += ["lc_time_names = 'de_DE'", "default_week_format = 3",
                         "block_encryption_mode = 'aes-256-cbc'"]
        else:
            columns += ["r INT AS (s REGEXP 'a.b') STORED"]
            settings += ["default_regex_flags = 'DOTALL'"]
        self.set_global(*settings, servers=(self.source,))
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, a INT, b INT, dt DATETIME, s VARCHAR(20), "
            + ", ".join(columns) + ")",
            "INSERT INTO abc.t (id, a, b, dt, s) VALUES (1, 2, 3, '2024-12-31', 'a\nb'),"
            " (2, 1, 7, '2021-01-01', 'axb')")
        ferry = self.move(
            "INSERT INTO abc.t (id, a, b, dt, s) VALUES (3, 22, 7, '2023-01-01', 'a\nb')",
            "UPDATE abc.t SET a = 5 WHERE id = 2", VerifierType="Iterative")
        self.assertRegex(ferry.log(), "target: div_precision_increment is 4, and 9 on the source")

    def test_the_application_on_the_source_computes_as_before(self):
        """An expression takes the digits of a division from the session that opens the table:
        which may be one of ours."""
        self.set_global("div_precision_increment = 9", servers=(self.source,))
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, a INT,"
            " q DECIMAL(30,12) AS (a / 7) STORED)", "INSERT INTO abc.t (id, a) VALUES (1, 1)")
        probes = self.probes()
        stop = probes.stop_at("after_chunk_read")
        self.source.sql("FLUSH TABLES")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="a table that we opened")
        self.source.sql("INSERT INTO abc.t (id, a) VALUES (2, 1)")
        stop.release()
        ferry.assert_status(0)
        self.assertEqual(self.source.value("SELECT COUNT(DISTINCT q) FROM abc.t"), 1)
        self.assert_equal()


class PaddedTest(Computed):
    pairs = (MYSQL,)

    def test_chars_with_their_blanks(self):
        self.set_global("sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'", servers=(self.source,))
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, c CHAR(5),"
            " x VARCHAR(9) AS (CONCAT(c, '!')) STORED)", "INSERT INTO abc.t (id, c) VALUES (1, 'a')")
        ferry = self.ferry(VerifierType="Inline")
        self.assertEqual(ferry.run(), 3)
        self.assertRegex(ferry.log(), r"abc\.t: column x is computed of a CHAR, and the source's"
                                      r" sql_mode has PAD_CHAR_TO_FULL_LENGTH")

    def test_unique_keys_over_them_are_refused(self):
        self.set_global("sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'", servers=(self.source,))
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, c CHAR(5),"
            " x VARCHAR(9) AS (CONCAT(c, '!')) VIRTUAL UNIQUE)",
            "CREATE TABLE abc.u (id INT PRIMARY KEY, c CHAR(5), UNIQUE KEY k ((CONCAT(c, '!'))))")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        for what in (r"abc\.t: column x", r"abc\.u: index k"):
            self.assertRegex(ferry.log(), what + " is computed of a CHAR")
        self.assertRegex(ferry.log(), "2 problems")


class VerifiedTest(VerifyTest):
    """Generated columns are compared, virtual ones included."""

    pairs = ALIKE

    def test_generated_columns_that_differ(self):
        body = ("id INT PRIMARY KEY, ts TIMESTAMP NOT NULL, a INT,"
                " day DATE AS (CAST(ts AS DATE)) STORED, v INT AS (a + {}) VIRTUAL, KEY (v)")
        for server, zone, late, plus in ((self.source, "+05:00", "2024-01-02 03:00:00", 1),
                                         (self.target, "+00:00", "2024-01-01 22:00:00", 2)):
            server.sql(
                "CREATE DATABASE abc", "CREATE TABLE abc.stored (" + body.format(1) + ")",
                "CREATE TABLE abc.virtual (" + body.format(plus) + ")",
                # One instant, two days.
                f"SET time_zone = '{zone}'",
                "INSERT INTO abc.stored (id, ts, a) VALUES (1, FROM_UNIXTIME(1700050000), 1),"
                f" (2, '{late}', 1)",
                "INSERT INTO abc.virtual (id, ts, a) VALUES (1, FROM_UNIXTIME(1700050000), 1),"
                " (2, FROM_UNIXTIME(1700050000), NULL)")
        report = self.report(status=3)
        self.assertEqual(report["abc.stored"]["Differences"],
                         [difference("abc.stored", 2, "differs")])
        self.assertEqual([d["Key"] for d in report["abc.virtual"]["Differences"]], ["1"])
        how = {"IgnoredColumnsForVerification": {"abc": {"stored": {"day": {}},
                                                         "virtual": {"v": {}}}}}
        self.report(**how)

    def test_every_verifier_looks_at_them(self):
        body = "id INT PRIMARY KEY, a INT, v INT AS (a + {}) VIRTUAL, s INT AS (a * 2) STORED"
        for kind in TYPES:
            with self.subTest(kind):
                for server in (self.source, self.target):
                    server.drop_user_databases()
                    server.sql("CREATE DATABASE abc", "CREATE TABLE abc.t ("
                               + body.format(1 if server is self.source else 2) + ")")
                self.source.sql("INSERT INTO abc.t (id, a) VALUES (1, 1), (2, 2)")
                ferry = self.ferry(VerifierType=kind, AllowExistingTargetTable=True)
                self.assertEqual(ferry.run(), 3, ferry.logs())

    def test_virtual_columns_whose_computing_warns(self):
        """A value that the expression's type does not hold: reading it is no error."""
        self.source.sql(
            "CREATE DATABASE abc", "SET sql_mode = ''",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, d JSON, s VARCHAR(20), a INT,"
            " n INT AS (JSON_EXTRACT(d, '$.n')) VIRTUAL, m INT AS (CAST(s AS SIGNED)) VIRTUAL,"
            " t TINYINT AS (a) VIRTUAL, q INT AS (a / 0) VIRTUAL, dd DATE AS (s) VIRTUAL)",
            "INSERT INTO abc.t (id, d, s, a) VALUES (1, '{\"n\": \"x\"}', '12abc', 1000)")
        self.target.sql("SET SESSION sql_log_bin = 0", "CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, d JSON, s VARCHAR(20), a INT,"
                        " n INT AS (JSON_EXTRACT(d, '$.n')) VIRTUAL, m INT AS (CAST(s AS SIGNED))"
                        " VIRTUAL, t TINYINT AS (a) VIRTUAL, q INT AS (a / 0) VIRTUAL,"
                        " dd DATE AS (s) VIRTUAL)", "SET sql_mode = ''",
                        "INSERT INTO abc.t (id, d, s, a) VALUES"
                        " (1, '{\"n\": \"x\"}', '12abc', 1000)")
        self.report()


class SmallNumbersTest(VerifyTest):
    """The flavours print FLOAT and DOUBLE below 0.001 in different ways."""

    pairs = tuple(pair for pair in ALL_PAIRS
                  if pair[0].split("-")[0] != pair[1].split("-")[0])

    NUMBERS = ("1e-3", "9.99e-4", "1e-5", "-1.5e-5", "1.1754944e-38", "3e-10", "-1e-17", "1e-18",
               "1.1e-18", "-5e-20", "1.2345678901234567e-7", "0.0001", "0", "1234.5678", "-1e-4",
               "-1.2345678901234567e-12", "9.999999e-4", "3.4e38")

    def fill(self, numbers):
        for server in (self.source, self.target):
            server.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                       "CREATE TABLE abc.r (id INT PRIMARY KEY, f FLOAT, d DOUBLE)",
                       "INSERT INTO abc.r VALUES "
                       + ", ".join(f"({n}, '{x}', '{x}')" for n, x in enumerate(numbers)))

    def test_equal_numbers(self):
        self.fill(self.NUMBERS)
        self.report()

    def test_numbers_that_differ(self):
        self.fill(self.NUMBERS)
        self.target.sql("UPDATE abc.r SET d = '1.0000000000000002e-05' WHERE id = 2",
                        "UPDATE abc.r SET f = '1.0000001e-5' WHERE id = 2",
                        "UPDATE abc.r SET d = '1.2345678901234560e-7' WHERE id = 10",
                        "UPDATE abc.r SET f = '1e-4' WHERE id = 14")
        report = self.report(status=3)
        self.assertEqual([d["Key"] for d in report["abc.r"]["Differences"]], ["2", "10", "14"])

    def test_a_move(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        "CREATE TABLE abc.r (id INT PRIMARY KEY, f FLOAT, d DOUBLE)",
                        "INSERT INTO abc.r VALUES "
                        + ", ".join(f"({n}, '{x}', '{x}')" for n, x in enumerate(self.NUMBERS)))
        for kind in TYPES:
            self.target.drop_user_databases()
            self.ferry(VerifierType=kind).run_ok()
