"""Unique keys under another collation on the target: values that are there are compared,
and what comes later is noticed by I9. Remedies are followed to where they lead."""

import re

from lib.case import BOTH, CROSS, MYSQL
from lib.moves import MoveTest

TAGS = ("collations", "any_client")

SMALL, CAPITAL = "გიორგი@x", "ᲒᲘᲝᲠᲒᲘ@x"  # the same for some versions of Unicode only


class CollationTest(MoveTest):
    def one_problem(self, ferry):
        """(text, remedy) of the only problem; the run did not start."""
        ferry.assert_status(1)
        report = ferry.log() + ferry.stdout()
        self.assertIn("1 problem", report)
        return report

    def exact(self, charset="utf8mb4"):
        return f"{charset}_0900_bin" if self.target.is_mysql else f"{charset}_nopad_bin"


class SameNameTest(CollationTest):
    """utf8mb4_0900_ai_ci of MySQL, and what MariaDB 11.8 knows under that name."""

    pairs = (("mysql", "mariadb-11.8"),)

    def emails(self, *values):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, email"
                        " VARCHAR(60) COLLATE utf8mb4_0900_ai_ci NOT NULL, UNIQUE KEY email"
                        " (email))")
        for n, value in enumerate(values):
            self.source.sql(f"INSERT INTO abc.t VALUES ({n + 1}, '{value}')")

    def test_values_that_the_target_takes_for_equal(self):
        self.emails("a", "a ", SMALL, CAPITAL)
        ferry = self.ferry()
        ferry.run()
        report = self.one_problem(ferry)
        self.assertRegex(report, "abc.t.email is unique .key email. under another collation")
        for value in (SMALL, CAPITAL):
            self.assertIn("0x" + value.encode().hex(), report.lower())
        remedy = re.search(r"binary collation of the column \(COLLATE (\w+)\) and set"
                           " AllowExistingTargetTable", report).group(1)
        shown = self.source.sql("SHOW CREATE TABLE abc.t")[0][1]
        self.target.sql("CREATE DATABASE abc", shown.replace("CREATE TABLE ", "CREATE TABLE abc.")
                        .replace("utf8mb4_0900_ai_ci", remedy))
        ferry.config["AllowExistingTargetTable"] = True
        ferry.run_ok()
        self.assert_equal()

    def test_a_table_that_is_there(self):
        self.emails(SMALL, CAPITAL)
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, email"
                        " VARCHAR(60) COLLATE utf8mb4_0900_ai_ci NOT NULL, UNIQUE KEY email"
                        " (email))")
        ferry = self.ferry(AllowExistingTargetTable=True)
        ferry.run()
        report = self.one_problem(ferry)
        self.target.sql(re.search(r"ALTER TABLE `abc`.*?NOT NULL", report).group(0))
        ferry.run_ok()
        self.assert_equal()

    def test_they_come_later(self):
        self.emails("a", "b", SMALL)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("copy_done")
        ferry.start()
        self.reach(ferry, stop)
        self.source.sql(f"INSERT INTO abc.t VALUES (10, '{CAPITAL}')")
        self.seen(ferry, probes, "after_binlog_apply")
        ferry.terminate()
        ferry.assert_status(2)
        stop.release()
        state = ferry.state()
        ferry.resume(state)
        report = self.one_problem(ferry)
        self.assertIn("0x" + CAPITAL.encode().hex(), report.lower())

    def test_they_come_later_and_the_run_goes_on(self):
        self.emails("a", "b", SMALL)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("copy_done")
        ferry.start()
        self.reach(ferry, stop)
        self.source.sql(f"INSERT INTO abc.t VALUES (10, '{CAPITAL}')")
        stop.release()
        ferry.assert_status(3)
        self.assertRegex(ferry.log(), r"table abc\.t, key 3: the row is missing on the target")


class UnknownTest(CollationTest):
    """Collations that the target does not know."""

    pairs = CROSS

    def own(self):
        return "utf8mb4_0900_ai_ci" if self.source.is_mysql else "utf8mb4_nopad_bin"

    def test_a_default_that_no_column_has(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, v"
                        " VARCHAR(9) CHARACTER SET latin1 COMMENT 'COLLATE=x') DEFAULT CHARSET"
                        f" utf8mb4 COLLATE {self.own()}", "INSERT INTO abc.t VALUES (1, 'é')")
        self.ferry().run_ok()
        self.assert_equal()

    def test_the_remedy_leads_out(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, v"
                        f" VARCHAR(9) COLLATE {self.own()} NOT NULL, UNIQUE KEY v (v))",
                        "INSERT INTO abc.t VALUES (1, 'a'), (2, 'b'), (3, 'c ')")
        ferry = self.ferry()
        ferry.run()
        report = self.one_problem(ferry)
        remedy = re.search(r"another collation \((\w+) never takes", report).group(1)
        shown = self.source.sql("SHOW CREATE TABLE abc.t")[0][1]
        shown = re.sub(r" DEFAULT CHARSET.*", "", shown.replace(self.own(), remedy))
        self.target.sql("CREATE DATABASE abc", shown.replace("CREATE TABLE ", "CREATE TABLE abc."))
        ferry.config["AllowExistingTargetTable"] = True
        ferry.run_ok()
        self.assert_equal()


class OlderServerTest(CollationTest):
    pairs = (("mariadb-11.8", "mariadb-10.5"),)

    def test_a_default_that_no_column_has(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, v INT) DEFAULT CHARSET utf8mb4"
                        " COLLATE utf8mb4_uca1400_ai_ci", "INSERT INTO abc.t VALUES (1, 2)")
        self.ferry().run_ok()
        self.assert_equal()


class OtherNameTest(CollationTest):
    """A table that is on the target already, with a collation of its own."""

    pairs = BOTH

    def over(self, *values, source="utf8mb4_bin", target="utf8mb4_general_ci", part="v"):
        table = "CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(20) COLLATE {} NULL, n INT," \
                " UNIQUE KEY u (n, {}))"
        for server, collation in ((self.source, source), (self.target, target)):
            server.sql("CREATE DATABASE abc", table.format(collation, part))
        for n, value in enumerate(values):
            self.source.sql(f"INSERT INTO abc.t VALUES ({n}, {value}, 1)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        ferry.run()
        return ferry

    def test_values_that_stay_apart(self):
        self.over("'a'", "'b'", "NULL", "NULL").assert_status(0)
        self.assert_equal()

    def test_values_that_clash(self):
        ferry = self.over("'a'", "'b'", "'A'")
        report = self.one_problem(ferry)
        self.assertRegex(report, "it takes '1,[aA]' and '1,[aA]' for equal")
        self.target.sql(re.search(r"ALTER TABLE `abc`.*? COLLATE \w+", report).group(0))
        ferry.run_ok()
        self.assert_equal()

    def test_blanks_at_the_end(self):
        report = self.one_problem(self.over("'a'", "'a '", source=self.exact()))
        self.assertIn("for equal", report)

    def test_a_prefix(self):
        report = self.one_problem(self.over("'abc'", "'aBx'", "'b'", part="v(2)"))
        self.assertIn("for equal", report)

    def test_the_target_compares_bytes(self):
        self.over("'a'", "'b'", "'c '", source="utf8mb4_general_ci",
                  target=self.exact()).assert_status(0)
        self.assert_equal()


class ExpressionTest(CollationTest):
    """A unique key over an expression: what it comes to on the source is compared by what the
    target makes of it."""

    pairs = (MYSQL,)

    TABLE = ("CREATE TABLE abc.t (id INT PRIMARY KEY, a VARCHAR(20) COLLATE {} NOT NULL,"
             " n INT, UNIQUE KEY `lo``w` ({}))")

    def moved(self, *values, collation, parts="n, (LOWER(a)) DESC"):
        self.source.sql("CREATE DATABASE abc", self.TABLE.format("utf8mb4_bin", parts))
        self.target.sql("CREATE DATABASE abc", self.TABLE.format(collation, parts))
        for n, value in enumerate(values):
            self.source.sql(f"INSERT INTO abc.t VALUES ({n + 1}, '{value}', 1)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        ferry.run()
        return ferry

    def test_values_that_stay_apart(self):
        ferry = self.moved("a", "b", collation="utf8mb4_0900_ai_ci")
        ferry.assert_status(0)
        self.assertNotIn("is over an expression", ferry.log())
        self.assert_equal()

    def test_values_that_the_target_takes_for_equal(self):
        ferry = self.moved("e", "é", "É", collation="utf8mb4_0900_ai_ci",
                           parts="n, (CONCAT(a, _utf8mb4'it''s (\\\\'))")
        report = self.one_problem(ferry)
        self.assertRegex(report, "abc.t.a is unique .key lo`w. under another collation")
        self.assertRegex(report, "it takes '1,.*' and '1,.*' for equal")
        self.target.sql(re.search(r"ALTER TABLE `abc`.*? NOT NULL", report).group(0))
        ferry.run_ok()
        self.assert_equal()

    def test_values_that_differ_by_comparing(self):
        report = self.one_problem(self.moved("y", "Y", "z", collation="utf8mb4_0900_ai_ci",
                                             parts="(IF(a = 'y', 0, id))"))
        self.assertIn("it takes '0' and '0' for equal", report)

    def test_the_key_itself_has_a_collation(self):
        ferry = self.moved("e", "E", "é", collation="utf8mb4_0900_ai_ci",
                           parts="(a COLLATE utf8mb4_0900_bin)")
        ferry.assert_status(0)
        self.assert_equal()

    def test_the_same_collation(self):
        ferry = self.moved("e", "é", collation="utf8mb4_bin")
        ferry.assert_status(0)
        self.assertNotIn("is over an expression", ferry.log())
        self.assert_equal()
